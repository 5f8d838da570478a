package persona

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

const (
	// leastSpread is the share of a feature's overall variance below which none is within a group; mostFloor is the share that the steps of
	// a feature of few values raise it to at most.
	leastSpread = 1e-3
	mostFloor   = 0.25
)

// spreadFloor F is the least covariance of a group: C - F is positive semidefinite. Without one a group that closes in on rows that are alike
// has a likelihood without end, and on a feature of few values every value becomes a group (Hathaway 1985, Annals of Statistics 13, 795). F is
// diagonal, for each feature the larger of leastSpread of its overall variance and the square of half the usual distance from a row's value to
// the nearest other one: normal distributions on a lattice that are no narrower than half its step add up to a level line, so that the steps
// of a count make no groups. A mixture whose groups are all wider is as it would be without a floor.
type spreadFloor struct {
	variance []float64 // by feature
	coarse   []bool    // by feature: its steps make the floor
	values   []int     // by feature: how many different ones there are
	names    []string
}

func newSpreadFloor(p *points, names []string) *spreadFloor {
	f, n := &spreadFloor{names: names}, float64(len(p.of))
	for j := range p.d {
		mean, variance := 0.0, 0.0
		rows := map[float64]float64{}
		for i, w := range p.weight {
			mean += w * p.row(i)[j] / n
			rows[p.row(i)[j]] += w
		}
		for i, w := range p.weight {
			variance += w * (p.row(i)[j] - mean) * (p.row(i)[j] - mean) / n
		}
		half := usualStep(rows, n/2) / 2
		steps := min(half*half, mostFloor*variance)
		f.variance = append(f.variance, max(steps, leastSpread*variance, 1e-12))
		f.coarse, f.values = append(f.coarse, steps > leastSpread*variance), append(f.values, len(rows))
	}
	return f
}

// usualStep is the median over rows of the distance from a value to the nearest other one; 0 where there is none. rows are those of each value.
func usualStep(rows map[float64]float64, half float64) float64 {
	type step struct{ gap, rows float64 }
	var values []float64
	for v := range rows {
		values = append(values, v)
	}
	slices.Sort(values)
	if len(values) < 2 {
		return 0
	}
	var steps []step
	for i, v := range values {
		gap := math.Inf(1)
		if i > 0 {
			gap = v - values[i-1]
		}
		if i+1 < len(values) {
			gap = min(gap, values[i+1]-v)
		}
		steps = append(steps, step{gap, rows[v]})
	}
	slices.SortStableFunc(steps, func(a, b step) int { return cmp.Compare(a.gap, b.gap) })
	at := 0
	for below := steps[0].rows; below < half; below += steps[at].rows {
		at++
	}
	return steps[at].gap
}

// scaled is F^-1/2 C F^-1/2.
func (f *spreadFloor) scaled(covariance [][]float64) *mat.SymDense {
	d := len(covariance)
	a := mat.NewSymDense(d, nil)
	for j := range d {
		for l := range j + 1 {
			a.SetSym(j, l, covariance[j][l]/math.Sqrt(f.variance[j]*f.variance[l]))
		}
	}
	return a
}

// lift makes a covariance the likeliest one of those no less than the floor: the eigenvalues of F^-1/2 C F^-1/2 below 1 become 1 (Ingrassia & Rocci
// 2007, Computational Statistics & Data Analysis 51, 5339), by which EM still climbs.
func (f *spreadFloor) lift(covariance [][]float64, diagonal bool) {
	d := len(covariance)
	if diagonal {
		for j, least := range f.variance {
			covariance[j][j] = max(covariance[j][j], least)
		}
		return
	}
	a := f.scaled(covariance)
	var e mat.EigenSym
	if !e.Factorize(a, true) {
		return
	}
	values := e.Values(nil)
	if values[0] >= 1 {
		return
	}
	var v mat.Dense
	e.VectorsTo(&v)
	for j := range d {
		for l := range j + 1 {
			sum := 0.0
			for k, value := range values {
				sum += float64(max(value, 1) * float64(v.At(j, k)*v.At(l, k)))
			}
			covariance[j][l] = sum * math.Sqrt(f.variance[j]*f.variance[l])
			covariance[l][j] = covariance[j][l]
		}
	}
}

// warnings name the features at whose floor a group is.
func (f *spreadFloor) warnings(covariances [][][]float64) (all []string) {
	for j, least := range f.variance {
		groups := 0
		for _, c := range covariances {
			if c[j][j] < 1.5*least {
				groups++
			}
		}
		name := fmt.Sprintf("feature %d", j+1)
		if j < len(f.names) {
			name = f.names[j]
		}
		switch {
		case groups == 0:
		case f.coarse[j]:
			all = append(all, fmt.Sprintf("%s takes few values (%d), on which normal distributions close in: %d groups are held at half the step between values; the BIC may be for more groups than there are: fewer (k), or kmeans",
				name, f.values[j], groups))
		default:
			all = append(all, fmt.Sprintf("%s hardly varies within %d of the groups: its variance there is held at a thousandth of its overall one", name, groups))
		}
	}
	return all
}
