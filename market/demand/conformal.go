package demand

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Conformal puts split-conformal intervals around the forecasts of any model: as wide as the model's own errors were on
// periods it had not seen, whatever their distribution (Lei, G'Sell, Rinaldo, Tibshirani & Wasserman 2018; for each of
// several steps ahead Stankevičiūtė, Alaa & van der Schaar 2021). Were the errors of a step exchangeable, its interval
// would cover with at least the probability asked for and at most 1/(n+1) more, n being its number of errors; with drift
// or changing variance it covers about as often as it did lately. Each step has its own interval: for all of h at once
// ask for a coverage of 1-(1-c)/h.
type Conformal struct {
	Model       Model
	Horizon     int         // steps ahead that are calibrated, and can be forecast
	Calibration int         // last periods on which errors are taken; 0 stands for a third of the series
	Transform   Transform   // scale of the errors, on which intervals are symmetric about the median
	Errors      [][]float64 // absolute, by step ahead, ascending; set by Fit
}

// Fit fits the model to the series but its last Calibration periods, carries it through them by Update, collecting the
// errors of its medians 1 to Horizon steps ahead, and fits it again to everything (see Model). A missing value has no error.
func (m *Conformal) Fit(s Series) error {
	m.Errors = nil
	if m.Model == nil {
		return field.New("model", "none", "the model whose forecasts get intervals")
	}
	if m.Horizon < 1 {
		return field.New("horizon", m.Horizon, "at least 1")
	}
	if err := s.check(m.Transform); err != nil {
		return err
	}
	n, c := len(s.Values), m.Calibration
	if c == 0 {
		c = n / 3
	}
	if c < m.Horizon || c >= n {
		return field.New("calibration", fmt.Sprintf("%d periods", c), fmt.Sprintf("at least the horizon of %d and fewer than the %d of the series", m.Horizon, n))
	}
	xs := withoutGaps(s.Regressors)
	if err := m.Model.Fit(Series{Start: s.Start, Values: s.Values[:n-c], Regressors: xs}); err != nil {
		return err
	}
	errors := make([][]float64, m.Horizon)
	future, x := make([]Regressor, len(xs)), make([]float64, len(xs))
	for t := n - c; t < n; t++ {
		for j := range xs {
			future[j], x[j] = Regressor{xs[j].Name, xs[j].Values[t:]}, xs[j].Values[t]
		}
		f, err := m.Model.Forecast(min(m.Horizon, n-t), 0.5, future)
		if err != nil {
			return err
		}
		for i, median := range f.Median {
			centre, err := m.centre(median, f.Start+i)
			if err != nil {
				return err
			}
			if e := math.Abs(m.Transform.forward(s.Values[t+i]) - centre); !math.IsNaN(e) {
				errors[i] = append(errors[i], e)
			}
		}
		if err := m.Model.Update(s.Values[t], x); err != nil {
			return err
		}
	}
	for i := range errors {
		slices.Sort(errors[i])
	}
	if err := m.Model.Fit(s); err != nil {
		return err
	}
	m.Errors = errors
	return nil
}

// withoutGaps carries regressors forward where they are missing, as a fit allows them to be where the value is.
func withoutGaps(xs []Regressor) []Regressor {
	out := make([]Regressor, len(xs))
	for j, x := range xs {
		out[j] = Regressor{x.Name, append([]float64(nil), x.Values...)}
		last := 0.0
		for i, v := range x.Values {
			if !math.IsNaN(v) {
				last = v
			}
			out[j].Values[i] = last
		}
	}
	return out
}

func (m *Conformal) centre(median float64, period int) (float64, error) {
	if err := m.Transform.check(fmt.Sprintf("median forecast of period %d", period), median); err != nil {
		return 0, err
	}
	return m.Transform.forward(median), nil
}

func (m *Conformal) fitted() error {
	if m.Errors == nil {
		return field.New("model", "one that is not fitted", "a fitted or loaded model")
	}
	return nil
}

// Next is the number of the first period after the history.
func (m *Conformal) Next() int {
	if m.Model == nil {
		return 0
	}
	return m.Model.Next()
}

// Forecast predicts h periods, at most Horizon (see Model). Lo and Hi are conformal; the rest is the model's. The interval
// of a step with n errors reaches to the ⌈(n+1)·coverage⌉-th smallest; where n is smaller than that, no finite interval
// has the coverage, and an error says so.
func (m *Conformal) Forecast(h int, coverage float64, future []Regressor) (*Forecast, error) {
	if err := m.fitted(); err != nil {
		return nil, err
	}
	if h > m.Horizon {
		return nil, field.New("horizon", h, fmt.Sprintf("at most %d, which were calibrated", m.Horizon))
	}
	f, err := m.Model.Forecast(h, coverage, future)
	if err != nil {
		return nil, err
	}
	for i, median := range f.Median {
		n := len(m.Errors[i])
		rank := int(math.Ceil(float64(n+1)*coverage - 1e-9))
		if rank > n {
			return nil, field.New("coverage", coverage, fmt.Sprintf("at most %.4g, because step %d was calibrated on %d errors", float64(n)/float64(n+1), i+1, n))
		}
		centre, err := m.centre(median, f.Start+i)
		if err != nil {
			return nil, err
		}
		width := m.Errors[i][max(rank, 1)-1]
		f.Lo[i], f.Hi[i] = m.Transform.back(centre-width), m.Transform.back(centre+width)
	}
	return f, nil
}

// Update takes the observation of the next period into the model's history (see Model). The errors stay as they are.
func (m *Conformal) Update(y float64, x []float64) error {
	if err := m.fitted(); err != nil {
		return err
	}
	return m.Model.Update(y, x)
}

// Simulator is that of the model: its paths know nothing of the conformal intervals.
func (m *Conformal) Simulator(h int, future []Regressor) (Simulator, error) {
	if err := m.fitted(); err != nil {
		return nil, err
	}
	return m.Model.Simulator(h, future)
}

type conformalJSON struct {
	Horizon     int             `json:"horizon"`
	Calibration int             `json:"calibration"`
	Transform   Transform       `json:"transform"`
	Errors      [][]float64     `json:"errors"`
	Model       json.RawMessage `json:"model"` // as Save writes it
}

// MarshalJSON writes the model after the errors.
func (m Conformal) MarshalJSON() ([]byte, error) {
	model, err := Save(m.Model)
	if err != nil {
		return nil, err
	}
	return json.Marshal(conformalJSON{m.Horizon, m.Calibration, m.Transform, m.Errors, model})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Conformal) UnmarshalJSON(b []byte) error {
	var doc conformalJSON
	if err := strict(b, &doc); err != nil {
		return err
	}
	if doc.Horizon < 1 || len(doc.Errors) != doc.Horizon {
		return field.New("errors", fmt.Sprintf("%d steps", len(doc.Errors)), fmt.Sprintf("one list for each of the horizon's %d", doc.Horizon))
	}
	for i, e := range doc.Errors {
		if !slices.IsSorted(e) || len(e) > 0 && e[0] < 0 {
			return field.New(fmt.Sprintf("errors of step %d", i+1), e, "ascending numbers from 0 up")
		}
	}
	model, err := Load(doc.Model)
	if err != nil {
		return err
	}
	*m = Conformal{model, doc.Horizon, doc.Calibration, doc.Transform, doc.Errors}
	return nil
}
