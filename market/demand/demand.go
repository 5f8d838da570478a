// Package demand holds time-series models of how many shoppers come: ARIMA with regressors and missing periods,
// fitted by exact maximum likelihood, and its rivals, with forecasts, updates and simulated paths that are conditional on
// the history.
package demand

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// Model is a model of one series. Fit comes first; the other methods of a model that is neither fitted nor loaded
// return an error. Period Next is the first one after the history: Forecast and the simulators begin there.
type Model interface {
	// Fit estimates the model from s and takes s as its history.
	Fit(s Series) error
	// Next is the number of the first period after the history.
	Next() int
	// Forecast predicts h periods; future holds the regressors of the fit, by the same names, at least h values each. A model
	// that has no use for regressors (a naive one, ETS, Theta) ignores them everywhere.
	// Lo and Hi of the result bound the central interval of the given coverage in (0, 1).
	Forecast(h int, coverage float64, future []Regressor) (*Forecast, error)
	// Update takes the observation of period Next (NaN when it is missing) and its regressors, in the order of the fit,
	// into the history. The estimates stay as they are.
	Update(y float64, x []float64) error
	// Simulator prepares paths of up to h periods, conditional on the history and on the future regressors.
	Simulator(h int, future []Regressor) (Simulator, error)
}

// Simulator draws future paths. It owns scratch space: use one per goroutine.
type Simulator interface {
	// Path fills path, on the scale of the data, with one draw of the periods from Next on. Every path takes the same
	// number of draws from stream. It does not allocate; a path longer than the simulator's horizon is a bug and panics.
	Path(stream *rng.Stream, path []float64)
}

// Series is a regularly spaced series. Values[i] belongs to period Start+i; NaN is a missing value.
type Series struct {
	Start      int
	Values     []float64
	Regressors []Regressor // each at least as long as Values; NaN is allowed where the value is missing
}

// Regressor is an explanatory variable; Values[i] belongs to the i-th period of the series or horizon it comes with.
type Regressor struct {
	Name   string
	Values []float64
}

// Pulse is 1 in the given periods and 0 elsewhere, over n periods from start.
func Pulse(name string, start, n int, periods ...int) Regressor {
	x := make([]float64, n)
	for _, p := range periods {
		if i := p - start; i >= 0 && i < n {
			x[i] = 1
		}
	}
	return Regressor{name, x}
}

// Fourier gives the regressors sin(2πkt/period) and cos(2πkt/period) for k = 1..harmonics, over n periods t from start.
// The period need not be whole: 365.25/7 is the year in weeks. They are named sin1, cos1, sin2, …
func Fourier(period float64, harmonics, start, n int) []Regressor {
	var xs []Regressor
	for k := 1; k <= harmonics; k++ {
		s, c := make([]float64, n), make([]float64, n)
		for i := range s {
			cycles := float64(k) * float64(start+i) / period
			s[i], c[i] = portable.Sincos(2 * math.Pi * (cycles - math.Floor(cycles)))
		}
		xs = append(xs, Regressor{fmt.Sprintf("sin%d", k), s}, Regressor{fmt.Sprintf("cos%d", k), c})
	}
	return xs
}

// Forecast is a prediction of consecutive periods; all slices have its horizon's length.
type Forecast struct {
	Start    int       // period of the first element
	Coverage float64   // of the interval from Lo to Hi
	Mean     []float64 // expectation on the scale of the data (for logs exp(μ+σ²/2): unbiased, not the median)
	Median   []float64 // what absolute errors should be measured from (Gneiting 2011)
	Lo, Hi   []float64 // central interval on the scale of the data
	// On the transformed scale (of Simulated, the data's), where ARIMA's forecast is Gaussian. The errors do not include those of the coefficients.
	TransformedMean, TransformedSE []float64
}

// check reports the first thing in the series that no model can use.
func (s Series) check(t Transform) error {
	observed := 0
	for i, y := range s.Values {
		if err := t.check(fmt.Sprintf("series at period %d", s.Start+i), y); err != nil {
			return err
		}
		if !math.IsNaN(y) {
			observed++
		}
	}
	if observed == 0 {
		return field.New("series", fmt.Sprintf("no observed value in %d periods", len(s.Values)), "at least three")
	}
	seen := map[string]bool{}
	for _, x := range s.Regressors {
		switch {
		case x.Name == "":
			return field.New("regressor", "one without a name", "a name for each")
		case seen[x.Name]:
			return field.New("regressor "+x.Name, "the name twice", "different names")
		case len(x.Values) < len(s.Values):
			return field.New("regressor "+x.Name, fmt.Sprintf("%d values", len(x.Values)),
				fmt.Sprintf("at least %d, the length of the series", len(s.Values)))
		}
		seen[x.Name] = true
		for i, y := range s.Values {
			if v := x.Values[i]; math.IsInf(v, 0) || math.IsNaN(v) && !math.IsNaN(y) {
				return field.New(fmt.Sprintf("regressor %s at period %d", x.Name, s.Start+i), v, "a finite number")
			}
		}
	}
	return nil
}
