package demand

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/souk-sim/souk/scenarios/data/shared"
)

// juiceSeries is one brand in one store: weekly units, and what oj_forecast_baselines.json lets a model know of a week.
type juiceSeries struct {
	Series
	scale float64 // of the absolute errors: the mean change of weeks 40 to 99
}

const (
	juiceFirst, juiceTest = 40, 100
	juiceBrands           = 11
)

// juice reads the 55 series of the orange-juice task, with regressors lp, lpo, deal and feat.
func juice(t testing.TB) []juiceSeries {
	stores := []string{"54", "101", "122", "124", "132"}
	all := make([]juiceSeries, len(stores)*juiceBrands)
	for _, r := range records(t, shared.Path(t, "data", "store", "orangejuice.csv"))[1:] {
		store := slices.Index(stores, r[0])
		if store < 0 {
			continue
		}
		brand := int(parse(t, r[1])) - 1
		s := &all[store*juiceBrands+brand]
		if s.Regressors == nil {
			s.Start = juiceFirst
			s.Regressors = []Regressor{{Name: "lp"}, {Name: "lpo"}, {Name: "deal"}, {Name: "feat"}}
		}
		if week := int(parse(t, r[2])); week != juiceFirst+len(s.Values) {
			t.Fatalf("store %s, brand %s: week %d after %d weeks", r[0], r[1], week, len(s.Values))
		}
		s.Values = append(s.Values, math.Exp(parse(t, r[3])))
		for j, v := range []float64{math.Log(parse(t, r[4])), 0, parse(t, r[5]), parse(t, r[6])} {
			s.Regressors[j].Values = append(s.Regressors[j].Values, v)
		}
	}
	for store := range stores {
		brands := all[store*juiceBrands : (store+1)*juiceBrands]
		for week := range brands[0].Values {
			sum := 0.0
			for _, s := range brands {
				sum += s.Regressors[0].Values[week]
			}
			for _, s := range brands {
				s.Regressors[1].Values[week] = (sum - s.Regressors[0].Values[week]) / (juiceBrands - 1)
			}
		}
	}
	for i := range all {
		s := &all[i]
		n := juiceTest - juiceFirst
		for week := 1; week < n; week++ {
			s.scale += math.Abs(s.Values[week]-s.Values[week-1]) / float64(n-1)
		}
	}
	return all
}

// until is the series before the given index, and future the regressors from there on.
func (s *juiceSeries) until(week int) (past Series, future []Regressor) {
	past = Series{Start: s.Start, Values: s.Values[:week]}
	for _, x := range s.Regressors {
		past.Regressors = append(past.Regressors, Regressor{x.Name, x.Values[:week]})
		future = append(future, Regressor{x.Name, x.Values[week:]})
	}
	return past, future
}

// juiceMASE is the mean over the series of the scaled absolute error of one-step forecasts of weeks from to 160, each
// made by predict from the weeks before; two series at a time.
func juiceMASE(t testing.TB, all []juiceSeries, from int, predict func(s *juiceSeries, week int) (float64, error)) float64 {
	var wait sync.WaitGroup
	scores, errs := make([]float64, len(all)), make([]error, len(all))
	slots := make(chan bool, 2)
	for i := range all {
		wait.Add(1)
		slots <- true
		go func() {
			defer wait.Done()
			s := &all[i]
			for week := from; week < len(s.Values) && errs[i] == nil; week++ {
				f, err := predict(s, week)
				scores[i] += math.Abs(f-s.Values[week]) / s.scale / float64(len(s.Values)-from)
				errs[i] = err
			}
			<-slots
		}()
	}
	wait.Wait()
	sum := 0.0
	for i := range scores {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		sum += scores[i]
	}
	return sum / float64(len(all))
}

// refitted makes a fresh model every week and takes its median.
func refitted(fresh func() Model) func(s *juiceSeries, week int) (float64, error) {
	return func(s *juiceSeries, week int) (float64, error) {
		m := fresh()
		past, future := s.until(week)
		if err := m.Fit(past); err != nil {
			return 0, err
		}
		return median(m, future)
	}
}

func median(m Model, future []Regressor) (float64, error) {
	f, err := m.Forecast(1, 0.9, future)
	if err != nil {
		return 0, err
	}
	return f.Median[0], nil
}

// kind makes a model of that name, on logarithms.
func kind(name string) func() Model {
	return func() Model {
		m, err := New(name, Options{Transform: Log()})
		if err != nil {
			panic(err)
		}
		return m
	}
}

// TestTheJuiceTaskIsTheOracles repeats the oracle's least squares from its definition: the task is set up alike.
func TestTheJuiceTaskIsTheOracles(t *testing.T) {
	all := juice(t)
	b, err := os.ReadFile(shared.Path(t, "oracle", "oj_forecast_baselines.json"))
	if err != nil {
		t.Fatal(err)
	}
	var oracle struct {
		Metrics map[string]struct {
			MASE float64 `json:"mase_units"`
		}
	}
	if err := json.Unmarshal(b, &oracle); err != nil {
		t.Fatal(err)
	}
	for _, dynamic := range []bool{false, true} {
		name := map[bool]string{false: "ols_static", true: "ols_dynamic"}[dynamic]
		got := juiceMASE(t, all, juiceTest-juiceFirst, func(s *juiceSeries, week int) (float64, error) { return leastSquares(s, week, dynamic) })
		if want := oracle.Metrics[name].MASE; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: MASE %.10f, the oracle has %.10f", name, got, want)
		}
	}
}

// leastSquares is the oracle's definition: on all weeks before, the first two dropped.
func leastSquares(s *juiceSeries, week int, dynamic bool) (float64, error) {
	row := func(i int) []float64 {
		x := []float64{1}
		for _, r := range s.Regressors {
			x = append(x, r.Values[i])
		}
		if dynamic {
			x = append(x, math.Log(s.Values[i-1]), math.Log(s.Values[i-2]), s.Regressors[0].Values[i-1])
		}
		return x
	}
	k := len(row(2))
	var y []float64
	xx, xy := make([]float64, k*k), make([]float64, k)
	for i := 2; i < week; i++ {
		y = append(y, math.Log(s.Values[i]))
		x := row(i)
		for a := range x {
			xy[a] += x[a] * y[i-2]
			for b := range x {
				xx[a*k+b] += x[a] * x[b]
			}
		}
	}
	var c cholesky
	if !c.factor(k, func(i, j int) float64 { return xx[i*k+j] }) {
		return 0, fmt.Errorf("collinear at week %d", week)
	}
	c.solve(xy)
	return math.Exp(dot(row(week), xy)), nil
}

// juiceBar is the MASE of the oracle's best method, least squares on the price and on the past.
const juiceBar = 0.527

// juiceHolds fails a model whose score is above the bar.
func juiceHolds(t *testing.T, name string, mase float64) {
	t.Logf("%-12s MASE %.4f", name, mase)
	if !(mase <= juiceBar) {
		t.Errorf("%s: MASE %.4f, bar %v", name, mase, juiceBar)
	}
}

// TestPriceAwareModelsForecastTheJuice is all of the 55 series from the models that are quick to fit. TestJuice (-tags
// long) runs the others. Nothing was chosen by the test weeks: features, penalties and orders were settled on weeks 70 to 99.
func TestPriceAwareModelsForecastTheJuice(t *testing.T) {
	all := juice(t)
	from := juiceTest - juiceFirst
	juiceHolds(t, "regression", juiceMASE(t, all, from, refitted(kind("regression"))))

	pasts, regressions := make([]Series, len(all)), make([]*Global, len(all[0].Values))
	for week := from; week < len(regressions); week++ {
		for i := range all {
			pasts[i], _ = all[i].until(week)
		}
		g, err := FitGlobal(pasts, Options{Transform: Log()})
		if err != nil {
			t.Fatal(err)
		}
		regressions[week] = g
	}
	juiceHolds(t, "global", juiceMASE(t, all, from, func(s *juiceSeries, week int) (float64, error) {
		past, future := s.until(week)
		m, err := regressions[week].Model(past)
		if err != nil {
			return 0, err
		}
		return median(m, future)
	}))
}
