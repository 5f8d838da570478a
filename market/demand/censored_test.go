package demand

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// TestTobitAgreesWithSurvreg compares with R's survival::survreg on testdata/tobit_reference.json, which
// tobit_reference.R beside it writes, and the normal EM with its intercept alone.
func TestTobitAgreesWithSurvreg(t *testing.T) {
	var want struct {
		Sales, X, Deal, Coef, SE []float64
		SoldOut                  []int
		Sigma, LogLik, Mean      float64
		MeanSigma                float64 `json:"mean_sigma"`
	}
	b, err := os.ReadFile("testdata/tobit_reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	soldOut := make([]bool, len(want.Sales))
	for i, v := range want.SoldOut {
		soldOut[i] = v == 1
	}
	// Other units and a missing period change nothing.
	for _, unit := range []float64{1, 1e-6, 1e6} {
		s := Series{Values: []float64{math.NaN()}, Regressors: []Regressor{{"x", append([]float64{math.NaN()}, want.X...)}, {"deal", append([]float64{0}, want.Deal...)}}}
		for _, v := range want.Sales {
			s.Values = append(s.Values, unit*v)
		}
		fit, err := FitTobit(s, append([]bool{true}, soldOut...))
		if err != nil {
			t.Fatal(err)
		}
		if !fit.Converged {
			t.Error("not converged")
		}
		got := append(append([]float64{fit.Sigma / unit, fit.LogLik + float64(fit.Observed)*math.Log(unit)}, fit.Coef...), append(fit.SE, fit.LogSigmaSE)...)
		ref := append(append([]float64{want.Sigma, want.LogLik}, want.Coef...), want.SE...)
		for i := range got {
			if i >= 2 && i < len(got)-1 {
				got[i] /= unit
			}
			if math.Abs(got[i]/ref[i]-1) > 1e-9 {
				t.Errorf("in units of %v, number %d is %v, survreg has %v", unit, i, got[i], ref[i])
			}
		}
		if fit.Observed+fit.Censored != len(want.Sales) || !math.IsNaN(fit.Expected[0]) {
			t.Errorf("%d + %d of %d periods, the missing one expects %v", fit.Observed, fit.Censored, len(want.Sales), fit.Expected[0])
		}
	}
	u, err := UnconstrainNormal(want.Sales, soldOut)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(u.Mean/want.Mean-1) > 1e-8 || math.Abs(u.SD/want.MeanSigma-1) > 1e-8 || !u.Converged {
		t.Errorf("EM: %v, %v after %d steps, survreg has %v, %v", u.Mean, u.SD, u.Iterations, want.Mean, want.MeanSigma)
	}
}

// TestUncensoredMeansAreRecovered simulates 200 seasons of 150 days, of which about 40% sell out, and estimates the mean
// demand of each. The average over the seasons is off by less than four of its standard errors: a right program with an
// unbiased estimator fails each of the four checks with probability 6e-5. What sales say without the flags is shown
// beside it, and is far off.
func TestUncensoredMeansAreRecovered(t *testing.T) {
	const seasons, days = 200, 150
	type check struct {
		name            string
		truth           float64
		found, asIfOpen []float64
	}
	normal, poisson := &check{name: "normal, EM", truth: 50}, &check{name: "Poisson, EM", truth: 12}
	level, slope := &check{name: "Tobit, mean at x = ½", truth: 50}, &check{name: "Tobit, slope", truth: 20}
	family := rng.New(6, 0).Family("censored")
	sales, soldOut, x := make([]float64, days), make([]bool, days), make([]float64, days)
	share := 0.0
	cut := func(i int, demand, stock float64) {
		if sales[i], soldOut[i] = min(demand, stock), demand >= stock; soldOut[i] {
			share += 1.0 / (3 * seasons * days)
		}
	}
	mean := func() (m float64) {
		for _, v := range sales {
			m += v / days
		}
		return m
	}
	for season := range seasons {
		stream := family.At(uint64(season))
		for i := range days {
			cut(i, 50+10*stream.Normal(), 40+25*stream.Float64())
		}
		u, err := UnconstrainNormal(sales, soldOut)
		if err != nil || !u.Converged {
			t.Fatal(err, u)
		}
		normal.found, normal.asIfOpen = append(normal.found, u.Mean), append(normal.asIfOpen, mean())
		for i := range days {
			cut(i, countQuantile(12, 0, stream.Open()), 9+math.Floor(9*stream.Float64()))
		}
		if u, err = UnconstrainPoisson(sales, soldOut); err != nil || !u.Converged {
			t.Fatal(err, u)
		}
		poisson.found, poisson.asIfOpen = append(poisson.found, u.Mean), append(poisson.asIfOpen, mean())
		for i := range days {
			x[i] = stream.Float64()
			cut(i, 40+20*x[i]+8*stream.Normal(), 42+18*stream.Float64())
		}
		fit, err := FitTobit(Series{Values: sales, Regressors: []Regressor{{"x", x}}}, soldOut)
		if err != nil || !fit.Converged {
			t.Fatal(err, fit)
		}
		open, err := FitTobit(Series{Values: sales, Regressors: []Regressor{{"x", x}}}, make([]bool, days))
		if err != nil {
			t.Fatal(err)
		}
		level.found, level.asIfOpen = append(level.found, fit.Coef[0]+fit.Coef[1]/2), append(level.asIfOpen, open.Coef[0]+open.Coef[1]/2)
		slope.found, slope.asIfOpen = append(slope.found, fit.Coef[1]), append(slope.asIfOpen, open.Coef[1])
	}
	t.Logf("%.0f%% of the days sold out", 100*share)
	for _, c := range []*check{normal, poisson, level, slope} {
		average, square, open := 0.0, 0.0, 0.0
		for i, v := range c.found {
			average += v / seasons
			open += c.asIfOpen[i] / seasons
		}
		for _, v := range c.found {
			square += (v - average) * (v - average) / (seasons - 1)
		}
		se := math.Sqrt(square / seasons)
		t.Logf("%s: truth %.4f, bias %+.4f ± %.4f; sales alone %+.4f", c.name, c.truth, average-c.truth, se, open-c.truth)
		if math.Abs(average-c.truth) > 4*se {
			t.Errorf("%s: bias %v ± %v", c.name, average-c.truth, se)
		}
		if math.Abs(open-c.truth) < 8*se {
			t.Errorf("%s: sales alone would have done", c.name)
		}
	}
}

// The tail sums against their definitions, far into the tails too.
func TestExpectationsGivenASellOut(t *testing.T) {
	for _, c := range []struct{ c, mean float64 }{{0, 3}, {1, 3}, {3, 3}, {4, 3}, {40, 3}, {3, 40}, {400, 0.1}} {
		p, sum, moment := 1.0, 0.0, 0.0
		for k := c.c; k < c.c+300; k++ {
			sum += p
			moment += k * p
			p *= c.mean / (k + 1)
		}
		if got := poissonFrom(c.c, c.mean); math.Abs(got-moment/sum) > 1e-9*got {
			t.Errorf("Poisson demand of mean %v from %v on: %v, want %v", c.mean, c.c, got, moment/sum)
		}
	}
	for v := -60.0; v < 10; v += 0.25 {
		// λ' = -λ(v+λ) and (ln Φ)' = λ tie the two functions together, across the switch at -35.
		const h = 1e-4
		slope, bend := (logNormal(v+h)-logNormal(v-h))/(2*h), (inverseMills(v+h)-inverseMills(v-h))/(2*h)
		lambda := inverseMills(v)
		if math.Abs(slope-lambda) > 1e-6*(1+lambda) || math.Abs(bend+lambda*(v+lambda)) > 1e-6 {
			t.Errorf("at %v: λ %v, slope of ln Φ %v; bend %v, want %v", v, lambda, slope, bend, -lambda*(v+lambda))
		}
	}
}

func TestUnconstrainFillsSoldOutPeriodsOnly(t *testing.T) {
	nan := math.NaN()
	s := Series{Start: 3, Values: []float64{12, 9, nan, 8, 15, 11, 10, 7, 13, 12}}
	soldOut := []bool{false, true, true, false, false, true, false, false, false, false}
	for _, by := range []string{"normal", "poisson", "tobit"} {
		got, err := Unconstrain(s, soldOut, by)
		if err != nil {
			t.Fatal(err)
		}
		for i, y := range s.Values {
			switch {
			case math.IsNaN(y):
				if !math.IsNaN(got.Values[i]) {
					t.Errorf("%s: a missing period has %v", by, got.Values[i])
				}
			case soldOut[i]:
				if !(got.Values[i] > y && got.Values[i] < y+20) {
					t.Errorf("%s: demand %v behind sales of %v", by, got.Values[i], y)
				}
			case got.Values[i] != y:
				t.Errorf("%s: sales of %v became %v", by, y, got.Values[i])
			}
		}
		if got.Start != 3 || s.Values[1] != 9 {
			t.Errorf("%s: starts at %d; the sales given are now %v", by, got.Start, s.Values)
		}
	}
}

func TestCensoredDemandRefusesWhatItCannotFit(t *testing.T) {
	open, shut := make([]bool, 5), []bool{true, true, true, true, true}
	y := []float64{3, 5, 4, 6, 2}
	x := []Regressor{{"x", y}}
	for name, c := range map[string]struct {
		s       Series
		soldOut []bool
		by      string
		says    string
	}{
		"all sold out, normal":  {Series{Values: y}, shut, "normal", "not sold out"},
		"all sold out, Poisson": {Series{Values: y}, shut, "poisson", "not sold out"},
		"all sold out, Tobit":   {Series{Values: y}, shut, "tobit", "not sold out"},
		"one value":             {Series{Values: []float64{3, 3, 3, 3, 9}}, []bool{false, false, false, false, true}, "normal", "different"},
		"few flags":             {Series{Values: y}, open[:4], "normal", "sold out"},
		"infinite":              {Series{Values: []float64{1, math.Inf(1), 2, 3, 4}}, open, "normal", "index 1"},
		"a fraction":            {Series{Values: []float64{1, 1.5, 2, 3, 4}}, open, "poisson", "index 1"},
		"no noise":              {Series{Values: []float64{3, 3, 3, 3, 3}}, open, "tobit", "explain"},
		"collinear":             {Series{Values: []float64{1, 5, 2, 8, 4}, Regressors: []Regressor{x[0], {"again", y}}}, open, "tobit", "again"},
		"too few":               {Series{Values: y, Regressors: x}, []bool{true, true, true, false, false}, "tobit", "2"},
		"unknown":               {Series{Values: y}, open, "magic", "magic"},
	} {
		if _, err := Unconstrain(c.s, c.soldOut, c.by); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkUnconstrain(b *testing.B) {
	stream := rng.New(6, 0).Family("censored").At()
	s, soldOut := Series{Values: make([]float64, 365), Regressors: Fourier(7, 3, 0, 365)}, make([]bool, 365)
	for i := range s.Values {
		demand, stock := countQuantile(12, 0, stream.Open()), 9+math.Floor(9*stream.Float64())
		s.Values[i], soldOut[i] = min(demand, stock), demand >= stock
	}
	for _, by := range []string{"normal", "poisson", "tobit"} {
		b.Run(by, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Unconstrain(s, soldOut, by); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "series/s")
		})
	}
}
