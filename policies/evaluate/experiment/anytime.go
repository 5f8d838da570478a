package experiment

import "math"

// mixture is the mixture sequential probability ratio test of no difference against a normal mixture of differences with standard
// deviation tau (Robbins 1970; Johari, Koomen, Pekelis & Walsh 2017, "Peeking at A/B tests"). Its p-values and intervals hold at all sample
// sizes at once: one may look after every shopper and stop whenever one likes.
type mixture struct{ tau float64 }

// mixtureFor chooses the mixing standard deviation whose interval is narrowest when the difference's standard error has
// come down to a planned one: τ²/V = r with r = 2 ln(1/α) + ln(1+r), r = 8.2 at α = 0.05. The plan must not depend on how the
// experiment went: it may be of size N, never of the size at which one happened to look. Elsewhere than at the plan the interval is wider but as valid.
func mixtureFor(plannedError, alpha float64) mixture {
	r := 8.0
	for range 50 {
		r = 2*math.Log(1/alpha) + math.Log1p(r)
	}
	return mixture{tau: plannedError * math.Sqrt(r)}
}

// p is the p-value of a difference with a standard error at one look, 1/Λ; the smallest so far is always valid.
func (m mixture) p(difference, standardError float64) float64 {
	v, t := standardError*standardError, m.tau*m.tau
	if !(v > 0) {
		return 1
	}
	log := 0.5*math.Log(v/(v+t)) + t*difference*difference/(2*v*(v+t))
	return math.Min(1, math.Exp(-log))
}

// within is the always-valid interval of an effect; Student's t widens it by the ratio of his quantile to the normal one.
func (m mixture) within(e *Effect, alpha float64) *Range {
	if !(m.tau > 0) {
		return nil
	}
	return e.within(m.half(e.Difference.StandardError, alpha) * e.widening(alpha))
}

// half is half of the always-valid interval at level 1 − α.
func (m mixture) half(standardError, alpha float64) float64 {
	v, t := standardError*standardError, m.tau*m.tau
	return math.Sqrt(v * (v + t) / t * (2*math.Log(1/alpha) + math.Log((v+t)/v)))
}
