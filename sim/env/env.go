// Package env is what a player sees of a simulation: which offers it may make (Spec), what it observes when it is its
// turn (TimeStep), and how it acts (Environment). It knows no market and no learner.
package env

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

// Limit forbids offers whose price lies more than Drop below, or more than Rise above, the value of a feature (a
// reference price, the last price). Where the feature is NaN it forbids nothing. Market masks and policy guardrails
// are computed by the same Apply.
type Limit struct {
	Feature string  `json:"feature"`
	Index   int     `json:"index"` // of the feature in Spec.Features
	Drop    float64 `json:"drop,omitempty"`
	Rise    float64 `json:"rise,omitempty"` // 0 means no limit, for Drop too
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

// Allow fills mask (len(Offers)) with what the limits allow at an observation. If they forbid everything, the offer
// that breaks them least (the dearest under Drop, the cheapest under Rise) is allowed, so that a player can always act.
func (s *Spec) Allow(observation []float64, mask []bool) {
	any := false
	for a := range s.Offers {
		mask[a] = s.excess(observation, s.Offers[a].Price) == 0
		any = any || mask[a]
	}
	if any || len(mask) == 0 {
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
		l := &s.Limits[i]
		worst = max(worst, l.Excess(observation[l.Index], price))
	}
	return worst
}

// Excess is by how much a price breaks the limit at a value of its feature; 0 when it keeps it, or the value is NaN.
func (l *Limit) Excess(value, price float64) float64 {
	excess := 0.0
	if l.Drop > 0 {
		excess = value - price - l.Drop
	}
	if l.Rise > 0 {
		excess = max(excess, price-value-l.Rise)
	}
	if excess > Slack {
		return excess
	}
	return 0
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
