package agents

import (
	"fmt"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// ThompsonBeta is Thompson sampling (Thompson 1933; Chapelle & Li 2011, NeurIPS, algorithm 2) of the units that an offer sells: draw the demand
// of every offer from its posterior, and make the offer of the highest margin·demand.
//
//   - demand "bernoulli": a sale or none; Beta(PriorSales + sales, PriorMisses + misses). Where a period may sell up to Most units, it
//     counts as units/Most of a sale, and as the rest of a miss.
//   - demand "poisson": units of a Poisson law; Gamma(PriorSales + units, PriorMisses + periods).
//
// Deviations: none for sales of one unit at most; of more, Agrawal & Goyal (2012, COLT, algorithm 2) would count a sale with
// probability units/Most, which has the same mean.
type ThompsonBeta struct {
	Sales
	Demand      string  `toml:"demand" json:"demand" doc:"bernoulli: at most one unit a period (or most); poisson: any number"`
	PriorSales  float64 `toml:"prior_sales" json:"prior_sales" doc:"units of each offer that the prior counts as sold; with 1 miss, 1 makes the uniform law"`
	PriorMisses float64 `toml:"prior_misses" json:"prior_misses" doc:"periods of each offer that the prior counts as without a sale; of poisson: periods"`
	Most        float64 `toml:"most" json:"most" doc:"of bernoulli: units that a period sells at most"`
}

func newThompsonBeta() *ThompsonBeta {
	return &ThompsonBeta{Demand: "bernoulli", PriorSales: 1, PriorMisses: 1, Most: 1}
}

// Validate implements Params.
func (p *ThompsonBeta) Validate() error {
	switch {
	case p.Demand != "bernoulli" && p.Demand != "poisson":
		return field.New("demand", p.Demand, "bernoulli or poisson")
	case !(p.PriorSales > 0 && p.PriorSales <= 1e9):
		return field.New("prior_sales", p.PriorSales, "more than 0")
	case !(p.PriorMisses > 0 && p.PriorMisses <= 1e9):
		return field.New("prior_misses", p.PriorMisses, "more than 0")
	case !(p.Most > 0 && p.Most <= 1e9):
		return field.New("most", p.Most, "more than 0")
	}
	return nil
}

// New implements Params.
func (p *ThompsonBeta) New(task Task) (Agent, error) {
	b, err := newPosterior(p, task)
	if err != nil {
		return nil, err
	}
	return &thompsonBeta{posterior: *b, worth: make([]float64, len(b.plays))}, nil
}

// posterior is what is known of the units that each offer sells in a period.
type posterior struct {
	arms
	params  ThompsonBeta
	margins []float64 // [action]
	sales   []float64 // [action]; of Bernoulli demand shares of Most
}

func newPosterior(p *ThompsonBeta, task Task) (*posterior, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	a, err := newArms(task)
	if err != nil {
		return nil, err
	}
	margins, err := p.margins(task.Spec)
	if err != nil {
		return nil, err
	}
	return &posterior{arms: a, params: *p, margins: margins, sales: make([]float64, len(margins))}, nil
}

// draw takes a demand, in units a period, from an offer's posterior.
func (b *posterior) draw(action int, stream *rng.Stream) float64 {
	p := &b.params
	if p.Demand == "poisson" {
		return gamma(p.PriorSales+b.sales[action], stream) / (p.PriorMisses + b.plays[action])
	}
	return p.Most * beta(p.PriorSales+b.sales[action], p.PriorMisses+b.plays[action]-b.sales[action], stream)
}

// mean is the posterior mean of the same.
func (b *posterior) mean(action int) float64 {
	p := &b.params
	if p.Demand == "poisson" {
		return (p.PriorSales + b.sales[action]) / (p.PriorMisses + b.plays[action])
	}
	return p.Most * (p.PriorSales + b.sales[action]) / (p.PriorSales + p.PriorMisses + b.plays[action])
}

// count takes in what a period brought.
func (b *posterior) count(action int, reward float64) {
	units := max(0, reward/b.margins[action])
	if b.params.Demand == "bernoulli" {
		units = min(units/b.params.Most, 1)
	}
	b.played(action)
	b.sales[action] += units
}

type thompsonBeta struct {
	posterior
	worth []float64 // [action], scratch
}

func (b *thompsonBeta) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	if action, exploring = b.explores(s, exploration, stream); exploring {
		return action, true
	}
	for a := range b.worth {
		b.worth[a] = b.margins[a] * b.draw(a, stream)
	}
	return highestAllowed(b.worth, s.Mask), false
}

func (b *thompsonBeta) Learn(x Transition) { b.count(x.Action, x.Reward) }

// Policy implements Agent: the offer of the highest margin·(posterior mean demand).
func (b *thompsonBeta) Policy() (policies.Policy, error) {
	means := make([]float64, len(b.margins))
	for a := range means {
		means[a] = b.margins[a] * b.mean(a)
	}
	return b.frozen(means, true)
}

func (b *thompsonBeta) MarshalBinary() ([]byte, error) {
	return packed("soukbeta", b.plays, b.sales, []float64{b.rate}), nil
}

func (b *thompsonBeta) UnmarshalBinary(bytes []byte) error {
	var rate [1]float64
	if err := unpack(bytes, "soukbeta", b.plays, b.sales, rate[:]); err != nil {
		return err
	}
	b.rate = rate[0]
	return b.checkCounts()
}

// checkCounts checks what a checkpoint held: a draw from a law that there is not would never end.
func (b *posterior) checkCounts() error {
	for a, n := range b.plays {
		if b.params.Demand == "bernoulli" && b.sales[a] > n {
			return fmt.Errorf("checkpoint has %v sales in %v periods", b.sales[a], n)
		}
	}
	return counted(b.plays, b.sales)
}
