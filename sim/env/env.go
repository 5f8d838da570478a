// Package env is what a player sees of a simulation: which offers it may make (Spec), what it observes when it is its
// turn (TimeStep), and how it acts (Environment). It knows no market and no learner.
package env

import (
	"fmt"
	"math"
	"slices"
)

// Feature is one number of an observation. A feature that cannot be told at the moment is NaN.
type Feature struct {
	Name string  `json:"name"`
	Unit string  `json:"unit,omitempty"`
	Doc  string  `json:"doc,omitempty"`
	Min  float64 `json:"min"` // Min and Max are where values are expected; not enforced
	Max  float64 `json:"max"`
}

// Offer is one rung of a player's ladder: a price, and the promotion that goes with it ("" for none).
type Offer struct {
	Price     float64 `json:"price"`
	Promotion string  `json:"promotion,omitempty"`
}

// Limit forbids offers: by the value x of a feature (a reference price, the last price, a unit cost) those more than Drop below it, more than
// Rise above it, or below Times x; and whatever is observed, those below Floor or above Ceiling. A bound of 0 is none. Where x is NaN, x
// forbids nothing. Market masks and policy guardrails are computed by the same Allow.
type Limit struct {
	Feature string  `json:"feature,omitempty"` // "" for a limit that looks at none
	Index   int     `json:"index"`             // of the feature in Spec.Features
	Drop    float64 `json:"drop,omitempty"`
	Rise    float64 `json:"rise,omitempty"`
	Times   float64 `json:"times,omitempty"` // of a cost: 1 is never below it, 1.25 a margin of a fifth of the price
	Floor   float64 `json:"floor,omitempty"`
	Ceiling float64 `json:"ceiling,omitempty"`
}

// Spec is a player's side of the game: features in observation order, offers in action order (an action is an
// index into Offers), and the limits that mask offers.
type Spec struct {
	Features []Feature `json:"features"`
	Offers   []Offer   `json:"offers"`
	Limits   []Limit   `json:"limits,omitempty"`
}

// Feature returns the index of the feature called name, or -1.
func (s *Spec) Feature(name string) int {
	for i := range s.Features {
		if s.Features[i].Name == name {
			return i
		}
	}
	return -1
}

// Slack keeps a price that equals a bound up to rounding inside it.
const Slack = 1e-9

// Bounds are the highest floor and the lowest ceiling of the limits; 0 and +Inf where there are none. Nothing outside of them is ever allowed.
func (s *Spec) Bounds() (floor, ceiling float64) {
	ceiling = math.Inf(1)
	for i := range s.Limits {
		l := &s.Limits[i]
		if floor = max(floor, l.Floor); l.Ceiling > 0 {
			ceiling = min(ceiling, l.Ceiling)
		}
	}
	return floor, ceiling
}

// Allow fills mask (len(Offers)) with what the limits allow at an observation. If they forbid everything, the offer
// that breaks them least (the dearest under Drop, the cheapest under Rise) is allowed, so that a player can always act; one within floor and
// ceiling, if there is any.
func (s *Spec) Allow(observation []float64, mask []bool) {
	for a := range s.Offers {
		mask[a] = true
	}
	for i := range s.Limits {
		l := &s.Limits[i]
		x := l.sees(observation)
		for a := range s.Offers {
			mask[a] = mask[a] && l.keeps(x, s.Offers[a].Price)
		}
	}
	if len(mask) == 0 || slices.Contains(mask[:len(s.Offers)], true) {
		return
	}
	best := 0
	for a := range s.Offers {
		if s.excess(observation, s.Offers[a].Price) < s.excess(observation, s.Offers[best].Price) {
			best = a
		}
	}
	mask[best] = true
}

// excess is by how much a price breaks the worst of the limits; 0 when it keeps them all.
func (s *Spec) excess(observation []float64, price float64) float64 {
	worst := 0.0
	for i := range s.Limits {
		worst = max(worst, s.Limits[i].Excess(observation, price))
	}
	return worst
}

// Excess is by how much a price breaks the limit at an observation: 0 when it keeps it, +Inf beyond Floor or Ceiling, for which nothing makes up.
func (l *Limit) Excess(observation []float64, price float64) float64 {
	return l.excess(l.sees(observation), price)
}

// sees is the value of the limit's feature, NaN where it looks at none.
func (l *Limit) sees(observation []float64) float64 {
	if l.Feature == "" {
		return math.NaN()
	}
	return observation[l.Index]
}

// keeps tells whether excess is 0; small enough to be inlined where policies decide.
func (l *Limit) keeps(x, price float64) bool {
	return !(l.Floor > 0 && price < l.Floor-Slack || l.Ceiling > 0 && price > l.Ceiling+Slack || l.Drop > 0 && x-price-l.Drop > Slack || l.Rise > 0 && price-x-l.Rise > Slack ||
		l.Times > 0 && float64(l.Times*x)-price > Slack)
}

func (l *Limit) excess(x, price float64) float64 {
	if l.Floor > 0 && price < l.Floor-Slack || l.Ceiling > 0 && price > l.Ceiling+Slack {
		return math.Inf(1)
	}
	worst := Slack // which x that is NaN never exceeds
	if over := x - price - l.Drop; l.Drop > 0 && over > worst {
		worst = over
	}
	if over := price - x - l.Rise; l.Rise > 0 && over > worst {
		worst = over
	}
	if over := float64(l.Times*x) - price; l.Times > 0 && over > worst {
		worst = over
	}
	if worst == Slack {
		return 0
	}
	return worst
}

// Lacks is a bound of another's limits, in words, that no limit here holds as tightly; "" where they hold all of them.
func (s *Spec) Lacks(other *Spec) string {
	for i := range other.Limits {
		o := &other.Limits[i]
		for _, one := range []Limit{{Drop: o.Drop}, {Rise: o.Rise}, {Times: o.Times}, {Floor: o.Floor}, {Ceiling: o.Ceiling}} {
			one.Feature = o.Feature
			if words := one.Words(); len(words) > 0 && !slices.ContainsFunc(s.Limits, func(l Limit) bool { return l.covers(&one) }) {
				return words[0]
			}
		}
	}
	return ""
}

// covers tells whether the limit is at least as tight as one of a single bound.
func (l *Limit) covers(one *Limit) bool {
	within := func(bound, other float64) bool { return other == 0 || bound > 0 && bound <= other }
	alike := l.Feature == one.Feature || one.Drop == 0 && one.Rise == 0 && one.Times == 0 // floor and ceiling look at none
	return alike && within(l.Drop, one.Drop) && within(l.Rise, one.Rise) && l.Times >= one.Times && l.Floor >= one.Floor && within(l.Ceiling, one.Ceiling)
}

// Words say what the limit asks of a price, a bound each: "at most 0.3 below reference_price".
func (l *Limit) Words() (bounds []string) {
	for _, b := range []struct {
		bound float64
		text  string
	}{
		{l.Drop, "at most %.6g below " + l.Feature}, {l.Rise, "at most %.6g above " + l.Feature}, {l.Times, "at least %.6g × " + l.Feature},
		{l.Floor, "at least %.6g"}, {l.Ceiling, "at most %.6g"},
	} {
		if b.bound > 0 {
			bounds = append(bounds, fmt.Sprintf(b.text, b.bound))
		}
	}
	return bounds
}

// Stage says where in an episode a time step stands.
type Stage uint8

const (
	First Stage = iota // the player's first turn: Reward and Elapsed mean nothing yet
	Mid                // every later turn
	Last               // after the end: no action is taken; Terminal says of which kind the end was
)

// TimeStep is one player's turn. Environment.Next fills the caller's struct; the slices are borrowed until the next
// call of Next.
type TimeStep struct {
	Player      int
	Stage       Stage
	Terminal    bool      // on Last: true when the world ended (no future to bootstrap from), false when we merely stopped looking (truncation)
	Observation []float64 // in Spec.Features order; NaN is missing
	Mask        []bool    // which offers may be made, in Spec.Offers order; never all false; on a Terminal Last it means nothing
	Reward      float64   // since this player's last act
	Discount    float64   // γ to the power of the elapsed time: what the value of this state is worth at the last act
	Elapsed     float64   // time since the last act, in periods
}

// Environment is a turn-taking cycle in which several players act in one world (PettingZoo's AEC): after Reset, Next
// says whose turn it is, Act answers for that player, until Next has handed every player its Last step and
// returns false. Turns at one instant see the state before any of that instant's actions; all apply after the last
// of them.
type Environment interface {
	// Players is how many players act; they are numbered from 0.
	Players() int
	// Spec is a player's side of the game. It does not change during an episode.
	Spec(player int) *Spec
	// Reset begins an episode. The same number is the same world: same arrivals, tastes and shocks, whatever the
	// players do.
	Reset(episode uint64)
	// Next advances the world to the next turn. It returns false when the episode is over.
	Next(step *TimeStep) bool
	// Act answers the turn that Next announced. An action outside the ladder or the mask is a bug and panics.
	Act(action int)
}

// Tabular is what a finite, deterministic environment also offers: from state s under joint action a (mixed radix over the players, player 0
// slowest) the next state and each player's reward, as flat tables next[s*A+a] and reward[(s*A+a)*players+i].
type Tabular interface {
	Environment
	Table() (next []int32, reward []float64)
}

// Repeated is a Tabular game that is played again and again: a joint choice brings the same whatever was before, and a state of Table is what the players
// remember. With simultaneous moves that is the joint choices of the last periods, the last one's fastest; with alternating moves player
// t mod n chooses in period t, the choices of the others stand, and a state is mover·Aᵏ + the joint choices of k periods, of A.
type Repeated interface {
	Tabular
	StageGame() StageGame
	// State is the state, in Table's order, of the turn that Next announced; after Reset, of the first.
	State() int
	// Observe fills what a player sees in a state, in the order of its Spec.Features; NaN for what does not follow from the state.
	Observe(player, state int, observation []float64)
}

// StageGame is the game of one period, and how it is repeated.
type StageGame struct {
	Rewards     []float64 // of a period, [joint*players+i], joint choices numbered as in Table; borrowed
	Memory      int       // how many periods the players remember
	Alternating bool
	Discount    float64 // of a period
	Horizon     int     // periods in an episode
}
