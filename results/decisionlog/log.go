package decisionlog

import (
	"cmp"
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
	Products  []string   // that decisions are about, or of which outcomes tell
	Decisions []Decision // by unit, in the order in which they first come, and step
	Joined    Joined     // the outcomes
	Warnings  []string

	columns [][]float64 // by feature, of decisions as they were read
	sales   []Sale      // of the outcomes
	origins []origin

	elsewhere string // where an action was another offer, for messages
}

// origin is a file of which a log was read, and how many lines were read before.
type origin struct {
	name  string
	after int32
}

// Author is a policy that decided.
type Author struct {
	Policy   string `json:"policy"`
	Revision string `json:"revision,omitempty"`
}

// Decision is one decision of a log.
type Decision struct {
	Time, Propensity, Discount float64
	Reward                     float64 // NaN while it is awaited
	Visitors                   float64 // to whom the offer was made, as the outcome tells; NaN without one
	Explore                    float64 // probability with which the policy was asked to explore; NaN where the line does not tell
	Step                       int64   // within its unit; of units that do not tell it, by time
	Unit, Policy, Mask, Action int32   // indices into the log's tables
	Product                    int32   // what the offer is of; −1 where the line does not tell
	Line                       int32   // from 1, of all files of the log
	row                        int32   // in the columns
	from, to                   int32   // in the sales
	Last                       bool
	closed                     bool // its outcome says that it was the last
	Single                     bool // it was made for one customer alone
	Counted                    bool // its outcome tells how many visitors there were, and one is not assumed
}

// Sales are what was sold of each product that the decision's outcome tells of, good until the log is changed; none without an outcome.
func (l *Log) Sales(d *Decision) []Sale { return l.sales[d.from:d.to] }

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
	file, line := l.place(d.Line)
	return &field.Error{File: file, Line: line, Key: key, Found: fmt.Sprint(found), Expected: expected}
}

// place is the file of a line, and its number there.
func (l *Log) place(line int32) (file string, number int) {
	k := len(l.origins) - 1
	for k > 0 && line <= l.origins[k].after {
		k--
	}
	return l.origins[k].name, int(line - l.origins[k].after)
}

// in names a file where the log has several.
func (l *Log) in(name string) string {
	if name == l.File {
		return ""
	}
	return name + ": "
}

// at names a line.
func (l *Log) at(line int32) string {
	file, n := l.place(line)
	return fmt.Sprintf("%sline %d", l.in(file), n)
}

// settle joins the outcomes, sorts decisions by unit and step and checks what hangs together.
func (p *parser) settle() (*Log, error) {
	l := p.log
	l.Units = p.units.strings()
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
		l.Masks[i] = append(mask, make([]bool, max(0, len(l.Offers)-len(mask)))...)
	}
	if err := p.join(); err != nil {
		return nil, err
	}
	all := len(l.Decisions)
	p.window()
	if len(l.Decisions) == 0 {
		bad := &field.Error{File: l.File, Found: "no decisions", Expected: "at least one line"}
		if all > 0 {
			bad.Found, bad.Expected = fmt.Sprintf("none of its %d decisions in a window of %g", all, p.options.Window), "a longer window: it is in the log's own time"
		} else if p.others > 0 {
			bad.Found, bad.Expected = fmt.Sprintf("none of its %d decisions is of %s", p.others, p.options.Policy), "a policy that decided, such as "+p.other
		} else if p.asides > 0 {
			bad.Found, bad.Expected = fmt.Sprintf("all of its %d decisions are at a fallback price", p.asides), "some of a policy"
		}
		return nil, bad
	}
	if says := l.OnlySales(); says != "" {
		l.Warnings = append(l.Warnings, says+": "+UntoldSales)
	}
	return l, l.order()
}

// order sorts decisions by unit and step, counts the steps of units that do not tell them, and checks them.
func (l *Log) order() error {
	order := func(a, b Decision) int {
		if a.Unit != b.Unit {
			return int(a.Unit) - int(b.Unit)
		}
		if a.Step >= 0 || b.Step >= 0 {
			return int(a.Step - b.Step)
		}
		return cmp.Or(cmp.Compare(a.Time, b.Time), int(a.Line-b.Line))
	}
	if !slices.IsSortedFunc(l.Decisions, order) {
		l.byUnit(order)
	}
	reopened := 0
	for i := range l.Decisions {
		d := &l.Decisions[i]
		if follows := i+1 < len(l.Decisions) && l.Decisions[i+1].Unit == d.Unit; d.closed && follows {
			reopened++
		} else if d.closed {
			d.Last = true
		}
		counted := d.Step < 0
		if counted {
			d.Step = 0
		}
		if i == 0 || l.Decisions[i-1].Unit != d.Unit {
			continue
		}
		before := &l.Decisions[i-1]
		if counted {
			d.Step = before.Step + 1
		}
		switch {
		case d.Step == before.Step:
			return l.Fault(d, "step", fmt.Sprintf("%d of unit %q again, as in %s", d.Step, l.Units[d.Unit], l.at(before.Line)), "each step of a unit once, or in no line of it")
		case d.Time < before.Time:
			return l.Fault(d, "time", d.Time, fmt.Sprintf("at least %v, that of the step before it", before.Time))
		case before.Last:
			return l.Fault(before, "last", fmt.Sprintf("true, but step %d follows in %s", d.Step, l.at(d.Line)), "false")
		}
	}
	l.warn(reopened, "%d outcomes call their decision the last of a unit in which others follow; it is not taken to be")
	return nil
}

// byUnit sorts decisions by unit, by counting, and those of each stably by an order.
func (l *Log) byUnit(order func(a, b Decision) int) {
	ends := make([]int32, len(l.Units)+1) // of the decisions of the units before, and then of each
	for i := range l.Decisions {
		ends[l.Decisions[i].Unit+1]++
	}
	for u := range l.Units {
		ends[u+1] += ends[u]
	}
	sorted := make([]Decision, len(l.Decisions))
	for _, d := range l.Decisions {
		sorted[ends[d.Unit]] = d
		ends[d.Unit]++
	}
	from := int32(0)
	for _, end := range ends[:len(l.Units)] {
		slices.SortStableFunc(sorted[from:end], order)
		from = end
	}
	l.Decisions = sorted
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
		return field.New("price", offer.say(), fmt.Sprintf("%s, which action %d is %s", now.say(), action, l.elsewhere))
	}
	return nil
}

func (o Offer) say() string {
	if o.Promotion == "" {
		return fmt.Sprint(o.Price)
	}
	return fmt.Sprintf("%v with %s", o.Price, o.Promotion)
}
