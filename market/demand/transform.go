package demand

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat"
)

// Transform is the scale on which a model is linear: that of the data (the zero value), or Box & Cox's (1964) power
//
//	z = (y^λ - 1)/λ, and ln y at λ = 0.
//
// Its text is "", "log" or "box-cox λ".
type Transform struct {
	boxCox bool
	lambda float64
}

// Log is the natural logarithm; the series must be positive.
func Log() Transform { return BoxCox(0) }

// BoxCox is the power transform with the given λ; the series must be positive.
func BoxCox(lambda float64) Transform { return Transform{true, lambda} }

// String is the text form.
func (t Transform) String() string {
	switch {
	case !t.boxCox:
		return ""
	case t.lambda == 0:
		return "log"
	}
	return "box-cox " + strconv.FormatFloat(t.lambda, 'g', -1, 64)
}

// MarshalText gives the text form.
func (t Transform) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads the text form.
func (t *Transform) UnmarshalText(b []byte) error {
	switch s := string(b); {
	case s == "":
		*t = Transform{}
	case s == "log":
		*t = Log()
	default:
		power, ok := strings.CutPrefix(s, "box-cox ")
		lambda, err := strconv.ParseFloat(power, 64)
		if !ok || err != nil || !(math.Abs(lambda) <= 5) {
			return field.New("transform", fmt.Sprintf("%q", s), `"", "log" or "box-cox λ" with λ from -5 to 5`)
		}
		*t = BoxCox(lambda)
	}
	return nil
}

func (t Transform) forward(y float64) float64 {
	switch {
	case !t.boxCox:
		return y
	case t.lambda == 0:
		return portable.Log(y)
	}
	return (portable.Exp(t.lambda*portable.Log(y)) - 1) / t.lambda
}

// back is the inverse; what lies outside the transform's range gives the end of it.
func (t Transform) back(z float64) float64 {
	switch {
	case !t.boxCox:
		return z
	case t.lambda == 0:
		return portable.Exp(z)
	}
	return portable.Exp(portable.Log(max(0, float64(t.lambda*z)+1)) / t.lambda)
}

// mean is the expectation on the data's scale of a Gaussian on the transformed one, what lies below the range of a positive
// power counting as 0. A negative power has no finite mean, its range having an upper end where y is infinite; there the
// Gaussian is cut nine tenths of the way to that end, which is without effect where the end is many errors away.
func (t Transform) mean(mu, se float64) float64 {
	switch {
	case !t.boxCox:
		return mu
	case t.lambda == 0:
		return portable.Exp(mu + float64(se*se)/2)
	}
	const far, nodes = 9.0, 100 // standard errors either way
	lo, hi, end := -far, far, (-1/t.lambda-mu)/se
	if t.lambda > 0 {
		lo = max(lo, end)
	} else {
		hi = min(hi, 0.9*end)
	}
	if !(se > 0 && lo < hi) {
		return t.back(mu)
	}
	density := func(u float64) float64 { return portable.Exp(-u*u/2) / math.Sqrt(2*math.Pi) }
	mean := quad.Fixed(func(u float64) float64 { return density(u) * t.back(mu+se*u) }, lo, hi, nodes, quad.Legendre{}, 0)
	if t.lambda < 0 {
		mean /= quad.Fixed(density, lo, hi, nodes, quad.Legendre{}, 0)
	}
	return mean
}

// Guerrero estimates the λ of the Box–Cox power, from -1 to 2, as the one under which the standard deviations of
// consecutive seasons (pairs of values where period is less than 2) are most nearly proportional to the means' power 1-λ, by
// the coefficient of variation of their ratio (Guerrero 1993, Journal of Forecasting 12). Values are positive; NaN is missing.
// A series of no more than two seasons gives 1.
func Guerrero(values []float64, period int) (lambda float64, err error) {
	s := Series{Values: values}
	if err := s.check(Log()); err != nil {
		return 0, err
	}
	if len(values) <= 2*max(period, 1) {
		return 1, nil
	}
	period = max(period, 2)
	var means, deviations []float64
	for end := len(values); end >= period; end -= period {
		var season []float64
		for _, v := range values[end-period : end] {
			if !math.IsNaN(v) {
				season = append(season, v)
			}
		}
		if len(season) > 1 {
			mean, deviation := stat.MeanStdDev(season, nil)
			means, deviations = append(means, mean), append(deviations, deviation)
		}
	}
	ratios := make([]float64, len(means))
	variation := func(lambda float64) float64 {
		for i, m := range means {
			ratios[i] = deviations[i] / portable.Exp((1-lambda)*portable.Log(m))
		}
		mean, deviation := stat.MeanStdDev(ratios, nil)
		return deviation / mean
	}
	if !(len(means) > 1 && variation(1) > 0) {
		return 1, nil // nothing varies, or alike everywhere
	}
	const lo, hi, steps = -1.0, 2.0, 30
	best := lo
	for i := range steps + 1 {
		if x := lo + (hi-lo)*float64(i)/steps; variation(x) < variation(best) {
			best = x
		}
	}
	const golden = 0.6180339887498949
	a, b := max(lo, best-(hi-lo)/steps), min(hi, best+(hi-lo)/steps)
	for b-a > 1e-9 {
		if c, d := b-golden*(b-a), a+golden*(b-a); variation(c) < variation(d) {
			b = d
		} else {
			a = c
		}
	}
	return (a + b) / 2, nil
}

// largest is the largest magnitude of an observation: its square, and sums of squares, are finite.
const largest = 1e100

// check reports why y cannot be an observation under the transform; NaN can: it is missing.
func (t Transform) check(key string, y float64) error {
	if math.Abs(y) > largest {
		return field.New(key, y, "a finite number within ±1e100, or NaN where it is missing")
	}
	if t.boxCox && y <= 0 {
		return field.New(key, y, "a positive number, because the model takes logarithms or powers")
	}
	if z := t.forward(y); math.Abs(z) > largest {
		return field.New(key, y, fmt.Sprintf("a number whose transform (%s) is within ±1e100", t))
	}
	return nil
}
