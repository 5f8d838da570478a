package stats

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/stat/distuv"
)

// Replicates is a statistic with what it came to on each resample of a bootstrap, and where one value or another is left out.
// It is read-only, and its methods may be called by several workers at once.
type Replicates struct {
	Value     float64
	draws     []float64   // by resample
	jackknife [][]float64 // by independent sample, then by the value left out
	noise     float64     // differences that are nothing but rounding
	level     float64
	expanded  bool
}

// rounding is the share of a statistic that is taken for rounding: replicates that differ by less are ties.
const rounding = 1e-12

// newReplicates takes a statistic of the data, then of the jackknife's samples, so many of each independent sample, then of the
// resamples.
func newReplicates(values []float64, without []int, b Bootstrap) (Replicates, error) {
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Replicates{}, field.New("value", v, "a finite number, on every resample")
		}
	}
	r := Replicates{Value: values[0], noise: rounding * math.Abs(values[0]), level: b.Level, expanded: b.Expanded}
	rest := values[1:]
	for _, n := range without {
		r.jackknife = append(r.jackknife, rest[:n])
		rest = rest[n:]
	}
	r.draws = rest
	return r, nil
}

// Percentile is the statistic with the percentile interval (Efron & Tibshirani 1993, §13.3).
func (r Replicates) Percentile() Estimate {
	z := r.quantile((1 + r.level) / 2)
	return r.interval(distuv.UnitNormal.CDF(-z), distuv.UnitNormal.CDF(z))
}

// BCa is the statistic with the bias-corrected and accelerated interval (Efron 1987; Efron & Tibshirani 1993, §14.3): bias from
// the share of replicates below the value, acceleration from the jackknife, of several samples as Davison & Hinkley
// (1997, §5.3.2) have it. It is second-order accurate where the percentile interval is first-order. It errs where all
// replicates lie on one side of the value, as those of a maximum do.
func (r Replicates) BCa() (Estimate, error) {
	bias, a, err := r.correction()
	if err != nil {
		return Estimate{}, err
	}
	at := func(z float64) float64 { return distuv.UnitNormal.CDF(bias + (bias+z)/(1-a*(bias+z))) }
	z := r.quantile((1 + r.level) / 2)
	return r.interval(at(-z), at(z)), nil
}

// PValue is the two-sided p-value of a true value of zero: the level at which an end of the BCa interval reaches zero (Efron &
// Tibshirani 1993, §15.4–15.5). It is never below 1/resamples, and 1 where the value is zero and nothing varies.
func (r Replicates) PValue() (float64, error) {
	bias, a, err := r.correction()
	if err != nil {
		return 0, err
	}
	n := float64(len(r.draws))
	w := distuv.UnitNormal.Quantile(min(max(r.below(0), 0.5/n), 1-0.5/n)) - bias
	return 2 * r.tail(math.Abs(w/(1+a*w)-bias)), nil
}

// Minus is the difference of two statistics on the same resamples of tables of one shape: what two policies that met the same
// customers differ by.
func (r Replicates) Minus(other Replicates) Replicates {
	d := Replicates{Value: r.Value - other.Value, level: r.level, draws: minus(r.draws, other.draws), noise: r.noise + other.noise, expanded: r.expanded}
	for i := range r.jackknife {
		d.jackknife = append(d.jackknife, minus(r.jackknife[i], other.jackknife[i]))
	}
	return d
}

func minus(x, y []float64) []float64 {
	d := make([]float64, len(x))
	for i := range d {
		d[i] = x[i] - y[i]
	}
	return d
}

// correction is the bias and the acceleration of BCa.
func (r Replicates) correction() (bias, acceleration float64, err error) {
	bias = distuv.UnitNormal.Quantile(r.below(r.Value))
	if math.IsInf(bias, 0) {
		return 0, 0, fmt.Errorf("all %d replicates lie on one side of the statistic: no BCa interval", len(r.draws))
	}
	return bias, r.acceleration(), nil
}

// below is the share of replicates below x, ties counting half.
func (r Replicates) below(x float64) float64 {
	below := 0.0
	for _, v := range r.draws {
		if v < x-r.noise {
			below++
		} else if v <= x+r.noise {
			below += 0.5
		}
	}
	return below / float64(len(r.draws))
}

// acceleration is Σd³ / 6(Σd²)^{3/2} over the jackknife deviations d (Efron & Tibshirani 1993, equation 14.15), those of
// each sample about their own mean. A value of a sample of n moves the statistic by (n−1)d/n.
func (r Replicates) acceleration() float64 {
	square, cube := 0.0, 0.0
	for _, without := range r.jackknife {
		mean, n := Mean(without), float64(len(without))
		for _, v := range without {
			d := (mean - v) * (n - 1) / n
			square += d * d
			cube += d * d * d
		}
	}
	if square == 0 {
		return 0
	}
	return cube / (6 * math.Pow(square, 1.5))
}

// quantile is how many standard deviations of the replicates an interval reaches up to probability p, and tail the probability
// beyond so many: those of the normal distribution, or, expanded, of Student's t, as many times longer as standard
// errors with divisor n−1 are than those with n, which are the bootstrap's.
func (r Replicates) quantile(p float64) float64 {
	if longer, degrees := r.expansion(); degrees > 0 {
		return longer * distuv.StudentsT{Sigma: 1, Nu: degrees}.Quantile(p)
	}
	return distuv.UnitNormal.Quantile(p)
}

func (r Replicates) tail(z float64) float64 {
	if longer, degrees := r.expansion(); degrees > 0 {
		return distuv.StudentsT{Sigma: 1, Nu: degrees}.CDF(-z / longer)
	}
	return distuv.UnitNormal.CDF(-z)
}

// expansion takes each sample's part of the variance from the jackknife, and the degrees of freedom of their sum from Satterthwaite
// (1946); none where it is not wanted or nothing varies.
func (r Replicates) expansion() (longer, degrees float64) {
	narrow, wide, doubt := 0.0, 0.0, 0.0
	for _, without := range r.jackknife {
		n := float64(len(without))
		v := Variance(without) * (n - 1) * (n - 1) / n // of the statistic
		narrow += v * (n - 1) / n
		wide += v
		doubt += v * v / (n - 1)
	}
	if !r.expanded || !(doubt > 0) {
		return 1, 0
	}
	return math.Sqrt(wide / narrow), wide * wide / doubt
}

// interval cuts the replicates at two probabilities.
func (r Replicates) interval(low, high float64) Estimate {
	sorted := slices.Sorted(slices.Values(r.draws))
	return Estimate{Value: r.Value, StandardError: math.Sqrt(Variance(r.draws)), Low: quantile(sorted, low), High: quantile(sorted, high), Level: r.level}
}
