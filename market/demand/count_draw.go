package demand

import (
	"math"

	"github.com/souk-sim/souk/sim/portable"
	"gonum.org/v1/gonum/mathext"
)

// largestMean caps the mean of a count. Above it the distribution functions lose digits.
const largestMean = 1e9

// summedUpTo is the mean up to which a quantile is found by adding up probabilities.
const summedUpTo = 200

// countQuantile is the smallest k whose distribution function reaches u in (0, 1), for counts with the given mean and
// variance mean + α·mean² (Poisson at α = 0, else NB2): an inverse transform, one uniform a count and monotone in it. The
// probabilities are right to 1e-9 for means of thousands, to 1e-6 at the cap, and to (αμ)² where αμ is below 1/1000.
func countQuantile(mean, alpha, u float64) float64 {
	switch {
	case !(mean > 0): // NaN too, from regressors that overflow
		return 0
	case mean <= summedUpTo:
		return summedQuantile(mean, alpha, u)
	}
	shape := mean / (1 + alpha*mean) // of the gamma distribution with the same mean and variance
	root := 1 - 1/(9*shape) + portable.NormalQuantile(u)/(3*math.Sqrt(shape))
	guess := math.Floor(max(0, mean*root*root*root)) // Wilson & Hilferty (1931)
	width := 1 + math.Floor(mean/math.Sqrt(shape)/256)
	// Bracket by steps that double, F(below) < u <= F(above), then halve.
	below, above := guess, guess
	if countBelow(guess, mean, alpha) >= u {
		for w := width; below >= 0 && countBelow(below, mean, alpha) >= u; w *= 2 {
			above, below = below, max(below-w, -1)
		}
	} else {
		for w := width; above < 1e6*largestMean && countBelow(above, mean, alpha) < u; w *= 2 {
			below, above = above, above+w
		}
	}
	for above-below > 1 {
		if middle := math.Floor((below + above) / 2); countBelow(middle, mean, alpha) < u {
			below = middle
		} else {
			above = middle
		}
	}
	return above
}

// countBelow is the probability of k or less.
func countBelow(k, mean, alpha float64) float64 {
	if k < 0 {
		return 0
	}
	if alpha*mean > 1e-3 {
		return mathext.RegIncBeta(1/alpha, k+1, 1/(1+alpha*mean))
	}
	below := mathext.GammaIncRegComp(k+1, mean)
	if alpha > 0 {
		// NB2 is Poisson with a mean of variance αμ²; to second order F + αμ²/2 ∂²F/∂μ², ∂²F/∂μ² = p_k(1 - k/μ).
		factorial, _ := math.Lgamma(k + 1)
		below += alpha * mean / 2 * (mean - k) * portable.Exp(float64(k*portable.Log(mean))-mean-factorial)
	}
	return below
}

// summedQuantile adds the probabilities p_0, p_1, … by the ratio of neighbours, which Poisson and NB2 share.
func summedQuantile(mean, alpha, u float64) float64 {
	exponent := mean
	if alpha > 0 {
		x := alpha * mean
		if one := 1 + x; one > 1 {
			exponent = portable.Log(one) * (x / (one - 1)) / alpha // ln(1+x)/α with x's lost digits made good
		}
	}
	p := portable.Exp(-exponent)
	q := mean / (1 + float64(alpha*mean))
	k := 0.0
	for sum := p; sum < u && (k < mean || p > 1e-18); sum += p {
		p *= q * (1 + float64(alpha*k)) / (k + 1)
		k++
	}
	return k
}
