package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/souk-sim/souk"
	"github.com/souk-sim/souk/market/optimum"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// Optimised is what souk optimize found: optimize.json, and the printed calendar.
type Optimised struct {
	RunID      string           `json:"run_id"`
	Scenario   string           `json:"scenario"`
	Question   string           `json:"question,omitempty"`
	Period     string           `json:"period"`               // what a row of the calendar is: a week, a day, or a review where these are at other times
	Products   []string         `json:"products"`             // whose prices are planned
	Value      float64          `json:"value"`                // $ that the calendar is expected to earn in an episode
	Each       float64          `json:"each_period"`          // $ of it a period of the market
	Bound      float64          `json:"bound"`                // $ of the linear programme, mixed offers included: no calendar earns more, but for the interpolation
	Proven     bool             `json:"proven"`               // no calendar is better by more than a millionth
	Between    bool             `json:"interpolated"`         // values between grid points of the reference price are interpolated: the bound is one up to that
	Searched   bool             `json:"searched"`             // the search came to its end
	Limits     []PlanLimit      `json:"limits"`               // of what there is not any amount of
	Promotions *PlanPromotions  `json:"promotions,omitempty"` // where their number is limited
	Made       int              `json:"promoted_periods"`
	Regular    []float64        `json:"regular_price"`      // of products: from which promotions count and what is given away is reckoned
	Own        bool             `json:"regular_is_highest"` // of the calendar itself; else that of the opening offer
	Depth      float64          `json:"promotion_depth"`    // share below it from which a price is a promotion
	Rivals     []PlanRival      `json:"rivals"`             // what each contestant makes of the limits
	Calendar   []PlanPeriod     `json:"calendar"`
	Comparison *evaluate.Result `json:"comparison"` // on paths that the plan never met
	Caveats    []string         `json:"caveats"`
	Omits      []string         `json:"omits"` // in short, what of it may make the market bring more or less than the plan expects

	Dir     string              `json:"-"`
	Scenery *scenarios.Scenario `json:"-"`
	told    *prospects
}

// PlanLimit is a limit, and what a plan makes of it.
type PlanLimit struct {
	Name        string  `json:"name"` // budget, or a product
	Unit        string  `json:"unit"`
	Limit       float64 `json:"limit"`
	Used        float64 `json:"used"`
	held        bool    // by the market itself
	ShadowPrice float64 `json:"shadow_price"` // $ that a unit more of it brings, mixed offers included: the linear programme solved again
}

// PlanPromotions is the limit on promotions.
type PlanPromotions struct {
	Most        int     `json:"most"`
	Apart       int     `json:"apart,omitempty"`
	ShadowPrice float64 `json:"shadow_price"` // $ that one more is worth
}

// PlanPeriod is a row of the calendar.
type PlanPeriod struct {
	Period    int         `json:"period"` // from 0
	Action    int         `json:"action"`
	Price     float64     `json:"price"`
	Promotion string      `json:"promotion,omitempty"`
	Promoted  bool        `json:"promoted"`
	Reference *float64    `json:"reference_price,omitempty"` // that shoppers remember at its opening, $
	Shoppers  *float64    `json:"shoppers,omitempty"`        // expected, as all that follows
	Units     []float64   `json:"units"`                     // by product
	Given     float64     `json:"given_away"`                // $
	Reward    float64     `json:"reward"`                    // $
	Mix       []PlanShare `json:"mix"`                       // of the linear programme
}

// PlanShare is an offer's share of a period.
type PlanShare struct {
	Action int     `json:"action"`
	Share  float64 `json:"share"`
}

// planned is the contestant that follows the calendar.
const planned = "calendar"

// Optimize plans the calendar of the scenario's [optimize], plays it beside what the scenario compares with, and leaves a run directory, NAME-optimize, with the calendar as a bundle. The
// result does not depend on the number of workers. Such a run is not resumed. The error is a *field.Error where the scenario's world has no calendar in closed form, or no calendar keeps its limits.
func (r *Run) Optimize(ctx context.Context) (*Optimised, error) {
	r.Scenario = r.Scenario.Optimized()
	s := r.Scenario
	if err := plannable(s); err != nil {
		return nil, err
	}
	var g ground
	var err error
	if s.World() == scenarios.PricingProblem {
		g, err = openProblem(s)
	} else {
		g, err = openWithTop(s)
	}
	if err != nil {
		return nil, err
	}
	run, err := r.Store.Open(s.Name+"-optimize", append([]byte("# souk optimize "+s.Name+"\n"), s.Canonical()...), r.Options)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	m := &Optimised{RunID: run.ID, Scenario: s.Name, Question: s.Question, Period: "period", Scenery: s, Dir: run.Dir}
	if s.World() != scenarios.PricingProblem {
		m.Period = s.Time.Period
	}
	t := &stopwatch{run: r, timing: map[string]float64{}}
	if err = m.find(ctx, r, run, g, t); err == nil {
		err = run.Finish(r.Build)
	}
	if err == nil {
		return m, nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return nil, errors.Join(err, run.Discard())
}

func (m *Optimised) find(ctx context.Context, r *Run, run *rundir.Run, g ground, t *stopwatch) error {
	s := m.Scenery
	r.tell(Progress{Stage: "fit", Total: 1})
	if err := g.Fit(ctx, r.workers(), r.counting("fit")); err != nil {
		return err
	}
	_, full, err := g.worlds(ctx)
	if err != nil {
		return err
	}
	t.done("fit")
	p, err := g.(planner).prospects(ctx, s.Optimize)
	if err != nil {
		return err
	}
	plan, err := p.solve()
	if err != nil {
		return m.blame(p, err)
	}
	m.tell(p, plan)
	t.done("plan")
	policy, err := p.policy(plan)
	if err != nil {
		return err
	}
	b, err := g.tune(ctx, full, r.workers(), r.counting("tune"))
	if err != nil {
		return err
	}
	t.done("tune")
	c := contest(s, full, r.workers(), r.counting("evaluate"))
	asked := []*offered{p.offered(policy)}
	c.Contestants = []evaluate.Contestant{{Name: planned, Policies: []policies.Policy{asked[0]}}}
	for _, name := range b.entered {
		t := p.offered(b.policies[name])
		asked, c.References = append(asked, t), append(c.References, name)
		c.Contestants = append(c.Contestants, evaluate.Contestant{Name: name, Policies: []policies.Policy{t}})
	}
	if m.Comparison, err = c.Run(ctx); err != nil {
		return err
	}
	for i, contestant := range c.Contestants {
		r := asked[i].told(contestant.Name, c.Paths)
		if r.Name == bestFixed && b.Fixed != nil {
			r.Price = b.Fixed.Price
		}
		m.Rivals = append(m.Rivals, r)
	}
	t.done("evaluate")
	return m.write(r, run, policy, t)
}

// blame finds the key of a limit that cannot be kept.
func (m *Optimised) blame(p *prospects, err error) error {
	bad, ok := errors.AsType[*field.Error](err)
	if !ok {
		return err
	}
	text, is := strings.CutPrefix(bad.Key, "limit[")
	if k, none := strconv.Atoi(strings.TrimSuffix(text, "]")); is && none == nil {
		keys := []string{"optimize", "stock", p.limits[k].Name}
		if p.limits[k].Unit == "$" {
			keys = keys[:2]
			keys[1] = "budget"
		}
		return m.Scenery.Fault(bad.Found, bad.Expected, keys...)
	}
	return m.Scenery.Fault(bad.Found, bad.Expected, "optimize")
}

// tell takes the plan over.
func (m *Optimised) tell(p *prospects, plan *optimum.CalendarPlan) {
	c := &p.calendar
	if p.span != 1 {
		m.Period = "review"
	}
	m.told, m.Products, m.Limits, m.Caveats, m.Omits = p, p.products, append([]PlanLimit{}, p.limits...), append([]string{}, p.caveats...), append([]string{}, p.omits...)
	m.Regular, m.Own, m.Depth = p.regular, p.own, p.depth
	m.Value, m.Bound, m.Proven = plan.Value-p.fixed, plan.Bound-p.fixed, plan.Proven
	m.Between, m.Searched = plan.Interpolated, plan.Searched
	m.Each = m.Value / (float64(c.Periods) * p.span)
	for k := range m.Limits {
		m.Limits[k].Used, m.Limits[k].ShadowPrice = plan.Used[k], plan.More[k]
	}
	if c.Promotions >= 0 {
		m.Promotions = &PlanPromotions{Most: c.Promotions, Apart: c.Apart, ShadowPrice: plan.Another}
	}
	for t, a := range plan.Offers {
		offer := p.spec.Offers[a]
		row := PlanPeriod{Period: t, Action: a, Price: offer.Price, Promotion: offer.Promotion, Promoted: c.Promoted[a]}
		if row.Promoted {
			m.Made++
		}
		if p.state != "" {
			reference := p.low + float64(p.step*plan.States[t])
			row.Reference = &reference
		}
		if p.shoppers != nil {
			row.Shoppers = &p.shoppers[t]
		}
		at := func(table []float64) float64 { return c.Look(table, t, plan.States[t], a) }
		for _, units := range p.units {
			row.Units = append(row.Units, at(units))
		}
		row.Given, row.Reward = at(p.given), at(c.Reward)
		for o, share := range plan.Mix[t] {
			if share > 1e-6 {
				row.Mix = append(row.Mix, PlanShare{o, share})
			}
		}
		m.Calendar = append(m.Calendar, row)
	}
	if above := m.above(); !m.Own && 2*above > len(m.Calendar) {
		m.Caveats = append(m.Caveats, fmt.Sprintf("The regular price is that of the opening offer, and the calendar asks more in %d of %s: cuts from there count as none.", above, plural(len(m.Calendar), m.Period)))
	}
	if !m.Searched {
		missing := fmt.Sprintf("at most %.2g%% is missing", 100*(m.Bound-m.Value)/math.Abs(m.Bound))
		if m.Between {
			missing = "about " + missing[len("at most "):]
		}
		m.Caveats = append(m.Caveats, "The search was ended before it had tried all that may be better: "+missing+".")
	}
	if m.Between {
		m.Caveats = append(m.Caveats, "Between grid points of the reference price the plan interpolates, so that its bound is not proven: a slightly better calendar may exist. More optimize.points come nearer.")
	}
}

// above is in how many periods more than the regular price is asked for a product.
func (m *Optimised) above() (n int) {
	for i := range m.Calendar {
		for k, regular := range m.Regular {
			if m.told.price(m.Calendar[i].Action, k) > regular+1e-9 {
				n++
				break
			}
		}
	}
	return n
}

// write leaves everything that the run found.
func (m *Optimised) write(r *Run, run *rundir.Run, policy *policies.Table, t *stopwatch) error {
	if err := writeJSON(run, "optimize.json", m); err != nil {
		return err
	}
	if err := run.Write("calendar.csv", m.CSV); err != nil {
		return err
	}
	if err := m.bundle(run, policy); err != nil {
		return err
	}
	if err := drawAll(run, []picture{{planned, m.picture()}}); err != nil {
		return err
	}
	if err := run.Write("report.txt", func(w io.Writer) error { return m.Text(w) }); err != nil {
		return err
	}
	return r.close(run, t)
}

func (m *Optimised) bundle(run *rundir.Run, policy *policies.Table) error {
	s := m.Scenery
	b := &bundle.Bundle{Policy: policy, Manifest: bundle.Manifest{Name: s.Name + " calendar", Souk: souk.Version, Scenario: s.Name, ScenarioSHA256: s.Hash(), Agent: planned,
		Purpose: s.Question, Caveats: m.Caveats, Found: m.answer()}}
	if s.Data.Panel != "" {
		b.Manifest.Data = []string{s.Data.Panel + ", sha256 " + s.Data.SHA256 + ": " + s.Data.Terms}
	}
	row := &m.Comparison.Rows[0]
	b.Manifest.Evaluation = []bundle.Figure{{Name: m.what(), Unit: "$", Value: row.Profit.Value, Low: row.Profit.Low, High: row.Profit.High, Level: row.Profit.Level}}
	return bundle.Write(b, func(name string, data []byte) error { return run.WriteFile("policy/"+name, data) })
}

// what is what the comparison measures.
func (m *Optimised) what() string {
	if m.Scenery.World() == scenarios.PricingProblem {
		return "reward of an episode"
	}
	return adverb(m.Scenery.Time.Period) + " " + m.Scenery.Learner().Reward.Of
}
