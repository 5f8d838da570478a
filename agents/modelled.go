package agents

import (
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
)

// Estimation are the parameters of learners that fit a demand curve to what they sold.
type Estimation struct {
	Sales
	Curve Curve `toml:"curve" json:"curve" doc:"the demand curve that is fitted"`
	// Refit spares time where the curve is fitted by iteration: estimates of n and of 1.01·n periods differ little.
	Refit float64 `toml:"refit" json:"refit" doc:"the curve is fitted anew when the periods have grown by this share; 0: in every period"`
}

func newEstimation(kind string) Estimation {
	return Estimation{Curve: Curve{Kind: kind, Customers: 1}}
}

// Validate implements Params.
func (p *Estimation) Validate() error {
	if !(p.Refit >= 0 && p.Refit <= 10) {
		return field.New("refit", p.Refit, "0 to 10")
	}
	return p.Curve.validate()
}

// modelled is a learner's demand curve and what it makes of each offer.
type modelled struct {
	arms
	fit     *curveFit
	margins []float64
	refit   float64
	due     float64 // periods at which the curve is fitted anew
	top     int     // the offer worth most by the estimate, -1 where that is not known yet
}

func newModelled(p *Estimation, task Task) (modelled, error) {
	a, err := newArms(task)
	if err != nil {
		return modelled{}, err
	}
	margins, err := p.margins(task.Spec)
	if err != nil {
		return modelled{}, err
	}
	fit, err := newCurveFit(&p.Curve, task.Spec)
	return modelled{arms: a, fit: fit, margins: margins, refit: p.Refit, top: -1}, err
}

// take counts what a period brought; with use it is data for the curve.
func (m *modelled) take(x *Transition, use bool) {
	m.played(x.Action)
	if use {
		m.fit.add(x.Action, x.Reward/m.margins[x.Action])
	}
}

// estimate fits the curve where that is due.
func (m *modelled) estimate() {
	if m.fit.n >= m.due {
		m.fit.fit()
		m.top = -1
		m.due = m.fit.n + max(1, math.Floor(m.refit*m.fit.n))
	}
}

// worth is an offer's reward in a period by the estimate.
func (m *modelled) worth(action int) float64 { return m.margins[action] * m.fit.demand(action) }

// greedy returns the allowed offer worth most by the estimate.
func (m *modelled) greedy(mask []bool) int {
	if m.top < 0 {
		m.top = m.outside(nil, 0, 0)
	}
	if mask[m.top] {
		return m.top
	}
	return m.outside(mask, 0, 0)
}

// outside returns the allowed offer worth most by the estimate among those whose price differs from a price by at least a distance; -1 where there is none. A nil mask
// allows all.
func (m *modelled) outside(mask []bool, price, distance float64) int {
	top, most := -1, 0.0
	for a := range m.margins {
		if mask != nil && !mask[a] || math.Abs(m.spec.Offers[a].Price-price) < distance {
			continue
		}
		if worth := m.worth(a); top < 0 || worth > most {
			top, most = a, worth
		}
	}
	return top
}

// probe returns the allowed offer nearest to the k-th of n prices that lie evenly over the ladder, counted round.
func (m *modelled) probe(mask []bool, k, n int) int {
	low, high := policies.Ladder(m.spec)
	return policies.Nearest(m.spec, mask, low+float64((high-low)*float64(k%n))/float64(max(n-1, 1)), "")
}

// Policy implements Agent: the offer worth most by the estimate; before there is one, by the mean rewards.
func (m *modelled) Policy() (policies.Policy, error) {
	means := make([]float64, len(m.margins))
	for a := range means {
		if m.fit.known {
			means[a] = m.worth(a)
		} else if n := m.fit.plays[a]; n > 0 {
			means[a] = m.margins[a] * m.fit.units[a] / n
		}
	}
	return m.frozen(means, !m.fit.known)
}

func (m *modelled) pack(word string, more ...float64) []byte {
	return packed(word, m.plays, m.fit.plays, m.fit.units, m.fit.numbers(), []float64{m.rate, m.due}, more)
}

func (m *modelled) unpack(b []byte, word string, more []float64) error {
	var x [fitted]float64
	var scalars [2]float64
	if err := unpack(b, word, m.plays, m.fit.plays, m.fit.units, x[:], scalars[:], more); err != nil {
		return err
	}
	m.fit.restore(x[:])
	m.rate, m.due, m.top = scalars[0], scalars[1], -1
	return counted(m.plays, m.fit.plays, []float64{m.fit.n})
}
