package stats

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

func TestAdjustedPValuesAgreeWithStatsmodelsAndR(t *testing.T) {
	var python aggregates
	loadAggregates(t, "aggregate_reference.json", &python)
	var r struct {
		Multiple struct{ Holm, BH []float64 }
	}
	loadAggregates(t, "aggregate_R.json", &r)
	p := python.Multiple.P
	holm, bh := Holm(p), BenjaminiHochberg(p)
	for i := range p {
		agrees(t, "Holm, statsmodels", holm[i], python.Multiple.Holm[i], 1e-15)
		agrees(t, "Benjamini-Hochberg, statsmodels", bh[i], python.Multiple.BH[i], 1e-15)
		agrees(t, "Holm, R", holm[i], r.Multiple.Holm[i], 1e-12)
		agrees(t, "Benjamini-Hochberg, R", bh[i], r.Multiple.BH[i], 1e-12)
	}
	if got := Holm([]float64{0.02, math.NaN(), 0.03}); got[0] != 0.04 || !math.IsNaN(got[1]) || got[2] != 0.04 {
		t.Errorf("without a test in the middle: %v", got)
	}
	if got := BenjaminiHochberg(nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}

func TestPowerAgreesWithSciPyStatsmodelsAndR(t *testing.T) {
	var ref aggregates
	loadAggregates(t, "aggregate_reference.json", &ref)
	for i, c := range ref.Power.Cases {
		d, n, alpha := c[0], c[1], c[2]
		tolerance := 1e-9
		if n == 2 {
			tolerance = 1e-7
		}
		got := StudentPower(d*math.Sqrt(n), n-1, alpha)
		agrees(t, "power, scipy", got, ref.Power.Scipy[i], tolerance)
		agrees(t, "power, statsmodels", got, ref.Power.Statsmodels[i], tolerance)
	}
	var r struct {
		Power struct{ Paired, Groups float64 }
	}
	loadAggregates(t, "aggregate_R.json", &r)
	agrees(t, "power, R", StudentPower(0.5*math.Sqrt(10), 9, 0.05), r.Power.Paired, 1e-9)
	agrees(t, "power of two groups, R", StudentPower(0.5*math.Sqrt(5), 18, 0.05), r.Power.Groups, 1e-9)
}

// differences gives n values of mean d and standard deviation 1, exactly.
func differences(n int, d float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i%2)*2 - 1 // n is even
	}
	sd := math.Sqrt(Variance(x))
	for i := range x {
		x[i] = d + x[i]/sd
	}
	return x
}

func TestSeedsNeededAgreesWithStatsmodelsAndR(t *testing.T) {
	var ref aggregates
	loadAggregates(t, "aggregate_reference.json", &ref)
	for i, c := range ref.Needed.Cases {
		d, alpha, power := c[0], c[1], c[2]
		s, err := SeedsNeeded(Column(differences(10, d)), alpha, power)
		if err != nil {
			t.Fatal(err)
		}
		if s.Needed != ref.Needed.Value[i] || s.Have != 10 || s.TooFew() != (s.Needed > 10) {
			t.Errorf("%v: %+v, statsmodels needs %d", c, s, ref.Needed.Value[i])
		}
		agrees(t, "power now", s.Power, StudentPower(d*math.Sqrt(10), 9, alpha), 1e-9)
		agrees(t, "power at what is detectable", StudentPower(s.Detectable*math.Sqrt(10), 9, alpha), power, 1e-9)
	}
	var r struct{ Needed struct{ Value int } }
	loadAggregates(t, "aggregate_R.json", &r)
	if s, _ := SeedsNeeded(Column(differences(10, 0.5)), 0.05, 0.8); s.Needed != r.Needed.Value {
		t.Errorf("%+v, R needs %d", s, r.Needed.Value)
	}
}

// What all seeds share is a path's luck: here it is as large as the difference, and no number of seeds averages it out.
func TestNoNumberOfSeedsMakesUpForTooFewPaths(t *testing.T) {
	y := make([][]float64, 6)
	for i := range y {
		for j := range 8 {
			y[i] = append(y[i], 1+3*float64(j%2*2-1)+0.1*float64((i*3+j)%5-2))
		}
	}
	s, err := SeedsNeeded(y, 0.05, 0.8)
	if err != nil {
		t.Fatal(err)
	}
	if s.Needed != 0 || !s.TooFew() {
		t.Errorf("%+v, want none enough", s)
	}
}

// 4,000 experiments with as many seeds as are said to be needed: their power of 0.8 or a little more, to a standard error of
// 0.0063; 0.03 is more than four of them (false alarm below 1e-5 on either side).
func TestSeedsNeededFindTheDifferenceAsOftenAsPromised(t *testing.T) {
	pilot, err := SeedsNeeded(Column(differences(10, 0.8)), 0.05, 0.8)
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for k := range 4000 {
		s := rng.New(6, 0).Family("power").At(uint64(k))
		x := make([]float64, pilot.Needed)
		for i := range x {
			x[i] = 0.8 + s.Normal()
		}
		p, err := CrossedPValue(Column(x))
		if err != nil {
			t.Fatal(err)
		}
		if p < 0.05 {
			found++
		}
	}
	want := StudentPower(0.8*math.Sqrt(float64(pilot.Needed)), float64(pilot.Needed-1), 0.05)
	agrees(t, "power", float64(found)/4000, want, 0.03)
	if want < 0.8 || want > 0.85 {
		t.Errorf("%d seeds have power %v", pilot.Needed, want)
	}
}

func TestSeedsNeededOfDifferencesThatDoNotVary(t *testing.T) {
	s, err := SeedsNeeded([][]float64{{2}, {2}, {2}}, 0.05, 0.8)
	if err != nil || s.Needed != 2 || s.TooFew() {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err = SeedsNeeded([][]float64{{0}, {0}, {0}}, 0.05, 0.8); err != nil || s.Needed != 0 {
		t.Errorf("no difference at all: %+v, %v", s, err)
	}
	for name, y := range map[string][][]float64{"one seed": {{1}}, "ragged": {{1}, {1, 2}}, "NaN": {{1}, {math.NaN()}}, "nothing": {{}, {}}} {
		if _, err := SeedsNeeded(y, 0.05, 0.8); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := SeedsNeeded([][]float64{{1}, {2}}, 0.05, 0.01); err == nil {
		t.Error("a power below alpha was taken")
	}
}
