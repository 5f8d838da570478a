package journey

import (
	"math"

	"github.com/souk-sim/souk/results/stats"
)

// objective gives a log-likelihood at theta and fills its gradient there.
type objective func(theta, gradient []float64) float64

// box bounds parameters; an estimate that ends on a wall is a limit of the law rather than an estimate.
type box struct{ low, high []float64 }

// peak is where a climb ended.
type peak struct {
	theta      []float64
	se         []float64 // nil where the information is singular; 0 for a parameter on a wall
	value      float64
	converged  bool
	iterations int
	onWall     []bool
}

const maximumIterations = 200

// climb is Newton's method, damped as Levenberg and Marquardt do where the surface is not concave or a step does not rise.
// The Hessian is the central difference of the analytic gradient: the maximum is exact to rounding nevertheless.
type climb struct {
	f           objective
	walls       box
	theta       []float64
	gradient    []float64
	information stats.Cholesky // the negative Hessian, then its factor
	value       float64
}

// maximise climbs from start within the walls. Parameters should be of order one, such as logarithms.
func maximise(f objective, start []float64, walls box) *peak {
	k := len(start)
	c := &climb{f: f, walls: walls, theta: append([]float64{}, start...), gradient: make([]float64, k), information: stats.NewCholesky(k)}
	for i := range c.theta {
		c.theta[i] = max(walls.low[i], min(walls.high[i], c.theta[i]))
	}
	c.value = f(c.theta, c.gradient)
	p := &peak{onWall: make([]bool, k)}
	step, trial, next := make([]float64, k), make([]float64, k), make([]float64, k)
	damping := 0.0
	for ; p.iterations < maximumIterations && damping < 1e12; p.iterations++ {
		c.curvature(p.onWall, damping)
		if c.information.Factor() >= 0 {
			damping = max(8*damping, 1e-3)
			continue
		}
		promise, longest := c.step(p.onWall, step)
		if promise < 1e-12 && damping == 0 {
			p.converged = true
			break
		}
		for i := range trial {
			v := c.theta[i] + step[i]*min(1, 2/longest)
			trial[i] = max(walls.low[i], min(walls.high[i], v))
		}
		value := f(trial, next)
		if !(value >= c.value-1e-14*math.Abs(c.value)) {
			if promise < 1e-8 && damping == 0 { // as high as rounding lets it
				p.converged = true
				break
			}
			damping = max(8*damping, 1e-3)
			continue
		}
		copy(c.theta, trial)
		copy(c.gradient, next)
		c.value = value
		if damping /= 8; damping < 1e-3 {
			damping = 0
		}
	}
	p.theta, p.value = c.theta, c.value
	c.curvature(p.onWall, 0)
	if c.information.Factor() < 0 {
		p.se = stats.StandardErrors(c.information.Inverse())
		for i, on := range p.onWall {
			if on {
				p.se[i] = 0
			}
		}
	}
	return p
}

// curvature fills the information. A parameter that presses against its wall is held: its row is that of the identity.
func (c *climb) curvature(held []bool, damping float64) {
	const h = 1e-5
	k := len(c.theta)
	up, down, at := make([]float64, k), make([]float64, k), append([]float64{}, c.theta...)
	for i := range k {
		held[i] = c.theta[i] <= c.walls.low[i] && c.gradient[i] <= 0 || c.theta[i] >= c.walls.high[i] && c.gradient[i] >= 0
	}
	for i := range k {
		at[i] = c.theta[i] + h
		c.f(at, up)
		at[i] = c.theta[i] - h
		c.f(at, down)
		at[i] = c.theta[i]
		for j := range i + 1 {
			v := (down[j] - up[j]) / (2 * h)
			switch {
			case held[i] && i == j:
				v = 1
			case held[i] || held[j]:
				v = 0
			case i == j:
				v += damping * max(math.Abs(v), 1)
			}
			c.information.L[i*k+j] = v
		}
	}
}

// step fills Newton's step and gives what it promises and its largest element.
func (c *climb) step(held []bool, step []float64) (promise, longest float64) {
	copy(step, c.gradient)
	for i, on := range held {
		if on {
			step[i] = 0
		}
	}
	c.information.Solve(step)
	for i, v := range step {
		promise += v * c.gradient[i]
		longest = max(longest, math.Abs(v))
	}
	return promise, longest
}

// estimates summarises a peak.
func (p *peak) estimates(n int, names []bound) *Estimates {
	e := newEstimates(p.value, len(p.theta), n)
	e.Converged, e.Iterations = p.converged, p.iterations
	for i, on := range p.onWall {
		if on {
			e.warn("%s runs to a limit of the law: the data do not tell it, and the others hold for that limit", names[i].name)
		}
	}
	switch {
	case !p.converged:
		e.warn("no maximum of the likelihood was reached in %d iterations", p.iterations)
	case p.se == nil:
		e.warn("the information matrix is singular: no standard errors")
	}
	return e
}
