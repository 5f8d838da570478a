package journey

import (
	"cmp"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// FitMixture estimates a mixture of the visits, each the states in the order of time, by EM from random starts. open, which may
// be nil, says which of them have no end in the log. The likelihood has many peaks; this is the highest found.
func FitMixture(labels []string, visits [][]int, open []bool, o MixtureOptions) (*Mixture, error) {
	whole, err := FitFunnel(labels, visits, open, FunnelOptions{Order: o.Order, Smoothing: o.Smoothing})
	if err != nil {
		return nil, err
	}
	if o.Kinds < 1 || o.Kinds > len(visits) {
		return nil, field.New("kinds", o.Kinds, "at least one, and no more than visits")
	}
	if o.Starts == 0 {
		o.Starts = mixtureStarts
	}
	if o.Starts < 0 {
		return nil, field.New("starts", o.Starts, "1 or more, or 0")
	}
	if o.Kinds == 1 {
		o.Starts = 1
	}
	data := newPaths(whole, visits, open)
	var best *mixtureFit
	for start := range o.Starts {
		stream := rng.New(o.Seed, 0).Family("journey/mixture").At(uint64(start))
		fit := newMixtureFit(whole, data, o, &stream)
		for range mixtureFirstSweeps {
			fit.sweep()
		}
		if best == nil || fit.loglik > best.loglik {
			best = fit
		}
	}
	sweeps, converged := mixtureFirstSweeps, false
	for before := best.loglik; sweeps < mixtureSweeps && !converged; before = best.loglik {
		best.sweep()
		sweeps++
		converged = best.loglik-before < mixtureTolerance*float64(len(visits))
	}
	m, err := best.mixture()
	if err != nil {
		return nil, err
	}
	e := newEstimates(best.loglik, o.Kinds*whole.Estimates.Parameters+o.Kinds-1, len(visits))
	e.Converged, e.Iterations = converged, sweeps
	if !converged {
		e.warn("EM was still climbing after %d sweeps", sweeps)
	}
	for k, share := range m.Shares {
		if share*float64(len(visits)) < 30 {
			e.warn("kind %d has %.0f visits: its probabilities are hardly told", k+1, share*float64(len(visits)))
		}
	}
	m.Estimates = &MixtureEstimates{Estimates: *e, Starts: o.Starts}
	return m, nil
}

// path is what a chain needs to know of a visit: how often which of its probabilities was met. Equal visits are one path.
type path struct {
	cells, times []int
	visits       float64
}

// newPaths counts visits by cells: Start, then each row's outcomes.
func newPaths(f *Funnel, visits [][]int, open []bool) []path {
	s := len(f.States)
	order := make([]int, len(visits))
	for i := range order {
		order[i] = i
	}
	ends := func(i int) int {
		if open != nil && open[i] {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Or(slices.Compare(visits[a], visits[b]), cmp.Compare(ends(a), ends(b))) })
	var paths []path
	for at, i := range order {
		if at > 0 && slices.Equal(visits[i], visits[order[at-1]]) && ends(i) == ends(order[at-1]) {
			paths[len(paths)-1].visits++
			continue
		}
		cells, position := []int{visits[i][0]}, f.move(0, visits[i][0])
		for _, x := range visits[i][1:] {
			cells = append(cells, int(position)*(s+1)+x)
			position = f.move(position, x)
		}
		if ends(i) == 0 {
			cells = append(cells, int(position)*(s+1)+s)
		}
		slices.Sort(cells)
		p := path{visits: 1}
		for j, c := range cells {
			if j > 0 && c == cells[j-1] {
				p.times[len(p.times)-1]++
			} else {
				p.cells, p.times = append(p.cells, c), append(p.times, 1)
			}
		}
		paths = append(paths, p)
	}
	return paths
}

// mixtureFit is a climb: kinds' probabilities by cell, and room for a sweep.
type mixtureFit struct {
	like   *Funnel // states and order
	o      MixtureOptions
	data   []path
	shares []float64
	p      [][]float64 // by kind and cell
	count  [][]float64
	logs   [][]float64
	belief []float64
	loglik float64 // before the last sweep
}

// newMixtureFit starts from visits thrown to kinds at random, each with a share of all.
func newMixtureFit(like *Funnel, data []path, o MixtureOptions, stream *rng.Stream) *mixtureFit {
	cells := (like.rows() + 1) * (len(like.States) + 1)
	f := &mixtureFit{like: like, o: o, data: data, shares: make([]float64, o.Kinds), belief: make([]float64, o.Kinds)}
	for range o.Kinds {
		f.p, f.count, f.logs = append(f.p, make([]float64, cells)), append(f.count, make([]float64, cells)), append(f.logs, make([]float64, cells))
	}
	for i := range data {
		for k := range f.belief {
			f.belief[k] = stream.Exponential()
		}
		f.share(&data[i], sum(f.belief))
	}
	f.renew()
	return f
}

// share adds a path to the kinds' counts by belief/whole.
func (f *mixtureFit) share(p *path, whole float64) {
	for k, b := range f.belief {
		w := p.visits * b / whole
		f.shares[k] += w
		for j, c := range p.cells {
			f.count[k][c] += w * float64(p.times[j])
		}
	}
}

// sweep is one step of EM.
func (f *mixtureFit) sweep() {
	for k, p := range f.p {
		clear(f.count[k])
		for c, v := range p {
			f.logs[k][c] = math.Log(v)
		}
	}
	prior := make([]float64, len(f.shares))
	for k, s := range f.shares {
		prior[k] = math.Log(s)
	}
	clear(f.shares)
	f.loglik = 0
	for i := range f.data {
		p := &f.data[i]
		for k := range f.belief {
			l := prior[k]
			for j, c := range p.cells {
				l += float64(p.times[j]) * f.logs[k][c]
			}
			f.belief[k] = l
		}
		whole := logSum(f.belief)
		f.loglik += p.visits * whole
		for k, l := range f.belief {
			f.belief[k] = math.Exp(l - whole)
		}
		f.share(p, 1)
	}
	f.renew()
}

// renew makes probabilities of the counts, as a funnel's.
func (f *mixtureFit) renew() {
	total := sum(f.shares)
	for k := range f.shares {
		f.shares[k] /= total
		chain := f.chain(k)
		n := len(f.like.States) + 1
		copy(f.p[k], chain.Start)
		for i, r := range chain.Rows {
			copy(f.p[k][(i+1)*n:], r.Next)
		}
	}
}

// chain is the funnel of kind k's counts.
func (f *mixtureFit) chain(k int) *Funnel {
	s, like := len(f.like.States), f.like
	counts := newFunnelCounts(like)
	copy(counts.start, f.count[k][:s])
	for i := range counts.rows {
		copy(counts.rows[i], f.count[k][(i+1)*(s+1):(i+2)*(s+1)])
		for x, n := range counts.rows[i] {
			counts.last[like.last(i)][x] += n
			counts.all[x] += n
		}
	}
	out := &Funnel{States: like.States, Order: like.Order, Smoothing: like.Smoothing, Start: smoothed(counts.start, equal(s), like.Smoothing)}
	for i := range counts.rows {
		row := FunnelRow{After: like.Rows[i].After}
		row.Next, row.Clicks = counts.estimate(like, i)
		out.Rows = append(out.Rows, row)
	}
	return out
}

// mixture is the fit, the largest kind first.
func (f *mixtureFit) mixture() (*Mixture, error) {
	order := make([]int, len(f.shares))
	for k := range order {
		order[k] = k
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(f.shares[b], f.shares[a]) })
	m := &Mixture{}
	for _, k := range order {
		m.Shares, m.Kinds = append(m.Shares, f.shares[k]), append(m.Kinds, f.chain(k))
	}
	return m, m.Check()
}
