package market

import (
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/sim/env"
)

// Two sellers who answer each other's moves at once, and always move, would do so for ever: the episode ends, and says of whom and what.
func TestSellersWhoAnswerAtOnceAreStopped(t *testing.T) {
	cfg := duopoly()
	for i := range cfg.Sellers {
		cfg.Sellers[i].Review = Review{Every: 1, RivalMoved: true}
	}
	m := open(t, cfg, 1)
	var step env.TimeStep
	last := 0
	for m.Next(&step) {
		if step.Stage == env.Last {
			last++
			if step.Terminal {
				t.Error("the end is told as the market's own")
			}
			continue
		}
		m.Act((m.sellers[step.Player].offer + 1) % 3)
	}
	if err := m.Err(); err == nil || !strings.Contains(err.Error(), sellerReviews.String()) || !strings.Contains(err.Error(), "us") && !strings.Contains(err.Error(), "them") || last != 2 {
		t.Errorf("error %v after %d last steps, expected one that names the kind of event and the seller, after 2", err, last)
	}
	m.Reset(1)
	if m.Err() != nil {
		t.Errorf("the next episode begins with %v", m.Err())
	}
}

// The horizon truncates a shop that goes on and ends one that closes. Rewards add up to the objective, and are discounted by the time that has passed, whatever calls the reviews.
func TestEndsAndRewards(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		cfg := duopoly()
		cfg.Terminal = terminal
		cfg.PeriodDays, cfg.Horizon = 2, 3
		initial := int64(30)
		cfg.Products[0].Stock = &stock.Config{Policy: "base-stock", ReviewDays: 0.5, OrderUpTo: 30, Initial: &initial, OrderCost: 5, HoldingCost: 0.01}
		cfg.Sellers[0].Reward = Reward{Of: Profit, Discount: 0.9, LostUnit: 0.5, PriceChange: 2}
		cfg.Sellers[1].Reward = Reward{Of: Revenue, Discount: 0.8}
		cfg.Sellers[0].Review = Review{Every: 0.7, Random: true, StockBelow: 5, Delay: 0.1}
		cfg.Sellers[1].Review = Review{Every: 1, RivalMoved: true, Delay: 0.25}
		m := open(t, cfg, 2)
		sums, at := make([]float64, 2), make([]float64, 2)
		calls := map[Why]int{}
		moved := 0.0 // when the first seller did, last
		m.Record(func(records []Record) {
			for _, r := range records {
				if r.Kind == Reviews {
					calls[r.Why]++
				}
			}
		})
		var step env.TimeStep
		answered := 0
		for m.Next(&step) {
			i := step.Player
			sums[i] += step.Reward
			elapsed := (m.now - at[i]) / cfg.PeriodDays
			if want := math.Pow(cfg.Sellers[i].Reward.Discount, elapsed); step.Stage != env.First && (math.Abs(step.Elapsed-elapsed) > 1e-12 || math.Abs(step.Discount-want) > 1e-12) {
				t.Fatalf("seller %d: %g periods, discount %g, expected %g, %g", i, step.Elapsed, step.Discount, elapsed, want)
			}
			if step.Stage == env.Last {
				if step.Terminal != terminal || m.now != 6 {
					t.Errorf("day %g is terminal: %v, expected %v on day 6", m.now, step.Terminal, terminal)
				}
				continue
			}
			at[i] = m.now
			if i == 1 && m.now != math.Floor(m.now) {
				if answered++; m.now != moved+0.25 {
					t.Errorf("seller 1 reviews on day %g, a quarter of a day after its rival moved is %g", m.now, moved+0.25)
				}
			}
			if i == 0 {
				if m.now > moved+0.25 || m.now == 0 {
					moved = m.now
				}
				m.Act((m.sellers[0].offer + 1) % 3)
				continue
			}
			m.Act(2)
		}
		for i := range sums {
			s := &m.sellers[i]
			want := float64(s.paid) / minor
			if i == 0 {
				want = float64(s.profit())/minor - 0.5*float64(s.lost) - 2*float64(s.changed)
			}
			if math.Abs(sums[i]-want) > 1e-9*(1+math.Abs(want)) {
				t.Errorf("rewards of seller %d sum to %g, expected %g", i, sums[i], want)
			}
		}
		m.Record(nil)
		if calls[ByStock] == 0 || calls[ByRival] == 0 || calls[Plainly] == 0 || answered == 0 {
			t.Errorf("reviews: %v, expected some of each kind", calls)
		}
	}
}

// Random reviews are a Poisson process: their number over 2000 days within 3.29 standard errors (0.1%), the time between them of variance 1 as well (0.01%).
func TestRandomReviewsAreAPoissonProcess(t *testing.T) {
	cfg := plain(0, 2000)
	cfg.Sellers[0].Review = Review{Every: 0.5, Random: true}
	m := open(t, cfg, 3)
	var waits sample
	last := 0.0
	watch(t, m, 0, func(step *env.TimeStep) int {
		if m.now > 0 {
			waits.add((m.now - last) / 0.5)
		}
		last = m.now
		return 0
	}, nil)
	if z := (waits.n - 4000) / math.Sqrt(4000); !(math.Abs(z) < 3.29) {
		t.Errorf("%g reviews, expected 4000 (z = %.2f)", waits.n, z)
	}
	if z := (waits.variance() - 1) / math.Sqrt(8/waits.n); !(math.Abs(z) < 4) {
		t.Errorf("variance of the time between reviews %.3f of its mean's square (z = %.2f)", waits.variance(), z)
	}
}

// A limit for each customer holds from the first order on, over all visits, and for whoever has the slot of another who has lapsed.
func TestALimitForEachCustomerIsThePersons(t *testing.T) {
	cfg := customers(4000)
	cfg.Promotions.Promotions = []promotion.Promotion{{Name: "off", Kind: "percentage", PerCustomer: 2, Options: &promotion.Percentage{Percent: 10}}}
	m := open(t, cfg, 4)
	used, orders, people := map[shopper]int32{}, 0, 0
	watch(t, m, 0, always(0), func(r *Record) {
		if r.Kind == ChecksOut {
			orders++
			if r.Amount < int64(r.Units)*r.Price {
				used[shopper{r.Period, r.Number}] += r.Units
			}
			people = max(people, int(r.Customer)+1)
		}
	})
	twice := 0
	for who, n := range used {
		if n > 2 {
			t.Fatalf("shopper %v has %d units cheaper, of 2", who, n)
		}
		twice += int(n) / 2
	}
	if len(used) < people+100 || twice < 100 || orders < 2*twice+100 {
		t.Errorf("%d shoppers in %d slots, %d use it up, %d orders: slots are to be used again", len(used), people, twice, orders)
	}
}

// customers is a market whose shoppers come back, and lapse soon.
func customers(visitors float64) *Config {
	cfg := plain(visitors/5, 5)
	cfg.Personas[0].Outside = -500
	cfg.Loyalty.Model = fickle
	return cfg
}

// Nobody comes, one product, one period, a price of a cent, a crowd, and utilities beyond all bounds: each runs and adds up.
func TestMarketsAtTheirBounds(t *testing.T) {
	cheap := plain(100, 2)
	cheap.Products = []Product{{Name: "a", Price: 0.0001, Appeal: 1}}
	cheap.Sellers[0].Products = []string{"a"}
	huge := plain(500, 2)
	huge.Products[0].Appeal, huge.Products[1].Appeal, huge.Personas[0].Price, huge.Personas[0].Outside = 500, -500, -1000, 500
	huge.Visit = Visit{Kind: Journey, Places: 32, Ranking: "appeal", Spread: 0.01, Click: 1, Search: 0.5, Consider: 8, Basket: 0.95}
	for _, c := range []struct {
		name  string
		cfg   *Config
		least float64 // visits
	}{{"nobody", plain(0, 3), 0}, {"one period", plain(50, 1), 20}, {"a hundredth of a cent", cheap, 100}, {"a crowd", plain(100_000, 1), 98_000}, {"huge utilities", huge, 500}} {
		m := open(t, c.cfg, 5)
		watch(t, m, 0, stay(m), nil)
		a := m.Account()
		if a.Customers < c.least || math.IsNaN(a.Profit) || math.IsNaN(a.MeanPrice) || !(a.Surplus >= 0 && a.Surplus < math.Inf(1)) {
			t.Errorf("%s: %+v", c.name, a)
		}
	}
}
