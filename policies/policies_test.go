package policies_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

var nan = math.NaN()

// shop is a seller with four prices who sees a reference price and a rival's deal, and may not drop more than .30
// below the reference.
func shop() *env.Spec {
	return &env.Spec{
		Features: []env.Feature{{Name: "reference_price"}, {Name: "rival_on_deal"}},
		Offers:   []env.Offer{{Price: 0.60}, {Price: 0.70}, {Price: 0.80}, {Price: 0.90}},
		Limits:   []env.Limit{{Feature: "reference_price", Index: 0, Drop: 0.30}},
	}
}

func encoder() policies.Encoder {
	return policies.Encoder{Dimensions: []policies.Dimension{
		{Feature: "reference_price", Index: 0, Edges: []float64{0.7, 0.8}},
		{Feature: "rival_on_deal", Index: 1, Edges: []float64{0.5}},
	}}
}

func table(t *testing.T, values []float64, visits []uint32, epsilon float64) *policies.Table {
	t.Helper()
	p, err := policies.NewTable(shop(), encoder(), values, visits, epsilon)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEveryStateIsReachedAndDecodesToTheBinsThatLedToIt(t *testing.T) {
	e := encoder()
	if e.States() != 4*3 {
		t.Fatalf("3 bins and 2, and one for missing values each: %d states", e.States())
	}
	seen := map[int]bool{}
	for _, r := range []float64{0.5, 0.7, 0.95, nan} {
		for _, d := range []float64{0, 1, nan} {
			s := e.Encode([]float64{r, d})
			seen[s] = true
			for i, x := range []float64{r, d} {
				b := e.Decode(s)[i]
				if b.Missing != math.IsNaN(x) || !b.Missing && !(b.Low <= x && x < b.High) {
					t.Errorf("%v is not in %v", x, b)
				}
			}
		}
	}
	if len(seen) != e.States() {
		t.Errorf("reached %d of %d states", len(seen), e.States())
	}
}

func TestAnEdgeBelongsToTheBinAboveIt(t *testing.T) {
	e := encoder()
	below, at := e.Encode([]float64{float64(math.Nextafter32(0.7, 0)), 0}), e.Encode([]float64{0.7, 0})
	if below == at || at != e.Encode([]float64{0.75, 0}) {
		t.Errorf("states below, at and above the edge: %d, %d, %d", below, at, e.Encode([]float64{0.75, 0}))
	}
}

func TestUniformBinsAreEquallyWide(t *testing.T) {
	d := policies.Uniform("x", 0, 1, 3, 4)
	if len(d.Edges) != 3 || d.Edges[0] != 1.5 || d.Edges[1] != 2 || d.Edges[2] != 2.5 {
		t.Errorf("edges %v", d.Edges)
	}
}

func TestABadEncoderIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		d   policies.Dimension
		key string
	}{
		"not increasing": {policies.Dimension{Feature: "reference_price", Edges: []float64{1, 1}}, "state.reference_price.edges"},
		"not a number":   {policies.Dimension{Feature: "reference_price", Edges: []float64{nan}}, "state.reference_price.edges"},
		"other feature":  {policies.Dimension{Feature: "stock", Index: 0}, "state.stock"},
		"out of range":   {policies.Dimension{Feature: "reference_price", Index: 7}, "state.reference_price"},
	} {
		err := (&policies.Encoder{Dimensions: []policies.Dimension{c.d}}).Validate(shop())
		var bad *field.Error
		if !errors.As(err, &bad) || bad.Key != c.key {
			t.Errorf("%s: %v", name, err)
		}
	}
	wide := policies.Dimension{Feature: "reference_price", Edges: make([]float64, 9000)}
	for i := range wide.Edges {
		wide.Edges[i] = float64(i)
	}
	if err := (&policies.Encoder{Dimensions: []policies.Dimension{wide, wide}}).Validate(shop()); err == nil {
		t.Error("81 million states were accepted")
	}
}

func TestTheTableMakesTheBestAllowedOfferTheFirstAmongEquals(t *testing.T) {
	values := make([]float64, 12*4)
	p := table(t, values, nil, 0)
	at := func(r float64) []float64 { return values[p.Encoder.Encode([]float64{r, 0})*4:] }
	copy(at(0.75), []float64{5, 7, 7, 1})
	copy(at(0.95), []float64{9, 4, 3, 6})
	if d := p.Decide([]float64{0.75, 0}, 0.5); d.Action != 1 || d.Price != 0.70 || d.Propensity != 1 || d.Guardrails != 0 {
		t.Errorf("tie: %+v", d)
	}
	if d := p.Decide([]float64{0.85, 0}, 0.5); d.Action != 0 || d.Guardrails != 0 {
		t.Errorf("the limit is not reached at .85: %+v", d)
	}
	if d := p.Decide([]float64{0.95, 0}, 0.5); d.Action != 3 || d.Guardrails != 1 {
		t.Errorf(".60 is more than .30 below .95, the next best is .90: %+v", d)
	}
}

func TestExplorationIsUniformOverAllowedOffersAndTheGreedyOneKeepsTheRest(t *testing.T) {
	values := make([]float64, 12*4)
	p := table(t, values, nil, 0.3)
	count := make([]int, 4)
	const n = 30000
	propensity := make([]float64, 4)
	for i := range n {
		d := p.Decide([]float64{0.95, 0}, (float64(i)+0.5)/n)
		count[d.Action]++
		propensity[d.Action] = d.Propensity
	}
	for a, want := range []float64{0, 0.8, 0.1, 0.1} {
		if math.Abs(float64(count[a])/n-want) > 1e-3 || math.Abs(propensity[a]-want) > 1e-12 {
			t.Errorf("offer %d: made %d times, propensity %v, expected %v", a, count[a], propensity[a], want)
		}
	}
}

func TestAStateNeverVisitedAnswersAsItsNearestNeighbourWithTheSameRivals(t *testing.T) {
	values, visits := make([]float64, 12*4), make([]uint32, 12*4)
	e := encoder()
	low, far := e.Encode([]float64{0.5, 1})*4, e.Encode([]float64{0.85, 0})*4
	copy(values[low:], []float64{1, 2, 99, 0})
	copy(visits[low:], []uint32{3, 3, 0, 3})
	copy(values[far:], []float64{0, 0, 0, 4})
	copy(visits[far:], []uint32{9, 9, 9, 9})
	p := table(t, values, visits, 0)
	if d := p.Decide([]float64{0.85, 1}, 0); d.Action != 1 {
		t.Errorf("reference .85 with a rival on deal: two bins below with the same rival comes first, and its best tried offer is .70: %+v", d)
	}
	if d := p.Decide([]float64{nan, nan}, 0); d.Action != 3 {
		t.Errorf("where nothing is known the most visited state answers: %+v", d)
	}
	if d := p.Decide([]float64{0.5, nan}, 0); d.Action != 1 {
		t.Errorf("what is known of a state with a missing feature still counts: %+v", d)
	}
	for rule, o := range map[policies.Rule][]float64{policies.Own: {0.85, 0}, policies.Neighbour: {0.85, 1}, policies.AnyValue: {0.5, nan}, policies.MostVisited: {nan, nan}} {
		if e := p.Explain(o); e.Rule != rule || (rule == policies.Own) != (e.Untried() == "") {
			t.Errorf("%v: rule %s, not %s; %q", o, e.Rule, rule, e.Untried())
		}
	}
	x := p.Explain([]float64{0.85, 1}).String()
	for _, part := range []string{"reference_price at least 0.8, rival_on_deal at least 0.5", "the nearest state", "reference_price below 0.7", "value          –", "never tried", "worth 1 less", "made: the highest value"} {
		if !strings.Contains(x, part) {
			t.Errorf("no %q in\n%s", part, x)
		}
	}
}

func TestAnExplanationMarshals(t *testing.T) {
	data, err := json.Marshal(table(t, make([]float64, 48), nil, 0).Explain([]float64{0.95, nan}))
	if err != nil || !strings.Contains(string(data), `"bins":["reference_price at least 0.8","rival_on_deal missing"]`) {
		t.Errorf("%s, %v", data, err)
	}
}

func TestWhenTheLimitsForbidAllThatWasTriedTheNearestAllowedOfferIsMade(t *testing.T) {
	values, visits := make([]float64, 12*4), make([]uint32, 12*4)
	e := encoder()
	at := e.Encode([]float64{0.95, 0}) * 4
	visits[at], values[at] = 1, 5
	p := table(t, values, visits, 0)
	if d := p.Decide([]float64{0.95, 0}, 0); d.Action != 1 || d.Guardrails != 1 {
		t.Errorf("%+v", d)
	}
	x := p.Explain([]float64{0.95, 0}).String()
	for _, part := range []string{"forbidden: at most 0.3 below reference_price (0.95)", "made: the limits forbid every offer"} {
		if !strings.Contains(x, part) {
			t.Errorf("no %q in\n%s", part, x)
		}
	}
}

func TestATableThatDoesNotFitIsRefused(t *testing.T) {
	ok := make([]float64, 48)
	bad := append([]float64(nil), ok...)
	bad[7] = nan
	for name, err := range map[string]error{
		"values":    second(policies.NewTable(shop(), encoder(), ok[1:], nil, 0)),
		"visits":    second(policies.NewTable(shop(), encoder(), ok, make([]uint32, 3), 0)),
		"epsilon":   second(policies.NewTable(shop(), encoder(), ok, nil, 1.5)),
		"values[7]": second(policies.NewTable(shop(), encoder(), bad, nil, 0)),
		"offers":    second(policies.NewTable(&env.Spec{}, policies.Encoder{}, nil, nil, 0)),
		"limits[0]": second(policies.NewTable(&env.Spec{Offers: shop().Offers, Limits: []env.Limit{{Floor: 2, Ceiling: 1}}},
			policies.Encoder{}, make([]float64, 4), nil, 0)),
		"limits[1].feature": second(policies.NewTable(&env.Spec{Offers: shop().Offers, Limits: []env.Limit{{Floor: 0.1}, {Times: 2}}},
			policies.Encoder{}, make([]float64, 4), nil, 0)),
		"limits[0].feature": second(policies.NewTable(&env.Spec{Offers: shop().Offers, Limits: []env.Limit{{Feature: "x"}}},
			policies.Encoder{}, make([]float64, 4), nil, 0)),
	} {
		var e *field.Error
		if !errors.As(err, &e) || e.Key != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestPromotionsAreMatchedBeforePrices(t *testing.T) {
	spec := &env.Spec{Offers: []env.Offer{{Price: 1}, {Price: 2, Promotion: "flyer"}, {Price: 3, Promotion: "flyer"}, {Price: 2}}}
	for _, c := range []struct {
		price     float64
		promotion string
		want      int
	}{{1, "flyer", 1}, {2.6, "flyer", 2}, {1.4, "", 0}, {2.5, "", 3}, {1.5, "", 0}, {3, "coupon", 2}} {
		if a := policies.Nearest(spec, nil, c.price, c.promotion); a != c.want {
			t.Errorf("nearest to %v %q is %d, expected %d", c.price, c.promotion, a, c.want)
		}
	}
}

// canned is about the flagship's table: 40 reference bins × a flag, 15 offers, one limit.
func canned() *policies.Table {
	spec := &env.Spec{
		Features: []env.Feature{{Name: "reference_price"}, {Name: "rival_on_deal"}},
		Limits:   []env.Limit{{Feature: "reference_price", Drop: 0.30}},
	}
	for a := range 15 {
		spec.Offers = append(spec.Offers, env.Offer{Price: 0.55 + 0.03*float64(a)})
	}
	e := policies.Encoder{Dimensions: []policies.Dimension{
		policies.Uniform("reference_price", 0, 0.54, 0.97, 40), {Feature: "rival_on_deal", Index: 1, Edges: []float64{0.5}}}}
	values, visits := make([]float64, e.States()*15), make([]uint32, e.States()*15)
	for i := range values {
		values[i] = math.Mod(float64(i)*0.6180339887, 1)
		visits[i] = 1
	}
	p, _ := policies.NewTable(spec, e, values, visits, 0.05)
	return p
}

func TestDecidingDoesNotAllocate(t *testing.T) {
	p := canned()
	o := []float64{0.8, 1}
	if n := testing.AllocsPerRun(100, func() { p.Decide(o, 0.5) }); n != 0 {
		t.Errorf("%v allocations a decision", n)
	}
}

// A decision of every kind, as a service that embeds the policy pays for it.
func BenchmarkDecide(b *testing.B) {
	p := canned()
	observations := make([][]float64, 1024)
	for i := range observations {
		observations[i] = []float64{0.54 + 0.43*math.Mod(float64(i)*0.618, 1), float64(i % 2)}
	}
	b.Run(p.String(), func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			p.Decide(observations[i%1024], 0.5)
		}
	})
	for i := range observations { // what is to come must not be foreseen by what was
		u := math.Mod(float64(i)*0.618, 1)
		observations[i] = []float64{20 * u, 1 + 3*math.Mod(float64(i)*0.414, 1), math.Round(math.Mod(float64(i)*0.732, 1))}
	}
	for _, p := range functions(b) {
		b.Run(p.String(), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				p.Decide(observations[i%1024], 0.5)
			}
		})
	}
}
