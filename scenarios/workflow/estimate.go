package workflow

import (
	"context"
	"encoding/json"
	"math"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/market/demand/backtest"
	"github.com/souk-sim/souk/sim/portable"
)

// orNull is a float64 whose NaN and infinities are JSON's null.
type orNull float64

// MarshalJSON implements json.Marshaler.
func (x orNull) MarshalJSON() ([]byte, error) {
	return json.Marshal(x.finite())
}

// finite points to the value, or is nil where there is none.
func (x orNull) finite() *float64 {
	v := float64(x)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// ARIMARequest says which ARIMA to estimate and how far to forecast with it.
type ARIMARequest struct {
	Order         *[3]int // p, d, q; nil: chosen automatically, the seasonal one too
	Seasonal      [3]int  // P, D, Q
	Period        int     // of the season; 0 and 1 mean none
	Transform     demand.Transform
	NoMean, Drift bool
	Fixed         map[string]float64 // coefficients by name; needs an Order
	Full          bool               // the automatic choice tries every model, not the way from neighbour to neighbour
	Workers       int                // of the automatic choice
	Horizon       int                // 0: no forecast
	Future        []demand.Regressor // of the forecast's periods
}

// Estimate is one ARIMA fitted to one series: what souk estimate arima prints, and with --json its document. Likelihood, criteria and
// Forecast are on the transformed scale.
type Estimate struct {
	Model        string         `json:"model"`
	Transform    string         `json:"transform,omitempty"`
	Lambda       *float64       `json:"lambda,omitempty"` // of the transform, where it was estimated
	Season       int            `json:"season,omitempty"` // periods, where the automatic choice had one
	NUsed        int            `json:"n_used"`           // observations after differencing
	N            int            `json:"n"`                // observed values
	LogLik       orNull         `json:"loglik"`
	Sigma2       orNull         `json:"sigma2"` // maximum likelihood
	AIC          orNull         `json:"aic"`
	AICc         orNull         `json:"aicc"`
	BIC          orNull         `json:"bic"`
	Converged    bool           `json:"converged"`
	Warnings     []string       `json:"warnings"`
	Coefficients []coefficient  `json:"coefficients"`
	Forecast     []forecastStep `json:"forecast"`
	OnDataScale  []dataStep     `json:"forecast_on_data_scale,omitempty"` // where there is a transform
	LjungBox     test           `json:"ljung_box"`
	JarqueBera   test           `json:"jarque_bera"`     // of the residuals
	Trace        []tried        `json:"trace,omitempty"` // of the automatic choice

	Fitted *demand.ARIMA `json:"-"`
	bounds *demand.Forecast
	left   demand.Diagnostics // of the residuals
}

type coefficient struct {
	Name     string `json:"name"`
	Estimate orNull `json:"estimate"`
	SE       orNull `json:"se"` // 0 where it is fixed
	Fixed    bool   `json:"fixed,omitempty"`
}

type forecastStep struct {
	H    int    `json:"h"`
	Mean orNull `json:"mean"`
	SE   orNull `json:"se"`
	Lo95 orNull `json:"lo95"`
	Hi95 orNull `json:"hi95"`
}

type dataStep struct {
	H      int    `json:"h"`
	Mean   orNull `json:"mean"`
	Median orNull `json:"median"`
	Lo95   orNull `json:"lo95"`
	Hi95   orNull `json:"hi95"`
}

type test struct {
	Lags      int    `json:"lags,omitempty"`
	Statistic orNull `json:"statistic"`
	PValue    orNull `json:"p_value"`
}

type tried struct {
	Model   string `json:"model"`
	AICc    orNull `json:"aicc"`
	Refused string `json:"refused,omitempty"`
}

// EstimateARIMA fits the ARIMA that r asks for and forecasts with it. When the context is done it returns at once, with its error.
func EstimateARIMA(ctx context.Context, s demand.Series, r ARIMARequest) (*Estimate, error) {
	return interruptible(ctx, func() (*Estimate, error) { return estimateARIMA(s, r) })
}

func estimateARIMA(s demand.Series, r ARIMARequest) (*Estimate, error) {
	m := demand.ARIMA{Seasonal: r.Seasonal, Period: r.Period, Transform: r.Transform, NoMean: r.NoMean, Drift: r.Drift, Fixed: r.Fixed}
	e := &Estimate{Fitted: &m}
	if r.Order != nil {
		m.Order = *r.Order
		if err := m.Fit(s); err != nil {
			return nil, err
		}
	} else {
		auto := demand.Auto{ARIMA: m, NoConstant: r.NoMean, Full: r.Full, Workers: r.Workers}
		if err := auto.Fit(s); err != nil {
			return nil, err
		}
		m = auto.ARIMA
		if r.Period > 1 {
			e.Season = r.Period
		}
		for _, c := range auto.Trace {
			e.Trace = append(e.Trace, tried{c.Name(), orNull(c.AICc), c.Refused})
		}
	}
	e.describe(&m)
	if r.Horizon == 0 {
		return e, nil
	}
	f, err := m.Forecast(r.Horizon, 0.95, r.Future)
	if err != nil {
		return nil, err
	}
	if err := backtest.Usable(f, s.Start+len(s.Values), r.Horizon); err != nil {
		e.Warnings = append(e.Warnings, "the forecast cannot be used: "+err.Error())
	}
	e.predict(f, r.Transform != demand.Transform{})
	return e, nil
}

func (e *Estimate) describe(m *demand.ARIMA) {
	e.Coefficients = []coefficient{}
	for _, c := range m.Coefficients {
		_, fixed := m.Fixed[c.Name]
		e.Coefficients = append(e.Coefficients, coefficient{c.Name, orNull(c.Estimate), orNull(c.SE), fixed})
	}
	e.Model, e.Transform = m.String(), m.Transform.String()
	e.N, e.NUsed, e.Converged, e.Warnings = m.N, m.NUsed, m.Converged, append([]string{}, m.Warnings...)
	e.LogLik, e.Sigma2, e.AIC, e.AICc, e.BIC = orNull(m.LogLik), orNull(m.Sigma2), orNull(m.AIC), orNull(m.AICc), orNull(m.BIC)
	e.LjungBox = test{m.LjungBox.Lags, orNull(m.LjungBox.Statistic), orNull(m.LjungBox.PValue)}
	e.left = demand.Diagnose(m.Residuals, max(m.LjungBox.Lags, 24), m.Order[0]+m.Order[2]+m.Seasonal[0]+m.Seasonal[2])
	e.JarqueBera = test{0, orNull(e.left.JarqueBera), orNull(e.left.JarqueBeraPValue)}
	e.Forecast = []forecastStep{}
}

func (e *Estimate) predict(f *demand.Forecast, transformed bool) {
	e.bounds = f
	z := portable.NormalQuantile(0.975)
	for i, mean := range f.TransformedMean {
		se := f.TransformedSE[i]
		e.Forecast = append(e.Forecast, forecastStep{i + 1, orNull(mean), orNull(se), orNull(mean - z*se), orNull(mean + z*se)})
		if transformed {
			e.OnDataScale = append(e.OnDataScale, dataStep{i + 1, orNull(f.Mean[i]), orNull(f.Median[i]), orNull(f.Lo[i]), orNull(f.Hi[i])})
		}
	}
}
