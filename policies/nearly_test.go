package policies

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/souk-sim/souk/sim/env"
)

// series is a Fourier basis of so many inputs, and random weights of so many sums.
func series(t *testing.T, inputs, order, coupled, sums int) (spec *env.Spec, b Basis, weights []float64) {
	spec = &env.Spec{}
	b = Basis{Kind: "fourier", Order: order, Coupled: coupled}
	for i := range inputs {
		name := fmt.Sprint(i)
		spec.Features = append(spec.Features, env.Feature{Name: name})
		b.Inputs = append(b.Inputs, Input{Feature: name, Index: i, High: 1})
	}
	if err := b.Prepare(); err != nil {
		t.Fatal(err)
	}
	draw := rand.New(rand.NewPCG(11, uint64(inputs*order*coupled)))
	weights = make([]float64, b.Size()*sums)
	for i := range weights {
		weights[i] = draw.NormFloat64()
	}
	return spec, b, weights
}

func TestTurnsAreCosinesUpToTheirDoubt(t *testing.T) {
	draw := rand.New(rand.NewPCG(12, 13))
	for _, k := range [][3]int{{1, 1, 1}, {1, 64, 1}, {2, 3, 2}, {3, 9, 3}, {6, 3, 2}, {20, 2, 1}} {
		_, b, weights := series(t, k[0], k[1], k[2], 1)
		index, exact, nearly := make([]int32, b.Size()), make([]float64, b.Size()), make([]float64, b.Size())
		doubt, worst := b.doubt(weights, 1), 0.0
		o := make([]float64, k[0])
		for range 300 {
			for i := range o {
				if o[i] = draw.Float64(); draw.IntN(6) == 0 {
					o[i] = []float64{0, 1, 0.5, math.NaN()}[draw.IntN(4)]
				}
			}
			b.Features(o, index, exact)
			b.nearly(o, index, nearly)
			var one, other [1]float64
			addRows(weights, index, exact, one[:])
			addRows(weights, index, nearly, other[:])
			for f, i := range index {
				if int(i) != f {
					t.Fatalf("%v: feature %d is numbered %d", k, f, i)
				}
			}
			worst = max(worst, math.Abs(one[0]-other[0]))
		}
		if t.Logf("%v: %d features, off by up to %.2g of the %.2g in doubt", k, b.Size(), worst, doubt); !(worst <= doubt/4) || !(doubt < 1e-8) {
			t.Errorf("%v: off by %v, doubt %v", k, worst, doubt)
		}
	}
}

// Where two offers are worth the same but for rounding, or a mean lies between two prices, the quick way must not decide.
func TestWhatIsInDoubtIsDecidedByCosines(t *testing.T) {
	spec, b, weights := series(t, 2, 3, 2, 1)
	spec.Offers = []env.Offer{{Price: 1}, {Price: 2}, {Price: 3}}
	draw := rand.New(rand.NewPCG(14, 15))
	several, normal := make([]float64, 3*len(weights)), make([]float64, 2*len(weights))
	for f, w := range weights {
		several[3*f], several[3*f+1], several[3*f+2] = w, w+float64(draw.IntN(3)-1)*0x1p-52, w
		normal[2*f] = []float64{0.25, w * 0x1p-56}[min(f, 1)]
	}
	linear, err := NewLinear(spec, Encoder{}, b, several)
	if err != nil {
		t.Fatal(err)
	}
	gaussian, err := NewGaussian(spec, Encoder{}, b, normal)
	if err != nil {
		t.Fatal(err)
	}
	seen, means := map[int]int{}, map[int]int{}
	for range 10000 {
		o := []float64{draw.Float64(), draw.Float64()}
		values := make([]float64, 3)
		linear.Values(o, values)
		want, _ := best(values, []bool{true, true, true})
		mean, _ := gaussian.Normal(o)
		nearest := Nearest(spec, nil, mean, "")
		if seen[want]++; linear.Decide(o, 0).Action != want {
			t.Fatalf("%v: %v", o, values)
		}
		if means[nearest]++; gaussian.Decide(o, 0).Action != nearest {
			t.Fatalf("%v: a mean of %v", o, mean)
		}
	}
	if len(seen) < 2 || len(means) < 2 {
		t.Errorf("offers made %v and %v: nothing was in doubt", seen, means)
	}
}

// A weight may be so small that its product with a feature is rounded to nothing or to the smallest double, by the feature's last bit.
func TestTheSmallestWeightsAreInDoubt(t *testing.T) {
	spec, b, _ := series(t, 1, 6, 1, 2)
	spec.Offers = []env.Offer{{Price: 1}, {Price: 2}}
	weights := make([]float64, 2*b.Size())
	weights[2*6+1] = -math.SmallestNonzeroFloat64
	linear, err := NewLinear(spec, Encoder{}, b, weights)
	if err != nil {
		t.Fatal(err)
	}
	values, o := make([]float64, 2), []float64{0.5555555555555556}
	linear.Values(o, values)
	if want, _ := best(values, []bool{true, true}); linear.Decide(o, 0).Action != want {
		t.Errorf("%v: offer %d", values, linear.Decide(o, 0).Action)
	}
}
