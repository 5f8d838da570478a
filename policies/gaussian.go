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

	low, high float64 // the ends of the ladder
	doubt     float64 // in $, up to which the mean is quick to tell
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
	if g.low, g.high = Ladder(&g.Spec); !(g.low < g.high) {
		return field.New("offers", fmt.Sprintf("prices from %v to %v", g.low, g.high), "two prices at least")
	}
	g.Weights = weights
	g.doubt = float64((g.high-g.low)*g.Basis.doubt(weights, 2)) + float64(0x1p-50*max(math.Abs(g.low), math.Abs(g.high)))
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
	mean, logDeviation := g.at(observation, false)
	return mean, float64((g.high - g.low) * portable.Exp(min(0, logDeviation)))
}

// at returns the mean of the price at an observation and the logarithm of its standard deviation on the ladder's scale.
func (g *Gaussian) at(observation []float64, nearly bool) (mean, logDeviation float64) {
	var indices [stacked]int32
	var features [stacked]float64
	index, feature := indices[:], features[:]
	if n := g.Basis.Active(); n > stacked {
		index, feature = make([]int32, n), make([]float64, n)
	}
	if nearly {
		g.Basis.nearly(observation, index, feature)
	} else {
		g.Basis.Features(observation, index, feature)
	}
	for k, f := range index[:g.Basis.Active()] {
		mean += float64(g.Weights[2*f] * feature[k])
		logDeviation += float64(g.Weights[2*f+1] * feature[k])
	}
	return g.low + float64((g.high-g.low)*min(1, max(0, mean))), logDeviation
}

// Decide implements Policy. Cosines are taken only where the nearest offer is not plain without them.
func (g *Gaussian) Decide(observation []float64, _ float64) Decision {
	var bits [stacked]bool
	mask := Mask(&g.Spec, observation, bits[:])
	nearly := g.Basis.Kind == "fourier"
	for {
		mean, _ := g.at(observation, nearly)
		ideal, lead := nearest(&g.Spec, nil, mean, "")
		action := ideal
		if !mask[ideal] {
			var less float64
			action, less = nearest(&g.Spec, mask, mean, "")
			lead = min(lead, less)
		}
		if !nearly || lead > 2*g.doubt {
			return g.decision(observation, mask, action, ideal, 1)
		}
		nearly = false
	}
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
