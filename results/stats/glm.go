package stats

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/mat"
)

// GLM is a generalised linear model (Nelder & Wedderburn 1972), η = Xβ + offset, fitted by maximum likelihood.
type GLM struct {
	Family     Family
	Names      []string  // of the k coefficients
	Coef       []float64 // k
	Alpha      float64   // overdispersion of the negative binomial, 0 where there is none; R's theta is 1/Alpha
	AlphaSE    float64   // from the observed information at the fitted means, as MASS::glm.nb has it
	Mean       []float64 // n, fitted
	LogLik     float64   // with all constants
	AIC        float64   // -2 LogLik + 2(k, and 1 for the negative binomial's α)
	Deviance   float64   // twice what a model that fits every response has more
	Pearson    float64   // Σ(y-μ)²/Var / (n-k): near 1 where the family's variance is right
	Iterations int
	Converged  bool
	Warnings   []string

	// scores has the derivatives of the log-likelihood by the predictors for residuals and the inverse of the expected
	// information for bread, which makes the sandwich of White the robust covariance of the model.
	scores Regression
}

// FitGLM fits responses y (n) on the columns of x (n×k) by iteratively reweighted least squares, for the negative
// binomial in turns with Newton's method for α, to the joint maximum. A constant is a column like any other; offset (n,
// or nil) is added to the predictor. It refuses what OLS refuses, responses outside the family, and a column of which the
// columns before it leave less than a millionth. Where columns separate the responses (zero counts only, or one answer
// only, on one side), their coefficients would run to infinity: they are named among the warnings, and left where the
// likelihood no longer told the difference. Rows with many zeros, such as those of fixed effects, cost only their other
// elements.
func FitGLM(family Family, y []float64, x *mat.Dense, offset []float64, names []string) (*GLM, error) {
	if err := checkRegressors(y, x, names); err != nil {
		return nil, err
	}
	if offset == nil {
		offset = make([]float64, len(y))
	}
	if len(offset) != len(y) {
		return nil, field.New("offset", fmt.Sprintf("%d values", len(offset)), fmt.Sprintf("%d, one for each row", len(y)))
	}
	for i := range y {
		if err := family.check(i, y[i]); err != nil {
			return nil, err
		}
		if math.IsNaN(offset[i]) || math.IsInf(offset[i], 0) {
			return nil, field.New(fmt.Sprintf("offset in row %d", i), offset[i], "a finite number")
		}
	}
	f := newScoring(family, y, x, offset)
	if j := f.begin(); j >= 0 {
		return nil, field.New(names[j], "less than a millionth of its variation left by the regressors before it", "a regressor that varies on its own")
	}
	g := &GLM{Family: family, Names: names}
	g.Converged = f.climb()
	var dispersion *overdispersion
	if family == NegativeBinomial {
		dispersion = newOverdispersion(y)
		g.Converged = f.disperse(dispersion)
		if f.alpha == 0 {
			g.Warnings = append(g.Warnings, "no overdispersion: the responses vary no more than Poisson's, and the model is Poisson")
		}
	}
	if at := f.separating(); len(at) > 0 {
		var which []string
		for _, j := range at {
			which = append(which, names[j])
		}
		g.Converged = false
		g.Warnings = append(g.Warnings, "separated: the likelihood rises for ever in the coefficients of "+strings.Join(which, ", "))
	} else if !g.Converged {
		g.Warnings = append(g.Warnings, fmt.Sprintf("not converged after %d iterations", f.iterations))
	}
	g.finish(f, dispersion)
	return g, nil
}

func (g *GLM) finish(f *scoring, dispersion *overdispersion) {
	n, k := f.x.Dims()
	g.Coef, g.Mean, g.Alpha, g.Iterations = f.coef, f.mean, f.alpha, f.iterations
	g.AIC = 2 * float64(k)
	for i, y := range f.y {
		g.LogLik += f.family.kernel(f.eta[i], f.mean[i], y, f.alpha)
		g.Deviance += f.family.deviance(f.eta[i], f.mean[i], y, f.alpha)
		g.Pearson += (y - f.mean[i]) * (y - f.mean[i]) / f.family.variance(f.mean[i], f.alpha) / float64(n-k)
		if f.family != Binomial {
			factorial, _ := math.Lgamma(y + 1)
			g.LogLik -= factorial
		}
	}
	if dispersion != nil {
		_, second := dispersion.derivatives(f.alpha, f.mean)
		g.LogLik += dispersion.rising(f.alpha)
		g.AlphaSE = math.Sqrt(-1 / second)
		g.AIC += 2
	}
	g.AIC -= 2 * g.LogLik
	g.scores = Regression{Names: g.Names, Coef: g.Coef, Residuals: f.score, x: f.x, bread: f.factor.Inverse()}
}

// Classical returns the inverse of the expected information, k×k, by which R's summary.glm takes standard errors.
func (g *GLM) Classical() *mat.SymDense {
	cov := mat.NewSymDense(len(g.Coef), nil)
	cov.CopySym(g.scores.bread)
	return cov
}

// Robust returns the covariance that stands when the family's variance is wrong but the mean is right (Huber 1967; White
// 1982), without a small-sample factor, as R's sandwich::sandwich.
func (g *GLM) Robust() *mat.SymDense {
	n, k := g.scores.x.Dims()
	cov := g.scores.White()
	cov.ScaleSym(float64(n-k)/float64(n), cov)
	return cov
}

// scoring is Fisher's method of scoring, with steps halved until the likelihood does not fall.
type scoring struct {
	family               Family
	y, offset            []float64
	x                    *mat.Dense
	rows                 sparseRows
	alpha                float64
	coef, eta            []float64
	mean, score, weight  []float64 // at eta
	gradient, step       []float64 // k
	along                []float64 // n, Xstep
	factor, next         Cholesky  // of the expected information at the last step, and room for the next
	iterations           int
	likelihood, distance float64 // the kernels' sum; the last step's length in standard errors, squared
}

func newScoring(family Family, y []float64, x *mat.Dense, offset []float64) *scoring {
	n, k := x.Dims()
	return &scoring{family: family, y: y, offset: offset, x: x, rows: newSparseRows(x), factor: NewCholesky(k), next: NewCholesky(k),
		coef: make([]float64, k), eta: make([]float64, n), mean: make([]float64, n), score: make([]float64, n), weight: make([]float64, n),
		gradient: make([]float64, k), step: make([]float64, k), along: make([]float64, n)}
}

// begin makes the first step, from predictors near the responses to coefficients. It gives the first column that is
// collinear with those before it, or -1.
func (f *scoring) begin() int {
	for i, y := range f.y {
		f.eta[i] = f.family.start(y)
	}
	f.evaluate()
	if j := f.rows.information(f.weight, &f.factor); j >= 0 {
		return j
	}
	for i := range f.y {
		f.score[i] += f.weight[i] * (f.eta[i] - f.offset[i])
	}
	f.rows.transposeTimes(f.score, f.coef)
	f.factor.Solve(f.coef)
	f.rows.times(f.coef, f.eta)
	for i := range f.eta {
		f.eta[i] += f.offset[i]
	}
	f.evaluate()
	return -1
}

// evaluate fills means, scores and weights at eta, and the likelihood.
func (f *scoring) evaluate() {
	f.likelihood = 0
	for i, y := range f.y {
		f.mean[i], f.score[i], f.weight[i] = f.family.at(f.eta[i], y, f.alpha)
		f.likelihood += f.family.kernel(f.eta[i], f.mean[i], y, f.alpha)
	}
}

const (
	maxScoringSteps = 100
	stepTolerance   = 1e-14 // squared standard errors
)

// climb iterates to the maximum at the present α.
func (f *scoring) climb() bool {
	for range maxScoringSteps {
		if !f.advance() {
			return false
		}
		if f.distance < stepTolerance {
			return true
		}
	}
	return false
}

// disperse climbs in coefficients and α by turns. Their estimates are nearly orthogonal: each turn gains digits.
func (f *scoring) disperse(o *overdispersion) bool {
	alpha := o.guess(f.mean)
	for range maxScoringSteps {
		last := alpha
		alpha = o.maximise(alpha, f.mean)
		f.alpha = alpha
		f.evaluate()
		if alpha == 0 {
			return f.climb()
		}
		if !f.advance() {
			return false
		}
		if f.distance < stepTolerance && math.Abs(alpha-last) < 1e-9*alpha {
			return true
		}
	}
	return false
}

// advance takes one step; false where none is to be had.
func (f *scoring) advance() bool {
	f.iterations++
	if f.rows.information(f.weight, &f.next) >= 0 {
		return false // a group of responses has lost its weight: separation
	}
	f.factor, f.next = f.next, f.factor
	f.rows.transposeTimes(f.score, f.gradient)
	copy(f.step, f.gradient)
	f.factor.Solve(f.step)
	f.distance = 0
	for j, d := range f.step {
		f.distance += d * f.gradient[j]
	}
	f.rows.times(f.step, f.along)
	before := f.likelihood
	for scale := 1.0; scale > 1e-9; scale /= 2 {
		for i, d := range f.along {
			f.eta[i] += scale * d
		}
		if f.evaluate(); f.likelihood >= before-1e-11*math.Abs(before) {
			for j, d := range f.step {
				f.coef[j] += scale * d
			}
			return true
		}
		for i, d := range f.along {
			f.eta[i] -= scale * d
		}
	}
	f.evaluate()
	return false
}

// separating gives the columns whose coefficients still moved freely when the likelihood no longer did.
func (f *scoring) separating() []int {
	const free = 0.01 // of the predictor; a step at a proper maximum is far shorter
	moves := func(d float64) bool { return math.Abs(d) > free }
	if !slices.ContainsFunc(f.along, moves) {
		return nil
	}
	var at []int
	for j, d := range f.step {
		largest := 0.0
		for i := range f.y {
			largest = max(largest, math.Abs(f.x.At(i, j)))
		}
		if moves(d * largest) {
			at = append(at, j)
		}
	}
	return at
}
