package agents

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// DQN is deep Q-learning (Mnih et al. 2015): a perceptron gives the values of all offers; transitions go into a replay buffer, and every few of
// them a batch drawn from it moves the network towards
//
//	r + γ·max_a' Q⁻(s', a')     or, where Double (van Hasselt, Guez & Silver 2016),     r + γ·Q⁻(s', argmax_a' Q(s', a'))
//
// over the offers allowed in s', where Q⁻ is a copy of the network that is renewed now and then; the last term is absent when s' is terminal. The loss is
// Huber's: a batch counts errors beyond Huber by their sign.
//
// Deviations: a perceptron over the features of the state in place of convolutions over pictures; Adam in place of RMSProp; rewards are divided by
// their standard deviation in the warm-up (the paper cuts them to ±1), Huber is in these units and wide, because a narrow one learns medians of rewards in place of means; outputs begin at
// what playing at random is worth; the frozen policy is read from a mean of networks (Average).
type DQN struct {
	Network
	Exploration Exploration `toml:"exploration" json:"exploration" doc:"how often an offer is made at random while learning"`
	Warmup      int         `toml:"warmup" json:"warmup" doc:"transitions played at random into the buffer, before learning begins"`
	Buffer      int         `toml:"buffer" json:"buffer" doc:"transitions that are remembered"`
	Batch       int         `toml:"batch" json:"batch" doc:"transitions that a step learns from"`
	Every       int         `toml:"every" json:"every" doc:"transitions played between steps"`
	Target      int         `toml:"target" json:"target" doc:"steps after which the target network is renewed"`
	Double      bool        `toml:"double" json:"double" doc:"the network chooses the next offer, and the target network values it"`
	Huber       float64     `toml:"huber" json:"huber" doc:"error beyond which the loss is linear, in standard deviations of a reward; 0: it is square throughout"`
}

func newDQN() *DQN {
	return &DQN{Network: Network{Hidden: []int{32, 32}, Activation: "relu", LearningRate: 0.001, Average: 3},
		Exploration: Exploration{Kind: "linear", From: 0.3, To: 0.02},
		Warmup:      1000, Buffer: 20000, Batch: 32, Every: 2, Target: 250, Double: true, Huber: 10}
}

// Validate implements Params.
func (p *DQN) Validate() error {
	if err := p.Network.Validate(); err != nil {
		return err
	}
	if err := p.Exploration.validateApproximate(); err != nil {
		return err
	}
	switch {
	case p.Batch < 1 || p.Batch > 1<<16:
		return field.New("batch", p.Batch, "1 to 65536 transitions")
	case p.Buffer < p.Batch || p.Buffer > 1<<24:
		return field.New("buffer", p.Buffer, "batch to 16777216 transitions")
	case p.Warmup < p.Batch:
		return field.New("warmup", p.Warmup, fmt.Sprintf("at least batch, %d transitions", p.Batch))
	case p.Every < 1:
		return field.New("every", p.Every, "at least 1 transition")
	case p.Target < 1:
		return field.New("target", p.Target, "at least 1 step")
	case !(p.Huber >= 0):
		return field.New("huber", p.Huber, "at least 0")
	}
	return nil
}

// Explore implements Params.
func (p *DQN) Explore(at Moment) float64 { return p.Exploration.At(at) }

// WarmupTransitions implements Params.
func (p *DQN) WarmupTransitions() int { return p.Warmup }

// New implements Params.
func (p *DQN) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	inputs, err := inputsOf(&task)
	if err != nil {
		return nil, err
	}
	offers := len(task.Spec.Offers)
	width := 2*2*len(inputs) + 3 + offers
	if p.Buffer > mostNumbers/width {
		return nil, field.New("buffer", p.Buffer, fmt.Sprintf("at most %d transitions of %d numbers each", mostNumbers/width, width))
	}
	q := &dqn{opening: opening{float64(p.Warmup)}, task: task, params: *p, inputs: inputs, network: p.network(2*len(inputs), offers),
		target: p.network(2*len(inputs), offers), odds: make([]float64, offers), allowed: make([]bool, offers),
		width: width, rows: make([]float64, p.Buffer*width)}
	return q, nil
}

// inputsOf checks a task of a learner with a network, and gives what the network takes in.
func inputsOf(task *Task) ([]policies.Input, error) {
	if err := task.Encoder.Validate(task.Spec); err != nil {
		return nil, err
	}
	switch {
	case len(task.Spec.Offers) == 0:
		return nil, field.New("offers", "none", "at least one")
	case task.Values != nil:
		return nil, field.New("values", "a table", "none: this learner has no table")
	}
	return policies.Inputs(task.Spec, &task.Encoder), nil
}

type dqn struct {
	opening
	task            Task
	params          DQN
	inputs          []policies.Input
	network, target *network
	own             rng.Stream // of the weights and the batches
	rows            []float64  // [transition*width]: the network's inputs at both states, action, reward, discount (0 at an end), 1 for each offer allowed next
	width           int
	seen            float64 // transitions remembered so far; the next one's place is seen mod Buffer
	odds            []float64
	allowed         []bool
}

func (q *dqn) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	if q.seed(&q.own, stream, "dqn") {
		q.network.begin(&q.own, 1)
		copy(q.target.Weights, q.network.Weights)
	}
	if q.WarmingUp() {
		exploration = math.Inf(1)
	} else if q.params.Exploration.boltzmann() {
		exploration /= q.spread() // a temperature is in $
	}
	policies.Take(q.inputs, s.Observation, q.network.units)
	return choose(&q.params.Exploration, q.network.Forward(q.network.units), q.odds, s.Mask[:len(q.odds)], exploration, stream)
}

func (q *dqn) Learn(x Transition) {
	q.remember(&x)
	if q.WarmingUp() {
		if q.count(&x); q.WarmingUp() {
			return
		}
		for _, n := range []*network{q.network, q.target} {
			for a := range n.biases() {
				n.biases()[a] = q.worth() / q.spread()
			}
		}
		copy(q.network.mean, q.network.Weights)
		return
	}
	if math.Mod(q.seen, float64(q.params.Every)) != 0 {
		return
	}
	q.learn()
	if math.Mod(q.network.adam[0], float64(q.params.Target)) == 0 {
		copy(q.target.Weights, q.network.Weights)
	}
}

// remember writes a transition into the buffer, over the oldest where it is full.
func (q *dqn) remember(x *Transition) {
	n := 2 * len(q.inputs)
	row := q.rows[int(math.Mod(q.seen, float64(q.params.Buffer)))*q.width:][:q.width]
	policies.Take(q.inputs, x.State.Observation, row)
	policies.Take(q.inputs, x.Next.Observation, row[n:])
	row[2*n], row[2*n+1], row[2*n+2] = float64(x.Action), x.Reward, x.Discount
	if x.Terminal {
		row[2*n+2] = 0
	}
	for a, ok := range x.Next.Mask[:len(q.odds)] {
		if row[2*n+3+a] = 0; ok {
			row[2*n+3+a] = 1
		}
	}
	q.seen++
}

// learn takes one step on a batch.
func (q *dqn) learn() {
	n, outputs := 2*len(q.inputs), q.network.outputs()
	filled := int(min(q.seen, float64(q.params.Buffer)))
	scale := 1 / q.spread()
	for range q.params.Batch {
		row := q.rows[q.own.Intn(filled)*q.width:][:q.width]
		target := float64(row[2*n+1] * scale)
		if discount := row[2*n+2]; discount != 0 {
			target += float64(discount * q.next(row[n:2*n], row[2*n+3:]))
		}
		copy(q.network.units, row[:n])
		values := q.network.Forward(q.network.units)
		action := int(row[2*n])
		e := values[action] - target
		if q.params.Huber > 0 {
			e = min(q.params.Huber, max(-q.params.Huber, e))
		}
		clear(outputs)
		outputs[action] = e
		q.network.backward()
	}
	q.network.step(&q.params.Network, float64(q.params.Batch), 0)
}

// next is what the target network makes of a next state.
func (q *dqn) next(input, allowed []float64) float64 {
	for a, x := range allowed {
		q.allowed[a] = x > 0
	}
	copy(q.target.units, input)
	values := q.target.Forward(q.target.units)
	if !q.params.Double {
		return values[highestAllowed(values, q.allowed)]
	}
	copy(q.network.units, input)
	return values[highestAllowed(q.network.Forward(q.network.units), q.allowed)]
}

// LearningRate implements Agent.
func (q *dqn) LearningRate() float64 { return q.params.LearningRate }

// Policy implements Agent.
func (q *dqn) Policy() (policies.Policy, error) {
	return q.network.frozen(&q.task, q.inputs, "highest", q.spread())
}

const dqnWord = "soukdq1"

// parts are what a checkpoint holds, the buffer's rows as far as they are filled; the first number says how many transitions there were.
func (q *dqn) parts(scalars []float64) [][]float64 {
	filled := int(min(scalars[0], float64(q.params.Buffer)))
	return append(append([][]float64{scalars, q.target.Weights, q.opening[:]}, q.network.parts()...), q.rows[:filled*q.width])
}

func (q *dqn) MarshalBinary() ([]byte, error) {
	return packed(dqnWord, q.parts(append([]float64{q.seen}, position(&q.own)...))...), nil
}

func (q *dqn) UnmarshalBinary(b []byte) error {
	scalars := make([]float64, 5)
	if scalars[0] = number(b, dqnWord); !(scalars[0] >= 0) || scalars[0] != math.Trunc(scalars[0]) {
		return fmt.Errorf("checkpoint of %d bytes has no number of transitions", len(b))
	}
	if err := unpack(b, dqnWord, q.parts(scalars)...); err != nil {
		return err
	}
	q.seen = scalars[0]
	for row := q.rows[:int(min(q.seen, float64(q.params.Buffer)))*q.width]; len(row) > 0; row = row[q.width:] {
		if err := within("action", row[4*len(q.inputs)], len(q.odds)); err != nil {
			return err
		}
	}
	return restore(&q.own, scalars[1:])
}
