package demand

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/mathext"
)

// Unconstrained is demand behind sales that stock cut short: where a period was sold out, sales say only that demand
// was no less.
type Unconstrained struct {
	Mean, SD   float64   // of demand in a period
	Expected   []float64 // demand: sales, and where sold out its expectation given that it was no less; NaN where missing
	Iterations int
	Converged  bool
}

// Unconstrain puts expected demand in the place of sales of the periods that were sold out, so that any model can be
// fitted to the series. Missing values stay missing. by is "normal" or "poisson", for demand with one mean in all periods
// (UnconstrainNormal, UnconstrainPoisson), or "tobit", for demand that follows the regressors of s (FitTobit). The
// expectations are points: a model fitted to them thinks itself a little surer than it is.
func Unconstrain(s Series, soldOut []bool, by string) (Series, error) {
	var u *Unconstrained
	var err error
	switch by {
	case "normal":
		u, err = UnconstrainNormal(s.Values, soldOut)
	case "poisson":
		u, err = UnconstrainPoisson(s.Values, soldOut)
	case "tobit":
		var t *Tobit
		if t, err = FitTobit(s, soldOut); err == nil {
			s.Values = t.Expected
		}
		return s, err
	default:
		err = field.New("by", fmt.Sprintf("%q", by), "normal, poisson or tobit")
	}
	if err == nil {
		s.Values = u.Expected
	}
	return s, err
}

const (
	maxEMSteps  = 20_000
	emTolerance = 1e-11 // of a standard deviation
)

// UnconstrainNormal estimates mean and standard deviation of normal demand by EM (Dempster, Laird & Rubin 1977; in revenue
// management Salch 1997; Weatherford & Pölt 2002). It reaches the maximum of the likelihood, which is Tobit's without
// regressors. At least two different values must not be sold out.
func UnconstrainNormal(sales []float64, soldOut []bool) (*Unconstrained, error) {
	mean, sd, err := uncensoredMoments(sales, soldOut)
	if err != nil {
		return nil, err
	}
	if !(sd > 0) {
		return nil, field.New("sales", "no two different values that were not sold out", "at least two")
	}
	u := &Unconstrained{Mean: mean, SD: sd, Expected: append([]float64(nil), sales...)}
	for u.Iterations < maxEMSteps && !u.Converged {
		u.Iterations++
		sum, n, hidden := 0.0, 0.0, 0.0
		for i, c := range sales {
			if math.IsNaN(c) {
				continue
			}
			if soldOut[i] {
				a := (c - u.Mean) / u.SD
				lambda := inverseMills(-a)
				u.Expected[i] = u.Mean + u.SD*lambda
				hidden += u.SD * u.SD * (1 - lambda*(lambda-a))
			}
			sum += u.Expected[i]
			n++
		}
		mean := sum / n
		square := hidden
		for _, v := range u.Expected {
			if !math.IsNaN(v) {
				square += (v - mean) * (v - mean)
			}
		}
		sd := math.Sqrt(square / n)
		u.Converged = math.Abs(mean-u.Mean)+math.Abs(sd-u.SD) < emTolerance*sd
		u.Mean, u.SD = mean, sd
	}
	return u, nil
}

// UnconstrainPoisson is UnconstrainNormal for Poisson demand; sales are counts, and a period was sold out when demand
// reached the stock. At least one must not be.
func UnconstrainPoisson(sales []float64, soldOut []bool) (*Unconstrained, error) {
	for i, y := range sales {
		if err := checkCount(fmt.Sprintf("sales at index %d", i), y); err != nil {
			return nil, err
		}
	}
	mean, _, err := uncensoredMoments(sales, soldOut)
	if err != nil {
		return nil, err
	}
	u := &Unconstrained{Mean: max(mean, 0.1), Expected: append([]float64(nil), sales...)}
	for u.Iterations < maxEMSteps && !u.Converged {
		u.Iterations++
		sum, n := 0.0, 0.0
		for i, c := range sales {
			if math.IsNaN(c) {
				continue
			}
			if soldOut[i] {
				u.Expected[i] = poissonFrom(c, u.Mean)
			}
			sum += u.Expected[i]
			n++
		}
		mean := sum / n
		u.Converged = math.Abs(mean-u.Mean) <= emTolerance*math.Sqrt(mean)
		u.Mean = mean
	}
	u.SD = math.Sqrt(u.Mean)
	return u, nil
}

// poissonFrom is E[Y | Y ≥ c] = μ P(Y ≥ c-1) / P(Y ≥ c); in the upper tail by summing it.
func poissonFrom(c, mean float64) float64 {
	if c <= mean {
		from := func(c float64) float64 {
			if c <= 0 {
				return 1
			}
			return mathext.GammaIncReg(c, mean)
		}
		return mean * from(c-1) / from(c)
	}
	p, sum, moment := 1.0, 0.0, 0.0 // in units of P(Y = c)
	for k := c; p > 1e-17*sum; k++ {
		sum += p
		moment += p * (k - c)
		p *= mean / (k + 1)
	}
	return c + moment/sum
}

// uncensoredMoments checks the data and gives mean and standard deviation of what was not sold out.
func uncensoredMoments(sales []float64, soldOut []bool) (mean, sd float64, err error) {
	if len(soldOut) != len(sales) {
		return 0, 0, field.New("sold out", fmt.Sprintf("%d flags", len(soldOut)), fmt.Sprintf("%d, one a period", len(sales)))
	}
	n := 0.0
	for i, y := range sales {
		if math.IsInf(y, 0) {
			return 0, 0, field.New(fmt.Sprintf("sales at index %d", i), y, "a finite number, or NaN where it is missing")
		}
		if !soldOut[i] && !math.IsNaN(y) {
			n++
			mean += y
		}
	}
	if n == 0 {
		return 0, 0, field.New("sales", "no period that was not sold out", "at least one")
	}
	mean /= n
	for i, y := range sales {
		if !soldOut[i] && !math.IsNaN(y) {
			sd += (y - mean) * (y - mean) / n
		}
	}
	return mean, math.Sqrt(sd), nil
}

// inverseMills is φ(v)/Φ(v), the expectation of a standard normal above -v.
func inverseMills(v float64) float64 {
	if v < -35 {
		w := 1 / (v * v)
		return -v / (1 - w*(1-w*(3-w*(15-105*w)))) // Abramowitz & Stegun 26.2.12
	}
	return math.Sqrt(2/math.Pi) * portable.Exp(-v*v/2) / math.Erfc(-v/math.Sqrt2)
}

// logNormal is ln Φ(v).
func logNormal(v float64) float64 {
	if v < -35 {
		return -v*v/2 - 0.5*math.Log(2*math.Pi) - math.Log(inverseMills(v))
	}
	return math.Log(math.Erfc(-v/math.Sqrt2) / 2)
}

// Tobit is the regression of demand on regressors, demand = Xβ + e with e ~ N(0, σ²), where sales show demand up to each
// period's stock only (Tobin 1958; censored from above, at limits that differ).
type Tobit struct {
	Names              []string  // "intercept", and the regressors of the series
	Coef, SE           []float64 // SE from the observed information
	Sigma, LogSigmaSE  float64   // LogSigmaSE is the standard error of ln σ
	LogLik             float64
	Expected           []float64 // as in Unconstrained
	Observed, Censored int       // periods that were not sold out, and that were
	Iterations         int
	Converged          bool
}

// FitTobit fits by maximum likelihood. In Olsen's (1978) δ = β/σ, γ = 1/σ the likelihood is concave, so that Newton's
// method with the analytic Hessian climbs to its one maximum from anywhere. Periods with a missing value are left out. It
// refuses collinear regressors by name, and fewer periods that were not sold out than coefficients.
func FitTobit(s Series, soldOut []bool) (*Tobit, error) {
	if err := s.check(Transform{}); err != nil {
		return nil, err
	}
	if _, _, err := uncensoredMoments(s.Values, soldOut); err != nil {
		return nil, err
	}
	t := &Tobit{Names: []string{"intercept"}}
	for _, x := range s.Regressors {
		t.Names = append(t.Names, x.Name)
	}
	k := len(t.Names)
	f := tobit{k: k}
	var at []int
	for i, y := range s.Values {
		if math.IsNaN(y) {
			continue
		}
		row := []float64{1}
		for _, x := range s.Regressors {
			row = append(row, x.Values[i])
		}
		f.y, f.x, f.censored, at = append(f.y, y), append(f.x, row...), append(f.censored, soldOut[i]), append(at, i)
		if soldOut[i] {
			t.Censored++
		} else {
			t.Observed++
		}
	}
	if t.Observed <= k {
		return nil, field.New("sales", fmt.Sprintf("%d periods that were not sold out", t.Observed), fmt.Sprintf("more than the %d coefficients", k))
	}
	start, err := stats.OLS(f.y, mat.NewDense(len(f.y), k, f.x), t.Names)
	if err != nil {
		return nil, err
	}
	if !(start.Sigma > 0) {
		return nil, field.New("sales", "values that the regressors explain wholly", "some that they do not")
	}
	f.unit = start.Sigma
	f.begin(start.Coef)
	t.Converged = f.climb()
	t.Iterations = f.iterations
	f.report(t)
	t.Expected = append([]float64(nil), s.Values...)
	for i, c := range f.censored {
		if c {
			mu := dot(f.x[i*k:(i+1)*k], t.Coef)
			t.Expected[at[i]] = mu + t.Sigma*inverseMills((mu-f.y[i])/t.Sigma)
		}
	}
	return t, nil
}

// tobit is the likelihood at θ = (δ, γ), demand measured in units.
type tobit struct {
	k          int
	y          []float64
	x          []float64 // k a row
	censored   []bool
	unit       float64
	theta      []float64
	gradient   []float64
	hessian    []float64 // minus the second derivatives, upper triangle
	factor     cholesky
	iterations int
}

func (f *tobit) begin(beta []float64) {
	f.theta, f.gradient, f.hessian = make([]float64, f.k+1), make([]float64, f.k+1), make([]float64, (f.k+1)*(f.k+1))
	for j, b := range beta {
		f.theta[j] = b / f.unit
	}
	f.theta[f.k] = 1
}

// likelihood at theta, without the constant of the units.
func (f *tobit) likelihood(theta []float64) float64 {
	gamma := theta[f.k]
	if !(gamma > 0) {
		return math.Inf(-1)
	}
	sum, logGamma := 0.0, math.Log(gamma)
	for i, y := range f.y {
		v := dot(f.x[i*f.k:(i+1)*f.k], theta[:f.k]) - gamma*y/f.unit
		if f.censored[i] {
			sum += logNormal(v)
		} else {
			sum += logGamma - v*v/2 - 0.5*math.Log(2*math.Pi)
		}
	}
	return sum
}

// derivatives fills gradient and hessian at theta. Both kinds of period have v = x'δ - γy, whose own derivatives are
// (x, -y): ln Φ(v) bends by -λ(v+λ), and -v²/2 by -1.
func (f *tobit) derivatives() {
	clear(f.gradient)
	clear(f.hessian)
	n := f.k + 1
	gamma := f.theta[f.k]
	z := make([]float64, n)
	for i, y := range f.y {
		copy(z, f.x[i*f.k:(i+1)*f.k])
		z[f.k] = -y / f.unit
		v := dot(z, f.theta)
		slope, bend := -v, 1.0
		if f.censored[i] {
			slope = inverseMills(v)
			bend = slope * (v + slope)
		} else {
			f.gradient[f.k] += 1 / gamma
			f.hessian[f.k*n+f.k] += 1 / (gamma * gamma)
		}
		for a := range n {
			f.gradient[a] += slope * z[a]
			for b := a; b < n; b++ {
				f.hessian[a*n+b] += bend * z[a] * z[b]
			}
		}
	}
}

// climb goes to the maximum by Newton's method, halving steps that do not rise.
func (f *tobit) climb() bool {
	n := f.k + 1
	step, next := make([]float64, n), make([]float64, n)
	value := f.likelihood(f.theta)
	for f.iterations < 200 {
		f.iterations++
		f.derivatives()
		if !f.factor.factor(n, func(a, b int) float64 { return f.hessian[a*n+b] }) {
			return false
		}
		copy(step, f.gradient)
		f.factor.solve(step)
		if dot(step, f.gradient) < 1e-16 { // squared standard errors
			return true
		}
		for scale := 1.0; ; scale /= 2 {
			for a := range next {
				next[a] = f.theta[a] + scale*step[a]
			}
			if to := f.likelihood(next); to >= value-1e-12*math.Abs(value) {
				value = to
				break
			}
			if scale < 1e-9 {
				return false
			}
		}
		copy(f.theta, next)
	}
	return false
}

// report turns δ and γ into β and ln σ, and the information with them by the delta method.
func (f *tobit) report(t *Tobit) {
	n, gamma := f.k+1, f.theta[f.k]
	t.Sigma = f.unit / gamma
	t.LogLik = f.likelihood(f.theta) - float64(t.Observed)*math.Log(f.unit)
	column := make([]float64, n)
	se := func(set func()) float64 {
		clear(column)
		set()
		direction := append([]float64(nil), column...)
		f.factor.solve(column)
		return math.Sqrt(dot(direction, column))
	}
	for j := range f.k {
		t.Coef = append(t.Coef, f.unit*f.theta[j]/gamma)
		t.SE = append(t.SE, f.unit*se(func() { column[j], column[f.k] = 1/gamma, -f.theta[j]/(gamma*gamma) }))
	}
	t.LogSigmaSE = se(func() { column[f.k] = 1 / gamma })
}
