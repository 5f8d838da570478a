package backtest

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/market/demand"
)

// Leak is a way in which a model uses what it cannot know.
type Leak struct {
	Model  string `json:"model"`
	Origin int    `json:"origin"` // first period of the forecast it was found in
	What   string `json:"what"`
}

// Leaks looks for candidates whose forecast from an origin changes when the series changes from that origin on. build makes the candidates
// and what they are given, features and all, from a series; it is called with the series as it is, and with another end after
// each origin. Regressors that build computes from later values, constants estimated on the whole series, what a model keeps
// from a fit on later periods, a look behind the end of a slice: all show. To let them show, Leaks is careless where
// Run is not: before each fit it fits a model of the same candidate on the whole series, and it hands out
// slices whose room behind their end holds the future. It also finds models that change what they are given.
//
// Regressors that come with the series stay as they are: for those see Suspects. The first leak of each model is reported, in the
// order of the candidates. The error is the context's, or one of the plan, of build or of a model.
func Leaks(ctx context.Context, s demand.Series, build func(demand.Series) (demand.Series, []Candidate, error), p Plan) ([]Leak, error) {
	_, candidates, err := build(clone(s))
	if err != nil {
		return nil, err
	}
	if err := p.check(s, candidates); err != nil {
		return nil, err
	}
	var found []Leak
	for i, c := range candidates {
		for _, origin := range p.Origins {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			what, err := leak(s, build, i, origin, &p)
			if err != nil {
				return nil, fmt.Errorf("%s, forecast from period %d: %w", c.Name, origin, err)
			}
			if what != "" {
				found = append(found, Leak{c.Name, origin, what})
				break
			}
		}
	}
	return found, nil
}

// leak compares the forecasts from an origin under two futures; "" where they are alike.
func leak(s demand.Series, build func(demand.Series) (demand.Series, []Candidate, error), i, origin int, p *Plan) (string, error) {
	var forecasts [2]*demand.Forecast
	for k, world := range []demand.Series{clone(s), otherwise(s, origin)} {
		prepared, candidates, err := build(world)
		if err != nil {
			return "", err
		}
		f, changed, err := careless(prepared, candidates[i], origin, p)
		if err != nil || changed {
			return "it changes the series that it is given", err
		}
		forecasts[k] = f
	}
	a, b := forecasts[0], forecasts[1]
	for h := range p.Horizon {
		for _, pair := range [][2]float64{{a.Mean[h], b.Mean[h]}, {a.Median[h], b.Median[h]}, {a.Lo[h], b.Lo[h]}, {a.Hi[h], b.Hi[h]}} {
			if math.Float64bits(pair[0]) != math.Float64bits(pair[1]) {
				return fmt.Sprintf("%d ahead it forecasts %g, and %g after another end of the series", h+1, pair[0], pair[1]), nil
			}
		}
	}
	return "", nil
}

// careless forecasts from an origin after a fit on everything, from slices that reach over their end.
func careless(s demand.Series, c Candidate, origin int, p *Plan) (f *demand.Forecast, changed bool, err error) {
	if m, err := c.New(); err == nil {
		_ = m.Fit(clone(s)) // only what it may leave behind matters
	}
	m, err := c.New()
	if err != nil {
		return nil, false, err
	}
	_, kept := before(s, origin, 0)
	history, n := demand.Series{Start: s.Start, Values: s.Values[:origin-s.Start]}, origin-s.Start
	for _, j := range kept {
		history.Regressors = append(history.Regressors, demand.Regressor{Name: s.Regressors[j].Name, Values: s.Regressors[j].Values[:n]})
	}
	was := clone(s)
	if err := m.Fit(history); err != nil {
		return nil, false, err
	}
	if !same(s, was) {
		return nil, true, nil
	}
	f, err = m.Forecast(p.Horizon, p.Coverage, after(s, origin, p.Horizon, kept))
	if err == nil {
		err = Usable(f, origin, p.Horizon)
	}
	return f, false, err
}

// otherwise is the series with another end from the origin on: backwards, doubled and one more, so that what is whole, positive
// or missing somewhere stays so.
func otherwise(s demand.Series, origin int) demand.Series {
	out := clone(s)
	end := out.Values[origin-s.Start:]
	slices.Reverse(end)
	for i, v := range end {
		end[i] = 2*v + 1
	}
	return out
}

func clone(s demand.Series) demand.Series {
	out := demand.Series{Start: s.Start, Values: copied(s.Values)}
	for _, x := range s.Regressors {
		out.Regressors = append(out.Regressors, demand.Regressor{Name: x.Name, Values: copied(x.Values)})
	}
	return out
}

func same(a, b demand.Series) bool {
	equal := func(x, y []float64) bool {
		return slices.EqualFunc(x, y, func(u, v float64) bool { return math.Float64bits(u) == math.Float64bits(v) })
	}
	return equal(a.Values, b.Values) && slices.EqualFunc(a.Regressors, b.Regressors, func(x, y demand.Regressor) bool { return x.Name == y.Name && equal(x.Values, y.Values) })
}

// Suspect is a regressor that looks like the series itself.
type Suspect struct {
	Regressor   string  `json:"regressor"`
	Ahead       int     `json:"ahead"`       // its value of a period is the series' of so many periods later (0: of the same one; -1: of the one before)
	Correlation float64 `json:"correlation"` // of the changes from period to period
}

// String is a warning.
func (s Suspect) String() string {
	when := "in the same period"
	switch {
	case s.Ahead > 0:
		when = fmt.Sprintf("%d later", s.Ahead)
	case s.Ahead < 0:
		when = fmt.Sprintf("%d before, not known further ahead", -s.Ahead)
	}
	return fmt.Sprintf("regressor %s looks like the series %s (correlation of changes %.3f): who forecasts does not know it", s.Regressor, when, s.Correlation)
}

// suspicious is the correlation of changes from which on a regressor is taken for the series: such a one leaves 2% of the
// variance, less than any promotion does.
const suspicious = 0.99

// Suspects are the regressors whose changes go with those of the series less than a horizon earlier, in the same period, or
// later. Given as future regressors they would tell a model what it is to forecast. A warning, not a proof: what drives a
// series nearly alone looks the same.
func Suspects(s demand.Series, horizon int) (found []Suspect) {
	y := changes(s.Values)
	for _, x := range s.Regressors {
		dx := changes(x.Values[:min(len(x.Values), len(s.Values))])
		best := Suspect{Regressor: x.Name}
		for ahead := 1 - horizon; ahead <= horizon; ahead++ {
			if r := correlation(dx, y, ahead); math.Abs(r) > math.Abs(best.Correlation) {
				best.Ahead, best.Correlation = ahead, r
			}
		}
		if math.Abs(best.Correlation) >= suspicious {
			found = append(found, best)
		}
	}
	return found
}

func changes(x []float64) []float64 {
	d := make([]float64, max(0, len(x)-1))
	for t := range d {
		d[t] = x[t+1] - x[t]
	}
	return d
}

// correlation is that of x_t and y_{t+ahead}; 0 on fewer than ten pairs or where one does not vary.
func correlation(x, y []float64, ahead int) float64 {
	var n, sx, sy, sxx, syy, sxy float64
	for t, v := range x {
		if i := t + ahead; i >= 0 && i < len(y) && !math.IsNaN(v+y[i]) {
			n, sx, sy = n+1, sx+v, sy+y[i]
			sxx, syy, sxy = sxx+v*v, syy+y[i]*y[i], sxy+v*y[i]
		}
	}
	vx, vy := sxx-sx*sx/n, syy-sy*sy/n
	if n < 10 || !(vx > 1e-12*sxx) || !(vy > 1e-12*syy) {
		return 0
	}
	return (sxy - sx*sy/n) / math.Sqrt(vx*vy)
}
