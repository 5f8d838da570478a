package workflow

import (
	"context"
	"fmt"
	"math"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/sim/rng"
)

// Intervals says where those of a forecast come from.
type Intervals string

// The kinds of intervals.
const (
	Own       Intervals = ""          // the model's
	Gaussian  Intervals = "gaussian"  // normal errors on the transformed scale
	Simulated Intervals = "simulated" // quantiles of simulated paths
	Conformal Intervals = "conformal" // the model's errors on the last part of what it is fitted on
)

// intervalPaths are drawn for simulated intervals.
const intervalPaths = 1000

// forecaster is a model of a kind with what a request decides anew at each fit, on nothing but the history of that fit: the power of
// its transform and the intervals. Mean and median are the model's.
type forecaster struct {
	ctx          context.Context // of the request: Fit returns when it is done
	demand.Model                 // set by Fit, which comes first; around kind where intervals are conformal
	kind         demand.Model
	name         string
	request      *ForecastRequest
	horizon      int
	transform    demand.Transform
	lambda       *float64 // where it is estimated
}

// Fit implements demand.Model.
func (m *forecaster) Fit(s demand.Series) error {
	options := m.request.Options
	if m.request.BoxCox {
		lambda, err := demand.Guerrero(s.Values, options.Period)
		if err != nil {
			return err
		}
		m.lambda, options.Transform = &lambda, demand.BoxCox(lambda)
	}
	var err error
	if m.kind, err = demand.New(m.name, options); err != nil {
		return err
	}
	m.transform = options.Transform
	if _, counts := m.kind.(*demand.Counts); counts { // they take none
		m.transform, m.lambda = demand.Transform{}, nil
	}
	m.Model = m.kind
	if m.request.Intervals == Conformal {
		m.Model = &demand.Conformal{Model: m.kind, Horizon: m.horizon, Calibration: m.calibration(len(s.Values)), Transform: m.transform}
	}
	_, err = interruptible(m.ctx, func() (none struct{}, err error) { return none, m.Model.Fit(s) })
	return err
}

// calibration is a third of n periods, or, up to a half, so many that the last step has errors enough for the coverage (see
// demand.Conformal: the rank ⌈(errors+1)·coverage⌉ must be among them).
func (m *forecaster) calibration(n int) int {
	c := m.request.Coverage
	enough := math.Ceil(c/(1-c)-1e-9) + float64(m.horizon-1)
	return max(n/3, int(min(enough, float64(n/2))))
}

// Forecast implements demand.Model.
func (m *forecaster) Forecast(h int, coverage float64, future []demand.Regressor) (*demand.Forecast, error) {
	f, err := m.Model.Forecast(h, coverage, future)
	if err != nil {
		return nil, err
	}
	switch m.request.Intervals {
	case Gaussian:
		f.Gaussian(m.transform)
	case Simulated:
		paths, err := demand.Simulated(m.Model, h, coverage, intervalPaths, future, rng.New(m.request.Options.Seed, 0).Family("forecast/intervals"))
		if err != nil {
			return nil, err
		}
		f.Lo, f.Hi = paths.Lo, paths.Hi
	}
	return f, nil
}

// describe says what was chosen, an estimated power too.
func (m *forecaster) describe() (chosen string, warnings []string) {
	chosen, warnings = demand.Describe(m.kind)
	if m.lambda != nil {
		power := fmt.Sprintf("Box–Cox λ %.4f", *m.lambda)
		if chosen != "" {
			power = ", " + power
		}
		chosen += power
	}
	return chosen, warnings
}
