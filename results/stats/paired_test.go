package stats

import (
	"errors"
	"fmt"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// R 4.2.2: t.test(A[1:13], A[14:26]+20, paired = TRUE), conf.int and p.value.
func TestPairedAgreesWithR(t *testing.T) {
	x, y := halves()
	e, err := Paired(x, y, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "low", e.Low, -30.57876842649, 1e-9)
	agrees(t, "high", e.High, -2.80584695812, 1e-9)
	p, err := CrossedPValue(Column(minus(x, y)))
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "p-value", p, 0.0224239452769857, 1e-12)
	if _, err := Paired(x, y[1:], 0.95); err == nil {
		t.Error("values without a partner were taken")
	}
}

func halves() (x, y []float64) {
	x = spatial[:13]
	for _, v := range spatial[13:] {
		y = append(y, v+20)
	}
	return x, y
}

// R 4.2.2: the mean squares of anova(lm(y ~ row + column)), combined as the doc comment says.
func TestCrossedAgreesWithAnalysisOfVariance(t *testing.T) {
	y := [][]float64{{3.1, 4.0, 2.2, 5.9}, {4.4, 5.1, 3.9, 6.0}, {2.0, 4.1, 2.5, 4.8}}
	mean, a, b, e := meanSquares(y)
	agrees(t, "mean", mean, 4, 1e-12)
	agrees(t, "rows", a, 2.37, 1e-12)
	agrees(t, "columns", b, 4.593333333333, 1e-11)
	agrees(t, "rest", e, 0.236666666667, 1e-11)
	got, err := Crossed(y, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "standard error", got.StandardError, 0.748702581507, 1e-11)
	agrees(t, "low", got.Low, 2.023009471808, 1e-9)
	agrees(t, "high", got.High, 5.976990528192, 1e-9)
}

// 4,000 tables a case: were the coverage exactly 95%, an estimate outside 93–97% is 5.8 standard errors off (false alarm
// below 1e-7 a case). Where one effect is nothing and the seeds are few, the interval errs on the wide side.
func TestCrossedIntervalsCover(t *testing.T) {
	for _, c := range []struct {
		rows, columns     int
		row, column, rest float64
		most              float64
	}{
		{4, 200, 1, 1, 1, 0.97}, {4, 200, 0.05, 1, 0.5, 0.97}, {20, 200, 0.3, 2, 1, 0.97}, {20, 40, 1, 1, 1, 0.97}, {8, 100, 0.1, 1, 1, 0.97},
		{4, 50, 0.3, 0.1, 1, 0.97}, {4, 200, 0, 1, 1, 0.97}, {4, 200, 1, 0, 0.1, 0.97}, {1, 200, 0, 1, 1, 0.97}, {4, 100, 0, 0, 1, 0.995},
	} {
		got := covers(t, 4000, 10, func(s *rng.Stream) (Estimate, error) {
			return Crossed(crossed(s, c.rows, c.columns, 10, c.row, c.column, c.rest), 0.95)
		})
		if got < 0.93 || got > c.most {
			t.Errorf("%+v: 95%% intervals cover %.3f", c, got)
		}
	}
}

// The closed form with the same variances in R 4.2.2 (one row, 12 degrees of freedom).
func TestRatioIsFiellersInterval(t *testing.T) {
	x, y := halves()
	e, err := Ratio([][]float64{x}, [][]float64{y}, 0.95)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "ratio", e.Value, 0.652243589744, 1e-11)
	agrees(t, "low", e.Low, 0.437773604672, 1e-9)
	agrees(t, "high", e.High, 0.931804627601, 1e-9)
}

func TestRatioToNothingIsRefusedAndToItselfIsOne(t *testing.T) {
	x, y := halves()
	zero := []float64{1, -1, 2, -2, 3, -3, 0, 0, 1, -1, 2, -2, 0}
	if _, err := Ratio([][]float64{x}, [][]float64{zero}, 0.95); !errors.Is(err, ErrZeroDenominator) {
		t.Errorf("dividing by nothing gave %v", err)
	}
	e, err := Ratio([][]float64{y}, [][]float64{y}, 0.95)
	if err != nil || e.Value != 1 || e.Low != 1 || e.High != 1 {
		t.Errorf("a thing over itself is %+v, %v", e, err)
	}
}

// A learner's gain over the best fixed price as a share of the optimum's, over seeds and paths: the headline of an evaluation.
// 2,000 tables a case: 93–97% is 4.1 standard errors either way (false alarm 4e-5 a case).
func TestRatioIntervalsCover(t *testing.T) {
	for _, rows := range []int{1, 4, 20} {
		t.Run(fmt.Sprint(rows), func(t *testing.T) {
			got := covers(t, 2000, 0.9, func(s *rng.Stream) (Estimate, error) {
				x, y := share(s, rows)
				return Ratio(x, y, 0.95)
			})
			if got < 0.93 || got > 0.97 {
				t.Errorf("95%% intervals cover %.3f", got)
			}
		})
	}
}

func share(s *rng.Stream, rows int) (x, y [][]float64) {
	x = crossed(s, rows, 50, 9, 0.5, 3, 2)
	line := make([]float64, 50)
	for j := range line {
		line[j] = 10 + 4*s.Normal()
	}
	if rows == 1 { // a given policy: no seed effect in what is estimated
		x = crossed(s, 1, 50, 9, 0, 3, 2)
	}
	for range x {
		y = append(y, line)
	}
	return x, y
}

func BenchmarkCrossed(b *testing.B) {
	s := rng.New(1, 0).Family("benchmark").At()
	y := crossed(&s, 20, 200, 10, 1, 1, 1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Crossed(y, 0.95); err != nil {
			b.Fatal(err)
		}
	}
}
