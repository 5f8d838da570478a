package demand

import (
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
)

// smoothed is simple exponential smoothing with drift of a seasonally adjusted series: z_t = s_t·y_t, or s_t + y_t, with
//
//	y_t = m_t + e_t,   m_{t+1} = m_t + drift + α e_t
//
// and s constant over the years. The season is estimated by classical decomposition, multiplicative where the values are
// positive and not transformed, if the M competitions' test finds one.
type smoothed struct {
	Period         int       `json:"period"`           // periods a season; 0 and 1 mean none
	Season         []float64 `json:"season,omitempty"` // s_t by t modulo Period; none where the test finds none
	Multiplicative bool      `json:"multiplicative"`
	Alpha          float64   `json:"alpha"`
	Drift          float64   `json:"drift"` // per period
	tracker
}

// adjust begins a fit: it estimates the season and gives the series and the seasonally adjusted one.
func (m *smoothed) adjust(s Series) (z, y []float64, rows [][]float64, err error) {
	if m.Period < 0 {
		return nil, nil, nil, field.New("period", m.Period, "0 or more")
	}
	if z, rows, err = m.begin(s, false); err != nil {
		return nil, nil, nil, err
	}
	if m.Period > 1 && len(z) <= 2*m.Period {
		m.Warnings = append(m.Warnings, tooFew(len(z), m.Period))
	}
	y = append(y, z...)
	if m.Season = nil; !seasonal(z, m.Period) {
		return z, y, rows, nil
	}
	m.Multiplicative = m.Transform == Transform{} && allPositive(z)
	m.Season = cyclic(decompose(z, m.Period, m.Multiplicative), s.Start)
	for i := range y {
		if season := m.Season[phase(s.Start+i, m.Period)]; m.Multiplicative {
			y[i] /= season
		} else {
			y[i] -= season
		}
	}
	return z, y, rows, nil
}

// The state is m.
func (m *smoothed) mean(state []float64, t int, x []float64) float64 {
	switch {
	case len(m.Season) == 0:
		return state[0]
	case m.Multiplicative:
		return state[0] * m.Season[phase(t, m.Period)]
	}
	return state[0] + m.Season[phase(t, m.Period)]
}

func (m *smoothed) take(state []float64, t int, x []float64, mean, z float64) {
	state[0] += m.Drift + float64(m.Alpha*(z-mean)/m.scale(t, mean))
}

func (m *smoothed) scale(t int, mean float64) float64 {
	if len(m.Season) > 0 && m.Multiplicative {
		return m.Season[phase(t, m.Period)]
	}
	return 1
}

func (m *smoothed) restore() error {
	if len(m.State) != 1 {
		return field.New("state", fmt.Sprintf("%d values", len(m.State)), "1, the level")
	}
	if len(m.Season) > 0 && len(m.Season) != m.Period {
		return field.New("season", fmt.Sprintf("%d values", len(m.Season)), fmt.Sprintf("%d, the period", m.Period))
	}
	m.step, m.linear = m, true
	return nil
}

// Naive2 forecasts the last value of the seasonally adjusted series, seasonal again: the benchmark of the M competitions
// (Makridakis & Hibon 2000, International Journal of Forecasting 16:451).
type Naive2 struct{ smoothed }

// Fit takes s as the history (see Model).
func (m *Naive2) Fit(s Series) error {
	z, y, rows, err := m.adjust(s)
	if err != nil {
		return err
	}
	m.Alpha, m.Drift = 1, 0
	from, _ := observedSpan(y)
	m.State = []float64{y[from]}
	m.finish(&m.smoothed, true, s.Start, z, rows, from+1, 0)
	return nil
}

// Theta is the Theta method (Assimakopoulos & Nikolopoulos 2000, International Journal of Forecasting 16:521) as simple
// exponential smoothing with half the slope of the straight line through the seasonally adjusted series as drift, which
// it was shown to be by Hyndman & Billah (2003). The smoothing is estimated without the drift, as in forecast::thetaf.
// The intervals, unlike thetaf's, widen with the seasonal index.
type Theta struct{ smoothed }

// Fit estimates the model and takes s as its history (see Model).
func (m *Theta) Fit(s Series) error {
	z, y, rows, err := m.adjust(s)
	if err != nil {
		return err
	}
	_, slope := line(y)
	m.Drift = slope / 2
	from, _ := observedSpan(y)
	m.Alpha, m.State = 1, []float64{y[from]}
	if e, ok := newETSFit(y, 0).estimate(etsForm{season: 'N'}); ok {
		m.Alpha, m.State = e.alpha, e.start
	}
	m.finish(&m.smoothed, true, s.Start, z, rows, 0, 3)
	return nil
}

var _, _ tracked = (*Naive2)(nil), (*Theta)(nil)
