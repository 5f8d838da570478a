package choice

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// made returns a model with known coefficients, made from its JSON as a scenario without logs would make it.
func made(t testing.TB, model, more string, utility map[string]any, coefficients ...any) Individual {
	t.Helper()
	var list []Parameter
	for i := 0; i < len(coefficients); i += 2 {
		list = append(list, Parameter{Name: coefficients[i].(string), Estimate: coefficients[i+1].(float64)})
	}
	body, err := json.Marshal(list)
	if err != nil {
		t.Fatal(err)
	}
	rest, err := json.Marshal(utility)
	if err != nil {
		t.Fatal(err)
	}
	m, err := LoadIndividual(fmt.Appendf(nil, `{"schema":"souk.choice/1","model":%q,%s%s,"coefficients":%s}`, model, strings.Trim(string(rest), "{}"), more, body))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

var shelfOfThree = map[string]any{"alternatives": []string{"a", "b", "c"}, "attributes": []string{"price", "feat"}}

// The truths of the recovery tests.
func trueLogit(t testing.TB) Individual {
	return made(t, "logit", "", shelfOfThree, "asc_b", 0.5, "asc_c", -0.3, "price", -1.0, "feat", 0.8)
}

func trueNested(t testing.TB) Individual {
	return made(t, "nested-logit", `,"nests":[{"name":"n","alternatives":["a","b"]}]`, shelfOfThree,
		"asc_b", 0.4, "asc_c", -0.3, "price", -1.0, "feat", 0.8, "lambda_n", 0.5)
}

func trueClasses(t testing.TB) Individual {
	return made(t, "latent-class", `,"shares":[0.7,0.3],"concomitants":["income"]`, shelfOfThree,
		"class1:asc_b", 1.0, "class1:asc_c", 0.5, "class1:price", -0.5, "class1:feat", 1.5,
		"class2:asc_b", -1.5, "class2:asc_c", -0.5, "class2:price", -2.0, "class2:feat", 0.2,
		"class2:membership", -1.2, "class2:income", 1.0) // a third of the people: few enough that no sample makes them the majority
}

func trueMixed(t testing.TB) Individual {
	return made(t, "mixed-logit", `,"nodes":81,"random":[{"name":"price","sign":0}]`, shelfOfThree,
		"asc_b", 0.5, "asc_c", -0.3, "price", -1.0, "feat", 0.8, "sd_price", 0.8)
}

func trueLogNormal(t testing.TB) Individual {
	return made(t, "mixed-logit", `,"nodes":60,"random":[{"name":"feat","sign":0},{"name":"price","sign":-1}]`, shelfOfThree,
		"asc_b", 0.5, "asc_c", -0.3, "price", 0.2, "feat", 0.8, "sd_feat", 1.0, "sd_price", 0.6)
}

// simulated lets people of the model choose: households × each situations with prices between 1 and 3 and features in a
// third of the cells; alternatives are missing in a tenth of them.
func simulated(t testing.TB, m Individual, households, each int, seed uint64) *Situations {
	e := m.Summary()
	nJ := len(e.Alternatives)
	s := &Situations{Alternatives: e.Alternatives, Attributes: e.Attributes, Outside: e.Outside, Traits: []string{"income"}}
	shopper, err := NewShopper(m)
	if err != nil {
		t.Fatal(err)
	}
	family := rng.New(seed, 0).Family("test")
	u, x, available := make([]float64, m.Draws()), make([]float64, 0, nJ*2), make([]bool, nJ)
	for h := range households {
		r := family.At(uint64(h))
		income := r.Normal()
		for i := range u {
			u[i] = r.Open()
		}
		shopper.Become(u, []float64{income}[:len(m.Concomitants())])
		for range each {
			x = x[:0]
			for j := range nJ {
				x = append(x, 1+2*r.Float64(), 0)
				if r.Float64() < 1.0/3 {
					x[len(x)-1] = 1
				}
				available[j] = r.Float64() > 0.1 || j == h%nJ
			}
			shopper.See(x, available)
			s.X, s.Available = append(s.X, x...), append(s.Available, available...)
			s.Chosen = append(s.Chosen, shopper.Choose(r.Float64()))
			s.Household, s.Trait = append(s.Household, h), append(s.Trait, income)
		}
	}
	return s
}

// TestModelsRecoverTheirParameters from data that they made themselves. Over the replications each coefficient's z-score
// must have a mean within 4/√R of 0 and all intervals of 95% together must hold the truth in a share within 4 standard errors
// of 95% (counting a replication as one observation). By the normal approximation a correct program fails once in 500 suites.
func TestModelsRecoverTheirParameters(t *testing.T) {
	for _, x := range []struct {
		name             string
		truth            Individual
		households, each int
		replications     int
		fit              func(*Situations) (Individual, error)
	}{
		{"logit", trueLogit(t), 300, 2, 60, func(s *Situations) (Individual, error) { return FitLogit(s, Utility{}) }},
		{"nested", trueNested(t), 800, 1, 25, func(s *Situations) (Individual, error) {
			return FitNested(s, Utility{}, []Nest{{"n", []string{"a", "b"}}})
		}},
		{"latent class", trueClasses(t), 120, 10, 15, func(s *Situations) (Individual, error) {
			return FitLatentClass(s, LatentClassOptions{Classes: 2, Concomitants: []string{"income"}, Starts: 4})
		}},
		{"mixed", trueMixed(t), 80, 8, 15, func(s *Situations) (Individual, error) {
			return FitMixed(s, MixedOptions{Normal: []string{"price"}, Nodes: 61})
		}},
		{"log-normal", trueLogNormal(t), 80, 8, 6, func(s *Situations) (Individual, error) {
			return FitMixed(s, MixedOptions{Normal: []string{"feat"}, LogNormal: []string{"price"}, Nodes: 60})
		}},
	} {
		truth := x.truth.Summary().Coefficients
		mean, inside := make([]float64, len(truth)), 0.0
		for r := range x.replications {
			m, err := x.fit(simulated(t, x.truth, x.households, x.each, uint64(1000+r)))
			if err != nil {
				t.Fatal(x.name, err)
			}
			for i, c := range m.Summary().Coefficients {
				z := (c.Estimate - truth[i].Estimate) / c.SE
				mean[i] += z / float64(x.replications)
				if math.Abs(z) < 1.959964 {
					inside += 1 / float64(len(truth)*x.replications)
				}
			}
		}
		for i, z := range mean {
			if !(math.Abs(z) < 4/math.Sqrt(float64(x.replications))) {
				t.Errorf("%s: z-scores of %s have mean %.2f over %d replications", x.name, truth[i].Name, z, x.replications)
			}
		}
		if math.Abs(inside-0.95) > 4*math.Sqrt(0.95*0.05/float64(x.replications)) {
			t.Errorf("%s: 95%% intervals hold the truth in %.1f%% of cases", x.name, 100*inside)
		}
		t.Logf("%s: mean z-scores %.2f, coverage %.3f", x.name, mean, inside)
	}
}

func truths(t testing.TB) map[string]Individual {
	return map[string]Individual{"logit": trueLogit(t), "nested": trueNested(t), "classes": trueClasses(t), "mixed": trueMixed(t), "log-normal": trueLogNormal(t)}
}

// TestPeopleChooseAsTheirProbabilitiesSay: shares over a grid of uniforms are the probabilities, and those of many people's
// tastes the population's (by 4000 points of a lattice, to 0.01).
func TestPeopleChooseAsTheirProbabilitiesSay(t *testing.T) {
	for name, m := range truths(t) {
		s := simulated(t, m, 1, 1, 7)
		s.Available = nil
		population, err := Probabilities(m, s)
		if err != nil {
			t.Fatal(err)
		}
		shopper, err := NewShopper(m)
		if err != nil {
			t.Fatal(err)
		}
		const grid = 1000
		p, count := make([]float64, 3), make([]float64, 3)
		shopper.See(s.X, nil)
		shopper.Probabilities(p)
		for i := range grid {
			count[shopper.Choose((float64(i)+0.5)/grid)]++
		}
		for j := range p {
			if math.Abs(count[j]/grid-p[j]) > 1.0/grid {
				t.Errorf("%s: %s is chosen in %.4f of cases, probability %.4f", name, s.Alternatives[j], count[j]/grid, p[j])
			}
		}
		mean, u := make([]float64, 3), make([]float64, m.Draws())
		const people = 4000
		for i := range people {
			for d := range u {
				_, u[d] = math.Modf((float64(i) + 0.5) / people * []float64{1, 1597}[d])
			}
			shopper.Become(u, s.Trait[:len(m.Concomitants())])
			shopper.See(s.X, nil)
			shopper.Probabilities(p)
			for j := range p {
				mean[j] += p[j] / people
			}
		}
		for j := range p {
			if math.Abs(mean[j]-population[0][j]) > 0.01 {
				t.Errorf("%s: people take %s with probability %.4f, the population with %.4f", name, s.Alternatives[j], mean[j], population[0][j])
			}
		}
		if n := testing.AllocsPerRun(100, func() {
			shopper.Become(u, s.Trait[:len(m.Concomitants())])
			shopper.See(s.X, s.Available)
			shopper.Choose(0.3)
		}); n != 0 {
			t.Errorf("%s: a choice allocates %.0f times", name, n)
		}
	}
}

// TestIndividualModelsSurviveJSON: the same probabilities, elasticities and document, bit for bit.
func TestIndividualModelsSurviveJSON(t *testing.T) {
	for name, m := range truths(t) {
		s := simulated(t, m, 40, 5, 3)
		first, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := LoadIndividual(first)
		if err != nil {
			t.Fatal(err)
		}
		second, err := json.Marshal(loaded)
		if err != nil {
			t.Fatal(err)
		}
		if string(first) != string(second) {
			t.Errorf("%s: the second document differs from the first", name)
		}
		p, err := Probabilities(m, s)
		if err != nil {
			t.Fatal(err)
		}
		q, err := Probabilities(loaded, s)
		if err != nil {
			t.Fatal(err)
		}
		for i := range p {
			if !slices.Equal(p[i], q[i]) {
				t.Fatalf("%s: probabilities %v and %v", name, p[i], q[i])
			}
		}
	}
}

// TestAttributeElasticitiesAreTheDerivatives of the shares by one price after another, 1e-6.
func TestAttributeElasticitiesAreTheDerivatives(t *testing.T) {
	for name, m := range truths(t) {
		s := simulated(t, m, 10, 3, 5)
		got, err := AttributeElasticities(m, s, "price")
		if err != nil {
			t.Fatal(err)
		}
		shares := func(l int, factor float64) []float64 {
			moved := *s
			moved.X = slices.Clone(s.X)
			for i := range s.Chosen {
				moved.X[(i*3+l)*2] *= factor
			}
			p, err := Probabilities(m, &moved)
			if err != nil {
				t.Fatal(err)
			}
			out := make([]float64, 3)
			for _, row := range p {
				for j, v := range row {
					out[j] += v
				}
			}
			return out
		}
		const h = 1e-5
		for l := range 3 {
			up, down := shares(l, 1+h), shares(l, 1-h)
			for j := range 3 {
				want := (up[j] - down[j]) / (up[j] + down[j]) / h
				if math.Abs(got[j][l]-want) > 1e-6 {
					t.Errorf("%s: elasticity of %d to %d %.8f, by differences %.8f", name, j, l, got[j][l], want)
				}
			}
		}
	}
}

// TestGradientsAndHessiansAreTheDerivatives of the likelihoods, by central differences.
func TestGradientsAndHessiansAreTheDerivatives(t *testing.T) {
	s := simulated(t, trueClasses(t), 25, 4, 11)
	d, err := newDesign(s, Utility{})
	if err != nil {
		t.Fatal(err)
	}
	z, err := concomitants(s, d, []string{"income"})
	if err != nil {
		t.Fatal(err)
	}
	nested := &NestedLogit{Estimates: newEstimates(s, Utility{}, d), Nests: []Nest{{"n", []string{"a", "c"}}}}
	if err := nested.plant(); err != nil {
		t.Fatal(err)
	}
	mixed := &MixedLogit{Nodes: 40, Random: []RandomCoefficient{{Name: "price", Sign: -1}, {Name: "asc_b"}}}
	tree := newNesting(d, nested.nests)
	for name, x := range map[string]struct {
		f     likelihood
		theta []float64
	}{
		"logit":   {newPooling(d).evaluate, []float64{0.3, -0.2, -0.9, 0.4}},
		"nested":  {differences(tree.evaluate, []float64{1, 1, 1, 1, 1}), []float64{0.3, -0.2, -0.9, 0.4, 0.6}},
		"classes": {newMixture(d, 3, z).evaluate, []float64{0.3, -0.2, -0.9, 0.4, 1, 1, 0.1, -1, -1, 0.5, -0.3, 0.2, 0.1, -0.5, 0.4, 0.9}},
		"mixed":   {newIntegral(d, mixed).evaluate, []float64{0.3, -0.2, 0.2, 0.4, 0.7, -0.8}},
	} {
		k := len(x.theta)
		g, info, up, down, unused := make([]float64, k), make([]float64, k*k), make([]float64, k), make([]float64, k), make([]float64, k*k)
		x.f(x.theta, g, info)
		const h = 1e-5
		for i := range k {
			at := x.theta[i]
			x.theta[i] = at + h
			high := x.f(x.theta, up, unused)
			x.theta[i] = at - h
			low := x.f(x.theta, down, unused)
			x.theta[i] = at
			if want := (high - low) / (2 * h); math.Abs(g[i]-want) > 1e-5 {
				t.Errorf("%s: gradient %d is %.8f, by differences %.8f", name, i, g[i], want)
			}
			for j := i; j < k; j++ {
				if want := (down[j] - up[j]) / (2 * h); math.Abs(info[j*k+i]-want) > 1e-4 {
					t.Errorf("%s: information %d, %d is %.8f, by differences %.8f", name, j, i, info[j*k+i], want)
				}
			}
		}
	}
}

// FuzzLoadIndividual: any document gives an error or a model that lets people choose.
func FuzzLoadIndividual(f *testing.F) {
	for _, m := range truths(f) {
		b, err := json.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"schema":"souk.choice/1","model":"latent-class","alternatives":["a"],"outside":true,"attributes":[],"shares":[1,0],"coefficients":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := LoadIndividual(b)
		if err != nil {
			return
		}
		s, err := NewShopper(m)
		if err != nil {
			t.Fatal(err)
		}
		e := m.Summary()
		u := make([]float64, m.Draws())
		for i := range u {
			u[i] = 0.7
		}
		s.Become(u, make([]float64, len(m.Concomitants())))
		s.See(make([]float64, len(e.Alternatives)*len(e.Attributes)), nil)
		if c := s.Choose(0.999); c < Outside || c >= len(e.Alternatives) {
			t.Errorf("chose %d of %d", c, len(e.Alternatives))
		}
		if _, err := json.Marshal(m); err != nil {
			t.Error(err)
		}
	})
}

// BenchmarkShopper makes a person of a mixed logit, puts it before a shelf and lets it choose.
func BenchmarkShopper(b *testing.B) {
	m := trueMixed(b)
	s, err := NewShopper(m)
	if err != nil {
		b.Fatal(err)
	}
	x, u := []float64{1, 0, 2, 0, 1.5, 1}, []float64{0.3}
	b.ReportAllocs()
	for b.Loop() {
		s.Become(u, nil)
		s.See(x, nil)
		s.Choose(0.4)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "choices/s")
}
