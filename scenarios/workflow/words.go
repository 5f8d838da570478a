package workflow

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/policies"
)

// inWords tells a learned policy as a person would: for each situation of the other features, which price it posts over the range
// of the widest one; and the prices it posts week after week while nothing else happens.
func inWords(scene Scene, policy policies.Frozen) (string, error) {
	dims := toldBy(policy)
	if len(dims) == 0 { // of a bandit: there is no situation to tell of
		offer := policy.Decide(observed(policy, dims, nil), 1)
		return fmt.Sprintf("always %s, whatever the situation, as far as limits allow: it looks at no feature\n", offerText(offer.Price, offer.Promotion)), nil
	}
	main := widest(dims)
	apart := scene.apart(policy)
	var b strings.Builder
	for _, cells := range situations(dims, main) {
		if bands := bandsOf(policy, dims, main, cells, apart); len(bands) > 0 {
			when := append(situation(dims, main, cells), strings.ReplaceAll(dims[main].Feature, "_", " ")+" → "+scene.noun()+": ")
			fmt.Fprintf(&b, "%s%s\n", strings.Join(when, "; "), strings.Join(bands, ", "))
		}
	}
	alike := "of one offer are one band."
	if apart > 0 {
		alike = "whose prices are a rung apart at most are one band, told by its most frequent price."
	}
	listed := fmt.Sprintf("Listed are the states that training visited at least %d%% as often as the most visited one.", atLeastVisited)
	if _, table := policy.(*policies.Table); !table {
		listed = fmt.Sprintf("It is %s, told at the middle of the state's cells, of an index at whole numbers, wherever training was.", policy)
	}
	fmt.Fprintf(&b, "%s Neighbours %s\n", listed, alike)
	if few := barelyVisited(policy); few != "" {
		fmt.Fprintf(&b, "%s\n", few)
	}
	played, err := scene.alone(policy, 16)
	fmt.Fprintf(&b, "%s\n", played)
	return b.String(), err
}

// mostWhole is how many whole numbers an index may have that are told one by one.
const mostWhole = 256

// toldBy are the dimensions that a policy is told by: its own, but where it computes from numbers an index has a cell for each whole number,
// since between them it would be asked what it never meets.
func toldBy(policy policies.Frozen) []policies.Dimension {
	about := policy.About()
	dims := slices.Clone(about.Encoder.Dimensions)
	if _, table := policy.(*policies.Table); table {
		return dims
	}
	for i, d := range dims {
		if f := about.Spec.Features[d.Index]; f.Unit == "index" && f.Max > f.Min && f.Max-f.Min < mostWhole {
			dims[i] = policies.Uniform(d.Feature, d.Index, f.Min-0.5, f.Max+0.5, int(f.Max-f.Min)+1)
		}
	}
	return dims
}

// ofWhole tells whether the cells are those of whole numbers.
func ofWhole(d *policies.Dimension) bool {
	for k, x := range d.Edges {
		if x != math.Floor(x)+0.5 || x != d.Edges[0]+float64(k) {
			return false
		}
	}
	return len(d.Edges) > 1
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

// observed is an observation in the middle of the given cells; what the policy does not look at is missing.
func observed(policy policies.Frozen, dims []policies.Dimension, cells []int) []float64 {
	observation := make([]float64, len(policy.About().Spec.Features))
	for i := range observation {
		observation[i] = missing
	}
	for i := range dims {
		observation[dims[i].Index] = middle(&dims[i], cells[i])
	}
	return observation
}

// atLeastVisited is how often training was in a state that is spoken of, in percent of the most visited state.
const atLeastVisited = 1

// met says whether training was in an observation's state often enough to speak of it. A policy that knows no visits means every state.
func met(policy policies.Frozen, observation []float64) bool {
	most := uint64(0)
	if visited(policy) {
		for s := range policy.About().Encoder.States() {
			most = max(most, visits(policy, s))
		}
	}
	return most == 0 || visits(policy, policy.About().Encoder.Encode(observation))*100 >= atLeastVisited*most
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

// mostSituations bounds the words; the policy itself is in the bundle.
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
		case ofWhole(&dims[i]):
			parts = append(parts, name+" "+span(&dims[i], cells[i], cells[i]))
		case len(dims[i].Edges) > 0 && cells[i] == 0 && !binary(&dims[i]):
			parts = append(parts, fmt.Sprintf("%s below %.3g", name, dims[i].Edges[0]))
		case len(dims[i].Edges) > 0 && cells[i] == len(dims[i].Edges) && !binary(&dims[i]):
			parts = append(parts, fmt.Sprintf("%s %.3g or more", name, dims[i].Edges[cells[i]-1]))
		default:
			parts = append(parts, fmt.Sprintf("%s about %.3g", name, middle(&dims[i], cells[i])))
		}
	}
	return parts
}

// binary tells whether the cells are those of 0 and 1.
func binary(d *policies.Dimension) bool { return len(d.Edges) == 1 && d.Edges[0] == 0.5 }

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

// band is a run of cells in which a policy posts about one price.
type band struct {
	text   string
	visits uint64
}

// mostBands is how many bands a line tells.
const mostBands = 10

// mostVisited keeps the bands that training visited most, in their order.
func mostVisited(bands []band) []band {
	if len(bands) <= mostBands {
		return bands
	}
	byVisits := slices.Clone(bands)
	slices.SortStableFunc(byVisits, func(a, b band) int { return cmp.Compare(b.visits, a.visits) })
	kept := map[string]bool{}
	for _, b := range byVisits[:mostBands] {
		kept[b.text] = true
	}
	return slices.DeleteFunc(slices.Clone(bands), func(b band) bool { return !kept[b.text] })
}

// bandsOf tells the bands over the main dimension, the most visited where there are many.
func bandsOf(policy policies.Frozen, dims []policies.Dimension, main int, cells []int, apart float64) (texts []string) {
	bands := bandsIn(policy, dims, main, cells, apart)
	for _, b := range mostVisited(bands) {
		texts = append(texts, b.text)
	}
	if len(bands) > mostBands {
		which := "first %d"
		if visited(policy) {
			which = "%d most visited"
		}
		texts = append(texts, fmt.Sprintf("… (the "+which+" of %d bands; see plots/policy)", mostBands, len(bands)))
	}
	return texts
}

// bandsIn lists runs of the main dimension's cells in which the policy posts about one price (at most so far apart), where training went
// often enough to mean it. Of each run the price that most cells have is told.
func bandsIn(policy policies.Frozen, dims []policies.Dimension, main int, cells []int, apart float64) (bands []band) {
	d := &dims[main]
	var run []float64   // prices of the present run
	var promoted string // the promotion that all of it have
	seen := uint64(0)   // visits of it
	flush := func(to int) {
		if len(run) > 0 {
			bands = append(bands, band{fmt.Sprintf("%s → %s", span(d, to-len(run)+1, to), offerText(mode(run), promoted)), seen})
		}
		run, seen = run[:0], 0
	}
	for k := 0; k <= len(d.Edges); k++ {
		cells[main] = k
		observation := observed(policy, dims, cells)
		if !met(policy, observation) {
			flush(k - 1)
			continue
		}
		offer := policy.Decide(observation, 1)
		if len(run) > 0 && (math.Abs(offer.Price-mode(run)) > apart*1.01 || offer.Promotion != promoted) {
			flush(k - 1)
		}
		run, promoted = append(run, offer.Price), offer.Promotion
		seen += visits(policy, policy.About().Encoder.Encode(observation))
	}
	flush(len(d.Edges))
	return bands
}

// offerText is an offer in short.
func offerText(price float64, promotion string) string {
	if promotion == "" {
		return fmt.Sprintf("%.2f", price)
	}
	return fmt.Sprintf("%.2f with %s", price, promotion)
}

// narrowest is the smallest step between offers.
func narrowest(policy policies.Frozen) float64 {
	var prices []float64
	for _, o := range policy.About().Spec.Offers {
		prices = append(prices, o.Price)
	}
	slices.Sort(prices)
	step := math.Inf(1)
	for i := 1; i < len(prices); i++ {
		if prices[i] > prices[i-1] { // offers with and without a promotion share a price
			step = min(step, prices[i]-prices[i-1])
		}
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

func span(d *policies.Dimension, from, to int) string {
	switch n := len(d.Edges); {
	case from == 0 && to >= n:
		return "any"
	case ofWhole(d) && from == 0:
		return fmt.Sprintf("up to %.0f", d.Edges[to]-0.5)
	case ofWhole(d) && to >= n:
		return fmt.Sprintf("%.0f or more", d.Edges[from-1]+0.5)
	case ofWhole(d) && from == to:
		return fmt.Sprintf("%.0f", d.Edges[to]-0.5)
	case ofWhole(d):
		return fmt.Sprintf("%.0f–%.0f", d.Edges[from-1]+0.5, d.Edges[to]-0.5)
	case from == 0:
		return fmt.Sprintf("below %.2f", d.Edges[to])
	case to >= n:
		return fmt.Sprintf("above %.2f", d.Edges[from-1])
	default:
		return fmt.Sprintf("%.2f–%.2f", d.Edges[from-1], d.Edges[to])
	}
}

// quiet is an observation of a week in which nothing happens; the rest is missing.
func quiet(policy policies.Frozen, week int, reference, last float64) []float64 {
	observation := make([]float64, len(policy.About().Spec.Features))
	for i, f := range policy.About().Spec.Features {
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
	return observation
}
