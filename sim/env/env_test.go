package env

import (
	"math"
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
		{"or the cheapest", both, 0.2, []bool{true, false, false}},
	} {
		if got := allowed(c.limits, c.seen, 0.6, 0.7, 0.9); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
