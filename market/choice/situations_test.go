package choice

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
)

// tiny returns four situations of two households with one attribute.
func tiny() *Situations {
	return &Situations{Alternatives: []string{"a", "b", "c"}, Attributes: []string{"price"},
		X:      []float64{1, 2, 3, 2, 1, 3, 3, 1, 2, 1, 3, 2},
		Chosen: []int{0, 2, 1, 1}, Household: []int{901, 902, 901, 902}}
}

func TestFitsRefuseBadSituations(t *testing.T) {
	for _, c := range []struct {
		name, want string
		change     func(*Situations)
	}{
		{"no situations", "situations: found none", func(s *Situations) { s.Chosen, s.X, s.Household = nil, nil, nil }},
		{"a choice beyond the set", "choice in situation 2: found 3", func(s *Situations) { s.Chosen[1] = 3 }},
		{"nothing without an outside option", "choice in situation 2: found -1", func(s *Situations) { s.Chosen[1] = Outside }},
		{"a choice that was not there", "choice in situation 3: found b, expected an alternative of its choice set", func(s *Situations) {
			s.Available = all(12)
			s.Available[2*3+1] = false
		}},
		{"one alternative", "alternatives: found 1", func(s *Situations) { s.Alternatives, s.X, s.Chosen = []string{"a"}, s.X[:4], []int{0, 0, 0, 0} }},
		{"sets of one", "choice sets: found one alternative in each", func(s *Situations) {
			s.Available = make([]bool, 12)
			for i, c := range s.Chosen {
				s.Available[3*i+c] = true
			}
		}},
		{"a price that is not finite", "price of b in situation 1: found NaN", func(s *Situations) { s.X[1] = math.NaN() }},
		{"the same name twice", "names: found", func(s *Situations) { s.Alternatives[2] = "a" }},
		{"too few attributes", "attributes: found 11 values, expected 12", func(s *Situations) { s.X = s.X[:11] }},
		{"too few households", "households: found 1 values", func(s *Situations) { s.Household = s.Household[:1] }},
		{"an attribute that is the same for all", "colour: found no variation within any choice set", func(s *Situations) {
			w, _ := s.With("colour", []float64{1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4})
			*s = *w
		}},
		{"the same attribute in another unit", "cents: found a sum of multiples of price within", func(s *Situations) {
			cents := slices.Clone(s.X)
			for i := range cents {
				cents[i] *= 100
			}
			w, _ := s.With("cents", cents)
			*s = *w
		}},
		{"an attribute of brands only", "size: found a sum of multiples of asc_b, asc_c within", func(s *Situations) {
			w, _ := s.With("size", []float64{1, 2, 4, 1, 2, 4, 1, 2, 4, 1, 2, 4})
			*s = *w
		}},
	} {
		s := tiny()
		c.change(s)
		_, err := FitLogit(s, Utility{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
			continue
		}
		if strings.Contains(err.Error(), "90") {
			t.Errorf("%s: the error names a household: %v", c.name, err)
		}
	}
}

func TestFitsRefuseBadOptions(t *testing.T) {
	s := tiny()
	for want, fit := range map[string]func() error{
		"base: found z":                  func() error { _, err := FitLogit(s, Utility{Base: "z"}); return err },
		"classes: found 1":               func() error { _, err := FitLatentClass(s, LatentClassOptions{Classes: 1}); return err },
		"not more than the 2 households": func() error { _, err := FitLatentClass(s, LatentClassOptions{Classes: 3}); return err },
		"concomitants: found income": func() error {
			_, err := FitLatentClass(s, LatentClassOptions{Classes: 2, Concomitants: []string{"income"}})
			return err
		},
		"nests: found []": func() error { _, err := FitNested(s, Utility{}, nil); return err },
		"nest n: found b": func() error {
			_, err := FitNested(s, Utility{}, []Nest{{"m", []string{"a", "b"}}, {"n", []string{"b", "c"}}})
			return err
		},
		"nest n: found z":                   func() error { _, err := FitNested(s, Utility{}, []Nest{{"n", []string{"a", "z"}}}); return err },
		"random coefficients: found 0":      func() error { _, err := FitMixed(s, MixedOptions{}); return err },
		"random coefficients: found weight": func() error { _, err := FitMixed(s, MixedOptions{Normal: []string{"weight"}}); return err },
		"attributes: found none, and no constants": func() error {
			_, err := FitLogit(&Situations{Alternatives: s.Alternatives, Chosen: s.Chosen}, Utility{NoConstants: true})
			return err
		},
		"price: found weight": func() error { _, _, err := s.GainLoss("weight", 0.5); return err },
		"memory: found 1":     func() error { _, _, err := s.GainLoss("price", 1); return err },
	} {
		if err := fit(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestSeparatedChoicesAreNamed: who always buys the cheapest has no finite price coefficient, and what nobody buys no
// finite constant.
func TestSeparatedChoicesAreNamed(t *testing.T) {
	s := simulated(t, trueLogit(t), 60, 3, 4)
	s.Available = nil
	for i := range s.Chosen {
		best := 0
		for j := range 3 {
			if s.X[(i*3+j)*2] < s.X[(i*3+best)*2] {
				best = j
			}
		}
		s.Chosen[i] = best
	}
	m, err := FitLogit(s, Utility{NoConstants: true})
	if err != nil {
		t.Fatal(err)
	}
	if m.Converged || !strings.Contains(strings.Join(m.Warnings, ";"), "separated: the likelihood rises for ever in the coefficients of price") {
		t.Errorf("converged %v, warnings %q", m.Converged, m.Warnings)
	}
	nested, err := FitNested(s, Utility{NoConstants: true}, []Nest{{Name: "ab", Alternatives: s.Alternatives[:2]}})
	if err != nil {
		t.Fatal(err)
	}
	if nested.Converged || !strings.Contains(strings.Join(nested.Warnings, ";"), "separated: the likelihood rises for ever in the coefficients of price") {
		t.Errorf("nested: converged %v, warnings %q", nested.Converged, nested.Warnings)
	}
	s = simulated(t, trueLogit(t), 60, 3, 4)
	s.Available = nil
	for i, c := range s.Chosen {
		if c == 2 {
			s.Chosen[i] = 0
		}
	}
	if m, err = FitLogit(s, Utility{}); err != nil {
		t.Fatal(err)
	}
	if w := strings.Join(m.Warnings, ";"); m.Converged || !strings.HasSuffix(w, "in the coefficients of asc_c") {
		t.Errorf("converged %v, warnings %q", m.Converged, m.Warnings)
	}
	if math.Abs(m.SharesLogLik) < 1 || math.IsNaN(m.McFaddenShares) {
		t.Errorf("log-likelihood of shares %g", m.SharesLogLik)
	}
	if _, err := json.Marshal(m); err != nil {
		t.Error(err)
	}
}

func TestOneHouseholdHasNoClusteredErrors(t *testing.T) {
	s := simulated(t, trueLogit(t), 1, 200, 9)
	m, err := FitLogit(s, Utility{})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(m.Warnings, "one household: no clustered standard errors") || m.Clustered != nil || !(m.Coefficients[0].RobustSE > 0) {
		t.Errorf("warnings %q, covariance %v", m.Warnings, m.Clustered)
	}
}

// TestAClassTooManyIsReported: households that are all alike leave a third class nobody, or classes that cannot be told apart.
func TestAClassTooManyIsReported(t *testing.T) {
	s := simulated(t, trueLogit(t), 12, 20, 2)
	m, err := FitLatentClass(s, LatentClassOptions{Classes: 4, Starts: 6})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("shares %.3f, emptied %d of %d, warnings %q", m.Shares, m.Emptied, m.Starts, m.Warnings)
	if len(m.Warnings) == 0 {
		t.Error("four classes of twelve households that are all alike: no warning")
	}
	if _, err := json.Marshal(m); err != nil {
		t.Error(err)
	}
}

// TestTheOutsideOptionIsOneMoreAlternative of zeros.
func TestTheOutsideOptionIsOneMoreAlternative(t *testing.T) {
	whole := simulated(t, trueLogit(t), 100, 4, 21)
	whole.Available = nil
	explicit, outside := *whole, *whole
	explicit.X, outside.X, outside.Chosen = nil, nil, nil
	explicit.Alternatives, outside.Alternatives, outside.Outside = []string{"a", "b", "none"}, []string{"a", "b"}, true
	for i, c := range whole.Chosen {
		two := whole.X[i*6 : i*6+4]
		explicit.X = append(append(explicit.X, two...), 0, 0)
		outside.X = append(outside.X, two...)
		if c == 2 {
			c = Outside
		}
		outside.Chosen = append(outside.Chosen, c)
	}
	m, err := FitLogit(&explicit, Utility{Base: "none"})
	if err != nil {
		t.Fatal(err)
	}
	o, err := FitLogit(&outside, Utility{})
	if err != nil {
		t.Fatal(err)
	}
	if m.LogLik != o.LogLik || !slices.Equal(m.Coefficients, o.Coefficients) {
		t.Errorf("%v %v and %v %v", m.LogLik, m.Coefficients, o.LogLik, o.Coefficients)
	}
	p, err := NewShopper(o)
	if err != nil {
		t.Fatal(err)
	}
	p.See([]float64{2, 0, 2, 0}, []bool{false, false})
	if got := p.Choose(0.5); got != Outside || p.Probabilities(make([]float64, 2)) != 1 {
		t.Errorf("an empty shelf: %d is taken", got)
	}
}

// TestAbsentAlternativesAreNeverRead, and the order of households changes nothing but rounding.
func TestAbsentAlternativesAreNeverRead(t *testing.T) {
	s := simulated(t, trueLogit(t), 50, 4, 8)
	m, err := FitLogit(s, Utility{})
	if err != nil {
		t.Fatal(err)
	}
	spoilt := *s
	spoilt.X = slices.Clone(s.X)
	for c, ok := range s.Available {
		if !ok {
			spoilt.X[2*c] = math.NaN()
		}
	}
	var order []int
	for visit := range 4 {
		for h := 49; h >= 0; h-- {
			order = append(order, h*4+visit)
		}
	}
	for name, other := range map[string]*Situations{"spoilt": &spoilt, "reordered": s.Subset(order)} {
		o, err := FitLogit(other, Utility{})
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range o.Coefficients {
			if math.Abs(c.Estimate-m.Coefficients[i].Estimate)+math.Abs(c.ClusteredSE-m.Coefficients[i].ClusteredSE) > 1e-9 {
				t.Errorf("%s: %+v, want %+v", name, c, m.Coefficients[i])
			}
		}
	}
}

// TestHistoryKnowsThePastOnly: by hand, and a choice changes nothing before it.
func TestHistoryKnowsThePastOnly(t *testing.T) {
	s := tiny() // household 901: a, then b; 902: c, then b
	if got := s.LastChoice(); !slices.Equal(got, []float64{0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1}) {
		t.Errorf("last choices %v", got)
	}
	if got := s.PastShares(); !slices.Equal(got, []float64{0, 0, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 0.5}) {
		t.Errorf("past shares %v", got)
	}
	third := 1.0 / 3
	for i, want := range []float64{third, third, third, third, third, third, 0.75*third + 0.25, 0.75 * third, 0.75 * third, 0.75 * third, 0.75 * third, 0.75*third + 0.25} {
		if got := s.Loyalty(0.75)[i]; math.Abs(got-want) > 1e-15 {
			t.Errorf("loyalty %d is %g, want %g", i, got, want)
		}
	}
	gain, loss, err := s.GainLoss("price", 0.5) // the second visits' prices less the first's: 2, -1, -1 and -1, 2, -1
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(gain[6:], []float64{0, 1, 1, 1, 0, 1}) || !slices.Equal(loss[6:], []float64{2, 0, 0, 0, 2, 0}) || slices.Max(append(gain[:6:6], loss[:6]...)) != 0 {
		t.Errorf("gains %v, losses %v", gain, loss)
	}
	long := simulated(t, trueLogit(t), 3, 10, 5)
	before, beforeLast := long.Loyalty(0.8), append(long.LastChoice(), long.PastShares()...)
	long.Chosen[14] = (long.Chosen[14] + 1) % 3 // household 1, visit 5
	after, afterLast := long.Loyalty(0.8), append(long.LastChoice(), long.PastShares()...)
	for i := range before {
		if changed := before[i] != after[i] || beforeLast[i] != afterLast[i] || beforeLast[i+len(before)] != afterLast[i+len(before)]; changed && (i/3 <= 14 || i/3 >= 20) {
			t.Errorf("a choice in situation 14 changed situation %d", i/3)
		}
	}
}
