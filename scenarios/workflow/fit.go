package workflow

import (
	"context"
	"fmt"
	"math"
	"runtime"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/market/rivals"
	"github.com/souk-sim/souk/scenarios"
)

// missing marks a value that is not there.
var missing = math.NaN()

// Models are what a scenario fits. Training and validation periods are fitted on; the test periods only judge.
type Models struct {
	Traffic Traffic
	Choice  *choice.ShareLogit
	Prices  []*rivals.Fitted // of every product, the learner's included
}

// Fit fits the scenario's models, from traffic to prices. A cancelled context ends it at once: a fit under way is left to itself and its result dropped.
// The result does not depend on the number of workers, 0 being all processors. Where a model of traffic is chosen, progress is told of the fits of
// its candidates, by one goroutine at a time; nil for nobody.
func Fit(ctx context.Context, s *scenarios.Scenario, d *Data, workers int, progress func(done, total int)) (*Models, error) {
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	m := &Models{}
	for _, stage := range []struct {
		name string
		fit  func() error
	}{
		{"demand", func() (err error) { m.Traffic, err = fitTraffic(ctx, s, d, workers, progress); return err }},
		{"choice", func() (err error) { m.Choice, err = choice.Fit(d.forChoice(), choiceOptions(s)); return err }},
		{"prices", func() (err error) { m.Prices, err = fitPrices(s, d); return err }},
	} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		done := make(chan error, 1)
		go func() { done <- stage.fit() }()
		select {
		case err := <-done:
			if err != nil {
				return nil, fmt.Errorf("fitting %s: %w", stage.name, err)
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return m, nil
}

// choiceOptions are the scenario's wishes for the choice model.
func choiceOptions(s *scenarios.Scenario) choice.Options {
	o := choice.Options{FirstDay: s.Data.FirstDay, Memories: s.Choice.ReferencePrice.Memory,
		Split: choice.Split{Train: choice.Range(s.Data.Split.Train), Validation: choice.Range(s.Data.Split.Validation), Test: choice.Range(s.Data.Split.Test)},
		Quantity: choice.Quantity{Intercept: s.Choice.Quantity.Intercept, Deal: s.Choice.Quantity.Deal, Dispersion: s.Choice.Quantity.Dispersion,
			Provenance: s.Choice.Quantity.Provenance},
		Estimator: map[string]string{"ols": choice.LeastSquares, "2sls": choice.TwoStage}[s.Choice.Estimator]}
	for _, term := range []struct {
		name string
		in   bool
	}{{"trend", s.Choice.Trend}, {"display", s.Choice.Display}, {"season", s.Choice.Season}, {"lent", s.Choice.Lent},
		{"gain", s.Choice.ReferencePrice.Gain}, {"loss", s.Choice.ReferencePrice.Loss}} {
		if !term.in {
			o.Without = append(o.Without, term.name)
		}
	}
	return o
}

// fitPrices fits how each product was priced. The learner's own fit tells its recent cost; nobody plays it.
func fitPrices(s *scenarios.Scenario, d *Data) ([]*rivals.Fitted, error) {
	panel := d.Panel.Between([2]int{s.Data.Split.Train[0], s.Data.Split.Validation[1]})
	var fits []*rivals.Fitted
	for j, product := range panel.Products {
		var o rivals.Options
		if b := sellerOf(s, product).Brain; b != nil {
			o = rivals.Options{Depth: b.Depth, Window: b.Window, Recent: b.Recent, RegularRungs: b.RegularRungs, DealRungs: b.DealRungs}
		}
		fit, err := rivals.Fit(rivals.History{Product: product, Periods: panel.Periods, Price: logs.Column(panel.Price, j),
			Display: logs.Column(panel.Display, j), Cost: logs.Column(panel.Wholesale, j)}, o)
		if err != nil {
			return nil, err
		}
		fits = append(fits, fit)
	}
	return fits, nil
}

func sellerOf(s *scenarios.Scenario, product string) *scenarios.Seller {
	for i := range s.Sellers {
		for _, p := range s.Sellers[i].Prices {
			if p == product {
				return &s.Sellers[i]
			}
		}
	}
	return s.Learner() // a checked scenario has a seller for each product
}
