package serve

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// deployed is what a slot answers with until it is reloaded.
type deployed struct {
	champion, challenger *arm // no challenger: nil
}

// arm is a bundle at work.
type arm struct {
	*bundle.Bundle
	name                                       string // champion or challenger
	logged                                     string // the policy's name in the log
	frame                                      *policies.Frame
	features                                   []string
	looked                                     []string // at, of the features
	ranged                                     []int    // of the features those that it looks at and that varied where it learned
	made, fallback, explored, limited, differs prometheus.Counter
	outside                                    prometheus.Counter
}

// load reads and proves a slot's bundles.
func (s *Server) load(slot *Slot) (*deployed, error) {
	champion, err := s.newArm(slot, "champion", slot.Champion)
	if err != nil || slot.Challenger == nil {
		return &deployed{champion: champion}, err
	}
	challenger, err := s.newArm(slot, "challenger", slot.Challenger)
	if err == nil {
		err = sameLadder(champion, challenger)
	}
	return &deployed{champion, challenger}, err
}

func (s *Server) newArm(slot *Slot, name string, from Loader) (*arm, error) {
	b, err := from()
	if err != nil {
		return nil, err
	}
	if _, err := bundle.Prove(b.Policy); err != nil {
		return nil, err
	}
	frame := b.Policy.About()
	if expected := harmful(slot.Fallback, &frame.Spec); slot.Fallback > 0 && expected != "" {
		return nil, field.New("policy "+slot.Name+", fallback", slot.Fallback, expected)
	}
	m := s.metrics
	a := &arm{Bundle: b, name: name, logged: slot.Name + "/" + name, frame: frame,
		made: m.decisions.WithLabelValues(slot.Name, name), fallback: m.decisions.WithLabelValues(slot.Name, "fallback"),
		explored: m.explored.WithLabelValues(slot.Name), limited: m.limits.WithLabelValues(slot.Name), differs: m.differs.WithLabelValues(slot.Name),
		outside: m.outside.WithLabelValues(slot.Name)}
	for i, f := range frame.Spec.Features {
		if a.features = append(a.features, f.Name); frame.LooksAt(i) {
			a.looked = append(a.looked, f.Name)
			if f.Min < f.Max {
				a.ranged = append(a.ranged, i)
			}
		}
	}
	return a, nil
}

// beyond are the features that the policy looks at of which more or less was seen than was to be expected where it learned; nil for none. What is missing is not among them.
func (a *arm) beyond(seen []float64) (names []string) {
	for _, i := range a.ranged {
		if f := &a.frame.Spec.Features[i]; seen[i] < f.Min || seen[i] > f.Max {
			names = append(names, f.Name)
		}
	}
	return names
}

// ladder is the bundle's, as a log has it.
func (a *arm) ladder() (offers []decisionlog.Offer) {
	for _, o := range a.frame.Spec.Offers {
		offers = append(offers, decisionlog.Offer{Price: o.Price, Promotion: o.Promotion})
	}
	return offers
}

// harmful says what a fallback price should have been that is sure to be wrong, "" of others: one beyond floor or ceiling; one off the ladder's span, where the bundle has no
// floor or ceiling on that side that allows it, because a misplaced point would be what everybody pays while the policy is stopped; and one that a limit forbids at a
// value that is the same wherever the policy was trained, as a unit cost that is known. Against what only a question tells it is held then (fallBack).
func harmful(price float64, spec *env.Spec) (expected string) {
	floor, ceiling := spec.Bounds()
	if price < floor || price > ceiling {
		return fmt.Sprintf("a price within the bundle's guardrails, %g to %g", floor, ceiling)
	}
	low, high := policies.Ladder(spec)
	if floor > 0 {
		low = min(low, floor)
	}
	if !math.IsInf(ceiling, 1) {
		high = max(high, ceiling)
	}
	if price < low || price > high {
		return fmt.Sprintf("a price within the bundle's ladder, %g to %g; a floor or a ceiling in the bundle's guardrails would allow one beyond it", low, high)
	}
	known := make([]float64, len(spec.Features))
	for i, f := range spec.Features {
		if known[i] = math.NaN(); f.Min == f.Max && f.Max > 0 {
			known[i] = f.Max
		}
	}
	for i := range spec.Limits {
		if l := &spec.Limits[i]; l.Excess(known, price) > 0 {
			return fmt.Sprintf("a price that the bundle's guardrails allow at the %s %g that it was trained for: %s", l.Feature, known[l.Index], strings.Join(l.Words(), ", "))
		}
	}
	return ""
}

// sameLadder holds two bundles' ladders against each other: an action means the same offer in all of a log.
func sameLadder(first, second *arm) error {
	if a, b := first.frame.Spec.Offers, second.frame.Spec.Offers; !slices.Equal(a, b) {
		low, high := policies.Ladder(&second.frame.Spec)
		lower, higher := policies.Ladder(&first.frame.Spec)
		return field.New("offers", fmt.Sprintf("%d from %g to %g", len(b), low, high),
			fmt.Sprintf("those of the bundle before it, %d from %g to %g: in one log an action means one offer. Another ladder needs a service, and a log, of its own", len(a), lower, higher))
	}
	return nil
}

// sameLimits refuses a bundle without a guardrail of the one before it, or with a wider one: what is left off by mistake is not to be seen from outside.
func sameLimits(first, second *arm) error {
	if lost := second.frame.Spec.Lacks(&first.frame.Spec); lost != "" {
		return field.New("limits", "none as tight as: "+lost, "the guardrails of the bundle before it, or tighter ones: wider ones need a start of the service")
	}
	return nil
}
