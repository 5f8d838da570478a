package agents

import (
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Exploration is how much a learner explores as training goes on.
//
//   - constant: From
//   - linear: From + (To − From)·x
//   - exponential: From·(To/From)^x
//
// where x = min(1, progress/Until) runs over the first Until of training.
type Exploration struct {
	Kind  string  `toml:"kind" json:"kind" doc:"constant, linear or exponential, from the first value to the last"`
	From  float64 `toml:"from" json:"from" doc:"share of offers made at random at the start, 0 to 1"`
	To    float64 `toml:"to" json:"to" doc:"at the end, 0 to 1"`
	Until float64 `toml:"until" json:"until" doc:"share of training after which to holds; 0 means 1"`
}

// At returns the exploration at a progress from 0 to 1.
func (e *Exploration) At(progress float64) float64 {
	x := progress
	if e.Until > 0 {
		x = min(1, progress/e.Until)
	}
	switch e.Kind {
	case "linear":
		return e.From + float64((e.To-e.From)*x)
	case "exponential":
		return e.From * portable.Exp(float64(x*portable.Log(e.To/e.From)))
	}
	return e.From
}

func (e *Exploration) validate() error {
	const key = "exploration."
	switch {
	case e.Kind != "constant" && e.Kind != "linear" && e.Kind != "exponential":
		return field.New(key+"kind", e.Kind, "constant, linear or exponential")
	case !(e.From >= 0 && e.From <= 1):
		return field.New(key+"from", e.From, "0 to 1")
	case !(e.To >= 0 && e.To <= 1):
		return field.New(key+"to", e.To, "0 to 1")
	case e.Kind == "exponential" && !(e.From > 0):
		return field.New(key+"from", e.From, "more than 0 to 1")
	case e.Kind == "exponential" && !(e.To > 0):
		return field.New(key+"to", e.To, "more than 0 to 1")
	case !(e.Until >= 0 && e.Until <= 1):
		return field.New(key+"until", e.Until, "0 to 1")
	}
	return nil
}

// LearningRate is the step size α of the n-th update of one table entry.
//
//   - constant: Value
//   - visits: 1/n^Power. Convergence asks for 1/2 < Power <= 1; near 1 learning forgets its start only like
//     n^−(1−γ), so that a Power well below it is faster (Even-Dar & Mansour 2003, JMLR 5)
type LearningRate struct {
	Kind  string  `toml:"kind" json:"kind" doc:"constant: value; visits: 1/n^power at the n-th update of an entry"`
	Value float64 `toml:"value" json:"value" doc:"of constant: above 0, at most 1"`
	Power float64 `toml:"power" json:"power" doc:"of visits: above 0, at most 1"`
}

func (l *LearningRate) validate() error {
	const key = "learning_rate."
	switch {
	case l.Kind != "constant" && l.Kind != "visits":
		return field.New(key+"kind", l.Kind, "constant or visits")
	case l.Kind == "constant" && !(l.Value > 0 && l.Value <= 1):
		return field.New(key+"value", l.Value, "more than 0, at most 1")
	case l.Kind == "visits" && !(l.Power > 0 && l.Power <= 1):
		return field.New(key+"power", l.Power, "more than 0, at most 1")
	}
	return nil
}

// rates tabulates a learning rate, because a power costs more than the whole rest of an update.
type rates struct {
	table []float64 // [n], until it changes no more or the table ends
	power float64
}

const tabulated = 1 << 14

func (l *LearningRate) rates() rates {
	if l.Kind == "constant" {
		return rates{table: []float64{l.Value}}
	}
	r := rates{table: make([]float64, tabulated), power: l.Power}
	for n := range r.table {
		r.table[n] = r.exact(max(n, 1))
	}
	return r
}

func (r *rates) exact(n int) float64 {
	return portable.Exp(-float64(r.power * portable.Log(float64(n))))
}

// at is the step size of the n-th update, n from 1.
func (r *rates) at(n uint32) float64 {
	if int(n) < len(r.table) {
		return r.table[n]
	}
	if r.power == 0 {
		return r.table[0]
	}
	return r.exact(int(n))
}
