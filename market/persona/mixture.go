package persona

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// MixtureOptions say which mixture is sought. The result does not depend on Workers.
type MixtureOptions struct {
	K        int
	Diagonal bool       // features are independent within a group
	Restarts int        // 10 where zero
	Workers  int        // restarts run at a time, 0 meaning one
	Streams  rng.Family // restart r draws from Streams.At(r) only
	// Tolerance is what the log-likelihood of a row gains by a step at which the climb ends, 1e-9 where zero.
	Tolerance float64
	Names     []string // of the d features, for warnings; may be nil
}

// Mixture is a mixture of K normal distributions of d features, the heaviest first.
type Mixture struct {
	Weights     []float64     `json:"weights"`
	Means       [][]float64   `json:"means"`       // K×d
	Covariances [][][]float64 `json:"covariances"` // K×d×d
	Diagonal    bool          `json:"diagonal"`
	LogLik      float64       `json:"loglik"`
	BIC         float64       `json:"bic"` // -2 LogLik + parameters·ln n: the lower, the better (Schwarz 1978)
	Iterations  int           `json:"iterations"`
	Converged   bool          `json:"converged"`
	Warnings    []string      `json:"warnings,omitempty"`
	Labels      []int         `json:"-"` // the likeliest group of each row fitted on, n

	whiten   [][]float64 // by group: the rows of the inverse Cholesky factor, row j with j+1 elements
	constant []float64   // by group: ln weight - ln det/2 - d/2 ln 2π
}

// maximise takes weights, means and covariances from the shares.
func (e *em) maximise() {
	k, d := len(e.m.Weights), e.p.d
	for g := range k {
		mass, mean, covariance := 0.0, e.m.Means[g], e.m.Covariances[g]
		clear(mean)
		for i, w := range e.p.weight {
			w *= e.share[i*k+g]
			mass += w
			for j, v := range e.p.row(i) {
				mean[j] += w * v
			}
		}
		e.m.Weights[g] = mass / float64(len(e.p.of))
		mass = max(mass, 1e-300) // a group that nobody belongs to is left at the origin with the least of spreads
		for j := range d {
			mean[j] /= mass
			clear(covariance[j])
		}
		for i, w := range e.p.weight {
			w *= e.share[i*k+g] / mass
			if w == 0 {
				continue
			}
			x := e.p.row(i)
			for j, v := range x {
				off := w * (v - mean[j])
				if e.m.Diagonal {
					covariance[j][j] += off * (v - mean[j])
					continue
				}
				for l := range j + 1 {
					covariance[j][l] += off * (x[l] - mean[l])
				}
			}
		}
		for j := range d {
			for l := range j {
				covariance[l][j] = covariance[j][l]
			}
		}
		e.floor.lift(covariance, e.m.Diagonal)
	}
}

// expect takes the shares from the densities, and the log-likelihood.
func (e *em) expect() {
	k := len(e.m.Weights)
	e.m.LogLik = 0
	for i, w := range e.p.weight {
		e.m.LogLik += w * e.m.Posterior(e.p.row(i), e.share[i*k:(i+1)*k])
	}
}

// Posterior puts the probabilities of the K groups at x into out, and gives the log-density. It does not allocate.
func (m *Mixture) Posterior(x, out []float64) float64 {
	most := math.Inf(-1)
	for g, mean := range m.Means {
		square, at := 0.0, 0
		for j := range mean {
			z := 0.0
			for l, w := range m.whiten[g][at : at+j+1] {
				z += float64(w * (x[l] - mean[l]))
			}
			square += float64(z * z)
			at += j + 1
		}
		out[g] = m.constant[g] - square/2
		most = max(most, out[g])
	}
	total := 0.0
	for g, v := range out {
		if out[g] = 0; v > most-40 { // else it is lost in the rounding of the others
			out[g] = portable.Exp(v - most)
		}
		total += out[g]
	}
	for g := range out {
		out[g] /= total
	}
	return most + portable.Log(total)
}

// prepare derives what densities need; false where a covariance is none.
func (m *Mixture) prepare() bool {
	d := len(m.Means[0])
	m.whiten, m.constant = make([][]float64, len(m.Means)), make([]float64, len(m.Means))
	for g, covariance := range m.Covariances {
		factor := stats.NewCholesky(d)
		for j := range d {
			copy(factor.L[j*d:j*d+j+1], covariance[j])
		}
		if factor.Factor() >= 0 {
			return false
		}
		m.constant[g] = portable.Log(max(m.Weights[g], 1e-300)) - float64(d)/2*portable.Log(2*math.Pi)
		var inverse []float64 // of the lower triangle, row j at j(j+1)/2
		for j := range d {
			diagonal := factor.L[j*d+j]
			m.constant[g] -= portable.Log(diagonal)
			for l := range j + 1 {
				v := 0.0
				if l == j {
					v = 1
				}
				for i := l; i < j; i++ {
					v -= float64(factor.L[j*d+i] * inverse[i*(i+1)/2+l])
				}
				inverse = append(inverse, v/diagonal)
			}
		}
		m.whiten[g] = inverse
	}
	return true
}

// result orders the groups and labels the rows.
func (e *em) result() *Mixture {
	k, d := len(e.m.Weights), e.p.d
	order := make([]int, k)
	for g := range order {
		order[g] = g
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(e.m.Weights[b], e.m.Weights[a]) })
	m := &Mixture{Diagonal: e.m.Diagonal, LogLik: e.m.LogLik, Iterations: e.m.Iterations, Converged: e.m.Converged}
	n := float64(len(e.p.of))
	for _, g := range order {
		m.Weights = append(m.Weights, e.m.Weights[g])
		m.Means = append(m.Means, e.m.Means[g])
		m.Covariances = append(m.Covariances, e.m.Covariances[g])
		if e.m.Weights[g]*n < float64(d+1) {
			m.Warnings = append(m.Warnings, fmt.Sprintf("group %d has %.1f customers, too few for its covariance", len(m.Weights)-1, e.m.Weights[g]*n))
		}
	}
	if !m.Converged {
		m.Warnings = append(m.Warnings, fmt.Sprintf("not converged after %d iterations", m.Iterations))
	}
	m.prepare()
	m.Warnings = append(m.Warnings, e.floor.warnings(m.Covariances)...)
	parameters := k - 1 + k*d + k*d*(d+1)/2
	if m.Diagonal {
		parameters = k - 1 + 2*k*d
	}
	m.BIC = float64(parameters)*math.Log(n) - 2*m.LogLik
	share, label := make([]float64, k), make([]int, len(e.p.weight))
	for i := range label {
		m.Posterior(e.p.row(i), share)
		for g, v := range share {
			if v > share[label[i]] {
				label[i] = g
			}
		}
	}
	for _, at := range e.p.of {
		m.Labels = append(m.Labels, label[at])
	}
	return m
}

const mixtureSchema = "souk.persona.mixture/1"

type savedMixture struct {
	Schema string `json:"schema"`
	*Mixture
}

// Save writes the mixture as readable JSON. LoadMixture reads it back to the same behaviour, bit for bit.
func (m *Mixture) Save() ([]byte, error) {
	return json.MarshalIndent(savedMixture{mixtureSchema, m}, "", " ")
}

// LoadMixture reads what Save wrote. An error names what is wrong in the document.
func LoadMixture(b []byte) (*Mixture, error) {
	s := savedMixture{Mixture: &Mixture{}}
	if err := field.Document(b, mixtureSchema, &s); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	if !s.prepare() {
		return nil, field.New("covariances", "one that is not positive definite", "covariances")
	}
	return s.Mixture, nil
}

func (m *Mixture) check() error {
	k := len(m.Weights)
	if k == 0 || len(m.Means) != k || len(m.Covariances) != k || len(m.Means[0]) == 0 {
		return field.New("mixture", fmt.Sprintf("%d weights, %d means and %d covariances", k, len(m.Means), len(m.Covariances)), "as many of each, one or more")
	}
	d, total := len(m.Means[0]), 0.0
	for g, w := range m.Weights {
		total += w
		if !(w >= 0) || len(m.Means[g]) != d || !finite(m.Means[g]) || len(m.Covariances[g]) != d {
			return field.New(fmt.Sprintf("group %d", g), fmt.Sprintf("weight %v, means %v", w, m.Means[g]), fmt.Sprintf("a weight of 0 or more, and %d features", d))
		}
		for j, row := range m.Covariances[g] {
			if len(row) != d || !finite(row) {
				return field.New(fmt.Sprintf("covariances[%d][%d]", g, j), fmt.Sprint(row), fmt.Sprintf("%d finite numbers", d))
			}
		}
	}
	if !(math.Abs(total-1) < 1e-6) {
		return field.New("weights", fmt.Sprintf("a sum of %v", total), "1")
	}
	return nil
}
