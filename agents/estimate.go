package agents

import (
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// EstimateThenOptimise fits a demand curve to what was sold and makes the offer that is best by it: certainty-equivalent or greedy pricing
// (with two probes and no more it is MLE-GREEDY of Broder & Rusmevichientong 2012, Operations Research 60(4), §4). It probes First periods at Probes prices
// that lie evenly over the ladder, and once in every Every periods after that. Of a curve with two free parameters and without further probes it may
// stay with a wrong price for ever, with positive probability (den Boer & Zwart 2014, proposition 1).
//
// Where no curve can be fitted, or the fitted one does not fall, it probes. Deviations: none from the general scheme; of linear demand the
// estimate is that of least squares, which is not the Bernoulli likelihood's.
type EstimateThenOptimise struct {
	Estimation
	Probes int `toml:"probes" json:"probes" doc:"how many prices are probed, evenly over the ladder from its lowest to its highest"`
	First  int `toml:"first" json:"first" doc:"periods that probe, at the start"`
	Every  int `toml:"every" json:"every" doc:"after them one period in so many probes; 0: none"`
}

func newEstimateThenOptimise() *EstimateThenOptimise {
	return &EstimateThenOptimise{Estimation: newEstimation("linear"), Probes: 2, First: 20}
}

// Validate implements Params.
func (p *EstimateThenOptimise) Validate() error {
	switch {
	case p.Probes < 1 || p.Probes > 1e6:
		return field.New("probes", p.Probes, "at least 1")
	case p.First < 0:
		return field.New("first", p.First, "at least 0")
	case p.Every < 0:
		return field.New("every", p.Every, "at least 0")
	}
	return p.Estimation.Validate()
}

// New implements Params.
func (p *EstimateThenOptimise) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	m, err := newModelled(&p.Estimation, task)
	return &estimator{modelled: m, params: *p}, err
}

type estimator struct {
	modelled
	params EstimateThenOptimise
}

func (e *estimator) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	if action, exploring = e.explores(s, exploration, stream); exploring {
		return action, true
	}
	p, n := &e.params, int(e.fit.n)
	switch {
	case n < p.First || !e.fit.falls():
		return e.probe(s.Mask, n, p.Probes), false
	case p.Every > 0 && n%p.Every == 0:
		return e.probe(s.Mask, n/p.Every, p.Probes), false
	}
	return e.greedy(s.Mask), false
}

func (e *estimator) Learn(x Transition) {
	e.take(&x, true)
	e.estimate()
}

func (e *estimator) MarshalBinary() ([]byte, error) { return e.pack("soukestim"), nil }

func (e *estimator) UnmarshalBinary(b []byte) error { return e.unpack(b, "soukestim", nil) }
