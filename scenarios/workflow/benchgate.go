package workflow

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
)

// BenchGate is a gate of bench.require and what became of it.
type BenchGate struct {
	Scenario string `json:"scenario"`
	Gate     string `json:"gate"`
	Met      bool   `json:"met"`
	Because  string `json:"because"` // in a sentence
}

// gate is A > B, that A earns more, significantly after Holm's correction; or A >= B, that it does not earn less, significantly.
type gate struct {
	text, a, b string
	strict     bool
}

// gateOf reads a gate; the words < and <= turn it round.
func gateOf(text string) (g gate, ok bool) {
	for _, sign := range []string{" >= ", " <= ", " > ", " < "} {
		a, b, found := strings.Cut(text, sign)
		if !found {
			continue
		}
		g = gate{text: text, a: strings.TrimSpace(a), b: strings.TrimSpace(b), strict: !strings.Contains(sign, "=")}
		if strings.Contains(sign, "<") {
			g.a, g.b = g.b, g.a
		}
		return g, g.a != "" && g.b != "" && g.a != g.b
	}
	return g, false
}

// enterGates reads the scenario's gates, those apart that "NAME: " aims at another one of the benchmark's. Each names two who take part; where there are several scenarios, in
// one of them at least. A short "fixed" is the best fixed price.
func (b *bencher) enterGates() error {
	s := b.Scenario
	var names []string
	for _, agent := range s.Pupils() {
		names = append(names, agent.Name)
	}
	for _, p := range b.players {
		names = append(names, p.name)
	}
	names = append(names, s.Evaluate.Against...)
	for i := range s.Evaluate.Rules {
		names = append(names, s.Evaluate.Rules[i].Name)
	}
	if s.World() == scenarios.PricingProblem {
		names = append(names, bestFixed, random, fluid, solved)
	}
	for i, text := range s.Bench.Require {
		g, ok := gateOf(text)
		aimed, rest, is := strings.Cut(text, ": ")
		if is && slices.Contains(b.among, aimed) {
			if aimed != s.Name {
				continue
			}
			g, ok = gateOf(rest)
			g.text = text
		}
		if !ok {
			return s.Fault(strconv.Quote(text), `two policies and > or >= between them, with spaces, as in "q-learning > best-fixed"`, "bench", "require", strconv.Itoa(i))
		}
		var bad error
		for _, name := range []*string{&g.a, &g.b} {
			if *name == "fixed" && !slices.Contains(names, "fixed") {
				*name = bestFixed
			}
			if !slices.Contains(names, *name) && bad == nil {
				bad = s.Fault(strconv.Quote(*name)+" in "+strconv.Quote(text), scenarios.Suggest(*name, names), "bench", "require", strconv.Itoa(i))
			}
		}
		if bad == nil {
			b.gates = append(b.gates, g)
		} else if aimed == s.Name || len(b.among) <= 1 {
			return bad
		} else {
			b.strays = append(b.strays, stray{text, bad})
		}
	}
	return nil
}

// stray is a gate whose policies do not take part in one scenario of several.
type stray struct {
	text string
	bad  error
}

// astray is what is wrong with a gate that holds in no scenario at all.
func astray(all []*bencher) error {
	for _, b := range all {
		for _, lost := range b.strays {
			if !slices.ContainsFunc(all, func(o *bencher) bool {
				return slices.ContainsFunc(o.gates, func(g gate) bool { return g.text == lost.text })
			}) {
				return lost.bad
			}
		}
	}
	return nil
}

// judge holds the gates of all scenarios against what was found, and puts the scenarios together.
func (m *Benchmark) judge(benches []*bencher) (err error) {
	var scaled []*evaluate.Standings
	for i, b := range m.Scenarios {
		for _, g := range benches[i].gates {
			pair, err := b.Pair(g.a, g.b)
			if err != nil {
				return b.Scenery.Fault(strconv.Quote(g.text), "two policies that played", "bench", "require")
			}
			m.Gates = append(m.Gates, b.hold(g, pair))
		}
		if b.Optimum != "" {
			scaled = append(scaled, b.Standings)
		}
	}
	m.Together, err = benches[0].ranking().Together(scaled)
	return err
}

// hold says whether a gate is met.
func (b *Benched) hold(g gate, pair *evaluate.Pair) BenchGate {
	d, sure := pair.Difference, pair.Holm < 1-level
	found := fmt.Sprintf("%s earns %s more than %s, p = %s", g.a, bracketed(d, decimals([]stats.Estimate{d})), g.b, pValue(pair.Holm))
	if d.Value < 0 {
		back := d
		back.Value, back.Low, back.High = -d.Value, -d.High, -d.Low
		found = fmt.Sprintf("%s earns %s less than %s, p = %s", g.a, bracketed(back, decimals([]stats.Estimate{d})), g.b, pValue(pair.Holm))
	}
	found = strings.Replace(found, "p = <", "p < ", 1)
	result := BenchGate{Scenario: b.Scenario, Gate: g.text, Met: d.Value > 0 && sure}
	if !g.strict {
		result.Met = !(d.Value < 0 && sure)
	}
	if result.Met {
		result.Because = fmt.Sprintf("%s: %s is met: %s.", b.Scenario, g.text, found)
		return result
	}
	if g.strict && d.Value > 0 && pair.Seeds.TooFew() {
		found += "; too few runs: " + neededText(pair.Seeds)
	}
	result.Because = fmt.Sprintf("%s: %s is not met: %s.", b.Scenario, g.text, found)
	return result
}

// Unmet are the sentences of gates that were not met.
func (m *Benchmark) Unmet() (because []string) {
	for _, g := range m.Gates {
		if !g.Met {
			because = append(because, g.Because)
		}
	}
	return because
}
