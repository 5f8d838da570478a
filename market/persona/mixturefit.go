package persona

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	maxEMSteps  = 2000
	emTolerance = 1e-9 // of the log-likelihood of a row
	// Starts are judged by short climbs on some rows, and the most promising go on, on all of them (Biernacki, Celeux & Govaert 2003,
	// Computational Statistics & Data Analysis 41, 561: em-EM).
	startTolerance = 1e-4
	startSteps     = 100
	startRows      = 2500
	emFinalists    = 2 // on few rows; on more, of which the starts' are a sample, 1
)

// FitMixture fits by EM (Dempster, Laird & Rubin 1977) to x, n rows of d features, from k-means groups of k-means++ starts, and
// keeps the likeliest whose covariances are no less than a floor (Hathaway 1985; see spreadFloor). It refuses what FitKMeans refuses.
func FitMixture(x []float64, d int, o MixtureOptions) (*Mixture, error) {
	p, err := newPoints(x, d, o.K)
	if err != nil {
		return nil, err
	}
	floor, some := newSpreadFloor(p, o.Names), p.some(startRows)
	if len(some.weight) < 10*o.K {
		some = p
	}
	starts := make([]*em, cmp.Or(max(o.Restarts, 0), 10))
	o.side(len(starts), func(r int) {
		start, stream := newLloyd(some, o.K), o.Streams.At(uint64(r))
		start.seed(&stream)
		start.run(0)
		starts[r] = newEM(some, o.K, floor, o.Diagonal)
		for i, g := range start.label {
			starts[r].share[i*o.K+int(g)] = 1
		}
		starts[r].climb(startTolerance, startSteps)
	})
	slices.SortStableFunc(starts, func(a, b *em) int { return cmp.Compare(b.m.LogLik, a.m.LogLik) })
	last := make([]*em, min(emFinalists, len(starts)))
	if some != p {
		last = last[:1]
	}
	o.side(len(last), func(i int) {
		last[i] = newEM(p, o.K, floor, o.Diagonal)
		last[i].m = starts[i].m
		last[i].m.Converged, last[i].m.Iterations = false, 0
		last[i].expect()
		last[i].climb(cmp.Or(o.Tolerance, emTolerance), maxEMSteps)
	})
	return slices.MaxFunc(last, func(a, b *em) int { return cmp.Compare(a.m.LogLik, b.m.LogLik) }).result(), nil
}

// side does n things, as many at a time as there are workers.
func (o MixtureOptions) side(n int, one func(i int)) {
	var next atomic.Int64
	var running sync.WaitGroup
	for range min(max(o.Workers, 1), n) {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				one(i)
			}
		})
	}
	running.Wait()
}

// some are the points of about n rows at equal distances in the order of the points: all of them where there are no more.
func (p *points) some(n int) *points {
	if len(p.of) <= n {
		return p
	}
	s, from, taken := &points{d: p.d, of: make([]int32, n)}, 0.0, 0
	for i, w := range p.weight {
		from += w
		before := taken
		for taken < n && (float64(taken)+0.5)*float64(len(p.of))/float64(n) < from {
			taken++
		}
		if taken > before {
			s.x, s.weight = append(s.x, p.row(i)...), append(s.weight, float64(taken-before))
		}
	}
	return s
}

// em is one climb.
type em struct {
	p     *points
	m     *Mixture
	floor *spreadFloor
	share []float64 // m×K, the probability of each group at each point
}

func newEM(p *points, k int, floor *spreadFloor, diagonal bool) *em {
	e := &em{p: p, floor: floor, share: make([]float64, len(p.weight)*k), m: &Mixture{Diagonal: diagonal, Weights: make([]float64, k)}}
	for range k {
		e.m.Means = append(e.m.Means, make([]float64, p.d))
		covariance := make([][]float64, p.d)
		for j := range covariance {
			covariance[j] = make([]float64, p.d)
		}
		e.m.Covariances = append(e.m.Covariances, covariance)
	}
	return e
}

// climb steps until the log-likelihood of a row gains less than the tolerance.
func (e *em) climb(tolerance float64, steps int) {
	e.m.LogLik = math.Inf(-1)
	for !e.m.Converged && e.m.Iterations < steps {
		e.maximise()
		e.m.prepare() // the floor keeps it from failing
		e.m.Iterations++
		before := e.m.LogLik
		e.expect()
		e.m.Converged = e.m.LogLik-before < tolerance*float64(len(e.p.of))
	}
}
