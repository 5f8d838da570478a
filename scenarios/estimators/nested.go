package estimators

import (
	"context"
	"maps"
	"slices"

	"github.com/souk-sim/souk/market/choice"
)

// Nested is the nested logit.
type Nested struct {
	Choices
	Nests map[string][]string `toml:"nests" required:"true" doc:"alternatives that are closer rivals, as in heinz:heinz41,heinz32;tub:a,b; others stand alone"`
}

func (n *Nested) nests() (out []choice.Nest) {
	for _, name := range slices.Sorted(maps.Keys(n.Nests)) {
		out = append(out, choice.Nest{Name: name, Alternatives: n.Nests[name]})
	}
	return out
}

func (n *Nested) individual(s *choice.Situations, _ Job) (choice.Individual, error) {
	return choice.FitNested(s, n.utility(), n.nests())
}

// Fit implements Estimator.
func (n *Nested) Fit(_ context.Context, job Job) (*Fit, error) {
	st, err := n.study(n, job)
	if err != nil {
		return nil, err
	}
	plain, err := choice.FitLogit(st.s, n.utility())
	if err != nil {
		return nil, st.about(err)
	}
	f, own, err := st.report("nested logit", &plain.Estimates)
	if err != nil {
		return nil, err
	}
	m := st.model.(*choice.NestedLogit)
	all := struct {
		choiceFigures
		Nests   []choice.Nest      `json:"nests"`
		Lambdas map[string]float64 `json:"lambdas"`
		Starts  int                `json:"starts"`
		Reached int                `json:"reached"`
	}{own, m.Nests, map[string]float64{}, m.Starts, m.Reached}
	table := Table{Title: "nests", Rows: [][]string{{"", "lambda", "s.e.", "1 - lambda²", "alternatives"}},
		Note: "lambda is 1 where a nest's alternatives are no closer rivals than others; 1 - lambda² is the correlation of their unseen worth"}
	for _, nest := range m.Nests {
		row := []string{nest.Name, "–", "–", "–", list(nest.Alternatives)}
		for _, c := range m.Coefficients {
			if c.Name == "lambda_"+nest.Name {
				all.Lambdas[nest.Name] = c.Estimate
				row[1], row[2] = threeDigits(c.Estimate), threeDigits(c.SE)
				if c.Estimate <= 1 {
					row[3] = threeDigits(1 - c.Estimate*c.Estimate)
				}
			}
		}
		table.Rows = append(table.Rows, row)
	}
	f.Tables = append([]Table{table}, f.Tables...)
	f.Own = all
	return f, nil
}
