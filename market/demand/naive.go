package demand

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// Naive forecasts the value of the same season last time (a seasonal random walk), or with period 1 the last value; with
// Drift it adds the mean change per period (Hyndman & Athanasopoulos 2021, §5.2).
type Naive struct {
	Period int     `json:"period"` // periods a season; 0 and 1 mean none
	Drift  bool    `json:"drift"`
	Slope  float64 `json:"slope"` // change per season, 0 without Drift
	tracker
}

// Fit takes s as the history (see Model). A season that was never observed takes the mean of the others; of a series shorter
// than one season the last value is the forecast, with a warning.
func (m *Naive) Fit(s Series) error {
	z, rows, err := m.begin(s, false)
	if err != nil {
		return err
	}
	period := max(m.Period, 1)
	if len(z) < period {
		m.Warnings = append(m.Warnings, tooFew(len(z), period))
		period = 1
	}
	m.Slope = 0
	if m.Drift {
		m.Slope = meanChange(z) * float64(period)
	}
	m.State = firstSeason(z, period)
	parameters := 0
	if m.Drift {
		parameters = 1
	}
	m.finish(m, true, s.Start, z, rows, period, parameters)
	m.forgetFirst(z, period)
	m.spread(parameters)
	return nil
}

// forgetFirst takes out the residual of each season's first observed value: nothing but the mean stood in for what was before.
func (m *Naive) forgetFirst(z []float64, period int) {
	for first := range period {
		for t := first; t < len(z); t += period {
			if !math.IsNaN(z[t]) {
				m.Residuals[t] = math.NaN()
				break
			}
		}
	}
}

// tooFew is the warning of a model that leaves its season out.
func tooFew(values, period int) string {
	return fmt.Sprintf("%d values are too few for seasons of %d periods: none is estimated", values, period)
}

// meanChange is the change per period from the first to the last observed value.
func meanChange(z []float64) float64 {
	from, to := observedSpan(z)
	if to-from < 2 {
		return 0
	}
	return (z[to-1] - z[from]) / float64(to-1-from)
}

// firstSeason is the first season's values, the missing ones the mean of all observed values.
func firstSeason(z []float64, period int) []float64 {
	sum, n := 0.0, 0.0
	for _, v := range z {
		if !math.IsNaN(v) {
			sum += v
			n++
		}
	}
	first := make([]float64, period)
	for i := range first {
		if first[i] = z[i]; math.IsNaN(z[i]) {
			first[i] = sum / n
		}
	}
	return first
}

// The state is the last season, oldest first.
func (m *Naive) mean(state []float64, t int, x []float64) float64 { return state[0] + m.Slope }

func (m *Naive) take(state []float64, t int, x []float64, mean, z float64) {
	copy(state, state[1:])
	state[len(state)-1] = z
}

func (m *Naive) restore() error {
	if n := len(m.State); n != max(m.Period, 1) && n != 1 {
		return field.New("state", fmt.Sprintf("%d values", len(m.State)), fmt.Sprintf("%d, one season", max(m.Period, 1)))
	}
	m.step, m.linear = m, true
	return nil
}
