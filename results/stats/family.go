package stats

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Family is the distribution of a generalised linear model's response, with its link.
type Family int

const (
	Poisson          Family = iota // counts, Var = μ, ln μ = η
	NegativeBinomial               // counts, Var = μ + αμ² (NB2 of Cameron & Trivedi 1986), ln μ = η; R's theta is 1/α
	Binomial                       // 0 or 1, Var = μ(1-μ), ln(μ/(1-μ)) = η: logistic regression
)

// largestCount bounds what the negative binomial's likelihood, a sum over all smaller counts, is made for.
const largestCount = 10_000_000

// check reports why y cannot be a response.
func (f Family) check(row int, y float64) error {
	expected := ""
	switch {
	case f == Binomial && y != 0 && y != 1:
		expected = "0 or 1"
	case f != Binomial && (y < 0 || y != math.Floor(y)):
		expected = "a count: 0, 1, 2, …"
	case f == NegativeBinomial && y > largestCount:
		expected = fmt.Sprintf("a count up to %d; take a continuous model for larger ones", largestCount)
	default:
		return nil
	}
	return field.New(fmt.Sprintf("response in row %d", row), y, expected)
}

// start is a linear predictor near the response, from which the iterations begin.
func (f Family) start(y float64) float64 {
	if f == Binomial {
		return portable.Log((y + 0.5) / (1.5 - y))
	}
	return portable.Log(y + 0.1)
}

// at gives the mean at a linear predictor, the derivative of the log-likelihood by the predictor, and the expectation of
// minus the second derivative.
func (f Family) at(eta, y, alpha float64) (mean, score, weight float64) {
	if f == Binomial {
		mean = 1 / (1 + portable.Exp(-eta))
		return mean, y - mean, mean * (1 - mean)
	}
	mean = portable.Exp(eta)
	return mean, (y - mean) / (1 + alpha*mean), mean / (1 + alpha*mean)
}

// kernel is the log-likelihood of one response but for what does not depend on the predictor.
func (f Family) kernel(eta, mean, y, alpha float64) float64 {
	switch {
	case f == Binomial:
		return y*eta - max(eta, 0) - math.Log1p(portable.Exp(-math.Abs(eta)))
	case alpha > 0:
		return y*eta - (y+1/alpha)*math.Log1p(alpha*mean)
	}
	return y*eta - mean
}

// deviance is twice the log-likelihood that one response loses against a model that fits it.
func (f Family) deviance(eta, mean, y, alpha float64) float64 {
	loss := -f.kernel(eta, mean, y, alpha)
	if y > 0 && f != Binomial {
		eta = portable.Log(y)
		loss += f.kernel(eta, y, y, alpha)
	}
	return 2 * loss
}

func (f Family) variance(mean, alpha float64) float64 {
	if f == Binomial {
		return mean * (1 - mean)
	}
	return mean + alpha*mean*mean
}
