package agents

import (
	"math"
	"slices"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// ActorCritic is the one-step actor–critic with a continuous action (Sutton & Barto 2018, §13.5 and 13.7; Degris, Pilarski & Sutton 2012). The
// price is normal: on the ladder's scale, 0 its lowest price and 1 its highest, with μ(s) = θ_μ·φ(s) and ln σ(s) = θ_σ·φ(s); the allowed offer
// nearest to the price drawn is made, one without a promotion where there are such. With δ = r + γ·V(s') − V(s), V(s) = w·φ(s),
//
//	w   ← w   + α_w·δ·φ(s)
//	θ_μ ← θ_μ + α_θ·δ·(p − μ(s))·φ(s)
//	θ_σ ← θ_σ + α_θ·δ·½·((p − μ(s))²/σ(s)² − 1)·φ(s)
//
// Deviations: the actor's steps are those of the natural gradient (Williams 1992, §6, chose them for μ: they are σ² and ½ times the plain
// ones); δ is divided by a running root of its mean square in them, and every step by Σ κ_i·φ_i², as in SemiGradient; the factor γ^t is left out, as is usual; a price
// drawn beyond the ladder counts as its end, μ is held to the ladder and σ between DeviationTo and Deviation; the frozen policy is
// read from a mean of θ (Average). A warm-up sets V to what playing at random is worth.
type ActorCritic struct {
	LearningRate LearningRate `toml:"learning_rate" json:"learning_rate" doc:"step size α_w of the values, as of a table"`
	Actor        float64      `toml:"actor_rate" json:"actor_rate" doc:"step size α_θ of the price"`
	Basis        Basis        `toml:"basis" json:"basis" doc:"the features in which values and the price are linear"`
	Deviation    float64      `toml:"deviation" json:"deviation" doc:"standard deviation of the price at the start, as a share of the ladder's range; it never exceeds it"`
	DeviationTo  float64      `toml:"deviation_to" json:"deviation_to" doc:"the least to which it may fall"`
	Warmup       int          `toml:"warmup" json:"warmup" doc:"transitions played at random, whose mean reward sets the initial values; 0: none, they are 0"`
	Average      int          `toml:"average" json:"average" doc:"the policy is read from a mean of prices, in which the one after step t weighs t^average; 0: the last"`
}

func newActorCritic() *ActorCritic {
	return &ActorCritic{LearningRate: LearningRate{Kind: "visits", Power: 0.6}, Actor: 0.01, Basis: defaultBasis(),
		Deviation: 0.3, DeviationTo: 0.05, Warmup: 2000, Average: 3}
}

// Validate implements Params.
func (p *ActorCritic) Validate() error {
	if err := p.LearningRate.validate(); err != nil {
		return err
	}
	if err := p.Basis.validate(); err != nil {
		return err
	}
	switch {
	case p.LearningRate.Kind == "state-visits":
		return field.New("learning_rate.kind", p.LearningRate.Kind, "constant, visits or unbiased: an approximation counts no visits of a state")
	case !(p.Actor > 0 && p.Actor <= 1):
		return field.New("actor_rate", p.Actor, "more than 0, at most 1")
	case !(p.Deviation > 0 && p.Deviation <= 1):
		return field.New("deviation", p.Deviation, "more than 0, at most 1")
	case !(p.DeviationTo > 0 && p.DeviationTo <= p.Deviation):
		return field.New("deviation_to", p.DeviationTo, "more than 0, at most deviation")
	case p.Warmup < 0:
		return field.New("warmup", p.Warmup, "at least 0 transitions")
	case p.Average < 0 || p.Average > 8:
		return field.New("average", p.Average, "0 (none) to 8")
	}
	return nil
}

// Explore implements Params: none, because the price is drawn anyhow.
func (p *ActorCritic) Explore(Moment) float64 { return 0 }

// WarmupTransitions implements Params.
func (p *ActorCritic) WarmupTransitions() int { return p.Warmup }

// New implements Params.
func (p *ActorCritic) New(task Task) (Agent, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	f, err := newFeatures(&p.Basis, &task, 8)
	if err != nil {
		return nil, err
	}
	if task.Values != nil {
		return nil, field.New("values", "a table", "none: this learner has no table")
	}
	n := f.basis.Size()
	a := &actorCritic{opening: opening{float64(p.Warmup)}, features: f, task: task, params: *p, rates: p.LearningRate.rates(),
		values: make([]float64, n), visits: make([]float64, n), theta: make([]float64, 2*n), sum: make([]float64, 2*n), since: make([]float64, 2*n), action: -1}
	if a.low, a.high = policies.Ladder(task.Spec); !(a.low < a.high) {
		return nil, field.New("offers", len(task.Spec.Offers), "two prices at least")
	}
	a.level(a.theta, 2, 0, 0.5)
	a.level(a.theta, 2, 1, portable.Log(p.Deviation))
	return a, nil
}

type actorCritic struct {
	opening
	features
	task          Task
	params        ActorCritic
	rates         rates
	low, high     float64   // of the ladder
	values        []float64 // w
	visits        []float64 // updates of each
	theta         []float64 // [feature*2], θ_μ and θ_σ
	sum, since    []float64 // likewise: Σ importance·θ over the updates up to the latest change of θ; the importance of all before it
	drawn, action float64   // the price that was drawn last, as a share of the ladder, and the offer made for it; −1: none yet
	square        float64   // running mean of δ²
	updates, rate float64
}

// normal returns μ and σ at the features of the present observation, before and within their bounds.
func (a *actorCritic) normal() (mean, logDeviation, held, deviation float64) {
	mean, logDeviation = a.of(a.theta, 2, 0), a.of(a.theta, 2, 1)
	low, high := portable.Log(a.params.DeviationTo), portable.Log(a.params.Deviation)
	return mean, logDeviation, min(1, max(0, mean)), portable.Exp(min(high, max(low, logDeviation)))
}

func (a *actorCritic) Act(s *State, exploration float64, stream *rng.Stream) (action int, exploring bool) {
	explore, which := stream.Float64(), stream.Float64()
	if a.WarmingUp() || explore < exploration {
		action, _ = policies.Pick(s.Mask, which)
		a.drawn, a.action = a.share(action), float64(action)
		return action, true
	}
	a.at(s.Observation)
	_, _, mean, deviation := a.normal()
	a.drawn = min(1, max(0, mean+float64(deviation*normal(which))))
	action = policies.Nearest(a.task.Spec, s.Mask, a.low+float64((a.high-a.low)*a.drawn), "")
	a.action = float64(action)
	return action, false
}

// share is an offer's price on the ladder's scale.
func (a *actorCritic) share(action int) float64 {
	return (a.task.Spec.Offers[action].Price - a.low) / (a.high - a.low)
}

func (a *actorCritic) Learn(x Transition) {
	if a.WarmingUp() {
		if a.count(&x); !a.WarmingUp() {
			a.level(a.values, 1, 0, a.worth())
		}
		return
	}
	target := x.Reward
	if !x.Terminal {
		a.at(x.Next.Observation)
		target += float64(x.Discount * a.of(a.values, 1, 0))
	}
	price := a.drawn
	if float64(x.Action) != a.action {
		price = a.share(x.Action)
	}
	a.at(x.State.Observation)
	delta, norm := target-a.of(a.values, 1, 0), a.norm()
	for k, i := range a.index {
		if a.value[k] != 0 {
			a.visits[i]++
			a.rate = a.rates.at(uint32(min(a.visits[i], math.MaxUint32)))
			a.values[i] += float64(float64(delta*a.value[k]) * float64(a.steps[i]*a.rate) / norm)
		}
	}
	a.updates++
	a.square += float64(max(0.001, 1/a.updates) * (float64(delta*delta) - a.square))
	if a.square > 0 {
		a.improve(delta/math.Sqrt(a.square), price, norm)
	}
}

// improve moves the price towards one that did better than expected, at the features of the present observation.
func (a *actorCritic) improve(delta, price, norm float64) {
	mean, logDeviation, held, deviation := a.normal()
	towards := float64(delta * (price - held))
	z := (price - held) / deviation
	wider := float64(delta*(float64(z*z)-1)) / 2
	if mean < 0 && towards < 0 || mean > 1 && towards > 0 {
		towards = 0
	}
	if logDeviation < portable.Log(a.params.DeviationTo) && wider < 0 || logDeviation > portable.Log(a.params.Deviation) && wider > 0 {
		wider = 0
	}
	step, before := a.params.Actor/norm, importance(a.updates-1, a.params.Average)
	for k, i := range a.index {
		if a.value[k] == 0 {
			continue
		}
		g := float64(step * float64(a.value[k]*a.steps[i]))
		a.move(2*i, float64(g*towards), before)
		a.move(2*i+1, float64(g*wider), before)
	}
}

// move changes a weight of the price, after taking what it was into its mean.
func (a *actorCritic) move(at int32, by, before float64) {
	a.sum[at] += float64(a.theta[at] * (before - a.since[at]))
	a.since[at] = before
	a.theta[at] += by
}

// averaged is the mean of θ.
func (a *actorCritic) averaged() []float64 {
	mean, total := slices.Clone(a.theta), importance(a.updates, a.params.Average)
	if a.params.Average == 0 || total == 0 {
		return mean
	}
	for i, now := range mean {
		mean[i] = (a.sum[i] + float64(now*(total-a.since[i]))) / total
	}
	return mean
}

// LearningRate implements Agent: that of the last weight of the values.
func (a *actorCritic) LearningRate() float64 { return a.rate }

// Policy implements Agent.
func (a *actorCritic) Policy() (policies.Policy, error) {
	return policies.NewGaussian(a.task.Spec, a.task.Encoder, a.basis, a.averaged())
}

const actorCriticWord = "soukac2"

func (a *actorCritic) parts() (parts [][]float64, scalars []*float64) {
	return [][]float64{a.values, a.visits, a.theta, a.sum, a.since, a.opening[:]}, []*float64{&a.drawn, &a.action, &a.square, &a.updates, &a.rate}
}

func (a *actorCritic) MarshalBinary() ([]byte, error) {
	parts, scalars := a.parts()
	for _, x := range scalars {
		parts = append(parts, []float64{*x})
	}
	return packed(actorCriticWord, parts...), nil
}

func (a *actorCritic) UnmarshalBinary(b []byte) error {
	parts, scalars := a.parts()
	numbers := make([]float64, len(scalars))
	if err := unpack(b, actorCriticWord, append(parts, numbers)...); err != nil {
		return err
	}
	for i, x := range scalars {
		*x = numbers[i]
	}
	return nil
}
