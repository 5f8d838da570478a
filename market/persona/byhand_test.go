package persona

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

func TestDescribedGroupsAreDrawnAsDescribed(t *testing.T) {
	p, err := ByHand([]string{"frequency", "money"}, []Described{{0.75, []float64{2, 20}, []float64{0.5, 5}}, {Share: 0.25, Center: []float64{10, 300}}})
	if err != nil {
		t.Fatal(err)
	}
	stream, x := rng.New(1, 0).Family("people").At(), make([]float64, 2)
	const n = 20_000
	money, square, few := 0.0, 0.0, 0
	for range n {
		g := p.Draw(stream.Float64())
		p.Features(g, &stream, x)
		if p.Assign(x) != g {
			t.Fatalf("%v of group %d is nearer to another", x, g)
		}
		if g == 0 {
			few++
			money, square = money+x[1], square+x[1]*x[1]
		}
	}
	mean := money / float64(few)
	sd := math.Sqrt(square/float64(few) - mean*mean)
	// Within 5 standard errors of the share and of the mean (one false alarm in a million); 20 steps have 2% less spread than the normal law.
	if math.Abs(float64(few)/n-0.75) > 5*math.Sqrt(0.75*0.25/n) || math.Abs(mean-20) > 5*5/math.Sqrt(0.75*n) || sd < 4.7 || sd > 5.1 {
		t.Errorf("share %v, mean %v, deviation %v", float64(few)/n, mean, sd)
	}
	b, err := p.Save()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Load(b); err != nil {
		t.Error(err)
	}
}

func TestDescriptionsThatCannotBe(t *testing.T) {
	for name, groups := range map[string][]Described{
		"shares": {{0.5, []float64{1}, nil}}, "none": nil, "width": {{1, []float64{1, 2}, nil}}, "deviation": {{1, []float64{1}, []float64{-1}}},
		"not a number": {{1, []float64{math.NaN()}, nil}}, "share": {{2, []float64{1}, nil}, {-1, []float64{1}, nil}},
	} {
		if _, err := ByHand([]string{"money"}, groups); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := ByHand(nil, []Described{{Share: 1}}); err == nil {
		t.Error("no features: no error")
	}
}
