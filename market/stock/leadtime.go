package stock

import (
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// check returns a *field.Error where there is no such distribution.
func (l *LeadTime) check() error {
	switch l.Law {
	case "", "fixed", "exponential":
		if l.CV != 0 {
			return field.New("lead_time.cv", l.CV, "no cv: that of fixed is 0, of exponential 1")
		}
	case "uniform":
		if widest := 1 / math.Sqrt(3); !(0 < l.CV && l.CV <= widest) {
			return field.New("lead_time.cv", l.CV, "more than 0 and at most 0.577 (1/√3), or times below 0 would be among them")
		}
	case "gamma", "lognormal":
		if !(0.01 <= l.CV) {
			return field.New("lead_time.cv", l.CV, "at least 0.01")
		}
	default:
		return field.New("lead_time.law", l.Law, "fixed, uniform, exponential, gamma or lognormal")
	}
	return nil
}

// draw returns a lead time in days, by inverse transform from the first number of a stream.
func (l *LeadTime) draw(s rng.Stream) float64 {
	switch l.Law {
	case "uniform":
		return l.MeanDays * (1 + float64(l.CV*math.Sqrt(3)*(2*s.Open()-1)))
	case "exponential":
		return l.MeanDays * s.Exponential()
	case "gamma": // of shape 1/cv²
		shape := 1 / float64(l.CV*l.CV)
		return l.MeanDays / shape * portable.GammaQuantile(shape, s.Open())
	case "lognormal": // ln of it is Normal(ln mean - σ²/2, σ²), σ² = ln(1 + cv²)
		variance := portable.Log(1 + float64(l.CV*l.CV))
		return l.MeanDays * portable.Exp(float64(math.Sqrt(variance)*s.Normal())-float64(variance/2))
	}
	return l.MeanDays
}

// variance of the lead time, days².
func (l *LeadTime) variance() float64 {
	deviation := l.MeanDays * l.CV
	if l.Law == "exponential" {
		deviation = l.MeanDays
	}
	return float64(deviation * deviation)
}
