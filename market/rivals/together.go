package rivals

import (
	"math"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Pair tells whether two products go on deal together. The market takes them as independent; a small P says that they
// are not.
type Pair struct {
	A             string  `json:"a"`
	B             string  `json:"b"`
	Periods       int     `json:"periods"`        // in which both were seen
	Correlation   float64 `json:"correlation"`    // of the deal indicators
	StandardError float64 `json:"standard_error"` // under independence
	P             float64 `json:"p"`              // two-sided
}

// Pairs compares all pairs of fits. Under independence the correlation of two first-order chains with eigenvalues λ and μ
// has variance (1 + λμ)/(1 − λμ)/n (Bartlett 1935), where λ = 1 − ToDeal − ToRegular; ignoring the chains' memory would
// take long deals that happen to overlap for coordination.
func Pairs(fits []*Fitted) []Pair {
	var pairs []Pair
	for i, a := range fits {
		for _, b := range fits[i+1:] {
			var n, sa, sb, sab float64
			for t, rung := range a.path {
				other := b.at(a.first + t)
				if rung < 0 || other < 0 {
					continue
				}
				x, y := float64(state(a.Deals.rungs[rung].Deal)), float64(state(b.Deals.rungs[other].Deal))
				n, sa, sb, sab = n+1, sa+x, sb+y, sab+x*y
			}
			p := Pair{A: a.Deals.product, B: b.Deals.product, Periods: int(n), P: 1}
			if spread := math.Sqrt(sa * (n - sa) * sb * (n - sb)); spread > 0 {
				memory := (1 - a.Deals.chain.ToDeal - a.Deals.chain.ToRegular) * (1 - b.Deals.chain.ToDeal - b.Deals.chain.ToRegular)
				p.Correlation = (n*sab - sa*sb) / spread
				p.StandardError = math.Sqrt((1 + memory) / (1 - memory) / n)
				p.P = 2 * distuv.UnitNormal.Survival(math.Abs(p.Correlation)/p.StandardError)
			}
			pairs = append(pairs, p)
		}
	}
	return pairs
}

// at returns the rung of a period, -1 where it is missing.
func (f *Fitted) at(period int) int {
	if t := period - f.first; t >= 0 && t < len(f.path) {
		return f.path[t]
	}
	return -1
}

// Response is how a product's price moves with another's: coefficients of the leader's log price relative to its regular
// price, in the same period and one before, in a regression of the follower's on them and on its own last value.
type Response struct {
	Follower string      `json:"follower"`
	Leader   string      `json:"leader"`
	Periods  int         `json:"periods"`
	Now      Coefficient `json:"now"`
	Before   Coefficient `json:"before"`
}

// Coefficient of a regression.
type Coefficient struct {
	Estimate      float64 `json:"estimate"`
	StandardError float64 `json:"standard_error"` // Newey & West (1987)
	P             float64 `json:"p"`              // two-sided, normal
}

// Respond regresses a follower on a leader; both were fitted over the same numbering of periods. It fails where the prices do
// not vary or too few periods are common.
func Respond(follower, leader *Fitted) (Response, error) {
	const regressors = 4
	own, other := follower.relative(), leader.relative()
	var y, x []float64
	var periods []int
	for _, period := range follower.history.Periods {
		row := []float64{1, own(period - 1), other(period), other(period - 1)}
		if v := own(period) + row[1] + row[2] + row[3]; v != v {
			continue
		}
		y, x, periods = append(y, own(period)), append(x, row...), append(periods, period)
	}
	r := Response{Follower: follower.Deals.product, Leader: leader.Deals.product, Periods: len(y)}
	if len(y) == 0 {
		return r, field.New(r.Follower, "no period in common with "+r.Leader, "some")
	}
	fit, err := stats.OLS(y, mat.NewDense(len(y), regressors, x), []string{"constant", "own before", "leader", "leader before"})
	if err != nil {
		return r, err
	}
	covariance, err := fit.DriscollKraay(periods, stats.BartlettLag(len(y)))
	if err != nil {
		return r, err
	}
	errors := stats.StandardErrors(covariance)
	coefficient := func(i int) Coefficient {
		return Coefficient{Estimate: fit.Coef[i], StandardError: errors[i], P: 2 * distuv.UnitNormal.Survival(math.Abs(fit.Coef[i])/errors[i])}
	}
	r.Now, r.Before = coefficient(2), coefficient(3)
	return r, nil
}

// relative returns log price less log regular price by period, NaN where it is missing.
func (f *Fitted) relative() func(period int) float64 {
	values := make([]float64, len(f.path))
	for i := range values {
		values[i] = math.NaN()
	}
	for t, p := range f.history.Price {
		values[f.history.Periods[t]-f.first] = math.Log(p / f.regular[t])
	}
	return func(period int) float64 {
		if t := period - f.first; t >= 0 && t < len(values) {
			return values[t]
		}
		return math.NaN()
	}
}
