// Package backtest tells how well demand models would have forecast: at each of several origins a model is fitted on what
// lies before, and its forecasts are scored by what came after (rolling origin: Tashman 2000, International Journal of
// Forecasting 16:437–450). A model is handed copies of the periods before the origin and nothing else, so that it cannot look ahead; only
// the regressors of the forecast periods are their actual values, as if promotions and holidays were planned. A
// regressor that nobody could know then makes the scores too good: Suspects looks for such.
package backtest

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/scenarios/field"
)

// Candidate is a model to try.
type Candidate struct {
	Name string
	New  func() (demand.Model, error) // an unfitted one; called from several goroutines, once for each fit
}

// Named gives the candidates of demand's kinds with these names.
func Named(names []string, o demand.Options) ([]Candidate, error) {
	var all []Candidate
	for _, name := range names {
		if _, err := demand.New(name, o); err != nil {
			return nil, err
		}
		all = append(all, Candidate{name, func() (demand.Model, error) { return demand.New(name, o) }})
	}
	return all, nil
}

// Plan says what is forecast, from where, and on what.
type Plan struct {
	Horizon  int                   // periods forecast from each origin; each of them is scored
	Origins  []int                 // first period of each forecast, increasing (Rolling and Within list them); the whole horizon lies in the series
	Window   int                   // periods before the origin that a fit sees; 0: all
	Refit    int                   // origins from one fit to the next, with updates between; 0 and 1: a fit at each
	Season   int                   // periods a season, for the scale of MASE; 0 and 1: none
	Coverage float64               // of the intervals, in (0, 1)
	Workers  int                   // at a time, each on one model; 0: one. The result does not depend on it
	Progress func(done, total int) // told after each fit; not from two goroutines at once
	Clock    func() time.Duration  // tells the time that has passed, for Row.Seconds; nil: nobody does
}

// Rolling lists the last origins of a series from which a whole horizon can be scored: count of them, step periods apart.
func Rolling(s demand.Series, horizon, count, step int) ([]int, error) {
	first := s.Start + len(s.Values) - horizon - (count-1)*step
	switch {
	case horizon < 1:
		return nil, field.New("horizon", horizon, "at least 1 period")
	case count < 1:
		return nil, field.New("origins", count, "at least 1")
	case step < 1:
		return nil, field.New("step", step, "at least 1 period")
	case first <= s.Start:
		return nil, field.New("origins", fmt.Sprintf("%d, %d apart, with a horizon of %d in %d periods", count, step, horizon, len(s.Values)),
			"periods before the first origin")
	}
	return Within([2]int{first, s.Start + len(s.Values) - 1}, horizon, step), nil
}

// Within lists the origins, step periods apart, whose whole horizon lies between the first and the last period of span.
func Within(span [2]int, horizon, step int) (origins []int) {
	for o := span[0]; o+horizon-1 <= span[1]; o += max(1, step) {
		origins = append(origins, o)
	}
	return origins
}

func (p *Plan) check(s demand.Series, candidates []Candidate) error {
	end := s.Start + len(s.Values)
	switch {
	case len(candidates) == 0:
		return field.New("models", "none", "at least one")
	case p.Horizon < 1:
		return field.New("horizon", p.Horizon, "at least 1 period")
	case len(p.Origins) == 0:
		return field.New("origins", "none", "at least one with its whole horizon in the series")
	case !(p.Coverage > 0 && p.Coverage < 1):
		return field.New("coverage", p.Coverage, "a probability between 0 and 1")
	case p.Window < 0 || p.Refit < 0 || p.Season < 0:
		return field.New("plan", fmt.Sprintf("window %d, refit %d, season %d", p.Window, p.Refit, p.Season), "none below 0")
	}
	for i, o := range p.Origins {
		if o <= s.Start || o > end-p.Horizon || i > 0 && o <= p.Origins[i-1] {
			return field.New("origin", o, fmt.Sprintf("increasing periods from %d to %d", s.Start+1, end-p.Horizon))
		}
	}
	for _, x := range s.Regressors {
		if len(x.Values) < len(s.Values) {
			return field.New("regressor "+x.Name, fmt.Sprintf("%d values", len(x.Values)), fmt.Sprintf("at least %d, the length of the series", len(s.Values)))
		}
	}
	seen := map[string]bool{}
	for _, c := range candidates {
		if seen[c.Name] {
			return field.New("model "+c.Name, "the name twice", "different names")
		}
		seen[c.Name] = true
	}
	return nil
}

// overlap is how many origins a forecast reaches over: its errors are correlated with those of overlap-1 origins before.
func (p *Plan) overlap(horizon int) int {
	gap := math.MaxInt
	for i, o := range p.Origins[1:] {
		gap = min(gap, o-p.Origins[i])
	}
	return (horizon-1)/gap + 1
}

// before copies what a fit at an origin may see. A regressor that has not varied by then has no effect to estimate (the
// dummy of a later holiday): it is left out until it has.
func before(s demand.Series, origin, window int) (history demand.Series, kept []int) {
	to, from := origin-s.Start, 0
	if window > 0 {
		from = max(0, to-window)
	}
	history = demand.Series{Start: s.Start + from, Values: copied(s.Values[from:to])}
	for j, x := range s.Regressors {
		if varies(x.Values[from:to]) {
			kept = append(kept, j)
			history.Regressors = append(history.Regressors, demand.Regressor{Name: x.Name, Values: copied(x.Values[from:to])})
		}
	}
	return history, kept
}

// after copies the kept regressors of the periods from an origin on.
func after(s demand.Series, origin, horizon int, kept []int) (future []demand.Regressor) {
	for _, j := range kept {
		x, from := s.Regressors[j], origin-s.Start
		future = append(future, demand.Regressor{Name: x.Name, Values: copied(x.Values[from : from+horizon])})
	}
	return future
}

// copied has no room behind its end, unlike slices.Clone.
func copied(x []float64) []float64 {
	out := make([]float64, len(x))
	copy(out, x)
	return out
}

func varies(x []float64) bool {
	first := slices.IndexFunc(x, func(v float64) bool { return !math.IsNaN(v) })
	return first >= 0 && slices.ContainsFunc(x, func(v float64) bool { return !math.IsNaN(v) && v != x[first] })
}
