package decisionlog

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// Log is a decision log in memory, by columns.
type Log struct {
	File      string
	Features  []string // of the observations, in the order in which they first come
	Offers    []Offer  // the ladder, by action
	Seen      []bool   // by action: whether the log ever makes the offer, which else it does not tell
	Policies  []Author // that decided
	Masks     [][]bool // different sets of what was allowed, by action; the first is of everything
	Units     []string
	Decisions []Decision // by unit, in the order in which they first come, and step
	Warnings  []string

	columns [][]float64 // by feature, of lines
}

// Author is a policy that decided.
type Author struct {
	Policy   string `json:"policy"`
	Revision string `json:"revision,omitempty"`
}

// Decision is one decision of a log.
type Decision struct {
	Time, Propensity, Reward, Discount float64
	Step                               int64
	Unit, Policy, Mask, Action         int32 // indices into the log's tables
	Line                               int32 // 1-based; the decision's place in the columns is Line less what was skipped
	row                                int32
	Last                               bool
}

// Observe fills in what a decision saw, of features by their index, NaN for what is missing; index −1 is a feature that the log does not have.
func (l *Log) Observe(d *Decision, features []int, into []float64) {
	for k, f := range features {
		into[k] = math.NaN()
		if f >= 0 {
			into[k] = l.columns[f][d.row]
		}
	}
}

// Feature is the index of a feature, −1 where the log has none of the name.
func (l *Log) Feature(name string) int { return slices.Index(l.Features, name) }

// Fault is an error about a decision.
func (l *Log) Fault(d *Decision, key string, found any, expected string) error {
	return &field.Error{File: l.File, Line: int(d.Line), Key: key, Found: fmt.Sprint(found), Expected: expected}
}

// settle sorts decisions by unit and step and checks what hangs together.
func (l *Log) settle() error {
	if len(l.Decisions) == 0 {
		return &field.Error{File: l.File, Found: "no decisions", Expected: "at least one line"}
	}
	for f, c := range l.columns {
		l.columns[f] = pad(c, len(l.Decisions))
	}
	for i, mask := range l.Masks {
		if i == 0 {
			l.Masks[i] = make([]bool, len(l.Offers))
			for a := range l.Offers {
				l.Masks[i][a] = true
			}
			continue
		}
		l.Masks[i] = append(mask, make([]bool, len(l.Offers)-len(mask))...)
	}
	order := func(a, b Decision) int {
		if a.Unit != b.Unit {
			return int(a.Unit) - int(b.Unit)
		}
		return int(a.Step - b.Step)
	}
	if !slices.IsSortedFunc(l.Decisions, order) {
		slices.SortStableFunc(l.Decisions, order)
	}
	for i := 1; i < len(l.Decisions); i++ {
		d, before := &l.Decisions[i], &l.Decisions[i-1]
		switch {
		case d.Unit != before.Unit:
		case d.Step == before.Step:
			return l.Fault(d, "step", fmt.Sprintf("%d of unit %q again, as in line %d", d.Step, l.Units[d.Unit], before.Line), "each step of a unit once")
		case d.Time < before.Time:
			return l.Fault(d, "time", d.Time, fmt.Sprintf("at least %v, that of the step before it", before.Time))
		case before.Last:
			return l.Fault(before, "last", fmt.Sprintf("true, but step %d follows in line %d", d.Step, d.Line), "false")
		}
	}
	return nil
}

func pad(column []float64, n int) []float64 {
	for len(column) < n {
		column = append(column, math.NaN())
	}
	return column
}

// made notes an offer that a line makes, and checks that its action always means the same one.
func (l *Log) made(action int, offer Offer) error {
	for len(l.Offers) <= action {
		l.Offers, l.Seen = append(l.Offers, Offer{Price: math.NaN()}), append(l.Seen, false)
	}
	if !l.Seen[action] {
		offer.Promotion = strings.Clone(offer.Promotion)
		l.Offers[action], l.Seen[action] = offer, true
	}
	if now := l.Offers[action]; now != offer {
		return field.New("price", offer.say(), fmt.Sprintf("%s, which action %d is elsewhere in the log", now.say(), action))
	}
	return nil
}

func (o Offer) say() string {
	if o.Promotion == "" {
		return fmt.Sprint(o.Price)
	}
	return fmt.Sprintf("%v with %s", o.Price, o.Promotion)
}
