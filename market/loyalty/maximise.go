package loyalty

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Estimates is how a model was fitted. SE and Covariance are from the observed information, in the order of Names; both
// are nil where the likelihood is flat.
type Estimates struct {
	Names         []string    `json:"names"`
	SE            []float64   `json:"se"`
	Covariance    [][]float64 `json:"covariance"`
	LogLikelihood float64     `json:"loglik"`
	AIC           float64     `json:"aic"`
	BIC           float64     `json:"bic"`
	Customers     int         `json:"n"`
	Converged     bool        `json:"converged"`       // to within 1e-4 standard errors
	Iterations    int         `json:"iterations"`      // of the start that won
	Starts        int         `json:"starts"`          // tried
	Agreeing      int         `json:"starts_agreeing"` // with the best log-likelihood to 1e-6
	Warnings      []string    `json:"warnings,omitempty"`
}

// objective gives the log-likelihood at the logarithms of the parameters and fills its gradient and Hessian there.
type objective func(theta, gradient []float64, hessian *mat.SymDense) float64

const (
	maximumIterations = 200
	// farthest an estimate may go from the natural scale of its parameter, in logarithms: e^16 is beyond what data tell
	// from infinity.
	farthest = 16
	// A parameter 10,000 times away from its natural scale is a limit of the model rather than an estimate.
	limit = 9.2
	// damping of a step, in units of the log-likelihood's curvature
	leastDamping, mostDamping = 1e-3, 1e18
)

// climb follows Newton's direction, damped as Levenberg and Marquardt do wherever the surface is not concave or a step
// would not rise. It works on logarithms, where the likelihoods are close to quadratic, and stays within `farthest` of scale.
type climb struct {
	f                      objective
	theta, scale, gradient []float64
	hessian                *mat.SymDense
	value, decrement       float64
	iterations             int
}

func newClimb(f objective, start, scale []float64) *climb {
	n := len(start)
	c := &climb{f: f, theta: append([]float64{}, start...), scale: scale, gradient: make([]float64, n), hessian: mat.NewSymDense(n, nil)}
	c.value = f(c.theta, c.gradient, c.hessian)
	return c
}

// step solves (damping·I - H) d = g and reports whether that matrix is positive definite.
func (c *climb) step(damping float64, d *mat.VecDense) bool {
	n := len(c.theta)
	curvature := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			curvature.SetSym(i, j, -c.hessian.At(i, j))
		}
		curvature.SetSym(i, i, damping-c.hessian.At(i, i))
	}
	var factor mat.Cholesky
	return factor.Factorize(curvature) && factor.SolveVecTo(d, mat.NewVecDense(n, c.gradient)) == nil
}

// direction fills d with the step to try and gives the damping it took, +Inf where there is none.
func (c *climb) direction(damping float64, d *mat.VecDense) float64 {
	c.decrement = math.Inf(1)
	if c.step(0, d) {
		c.decrement = mat.Dot(d, mat.NewVecDense(len(c.gradient), c.gradient))
		if damping == 0 {
			return 0
		}
	}
	for damping = max(leastDamping, damping); damping < mostDamping; damping *= 8 {
		if c.step(damping, d) {
			return damping
		}
	}
	return math.Inf(1)
}

func (c *climb) run() {
	n := len(c.theta)
	damping := 0.0
	d := mat.NewVecDense(n, nil)
	trial, gradient, hessian := make([]float64, n), make([]float64, n), mat.NewSymDense(n, nil)
	for c.iterations = 0; c.iterations < maximumIterations; c.iterations++ {
		if damping = c.direction(damping, d); math.IsInf(damping, 1) {
			return
		}
		moved, shorten := 0.0, min(1, 2/mat.Norm(d, math.Inf(1))) // no step longer than a factor of e²
		for i := range trial {
			v := c.theta[i] + d.AtVec(i)*shorten
			trial[i] = max(c.scale[i]-farthest, min(c.scale[i]+farthest, v))
			moved = max(moved, math.Abs(trial[i]-c.theta[i]))
		}
		value := c.f(trial, gradient, hessian)
		rounding := 1e-14 * math.Abs(c.value)
		if !(value >= c.value-rounding) {
			damping = max(leastDamping, 8*damping)
			continue
		}
		arrived := c.decrement < 1e-12 || value-c.value < rounding && moved < 1e-7
		copy(c.theta, trial)
		copy(c.gradient, gradient)
		c.hessian.CopySym(hessian)
		c.value = value
		if arrived {
			return
		}
		if damping /= 8; damping < leastDamping {
			damping = 0
		}
	}
}

// maximise climbs from every start and keeps the best. scale is the natural size of each parameter, as a logarithm.
func maximise(f objective, names []string, starts [][]float64, scale []float64, n int) ([]float64, *Estimates) {
	var best *climb
	all := make([]*climb, len(starts))
	for i, s := range starts {
		c := newClimb(f, s, scale)
		c.run()
		if all[i] = c; best == nil || c.value > best.value {
			best = c
		}
	}
	k := len(names)
	e := &Estimates{Names: names, LogLikelihood: best.value, Customers: n, Iterations: best.iterations, Starts: len(starts),
		AIC: 2*float64(k) - 2*best.value, BIC: float64(k)*math.Log(float64(n)) - 2*best.value,
		Converged: best.decrement < 1e-8}
	for _, c := range all {
		if c.value > best.value-1e-6 {
			e.Agreeing++
		}
	}
	values := make([]float64, k)
	for i, t := range best.theta {
		values[i] = math.Exp(t)
		if math.Abs(t-scale[i]) > limit {
			e.warn("%s runs to a limit (%.3g): the data do not tell it, and the others hold for that limit", names[i], values[i])
		}
	}
	e.uncertainty(best, values)
	if !e.Converged {
		e.warn("the likelihood has no proper maximum that was reached in %d iterations: the estimates are one point of a ridge", best.iterations)
	}
	return values, e
}

func (e *Estimates) warn(format string, args ...any) {
	e.Warnings = append(e.Warnings, fmt.Sprintf(format, args...))
}

// uncertainty inverts the observed information. In the parameters themselves it is D⁻¹(diag g - H)D⁻¹ with D = diag(values)
// and g, H of the logarithms; g is nil at the maximum up to rounding.
func (e *Estimates) uncertainty(c *climb, values []float64) {
	k := len(values)
	information := mat.NewSymDense(k, nil)
	for i := range k {
		for j := i; j < k; j++ {
			information.SetSym(i, j, -c.hessian.At(i, j))
		}
	}
	var factor mat.Cholesky
	covariance := mat.NewSymDense(k, nil)
	if !factor.Factorize(information) || factor.Cond() > 1e14 || factor.InverseTo(covariance) != nil {
		e.warn("the information matrix is singular: no standard errors")
		return
	}
	for i := range k {
		row := make([]float64, k)
		for j := range k {
			row[j] = covariance.At(i, j) * values[i] * values[j]
		}
		e.Covariance, e.SE = append(e.Covariance, row), append(e.SE, math.Sqrt(row[i]))
	}
}
