package choice

import (
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// counted draws n offers of two own products and a rival's, whose prices vary, each before so many people of the given tastes.
func counted(n, people int, theta []float64, seed uint64) (*Tallies, *Situations) {
	t := &Tallies{Alternatives: []string{"a", "b", "rival"}, Attributes: []string{"price"}}
	s := &Situations{Alternatives: t.Alternatives, Attributes: t.Attributes, Outside: true}
	stream := rng.New(seed, 0).Family("counted").At()
	for i := range n {
		x := []float64{1 + stream.Float64(), 1 + stream.Float64(), 1 + stream.Float64()}
		took := make([]float64, 3)
		for range people {
			total, odds := 1.0, make([]float64, 3)
			for j := range odds {
				odds[j] = math.Exp(theta[j] + theta[3]*x[j])
				total += odds[j]
			}
			u, chosen := stream.Float64()*total, Outside
			for j := range odds {
				if u < odds[j] {
					chosen = j
					took[j]++
					break
				}
				u -= odds[j]
			}
			s.X, s.Chosen, s.Household = append(s.X, x...), append(s.Chosen, chosen), append(s.Household, i)
		}
		t.X, t.Taken, t.Faced = append(t.X, x...), append(t.Taken, took...), append(t.Faced, float64(people))
	}
	return t, s
}

var tallyTruth = []float64{1.5, 1, 0.5, -1.2}

func TestTalliesAreTheLogitOfTheirChoicesOneByOne(t *testing.T) {
	tallies, situations := counted(40, 60, tallyTruth, 1)
	got, err := FitTallies(tallies)
	if err != nil {
		t.Fatal(err)
	}
	want, err := FitLogit(situations, Utility{})
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range want.Coefficients {
		g := got.Coefficients[i]
		if g.Name != c.Name || math.Abs(g.Estimate-c.Estimate) > 1e-7 || math.Abs(g.SE-c.SE) > 1e-7 || math.Abs(g.ClusteredSE-c.ClusteredSE) > 1e-7 {
			t.Errorf("%+v, one by one %+v", g, c)
		}
	}
	for _, x := range [][2]float64{{got.LogLik, want.LogLik}, {got.NullLogLik, want.NullLogLik}, {got.SharesLogLik, want.SharesLogLik}, {float64(got.N), float64(want.N)}} {
		if math.Abs(x[0]-x[1]) > 1e-6*math.Abs(x[1]) {
			t.Errorf("%v, one by one %v", x[0], x[1])
		}
	}
	if text, err := got.MarshalJSON(); err != nil {
		t.Fatal(err)
	} else if _, err := LoadIndividual(text); err != nil {
		t.Error(err)
	}
}

func TestAWeightIsAsGoodAsAnOfferTwice(t *testing.T) {
	tallies, _ := counted(12, 50, tallyTruth, 2)
	twice := *tallies
	tallies.Weight = make([]float64, 12)
	for i := range tallies.Weight {
		tallies.Weight[i] = 2
	}
	twice.X, twice.Taken, twice.Faced = append(twice.X, twice.X...), append(twice.Taken, twice.Taken...), append(twice.Faced, twice.Faced...)
	a, err := FitTallies(tallies)
	if err != nil {
		t.Fatal(err)
	}
	b, err := FitTallies(&twice)
	if err != nil {
		t.Fatal(err)
	}
	for i := range a.Coefficients {
		if math.Abs(a.Coefficients[i].Estimate-b.Coefficients[i].Estimate) > 1e-8 || math.Abs(a.Coefficients[i].SE-b.Coefficients[i].SE) > 1e-8 {
			t.Errorf("%+v, twice %+v", a.Coefficients[i], b.Coefficients[i])
		}
	}
}

// Own sales alone tell own tastes where the rival's constant is known. Each of three estimates lies within four standard errors but once in some 5,000 seeds.
func TestOwnSalesTellOwnTastes(t *testing.T) {
	tallies, _ := counted(150, 200, tallyTruth, 3)
	tallies.Held = []float64{math.NaN(), math.NaN(), tallyTruth[2]}
	for i := range tallies.Faced {
		tallies.Taken[3*i+2] = math.NaN() // nobody tells
	}
	m, err := FitTallies(tallies)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range m.Coefficients {
		if i == 2 {
			if c.Estimate != tallyTruth[2] || c.SE != 0 {
				t.Errorf("held: %+v", c)
			}
			continue
		}
		if !(c.SE > 0 && math.Abs(c.Estimate-tallyTruth[i]) < 4*c.SE) {
			t.Errorf("%+v, truth %g", c, tallyTruth[i])
		}
	}
	if !m.Converged {
		t.Error(m.Warnings)
	}
	drawn, err := m.Redrawn([]float64{1, 1, 1, 1})
	if err != nil || drawn[2].Estimate != tallyTruth[2] || drawn[0].Estimate == m.Coefficients[0].Estimate {
		t.Errorf("redrawn %v %v", drawn, err)
	}
	if value, err := tallies.LogLikelihood(m); err != nil || math.Abs(value-m.LogLik) > 1e-9*math.Abs(value) {
		t.Errorf("log-likelihood %v, of the fit %v: %v", value, m.LogLik, err)
	}
	shares, err := tallies.Shares(m)
	if err != nil {
		t.Fatal(err)
	}
	expected, took := 0.0, 0.0
	for i := range shares {
		expected, took = expected+tallies.Faced[i]*shares[i][0], took+tallies.Taken[3*i]
	}
	if math.Abs(expected-took) > 1e-6*took { // the score of a constant is 0
		t.Errorf("%v expected, %v taken", expected, took)
	}
}

func TestTheGradientOfTalliesIsThatOfDifferences(t *testing.T) {
	tallies, _ := counted(10, 30, tallyTruth, 4)
	tallies.Held = []float64{math.NaN(), math.NaN(), 0.3}
	tallies.Weight = []float64{1, 0.5, 2, 1, 0, 1, 1, 0.1, 1, 1}
	l := newTallied(tallies)
	theta := []float64{0.7, 0.2, -0.8}
	gradient, information := make([]float64, 3), make([]float64, 9)
	l.evaluate(theta, gradient, information)
	const step = 1e-5
	for m := range theta {
		up, down := append([]float64(nil), theta...), append([]float64(nil), theta...)
		up[m] += step
		down[m] -= step
		if slope := (l.evaluate(up, make([]float64, 3), make([]float64, 9)) - l.evaluate(down, make([]float64, 3), make([]float64, 9))) / (2 * step); math.Abs(slope-gradient[m]) > 1e-4 {
			t.Errorf("gradient %d: %v, by differences %v", m, gradient[m], slope)
		}
	}
}

// The expected information is minus the expected change of the gradient: at counts that are what the model expects, its change by differences.
func TestTheInformationOfTalliesIsWhatTheModelExpects(t *testing.T) {
	tallies, _ := counted(10, 30, tallyTruth, 4)
	tallies.Held = []float64{math.NaN(), math.NaN(), 0.3}
	theta := []float64{0.7, 0.2, -0.8}
	m := &Logit{Estimates: Estimates{Alternatives: tallies.Alternatives, Attributes: tallies.Attributes, Outside: true}}
	for i, name := range []string{"asc_a", "asc_b", "asc_rival", "price"} {
		m.Coefficients = append(m.Coefficients, Parameter{Name: name, Estimate: []float64{0.7, 0.2, 0.3, -0.8}[i]})
	}
	shares, err := tallies.Shares(m)
	if err != nil {
		t.Fatal(err)
	}
	for i := range shares {
		for j, p := range shares[i] {
			tallies.Taken[3*i+j] = p * tallies.Faced[i]
		}
	}
	l := newTallied(tallies)
	l.recentre(theta)
	information := make([]float64, 9)
	l.evaluate(theta, make([]float64, 3), information)
	const step = 1e-5
	for o := range theta {
		up, down := append([]float64(nil), theta...), append([]float64(nil), theta...)
		up[o] += step
		down[o] -= step
		gu, gd := make([]float64, 3), make([]float64, 3)
		l.evaluate(up, gu, make([]float64, 9))
		l.evaluate(down, gd, make([]float64, 9))
		for m := o; m < 3; m++ {
			if curve := -(gu[m] - gd[m]) / (2 * step); math.Abs(curve-information[m*3+o]) > 1e-4 {
				t.Errorf("information %d, %d: %v, by differences %v", m, o, information[m*3+o], curve)
			}
		}
	}
}

func TestImpossibleTalliesAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(*Tallies){
		"more took than came": func(t *Tallies) { t.Faced[3] = 1 },
		"finite":              func(t *Tallies) { t.X[5] = math.NaN() },
		"weight":              func(t *Tallies) { t.Weight = make([]float64, 8); t.Weight[2] = -1 },
		"one at least":        func(t *Tallies) { t.Held = make([]float64, 3) },
		"nobody":              func(t *Tallies) { t.Weight = make([]float64, 8) },
		"takers":              func(t *Tallies) { t.Taken[4] = -1 },
	} {
		tallies, _ := counted(8, 20, tallyTruth, 5)
		spoil(tallies)
		if _, err := FitTallies(tallies); err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(name, "more took than came")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkFitTallies(b *testing.B) {
	tallies, _ := counted(100, 120, tallyTruth, 6)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := FitTallies(tallies); err != nil {
			b.Fatal(err)
		}
	}
}
