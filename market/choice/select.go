package choice

import (
	"fmt"
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// Selection is one question put to the data: which of some candidates that differ in one thing.
type Selection struct {
	Question string   `json:"question"`
	Chosen   string   `json:"chosen"`
	Options  []Option `json:"options"`
}

// Option is one candidate's answer. Score is the mean log density of a validation cell, one-step forecasts from a
// rolling origin; Behind is the mean weekly shortfall against the best candidate and BehindSE its standard error
// (Bartlett weights); AIC is that of the training weeks.
type Option struct {
	Value    string  `json:"value"`
	Score    float64 `json:"score"`
	Behind   float64 `json:"behind_per_week"`
	BehindSE float64 `json:"behind_se"`
	AIC      float64 `json:"aic"`
	RMSE     float64 `json:"rmse"` // of the structural forecasts, log share ratio
	Tied     bool    `json:"tied"` // within one standard error of the best
}

// candidate is a spec with a name within its question.
type candidate struct {
	name string
	spec Spec
}

// choose applies the one rule by which validation weeks decide here, the one-standard-error rule (Breiman et al. 1984;
// Hastie, Tibshirani & Friedman 2009, §7.10): of the candidates that the validation weeks cannot tell from the best
// (its lead is within one standard error), take the one with the lowest AIC on the training weeks. A bare maximum
// would let a single odd week choose.
func (s *sample) choose(question string, of []candidate) (candidate, Selection, error) {
	names, evaluations := make([]string, len(of)), make([]evaluation, len(of))
	for i, c := range of {
		var err error
		if evaluations[i], err = s.evaluateSpec(c.spec); err != nil {
			return candidate{}, Selection{}, fmt.Errorf("%s %s: %w", question, c.name, err)
		}
		names[i] = c.name
	}
	chosen, selection := s.decide(question, names, evaluations)
	return of[chosen], selection, nil
}

// decide is the rule of choose for candidates that were evaluated on the same cells.
func (s *sample) decide(question string, names []string, evaluations []evaluation) (chosen int, out Selection) {
	best := 0
	for i, e := range evaluations {
		if sum(e.weekly) > sum(evaluations[best].weekly) {
			best = i
		}
	}
	out.Question = question
	chosen = -1
	for i, e := range evaluations {
		behind, se := s.meanDifference(evaluations[best], e)
		tied := behind <= se
		out.Options = append(out.Options, Option{names[i], e.score(), behind, se, e.aic, e.rmse(), tied})
		if tied && (chosen < 0 || e.aic < evaluations[chosen].aic) {
			chosen = i
		}
	}
	out.Chosen = names[chosen]
	return chosen, out
}

// evaluateSpec evaluates a spec once: the search meets most of them often.
func (s *sample) evaluateSpec(spec Spec) (evaluation, error) {
	key := fmt.Sprint(spec)
	if e, known := s.evaluated[key]; known {
		return e, nil
	}
	e, err := s.evaluate(s.columns(s.terms(spec)))
	if err == nil {
		s.evaluated[key] = e
	}
	return e, err
}

// question is one thing that the search may change: it makes its candidates from the spec so far.
type question struct {
	name       string
	candidates func(Spec) []candidate
}

// pooled is a term whose pooling the search chooses.
type pooled struct {
	name    string
	of      func(*Spec) *Pooling
	options []Pooling
}

func pooledTerms() []pooled {
	every := []Pooling{Absent, Common, Own}
	return []pooled{
		{"price", func(s *Spec) *Pooling { return &s.Price }, []Pooling{Common, Own}},
		{"trend", func(s *Spec) *Pooling { return &s.Trend }, every},
		{"display", func(s *Spec) *Pooling { return &s.Display }, every},
		{"season", func(s *Spec) *Pooling { return &s.Season }, every},
		{"lent", func(s *Spec) *Pooling { return &s.Lent }, every},
		{"gain", func(s *Spec) *Pooling { return &s.Gain }, every},
		{"loss", func(s *Spec) *Pooling { return &s.Loss }, every},
		{"depth", func(s *Spec) *Pooling { return &s.Depth }, []Pooling{Common, Own}},
	}
}

// maximumPasses bounds the search, which settles in about four.
const maximumPasses = 8

// search starts from everything in, one coefficient for all brands, and changes one thing at a time, by choose, until a
// whole pass changes nothing. Terms named in without stay out, and so does depth, unless with names it: then it is in. It returns the spec and the questions of its last pass,
// whose first is the memory.
func (s *sample) search(memories []float64, with, without []string) (Spec, []Selection, error) {
	spec := Spec{Memory: memories[len(memories)/2], Remembers: all(len(s.Brands))}
	var known []string
	for _, name := range with {
		if name != "depth" {
			return Spec{}, nil, field.New("with", name, "depth")
		}
	}
	if !slices.Contains(with, "depth") {
		without = append(slices.Clone(without), "depth")
	}
	for _, p := range pooledTerms() {
		switch {
		case !slices.Contains(without, p.name):
			*p.of(&spec) = Common
		case p.name != "depth": // which is absent as it is
			*p.of(&spec) = Absent
		}
		known = append(known, p.name)
	}
	for _, name := range without {
		if !slices.Contains(known, name) || name == "price" {
			return Spec{}, nil, field.New("without", name, "one of "+strings.Join(known[1:len(known)-1], ", "))
		}
	}
	var asked []Selection
	for range maximumPasses {
		before := fmt.Sprint(spec)
		asked = asked[:0]
		for _, q := range s.questions(memories, without) {
			won, selection, err := s.choose(q.name, q.candidates(spec))
			if err != nil {
				return Spec{}, nil, err
			}
			spec = won.spec
			asked = append(asked, selection)
		}
		if fmt.Sprint(spec) == before {
			break
		}
	}
	return spec, asked, nil
}

// questions lists what the search may change.
func (s *sample) questions(memories []float64, without []string) []question {
	out := []question{{"memory", func(at Spec) []candidate {
		of := make([]candidate, len(memories))
		for i, m := range memories {
			of[i] = candidate{fmt.Sprint(m), at}
			of[i].spec.Memory = m
		}
		return of
	}}}
	for _, p := range pooledTerms() {
		if slices.Contains(without, p.name) {
			continue
		}
		out = append(out, question{p.name, func(at Spec) []candidate {
			of := make([]candidate, len(p.options))
			for i, o := range p.options {
				of[i] = candidate{string(o), at}
				*p.of(&of[i].spec) = o
			}
			return of
		}})
	}
	for j, brand := range s.Brands {
		out = append(out, question{"gain and loss of " + brand, func(at Spec) []candidate {
			of := []candidate{{"yes", at}, {"no", at}}
			for i, yes := range []bool{true, false} {
				of[i].spec.Remembers = slices.Clone(at.Remembers)
				of[i].spec.Remembers[j] = yes
			}
			return of
		}})
	}
	return out
}

// bestMemory compares what the rule chose with the maximum of the validation score.
func (s Selection) bestMemory(memories []float64) *BestMemory {
	best, chosen := 0, 0
	for i, o := range s.Options {
		if o.Score > s.Options[best].Score {
			best = i
		}
		if o.Value == s.Chosen {
			chosen = i
		}
	}
	o := s.Options[chosen]
	return &BestMemory{memories[best], o.Behind, o.BehindSE, o.AIC - s.Options[best].AIC}
}

// nextBest returns which option the rule would take if the chosen one were not there (the chosen one if it is alone).
func (s Selection) nextBest() int {
	tied, second := -1, -1
	for i, o := range s.Options {
		if o.Value == s.Chosen {
			continue
		}
		if o.Tied && (tied < 0 || o.AIC < s.Options[tied].AIC) {
			tied = i
		}
		if second < 0 || o.Score > s.Options[second].Score {
			second = i
		}
	}
	switch {
	case tied >= 0:
		return tied
	case second >= 0:
		return second
	}
	return 0
}
