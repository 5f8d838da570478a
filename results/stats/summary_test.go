package stats

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// spatial is the "A" column of the spatial test data (Efron & Tibshirani 1993, table 14.1).
var spatial = []float64{48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41}

func agrees(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %v, want %v ± %v", what, got, want, tolerance)
	}
}

// The figures are R 4.2.2's: mean(A, trim = .25), quantile(A, c(.1, .37)), median(A), t.test(A)$conf.int.
func TestSummariesAgreeWithR(t *testing.T) {
	agrees(t, "interquartile mean", InterquartileMean(spatial), 31.5, 1e-12)
	agrees(t, "10% quantile", Quantile(spatial, 0.1), 10, 1e-12)
	agrees(t, "37% quantile", Quantile(spatial, 0.37), 26.5, 1e-12)
	agrees(t, "median", Median(spatial), 31, 1e-12)
	e, err := MeanInterval(spatial, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "low", e.Low, 24.2590497526, 1e-9)
	agrees(t, "high", e.High, 35.0486425551, 1e-9)
	if spatial[0] != 48 || spatial[25] != 41 {
		t.Error("a summary changed its data")
	}
}

func TestNothingToSummariseIsNotANumberAndNeverAPanic(t *testing.T) {
	for name, f := range map[string]func([]float64) float64{"mean": Mean, "variance": Variance, "median": Median, "interquartile mean": InterquartileMean} {
		if !math.IsNaN(f(nil)) {
			t.Errorf("%s of nothing is %v, want NaN", name, f(nil))
		}
	}
	for name, x := range map[string][]float64{"nothing": nil, "one value": {1}, "NaN": {1, math.NaN()}, "infinite": {1, math.Inf(1)}} {
		if _, err := MeanInterval(x, 0.95); err == nil {
			t.Errorf("%s got an interval", name)
		}
	}
	if _, err := MeanInterval(spatial, 95); err == nil {
		t.Error("a level of 95 was taken")
	}
}

// covers is the share of n simulated intervals that hold the truth.
func covers(t *testing.T, n int, truth float64, interval func(s *rng.Stream) (Estimate, error)) float64 {
	t.Helper()
	family := rng.New(2, 0).Family("coverage")
	in := 0
	for i := range n {
		s := family.At(uint64(i))
		e, err := interval(&s)
		if err != nil {
			t.Fatal(err)
		}
		if e.Low <= truth && truth <= e.High {
			in++
		}
	}
	return float64(in) / float64(n)
}

// crossed draws a table of normal seed, path and rest effects.
func crossed(s *rng.Stream, rows, columns int, mean, row, column, rest float64) [][]float64 {
	effect := make([]float64, columns)
	for j := range effect {
		effect[j] = column * s.Normal()
	}
	y := make([][]float64, rows)
	for i := range y {
		y[i] = make([]float64, columns)
		r := row * s.Normal()
		for j := range y[i] {
			y[i][j] = mean + r + effect[j] + rest*s.Normal()
		}
	}
	return y
}
