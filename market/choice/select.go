package choice

import (
	"fmt"
	"math"
)

// Selection is one question put to the data: which of some candidates that differ in one thing.
type Selection struct {
	Question string   `json:"question"`
	Chosen   string   `json:"chosen"`
	Options  []Option `json:"options"`
}

// Option is one candidate's answer. Score is the mean log density of a validation cell, one-step forecasts from a
// rolling origin; Behind is the mean weekly shortfall against the best candidate and BehindSE its standard error
// (Bartlett weights); BIC is that of the training weeks.
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
	evaluations := make([]evaluation, len(of))
	best := 0
	for i, c := range of {
		var err error
		if evaluations[i], err = s.evaluateSpec(c.spec); err != nil {
			return candidate{}, Selection{}, fmt.Errorf("%s %s: %w", question, c.name, err)
		}
		if sum(evaluations[i].weekly) > sum(evaluations[best].weekly) {
			best = i
		}
	}
	out := Selection{Question: question}
	chosen := -1
	for i, e := range evaluations {
		behind, se := s.meanDifference(evaluations[best], e)
		tied := behind <= se
		out.Options = append(out.Options, Option{of[i].name, e.score(), behind, se, e.aic, e.rmse(), tied})
		if tied && (chosen < 0 || e.aic < evaluations[chosen].aic) {
			chosen = i
		}
	}
	out.Chosen = of[chosen].name
	return of[chosen], out, nil
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

// baseSpec is where the search starts: everything in, one coefficient for all brands.
func baseSpec(brands int, memories []float64) Spec {
	return Spec{Memory: memories[len(memories)/2], Price: Common, Display: Common, Trend: Common, Season: Common, Lent: Common,
		Gain: Common, Loss: Common, Remembers: all(brands)}
}

// maximumPasses bounds the search; it has always settled in fewer.
const maximumPasses = 6

// search changes one thing at a time, by choose, until a whole pass changes nothing. It returns the spec and the
// questions of its last pass, whose first is the memory.
func (s *sample) search(memories []float64) (Spec, []Selection, error) {
	spec := baseSpec(len(s.Brands), memories)
	var asked []Selection
	for range maximumPasses {
		before := fmt.Sprint(spec)
		asked = asked[:0]
		for _, ask := range s.questions(memories) {
			name, of := ask(spec)
			won, selection, err := s.choose(name, of)
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

// questions lists what the search may change: each makes its candidates from the spec so far.
func (s *sample) questions(memories []float64) []func(Spec) (string, []candidate) {
	out := []func(Spec) (string, []candidate){func(at Spec) (string, []candidate) {
		of := make([]candidate, len(memories))
		for i, m := range memories {
			of[i] = candidate{fmt.Sprint(m), at}
			of[i].spec.Memory = m
		}
		return "memory", of
	}}
	pool := func(name string, set func(*Spec, Pooling), options ...Pooling) {
		out = append(out, func(at Spec) (string, []candidate) {
			of := make([]candidate, len(options))
			for i, o := range options {
				of[i] = candidate{string(o), at}
				set(&of[i].spec, o)
			}
			return name, of
		})
	}
	pool("price", func(s *Spec, p Pooling) { s.Price = p }, Common, Own)
	pool("trend", func(s *Spec, p Pooling) { s.Trend = p }, Absent, Common, Own)
	pool("display", func(s *Spec, p Pooling) { s.Display = p }, Absent, Common, Own)
	pool("season", func(s *Spec, p Pooling) { s.Season = p }, Absent, Common, Own)
	pool("lent", func(s *Spec, p Pooling) { s.Lent = p }, Absent, Common, Own)
	pool("gain", func(s *Spec, p Pooling) { s.Gain = p }, Absent, Common, Own)
	pool("loss", func(s *Spec, p Pooling) { s.Loss = p }, Absent, Common, Own)
	for j, brand := range s.Brands {
		out = append(out, func(at Spec) (string, []candidate) {
			var of []candidate
			for _, yes := range []bool{true, false} {
				c := candidate{map[bool]string{true: "yes", false: "no"}[yes], at}
				c.spec.Remembers = append([]bool(nil), at.Remembers...)
				c.spec.Remembers[j] = yes
				of = append(of, c)
			}
			return "gain and loss of " + brand, of
		})
	}
	return out
}

// nextBest returns the option that the rule would take if the chosen one were not there.
func (s Selection) nextBest() string {
	best, aic := "", math.Inf(1)
	for _, o := range s.Options {
		if o.Value != s.Chosen && o.Tied && o.AIC < aic {
			best, aic = o.Value, o.AIC
		}
	}
	if best != "" {
		return best
	}
	score := math.Inf(-1)
	for _, o := range s.Options {
		if o.Value != s.Chosen && o.Score > score {
			best, score = o.Value, o.Score
		}
	}
	return best
}
