package twins

import (
	"testing"

	"github.com/souk-sim/souk/market/journey"
	"github.com/souk-sim/souk/sim/rng"
)

// TestSyntheticVisitsOfTheEshopPass: five kinds of visits, each a chain of order 1, on every split.
func TestSyntheticVisitsOfTheEshopPass(t *testing.T) {
	visits := eshop(t, nth)
	for _, r := range held(t, "five kinds", func(o Options) (*Report, error) {
		return Visits(categories, visits, nil, func(train [][]int) (journey.Journey, error) {
			m, err := journey.FitMixture(categories, train, nil, journey.MixtureOptions{Kinds: 5, Order: 1, Smoothing: 1})
			return journey.Journey{Mixture: m}, err
		}, o)
	}) {
		if !r.Passes {
			t.Errorf("five kinds do not pass:\n%v", r)
		}
	}
}

func fitChain(order int, law string) FitVisits {
	return func(train [][]int) (journey.Journey, error) {
		f, err := journey.FitFunnel(categories, train, nil, journey.FunnelOptions{Order: order})
		if err != nil || law == "" {
			return journey.Journey{Funnel: f}, err
		}
		var n []int
		for _, v := range train {
			n = append(n, len(v))
		}
		l, err := journey.FitLength(law, n)
		return journey.Journey{Funnel: f, Length: l}, err
	}
}

// TestWrongVisitsAreToldApart: a chain without memory, and one of geometric lengths, which the length's features give away. A
// chain of order 1 with the lengths' own law is told apart less, and more than five kinds.
func TestWrongVisitsAreToldApart(t *testing.T) {
	visits := eshop(t, 4)
	auc := map[string]float64{}
	for _, c := range []struct {
		name  string
		order int
		law   string
		least float64
	}{{"no memory", 0, journey.ZeroTruncatedNB, 0.7}, {"geometric", 1, journey.Geometric, 0.6}, {"order 1", 1, journey.ZeroTruncatedNB, 0.54}} {
		r, err := Visits(categories, visits, nil, fitChain(c.order, c.law), Options{Streams: rng.New(1, 0)})
		if err != nil {
			t.Fatal(err)
		}
		auc[c.name] = r.AUC.Value
		t.Logf("%s: AUC %.3f, real %.3f, giveaways %q", c.name, r.AUC.Value, r.RealAUC.Value, r.Giveaways)
		if r.AUC.Value < c.least || len(r.Giveaways) == 0 {
			t.Errorf("%s: %v", c.name, r)
		}
	}
	if auc["order 1"] > auc["geometric"] {
		t.Errorf("%v", auc)
	}
}

func TestVisitsAreDescribedAsTheyWent(t *testing.T) {
	p := walks([]string{"a", "b", "c"}, [][]int{{0, 0, 1, 0, 2, 2}, {1}})
	want := map[string]float64{"distinct states": 3, "changes per click": 0.6, "returns to the state before last": 0.5, "last as first": 0, "share of a": 0.5, "last c": 1, "first a": 1}
	for j, name := range p.Features {
		if v, known := want[name]; known && p.People[0][j] != v {
			t.Errorf("%s is %v, want %v", name, p.People[0][j], v)
		}
	}
	if next := p.Tables[0]; next.Value[0][0] != 1.0/3 || next.Value[1][0] != 0.5 || next.Value[1][3] != 0.5 || next.Weight[0] != 3.0/7 {
		t.Errorf("%+v", next)
	}
	fit := func([][]int) (journey.Journey, error) { t.Error("fitted"); return journey.Journey{}, nil }
	for _, bad := range [][][]int{nil, append(make([][]int, 50), []int{0}), {{9}}} {
		if _, err := Visits([]string{"a"}, bad, nil, fit, Options{}); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

// TestNobodysVisitsAreParted: 60 visitors of 1 to 5 visits; those fitted on and those held against the model are of different
// visitors, in all halvings, and in folds.
func TestNobodysVisitsAreParted(t *testing.T) {
	var visits [][]int
	var visitor []int
	for i := range 60 {
		for k := range 1 + i%5 {
			visits, visitor = append(visits, []int{i, k % 2}), append(visitor, 1000+7*i)
		}
	}
	o := Options{Streams: rng.New(3, 0), Folds: 5}
	train, heldOut := groupHalves(len(visits), visitor, o.Streams.Family("twins/halves"))
	of := map[int]bool{}
	for _, i := range train {
		of[visitor[i]] = true
	}
	for _, i := range heldOut {
		if of[visitor[i]] {
			t.Fatalf("visitor %d is in both halves", visitor[i])
		}
	}
	if len(of) != 30 || len(train)+len(heldOut) != len(visits) {
		t.Errorf("%d visitors, %d and %d visits", len(of), len(train), len(heldOut))
	}
	s := o.Streams.Family("crowd").At(0)
	first, second := crowd(len(visits), &s, 0, 1, 0), crowd(50, &s, 0, 1, 0)
	first.Group = visitor
	fold, at := newContest(first, second).folds(0, o), map[int]int{}
	for i, v := range visitor {
		if f, met := at[v]; met && f != fold[i] {
			t.Fatalf("visitor %d is in folds %d and %d", v, f, fold[i])
		}
		at[v] = fold[i]
	}
}
