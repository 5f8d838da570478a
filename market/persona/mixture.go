package persona

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

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

const (
	maxEMSteps  = 2000
	emTolerance = 1e-9 // of the log-likelihood of a row
	// ridge, of a feature's overall variance, is added to the variances within groups: without it a group that closes in on
	// rows that are alike has a likelihood without end.
	ridge = 1e-6
)

// FitMixture fits by EM (Dempster, Laird & Rubin 1977) to x, n rows of d features, from k-means groups of k-means++ starts, and
// keeps the likeliest. It refuses what FitKMeans refuses.
func FitMixture(x []float64, d int, o MixtureOptions) (*Mixture, error) {
	p, err := newPoints(x, d, o.K)
	if err != nil {
		return nil, err
	}
	floor := p.variances()
	for j := range floor {
		floor[j] = max(ridge*floor[j], 1e-12)
	}
	fits := make([]*em, cmp.Or(max(o.Restarts, 0), 10))
	var next atomic.Int64
	var running sync.WaitGroup
	for range min(max(o.Workers, 1), len(fits)) {
		running.Go(func() {
			start := newLloyd(p, o.K)
			for r := int(next.Add(1)) - 1; r < len(fits); r = int(next.Add(1)) - 1 {
				stream := o.Streams.At(uint64(r))
				start.seed(&stream)
				start.run(0)
				fits[r] = newEM(p, start, floor, o.Diagonal)
				fits[r].climb()
			}
		})
	}
	running.Wait()
	best := fits[0]
	for _, f := range fits {
		if f.m.LogLik > best.m.LogLik {
			best = f
		}
	}
	return best.result(), nil
}

// variances of the features over all rows.
func (p *points) variances() []float64 {
	mean, square, n := make([]float64, p.d), make([]float64, p.d), float64(len(p.of))
	for i, w := range p.weight {
		for j, v := range p.row(i) {
			mean[j] += w * v / n
		}
	}
	for i, w := range p.weight {
		for j, v := range p.row(i) {
			square[j] += w * (v - mean[j]) * (v - mean[j]) / n
		}
	}
	return square
}

// em is one climb.
type em struct {
	p     *points
	m     *Mixture
	floor []float64
	share []float64 // m×K, the probability of each group at each point
}

func newEM(p *points, start *lloyd, floor []float64, diagonal bool) *em {
	k := start.k
	e := &em{p: p, floor: floor, share: make([]float64, len(p.weight)*k), m: &Mixture{Diagonal: diagonal, Weights: make([]float64, k)}}
	for range k {
		e.m.Means = append(e.m.Means, make([]float64, p.d))
		covariance := make([][]float64, p.d)
		for j := range covariance {
			covariance[j] = make([]float64, p.d)
		}
		e.m.Covariances = append(e.m.Covariances, covariance)
	}
	for i, g := range start.label {
		e.share[i*k+int(g)] = 1
	}
	return e
}

func (e *em) climb() {
	e.m.LogLik = math.Inf(-1)
	for !e.m.Converged && e.m.Iterations < maxEMSteps {
		e.maximise()
		e.m.prepare() // the ridge keeps it from failing
		e.m.Iterations++
		before := e.m.LogLik
		e.expect()
		e.m.Converged = e.m.LogLik-before < emTolerance*float64(len(e.p.of))
	}
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
			covariance[j][j] += e.floor[j]
			for l := range j {
				covariance[l][j] = covariance[j][l]
			}
		}
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
		out[g] = portable.Exp(v - most)
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
