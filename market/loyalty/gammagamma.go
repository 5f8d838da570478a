package loyalty

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/mathext"
)

// GammaGamma is the spend model of Colombo & Jiang (1999) as Fader & Hardie (2013, "The Gamma-Gamma model of monetary
// value") give it: a customer's purchases are worth Gamma(P, rate ν) each, with ν Gamma(Q, rate Gamma) over customers,
// whatever the number of the purchases.
type GammaGamma struct {
	P         float64    `json:"p"`
	Q         float64    `json:"q"`
	Gamma     float64    `json:"gamma"` // money
	Estimates *Estimates `json:"estimates,omitempty"`
	// Correlation of frequency and mean spend over the customers of the fit, which the model takes to be 0; nil where
	// either does not vary.
	Correlation *float64 `json:"correlation,omitempty"`
}

var gammaGammaNames = []string{"p", "q", "gamma"}

// Check reports the first parameter that is not a positive number.
func (m *GammaGamma) Check() error { return checkParameters(gammaGammaNames, m.Parameters()) }

// Parameters are p, q and gamma, in the order of Estimates.Names.
func (m *GammaGamma) Parameters() []float64 { return []float64{m.P, m.Q, m.Gamma} }

// FitGammaGamma maximises the likelihood of the mean spend of the customers who came back and spent something.
func FitGammaGamma(customers []Customer) (*GammaGamma, error) {
	var f spendLikelihood
	left, mean := 0, 0.0
	for i, c := range customers {
		switch err := c.check(i); {
		case err != nil:
			return nil, err
		case c.Frequency > 0 && c.Spend > 0:
			f = append(f, c)
			mean += c.Spend
		case c.Frequency > 0:
			left++
		}
	}
	if len(f) < 2 {
		return nil, field.New("customers", fmt.Sprintf("%d who came back and spent something", len(f)), "at least two")
	}
	mean /= float64(len(f))
	scale := []float64{0, 0, math.Log(mean)}
	var starts [][]float64
	for _, s := range [][2]float64{{2, 3}, {0.7, 1.5}, {20, 10}} { // p, q
		starts = append(starts, []float64{math.Log(s[0]), math.Log(s[1]), math.Log(mean * max(0.3, s[1]-1) / s[0])})
	}
	v, e := maximise(f.at, gammaGammaNames, starts, scale, len(f))
	m := &GammaGamma{P: v[0], Q: v[1], Gamma: v[2], Estimates: e}
	if rho := f.correlation(); !math.IsNaN(rho) {
		m.Correlation = &rho
		if math.Abs(rho) > 0.3 {
			e.warn("frequency and mean spend correlate by %.2f, which the model takes to be 0", rho)
		}
	}
	if left > 0 {
		e.warn("%d customers came back but their mean spend is not positive: left out", left)
	}
	if m.Q <= 1 {
		e.warn("q = %.3g: at 1 or less the mean spend over customers is infinite", m.Q)
	}
	return m, nil
}

type spendLikelihood []Customer

// at is the log-likelihood, eq. 1a of the note, of mean spends z of x purchases each:
//
//	Γ(px+q)/(Γ(px)Γ(q)) γ^q z^(px-1) x^(px) / (γ+xz)^(px+q).
func (f spendLikelihood) at(theta, gradient []float64, hessian *mat.SymDense) float64 {
	v := [3]float64{math.Exp(theta[0]), math.Exp(theta[1]), math.Exp(theta[2])}
	p, q, gamma := v[0], v[1], v[2]
	digammaQ, trigammaQ := mathext.Digamma(q), trigamma(q)
	var g [3]float64
	var h [3][3]float64
	total := 0.0
	for _, c := range f {
		x, z := float64(c.Frequency), c.Spend
		shape := p * x
		paid := math.Log1p(gamma / (x * z)) // ln (γ+xz)/(xz)
		prior := math.Log1p(x * z / gamma)  // ln (γ+xz)/γ
		share := gamma / (gamma + x*z)      // of the prior in the customer's scale
		psi := mathext.Digamma(shape + q)   //
		curvature := trigamma(shape + q)    //
		total += -mathext.Lbeta(shape, q) - shape*paid - q*prior - math.Log(z)
		g[0] += x * (psi - mathext.Digamma(shape) - paid)
		g[1] += psi - digammaQ - prior
		g[2] += q/gamma - (shape+q)/(gamma+x*z)
		h[0][0] += x * x * (curvature - trigamma(shape))
		h[0][1] += x * curvature
		h[0][2] -= x / (gamma + x*z)
		h[1][1] += curvature - trigammaQ
		h[1][2] += (1 - share) / gamma
		h[2][2] += (-q + (shape+q)*share*share) / (gamma * gamma)
	}
	for i := range v { // to the logarithms of the parameters
		gradient[i] = g[i] * v[i]
		for j := i; j < 3; j++ {
			hessian.SetSym(i, j, h[i][j]*v[i]*v[j])
		}
	}
	for i := range v {
		hessian.SetSym(i, i, hessian.At(i, i)+gradient[i])
	}
	return total
}

// trigamma is ψ'(x) = ζ(2, x).
func trigamma(x float64) float64 { return mathext.Zeta(2, x) }

func (f spendLikelihood) correlation() float64 {
	n := float64(len(f))
	var mx, mz, xx, zz, xz float64
	for _, c := range f {
		mx += float64(c.Frequency) / n
		mz += c.Spend / n
	}
	for _, c := range f {
		x, z := float64(c.Frequency)-mx, c.Spend-mz
		xx += x * x
		zz += z * z
		xz += x * z
	}
	return xz / math.Sqrt(xx*zz)
}

// Mean is the mean spend over customers, p·γ/(q-1); +Inf where q ≤ 1.
func (m *GammaGamma) Mean() float64 {
	if m.Q <= 1 {
		return math.Inf(1)
	}
	return m.P * m.Gamma / (m.Q - 1)
}

// Conditional is the mean worth of a future purchase of c, eq. 5 of the note: between what he spent and what customers do.
func (m *GammaGamma) Conditional(c Customer) float64 {
	if c.Frequency == 0 || c.Spend <= 0 {
		return m.Mean()
	}
	x := float64(c.Frequency)
	if m.P*x+m.Q <= 1 {
		return math.Inf(1)
	}
	return m.P * (m.Gamma + x*c.Spend) / (m.P*x + m.Q - 1)
}

// Spender is a simulated customer's law of what a purchase is worth: Gamma(Shape, scale 1/ν), or what a SpendCopula says of the
// customer.
type Spender struct {
	Shape, Scale float64

	law           *SpendCopula // nil for the gamma
	score, spread float64      // of the customer's amounts: mean and standard deviation
}

// Draw makes a new customer, by exactly one draw.
func (m *GammaGamma) Draw(stream *rng.Stream) Spender {
	return Spender{Shape: m.P, Scale: m.Gamma / portable.GammaQuantile(m.Q, stream.Open())}
}

// Spend is what one purchase is worth, in the money of the fit, by exactly one draw.
func (s Spender) Spend(stream *rng.Stream) float64 {
	if s.law != nil {
		return s.law.amount(s.score + float64(s.spread*stream.Normal()))
	}
	return s.Scale * portable.GammaQuantile(s.Shape, stream.Open())
}
