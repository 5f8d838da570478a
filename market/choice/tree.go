package choice

import (
	"github.com/souk-sim/souk/sim/portable"
)

// tree divides alternatives among nests: those of one nest are closer rivals. Alternative j of nest g is chosen with
//
//	P_j = exp(V_j/λ_g - I_g) · exp(λ_g I_g) / Σ_h exp(λ_h I_h),  I_g = log Σ_{l in g} exp(V_l/λ_g)
//
// (Williams 1977; McFadden 1978; utilities on one scale, as in Train 2009, §4.2). λ = 1 everywhere is a conditional logit.
type tree struct {
	nest   []int     // of each alternative, the outside option last
	lambda []float64 // of each nest
	// Room for weigh.
	inclusive, highest []float64
}

func newTree(nest []int, lambda []float64) *tree {
	return &tree{nest, lambda, make([]float64, len(lambda)), make([]float64, len(lambda))}
}

// weigh turns utilities v by alternative into weights that are proportional to the probabilities, in place. Alternatives that
// are not present get 0; t may be nil.
func (t *tree) weigh(v []float64, present []bool) {
	if t != nil {
		t.discount(v, present)
	}
	first, highest := true, 0.0
	for j, u := range v {
		if present[j] && (first || u > highest) {
			first, highest = false, u
		}
	}
	for j, u := range v {
		v[j] = 0
		if present[j] {
			v[j] = portable.Exp(u - highest)
		}
	}
}

// discount replaces utilities by V/λ + (λ-1)·I, of which the probabilities are a plain logit.
func (t *tree) discount(v []float64, present []bool) {
	clear(t.inclusive)
	for j, g := range t.nest {
		if v[j] /= t.lambda[g]; present[j] && (t.inclusive[g] == 0 || v[j] > t.highest[g]) {
			t.highest[g], t.inclusive[g] = v[j], 1
		}
	}
	clear(t.inclusive)
	for j, g := range t.nest {
		if present[j] {
			t.inclusive[g] += portable.Exp(v[j] - t.highest[g])
		}
	}
	for g, sum := range t.inclusive {
		if sum > 0 {
			t.inclusive[g] = t.highest[g] + portable.Log(sum)
		}
	}
	for j, g := range t.nest {
		v[j] += float64((t.lambda[g] - 1) * t.inclusive[g])
	}
}

// slopes fills dst with ∂P_j/∂V_l for all j at probabilities p by alternative; t may be nil.
func (t *tree) slopes(p []float64, l int, dst []float64) {
	for j, pj := range p {
		dst[j] = -float64(pj * p[l])
	}
	if t == nil {
		dst[l] += p[l]
		return
	}
	g, nest := t.nest[l], 0.0
	lambda := t.lambda[g]
	for j, pj := range p {
		if t.nest[j] == g {
			nest += pj
		}
	}
	dst[l] += p[l] / lambda
	if nest == 0 {
		return
	}
	for j, pj := range p {
		if t.nest[j] == g {
			dst[j] += float64(pj*p[l]) / nest * (lambda - 1) / lambda
		}
	}
}
