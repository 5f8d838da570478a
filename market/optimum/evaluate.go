package optimum

import (
	"cmp"
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// PolicyIteration solves by Howard's method (1960; Puterman 1994, §6.4): it values a policy, improves it where another action is better, and stops when none is by more
// than rounding. Policies are valued by sweeps, to the last digits. Solution.Sweeps counts the policies. It is the quicker one where discounts are near 1. It fails on a
// malformed process, and when sweeps run out.
func (m *MDP) PolicyIteration(discount, tolerance float64, sweeps int) (*Solution, error) {
	if !(discount >= 0 && discount < 1) {
		return nil, field.New("discount", discount, "a number in [0, 1)")
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	s := m.solution()
	improved, greedy := make([]float64, m.States), make([]int, m.States)
	m.sweep(discount, m.Rewards, s.Values, improved, s.Actions)
	for {
		if err := m.settle(m.pure(s.Actions), discount, tolerance/4, sweeps, s.Values); err != nil {
			return nil, err
		}
		s.Sweeps++
		low, high := m.sweep(discount, m.Rewards, s.Values, improved, greedy)
		s.Bound = max(high, -low) / (1 - discount)
		if s.Bound <= tolerance {
			copy(s.Actions, greedy)
			return s, nil
		}
		if s.Sweeps >= sweeps {
			return nil, fmt.Errorf("policy iteration: bound %g after %d policies, wanted %g", s.Bound, s.Sweeps, tolerance)
		}
		copy(s.Actions, greedy)
	}
}

// pure writes actions as chances.
func (m *MDP) pure(actions []int) []float64 {
	chances := make([]float64, m.States*m.Actions)
	for s, a := range actions {
		chances[s*m.Actions+a] = 1
	}
	return chances
}

// EvaluateDiscounted is the discounted sum of rewards [state] under a policy that takes actions by chances [state*Actions+action], to within tolerance.
func (m *MDP) EvaluateDiscounted(chances []float64, discount, tolerance float64, sweeps int) ([]float64, error) {
	if !(discount >= 0 && discount < 1) {
		return nil, field.New("discount", discount, "a number in [0, 1)")
	}
	if err := cmp.Or(m.check(), m.checkPolicy(chances)); err != nil {
		return nil, err
	}
	values := make([]float64, m.States)
	return values, m.settle(chances, discount, tolerance, sweeps, values)
}

// settle sweeps values to those of a policy, by MacQueen's bounds as Discounted does.
func (m *MDP) settle(chances []float64, discount, tolerance float64, sweeps int, values []float64) error {
	next := make([]float64, m.States)
	horizon := discount / (1 - discount)
	for range sweeps {
		low, high := m.follow(chances, discount, m.Rewards, values, next)
		copy(values, next)
		if horizon*(high-low)/2 <= tolerance {
			for i := range values {
				values[i] += float64(horizon*(high+low)) / 2
			}
			return nil
		}
	}
	return fmt.Errorf("policy evaluation: not within %g after %d sweeps", tolerance, sweeps)
}

// EvaluateAverage is the average reward a step in the long run, [state] where it begins, of a policy that takes actions by chances [state*Actions+action]. The chain may
// have several closed classes. It iterates the law of the chain, damped, on the expected rewards, which tend to the average (Puterman 1994, theorem A.5 and
// §8.5.4); it stops when all states agree within tolerance, or no state's average moves by more than a thousandth of it.
func (m *MDP) EvaluateAverage(chances []float64, tolerance float64, sweeps int) ([]float64, error) {
	if err := cmp.Or(m.check(), m.checkPolicy(chances)); err != nil {
		return nil, err
	}
	gains, next := make([]float64, m.States), make([]float64, m.States)
	m.follow(chances, 0, m.Rewards, gains, next)
	copy(gains, next)
	none := make([]float64, len(m.Rewards))
	for range sweeps {
		low, high := m.follow(chances, 1, none, gains, next)
		least, most := math.Inf(1), math.Inf(-1)
		for s := range gains {
			gains[s] += float64(damping * (next[s] - gains[s]))
			least, most = min(least, gains[s]), max(most, gains[s])
		}
		if most-least <= 2*tolerance || max(high, -low) <= tolerance/1000 {
			return gains, nil
		}
	}
	return nil, fmt.Errorf("policy evaluation: no average within %g after %d sweeps", tolerance, sweeps)
}

// worth is that of an action: r + γPv.
func (m *MDP) worth(state, action int, discount float64, values []float64) float64 {
	row, future := state*m.Actions+action, 0.0
	from := int32(0)
	if row > 0 {
		from = m.ends[row-1]
	}
	for _, o := range m.outcomes[from:m.ends[row]] {
		future += float64(o.Probability * values[o.Next])
	}
	return m.Rewards[row] + float64(discount*future)
}

// follow computes next = r + γPv under a policy, and the least and greatest change.
func (m *MDP) follow(chances []float64, discount float64, rewards, values, next []float64) (low, high float64) {
	return m.blocks(func(first, last int) (low, high float64) {
		low, high = math.Inf(1), math.Inf(-1)
		row, from := first*m.Actions, m.begin(first)
		for s := first; s < last; s++ {
			sum := 0.0
			for range m.Actions {
				if chance := chances[row]; chance > 0 {
					future := 0.0
					for _, o := range m.outcomes[from:m.ends[row]] {
						future += float64(o.Probability * values[o.Next])
					}
					sum += float64(chance * (rewards[row] + float64(discount*future)))
				}
				from = m.ends[row]
				row++
			}
			next[s] = sum
			low, high = min(low, sum-values[s]), max(high, sum-values[s])
		}
		return low, high
	})
}

func (m *MDP) checkPolicy(chances []float64) error {
	if len(chances) != m.States*m.Actions {
		return field.New("policy", len(chances), fmt.Sprintf("chances of %d states × %d actions", m.States, m.Actions))
	}
	for s := range m.States {
		total := 0.0
		for a, c := range chances[s*m.Actions:][:m.Actions] {
			if !(c >= 0) || c > 0 && math.IsInf(m.Rewards[s*m.Actions+a], -1) {
				return field.New(fmt.Sprintf("policy in state %d, action %d", s, a), c, "a chance, none for what is forbidden")
			}
			total += c
		}
		if !(math.Abs(total-1) < 1e-9) {
			return field.New(fmt.Sprintf("policy in state %d", s), total, "chances that sum to 1")
		}
	}
	return nil
}
