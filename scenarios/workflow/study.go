package workflow

import (
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios"
)

// Measure is a figure that a study found.
type Measure struct {
	Name  string  `json:"measure"`
	Unit  string  `json:"unit,omitempty"`
	Value float64 `json:"value"`
	Error float64 `json:"standard_error"` // of Value; 0: exact, or all values alike; NaN, in JSON null: not known, as of one value, and of the least of several
	N     int     `json:"n,omitempty"`    // what it is a mean over, or a share of: sessions, runs, paths; 0: computed
}

// doubt is the standard error where it is known; otherwise 0.
func (m *Measure) doubt() float64 {
	if math.IsNaN(m.Error) {
		return 0
	}
	return m.Error
}

// MarshalJSON writes null for what is not known.
func (m Measure) MarshalJSON() ([]byte, error) {
	type plain Measure
	return json.Marshal(struct {
		plain
		Value orNull `json:"value"`
		Error orNull `json:"standard_error"`
	}{plain(m), orNull(m.Value), orNull(m.Error)})
}

// UnmarshalJSON reads it again.
func (m *Measure) UnmarshalJSON(text []byte) error {
	type plain Measure
	read := struct {
		*plain
		Value *float64 `json:"value"`
		Error *float64 `json:"standard_error"`
	}{plain: (*plain)(m)}
	if err := json.Unmarshal(text, &read); err != nil {
		return err
	}
	m.Value, m.Error = math.NaN(), math.NaN()
	if read.Value != nil {
		m.Value = *read.Value
	}
	if read.Error != nil {
		m.Error = *read.Error
	}
	return nil
}

// MeasureKind is a kind of measure, as published rows of a scenario name it.
type MeasureKind struct {
	Name string `json:"measure"` // words in capitals stand for what is named there: FIRM, a number K
	Unit string `json:"unit,omitempty"`
	Doc  string `json:"doc"`
}

// found is what a study found.
type found struct {
	measures []Measure
	best     *Pick // nil where nothing was learned that can be handed on
}

// study plays what one variant of a scenario describes, and measures it. The result does not depend on the number of workers. watch is told of progress by
// one goroutine at a time; it may be nil. When the context is done, the error is the context's.
//
// A world joins souk reproduce and souk train by such a function and the kinds of its measures, in studies.
type study struct {
	measure func(ctx context.Context, s *scenarios.Scenario, workers int, watch func(done, total int)) (*found, error)
	kinds   func() []MeasureKind
}

// studies are the worlds that are measured.
func studies() map[scenarios.World]study {
	return map[scenarios.World]study{
		scenarios.RepeatedGame:   {measureGame, gameMeasures},
		scenarios.PricingProblem: {measureProblem, problemMeasures},
	}
}

// studyOf is the study of a scenario's world; an error where its result is not measures.
func studyOf(s *scenarios.Scenario) (study, error) {
	st, ok := studies()[s.World()]
	if !ok {
		return st, s.Fault("no results to reproduce", "a scenario of a game, [game], or a problem, [problem]; souk train takes this one", "name")
	}
	return st, nil
}

// Studied tells whether a scenario is of a world whose measures are its result.
func Studied(s *scenarios.Scenario) bool {
	_, ok := studies()[s.World()]
	return ok
}

// MeasureKinds lists what can be measured in a scenario's world.
func MeasureKinds(world scenarios.World) []MeasureKind {
	if st, ok := studies()[world]; ok {
		return st.kinds()
	}
	return nil
}

// is tells whether a name is of the kind: equal but for what its words in capitals stand for.
func (k *MeasureKind) is(name string) bool {
	cut := func(s string) []string {
		return strings.FieldsFunc(strings.NewReplacer(":", "\x00:", "@", "\x00@").Replace(s), func(r rune) bool { return r == 0 })
	}
	want, have := cut(k.Name), cut(name)
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if i == 0 && want[i] != have[i] || want[i][0] != have[i][0] || len(have[i]) < 2 {
			return false
		}
	}
	return true
}

// measurable complains of a name that is no measure's.
func measurable(kinds []MeasureKind, name string) (expected string, ok bool) {
	if slices.ContainsFunc(kinds, func(k MeasureKind) bool { return k.is(name) }) {
		return "", true
	}
	var names []string
	for _, k := range kinds {
		names = append(names, k.Name)
	}
	return scenarios.Suggest(name, names), false
}
