package agents

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// PPO is proximal policy optimisation with the clipped objective (Schulman et al. 2017). A perceptron gives preferences h(s, a), the policy is
// π(a|s) ∝ e^h over the allowed offers, another one gives values V(s). Every Rollout transitions, with ρ = π(a|s)/π_old(a|s), some epochs of shuffled minibatches descend
//
//	−min(ρ·Â, clip(ρ, 1 ± Clip)·Â) − Entropy·H(π(·|s))     and     ½·(V(s) − (Â + V_old(s)))²
//
// where  is the generalised advantage estimate (Schulman et al. 2016), Â_t = δ_t + γ_t·λ·Â_{t+1}, δ_t = r_t + γ_t·V(s_{t+1}) − V(s_t), whose sum ends
// where an episode does, and which in the first loss has mean 0 and deviation 1 in each rollout.
//
// Deviations: rewards are divided by their standard deviation in the first rollout, after which values begin at what it was worth; one
// environment in place of several at once; the step size does not fall, instead the frozen policy is read from a mean of networks (Average), greedy unless Stochastic.
type PPO struct {
	Network
	Rollout    int     `toml:"rollout" json:"rollout" doc:"transitions that are played before the policy changes"`
	Epochs     int     `toml:"epochs" json:"epochs" doc:"how often each of them is learned from"`
	Batch      int     `toml:"batch" json:"batch" doc:"transitions that a step learns from"`
	Clip       float64 `toml:"clip" json:"clip" doc:"how far an offer's probability may move, as a share of what it was, before it counts no more"`
	Lambda     float64 `toml:"lambda" json:"lambda" doc:"weight of longer estimates of the advantage: 0 one step, 1 the whole rollout"`
	Entropy    float64 `toml:"entropy" json:"entropy" doc:"weight of the policy's entropy, which keeps it trying"`
	Gradient   float64 `toml:"gradient" json:"gradient" doc:"the longest gradient of a step; 0: any"`
	Stochastic bool    `toml:"stochastic" json:"stochastic" doc:"the frozen policy draws its offers, in place of making the likeliest"`
}

func newPPO() *PPO {
	return &PPO{Network: Network{Hidden: []int{32, 32}, Activation: "tanh", LearningRate: 0.001, Average: 3},
		Rollout: 1024, Epochs: 6, Batch: 64, Clip: 0.2, Lambda: 0.95, Entropy: 0.003, Gradient: 0.5}
}

// Validate implements Params.
func (p *PPO) Validate() error {
	if err := p.Network.Validate(); err != nil {
		return err
	}
	switch {
	case p.Batch < 1 || p.Batch > 1<<16:
		return field.New("batch", p.Batch, "1 to 65536 transitions")
	case p.Rollout < p.Batch || p.Rollout > 1<<20:
		return field.New("rollout", p.Rollout, "batch to 1048576 transitions")
	case p.Epochs < 1 || p.Epochs > 1000:
		return field.New("epochs", p.Epochs, "1 to 1000")
	case !(p.Clip > 0 && p.Clip < 1):
		return field.New("clip", p.Clip, "more than 0, less than 1")
	case !(p.Lambda >= 0 && p.Lambda <= 1):
		return field.New("lambda", p.Lambda, "0 to 1")
	case !(p.Entropy >= 0 && p.Entropy <= 1e6):
		return field.New("entropy", p.Entropy, "at least 0")
	case !(p.Gradient >= 0):
		return field.New("gradient", p.Gradient, "at least 0")
	}
	return nil
}

// Explore implements Params: none, because offers are drawn anyhow.
func (p *PPO) Explore(Moment) float64 { return 0 }

// WarmupTransitions implements Params.
func (p *PPO) WarmupTransitions() int { return 0 }

// New implements Params.
func (p *PPO) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	inputs, err := inputsOf(&task)
	if err != nil {
		return nil, err
	}
	offers, n := len(task.Spec.Offers), 2*len(inputs)
	width := 2*n + columns + offers
	if p.Rollout > mostNumbers/width {
		return nil, field.New("rollout", p.Rollout, fmt.Sprintf("at most %d transitions of %d numbers each", mostNumbers/width, width))
	}
	return &ppo{task: task, params: *p, inputs: inputs, actor: p.network(n, offers), critic: p.network(n, 1), width: width,
		rows: make([]float64, p.Rollout*width), order: make([]int32, p.Rollout), odds: make([]float64, offers), allowed: make([]bool, offers)}, nil
}

type ppo struct {
	opening
	task          Task
	params        PPO
	inputs        []policies.Input
	actor, critic *network
	own           rng.Stream // of the weights and the batches
	rows          []float64  // [transition*width]: the inputs at both states, then the columns below, then 1 for each offer allowed
	width         int
	seen          float64 // transitions of the present rollout
	order         []int32
	odds          []float64
	allowed       []bool
}

// columns of a row, after the inputs.
const (
	atAction = iota
	atReward
	atDiscount  // 0 at an end
	atLast      // 1 where the episode ends, or is cut short
	atOdds      // of the action, by the policy that chose it
	atAdvantage // Â
	atValue     // what V should be, Â + V_old
	columns
)

func (q *ppo) Act(s *State, exploration float64, stream *rng.Stream) (chosen int, exploring bool) {
	explore, which := stream.Float64(), stream.Float64()
	q.begin(stream)
	if explore < exploration {
		chosen, _ = policies.Pick(s.Mask, which)
		return chosen, true
	}
	policies.Take(q.inputs, s.Observation, q.actor.units)
	policies.Softmax(q.actor.Forward(q.actor.units), s.Mask[:len(q.odds)], q.odds)
	return policies.Draw(q.odds, which), false
}

func (q *ppo) begin(stream *rng.Stream) {
	if q.seed(&q.own, stream, "ppo") {
		q.actor.begin(&q.own, 0.01) // nearly uniform at first (Andrychowicz et al. 2021, §3.2)
		q.critic.begin(&q.own, 1)
	}
}

func (q *ppo) Learn(x Transition) {
	n := 2 * len(q.inputs)
	row := q.rows[int(q.seen)*q.width:][:q.width]
	policies.Take(q.inputs, x.State.Observation, row)
	policies.Take(q.inputs, x.Next.Observation, row[n:])
	fields, allowed := row[2*n:], row[2*n+columns:]
	fields[atAction], fields[atReward], fields[atDiscount], fields[atLast] = float64(x.Action), x.Reward, x.Discount, 0
	if x.Terminal {
		fields[atDiscount] = 0
	}
	if x.Terminal || x.Last {
		fields[atLast] = 1
	}
	for a, ok := range x.State.Mask[:len(q.odds)] {
		if allowed[a] = 0; ok {
			allowed[a] = 1
		}
	}
	fields[atOdds] = max(q.probabilities(row)[x.Action], 1e-12) // what was chosen at random may be out of the question
	if q.steps() == 0 {
		q.count(&x)
	}
	if q.seen++; q.seen < float64(q.params.Rollout) {
		return
	}
	q.seen = 0
	q.improve()
}

// steps is how many the actor has taken.
func (q *ppo) steps() float64 { return q.actor.adam[0] }

// WarmingUp implements Agent: it is never so, because its first rollout is play at random anyhow.
func (q *ppo) WarmingUp() bool { return false }

// probabilities are those of the offers in a row's state, by the policy as it is; the actor's units are then that state's.
func (q *ppo) probabilities(row []float64) []float64 {
	n := 2 * len(q.inputs)
	for a, x := range row[2*n+columns:] {
		q.allowed[a] = x > 0
	}
	copy(q.actor.units, row[:n])
	policies.Softmax(q.actor.Forward(q.actor.units), q.allowed, q.odds)
	return q.odds
}

// improve learns from a rollout.
func (q *ppo) improve() {
	if q.steps() == 0 {
		q.critic.biases()[0] = q.worth() / q.spread()
	}
	q.estimate()
	for i := range q.order {
		q.order[i] = int32(i)
	}
	for range q.params.Epochs {
		for i := len(q.order) - 1; i > 0; i-- {
			j := q.own.Intn(i + 1)
			q.order[i], q.order[j] = q.order[j], q.order[i]
		}
		for from := 0; from < len(q.order); from += q.params.Batch {
			q.step(q.order[from:min(from+q.params.Batch, len(q.order))])
		}
	}
}

// estimate fills in the advantages, backwards, and scales them.
func (q *ppo) estimate() {
	n, scale := 2*len(q.inputs), 1/q.spread()
	sum, squares, following := 0.0, 0.0, 0.0
	for t := q.params.Rollout - 1; t >= 0; t-- {
		row := q.rows[t*q.width:][:q.width]
		fields := row[2*n:]
		now, target := q.worthOf(row[:n]), float64(fields[atReward]*scale)
		if fields[atDiscount] > 0 {
			target += float64(fields[atDiscount] * q.worthOf(row[n:2*n]))
		}
		if fields[atLast] > 0 {
			following = 0
		}
		following = target - now + float64(fields[atDiscount]*float64(q.params.Lambda*following))
		fields[atAdvantage], fields[atValue] = following, following+now
		sum += following
		squares += float64(following * following)
	}
	mean := sum / float64(q.params.Rollout)
	deviation := math.Sqrt(max(0, squares/float64(q.params.Rollout)-float64(mean*mean))) + 1e-8
	for t := range q.params.Rollout {
		a := &q.rows[t*q.width+2*n+atAdvantage]
		*a = (*a - mean) / deviation
	}
}

// worthOf is V at inputs.
func (q *ppo) worthOf(input []float64) float64 {
	copy(q.critic.units, input)
	return q.critic.Forward(q.critic.units)[0]
}

// step takes one step of both networks on a minibatch.
func (q *ppo) step(batch []int32) {
	n := 2 * len(q.inputs)
	for _, t := range batch {
		row := q.rows[int(t)*q.width:][:q.width]
		fields := row[2*n:]
		q.slopes(q.probabilities(row), int(fields[atAction]), fields[atOdds], fields[atAdvantage])
		q.actor.backward()
		q.critic.outputs()[0] = q.worthOf(row[:n]) - fields[atValue]
		q.critic.backward()
	}
	q.actor.step(&q.params.Network, float64(len(batch)), q.params.Gradient)
	q.critic.step(&q.params.Network, float64(len(batch)), q.params.Gradient)
}

// slopes of the actor's loss in the preferences, ∂ ln π(b)/∂h(a) being 1{a = b} − π(a): of the objective −ρ·Â·(1{a = chosen} − π(a)) where it is not
// clipped; of the entropy −Entropy·π(a)·(−ln π(a) − H).
func (q *ppo) slopes(probabilities []float64, chosen int, old, advantage float64) {
	outputs := q.actor.outputs()
	ratio := probabilities[chosen] / old
	pull := float64(ratio * advantage)
	if advantage > 0 && ratio > 1+q.params.Clip || advantage < 0 && ratio < 1-q.params.Clip {
		pull = 0
	}
	entropy := 0.0
	if q.params.Entropy > 0 {
		for _, p := range probabilities {
			if p > 0 {
				entropy -= float64(p * portable.Log(p))
			}
		}
	}
	for a, p := range probabilities {
		outputs[a] = float64(pull * p)
		if q.params.Entropy > 0 && p > 0 {
			outputs[a] += float64(q.params.Entropy * float64(p*(portable.Log(p)+entropy)))
		}
	}
	outputs[chosen] -= pull
}

// LearningRate implements Agent.
func (q *ppo) LearningRate() float64 { return q.params.LearningRate }

// Policy implements Agent.
func (q *ppo) Policy() (policies.Policy, error) {
	choice := "likeliest"
	if q.params.Stochastic {
		choice = "drawn"
	}
	return q.actor.frozen(&q.task, q.inputs, choice, 1)
}

const ppoWord = "soukpp1"

func (q *ppo) parts(scalars []float64) [][]float64 {
	return append(append([][]float64{scalars, q.opening[:], q.rows}, q.actor.parts()...), q.critic.parts()...)
}

func (q *ppo) MarshalBinary() ([]byte, error) {
	return packed(ppoWord, q.parts(append([]float64{q.seen}, position(&q.own)...))...), nil
}

func (q *ppo) UnmarshalBinary(b []byte) error {
	scalars := make([]float64, 5)
	if err := unpack(b, ppoWord, q.parts(scalars)...); err != nil {
		return err
	}
	for row := q.rows; len(row) > 0; row = row[q.width:] {
		if err := within("action", row[4*len(q.inputs)+atAction], len(q.odds)); err != nil {
			return err
		}
	}
	if err := within("transition", scalars[0], q.params.Rollout); err != nil {
		return err
	}
	q.seen = scalars[0]
	return restore(&q.own, scalars[1:])
}
