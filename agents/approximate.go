package agents

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// opening is the play at random from which learners that approximate find out how large rewards are, before they learn.
type opening [6]float64 // transitions left, and of those that were: how many, Σ r, Σ r², Σ(1 − γ), γ being 0 where they end; 1 once the learner has drawn its seed

// WarmingUp implements Agent.
func (o *opening) WarmingUp() bool { return o[0] > 0 }

// count takes a transition in.
func (o *opening) count(x *Transition) {
	o[0]--
	o[1]++
	o[2] += x.Reward
	o[3] += float64(x.Reward * x.Reward)
	if x.Terminal {
		o[4]++
	} else {
		o[4] += 1 - x.Discount
	}
}

// worth is what playing on like this is worth, as for tables (Tabular.Warmup); without an end and without discounting, 0.
func (o *opening) worth() float64 {
	if o[4] <= 0 {
		return 0
	}
	return o[2] / o[4]
}

// spread is the standard deviation of the rewards, 1 where there is none.
func (o *opening) spread() float64 {
	mean := o[2] / max(o[1], 1)
	if variance := o[3]/max(o[1], 1) - float64(mean*mean); variance > 1e-12*max(o[3]/max(o[1], 1), 1e-12) {
		return math.Sqrt(variance)
	}
	return 1
}

// seed makes a learner's own stream at its first turn, from where the loop's stream then stands, of which it takes no draw.
func (o *opening) seed(own, stream *rng.Stream, name string) bool {
	if o[5] > 0 {
		return false
	}
	o[5] = 1
	peek := *stream
	*own = rng.New(peek.Uint64(), peek.Uint64()).Family(name).At()
	return true
}

// position is where a stream stands, as numbers of 32 bits.
func position(stream *rng.Stream) []float64 {
	state, _ := stream.MarshalBinary() // of a stream it never fails
	all := make([]float64, 4)
	for i := range all {
		all[i] = float64(binary.BigEndian.Uint32(state[4*i:]))
	}
	return all
}

func restore(stream *rng.Stream, position []float64) error {
	var state []byte
	for _, x := range position {
		state = binary.BigEndian.AppendUint32(state, uint32(x))
	}
	return stream.UnmarshalBinary(state)
}

// choose follows an exploration rule over the values of the allowed offers, by two draws.
func choose(e *Exploration, values, odds []float64, mask []bool, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	explore, which := stream.Float64(), stream.Float64()
	greedy := highestAllowed(values, mask)
	if e.boltzmann() && !math.IsInf(exploration, 1) {
		top := values[greedy]
		for a, v := range values {
			odds[a] = (v - top) / max(exploration, math.SmallestNonzeroFloat64)
		}
		policies.Softmax(odds, mask, odds)
		action = policies.Draw(odds, which)
		return action, action != greedy
	}
	if explore < exploration {
		action, _ = policies.Pick(mask, which)
		return action, true
	}
	return greedy, false
}

// mostNumbers bounds what a learner keeps, 8 bytes each.
const mostNumbers = 1 << 27

// importance is that of the first updates together in a mean in which the weights after update t weigh about t^average (Shamir & Zhang 2013).
func importance(updates float64, average int) float64 {
	w := updates
	for range average {
		w = float64(w * updates)
	}
	return w
}

// validateApproximate checks an exploration that does not know the visits of a state.
func (e *Exploration) validateApproximate() error {
	if e.Kind == "visits" {
		return field.New("exploration.kind", e.Kind, "constant, linear, exponential or decay: an approximation counts no visits of a state")
	}
	return e.validate()
}

// Basis are the features of learners that are linear in them, as policies.Basis makes them of the features of the scenario's state.
type Basis struct {
	Kind    string `toml:"kind" json:"kind" doc:"tiles: overlapping grids; fourier: cosines"`
	Tilings int    `toml:"tilings" json:"tilings" doc:"of tiles: how many grids, each shifted a little; at least four times the features, a power of two"`
	Tiles   int    `toml:"tiles" json:"tiles" doc:"of tiles: cells into which a grid cuts the range of a feature"`
	Order   int    `toml:"order" json:"order" doc:"of fourier: the most half waves over the range of a feature"`
	Coupled int    `toml:"coupled" json:"coupled" doc:"of fourier: how many features a term may hang on at once"`
}

func defaultBasis() Basis { return Basis{Kind: "tiles", Tilings: 8, Tiles: 8, Order: 3, Coupled: 2} }

func (b *Basis) validate() error {
	check := b.basis(nil)
	return check.Prepare()
}

func (b *Basis) basis(inputs []policies.Input) policies.Basis {
	if b.Kind == "fourier" {
		return policies.Basis{Kind: b.Kind, Inputs: inputs, Order: b.Order, Coupled: b.Coupled}
	}
	return policies.Basis{Kind: b.Kind, Inputs: inputs, Tilings: b.Tilings, Tiles: b.Tiles}
}

// features are those of one observation, with scratch for the next.
type features struct {
	basis policies.Basis
	steps []float64 // relative step size of each feature
	index []int32   // of the features that are not 0
	value []float64
}

// newFeatures makes those of a learner that keeps so many numbers for each.
func newFeatures(b *Basis, task *Task, numbers int) (features, error) {
	if err := task.Encoder.Validate(task.Spec); err != nil {
		return features{}, err
	}
	if len(task.Spec.Offers) == 0 {
		return features{}, field.New("offers", "none", "at least one")
	}
	f := features{basis: b.basis(policies.Inputs(task.Spec, &task.Encoder))}
	if err := f.basis.Prepare(); err != nil {
		return features{}, err
	}
	if most := mostNumbers / (numbers + 1); f.basis.Size() > most {
		return features{}, field.New("basis", fmt.Sprintf("%d features", f.basis.Size()), fmt.Sprintf("at most %d for %d offers", most, len(task.Spec.Offers)))
	}
	f.steps = f.basis.Steps()
	f.index, f.value = make([]int32, f.basis.Active()), make([]float64, f.basis.Active())
	return f, nil
}

// at makes the features of an observation.
func (f *features) at(observation []float64) { f.basis.Features(observation, f.index, f.value) }

// norm is Σ κ_i·φ_i²: by how much a step of size 1 moves a value.
func (f *features) norm() float64 {
	sum := 0.0
	for k, i := range f.index {
		sum += float64(f.steps[i] * float64(f.value[k]*f.value[k]))
	}
	return sum
}

// of is w·φ, for the weights w_i at i·stride + offset.
func (f *features) of(weights []float64, stride, offset int) float64 {
	sum := 0.0
	for k, i := range f.index {
		sum += float64(weights[int(i)*stride+offset] * f.value[k])
	}
	return sum
}

// level sets weights so that w·φ is x everywhere.
func (f *features) level(weights []float64, stride, offset int, x float64) {
	n := f.basis.Size()
	for i := range n {
		w := 0.0
		switch {
		case f.basis.Kind == "tiles":
			w = x / float64(f.basis.Tilings)
		case i == 0: // cos 0
			w = x
		}
		weights[i*stride+offset] = w
	}
}

// normal is a uniform number in (0, 1) as a standard normal one.
func normal(u float64) float64 { return portable.NormalQuantile(max(u, 0x1p-53)) }

// within checks a whole number of a checkpoint.
func within(what string, x float64, n int) error {
	if !(x >= 0 && x < float64(n)) || x != math.Trunc(x) {
		return fmt.Errorf("checkpoint has %s %v, of %d", what, x, n)
	}
	return nil
}

// number is the first one of a checkpoint, NaN where there is none.
func number(b []byte, word string) float64 {
	if len(b) < len(word)+16 {
		return math.NaN()
	}
	return math.Float64frombits(binary.LittleEndian.Uint64(b[len(word)+8:]))
}
