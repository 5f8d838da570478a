package agents

import (
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// act follows Exploration over the allowed offers: by ε-greedy one draw decides whether to explore, the other what would then be tried, or which of equals
// is greedy; by Boltzmann's rule the second chooses.
func (t *table) act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	explore, which := stream.Float64(), stream.Float64()
	if t.byState || t.warm > 0 {
		exploration = t.exploration(s, exploration)
	}
	if t.soft && !math.IsInf(exploration, 1) {
		action, greedy := t.boltzmann(s, exploration, which), t.greedy(s)
		return action, action != greedy
	}
	if explore < exploration {
		action, _ = policies.Pick(s.Mask, which)
		return action, true
	}
	if t.fair {
		_, tied := t.tied(s)
		action, _ = policies.Pick(tied, which)
		return action, false
	}
	return t.greedy(s), false
}

// exploration is what is in force in a state: by its visits where the scenario says so, total in the warm-up.
func (t *table) exploration(s *State, exploration float64) float64 {
	switch {
	case t.warm > 0:
		return math.Inf(1)
	case t.byState && !math.IsInf(exploration, 1):
		return max(t.params.Exploration.To, float64(exploration*t.seldom(s.Index)))
	}
	return exploration
}

// seldom is 1/n^Power for the n updates of a state.
func (t *table) seldom(state int) float64 {
	n := float64(max(t.tries(state), 1))
	if power := t.params.Exploration.Power; power != 0 && power != 1 {
		return portable.Exp(-float64(power * portable.Log(n)))
	}
	return 1 / n
}

// tied says which allowed offers are as good as the greedy one, and how many. The mask is scratch.
func (t *table) tied(s *State) (n int, mask []bool) {
	row, top := t.row(s.Index), t.value(s, t.greedy(s))
	for a, ok := range s.Mask[:len(row)] {
		if t.equals[a] = ok && row[a] == top; t.equals[a] {
			n++
		}
	}
	return n, t.equals
}

// weigh fills the odds of Boltzmann's rule, e^{Q(s,a)/τ} over that of the greedy offer, and gives their sum.
func (t *table) weigh(s *State, temperature float64) (sum float64) {
	row := t.row(s.Index)
	best := row[t.greedy(s)]
	for a, ok := range s.Mask[:len(row)] {
		t.odds[a] = 0
		if ok {
			t.odds[a] = portable.Exp((row[a] - best) / max(temperature, math.SmallestNonzeroFloat64))
			sum += t.odds[a]
		}
	}
	return sum
}

// boltzmann inverts the law e^{Q(s,a)/τ} of the allowed offers at u; at τ = 0 it is greedy.
func (t *table) boltzmann(s *State, temperature, u float64) int {
	left, action := u*t.weigh(s, temperature), t.greedy(s)
	for a, ok := range s.Mask[:t.offers] {
		if !ok {
			continue
		}
		if action = a; left < t.odds[a] {
			break
		}
		left -= t.odds[a]
	}
	return action
}

// law is π(·|s), the probabilities by which act chooses. It is scratch, and 0 where the mask forbids.
func (t *table) law(s *State, exploration float64) []float64 {
	exploration = t.exploration(s, exploration)
	if t.soft && !math.IsInf(exploration, 1) {
		sum := t.weigh(s, exploration)
		for a := range t.odds {
			t.odds[a] /= sum
		}
		return t.odds
	}
	allowed := 0
	for _, ok := range s.Mask[:t.offers] {
		if ok {
			allowed++
		}
	}
	epsilon := min(1, exploration)
	for a, ok := range s.Mask[:t.offers] {
		t.odds[a] = 0
		if ok {
			t.odds[a] = epsilon / float64(allowed)
		}
	}
	if !t.fair {
		t.odds[t.greedy(s)] += 1 - epsilon
		return t.odds
	}
	n, tied := t.tied(s)
	for a, ok := range tied {
		if ok {
			t.odds[a] += (1 - epsilon) / float64(n)
		}
	}
	return t.odds
}

// expected is Σ_a π(a|s)·Q(s, a) under a law.
func (t *table) expected(s *State, law []float64) float64 {
	sum := 0.0
	for a, q := range t.row(s.Index) {
		sum += float64(law[a] * q)
	}
	return sum
}
