package choice

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/gonum/mat"
)

// MixedLogit is the mixed logit for panels of Revelt & Train (1998, Review of Economics and Statistics 80): some coefficients
// differ between households, for good, as independent normals b + s·z, or log-normals ±exp(b + s·z). Its coefficients are
// the b of all, under the names of what they multiply, then an s for each random one, "sd_NAME".
type MixedLogit struct {
	Estimates
	Random []RandomCoefficient `json:"random"`
	// Nodes is how many points the integral over tastes takes: a trapezoid rule for one random coefficient, scrambled Halton
	// draws, different for each household, for more.
	Nodes int    `json:"nodes"`
	Seed  uint64 `json:"seed"` // of the scrambling
}

// RandomCoefficient is the law of one coefficient over households.
type RandomCoefficient struct {
	Name string `json:"name"`
	// Sign is 0 for a normal; +1 or -1 for a log-normal, the sign of the coefficient in the conditional logit.
	Sign float64 `json:"sign"`
	// Mean, SD and Median over households; for a normal Mean and SD are b and s.
	Mean   float64 `json:"mean"`
	SD     float64 `json:"sd"`
	Median float64 `json:"median"`
}

// MixedOptions says which coefficients are random.
type MixedOptions struct {
	Utility   Utility
	Normal    []string // names of coefficients (attributes, asc_NAME)
	LogNormal []string
	// Nodes is how many points to take; 0 is as many as the likelihood needs (one random coefficient) or 500 draws.
	Nodes int
	Seed  uint64
	// Progress, where it is not nil, is told in order of each evaluation of the likelihood, against as many as there may be.
	Progress func(done, total int)
}

const (
	firstNodes   = 41 // a spacing of 0.4 standard deviations
	mostNodes    = 1281
	defaultDraws = 500
	// settled is how little of the log-likelihood twice the nodes may change.
	settled = 1e-7
	// Newton's method may take so many evaluations from a start, and from the top once there are more nodes.
	climbLimit, refineLimit = 60, 50
)

// firstSpreads are the s that climbs start from, relative to b.
var firstSpreads = [...]float64{0.5, 1.5}

// FitMixed estimates a mixed logit by (simulated) maximum likelihood with analytic gradient and Hessian, Newton's method, from the
// conditional logit and several spreads. Standard errors are by the exact Hessian; robust ones by household.
func FitMixed(s *Situations, o MixedOptions) (*MixedLogit, error) {
	d, err := newDesign(s, o.Utility)
	if err != nil {
		return nil, err
	}
	plain, _, err := d.fitLogit()
	if err != nil {
		return nil, err
	}
	m := &MixedLogit{Estimates: newEstimates(s, o.Utility, d), Nodes: o.Nodes, Seed: o.Seed}
	if m.Random, err = randomCoefficients(d, plain, o); err != nil {
		return nil, err
	}
	one := len(m.Random) == 1
	switch {
	case m.Nodes == 0 && one:
		m.Nodes = firstNodes
	case m.Nodes == 0:
		m.Nodes = defaultDraws
	case m.Nodes < 2:
		return nil, field.New("nodes", m.Nodes, "2 or more, or 0")
	}
	refining := o.Nodes == 0 && one
	work := &evaluations{tell: o.Progress, total: len(firstSpreads) * climbLimit}
	for n := m.Nodes; refining && n < mostNodes; n = 2*n - 1 {
		work.total += refineLimit
	}
	theta, best := m.climb(d, plain, work)
	for refining && m.Nodes < mostNodes {
		before := best.value
		m.Nodes = 2*m.Nodes - 1
		iterations := best.iterations
		work.next(refineLimit)
		best = maximise(work.of(newIntegral(d, m).evaluate), theta, refineLimit)
		best.iterations += iterations
		if math.Abs(best.value-before) < settled {
			break
		}
	}
	work.finish()
	names := slices.Clone(d.names)
	for _, r := range m.Random {
		names = append(names, "sd_"+r.Name)
	}
	l := newIntegral(d, m)
	scores := mat.NewDense(d.households(), len(theta), nil)
	for h := range d.households() {
		l.household(theta, h, scores.RawRowView(h), nil)
	}
	m.finish(names, theta, best, scores, counting(d.households()))
	m.warnOfSeparation(names, best, append(d.ranges(), make([]float64, len(m.Random))...))
	m.warnOfOneChoice(d)
	for i := range m.Random {
		m.Random[i].describe(theta[slices.Index(d.names, m.Random[i].Name)], theta[len(d.names)+i])
	}
	return m, nil
}

func randomCoefficients(d *design, plain []float64, o MixedOptions) ([]RandomCoefficient, error) {
	var out []RandomCoefficient
	for i, name := range append(slices.Clone(o.Normal), o.LogNormal...) {
		at := slices.Index(d.names, name)
		if at < 0 || slices.ContainsFunc(out, func(r RandomCoefficient) bool { return r.Name == name }) {
			return nil, field.New("random coefficients", name, fmt.Sprintf("one of %q, each once", d.names))
		}
		r := RandomCoefficient{Name: name}
		if i >= len(o.Normal) {
			r.Sign = math.Copysign(1, plain[at])
		}
		out = append(out, r)
	}
	if len(out) == 0 || len(out) > len(primes) {
		return nil, field.New("random coefficients", len(out), fmt.Sprintf("1 to %d", len(primes)))
	}
	return out, nil
}

// describe fills the law's moments.
func (r *RandomCoefficient) describe(b, s float64) {
	r.Mean, r.SD, r.Median = b, s, b
	if r.Sign != 0 {
		r.Median = r.Sign * portable.Exp(b)
		r.Mean = r.Median * portable.Exp(s*s/2)
		r.SD = min(math.Abs(r.Mean)*math.Sqrt(math.Expm1(s*s)), math.MaxFloat64)
		r.Mean = max(min(r.Mean, math.MaxFloat64), -math.MaxFloat64) // JSON knows no infinity
	}
}

// WillingnessToPay is that of Estimates at the medians of the random coefficients.
func (m *MixedLogit) WillingnessToPay(price string) ([]Parameter, error) {
	k := len(m.Coefficients) - len(m.Random)
	e, slope := m.Estimates, make([]float64, k)
	e.Coefficients = slices.Clone(m.Coefficients[:k])
	for i := range e.Coefficients {
		p := &e.Coefficients[i]
		slope[i] = 1
		for _, r := range m.Random {
			if r.Name == p.Name && r.Sign != 0 {
				p.Estimate = r.Sign * portable.Exp(p.Estimate)
				slope[i] = p.Estimate
			}
		}
	}
	scaled := func(v [][]float64) [][]float64 {
		if v == nil {
			return nil
		}
		out := table(k, k)
		for i := range out {
			for j := range out {
				out[i][j] = slope[i] * v[i][j] * slope[j]
			}
		}
		return out
	}
	e.Covariance, e.Robust, e.Clustered = scaled(m.Covariance), scaled(m.Robust), scaled(m.Clustered)
	return e.WillingnessToPay(price)
}

// Spread makes a coefficient of a model that is given and not fitted random: normal, or log-normal with the given coefficient for its
// median and sd that of its logarithm.
func (m *MixedLogit) Spread(name string, sd float64, logNormal bool) error {
	at := slices.IndexFunc(m.Coefficients, func(p Parameter) bool { return p.Name == name })
	if at < 0 || at >= len(m.Coefficients)-len(m.Random) {
		return field.New("sd."+name, name, "one of the coefficients")
	}
	b := &m.Coefficients[at].Estimate
	r := RandomCoefficient{Name: name}
	if logNormal {
		if *b == 0 {
			return field.New("sd."+name, "a median of 0", "another coefficient, where it is log-normal")
		}
		r.Sign = math.Copysign(1, *b)
		*b = portable.Log(math.Abs(*b))
	}
	r.describe(*b, sd)
	m.Random = append(m.Random, r)
	m.Coefficients = append(m.Coefficients, Parameter{Name: "sd_" + name, Estimate: sd})
	return nil
}

// climb starts from several spreads and returns the highest point. An s below 0 is the same law as |s|.
func (m *MixedLogit) climb(d *design, plain []float64, work *evaluations) (theta []float64, best *ascent) {
	evaluate := work.of(newIntegral(d, m).evaluate)
	for _, spread := range firstSpreads {
		work.next(climbLimit)
		at := append(slices.Clone(plain), make([]float64, len(m.Random))...)
		for i, r := range m.Random {
			j := slices.Index(d.names, r.Name)
			size := math.Abs(plain[j])
			at[len(plain)+i] = spread * size
			if r.Sign != 0 {
				at[j], at[len(plain)+i] = portable.Log(size), spread/2
			}
		}
		up := maximise(evaluate, at, climbLimit)
		flipped := false
		for i := len(plain); i < len(at); i++ {
			flipped = flipped || at[i] < 0
			at[i] = math.Abs(at[i])
		}
		if flipped { // draws are not quite symmetric
			up = maximise(evaluate, at, climbLimit)
		}
		if best == nil || up.value > best.value {
			best, theta = up, at
		}
	}
	return theta, best
}

// integral evaluates the likelihood of a mixed logit.
type integral struct {
	*design
	random  []RandomCoefficient
	of      []int // of each coefficient of theta: that of utility which it moves
	weight  []float64
	normals []float64 // nodes × random: one rule for all households, or households × nodes × random
	own     bool      // each household has draws of its own
	z       []float64 // random: of the present node
	beta    []float64 // k
	slope   []float64 // size: ∂β_of/∂θ at a node
	p, logs []float64
	room    []float64
	score   []float64 // k
	inner   []float64 // k×k
	sum     []float64 // size: a household's gradient
	shares  []float64 // by node
}

func newIntegral(d *design, m *MixedLogit) *integral {
	k, q := len(d.names), len(m.Random)
	l := &integral{design: d, random: m.Random, beta: make([]float64, k), slope: make([]float64, k+q),
		p: make([]float64, len(d.alternative)), logs: make([]float64, len(d.chosen)), room: make([]float64, 2*d.attributes),
		score: make([]float64, k), inner: make([]float64, k*k), sum: make([]float64, k+q), shares: make([]float64, m.Nodes)}
	for j := range k {
		l.of = append(l.of, j)
	}
	for _, r := range m.Random {
		l.of = append(l.of, slices.Index(d.names, r.Name))
	}
	l.normals, l.weight = m.rule(0)
	if l.own = q > 1; l.own {
		for h := 1; h < d.households(); h++ {
			z, _ := m.rule(h)
			l.normals = append(l.normals, z...)
		}
	}
	return l
}

// rule is how the integral over tastes is taken: weights, and the normals of the points of household h, nodes × random.
func (m *MixedLogit) rule(h int) (normals, weight []float64) {
	q := len(m.Random)
	if q == 1 {
		return trapezoid(m.Nodes)
	}
	draws := newHalton(q, rng.New(m.Seed, 0).Family("choice.mixed-logit"))
	normals, weight = make([]float64, m.Nodes*q), make([]float64, m.Nodes)
	for r := range weight {
		draws.normals(h*m.Nodes+r, normals[r*q:(r+1)*q])
		weight[r] = 1 / float64(m.Nodes)
	}
	return normals, weight
}

// take makes beta and the slopes of household h's node r.
func (l *integral) take(theta []float64, h, r int) {
	at, k, q := r, len(l.beta), len(l.random)
	if l.own {
		at += h * len(l.weight)
	}
	l.z = l.normals[at*q : (at+1)*q]
	copy(l.beta, theta)
	for j := range k {
		l.slope[j] = 1
	}
	for i, law := range l.random {
		j := l.of[k+i]
		l.beta[j] += float64(theta[k+i] * l.z[i])
		if law.Sign != 0 {
			l.beta[j] = law.Sign * portable.Exp(l.beta[j])
			l.slope[j] = l.beta[j]
		}
		l.slope[k+i] = float64(l.slope[j] * l.z[i])
	}
}

func (l *integral) evaluate(theta, gradient, information []float64) float64 {
	clear(gradient)
	clear(information)
	total := 0.0
	for h := range l.households() {
		total += l.household(theta, h, gradient, information)
	}
	if math.IsNaN(total) || math.IsInf(total, 0) {
		return math.Inf(-1)
	}
	return total
}

// household adds household h's gradient and, unless it is nil, the lower triangle of its negative Hessian, and returns its
// log-likelihood, log Σ_r w_r f_r. With shares ω_r of the sum, s_r and J_r score and information at node r,
//
//	g = Σ ω_r s_r,  negative Hessian = Σ ω_r (J_r - s_r s_r') + g g'
//
// as in a latent-class model with a class for each node. It passes twice: the first finds the nodes that matter.
func (l *integral) household(theta []float64, h int, gradient, information []float64) float64 {
	from, to, size := l.panel[h], l.panel[h+1], len(theta)
	logs := l.shares
	for r, w := range l.weight {
		l.take(theta, h, r)
		logs[r] = portable.Log(w) + l.probabilities(l.beta, from, to, l.p, l.logs)
	}
	value := softmax(logs)
	clear(l.sum)
	for r, share := range logs {
		if share < negligible {
			continue
		}
		l.take(theta, h, r)
		l.probabilities(l.beta, from, to, l.p, l.logs)
		clear(l.score)
		inner := l.inner
		if information == nil {
			inner = nil
		}
		clear(inner)
		l.derivatives(l.p, from, to, share, l.score, inner, l.room)
		for i, j := range l.of {
			l.sum[i] += share * l.slope[i] * l.score[j]
		}
		if information != nil {
			l.curve(theta, share, information)
		}
	}
	for i, v := range l.sum {
		gradient[i] += v
		if information != nil {
			for j, w := range l.sum[:i+1] {
				information[i*size+j] += v * w
			}
		}
	}
	return value
}

// curve adds share·(J - s s') of a node to the information, by the chain rule. A log-normal's own second derivatives are
// ∂²β/∂b² = β, ∂²β/∂b∂s = βz, ∂²β/∂s² = βz².
func (l *integral) curve(theta []float64, share float64, information []float64) {
	k, size := len(l.beta), len(theta)
	for i, a := range l.of {
		own := share * l.slope[i] * l.score[a]
		for j, b := range l.of[:i+1] {
			at := a*k + b
			if b > a {
				at = b*k + a
			}
			information[i*size+j] += l.slope[i]*l.slope[j]*l.inner[at] - own*l.slope[j]*l.score[b]
		}
	}
	for i, law := range l.random {
		if law.Sign == 0 {
			continue
		}
		j, s := l.of[k+i], k+i
		bend := share * l.score[j] * l.beta[j]
		information[j*size+j] -= bend
		information[s*size+j] -= bend * l.z[i]
		information[s*size+s] -= bend * l.z[i] * l.z[i]
	}
}

// Draws is one uniform for each random coefficient.
func (m *MixedLogit) Draws() int { return len(m.Random) }

// Concomitants are none.
func (m *MixedLogit) Concomitants() []string { return nil }

func (m *MixedLogit) structure() *tree { return nil }

// tastes fills dst with the coefficients of utility of the household of normals z.
func (m *MixedLogit) tastes(dst, z []float64) {
	m.fill(dst)
	for i, r := range m.Random {
		j := slices.IndexFunc(m.Coefficients, func(p Parameter) bool { return p.Name == r.Name })
		dst[j] += float64(m.Coefficients[len(dst)+i].Estimate * z[i])
		if r.Sign != 0 {
			dst[j] = r.Sign * portable.Exp(dst[j])
		}
	}
}

func (m *MixedLogit) become(tastes, u, _ []float64) {
	var z [len(primes)]float64
	for i, v := range u {
		z[i] = portable.NormalQuantile(v)
	}
	m.tastes(tastes, z[:len(u)])
}

func (m *MixedLogit) crowd([]float64) (weights []float64, tastes [][]float64) {
	normals, weights := m.rule(0)
	q := len(m.Random)
	for r := range weights {
		b := make([]float64, len(m.Coefficients)-q)
		m.tastes(b, normals[r*q:(r+1)*q])
		tastes = append(tastes, b)
	}
	return weights, tastes
}
