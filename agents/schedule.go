package agents

import (
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Exploration is how a learner explores, and how much as training goes on.
//
// By ε-greedy (Sutton & Barto 2018, §2.2) the number is ε, the probability of a uniform choice among the allowed offers. By Boltzmann's rule
// (ibid., §2.8; Luce 1959) it is the temperature τ, and an offer is made with probability proportional to e^{Q(s,a)/τ}. Its course:
//
//   - constant: From
//   - linear: From + (To − From)·x
//   - exponential: From·(To/From)^x
//   - decay: max(To, From·e^{−Rate·t}) at the learner's t-th turn, counted from 0 over all of training
//   - visits: max(To, From/n^Power), n the updates so far of the state's offers, and 1 at least
//
// where x = min(1, progress/Until) runs over the first Until of training.
type Exploration struct {
	Rule  string  `toml:"rule,omitzero" json:"rule,omitempty" doc:"epsilon-greedy, which it is where nothing is said: an offer at random now and then; boltzmann: each the likelier the higher its value, by a temperature"`
	Kind  string  `toml:"kind" json:"kind" doc:"course of ε or of the temperature: constant; linear or exponential, over training; decay, by the learner's turns; visits, by the updates of the state"`
	From  float64 `toml:"from" json:"from" doc:"share of offers made at random at the start, 0 to 1; of boltzmann the temperature, $"`
	To    float64 `toml:"to" json:"to" doc:"at the end; of decay and visits the least"`
	Until float64 `toml:"until" json:"until" doc:"of linear and exponential: share of training after which to holds; 0 means 1"`
	Rate  float64 `toml:"rate,omitzero" json:"rate,omitempty" doc:"of decay: share lost with each of the learner's turns, from·exp(-rate·turns)"`
	Power float64 `toml:"power,omitzero" json:"power,omitempty" doc:"of visits: from/n^power; 0 means 1"`
}

// At returns the exploration at a moment of training, of visits before the first.
func (e *Exploration) At(m Moment) float64 {
	x := m.Progress
	if e.Until > 0 {
		x = min(1, x/e.Until)
	}
	switch e.Kind {
	case "linear":
		return e.From + float64((e.To-e.From)*x)
	case "exponential":
		return e.From * portable.Exp(float64(x*portable.Log(e.To/e.From)))
	case "decay":
		return max(e.To, e.From*portable.Exp(-float64(e.Rate*float64(m.Steps))))
	}
	return e.From
}

func (e *Exploration) boltzmann() bool { return e.Rule == "boltzmann" }

func (e *Exploration) validate() error {
	const key = "exploration."
	most, range_ := 1.0, "0 to 1"
	if e.boltzmann() {
		most, range_ = 1e12, "0 to 1e12"
	}
	switch {
	case e.Rule != "" && e.Rule != "epsilon-greedy" && !e.boltzmann(): // ε-greedy where nothing is said
		return field.New(key+"rule", e.Rule, "epsilon-greedy or boltzmann")
	case !slices.Contains([]string{"constant", "linear", "exponential", "decay", "visits"}, e.Kind):
		return field.New(key+"kind", e.Kind, "constant, linear, exponential, decay or visits")
	case !(e.From >= 0 && e.From <= most):
		return field.New(key+"from", e.From, range_)
	case !(e.To >= 0 && e.To <= most):
		return field.New(key+"to", e.To, range_)
	case e.Kind == "exponential" && !(e.From > 0):
		return field.New(key+"from", e.From, "more than "+range_)
	case e.Kind == "exponential" && !(e.To > 0):
		return field.New(key+"to", e.To, "more than "+range_)
	case !(e.Until >= 0 && e.Until <= 1):
		return field.New(key+"until", e.Until, "0 to 1")
	case e.Kind == "decay" && !(e.Rate > 0 && e.Rate <= 1):
		return field.New(key+"rate", e.Rate, "more than 0, at most 1")
	case e.Kind != "decay" && e.Rate != 0:
		return field.New(key+"rate", e.Rate, "0: it belongs to the kind decay")
	case !(e.Power >= 0 && e.Power <= 1):
		return field.New(key+"power", e.Power, "0 to 1")
	}
	return nil
}

// LearningRate is the step size α of the n-th update of one table entry.
//
//   - constant: Value (Sutton & Barto 2018, eq. 2.5)
//   - visits: 1/n^Power. Convergence asks for 1/2 < Power <= 1; near 1 learning forgets its start only like
//     n^−(1−γ), so that a Power well below it is faster (Even-Dar & Mansour 2003, JMLR 5). A Power of 1 makes a mean
//     (Sutton & Barto 2018, eq. 2.3)
//   - state-visits: 1/n^Power with n the updates of all offers of the state
//   - unbiased: Value/(1 − (1 − Value)^n), which begins at 1 and ends at Value: a mean that forgets, without the initial
//     value in it (Sutton & Barto 2018, exercise 2.7)
type LearningRate struct {
	Kind  string  `toml:"kind" json:"kind" doc:"constant: value; visits: 1/n^power at the n-th update of an entry; state-visits: of a state; unbiased: value/(1-(1-value)^n)"`
	Value float64 `toml:"value" json:"value" doc:"of constant and unbiased: above 0, of unbiased at least 1e-9, at most 1"`
	Power float64 `toml:"power" json:"power" doc:"of visits and state-visits: above 0, at most 1"`
}

func (l *LearningRate) validate() error {
	const key = "learning_rate."
	switch l.Kind {
	case "unbiased":
		if !(l.Value >= 1e-9 && l.Value <= 1) { // below, 1 − (1 − value)^n is lost in rounding
			return field.New(key+"value", l.Value, "at least 1e-9, at most 1")
		}
	case "constant":
		if !(l.Value > 0 && l.Value <= 1) {
			return field.New(key+"value", l.Value, "more than 0, at most 1")
		}
	case "visits", "state-visits":
		if !(l.Power > 0 && l.Power <= 1) {
			return field.New(key+"power", l.Power, "more than 0, at most 1")
		}
	default:
		return field.New(key+"kind", l.Kind, "constant, visits, state-visits or unbiased")
	}
	return nil
}

// rates tabulates a learning rate, because a power costs more than the whole rest of an update.
type rates struct {
	rate     LearningRate
	constant bool
	byState  bool
	table    []float64 // [n]
}

const tabulated = 1 << 14

func (l *LearningRate) rates() rates {
	r := rates{rate: *l, constant: l.Kind == "constant", byState: l.Kind == "state-visits"}
	if r.constant {
		return r
	}
	r.table = make([]float64, tabulated)
	for n := range r.table {
		r.table[n] = r.exact(uint32(max(n, 1)))
	}
	return r
}

func (r *rates) exact(n uint32) float64 {
	if r.rate.Kind == "unbiased" {
		return r.rate.Value / (1 - portable.Exp(float64(n)*portable.Log(1-r.rate.Value)))
	}
	return portable.Exp(-float64(r.rate.Power * portable.Log(float64(n))))
}

// at is the step size of the n-th update, n from 1.
func (r *rates) at(n uint32) float64 {
	if r.constant {
		return r.rate.Value
	}
	if int(n) < len(r.table) {
		return r.table[n]
	}
	return r.exact(n)
}
