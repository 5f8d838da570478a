package demand

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"github.com/souk-sim/souk/scenarios/data/shared"
	"github.com/souk-sim/souk/sim/rng"
)

// TestDiagnosticsAgreeWithR compares with acf, pacf and Box.test of R 4.2.2 and jarque.bera.test of tseries 0.10.53.
func TestDiagnosticsAgreeWithR(t *testing.T) {
	var basics struct {
		Series []struct {
			Series    string
			Mean, Var float64
			N         int
			ACF       []float64                 `json:"acf1_24"`
			PACF      []float64                 `json:"pacf1_24"`
			LB        struct{ Stat, P float64 } `json:"ljung_box_12"`
			BP        float64                   `json:"box_pierce_12"`
			JB        float64                   `json:"jarque_bera"`
		}
	}
	data, err := os.ReadFile(shared.Path(t, "oracle", "ts_basics_R.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &basics); err != nil {
		t.Fatal(err)
	}
	for _, want := range basics.Series {
		x := oracleSeries(t, want.Series, nil).Values
		d, twelve := Diagnose(x, 24, 0), Diagnose(x, 12, 0)
		n := float64(want.N)
		if d.N != want.N {
			t.Errorf("%s: %d values, R has %d", want.Series, d.N, want.N)
		}
		for what, pair := range map[string][2]float64{
			"mean": {d.Mean, want.Mean}, "variance": {d.SD * d.SD, want.Var * (n - 1) / n}, "Ljung–Box": {twelve.LjungBox.Statistic, want.LB.Stat},
			"its p": {1 + twelve.LjungBox.PValue, 1 + want.LB.P}, "Box–Pierce": {twelve.BoxPierce, want.BP}, "Jarque–Bera": {d.JarqueBera, want.JB},
		} {
			if math.Abs(pair[0]/pair[1]-1) > 1e-10 {
				t.Errorf("%s: %s %v, R %v", want.Series, what, pair[0], pair[1])
			}
		}
		for k := range 24 {
			if math.Abs(d.ACF[k]-want.ACF[k]) > 1e-10 || math.Abs(d.PACF[k]-want.PACF[k]) > 1e-10 {
				t.Errorf("%s, lag %d: autocorrelation %v, partial %v, R %v, %v", want.Series, k+1, d.ACF[k], d.PACF[k], want.ACF[k], want.PACF[k])
			}
		}
	}
}

// Of 400 series of 200 normal numbers each test rejects 5%, within four binomial standard errors (4.4 points; a right program
// fails with probability 1e-4; Jarque–Bera, whose limit comes slowly, rejects about 4% at this length).
func TestDiagnosticsHoldTheirSizeOnWhiteNoise(t *testing.T) {
	const paths, n = 400, 200
	lb, jb, outside, lags := 0.0, 0.0, 0.0, 0.0
	e := make([]float64, n)
	for p := range paths {
		stream := rng.New(1, 0).Family("white").At(uint64(p))
		for i := range e {
			e[i] = stream.Normal()
		}
		for i := 3; i < n; i += 20 {
			e[i] = math.NaN()
		}
		d := Diagnose(e, 10, 0)
		if d.N != n-10 {
			t.Fatalf("%d values", d.N)
		}
		if d.LjungBox.PValue < 0.05 {
			lb++
		}
		if d.JarqueBeraPValue < 0.05 {
			jb++
		}
		for _, r := range d.PACF {
			if lags++; math.Abs(r) > d.Bound {
				outside++
			}
		}
	}
	for what, share := range map[string]float64{"Ljung–Box": lb / paths, "Jarque–Bera": jb / paths, "outside the bounds": outside / lags} {
		if math.Abs(share-0.05) > 0.044 {
			t.Errorf("%s: %v rejected", what, share)
		}
	}
}

// The partial autocorrelations of an autoregression of order 2 end at lag 2, and give its coefficients back.
func TestPartialAutocorrelationsOfAnAutoregression(t *testing.T) {
	const a, b = 0.5, 0.3
	acf := []float64{a / (1 - b)}
	acf = append(acf, a*acf[0]+b)
	for k := 2; k < 8; k++ {
		acf = append(acf, a*acf[k-1]+b*acf[k-2])
	}
	for k, got := range partialAutocorrelations(acf) {
		want := 0.0
		switch k {
		case 0:
			want = acf[0]
		case 1:
			want = b
		}
		if math.Abs(got-want) > 1e-14 {
			t.Errorf("lag %d: %v, want %v", k+1, got, want)
		}
	}
}

func TestDiagnosticsOfOddSeries(t *testing.T) {
	nan := math.NaN()
	for name, x := range map[string][]float64{"empty": {}, "missing": {nan, nan}, "one": {nan, 3, nan}, "constant": {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1}} {
		d := Diagnose(x, 5, 0)
		if !math.IsNaN(d.JarqueBera) || len(d.ACF) != len(d.PACF) || len(d.ACF) > 0 && !math.IsNaN(d.ACF[0]) {
			t.Errorf("%s: %+v", name, d)
		}
	}
	// What is missing before the first and after the last value is no part of the series.
	inner, outer := Diagnose([]float64{1, 5, 2, nan, 8}, 3, 0), Diagnose([]float64{nan, nan, 1, 5, 2, nan, 8, nan}, 3, 0)
	if fmt.Sprint(inner) != fmt.Sprint(outer) {
		t.Errorf("%+v, framed by missing values %+v", inner, outer)
	}
}

func BenchmarkDiagnose(b *testing.B) {
	stream := rng.New(1, 0).Family("white").At()
	e := make([]float64, 1000)
	for i := range e {
		e[i] = stream.Normal()
	}
	b.ReportAllocs()
	for b.Loop() {
		Diagnose(e, 24, 0)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "series/s")
}
