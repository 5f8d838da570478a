package journey

import (
	"math"
	"sort"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Names of the laws of length, on 1, 2, ….
const (
	Geometric           = "geometric"                        // p: of leaving after each click
	LogSeries           = "log-series"                       // theta; Fisher, Corbet & Williams (1943)
	ShiftedNB           = "shifted-negative-binomial"        // size, mu: clicks after the first, of mean mu
	ZeroTruncatedNB     = "zero-truncated-negative-binomial" // size, mu: of the law before 0 is cut off, variance mu + mu²/size
	DiscreteLogNormal   = "discrete-log-normal"              // m, s: a log-normal above 1/2, rounded
	maximumLength       = largestCount                       // of a simulated session
	leastSize, mostSize = 1e-5, 1e6                          // of a fitted negative binomial
)

var lengthLaws = []law{
	{Geometric, []bound{{"p", 0, math.Nextafter(1, 2)}}},
	{LogSeries, []bound{{"theta", 0, 1}}},
	{ShiftedNB, []bound{{"size", 0, 1e9}, {"mu", 0, 1e5}}},
	{ZeroTruncatedNB, []bound{{"size", 0, 1e9}, {"mu", 0, 1e7}}},
	{DiscreteLogNormal, []bound{{"m", -100, 20}, {"s", 0, 20}}},
}

// Length is a law of how many clicks a session has, 1 or more.
type Length struct {
	Law        string      `json:"law"`
	Parameters []Parameter `json:"parameters"`
	Estimates  *Estimates  `json:"estimates,omitempty"` // nil where the parameters were given by hand

	table countTable // empty for the discrete log-normal
	cut   float64    // its probability below 1/2
}

// Check says what is wrong with a law given by hand or read from a file, and readies a right one for use. A law of which more
// than a thousandth lies beyond 2^20 clicks is refused.
func (l *Length) Check() error {
	kind, err := findLaw(lengthLaws, l.Law)
	if err != nil {
		return err
	}
	if err := kind.check(l.Parameters); err != nil {
		return err
	}
	if l.Law == DiscreteLogNormal {
		m, s := l.Parameters[0].Estimate, l.Parameters[1].Estimate
		if normal.above((math.Log(maximumLength)-m)/s) > largestRest || normal.above((math.Log(0.5)-m)/s) < math.Exp(leastWithin-1) {
			return field.New("parameters", l.Parameters, "sessions of 1 to a million clicks")
		}
		l.cut = normal.share((portable.Log(0.5) - m) / s)
		return nil
	}
	var ok bool
	if l.table, ok = newCountTable(1, l.ratio); !ok {
		return field.New("parameters", l.Parameters, "sessions of 1 to a million clicks")
	}
	return nil
}

// ratio is P(k+1)/P(k).
func (l *Length) ratio(k int) float64 {
	x, a := float64(k), l.Parameters[0].Estimate
	switch l.Law {
	case Geometric:
		return 1 - a
	case LogSeries:
		return a * x / (x + 1)
	}
	share := l.Parameters[1].Estimate / (a + l.Parameters[1].Estimate)
	if l.Law == ShiftedNB {
		x--
	}
	return share * (a + x) / (x + 1)
}

// Draw is the length that a uniform u of (0, 1) gives. It does not allocate.
func (l *Length) Draw(u float64) int {
	if l.Law != DiscreteLogNormal {
		return l.table.draw(u)
	}
	z := portable.NormalQuantile(l.cut + float64(u*(1-l.cut)))
	t := portable.Exp(l.Parameters[0].Estimate + float64(l.Parameters[1].Estimate*z))
	return int(max(1, min(math.Floor(t+0.5), maximumLength)))
}

// Mean is the expected length.
func (l *Length) Mean() float64 {
	a := l.Parameters[0].Estimate
	switch l.Law {
	case Geometric:
		return 1 / a
	case LogSeries:
		return -a / ((1 - a) * math.Log1p(-a))
	case ShiftedNB:
		return 1 + l.Parameters[1].Estimate
	case ZeroTruncatedNB:
		mu := l.Parameters[1].Estimate
		return mu / -math.Expm1(-a*math.Log1p(mu/a))
	}
	// Σ P(T > k - 1/2 | T > 1/2) by its terms, then by their integral where they change little.
	s := l.Parameters[1].Estimate
	above := func(t float64) float64 { return normal.above((math.Log(t) - a) / s) }
	const exact = 100_000
	total := 0.0
	for k := range exact {
		total += above(float64(k) + 0.5)
	}
	// ∫ P(T > t) dt from c = E(T - c)⁺ of a log-normal, whose terms at half points are its midpoint rule.
	z := (a - math.Log(exact)) / s
	total += max(0, math.Exp(a+s*s/2)*normal.below(z+s)-exact*normal.below(z))
	return total / above(0.5)
}

// LogProbability is the logarithm of that of exactly k clicks.
func (l *Length) LogProbability(k int) float64 {
	if k < 1 {
		return math.Inf(-1)
	}
	x, a := float64(k), l.Parameters[0].Estimate
	switch l.Law {
	case Geometric:
		if k == 1 {
			return math.Log(a)
		}
		return math.Log(a) + (x-1)*math.Log1p(-a)
	case LogSeries:
		return x*math.Log(a) - math.Log(x) - math.Log(-math.Log1p(-a))
	case DiscreteLogNormal:
		cut := logScale{standard: normal}
		s := l.Parameters[1].Estimate
		return cut.between(x-0.5, x+0.5, a, s, 0, nil) - cut.between(0.5, math.Inf(1), a, s, 0, nil)
	}
	mu := l.Parameters[1].Estimate
	if l.Law == ShiftedNB {
		x--
	}
	total := -a*math.Log1p(mu/a) + x*(math.Log(mu)-math.Log1p(mu/a)) - x*math.Log(a)
	high, _ := math.Lgamma(a + x)
	low, _ := math.Lgamma(a)
	factorial, _ := math.Lgamma(x + 1)
	total += high - low - factorial
	if l.Law == ZeroTruncatedNB {
		total -= math.Log(-math.Expm1(-a * math.Log1p(mu/a)))
	}
	return total
}

// CompareLengths fits every law, the one of least BIC first.
func CompareLengths(lengths []int) ([]*Length, error) {
	var fits []*Length
	for _, l := range lengthLaws {
		f, err := FitLength(l.name, lengths)
		if err != nil {
			return nil, err
		}
		fits = append(fits, f)
	}
	sort.SliceStable(fits, func(i, j int) bool { return fits[i].Estimates.BIC < fits[j].Estimates.BIC })
	return fits, nil
}
