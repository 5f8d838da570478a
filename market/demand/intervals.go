package demand

import (
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// Simulated forecasts h periods by paths of the model's simulator: mean, median and the central interval of the given
// coverage are those of the paths, drawn from streams 0, 1, … of the family, so that the same family gives the same
// forecast. The errors of mean and quantiles fall with the root of paths; 1,000 place the ends of a 95% interval to
// about a tenth of its standard error. TransformedMean and TransformedSE are those of the paths too, on the scale of the
// data: a simulator knows no other.
func Simulated(m Model, h int, coverage float64, paths int, future []Regressor, family rng.Family) (*Forecast, error) {
	if err := checkCoverage(coverage); err != nil {
		return nil, err
	}
	if paths < 2 {
		return nil, field.New("paths", paths, "at least 2")
	}
	s, err := m.Simulator(h, future)
	if err != nil {
		return nil, err
	}
	draws := make([]float64, paths*h)
	for p := range paths {
		stream := family.At(uint64(p))
		s.Path(&stream, draws[p*h:(p+1)*h])
	}
	return summarise(draws, h, m.Next(), coverage), nil
}

func checkCoverage(coverage float64) error {
	if !(coverage > 0 && coverage < 1) {
		return field.New("coverage", coverage, "a probability between 0 and 1")
	}
	return nil
}

// summarise makes a forecast of paths that stand one after the other, h values each.
func summarise(paths []float64, h, start int, coverage float64) *Forecast {
	f := newForecast(h, start, coverage)
	column := make([]float64, len(paths)/h)
	for i := range h {
		sum := 0.0
		for p := range column {
			column[p] = paths[p*h+i]
			sum += column[p]
		}
		slices.Sort(column)
		f.Mean[i] = sum / float64(len(column))
		f.Median[i] = quantile(column, 0.5)
		f.Lo[i], f.Hi[i] = quantile(column, (1-coverage)/2), quantile(column, (1+coverage)/2)
		squares := 0.0
		for _, v := range column {
			squares += (v - f.Mean[i]) * (v - f.Mean[i])
		}
		f.TransformedMean[i], f.TransformedSE[i] = f.Mean[i], math.Sqrt(squares/float64(len(column)))
	}
	return f
}

// newForecast has room for h periods.
func newForecast(h, start int, coverage float64) *Forecast {
	return &Forecast{Start: start, Coverage: coverage, Mean: make([]float64, h), Median: make([]float64, h), Lo: make([]float64, h),
		Hi: make([]float64, h), TransformedMean: make([]float64, h), TransformedSE: make([]float64, h)}
}

// Gaussian makes Lo and Hi the interval under normal errors on the scale of the transform t that the model was fitted with (none
// for a model that takes none): TransformedMean and so many TransformedSE to either side, carried back.
func (f *Forecast) Gaussian(t Transform) {
	z := portable.NormalQuantile((1 + f.Coverage) / 2)
	for i, mu := range f.TransformedMean {
		f.Lo[i], f.Hi[i] = t.back(mu-z*f.TransformedSE[i]), t.back(mu+z*f.TransformedSE[i])
	}
}
