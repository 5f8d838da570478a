package twins

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/sim/rng"
)

// remembered adds what a household took last, and the shares of what it has taken so far.
func remembered(s *choice.Situations) (*choice.Situations, error) {
	last, err := s.With("last", s.LastChoice())
	if err != nil {
		return nil, err
	}
	return last.With("past", s.PastShares())
}

func fitClasses(classes int) FitHouseholds {
	return func(train *choice.Situations) (choice.Individual, error) {
		return choice.FitLatentClass(train, choice.LatentClassOptions{Classes: classes, Starts: 20, Seed: 1, Workers: 2})
	}
}

func fitLogit(train *choice.Situations) (choice.Individual, error) {
	return choice.FitLogit(train, choice.Utility{})
}

// TestSyntheticHouseholdsPass: latent classes that remember, on every split of catsup (and of margarine in the long run). Yogurt
// has 50 households a half, whose AUC has a standard error of 0.06: more than the bars can bear, so that it is only shown.
func TestSyntheticHouseholdsPass(t *testing.T) {
	for _, c := range []struct {
		file            string
		classes         int
		inSuite, tooFew bool
	}{{"catsup.csv", 4, true, false}, {"margarine.csv", 8, false, false}, {"yogurt.csv", 4, false, true}} {
		if splits == 1 && !c.inSuite {
			continue
		}
		s := panelOf(t, c.file)
		for _, r := range held(t, c.file, func(o Options) (*Report, error) {
			return Households(s, HouseholdOptions{Price: "price", History: remembered}, fitClasses(c.classes), o)
		}) {
			if !r.Passes && !c.tooFew {
				t.Errorf("%s does not pass:\n%v", c.file, r)
			}
		}
	}
}

// TestHouseholdsWithoutDifferencesAreToldApart: a conditional logit, everyone of one taste, gives itself away by how much each
// household buys of one brand.
func TestHouseholdsWithoutDifferencesAreToldApart(t *testing.T) {
	r, err := Households(panelOf(t, "catsup.csv"), HouseholdOptions{Price: "price"}, fitLogit, Options{Streams: rng.New(1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("AUC %.3f, real %.3f, giveaways %q", r.AUC.Value, r.RealAUC.Value, r.Giveaways)
	if r.Passes || r.AUC.Low < 0.7 || !slices.Contains(r.Giveaways, "concentration") {
		t.Errorf("%v", r)
	}
}

// TestSyntheticHouseholdsRememberTheirOwnChoices: those who always take again what they took last never switch, whatever real
// households did; and they meet the held-out half's prices.
func TestSyntheticHouseholdsRememberTheirOwnChoices(t *testing.T) {
	s := panelOf(t, "catsup.csv")
	m, err := choice.LoadIndividual([]byte(`{"schema":"souk.choice/1","model":"logit","alternatives":["heinz41","heinz32","heinz28","hunts32"],"attributes":["disp","feat","price","last","past"],
		"coefficients":[{"name":"asc_heinz32","estimate":0.5},{"name":"asc_heinz28","estimate":0},{"name":"asc_hunts32","estimate":0},
		{"name":"disp","estimate":0},{"name":"feat","estimate":0},{"name":"price","estimate":0},{"name":"last","estimate":500},{"name":"past","estimate":0}]}`))
	if err != nil {
		t.Fatal(err)
	}
	made, err := choose(s, m, HouseholdOptions{History: remembered}, Options{Streams: rng.New(1, 0)})
	if err != nil {
		t.Fatal(err)
	}
	p := households(made, slices.Index(s.Attributes, "price"))
	if rate := p.Measures[0]; rate.Name != "repeat rate" || rate.Value != 1 {
		t.Errorf("%+v", rate)
	}
	if &made.X[0] != &s.X[0] || slices.Equal(made.Chosen, s.Chosen) {
		t.Error("the situations are not the same, or the choices are")
	}
}

// TestHouseholdsAreDescribedAsTheyChose: one household by hand: a at 1 (b 2), b at 2 (a 3), b at 4 (a 3).
func TestHouseholdsAreDescribedAsTheyChose(t *testing.T) {
	s := &choice.Situations{Alternatives: []string{"a", "b"}, Attributes: []string{"price"}, X: []float64{1, 2, 3, 2, 3, 4}, Chosen: []int{0, 1, 1}, Household: []int{7, 7, 7}}
	p := households(s, 0)
	want := map[string]float64{"distinct": 2, "switching rate": 0.5, "repeats at the first chance": 0, "share of the favourite": 2.0 / 3, "price taken over the shelf's mean": -1.0 / 6,
		"sd of price taken": math.Sqrt(7.0 / 3), "share of the cheapest": 2.0 / 3, "switches to what costs less": 1, "share of b": 2.0 / 3}
	for j, name := range p.Features {
		if v, known := want[name]; known && math.Abs(p.People[0][j]-v) > 1e-12 {
			t.Errorf("%s is %v, want %v", name, p.People[0][j], v)
		}
	}
	catsup := panelOf(t, "catsup.csv")
	for want, try := range map[string]func() error{
		"price": func() error {
			_, err := Households(catsup, HouseholdOptions{Price: "prize"}, fitLogit, Options{})
			return err
		},
		"households": func() error { _, err := Households(s, HouseholdOptions{}, fitLogit, Options{}); return err },
		"model": func() error { // fitted without the history
			bare, err := fitLogit(catsup)
			if err != nil {
				return err
			}
			_, err = Households(catsup, HouseholdOptions{History: remembered}, func(*choice.Situations) (choice.Individual, error) { return bare, nil }, Options{})
			return err
		},
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}
