package twins

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/market/journey"
	"github.com/souk-sim/souk/scenarios/field"
)

// FitVisits fits the models of one half: a Journey whose Visit makes visits.
type FitVisits func(train [][]int) (journey.Journey, error)

// Visits is the twin test of visits, each the states in the order of time. A visit counts as a person; visitor numbers whose
// each is, so that nobody's visits are parted by halves or folds, and is nil where that is not known.
func Visits(states []string, visits [][]int, visitor []int, fit FitVisits, o Options) (*Report, error) {
	if visitor != nil && len(visitor) != len(visits) {
		return nil, field.New("visitors", len(visitor), fmt.Sprintf("one for each of %d visits", len(visits)))
	}
	if len(visits) < 2*fewest {
		return nil, field.New("visits", len(visits), fmt.Sprintf("%d or more", 2*fewest))
	}
	for i, v := range visits {
		if len(v) == 0 {
			return nil, field.New(fmt.Sprintf("visit %d", i+1), "no click", "at least one")
		}
		for _, x := range v {
			if x < 0 || x >= len(states) {
				return nil, field.New(fmt.Sprintf("visit %d", i+1), x, fmt.Sprintf("states from 0 to %d", len(states)-1))
			}
		}
	}
	train, heldOut := groupHalves(len(visits), visitor, o.Streams.Family("twins/halves"))
	if len(train) < fewest || len(heldOut) < fewest {
		return nil, field.New("visits", fmt.Sprintf("%d and %d in halves of the visitors", len(train), len(heldOut)), fmt.Sprintf("%d or more in each", fewest))
	}
	half := pick(visits, train)
	model, err := fit(half)
	if err != nil {
		return nil, fmt.Errorf("fitting the training half: %w", err)
	}
	synthetic := make([][]int, len(heldOut))
	family := o.Streams.Family("twins/visits")
	for i := range synthetic {
		stream := family.At(uint64(i))
		synthetic[i] = model.Visit(nil, &stream)
	}
	fitted, held := walks(states, half), walks(states, pick(visits, heldOut))
	if visitor != nil {
		fitted.Group, held.Group = pick(visitor, train), pick(visitor, heldOut)
	}
	return Compare("visits and their clicks", fitted, held, walks(states, synthetic), o)
}

// lengths is how many lengths of a visit are told apart, the last for that many or more.
const lengths = 21

// walks describes visits.
func walks(states []string, visits [][]int) *Population {
	p := &Population{Features: []string{"log clicks", "distinct states", "log changes of state", "changes per click", "log longest stay", "mean log stay",
		"returns to the state before last", "entropy", "first half other than second", "last as first"}}
	for _, s := range states {
		p.Features = append(p.Features, "share of "+s, "first "+s, "last "+s)
	}
	s := len(states)
	next, length := make([][]float64, len(visits)), make([][]float64, len(visits))
	for i, v := range visits {
		p.People = append(p.People, walkFeatures(v, s))
		next[i], length[i] = make([]float64, s*(s+1)), make([]float64, lengths)
		for at, x := range v {
			to := s
			if at+1 < len(v) {
				to = v[at+1]
			}
			next[i][x*(s+1)+to]++
		}
		length[i][min(len(v), lengths)-1] = 1
	}
	var labels []string
	for k := range lengths - 1 {
		labels = append(labels, fmt.Sprint(k+1))
	}
	labels = append(labels, fmt.Sprintf("%d+", lengths))
	p.Tables = []Table{transitions("next state", states, append(slices.Clone(states), "leave"), next), means("clicks, share of visits", "visits", labels, length)}
	n := len(visits)
	clicks := func(i int) float64 { return float64(len(visits[i])) }
	p.Measures = []Measure{
		ratio("clicks per visit", n, clicks, nil),
		ratio("clicks squared per visit", n, func(i int) float64 { return clicks(i) * clicks(i) }, nil),
		ratio("visits of one click", n, func(i int) float64 { return indicator(len(visits[i]) == 1) }, nil),
		ratio("changes of state per further click", n, func(i int) float64 { return changes(visits[i]) }, func(i int) float64 { return clicks(i) - 1 }),
	}
	for x, label := range states {
		p.Measures = append(p.Measures, ratio("clicks on "+label, n, func(i int) float64 { return count(visits[i], x) }, clicks))
	}
	return p
}

func indicator(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func changes(v []int) (n float64) {
	for i := 1; i < len(v); i++ {
		n += indicator(v[i] != v[i-1])
	}
	return n
}

func count(v []int, x int) (n float64) {
	for _, y := range v {
		n += indicator(x == y)
	}
	return n
}

// stays is how long each stretch in one state lasts, in clicks.
func stays(v []int) (runs []float64) {
	for i, x := range v {
		if i == 0 || v[i-1] != x {
			runs = append(runs, 0)
		}
		runs[len(runs)-1]++
	}
	return runs
}

func walkFeatures(v []int, s int) []float64 {
	n, missing := float64(len(v)), math.NaN()
	distinct, entropy := 0.0, 0.0
	share := make([]float64, s)
	for x := range s {
		if share[x] = count(v, x) / n; share[x] > 0 {
			distinct++
			entropy -= share[x] * math.Log(share[x])
		}
	}
	runs := stays(v)
	logStay := 0.0
	for _, r := range runs {
		logStay += math.Log(r) / float64(len(runs))
	}
	rate, returns, drift := missing, missing, missing
	if len(v) > 1 {
		rate = changes(v) / (n - 1)
		half := len(v) / 2
		drift = 0
		for x := range s {
			drift += math.Abs(count(v[:half], x)/float64(half)-count(v[half:], x)/(n-float64(half))) / 2
		}
	}
	if len(runs) > 2 {
		returns = 0
		before, last := -1, v[0]
		for _, x := range v[1:] {
			if x != last {
				returns += indicator(x == before) / float64(len(runs)-2)
				before, last = last, x
			}
		}
	}
	f := []float64{math.Log(n), distinct, math.Log1p(changes(v)), rate, math.Log(slices.Max(runs)), logStay, returns, entropy, drift, indicator(v[0] == v[len(v)-1])}
	for x := range s {
		f = append(f, share[x], indicator(v[0] == x), indicator(v[len(v)-1] == x))
	}
	return f
}
