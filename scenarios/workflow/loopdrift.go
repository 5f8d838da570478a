package workflow

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results/stats"
)

// DriftTest tells whether the newer half of the window is like the older one in some respect.
type DriftTest struct {
	Of       string           `json:"of"`
	Moved    bool             `json:"moved"`
	Says     string           `json:"says"`                // in a sentence
	Stable   *stats.Stability `json:"stability,omitempty"` // of a distribution
	CUSUM    *stats.CUSUM     `json:"cusum,omitempty"`     // of forecast errors; the scheme
	Alarm    *stats.Alarm     `json:"alarm,omitempty"`     // and what it said
	Periods  []float64        `json:"periods,omitempty"`   // of the errors
	Errors   []float64        `json:"errors,omitempty"`    // standardised
	Observed []float64        `json:"observed,omitempty"`
	Expected []float64        `json:"expected,omitempty"`
}

// Of the tests for drift.
const (
	driftFalse  = 0.01 // probability of a false alarm of each, of periods that are independent of each other
	driftShift  = 1    // standard deviations: the shift of errors that is to be found soonest
	driftLeast  = 8    // periods that either half must have
	oneSD       = 0.6826894921370859
	fewestAlike = 0.7 // standard deviation of Pearson residuals, below which none is believed
)

// drift tests the newer half of the window against the older one: what the champion's state sees, how many come, and what they take for the prices asked.
func (b *bazaar) drift(l *ledger, champion policies.Frozen) (all []DriftTest, notes []string, err error) {
	first, last := math.Floor(l.entries[0].from), l.entries[len(l.entries)-1].from
	half := math.Ceil((first + last) / 2)
	if half-first < driftLeast || last-half < driftLeast-1 {
		return nil, []string{fmt.Sprintf("drift is not tested: the window is of %.0f periods, and %d are asked for", last-first+1, 2*driftLeast)}, nil
	}
	scheme, err := stats.DesignCUSUM(driftShift, (last-half+1)/driftFalse)
	if err != nil {
		return nil, nil, err
	}
	all = b.seenDrift(l, champion, half)
	came, err := b.trafficDrift(l, scheme, int(half-first), first)
	if err != nil {
		return nil, nil, err
	}
	took, err := b.choiceDrift(l, scheme, half)
	if err != nil {
		return append(all, *came), []string{"drift of choices is not tested: " + err.Error()}, nil
	}
	return append(append(all, *came), took...), nil, nil
}

// seenDrift tells whether the champion's state sees what it saw, cell by cell of each feature. Decisions of a unit hang together, so that alarms are more frequent
// than driftFalse where features change slowly; and what a policy asks moves what it sees. Features that tell the time move by themselves and are left out.
func (b *bazaar) seenDrift(l *ledger, champion policies.Frozen, half float64) (all []DriftTest) {
	dimensions := champion.About().Encoder.Dimensions
	at, seen, clock := make([]int, 1), make([]float64, 1), []string{"period", "periods_left", "day_of_week", "hour_of_day"}
	for k := range dimensions {
		d := &dimensions[k]
		if slices.Contains(clock, d.Feature) {
			continue
		}
		one := policies.Encoder{Dimensions: []policies.Dimension{{Feature: d.Feature, Edges: d.Edges}}}
		before, now := make([]float64, one.States()), make([]float64, one.States())
		at[0] = l.log.Feature(d.Feature)
		for i := range l.entries {
			e := &l.entries[i]
			l.log.Observe(e.at, at, seen)
			if e.from < half {
				before[one.Encode(seen)]++
			} else {
				now[one.Encode(seen)]++
			}
		}
		s, err := stats.CountedStability(before, now, driftFalse/float64(len(dimensions)))
		if err != nil {
			continue // it is always in one cell
		}
		test := DriftTest{Of: d.Feature, Stable: &s, Moved: s.Moved()}
		test.Says = stabilitySays("what the policy sees of "+d.Feature, &s)
		all = append(all, test)
	}
	return all
}

func stabilitySays(what string, s *stats.Stability) string {
	says := "is as it was"
	if s.Moved() {
		says = "has moved"
	}
	return fmt.Sprintf("%s %s: stability index %.2g, where chance alone explains %.2g", what, says, s.Index, s.Threshold)
}

// trafficDrift watches how many come against what came before: by the scenario's model of the series, fitted to the older half and going on one period at a time, whose
// intervals do not know how well its parameters are known, so that it alarms somewhat more often than driftFalse; or by the mean until then.
func (b *bazaar) trafficDrift(l *ledger, scheme stats.CUSUM, half int, first float64) (*DriftTest, error) {
	came, units := l.arrivals()
	half = min(half, len(came))
	t := &DriftTest{Of: "visitors", CUSUM: &scheme}
	var model demand.Model
	if b.series != nil {
		var err error
		if model, err = b.series.fresh(b.s.Seed); err == nil {
			err = model.Fit(demand.Series{Start: 1, Values: came[:half]})
		}
		if err != nil {
			model = nil // too short a half
		}
	}
	// A count varies by Poisson's law at least; a history that hardly varies is not believed.
	chance := func(mean float64) float64 { return math.Sqrt(max(mean*units, 1)) / units }
	var until stats.SelfStarting
	for i, v := range came {
		mean := until.Mean()
		z := until.Next(v, chance(mean))
		if i < half {
			continue
		}
		if model != nil {
			f, err := model.Forecast(1, oneSD, nil)
			if err != nil {
				return nil, err
			}
			mean = f.Median[0]
			z = (v - mean) / max((f.Hi[0]-f.Lo[0])/2, chance(mean))
			if err := model.Update(v, nil); err != nil {
				return nil, err
			}
		}
		t.add(first+float64(i), v, mean, z)
	}
	t.watch("visitors a " + b.s.Time.Period)
	return t, nil
}

// add takes in the forecast of a period in which something was observed, and its standardised error.
func (t *DriftTest) add(period, observed, expected, z float64) {
	if !math.IsNaN(z) && !math.IsInf(z, 0) {
		t.Periods, t.Observed, t.Expected, t.Errors = append(t.Periods, period), append(t.Observed, observed), append(t.Expected, expected), append(t.Errors, z)
	}
}

// watch runs the scheme, and says what came of it.
func (t *DriftTest) watch(what string) {
	a := t.CUSUM.Watch(t.Errors)
	t.Alarm, t.Moved = &a, a.At >= 0
	t.Says = fmt.Sprintf("%s are as foretold: the sum of errors was %.1f at most, and alarms beyond %.1f", what, a.Most, t.CUSUM.Threshold)
	if t.Moved {
		t.Says = fmt.Sprintf("%s are %s than foretold since period %.0f, found in period %.0f: the sum of errors came to %.1f, beyond %.1f", what,
			map[bool]string{true: "more", false: "fewer"}[a.Up], t.Periods[a.Since], t.Periods[a.At], a.Most, t.CUSUM.Threshold)
	}
}

// choiceDrift tells whether shoppers take what the tastes of the older half, and what these have missed until then, foretell for the prices of the newer one: all that is counted period by period, and how
// it divides over what there is.
func (b *bazaar) choiceDrift(l *ledger, scheme stats.CUSUM, half float64) ([]DriftTest, error) {
	scenario, err := b.nearestTaste(l)
	if err != nil {
		return nil, err
	}
	t, at := l.tallies(b, []string{attributePrice}, l.held(scenario))
	for _, c := range scenario.Coefficients {
		t.Start = append(t.Start, c.Estimate)
	}
	cut, _ := slices.BinarySearch(at, half)
	if cut < driftLeast || len(at)-cut < driftLeast {
		return nil, fmt.Errorf("too few offers")
	}
	old := rowsOfTallies(t, 0, cut)
	b.prior(l, old)
	tastes, err := choice.FitTallies(old)
	if err != nil {
		return nil, err
	}
	shares, err := t.Shares(tastes)
	if err != nil {
		return nil, err
	}
	width := len(l.products)
	type sum struct{ took, expected, variance float64 }
	periods, beyond := map[float64]*sum{}, 0.0
	before, now := make([]float64, width+1), make([]float64, width+1)
	for i, people := range t.Faced {
		p, took := 0.0, 0.0
		for j := range width {
			if l.told[j] {
				p, took = p+shares[i][j], took+t.Taken[i*width+j]
			}
		}
		variance := people * p * (1 - p)
		k := math.Floor(at[i])
		if periods[k] == nil {
			periods[k] = &sum{}
		}
		s := periods[k]
		s.took, s.expected, s.variance = s.took+took, s.expected+people*p, s.variance+variance
		if i < cut {
			beyond += (took - people*p) * (took - people*p) / variance / float64(cut)
			continue
		}
		for j := range width {
			if l.told[j] {
				now[j], before[j] = now[j]+t.Taken[i*width+j], before[j]+people*shares[i][j]
			}
		}
		now[width], before[width] = now[width]+people-took, before[width]+people*(1-p)
	}
	test := DriftTest{Of: "choices", CUSUM: &scheme}
	var until stats.SelfStarting
	for k := math.Floor(at[0]); k <= math.Floor(at[len(at)-1]); k++ {
		if s := periods[k]; s != nil {
			// What the tastes have missed on average until then, as they were learned from few, is taken for no drift.
			sd, missed := math.Sqrt(s.variance), until.Mean()
			if z := until.Next((s.took-s.expected)/sd, fewestAlike); k >= half {
				test.add(k, s.took, s.expected+missed*sd, z)
			}
		}
	}
	test.watch("purchases for the prices asked")
	mix := b.mixDrift(old, before, now, math.Max(beyond, 1))
	return append([]DriftTest{test}, mix...), nil
}

// mixDrift tells whether purchases divide over products and nothing as foretold. Expected counts are as good as the people they were learned from, and both halves
// count for fewer where offers differ by more than chance, beyond times its variance.
func (b *bazaar) mixDrift(old *choice.Tallies, expected, now []float64, beyond float64) []DriftTest {
	learned, total := 0.0, 0.0
	for _, n := range old.Faced {
		learned += n
	}
	for _, n := range expected {
		total += n
	}
	before, counts := make([]float64, len(now)), make([]float64, len(now))
	for j := range now {
		before[j], counts[j] = expected[j]/total*learned/beyond, now[j]/beyond
	}
	s, err := stats.CountedStability(before, counts, driftFalse)
	if err != nil {
		return nil
	}
	return []DriftTest{{Of: "choice mix", Stable: &s, Moved: s.Moved(), Says: stabilitySays("what shoppers take for the prices asked", &s)}}
}

// moved names what the tests found to have changed.
func moved(all []DriftTest) string {
	var names []string
	for i := range all {
		if all[i].Moved {
			names = append(names, all[i].Of)
		}
	}
	return strings.Join(names, ", ")
}
