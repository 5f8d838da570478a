package choice

import (
	"math"

	"github.com/souk-sim/souk/sim/portable"
)

// Quantity is how many units a shopper takes who takes any: a count truncated at zero with log mean
// Intercept + Deal·d before truncation, where d in [0, 1] is how far the product is on deal. Dispersion 0 is a
// Poisson; α > 0 a negative binomial with variance μ + αμ² before truncation (NB2).
type Quantity struct {
	Intercept  float64 `json:"intercept"`
	Deal       float64 `json:"deal"`
	Dispersion float64 `json:"dispersion"`
	Provenance string  `json:"provenance,omitempty"` // which data and fit the numbers come from
}

// rate returns μ and the probability of zero before truncation.
func (q Quantity) rate(deal float64) (mu, zero float64) {
	mu = portable.Exp(q.Intercept + float64(q.Deal*deal))
	if q.Dispersion == 0 {
		return mu, portable.Exp(-mu)
	}
	return mu, portable.Exp(-portable.Log(1+float64(q.Dispersion*mu)) / q.Dispersion)
}

// Mean returns E[quantity | purchase, deal] = μ/(1-P(0)).
func (q Quantity) Mean(deal float64) float64 {
	mu, zero := q.rate(deal)
	return mu / (1 - zero)
}

// Variance returns Var[quantity | purchase, deal].
func (q Quantity) Variance(deal float64) float64 {
	mu, zero := q.rate(deal)
	mean := mu / (1 - zero)
	return (mu+float64((1+q.Dispersion)*mu)*mu)/(1-zero) - float64(mean*mean)
}

// maximumQuantity ends the inverse transform: no shopper takes more.
const maximumQuantity = 1000

// Draw returns a quantity of 1 or more by inverse transform of the uniform u in [0, 1).
func (q Quantity) Draw(u, deal float64) int {
	mu, zero := q.rate(deal)
	target := float64(u * (1 - zero))
	ratio := float64(q.Dispersion*mu) / (1 + float64(q.Dispersion*mu))
	p, cumulative := zero, 0.0
	for k := 1; k < maximumQuantity; k++ {
		// P(k)/P(k-1) = (k-1+1/α)/k · αμ/(1+αμ), which for α = 0 is μ/k.
		if q.Dispersion == 0 {
			p = float64(p*mu) / float64(k)
		} else {
			p = float64(p*ratio) * (float64(k-1) + 1/q.Dispersion) / float64(k)
		}
		if cumulative += p; target < cumulative {
			return k
		}
		if p < 1e-18 && float64(k) > mu {
			return k
		}
	}
	return maximumQuantity
}

// valid reports whether the parameters make a distribution.
func (q Quantity) valid() bool {
	return !math.IsNaN(q.Intercept+q.Deal+q.Dispersion) && math.Abs(q.Intercept) < 10 && math.Abs(q.Deal) < 10 && q.Dispersion >= 0 && q.Dispersion < 1e6
}
