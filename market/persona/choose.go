package persona

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// maximumSilhouette is the number of rows above which a silhouette looks at a sample of them.
const maximumSilhouette = 2000

// Silhouette is the mean over rows of (b-a)/max(a, b), a being the mean distance to the other rows of the own group and b
// the least mean distance to those of another one (Rousseeuw 1987); 0 for a row alone in its group. Of more than 2,000 rows
// a sample by group is taken, without replacement, and weighted by the groups' sizes (sampleByGroup). labels (n) are as KMeans
// gives them; x is n×d. It is NaN of a single group.
func Silhouette(x []float64, d int, labels []int, streams rng.Family) (float64, error) {
	if _, err := newPoints(x, d, 1); err != nil {
		return 0, err
	}
	n, k := len(x)/d, 0
	if len(labels) != n {
		return 0, field.New("labels", len(labels), fmt.Sprintf("%d, one for each row", n))
	}
	for i, g := range labels {
		if g < 0 || g >= n {
			return 0, field.New(fmt.Sprintf("label of row %d", i), g, fmt.Sprintf("a group from 0 to below %d", n))
		}
		k = max(k, g+1)
	}
	size, groups := make([]float64, k), 0
	for _, g := range labels {
		if size[g]++; size[g] == 1 {
			groups++
		}
	}
	if groups < 2 {
		return math.NaN(), nil
	}
	rows, taken := sampleByGroup(labels, size, streams)
	total, distance := 0.0, make([]float64, k)
	for _, i := range rows {
		own := labels[i]
		if size[own] == 1 {
			continue
		}
		clear(distance)
		for _, j := range rows {
			distance[labels[j]] += math.Sqrt(squared(x[i*d:(i+1)*d], x[j*d:(j+1)*d]))
		}
		a, b := distance[own]/(taken[own]-1), math.Inf(1)
		for g, s := range taken {
			if g != own && s > 0 {
				b = min(b, distance[g]/s)
			}
		}
		if most := max(a, b); most > 0 {
			total += float64((b - a) / most * (size[own] / taken[own]))
		}
	}
	return total / float64(n), nil
}

// sampleByGroup are the rows a silhouette looks at, and how many there are of each group: all where they are few, else of each group
// its share of maximumSilhouette, but two where it has them, drawn from streams.At(0). A small group is never missed.
func sampleByGroup(labels []int, size []float64, streams rng.Family) (rows []int, taken []float64) {
	n := len(labels)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	share := 1.0
	if n > maximumSilhouette {
		share = maximumSilhouette / float64(n)
		stream := streams.At(0)
		for i := range order {
			at := i + stream.Intn(n-i)
			order[i], order[at] = order[at], order[i]
		}
	}
	taken = make([]float64, len(size))
	for _, i := range order {
		if g := labels[i]; taken[g] < max(2, math.Round(share*size[g])) {
			taken[g]++
			rows = append(rows, i)
		}
	}
	return rows, taken
}

// Candidate is what speaks for a number of groups.
type Candidate struct {
	K          int     `json:"k"`
	Inertia    float64 `json:"inertia"`
	Silhouette float64 `json:"silhouette"` // the higher, the better; 0 for one group
	// Gap is how much smaller the logarithm of the inertia is than that of rows without groups: its mean over References
	// tables drawn uniformly from the box around the data along their principal axes, each less this one.
	Gap   float64 `json:"gap"`
	GapSE float64 `json:"gap_se"` // s_k of the paper: the references' deviation times √(1 + 1/References)
}

// ChooseOptions say which numbers of groups are compared.
type ChooseOptions struct {
	Most       int // groups, from 1 on
	References int // 20 where zero
	Restarts   int // of each search, 20 where zero
	Workers    int // the result does not depend on it
	Streams    rng.Family
	Done       func() // called after each number of groups; may be nil
}

// Choose fits k-means for every number of groups up to Most. byGap is the number that the gap statistic picks (Tibshirani,
// Walther & Hastie 2001): the least k whose gap is no less than the next one's less its GapSE, Most where there is none;
// bySilhouette is the number of the highest silhouette, 1 where only one was tried. Where the two do not agree, the groups are
// not clear-cut.
func Choose(x []float64, d int, o ChooseOptions) (candidates []Candidate, byGap, bySilhouette int, err error) {
	if o.References <= 0 {
		o.References = 20
	}
	if o.Restarts <= 0 {
		o.Restarts = 20
	}
	p, err := newPoints(x, d, o.Most)
	if err != nil {
		return nil, 0, 0, err
	}
	if o.References == 1 {
		return nil, 0, 0, field.New("references", 1, "two tables or more, for the gap has no error else")
	}
	references, err := newReferences(x, d, o)
	if err != nil {
		return nil, 0, 0, err
	}
	bySilhouette = 1
	for k := 1; k <= o.Most; k++ {
		search := KMeansOptions{K: k, Restarts: o.Restarts, Workers: o.Workers, Streams: o.Streams}
		m := p.kmeans(search)
		c := Candidate{K: k, Inertia: m.Inertia}
		var logs []float64
		for _, r := range references {
			// A tenth of the restarts is enough where any cut is as good as another.
			search.Restarts = max(o.Restarts/10, 2)
			logs = append(logs, math.Log(r.kmeans(search).Inertia))
		}
		if c.Inertia > 0 {
			b := float64(o.References)
			c.Gap = stats.Mean(logs) - math.Log(c.Inertia)
			c.GapSE = math.Sqrt(stats.Variance(logs) * (b - 1) / b * (1 + 1/b))
		} else {
			c.Gap = math.MaxFloat64 // every group is one point
		}
		if k > 1 {
			if c.Silhouette, err = Silhouette(x, d, m.Labels, o.Streams); err != nil {
				return nil, 0, 0, err
			}
			if bySilhouette == 1 || c.Silhouette > candidates[bySilhouette-1].Silhouette {
				bySilhouette = k
			}
		}
		candidates = append(candidates, c)
		if o.Done != nil {
			o.Done()
		}
	}
	for byGap = 1; byGap < o.Most; byGap++ {
		if next := candidates[byGap]; candidates[byGap-1].Gap >= next.Gap-next.GapSE {
			break
		}
	}
	return candidates, byGap, bySilhouette, nil
}
