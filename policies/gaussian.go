package policies

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/portable"
)

// Gaussian is a policy of a price that is normal, with a mean and a standard deviation that depend on the observation
// (Sutton & Barto 2018, §13.7), as an actor learns it. Frozen it asks for the mean: it makes the allowed offer nearest to
// it, one without a promotion where there are such. On the ladder's scale, 0 its lowest price and 1 its highest,
//
//	μ(s) = θ_μ·φ(s), held to [0, 1]    σ(s) = exp(θ_σ·φ(s)), at most 1
type Gaussian struct {
	Frame
	Basis   Basis     `json:"basis"`
	Weights []float64 `json:"-"` // [feature*2], θ_μ and θ_σ in turn
}

// NewGaussian checks a policy and prepares it for use. The weights are kept, not copied. Errors are *field.Error.
func NewGaussian(spec *env.Spec, encoder Encoder, basis Basis, weights []float64) (*Gaussian, error) {
	g := &Gaussian{Frame: Frame{Spec: *spec, Encoder: encoder}, Basis: basis}
	if err := g.Restore(weights); err != nil {
		return nil, err
	}
	return g, nil
}

// Numbers implements Function.
func (g *Gaussian) Numbers() []float64 { return g.Weights }

// Restore implements Function.
func (g *Gaussian) Restore(weights []float64) error {
	if err := g.prepare(&g.Basis, len(weights), 2); err != nil {
		return err
	}
	if low, high := Ladder(&g.Spec); !(low < high) {
		return field.New("offers", fmt.Sprintf("prices from %v to %v", low, high), "two prices at least")
	}
	g.Weights = weights
	return checkWeights(weights)
}

// Ladder returns the lowest and the highest price of the offers.
func Ladder(spec *env.Spec) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for i := range spec.Offers {
		low, high = min(low, spec.Offers[i].Price), max(high, spec.Offers[i].Price)
	}
	return low, high
}

// Normal returns the mean and the standard deviation of the price at an observation.
func (g *Gaussian) Normal(observation []float64) (mean, deviation float64) {
	var indices [stacked]int32
	var features [stacked]float64
	index, feature := indices[:], features[:]
	if n := g.Basis.Active(); n > stacked {
		index, feature = make([]int32, n), make([]float64, n)
	}
	g.Basis.Features(observation, index, feature)
	logDeviation := 0.0
	for k := range g.Basis.Active() {
		mean += float64(g.Weights[2*index[k]] * feature[k])
		logDeviation += float64(g.Weights[2*index[k]+1] * feature[k])
	}
	low, high := Ladder(&g.Spec)
	return low + float64((high-low)*min(1, max(0, mean))), float64((high - low) * portable.Exp(min(0, logDeviation)))
}

// Decide implements Policy.
func (g *Gaussian) Decide(observation []float64, _ float64) Decision {
	var bits [stacked]bool
	mask := Mask(&g.Spec, observation, bits[:])
	mean, _ := g.Normal(observation)
	return g.decision(observation, mask, Nearest(&g.Spec, mask, mean, ""), Nearest(&g.Spec, nil, mean, ""), 1)
}

// Explain implements Frozen. The value of an offer is the logarithm of its density relative to the mean's.
func (g *Gaussian) Explain(observation []float64) Explanation {
	mean, deviation := g.Normal(observation)
	values := make([]float64, len(g.Spec.Offers))
	for a, o := range g.Spec.Offers {
		z := (o.Price - mean) / deviation
		values[a] = -float64(z*z) / 2
	}
	e := g.explain(observation, values, g.Decide(observation, 1))
	e.Measure = "log-density"
	made := &e.Offers[e.Decision.Action]
	for a := range e.Offers {
		if o := &e.Offers[a]; o.Allowed {
			o.Why = fmt.Sprintf("%.3g standard deviations from the mean", math.Abs(o.Price-mean)/deviation)
		}
	}
	made.Why = fmt.Sprintf("made: the nearest to a mean of %.4g, whose standard deviation is %.3g", mean, deviation)
	if e.Decision.Guardrails != 0 {
		made.Why = fmt.Sprintf("made: the nearest that the limits allow to a mean of %.4g, whose standard deviation is %.3g", mean, deviation)
	}
	return e
}

// String implements Frozen.
func (g *Gaussian) String() string { return "a normal price, its mean linear in " + g.Basis.String() }
