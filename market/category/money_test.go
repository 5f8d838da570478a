package category

import (
	"fmt"
	"math"
	"testing"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/sim/env"
)

// A week worked out by hand: "ours" goes from $0.87 to $0.60 and sells 5 tins of 6 wanted in two purchases, "theirs" sells 4 at $0.89, "third" 2 of 5 at
// $0.65. Margins are $0.50, $1.36 and $0.50. Holding costs 1% of the wholesale value a week: $0.05, $0.11 and $0.02. A lost unit costs $0.25, the change $0.03.
func TestTheMoneyOfAWeekWorkedOutByHand(t *testing.T) {
	for objective, want := range map[Objective][]float64{
		CategoryProfit: {2.36 - 0.18 - 4*0.25 - 0.03, 2.36 - 0.18 - 4*0.25, 2.36 - 0.18 - 4*0.25},
		BrandProfit:    {0.50 - 0.05 - 0.25 - 0.03, 1.36 - 0.11, 0.50 - 0.02 - 3*0.25},
		Revenue:        {3.00 - 0.05 - 0.25 - 0.03, 3.56 - 0.11, 1.30 - 0.02 - 3*0.25},
	} {
		cfg := threeTins()
		cfg.Reward = Reward{Of: objective, Holding: 0.01, LostUnit: 0.25, PriceChange: 0.03}
		m := open(t, cfg)
		copy(m.actions, []int{0, 1, 0})
		m.post()
		m.books.open(m)
		for _, purchase := range []struct{ product, units, lost int }{{0, 3, 1}, {1, 4, 0}, {2, 2, 0}, {0, 2, 0}, {2, 0, 3}} {
			m.books.sell(purchase.product, purchase.units, purchase.lost)
		}
		m.books.hold(m, 0, 10, 0.25)
		m.books.hold(m, 1, 20, 0)
		m.books.hold(m, 2, 5, 0.5)
		m.books.close(m)
		for j, reward := range m.books.reward {
			if !within(reward, want[j]) {
				t.Errorf("%s: player %d earns %g, by hand %g", objective, j, reward, want[j])
			}
		}
		week := results.Metrics{Periods: 1, Units: 11, Revenue: 7.86, Profit: 2.18, HoldingCost: 0.18, LostUnits: 4, Purchases: 4, StockOutDays: 5.25,
			OwnUnits: 5, OwnRevenue: 3, OwnProfit: 0.45, Customers: 20000, MeanPrice: 0.6, PriceChanges: 1, DealPeriods: 1, Reward: want[0]}
		for _, account := range []*results.Metrics{m.Week(), m.Account()} {
			if !sameAccount(account, &week) {
				t.Errorf("%s: the account is %+v, by hand %+v", objective, *account, week)
			}
		}
	}
}

// When nobody comes one tin of each stands there for the week: only that and new prices cost anything, in the week of the change alone.
func TestAnEmptyStoreCostsItsStockAndItsPriceChanges(t *testing.T) {
	for objective, held := range map[Objective][]float64{
		CategoryProfit: {0.0145, 0.0145, 0.0145}, BrandProfit: {0.005, 0.0055, 0.004}, Revenue: {0.005, 0.0055, 0.004},
	} {
		cfg := threeTins()
		cfg.Traffic, cfg.Horizon = constant(0), 2
		cfg.Reward = Reward{Of: objective, Holding: 0.01, LostUnit: 0.25, PriceChange: 0.03}
		m := open(t, cfg)
		play(m, 0, func(*env.TimeStep) int { return 0 }, func() {
			for j, reward := range m.books.reward {
				want := -held[j]
				if m.week == 1 && j < 2 { // "third" has one price
					want -= 0.03
				}
				if !within(reward, want) {
					t.Errorf("%s: week %d earns player %d %g, by hand %g", objective, m.week, j, reward, want)
				}
			}
		})
	}
}

// sameAccount compares to 9 figures.
func sameAccount(a, b *results.Metrics) bool {
	return fmt.Sprintf("%.9v", *a) == fmt.Sprintf("%.9v", *b)
}

func within(got, want float64) bool { return math.Abs(got-want) <= 1e-12*math.Max(1, math.Abs(want)) }
