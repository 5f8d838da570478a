package stock

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// smirnov is the largest distance of a sample's distribution from a distribution function. It sorts the sample.
func smirnov(x []float64, cdf func(float64) float64) (d float64) {
	slices.Sort(x)
	n := float64(len(x))
	for i, v := range x {
		d = max(d, math.Abs(cdf(v)-float64(i)/n), math.Abs(cdf(v)-float64(i+1)/n))
	}
	return d
}

func TestAForecastThatStaysIsABaseStockOfItsQuantile(t *testing.T) {
	// 8 units a day over 3 days of lead time and 1 to the next review: 32 + 1.5·√(32 + 8²·(3·0.5)²) = 32 + 1.5·√176 = 51.9.
	forecast := Config{Policy: "forecast", ReviewDays: 1, UnitsPerDay: 8, Safety: 1.5, LeadTime: LeadTime{"gamma", 3, 0.5}, HoldingCost: 1, LostSaleCost: 5}
	base := Config{Policy: "base-stock", ReviewDays: 1, OrderUpTo: 52, LeadTime: LeadTime{"gamma", 3, 0.5}, HoldingCost: 1, LostSaleCost: 5}
	var accounts [2]Account
	for i, cfg := range []Config{forecast, base} {
		k, err := New(cfg, 100)
		if err != nil {
			t.Fatal(err)
		}
		accounts[i] = run(k, 8, false, 0.5, 300, rng.New(3, 0))
	}
	if accounts[0] != accounts[1] || accounts[0].Sold == 0 {
		t.Errorf("\n%+v, as base-stock\n%+v", accounts[0], accounts[1])
	}
}

func TestSmoothedForecastsFindDemandAndThoseOfSalesAloneTooLittle(t *testing.T) {
	// Demand of 12 a day; 500 days, then the mean of the forecasts at 500 reviews, which is within 4 standard errors but for 1 run in
	// 16,000: smoothing averages independent days, whose standard error is √(12/500) = 0.15.
	mean := func(censored bool) (mean, variance float64) {
		k, err := New(Config{Policy: "forecast", ReviewDays: 1, UnitsPerDay: 3, Smoothing: 0.1, Censored: censored, LeadTime: LeadTime{MeanDays: 1}}, 0)
		if err != nil {
			t.Fatal(err)
		}
		demand := rng.New(5, 0).Family("demand").At(0)
		due := int64(0)
		for day := range 1000 {
			for at := demand.Exponential() / 12; at < 1; at += demand.Exponential() / 12 {
				if k.Take(float64(day)+at, 1) == 0 {
					k.Lose(1)
				}
			}
			k.Receive(float64(day+1), due)
			due = k.Review(float64(day + 1)).Units
			if day >= 500 {
				mean += k.forecast.mean / 500
				variance += k.forecast.variance / 500
			}
		}
		return mean, variance
	}
	if m, v := mean(false); math.Abs(m-12) > 0.6 || math.Abs(v/12-1) > 0.5 {
		t.Errorf("mean %.2f and variance %.2f of a day's demand, want 12", m, v)
	}
	if m, _ := mean(true); m > 10 {
		t.Errorf("sales alone tell of %.2f units a day of 12", m)
	}
}

func TestAMarketsForecastHoldsFromTheNextResetOn(t *testing.T) {
	k, err := New(Config{Policy: "forecast", ReviewDays: 7, CoverDays: 10, Safety: 2, LeadTime: LeadTime{MeanDays: 2}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if k.OnHand() != 1 {
		t.Errorf("%d units of what nobody is expected to buy, want 1", k.OnHand())
	}
	k.Expect(3, 12) // 36 + 2·√144
	k.Reset()
	if k.OnHand() != 60 {
		t.Errorf("%d units at first, want 60", k.OnHand())
	}
	k.Expect(math.NaN(), -1)
	if k.Reset(); k.OnHand() != 60 {
		t.Errorf("%d units at first on a forecast that is no number, want 60 as before", k.OnHand())
	}
	for _, much := range []float64{1e300, math.Inf(1)} {
		if k.Expect(much, much); k.Review(7).Units < 0 || k.Check() != nil {
			t.Errorf("a forecast of %v: %v", much, k.Check())
		}
	}
}

// A fish stall: two deliveries, one of which spoils in part, and a customer who waits.
func Example() {
	k, err := New(Config{Policy: "s-S", ReorderPoint: 2, OrderUpTo: 10, Initial: new(int64(4)), ShelfLifeDays: 2, MaxWaiting: 5, OrderCost: 3, HoldingCost: 0.05}, 12500)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("sold", k.Take(0.5, 3))
	order := k.Review(1)
	fmt.Println("ordered", order.Units, "at position", k.Position()-order.Units)
	fmt.Println("oldest", k.OldestDays(1.5), "days, spoils at", k.NextExpiry())
	fmt.Println("spoilt", k.Spoil(2), "left", k.OnHand())
	fmt.Println("waits", k.BackOrder(2.25, 77, 2))
	for _, f := range k.Receive(2.5, order.Units) {
		fmt.Println("shopper", f.Token, "gets", f.Units)
	}
	account := k.Close(3)
	fmt.Println("unit-days", account.UnitDays, "holding", account.HoldingCost, "cost", account.Cost(), account.Check())
	// Output:
	// sold 3
	// ordered 9 at position 1
	// oldest 1.5 days, spoils at 2
	// spoilt 1 left 0
	// waits true
	// shopper 77 gets 2
	// unit-days 7 holding 3500 cost 146000 <nil>
}
