package demand

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// schema is the first key of a model's JSON; its number changes when old readers would misread new files.
const schema = "souk.demand.arima/1"

// number is a float64 whose NaN is JSON's null. Go writes the shortest digits that read back to the same bits.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

func (n *number) UnmarshalJSON(b []byte) error {
	*n = number(math.NaN())
	if string(b) == "null" {
		return nil
	}
	return json.Unmarshal(b, (*float64)(n))
}

func numbers(x []float64) []number {
	out := make([]number, len(x))
	for i, v := range x {
		out[i] = number(v)
	}
	return out
}

func floats(x []number) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}

type coefficientJSON struct {
	Name     string `json:"name"`
	Estimate number `json:"estimate"`
	SE       number `json:"se"`
}

type ljungBoxJSON struct {
	Lags      int    `json:"lags"`
	Statistic number `json:"statistic"`
	PValue    number `json:"p_value"`
}

// stateJSON is what forecasts depend on beside the coefficients: the companion state predicted for period Next, of the
// series less its regression, and its covariance in units of sigma2, absent when the past is known exactly.
type stateJSON struct {
	Next       int        `json:"next"`
	Mean       []number   `json:"mean"`
	Covariance [][]number `json:"covariance,omitempty"`
}

type arimaJSON struct {
	Schema       string            `json:"schema"`
	Order        [3]int            `json:"order"`
	Seasonal     [3]int            `json:"seasonal"`
	Period       int               `json:"period"`
	Transform    Transform         `json:"transform"`
	NoMean       bool              `json:"no_mean"`
	Drift        bool              `json:"drift"`
	Fixed        map[string]number `json:"fixed,omitempty"` // coefficients that were not estimated
	Regressors   []string          `json:"regressors"`
	Coefficients []coefficientJSON `json:"coefficients"`
	Covariance   [][]number        `json:"covariance"`
	Sigma2       number            `json:"sigma2"`
	LogLik       number            `json:"loglik"`
	AIC          number            `json:"aic"`
	AICc         number            `json:"aicc"`
	BIC          number            `json:"bic"`
	N            int               `json:"n"`
	NUsed        int               `json:"n_used"`
	Converged    bool              `json:"converged"`
	Warnings     []string          `json:"warnings"`
	LjungBox     ljungBoxJSON      `json:"ljung_box"`
	State        stateJSON         `json:"state"`
}

// MarshalJSON writes a fitted model. UnmarshalJSON reads it back to the same forecasts, bit for bit.
func (m ARIMA) MarshalJSON() ([]byte, error) {
	if err := m.fitted(); err != nil {
		return nil, err
	}
	j := arimaJSON{Schema: schema, Order: m.Order, Seasonal: m.Seasonal, Period: m.Period, Transform: m.Transform, NoMean: m.NoMean,
		Drift: m.Drift, Regressors: append([]string{}, m.names...), Covariance: [][]number{}, Sigma2: number(m.Sigma2), LogLik: number(m.LogLik),
		AIC: number(m.AIC), AICc: number(m.AICc), BIC: number(m.BIC), N: m.N, NUsed: m.NUsed, Converged: m.Converged,
		Warnings: append([]string{}, m.Warnings...), Coefficients: []coefficientJSON{},
		LjungBox: ljungBoxJSON{m.LjungBox.Lags, number(m.LjungBox.Statistic), number(m.LjungBox.PValue)},
		State:    stateJSON{Next: m.next, Mean: numbers(m.filter.mean)}}
	for name, v := range m.Fixed { // into a map, which json writes in the order of its keys
		if j.Fixed == nil {
			j.Fixed = map[string]number{}
		}
		j.Fixed[name] = number(v)
	}
	for i, c := range m.Coefficients {
		j.Coefficients = append(j.Coefficients, coefficientJSON{c.Name, number(c.Estimate), number(c.SE)})
		j.Covariance = append(j.Covariance, numbers(m.Covariance[i]))
	}
	if u := &m.filter.uncertainty; !u.known {
		for i := range u.dim { // the upper triangle, row by row
			j.State.Covariance = append(j.State.Covariance, numbers(u.s[i*u.dim+i:(i+1)*u.dim]))
		}
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON wrote. Residuals are not part of it. A document that is not a usable model gives
// an error that names the key, and leaves m as it was.
func (m *ARIMA) UnmarshalJSON(b []byte) error {
	var j arimaJSON
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return fmt.Errorf("ARIMA model: %w", err)
	}
	if j.Schema != schema {
		return field.New("schema", fmt.Sprintf("%q", j.Schema), schema)
	}
	r := ARIMA{Order: j.Order, Seasonal: j.Seasonal, Period: j.Period, Transform: j.Transform, NoMean: j.NoMean, Drift: j.Drift,
		Sigma2: float64(j.Sigma2), LogLik: float64(j.LogLik), AIC: float64(j.AIC), AICc: float64(j.AICc), BIC: float64(j.BIC),
		N: j.N, NUsed: j.NUsed, Converged: j.Converged, Warnings: j.Warnings,
		LjungBox: LjungBox{j.LjungBox.Lags, float64(j.LjungBox.Statistic), float64(j.LjungBox.PValue)},
		names:    j.Regressors, next: j.State.Next}
	if err := r.checkOrder(); err != nil {
		return err
	}
	if !(r.Sigma2 > 0) {
		return field.New("sigma2", r.Sigma2, "a positive number")
	}
	for name, v := range j.Fixed {
		if r.Fixed == nil {
			r.Fixed = map[string]float64{}
		}
		r.Fixed[name] = float64(v)
	}
	if _, err := r.fixed(); err != nil {
		return err
	}
	if err := r.readCoefficients(&j); err != nil {
		return err
	}
	if err := r.readState(&j.State); err != nil {
		return err
	}
	*m = r
	return nil
}

func (m *ARIMA) readCoefficients(j *arimaJSON) error {
	want := append(m.armaNames(), m.columnNames()...)
	if len(j.Coefficients) != len(want) {
		return field.New("coefficients", len(j.Coefficients), fmt.Sprintf("%d: %q", len(want), want))
	}
	if len(j.Covariance) != len(want) {
		return field.New("covariance", fmt.Sprintf("%d rows", len(j.Covariance)), fmt.Sprint(len(want)))
	}
	for i, c := range j.Coefficients {
		if c.Name != want[i] {
			return field.New("coefficients", c.Name, want[i])
		}
		if math.IsNaN(float64(c.Estimate)) {
			return field.New("coefficient "+c.Name, "null", "a number")
		}
		if len(j.Covariance[i]) != len(want) {
			return field.New("covariance", fmt.Sprintf("%d columns", len(j.Covariance[i])), fmt.Sprint(len(want)))
		}
		m.Coefficients = append(m.Coefficients, Coefficient{c.Name, float64(c.Estimate), float64(c.SE)})
		m.Covariance = append(m.Covariance, floats(j.Covariance[i]))
	}
	return nil
}

func (m *ARIMA) readState(j *stateJSON) error {
	_, a, full := m.process()
	if !toPartial(append([]float64(nil), a.ar...)) {
		return field.New("coefficients", "an autoregressive part that is not stationary", "a stationary one")
	}
	if !invertible(a.ma, 1-1e-6) {
		return field.New("coefficients", "a moving-average part that is not invertible", "one with no root inside the unit circle")
	}
	dim := full.dim()
	if len(j.Mean) != dim {
		return field.New("state.mean", fmt.Sprintf("%d values", len(j.Mean)), fmt.Sprint(dim))
	}
	m.filter = filterState{process: full, mean: floats(j.Mean), gain: make([]float64, dim)}
	for _, v := range m.filter.mean {
		if math.IsNaN(v) {
			return field.New("state.mean", "null", "numbers")
		}
	}
	u := &m.filter.uncertainty
	u.reset(dim)
	if len(j.Covariance) == 0 {
		return nil
	}
	if len(j.Covariance) != dim {
		return field.New("state.covariance", fmt.Sprintf("%d rows", len(j.Covariance)), fmt.Sprintf("%d, or none", dim))
	}
	for i, row := range j.Covariance {
		if len(row) != dim-i {
			return field.New("state.covariance", fmt.Sprintf("%d values in row %d", len(row), i+1), fmt.Sprint(dim-i))
		}
		for k, v := range row {
			if math.IsNaN(float64(v)) || k == 0 && v < 0 {
				return field.New("state.covariance", float64(v), "a covariance matrix")
			}
			u.s[i*dim+i+k] = float64(v)
		}
	}
	u.known = false
	return nil
}
