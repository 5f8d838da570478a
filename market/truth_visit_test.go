package market

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/market/stock"
)

// journey is a market in which shoppers walk down a list.
func journey(visitors float64, v Visit) *Config {
	cfg := plain(visitors, 1)
	for _, p := range []Product{{Name: "d", Price: 2, Appeal: 1}, {Name: "e", Price: 1, Appeal: 2}} {
		cfg.Products = append(cfg.Products, p)
		cfg.Sellers[0].Products = append(cfg.Sellers[0].Products, p.Name)
	}
	v.Kind, v.SoldOut, v.Ranking = Journey, "seen", "appeal"
	cfg.Visit = v
	return cfg
}

// Place k of the list is viewed with probability click/k^position: chi-square over the places that all shoppers reach, |z| < 3.29 (0.1%).
func TestPlacesAreViewedLessTheFurtherDownTheyAre(t *testing.T) {
	cfg := journey(40_000, Visit{Places: 5, Spread: 1, Position: 0.7, Click: 0.4, Consider: 8, Dwell: 10})
	views := make([]float64, 5)
	visits := 0.0
	watch(t, open(t, cfg, 1), 0, always(0), func(r *Record) {
		switch r.Kind {
		case ShopperViews:
			views[r.Place-1]++
		case ShopperArrives:
			visits++
		}
	})
	var places tally // of binomial counts: each of its own freedom
	for k, n := range views {
		p := 0.4 * math.Pow(float64(k+1), -0.7)
		places.sum += (n - visits*p) * (n - visits*p) / (visits * p * (1 - p))
		places.freedom++
	}
	if z := places.z(0); !(math.Abs(z) < 3.29) {
		t.Errorf("places are viewed %v times of %g: z = %.2f", views, visits, z)
	}
}

// Lists follow Plackett and Luce: the product of the next place is drawn in proportion to its weight among those that are not on the list yet, whose logs are the products' utilities at
// list prices over the spread. Chi-square over the 60 beginnings of three out of five products, |z| < 3.29.
func TestListsFollowPlackettAndLuce(t *testing.T) {
	cfg := journey(60_000, Visit{Places: 3, Spread: 2, Position: 0, Click: 1, Consider: 8, Dwell: 10})
	count := map[[3]int32]float64{}
	lists := 0.0
	list := map[int32]*[3]int32{}
	watch(t, open(t, cfg, 2), 0, always(1), func(r *Record) { // at prices other than those of the list: they move no place
		switch r.Kind {
		case ShopperViews:
			if list[r.Number] == nil {
				list[r.Number] = new([3]int32)
			}
			if list[r.Number][r.Place-1] = r.Product; r.Place == 3 {
				count[*list[r.Number]]++
				lists++
			}
		}
	})
	weights := make([]float64, 5)
	for j, p := range cfg.Products {
		weights[j] = math.Exp((p.Appeal - p.Price) / 2)
	}
	sum := total(weights)
	var laws tally
	for a := range int32(5) {
		for b := range int32(5) {
			for c := range int32(5) {
				if a == b || a == c || b == c {
					if n := count[[3]int32{a, b, c}]; n > 0 {
						t.Fatalf("%g lists hold a product twice: %d, %d, %d", n, a, b, c)
					}
					continue
				}
				laws.add(count[[3]int32{a, b, c}], lists*weights[a]/sum*weights[b]/(sum-weights[a])*weights[c]/(sum-weights[a]-weights[b]))
			}
		}
	}
	if z := laws.z(1); !(math.Abs(z) < 3.29) {
		t.Errorf("%g lists: z = %.2f", lists, z)
	}
}

// Carts are abandoned, reminders work and units come back in the shares that the scenario says: binomial numbers, |z| < 3.29 each.
func TestSharesOfCartsLeftRemindedAndReturned(t *testing.T) {
	cfg := plain(20_000, 1)
	cfg.Visit.Abandon, cfg.Visit.Reminder, cfg.Visit.Returns = 0.3, Reminder{Hours: 0.01, Works: 0.2}, 0.01
	cfg.Traffic.Hours = []float64{23: 0, 0: 1} // so that all is over when the period closes
	for j := range cfg.Products {
		cfg.Products[j].Returns = 0.15
	}
	cfg.Personas[0].Units = 2
	var carts, left, sent, reminded, units, back float64
	watch(t, open(t, cfg, 3), 0, always(0), func(r *Record) {
		switch r.Kind {
		case ShopperDecides:
			carts += one(r.Product != None)
		case Abandons:
			left++
		case Reminded:
			if sent++; r.Promotion != None {
				t.Fatalf("a reminder with coupon %d, where there is none", r.Promotion)
			}
		case ComesBack:
			reminded += one(r.Why == ByReminder)
		case ChecksOut:
			units += float64(r.Units)
		case Returns:
			back += float64(r.Units)
		}
	})
	if sent != left {
		t.Errorf("%g reminders of %g carts left", sent, left)
	}
	for _, share := range []struct {
		name  string
		n, of float64
		p     float64
	}{{"carts left", left, carts, 0.3}, {"reminders that work", reminded, left, 0.2}, {"units back", back, units, 0.15}} {
		if z := (share.n - share.of*share.p) / math.Sqrt(share.of*share.p*(1-share.p)); !(math.Abs(z) < 3.29) {
			t.Errorf("%s: %g of %g, expected %g of them (z = %.2f)", share.name, share.n, share.of, share.p, z)
		}
	}
}

// Customers buy again as the model of their loyalty expects: those of the first day, who always find what they want, until the 60th. Repeat purchases in all within three standard errors
// (0.3% false alarms), and how many buy again 0, 1, 2 … times by chi-square, |z| < 3.29. At once, so that a purchase takes no time.
func TestCustomersBuyAgainAsTheirModelExpects(t *testing.T) {
	for _, law := range []loyalty.Model{&loyalty.BGNBD{R: 0.8, Alpha: 10, A: 0.8, B: 2.4}, &loyalty.ParetoNBD{R: 0.8, Alpha: 10, S: 0.6, Beta: 12}} {
		cfg := plain(6000, 60)
		cfg.Loyalty.Model = law
		cfg.Personas[0].Outside = -500
		cfg.Traffic.Shocks = []Shock{{Day: 1, Visitors: 0, Price: 1}}
		first, repeats := map[shopper]float64{}, map[shopper]int{}
		m := open(t, cfg, 4)
		watch(t, m, 0, always(0), func(r *Record) {
			if r.Kind != ChecksOut {
				return
			}
			who := shopper{r.Period, r.Number}
			if _, known := first[who]; known {
				repeats[who]++
			} else {
				first[who] = r.Time
			}
		})
		var count [8]float64
		var means [8]float64
		var bought sample
		expected := 0.0
		for who, at := range first {
			x := repeats[who]
			bought.add(float64(x))
			count[min(x, len(count)-1)]++
			expected += law.Expected(60 - at)
		}
		for x := range means { // first purchases are spread over a day: the middle, with Simpson's weights
			for k, weight := range []float64{1, 4, 1} {
				p := law.Probability(x, 60-float64(k)/2)
				if x == len(means)-1 {
					p = 1
					for y := range x {
						p -= law.Probability(y, 60-float64(k)/2)
					}
				}
				means[x] += weight / 6 * p * bought.n
			}
		}
		var times tally
		for x := range count {
			times.add(count[x], means[x])
		}
		if z := (bought.mean() - expected/bought.n) / bought.error(); !(math.Abs(z) < 3) {
			t.Errorf("%T: %.4f repeat purchases a customer, expected %.4f (z = %.2f)", law, bought.mean(), expected/bought.n, z)
		}
		if z := times.z(1); !(math.Abs(z) < 3.29) {
			t.Errorf("%T: %v customers buy so many times again, expected %.0f (z = %.2f)", law, count, means, z)
		}
		if a := m.Account(); a.RepeatOrders != int64(bought.sum) {
			t.Errorf("%T: the account has %d repeat orders, the log %g", law, a.RepeatOrders, bought.sum)
		}
	}
}

// kept is a market in which everybody wants one product, which is kept as the stock says.
func kept(visitors float64, days int, s *stock.Config) *Config {
	cfg := plain(visitors, days)
	cfg.Products = cfg.Products[:1]
	cfg.Products[0].Stock, cfg.Personas[0].Outside = s, -500
	cfg.Sellers[0].Products = []string{"a"}
	return cfg
}

// A stock of one morning loses what a Poisson demand D of mean 20 exceeds it by: E(D−Q)+ (the newsvendor). 3000 mornings, within three standard errors (0.3% false alarms).
func TestAMorningsStockLosesWhatTheNewsvendorSays(t *testing.T) {
	q := int64(22)
	m := open(t, kept(20, 1, &stock.Config{Policy: "none", Initial: &q}), 5)
	var lost sample
	for e := range uint64(3000) {
		watch(t, m, e, always(0), nil)
		lost.add(m.Account().LostUnits)
	}
	expected, p := 0.0, math.Exp(-20)
	for d := 1; d < 200; d++ {
		if p *= 20 / float64(d); d > 22 {
			expected += p * float64(d-22)
		}
	}
	if z := (lost.mean() - expected) / lost.error(); !(math.Abs(z) < 3) {
		t.Errorf("%.4f units lost a morning, expected %.4f (z = %.2f)", lost.mean(), expected, z)
	}
}

// Base-stock of S units with one-for-one orders and a lead time of any law is Erlang's loss system: the share of shoppers who find nothing is B(S, demand in a lead time) (Karush 1957).
// 400 days in each of 30 episodes, the first 5 left out; within three standard errors of the episodes (0.3% false alarms each).
func TestBaseStockLosesWhatErlangSays(t *testing.T) {
	const units, load = 7, 5.0
	blocking := 1.0
	for k := 1.0; k <= units; k++ {
		blocking = load * blocking / (k + load*blocking)
	}
	for _, law := range []string{"fixed", "exponential"} {
		m := open(t, kept(10, 400, &stock.Config{Policy: "base-stock", OrderUpTo: units, LeadTime: stock.LeadTime{Law: law, MeanDays: 0.5}}), 6)
		var share sample
		for e := range uint64(30) {
			wanted, lost := 0.0, 0.0
			watch(t, m, e, always(0), func(r *Record) {
				if r.Kind == ShopperDecides && r.Time > 5 {
					wanted++
					lost += one(r.Why == SoldOut)
				}
			})
			share.add(lost / wanted)
		}
		if z := (share.mean() - blocking) / math.Sqrt(share.variance()/(share.n-1)); !(math.Abs(z) < 3) {
			t.Errorf("lead times %s: %.4f of the shoppers find nothing, expected %.4f (z = %.2f)", law, share.mean(), blocking, z)
		}
	}
}
