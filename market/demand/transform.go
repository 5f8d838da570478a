package demand

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
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

// mean is the expectation on the data's scale of a Gaussian on the transformed one.
func (t Transform) mean(mu, se float64) float64 {
	switch {
	case !t.boxCox:
		return mu
	case t.lambda == 0:
		return portable.Exp(mu + float64(se*se)/2)
	}
	// Second-order Taylor expansion about the median.
	y, base := t.back(mu), float64(t.lambda*mu)+1
	return y * (1 + float64(se*se)*(1-t.lambda)/(2*base*base))
}

// check reports why y cannot be an observation under the transform; NaN can: it is missing.
func (t Transform) check(key string, y float64) error {
	if math.IsInf(y, 0) {
		return field.New(key, y, "a finite number, or NaN where it is missing")
	}
	if t.boxCox && y <= 0 {
		return field.New(key, y, "a positive number, because the model takes logarithms or powers")
	}
	return nil
}
