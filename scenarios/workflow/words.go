package workflow

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/policies"
)

// inWords tells a learned table as a person would: for each situation of the other features, which price it posts over the range
// of the widest one; and the prices it posts week after week while nothing else happens.
func inWords(w *World, table *policies.Table) string {
	dims := table.Encoder.Dimensions
	main := widest(dims)
	var b strings.Builder
	for _, cells := range situations(dims, main) {
		if bands := bandsOf(table, main, cells); len(bands) > 0 {
			when := append(situation(dims, main, cells), strings.ReplaceAll(dims[main].Feature, "_", " ")+" → price: ")
			fmt.Fprintf(&b, "%s%s\n", strings.Join(when, "; "), strings.Join(bands, ", "))
		}
	}
	quiet := "Week after week"
	if len(dims) > 1 {
		quiet = "While nothing else happens"
	}
	fmt.Fprintf(&b, "%s: %s\n", quiet, strings.Join(alone(w, table, 16), " "))
	return b.String()
}

// widest is the dimension with the most cells.
func widest(dims []policies.Dimension) int {
	main := 0
	for i := range dims {
		if len(dims[i].Edges) > len(dims[main].Edges) {
			main = i
		}
	}
	return main
}

// observed is an observation in the middle of the given cells; what the table does not look at is missing.
func observed(table *policies.Table, cells []int) []float64 {
	observation := make([]float64, len(table.Spec.Features))
	for i := range observation {
		observation[i] = missing
	}
	for i := range table.Encoder.Dimensions {
		d := &table.Encoder.Dimensions[i]
		observation[d.Index] = middle(d, cells[i])
	}
	return observation
}

// met says whether training was in an observation's state often enough to mean its answer: 1 time in 200.
func met(table *policies.Table, observation []float64) bool {
	total := visits(table, -1)
	return total == 0 || visits(table, table.Encoder.Encode(observation))*200 > total
}

// situations are all combinations of cells of the dimensions but one, missing values left out.
func situations(dims []policies.Dimension, but int) [][]int {
	all := [][]int{make([]int, len(dims))}
	for i := range dims {
		if i == but {
			continue
		}
		var more [][]int
		for _, cells := range all {
			for k := 0; k <= len(dims[i].Edges); k++ {
				next := slices.Clone(cells)
				next[i] = k
				more = append(more, next)
			}
		}
		all = more
	}
	return all[:min(len(all), mostSituations)]
}

// mostSituations bounds the words; the table itself is in the bundle.
const mostSituations = 16

// situation words the cells of all dimensions but the main one.
func situation(dims []policies.Dimension, main int, cells []int) (parts []string) {
	for i := range dims {
		if i == main {
			continue
		}
		name := strings.ReplaceAll(dims[i].Feature, "_", " ")
		rival, isDeal := strings.CutPrefix(dims[i].Feature, "deal:")
		switch {
		case isDeal && len(dims[i].Edges) == 1 && cells[i] == 0:
			parts = append(parts, rival+" not on deal")
		case isDeal && len(dims[i].Edges) == 1:
			parts = append(parts, rival+" on deal")
		default:
			parts = append(parts, fmt.Sprintf("%s about %.3g", name, middle(&dims[i], cells[i])))
		}
	}
	return parts
}

// middle is a value within cell k of a dimension.
func middle(d *policies.Dimension, k int) float64 {
	n := len(d.Edges)
	switch {
	case n == 0:
		return 0
	case n == 1:
		return d.Edges[0] + float64(2*k-1)*math.Max(1, math.Abs(d.Edges[0]))/2
	case k == 0:
		return d.Edges[0] - (d.Edges[1]-d.Edges[0])/2
	case k >= n:
		return d.Edges[n-1] + (d.Edges[n-1]-d.Edges[n-2])/2
	}
	return (d.Edges[k-1] + d.Edges[k]) / 2
}

// bandsOf lists runs of the main dimension's cells in which the table posts about one price (within the narrowest step of the ladder), where
// training went often enough to mean it. Of each run the price that most cells have is told.
func bandsOf(table *policies.Table, main int, cells []int) (bands []string) {
	d := &table.Encoder.Dimensions[main]
	step := narrowest(table)
	var run []float64 // prices of the present run
	flush := func(to int) {
		if len(run) > 0 {
			bands = append(bands, fmt.Sprintf("%s → %.2f", span(d, to-len(run)+1, to), mode(run)))
		}
		run = run[:0]
	}
	for k := 0; k <= len(d.Edges); k++ {
		cells[main] = k
		observation := observed(table, cells)
		if !met(table, observation) {
			flush(k - 1)
			continue
		}
		price := table.Decide(observation, 1).Price
		if len(run) > 0 && math.Abs(price-mode(run)) > step*1.01 {
			flush(k - 1)
		}
		run = append(run, price)
	}
	flush(len(d.Edges))
	return bands
}

// narrowest is the smallest step between offers.
func narrowest(table *policies.Table) float64 {
	var prices []float64
	for _, o := range table.Spec.Offers {
		prices = append(prices, o.Price)
	}
	slices.Sort(prices)
	step := math.Inf(1)
	for i := 1; i < len(prices); i++ {
		step = min(step, prices[i]-prices[i-1])
	}
	return step
}

// mode is the most frequent value, the first of those as frequent.
func mode(x []float64) float64 {
	best, most := x[0], 0
	for _, v := range x {
		n := 0
		for _, o := range x {
			if o == v {
				n++
			}
		}
		if n > most {
			best, most = v, n
		}
	}
	return best
}

// visits counts how often training was in a state, or in all for −1.
func visits(table *policies.Table, state int) (n uint64) {
	from, to := 0, len(table.Visits)
	if offers := len(table.Spec.Offers); state >= 0 && to > 0 {
		from, to = state*offers, (state+1)*offers
	}
	for _, v := range table.Visits[from:to] {
		n += uint64(v)
	}
	return n
}

func span(d *policies.Dimension, from, to int) string {
	switch n := len(d.Edges); {
	case from == 0 && to >= n:
		return "any"
	case from == 0:
		return fmt.Sprintf("below %.2f", d.Edges[to])
	case to >= n:
		return fmt.Sprintf("above %.2f", d.Edges[from-1])
	default:
		return fmt.Sprintf("%.2f–%.2f", d.Edges[from-1], d.Edges[to])
	}
}

// alone is what the table posts while rivals keep to regular prices.
func alone(w *World, table *policies.Table, weeks int) (prices []string) {
	own := w.Config.Products[w.Config.Own]
	reference, last := own.Reference, own.Rungs[own.Opening].Price
	observation := make([]float64, len(table.Spec.Features))
	for week := range weeks {
		for i, f := range table.Spec.Features {
			observation[i] = missing
			switch {
			case f.Name == "reference_price":
				observation[i] = reference
			case f.Name == "last_price":
				observation[i] = last
			case f.Name == "week":
				observation[i] = float64(week)
			case f.Unit == "0 or 1":
				observation[i] = 0
			}
		}
		last = table.Decide(observation, 1).Price
		reference = w.Config.Choice.NextReference(reference, last)
		prices = append(prices, fmt.Sprintf("%.2f", last))
	}
	return prices
}
