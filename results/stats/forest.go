package stats

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// ForestOptions say how a forest grows.
type ForestOptions struct {
	Trees    int        // 100 where zero
	MinLeaf  int        // the fewest rows of a leaf; 5 where zero
	Features int        // tried at each split; a third of them where zero
	Workers  int        // trees grown at a time, 0 meaning one; the forest does not depend on it
	Streams  rng.Family // tree i draws from Streams.At(i) only
	Done     func()     // called after each tree, by several workers at once; may be nil
}

// Forest is a random forest (Breiman 2001): the mean of regression trees, each grown on a bootstrap sample by splits of
// least squared error among some features drawn at random. With a response of 0 and 1 it gives probabilities, and the
// splits are those of least Gini impurity. Its JSON loads to the same predictions.
type Forest struct {
	Trees []tree `json:"trees"`
}

// tree holds its nodes in preorder: the left child of an inner node is the next one.
type tree []node

type node struct {
	Feature int32   `json:"feature"`         // that an inner node splits on; -1 in a leaf
	Right   int32   `json:"right,omitempty"` // child of an inner node
	Value   float64 `json:"value"`           // an inner node's bound, up to which rows go left; a leaf's mean
}

// forestBins bounds the distinct values of a feature that a split can tell apart: with fewer, splits are exact; with more,
// the bins hold about equally many rows (as in gradient boosting: Ke et al. 2017).
const forestBins = 256

// FitForest grows a forest on x, n rows of equal length, and y. oob[i] is the mean of the trees that did not see row i,
// NaN where all did: an honest prediction, unlike Predict(x[i]).
func FitForest(x [][]float64, y []float64, o ForestOptions) (f *Forest, oob []float64, err error) {
	if err := checkForest(x, y); err != nil {
		return nil, nil, err
	}
	o.Trees, o.MinLeaf, o.Workers = orElse(o.Trees, 100), orElse(o.MinLeaf, 5), orElse(o.Workers, 1)
	o.Features = min(orElse(o.Features, (len(x[0])+2)/3), len(x[0]))
	data := bin(x)
	f = &Forest{Trees: make([]tree, o.Trees)}
	drawn := make([][]int32, o.Trees) // how often each tree saw each row
	var next atomic.Int64
	var workers sync.WaitGroup
	for range o.Workers {
		workers.Go(func() {
			g := newGrower(data, y, o)
			for i := int(next.Add(1)) - 1; i < o.Trees; i = int(next.Add(1)) - 1 {
				f.Trees[i], drawn[i] = g.grow(o.Streams.At(uint64(i)))
				if o.Done != nil {
					o.Done()
				}
			}
		})
	}
	workers.Wait()
	oob = make([]float64, len(y))
	for r := range oob {
		n := 0.0
		for i := range f.Trees {
			if drawn[i][r] == 0 {
				oob[r] += f.Trees[i].predict(x[r])
				n++
			}
		}
		oob[r] /= n
	}
	return f, oob, nil
}

func orElse(v, standard int) int {
	if v <= 0 {
		return standard
	}
	return v
}

func checkForest(x [][]float64, y []float64) error {
	if len(x) != len(y) || len(x) < 2 || len(x[0]) == 0 {
		return field.New("rows", fmt.Sprintf("%d, with %d responses", len(x), len(y)), "two or more of one feature or more, a response for each")
	}
	for i, row := range x {
		if len(row) != len(x[0]) {
			return field.New(fmt.Sprintf("row %d", i), fmt.Sprintf("%d features", len(row)), fmt.Sprint(len(x[0])))
		}
		if !finite(y[i]) || slices.ContainsFunc(row, func(v float64) bool { return !finite(v) }) {
			return field.New(fmt.Sprintf("row %d", i), "a value that is not finite", "finite numbers")
		}
	}
	return nil
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// Predict is the mean of the trees' leaves that x falls into. It does not allocate.
func (f *Forest) Predict(x []float64) float64 {
	sum := 0.0
	for i := range f.Trees {
		sum += f.Trees[i].predict(x)
	}
	return sum / float64(len(f.Trees))
}

func (t tree) predict(x []float64) float64 {
	at := int32(0)
	for {
		n := &t[at]
		switch {
		case n.Feature < 0:
			return n.Value
		case x[n.Feature] <= n.Value:
			at++
		default:
			at = n.Right
		}
	}
}

// Check reports why a forest read from a file cannot predict from rows of the given number of features.
func (f *Forest) Check(features int) error {
	bad := func(i int, found string) error {
		return field.New(fmt.Sprintf("tree %d", i), found, "nodes in preorder, on features below "+fmt.Sprint(features))
	}
	if len(f.Trees) == 0 {
		return field.New("trees", 0, "one or more")
	}
	for i, t := range f.Trees {
		if len(t) == 0 || t[len(t)-1].Feature >= 0 {
			return bad(i, "no leaf at the end")
		}
		for at, n := range t {
			if int(n.Feature) >= features || n.Feature >= 0 && (int(n.Right) <= at+1 || int(n.Right) >= len(t)) || !finite(n.Value) {
				return bad(i, fmt.Sprintf("node %d: %+v", at, n))
			}
		}
	}
	return nil
}

// binned is x by columns, each value as the number of its bin; bounds[k][b] lies between bins b and b+1.
type binned struct {
	codes  [][]uint8
	bounds [][]float64
}

func bin(x [][]float64) *binned {
	d := &binned{}
	column := make([]float64, len(x))
	for k := range x[0] {
		for i, row := range x {
			column[i] = row[k]
		}
		sorted := slices.Sorted(slices.Values(column))
		distinct := slices.Compact(slices.Clone(sorted))
		var bounds []float64
		if len(distinct) <= forestBins {
			for b := 1; b < len(distinct); b++ {
				bounds = append(bounds, between(distinct[b-1], distinct[b]))
			}
		} else {
			for b := 1; b < forestBins; b++ {
				i := b * len(sorted) / forestBins
				after, _ := slices.BinarySearch(distinct, sorted[i])
				if after > 0 {
					bounds = append(bounds, between(distinct[after-1], distinct[after]))
				}
			}
			bounds = slices.Compact(bounds)
		}
		codes := make([]uint8, len(x))
		for i, v := range column {
			b, _ := slices.BinarySearch(bounds, v)
			codes[i] = uint8(b)
		}
		d.codes, d.bounds = append(d.codes, codes), append(d.bounds, bounds)
	}
	return d
}

// between is a bound with a on its left, inclusive, and b on its right.
func between(a, b float64) float64 {
	if m := a + (b-a)/2; m < b {
		return m
	}
	return a
}

// grower grows one tree after another in the same space.
type grower struct {
	*binned
	y        []float64
	options  ForestOptions
	rows     []int32 // drawn at least once, grouped by node
	times    []int32
	features []int
	count    [forestBins]int32
	sum      [forestBins]float64
	stream   rng.Stream
	tree     tree
}

func newGrower(d *binned, y []float64, o ForestOptions) *grower {
	g := &grower{binned: d, y: y, options: o, features: make([]int, len(d.codes))}
	for k := range g.features {
		g.features[k] = k
	}
	return g
}

func (g *grower) grow(stream rng.Stream) (tree, []int32) {
	g.stream, g.tree, g.rows, g.times = stream, nil, g.rows[:0], make([]int32, len(g.y))
	for range g.y {
		g.times[g.stream.Intn(len(g.y))]++
	}
	for i, n := range g.times {
		if n > 0 {
			g.rows = append(g.rows, int32(i))
		}
	}
	slices.Sort(g.features) // the tree depends on its stream alone
	g.subtree(g.rows)
	return g.tree, g.times
}

// subtree appends the nodes of the given rows.
func (g *grower) subtree(rows []int32) {
	n, sum := int32(0), 0.0
	for _, r := range rows {
		n += g.times[r]
		sum += float64(float64(g.times[r]) * g.y[r])
	}
	feature, code := g.split(rows, n, sum)
	at := len(g.tree)
	if feature < 0 {
		g.tree = append(g.tree, node{Feature: -1, Value: sum / float64(n)})
		return
	}
	g.tree = append(g.tree, node{Feature: int32(feature), Value: g.bounds[feature][code]})
	middle := 0
	for i, r := range rows {
		if int(g.codes[feature][r]) <= code {
			rows[i], rows[middle] = rows[middle], r
			middle++
		}
	}
	g.subtree(rows[:middle])
	g.tree[at].Right = int32(len(g.tree))
	g.subtree(rows[middle:])
}

// split finds the feature and the last bin on the left of the split with the least squared error, feature -1 where none
// betters the node: least Σ(y-mean)² within is greatest sum²/n over both sides.
func (g *grower) split(rows []int32, n int32, sum float64) (feature, code int) {
	least := int32(g.options.MinLeaf)
	feature = -1
	if n < 2*least {
		return feature, 0
	}
	best := sum * sum / float64(n) * (1 + 1e-12)
	for tried := range g.options.Features {
		other := tried + g.stream.Intn(len(g.features)-tried)
		g.features[tried], g.features[other] = g.features[other], g.features[tried]
		k := g.features[tried]
		low, high := g.histogram(rows, g.codes[k])
		leftN, leftSum := int32(0), 0.0
		for b := low; b < high; b++ {
			if g.count[b] == 0 {
				continue
			}
			leftN += g.count[b]
			leftSum += g.sum[b]
			if leftN < least {
				continue
			}
			if n-leftN < least {
				break
			}
			rightSum := sum - leftSum
			score := float64(leftSum*leftSum)/float64(leftN) + float64(rightSum*rightSum)/float64(n-leftN)
			if score > best {
				best, feature, code = score, k, b
			}
		}
	}
	return feature, code
}

// histogram fills count and sum by bin and gives the range of bins that hold rows.
func (g *grower) histogram(rows []int32, codes []uint8) (low, high int) {
	low, high = forestBins, 0
	for _, r := range rows {
		low, high = min(low, int(codes[r])), max(high, int(codes[r]))
	}
	clear(g.count[low : high+1])
	clear(g.sum[low : high+1])
	for _, r := range rows {
		c := codes[r]
		g.count[c] += g.times[r]
		g.sum[c] += float64(float64(g.times[r]) * g.y[r])
	}
	return low, high
}
