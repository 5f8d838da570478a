package demand

import (
	"math"

	"github.com/souk-sim/souk/sim/portable"
)

// etsEstimate is one form with its estimates.
type etsEstimate struct {
	form                    etsForm
	alpha, beta, gamma, phi float64
	start                   []float64 // level, trend, seasons from the first period on
	x                       []float64 // the same as the optimiser sees it
	logLik, aicc            float64
}

// etsFit estimates forms on one series by maximum likelihood over the smoothing parameters and the initial states. The
// parameters are places between their usual bounds, the initial states deviations from first guesses.
type etsFit struct {
	z              []float64
	period, n      int // n values are observed
	first          float64
	constant       bool
	size           float64 // mean |z|: the unit in which means are multiplied up
	form           etsForm
	level, trend   float64 // first guesses
	unit           float64 // of the level and of additive seasons
	season, s, lag []float64
	guesses        map[byte]etsGuess
	at             etsEstimate
	lo, hi         []float64
	box            boxFit
}

// etsGuess is where initial states start for a kind of season.
type etsGuess struct {
	mean, level, slope float64
	season             []float64
}

// The bounds of forecast::ets.
const (
	etsLeast, etsMost         = 1e-4, 1 - 1e-4
	leastDamping, mostDamping = 0.8, 0.98
)

func newETSFit(z []float64, period int) *etsFit {
	f := &etsFit{z: z, period: period, constant: true, guesses: map[byte]etsGuess{}}
	sum, squares := 0.0, 0.0
	for _, v := range z {
		if math.IsNaN(v) {
			continue
		}
		if f.n == 0 {
			f.first = v
		}
		f.constant = f.constant && v == f.first
		f.n++
		f.size += math.Abs(v)
		sum += v - f.first
		squares += (v - f.first) * (v - f.first)
	}
	n := float64(f.n)
	f.size /= n
	f.unit = math.Sqrt(max(squares/n-sum/n*sum/n, 0))
	return f
}

// guess is the heuristic of Hyndman et al. (2002, §4): seasons by classical decomposition, then a line through the first
// two seasons, at least ten values, of what is left.
func (f *etsFit) guess(season byte) etsGuess {
	if g, ok := f.guesses[season]; ok {
		return g
	}
	g := etsGuess{}
	adjusted := append([]float64(nil), f.z...)
	span := 10
	if season != 'N' {
		g.season = decompose(f.z, f.period, season == 'M')
		span = max(span, 2*f.period)
		for t := range adjusted {
			if s := g.season[t%f.period]; season == 'M' {
				adjusted[t] /= s
			} else {
				adjusted[t] -= s
			}
		}
	}
	from, to := observedSpan(adjusted)
	to = min(to, from+span)
	g.level, g.slope = line(adjusted[:to])
	g.level -= g.slope // before the first period
	seen := 0.0
	for _, v := range adjusted[from:to] {
		if !math.IsNaN(v) {
			seen++
			g.mean += (v - g.mean) / seen
		}
	}
	f.guesses[season] = g
	return g
}

// estimate maximises the likelihood of a form. It fails when the series is constant, or too short for an AICc.
func (f *etsFit) estimate(form etsForm) (etsEstimate, bool) {
	k := form.parameters(f.period)
	if f.constant || f.n-(k+1)-1 <= 0 {
		return etsEstimate{}, false
	}
	f.form = form
	var best []float64
	bestSum := math.Inf(1)
	for flat := range 3 { // further from the guess where no start from it is feasible: multiplicative models need positive means
		f.begin(f.guess(form.season), flat)
		for _, from := range etsStarts(form, f.period) {
			x := make([]float64, k)
			f.start(from, x)
			if sum := f.box.minimise(f.residuals, x, f.lo, f.hi, f.n, 1e-3, 8); sum < bestSum {
				best, bestSum = x, sum
			}
		}
		if best != nil {
			break
		}
	}
	if best == nil {
		return etsEstimate{}, false
	}
	bestSum = f.box.minimise(f.residuals, best, f.lo, f.hi, f.n, 1e-8, 200)
	f.unpack(best)
	e := f.at
	e.form, e.x = form, best
	e.start = append([]float64{}, f.at.start...)
	e.start = append(e.start, f.s...)
	n, p := float64(f.n), float64(k+1)
	// An exact fit has no likelihood; below rounding errors the fits are alike.
	e.logLik = -n / 2 * math.Log(max(bestSum, n*f.floor()))
	e.aicc = -2*e.logLik + 2*p*n/(n-p-1)
	return e, true
}

// begin sets the initial states to a guess: flat 0 as it is, 1 without the trend, 2 without the seasons either.
func (f *etsFit) begin(g etsGuess, flat int) {
	f.level, f.trend = g.mean, 0
	if f.form.trend && flat < 1 {
		f.level, f.trend = g.level, g.slope
	}
	f.season, f.s = append(f.season[:0], g.season...), grow(f.s, len(g.season))
	if flat > 1 {
		for i := range f.season {
			f.season[i] = 0
			if f.form.season == 'M' {
				f.season[i] = 1
			}
		}
	}
}

// floor is the square of the rounding errors of the values, in the units of the residuals.
func (f *etsFit) floor() float64 { return 1e-28 * max(f.size*f.size, math.SmallestNonzeroFloat64*1e40) }

// etsStarts are places in their ranges for the smoothing parameters to start from: α, β/α, γ/(1-α), φ.
func etsStarts(form etsForm, period int) [][4]float64 {
	if form.season != 'N' {
		return [][4]float64{{0.2 / float64(period), 0.1, 0.05, 0.95}, {0.5, 0.1, 0.3, 0.5}, {0.9, 0.5, 0.05, 0.2}, {0.002, 0.5, 0.05, 0.8}}
	}
	return [][4]float64{{0.2, 0.1, 0, 0.95}, {0.5, 0.1, 0, 0.5}, {0.9, 0.5, 0, 0.2}, {0.02, 0.9, 0, 0.8}}
}

// start writes the smoothing parameters' ratios to their ranges into the head of x, and bounds for all of it.
func (f *etsFit) start(from [4]float64, x []float64) {
	f.lo, f.hi = grow(f.lo, len(x)), grow(f.hi, len(x))
	for i := range x {
		x[i], f.lo[i], f.hi[i] = 0, math.Inf(-1), math.Inf(1)
	}
	i := 0
	for j, wanted := range [4]bool{true, f.form.trend, f.form.season != 'N', f.form.damped} {
		if wanted {
			x[i], f.lo[i], f.hi[i] = from[j], 0, 1
			i++
		}
	}
}

// unpack turns x into parameters and the states before the first period, the seasons in s.
func (f *etsFit) unpack(x []float64) {
	i := 0
	within := func(lo, hi float64) float64 {
		i++
		return lo + max(0, hi-lo)*x[i-1]
	}
	at := &f.at
	at.alpha, at.beta, at.gamma, at.phi = within(etsLeast, etsMost), 0, 0, 1
	if f.form.trend {
		at.beta = within(etsLeast, at.alpha)
	}
	if f.form.season != 'N' {
		at.gamma = within(etsLeast, 1-at.alpha)
	}
	if f.form.damped {
		at.phi = within(leastDamping, mostDamping)
	}
	at.start = append(at.start[:0], f.level+f.unit*x[i])
	i++
	if f.form.trend {
		at.start = append(at.start, f.trend+f.unit*x[i])
		i++
	}
	if f.form.season == 'N' {
		return
	}
	unit := f.unit
	if f.form.season == 'M' {
		unit /= f.size
	}
	last, rest := len(f.s)-1, 0.0
	for j, v := range x[i:] {
		f.s[j] = f.season[j] + unit*v
		rest += v
	}
	f.s[last] = f.season[last] - unit*rest
}

// residuals is the objective of the optimiser: n log Σr² is -2 log L, with r = e for additive errors and, for
// multiplicative ones, r = e·G, G the geometric mean of the |E(z_t)|.
func (f *etsFit) residuals(x, res []float64) float64 {
	f.unpack(x)
	if f.form.season != 'N' && f.form.trend && !f.admissible() {
		return math.Inf(1)
	}
	at, form, season := &f.at, f.form, f.s
	level, trend := at.start[0], 0.0
	if form.trend {
		trend = at.start[1]
	}
	sum, product, logs, j, i := 0.0, 1.0, 0.0, 0, 0
	for _, z := range f.z {
		q := level + at.phi*trend
		m, w := q, 1.0
		switch form.season {
		case 'A':
			m += season[i]
		case 'M':
			w = season[i]
			if !(q > 0 && w > 0) {
				return math.Inf(1)
			}
			m *= w
		}
		e := 0.0
		if z == z { // observed
			e = z - m
			r := e
			if form.multiplicative {
				if !(m > 0) {
					return math.Inf(1)
				}
				r = e / m
				if product *= m / f.size; product > 1e100 || product < 1e-100 {
					logs += math.Log(product)
					product = 1
				}
			}
			res[j] = r
			sum += r * r
			j++
		}
		switch form.season {
		case 'A':
			season[i] += at.gamma * e
		case 'M':
			season[i] += at.gamma * e / q
			e /= w
		}
		if i++; i >= len(season) {
			i = 0
		}
		level = q + at.alpha*e
		trend = at.phi*trend + at.beta*e
	}
	if form.multiplicative {
		g := f.size * portable.Exp((logs+math.Log(product))/float64(f.n))
		for j := range res {
			res[j] *= g
		}
		sum *= g * g
	}
	if math.IsNaN(sum) {
		return math.Inf(1)
	}
	return sum
}

// admissible reports whether the influence of a value on forecasts dies out: whether the roots of Hyndman, Akram &
// Archibald's (2008) polynomial lie within the unit circle. The usual bounds assure it but for trends with seasons.
func (f *etsFit) admissible() bool {
	a, b, c, phi, m := f.at.alpha, f.at.beta, f.at.gamma, f.at.phi, f.period
	f.lag = grow(f.lag, m+1)
	for i := range f.lag {
		f.lag[i] = -(a + b - a*phi)
	}
	f.lag[0] = phi - a - b
	f.lag[m-1] = 1 - a - b + a*phi - c
	f.lag[m] = -phi * (1 - a - c)
	return toPartial(f.lag)
}
