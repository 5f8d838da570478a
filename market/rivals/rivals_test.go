package rivals_test

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/rivals"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

func ladder() []rivals.Rung {
	return []rivals.Rung{
		{Price: 0.60, Display: 0.9, Cost: 0.50, Deal: true, Probability: 0.3},
		{Price: 0.70, Display: 0.7, Cost: 0.52, Deal: true, Probability: 0.5},
		{Price: 0.80, Display: 0.5, Cost: 0.55, Deal: true, Probability: 0.2},
		{Price: 0.96, Display: 0.1, Cost: 0.60, Probability: 0.3},
		{Price: 1.00, Display: 0.0, Cost: 0.60, Probability: 0.7},
	}
}

func sample(t testing.TB) *rivals.Deals {
	t.Helper()
	d, err := rivals.New("rival", ladder(), rivals.Chain{ToDeal: 0.2, ToRegular: 0.4, HoldRegular: 0.6, HoldDeal: 0.5})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestTheStationaryDistributionIsKeptByTheTransitions(t *testing.T) {
	d := sample(t)
	s := d.Stationary()
	n := len(s)
	total, onDeal := 0.0, 0.0
	for to := range n {
		next, row := 0.0, 0.0
		for from := range n {
			next += s[from] * d.Transition(from, to)
			row += d.Transition(to, from)
		}
		if math.Abs(next-s[to]) > 1e-15 || math.Abs(row-1) > 1e-15 {
			t.Errorf("rung %d: share %v becomes %v, its row adds up to %v", to, s[to], next, row)
		}
		total += s[to]
		if d.Rungs()[to].Deal {
			onDeal += s[to]
		}
	}
	if math.Abs(total-1) > 1e-15 || math.Abs(onDeal-1./3) > 1e-15 {
		t.Errorf("shares add up to %v, on deal %v (want 0.2/(0.2+0.4))", total, onDeal)
	}
}

// TestNextDrawsTheTransitionProbabilities: the deciles of u are exact, since Next is the inverse of a step function; u at either
// end gives rungs that can be.
func TestNextDrawsTheTransitionProbabilities(t *testing.T) {
	d := sample(t)
	const grid = 1 << 16
	for from := range d.Rungs() {
		count := make([]int, len(d.Rungs()))
		previous := 0
		for i := range grid {
			to := d.Next(from, (float64(i)+0.5)/grid)
			if to < previous {
				t.Fatalf("from %d: a larger u gives rung %d after %d", from, to, previous)
			}
			previous = to
			count[to]++
		}
		for to, c := range count {
			if p := d.Transition(from, to); math.Abs(float64(c)/grid-p) > 1.0/grid {
				t.Errorf("from %d to %d: %v, want %v", from, to, float64(c)/grid, p)
			}
		}
		if top := d.Next(from, 1-0x1p-53); top != len(count)-1 {
			t.Errorf("the largest u gives rung %d", top)
		}
	}
	if d.Start(0) != 0 || d.Start(1-0x1p-53) != len(ladder())-1 {
		t.Error("Start does not span the rungs")
	}
}

func TestARungThatCannotBeIsNeverDrawn(t *testing.T) {
	rungs := ladder()
	rungs[3].Probability, rungs[4].Probability = 1, 0
	d, err := rivals.New("rival", rungs, rivals.Chain{ToDeal: 0.1, ToRegular: 0.1})
	if err != nil {
		t.Fatal(err)
	}
	for from := range rungs {
		if to := d.Next(from, math.Nextafter(1, 0)); to == 4 {
			t.Errorf("from %d the impossible rung was drawn", from)
		}
	}
	if d.Start(math.Nextafter(1, 0)) == 4 {
		t.Error("Start drew the impossible rung")
	}
}

func TestAProductWithoutDealsStaysRegular(t *testing.T) {
	d, err := rivals.New("rival", []rivals.Rung{{Price: 1, Probability: 1}}, rivals.Chain{ToRegular: 1})
	if err != nil {
		t.Fatal(err)
	}
	if d.Next(0, 0.99) != 0 || d.Start(0.99) != 0 || d.Stationary()[0] != 1 {
		t.Error("a single rung was left")
	}
}

func TestJSONKeepsEveryBit(t *testing.T) {
	for _, f := range fitTuna(t) {
		text, err := json.MarshalIndent(f.Deals, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		var read rivals.Deals
		if err := json.Unmarshal(text, &read); err != nil {
			t.Fatal(err)
		}
		again, err := json.MarshalIndent(&read, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		if string(again) != string(text) {
			t.Fatalf("%s\nbecame\n%s", text, again)
		}
		s := rng.New(3, 0).Family("paths").At()
		a, b := f.Deals.Start(0.5), read.Start(0.5)
		for range 10000 {
			u := s.Float64()
			if a, b = f.Deals.Next(a, u), read.Next(b, u); a != b {
				t.Fatal("the same draws lead to other rungs")
			}
		}
	}
}

func TestBadParametersAreRefused(t *testing.T) {
	good := rivals.Chain{ToDeal: 0.2, ToRegular: 0.4}
	for want, change := range map[string]func(r []rivals.Rung, c *rivals.Chain){
		"rungs[1].price: found 0.6, expected more than 0.6": func(r []rivals.Rung, _ *rivals.Chain) { r[1].Price = 0.6 },
		"rungs[0].price: found NaN":                         func(r []rivals.Rung, _ *rivals.Chain) { r[0].Price = math.NaN() },
		"rungs[4].display: found 1.1":                       func(r []rivals.Rung, _ *rivals.Chain) { r[4].Display = 1.1 },
		"rungs[2].cost: found -1":                           func(r []rivals.Rung, _ *rivals.Chain) { r[2].Cost = -1 },
		"rungs[2].probability: found -0.2":                  func(r []rivals.Rung, _ *rivals.Chain) { r[2].Probability = -0.2 },
		"rungs: found probabilities of the deal rungs":      func(r []rivals.Rung, _ *rivals.Chain) { r[2].Probability = 0.3 },
		"rungs: found no regular rung": func(r []rivals.Rung, _ *rivals.Chain) {
			for i := range r {
				r[i].Deal, r[i].Probability = true, 0.2
			}
		},
		"to_deal: found 0.2, expected 0, as": func(r []rivals.Rung, _ *rivals.Chain) {
			for i := range r {
				r[i].Deal, r[i].Probability = false, 0.2
			}
		},
		"to_deal: found 1.5":        func(_ []rivals.Rung, c *rivals.Chain) { c.ToDeal = 1.5 },
		"hold_deal: found NaN":      func(_ []rivals.Rung, c *rivals.Chain) { c.HoldDeal = math.NaN() },
		"to_regular: found 0, expe": func(_ []rivals.Rung, c *rivals.Chain) { *c = rivals.Chain{} },
	} {
		r, c := ladder(), good
		change(r, &c)
		_, err := rivals.New("rival", r, c)
		var bad *field.Error
		if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	var d rivals.Deals
	if err := json.Unmarshal([]byte(`{"product":"x","chain":{},"rungs":[]}`), &d); err == nil {
		t.Error("a document without rungs was read")
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	d, rung := sample(t), 0
	s := rng.New(1, 0).Family("next").At()
	if n := testing.AllocsPerRun(1000, func() { rung = d.Next(rung, s.Float64()) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkNext(b *testing.B) {
	d, rung := fitTuna(b)[0].Deals, 0
	s := rng.New(1, 0).Family("next").At()
	b.ReportAllocs()
	for b.Loop() {
		rung = d.Next(rung, s.Float64())
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "periods/s")
}

// FuzzDeals: any document is refused or gives a chain whose draws are rungs.
func FuzzDeals(f *testing.F) {
	text, err := json.Marshal(sample(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text, 0.5)
	f.Add([]byte(`{"rungs":[{"price":1,"probability":1}],"chain":{"to_regular":1}}`), 0.0)
	f.Fuzz(func(t *testing.T, text []byte, u float64) {
		var d rivals.Deals
		if json.Unmarshal(text, &d) != nil || !(u >= 0 && u < 1) {
			return
		}
		rung := d.Start(u)
		for range 10 {
			if rung = d.Next(rung, u); rung < 0 || rung >= len(d.Rungs()) {
				t.Fatalf("rung %d", rung)
			}
		}
	})
}
