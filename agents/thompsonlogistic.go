package agents

import (
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// ThompsonLogistic is Thompson sampling of a logistic demand curve: each of Customers buys with probability 1/(1 + e^−(a + b·x)), x being the price
// on a scale of −1 to 1 over the ladder. The posterior of (a, b) under independent normal priors is taken as normal about its mode, with the inverse of
// the information there as covariance (Laplace's approximation: Chapelle & Li 2011, NeurIPS, algorithm 3); a curve is drawn from it, and the offer best
// under that curve is made.
//
// Deviations: Chapelle & Li update the mode batch by batch and keep the diagonal of the information; here both are of all data and
// complete, which two parameters allow.
type ThompsonLogistic struct {
	Sales
	Customers float64 `toml:"customers" json:"customers" doc:"who come in a period"`
	PriorSD   float64 `toml:"prior_sd" json:"prior_sd" doc:"standard deviation of the priors of a and b, log odds"`
	Refit     float64 `toml:"refit" json:"refit" doc:"the posterior is found anew when the periods have grown by this share; 0: in every period"`
}

func newThompsonLogistic() *ThompsonLogistic { return &ThompsonLogistic{Customers: 1, PriorSD: 3} }

// Validate implements Params.
func (p *ThompsonLogistic) Validate() error {
	switch {
	case !(p.Customers > 0 && p.Customers <= 1e9):
		return field.New("customers", p.Customers, "more than 0")
	case !(p.PriorSD > 0 && p.PriorSD <= 1e3):
		return field.New("prior_sd", p.PriorSD, "more than 0, at most 1000")
	case !(p.Refit >= 0 && p.Refit <= 10):
		return field.New("refit", p.Refit, "0 to 10")
	}
	return nil
}

// New implements Params.
func (p *ThompsonLogistic) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	m, err := newModelled(&Estimation{Sales: p.Sales, Curve: Curve{Kind: "logistic", Customers: p.Customers}, Refit: p.Refit}, task)
	if err != nil {
		return nil, err
	}
	precision := 1 / (p.PriorSD * p.PriorSD)
	m.fit.prior = [2]float64{precision, precision}
	m.fit.fit()
	return &thompsonLogistic{modelled: m}, nil
}

type thompsonLogistic struct{ modelled }

func (l *thompsonLogistic) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	if action, exploring = l.explores(s, exploration, stream); exploring {
		return action, true
	}
	// The information is R·Rᵀ, R lower triangular; R⁻ᵀ·z has its inverse for covariance.
	f := l.fit
	r11 := math.Sqrt(f.aa)
	r21 := f.ab / r11
	r22 := math.Sqrt(max(f.bb-float64(r21*r21), 1e-300))
	za, zb := stream.Normal(), stream.Normal()
	db := zb / r22
	da := (za - float64(r21*db)) / r11
	a, b := f.a, f.b
	f.a, f.b = a+da, b+db
	action = l.outside(s.Mask, 0, 0)
	f.a, f.b = a, b
	return action, false
}

func (l *thompsonLogistic) Learn(x Transition) {
	l.take(&x, true)
	l.estimate()
}

func (l *thompsonLogistic) MarshalBinary() ([]byte, error) { return l.pack("souklogit"), nil }

func (l *thompsonLogistic) UnmarshalBinary(b []byte) error { return l.unpack(b, "souklogit", nil) }
