package loyalty

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// ParetoNBD is the model of Schmittlein, Morrison & Colombo (1987, Management Science 33, 1): a customer buys at a Poisson
// rate λ, Gamma(R, rate Alpha) over customers, until lost after an exponential time of rate μ, Gamma(S, rate Beta).
type ParetoNBD struct {
	R         float64    `json:"r"`
	Alpha     float64    `json:"alpha"` // units of time
	S         float64    `json:"s"`
	Beta      float64    `json:"beta"`                // units of time
	Estimates *Estimates `json:"estimates,omitempty"` // nil where the parameters were given by hand
}

var _ Model = (*ParetoNBD)(nil)

var paretoNBDNames = []string{"r", "alpha", "s", "beta"}

// Check reports the first parameter that is not a positive number.
func (m *ParetoNBD) Check() error { return checkParameters(paretoNBDNames, m.Parameters()) }

// Parameters are r, alpha, s and beta, in the order of Estimates.Names.
func (m *ParetoNBD) Parameters() []float64 { return []float64{m.R, m.Alpha, m.S, m.Beta} }

// FitParetoNBD maximises the likelihood of the customers, in no particular order, by Newton's method from several starts.
// What the data cannot tell is among the estimates' warnings.
func FitParetoNBD(customers []Customer) (*ParetoNBD, error) {
	if err := checkCustomers(customers); err != nil {
		return nil, err
	}
	groups := grouped(customers)
	time, rate := typical(groups)
	f := paretoLikelihood{groups, newRising(groups[len(groups)-1].Frequency)}
	scale := []float64{0, math.Log(time), 0, math.Log(time)}
	var starts [][]float64
	for _, s := range [][3]float64{{1, 0.5, 1}, {0.3, 1, 0.3}, {5, 0.1, 3}} { // r, s, β/T
		starts = append(starts, []float64{math.Log(s[0]), math.Log(s[0] / rate), math.Log(s[1]), math.Log(s[2] * time)})
	}
	v, e := maximise(f.at, paretoNBDNames, starts, scale, len(customers))
	if lapse := v[2] / v[3] * time; lapse < 1e-4 {
		e.warn("hardly any customer is seen to lapse (s/β is %.2g of one per mean time of observation)", lapse)
	}
	return &ParetoNBD{v[0], v[1], v[2], v[3], e}, nil
}

type paretoLikelihood struct {
	groups []group
	rate   rising // of r
}

// at is the log-likelihood as the mixture over when the customer lapsed, at τ since the first purchase (Fader & Hardie 2005,
// "A note on deriving the Pareto/NBD model and related expressions", before the integral becomes a difference of two ₂F₁):
//
//	(r)_x [ (α/(α+T))^r (α+T)^-x (β/(β+T))^s + ∫_tx^T (α/(α+τ))^r (α+τ)^-x s/(β+τ) (β/(β+τ))^s dτ ].
func (f paretoLikelihood) at(theta, gradient []float64, hessian *mat.SymDense) float64 {
	r, alpha, s, beta := math.Exp(theta[0]), math.Exp(theta[1]), math.Exp(theta[2]), math.Exp(theta[3])
	f.rate.at(r)
	purchases, lapses := clock{0, r, alpha, theta[1]}, clock{2, s, beta, theta[3]}
	var g vector
	var h, d2u matrix
	var du vector
	var m mixture
	total := 0.0
	for _, c := range f.groups {
		x := float64(c.Frequency)
		m.reset()
		u := purchases.at(x, c.T, &du, &d2u) + lapses.at(0, c.T, &du, &d2u)
		m.add(u, &du, &d2u)
		decay{r + x, alpha, s + 1, beta}.integrate(c.Recency, c.T, func(tau, weight float64) float64 {
			u := purchases.at(x, tau, &du, &d2u) + lapses.at(1, tau, &du, &d2u)
			du[2]++ // of ln s
			return m.add(u+math.Log(s*weight), &du, &d2u)
		})
		total += c.count * (f.rate.log[c.Frequency] + m.log())
		m.into(c.count, &g, &h)
		g[0] += c.count * f.rate.first[c.Frequency]
		h[0][0] += c.count * f.rate.second[c.Frequency]
	}
	fill(&g, &h, gradient, hessian)
	return total
}

// decay is (a+τ)^-m (b+τ)^-n, but for a smaller factor: how the likelihood of a lapse falls off with its time τ.
type decay struct{ m, a, n, b float64 }

// integrate goes from one time to another by Gauss and Legendre's rule of 16 points, on panels over which the integrand
// changes neither its scale nor its size by much: add takes a point with its weight and returns its share of the sum so far.
// It ends early where the rest is below the last bit.
func (d decay) integrate(from, to float64, add func(tau, weight float64) float64) {
	for from < to {
		rate := d.m/(d.a+from) + d.n/(d.b+from)
		width := min(min(d.a, d.b)+from, 8/rate, to-from)
		if from+width == from {
			return // the panel is below the resolution of time itself
		}
		share := 0.0
		for i, x := range legendrePoint {
			share = add(from+width*x, width*legendreWeight[i])
		}
		// The integrand falls: what is left is no more than its last value for the time left.
		if from += width; !(share*(to-from)/(width*legendreWeight[15]) >= 1e-18) {
			return // at NaN, too: all is lost to underflow
		}
	}
}

// Points and weights on [0, 1].
var (
	legendrePoint = [16]float64{0.0052995325041750307, 0.0277124884633837, 0.067184398806084122, 0.1222977958224985,
		0.19106187779867811, 0.27099161117138632, 0.35919822461037054, 0.45249374508118129, 0.54750625491881877,
		0.64080177538962946, 0.72900838882861363, 0.80893812220132189, 0.87770220417750155, 0.93281560119391593,
		0.9722875115366163, 0.99470046749582497}
	legendreWeight = [16]float64{0.013576229705877019, 0.031126761969323853, 0.047579255841246296, 0.062314485627767015,
		0.074797994408288382, 0.08457825969750131, 0.091301707522461806, 0.094725305227534293, 0.094725305227534293,
		0.091301707522461806, 0.08457825969750131, 0.074797994408288382, 0.062314485627767015, 0.047579255841246296,
		0.031126761969323853, 0.013576229705877019}
)

// terms are the logarithms of the likelihood's first term and of both, but for (r)_x.
func (m *ParetoNBD) terms(c Customer) (alive, total float64) {
	x := float64(c.Frequency)
	at := func(t, s float64) float64 {
		return -m.R*math.Log1p(t/m.Alpha) - x*math.Log(m.Alpha+t) - s*math.Log1p(t/m.Beta)
	}
	var du vector
	var d2u matrix
	var sum mixture
	sum.reset()
	alive = at(c.T, m.S)
	sum.add(alive, &du, &d2u)
	decay{m.R + x, m.Alpha, m.S + 1, m.Beta}.integrate(c.Recency, c.T, func(tau, weight float64) float64 {
		return sum.add(at(tau, m.S+1)+math.Log(m.S/m.Beta*weight), &du, &d2u)
	})
	return alive, sum.log()
}

// LogLikelihood is that of the customer's x, tx and T (see Model).
func (m *ParetoNBD) LogLikelihood(c Customer) float64 {
	_, total := m.terms(c)
	return logRising(m.R, c.Frequency) + total
}

// Alive is the probability that the customer is not lost (Fader & Hardie 2005, eq. 20): the share of the likelihood in
// which he was alive at T.
func (m *ParetoNBD) Alive(c Customer) float64 {
	alive, total := m.terms(c)
	return min(1, math.Exp(alive-total))
}

// Expected is E[X(t)] = (r/α)∫_0^t (β/(β+τ))^s dτ (see Model).
func (m *ParetoNBD) Expected(t float64) float64 { return m.R / m.Alpha * lifetime(m.S, m.Beta, t) }

// Conditional is E[Y(t) | x, tx, T] (see Model): of one alive λ is Gamma(r+x, α+T) and μ Gamma(s, β+T).
func (m *ParetoNBD) Conditional(c Customer, t float64) float64 {
	rate := (m.R + float64(c.Frequency)) / (m.Alpha + c.T)
	return m.Alive(c) * rate * lifetime(m.S, m.Beta+c.T, t)
}

// lifetime is the mean time until loss, or until t: β/(s-1)·(1-(β/(β+t))^(s-1)), through s = 1.
func lifetime(s, beta, t float64) float64 {
	whole := math.Log1p(t / beta)
	if v := (s - 1) * whole; math.Abs(v) > 1e-10 {
		return -beta * whole * math.Expm1(-v) / v
	}
	return beta * whole
}

// Probability is P(X(t) = x) (see Model): the customer has outlived t, or lapsed at some time before.
func (m *ParetoNBD) Probability(x int, t float64) float64 {
	if x < 0 {
		return 0
	}
	n := float64(x)
	sum := negativeBinomial(m.R, m.Alpha, x, t) * math.Exp(-m.S*math.Log1p(t/m.Beta))
	decay{m.R + n, m.Alpha, m.S + 1, m.Beta}.integrate(0, t, func(tau, weight float64) float64 {
		part := negativeBinomial(m.R, m.Alpha, x, tau) * math.Exp(-m.S*math.Log1p(tau/m.Beta)) * m.S / (m.Beta + tau) * weight
		if sum += part; n > tau*((m.R+n)/(m.Alpha+tau)+(m.S+1)/(m.Beta+tau)) {
			return 1 // the integrand still rises, by τ^x: no early end
		}
		return part / sum
	})
	return sum
}
