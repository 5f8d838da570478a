package scenarios

import (
	"fmt"
	"strconv"

	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/scenarios/field"
)

// Problem is one seller's pricing problem in closed form, and what its learners see.
type Problem struct {
	monopoly.Config
	Demand ProblemDemand      `toml:"demand" required:"true" doc:"units that a customer buys in expectation, by the price"`
	State  map[string]Feature `toml:"state" doc:"features that learners see, by name; left out: the state of the problem, exactly"`
}

// ProblemDemand names a demand curve: its options are those of its kind.
type ProblemDemand struct{ monopoly.Demand }

func (p *ProblemDemand) choose(*document, path, map[string]any) {
	for _, k := range monopoly.Kinds() {
		if k.Name == p.Kind {
			p.Demand.Options = k.New()
		}
	}
}

func (p *ProblemDemand) options() any {
	if p.Demand.Options == nil {
		return nil
	}
	return p.Demand.Options
}

func (p *ProblemDemand) fits(*document, path) {} // monopoly.NewProcess tells

// ProblemConfig is the problem as market/monopoly plays it; nil in other worlds.
func (s *Scenario) ProblemConfig() *monopoly.Config {
	if s.World() != PricingProblem {
		return nil
	}
	cfg := s.Problem.Config
	cfg.Demand = s.Problem.Demand.Demand
	return &cfg
}

// problem checks what a pricing problem has.
func (d *document) problem(s *Scenario) {
	names := map[string]bool{"optimum": true, "best-fixed": true, "fluid": true, "random": true} // which measures are of
	for i := range s.Agents {
		at := path("agents").then(strconv.Itoa(i)).then("name")
		d.name(at, s.Agents[i].Name)
		d.once(at, names, s.Agents[i].Name)
	}
	for i := range s.Evaluate.Rules {
		at := path("evaluate").then("rules").then(strconv.Itoa(i)).then("name")
		d.name(at, s.Evaluate.Rules[i].Name)
		d.once(at, names, s.Evaluate.Rules[i].Name)
	}
	d.regret(s)
	if len(d.errs) > 0 {
		return
	}
	p, err := monopoly.NewProcess(s.ProblemConfig())
	if err != nil {
		if bad, ok := err.(*field.Error); ok {
			err = &field.Error{Key: "problem." + bad.Key, Found: bad.Found, Expected: bad.Expected}
		}
		d.located(err)
		return
	}
	if len(s.Agents) > 0 && s.Regret == nil && len(s.Problem.State) == 0 {
		d.tabled(s, p)
	}
	state := path("problem").then("state")
	d.cells(state, s.Problem.State, p.Spec().Features, nil)
	for i, f := range p.Spec().Features {
		if p.Tells(i) {
			continue
		}
		if _, in := s.Problem.State[f.Name]; in {
			d.bad(state.then(f.Name), "what the problem does not hang on", "features that its states tell")
		}
		for k := range s.Evaluate.Rules {
			if r := &s.Evaluate.Rules[k]; p.Endless() && rules.Needs(r.Params, p.Spec(), i) {
				d.bad(path("evaluate").then("rules").then(strconv.Itoa(k)), "a rule that goes by "+f.Name, "one that goes by what the problem hangs on: without an end there is an exact value alone")
			}
		}
	}
}

// mostStates is how many states a table may have, as policies.Encoder has it.
const mostStates = 1 << 26

// tabled holds the states of the problem against what learners can tell apart, where the scenario does not say by which features they do.
func (d *document) tabled(s *Scenario, p *monopoly.Process) {
	n, key := float64(p.States()), "stock"
	if !p.Endless() {
		n *= float64(p.Periods())
		if p.Periods() > s.Problem.Stock {
			key = "reviews"
		}
	}
	if n > mostStates {
		d.bad(path("problem").then(key), fmt.Sprintf("%.3g states over all periods", n), fmt.Sprintf("at most %d; or [problem.state], the features that learners see, in bins", mostStates))
	}
}
