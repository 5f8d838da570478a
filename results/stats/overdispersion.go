package stats

import (
	"math"
	"slices"
)

// overdispersion is the likelihood of the negative binomial's α at given means. In α = 1/θ it is smooth down to the
// Poisson's α = 0, and for whole y it needs no gamma function (Cameron & Trivedi 1986; Lawless 1987):
//
//	l(α) = Σ_i [ Σ_{j<y_i} ln(1+αj) - (y_i + 1/α) ln(1+αμ_i) ] + terms without α.
type overdispersion struct {
	y     []float64
	above []float64 // above[j] is the number of responses above j
}

func newOverdispersion(y []float64) *overdispersion {
	sorted := slices.Sorted(slices.Values(y))
	o := &overdispersion{y: y, above: make([]float64, int(sorted[len(sorted)-1]))}
	at := 0
	for j := range o.above {
		for sorted[at] <= float64(j) {
			at++
		}
		o.above[j] = float64(len(sorted) - at)
	}
	return o
}

// rising is Σ_i Σ_{j<y_i} ln(1+αj).
func (o *overdispersion) rising(alpha float64) float64 {
	sum := 0.0
	for j, n := range o.above {
		sum += n * math.Log1p(alpha*float64(j))
	}
	return sum
}

// derivatives are the first two of l.
func (o *overdispersion) derivatives(alpha float64, mean []float64) (first, second float64) {
	for j, n := range o.above {
		r := float64(j) / (1 + alpha*float64(j))
		first += n * r
		second -= n * r * r
	}
	for i, mu := range mean {
		h, dh := logRatio(alpha * mu)
		r := mu / (1 + alpha*mu)
		first += mu*mu*h - o.y[i]*r
		second += mu*mu*mu*dh + o.y[i]*r*r
	}
	return first, second
}

// logRatio is h(x) = [ln(1+x) - x/(1+x)]/x² and its derivative; by its series where the terms would cancel.
func logRatio(x float64) (h, dh float64) {
	if x > 0.02 {
		h = (math.Log1p(x) - x/(1+x)) / (x * x)
		return h, 1/(x*(1+x)*(1+x)) - 2*h/x
	}
	power := 1.0 // (-x)^k
	for k := 0.0; k < 9; k++ {
		h += (k + 1) / (k + 2) * power
		dh -= (k + 1) * (k + 2) / (k + 3) * power
		power *= -x
	}
	return h, dh
}

// maximise finds the best α > 0 at the given means from a first guess, by Newton's method on ln α. It gives 0 where the
// responses vary no more than Poisson's, or so little more that the likelihood cannot tell.
func (o *overdispersion) maximise(alpha float64, mean []float64) float64 {
	if excess, _ := o.derivatives(0, mean); excess <= 0 || len(o.above) == 0 {
		return 0 // among zeros only, any α is as likely
	}
	average := Mean(mean)
	for range 100 {
		first, second := o.derivatives(alpha, mean)
		slope, bend := alpha*first, alpha*alpha*second+alpha*first
		step := math.Copysign(1, slope)
		if bend < 0 {
			step = min(max(-slope/bend, -2), 2)
		}
		alpha *= math.Exp(step)
		if alpha*average < 1e-9 {
			return 0
		}
		if math.Abs(step) < 1e-10 {
			break
		}
	}
	return alpha
}

// guess is the moment estimate of α: Σ[(y-μ)² - y] / Σμ².
func (o *overdispersion) guess(mean []float64) float64 {
	excess, squares := 0.0, 0.0
	for i, mu := range mean {
		excess += (o.y[i]-mu)*(o.y[i]-mu) - o.y[i]
		squares += mu * mu
	}
	return max(excess/squares, 1e-3/Mean(mean))
}
