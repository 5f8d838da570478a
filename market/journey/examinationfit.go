package journey

import (
	"cmp"
	"math"
	"slices"
)

// shownAt is how often one item was shown at one position, and clicked there: all that the position-based model needs.
type shownAt struct {
	item, position int
	shown, clicked float64
}

func tabulate(lists []Shown) []shownAt {
	type place struct{ item, position int }
	index := map[place]int{}
	var cells []shownAt
	for _, l := range lists {
		for r, item := range l.Items {
			at, known := index[place{item, r}]
			if !known {
				at = len(cells)
				index[place{item, r}] = at
				cells = append(cells, shownAt{item: item, position: r})
			}
			cells[at].shown++
			if l.Clicked[r] {
				cells[at].clicked++
			}
		}
	}
	slices.SortFunc(cells, func(a, b shownAt) int {
		return cmp.Or(cmp.Compare(a.item, b.item), cmp.Compare(a.position, b.position))
	})
	return cells
}

// halves are the probabilities that EM starts from.
func halves(n int) []float64 {
	p := make([]float64, n)
	for i := range p {
		p[i] = 0.5
	}
	return p
}

// fitPositions runs EM for the position-based model (Chuklin, Markov & de Rijke 2015, ch. 4).
func (x *Examination) fitPositions(lists []Shown, positions int, e *ExaminationEstimates) (loglik float64, sweeps int, converged bool) {
	cells := tabulate(lists)
	items := len(x.Attractiveness)
	shown, part := make([]float64, items+positions), make([]float64, items+positions)
	for _, c := range cells {
		shown[c.item] += c.shown
		shown[items+c.position] += c.shown
	}
	p := halves(items + positions) // attractiveness, then examination
	loglik, sweeps, converged = em(func(p, next []float64) (loglik float64) {
		clear(part)
		for _, c := range cells {
			// Where there is no click, either the item did not attract or it was not looked at.
			a, l, misses := p[c.item], p[items+c.position], c.shown-c.clicked
			part[c.item] += c.clicked + safeRatio(misses*a*(1-l), 1-a*l)
			part[items+c.position] += c.clicked + safeRatio(misses*l*(1-a), 1-a*l)
			loglik += c.clicked*logOr0(a*l) + misses*logOr0(1-a*l)
		}
		renew(next, p, part, shown)
		return loglik
	}, p)
	x.Attractiveness, x.Examined = p[:items:items], p[items:]
	top := slices.Max(x.Examined)
	for r := range x.Examined {
		x.Examined[r] /= top
	}
	for i := range x.Attractiveness {
		x.Attractiveness[i] *= top
	}
	if parts := connected(cells, items, positions); parts > 1 {
		e.warn("items and positions fall into %d sets that never meet: what is the item's and what the position's cannot be told across them; show lists in another order", parts)
	}
	return loglik, sweeps, converged
}

func safeRatio(a, b float64) float64 {
	if a == 0 {
		return 0
	}
	return a / b
}

// connected counts the components of the graph of shown items and positions, by union of roots.
func connected(cells []shownAt, items, positions int) int {
	parent := make([]int, items+positions)
	for i := range parent {
		parent[i] = i
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	for _, c := range cells {
		parent[root(c.item)] = root(items + c.position)
	}
	roots := map[int]bool{}
	for _, c := range cells {
		roots[root(c.item)] = true
	}
	return len(roots)
}

// fitCascade runs EM for the cascade. What is hidden is where below the last click (or below the top, without a click) the
// shopper stopped.
func (x *Examination) fitCascade(lists []Shown, _ int, e *ExaminationEstimates) (loglik float64, sweeps int, converged bool) {
	n := len(x.Attractiveness)
	c := cascadeCounts{attracted: make([]float64, n), looked: make([]float64, n)}
	for _, l := range lists {
		for r, item := range l.Items {
			if l.Clicked[r] {
				c.attracted[item]++
			}
		}
	}
	p := halves(n + 2) // attractiveness, then onward and return
	set := func(p []float64) { x.Attractiveness, x.Onward, x.Return = p[:n:n], p[n], p[n+1] }
	loglik, sweeps, converged = em(func(p, next []float64) (loglik float64) {
		set(p)
		clear(c.looked)
		c.went, c.could = [2]float64{}, [2]float64{}
		for _, l := range lists {
			loglik += c.expect(x, l)
		}
		renew(next[:n], p[:n], c.attracted, c.looked)
		renew(next[n:], p[n:], c.went[:], c.could[:])
		return loglik
	}, p)
	set(p)
	if c.could[0] == 0 {
		e.warn("nobody could pass an item without a click: onward stands where it began")
	}
	if c.could[1] == 0 {
		e.warn("nobody could come back from a click: return stands where it began")
	}
	return loglik, sweeps, converged
}

// cascadeCounts are EM's expected counts: of items looked at, and of steps taken down after no click (0) and after one (1).
type cascadeCounts struct {
	attracted, looked []float64
	went, could       [2]float64
	passed            []float64
}

// expect adds a list and gives its log-likelihood.
func (c *cascadeCounts) expect(x *Examination, l Shown) (loglik float64) {
	rate := [2]float64{x.Onward, x.Return}
	last := 0 // everything down to here was looked at
	for r := len(l.Items) - 1; r > 0; r-- {
		if l.Clicked[r] {
			last = r
			break
		}
	}
	after := 0
	for r := 0; r <= last; r++ {
		item := l.Items[r]
		if r > 0 {
			c.went[after]++
			c.could[after]++
			loglik += math.Log(rate[after])
		}
		c.looked[item]++
		p := x.Attractiveness[item]
		after = 0
		if l.Clicked[r] {
			after = 1
			loglik += math.Log(p)
		} else {
			loglik += math.Log(1 - p)
		}
	}
	// passed[i] is the probability to look at i+1 more items and click none; the rest of it stops there.
	c.passed = c.passed[:0]
	reach := 1.0
	step := after
	total := 0.0
	for _, item := range l.Items[last+1:] {
		total += reach * (1 - rate[step])
		reach *= rate[step] * (1 - x.Attractiveness[item])
		c.passed = append(c.passed, reach)
		step = 0
	}
	total += reach
	// From the bottom up: the posterior probability to have looked at each item.
	beyond := reach / total
	step = 0
	for i := len(c.passed) - 1; i >= 0; i-- {
		if i == 0 {
			step = after
		}
		c.looked[l.Items[last+1+i]] += beyond
		c.went[step] += beyond
		before := 1.0
		if i > 0 {
			before = c.passed[i-1]
		}
		here := beyond + before*(1-rate[step])/total
		c.could[step] += here
		beyond = here
	}
	return loglik + math.Log(total)
}
