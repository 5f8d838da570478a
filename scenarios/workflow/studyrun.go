package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/results/report"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
)

// Findings are what a run of a world found whose measures are its result: measures.json, and the printed report.
type Findings struct {
	Scenario string    `json:"scenario"`
	RunID    string    `json:"run_id"`
	Question string    `json:"question,omitempty"`
	Measures []Measure `json:"measures"`
	Policy   *Pick     `json:"policy,omitempty"` // the one in policy/

	Dir string `json:"-"`
}

// Study measures a scenario itself, without what was published of it, and leaves a run directory. Such a run is not resumed: when the context is cancelled
// nothing of it stays, and the error is the context's.
func (r *Run) Study(ctx context.Context) (*Findings, error) {
	s := r.Scenario
	st, err := studyOf(s)
	if err != nil {
		return nil, err
	}
	run, err := r.Store.Open(s.Name, s.Canonical(), r.Options)
	if err != nil {
		return nil, err
	}
	t := &stopwatch{run: r, timing: map[string]float64{}}
	f := &Findings{Scenario: s.Name, RunID: run.ID, Question: s.Question, Dir: run.Dir}
	if err = f.find(ctx, r, run, st, t); err == nil {
		err = run.Finish(r.Build)
	}
	if err == nil {
		return f, nil
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return nil, errors.Join(err, run.Discard())
}

func (f *Findings) find(ctx context.Context, r *Run, run *rundir.Run, st study, t *stopwatch) error {
	result, err := st.measure(ctx, r.Scenario, r.workers(), r.counting(r.Scenario.Name))
	if err != nil {
		return err
	}
	t.done("measure")
	f.Measures, f.Policy = result.measures, result.best
	if err := writeJSON(run, "measures.json", f); err != nil {
		return err
	}
	if err := f.draw(run, r.Scenario); err != nil {
		return err
	}
	if f.Policy != nil {
		if err := f.bundle(run, r.Scenario); err != nil {
			return err
		}
	}
	if err := run.Write("report.txt", f.Text); err != nil {
		return err
	}
	return r.close(run, t)
}

// Text writes the measures as a table, and what became of them.
func (f *Findings) Text(w io.Writer) error {
	p := &page{}
	p.line("%s · run %s", f.Scenario, f.RunID)
	if f.Question != "" {
		p.line("%s", f.Question)
	}
	p.line("")
	p.WriteString(figuresTable(f.Measures))
	if f.Policy != nil {
		told := []string{"policy/ holds " + f.Policy.inWords() + "."}
		if few := barelyVisited(f.Policy.Policy); few != "" {
			told = append(told, few)
		}
		p.section("learned", told...)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

func (k *Pick) inWords() string {
	text := fmt.Sprintf("%s of seed %d, after %s", k.Agent, k.Seed, plural(k.Episodes, "episode"))
	switch {
	case k.Value == nil:
		return text + ", which earned most while it learned: the problem is too large for exact values"
	case k.OfOptimum == nil:
		return text + fmt.Sprintf(", worth $ %s, the best of all", figure(*k.Value))
	}
	return text + fmt.Sprintf(", worth $ %s, %.2f%% of the optimum: the best seed of the best learner", figure(*k.Value), 100**k.OfOptimum)
}

// draw leaves a picture of what there are paths of: how learners came along, and prices after a deviation.
func (f *Findings) draw(run *rundir.Run, s *scenarios.Scenario) error {
	var all []picture
	if l := curvesOf("Learning", s.Name, f.Measures); l != nil {
		all = append(all, picture{"learning", l})
	}
	if l := deviationOf(s.Name, f.Measures); l != nil {
		all = append(all, picture{"deviation", l})
	}
	return drawAll(run, all)
}

// deviationOf draws prices after a deviation in a repeated game; nil where none was measured.
func deviationOf(name string, all []Measure) *report.Courses {
	l := &report.Courses{Title: "After a deviation", Subtitle: name, X: "period", Y: "price, $", Caption: "Lines: mean of sessions, in a band of two standard errors."}
	for _, stem := range []string{"deviator-price", "rival-price"} {
		c := report.Course{Name: strings.TrimSuffix(stem, "-price")}
		for _, m := range all {
			if text, is := strings.CutPrefix(m.Name, stem+"@"); is {
				if period, err := strconv.Atoi(text); err == nil {
					c.X, c.Measured, c.Error = append(c.X, float64(period)), append(c.Measured, m.Value), append(c.Error, m.doubt())
				}
			}
		}
		if len(c.X) > 1 {
			l.Courses = append(l.Courses, c)
		}
	}
	if len(l.Courses) == 0 {
		return nil
	}
	return l
}

// bundle writes the policy that the run hands on.
func (f *Findings) bundle(run *rundir.Run, s *scenarios.Scenario) error {
	k := f.Policy
	agent := s.Agents[slices.IndexFunc(s.Agents, func(a scenarios.Agent) bool { return a.Name == k.Agent })]
	parameters, err := json.Marshal(agent.Params)
	if err != nil {
		return err
	}
	p := &s.Problem
	m := bundle.Manifest{Name: s.Name + " " + k.Agent, Souk: souk.Version, Scenario: s.Name, ScenarioSHA256: s.Hash(), Agent: k.Agent, Parameters: parameters, Seed: k.Seed,
		Episodes: int64(k.Episodes), Purpose: s.Question,
		Market:  fmt.Sprintf("One seller's pricing problem in closed form, %s: %s demand, %s sales, reviewed %s.", p.Criterion, p.Demand.Kind, p.Sales, plural(p.Reviews, "time")),
		Found:   []string{"It holds " + k.inWords() + "."},
		Caveats: []string{"Demand is as the scenario gives it, fitted to no data: the policy is as good as that."}}
	value := slices.IndexFunc(f.Measures, func(m Measure) bool { return m.Name == "value:"+k.Agent })
	if k.Value != nil && value >= 0 {
		low, high := f.Measures[value].interval()
		m.Evaluation = []bundle.Figure{{Name: "exact value of this policy", Unit: "$", Value: *k.Value, Low: *k.Value, High: *k.Value, Level: 1},
			{Name: "exact value, mean of all training seeds", Unit: "$", Value: f.Measures[value].Value, Low: low, High: high, Level: 0.95}}
	}
	return bundle.Write(&bundle.Bundle{Policy: k.Policy, Manifest: m}, func(name string, data []byte) error { return run.WriteFile("policy/"+name, data) })
}
