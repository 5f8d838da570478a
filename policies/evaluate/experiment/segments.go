package experiment

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/souk-sim/souk/results/stats"
)

// Divided is what a treatment changes in the first metric for each value of a segment, and whether these differ.
type Divided struct {
	Segment string  `json:"segment"`
	Arm     string  `json:"arm"`
	P       float64 `json:"p"` // of one effect for all: Cochran's Q (1954)
	Parts   []Part  `json:"parts"`
	TooFew  int     `json:"too_few,omitempty"` // units of values that some arm has fewer than 20 units of
}

// Part is the effect among the units of one value; its Q is corrected for the number of parts of all segments.
type Part struct {
	Value string `json:"value"`
	Units int    `json:"units"`
	Effect
}

// leastUnits of an arm that a part has, a time in the novelty check, and clusters at a look.
const leastUnits = 20

func (a *analysis) segments() {
	var every []*Effect
	for s := range a.rows.Segments {
		segment := &a.rows.Segments[s]
		parts, arms := make([]values, len(segment.Values)), make([][]int32, len(segment.Values))
		for k, v := range a.units.segment[s] {
			if v >= 0 {
				p := &parts[v]
				p.of, p.has, p.adjust = append(p.of, a.first.of[k]), append(p.has, a.first.has[k]), a.first.adjust
				arms[v] = append(arms[v], a.units.arm[k])
			}
		}
		tallies := make([]*tally, len(parts))
		for v := range tallies {
			tallies[v] = a.tallied(parts[v], arms[v], arms[v], 1)
		}
		for arm := 1; arm < a.units.arms; arm++ {
			d := Divided{Segment: segment.Name, Arm: a.rows.Arms[arm], P: 1}
			for v, t := range tallies {
				units := 0
				few := false
				for other := range t.cells {
					units += int(t.cells[other][0].n)
					few = few || t.cells[other][0].n < leastUnits
				}
				effects := a.running(t)
				if few || effects == nil {
					d.TooFew += units
					continue
				}
				e := effects[arm-1]
				e.Arm = d.Arm
				d.Parts = append(d.Parts, Part{segment.Values[v], units, e})
			}
			if len(d.Parts) < 2 {
				continue
			}
			d.P = cochran(d.Parts)
			a.report.Segments = append(a.report.Segments, d)
		}
	}
	for d := range a.report.Segments {
		for p := range a.report.Segments[d].Parts {
			every = append(every, &a.report.Segments[d].Parts[p].Effect)
		}
	}
	p := make([]float64, len(every))
	for i, e := range every {
		p[i] = e.P
	}
	holms, qs := stats.Holm(p), stats.BenjaminiHochberg(p)
	for i, e := range every {
		e.Holm, e.Q = holms[i], qs[i]
	}
}

// cochran is the p-value of the effects being one.
func cochran(parts []Part) float64 {
	weights, mean := 0.0, 0.0
	degrees := -1.0
	for _, p := range parts {
		if se := p.Difference.StandardError; se > 0 {
			weights += 1 / (se * se)
			mean += p.Difference.Value / (se * se)
			degrees++
		}
	}
	if degrees < 1 {
		return 1
	}
	mean /= weights
	q := 0.0
	for _, p := range parts {
		if se := p.Difference.StandardError; se > 0 {
			q += (p.Difference.Value - mean) * (p.Difference.Value - mean) / (se * se)
		}
	}
	return distuv.ChiSquared{K: degrees}.Survival(q)
}

// Novelty tells whether a treatment's effect on the first metric differs between units that came early and late: a line
// through the effects of spans of time with equal numbers of units, weighted by their precision.
type Novelty struct {
	Arm     string  `json:"arm"`
	P       float64 `json:"p"`      // of no slope
	Holm    float64 `json:"p_holm"` // P, corrected for there being several treatments
	Slope   float64 `json:"slope"`
	Finding string  `json:"finding"` // "steady", "fading" or "growing", by Holm
	Spans   []Span  `json:"spans"`
}

// Span is the effect among units that first came within a span of time.
type Span struct {
	Time float64 `json:"time"` // mean
	Effect
}

func (a *analysis) novelty() {
	n := len(a.units.arm)
	buckets := min(a.options.TimeBuckets, n/(2*leastUnits*a.units.arms))
	if a.rows.Time == nil || buckets < 2 || a.units.time[0] == a.units.time[n-1] {
		return
	}
	spans := make([][]Span, a.units.arms-1)
	for b := range buckets {
		low, high := b*n/buckets, (b+1)*n/buckets
		t, time := a.tallied(a.first.part(low, high), a.units.arm[low:high], a.units.stratum[low:high], 1), 0.0
		for _, at := range a.units.time[low:high] {
			time += at / float64(high-low)
		}
		for i, e := range a.running(t) {
			if e.Arm = a.rows.Arms[i+1]; e.Note == "" {
				spans[i] = append(spans[i], Span{time, e})
			}
		}
	}
	var p, whole []float64
	for i := range spans {
		if len(spans[i]) < 2 {
			continue
		}
		v := Novelty{Arm: a.rows.Arms[i+1], Spans: spans[i], Finding: "steady"}
		v.Slope, v.P = slope(spans[i])
		a.report.Novelty, p = append(a.report.Novelty, v), append(p, v.P)
		whole = append(whole, a.report.Metrics[0].Effects[i].Difference.Value)
	}
	for i, holm := range stats.Holm(p) {
		v := &a.report.Novelty[i]
		if v.Holm = holm; holm < a.options.Alpha {
			v.Finding = map[bool]string{true: "growing", false: "fading"}[v.Slope > 0 == (whole[i] > 0)]
		}
	}
}

// slope is that of the weighted line through effects over time, and its significance.
func slope(spans []Span) (slope, p float64) {
	w, t := 0.0, 0.0
	for _, s := range spans {
		weight := 1 / (s.Difference.StandardError * s.Difference.StandardError)
		w, t = w+weight, t+weight*s.Time
	}
	t /= w
	xx, xy := 0.0, 0.0
	for _, s := range spans {
		weight := 1 / (s.Difference.StandardError * s.Difference.StandardError)
		xx += weight * (s.Time - t) * (s.Time - t)
		xy += weight * (s.Time - t) * s.Difference.Value
	}
	if xx == 0 {
		return 0, 1
	}
	slope = xy / xx
	return slope, 2 * distuv.UnitNormal.CDF(-math.Abs(slope)*math.Sqrt(xx))
}

// Sizing is what the experiment's size can find, and what other sizes could, by the spread of the first metric in the control and
// the first treatment.
type Sizing struct {
	Power      float64 `json:"power"`
	Detectable float64 `json:"minimum_detectable_difference"` // at the size there is
	Relative   float64 `json:"minimum_detectable_lift,omitempty"`
	ControlSD  float64 `json:"control_sd"` // of a unit's value, what CUPED and strata explain taken off
	Needed     []Need  `json:"units_needed,omitempty"`
}

// Need is how many units in all arms find a lift.
type Need struct {
	Lift  float64 `json:"lift"`
	Units float64 `json:"units"`
}

func (a *analysis) size() {
	c, t := a.spreads[0], a.spreads[1]
	d := Design{ControlSD: c.spread, TreatmentSD: t.spread, Alpha: a.options.Alpha}
	nc, nt := float64(a.report.Arms[0].Units), float64(a.report.Arms[1].Units)
	detectable, err := d.Detectable(a.options.Power, nc, nt)
	if err != nil {
		return // a metric that does not vary
	}
	s := &Sizing{Power: a.options.Power, Detectable: detectable, ControlSD: c.spread}
	if control := math.Abs(c.at); control > 0 && a.report.Metrics[0].Effects[0].Lift != nil {
		s.Relative = detectable / control
		two := a.options.Shares[0] + a.options.Shares[1]
		for _, lift := range []float64{0.01, 0.02, 0.05, 0.1} {
			if units, err := d.Units(lift*control, a.options.Power, a.options.Shares[1]/two); err == nil && !math.IsInf(units, 0) {
				s.Needed = append(s.Needed, Need{lift, math.Ceil(units / two)})
			}
		}
	}
	a.report.Sizing = s
	slices.SortFunc(s.Needed, func(a, b Need) int { return int(math.Copysign(1, a.Lift-b.Lift)) })
}
