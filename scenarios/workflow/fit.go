package workflow

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/market/rivals"
	"github.com/souk-sim/souk/scenarios"
)

// missing marks a value that is not there.
var missing = math.NaN()

// Models are what a scenario fits. Training and validation periods are fitted on; the test periods only judge.
type Models struct {
	Traffic *demand.Auto
	Choice  *choice.ShareLogit
	Prices  []*rivals.Fitted // of every product, the learner's included
}

// Fit fits the scenario's models, from traffic to prices. A cancelled context stops it between models.
func Fit(ctx context.Context, s *scenarios.Scenario, d *Data) (*Models, error) {
	m := &Models{}
	for _, stage := range []struct {
		name string
		fit  func() error
	}{
		{"demand", func() (err error) { m.Traffic, err = fitTraffic(s, d); return err }},
		{"choice", func() (err error) { m.Choice, err = choice.Fit(d.forChoice(), choiceOptions(s)); return err }},
		{"prices", func() (err error) { m.Prices, err = fitPrices(s, d); return err }},
	} {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := stage.fit(); err != nil {
			return nil, fmt.Errorf("fitting %s: %w", stage.name, err)
		}
	}
	return m, nil
}

// fitTraffic fits customers a period, with the year's waves and a dummy for each outlier as regressors.
func fitTraffic(s *scenarios.Scenario, d *Data) (*demand.Auto, error) {
	first, last := s.Data.Split.Train[0], s.Data.Split.Validation[1]
	n := last - first + 1
	series := demand.Series{Start: first, Values: make([]float64, n), Regressors: regressors(s, d, first, n)}
	for i := range series.Values {
		series.Values[i] = missing
	}
	panel := d.Panel.Between([2]int{first, last})
	for t, period := range panel.Periods {
		series.Values[period-first] = panel.Customers[t]
	}
	model := &demand.Auto{}
	if s.Demand.Transform == "log" {
		model.Transform = demand.Log()
	}
	if s.Demand.Order.Auto {
		return model, model.Fit(series)
	}
	model.Order = [3]int{s.Demand.Order.P, s.Demand.Order.D, s.Demand.Order.Q}
	return model, model.ARIMA.Fit(series)
}

// yearInWeeks is the mean Gregorian year.
const yearInWeeks = 365.2425 / 7

// regressors of the traffic model over n periods from start. Outliers outside of what is fitted have none.
func regressors(s *scenarios.Scenario, d *Data, start, n int) []demand.Regressor {
	all := demand.Fourier(yearInWeeks, s.Demand.Harmonics, start, n)
	first, _ := time.Parse(time.DateOnly, s.Data.FirstDay) // checked with the scenario, as the names are
	for _, name := range s.Demand.Holidays {
		before := 0
		if rest, is := strings.CutPrefix(name, "before "); is {
			name, before = rest, 1
		}
		x, _ := demand.Holiday(name, before, first, 7, start, n)
		all = append(all, x)
	}
	outliers := s.Demand.Outliers.Periods
	if s.Demand.Outliers.Found {
		outliers = d.trafficFalls()
	}
	for _, period := range outliers {
		if fitted(s, period) {
			all = append(all, demand.Pulse(fmt.Sprintf("week %d", period), start, n, period))
		}
	}
	return all
}

// fitted says whether the final coefficients are fitted on a period.
func fitted(s *scenarios.Scenario, period int) bool {
	return period >= s.Data.Split.Train[0] && period <= s.Data.Split.Validation[1]
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
