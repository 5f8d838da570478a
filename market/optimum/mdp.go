// Package optimum tells what the best possible pricing would earn: dynamic programmes on a reduced market and on one seller's pricing problems
// (market/monopoly), with exact values of policies; linear programmes and continuous-time dynamic programmes that bound them; bounds from a clairvoyant who knows
// what chance will bring; and cycles in closed form.
package optimum

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/souk-sim/souk/scenarios/field"
)

// Outcome is one way a choice can turn out.
type Outcome struct {
	Next        int32
	Probability float64
}

// MDP is a finite Markov decision process with sparse rows. Rows run over states and, within a state, over actions; fill
// them in that order with Append.
type MDP struct {
	States, Actions int
	Rewards         []float64 // [state*Actions+action]; −Inf where the action may not be taken
	Workers         int       // goroutines that share a sweep, which change nothing but the time; 0: one
	outcomes        []Outcome // of row 0, then of row 1, …
	ends            []int32   // [row] where its outcomes end
}

// Append adds the next row: what the action earns in expectation and where it leads. Rewards of −Inf forbid the action.
func (m *MDP) Append(reward float64, outcomes ...Outcome) {
	m.Rewards = append(m.Rewards, reward)
	m.outcomes = append(m.outcomes, outcomes...)
	m.ends = append(m.ends, int32(len(m.outcomes)))
}

// Solution is what a dynamic programme found.
type Solution struct {
	Values  []float64 // [state]; under Average relative to state 0
	Gain    float64   // average reward a step; Average only
	Actions []int     // [state] best action, the lowest index among equals
	Sweeps  int
	Bound   float64 // the true values (Average: the true gain) lie within this of what is returned
}

// Discounted solves by value iteration, v ← Tv with (Tv)(s) = max_a r(s,a) + γ Σ p(s'|s,a) v(s'), until MacQueen's bounds
// Tv + γ/(1−γ)·[min(Tv−v), max(Tv−v)] around the optimal values are at most 2·tolerance wide, and returns their middle
// (Puterman 1994, theorem 6.6.3). It fails on a malformed process, and when sweeps run out.
func (m *MDP) Discounted(discount, tolerance float64, sweeps int) (*Solution, error) {
	if !(discount >= 0 && discount < 1) {
		return nil, field.New("discount", discount, "a number in [0, 1)")
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	s := m.solution()
	improved := make([]float64, m.States)
	for s.Sweeps < sweeps {
		low, high := m.sweep(discount, m.Rewards, s.Values, improved, s.Actions)
		s.Sweeps++
		s.Values, improved = improved, s.Values
		horizon := discount / (1 - discount)
		if s.Bound = horizon * (high - low) / 2; s.Bound <= tolerance {
			for i := range s.Values {
				s.Values[i] += float64(horizon*(high+low)) / 2
			}
			return s, nil
		}
	}
	return nil, fmt.Errorf("value iteration: bound %g after %d sweeps, wanted %g", s.Bound, sweeps, tolerance)
}

// damping is Schweitzer's transformation, v ← v + damping·(Tv − v): it makes every chain aperiodic, the price cycles that are
// optimal here included, and leaves gain and policy as they are (Puterman 1994, §8.5.4).
const damping = 0.5

// Average maximises the average reward a step by relative value iteration, until Odoni's bounds min(Tv−v) ≤ gain ≤
// max(Tv−v) are at most 2·tolerance apart (Puterman 1994, theorem 8.5.5). Where the optimal gain differs between
// states (a multichain process) they never are, and it fails once sweeps run out.
func (m *MDP) Average(tolerance float64, sweeps int) (*Solution, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	s := m.solution()
	improved := make([]float64, m.States)
	for s.Sweeps < sweeps {
		low, high := m.sweep(1, m.Rewards, s.Values, improved, s.Actions)
		s.Sweeps++
		s.Gain, s.Bound = (low+high)/2, (high-low)/2
		if s.Bound <= tolerance {
			return s, nil
		}
		origin := s.Values[0] + float64(damping*(improved[0]-s.Values[0]))
		for i, v := range s.Values {
			s.Values[i] = v + float64(damping*(improved[i]-v)) - origin
		}
	}
	return nil, fmt.Errorf("relative value iteration: bound %g after %d sweeps, wanted %g", s.Bound, sweeps, tolerance)
}

// FiniteHorizon maximises the sum of rewards over steps by backward induction. reward fills rewards (shape of
// Rewards, which it replaces) for each step; nil means Rewards at every step. The result holds the optimal
// values [step][state], with a row of zeros after the last step, and the best actions [step][state].
func (m *MDP) FiniteHorizon(steps int, reward func(step int, rewards []float64)) (values [][]float64, actions [][]int, err error) {
	if steps < 1 {
		return nil, nil, field.New("horizon", steps, "at least 1 step")
	}
	if err := m.check(); err != nil {
		return nil, nil, err
	}
	values, actions = make([][]float64, steps+1), make([][]int, steps)
	values[steps] = make([]float64, m.States)
	rewards := m.Rewards
	if reward != nil {
		rewards = make([]float64, len(m.Rewards))
	}
	for t := steps - 1; t >= 0; t-- {
		if reward != nil {
			reward(t, rewards)
		}
		values[t], actions[t] = make([]float64, m.States), make([]int, m.States)
		m.sweep(1, rewards, values[t+1], values[t], actions[t])
	}
	return values, actions, nil
}

func (m *MDP) solution() *Solution {
	return &Solution{Values: make([]float64, m.States), Actions: make([]int, m.States)}
}

// sweep computes improved = T values with the greedy actions, and the least and greatest improvement.
func (m *MDP) sweep(discount float64, rewards, values, improved []float64, actions []int) (low, high float64) {
	return m.blocks(func(first, last int) (low, high float64) {
		low, high = math.Inf(1), math.Inf(-1)
		row, from := first*m.Actions, m.begin(first)
		for s := first; s < last; s++ {
			best, action := math.Inf(-1), 0
			for a := range m.Actions {
				future := 0.0
				for _, o := range m.outcomes[from:m.ends[row]] {
					future += float64(o.Probability * values[o.Next])
				}
				if q := rewards[row] + float64(discount*future); q > best {
					best, action = q, a
				}
				from = m.ends[row]
				row++
			}
			improved[s], actions[s] = best, action
			low, high = min(low, best-values[s]), max(high, best-values[s])
		}
		return low, high
	})
}

// begin is where the outcomes of a state begin.
func (m *MDP) begin(state int) int32 {
	if state == 0 {
		return 0
	}
	return m.ends[state*m.Actions-1]
}

// block is how many states one goroutine sweeps at a time.
const block = 1 << 10

// blocks sweeps all states, block by block, and returns the least low and the greatest high: the same for any number of workers.
func (m *MDP) blocks(sweep func(first, last int) (low, high float64)) (low, high float64) {
	workers := min(m.Workers, (m.States+block-1)/block)
	if workers <= 1 {
		return sweep(0, m.States)
	}
	var next atomic.Int64
	var group sync.WaitGroup
	lows, highs := make([]float64, workers), make([]float64, workers)
	for w := range workers {
		group.Go(func() {
			lows[w], highs[w] = math.Inf(1), math.Inf(-1)
			for {
				last := int(next.Add(block))
				if last-block >= m.States {
					return
				}
				l, h := sweep(last-block, min(last, m.States))
				lows[w], highs[w] = min(lows[w], l), max(highs[w], h)
			}
		})
	}
	group.Wait()
	return slices.Min(lows), slices.Max(highs)
}

func (m *MDP) check() error {
	if m.States < 1 || m.Actions < 1 || len(m.ends) != m.States*m.Actions || len(m.Rewards) != len(m.ends) {
		return field.New("rows", len(m.ends), fmt.Sprintf("%d states × %d actions", m.States, m.Actions))
	}
	from, possible := int32(0), false
	for row, end := range m.ends {
		s, a := row/m.Actions, row%m.Actions
		total := 0.0
		for _, o := range m.outcomes[from:end] {
			if o.Next < 0 || int(o.Next) >= m.States || !(o.Probability >= 0) {
				return field.New(fmt.Sprintf("state %d, action %d", s, a), o, "an existing state and a probability")
			}
			total += o.Probability
		}
		if !(math.Abs(total-1) < 1e-9) {
			return field.New(fmt.Sprintf("state %d, action %d", s, a), total, "probabilities that sum to 1")
		}
		if r := m.Rewards[row]; math.IsNaN(r) || math.IsInf(r, 1) {
			return field.New(fmt.Sprintf("state %d, action %d", s, a), r, "a finite reward, or −Inf to forbid")
		}
		if from, possible = end, possible || !math.IsInf(m.Rewards[row], -1); a == m.Actions-1 {
			if !possible {
				return field.New(fmt.Sprintf("state %d", s), "no action", "at least one that is allowed")
			}
			possible = false
		}
	}
	return nil
}
