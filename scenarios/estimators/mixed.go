package estimators

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/scenarios/field"
)

// Mixed is the mixed logit for panels.
type Mixed struct {
	Choices
	Normal     []string `toml:"normal" doc:"attributes and constants (asc_NAME) whose coefficients differ between households by a normal law"`
	LogNormal  []string `toml:"log_normal" doc:"those that differ by a log-normal law, whose sign is the conditional logit's"`
	Nodes      int      `toml:"nodes" range:"[0,100000]" doc:"points of the integral over tastes; 0: as many as one random coefficient needs, 500 draws for more"`
	Parameters *Tastes  `toml:"parameters" doc:"the model itself, without a file"`
}

func (m *Mixed) individual(s *choice.Situations, job Job) (choice.Individual, error) {
	if err := m.check(s); err != nil {
		return nil, err
	}
	return choice.FitMixed(s, choice.MixedOptions{Utility: m.utility(), Normal: m.Normal, LogNormal: m.LogNormal, Nodes: m.Nodes, Seed: job.Seed, Progress: job.Progress})
}

// check refuses names that no coefficient has.
func (m *Mixed) check(s *choice.Situations) error {
	if len(m.Normal)+len(m.LogNormal) == 0 {
		return field.New("normal", "nothing", fmt.Sprintf("one or more of %q, here or as log-normal", s.Attributes))
	}
	if m.Nodes == 1 {
		return field.New("nodes", m.Nodes, "2 or more, or 0")
	}
	all := slices.Concat(m.Normal, m.LogNormal)
	for i, name := range all {
		key := "normal"
		if i >= len(m.Normal) {
			key = "log_normal"
		}
		alternative := slices.ContainsFunc(s.Alternatives, func(a string) bool { return "asc_"+a == name })
		if !slices.Contains(s.Attributes, name) && !(alternative && m.Constants) {
			return field.New(key, name, fmt.Sprintf("one of %q or a constant asc_NAME", s.Attributes))
		}
		if slices.Contains(all[:i], name) {
			return field.New(key, name+" twice", "each coefficient once")
		}
	}
	return nil
}

// Fit implements Estimator.
func (m *Mixed) Fit(_ context.Context, job Job) (*Fit, error) {
	st, err := m.study(m, job)
	if err != nil {
		return nil, err
	}
	plain, err := choice.FitLogit(st.s, m.utility())
	if err != nil {
		return nil, st.about(err)
	}
	f, own, err := st.report("mixed logit", &plain.Estimates)
	if err != nil {
		return nil, err
	}
	fitted := st.model.(*choice.MixedLogit)
	f.Own = struct {
		choiceFigures
		Random []choice.RandomCoefficient `json:"random"`
		Nodes  int                        `json:"nodes"`
	}{own, fitted.Random, fitted.Nodes}
	table := Table{Title: "tastes that differ between households", Rows: [][]string{{"", "law", "mean", "median", "s.d.", "above 0"}}}
	for _, r := range fitted.Random {
		law := "normal"
		if r.Sign != 0 {
			law = "log-normal"
		}
		table.Rows = append(table.Rows, []string{r.Name, law, threeDigits(r.Mean), threeDigits(r.Median), threeDigits(r.SD), fmt.Sprintf("%.1f%%", 100*aboveZero(r))})
	}
	f.Tables = append([]Table{table}, f.Tables...)
	f.Words = append(f.Words, fmt.Sprintf("the integral over tastes took %d nodes; that a spread is 0 lies on the edge of the model, where half of that p holds", fitted.Nodes))
	return f, nil
}

// Given implements ByHand.
func (m *Mixed) Given() (json.Marshaler, error) {
	if m.Parameters == nil {
		return nil, nil
	}
	return m.Parameters.mixed(m.Base, m.Outside != "", m.LogNormal, m.Nodes)
}
