package market

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// repriced is a market of one period in which our price of a is the first of the offers, and the rivals' prices of b and c stay.
func repriced(kind string, prices ...float64) *Config {
	cfg := duopoly()
	cfg.Horizon = 1
	cfg.Products = []Product{{Name: "a", Price: 2, Cost: 1, Appeal: 4, Returns: 0.1}, {Name: "b", Price: 2, Cost: 1, Appeal: 4, Returns: 0.1}, {Name: "c", Price: 3, Cost: 2, Appeal: 5, Returns: 0.1}}
	for j := range 6 {
		cfg.Products = append(cfg.Products, Product{Name: fmt.Sprint("d", j), Price: 2, Cost: 1, Appeal: 3})
	}
	us, them := &cfg.Sellers[0], &cfg.Sellers[1]
	us.Products, us.Levels, us.Offers, us.Opening = []string{"a"}, false, nil, 0
	for _, price := range prices {
		us.Offers = append(us.Offers, Offer{Price: price})
	}
	them.Products = []string{"b", "c", "d0", "d1", "d2", "d3", "d4", "d5"}
	cfg.Visit = Visit{Kind: kind, ThinkMinutes: 10, PayMinutes: 5, SoldOut: "seen", Places: 6, Ranking: "appeal", Spread: 1, Position: 0.5, Click: 0.4, Search: 0.2, Dwell: 30, DwellLog: 1,
		Consider: 3, Abandon: 0.2, Returns: 0.01}
	return cfg
}

type shopper struct{ period, number int32 }

// stories are what each shopper does in episode 0 when we make an offer, and who has seen product a.
func stories(t *testing.T, cfg *Config, action int) (lives map[shopper][]Record, seen map[shopper]bool) {
	lives, seen = map[shopper][]Record{}, map[shopper]bool{}
	watch(t, open(t, cfg, 1), 0, always(action, 2), func(r *Record) {
		if r.Kind.Fields()&HasShopper == 0 {
			return
		}
		who := shopper{r.Period, r.Number}
		lives[who] = append(lives[who], *r)
		if r.Kind == ShopperViews && r.Product == 0 {
			seen[who] = true
		}
	})
	return lives, seen
}

// One cent more on one price: the same shoppers come at the same times, and in journeys only those who have the product before them can do anything else.
func TestOnlyWhoSeesAPriceBehavesDifferently(t *testing.T) {
	cfg := repriced(Journey, 2, 2.01)
	cfg.Traffic.Visitors = 20_000
	before, seen := stories(t, cfg, 0)
	after, _ := stories(t, cfg, 1)
	if len(before) != len(after) {
		t.Fatalf("%d shoppers at one price, %d at the other", len(before), len(after))
	}
	differ := 0
	for who, story := range before {
		if after[who][0] != story[0] {
			t.Fatalf("shopper %v comes in as %+v at one price, as %+v at the other", who, story[0], after[who][0])
		}
		if slices.Equal(story, after[who]) {
			continue
		}
		if !seen[who] {
			t.Fatalf("shopper %v, who never saw the price, does %+v instead of %+v", who, after[who], story)
		}
		if decision(story) != decision(after[who]) {
			differ++
		}
	}
	if differ == 0 {
		t.Error("nobody decides otherwise")
	}
	t.Logf("%d shoppers, %d see the product, %d decide otherwise", len(before), len(seen), differ)
}

// decision is what a shopper chose.
func decision(story []Record) int32 {
	for _, r := range story {
		if r.Kind == ShopperDecides {
			return r.Product
		}
	}
	return None
}

// On the shelf all see all prices. Those who turn to our product, or from it, are as many as its share moves, and fewer cannot be (within 3.29 standard errors, 0.1% false
// alarms); all others choose the same.
func TestAShelfCouplesChoices(t *testing.T) {
	cfg := repriced(Shelf, 2, 2.05)
	cfg.Traffic.Visitors = 60_000
	cfg.Personas = cfg.Personas[:1]
	before, _ := stories(t, cfg, 0)
	after, _ := stories(t, cfg, 1)
	turned, differ := 0.0, 0.0
	for who := range before {
		if was, is := decision(before[who]), decision(after[who]); was != is {
			differ++
			if was == 0 || is == 0 {
				turned++
			}
		}
	}
	weight := func(j int, price float64) float64 { return math.Exp(cfg.Products[j].Appeal - 2*price) }
	others := []float64{weight(1, 2), weight(2, 3)}
	for j := 3; j < len(cfg.Products); j++ {
		others = append(others, weight(j, 2))
	}
	others = append(others, 1)
	rest := total(others)
	low, high := rest+weight(0, 2.05), rest+weight(0, 2)
	n := float64(len(before))
	share := rest/low - rest/high
	if z := (turned - n*share) / math.Sqrt(n*share*(1-share)); !(math.Abs(z) < 3.29) {
		t.Errorf("%g of %g shoppers turn from our product, expected %g (z = %.2f)", turned, n, n*share, z)
	}
	if differ != turned {
		t.Errorf("%g shoppers choose otherwise, but %g turn from our product", differ, turned)
	}
	t.Logf("%g shoppers: %g turn from our product, %g choose otherwise", n, turned, differ)
}

// What a shopper does takes the same draws at any price: where he decides alike, he pays at the same moment, and leaves his cart and returns his goods alike.
func TestDrawsOnAPathDoNotDependOnPrices(t *testing.T) {
	for _, kind := range []string{Shelf, Journey} {
		cfg := repriced(kind, 1.5, 2.5)
		cfg.Traffic.Visitors = 20_000
		cfg.Personas[1].Units = 1.5
		before, _ := stories(t, cfg, 0)
		after, _ := stories(t, cfg, 1)
		alike := 0
		for who, story := range before {
			other := after[who]
			if decision(story) != decision(other) || decision(story) == None {
				continue
			}
			alike++
			if len(story) != len(other) {
				t.Fatalf("%s: shopper %v does %+v at one price, %+v at the other", kind, who, story, other)
			}
			for k := range story {
				if a, b := story[k], other[k]; a.Kind != b.Kind || a.Time != b.Time || a.Product != b.Product || a.Units != b.Units {
					t.Fatalf("%s: shopper %v does %+v at one price, %+v at the other", kind, who, a, b)
				}
			}
		}
		if alike < 1000 {
			t.Errorf("%s: only %d shoppers decide alike", kind, alike)
		}
	}
}

// profits are what we and the whole market earn in episodes at an offer.
func profits(t *testing.T, cfg *Config, action int, episodes uint64) (own, all []float64) {
	m := open(t, cfg, 1)
	for e := range episodes {
		watch(t, m, e, always(action, 2, 2), nil)
		a := m.Account()
		own, all = append(own, float64(m.sellers[0].profit())/minor), append(all, a.Profit)
	}
	return own, all
}

// A difference of profit between two prices has at least ten times less variance when both meet the same shoppers and the prices are a rung apart, wherever our product
// stands among the alternatives of the inverse transform: of many shoppers few are near a border of its own, and what they do to the others is not our profit.
func TestSameShoppersCutTheVarianceOfDifferences(t *testing.T) {
	for _, order := range []struct {
		name  string
		focal int // 0: we, whose product is then the last; 1: rivals; 2: one of them
		ours  int // place of our product among all
	}{{"last", 0, 0}, {"first", 1, 0}, {"in the midst", 2, 5}} {
		cfg := repriced(Shelf, 2, 1.97, 1.4)
		cfg.Products = slices.Concat(cfg.Products[1:order.ours+1], cfg.Products[:1], cfg.Products[order.ours+1:])
		cfg.Traffic.Visitors = 1000
		cfg.Visit.Abandon, cfg.Focal = 0, order.focal
		for j := range cfg.Products {
			cfg.Products[j].Returns = 0
		}
		third := cfg.Sellers[1]
		third.Name, third.Products = "third", []string{"d5"}
		cfg.Sellers[1].Products = cfg.Sellers[1].Products[:7]
		cfg.Sellers = append(cfg.Sellers, third)
		const episodes = 300
		ours, markets := profits(t, cfg, 0, episodes)
		for action, name := range []string{1: "a rung of 3 cents", 2: "a deal of 60 cents"} {
			if action == 0 {
				continue
			}
			own, all := profits(t, cfg, action, episodes)
			gain := func(a, b []float64) float64 {
				var paired, apart sample
				for e := range a {
					paired.add(b[e] - a[e])
					apart.add(b[(e+1)%len(b)] - a[e])
				}
				return apart.variance() / paired.variance()
			}
			us, them := gain(ours, own), gain(markets, all)
			t.Logf("ours %s, %s: %.1f times less variance of our profit, %.1f of the market's", order.name, name, us, them)
			if action == 1 && !(us >= 10) {
				t.Errorf("ours %s, %s: only %.1f times less variance", order.name, name, us)
			}
		}
	}
}
