package estimators

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/scenarios/data/shared"
)

// TestTastesGivenByHandDriveAShopper: a logit's shares are exp(V)/Σ exp(V), and a mixed logit's people differ about the given median.
func TestTastesGivenByHandDriveAShopper(t *testing.T) {
	given := &Tastes{Alternatives: []string{"a", "b", "c"}, Coefficients: map[string]float64{"price": -2, "asc_b": 0.5}, Provenance: "a test"}
	m, err := (&Logit{Parameters: given}).Given()
	if err != nil {
		t.Fatal(err)
	}
	shopper, err := choice.NewShopper(m.(choice.Individual))
	if err != nil {
		t.Fatal(err)
	}
	shopper.See([]float64{1, 1.25, 1.5}, nil)
	p, want := make([]float64, 3), []float64{math.Exp(-2), math.Exp(-2), math.Exp(-3)}
	shopper.Probabilities(p)
	for j, w := range want {
		if w /= want[0] + want[1] + want[2]; math.Abs(p[j]-w) > 1e-12 {
			t.Errorf("share of %d %.12f, want %.12f", j, p[j], w)
		}
	}
	given.SD = map[string]float64{"price": 0.7}
	if m, err = (&Mixed{Parameters: given, LogNormal: []string{"price"}}).Given(); err != nil {
		t.Fatal(err)
	}
	e := m.(*choice.MixedLogit)
	if r := e.Random[0]; r.Name != "price" || math.Abs(r.Median+2) > 1e-12 || math.Abs(r.Mean+2*math.Exp(0.7*0.7/2)) > 1e-12 {
		t.Errorf("%+v", r)
	}
	if shopper, err = choice.NewShopper(e); err != nil {
		t.Fatal(err)
	}
	shopper.Become([]float64{0.5}, nil)
	shopper.See([]float64{1, 1.25, 1.5}, nil)
	median := make([]float64, 3)
	shopper.Probabilities(median)
	for j := range p {
		if math.Abs(median[j]-p[j]) > 1e-12 {
			t.Errorf("the median person takes %d with %.12f, want %.12f", j, median[j], p[j])
		}
	}
}

func TestTastesThatCannotBeAreRefused(t *testing.T) {
	three := []string{"a", "b", "c"}
	for want, e := range map[string]ByHand{
		"one of the alternatives":               &Logit{Parameters: &Tastes{Alternatives: three, Coefficients: map[string]float64{"asc_d": 1}}},
		"none of the one that the others":       &Logit{Parameters: &Tastes{Alternatives: three, Coefficients: map[string]float64{"asc_a": 1, "asc_b": 1, "asc_c": 1}}},
		`model = "mixed"`:                       &Logit{Parameters: &Tastes{Alternatives: three, Coefficients: map[string]float64{"price": -1}, SD: map[string]float64{"price": 1}}},
		"1 to ":                                 &Mixed{Parameters: &Tastes{Alternatives: three, Coefficients: map[string]float64{"price": -1}}},
		"one of the coefficients":               &Mixed{Parameters: &Tastes{Alternatives: three, Coefficients: map[string]float64{"price": -1}, SD: map[string]float64{"feat": 1}}},
		"a finite number":                       &Logit{Parameters: &Tastes{Alternatives: three, Coefficients: map[string]float64{"price": math.Inf(-1)}}},
		"another coefficient, where it is log-": &Mixed{LogNormal: []string{"price"}, Parameters: &Tastes{Alternatives: three, Coefficients: map[string]float64{"price": 0}, SD: map[string]float64{"price": 1}}},
	} {
		if _, err := e.Given(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestEveryChoiceModelMakesTwins of catsup's households, loyalty among what they remember.
func TestEveryChoiceModelMakesTwins(t *testing.T) {
	path := shared.Path(t, "data/choice/catsup.csv")
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	job := Job{Data: File{path, file, info.Size()}, Seed: 1, Workers: 2}
	choices := Choices{Layout: "wide", Choice: "choice", ID: "id", Attributes: []string{"price", "disp", "feat"}, Constants: true, Loyalty: true}
	for _, e := range []Twinned{
		&Logit{Choices: choices},
		&Nested{Choices: choices, Nests: map[string][]string{"heinz": {"heinz41", "heinz32"}}},
		&Mixed{Choices: choices, Normal: []string{"price"}, Nodes: 15},
		&LatentClass{Choices: choices, Classes: []int{2}, Starts: 4},
	} {
		r, err := e.Twin(t.Context(), job)
		if err != nil {
			t.Fatalf("%T: %v", e, err)
		}
		t.Logf("%T: AUC %.3f, real %.3f, gives itself away by %q", e, r.AUC.Value, r.RealAUC.Value, r.Giveaways)
		if !(r.AUC.Value > 0.3 && r.AUC.Value < 0.75) || r.Synthetic == 0 {
			t.Errorf("%T: AUC %.3f of %d", e, r.AUC.Value, r.Synthetic)
		}
	}
}
