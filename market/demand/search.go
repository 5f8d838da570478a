package demand

import (
	"cmp"
	"math"
	"slices"

	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// search maximises the likelihood over the angles of l, which has many local maxima: climbs from up to the given number
// of scattered starts; then, where they found different optima, hops from the best until so many in a row are in vain.
func (l *likelihood) search(starts, hops int) []float64 {
	if len(l.params) == 0 {
		return nil
	}
	h := l.head()
	found := h.climb(starts)
	best := &found[0]
	if len(found) > 1 || len(best.x) > 3 {
		h.hop(best, hops)
		if h != l { // the highest hill of the whole series need not be that of its beginning
			best = l.highest(found)
			l.hop(best, longHops)
		}
	}
	for range 3 {
		_, ok := levenbergMarquardt(l.at, best.x, len(l.e[0]), 1e-11, 200)
		nearBoundary := func(v float64) bool { return math.Abs(math.Sin(v)) > 0.99 }
		if l.fixed != nil || ok && !slices.ContainsFunc(best.x, nearBoundary) {
			break
		}
		l.polish(best.x)
	}
	return best.x
}

// longHops are the hops in vain that a long series is worth.
const longHops = 4

// highest climbs from optima of another likelihood and gives the best.
func (l *likelihood) highest(from []optimum) *optimum {
	best := &optimum{from[0].x, math.Inf(1)}
	for _, o := range from {
		if o = l.promising(o.x, best.value); o.value < best.value {
			best = &o
		}
	}
	return best
}

// polish goes on from where the least-squares method stalls: on ridges towards the boundary, where the determinant's
// curvature matters, which it neglects. It takes Newton steps in Fisher's z = artanh of the partial autocorrelations, whose
// scale near the boundary is the logarithm of the distance.
func (l *likelihood) polish(x []float64) {
	res := make([]float64, len(l.e[0]))
	z, angles := make([]float64, len(x)), make([]float64, len(x))
	for i, v := range x {
		const farthest = 1 - 1e-15
		z[i] = math.Atanh(math.Sin(v) * farthest)
	}
	newton(func(z []float64) float64 {
		for i, v := range z {
			angles[i] = gudermannian(v)
		}
		if math.IsInf(l.at(angles, res), 1) {
			return math.Inf(-1)
		}
		return l.logLik()
	}, z)
	for i, v := range z {
		x[i] = gudermannian(v)
	}
}

// gudermannian is atan(sinh z), the angle of Fisher's z, with the same bits with and without fused multiply-add.
func gudermannian(z float64) float64 { return math.Atan((portable.Exp(z) - portable.Exp(-z)) / 2) }

// head is the likelihood of a long series' beginning, which is enough to find the hill; of a short series the whole.
func (l *likelihood) head() *likelihood {
	const enough = 1000
	if len(l.e[0]) < 2*enough {
		return l
	}
	h := *l // scratch space is shared: the two are not used at the same time
	h.cols, h.e = make([][]float64, len(l.cols)), make([][]float64, len(l.e))
	for c := range l.cols {
		h.cols[c], h.e[c] = l.cols[c][:enough], l.e[c][:enough]
	}
	h.used = enough
	if l.observed != nil {
		h.observed = l.observed[:enough]
		h.used = -l.nuisance
		for _, seen := range h.observed {
			if seen {
				h.used++
			}
		}
	}
	if math.IsInf(h.at(make([]float64, len(l.params)), make([]float64, enough)), 1) {
		return l // a regressor that is constant there
	}
	return &h
}

// optimum is a point that a climb reached, and the objective there.
type optimum struct {
	x     []float64
	value float64
}

// behind is by how much of log-likelihood objective a is worse than b.
func (l *likelihood) behind(a, b float64) float64 { return float64(l.used) / 2 * math.Log(a/b) }

// promising climbs from x, but gives up, at +Inf, where a few steps do not bring it near the best value so far. Of more
// parameters it takes more steps and asks for less.
func (l *likelihood) promising(x []float64, best float64) optimum {
	k, n := len(x), len(l.e[0])
	value, _ := levenbergMarquardt(l.at, x, n, 1e-2, 2+2*k)
	if l.behind(value, best) > float64(2*k) {
		return optimum{x, math.Inf(1)}
	}
	value, _ = levenbergMarquardt(l.at, x, n, 1e-3, 30)
	return optimum{x, value}
}

// climb goes uphill from white noise and from scattered starts, up to the given number or until the optima found are
// believed to be all: of N climbs to w optima, w(N-1)/(N-w-2) are expected to exist (Boender & Rinnooy Kan 1987,
// Mathematical Programming 37). It gives them, the best first.
func (l *likelihood) climb(starts int) []optimum {
	const same = 0.02 // in log-likelihood
	var found []optimum
	best := optimum{make([]float64, len(l.params)), math.Inf(1)}
	for i := range starts {
		x := make([]float64, len(l.params))
		if i > 0 {
			scatter(i, x)
			for d := range x {
				x[d] = (2*x[d] - 1) * 1.45 // partial autocorrelations within ±0.993
			}
		}
		o := l.promising(x, best.value)
		if math.IsInf(o.value, 1) {
			continue
		}
		if o.value < best.value {
			best = o
		}
		if !slices.ContainsFunc(found, func(f optimum) bool { return math.Abs(l.behind(f.value, o.value)) < same }) {
			found = append(found, o)
		}
		n, w := i+1, len(found)
		if n >= 4*len(l.params) && n > w+2 && float64(w*(n-1))/float64(n-w-2) < float64(w)+0.5 {
			break
		}
	}
	if len(found) == 0 {
		return []optimum{best}
	}
	at := slices.IndexFunc(found, func(f optimum) bool { return l.behind(f.value, best.value) < same })
	found[at] = best
	slices.SortFunc(found, func(a, b optimum) int { return cmp.Compare(a.value, b.value) })
	return found
}

// hop climbs from points around the best optimum, which moves when they find a better one, until `patience` of them in a row
// have not (monotonic basin hopping: Leary 2000, Journal of Global Optimization 18). In turn it goes near, goes far, changes
// the angles' distances from the boundary by factors, which moves along the ridges on which roots all but cancel, and starts
// from pairs of complex roots near the unit circle that all but cancel, at a random frequency: narrow hills that nothing else finds.
func (l *likelihood) hop(best *optimum, patience int) {
	stream := rng.New(0, 0).Family("demand/search").At()
	x := make([]float64, len(best.x))
	for failed, i := 0, 0; failed < patience && i < 10*patience; i++ {
		for d, at := range best.x {
			z := stream.Normal()
			switch i % 4 {
			case 0:
				x[d] = at + z/2
			case 1:
				x[d] = at + z
			case 2:
				s := math.Asin(math.Sin(at))
				x[d] = math.Copysign(math.Pi/2-(math.Pi/2-math.Abs(s))*portable.Exp(z), s)
			}
		}
		if i%4 == 3 {
			copy(x, best.x)
			frequency, depth := stream.Float64(), 0.3*stream.Float64()
			ar, ma, _, _ := l.blocks(x)
			for _, block := range [][]float64{ar, ma} {
				if len(block) >= 2 {
					clear(block)
					block[0], block[1] = math.Pi*(frequency-0.5), depth-math.Pi/2
					depth /= 2
				}
			}
		}
		failed++
		if value := l.promising(x, best.value).value; value < best.value {
			if l.behind(best.value, value) > 1e-3 {
				failed = 0
			}
			best.value = value
			copy(best.x, x)
		}
	}
}

// scatter is the i-th point (from 1) of the Halton sequence in (0, 1)^len(x): a low-discrepancy set of starts.
func scatter(i int, x []float64) {
	base := 1
	for d := range x {
		for base++; !prime(base); base++ {
		}
		f, v := 1.0, 0.0
		for n := i; n > 0; n /= base {
			f /= float64(base)
			v += f * float64(n%base)
		}
		x[d] = v
	}
}

func prime(n int) bool {
	for d := 2; d*d <= n; d++ {
		if n%d == 0 {
			return false
		}
	}
	return true
}
