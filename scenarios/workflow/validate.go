package workflow

import (
	"context"
	"fmt"
	"slices"

	"github.com/souk-sim/souk/market/twins"
	"github.com/souk-sim/souk/results/report"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/estimators"
)

// TwinTest is whether the synthetic customers of a model pass for real ones.
type TwinTest struct {
	Part   string        `json:"part"`
	Name   string        `json:"name"`
	Kind   string        `json:"kind"`
	Data   string        `json:"data,omitempty"`
	Report *twins.Report `json:"report,omitempty"`
	Why    string        `json:"not_tested,omitempty"` // why there is no report
}

// Validate puts the models of the shoppers to the twin test, each on the data of its own: one half of the customers is fitted, and as many
// synthetic ones are held against the other half. The result does not depend on the number of workers. Watch may be nil.
func Validate(ctx context.Context, s *scenarios.Scenario, workers int, watch func(Progress)) ([]TwinTest, error) {
	var all []TwinTest
	for _, m := range s.Shoppers.Models() {
		t := TwinTest{Part: m.Part, Name: m.Name, Kind: m.Model, Data: m.Data}
		twin, can := m.Estimator.(estimators.Twinned)
		switch {
		case m.ByHand():
			t.Why = "given by hand, without customers to compare with"
		case !can:
			t.Why = "it makes no customers by itself"
			for _, o := range s.Shoppers.Models() {
				if _, makes := o.Estimator.(estimators.Twinned); makes && slices.Contains(beside(s, o), m.Estimator) {
					t.Why = "by itself; a part of those of " + o.Name
				}
			}
		default:
			var err error
			do := func(ctx context.Context, job estimators.Job) (*twins.Report, error) {
				job.Beside = beside(s, m)
				return twin.Twin(ctx, job)
			}
			if t.Report, err = onData(ctx, s, m, workers, watch, "twin test of", do); err != nil {
				return nil, err
			}
		}
		all = append(all, t)
	}
	return all, nil
}

// beside are the other models of the part that are fitted to the same data.
func beside(s *scenarios.Scenario, m *scenarios.Model) (others []estimators.Estimator) {
	for _, o := range s.Shoppers.Models() {
		if o != m && o.Part == m.Part && o.SHA256 == m.SHA256 {
			others = append(others, o.Estimator)
		}
	}
	return others
}

// Picture draws the test: how well synthetic customers are told from real ones, their measures, and the distributions among its tables.
func (t TwinTest) Picture(scenario string) *report.Twins {
	r := t.Report
	verdict := "hardly to be told from real ones"
	if !r.Passes {
		verdict = "told from real ones"
	}
	p := &report.Twins{Title: scenario + ": synthetic " + r.About + " are " + verdict, Subtitle: fmt.Sprintf("%s; %d fitted, %d held out, %d synthetic", t.Name, r.Train, r.HeldOut, r.Synthetic),
		AUC: []report.Estimate{{Name: "synthetic against held out", Value: r.AUC.Value, Low: r.AUC.Low, High: r.AUC.High, Learned: true},
			{Name: "real against real", Value: r.RealAUC.Value, Low: r.RealAUC.Low, High: r.RealAUC.High}},
		Limit: twins.MostAUC}
	for _, m := range r.Measures {
		p.Distances = append(p.Distances, report.Distance{Name: m.Name, Synthetic: defined(m.Z), Real: defined(m.RealZ)})
	}
	for _, table := range r.Tables {
		if len(table.Rows) != 1 {
			continue
		}
		d := report.Distribution{Name: table.Name, Labels: table.Columns}
		for j := range table.Columns {
			d.Real, d.Synthetic = append(d.Real, defined(table.HeldOut[0][j])), append(d.Synthetic, defined(table.Synthetic[0][j]))
		}
		p.Distributions = append(p.Distributions, d)
	}
	return p
}

// defined is the number, or NaN where there is none.
func defined(v *float64) float64 {
	if v == nil {
		return missing
	}
	return *v
}
