package backtest

import (
	"context"
	"errors"
	"fmt"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/scenarios/field"
)

// Selection is a choice among models and what it turned out to be worth.
type Selection struct {
	Best       string  `json:"best"`
	Validation *Result `json:"validation"` // the leaderboard that decided
	Test       *Result `json:"test"`       // of the best alone
}

// Select chooses the candidate with the least MASE over the origins of validation, then scores it, and it alone, over those
// of test: once, and after the choice, so that the score is not one of many to pick from. Nothing from the first test period on
// is looked at before. Both are first and last periods, validation before test; the plan's origins are taken step apart within each.
func Select(ctx context.Context, s demand.Series, candidates []Candidate, p Plan, validation, test [2]int, step int) (*Selection, error) {
	if test[0] <= validation[1] {
		return nil, field.New("test", test[0], "a first period after those of validation")
	}
	if end := s.Start + len(s.Values); validation[0] <= s.Start || test[1] >= end {
		return nil, field.New("validation and test", fmt.Sprintf("periods %d to %d", validation[0], test[1]), fmt.Sprintf("some from %d to %d", s.Start+1, end-1))
	}
	known := demand.Series{Start: s.Start, Values: s.Values[:validation[1]+1-s.Start]}
	for _, x := range s.Regressors {
		known.Regressors = append(known.Regressors, demand.Regressor{Name: x.Name, Values: x.Values[:len(known.Values)]})
	}
	p.Origins = Within(validation, p.Horizon, step)
	board, err := Run(ctx, known, candidates, p)
	if err != nil {
		return nil, err
	}
	best := board.Best()
	if best == nil {
		return nil, errors.New("every model failed: " + board.Text())
	}
	sel := &Selection{Best: best.Name, Validation: board}
	for _, c := range candidates {
		if c.Name == best.Name {
			p.Origins = Within(test, p.Horizon, step)
			sel.Test, err = Run(ctx, s, []Candidate{c}, p)
		}
	}
	return sel, err
}
