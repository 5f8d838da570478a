package loyalty

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// BGNBD is the beta-geometric/NBD model of Fader, Hardie & Lee (2005, Marketing Science 24, 275): a customer buys at a
// Poisson rate λ, Gamma(R, rate Alpha) over customers, and after each repeat purchase is lost with probability p,
// Beta(A, B) over customers. Who never came back is alive for certain.
type BGNBD struct {
	R         float64    `json:"r"`
	Alpha     float64    `json:"alpha"` // units of time
	A         float64    `json:"a"`
	B         float64    `json:"b"`
	Estimates *Estimates `json:"estimates,omitempty"` // nil where the parameters were given by hand
}

var _ Model = (*BGNBD)(nil)

var bgnbdNames = []string{"r", "alpha", "a", "b"}

// Check reports the first parameter that is not a positive number.
func (m *BGNBD) Check() error { return checkParameters(bgnbdNames, m.Parameters()) }

// Parameters are r, alpha, a and b, in the order of Estimates.Names.
func (m *BGNBD) Parameters() []float64 { return []float64{m.R, m.Alpha, m.A, m.B} }

// FitBGNBD maximises the likelihood of the customers, in no particular order, by Newton's method from several starts.
// What the data cannot tell is among the estimates' warnings.
func FitBGNBD(customers []Customer) (*BGNBD, error) {
	if err := checkCustomers(customers); err != nil {
		return nil, err
	}
	groups := grouped(customers)
	time, rate := typical(groups)
	f := newBGNBDLikelihood(groups)
	scale := []float64{0, math.Log(time), 0, 0}
	var starts [][]float64
	for _, s := range [][3]float64{{1, 0.5, 2}, {0.3, 1, 3}, {5, 0.1, 10}} { // r, a, b
		starts = append(starts, []float64{math.Log(s[0]), math.Log(s[0] / rate), math.Log(s[1]), math.Log(s[2])})
	}
	v, e := maximise(f.at, bgnbdNames, starts, scale, len(customers))
	if _, _, a, b := v[0], v[1], v[2], v[3]; a/(a+b) < 1e-4 {
		e.warn("hardly any customer is seen to lapse (a/(a+b) = %.2g)", a/(a+b))
	}
	return &BGNBD{v[0], v[1], v[2], v[3], e}, nil
}

type bgnbdLikelihood struct {
	groups       []group
	rate, stay   rising // of r; of b
	lapse, cross []float64
	curve        []float64
}

func newBGNBDLikelihood(groups []group) *bgnbdLikelihood {
	n := groups[len(groups)-1].Frequency // the largest: groups come in its order
	return &bgnbdLikelihood{groups: groups, rate: newRising(n), stay: newRising(n),
		lapse: make([]float64, n+1), cross: make([]float64, n+1), curve: make([]float64, n+1)}
}

// at is the log-likelihood, eq. 6 of the paper, as common + ln(alive + lapsed):
//
//	common = ln[(r)_x (b)_x/(a+b)_x],  alive = (α/(α+T))^r (α+T)^-x,  lapsed = a/(b+x-1) (α/(α+tx))^r (α+tx)^-x.
func (f *bgnbdLikelihood) at(theta, gradient []float64, hessian *mat.SymDense) float64 {
	r, alpha, a, b := math.Exp(theta[0]), math.Exp(theta[1]), math.Exp(theta[2]), math.Exp(theta[3])
	f.rate.at(r)
	f.stayed(a, b)
	purchases := clock{0, r, alpha, theta[1]}
	var g vector
	var h matrix
	var m mixture
	total := 0.0
	for _, c := range f.groups {
		x := c.Frequency
		m.reset()
		du, d2u := vector{}, matrix{}
		u := purchases.at(float64(x), c.T, &du, &d2u)
		m.add(u, &du, &d2u)
		if x > 0 {
			u := purchases.at(float64(x), c.Recency, &du, &d2u)
			last := b + float64(x-1)
			du[2], du[3], d2u[3][3] = 1, -b/last, -b*float64(x-1)/(last*last)
			m.add(u+math.Log(a/last), &du, &d2u)
		}
		total += c.count * (f.rate.log[x] + f.stay.log[x] + m.log())
		m.into(c.count, &g, &h)
		g[0] += c.count * f.rate.first[x]
		h[0][0] += c.count * f.rate.second[x]
		g[2] += c.count * -a * f.lapse[x]
		h[2][2] += c.count * -a * (f.lapse[x] - a*f.curve[x])
		g[3] += c.count * f.stay.first[x]
		h[3][3] += c.count * f.stay.second[x]
		h[2][3] += c.count * a * b * f.curve[x]
	}
	fill(&g, &h, gradient, hessian)
	return total
}

// stayed tabulates ln[(b)_x/(a+b)_x] with its derivatives by ln b in stay; lapse[x] = Σ 1/(a+b+j) and curve[x] = Σ 1/(a+b+j)²
// over j < x make those by ln a and across.
func (f *bgnbdLikelihood) stayed(a, b float64) {
	s := f.stay
	for j := range len(s.log) - 1 {
		x := float64(j)
		inverse := 1 / (a + b + x)
		s.log[j+1] = s.log[j] - math.Log1p(a/(b+x))
		s.first[j+1] = s.first[j] + b*a/(b+x)*inverse
		s.second[j+1] = s.second[j] + b*x/((b+x)*(b+x)) - b*(a+x)*inverse*inverse
		f.lapse[j+1] = f.lapse[j] + inverse
		f.curve[j+1] = f.curve[j] + inverse*inverse
	}
}

// odds is lapsed/alive of the likelihood: what the time since the last purchase says.
func (m *BGNBD) odds(c Customer) float64 {
	if c.Frequency == 0 {
		return 0
	}
	x := float64(c.Frequency)
	return m.A / (m.B + x - 1) * math.Exp((m.R+x)*math.Log1p((c.T-c.Recency)/(m.Alpha+c.Recency)))
}

// LogLikelihood is the logarithm of eq. 6 (see Model).
func (m *BGNBD) LogLikelihood(c Customer) float64 {
	x := float64(c.Frequency)
	common := logRising(m.R, c.Frequency) + logRising(m.B, c.Frequency) - logRising(m.A+m.B, c.Frequency)
	alive := -m.R*math.Log1p(c.T/m.Alpha) - x*math.Log(m.Alpha+c.T)
	if c.Frequency == 0 {
		return common + alive
	}
	lapsed := math.Log(m.A/(m.B+x-1)) - m.R*math.Log1p(c.Recency/m.Alpha) - x*math.Log(m.Alpha+c.Recency)
	top := max(alive, lapsed)
	return common + top + math.Log1p(math.Exp(min(alive, lapsed)-top))
}

// Alive is the probability that the customer is not lost (Fader, Hardie & Lee 2008, "Computing P(alive) using the BG/NBD
// model", eq. 7), 1 for one without repeats.
func (m *BGNBD) Alive(c Customer) float64 { return 1 / (1 + m.odds(c)) }

// Expected is E[X(t)], eq. 9 of the paper (see Model).
func (m *BGNBD) Expected(t float64) float64 { return expectedPurchases(m.R, m.Alpha, m.A, m.B, t) }

// Conditional is E[Y(t) | x, tx, T], eq. 10 of the paper (see Model). It is the alive customer's Expected: his λ is
// Gamma(r+x, α+T) and his p Beta(a, b+x).
func (m *BGNBD) Conditional(c Customer, t float64) float64 {
	x := float64(c.Frequency)
	return m.Alive(c) * expectedPurchases(m.R+x, m.Alpha+c.T, m.A, m.B+x, t)
}

// expectedPurchases is the mean over λ and p of the purchases within t of one alive now, without the poles that the paper's
// closed form in ₂F₁ has at a = 1 and a+b = 1. One who is never lost would buy n times, n negative binomial; the j-th of these
// purchases is made with probability E(1-p)^j = (b)_j/(a+b)_j. Given p the mean is (1-(1+pt/α)^-r)/p, for when n is large.
// Neither form subtracts.
func expectedPurchases(r, alpha, a, b, t float64) float64 {
	if ratio := t / alpha; ratio > 50 || r*ratio > 500 {
		return betaMean(a, b, math.Log1p((1+r)*ratio), func(p float64) float64 {
			return -math.Expm1(-r*math.Log1p(p*ratio)) / p
		})
	}
	z := t / (alpha + t)
	weight, total := 1.0, 1.0 // of n = 0; at most e^500
	keep, made, sum := 1.0, 0.0, 0.0
	for n := 0.0; ; n++ {
		growth := z * (r + n) / (n + 1)
		weight *= growth
		made += keep
		keep *= (b + n) / (a + b + n)
		total += weight
		sum += weight * made
		if growth < 1 && weight*made <= 1e-17*sum*(1-growth) {
			return sum / total
		}
	}
}

// betaMean is E f(p) over Beta(a, b), for f ≥ 0 smooth on the scale of ln(p/(1-p)) down to p = e^-depth and constant below.
// On that scale the integrand is analytic about the real line and falls off like e^(-a|u|) and e^(-bu), so that the
// trapezoidal rule converges geometrically (Trefethen & Weideman 2014, SIAM Review 56, 385); the tails, where f is constant
// to the last bit, are geometric series. Nothing is ever subtracted.
func betaMean(a, b, depth float64, f func(p float64) float64) float64 {
	spread := math.Sqrt(1/a + 1/b) // of ln(p/(1-p)), where it is small
	if spread < 1e-5 {
		return f(a / (a + b))
	}
	h := min(0.25, 0.5*spread)
	centre := math.Log(a) - math.Log(b)
	logWeight := func(u float64) float64 { // of p^a (1-p)^b
		return -a*math.Log1p(math.Exp(-u)) - b*math.Log1p(math.Exp(u))
	}
	top := logWeight(centre)
	sum, total := 0.0, 0.0
	add := func(u, times float64) float64 {
		w := times * math.Exp(logWeight(u)-top)
		sum += w * f(1/(1+math.Exp(-u)))
		total += w
		return w
	}
	add(centre, 1)
	walk := func(sign, decay, depth float64) {
		const bits = 38                            // e^-38 is below the last of them
		end := bits + depth + max(0, -sign*centre) // from the centre
		for k := 1.0; ; k++ {
			u := centre + sign*h*k
			if add(u, 1) < math.Exp(-bits-depth) {
				return
			}
			if sign*(u-centre) > end {
				add(u, 1/math.Expm1(decay*h))
				return
			}
		}
	}
	walk(-1, a, depth)
	walk(1, b, 0)
	return sum / total
}

// Probability is P(X(t) = x), eq. 8 of the paper (see Model).
func (m *BGNBD) Probability(x int, t float64) float64 {
	if x < 0 {
		return 0
	}
	before, pmf := 0.0, 0.0 // P(N < x) and P(N = x) of a customer who cannot be lost
	for j := 0; j <= x; j++ {
		before += pmf
		pmf = negativeBinomial(m.R, m.Alpha, j, t)
	}
	kept := math.Exp(logRising(m.B, x) - logRising(m.A+m.B, x)) // E(1-p)^x
	if x == 0 {
		return pmf
	}
	lost := kept * m.A / (m.B + float64(x-1)) // E p(1-p)^(x-1)
	return kept*pmf + lost*(1-before)
}

// negativeBinomial is the probability of x purchases in t at a rate that is Gamma(r, α) over customers.
func negativeBinomial(r, alpha float64, x int, t float64) float64 {
	if t == 0 {
		if x == 0 {
			return 1
		}
		return 0
	}
	log := -r*math.Log1p(t/alpha) - float64(x)*math.Log1p(alpha/t)
	for j := range x {
		log += math.Log((r + float64(j)) / float64(j+1))
	}
	return math.Exp(log)
}
