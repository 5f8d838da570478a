package policies_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// counter is a shop that sees a stock, the weekday and whether its rival has a deal, and may not drop its price by more than a dollar.
func counter() (*env.Spec, policies.Encoder) {
	spec := &env.Spec{
		Features: []env.Feature{{Name: "stock", Min: 0, Max: 20}, {Name: "last_price", Min: 1, Max: 4}, {Name: "rival_on_deal", Min: 0, Max: 1}},
		Offers:   []env.Offer{{Price: 1}, {Price: 2}, {Price: 3, Promotion: "display"}, {Price: 3}, {Price: 4}},
		Limits:   []env.Limit{{Feature: "last_price", Index: 1, Drop: 1}},
	}
	return spec, policies.Encoder{Dimensions: []policies.Dimension{
		policies.Uniform("stock", 0, 0, 20, 10), {Feature: "rival_on_deal", Index: 2, Edges: []float64{0.5}}}}
}

// functions are a policy of each kind that computes, with random weights.
func functions(t testing.TB) []policies.Function {
	spec, encoder := counter()
	inputs := policies.Inputs(spec, &encoder)
	draw := rand.New(rand.NewPCG(3, 4))
	weights := func(n int) []float64 {
		w := make([]float64, n)
		for i := range w {
			w[i] = draw.NormFloat64() / 4
		}
		return w
	}
	must := func(p policies.Function, err error) policies.Function {
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	var all []policies.Function
	for _, basis := range []policies.Basis{
		{Kind: "tiles", Inputs: inputs, Tilings: 8, Tiles: 4}, {Kind: "fourier", Inputs: inputs, Order: 3, Coupled: 2},
	} {
		if err := basis.Prepare(); err != nil {
			t.Fatal(err)
		}
		linear, err := policies.NewLinear(spec, encoder, basis, weights(basis.Size()*5))
		gaussian, failed := policies.NewGaussian(spec, encoder, basis, weights(basis.Size()*2))
		all = append(all, must(linear, err), must(gaussian, failed))
	}
	for _, choice := range []string{"highest", "drawn", "likeliest"} {
		p := policies.Perceptron{Sizes: []int{4, 16, 16, 5}, Activation: map[bool]string{false: "tanh", true: "relu"}[choice == "highest"]}
		p.Weights = weights(p.Count())
		network, err := policies.NewNetwork(spec, encoder, inputs, p, choice)
		all = append(all, must(network, err))
	}
	return all
}

func TestFunctionsOfferWhatTheLimitsAllowWhateverIsMissing(t *testing.T) {
	draw := rand.New(rand.NewPCG(5, 6))
	for _, p := range functions(t) {
		spec := &p.About().Spec
		for range 2000 {
			o := []float64{30*draw.Float64() - 5, 5 * draw.Float64(), math.Round(draw.Float64())}
			for i := range o {
				if draw.IntN(4) == 0 {
					o[i] = math.NaN()
				}
			}
			d, u := policies.Decision{}, draw.Float64()
			d = p.Decide(o, u)
			if mask := policies.Mask(spec, o, nil); !mask[d.Action] || spec.Offers[d.Action].Price != d.Price || !(d.Propensity > 0 && d.Propensity <= 1) {
				t.Fatalf("%s at %v decides %+v", p, o, d)
			}
			e := p.Explain(o)
			if d.Propensity == 1 && (e.Decision != d || !strings.HasPrefix(e.Offers[d.Action].Why, "made") || !strings.Contains(e.String(), "Observed: stock")) {
				t.Fatalf("%s at %v: %+v, explained as\n%s", p, o, d, e)
			}
		}
		o := []float64{3, math.NaN(), 1}
		if n := testing.AllocsPerRun(100, func() { p.Decide(o, 0.5) }); n != 0 {
			t.Errorf("%s: %v allocations a decision", p, n)
		}
	}
}

func TestWeightsMustFitAndBeFinite(t *testing.T) {
	for _, p := range functions(t) {
		w := p.Numbers()
		spoilt := slices.Clone(w)
		spoilt[1] = math.Inf(1)
		for _, bad := range [][]float64{nil, w[1:], spoilt} {
			if _, ok := errors.AsType[*field.Error](p.Restore(bad)); !ok {
				t.Errorf("%s: took %d weights for %d, or an infinite one", p, len(bad), len(w))
			}
		}
	}
}

func TestTilesByHand(t *testing.T) {
	spec, encoder := counter()
	b := policies.Basis{Kind: "tiles", Inputs: policies.Inputs(spec, &encoder), Tilings: 4, Tiles: 2}
	if err := b.Prepare(); err != nil {
		t.Fatal(err)
	}
	active := func(stock, deal float64) []int32 {
		index, value := make([]int32, 4), make([]float64, 4)
		b.Features([]float64{stock, 0, deal}, index, value)
		return index
	}
	// Half-way up the range (0 to 20) is at 1 of 2 tiles: no shift of less than a tile leaves tile 1. A tiling has 4 cells of stock (2,
	// one that the shift opens, one for missing) of 3 of the deal each.
	if got, want := active(10, 1), []int32{1*3 + 1, 16, 28, 40}; !slices.Equal(got, want) {
		t.Errorf("tiles %v, expected %v", got, want)
	}
	// A quarter of a tile before that, only the first tiling, which is not shifted, is still in tile 0.
	if got, want := active(7.5, 0), []int32{0, 15, 27, 39}; !slices.Equal(got, want) {
		t.Errorf("tiles %v, expected %v", got, want)
	}
	if got, want := active(math.NaN(), math.NaN()), []int32{11, 23, 35, 47}; !slices.Equal(got, want) {
		t.Errorf("missing: tiles %v, expected %v", got, want)
	}
}

func TestFourierByHand(t *testing.T) {
	spec, encoder := counter()
	b := policies.Basis{Kind: "fourier", Inputs: policies.Inputs(spec, &encoder), Order: 2, Coupled: 2}
	if err := b.Prepare(); err != nil {
		t.Fatal(err)
	}
	if b.Size() != 9+2 {
		t.Fatalf("%d features", b.Size())
	}
	index, value := make([]int32, 11), make([]float64, 11)
	b.Features([]float64{5, 0, 1}, index, value) // x = (1/4, 1)
	h := math.Sqrt2 / 2                          // cos π/4; terms (0,0) (0,1) (0,2) (1,0) …
	for i, want := range []float64{1, -1, 1, h, -h, h, 0, 0, 0, 0, 0} {
		if math.Abs(value[i]-want) > 1e-15 {
			t.Errorf("feature %d is %v, expected %v", i, value[i], want)
		}
	}
	if steps := b.Steps(); steps[0] != 1 || math.Abs(steps[4]-h) > 1e-15 || steps[6] != 0.5 || steps[9] != 1 {
		t.Errorf("steps %v", steps)
	}
	b.Features([]float64{math.NaN(), 0, 1}, index, value)
	if value[9] != 1 || value[10] != 0 || value[3] != 1 {
		t.Errorf("with stock missing: %v", value)
	}
	b.Coupled = 1
	if err := b.Prepare(); err != nil || b.Size() != 5+2 {
		t.Errorf("uncoupled: %d features, %v", b.Size(), err)
	}
}

func TestAPerceptronByHand(t *testing.T) {
	for activation, want := range map[string]float64{"relu": 0.5 + 3*3, "tanh": 0.5 + 3*math.Tanh(3) - 2*math.Tanh(-4)} {
		p := policies.Perceptron{Sizes: []int{2, 2, 1}, Activation: activation, Weights: []float64{1, 0, 1, -1, 0.5, -1.5, 0.5, 3, -2}}
		// h = g(1 + x₁ + x₂/2, −x₁ − 3/2·x₂) at (1, 2), where it is g(3, −4); y = 1/2 + 3·h₁ − 2·h₂
		if got := p.Forward([]float64{1, 2, 0, 0, 0}); len(got) != 1 || math.Abs(got[0]-want) > 1e-15 {
			t.Errorf("%s: %v, expected %v", activation, got, want)
		}
	}
}

func TestAStochasticNetworkOffersByItsPropensities(t *testing.T) {
	p := functions(t)[5]
	o := []float64{3, 2.5, 1} // at least 1.5: the first offer is forbidden
	seen := make([]float64, 5)
	const n = 10000
	for k := range n { // every part of [0, 1) alike: no chance is left
		d := p.Decide(o, (float64(k)+0.5)/n)
		seen[d.Action] += 1 / float64(n) / d.Propensity
	}
	for a, ratio := range seen {
		if want := min(float64(a), 1); math.Abs(ratio-want) > 0.02 {
			t.Errorf("offer %d is made %v times as often as its propensity says", a, ratio)
		}
	}
}

func TestInputsReachOverWhatTheStateCovers(t *testing.T) {
	spec := &env.Spec{Features: []env.Feature{{Name: "a", Max: 1000}, {Name: "b"}, {Name: "c", Min: 2, Max: 3}, {Name: "d"}}, Offers: []env.Offer{{Price: 1}}}
	e := policies.Encoder{Dimensions: []policies.Dimension{policies.Uniform("a", 0, 0, 50, 5), policies.Uniform("b", 1, -1, 1, 4),
		{Feature: "c", Index: 2, Edges: []float64{2.5}}, {Feature: "d", Index: 3}}}
	want := []policies.Input{{Feature: "a", Index: 0, High: 50}, {Feature: "b", Index: 1, Low: -1, High: 1}, {Feature: "c", Index: 2, Low: 2, High: 3, Cells: 2}}
	if got := policies.Inputs(spec, &e); !slices.Equal(got, want) {
		t.Errorf("inputs %+v", got)
	}
}

// What overflows is as good as the best, or out of the question; never is it an offer that is not allowed.
func TestSoftmaxKeepsToTheMaskWhateverThePreferences(t *testing.T) {
	inf := math.Inf(1)
	for _, preferences := range [][]float64{{inf, inf, 1}, {-inf, -inf, 1}, {math.NaN(), 2, 1}, {1, math.NaN(), inf}, {1e308, -1e308, 0}} {
		odds := make([]float64, 3)
		policies.Softmax(preferences, []bool{true, true, false}, odds)
		if sum := odds[0] + odds[1]; !(math.Abs(sum-1) < 1e-12) || odds[2] != 0 {
			t.Errorf("%v: %v", preferences, odds)
		}
		for _, u := range []float64{0, 0.5, 1 - 0x1p-53} {
			if policies.Draw(odds, u) == 2 {
				t.Errorf("%v: made an offer that is not allowed", preferences)
			}
		}
	}
}
