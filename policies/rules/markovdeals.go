package rules

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// MarkovDeals moves along its ladder by a Markov chain: from the offer that the feature names (an action's index),
// offer a comes next with probability Transition[offer][a]. Regular prices that last and deals that end are such a
// chain. Limits condition the draw on what they allow; if they forbid all that could come, it stays as near as they let
// it.
type MarkovDeals struct {
	Feature    string      `toml:"feature" default:"'own_rung'" doc:"feature that tells the offer made last, as its place on the ladder from 0"`
	Transition [][]float64 `toml:"transition" required:"true" range:"[0,1]" doc:"for each offer the probabilities of all offers to come next; they sum to 1"`
	Start      []float64   `toml:"start" range:"[0,1]" doc:"probabilities of all offers while the feature is missing; left out: all equal"`
}

// Policy implements Rule.
func (r *MarkovDeals) Policy(spec *env.Spec) (policies.Policy, error) {
	own, err := feature(spec, "feature", r.Feature)
	if err != nil {
		return nil, err
	}
	l, err := newLadder(spec, "markov-deals")
	if err != nil {
		return nil, err
	}
	n := len(spec.Offers)
	if len(r.Transition) != n {
		return nil, field.New("transition", fmt.Sprintf("%d rows", len(r.Transition)), fmt.Sprintf("%d, one an offer", n))
	}
	p := &markovDeals{ladder: l, own: own, next: make([][]float64, n)}
	for i, row := range r.Transition {
		if p.next[i], err = distribution(fmt.Sprintf("transition.%d", i), row, n); err != nil {
			return nil, err
		}
	}
	start := r.Start
	if len(start) == 0 {
		start = make([]float64, n)
		for a := range start {
			start[a] = 1 / float64(n)
		}
	}
	p.start, err = distribution("start", start, n)
	return p, err
}

// distribution checks n probabilities and returns a copy.
func distribution(key string, row []float64, n int) ([]float64, error) {
	if len(row) != n {
		return nil, field.New(key, fmt.Sprintf("%d numbers", len(row)), fmt.Sprintf("%d, one an offer", n))
	}
	sum := 0.0
	for a, p := range row {
		if !(p >= 0 && p <= 1) {
			return nil, field.New(fmt.Sprintf("%s.%d", key, a), p, "a probability")
		}
		sum += p
	}
	if math.Abs(sum-1) > 1e-6 {
		return nil, field.New(key, fmt.Sprintf("a sum of %g", sum), "probabilities that sum to 1")
	}
	return append([]float64(nil), row...), nil
}

type markovDeals struct {
	ladder
	own   int
	next  [][]float64
	start []float64
}

func (p *markovDeals) Decide(observation []float64, u float64) policies.Decision {
	var buffer [64]bool
	mask := policies.Mask(&p.spec, observation, buffer[:])
	row, now := p.start, 0
	if at := observation[p.own]; at >= 0 && at < float64(len(p.next)) { // false for NaN
		now = int(at)
		row = p.next[now]
	}
	total := 0.0
	for a, q := range row {
		if mask[a] {
			total += q
		}
	}
	if total == 0 {
		o := &p.spec.Offers[now]
		return p.want(observation, o.Price, o.Promotion)
	}
	action, below := 0, 0.0
	for a, q := range row {
		if !mask[a] || q == 0 {
			continue
		}
		action = a
		if below += q; u*total < below {
			break
		}
	}
	return p.make(action, row[action]/total)
}
