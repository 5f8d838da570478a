package optimum

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize/convex/lp"

	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
)

// Fluid is the deterministic linear programme of a network of products that share resources (Gallego & van Ryzin 1997; Liu & van Ryzin 2008): each group has some time to
// divide among its options, an option (a price, a vector of prices) earns and uses resources at given rates while it is on, and
//
//	max Σ_j revenue_j·x_j   s.t.   Σ_j use_ij·x_j ≤ capacity_i,   Σ_{j in group g} x_j ≤ time_g,   x ≥ 0.
//
// Its value bounds from above what any policy earns in expectation when sales are random.
type Fluid struct {
	Revenue  []float64   // [option] per unit of time
	Use      [][]float64 // [resource][option] units per unit of time
	Capacity []float64   // [resource] units
	Group    []int       // [option]; nil: one group
	Time     []float64   // [group]
}

// FluidPlan is its solution.
type FluidPlan struct {
	Value float64   // the bound
	Times []float64 // [option] how long it is on
}

const (
	mostRows    = 200    // of a linear programme that the dense simplex method takes
	mostColumns = 20_000 //
	mostMoves   = 1e9    // of a rival's chain, over all periods
)

// Solve solves the programme by the simplex method (gonum), which is dense: the error says so where there are more than 200 rows (resources and groups) or 20,000
// columns (options and rows).
func (f *Fluid) Solve() (*FluidPlan, error) {
	options, resources, groups := len(f.Revenue), len(f.Capacity), len(f.Time)
	rows := resources + groups
	if options == 0 || len(f.Use) != resources || f.Group != nil && len(f.Group) != options || f.Group == nil && groups != 1 {
		return nil, field.New("fluid", fmt.Sprintf("%d options, %d rows of use, %d capacities, %d groups of %d times", options, len(f.Use), resources, len(f.Group), groups), "shapes that agree")
	}
	if rows > mostRows || options+rows > mostColumns {
		return nil, field.New("fluid", fmt.Sprintf("%d rows, %d columns", rows, options+rows), fmt.Sprintf("at most %d and %d: the simplex method here is dense", mostRows, mostColumns))
	}
	cost := make([]float64, options+rows)
	a := mat.NewDense(rows, options+rows, nil)
	b := make([]float64, 0, rows)
	for j, r := range f.Revenue {
		cost[j] = -r
		group := 0
		if f.Group != nil {
			group = f.Group[j]
		}
		if group < 0 || group >= groups {
			return nil, field.New("fluid.group", group, fmt.Sprintf("one of %d", groups))
		}
		a.Set(resources+group, j, 1)
	}
	for i, use := range f.Use {
		if len(use) != options {
			return nil, field.New("fluid.use", len(use), fmt.Sprintf("%d options", options))
		}
		for j, u := range use {
			a.Set(i, j, u)
		}
	}
	for i, x := range append(append([]float64{}, f.Capacity...), f.Time...) {
		if !(x >= 0) || math.IsInf(x, 1) {
			return nil, field.New("fluid.capacity", x, "a finite number of at least 0")
		}
		a.Set(i, options+i, 1)
		b = append(b, x)
	}
	basis := make([]int, rows) // the slacks: nothing is sold
	for i := range basis {
		basis[i] = options + i
	}
	value, x, err := lp.Simplex(cost, a, b, 1e-10, basis)
	if err != nil {
		return nil, fmt.Errorf("fluid programme: %w", err)
	}
	return &FluidPlan{Value: -value, Times: x[:options]}, nil
}

// FluidMonopoly is the fluid of an episodic pricing problem: its bound on what any policy earns in expectation, and the policy that plays it. The groups are the places in the
// season and the rival's prices, with the periods that are expected of each. Holding, price changes and markdown are left out, which only loosens the bound. The error is a
// *field.Error where there is none: prices that shoppers remember tie the periods together, and a sum without end has no fluid.
func FluidMonopoly(p *monopoly.Process) (*FluidPlan, policies.Policy, error) {
	cfg := p.Config()
	switch {
	case p.Endless():
		return nil, nil, field.New("criterion", cfg.Criterion, "episodic, for a fluid programme")
	case cfg.Discount != 1:
		return nil, nil, field.New("discount", cfg.Discount, "1, for a fluid programme")
	case cfg.Reference != nil:
		return nil, nil, field.New("reference", "prices that shoppers remember", "none, for a fluid programme: they tie periods together")
	}
	rivals := p.Rivals()
	if n := float64(p.Periods()) * float64(rivals) * float64(rivals); n > mostMoves {
		return nil, nil, field.New("reviews", fmt.Sprintf("%g periods and moves of the rival", n), fmt.Sprintf("at most %g, for a fluid programme", mostMoves))
	}
	prices := p.Spec().Offers
	f := &Fluid{Capacity: []float64{float64(cfg.Stock)}, Use: make([][]float64, 1), Time: make([]float64, p.Phases()*rivals)}
	law := make([]float64, rivals)
	law[0] = 1
	for t := range p.Periods() {
		for k, chance := range law {
			f.Time[t%p.Phases()*rivals+k] += chance
		}
		law = RivalNext(p, law)
	}
	for g := range f.Time {
		for a, o := range prices {
			mean := p.Mean(g/rivals, monopoly.State{Rival: g % rivals}, a)
			f.Revenue = append(f.Revenue, (o.Price-cfg.Cost-cfg.Salvage)*mean)
			f.Use[0] = append(f.Use[0], mean)
			f.Group = append(f.Group, g)
		}
	}
	if cfg.Stock == 0 {
		f.Capacity, f.Use = nil, nil
	}
	plan, err := f.Solve()
	if err != nil {
		return nil, nil, err
	}
	plan.Value += cfg.Salvage * float64(cfg.Stock)
	return plan, fluidPolicy(p, f, plan, rivals), nil
}

// RivalNext is the law of the rival's price a period later.
func RivalNext(p *monopoly.Process, law []float64) []float64 {
	r := p.Config().Rival
	next := make([]float64, len(law))
	for k, chance := range law {
		switch {
		case r == nil:
			next[k] += chance
		case len(r.Transitions) == 0:
			next[(k+1)%len(law)] += chance
		default:
			for to, probability := range r.Transitions[k] {
				next[to] += float64(chance * probability)
			}
		}
	}
	return next
}

// fluidPolicy posts each price with the share of its group's time, and the highest for what the plan leaves free.
func fluidPolicy(p *monopoly.Process, f *Fluid, plan *FluidPlan, rivals int) policies.Policy {
	n := len(p.Spec().Offers)
	q := &shares{process: p, rivals: rivals, mixes: make([][]lot, len(f.Time)), name: "fluid programme"}
	for g, time := range f.Time {
		left := 1.0
		for a := range n - 1 {
			if time > 0 && plan.Times[g*n+a] > 0 {
				share := min(plan.Times[g*n+a]/time, left)
				q.mixes[g] = append(q.mixes[g], lot{a, share})
				left -= share
			}
		}
		q.mixes[g] = append(q.mixes[g], lot{n - 1, left})
	}
	return q
}

// shares is a policy that draws its price.
type shares struct {
	process *monopoly.Process
	rivals  int
	mixes   [][]lot // [group]
	name    string
}

// lot is a rung and its chance.
type lot struct {
	rung   int
	chance float64
}

// Decide implements policies.Policy. In the place of a price that is not allowed the nearest is posted that is.
func (q *shares) Decide(observation []float64, u float64) policies.Decision {
	period, s := q.process.Locate(observation)
	spec, allowed := q.process.Spec(), q.process.Allowed(s)
	post := func(l lot) int {
		if allowed[l.rung] {
			return l.rung
		}
		return policies.Nearest(spec, allowed, spec.Offers[l.rung].Price, "")
	}
	mix := q.mixes[(s.Phase+period)%q.process.Phases()*q.rivals+s.Rival]
	action, propensity := -1, 0.0
	for _, l := range mix {
		if u -= l.chance; u < 0 {
			action = post(l)
			break
		}
	}
	if action < 0 { // rounding
		action = post(mix[len(mix)-1])
	}
	for _, l := range mix {
		if post(l) == action {
			propensity += l.chance
		}
	}
	return decision(spec, action, min(propensity, 1), q.name)
}
