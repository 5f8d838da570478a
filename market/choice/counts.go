package choice

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"
)

// Counts is a fitted regression of zero-truncated counts: log mean before truncation = x·Coef.
type Counts struct {
	Names         []string
	Coef          []float64
	SE            []float64 // from the observed information
	Dispersion    float64   // α of NB2; 0 is Poisson
	DispersionSE  float64
	LogLikelihood float64
	AIC           float64
	Rows          int

	bread *mat.SymDense // inverse information of Coef and, of NB2, log α
}

// maximumNewtonSteps bounds every Newton iteration of the count models, which settle in about six.
const maximumNewtonSteps = 50

// ZeroTruncatedPoisson fits counts y ≥ 1 (n) on the columns of x (n×k) by maximum likelihood, Newton's method
// (Cameron & Trivedi 2013, Regression Analysis of Count Data, §4.3):
//
//	log P(y | y>0) = y log λ - λ - log y! - log(1 - e^-λ),  log λ = x·β.
func ZeroTruncatedPoisson(y []int, x *mat.Dense, names []string) (*Counts, error) {
	if err := checkCounts(y, x, names); err != nil {
		return nil, err
	}
	n, k := x.Dims()
	c := &Counts{Names: names, Coef: make([]float64, k), Rows: n}
	value := func(b []float64) float64 {
		total := 0.0
		for i := range n {
			total += truncatedLog(y[i], dot(x.RawRowView(i), b), 0)
		}
		return total
	}
	for range maximumNewtonSteps {
		information, gradient := mat.NewSymDense(k, nil), mat.NewVecDense(k, nil)
		for i := range n {
			lambda := portable.Exp(dot(x.RawRowView(i), c.Coef))
			mean := -lambda / math.Expm1(-lambda)
			r := mat.NewVecDense(k, x.RawRowView(i))
			gradient.AddScaledVec(gradient, float64(y[i])-mean, r)
			// Var[y | y>0] = E(1 + λ - E).
			information.SymRankOne(information, mean*(1+lambda-mean), r)
		}
		var root mat.Cholesky
		if !root.Factorize(information) || root.Cond() > 1e14 {
			return nil, field.New("regressors", "collinear", "regressors that each vary on their own")
		}
		var step mat.VecDense
		if err := root.SolveVecTo(&step, gradient); err != nil {
			return nil, err
		}
		if mat.Dot(&step, gradient) < 1e-14*float64(n) || !climb(c.Coef, step.RawVector().Data, value) {
			var inverse mat.SymDense
			if err := root.InverseTo(&inverse); err != nil {
				return nil, err
			}
			c.finish(value(c.Coef), &inverse)
			return c, nil
		}
	}
	return nil, field.New("counts", "no convergence", "counts above 1 in some rows")
}

// ZeroTruncatedNegativeBinomial fits the same with NB2 counts, variance μ + αμ² before truncation, by BFGS over
// (β, log α) from the Poisson fit. When counts are not overdispersed α runs to 0 and the error says so.
func ZeroTruncatedNegativeBinomial(y []int, x *mat.Dense, names []string) (*Counts, error) {
	start, err := ZeroTruncatedPoisson(y, x, names)
	if err != nil {
		return nil, err
	}
	n, k := x.Dims()
	minus := func(p []float64) float64 {
		if math.Abs(p[k]) > 20 {
			return math.Inf(1)
		}
		total := 0.0
		for i := range n {
			total -= truncatedLog(y[i], dot(x.RawRowView(i), p[:k]), portable.Exp(p[k]))
		}
		return total
	}
	gradient := func(g, p []float64) { fd.Gradient(g, minus, p, &fd.Settings{Formula: fd.Central}) }
	first := append(append([]float64(nil), start.Coef...), math.Log(0.2))
	result, err := optimize.Minimize(optimize.Problem{Func: minus, Grad: gradient}, first, &optimize.Settings{GradientThreshold: 1e-5 * math.Sqrt(float64(n))}, &optimize.BFGS{})
	if result == nil {
		return nil, fmt.Errorf("negative binomial: %w", err)
	}
	if result.X[k] < -10 {
		return nil, field.New("dispersion", portable.Exp(result.X[k]), "counts that vary more than a Poisson's")
	}
	information := mat.NewSymDense(k+1, nil)
	fd.Hessian(information, minus, result.X, nil)
	var root mat.Cholesky
	if !root.Factorize(information) {
		return nil, field.New("negative binomial", "no maximum", "counts that vary more than a Poisson's")
	}
	var inverse mat.SymDense
	if err := root.InverseTo(&inverse); err != nil {
		return nil, err
	}
	c := &Counts{Names: names, Coef: append([]float64(nil), result.X[:k]...), Rows: n, Dispersion: portable.Exp(result.X[k])}
	c.finish(-result.F, &inverse)
	c.DispersionSE = c.Dispersion * math.Sqrt(inverse.At(k, k))
	return c, nil
}

func (c *Counts) finish(logLikelihood float64, inverse *mat.SymDense) {
	c.LogLikelihood, c.bread = logLikelihood, inverse
	c.AIC = -2*logLikelihood + 2*float64(inverse.SymmetricDim())
	for i := range c.Coef {
		c.SE = append(c.SE, math.Sqrt(inverse.At(i, i)))
	}
}

// SandwichSE returns standard errors of Coef and, of NB2, of Dispersion from stats.Sandwich at the counts y (n) and
// regressors x (n×k) of the fit: group (n) labels the customers of rows whose counts may depend on each other, nil takes
// each row for a customer of its own.
func (c *Counts) SandwichSE(y []int, x *mat.Dense, group []int32) ([]float64, error) {
	n, k := x.Dims()
	if len(y) != n || k != len(c.Coef) || group != nil && len(group) != n {
		return nil, field.New("rows", len(y), fmt.Sprintf("those of the fit, %d columns, and a group for each", len(c.Coef)))
	}
	const step = 1e-5
	parameters, row := c.bread.SymmetricDim(), map[int32]int{}
	scores := mat.NewDense(n, parameters, nil)
	for i, v := range y {
		at := i
		if group != nil {
			if _, met := row[group[i]]; !met {
				row[group[i]] = len(row)
			}
			at = row[group[i]]
		}
		eta, sum := dot(x.RawRowView(i), c.Coef), scores.RawRowView(at)
		slope := (truncatedLog(v, eta+step, c.Dispersion) - truncatedLog(v, eta-step, c.Dispersion)) / (2 * step)
		for j, r := range x.RawRowView(i) {
			sum[j] += slope * r
		}
		if parameters > k {
			sum[k] += (truncatedLog(v, eta, c.Dispersion*(1+step)) - truncatedLog(v, eta, c.Dispersion*(1-step))) / (2 * step)
		}
	}
	if group != nil && len(row) < 2 {
		return nil, field.New("customers", len(row), "2 or more")
	}
	covariance := stats.Sandwich(c.bread, scores)
	se := make([]float64, parameters)
	for j := range se {
		se[j] = math.Sqrt(covariance.At(j, j))
	}
	if parameters > k {
		se[k] *= c.Dispersion
	}
	return se, nil
}

// LogLikelihoodOf returns that of other counts y ≥ 1 (n) at regressors x (n×k).
func (c *Counts) LogLikelihoodOf(y []int, x *mat.Dense) float64 {
	total := 0.0
	for i, v := range y {
		total += truncatedLog(v, dot(x.RawRowView(i), c.Coef), c.Dispersion)
	}
	return total
}

// truncatedLog returns log P(y | y>0) at log mean eta.
func truncatedLog(y int, eta, alpha float64) float64 {
	mu, v := portable.Exp(eta), float64(y)
	factorial, _ := math.Lgamma(v + 1)
	if alpha == 0 {
		return v*eta - mu - factorial - math.Log(-math.Expm1(-mu))
	}
	a, _ := math.Lgamma(v + 1/alpha)
	b, _ := math.Lgamma(1 / alpha)
	none := -math.Log1p(alpha*mu) / alpha // log P(0)
	return a - b - factorial + v*math.Log(alpha*mu/(1+alpha*mu)) + none - math.Log(-math.Expm1(none))
}

func checkCounts(y []int, x *mat.Dense, names []string) error {
	n, k := x.Dims()
	if len(y) != n || len(names) != k || n <= k {
		return field.New("rows", len(y), fmt.Sprintf("one count for each of %d rows of regressors, more than the %d columns, each with a name", n, k))
	}
	above := false
	for i, v := range y {
		if v < 1 {
			return field.New(fmt.Sprintf("count in row %d", i), v, "1 or more: the model is of quantities given a purchase")
		}
		above = above || v > 1
		if !finite(x.RawRowView(i)) {
			return field.New(fmt.Sprintf("regressors in row %d", i), x.RawRowView(i), "finite numbers")
		}
	}
	if !above {
		return field.New("counts", "1 in every row", "some above 1")
	}
	return nil
}
