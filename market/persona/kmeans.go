package persona

import (
	"cmp"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/souk-sim/souk/sim/rng"
)

// KMeansOptions say how groups are sought. The result does not depend on Workers.
type KMeansOptions struct {
	K        int
	Restarts int        // from new centres, 50 where zero
	Workers  int        // restarts run at a time, 0 meaning one
	Streams  rng.Family // the r-th draws from Streams.At(r) only
}

// KMeans cuts customers into K groups, largest first, of least inertia: the sum of the squared distances of all rows from
// the centre of their group.
type KMeans struct {
	Centers    [][]float64 `json:"centers"` // K×d
	Sizes      []int       `json:"sizes"`   // rows of each group
	Inertia    float64     `json:"inertia"`
	Iterations int         `json:"iterations"` // of the best descent, after it was judged
	Converged  bool        `json:"converged"`  // the best descent came to rest
	Agreeing   int         `json:"agreeing"`   // restarts within 1% of the best one when judged: where few are, more may find better
	Labels     []int       `json:"-"`          // group of each row fitted on, n
}

const maxLloydSteps = 1000

// FitKMeans runs Lloyd's algorithm (1982) from many k-means++ starts on x, n rows of d features one after the other, from the
// most promising to its rest, and betters the best by Hartigan's moves of single points. On large tables the starts are
// compared on a sample, and the most promising go on over all rows (Bradley & Fayyad 1998, ICML). A group that empties takes the point
// farthest from its centre. It refuses values that are not finite and more groups than distinct rows.
func FitKMeans(x []float64, d int, o KMeansOptions) (*KMeans, error) {
	p, err := newPoints(x, d, o.K)
	if err != nil {
		return nil, err
	}
	return p.kmeans(o), nil
}

func (p *points) kmeans(o KMeansOptions) *KMeans {
	restarts := cmp.Or(max(o.Restarts, 0), 50)
	inertias, centers := make([]float64, restarts), make([][]float64, restarts)
	starts := p.sample(max(sampled, 100*o.K))
	starts.descend(o, restarts, func(l *lloyd, r int) {
		stream := o.Streams.At(uint64(r))
		l.seed(&stream)
		l.run(coarse)
		inertias[r], centers[r] = l.inertia, slices.Clone(l.centers)
	})
	order := make([]int, restarts)
	for r := range order {
		order[r] = r
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(inertias[a], inertias[b]) })
	last := make([]*lloyd, min(finalists, restarts))
	p.descend(o, len(last), func(_ *lloyd, i int) {
		last[i] = newLloyd(p, o.K)
		copy(last[i].centers, centers[order[i]])
		last[i].run(0)
	})
	best := slices.MinFunc(last, func(a, b *lloyd) int { return cmp.Compare(a.inertia, b.inertia) })
	best.polish()
	m := best.result()
	for _, v := range inertias {
		if v <= inertias[order[0]]*(1+agreement) {
			m.Agreeing++
		}
	}
	return m
}

const (
	// coarse is the largest move of a centre, in standard deviations of a feature within groups, at which a restart is
	// judged. What is left to go is a long way in steps and a short one in inertia; only the finalists go it.
	coarse    = 0.1
	finalists = 12
	sampled   = 4000 // points on which restarts are compared
	agreement = 0.01
)

// descend does n descents, some at a time, each in the room of its worker.
func (p *points) descend(o KMeansOptions, n int, one func(l *lloyd, r int)) {
	var next atomic.Int64
	var running sync.WaitGroup
	for range min(max(o.Workers, 1), n) {
		running.Go(func() {
			l := newLloyd(p, o.K)
			for r := int(next.Add(1)) - 1; r < n; r = int(next.Add(1)) - 1 {
				one(l, r)
			}
		})
	}
	running.Wait()
}

// Assign gives the group whose centre is nearest to x, the first of several.
func (m *KMeans) Assign(x []float64) int {
	at, least := 0, math.Inf(1)
	for j, c := range m.Centers {
		if s := squared(x, c); s < least {
			at, least = j, s
		}
	}
	return at
}

// lloyd is one descent. A point is looked at again only when the centres may have moved enough to win it over: with gap the
// distance by which its second-nearest centre was farther than its own when it was last looked at, it stays while the sum
// of the later moves of its own centre and of each time the fastest other one is less. That sum depends only on the group,
// so a point at rest costs one comparison (the single bound of Hamerly 2010, with accumulated drifts as in Newling &
// Fleuret 2016); one nearer to its centre than half the way from there to the next one (Elkan 2003) costs one distance.
type lloyd struct {
	p *points
	k int

	centers, sums   []float64 // k×d
	mass            []float64 // k
	label           []int32   // of each point
	until           []float64 // of each point: it stays while spent[label] is less
	spent           []float64 // by group, the sum of moves so far
	drift, half     []float64 // by group: its centre's last move, half the way to the next centre
	inertia, seeded float64   // now, and with the seeds for centres
	iterations      int
	converged       bool
	nearest, trial  []float64 // of each point, squared distances while seeding
	bestTrial       []float64
}

func newLloyd(p *points, k int) *lloyd {
	m := len(p.weight)
	return &lloyd{p: p, k: k, centers: make([]float64, k*p.d), sums: make([]float64, k*p.d), mass: make([]float64, k),
		label: make([]int32, m), until: make([]float64, m), spent: make([]float64, k), drift: make([]float64, k), half: make([]float64, k),
		nearest: make([]float64, m), trial: make([]float64, m), bestTrial: make([]float64, m)}
}

func (l *lloyd) center(j int) []float64 { return l.centers[j*l.p.d : (j+1)*l.p.d] }

// seed is greedy k-means++ (Arthur & Vassilvitskii 2007): the first centre is any row; each next one is, of 2 + ln k rows
// drawn in proportion to the squared distance from the centres so far, the one that leaves the least of it.
func (l *lloyd) seed(stream *rng.Stream) {
	p := l.p
	copy(l.center(0), p.row(draw(p.weight, nil, stream.Float64())))
	for i := range l.nearest {
		l.nearest[i] = squared(p.row(i), l.center(0))
	}
	candidates := 2 + int(math.Log(float64(l.k)))
	for j := 1; j < l.k; j++ {
		best := math.Inf(1)
		for range candidates {
			at := draw(p.weight, l.nearest, stream.Float64())
			x, left := p.row(at), 0.0
			for i, now := range l.nearest {
				if s := squared(p.row(i), x); s < now {
					now = s
				}
				l.trial[i] = now
				left += p.weight[i] * now
			}
			if left < best {
				best = left
				copy(l.center(j), x)
				l.trial, l.bestTrial = l.bestTrial, l.trial
			}
		}
		l.nearest, l.bestTrial = l.bestTrial, l.nearest
	}
	l.seeded = 0
	for i, s := range l.nearest {
		l.seeded += p.weight[i] * s
	}
}

// draw picks a place in proportion to weight, times factor where that is given, by the uniform u.
func draw(weight, factor []float64, u float64) int {
	total := 0.0
	for i, w := range weight {
		if factor != nil {
			w *= factor[i]
		}
		total += w
	}
	target, last := u*total, 0
	for i, w := range weight {
		if factor != nil {
			w *= factor[i]
		}
		if w == 0 {
			continue
		}
		if last = i; target < w {
			break
		}
		target -= w
	}
	return last
}

// run descends from the centres to where no point changes its group, or no centre moves by more than tolerance standard
// deviations.
func (l *lloyd) run(tolerance float64) {
	l.iterations, l.converged = 0, false
	clear(l.sums)
	clear(l.mass)
	clear(l.spent)
	clear(l.half)
	for i := range l.label {
		l.label[i] = -1
	}
	for !l.converged && l.iterations < maxLloydSteps {
		for l.look() && l.iterations < maxLloydSteps {
			l.fill()
			l.move()
			l.iterations++
			if tolerance > 0 && slices.Max(l.drift) < tolerance*l.deviation() {
				l.measure()
				return
			}
		}
		// The sums were kept up by differences: start over from exact ones. That moves centres by rounding alone, and a
		// look at all points confirms the rest.
		l.total()
		l.move()
		for i := range l.until {
			l.until[i] = math.Inf(-1)
		}
		if l.converged = !l.look(); !l.converged {
			l.fill()
			l.move()
			l.iterations++
		}
	}
	l.measure()
}

// look finds the nearest centre of every point that may have another one than before, and tells whether any has.
func (l *lloyd) look() (changed bool) {
	p := l.p
	for i, a := range l.label {
		if a >= 0 && l.until[i] > l.spent[a] {
			continue
		}
		x := p.row(i)
		if a >= 0 {
			if room := l.half[a] - math.Sqrt(squared(x, l.center(int(a)))); room > 0 {
				l.until[i] = l.spent[a] + 2*room
				continue
			}
		}
		at, first, second := int32(0), math.Inf(1), math.Inf(1)
		for j := range l.k {
			switch s := squared(x, l.center(j)); {
			case s < first:
				at, first, second = int32(j), s, first
			case s < second:
				second = s
			}
		}
		l.until[i] = l.spent[at] + math.Sqrt(second) - math.Sqrt(first)
		if at != a {
			l.shift(i, int(a), int(at))
			changed = true
		}
	}
	return changed
}

// shift takes a point from one group, -1 for none, to another.
func (l *lloyd) shift(i, from, to int) {
	d, w := l.p.d, l.p.weight[i]
	for j, v := range l.p.row(i) {
		l.sums[to*d+j] += w * v
		if from >= 0 {
			l.sums[from*d+j] -= w * v
		}
	}
	l.mass[to] += w
	if from >= 0 {
		l.mass[from] -= w
	}
	l.label[i] = int32(to)
}

// fill gives each empty group the point farthest from its centre of those that would not leave another one empty.
func (l *lloyd) fill() {
	for j := range l.k {
		if l.mass[j] > 0 {
			continue
		}
		farthest, most := -1, -1.0
		for i, a := range l.label {
			if l.mass[a] <= l.p.weight[i] {
				continue
			}
			if s := squared(l.p.row(i), l.center(int(a))); s > most {
				farthest, most = i, s
			}
		}
		l.shift(farthest, int(l.label[farthest]), j)
		l.until[farthest] = math.Inf(-1)
	}
}

// place puts the centre of a group in its middle and gives the distance it moved.
func (l *lloyd) place(j int) float64 {
	moved := 0.0
	for f := range l.p.d {
		at := j*l.p.d + f
		v := l.sums[at] / l.mass[j]
		moved += (v - l.centers[at]) * (v - l.centers[at])
		l.centers[at] = v
	}
	return math.Sqrt(moved)
}

// move places all centres, and brings spent and half up to date.
func (l *lloyd) move() {
	fastest, second := 0, math.Inf(-1)
	for j := range l.k {
		l.drift[j] = l.place(j)
		if j == 0 {
			continue
		}
		if l.drift[j] > l.drift[fastest] {
			fastest, second = j, l.drift[fastest]
		} else {
			second = max(second, l.drift[j])
		}
	}
	for j := range l.k {
		other := l.drift[fastest]
		if j == fastest {
			other = max(second, 0)
		}
		l.spent[j] += l.drift[j] + other
		least := math.Inf(1)
		for i := range l.k {
			if i != j {
				least = min(least, squared(l.center(i), l.center(j)))
			}
		}
		l.half[j] = math.Sqrt(least) / 2
	}
}

// total sums every group anew, in the order of the points.
func (l *lloyd) total() {
	clear(l.sums)
	clear(l.mass)
	for i, a := range l.label {
		l.mass[a] += l.p.weight[i]
		for f, v := range l.p.row(i) {
			l.sums[int(a)*l.p.d+f] += l.p.weight[i] * v
		}
	}
}

// polish moves single points to other groups while that lowers the inertia (Hartigan & Wong 1979). A point that is at rest
// for Lloyd, who looks at distances from the centres as they stand, may not be for Hartigan, who lets them follow; the
// other way round it always is (Telgarsky & Vattani 2010).
func (l *lloyd) polish() {
	const least = 1e-12 // of the inertia: less is rounding
	for moved, pass := true, 0; moved && pass < maxLloydSteps; pass++ {
		moved = false
		for i, a := range l.label {
			x, w := l.p.row(i), l.p.weight[i]
			if l.mass[a] <= w {
				continue
			}
			lost := squared(x, l.center(int(a))) * w * l.mass[a] / (l.mass[a] - w)
			to, gain := 0, least*l.inertia
			for j := range l.k {
				if j == int(a) {
					continue
				}
				if g := lost - squared(x, l.center(j))*w*l.mass[j]/(l.mass[j]+w); g > gain {
					to, gain = j, g
				}
			}
			if gain > least*l.inertia {
				l.shift(i, int(a), to)
				l.place(int(a))
				l.place(to)
				moved = true
			}
		}
	}
	l.measure()
}

// deviation is the standard deviation of a feature within groups, as it was among the seeds.
func (l *lloyd) deviation() float64 { return math.Sqrt(l.seeded / (l.p.n * float64(l.p.d))) }

// measure takes the centres and the inertia from the groups, in the order of the points.
func (l *lloyd) measure() {
	l.total()
	for j := range l.k {
		l.place(j)
	}
	l.inertia = 0
	for i, w := range l.p.weight {
		l.inertia += w * squared(l.p.row(i), l.center(int(l.label[i])))
	}
}

// result puts the groups in order, largest first.
func (l *lloyd) result() *KMeans {
	order := make([]int, l.k)
	for j := range order {
		order[j] = j
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(l.mass[b], l.mass[a]), slices.Compare(l.center(a), l.center(b)))
	})
	m := &KMeans{Inertia: l.inertia, Iterations: l.iterations, Converged: l.converged, Labels: make([]int, len(l.p.of))}
	rank := make([]int, l.k)
	for at, j := range order {
		rank[j] = at
		m.Centers = append(m.Centers, slices.Clone(l.center(j)))
		m.Sizes = append(m.Sizes, int(l.mass[j]))
	}
	for i, at := range l.p.of {
		m.Labels[i] = rank[l.label[at]]
	}
	return m
}
