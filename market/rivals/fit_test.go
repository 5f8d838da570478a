package rivals_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/rivals"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// simulate makes a history of a price process; periods in gap are absent.
func simulate(d *rivals.Deals, seed uint64, periods int, absent func(period int) bool) rivals.History {
	s := rng.New(seed, 0).Family("history").At()
	rungs := d.Rungs()
	h := rivals.History{Product: d.Product()}
	rung := d.Start(s.Float64())
	for period := 1; period <= periods; period++ {
		if !absent(period) {
			r := rungs[rung]
			h.Periods, h.Price = append(h.Periods, period), append(h.Price, r.Price)
			h.Display, h.Cost = append(h.Display, r.Display), append(h.Cost, r.Cost)
		}
		rung = d.Next(rung, s.Float64())
	}
	return h
}

func everyTenth(period int) bool { return period%10 == 0 }
func never(int) bool             { return false }

// TestAFitRecoversTheProcessThatMadeTheData over 20 seeds of 500 periods, a tenth of them absent. Of 80 estimates of a
// right fit two or more lie beyond 3 standard errors with probability 0.02, and fewer than 68 of 80 intervals of 95%
// cover with probability 0.0004. A rung's price may be off by 1%, since the running regular price is the lower regular rung
// now and then.
func TestAFitRecoversTheProcessThatMadeTheData(t *testing.T) {
	truth := sample(t)
	want := truth.Chain()
	far, covered, all := 0, 0, 0
	for seed := range uint64(20) {
		f, err := rivals.Fit(simulate(truth, seed, 500, everyTenth), rivals.Options{RegularRungs: 2, DealRungs: 3, Recent: 500})
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range f.Deals.Rungs() {
			w := ladder()[i]
			if math.Abs(r.Price-w.Price) > 0.01*w.Price || r.Deal != w.Deal || math.Abs(r.Display-w.Display) > 0.02 || math.Abs(r.Cost-w.Cost) > 0.01 || math.Abs(r.Probability-w.Probability) > 0.2 {
				t.Errorf("seed %d, rung %d: %+v, want %+v", seed, i, r, w)
			}
		}
		d := f.Diagnose(rng.New(seed, 1).Family("bootstrap"), 200)
		for _, c := range []struct {
			name   string
			truth  float64
			figure rivals.Check
		}{{"to deal", want.ToDeal, d.ToDeal}, {"to regular", want.ToRegular, d.ToRegular}, {"hold regular", want.HoldRegular, d.HoldRegular}, {"hold deal", want.HoldDeal, d.HoldDeal}} {
			z := math.Abs(c.figure.Observed-c.truth) / c.figure.StandardError
			all++
			if z > 3 {
				far++
				t.Logf("seed %d: %s %.3f, truth %.3f: %.1f standard errors", seed, c.name, c.figure.Observed, c.truth, z)
			}
			if z <= 1.96 {
				covered++
			}
		}
	}
	t.Logf("%d of %d intervals cover, %d estimates beyond 3 standard errors", covered, all, far)
	if far > 1 || covered < 68 {
		t.Errorf("%d of %d intervals cover, %d estimates beyond 3 standard errors", covered, all, far)
	}
}

// TestPricesDrawnAnewEachPeriodAreNotHeld: where there is no holding Akaike's criterion leaves it out most of the time (a
// boundary parameter enters by chance with probability 0.08; 7 or more of 40 by 0.04).
func TestPricesDrawnAnewEachPeriodAreNotHeld(t *testing.T) {
	truth, err := rivals.New("rival", ladder(), rivals.Chain{ToDeal: 0.2, ToRegular: 0.3})
	if err != nil {
		t.Fatal(err)
	}
	held := 0
	for seed := range uint64(20) {
		f, err := rivals.Fit(simulate(truth, seed, 500, never), rivals.Options{RegularRungs: 2, DealRungs: 3})
		if err != nil {
			t.Fatal(err)
		}
		for _, hold := range []float64{f.Deals.Chain().HoldRegular, f.Deals.Chain().HoldDeal} {
			if hold > 0 {
				held++
			}
		}
	}
	if held > 6 {
		t.Errorf("%d of 40 states hold their price, and none does", held)
	}
}

// TestTheLevelIsThatOfTheRecentPeriods: prices that rise by a tenth of the first price in a hundred periods are laddered at
// the level of the last two years, with the deals of the whole history.
func TestTheLevelIsThatOfTheRecentPeriods(t *testing.T) {
	h := simulate(sample(t), 5, 400, never)
	for i, period := range h.Periods {
		trend := 1 + float64(period)/1000
		h.Price[i], h.Cost[i] = trend*h.Price[i], 2*trend*h.Cost[i]
	}
	f, err := rivals.Fit(h, rivals.Options{Recent: 104, RegularRungs: 2, DealRungs: 3})
	if err != nil {
		t.Fatal(err)
	}
	const level = 1.35 // in the middle of periods 297–400
	if math.Abs(f.Level-level) > 0.02 {
		t.Errorf("level %v, want %v", f.Level, level)
	}
	for i, r := range f.Deals.Rungs() {
		if w := ladder()[i]; math.Abs(r.Price/level-w.Price) > 0.03 || math.Abs(r.Cost/level/2-w.Cost) > 0.04 {
			t.Errorf("rung %+v, want %v and %v", r, level*w.Price, 2*level*w.Cost)
		}
	}
}

// TestMemoryBeyondTheChainIsFound: deals that always last exactly three weeks have no constant rate of ending; P-values of a
// true first-order chain fall below 0.01 in about one seed of a hundred.
func TestMemoryBeyondTheChainIsFound(t *testing.T) {
	s := rng.New(9, 0).Family("deals").At()
	h := rivals.History{Product: "rival"}
	for period, left := 1, 0; period <= 400; period++ {
		if left == 0 && s.Float64() < 0.15 {
			left = 4
		}
		price := 1.0
		if left > 1 {
			price = 0.7
		}
		left = max(left-1, 0)
		h.Periods, h.Price = append(h.Periods, period), append(h.Price, price)
		h.Display, h.Cost = append(h.Display, 0), append(h.Cost, math.NaN())
	}
	f, err := rivals.Fit(h, rivals.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := f.Diagnose(rng.New(1, 0).Family("bootstrap"), 100)
	if d.DealDuration.P > 1e-6 || d.SecondOrder.P > 1e-3 || d.RegularDuration.P < 0.01 {
		t.Errorf("%+v", d)
	}
	if f.Deals.Rungs()[0].Cost != 0 {
		t.Error("a cost out of nothing")
	}
	small := 0
	for seed := range uint64(20) {
		f, err := rivals.Fit(simulate(sample(t), seed, 500, everyTenth), rivals.Options{})
		if err != nil {
			t.Fatal(err)
		}
		d := f.Diagnose(rng.New(seed, 0).Family("bootstrap"), 2)
		for _, test := range []rivals.Test{d.SecondOrder, d.DealDuration, d.RegularDuration, d.Change} {
			if test.P < 0.01 {
				small++
			}
		}
	}
	if small > 4 { // of 80; more than 4 by chance with probability 0.001
		t.Errorf("%d of 80 P-values of a true chain are below 0.01", small)
	}
}

// TestIndependentChainsAreTakenForIndependent, and coupled ones are not: of 60 pairs 9 or more have P below 0.05 with
// probability 0.004.
func TestIndependentChainsAreTakenForIndependent(t *testing.T) {
	small := 0
	for seed := range uint64(20) {
		var fits []*rivals.Fitted
		for k := range uint64(3) {
			f, err := rivals.Fit(simulate(sample(t), 100*seed+k, 400, everyTenth), rivals.Options{})
			if err != nil {
				t.Fatal(err)
			}
			fits = append(fits, f)
		}
		for _, p := range rivals.Pairs(fits) {
			if p.P < 0.05 {
				small++
			}
		}
		same := rivals.Pairs([]*rivals.Fitted{fits[0], fits[0]})[0]
		if math.Abs(same.Correlation-1) > 1e-12 || same.P > 1e-10 {
			t.Errorf("a chain against itself: %+v", same)
		}
	}
	if small > 8 {
		t.Errorf("%d of 60 independent pairs have P below 0.05", small)
	}
}

// TestAFollowerIsFound: a price that copies another's cut half-way.
func TestAFollowerIsFound(t *testing.T) {
	leader := simulate(sample(t), 1, 400, everyTenth)
	follower := leader
	follower.Product, follower.Price = "follower", make([]float64, len(leader.Price))
	s := rng.New(2, 0).Family("noise").At()
	for i, p := range leader.Price {
		follower.Price[i] = math.Exp(0.5*math.Log(p) + 0.02*s.Normal())
	}
	a, err := rivals.Fit(leader, rivals.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b, err := rivals.Fit(follower, rivals.Options{})
	if err != nil {
		t.Fatal(err)
	}
	r, err := rivals.Respond(b, a)
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(r.Now.Estimate-0.5) > 0.05 || math.Abs(r.Before.Estimate) > 4*r.Before.StandardError {
		t.Errorf("%+v, want 0.5 now and nothing after", r)
	}
}

func TestAHistoryThatCannotBeFittedIsRefused(t *testing.T) {
	for want, change := range map[string]func(h *rivals.History, o *rivals.Options){
		"rival.cost: found 3 values":               func(h *rivals.History, _ *rivals.Options) { h.Cost = h.Cost[:3] },
		"rival: found period 1 after 1":            func(h *rivals.History, _ *rivals.Options) { h.Periods[1] = 1 },
		"rival.price: found -1, expected a price":  func(h *rivals.History, _ *rivals.Options) { h.Price[3] = -1 },
		"rival: found 0 periods with a price":      func(h *rivals.History, _ *rivals.Options) { *h = rivals.History{Product: "rival"} },
		"rival: found a span of 100000000 periods": func(h *rivals.History, _ *rivals.Options) { h.Periods[len(h.Periods)-1] = 100000001 },
		"window: found -1":                         func(_ *rivals.History, o *rivals.Options) { o.Window = -1 },
		"depth: found 1, expected a share":         func(_ *rivals.History, o *rivals.Options) { o.Depth = 1 },
	} {
		h, o := simulate(sample(t), 1, 100, never), rivals.Options{}
		change(&h, &o)
		_, err := rivals.Fit(h, o)
		var bad *field.Error
		if !errors.As(err, &bad) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
