package experiment

import "math"

// AnytimeTest is the mixture test of a treatment, looked at again and again while units came in the order of their first rows. A unit counts
// with all that it came to.
type AnytimeTest struct {
	Arm     string  `json:"arm"`
	Tau     float64 `json:"mixing_sd"`
	Planned int     `json:"planned_units"` // at which the interval is narrowest
	Looks   int     `json:"looks"`
	P       float64 `json:"p"` // smallest so far
	Range   *Range  `json:"interval,omitempty"`
	Stopped int     `json:"stopped_at_units,omitempty"` // units of all arms when P first fell below alpha

	sign float64 // of the difference when P was smallest
}

// GroupTest is a test at a few planned looks, by the spending of O'Brien & Fleming; with several treatments, each has its
// part of alpha. The interval is that of the look at which it stopped, or of the last one there was: the
// difference ± boundary · standard error (repeated confidence interval: Jennison & Turnbull 1989).
type GroupTest struct {
	Arm     string `json:"arm"`
	Planned int    `json:"planned_units"`
	Looks   []Look `json:"looks"`
	Stopped int    `json:"stopped_at_look,omitempty"` // from 1
	Range   *Range `json:"interval,omitempty"`        // none before the first look
}

// Range is an interval of differences.
type Range struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// Look is one of a GroupTest. One that was not reached has no units.
type Look struct {
	Share      float64 `json:"share"` // of the planned units
	Boundary   float64 `json:"boundary"`
	Units      int     `json:"units,omitempty"`
	Difference float64 `json:"difference,omitempty"`
	Score      float64 `json:"score,omitempty"` // normal deviate
}

// sequences replays the experiment unit by unit for the first metric.
func (a *analysis) sequences() {
	if !a.sequential() {
		return
	}
	treatments := a.units.arms - 1
	shares := make([]float64, a.options.Looks)
	for k := range shares {
		shares[k] = float64(k+1) / float64(len(shares))
	}
	var bounds []float64
	if a.options.Stopping == Group {
		bounds, _ = spendingBoundary(shares, a.options.Alpha/float64(treatments)) // shares and alpha are checked
	}
	mixtures := make([]mixture, treatments)
	for arm := 1; arm <= treatments; arm++ {
		name := a.rows.Arms[arm]
		mixtures[arm-1] = a.mixture(arm)
		a.report.Anytime = append(a.report.Anytime, AnytimeTest{Arm: name, Tau: mixtures[arm-1].tau, Planned: a.options.Planned, P: 1})
		group := GroupTest{Arm: name, Planned: a.options.Planned}
		for k := range bounds {
			group.Looks = append(group.Looks, Look{Share: shares[k], Boundary: bounds[k]})
		}
		if bounds != nil {
			a.report.Group = append(a.report.Group, group)
		}
	}
	t, next := newTally(a.units.arms, a.units.strata, a.first.adjust), 0
	for k := range a.first.of {
		if !a.rows.Clustered {
			t.add(a.units.arm[k], a.units.stratum[k], &a.first, k)
		}
		n := k + 1
		last := n == len(a.first.of)
		group := next < len(bounds) && n >= int(math.Ceil(shares[next]*float64(a.options.Planned)-1e-9))
		if !last && !group && n%a.options.Every != 0 {
			continue
		}
		if a.rows.Clustered { // whose pseudo-values change with each that comes
			t = a.tallied(a.first.part(0, n), a.units.arm[:n], a.units.stratum[:n], a.units.strata)
		}
		effects := a.running(t)
		if effects == nil {
			continue
		}
		for i := range effects {
			if a.ripe(t, i+1) || last {
				a.report.Anytime[i].look(&effects[i], mixtures[i], a.options.Alpha, n)
			}
			if last && effects[i].Note == "" {
				a.report.Anytime[i].Range = mixtures[i].within(&effects[i], a.options.Alpha)
			}
			if group {
				a.report.Group[i].look(next, &effects[i], n)
			}
		}
		if group {
			next++
		}
	}
	if a.options.Stopping == Group && a.options.Planned < len(a.units.arm) {
		a.warn("the group test is of the %d units that were planned; those after them are in the other figures alone", a.options.Planned)
	}
}

// sequential tells whether units come one after the other, by a plan. Clusters without times are all there from the first, and without a plan there is none that the data did not make.
func (a *analysis) sequential() bool {
	return !a.rows.Clustered || a.rows.Time != nil && a.options.Planned > 0
}

// mixture is that of a treatment at the plan.
func (a *analysis) mixture(arm int) mixture {
	n := float64(a.options.Planned)
	c, t := a.spreads[0].spread, a.spreads[arm].spread
	return mixtureFor(math.Sqrt(c*c/(n*a.options.Shares[0])+t*t/(n*a.options.Shares[arm])), a.options.Alpha)
}

// ripe tells whether there are enough units for the normal law of scores.
func (a *analysis) ripe(t *tally, arm int) bool {
	least := 50.0
	if a.rows.Clustered {
		least = leastUnits
	}
	control, treatment := t.arm(0), t.arm(arm)
	return control.n >= least && treatment.n >= least
}

// tallied are the moments of some units; of clusters, those of their pseudo-values among themselves.
func (a *analysis) tallied(v values, arm, stratum []int32, strata int) *tally {
	if a.rows.Clustered {
		v = v.jackknifed(arm, a.units.arms)
	}
	t := newTally(a.units.arms, strata, v.adjust)
	for k := range v.of {
		t.add(arm[k], min(stratum[k], int32(strata-1)), &v, k)
	}
	return t
}

// running are the effects so far; nil while they cannot be told.
func (a *analysis) running(t *tally) []Effect {
	t, _ = t.joined()
	all, _, ok := t.values()
	if !ok {
		return nil
	}
	effects := make([]Effect, len(all)-1)
	for i := range effects {
		effects[i] = compare("", all[i+1], all[0], 1-a.options.Alpha)
	}
	return effects
}

// look takes an effect in. Student's t is brought to the normal law by its significance.
func (s *AnytimeTest) look(e *Effect, m mixture, alpha float64, units int) {
	s.Looks++
	if e.Note != "" || !(m.tau > 0) {
		return
	}
	se := e.Difference.StandardError
	if p := m.p(e.score()*se, se); p < s.P {
		s.P, s.sign = p, e.Difference.Value
	}
	if s.P < alpha && s.Stopped == 0 {
		s.Stopped = units
	}
}

func (g *GroupTest) look(k int, e *Effect, units int) {
	if g.Stopped > 0 {
		return
	}
	l := &g.Looks[k]
	l.Units, l.Difference, l.Score = units, e.Difference.Value, e.score()
	g.Range = e.within(l.Boundary * e.Difference.StandardError)
	if math.Abs(l.Score) >= l.Boundary {
		g.Stopped = k + 1
	}
}
