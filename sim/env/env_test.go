package env

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func allowed(limits []Limit, observation float64, prices ...float64) []bool {
	s := Spec{Features: []Feature{{Name: "reference_price"}}, Limits: limits}
	for _, p := range prices {
		s.Offers = append(s.Offers, Offer{Price: p})
	}
	mask := make([]bool, len(prices))
	s.Allow([]float64{observation}, mask)
	return mask
}

func TestLimitsMaskOffers(t *testing.T) {
	drop := []Limit{{Feature: "reference_price", Drop: 0.3}}
	both := []Limit{{Feature: "reference_price", Drop: 0.3, Rise: 0.1}}
	for _, c := range []struct {
		name   string
		limits []Limit
		seen   float64
		want   []bool
	}{
		{"none", nil, 0.9, []bool{true, true, true}},
		{"too deep a cut", drop, 0.95, []bool{false, true, true}},
		{"a price on the bound is allowed, rounding or not", drop, 0.6 + 0.3, []bool{true, true, true}},
		{"both ways", both, 0.7, []bool{true, true, false}},
		{"a missing feature forbids nothing", both, math.NaN(), []bool{true, true, true}},
		{"where all is forbidden, the least bad is allowed: the dearest", drop, 2, []bool{false, false, true}},
		{"not below so many times a cost", []Limit{{Feature: "reference_price", Times: 1.25}}, 0.56, []bool{false, true, true}},
		{"a price on that bound is allowed", []Limit{{Feature: "reference_price", Times: 1.25}}, 0.72, []bool{false, false, true}},
		{"never a loss, where every price is one", []Limit{{Feature: "reference_price", Times: 1}}, 5, []bool{false, false, true}},
		{"floor and ceiling need no feature", []Limit{{Floor: 0.65, Ceiling: 0.8}}, math.NaN(), []bool{false, true, false}},
		{"and give way to nothing", []Limit{{Feature: "reference_price", Drop: 0.3}, {Ceiling: 0.8}}, 2, []bool{false, true, false}},
		{"the narrowest of several counts", []Limit{{Floor: 0.5}, {Floor: 0.7, Ceiling: 3}, {Ceiling: 0.9 - 1e-12}}, 0, []bool{false, true, true}},
		{"or the cheapest", both, 0.2, []bool{true, false, false}},
	} {
		if got := allowed(c.limits, c.seen, 0.6, 0.7, 0.9); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// Where anything keeps all limits, what is allowed is what exceeds none of them.
func TestWhatIsAllowedExceedsNothing(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	bound := func() float64 { return max(0, float64(draw.IntN(30)-15)/10) }
	for range 20000 {
		limits := make([]Limit, 1+draw.IntN(3))
		for i := range limits {
			limits[i] = Limit{Feature: "reference_price", Drop: bound(), Rise: bound(), Times: bound(), Floor: bound(), Ceiling: bound()}
		}
		prices, x := []float64{0.1, 0.5, 0.6, 0.7, 0.9, 1.1, 1.6, 2}, float64(draw.IntN(20))/10
		if draw.IntN(5) == 0 {
			x = math.NaN()
		}
		want := make([]bool, len(prices))
		for a, price := range prices {
			want[a] = !slices.ContainsFunc(limits, func(l Limit) bool { return l.Excess([]float64{x}, price) > 0 })
		}
		if got := allowed(limits, x, prices...); slices.Contains(want, true) && !slices.Equal(got, want) {
			t.Fatalf("%+v at %v: %v, not %v", limits, x, got, want)
		}
	}
}

func TestTheNarrowestFloorAndCeilingAreTheBounds(t *testing.T) {
	s := Spec{Limits: []Limit{{Floor: 1}, {Feature: "cost", Times: 9}, {Floor: 2, Ceiling: 8}, {Ceiling: 9}}}
	if floor, ceiling := s.Bounds(); floor != 2 || ceiling != 8 {
		t.Error(floor, ceiling)
	}
	if floor, ceiling := (&Spec{}).Bounds(); floor != 0 || !math.IsInf(ceiling, 1) {
		t.Error(floor, ceiling)
	}
}

// Limits that hold all of another's are no wider in any bound.
func TestLimitsLackWhatTheyDoNotHold(t *testing.T) {
	of := func(limits ...Limit) *Spec { return &Spec{Limits: limits} }
	was := of(Limit{Feature: "reference_price", Drop: 0.5, Rise: 0.6}, Limit{Floor: 2, Ceiling: 8}, Limit{Feature: "unit_cost", Times: 1.1})
	for _, c := range []struct {
		is    *Spec
		lacks string
	}{
		{was, ""},
		{of(Limit{Feature: "unit_cost", Times: 1.2, Ceiling: 7}, Limit{Feature: "reference_price", Drop: 0.5, Floor: 2}, Limit{Feature: "reference_price", Rise: 0.1}), ""},
		{of(), "at most 0.5 below reference_price"},
		{of(Limit{Feature: "last_price", Drop: 0.5, Rise: 0.6}, Limit{Floor: 2, Ceiling: 8}, Limit{Feature: "unit_cost", Times: 1.1}), "at most 0.5 below reference_price"},
		{of(Limit{Feature: "reference_price", Drop: 0.5, Rise: 0.7}, Limit{Floor: 2, Ceiling: 8}, Limit{Feature: "unit_cost", Times: 1.1}), "at most 0.6 above reference_price"},
		{of(Limit{Feature: "reference_price", Drop: 0.5, Rise: 0.6}, Limit{Floor: 1.9, Ceiling: 8}, Limit{Feature: "unit_cost", Times: 1.1}), "at least 2"},
		{of(Limit{Feature: "reference_price", Drop: 0.5, Rise: 0.6}, Limit{Floor: 2}, Limit{Feature: "unit_cost", Times: 1.1}), "at most 8"},
		{of(Limit{Feature: "reference_price", Drop: 0.5, Rise: 0.6}, Limit{Floor: 2, Ceiling: 8}, Limit{Feature: "unit_cost", Times: 1}), "at least 1.1 × unit_cost"},
	} {
		if lacks := c.is.Lacks(was); lacks != c.lacks {
			t.Errorf("%+v lacks %q, expected %q", c.is.Limits, lacks, c.lacks)
		}
	}
}
