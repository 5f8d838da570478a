package optimum

import "math"

// Foresight is what a seller would earn who knew an episode's rivals, traffic and shocks beforehand, as average reward
// a week.
type Foresight struct {
	Value    float64 // on a grid with twice the points
	Coarse   float64 // on the Reduction's own grid: the difference tells the error of interpolation
	Achieved float64 // by Actions, reference prices exact: no more than what foresight could earn at best
	Actions  []int   // by week
}

// Upper is an upper bound on what any policy earns on the path in expectation over its single shoppers (on a sampled path chance may carry one beyond it):
// the larger of Value and Achieved, and on top the difference that doubling the grid made, which is what an error of first order in the grid step
// leaves. That last part is an estimate, not a proof.
func (f *Foresight) Upper() float64 {
	return max(f.Value, f.Achieved) + math.Abs(f.Value-f.Coarse)
}

// Clairvoyant solves one episode whose rewards are all known, over the own reference price, by backward induction: the bound
// of perfect information. rewards fills byWeek with what an action would earn at a reference price in each week
// (Path.Profits). The Reduction's rivals are ignored. In the programme the mask is one grid step wider than the market's,
// so that interpolation across its edge does not forbid what the market allows.
func (r Reduction) Clairvoyant(weeks int, rewards func(reference float64, action int, byWeek []float64)) (*Foresight, error) {
	r.Rivals = nil
	f := &Foresight{}
	var err error
	if f.Coarse, _, err = r.foresee(weeks, rewards); err != nil {
		return nil, err
	}
	fine := r
	fine.Points = 2*r.Points - 1
	var plan *Plan
	if f.Value, plan, err = fine.foresee(weeks, rewards); err != nil {
		return nil, err
	}
	f.Actions = make([]int, weeks)
	reference, byWeek := r.Start, make([]float64, weeks)
	for t := range f.Actions {
		f.Actions[t] = plan.greedy(t, reference)
		rewards(reference, f.Actions[t], byWeek)
		f.Achieved += byWeek[t] / float64(weeks)
		reference = r.next(reference, r.Prices[f.Actions[t]])
	}
	return f, nil
}

func (r Reduction) foresee(weeks int, rewards func(reference float64, action int, byWeek []float64)) (float64, *Plan, error) {
	if err := r.prepare(); err != nil {
		return 0, nil, err
	}
	byWeek, tables := make([]float64, weeks), make([][]float64, weeks)
	for t := range tables {
		tables[t] = make([]float64, r.Points*len(r.Prices))
	}
	for i := range r.Points {
		for a := range r.Prices {
			rewards(r.point(i), a, byWeek)
			for t, v := range byWeek {
				tables[t][i*len(r.Prices)+a] = v
			}
		}
	}
	values, _, err := r.process().FiniteHorizon(weeks, func(week int, masked []float64) { r.mask(r.step, tables[week], masked) })
	if err != nil {
		return 0, nil, err
	}
	return r.open(values[0]) / float64(weeks), r.plan(1, tables, values[1:]), nil
}

// greedy is the action of greatest worth that the mask allows at an exact reference price.
func (p *Plan) greedy(week int, reference float64) int {
	best, action := math.Inf(-1), -1
	for a := range p.reduction.Prices {
		if w := p.worth(week, reference, 0, a); w > best && p.reduction.allowed(reference, a) {
			best, action = w, a
		}
	}
	return action
}
