package journey

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// kinds is a shop of two kinds of visits: most stay where they are, the others wander and go on for longer.
func kinds(t testing.TB) *Mixture {
	t.Helper()
	chain := func(start []float64, rows ...[]float64) *Funnel {
		f := &Funnel{States: []string{"a", "b"}, Order: 1, Start: start}
		for i, next := range rows {
			f.Rows = append(f.Rows, FunnelRow{After: f.States[i : i+1], Next: next})
		}
		return f
	}
	m := &Mixture{Shares: []float64{0.7, 0.3}, Kinds: []*Funnel{
		chain([]float64{0.8, 0.2}, []float64{0.6, 0.1, 0.3}, []float64{0.05, 0.55, 0.4}),
		chain([]float64{0.3, 0.7}, []float64{0.15, 0.75, 0.1}, []float64{0.7, 0.2, 0.1})}}
	if err := m.Check(); err != nil {
		t.Fatal(err)
	}
	return m
}

func visitsOf(j *Journey, n int, seed uint64) (visits [][]int) {
	family := rng.New(seed, 0).Family("journey/visits")
	for i := range n {
		stream := family.At(uint64(i))
		visits = append(visits, j.Visit(nil, &stream))
	}
	return visits
}

// TestMixtureIsRecovered: 20 seeds of 2000 visits; the mean of each probability within 4 of its standard errors (16 of them: a
// false alarm in a thousandth of other seed sets), and the bias below 0.015.
func TestMixtureIsRecovered(t *testing.T) {
	truth := kinds(t)
	values := func(m *Mixture) (p []float64) {
		p = append(p, m.Shares...)
		for _, f := range m.Kinds {
			p = append(p, f.Start...)
			for _, r := range f.Rows {
				p = append(p, r.Next...)
			}
		}
		return p
	}
	want := values(truth)
	const seeds = 20
	sum, squares := make([]float64, len(want)), make([]float64, len(want))
	for seed := range uint64(seeds) {
		m, err := FitMixture([]string{"a", "b"}, visitsOf(&Journey{Mixture: truth}, 2000, seed), nil, MixtureOptions{Kinds: 2, Order: 1, Starts: 3, Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		if !m.Estimates.Converged {
			t.Error("EM did not converge")
		}
		for i, v := range values(m) {
			sum[i], squares[i] = sum[i]+v/seeds, squares[i]+v*v/seeds
		}
	}
	for i, v := range want {
		if se := math.Sqrt((squares[i] - sum[i]*sum[i]) / (seeds - 1)); math.Abs(sum[i]-v) > 4*se || math.Abs(sum[i]-v) > 0.015 {
			t.Errorf("probability %d is %.4f ± %.4f, truth %.4f", i, sum[i], se, v)
		}
	}
}

// TestOneKindIsAFunnel: the same probabilities and likelihood; and more kinds never fit worse.
func TestOneKindIsAFunnel(t *testing.T) {
	visits := visitsOf(&Journey{Mixture: kinds(t)}, 500, 1)
	open := make([]bool, len(visits))
	open[3] = true
	labels := []string{"a", "b"}
	for order := range 3 {
		f, err := FitFunnel(labels, visits, open, FunnelOptions{Order: order, Smoothing: 1})
		if err != nil {
			t.Fatal(err)
		}
		before := math.Inf(-1)
		for k := 1; k <= 3; k++ {
			m, err := FitMixture(labels, visits, open, MixtureOptions{Kinds: k, Order: order, Smoothing: 1})
			if err != nil {
				t.Fatal(err)
			}
			total := 0.0
			for i, v := range visits {
				l, err := m.LogLikelihood(v, open[i])
				if err != nil {
					t.Fatal(err)
				}
				total += l
			}
			if math.Abs(total-m.Estimates.LogLikelihood) > 1e-3 {
				t.Errorf("order %d, %d kinds: log-likelihood %v, reported %v", order, k, total, m.Estimates.LogLikelihood)
			}
			if total < before-1e-3 {
				t.Errorf("order %d: %d kinds fit worse (%v) than fewer (%v)", order, k, total, before)
			}
			before = total
			for i, r := range f.Rows {
				for x, p := range r.Next {
					if k == 1 && math.Abs(m.Kinds[0].Rows[i].Next[x]-p) > 1e-12 {
						t.Errorf("order %d, after %q: %v, the funnel has %v", order, r.After, m.Kinds[0].Rows[i].Next, r.Next)
					}
				}
			}
		}
	}
}

func TestVisitsAreOfTheLengthDrawn(t *testing.T) {
	j := &Journey{Funnel: shop(t), Length: newLength(t, Geometric, 0.2)}
	alone := &Journey{Funnel: shop(t)}
	visits, walks := visitsOf(j, 4000, 1), visitsOf(alone, 4000, 1)
	mean := func(visits [][]int) (m float64) {
		for _, v := range visits {
			m += float64(len(v)) / float64(len(visits))
		}
		return m
	}
	expected, _, err := alone.Funnel.Visits()
	if err != nil {
		t.Fatal(err)
	}
	// The standard deviation of a length is below 6: within 4 standard errors. The shop's last step is followed by leaving alone,
	// so that some visits are cut short.
	if m := mean(walks); math.Abs(m-sum(expected)) > 4*6/math.Sqrt(4000) {
		t.Errorf("visits of the funnel alone have %.3f clicks, expected %.3f", m, sum(expected))
	}
	if m := mean(visits); m > 5+4*6/math.Sqrt(4000) || m <= mean(walks) {
		t.Errorf("visits have %.3f clicks, drawn 5", m)
	}
	if got := new(Journey).Visit(nil, nil); got != nil {
		t.Errorf("a journey without a chain went to %v", got)
	}
	stream, room := rng.New(1, 0).Family("a").At(), make([]int, 0, 1<<12)
	for _, j := range []*Journey{j, alone, {Mixture: kinds(t)}} {
		if n := testing.AllocsPerRun(100, func() { room = j.Visit(room[:0], &stream) }); n != 0 {
			t.Errorf("%v allocations a visit", n)
		}
	}
}

func TestBadMixturesAreRefused(t *testing.T) {
	for want, spoil := range map[string]func(*Mixture){
		"mixture.kinds:":                 func(m *Mixture) { m.Kinds = nil },
		"mixture.shares:":                func(m *Mixture) { m.Shares[0] = 0.9 },
		"mixture.kinds[1]:":              func(m *Mixture) { m.Kinds[1] = nil },
		"mixture.kinds[1].rows[0].next:": func(m *Mixture) { m.Kinds[1].Rows[0].Next[0] = 0.9 },
	} {
		j := Journey{Mixture: kinds(t)}
		spoil(j.Mixture)
		if err := j.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("want %s, got %v", want, err)
		}
	}
	for _, o := range []MixtureOptions{{Kinds: 0, Order: 1}, {Kinds: 4, Order: 1}, {Kinds: 2, Order: 3}, {Kinds: 2, Starts: -1}} {
		if _, err := FitMixture([]string{"a", "b"}, [][]int{{0}, {1, 0}, {0, 1}}, nil, o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
	m, err := FitMixture([]string{"a", "b"}, [][]int{{0}, {1, 0}, {0, 1}}, nil, MixtureOptions{Kinds: 2, Order: 1, Smoothing: 1})
	if err != nil || len(m.Estimates.Warnings) == 0 || !slices.IsSortedFunc(m.Shares, func(a, b float64) int { return -int(math.Copysign(1, a-b)) }) {
		t.Errorf("three visits: %+v, %v", m, err)
	}
}

func BenchmarkFitMixture(b *testing.B) {
	visits, _ := eshop(b)
	for b.Loop() {
		if _, err := FitMixture(categories, visits, nil, MixtureOptions{Kinds: 5, Order: 1, Smoothing: 1}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ReportMetric(float64(b.N)*float64(len(visits))/b.Elapsed().Seconds(), "visits/s")
}
