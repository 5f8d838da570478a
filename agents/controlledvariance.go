package agents

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// ControlledVariance is controlled variance pricing (den Boer & Zwart 2014, Management Science 60(3):770–783, §3.2): greedy pricing, kept away from
// the mean of its own prices so that the data go on to tell the curve. After the two prices First and Second, in each period t+1:
//
//   - where no curve can be fitted to the t periods, or the fit does not fall, or (of linear demand) is not above 0 at price 0 or falls below 0 on
//     the ladder: the one of the first two prices that is farther from the mean price p̄;
//   - else the offer that is best by the fit, if with it the variance of prices is at least c·(t+1)^(α−1);
//   - else the best by the fit outside the taboo interval p̄ ± √(c·[(t+1)^α − t^α]·(t+1)/t) (eq. 6 to 8).
//
// With α = ½ + δ the regret is of order T^(½+δ) (theorem 1). Power is α, Width is c, which is to be below 2^−α·(p₁ − p₂)²·min{1, 1/(3α)}.
// Deviations: offers are rungs of the ladder; where all that are allowed are taboo, the farthest from the mean is made.
type ControlledVariance struct {
	Estimation
	Power  float64 `toml:"power" json:"power" doc:"alpha, 0 to 1: the variance of prices is kept at width·t^(power-1); regret is of order T^power from 1/2 upwards"`
	Width  float64 `toml:"width" json:"width" doc:"c, $ squared; 0: half of the most that the method allows"`
	First  float64 `toml:"first" json:"first" doc:"price of the first period, $; where first and second are 0 the lowest and the highest"`
	Second float64 `toml:"second" json:"second" doc:"price of the second period, $"`
}

func newControlledVariance() *ControlledVariance {
	return &ControlledVariance{Estimation: newEstimation("linear"), Power: 0.55}
}

// Validate implements Params.
func (p *ControlledVariance) Validate() error {
	switch {
	case !(p.Power > 0 && p.Power < 1):
		return field.New("power", p.Power, "more than 0, less than 1")
	case !(p.Width >= 0 && p.Width < 1e15):
		return field.New("width", p.Width, "at least 0")
	case math.IsNaN(p.First) || math.IsInf(p.First, 0):
		return field.New("first", p.First, "a finite number")
	case math.IsNaN(p.Second) || math.IsInf(p.Second, 0):
		return field.New("second", p.Second, "a finite number")
	}
	return p.Estimation.Validate()
}

// New implements Params.
func (p *ControlledVariance) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	m, err := newModelled(&p.Estimation, task)
	if err != nil {
		return nil, err
	}
	c := &variance{modelled: m, power: p.Power, width: p.Width}
	low, high := policies.Ladder(task.Spec)
	if p.First != 0 || p.Second != 0 {
		low, high = p.First, p.Second
	}
	for i, price := range []float64{low, high} {
		c.first[i] = task.Spec.Offers[policies.Nearest(task.Spec, nil, price, "")].Price
	}
	apart := c.first[0] - c.first[1]
	most := portable.Exp(-float64(p.Power*math.Ln2)) * apart * apart * min(1, 1/(3*p.Power))
	switch {
	case apart == 0:
		return nil, field.New("second", p.Second, "a price whose rung is another than that of first")
	case c.width == 0:
		c.width = most / 2
	case c.width >= most:
		return nil, field.New("width", p.Width, fmt.Sprintf("less than %.6g by power and the first two prices", most))
	}
	return c, nil
}

type variance struct {
	modelled
	power, width float64
	first        [2]float64 // prices
}

func (c *variance) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	if action, exploring = c.explores(s, exploration, stream); exploring {
		return action, true
	}
	t := c.fit.n
	if t < 2 {
		return policies.Nearest(c.spec, s.Mask, c.first[int(t)], ""), false
	}
	mean := c.fit.centre + float64(c.fit.half*(c.fit.sx/t))
	if !c.sound() {
		far := 0
		if math.Abs(c.first[1]-mean) > math.Abs(c.first[0]-mean) {
			far = 1
		}
		return policies.Nearest(c.spec, s.Mask, c.first[far], ""), false
	}
	action = c.greedy(s.Mask)
	now, next := c.widths(t), c.widths(t+1)
	off := c.spec.Offers[action].Price - mean
	sum := float64(float64(c.fit.half*c.fit.half) * (c.fit.sxx - float64(c.fit.sx*(c.fit.sx/t)))) // t times the variance of prices
	if sum+float64(float64(off*off)*(t/(t+1))) >= next {
		return action, false
	}
	if action = c.outside(s.Mask, mean, math.Sqrt((next-now)*((t+1)/t))); action < 0 {
		action = c.farthest(s.Mask, mean)
	}
	return action, false
}

// widths is c·t^α.
func (c *variance) widths(t float64) float64 {
	return c.width * portable.Exp(float64(c.power*portable.Log(t)))
}

// sound tells whether the fitted curve is one that demand can have.
func (c *variance) sound() bool {
	if !c.fit.falls() || c.fit.kind != linearCurve {
		return c.fit.falls()
	}
	return c.fit.a-float64(c.fit.b*(c.fit.centre/c.fit.half)) > 0 && c.fit.a+c.fit.b >= 0 // at price 0, and at the highest of the ladder
}

func (c *variance) farthest(mask []bool, price float64) int {
	top, most := 0, -1.0
	for a, ok := range mask[:len(c.margins)] {
		if d := math.Abs(c.spec.Offers[a].Price - price); ok && d > most {
			top, most = a, d
		}
	}
	return top
}

func (c *variance) Learn(x Transition) {
	c.take(&x, true)
	c.estimate()
}

func (c *variance) MarshalBinary() ([]byte, error) { return c.pack("soukcvp"), nil }

func (c *variance) UnmarshalBinary(b []byte) error { return c.unpack(b, "soukcvp", nil) }
