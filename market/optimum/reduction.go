package optimum

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Reduction is the pricing problem of one product whose shoppers remember a reference price, reduced to what matters most:
// the state is the reference price r and the state of a few leading rivals, the action a rung of the ladder, the reward
// the expected profit of the week. r' = memory·r + (1−memory)·price; r lives on an even grid over the ladder's range
// (with Start in it), and values between grid points are interpolated linearly. Rivals move by a Markov chain that does not
// listen. What is left out (traffic, shocks, stock, other rivals, the calendar) is averaged into the reward.
//
// Kinks of the reward at r = price stay sharp when rungs are grid points: with an even ladder of n rungs, Points =
// k(n−1)+1.
type Reduction struct {
	Memory float64     // in [0, 1)
	Prices []float64   // by action
	Drop   float64     // a price further than this below r is masked, as by env.Limit; 0: none is
	Start  float64     // reference price when an episode opens
	Points int         // of the grid, at least 2
	Rivals [][]float64 // [state seen now][state seen next] probabilities; nil: no rivals, one state

	low, high, step float64 // of the grid
}

// Reward fills byRival with the expected reward of a week at a reference price and an action, for each state in which the
// rivals are seen when the price is set.
type Reward func(reference float64, action int, byRival []float64)

// Plan is a solved Reduction. It answers with Policy, and is safe for concurrent use.
type Plan struct {
	Value  float64 // average reward a week from Start on, rivals in their stationary law; under Discounted weighted by (1−γ)γ^t
	Bound  float64 // error of the iteration in Value; the grid's is told by solving again with more points
	Sweeps int

	reduction Reduction
	discount  float64
	rewards   [][]float64 // [week or 0][(point*rivals+rival)*actions+action], masked actions too
	future    [][]float64 // [week or 0][point*rivals+rival] expected value of the next state, rival seen now
}

const (
	tolerance = 1e-7 // of values and gains, as a share of the largest reward
	maxSweeps = 200_000
)

// Discounted maximises the discounted sum of rewards.
func (r Reduction) Discounted(discount float64, reward Reward) (*Plan, error) {
	m, table, err := r.stationary(reward)
	if err != nil {
		return nil, err
	}
	s, err := m.Discounted(discount, tolerance*largest(table)/(1-discount), maxSweeps)
	if err != nil {
		return nil, err
	}
	p := r.plan(discount, [][]float64{table}, [][]float64{s.Values})
	p.Value = (1 - discount) * r.open(s.Values)
	p.Bound, p.Sweeps = (1-discount)*s.Bound, s.Sweeps
	return p, nil
}

// Average maximises the average reward a week.
func (r Reduction) Average(reward Reward) (*Plan, error) {
	m, table, err := r.stationary(reward)
	if err != nil {
		return nil, err
	}
	s, err := m.Average(tolerance*largest(table), maxSweeps)
	if err != nil {
		return nil, err
	}
	p := r.plan(1, [][]float64{table}, [][]float64{s.Values})
	p.Value, p.Bound, p.Sweeps = s.Gain, s.Bound, s.Sweeps
	return p, nil
}

// FiniteHorizon maximises the sum of rewards over an episode of some weeks, with one reward for all weeks or one for
// each. Its policy knows the week, and stops caring for the reference price as the end comes, which no policy that ignores the calendar can.
func (r Reduction) FiniteHorizon(weeks int, rewards ...Reward) (*Plan, error) {
	if err := r.prepare(); err != nil {
		return nil, err
	}
	if len(rewards) != 1 && len(rewards) != weeks {
		return nil, field.New("rewards", len(rewards), fmt.Sprintf("one, or one for each of %d weeks", weeks))
	}
	var tables [][]float64
	for _, reward := range rewards {
		tables = append(tables, r.table(reward))
	}
	if len(tables) == 1 {
		tables = slices.Repeat(tables, weeks)
	}
	values, _, err := r.process().FiniteHorizon(weeks, func(week int, masked []float64) { r.mask(0, tables[week], masked) })
	if err != nil {
		return nil, err
	}
	p := r.plan(1, tables, values[1:])
	p.Value, p.Sweeps = r.open(values[0])/float64(weeks), weeks
	return p, nil
}

// Tabulate evaluates a reward once, at the grid points, and returns its interpolation there: for a Sample's reward, which is costly, when
// several plans or Cycles are made of it. It is safe for concurrent use.
func (r Reduction) Tabulate(reward Reward) (Reward, error) {
	if err := r.prepare(); err != nil {
		return nil, err
	}
	table, actions := r.table(reward), len(r.Prices)
	return func(reference float64, action int, byRival []float64) {
		at, share := r.locate(reference)
		for k := range byRival {
			byRival[k] = lerp(table, at, share, k*actions+action, len(byRival)*actions)
		}
	}, nil
}

// stationary builds the process of a reward that does not depend on the week.
func (r *Reduction) stationary(reward Reward) (*MDP, []float64, error) {
	if err := r.prepare(); err != nil {
		return nil, nil, err
	}
	m, table := r.process(), r.table(reward)
	r.mask(0, table, m.Rewards)
	return m, table, nil
}

// prepare checks the reduction and lays its grid, which nothing ever leaves.
func (r *Reduction) prepare() error {
	r.low, r.high = r.Start, r.Start
	for _, p := range r.Prices {
		r.low, r.high = min(r.low, p), max(r.high, p)
	}
	r.step = (r.high - r.low) / float64(r.Points-1)
	if len(r.Rivals) == 0 {
		r.Rivals = [][]float64{{1}}
	}
	switch {
	case !(r.Memory >= 0 && r.Memory < 1):
		return field.New("memory", r.Memory, "a number in [0, 1)")
	case len(r.Prices) == 0 || !(r.low > 0) || math.IsInf(r.high, 1):
		return field.New("prices", r.Prices, "at least one, and a start, all positive")
	case r.Points < 2 || !(r.high > r.low):
		return field.New("points", r.Points, "at least 2 over a range of prices")
	case !(r.Drop >= 0):
		return field.New("drop", r.Drop, "at least 0")
	}
	for i, row := range r.Rivals {
		total := 0.0
		for _, p := range row {
			total += p
		}
		if len(row) != len(r.Rivals) || !(math.Abs(total-1) < 1e-9) {
			return field.New(fmt.Sprintf("rivals[%d]", i), row, fmt.Sprintf("%d probabilities that sum to 1", len(r.Rivals)))
		}
	}
	return nil
}

func (r *Reduction) point(i int) float64 { return r.low + float64(float64(i)*r.step) }

// locate places a reference price between grid points i and i+1, a share of the way up.
func (r *Reduction) locate(reference float64) (i int, share float64) {
	x := (reference - r.low) / r.step
	i = min(max(int(x), 0), r.Points-2)
	return i, min(max(x-float64(i), 0), 1)
}

func (r *Reduction) next(reference, price float64) float64 {
	return float64(r.Memory*reference) + float64((1-r.Memory)*price)
}

// process builds the transitions; rewards are zero.
func (r *Reduction) process() *MDP {
	rivals := r.Rivals
	m := &MDP{States: r.Points * len(rivals), Actions: len(r.Prices)}
	outcomes := make([]Outcome, 0, 2*len(rivals))
	for i := range r.Points {
		for _, chances := range rivals {
			for _, price := range r.Prices {
				at, share := r.locate(r.next(r.point(i), price))
				outcomes = outcomes[:0]
				for k, p := range chances {
					outcomes = append(outcomes, Outcome{int32(at*len(rivals) + k), p * (1 - share)}, Outcome{int32((at+1)*len(rivals) + k), p * share})
				}
				m.Append(0, outcomes...)
			}
		}
	}
	return m
}

// table evaluates the reward everywhere, masked actions too: a policy between two grid points may use what one of them forbids.
func (r *Reduction) table(reward Reward) []float64 {
	rivals, actions := len(r.Rivals), len(r.Prices)
	table := make([]float64, r.Points*rivals*actions)
	byRival := make([]float64, rivals)
	for i := range r.Points {
		for a := range actions {
			reward(r.point(i), a, byRival)
			for k, v := range byRival {
				table[(i*rivals+k)*actions+a] = v
			}
		}
	}
	return table
}

// mask copies a table and forbids what the mask does, at reference prices lowered by slack.
func (r *Reduction) mask(slack float64, table, masked []float64) {
	rivals, actions := len(r.Rivals), len(r.Prices)
	for row, v := range table {
		if masked[row] = v; !r.allowed(r.point(row/(rivals*actions))-slack, row%actions) {
			masked[row] = math.Inf(-1)
		}
	}
}

// allowed is the mask, as env.Spec.Allow has it: where every price lies too far below the reference price, the dearest stays.
func (r *Reduction) allowed(reference float64, action int) bool {
	const slack = 1e-9
	if r.Drop == 0 || reference-r.Prices[action] <= r.Drop+slack {
		return true
	}
	for a, p := range r.Prices {
		if p > r.Prices[action] || p == r.Prices[action] && a < action {
			return false
		}
	}
	return true
}

// open is the value at the start, rivals in their stationary law.
func (r *Reduction) open(values []float64) float64 {
	rivals := r.Rivals
	at, share := r.locate(r.Start)
	total := 0.0
	for k, p := range stationary(rivals) {
		total += float64(p * lerp(values, at, share, k, len(rivals)))
	}
	return total
}

// plan keeps what a policy needs: rewards, and the expected value of the next state by the rivals seen now.
func (r Reduction) plan(discount float64, rewards, values [][]float64) *Plan {
	rivals := r.Rivals
	future := make([][]float64, len(rewards))
	for t := range future {
		future[t] = make([]float64, len(values[t]))
		for s := range future[t] {
			i, k := s/len(rivals), s%len(rivals)
			for next, p := range rivals[k] {
				future[t][s] += float64(p * values[t][i*len(rivals)+next])
			}
		}
	}
	return &Plan{reduction: r, discount: discount, rewards: rewards, future: future}
}

// worth is the value of an action at any reference price: reward and future interpolated, the latter at the exact next
// reference price.
func (p *Plan) worth(week int, reference float64, rival, action int) float64 {
	r := &p.reduction
	rivals, actions := len(r.Rivals), len(r.Prices)
	at, share := r.locate(reference)
	reward := lerp(p.rewards[week], at, share, rival*actions+action, rivals*actions)
	at, share = r.locate(r.next(reference, r.Prices[action]))
	return reward + float64(p.discount*lerp(p.future[week], at, share, rival, rivals))
}

// lerp interpolates column k of a table of that many columns between rows at and at+1.
func lerp(table []float64, at int, share float64, k, columns int) float64 {
	return float64((1-share)*table[at*columns+k]) + float64(share*table[(at+1)*columns+k])
}

func largest(x []float64) float64 {
	most := math.SmallestNonzeroFloat64
	for _, v := range x {
		most = max(most, math.Abs(v))
	}
	return most
}

// stationary is the stationary law of an irreducible Markov chain by Grassmann, Taksar & Heyman's elimination (1985),
// which subtracts nothing and so loses nothing.
func stationary(chain [][]float64) []float64 {
	n := len(chain)
	p := make([][]float64, n)
	for i := range p {
		p[i] = append([]float64(nil), chain[i]...)
	}
	for k := n - 1; k > 0; k-- {
		out := 0.0
		for j := range k {
			out += p[k][j]
		}
		for i := range k {
			p[i][k] /= out
			for j := range k {
				p[i][j] += float64(p[i][k] * p[k][j])
			}
		}
	}
	law, total := make([]float64, n), 0.0
	for k := range law {
		law[k] = 1
		if k > 0 {
			law[k] = 0
			for i := range k {
				law[k] += float64(law[i] * p[i][k])
			}
		}
		total += law[k]
	}
	for k := range law {
		law[k] /= total
	}
	return law
}
