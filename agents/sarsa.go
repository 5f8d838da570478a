package agents

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/souk-sim/souk/sim/rng"
)

// SARSA is one-step tabular SARSA (Rummery & Niranjan 1994; Sutton & Barto 2018, §6.4):
//
//	Q(s, a) ← Q(s, a) + α·(r + γ·Q(s', a') − Q(s, a))
//
// where a' is the offer that the learner makes next, exploration included; the last term is absent when s' is terminal.
// It learns the values of the policy that it follows, so the frozen greedy policy is the optimal one only when
// exploration fades. The update of (s, a) is completed in the Act that chooses a'.
//
// Deviations, each a parameter that can be turned off: Warmup and Optimism set the initial values from play, and
// Average freezes a mean of the tables in place of the last one. The step size counts the visits of each entry.
type SARSA struct{ Tabular }

// New implements Params.
func (p *SARSA) New(task Task) (Agent, error) {
	t, err := newTable(&p.Tabular, task)
	if err != nil {
		return nil, err
	}
	return &sarsa{table: t}, nil
}

type sarsa struct {
	table
	pending          bool // (state, action) waits for the next action
	state, action    int
	reward, discount float64
}

func (q *sarsa) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	action, exploring = q.act(s, exploration, stream)
	if q.pending {
		q.pending = false
		q.update(q.state, q.action, q.reward+float64(q.discount*q.value(s, action)))
	}
	return action, exploring
}

func (q *sarsa) Learn(x Transition) {
	switch {
	case q.warming(&x):
	case x.Terminal:
		q.update(x.State.Index, x.Action, x.Reward)
	default:
		q.pending, q.state, q.action, q.reward, q.discount = true, x.State.Index, x.Action, x.Reward, x.Discount
	}
}

func (q *sarsa) MarshalBinary() ([]byte, error) {
	b := q.marshal()
	pending := uint64(0)
	if q.pending {
		pending = 1
	}
	for _, x := range []uint64{pending, uint64(q.state), uint64(q.action), math.Float64bits(q.reward), math.Float64bits(q.discount)} {
		b = binary.LittleEndian.AppendUint64(b, x)
	}
	return b, nil
}

func (q *sarsa) UnmarshalBinary(b []byte) error {
	rest, err := q.unmarshal(b)
	if err != nil {
		return err
	}
	var x [5]uint64
	if len(rest) != 8*len(x) {
		return fmt.Errorf("checkpoint ends in %d bytes, expected %d", len(rest), 8*len(x))
	}
	for i := range x {
		x[i] = binary.LittleEndian.Uint64(rest[8*i:])
	}
	if x[1] >= uint64(len(q.values)/q.offers) || x[2] >= uint64(q.offers) {
		return fmt.Errorf("checkpoint waits for state %d, offer %d, of %d and %d", x[1], x[2], len(q.values)/q.offers, q.offers)
	}
	q.pending, q.state, q.action = x[0] != 0, int(x[1]), int(x[2])
	q.reward, q.discount = math.Float64frombits(x[3]), math.Float64frombits(x[4])
	return nil
}
