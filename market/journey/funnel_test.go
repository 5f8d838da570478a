package journey

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

var steps = []string{"land", "list", "view", "add", "check out"}

// shop is a funnel of order 1 given by hand.
func shop(t testing.TB) *Funnel {
	f := &Funnel{States: steps, Order: 1, Start: []float64{0.6, 0.3, 0.1, 0, 0}}
	for i, next := range [][]float64{{0, 0.5, 0.1, 0, 0, 0.4}, {0.1, 0.2, 0.4, 0, 0, 0.3}, {0, 0.3, 0.2, 0.2, 0, 0.3},
		{0, 0.2, 0.1, 0.1, 0.4, 0.2}, {0, 0, 0, 0, 0, 1}} {
		f.Rows = append(f.Rows, FunnelRow{After: []string{steps[i]}, Next: next})
	}
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	return f
}

// second is a chain of order 2 in which whoever saw the same state twice leaves more often.
func second(t testing.TB) *Funnel {
	f := &Funnel{States: []string{"a", "b", "c"}, Order: 2, Start: []float64{0.5, 0.3, 0.2}}
	for i := range f.rows() {
		next := []float64{0.25, 0.3, 0.25, 0.2}
		if i >= 3 && (i-3)/3 == (i-3)%3 {
			next = []float64{0.1, 0.2, 0.3, 0.4}
		}
		f.Rows = append(f.Rows, FunnelRow{After: f.history(i), Next: next})
	}
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	return f
}

// walk makes n visits of the chain, each from its own stream.
func walk(f *Funnel, n int, seed uint64) [][]int {
	family := rng.New(seed, 0).Family("journey/test")
	visits := make([][]int, n)
	for i := range visits {
		stream := family.At(uint64(i))
		state, at := f.Next(0, stream.Float64())
		for state != Leave {
			visits[i] = append(visits[i], state)
			state, at = f.Next(at, stream.Float64())
		}
	}
	return visits
}

// 20,000 visits; each of some 70 probabilities fails by chance once in 1.7 million (5 standard errors).
func TestFunnelsAreRecoveredFromSimulatedVisits(t *testing.T) {
	for _, truth := range []*Funnel{shop(t), second(t)} {
		f, err := FitFunnel(truth.States, walk(truth, 20_000, 1), nil, FunnelOptions{Order: truth.Order})
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range f.Rows {
			for j, p := range row.Next {
				want := truth.Rows[i].Next[j]
				if se := math.Sqrt(want * (1 - want) / float64(row.Clicks)); math.Abs(p-want) > 5*se {
					t.Errorf("after %v the probability of %d is %v, want %v", row.After, j, p, want)
				}
			}
		}
	}
}

func TestAVisitOfGivenLengthFollowsTheFunnelWithoutLeaving(t *testing.T) {
	f := shop(t)
	const n = 100_000 // uniforms, evenly
	for i, row := range f.Rows {
		var seen [5]float64
		for k := range n {
			state, at := f.Continue(FunnelPosition(1+i), (float64(k)+0.5)/n)
			if state == Leave {
				if row.Next[5] < 1 {
					t.Fatalf("the visit ends after %v", row.After)
				}
				continue
			}
			if at != FunnelPosition(1+state) {
				t.Fatalf("a click on %d leads to position %d", state, at)
			}
			seen[state] += 1. / n
		}
		for x, share := range seen {
			if row.Next[5] < 1 {
				near(t, "share", share, row.Next[x]/(1-row.Next[5]), 2./n)
			}
		}
		if x, _ := f.Continue(FunnelPosition(1+i), math.Nextafter(1, 0)); x != Leave && row.Next[x] == 0 {
			t.Errorf("after %v the impossible %d", row.After, x)
		}
	}
}

// 20,000 visits: mean clicks of a state and conversion within 4.4 standard errors, six checks.
func TestExpectedClicksAndConversionAreThoseOfSimulatedVisits(t *testing.T) {
	f := shop(t)
	const n = 20_000
	visits := walk(f, n, 3)
	expected, _, err := f.Visits()
	if err != nil {
		t.Fatal(err)
	}
	for x, want := range expected {
		sum, square, reached := 0.0, 0.0, 0.0
		for _, v := range visits {
			k := 0.0
			for _, y := range v {
				if y == x {
					k++
				}
			}
			sum, square, reached = sum+k, square+k*k, reached+min(k, 1)
		}
		mean := sum / n
		near(t, "clicks on "+steps[x], mean, want, 4.4*math.Sqrt((square/n-mean*mean)/n))
		p, err := f.Reach(x)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "visits that reach "+steps[x], reached/n, p, 4.4*math.Sqrt(p*(1-p)/n))
	}
	checkout, _ := f.Reach(4)
	near(t, "conversion, once at most", checkout, expected[4], 1e-14)
}

// Of 200 logs of a chain of order 1 the test of order 2 rejects 10 at 5% in the mean; more than 24 in one run of 38,000.
func TestTheOrderOfAChainIsFound(t *testing.T) {
	one := &Funnel{States: []string{"a", "b", "c"}, Order: 1, Start: []float64{0.5, 0.3, 0.2}}
	for i := range 3 {
		one.Rows = append(one.Rows, FunnelRow{After: one.history(i), Next: slices.Concat([][]float64{{0.4, 0.2, 0.2}, {0.2, 0.4, 0.2}, {0.1, 0.3, 0.3}}[i], []float64{[]float64{0.2, 0.2, 0.3}[i]})})
	}
	if err := one.Check(); err != nil {
		t.Fatal(err)
	}
	rejected := 0
	for seed := range uint64(200) {
		fits, err := CompareOrders(one.States, walk(one, 400, seed), nil)
		if err != nil {
			t.Fatal(err)
		}
		if fits[1].BIC > fits[2].BIC || fits[1].BIC > fits[0].BIC {
			t.Errorf("seed %d: BIC does not choose order 1: %+v", seed, fits)
		}
		if *fits[2].PValue < 0.05 {
			rejected++
		}
	}
	if rejected > 24 {
		t.Errorf("%d of 200 logs of order 1 are taken for order 2 at 5%%", rejected)
	}
	fits, err := CompareOrders([]string{"a", "b", "c"}, walk(second(t), 10_000, 1), nil)
	if err != nil || !(fits[2].BIC < fits[1].BIC) {
		t.Errorf("order 2 is not chosen: %+v (%v)", fits, err)
	}
}

func TestSmoothingLeansOnShorterHistories(t *testing.T) {
	visits := [][]int{{0, 1, 1}, {0, 1}, {1}}
	for _, c := range []struct {
		smoothing float64
		row       int
		want      []float64
	}{
		{0, 0, []float64{0, 1, 0, 0}},     // a first
		{0, 2, []float64{0, 0.5, 0, 0.5}}, // c was never seen: all clicks, a 0, b 3, c 0, leave 3
		{0, 3, []float64{0, 1, 0, 0}},     // a, a was never seen: after a comes b
		{1e12, 5, []float64{.25, .25, .25, .25}},
	} {
		f, err := FitFunnel([]string{"a", "b", "c"}, visits, nil, FunnelOptions{Order: 2, Smoothing: c.smoothing})
		if err != nil {
			t.Fatal(err)
		}
		for j, p := range f.Rows[c.row].Next {
			near(t, "probability after "+strings.Join(f.Rows[c.row].After, ", "), p, c.want[j], 1e-9)
		}
	}
	f, err := FitFunnel([]string{"a", "b", "c"}, visits, nil, FunnelOptions{Order: 1, Smoothing: 2})
	if err != nil {
		t.Fatal(err)
	}
	all := []float64{(0 + 0.5) / 8, (3 + 0.5) / 8, (0 + 0.5) / 8, (3 + 0.5) / 8}
	for j, p := range f.Rows[1].Next { // after b: b once, leave three times
		near(t, "after b", p, ([]float64{0, 1, 0, 3}[j]+2*all[j])/6, 1e-15)
	}
	if l, err := f.LogLikelihood([]int{2, 2, 0}, false); err != nil || math.IsInf(l, 0) {
		t.Errorf("a visit never seen has log-likelihood %v (%v)", l, err)
	}
}

func TestVisitsThatCannotBeFittedAreRefusedByName(t *testing.T) {
	labels := []string{"a", "b"}
	for _, c := range []struct {
		says   string
		labels []string
		visits [][]int
		open   []bool
		o      FunnelOptions
	}{
		{"visits: found 0", labels, nil, nil, FunnelOptions{}},
		{"visit 2: states: found no click", labels, [][]int{{0}, {}}, nil, FunnelOptions{}},
		{"visit 1: click 2: found 2", labels, [][]int{{0, 2}}, nil, FunnelOptions{}},
		{"visit 1: click 1: found -1", labels, [][]int{{-1}}, nil, FunnelOptions{}},
		{"open: found 2", labels, [][]int{{1}}, []bool{true, false}, FunnelOptions{}},
		{"open: found every visit", labels, [][]int{{1}}, []bool{true}, FunnelOptions{}},
		{"no way to leave", labels, [][]int{{1, 1}, {0}}, []bool{true, false}, FunnelOptions{Order: 1}},
		{"order: found 3", labels, [][]int{{1}}, nil, FunnelOptions{Order: 3}},
		{"smoothing: found NaN", labels, [][]int{{1}}, nil, FunnelOptions{Smoothing: math.NaN()}},
		{"states: found 0", nil, [][]int{{1}}, nil, FunnelOptions{}},
		{"states: found 60", make([]string, 60), [][]int{{1}}, nil, FunnelOptions{Order: 2}},
		{`states[1]: found "a"`, []string{"a", "a"}, [][]int{{1}}, nil, FunnelOptions{}},
	} {
		if _, err := FitFunnel(c.labels, c.visits, c.open, c.o); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want %q", err, c.says)
		}
	}
	one, err := FitFunnel(labels, [][]int{{0}}, nil, FunnelOptions{Order: 1})
	if err != nil || len(one.Estimates.Warnings) != 3 { // one session, a row unseen, nobody at b
		t.Errorf("one visit gives %v, %+v", err, one.Estimates)
	}
	if l, err := one.LogLikelihood([]int{1}, false); err != nil || !math.IsInf(l, -1) {
		t.Errorf("what cannot be has log-likelihood %v (%v)", l, err)
	}
	if _, err := one.LogLikelihood([]int{2}, false); err == nil {
		t.Error("an unseen state is taken")
	}
}

func TestSessionsAreCutByTheGap(t *testing.T) {
	log := []Click{{7, 100, 0}, {3, 50, 1}, {7, 130, 1}, {7, 130, 1}, {7, 120, 2}, {7, 2000, 0}, {7, 1930, 3}, {3, 9000, 2}}
	sessions, r, err := Sessions(log, 1800, math.NaN())
	if err != nil {
		t.Fatal(err)
	}
	want := []Session{{50, []int{1}, nil, false, 3}, {100, []int{0, 2, 1, 3, 0}, []float64{20, 10, 1800, 70}, false, 7}, {9000, []int{2}, nil, true, 3}}
	if !slices.EqualFunc(sessions, want, func(a, b Session) bool {
		return a.Start == b.Start && slices.Equal(a.States, b.States) && slices.Equal(a.Dwell, b.Dwell) && a.Open == b.Open && a.Visitor == b.Visitor
	}) {
		t.Errorf("%+v", sessions)
	}
	if r.Skewed != 2 || r.Repeated != 1 || r.Single != 2 || r.Open != 1 || r.Visitors != 2 || len(r.Warnings) != 4 {
		t.Errorf("%+v", r)
	}
	if s, _, err := Sessions(nil, 1800, math.NaN()); err != nil || len(s) != 0 {
		t.Errorf("no click gives %v (%v)", s, err)
	}
	for _, c := range []struct {
		says     string
		log      []Click
		gap, end float64
	}{
		{"gap: found 0", log, 0, 1e4}, {"gap: found NaN", log, math.NaN(), 1e4}, {"end: found 5", log, 10, 5},
		{"click 1: time: found NaN", []Click{{1, math.NaN(), 0}}, 10, 20}, {"click 1: state: found -1", []Click{{1, 1, -1}}, 10, 20},
	} {
		if _, _, err := Sessions(c.log, c.gap, c.end); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want %q", err, c.says)
		}
	}
}

func BenchmarkFunnelNext(b *testing.B) {
	f := shop(b)
	stream := rng.New(1, 0).Family("bench").At()
	b.ReportAllocs()
	at := FunnelPosition(0)
	for b.Loop() {
		var state int
		if state, at = f.Next(at, stream.Float64()); state == Leave {
			at = 0
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "clicks/s")
}

func BenchmarkFitFunnel(b *testing.B) {
	visits := walk(shop(b), 10_000, 1)
	clicks := 0
	for _, v := range visits {
		clicks += len(v)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := FitFunnel(steps, visits, nil, FunnelOptions{Order: 2}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*clicks)/b.Elapsed().Seconds(), "clicks/s")
}

func BenchmarkSessions(b *testing.B) {
	var log []Click
	stream := rng.New(1, 0).Family("bench").At()
	for i := range 100_000 {
		log = append(log, Click{stream.Intn(2_000), float64(i) * 5, stream.Intn(5)})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := Sessions(log, 1800, math.NaN()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(log))/b.Elapsed().Seconds(), "clicks/s")
}
