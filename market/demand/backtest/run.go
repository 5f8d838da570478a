package backtest

import (
	"context"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/souk-sim/souk/market/demand"
)

// Run forecasts the series from every origin with every candidate and scores the forecasts. A candidate that fails anywhere is a
// row with its reason. The error is the context's, or says what is wrong with the plan or the series.
func Run(ctx context.Context, s demand.Series, candidates []Candidate, p Plan) (*Result, error) {
	if err := p.check(s, candidates); err != nil {
		return nil, err
	}
	trials, err := p.forecast(ctx, s, candidates)
	if err != nil {
		return nil, err
	}
	return p.score(s, candidates, trials), nil
}

// trial is what a candidate forecast: [origin][step ahead].
type trial struct {
	forecasts []*demand.Forecast
	err       error
	seconds   float64
}

// forecast runs blocks of origins, each with one fit at its first, on the plan's workers.
func (p *Plan) forecast(ctx context.Context, s demand.Series, candidates []Candidate) ([]trial, error) {
	refit := max(1, p.Refit)
	blocks := (len(p.Origins) + refit - 1) / refit
	total := len(candidates) * blocks
	parts := make([]trial, total)
	jobs := make(chan int)
	var lock sync.Mutex
	var wait sync.WaitGroup
	done := 0
	for range min(max(1, p.Workers), total) {
		wait.Go(func() {
			for job := range jobs {
				from := job % blocks * refit
				parts[job] = p.block(s, candidates[job/blocks], p.Origins[from:min(from+refit, len(p.Origins))])
				lock.Lock()
				done++
				if p.Progress != nil {
					p.Progress(done, total)
				}
				lock.Unlock()
			}
		})
	}
	for job := 0; job < total && ctx.Err() == nil; job++ {
		select {
		case jobs <- job:
		case <-ctx.Done():
		}
	}
	close(jobs)
	wait.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	trials := make([]trial, len(candidates))
	for job, part := range parts {
		t := &trials[job/blocks]
		t.forecasts = append(t.forecasts, part.forecasts...)
		t.seconds += part.seconds
		if t.err == nil {
			t.err = part.err
		}
	}
	return trials, nil
}

// block fits a candidate at the first of the origins, updates it to the others, and forecasts from each.
func (p *Plan) block(s demand.Series, c Candidate, origins []int) (t trial) {
	if p.Clock != nil {
		defer func(begin time.Duration) { t.seconds = (p.Clock() - begin).Seconds() }(p.Clock())
	}
	m, err := c.New()
	if err != nil {
		return trial{err: err}
	}
	history, kept := before(s, origins[0], p.Window)
	if err := m.Fit(history); err != nil {
		return trial{err: fmt.Errorf("fit before period %d: %w", origins[0], err)}
	}
	known := origins[0]
	for _, origin := range origins {
		for ; known < origin; known++ {
			x := make([]float64, len(kept))
			for i, j := range kept {
				x[i] = s.Regressors[j].Values[known-s.Start]
			}
			if err := m.Update(s.Values[known-s.Start], x); err != nil {
				return trial{err: fmt.Errorf("update with period %d: %w", known, err)}
			}
		}
		f, err := m.Forecast(p.Horizon, p.Coverage, after(s, origin, p.Horizon, kept))
		if err == nil {
			err = Usable(f, origin, p.Horizon)
		}
		if err != nil {
			return trial{err: fmt.Errorf("forecast from period %d: %w", origin, err)}
		}
		t.forecasts = append(t.forecasts, f)
	}
	return t
}

// Usable says what is wrong with a forecast of horizon periods from an origin: another beginning or length, or a number that is not finite.
func Usable(f *demand.Forecast, origin, horizon int) error {
	if f.Start != origin {
		return fmt.Errorf("it begins with period %d", f.Start)
	}
	for _, part := range []struct {
		name   string
		values []float64
	}{{"mean", f.Mean}, {"median", f.Median}, {"lower end", f.Lo}, {"upper end", f.Hi}} {
		if len(part.values) != horizon {
			return fmt.Errorf("the %s has %d periods", part.name, len(part.values))
		}
		for i, v := range part.values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("the %s %d periods ahead is %v", part.name, i+1, v)
			}
		}
	}
	return nil
}
