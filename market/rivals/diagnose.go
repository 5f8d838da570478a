package rivals

import (
	"math"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/gonum/stat/distuv"
)

// Diagnosis tells how well a fitted chain describes its own history.
type Diagnosis struct {
	Product     string `json:"product"`
	Periods     int    `json:"periods"`     // with a modelled price
	Transitions int    `json:"transitions"` // between neighbouring periods
	// What the model implies for histories as long and with the same gaps as the observed one.
	DealShare    Check `json:"deal_share"`
	DealSpell    Check `json:"deal_spell"`    // mean length in periods of the spells of which both ends were seen
	RegularSpell Check `json:"regular_spell"` // likewise
	ToDeal       Check `json:"to_deal"`
	ToRegular    Check `json:"to_regular"`
	HoldRegular  Check `json:"hold_regular"`
	HoldDeal     Check `json:"hold_deal"`
	// Likelihood-ratio tests of the two-state chain; a small P speaks against it.
	SecondOrder     Test `json:"second_order"`     // the state before the present one matters (Anderson & Goodman 1957, §3)
	RegularDuration Test `json:"regular_duration"` // leaving a regular spell depends on whether it has lasted 1, 2, 3 or more periods
	DealDuration    Test `json:"deal_duration"`
	Change          Test `json:"change"` // the recent periods have other transition probabilities than the earlier ones
}

// Check sets a figure of the history beside its distribution in histories simulated from the model. For a parameter
// StandardError is that of the estimate (parametric bootstrap, Efron & Tibshirani 1993, §6.5).
type Check struct {
	Observed      float64 `json:"observed"`
	Model         float64 `json:"model"` // mean over simulated histories
	StandardError float64 `json:"standard_error"`
	Low           float64 `json:"low"` // 95% of simulated histories lie in [Low, High]
	High          float64 `json:"high"`
}

// Test is a likelihood-ratio test with its asymptotic chi-square P-value; where there is nothing to test, DegreesOfFreedom is
// 0 and P is 1.
type Test struct {
	Statistic        float64 `json:"statistic"`
	DegreesOfFreedom int     `json:"degrees_of_freedom"`
	P                float64 `json:"p"`
}

// Diagnose simulates histories (1,000 are plenty) from streams, one each, and tests the chain.
func (f *Fitted) Diagnose(streams rng.Family, histories int) Diagnosis {
	deal := make([]bool, len(f.Deals.rungs))
	for i, r := range f.Deals.rungs {
		deal[i] = r.Deal
	}
	observed := figures(f.path, deal)
	simulated := make([][]float64, len(observed))
	path := make(path, len(f.path))
	for h := range histories {
		stream := streams.At(uint64(h))
		rung := f.Deals.Start(stream.Float64())
		for t := range path {
			if t > 0 {
				rung = f.Deals.Next(rung, stream.Float64())
			}
			path[t] = rung
			if f.path[t] < 0 {
				path[t] = -1
			}
		}
		for i, v := range figures(path, deal) {
			if v == v {
				simulated[i] = append(simulated[i], v)
			}
		}
	}
	d := Diagnosis{Product: f.Deals.product}
	for i, c := range []*Check{&d.DealShare, &d.DealSpell, &d.RegularSpell, &d.ToDeal, &d.ToRegular, &d.HoldRegular, &d.HoldDeal} {
		*c = compare(observed[i], simulated[i])
	}
	for t, rung := range f.path {
		if rung >= 0 {
			d.Periods++
			if t > 0 && f.path[t-1] >= 0 {
				d.Transitions++
			}
		}
	}
	f.test(&d, deal)
	return d
}

// figures are the seven figures that Diagnose compares; NaN where there is none (a path without a whole spell).
func figures(p path, deal []bool) []float64 {
	var periods, onDeal float64
	var length, spells [2]float64
	run, whole := 0.0, false // the present spell: its length, and whether its beginning was seen
	for t, rung := range p {
		if rung < 0 {
			run, whole = 0, false
			continue
		}
		periods++
		s := state(deal[rung])
		onDeal += float64(s)
		if t > 0 && p[t-1] >= 0 && deal[p[t-1]] != deal[rung] {
			if whole {
				length[1-s] += run
				spells[1-s]++
			}
			run, whole = 0, true
		}
		run++
	}
	c, _ := estimate(p, deal)
	return []float64{onDeal / periods, length[1] / spells[1], length[0] / spells[0], c.ToDeal, c.ToRegular, c.HoldRegular, c.HoldDeal}
}

func compare(observed float64, simulated []float64) Check {
	if observed != observed || len(simulated) < 2 {
		return Check{} // nothing to compare; JSON has no NaN
	}
	return Check{Observed: observed, Model: stats.Mean(simulated), StandardError: math.Sqrt(stats.Variance(simulated)),
		Low: stats.Quantile(simulated, 0.025), High: stats.Quantile(simulated, 0.975)}
}

// test counts how often a state was left under each condition, and tests whether the condition matters.
func (f *Fitted) test(d *Diagnosis, deal []bool) {
	var before, age, era [2]table
	for s := range before {
		before[s], age[s], era[s] = make(table, 2), make(table, 4), make(table, 2)
	}
	run, whole := 0, false
	at := func(t int) int { // the state, or -1
		if t < 0 || t >= len(f.path) || f.path[t] < 0 {
			return -1
		}
		return state(deal[f.path[t]])
	}
	for t := range f.path {
		s, next := at(t), at(t+1)
		if s < 0 {
			continue
		}
		switch previous := at(t - 1); {
		case previous < 0:
			run, whole = 1, false
		case previous != s:
			run, whole = 1, true
		default:
			run++
		}
		if next < 0 {
			continue
		}
		left := 0
		if next != s {
			left = 1
		}
		if previous := at(t - 1); previous >= 0 {
			before[s][previous][left]++
		}
		if whole {
			age[s][min(run, 4)-1][left]++
		}
		if f.first+t >= f.recent {
			era[s][1][left]++
		} else {
			era[s][0][left]++
		}
	}
	d.SecondOrder, d.Change = likelihoodRatio(before[0], before[1]), likelihoodRatio(era[0], era[1])
	d.RegularDuration, d.DealDuration = likelihoodRatio(age[0]), likelihoodRatio(age[1])
}

// table counts, by condition, how often a state was not left [0] and left [1].
type table [][2]float64

// likelihoodRatio tests that within each table the share that leaves is the same under all conditions:
// G² = 2 Σ O·ln(O/E), chi-square with one degree for each condition beyond the first.
func likelihoodRatio(tables ...table) Test {
	var r Test
	for _, rows := range tables {
		var column [2]float64
		used := 0
		for _, row := range rows {
			column[0] += row[0]
			column[1] += row[1]
			if row[0]+row[1] > 0 {
				used++
			}
		}
		if column[0] == 0 || column[1] == 0 || used < 2 {
			continue
		}
		for _, row := range rows {
			for j, o := range row {
				if o > 0 {
					r.Statistic += 2 * o * math.Log(o*(column[0]+column[1])/((row[0]+row[1])*column[j]))
				}
			}
		}
		r.DegreesOfFreedom += used - 1
	}
	r.P = 1
	if r.DegreesOfFreedom > 0 {
		r.P = distuv.ChiSquared{K: float64(r.DegreesOfFreedom)}.Survival(r.Statistic)
	}
	return r
}
