package backtest

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// TestDieboldMarianoIsThatOfR compares with forecast::dm.test; testdata/mariano.R says how it was called.
func TestDieboldMarianoIsThatOfR(t *testing.T) {
	var reference struct {
		Cases []struct {
			H         int     `json:"h"`
			Power     float64 `json:"power"`
			Estimator string  `json:"estimator"`
			Statistic float64 `json:"statistic"`
			PValue    float64 `json:"p_value"`
			E1, E2    []float64
		}
	}
	b, err := os.ReadFile("testdata/mariano.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &reference); err != nil {
		t.Fatal(err)
	}
	if len(reference.Cases) != 7 {
		t.Fatalf("%d cases", len(reference.Cases))
	}
	for _, c := range reference.Cases {
		a, b := []float64{math.NaN()}, []float64{1} // a pair without a loss is left out
		for i := range c.E1 {
			a, b = append(a, math.Pow(math.Abs(c.E1[i]), c.Power)), append(b, math.Pow(math.Abs(c.E2[i]), c.Power))
		}
		got, err := DieboldMariano(a, b, c.H)
		if err != nil {
			t.Fatal(err)
		}
		if math.Abs(got.Statistic-c.Statistic) > 1e-10*math.Abs(c.Statistic) || math.Abs(got.PValue-c.PValue) > 1e-10 || got.N != len(c.E1) {
			t.Errorf("h %d, power %v, %s: %+v, want %v with p %v", c.H, c.Power, c.Estimator, got, c.Statistic, c.PValue)
		}
	}
}

func TestLossesThatNeverDifferAreNoEvidence(t *testing.T) {
	same := []float64{1, 2, 3, 4}
	if got, err := DieboldMariano(same, same, 2); err != nil || got.PValue != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	for _, bad := range []struct {
		a, b []float64
		h    int
	}{{same, same[:3], 1}, {same[:1], same[:1], 1}, {same, same, 0}, {same, same, 3}} {
		if _, err := DieboldMariano(bad.a, bad.b, bad.h); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}

// TestDieboldMarianoRejectsEqualForecastsAboutAsOftenAsItSays: errors two and three ahead overlap; of 2,000 pairs of equally
// good forecasts of 60 periods about 5% may be told apart. Harvey, Leybourne & Newbold (1997, table 1) find 5 to 7% in small samples: the limits
// are 5% less and 7% plus four standard errors (0.5 and 0.6%), so that one run in 15,000 fails by chance.
func TestDieboldMarianoRejectsEqualForecastsAboutAsOftenAsItSays(t *testing.T) {
	const pairs, n, h = 2000, 60, 3
	rejected := 0
	for p := range uint64(pairs) {
		var losses [2][]float64
		for side := range losses {
			stream := rng.New(4, p).Family("errors").At(uint64(side))
			e := make([]float64, n+2)
			for i := range e {
				e[i] = stream.Normal()
			}
			for i := range n {
				losses[side] = append(losses[side], math.Abs(e[i+2]+0.6*e[i+1]+0.3*e[i]))
			}
		}
		test, err := DieboldMariano(losses[0], losses[1], h)
		if err != nil {
			t.Fatal(err)
		}
		if test.PValue < 0.05 {
			rejected++
		}
	}
	if rate := float64(rejected) / pairs; rate < 0.03 || rate > 0.094 {
		t.Errorf("%.1f%% rejected", 100*rate)
	} else {
		t.Logf("%.1f%% rejected", 100*rate)
	}
}
