package stats

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"gonum.org/v1/gonum/mat"
)

// Logistic is a logistic regression: P(1) = 1 / (1 + exp(-Intercept - x·Coef)). Its JSON loads to the same probabilities.
type Logistic struct {
	Names     []string  `json:"names"`
	Intercept float64   `json:"intercept"`
	Coef      []float64 `json:"coef"` // in the units of the columns
	Lambda    float64   `json:"lambda"`
	Mix       float64   `json:"mix"`
}

// Probability is that of the response 1 at x, as long as Names. It does not allocate.
func (m *Logistic) Probability(x []float64) float64 {
	eta := m.Intercept
	for j, b := range m.Coef {
		eta += float64(b * x[j])
	}
	return 1 / (1 + portable.Exp(-eta))
}

// Check reports why a model read from a file cannot give probabilities.
func (m *Logistic) Check() error {
	if len(m.Coef) != len(m.Names) {
		return field.New("coef", fmt.Sprintf("%d coefficients", len(m.Coef)), fmt.Sprintf("%d, one for each name", len(m.Names)))
	}
	for j, v := range append([]float64{m.Intercept}, m.Coef...) {
		if !finite(v) {
			return field.New([]string{"intercept", "coef"}[min(j, 1)], v, "finite numbers")
		}
	}
	return nil
}

// PathOptions say which penalties are tried.
type PathOptions struct {
	Mix     float64   // 1 for the lasso, 0 for ridge, between them the elastic net (Zou & Hastie 2005)
	Lambdas []float64 // falling; where empty, up to 60 in equal ratios from the least at which all coefficients are 0
}

// LogisticPath is the elastic net's logistic regressions on falling penalties: the coefficients minimise
//
//	-loglik/n + λ Σ_j [ Mix s_j|β_j| + (1-Mix)/2 (s_j β_j)² ],  s_j the population's standard deviation of column j,
//
// the intercept unpenalised: the problem of R's glmnet with its standards (Friedman, Hastie & Tibshirani 2010).
type LogisticPath struct {
	Models    []*Logistic
	Explained []float64 // by penalty: share of the null deviance
	Warnings  []string
}

const (
	pathLength = 60
	pathRatio  = 1e-4 // of the last penalty to the first
	ridgeMix   = 1e-3 // in whose place Mix below it stands when the first penalty is sought, which ridge does not have
)

// FitLogisticPath fits y (n, 0 or 1) on the columns of x (n×k, no constant) along the path. A path of its own choosing ends
// early once smaller penalties explain no more. Constant columns get the coefficient 0. It refuses responses that are all
// alike, numbers that are not finite, and penalties that are not positive or do not fall.
func FitLogisticPath(y []float64, x *mat.Dense, names []string, o PathOptions) (*LogisticPath, error) {
	if err := checkPath(y, x, names, o); err != nil {
		return nil, err
	}
	return fitPath(newPenalised(y, x, o.Mix), names, o.Lambdas), nil
}

func checkPath(y []float64, x *mat.Dense, names []string, o PathOptions) error {
	n, k := x.Dims()
	switch {
	case len(y) != n:
		return field.New("responses", len(y), fmt.Sprintf("%d, one for each row", n))
	case len(names) != k:
		return field.New("names", len(names), fmt.Sprintf("%d, one for each column", k))
	case !(o.Mix >= 0 && o.Mix <= 1):
		return field.New("mix", o.Mix, "a number from 0 (ridge) to 1 (lasso)")
	}
	ones := 0.0
	for i, v := range y {
		if err := Binomial.check(i, v); err != nil {
			return err
		}
		ones += v
		for j, v := range x.RawRowView(i) {
			if !finite(v) {
				return field.New(fmt.Sprintf("%s in row %d", names[j], i), v, "a finite number")
			}
		}
	}
	if ones == 0 || ones == float64(n) {
		return field.New("responses", fmt.Sprintf("all %g", y[0]), "some of 0 and some of 1")
	}
	for i, l := range o.Lambdas {
		if !(l > 0) || math.IsInf(l, 0) || i > 0 && l >= o.Lambdas[i-1] {
			return field.New(fmt.Sprintf("lambdas[%d]", i), l, "positive numbers that fall")
		}
	}
	return nil
}

func fitPath(f *penalised, names []string, lambdas []float64) *LogisticPath {
	own := len(lambdas) == 0
	if own {
		lambdas = make([]float64, pathLength)
		for i := range lambdas {
			lambdas[i] = f.first() * math.Pow(pathRatio, float64(i)/(pathLength-1))
		}
	}
	path := &LogisticPath{}
	null := f.loss
	for i, lambda := range lambdas {
		if !f.descend(lambda) {
			path.Warnings = append(path.Warnings, fmt.Sprintf("not converged at λ = %.4g", lambda))
		}
		path.Models = append(path.Models, f.model(names, lambda))
		path.Explained = append(path.Explained, 1-f.loss/null)
		if e := path.Explained; own && i >= 5 && (e[i]-e[i-1] < 1e-5*e[i] || e[i] > 0.999) {
			break
		}
	}
	return path
}

// penalised is a path's point: Newton's steps on the likelihood, each one's quadratic with its penalty minimised by
// coordinate descent over the coefficients, the intercept profiled out; columns are standardised.
type penalised struct {
	y             []float64
	z             []float64 // n×k, standardised; 0 where constant
	mean, sd      []float64
	mix           float64
	intercept     float64
	coef          []float64 // of standardised columns
	eta           []float64 // n
	loss          float64   // -loglik/n at eta
	gram          []float64 // k×k
	pull, left    []float64 // gradient of the likelihood, and what is left of it after the step
	middle, along []float64 // weighted means of the columns; n, the step's change in eta
	step          []float64
}

func newPenalised(y []float64, x *mat.Dense, mix float64) *penalised {
	n, k := x.Dims()
	f := &penalised{y: y, z: make([]float64, n*k), mean: make([]float64, k), sd: make([]float64, k), mix: mix, coef: make([]float64, k),
		eta: make([]float64, n), along: make([]float64, n), gram: make([]float64, k*k), pull: make([]float64, k), left: make([]float64, k),
		middle: make([]float64, k), step: make([]float64, k)}
	for j := range k {
		varies := false
		for i := range n {
			f.mean[j] += x.At(i, j) / float64(n)
			varies = varies || x.At(i, j) != x.At(0, j)
		}
		if !varies {
			continue
		}
		for i := range n {
			d := x.At(i, j) - f.mean[j]
			f.sd[j] += d * d / float64(n)
		}
		f.sd[j] = math.Sqrt(f.sd[j])
		for i := range n {
			f.z[i*k+j] = (x.At(i, j) - f.mean[j]) / f.sd[j]
		}
	}
	share := Mean(y)
	f.intercept = portable.Log(share / (1 - share))
	for i := range f.eta {
		f.eta[i] = f.intercept
	}
	f.loss = f.lossAt(0)
	return f
}

func (f *penalised) row(i int) []float64 { k := len(f.coef); return f.z[i*k : (i+1)*k] }

// lossAt is -loglik/n at eta and a part of the step.
func (f *penalised) lossAt(part float64) float64 {
	sum := 0.0
	for i, y := range f.y {
		sum -= Binomial.kernel(f.eta[i]+part*f.along[i], 0, y, 0)
	}
	return sum / float64(len(f.y))
}

// first is the least penalty at which all coefficients are 0, from the state without any.
func (f *penalised) first() float64 {
	f.quadratic()
	most := 0.0
	for _, g := range f.pull {
		most = max(most, math.Abs(g))
	}
	return max(most, 1e-9) / max(f.mix, ridgeMix)
}

// quadratic fills gram and pull at eta, the intercept profiled out, and gives the intercept's own step and weight.
func (f *penalised) quadratic() (own float64) {
	n, k := len(f.y), len(f.coef)
	clear(f.gram)
	clear(f.pull)
	clear(f.middle)
	weights, scores := 0.0, 0.0
	for i, y := range f.y {
		_, score, weight := Binomial.at(f.eta[i], y, 0)
		weights, scores = weights+weight, scores+score
		z := f.row(i)
		for j, v := range z {
			f.pull[j] += score * v
			wv := weight * v
			f.middle[j] += wv
			g := f.gram[j*k : j*k+j+1]
			for m := range g {
				g[m] += wv * z[m]
			}
		}
	}
	for j := range k {
		f.middle[j] /= weights
	}
	for j := range k {
		f.pull[j] = (f.pull[j] - scores*f.middle[j]) / float64(n)
		for m := range j + 1 {
			v := (f.gram[j*k+m] - weights*f.middle[j]*f.middle[m]) / float64(n)
			f.gram[j*k+m], f.gram[m*k+j] = v, v
		}
	}
	return scores / weights
}

const (
	maxPenalisedSteps = 100
	maxSweeps         = 2000
)

// descend goes from where the fit stands to the minimum at lambda; false where it ran out of steps.
func (f *penalised) descend(lambda float64) bool {
	k := len(f.coef)
	for range maxPenalisedSteps {
		own := f.quadratic()
		f.sweep(lambda)
		for j, d := range f.step {
			own -= d * f.middle[j]
		}
		size, slope := own*own, f.penalty(lambda, 1)-f.penalty(lambda, 0)
		for j, d := range f.step {
			size += d * d
			slope -= d * f.pull[j]
		}
		for i := range f.along {
			f.along[i] = own
			for j, v := range f.row(i) {
				f.along[i] += v * f.step[j]
			}
		}
		part, loss := 1.0, f.lossAt(1)
		for ; part > 1e-6 && loss+f.penalty(lambda, part) > f.loss+f.penalty(lambda, 0)+1e-4*part*min(slope, 0)+1e-14; part /= 2 {
			loss = f.lossAt(part / 2)
		}
		f.loss, f.intercept = loss, f.intercept+part*own
		for i := range f.eta {
			f.eta[i] += part * f.along[i]
		}
		for j := range k {
			f.coef[j] += part * f.step[j]
		}
		if size < 1e-16*(1+f.intercept*f.intercept) {
			return true
		}
	}
	return false
}

// penalty is that of the coefficients after a part of the step.
func (f *penalised) penalty(lambda, part float64) (sum float64) {
	for j, b := range f.coef {
		b += part * f.step[j]
		sum += f.mix*math.Abs(b) + (1-f.mix)/2*b*b
	}
	return lambda * sum
}

// sweep finds the step that minimises the quadratic and the penalty.
func (f *penalised) sweep(lambda float64) {
	k := len(f.coef)
	clear(f.step)
	copy(f.left, f.pull)
	for range maxSweeps {
		most := 0.0
		for j := range k {
			own := f.gram[j*k+j]
			if f.sd[j] == 0 || own == 0 {
				continue
			}
			now := f.coef[j] + f.step[j]
			u := f.left[j] + own*now
			to := math.Copysign(max(math.Abs(u)-lambda*f.mix, 0), u) / (own + lambda*(1-f.mix))
			if to == now {
				continue
			}
			change := to - now
			f.step[j] += change
			most = max(most, own*change*change)
			for m, v := range f.gram[j*k : (j+1)*k] {
				f.left[m] -= v * change
			}
			if to == 0 {
				f.step[j] = -f.coef[j] // exactly, so that the coefficient is 0
			}
		}
		if most < 1e-20 {
			return
		}
	}
}

// model gives the coefficients in the columns' units.
func (f *penalised) model(names []string, lambda float64) *Logistic {
	m := &Logistic{Names: slices.Clone(names), Intercept: f.intercept, Coef: make([]float64, len(f.coef)), Lambda: lambda, Mix: f.mix}
	for j, b := range f.coef {
		if f.sd[j] > 0 {
			m.Coef[j] = b / f.sd[j]
			m.Intercept -= m.Coef[j] * f.mean[j]
		}
	}
	return m
}
