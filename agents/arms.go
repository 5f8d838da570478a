package agents

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// arms is what learners have in common that know offers and no states: bandits. What they learn holds everywhere, so that
// their frozen policy is a table of one state.
type arms struct {
	spec  *env.Spec
	plays []float64 // [action], transitions learned from
	rate  float64   // 1/plays of the latest
}

func newArms(task Task) (arms, error) {
	if len(task.Spec.Offers) == 0 {
		return arms{}, field.New("offers", "none", "at least one")
	}
	return arms{spec: task.Spec, plays: make([]float64, len(task.Spec.Offers))}, nil
}

// explores makes a uniform choice with the probability that the loop asks for.
func (a *arms) explores(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	if exploration <= 0 || !(stream.Float64() < exploration) {
		return 0, false
	}
	action, _ = policies.Pick(s.Mask, stream.Float64())
	return action, true
}

// untried returns the first allowed offer that was made fewer than least times, or -1.
func (a *arms) untried(mask []bool, least float64) int {
	for i, ok := range mask[:len(a.plays)] {
		if ok && a.plays[i] < least {
			return i
		}
	}
	return -1
}

// played counts a transition.
func (a *arms) played(action int) {
	a.plays[action]++
	a.rate = 1 / a.plays[action]
}

// frozen is the table of one state that holds the mean reward of each offer; tried says that those never made do not compete.
func (a *arms) frozen(means []float64, tried bool) (policies.Policy, error) {
	var visits []uint32
	if tried {
		for _, n := range a.plays {
			visits = append(visits, uint32(min(n, math.MaxUint32)))
		}
	}
	return policies.NewTable(a.spec, policies.Encoder{}, means, visits, 0)
}

// WarmingUp implements Agent.
func (a *arms) WarmingUp() bool { return false }

// LearningRate implements Agent: the weight of the latest observation in the mean of its offer.
func (a *arms) LearningRate() float64 { return a.rate }

// Sales are the parameters of learners that read the units sold from the reward of a transition: reward = (price − Cost)·units.
// The price is the offer's; what a promotion takes off is not known to them.
type Sales struct {
	Cost float64 `toml:"cost" json:"cost" doc:"of a unit, $: units sold are the reward over price − cost"`
}

// Explore implements Params: none, because these learners explore of themselves.
func (*Sales) Explore(Moment) float64 { return 0 }

// WarmupTransitions implements Params.
func (*Sales) WarmupTransitions() int { return 0 }

// margins is price − Cost of every offer.
func (p *Sales) margins(spec *env.Spec) ([]float64, error) {
	margins := make([]float64, len(spec.Offers))
	for i, o := range spec.Offers {
		if margins[i] = o.Price - p.Cost; !(math.Abs(margins[i]) > 1e-9) || math.IsInf(margins[i], 0) {
			return nil, field.New("cost", p.Cost, fmt.Sprintf("a number that is no offer's price, such as %v: a sale must show in the reward", o.Price))
		}
	}
	return margins, nil
}

// The checkpoint of numbers, little-endian: a word, the number of numbers (uint64), the numbers (float64).
func packed(word string, parts ...[]float64) []byte {
	all := slices.Concat(parts...)
	b := binary.LittleEndian.AppendUint64([]byte(word), uint64(len(all)))
	for _, x := range all {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
	}
	return b
}

// counted refuses numbers of a checkpoint that count nothing: each is to be finite and at least 0.
func counted(parts ...[]float64) error {
	for _, part := range parts {
		for _, x := range part {
			if !(x >= 0 && x <= math.MaxFloat64) {
				return fmt.Errorf("checkpoint has a count of %v", x)
			}
		}
	}
	return nil
}

// unpack restores what packed wrote of parts of the same lengths.
func unpack(b []byte, word string, parts ...[]float64) error {
	n := 0
	for _, part := range parts {
		n += len(part)
	}
	le, head := binary.LittleEndian, len(word)+8
	if len(b) != head+8*n || string(b[:len(word)]) != word || le.Uint64(b[len(word):]) != uint64(n) {
		return fmt.Errorf("checkpoint of %d bytes is not one of %d numbers, which begins with %q and has %d bytes", len(b), n, word, head+8*n)
	}
	b = b[head:]
	for _, part := range parts {
		for i := range part {
			part[i] = math.Float64frombits(le.Uint64(b))
			b = b[8:]
		}
	}
	return nil
}
