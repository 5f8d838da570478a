package backtest

import (
	"context"
	"math"
	"testing"

	"github.com/souk-sim/souk/market/demand"
)

// peeker reads behind the end of the slice that it is given.
type peeker struct{ demand.Naive }

func (m *peeker) Fit(s demand.Series) error {
	s.Regressors = nil
	if n := len(s.Values); cap(s.Values) > n {
		s.Values = append([]float64{s.Values[:n+1][n]}, s.Values...)
		s.Values[n] = s.Values[0] // the naive forecast is now the next value
		s.Start--
	}
	return m.Naive.Fit(s)
}

// vandal changes what it is given.
type vandal struct{ demand.Naive }

func (m *vandal) Fit(s demand.Series) error {
	s.Values[0]++
	return m.Naive.Fit(s)
}

// hoarder remembers the values of all fits of its candidate.
type hoarder struct {
	demand.Naive
	seen map[int]float64
}

func (m *hoarder) Fit(s demand.Series) error {
	s.Regressors = nil
	for i, y := range s.Values {
		m.seen[s.Start+i] = y
	}
	if next, known := m.seen[s.Start+len(s.Values)]; known {
		s.Values = append(copied(s.Values[:len(s.Values)-1]), next)
	}
	return m.Naive.Fit(s)
}

func TestPlantedLeaksAreFound(t *testing.T) {
	s := seasonal(80, 2)
	p := plan(t, s, 4, 3, 4)
	build := func(s demand.Series) (demand.Series, []Candidate, error) {
		seen := map[int]float64{}
		mean := 0.0 // of all values
		for _, y := range s.Values {
			mean += y / float64(len(s.Values))
		}
		return s, append([]Candidate{
			{"looks behind the slice", func() (demand.Model, error) { return &peeker{}, nil }},
			{"changes the series", func() (demand.Model, error) { return &vandal{}, nil }},
			{"keeps what it saw", func() (demand.Model, error) { return &hoarder{seen: seen}, nil }},
			{"power from the whole series", func() (demand.Model, error) {
				return demand.New("drift", demand.Options{Transform: demand.BoxCox(mean / 1000)})
			}},
		}, named(t, "naive", "seasonal-naive", "drift")...), nil
	}
	found, err := Leaks(context.Background(), s, build, p)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"looks behind the slice", "changes the series", "keeps what it saw", "power from the whole series"}
	if len(found) != len(want) {
		t.Fatalf("%+v", found)
	}
	for i, l := range found {
		if l.Model != want[i] || l.What == "" {
			t.Errorf("%+v, want one of %s", l, want[i])
		}
	}
}

// TestNoModelOfOursLeaks, on counts, which every kind takes.
func TestNoModelOfOursLeaks(t *testing.T) {
	s := seasonal(60, 4)
	for i, y := range s.Values {
		s.Values[i] = math.Round(y)
	}
	var names []string
	for _, k := range demand.Kinds() {
		names = append(names, k.Name)
	}
	build := func(s demand.Series) (demand.Series, []Candidate, error) { return s, named(t, names...), nil }
	found, err := Leaks(context.Background(), s, build, plan(t, s, 3, 1, 1))
	if err != nil || len(found) > 0 {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestRunGivesNothingToPeekAt: the same models that Leaks finds gain nothing in Run, since what they reach for is not there.
func TestRunGivesNothingToPeekAt(t *testing.T) {
	s := seasonal(80, 2)
	was := clone(s)
	r, err := Run(context.Background(), s, append([]Candidate{
		{"looks behind the slice", func() (demand.Model, error) { return &peeker{}, nil }},
		{"changes the series", func() (demand.Model, error) { return &vandal{}, nil }}}, named(t, "naive")...), plan(t, s, 4, 10, 1))
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows[1:] {
		if row.Overall.MASE != r.Rows[0].Overall.MASE {
			t.Errorf("%s %v, %s %v", row.Name, row.Overall.MASE, r.Rows[0].Name, r.Rows[0].Overall.MASE)
		}
	}
	if !same(s, was) {
		t.Error("the series was changed")
	}
}

// TestAFeatureMadeOfTheFutureIsFound, when it is made by the code under test, and when it comes with the data.
func TestAFeatureMadeOfTheFutureIsFound(t *testing.T) {
	s := seasonal(80, 2)
	p := plan(t, s, 4, 3, 4)
	for _, ahead := range []int{-6, -1, 0, 1, 3} {
		leaky := func(s demand.Series) demand.Series {
			x := make([]float64, len(s.Values))
			for i := range x {
				x[i] = 3 + s.Values[min(max(i+ahead, 0), len(x)-1)]/10 + 0.01*float64(i%3)
			}
			s.Regressors = append(s.Regressors[:1:1], demand.Regressor{Name: "feature", Values: x})
			return s
		}
		build := func(s demand.Series) (demand.Series, []Candidate, error) {
			return leaky(s), []Candidate{{"arima", func() (demand.Model, error) { return &demand.ARIMA{Order: [3]int{1, 0, 0}}, nil }}}, nil
		}
		found, err := Leaks(context.Background(), s, build, p)
		if err != nil {
			t.Fatal(err)
		}
		leaks := ahead > -p.Horizon // else it is known when the forecast is made
		if (len(found) == 1) != leaks {
			t.Errorf("feature %d ahead: %+v", ahead, found)
		}
		suspects := Suspects(leaky(s), p.Horizon)
		if (len(suspects) == 1) != leaks || leaks && (suspects[0].Regressor != "feature" || suspects[0].Ahead != ahead || math.Abs(suspects[0].Correlation-1) > 1e-3) {
			t.Errorf("feature %d ahead: %v", ahead, suspects)
		}
	}
	if suspects := Suspects(s, p.Horizon); len(suspects) != 0 {
		t.Errorf("an honest regressor: %v", suspects)
	}
}
