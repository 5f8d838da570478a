package choice

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/gonum/mat"
)

// LatentClass is the latent-class logit of Kamakura & Russell (1989, Journal of Marketing Research 26): each household is of
// one of C classes for good, each class a conditional logit of its own; the first class is the largest. Coefficients are those
// of class 1 to C, "class1:price" and so on, then, for classes 2 to C, "class2:membership" and "class2:TRAIT" of
//
//	P(class c) = exp(g_c·z) / Σ_d exp(g_d·z),  g_1 = 0,  z = (1, traits)
//
// (Dayton & Macready 1988 for the traits, known as concomitant variables).
type LatentClass struct {
	Estimates
	Members []string  `json:"concomitants,omitempty"` // the traits that membership depends on
	Shares  []float64 `json:"shares"`                 // mean probability of each class over the households
	// Starts is how many random starts were climbed from, Finished how many of them to the top (the most promising), Reached
	// how many of these ended within 0.01 of the best, Emptied in how many starts a class lost all its households.
	Starts   int `json:"starts"`
	Finished int `json:"finished"`
	Reached  int `json:"reached"`
	Emptied  int `json:"emptied"`
}

// LatentClassOptions says how many classes to fit and how hard to try.
type LatentClassOptions struct {
	Utility      Utility
	Classes      int      // 2 or more
	Concomitants []string // traits on which membership depends
	Starts       int      // 0 is 50, and up to twice as many again while only one of them has reached the best
	Seed         uint64   // of the starts
	Workers      int      // that climb side by side, with the same result for any number; below 1 is one
	// Progress, where it is not nil, is told in order, and not from two goroutines at once, of each start that was made and each climb
	// to the top. The total grows where more starts are tried.
	Progress func(done, total int)
}

const (
	// Without a number of starts, batches follow until so many climbs agree on the best.
	batchStarts, mostBatches, agreeing = 50, 3, 2
	// Each start gets so many sweeps of EM; the better half of a batch gets as many again; the best fifth of the batch, and at
	// least eight, is climbed to the top.
	sweeps, finishedShare, leastFinished = 8, 5, 8
	// emptied is the number of households below which a class is said to be empty.
	emptied = 1.0
)

// FitLatentClass estimates by expectation–maximisation from many random starts (each M-step one damped Newton step of each
// class: Lange 1995, JRSS B 57), then Newton's method with the exact Hessian (Louis 1982) from the most promising, after
// Biernacki, Celeux & Govaert (2003, Computational Statistics & Data Analysis 41). Starts run side by side, with the same
// result on any number of workers. Robust standard errors are by household.
func FitLatentClass(s *Situations, o LatentClassOptions) (*LatentClass, error) {
	d, err := newDesign(s, o.Utility)
	if err != nil {
		return nil, err
	}
	if o.Classes < 2 || o.Classes > d.households() || o.Starts < 0 {
		return nil, field.New("classes", o.Classes, fmt.Sprintf("2 or more, not more than the %d households; 0 or more starts", d.households()))
	}
	z, err := concomitants(s, d, o.Concomitants)
	if err != nil {
		return nil, err
	}
	plain, _, err := d.fitLogit()
	if err != nil {
		return nil, err
	}
	m := &LatentClass{Estimates: newEstimates(s, o.Utility, d), Members: slices.Clone(o.Concomitants)}
	l := newMixture(d, o.Classes, z)
	theta, best := m.search(l, plain, o)
	iterations := best.iterations
	theta = l.bySize(theta)
	best = maximise(l.evaluate, theta, 20) // settles at once: only the order of the classes has changed
	best.iterations += iterations
	scores := l.scores(theta)
	names := classNames(d.names, o.Classes, o.Concomitants)
	m.Shares = l.shares()
	m.finish(names, theta, best, scores, counting(d.households()))
	ranges := slices.Repeat(d.ranges(), o.Classes)
	m.warnOfSeparation(names, best, append(ranges, make([]float64, len(theta)-len(ranges))...))
	m.warnOfOneChoice(d)
	if m.Reached < agreeing {
		m.warn("of %d starts only one reached the best log-likelihood: more starts may find a better one", m.Starts)
	}
	for c, share := range m.Shares {
		if share*float64(d.households()) < emptied {
			m.warn("class %d is empty: %.2g of %d households; fit fewer classes", c+1, share*float64(d.households()), d.households())
		}
	}
	return m, nil
}

// counting returns 0 to n: each household is one piece.
func counting(n int) []int {
	out := make([]int, n+1)
	for i := range out {
		out[i] = i
	}
	return out
}

// concomitants returns a row (1, traits) for each household.
func concomitants(s *Situations, d *design, names []string) (*mat.Dense, error) {
	z := mat.NewDense(d.households(), 1+len(names), nil)
	for h := range d.households() {
		row := z.RawRowView(h)
		row[0] = 1
		for t, name := range names {
			at := slices.Index(s.Traits, name)
			if at < 0 {
				return nil, field.New("concomitants", name, fmt.Sprintf("one of the traits %q", s.Traits))
			}
			row[1+t] = s.Trait[d.situation[d.panel[h]]*len(s.Traits)+at]
		}
	}
	for t, name := range names {
		if column := mat.Col(nil, 1+t, z); slices.Max(column) == slices.Min(column) {
			return nil, field.New("concomitants", name+", the same in every household", "a trait that differs")
		}
	}
	return z, nil
}

// search climbs from batches of random starts and returns the highest point it found.
func (m *LatentClass) search(l *mixture, plain []float64, o LatentClassOptions) (theta []float64, best *ascent) {
	batches, size := 1, o.Starts
	if size == 0 {
		batches, size = mostBatches, batchStarts
	}
	family := rng.New(o.Seed, 0).Family("choice.latent-class")
	crew := &crew{workers: max(o.Workers, 1), progress: o.Progress}
	var values []float64
	for ; batches > 0 && m.Reached < agreeing; batches-- {
		starts := make([]start, size)
		crew.total += size + finishing(size)
		crew.each(l, size, func(l *mixture, i int) {
			stream := family.At(uint64(m.Starts + i))
			starts[i] = l.begin(plain, &stream)
			crew.tell()
		})
		m.Starts += size
		for _, s := range starts {
			if s.emptied {
				m.Emptied++
			}
		}
		finished := crew.promising(l, starts)
		tops := make([]*ascent, len(finished))
		crew.each(l, len(finished), func(l *mixture, i int) {
			tops[i] = maximise(l.evaluate, finished[i].theta, 60)
			crew.tell()
		})
		for i, up := range tops {
			values = append(values, up.value)
			if best == nil || up.value > best.value {
				best, theta = up, finished[i].theta
			}
		}
		m.Finished, m.Reached = len(values), 0
		for _, v := range values {
			if v > best.value-0.01 {
				m.Reached++
			}
		}
	}
	return theta, best
}

// start is a climb under way.
type start struct {
	theta   []float64
	value   float64
	emptied bool // after the first sweeps
}

// crew is who climbs, and who is told how far they are.
type crew struct {
	workers     int
	progress    func(done, total int) // may be nil
	mu          sync.Mutex
	done, total int // starts made and climbs to the top
}

func (c *crew) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.done++; c.progress != nil {
		c.progress(c.done, c.total)
	}
}

// each calls do for 0 to n-1 side by side, for each worker with a mixture of its own.
func (c *crew) each(l *mixture, n int, do func(l *mixture, i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(n, c.workers) {
		workers.Go(func() {
			own := newMixture(l.design, l.classes, l.z)
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(own, i)
			}
		})
	}
	workers.Wait()
}

// begin makes the first sweeps from classes scattered about the conditional logit.
func (l *mixture) begin(plain []float64, stream *rng.Stream) start {
	s := start{theta: make([]float64, l.size())}
	for c := range l.classes {
		for j, b := range plain {
			s.theta[c*l.k+j] = b + stream.Normal()/l.spread[j]
		}
	}
	l.climbOn(&s)
	s.emptied = slices.Min(l.shares())*float64(l.households()) < emptied
	return s
}

func (l *mixture) climbOn(s *start) {
	for range sweeps {
		s.value = l.sweep(s.theta)
	}
}

// promising gives the better half as many sweeps again and returns the best of it.
func (c *crew) promising(l *mixture, starts []start) []start {
	higher := func(a, b start) int { return cmp.Compare(b.value, a.value) }
	slices.SortStableFunc(starts, higher)
	half := starts[:(len(starts)+1)/2]
	c.each(l, len(half), func(l *mixture, i int) { l.climbOn(&half[i]) })
	slices.SortStableFunc(half, higher)
	return half[:finishing(len(starts))]
}

// finishing is how many of so many starts are climbed to the top.
func finishing(starts int) int {
	return min(max(leastFinished, starts/finishedShare), (starts+1)/2)
}

// Class returns the conditional logit of class c, from 0, with that part of the covariances.
func (m *LatentClass) Class(c int) *Logit {
	k := m.classSize()
	own := Estimates{Alternatives: m.Alternatives, Attributes: m.Attributes, Outside: m.Outside, Utility: m.Utility, Converged: m.Converged}
	for _, p := range m.classOf(c) {
		p.Name = strings.TrimPrefix(p.Name, fmt.Sprintf("class%d:", c+1))
		own.Coefficients = append(own.Coefficients, p)
	}
	part := func(v [][]float64) (out [][]float64) {
		for i := c * k; i < min((c+1)*k, len(v)); i++ {
			out = append(out, v[i][c*k:(c+1)*k])
		}
		return out
	}
	own.Covariance, own.Robust, own.Clustered = part(m.Covariance), part(m.Robust), part(m.Clustered)
	return &Logit{Estimates: own}
}

// Draws is 1: a person is of a class.
func (m *LatentClass) Draws() int { return 1 }

// Concomitants names the traits on which membership depends.
func (m *LatentClass) Concomitants() []string { return m.Members }

func (m *LatentClass) structure() *tree { return nil }

// classOf returns the coefficients of class c.
func (m *LatentClass) classOf(c int) []Parameter {
	k := m.classSize()
	return m.Coefficients[c*k : (c+1)*k]
}

// classSize is how many coefficients of utility a class has: what is not of membership, divided by the classes.
func (m *LatentClass) classSize() int {
	n := len(m.Shares)
	return (len(m.Coefficients) - (n-1)*(1+len(m.Members))) / n
}

// odds returns exp(g_c·z) relative to the first class for class c.
func (m *LatentClass) odds(c int, traits []float64) float64 {
	if c == 0 {
		return 1
	}
	g := m.Coefficients[len(m.Shares)*m.classSize()+(c-1)*(1+len(m.Members)):]
	v := g[0].Estimate
	for t, x := range traits {
		v += float64(g[1+t].Estimate * x)
	}
	return portable.Exp(v)
}

func (m *LatentClass) crowd(traits []float64) (weights []float64, tastes [][]float64) {
	total := 0.0
	for c := range m.Shares {
		var b []float64
		for _, p := range m.classOf(c) {
			b = append(b, p.Estimate)
		}
		weights, tastes = append(weights, m.odds(c, traits)), append(tastes, b)
		total += weights[c]
	}
	for c := range weights {
		weights[c] /= total
	}
	return weights, tastes
}

func (m *LatentClass) become(tastes, u, traits []float64) {
	total := 0.0
	for c := range m.Shares {
		total += m.odds(c, traits)
	}
	target, sum, class := float64(u[0]*total), 0.0, len(m.Shares)-1
	for c := range m.Shares {
		if sum += m.odds(c, traits); target < sum {
			class = c
			break
		}
	}
	for j, p := range m.classOf(class) {
		tastes[j] = p.Estimate
	}
}
