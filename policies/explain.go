package policies

import (
	"fmt"
	"math"
	"strings"

	"github.com/souk-sim/souk/sim/env"
)

// Explanation says why a policy decides as it does at one observation.
type Explanation struct {
	Decision Decision           `json:"decision"` // the greedy one: exploration apart
	State    int                `json:"state"`
	Bins     []Bin              `json:"bins"`
	Visits   *uint64            `json:"visits,omitempty"`  // how often training was in it; left out where none was counted, as of a solved table
	Source   int                `json:"source"`            // the state whose values answered
	Rule     Rule               `json:"rule"`              // by which it was chosen
	Measure  string             `json:"measure,omitempty"` // what an offer's value is: log-density or probability; where nothing is said the reward that is expected
	Nearest  []Bin              `json:"nearest,omitempty"` // its bins, where it is another state because nothing was ever tried in this one
	Offers   []OfferExplanation `json:"offers"`
	Limits   []LimitExplanation `json:"limits,omitempty"`
	// Around are, of a table, the nearest states that training visited and that differ in one feature, and what is offered there.
	Around []Beside `json:"around,omitempty"`
}

// Beside is a state beside the one that was asked about.
type Beside struct {
	State  int       `json:"state"`
	Bin    Bin       `json:"bin"`              // in which it differs
	Away   int       `json:"away"`             // how many bins: below 0 towards lower ones, 0 where the feature asked about is missing
	Visits uint64    `json:"visits,omitempty"` // left out where none was counted
	Offer  env.Offer `json:"offer"`            // where no limit forbids it
}

// Rule is how a table chooses the state whose values answer.
type Rule string

// The rules, first to last.
const (
	Own         Rule = "own"          // the state itself
	Neighbour   Rule = "nearest"      // the nearest tried state that differs in one feature
	AnyValue    Rule = "any-value"    // for a missing feature, the most visited state that agrees in all others
	MostVisited Rule = "most-visited" // the most visited state of all
	Untrained   Rule = "untrained"    // the state itself, because training tried nothing anywhere
	Computed    Rule = "computed"     // of policies that are no table: none, the values are computed from what is observed
)

// rule tells by which rule one state answers for another.
func (t *Table) rule(state, source int) Rule {
	if t.Visits != nil && t.source == nil {
		return Untrained
	}
	differ, rule := 0, MostVisited
	asked, answers := t.Encoder.Decode(state), t.Encoder.Decode(source)
	for i := range asked {
		if asked[i] == answers[i] {
			continue
		}
		differ++
		switch {
		case asked[i].Missing:
			rule = AnyValue
		case !answers[i].Missing:
			rule = Neighbour
		}
	}
	switch {
	case differ == 0:
		return Own
	case differ == 1:
		return rule
	}
	return MostVisited
}

// words says which state answered, where it is not the observation's own.
func (r Rule) words() string {
	switch r {
	case Neighbour:
		return "the nearest state that it visited and that differs in one feature"
	case AnyValue:
		return "the state it visited most among those that agree in what is known"
	}
	return "the state it visited most of all, since none that differs in one feature only was visited"
}

// Untried says in a sentence that training was never in the observation's state, and what answered in its place; it is empty where
// training was.
func (e *Explanation) Untried() string {
	if e.Rule == Untrained {
		return "Training tried nothing at all; the values are those that it began with."
	}
	if e.Rule == Own || e.Rule == Computed {
		return ""
	}
	return fmt.Sprintf("Training never tried anything there; the values are those of %s, %d: %s.", e.Rule.words(), e.Source, words(e.Nearest))
}

// OfferExplanation is one offer's part in a decision.
type OfferExplanation struct {
	env.Offer
	Value   *float64 `json:"value"`            // null where it was not tried
	Visits  *uint32  `json:"visits,omitempty"` // how often training tried it in the source state; left out where none was counted
	Tried   bool     `json:"tried"`            // its value counts: training tried it, or the table was solved and not trained
	Allowed bool     `json:"allowed"`          // by the limits
	Why     string   `json:"why"`              // it was made, or not
}

// Explain explains the greedy decision at an observation.
func (t *Table) Explain(observation []float64) Explanation {
	state := t.Encoder.Encode(observation)
	source := t.Source(state)
	mask := Mask(&t.Spec, observation, nil)
	best, ideal := t.greedy(source, mask)
	e := Explanation{Decision: t.Decide(observation, 1), State: state, Bins: t.Encoder.Decode(state), Source: source,
		Rule: t.rule(state, source)}
	if source != state {
		e.Nearest = t.Encoder.Decode(source)
	}
	e.Limits, e.Around = t.explainLimits(observation), t.around(state)
	if t.Visits != nil {
		e.Visits = new(t.visits(state))
	}
	for a, o := range t.Spec.Offers {
		i := source*len(mask) + a
		x := OfferExplanation{Offer: o, Tried: t.Tried(i) && e.Rule != Untrained, Allowed: mask[a], Why: t.why(observation, mask, source, a, best, ideal)}
		if x.Tried {
			x.Value = new(t.Values[i])
		}
		if t.Visits != nil {
			x.Visits = new(t.Visits[i])
		}
		e.Offers = append(e.Offers, x)
	}
	return e
}

// why says of an offer by the values of the source state why it is made, or not.
func (t *Table) why(observation []float64, mask []bool, source, a, best, ideal int) string {
	made, at := source*len(mask)+best, source*len(mask)+a
	switch less := worth(t.Values[at], t.Values[made]); {
	case a == best && !t.Tried(at):
		return fmt.Sprintf("made: the limits forbid every offer that training tried; the nearest allowed to the best of them, %.4g", t.Spec.Offers[ideal].Price)
	case a == best && a == ideal:
		return "made: the highest value"
	case a == best:
		return "made: the highest value that the limits allow"
	case !mask[a]:
		return "forbidden: " + t.limits(Hit(&t.Spec, observation, a), observation)
	case !t.Tried(at):
		return "never tried"
	case !t.Tried(made):
		return "further from the best of those that training tried"
	case t.source != nil && strings.HasPrefix(less, "worth"):
		return fmt.Sprintf("%s, by %s against %d", less, times(t.Visits[at]), t.Visits[made])
	default:
		return less
	}
}

// worth says by how much a value is less than the highest.
func worth(value, highest float64) string {
	switch {
	case value == highest:
		return "as good; the first is made"
	case highest-value <= float64(1e-9*math.Abs(highest)):
		return "as good, up to rounding"
	}
	return fmt.Sprintf("worth %.4g less", highest-value)
}

func times[N uint32 | uint64](n N) string {
	if n == 1 {
		return "1 visit"
	}
	return fmt.Sprintf("%d visits", n)
}

// visits is how often training was in a state.
func (t *Table) visits(state int) (n uint64) {
	if t.Visits == nil {
		return 0
	}
	offers := len(t.Spec.Offers)
	for _, v := range t.Visits[state*offers:][:offers] {
		n += uint64(v)
	}
	return n
}

// around finds, feature by feature, the nearest states on either side that training visited; of a missing value, the most visited of all.
func (t *Table) around(state int) (all []Beside) {
	solved := t.Visits == nil
	add := func(s, dimension, away int) {
		offer := t.Spec.Offers[t.Greedy(s)]
		all = append(all, Beside{State: s, Bin: t.Encoder.Decode(s)[dimension], Away: away, Visits: t.visits(s), Offer: offer})
	}
	stride := t.Encoder.States()
	for i := range t.Encoder.Dimensions {
		bins := t.Encoder.Dimensions[i].bins()
		stride /= bins
		bin, values := state/stride%bins, bins-1
		if bin == values {
			best := -1
			for s := state - values*stride; s < state; s += stride {
				if n := t.visits(s); n > 0 && (best < 0 || n > t.visits(best)) {
					best = s
				}
			}
			if best >= 0 {
				add(best, i, 0)
			}
			continue
		}
		for _, way := range [...]int{-1, 1} {
			for k := bin + way; k >= 0 && k < values; k += way {
				if s := state + (k-bin)*stride; solved || t.visits(s) > 0 {
					add(s, i, k-bin)
					break
				}
			}
		}
	}
	return all
}

// explain explains a decision for the highest of computed values.
func (f *Frame) explain(observation, values []float64, d Decision) Explanation {
	e := Explanation{Decision: d, State: f.Encoder.Encode(observation), Rule: Computed}
	e.Source = e.State
	for _, dim := range f.Encoder.Dimensions {
		x := observation[dim.Index]
		e.Bins = append(e.Bins, Bin{Feature: dim.Feature, Low: x, High: x, Missing: x != x})
	}
	e.Limits = f.explainLimits(observation)
	mask := Mask(&f.Spec, observation, nil)
	for a, o := range f.Spec.Offers {
		x := OfferExplanation{Offer: o, Value: new(values[a]), Tried: true, Allowed: mask[a]}
		switch {
		case a == d.Action && d.Guardrails == 0:
			x.Why = "made: the highest value"
		case a == d.Action:
			x.Why = "made: the highest value that the limits allow"
		case !x.Allowed:
			x.Why = "forbidden: " + f.limits(Hit(&f.Spec, observation, a), observation)
		default:
			x.Why = worth(values[a], values[d.Action])
		}
		e.Offers = append(e.Offers, x)
	}
	return e
}

// String is the explanation in words, one offer a line.
func (e Explanation) String() string {
	var b strings.Builder
	if e.Rule == Computed {
		fmt.Fprintf(&b, "Observed: %s.\n", words(e.Bins))
	} else {
		fmt.Fprintf(&b, "State %d: %s.\n", e.State, words(e.Bins))
	}
	if untried := e.Untried(); untried != "" {
		b.WriteString(untried + "\n")
	}
	fmt.Fprintf(&b, "Offer: %.4g%s.\n", e.Decision.Price, promotion(e.Decision.Promotion))
	for _, o := range e.Offers {
		value, visits := "–", ""
		if o.Value != nil {
			value = fmt.Sprintf("%.6g", *o.Value)
		}
		if o.Visits != nil {
			visits = fmt.Sprintf("  visits %6d", *o.Visits)
		}
		fmt.Fprintf(&b, "  %8.4g%s  %s %10s%s  %s\n", o.Price, promotion(o.Promotion), or(e.Measure, "value"), value, visits, o.Why)
	}
	for i, l := range e.Limits {
		b.WriteString(map[bool]string{true: "Guardrails:\n"}[i == 0] + "  " + l.String() + "\n")
	}
	for i, n := range e.Around {
		b.WriteString(map[bool]string{true: "Beside it:\n"}[i == 0] + "  " + n.String() + "\n")
	}
	return b.String()
}

// String is a line: where it is, what is offered there, and how often training was there.
func (n Beside) String() string {
	where := "the most visited where it is known"
	if n.Away != 0 {
		bins := max(n.Away, -n.Away)
		where = fmt.Sprintf("%d %s %s", bins, map[bool]string{true: "cell", false: "cells"}[bins == 1], map[bool]string{true: "up", false: "down"}[n.Away > 0])
	}
	text := fmt.Sprintf("%s (%s): %.4g%s", n.Bin, where, n.Offer.Price, promotion(n.Offer.Promotion))
	if n.Visits > 0 {
		text += " after " + times(n.Visits)
	}
	return text
}

func words(bins []Bin) string {
	var all []string
	for _, b := range bins {
		all = append(all, b.String())
	}
	if len(all) == 0 {
		return "the only one"
	}
	return strings.Join(all, ", ")
}

func or(text, instead string) string {
	if text == "" {
		return instead
	}
	return text
}

func promotion(name string) string {
	if name == "" {
		return ""
	}
	return " with " + name
}
