package demand

import (
	"bytes"
	"math"
	"testing"
)

// TestCombinationWeighsByPastErrors: of a series with a steep season, the seasonal naive's back-test errors are a small part
// of the naive's, and so is the naive's weight.
func TestCombinationWeighsByPastErrors(t *testing.T) {
	s := monthly(96)
	for i := range s.Values {
		s.Values[i] = 100 + 80*math.Sin(2*math.Pi*float64(i)/12) + 0.01*s.Values[i]
	}
	m := Combination{Members: []string{"naive", "seasonal-naive"}, Options: Options{Period: 12}}
	if err := m.Fit(s); err != nil {
		t.Fatal(err)
	}
	if w := m.Weights; math.Abs(w[0]+w[1]-1) > 1e-12 || w[0] > 0.05 {
		t.Errorf("weights %v", w)
	}
	short := Series{Values: s.Values[:24]}
	if err := m.Fit(short); err != nil {
		t.Fatal(err)
	}
	if m.Weights[0] != 0.5 || m.Weights[1] != 0.5 {
		t.Errorf("weights %v of a series too short for back-tests, want equal ones", m.Weights)
	}
}

// TestCombinationIsTheMixture: the mean is the weighted mean, the variance that of the mixture, of the two members.
func TestCombinationIsTheMixture(t *testing.T) {
	s := monthly(96)
	m := Combination{Members: []string{"theta", "drift"}, Options: Options{Period: 12}}
	if err := m.Fit(s); err != nil {
		t.Fatal(err)
	}
	f, err := m.Forecast(12, 0.9, nil)
	if err != nil {
		t.Fatal(err)
	}
	var parts [2]*Forecast
	for i, name := range m.Members {
		member, err := New(name, m.Options)
		if err != nil {
			t.Fatal(err)
		}
		if err := member.Fit(s); err != nil {
			t.Fatal(err)
		}
		if parts[i], err = member.Forecast(12, 0.9, nil); err != nil {
			t.Fatal(err)
		}
	}
	for h := range f.Mean {
		mean, square := 0.0, 0.0
		for i, w := range m.Weights {
			mu, se := parts[i].Mean[h], parts[i].TransformedSE[h]
			mean += w * mu
			square += w * (mu*mu + se*se)
		}
		if math.Abs(f.Mean[h]/mean-1) > 1e-12 || math.Abs(f.TransformedSE[h]/math.Sqrt(square-mean*mean)-1) > 1e-9 {
			t.Errorf("step %d: %v ± %v, want %v ± %v", h+1, f.Mean[h], f.TransformedSE[h], mean, math.Sqrt(square-mean*mean))
		}
	}
}

// TestCombinationUpdatesAllMembersOrNone refuses what one member refuses.
func TestCombinationUpdatesAllMembersOrNone(t *testing.T) {
	m := Combination{Members: []string{"theta", "regression"}, Options: Options{Period: 12}}
	if err := m.Fit(monthly(96)); err != nil {
		t.Fatal(err)
	}
	before, err := Save(&m)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range [][]float64{nil, {math.NaN()}, {1, 2}} {
		if err := m.Update(100, x); err == nil {
			t.Errorf("takes the regressors %v", x)
		}
	}
	if after, err := Save(&m); err != nil || !bytes.Equal(before, after) {
		t.Errorf("a refused update changed the model (%v)", err)
	}
}

// TestCombinationLeavesOutWhatCannotBeFitted says so, and needs a name that exists.
func TestCombinationLeavesOutWhatCannotBeFitted(t *testing.T) {
	m := Combination{Members: []string{"theta", "poisson"}}
	if err := m.Fit(Series{Values: []float64{1.5, 2.5, 1.25, 3, 2, 4, 3, 2, 4, 2.5, 3, 2}}); err != nil {
		t.Fatal(err)
	}
	if m.Weights[0] != 1 || m.Weights[1] != 0 || len(m.Warnings) != 1 {
		t.Errorf("weights %v, warnings %q", m.Weights, m.Warnings)
	}
	if b, err := Save(&m); err != nil {
		t.Error(err)
	} else if _, err := Load(b); err != nil {
		t.Error(err)
	}
	if err := (&Combination{Members: []string{"nonesuch"}}).Fit(monthly(30)); err == nil {
		t.Error("a member that does not exist is fitted")
	}
}

// FuzzLoadSmoothing: whatever Load accepts forecasts, simulates and updates without a panic.
func FuzzLoadSmoothing(f *testing.F) {
	for _, m := range []Model{&ETS{Period: 12, Form: "MAdM"}, &ETS{Form: "AAN"}, &Theta{smoothed{Period: 12}}, &Naive2{},
		&Combination{Members: []string{"naive2", "theta"}, Options: Options{Period: 12}}} {
		if err := m.Fit(monthly(60)); err != nil {
			f.Fatal(err)
		}
		b, err := Save(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		f.Add(bytes.ReplaceAll(b, []byte(`"period":12`), []byte(`"period":0`)))
		f.Add(bytes.Replace(b, []byte(`"state":[`), []byte(`"state":[1,`), 1))
		f.Add(bytes.Replace(b, []byte(`"weights":[`), []byte(`"weights":[0,`), 1))
		f.Add(bytes.Replace(b, []byte(`"next":`), []byte(`"next":-`), 1))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Load(b)
		if err != nil {
			return
		}
		future := []Regressor{{"deal", make([]float64, 3)}}
		_, _ = m.Forecast(3, 0.9, future)
		_ = m.Update(5, []float64{0})
		_, _ = m.Simulator(3, future)
	})
}

// FuzzLoadEvery: the same of every kind there is, the trees and networks too.
func FuzzLoadEvery(f *testing.F) {
	for _, k := range Kinds() {
		m := k.New(Options{Period: 4})
		if err := m.Fit(monthly(36)); err != nil {
			continue // not a series for this kind
		}
		b, err := Save(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		m, err := Load(b)
		if err != nil {
			return
		}
		_, _ = m.Forecast(3, 0.9, nil)
		_ = m.Update(5, nil)
		_, _ = m.Simulator(3, nil)
	})
}

func FuzzTransform(f *testing.F) {
	for _, text := range []string{"", "log", "box-cox 0.5", "box-cox -5", "box-cox NaN"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var is, again Transform
		if is.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(is.String())); err != nil || again != is {
			t.Errorf("%q is %+v, written as %q and read as %+v, %v", text, is, is, again, err)
		}
	})
}
