package category

import (
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/market/choice"
)

// Where nearly everybody buys, the strips of the two sides overlap; still nobody is served twice. The false-alarm rate of 4 standard deviations of a
// Poisson number is 0.006%.
func TestNoShopperIsServedTwice(t *testing.T) {
	cfg := threeTins()
	cfg.Choice, cfg.NoShock, cfg.Stock, cfg.Traffic = eagerShoppers(0.3, -9, 12), true, Stock{}, constant(100) // a strip is 1/80
	m := open(t, cfg)
	bought, came := 0.0, 0.0
	for episode := range uint64(100) {
		play(m, episode, restless, nil)
		bought += m.Account().Purchases
		came += m.Account().Customers
	}
	if math.Abs(bought-came) > 4*math.Sqrt(came) {
		t.Errorf("%g bought of %g expected", bought, came)
	}
}

// The shelf changes in mid-week, by a stock-out at 0.4 and a delivery at 0.7 weeks: from that moment on, purchases come at the rates of the new shelf,
// neither those of the old one nor with a backlog. Chi-square over 8 pairs of stretch and product, once
// with the own product out and once with another; false-alarm rate 0.1% each.
func TestAShelfThatChangesInMidWeekSellsAtItsNewRates(t *testing.T) {
	const weeksPlayed, customers = 400, 3000
	changes := []float64{0, 0.4, 0.7, 1}
	for _, out := range []int{0, 1} {
		cfg := threeTins()
		cfg.NoShock, cfg.Stock = true, Stock{}
		m := open(t, cfg)
		copy(m.actions, []int{1, 0, 0})
		var bought, expected [3][3]float64
		probability := make([]float64, 3)
		for week := range weeksPlayed {
			m.Reset(uint64(week))
			m.turn = 3
			m.post()
			m.crowd.begin(0, customers)
			m.crowd.cover(m, 0)
			for _, at := range changes[1:] {
				m.calendar.Schedule(at, atReview, event{kind: stockReviewed})
			}
			for stretch := 0; stretch < 3; {
				now, e, _ := m.calendar.Next()
				if e.kind == shopperArrives {
					k := int(e.id)
					u, _ := m.crowd.shopper(k)
					m.crowd.schedule(&m.calendar, k, m.crowd.gap(k, now))
					if j := m.shelf.Choose(u); j != choice.Outside && (j == cfg.Own) == m.crowd.comesForOwn(k) {
						bought[stretch][j]++
					}
					continue
				}
				m.shelf.Probabilities(probability)
				for j, p := range probability {
					expected[stretch][j] += customers * p * (changes[stretch+1] - changes[stretch])
				}
				if stretch++; stretch == 1 {
					m.shelf.Remove(out)
				} else {
					m.place(out)
				}
				m.crowd.cover(m, now)
			}
		}
		chi2 := 0.0
		for s := range bought {
			for j, want := range expected[s] {
				if want > 0 {
					chi2 += (bought[s][j] - want) * (bought[s][j] - want) / want
				} else if bought[s][j] > 0 {
					t.Errorf("product %d was sold %g times while it was out of stock", j, bought[s][j])
				}
			}
		}
		if chi2 > 26.12 { // χ²(8) at 0.999
			t.Errorf("product %d out from 0.4 to 0.7: bought %.0f, expected %.0f, chi-square %.1f", out, bought, expected, chi2)
		}
	}
}

// Ample stock is never out, whatever resolution.
func TestAmpleStockIsNeverOut(t *testing.T) {
	for _, expected := range []bool{false, true} {
		cfg := threeTins()
		cfg.Stock, cfg.Expected = Stock{}, expected
		m := open(t, cfg)
		play(m, 0, restless, nil)
		if a := m.Account(); a.StockOutDays != 0 || a.LostUnits != 0 || a.HoldingCost != 0 || a.ReceivedUnits != 0 {
			t.Errorf("expected %v: %+v", expected, *a)
		}
	}
}

// An order that is under way when the episode ends was never received, and does not arrive in the next one.
func TestOrdersDoNotOutliveTheEpisode(t *testing.T) {
	cfg := threeTins()
	cfg.Horizon, cfg.Stock.LeadTimeDays = 3, 40
	m := open(t, cfg)
	for episode := range uint64(3) {
		play(m, episode, restless, nil)
		if a := m.Account(); a.ReceivedUnits != 0 || a.StockOutDays == 0 {
			t.Errorf("received %g units with a lead time of 40 days in 21, out of stock for %g days", a.ReceivedUnits, a.StockOutDays)
		}
	}
}

// Stores of a chain have the same weeks, shocks and rivals, and other shoppers: what chance sells in one is independent of what it sells in another (correlation of 2000 weeks within 3.29 standard
// errors, 0.1% false alarms), and in the expected resolution they are alike.
func TestStoresHaveShoppersOfTheirOwn(t *testing.T) {
	const weeks = 2000
	units := func(store int, expected bool) (all []float64) {
		cfg := threeTins()
		cfg.Horizon, cfg.Stock, cfg.NoShock, cfg.Store, cfg.Expected = weeks, Stock{}, true, store, expected
		m := open(t, cfg)
		play(m, 0, steady, func() { all = append(all, m.Week().OwnUnits) })
		return all
	}
	one, other, mean := units(1, false), units(2, false), units(1, true)
	both, square := 0.0, 0.0
	for week := range mean {
		a, b := one[week]-mean[week], other[week]-mean[week]
		both, square = both+a*b, square+(a*a+b*b)/2
	}
	if r := both / square; !(math.Abs(r) < 3.29/math.Sqrt(weeks)) {
		t.Errorf("chance in two stores is correlated by %.3f", r)
	}
	if !slices.Equal(one, units(1, false)) || slices.Equal(one, other) || !slices.Equal(mean, units(2, true)) {
		t.Error("a store is not always the same, or like another but in expectation")
	}
}
