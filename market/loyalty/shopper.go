package loyalty

import (
	"math"

	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// Shopper is one simulated customer between visits.
type Shopper struct {
	Rate float64 // λ, purchases per unit of time while alive
	// Stay is 1-p, the probability of not being lost at a visit: 1 under the Pareto/NBD.
	Stay float64
	// Hazard is μ, the rate of being lost between visits: 0 under the BG/NBD.
	Hazard float64
}

// Draw makes a new customer, by exactly three draws (see Model). A beta is a gamma over the sum of two.
func (m *BGNBD) Draw(stream *rng.Stream) Shopper {
	rate := portable.GammaQuantile(m.R, stream.Open()) / m.Alpha
	odds := portable.Exp(portable.LogGammaQuantile(m.A, stream.Open()) - portable.LogGammaQuantile(m.B, stream.Open()))
	return Shopper{Rate: rate, Stay: 1 / (1 + odds)}
}

// Draw makes a new customer, by exactly two draws (see Model).
func (m *ParetoNBD) Draw(stream *rng.Stream) Shopper {
	return Shopper{Rate: portable.GammaQuantile(m.R, stream.Open()) / m.Alpha, Stay: 1, Hazard: portable.GammaQuantile(m.S, stream.Open()) / m.Beta}
}

// Return draws, at the end of a visit, the time until the next one, +Inf where the customer is lost, by exactly two draws.
//
// Service, 0 or more, multiplies the hazard of being lost: at this visit under the BG/NBD, where the customer stays with
// probability (1-p)^service, and until the next one under the Pareto/NBD, at the rate service·μ. 1 is the service of the
// log that the model was fitted on; 3 makes three visits' disappointment of one. A scenario says what a stock-out or a late
// delivery is worth. The first visit of all loses nobody under the BG/NBD, save for service above 1.
func (s Shopper) Return(stream *rng.Stream, service float64, first bool) float64 {
	wait, patience := stream.Exponential()/s.Rate, stream.Open()
	if s.Hazard > 0 {
		// The exponential has no memory: the time until loss may be drawn anew at each visit.
		if -portable.Log(patience) < float64(wait*s.Hazard)*service {
			return math.Inf(1)
		}
		return wait
	}
	if first {
		service = max(0, service-1)
	}
	if patience > portable.Exp(float64(service*portable.Log(s.Stay))) {
		return math.Inf(1)
	}
	return wait
}
