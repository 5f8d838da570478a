package experiment

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
)

// Design is an experiment of two arms that is still to be run: standard deviations of a unit's value in either arm, and the
// two-sided error.
type Design struct {
	ControlSD, TreatmentSD float64
	Alpha                  float64
}

// Power is the probability that Welch's test with so many units in either arm finds a difference of means: its
// statistic is taken as noncentral t with Satterthwaite's degrees of freedom. For equal arms it is R's power.t.test with
// strict = TRUE.
func (d Design) Power(difference float64, control, treatment float64) float64 {
	vc, vt := d.ControlSD*d.ControlSD/control, d.TreatmentSD*d.TreatmentSD/treatment
	se := math.Sqrt(vc + vt)
	if !(se > 0) || control < 2 || treatment < 2 {
		return math.NaN()
	}
	degrees := (vc + vt) * (vc + vt) / (vc*vc/(control-1) + vt*vt/(treatment-1))
	return stats.StudentPower(difference/se, degrees, d.Alpha)
}

// Detectable is the least difference that the test finds with a power: the minimum detectable effect.
func (d Design) Detectable(power float64, control, treatment float64) (float64, error) {
	if !(power > d.Alpha && power < 1) {
		return 0, field.New("power", power, "a probability above alpha and below 1")
	}
	se := math.Sqrt(d.ControlSD*d.ControlSD/control + d.TreatmentSD*d.TreatmentSD/treatment)
	if !(se > 0) || control < 2 || treatment < 2 {
		return 0, field.New("units", math.Min(control, treatment), "at least 2 in either arm, of a metric that varies")
	}
	low, high := 0.0, se
	for d.Power(high, control, treatment) < power && high < 1e6*se {
		high *= 2
	}
	for high-low > 1e-10*high {
		if middle := (low + high) / 2; d.Power(middle, control, treatment) < power {
			low = middle
		} else {
			high = middle
		}
	}
	return high, nil
}

// Units is how many units both arms together need, a share of them in the treatment, to find a difference with a power; a
// whole number, and no less than 4.
func (d Design) Units(difference, power, share float64) (float64, error) {
	switch {
	case !(math.Abs(difference) > 0) || math.IsInf(difference, 0):
		return 0, field.New("difference", difference, "a number other than 0")
	case !(power > d.Alpha && power < 1):
		return 0, field.New("power", power, "a probability above alpha and below 1")
	case !(share > 0 && share < 1):
		return 0, field.New("share", share, "a number above 0 and below 1")
	case !(d.ControlSD > 0 || d.TreatmentSD > 0):
		return 0, field.New("standard deviation", 0, "above 0")
	}
	enough := func(n float64) bool {
		c, t := n*(1-share), n*share
		return c >= 2 && t >= 2 && d.Power(difference, c, t) >= power
	}
	z := distuv.UnitNormal.Quantile(1-d.Alpha/2) + distuv.UnitNormal.Quantile(power)
	about := z * z / (difference * difference) * (d.ControlSD*d.ControlSD/(1-share) + d.TreatmentSD*d.TreatmentSD/share)
	low, high := max(4, 0.99*about-4), max(8, 1.01*about+8)
	if about > 1e15 {
		return math.Inf(1), nil
	}
	for low > 4 && enough(low) {
		low = max(4, low/2)
	}
	for !enough(high) {
		low, high = high, 2*high
	}
	for high-low > 0.5 {
		if middle := (low + high) / 2; enough(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return math.Ceil(high), nil
}
