package agents

import (
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// MLECycle is MLE-CYCLE of Broder & Rusmevichientong (2012, Operations Research 60(4), §3.2): in cycle c = 1, 2, … it makes each of Probes offers
// once, fits the demand curve to the sales of all such periods so far, and then makes c times the offer that is best by the fit. Its regret is of
// order √T on every instance.
//
// Deviations: probes are rungs of the ladder; of linear demand the estimate is that of least squares, which is not the Bernoulli likelihood's;
// while no falling curve can be fitted it goes on to the next cycle at once.
type MLECycle struct {
	Estimation
	Probes int `toml:"probes" json:"probes" doc:"how many prices each cycle probes, evenly over the ladder from its lowest to its highest"`
}

func newMLECycle() *MLECycle { return &MLECycle{Estimation: newEstimation("linear"), Probes: 2} }

// Validate implements Params.
func (p *MLECycle) Validate() error {
	if p.Probes < 1 || p.Probes > 1e6 {
		return field.New("probes", p.Probes, "at least 1")
	}
	return p.Estimation.Validate()
}

// New implements Params.
func (p *MLECycle) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	m, err := newModelled(&p.Estimation, task)
	return &cycler{modelled: m, probes: p.Probes, cycle: 1}, err
}

type cycler struct {
	modelled
	probes      int
	cycle, turn int // turn counts those of the cycle
}

func (c *cycler) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	if action, exploring = c.explores(s, exploration, stream); exploring {
		return action, true
	}
	if c.turn < c.probes {
		return c.probe(s.Mask, c.turn, c.probes), false
	}
	return c.greedy(s.Mask), false
}

func (c *cycler) Learn(x Transition) {
	probed := c.turn < c.probes
	c.take(&x, probed)
	c.turn++
	if probed && c.turn == c.probes {
		c.estimate()
	}
	if c.turn >= c.probes && (!c.fit.falls() || c.turn >= c.probes+c.cycle) {
		c.cycle, c.turn = c.cycle+1, 0
	}
}

func (c *cycler) MarshalBinary() ([]byte, error) {
	return c.pack("soukcycle", float64(c.cycle), float64(c.turn)), nil
}

func (c *cycler) UnmarshalBinary(b []byte) error {
	var x [2]float64
	if err := c.unpack(b, "soukcycle", x[:]); err != nil {
		return err
	}
	c.cycle, c.turn = int(x[0]), int(x[1])
	return nil
}
