package stats

import (
	"errors"
	"math"
	"sort"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/stat/distuv"
)

// StudentPower is the probability that a two-sided t test at level alpha finds a difference of which the estimator is
// noncentrality standard errors away from zero: of n pairs that differ by d standard deviations, d·√n on n−1 degrees of
// freedom; of two groups of n, d·√(n/2) on 2n−2 (Cohen 1988, chapter 2, exactly, by the noncentral t).
func StudentPower(noncentrality, degrees, alpha float64) float64 {
	critical := distuv.StudentsT{Sigma: 1, Nu: degrees}.Quantile(1 - alpha/2)
	return outside(critical, noncentrality, degrees)
}

// outside is P(|T| > c) of the noncentral t: the mean of Φ(δ − cs) + Φ(−δ − cs) over s² ~ χ²/ν, by Simpson's rule.
func outside(c, delta, nu float64) float64 {
	tails := func(s float64) float64 {
		return 0.5 * (math.Erfc((c*s-delta)/math.Sqrt2) + math.Erfc((c*s+delta)/math.Sqrt2))
	}
	if nu > 3e5 { // what is left out is of the order of 1/ν
		return tails(1)
	}
	lgamma, _ := math.Lgamma(nu / 2)
	density := func(s float64) float64 { // of √(χ²/ν)
		power := 0.0
		if nu > 1 {
			power = (nu - 1) * math.Log(s)
		}
		return math.Exp(math.Ln2 + nu/2*math.Log(nu/2) - lgamma + power - nu*s*s/2)
	}
	steps := 120 // smooth, and next to nothing at the ends: Simpson's rule converges faster than any power
	if nu < 30 { // not so near zero
		steps = 1000
	}
	low, high := max(0, 1-12/math.Sqrt(2*nu)), 1+12/math.Sqrt(2*nu)
	h, sum := (high-low)/float64(steps), 0.0
	for i := 0; i <= steps; i++ {
		w := 4.0
		if i == 0 || i == steps {
			w = 1
		} else if i%2 == 0 {
			w = 2
		}
		s := low + float64(i)*h
		sum += w * density(s) * tails(s)
	}
	return sum * h / 3
}

// Seeds tells whether there were training seeds enough to tell two policies apart (Colas, Sigaud & Oudeyer 2018, "How many
// random seeds?").
type Seeds struct {
	Have       int     `json:"have"`
	Needed     int     `json:"needed"`     // for a true difference of what was found, 0: more than a million, or more paths
	Power      float64 `json:"power"`      // to find such a difference again with as many seeds
	Detectable float64 `json:"detectable"` // the least true difference that as many seeds find with the power asked for
}

// TooFew says that the seeds cannot be relied on to show a difference of the size found.
func (s Seeds) TooFew() bool { return s.Needed == 0 || s.Needed > s.Have }

// mostSeeds is how many SeedsNeeded looks at.
const mostSeeds = 1_000_000

// SeedsNeeded tells how many seeds a two-sided test at level alpha needs, for a power such as 0.8, to find a true difference as
// large as that found. differences are those of two policies, [seed][path] as in Crossed, on the same paths, or with a
// single column for each seed. More seeds average the differences between seeds, and not what the paths share: where the
// paths alone leave too much doubt, no number of seeds is enough. The spread is estimated from the same few
// seeds, and what is needed is no surer than it.
func SeedsNeeded(differences [][]float64, alpha, power float64) (Seeds, error) {
	switch {
	case len(differences) < 2:
		return Seeds{}, field.New("seeds", len(differences), "two or more")
	case !(alpha > 0 && alpha < 1):
		return Seeds{}, field.New("alpha", alpha, "a number between 0 and 1")
	case !(power > alpha && power < 1):
		return Seeds{}, field.New("power", power, "a number between alpha and 1")
	}
	mean, bySeed, shared, err := spread(differences)
	if err != nil {
		return Seeds{}, err
	}
	found := func(difference float64, seeds int) float64 {
		variance := bySeed/float64(seeds) + shared
		if variance == 0 {
			return 1
		}
		return StudentPower(math.Abs(difference)/math.Sqrt(variance), float64(seeds-1), alpha)
	}
	s := Seeds{Have: len(differences)}
	if bySeed+shared == 0 { // nothing varies
		if mean == 0 {
			return s, nil
		}
		s.Needed, s.Power = 2, 1
		return s, nil
	}
	s.Power = found(mean, s.Have)
	if n := 2 + sort.Search(mostSeeds-1, func(i int) bool { return found(mean, i+2) >= power }); n <= mostSeeds {
		s.Needed = n
	}
	low, high := 0.0, math.Sqrt(bySeed+shared)
	for found(high, s.Have) < power {
		high *= 2
	}
	for range 60 {
		if middle := (low + high) / 2; found(middle, s.Have) < power {
			low = middle
		} else {
			high = middle
		}
	}
	s.Detectable = high
	return s, nil
}

// spread is the mean of a crossed table, the variance that one more row divides, and that which all rows share.
func spread(y [][]float64) (mean, byRow, shared float64, err error) {
	c := len(y[0])
	for _, row := range y {
		if len(row) != c || c == 0 {
			return 0, 0, 0, errors.New("a crossed table needs rows of one length")
		}
	}
	if c == 1 {
		x := make([]float64, len(y))
		for i := range x {
			x[i] = y[i][0]
		}
		mean, byRow = Mean(x), Variance(x)
	} else {
		m, a, b, e := meanSquares(y)
		mean, byRow, shared = m, a/float64(c), max(0, b-e)/float64(len(y)*c)
	}
	if v := mean + byRow + shared; math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, 0, 0, errors.New("a difference is not a finite number")
	}
	return mean, byRow, shared, nil
}
