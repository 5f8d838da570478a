package stats

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Stability tells how far a sample's distribution has moved from another's, by the population stability index
//
//	Σ (q_b − p_b) ln(q_b / p_b)
//
// over bins b with shares p_b before and q_b now: the symmetrised Kullback–Leibler divergence (Jeffreys 1946; Lewis 1994, An introduction to credit scoring).
type Stability struct {
	Index     float64 `json:"index"`
	Threshold float64 `json:"threshold"` // that chance alone exceeds with probability alpha
	PValue    float64 `json:"p_value"`   // of an index as large where nothing has changed
	Bins      int     `json:"bins"`
}

// Moved says that there is more than chance explains.
func (s Stability) Moved() bool { return s.Index > s.Threshold }

// CountedStability compares two samples of independent observations, counted by bin; each bin's count rises by ½, so that an empty one does not make the index
// infinite. Where nothing has changed, the index over 1/n + 1/m, n and m observations, follows χ² with a degree of freedom less than there are bins (Yurdakul &
// Naranjo 2020, Statistical properties of the population stability index, Journal of Risk Model Validation 14(4)); the customary 0.1 and 0.25 do not know the
// samples' sizes. Observations that hang together, as those of one series do, count for fewer, and alarm more often than alpha: pass fewer of them. Bins empty
// in both samples do not count. It errs where there are fewer than two bins, or nothing in one of the samples.
func CountedStability(before, now []float64, alpha float64) (Stability, error) {
	if len(before) != len(now) {
		return Stability{}, field.New("bins", len(now), fmt.Sprintf("%d, as before", len(before)))
	}
	if !(alpha > 0 && alpha < 1) {
		return Stability{}, field.New("alpha", alpha, "a probability above 0 and below 1")
	}
	n, m, bins := 0.0, 0.0, 0
	for b := range before {
		if !(before[b] >= 0 && now[b] >= 0) || math.IsInf(before[b]+now[b], 0) {
			return Stability{}, field.New(fmt.Sprintf("bin %d", b), fmt.Sprintf("%v and %v", before[b], now[b]), "counts of at least 0")
		}
		n, m = n+before[b], m+now[b]
		if before[b]+now[b] > 0 {
			bins++
		}
	}
	if n == 0 || m == 0 || bins < 2 {
		return Stability{}, field.New("samples", fmt.Sprintf("%v and %v observations in %d bins", n, m, bins), "some in either, and two bins")
	}
	s := Stability{Bins: bins}
	half := float64(bins) / 2
	for b := range before {
		if before[b]+now[b] > 0 {
			p, q := (before[b]+0.5)/(n+half), (now[b]+0.5)/(m+half)
			s.Index += (q - p) * math.Log(q/p)
		}
	}
	law, scale := distuv.ChiSquared{K: float64(bins - 1)}, 1/n+1/m
	s.Threshold, s.PValue = scale*law.Quantile(1-alpha), law.Survival(s.Index/scale)
	return s, nil
}

// CUSUM watches standardised errors, which have mean 0 and variance 1 while all is well, for a lasting shift of their mean (Page 1954, Continuous inspection schemes,
// Biometrika 41): one sum of what exceeds Reference, one of what falls below −Reference, neither below 0; it alarms when either exceeds Threshold.
type CUSUM struct {
	Reference float64 `json:"reference"` // k, in standard deviations: half the shift that is to be found soonest
	Threshold float64 `json:"threshold"` // h
}

// DesignCUSUM is the scheme that finds a lasting shift of so many standard deviations, either way, soonest among those that alarm falsely once in runLength independent normal
// errors on average (Moustakides 1986; Lorden 1971 asymptotically).
func DesignCUSUM(shift, runLength float64) (CUSUM, error) {
	if !(shift > 0 && shift <= 10) {
		return CUSUM{}, field.New("shift", shift, "standard deviations, above 0 and at most 10")
	}
	if !(runLength >= 2 && runLength <= 1e9) {
		return CUSUM{}, field.New("run_length", runLength, "2 to 1e9 errors from one false alarm to the next")
	}
	c := CUSUM{Reference: shift / 2}
	low, high := 0.0, 1.0
	for c.Threshold = high; c.RunLength(0) < runLength && high < 1e3; c.Threshold = high {
		low, high = high, 2*high
	}
	for range 60 {
		c.Threshold = (low + high) / 2
		if c.RunLength(0) < runLength {
			low = c.Threshold
		} else {
			high = c.Threshold
		}
	}
	return c, nil
}

// RunLength is how many independent normal errors of variance 1 pass on average until the alarm, that one included, when their mean is so many standard deviations from 0. That of one sum is
// the solution at 0 of the integral equation
//
//	L(z) = 1 + L(0) Φ(k − z) + ∫_0^h L(x) φ(x + k − z) dx
//
// (Page 1954, §4; by Gauss–Legendre quadrature as in Goel & Wu 1971, Technometrics 13); those of both sums combine as 1/L = 1/L₊ + 1/L₋ (Kemp 1961), exactly for k > 0.
func (c CUSUM) RunLength(mean float64) float64 {
	return 1 / (1/c.oneSided(mean) + 1/c.oneSided(-mean))
}

func (c CUSUM) oneSided(mean float64) float64 {
	n := max(32, int(8*c.Threshold)) // the kernel is about a standard deviation wide
	x, weight := make([]float64, n), make([]float64, n)
	quad.Legendre{}.FixedLocations(x, weight, 0, c.Threshold)
	law := distuv.Normal{Mu: mean, Sigma: 1}
	// Unknowns are L(0) and L at the nodes.
	a, ones := mat.NewDense(n+1, n+1, nil), mat.NewVecDense(n+1, nil)
	for i := range n + 1 {
		z := 0.0
		if i > 0 {
			z = x[i-1]
		}
		ones.SetVec(i, 1)
		a.Set(i, 0, -law.CDF(c.Reference-z))
		for j := range n {
			a.Set(i, j+1, -weight[j]*law.Prob(x[j]+c.Reference-z))
		}
		a.Set(i, i, a.At(i, i)+1)
	}
	var length mat.VecDense
	if err := length.SolveVec(a, ones); err != nil || !(length.AtVec(0) >= 1) {
		return math.Inf(1) // longer than a double can tell
	}
	return length.AtVec(0)
}

// Alarm is what a CUSUM says of a series of errors.
type Alarm struct {
	At    int     `json:"at"`    // index of the error at which a sum first exceeded the threshold; −1: none did
	Since int     `json:"since"` // index of the first error of that sum since it was last 0: where the shift is likely to have begun; −1 without an alarm
	Up    bool    `json:"up"`    // the errors have become larger
	Most  float64 `json:"most"`  // the largest that either sum was until the alarm
}

// Watch runs the scheme from sums of 0 over standardised errors until its first alarm; NaN, an error that is not known, changes nothing.
func (c CUSUM) Watch(errors []float64) Alarm {
	out := Alarm{At: -1, Since: -1}
	var up, down float64
	upSince, downSince := 0, 0
	for t, z := range errors {
		if math.IsNaN(z) {
			continue
		}
		if up == 0 {
			upSince = t
		}
		if down == 0 {
			downSince = t
		}
		up, down = max(0, up+z-c.Reference), max(0, down-z-c.Reference)
		out.Most = max(out.Most, up, down)
		if up > c.Threshold || down > c.Threshold {
			out.At, out.Since, out.Up = t, downSince, up > c.Threshold
			if out.Up {
				out.Since = upSince
			}
			return out
		}
	}
	return out
}

// SelfStarting standardises a series whose mean and variance nobody knows by what it was until then (Hawkins 1987, Self-starting CUSUM charts for location and scale,
// The Statistician 36): while all is well, the errors are independent standard normal ones if the observations are independent normal, so that a CUSUM of them alarms as
// often as it was designed to, however few observations came before.
type SelfStarting struct {
	n, mean, squares float64 // squares: the sum of squared deviations from the mean
}

// Mean is that of the observations until now, NaN before the first.
func (s *SelfStarting) Mean() float64 {
	if s.n == 0 {
		return math.NaN()
	}
	return s.mean
}

// Next standardises an observation by those before, and takes it in:
//
//	z = Φ⁻¹(T_{n−1}((x − mean) / (sd √(1 + 1/n)))),  T_{n−1} Student's law of n − 1 degrees of freedom
//
// where sd √(1 + 1/n) counts for no less than least. It is NaN before the third observation, and where nothing has varied yet; NaN, an observation that is not known, is not
// taken in.
func (s *SelfStarting) Next(x, least float64) (z float64) {
	z = math.NaN()
	if math.IsNaN(x) {
		return z
	}
	if s.n > 1 {
		if sd := max(math.Sqrt(s.squares/(s.n-1)*(1+1/s.n)), least); sd > 0 {
			off := (x - s.mean) / sd
			tail := distuv.StudentsT{Sigma: 1, Nu: s.n - 1}.CDF(-math.Abs(off))
			z = math.Copysign(distuv.UnitNormal.Quantile(max(tail, math.SmallestNonzeroFloat64)), off)
		}
	}
	s.n++
	step := x - s.mean
	s.mean += step / s.n
	s.squares += step * (x - s.mean)
	return z
}
