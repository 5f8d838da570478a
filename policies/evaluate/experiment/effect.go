package experiment

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/souk-sim/souk/results/stats"
)

// tally is a metric of some units: moments by arm and stratum.
type tally struct {
	cells  [][]moments // [arm][stratum]
	adjust bool        // for x
}

func newTally(arms, strata int, adjust bool) *tally {
	t := &tally{cells: make([][]moments, arms), adjust: adjust}
	for a := range t.cells {
		t.cells[a] = make([]moments, strata)
	}
	return t
}

// add takes unit k in, where it has a value.
func (t *tally) add(arm, stratum int32, v *values, k int) {
	if v.has[k] {
		t.cells[arm][stratum].add(&v.of[k])
	}
}

// arm is all of an arm's strata together.
func (t *tally) arm(a int) (m moments) {
	for k := range t.cells[a] {
		m.plus(&t.cells[a][k])
	}
	return m
}

// joined puts strata in which some arm has fewer than two units together, so that each has a variance; it tells how many were.
func (t *tally) joined() (*tally, int) {
	kept := &tally{cells: make([][]moments, len(t.cells)), adjust: t.adjust}
	rest := make([]moments, len(t.cells))
	few := 0
	for k := range t.cells[0] {
		sparse := false
		for a := range t.cells {
			sparse = sparse || t.cells[a][k].n < 2
		}
		for a := range t.cells {
			if sparse {
				rest[a].plus(&t.cells[a][k])
			} else {
				kept.cells[a] = append(kept.cells[a], t.cells[a][k])
			}
		}
		if sparse {
			few++
		}
	}
	if few == 0 {
		return t, 0
	}
	for a := range rest {
		if rest[a].n == 0 || rest[a].n >= 2 {
			continue
		}
		for a := range t.cells { // one more stratum would be without a variance: none is told apart
			kept.cells[a] = []moments{t.arm(a)}
		}
		return kept, few
	}
	for a := range t.cells {
		kept.cells[a] = append(kept.cells[a], rest[a])
	}
	return kept, few
}

// value is an arm's metric with the variance of its estimator and its degrees of freedom.
type value struct {
	at, variance, degrees float64
	spread                float64 // standard deviation of a unit's adjusted value
}

// values estimates every arm's metric. With weights W of strata over all arms, and θ the slope of z on x within cells, an
// arm's value is R + Σ W (mean z − θ·mean x) + θ·mean x over all: the plain ratio without strata and x; CUPED (Deng, Xu,
// Kohavi & Walker 2013) with x; post-stratified (Miratrix, Sekhon & Yu 2013) with strata. Its variance is Σ W² s²/n over
// strata, its degrees of freedom Satterthwaite's. ok is false where an arm has fewer than two units in a stratum, or its
// denominators add up to nothing.
func (t *tally) values() (all []value, correlation float64, ok bool) {
	arms := make([]moments, len(t.cells))
	weights := make([][3]float64, len(t.cells)) // that make z of (y, d, x)
	ratio := make([]float64, len(t.cells))
	var total moments
	share := make([]float64, len(t.cells[0]))
	for a := range t.cells {
		arms[a] = t.arm(a)
		total.plus(&arms[a])
		d := arms[a].mean[1]
		if arms[a].n < 2 || d == 0 {
			return nil, 0, false
		}
		ratio[a] = arms[a].mean[0] / d
		weights[a] = [3]float64{1 / d, -ratio[a] / d, 0}
		for k := range share {
			if t.cells[a][k].n < 2 && !(len(share) > 1 && t.cells[a][k].n == 0) {
				return nil, 0, false
			}
			share[k] += t.cells[a][k].n
		}
	}
	theta := 0.0
	if t.adjust {
		theta, correlation = t.slope(weights)
	}
	all = make([]value, len(t.cells))
	for a := range t.cells {
		weights[a][2] = -theta
		v := value{at: ratio[a] + theta*total.mean[2]}
		below := 0.0
		for k := range share {
			cell := &t.cells[a][k]
			if share[k] == 0 {
				continue
			}
			if cell.n < 2 {
				return nil, 0, false
			}
			w := share[k] / total.n
			mean, variance := cell.weighted(weights[a])
			v.at += w * mean
			part := w * w * variance / cell.n
			v.variance += part
			below += part * part / (cell.n - 1)
			v.spread += w * variance
		}
		v.spread = math.Sqrt(v.spread)
		v.degrees = arms[a].n - 1
		if below > 0 {
			v.degrees = v.variance * v.variance / below
		}
		all[a] = v
	}
	return all, correlation, true
}

// slope is that of z on x within arms and strata, pooled, and their correlation.
func (t *tally) slope(weights [][3]float64) (theta, correlation float64) {
	zx, xx, zz := 0.0, 0.0, 0.0
	for a := range t.cells {
		for k := range t.cells[a] {
			c := &t.cells[a][k]
			xx += c.sum[2][2]
			for i := range 2 {
				zx += weights[a][i] * c.sum[i][2]
				for j := range 2 {
					zz += weights[a][i] * weights[a][j] * c.sum[i][j]
				}
			}
		}
	}
	if xx <= 0 || zz <= 0 {
		return 0, 0
	}
	return zx / xx, zx / math.Sqrt(xx*zz)
}

// Effect is what a treatment changes in a metric.
type Effect struct {
	Arm        string          `json:"arm"`
	Control    float64         `json:"control"`
	Treatment  float64         `json:"treatment"`
	Difference stats.Estimate  `json:"difference"`         // treatment less control
	Lift       *stats.Estimate `json:"lift,omitempty"`     // treatment over control less 1, by the delta method; left out where the control is near 0
	Degrees    float64         `json:"degrees_of_freedom"` // Welch and Satterthwaite
	P          float64         `json:"p"`                  // two-sided, of no difference
	Holm       float64         `json:"p_holm"`             // P, corrected for there being several treatments
	Q          float64         `json:"q"`                  // P, corrected for all metrics and treatments (Benjamini & Hochberg 1995)
	Note       string          `json:"note,omitempty"`     // why there is no test; P is 1 then
}

// compare sets a treatment against the control, by Welch's test on their values.
func compare(name string, treatment, control value, level float64) Effect {
	d := treatment.at - control.at
	variance := treatment.variance + control.variance
	e := Effect{Arm: name, Control: control.at, Treatment: treatment.at, P: 1,
		Difference: stats.Estimate{Value: d, Low: d, High: d, Level: level}}
	if !(variance > 0) {
		e.Note = "does not vary within arms: nothing can be told"
		return e
	}
	e.Degrees = variance * variance / (treatment.variance*treatment.variance/treatment.degrees + control.variance*control.variance/control.degrees)
	se := math.Sqrt(variance)
	t := distuv.StudentsT{Sigma: 1, Nu: e.Degrees}
	half := t.Quantile((1 + level) / 2)
	e.Difference.StandardError, e.Difference.Low, e.Difference.High = se, d-half*se, d+half*se
	e.P = math.Min(1, 2*t.CDF(-math.Abs(d)/se))
	if math.Abs(control.at) > half*math.Sqrt(control.variance) {
		ratio := treatment.at / control.at
		s := math.Sqrt(treatment.variance+ratio*ratio*control.variance) / math.Abs(control.at)
		e.Lift = &stats.Estimate{Value: ratio - 1, StandardError: s, Low: ratio - 1 - half*s, High: ratio - 1 + half*s, Level: level}
	}
	return e
}

// within is the interval that reaches so far on either side.
func (e *Effect) within(half float64) *Range {
	return &Range{e.Difference.Value - half, e.Difference.Value + half}
}

// widening is how much wider Student's interval is than the normal one.
func (e *Effect) widening(alpha float64) float64 {
	return distuv.StudentsT{Sigma: 1, Nu: e.Degrees}.Quantile(1-alpha/2) / distuv.UnitNormal.Quantile(1-alpha/2)
}

// score is an effect as a normal deviate of the same significance.
func (e *Effect) score() float64 {
	if e.Note != "" {
		return 0
	}
	z := -distuv.UnitNormal.Quantile(max(e.P/2, 1e-300))
	return math.Copysign(z, e.Difference.Value)
}

// jackknifed puts pseudo-values in the place of clusters' sums: their mean is the arm's ratio R, and their variance that of R when one cluster at a time is left
// out (Efron & Stein 1981; the CR3 of MacKinnon, Nielsen & Webb 2023). For clusters of one size they are the clusters' own means. An
// arm whose whole denominator is one cluster's has none.
func (v values) jackknifed(arm []int32, arms int) values {
	total := make([][3]float64, arms) // Σy, Σd, number
	for k, x := range v.of {
		if v.has[k] {
			total[arm[k]][0] += x[0]
			total[arm[k]][1] += x[1]
			total[arm[k]][2]++
		}
	}
	pseudo := values{of: make([][3]float64, len(v.of)), has: slices.Clone(v.has), adjust: v.adjust}
	mean, alone := make([]float64, arms), make([]bool, arms)
	for k, x := range v.of {
		t := &total[arm[k]]
		if left := t[1] - x[1]; v.has[k] && left == 0 {
			alone[arm[k]] = true
		} else if v.has[k] {
			pseudo.of[k] = [3]float64{t[2]*t[0]/t[1] - (t[2]-1)*(t[0]-x[0])/left, 1, x[2]}
			mean[arm[k]] += pseudo.of[k][0] / t[2]
		}
	}
	for k := range pseudo.of {
		if pseudo.has[k] = v.has[k] && !alone[arm[k]]; pseudo.has[k] {
			t := &total[arm[k]]
			pseudo.of[k][0] += t[0]/t[1] - mean[arm[k]]
		}
	}
	return pseudo
}
