package workflow

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/market/demand/backtest"
	"github.com/souk-sim/souk/results/report"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/rng"
)

// Traffic is the fitted model of customers a period.
type Traffic struct {
	demand.Model
	Name      string              // "arima", or one of demand.Kinds
	Selection *backtest.Selection // how it was chosen; nil where the scenario names it
	First     *demand.Forecast    // of the first period after those fitted on
}

// arima is its name where the scenario's order counts and each outlier has a dummy.
const arima = "arima"

// fitTraffic fits customers a period on the training and validation periods, with the model that the scenario names or the
// best of its candidates.
func fitTraffic(ctx context.Context, s *scenarios.Scenario, d *Data, workers int, progress func(done, total int)) (t Traffic, err error) {
	if t.Name = s.Demand.Model; t.Name == "best" {
		if t.Selection, err = selectTraffic(ctx, s, d, workers, progress); err != nil {
			return t, err
		}
		t.Name = t.Selection.Best
	}
	if t.Model, err = trafficModel(s, t.Name); err != nil {
		return t, err
	}
	if err = t.Fit(customers(s, d, t.Name, s.Data.Split.Validation[1])); err != nil {
		return t, err
	}
	t.First, err = t.Forecast(1, level, regressors(s, d, t.Name, t.Next(), 1))
	return t, err
}

// trafficModel is an unfitted one. ARIMA has no season of its own: the harmonics are its year.
func trafficModel(s *scenarios.Scenario, name string) (demand.Model, error) {
	o := demand.Options{Period: weeksPerYear, Seed: uint64(s.Seed)}
	if s.Demand.Transform == "log" {
		o.Transform = demand.Log()
	}
	switch order := s.Demand.Order; {
	case name == arima && order.Auto:
		return &demand.Auto{ARIMA: demand.ARIMA{Transform: o.Transform}}, nil
	case name == arima:
		return &demand.ARIMA{Order: [3]int{order.P, order.D, order.Q}, Transform: o.Transform}, nil
	}
	return demand.New(name, o)
}

// customers is the series from the first training period to the last given, with the year's waves and holidays as
// regressors. For ARIMA each outlier has a dummy; for others, of which many have no use for dummies, it is missing.
func customers(s *scenarios.Scenario, d *Data, name string, last int) demand.Series {
	first := s.Data.Split.Train[0]
	n := last - first + 1
	series := demand.Series{Start: first, Values: make([]float64, n), Regressors: regressors(s, d, name, first, n)}
	for i := range series.Values {
		series.Values[i] = missing
	}
	panel := d.Panel.Between([2]int{first, last})
	for t, period := range panel.Periods {
		series.Values[period-first] = panel.Customers[t]
	}
	if name != arima {
		for _, period := range outliers(s, d) {
			if first <= period && period <= last {
				series.Values[period-first] = missing
			}
		}
	}
	return series
}

// yearInWeeks is the mean Gregorian year.
const yearInWeeks = 365.2425 / 7

// regressors of the traffic model over n periods from start. Outliers outside of what is fitted have none.
func regressors(s *scenarios.Scenario, d *Data, name string, start, n int) []demand.Regressor {
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
	if name != arima {
		return all
	}
	for _, period := range outliers(s, d) {
		if fitted(s, period) {
			all = append(all, demand.Pulse(fmt.Sprintf("week %d", period), start, n, period))
		}
	}
	return all
}

func outliers(s *scenarios.Scenario, d *Data) []int {
	if s.Demand.Outliers.Found {
		return d.trafficFalls()
	}
	return s.Demand.Outliers.Periods
}

// fitted says whether the final coefficients are fitted on a period.
func fitted(s *scenarios.Scenario, period int) bool {
	return period >= s.Data.Split.Train[0] && period <= s.Data.Split.Validation[1]
}

// simulator draws customers; where a model without logarithms falls below none, none come.
func (t *Traffic) simulator(s *scenarios.Scenario, d *Data) (demand.Simulator, error) {
	n := s.Time.Start - t.Next() + s.Time.Horizon
	paths, err := t.Simulator(n, regressors(s, d, t.Name, t.Next(), n))
	return atLeastNone{paths}, err
}

type atLeastNone struct{ demand.Simulator }

func (a atLeastNone) Path(stream *rng.Stream, path []float64) {
	a.Simulator.Path(stream, path)
	for i, v := range path {
		path[i] = max(0, v)
	}
}

// selectTraffic chooses among the scenario's candidates by how they forecast the validation periods, a quarter ahead from every
// week (from every other one, pay days would always meet the same periods ahead), refitted once a quarter; then the winner
// forecasts the test periods. Periods that the scenario takes out as outliers are neither learned from nor scored.
func selectTraffic(ctx context.Context, s *scenarios.Scenario, d *Data, workers int, progress func(done, total int)) (*backtest.Selection, error) {
	split := s.Data.Split
	horizon := 13
	for _, span := range [][2]int{split.Validation, split.Test} {
		horizon = max(1, min(horizon, (span[1]-span[0]+1)/2))
	}
	var candidates []backtest.Candidate
	for _, name := range s.Demand.Candidates {
		candidates = append(candidates, backtest.Candidate{Name: name, New: func() (demand.Model, error) { return trafficModel(s, name) }})
	}
	plan := backtest.Plan{Horizon: horizon, Refit: horizon, Season: weeksPerYear, Coverage: level, Workers: workers, Progress: progress}
	return backtest.Select(ctx, customers(s, d, "best", split.Test[1]), candidates, plan, split.Validation, split.Test, 1)
}

// text tells which model it is.
func (t *Traffic) text(s *scenarios.Scenario) (text []string) {
	scale, spread := "", func(se float64) string { return fmt.Sprintf("%.3g", se) }
	if s.Demand.Transform == "log" {
		scale, spread = "log ", func(se float64) string { return fmt.Sprintf("%.1f%%", 100*se) }
	}
	if m := t.arima(); m != nil {
		text = append(text, fmt.Sprintf("customers a %s: %sARIMA(%d,%d,%d) with %s, n %d; residual s.d. %s; Ljung–Box p %.2f", s.Time.Period, scale,
			m.Order[0], m.Order[1], m.Order[2], plural(len(m.Coefficients), "coefficient"), m.N, spread(math.Sqrt(m.Sigma2)), m.LjungBox.PValue))
		text = append(text, warnings(m.Warnings)...)
	} else {
		text = append(text, fmt.Sprintf("customers a %s: %s; in %d, the first after those fitted on, %s [%s, %s]", s.Time.Period, t.Name, t.First.Start,
			thousands(t.First.Median[0], ""), thousands(t.First.Lo[0], ""), thousands(t.First.Hi[0], "")))
	}
	if t.Selection == nil {
		return text
	}
	of := func(span [2]int) string { return fmt.Sprintf("%s %d to %d", s.Time.Period+"s", span[0], span[1]) }
	text = append(text, fmt.Sprintf("chosen of %s by their forecasts of %s", plural(len(t.Selection.Validation.Rows), "model"), of(s.Data.Split.Validation)))
	best := t.Selection.Test.Best()
	if best == nil {
		return append(text, fmt.Sprintf("! on %s: %s", of(s.Data.Split.Test), t.Selection.Test.Rows[0].Failed))
	}
	o := best.Overall
	return append(text, fmt.Sprintf("tested once, on %s: MASE %.3f, sMAPE %.2f, RMSSE %.3f, pinball %.3f; %.0f%% of values in %.0f%% intervals",
		of(s.Data.Split.Test), o.MASE, o.SMAPE, o.RMSSE, o.Pinball, 100*o.Coverage, 100*t.Selection.Test.Coverage))
}

// arima is the model where it is one, else nil.
func (t *Traffic) arima() *demand.ARIMA {
	switch m := t.Model.(type) {
	case *demand.Auto:
		return &m.ARIMA
	case *demand.ARIMA:
		return m
	}
	return nil
}

// table lists ARIMA's coefficients, and how a chosen model came out.
func (t *Traffic) table() string {
	text := ""
	if m := t.arima(); m != nil {
		rows := [][]string{{"", "estimate", "s.e."}}
		for _, c := range m.Coefficients {
			rows = append(rows, []string{c.Name, fmt.Sprintf("%.4f", c.Estimate), fmt.Sprintf("%.4f", c.SE)})
		}
		text = align(rows)
	}
	if t.Selection == nil {
		return text
	}
	r := t.Selection.Validation
	if text != "" {
		text += "\n"
	}
	return text + fmt.Sprintf("forecasts of %d weeks from each of %d\n\n%s", r.Horizon, len(r.Origins), r.Text())
}

// document is the model as JSON: ARIMA as itself, others as demand.Save writes them.
func (t Traffic) document() any {
	if m := t.arima(); m != nil {
		return m
	}
	return saved{t.Model}
}

type saved struct{ demand.Model }

func (m saved) MarshalJSON() ([]byte, error) { return demand.Save(m.Model) }

// leaderboard is the picture of the choice.
func (t *Traffic) leaderboard(s *scenarios.Scenario) *report.Leaderboard {
	r := t.Selection.Validation
	board := &report.Leaderboard{Title: "Which model forecasts customers best", Score: "MASE (less is better)",
		Subtitle: fmt.Sprintf("%s: weeks %d to %d, %d weeks ahead from each of %d", s.Name, s.Data.Split.Validation[0], s.Data.Split.Validation[1], r.Horizon, len(r.Origins)),
		Caption:  "Bars: 95% intervals over the weeks that forecasts begin in."}
	if board.Standings = standings(r, t.Name); !barred(r) {
		board.Caption = ""
	}
	return board
}
