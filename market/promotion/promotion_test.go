package promotion

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/field"
	"pgregory.net/rapid"
)

func percentage(name string, percent float64, products ...string) Promotion {
	return Promotion{Name: name, Kind: "percentage", Products: products, Options: &Percentage{percent}}
}

func spendOff(repeat bool, tiers ...Tier) Promotion {
	return Promotion{Name: "spend", Kind: "spend", Options: &Spend{Tiers: tiers, Repeat: repeat}}
}

func bundleFor(name, group string, price float64, products ...string) Promotion {
	var items []Item
	for _, p := range products {
		items = append(items, Item{[]string{p}, 1})
	}
	return Promotion{Name: name, Kind: "bundle", Group: group, Options: &Bundle{Items: items, Price: price}}
}

func coupons(percent float64) Promotion {
	return Promotion{Name: "coupon", Kind: "coupon", Options: &Coupon{Percent: percent}}
}

// Worked by hand, in cents.
func TestOrdersWorkedByHand(t *testing.T) {
	threeForTwo := Promotion{Name: "3 for 2", Kind: "buy-get", Options: &BuyGet{2, 1, 100}}
	secondHalf := Promotion{Name: "second at half", Kind: "buy-get", Options: &BuyGet{1, 1, 50}}
	flash := Promotion{Name: "flash", Kind: "flash", Products: []string{"tea"}, Starts: 1, Ends: 2, Uses: 2, Options: &Flash{Price: 49}}
	flashAlone := flash
	flashAlone.Alone = true
	group := func(p Promotion) Promotion { p.Group = "best"; return p }
	late := func(p Promotion) Promotion { p.Priority = -1; return p }
	for _, c := range []struct {
		what                  string
		thresholds, percentOf string
		promotions            []Promotion
		cart                  []Line
		total                 int64
		paid                  []int64 // by line; nil: not looked at
	}{
		{"满300减40 at 650: twice", "", "", []Promotion{spendOff(true, Tier{Spend: 300, Amount: 40})}, []Line{{0, 1, 65_000}}, 57_000, nil},
		{"满300减40 at 599.99: once", "", "", []Promotion{spendOff(true, Tier{Spend: 300, Amount: 40})}, []Line{{0, 1, 59_999}}, 55_999, nil},
		{"满300减40 at 299.99: not", "", "", []Promotion{spendOff(true, Tier{Spend: 300, Amount: 40})}, []Line{{0, 1, 29_999}}, 29_999, nil},
		{"of two tiers the higher, once", "", "", []Promotion{spendOff(false, Tier{Spend: 300, Amount: 40}, Tier{Spend: 500, Amount: 80})}, []Line{{0, 1, 82_000}}, 74_000, nil},
		{"tiers that repeat: 500 and 300 of 820", "", "", []Promotion{spendOff(true, Tier{Spend: 300, Amount: 40}, Tier{Spend: 500, Amount: 80})}, []Line{{0, 1, 82_000}}, 70_000, nil},
		{"满3件8折: 3 units, a fifth off", "", "", []Promotion{spendOff(false, Tier{Units: 3, Percent: 20})}, []Line{{0, 2, 1000}, {1, 1, 500}}, 2000, []int64{1600, 400}},
		{"10% off 320 is 288: below 300", "", "", []Promotion{percentage("sale", 10), spendOff(false, Tier{Spend: 300, Amount: 40})}, []Line{{0, 1, 32_000}}, 28_800, nil},
		{"thresholds at posted prices: 320 reaches 300", "posted", "", []Promotion{percentage("sale", 10), spendOff(false, Tier{Spend: 300, Amount: 40})}, []Line{{0, 1, 32_000}}, 24_800, nil},
		{"buy 2 get 1: of 10, 8, 5 and 3 the 5 is free", "", "", []Promotion{threeForTwo}, []Line{{0, 1, 1000}, {1, 1, 800}, {2, 1, 500}, {3, 1, 300}}, 2100, []int64{783, 626, 391, 300}},
		{"two sets from the dearest down: 8 and 1 are free", "", "", []Promotion{threeForTwo}, []Line{{0, 1, 1000}, {0, 1, 900}, {1, 1, 800}, {1, 1, 300}, {2, 1, 200}, {2, 1, 100}}, 2400, nil},
		{"the second at half price: 4.995 rounds to 5", "", "", []Promotion{secondHalf}, []Line{{0, 2, 999}}, 1498, nil},
		{"bundles that overlap: the first takes the only rice", "", "", []Promotion{bundleFor("a", "", 10, "tea", "rice"), bundleFor("b", "", 9, "rice", "soap")}, []Line{{0, 1, 700}, {1, 1, 600}, {2, 1, 800}}, 1800, nil},
		{"in a group: the one that saves more", "", "", []Promotion{bundleFor("a", "g", 10, "tea", "rice"), bundleFor("b", "g", 9, "rice", "soap")}, []Line{{0, 1, 700}, {1, 1, 600}, {2, 1, 800}}, 1600, nil},
		{"two rices: both bundles", "", "", []Promotion{bundleFor("a", "", 10, "tea", "rice"), bundleFor("b", "", 9, "rice", "soap")}, []Line{{0, 1, 700}, {1, 2, 600}, {2, 1, 800}}, 1900, nil},
		{"no bundle that costs more than its parts", "", "", []Promotion{bundleFor("a", "", 14, "tea", "rice")}, []Line{{0, 1, 700}, {1, 1, 600}}, 1300, nil},
		{"any 3 for 10, twice of 7", "", "", []Promotion{{Name: "3 for 10", Kind: "bundle", Options: &Bundle{Items: []Item{{goods, 3}}, Price: 10}}}, []Line{{0, 4, 500}, {1, 3, 400}}, 2400, nil},
		{"flash for two of three, then a coupon on all", "", "", []Promotion{flash, coupons(10)}, []Line{{0, 3, 8000}, {1, 1, 2000}}, 17_820, nil},
		{"a flash sale that stands alone takes no coupon", "", "", []Promotion{flashAlone, coupons(10)}, []Line{{0, 2, 8000}, {1, 1, 2000}}, 11_600, []int64{9800, 1800}},
		{"20% and 10% of what is left", "", "", []Promotion{percentage("a", 20), percentage("b", 10)}, []Line{{0, 1, 10_000}}, 7200, nil},
		{"20% and 10% of the posted price", "", "posted", []Promotion{percentage("a", 20), percentage("b", 10)}, []Line{{0, 1, 10_000}}, 7000, nil},
		{"a group line by line: 20% off tea, 10% off the rest", "", "", []Promotion{group(percentage("all", 10)), group(percentage("tea", 20, "tea"))}, []Line{{0, 1, 1000}, {1, 1, 1000}}, 1700, []int64{800, 900}},
		{"beyond the flash quota the next best of the group", "", "", []Promotion{group(flash), late(group(percentage("all", 10)))}, []Line{{0, 3, 8000}}, 2*4900 + 7200, []int64{9800, 7200}},
		{"a dollar over three equal lines", "", "", []Promotion{{Name: "c", Kind: "coupon", Options: &Coupon{Amount: 1}}}, []Line{{0, 1, 100}, {1, 1, 100}, {2, 1, 100}}, 200, []int64{66, 67, 67}},
		{"20% off, at most 10", "", "", []Promotion{{Name: "c", Kind: "coupon", Options: &Coupon{Percent: 20, AtMost: 10}}}, []Line{{0, 1, 9000}}, 8000, nil},
		{"a budget of 3 pays 2 units at 1.50", "", "", []Promotion{{Name: "a", Kind: "amount", Budget: 3.2, Options: &Amount{1.5}}}, []Line{{0, 5, 1000}}, 4700, []int64{1700, 3000}},
		{"a coupon over budget is not granted in part", "", "", []Promotion{{Name: "c", Kind: "coupon", Budget: 4.99, Options: &Coupon{Amount: 5}}}, []Line{{0, 1, 1000}}, 1000, nil},
		{"what an order's promotion wins from a set's goes into no later set", "", "", []Promotion{group(secondHalf), group(spendOff(false, Tier{Units: 3, Percent: 50})), late(threeForTwo)}, []Line{{0, 3, 1000}}, 1500, nil},
		{"a thing that is free beside one that is not", "", "", []Promotion{coupons(10)}, []Line{{0, 1, 1000}, {1, 1, 0}}, 900, []int64{900, 0}},
		{"5 off a thing of 3", "", "", []Promotion{{Name: "a", Kind: "amount", Options: &Amount{5}}}, []Line{{0, 1, 300}}, 0, nil},
	} {
		p := compile(t, &Config{Decimals: 2, Thresholds: c.thresholds, PercentOf: c.percentOf, Products: goods, Promotions: c.promotions})
		var o Order
		p.Price(&o, []Line{{0, 9, 700}, {1, 9, 700}, {2, 9, 700}}, 1.5, Customer{}, p.NewUsage()) // an order leaves nothing behind for the next
		p.Price(&o, c.cart, 1.5, Customer{}, p.NewUsage())
		addsUp(t, &o)
		var paid []int64
		for _, l := range o.Lines {
			paid = append(paid, l.Paid)
		}
		if o.Total != c.total || c.paid != nil && fmt.Sprint(paid) != fmt.Sprint(c.paid) {
			t.Errorf("%s: pays %d by line %v, expected %d %v", c.what, o.Total, paid, c.total, c.paid)
		}
	}
}

func TestOfEqualsInAGroupTheFirstApplies(t *testing.T) {
	same := func(name string) Promotion {
		return Promotion{Name: name, Kind: "coupon", Group: "g", Options: &Coupon{Amount: 1}}
	}
	p := compile(t, &Config{Decimals: 2, Products: goods, Promotions: []Promotion{same("a"), same("b"), same("c")}})
	var o Order
	if p.Price(&o, []Line{{0, 1, 1000}}, 0, Customer{}, p.NewUsage()); len(o.Uses) != 1 || o.Uses[0].Promotion != 0 {
		t.Error(o.Uses)
	}
}

func TestAFlashSaleHoldsFromItsStartUntilItsEnd(t *testing.T) {
	p := compile(t, &Config{Decimals: 2, Products: goods, Promotions: []Promotion{{Name: "f", Kind: "flash", Starts: 1.25, Ends: 1.5, Options: &Flash{Percent: 50}}}})
	used := p.NewUsage()
	var o Order
	for _, c := range []struct {
		at    float64
		price int64
	}{{1, 100}, {math.Nextafter(1.25, 0), 100}, {1.25, 50}, {math.Nextafter(1.5, 0), 50}, {1.5, 100}, {1.3, 50}, {math.NaN(), 100}, {0, 100}} {
		if got := p.Shelf(&o, 0, 100, c.at, Customer{}, used); got != c.price {
			t.Errorf("at %v the shelf shows %d, expected %d", c.at, got, c.price)
		}
	}
	if a, b, c := p.NextChange(0), p.NextChange(1.25), p.NextChange(1.5); a != 1.25 || b != 1.5 || !math.IsInf(c, 1) {
		t.Errorf("changes at %v, %v, %v", a, b, c)
	}
}

func TestLimitsCountWhatIsBookedAndForgetWhatIsReleased(t *testing.T) {
	p := compile(t, &Config{Decimals: 2, Products: goods, Promotions: []Promotion{
		{Name: "c", Kind: "coupon", Uses: 2, PerCustomer: 1, Options: &Coupon{Amount: 1}},
		{Name: "reminder", Kind: "coupon", Granted: true, Options: &Coupon{Amount: 2}}}})
	used := p.NewUsage()
	orders := make([]Order, 4)
	pays := func(i, customer int, total int64) {
		t.Helper()
		p.Price(&orders[i], []Line{{0, 1, 1000}}, 0, Customer{ID: customer}, used)
		if orders[i].Total != total {
			t.Errorf("customer %d pays %d, expected %d", customer, orders[i].Total, total)
		}
	}
	book := func(i int, booked bool) {
		t.Helper()
		if used.Commit(&orders[i]) != booked {
			t.Errorf("order %d booked: %v", i, !booked)
		}
	}
	pays(0, 0, 900)
	pays(1, 1, 900)
	pays(2, 2, 900)
	book(0, true)
	pays(3, 0, 1000) // a coupon a customer
	book(1, true)
	book(2, false) // others were faster
	pays(2, 2, 1000)
	used.Release(&orders[1])
	used.Grant(1, 2, 1)
	pays(2, 2, 700)
	book(2, true)
	pays(2, 2, 1000)
	used.Switch(0, false)
	used.Release(&orders[0])
	pays(0, 0, 1000)
	used.Reset()
	pays(0, 0, 900)
	pays(0, -1, 900)
	if uses, amount := used.Used(0); uses != 0 || amount != 0 {
		t.Errorf("%d uses and %d saved after a reset", uses, amount)
	}
}

// Sets formed from the dearest down save as much as the best of all ways to form sets.
func TestSetsAreTheBestOfAllWaysToFormThem(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o Options
		var size int
		var saves func(set []int64) int64
		if rapid.Bool().Draw(t, "bundle") {
			price := rapid.Int64Range(1, 2000).Draw(t, "price")
			size = rapid.IntRange(1, 4).Draw(t, "size")
			o = &Bundle{Items: []Item{{goods, size}}, Price: float64(price) / 100}
			saves = func(set []int64) int64 {
				worth := int64(0)
				for _, x := range set {
					worth += x
				}
				return max(0, worth-price)
			}
		} else {
			b := &BuyGet{rapid.IntRange(1, 3).Draw(t, "buy"), 1, 100}
			o, size = b, b.Buy+1
			saves = func(set []int64) int64 {
				cheapest := set[0]
				for _, x := range set {
					cheapest = min(cheapest, x)
				}
				return cheapest
			}
		}
		kind := map[bool]string{true: "bundle", false: "buy-get"}[fmt.Sprintf("%T", o) == "*promotion.Bundle"]
		p := compile(t, &Config{Decimals: 2, Products: goods, Promotions: []Promotion{{Name: "set", Kind: kind, Options: o}}})
		prices := rapid.SliceOfN(rapid.Int64Range(0, 900), 0, 7).Draw(t, "prices")
		var cart []Line
		for i, x := range prices {
			cart = append(cart, Line{i % len(goods), 1, x})
		}
		var order Order
		p.Price(&order, cart, 0, Customer{}, p.NewUsage())
		if best := bestSets(prices, size, nil, saves); order.Gross-order.Total != best {
			t.Fatalf("saves %d, the best is %d", order.Gross-order.Total, best)
		}
	})
}

// bestSets tries every set that the first unit may be in, and none.
func bestSets(units []int64, size int, set []int64, saves func([]int64) int64) (best int64) {
	if len(set) == size {
		return saves(set) + bestSets(units, size, nil, saves)
	}
	if len(set) == 0 {
		if len(units) < size {
			return 0
		}
		return max(bestSets(units[1:], size, nil, saves), bestSets(units[1:], size, units[:1], saves))
	}
	for i := range units {
		rest := append(append([]int64{}, units[:i]...), units[i+1:]...)
		best = max(best, bestSets(rest, size, append(append([]int64{}, set...), units[i]), saves))
	}
	return best
}

// A group that takes its turn last leaves a shopper with the least that any one of its members would.
func TestAGroupGivesTheBestOfItsMembers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := &Config{Decimals: 2, Products: goods, Personas: personas, Channels: channels}
		for i := range rapid.IntRange(0, 3).Draw(t, "before") {
			if p := drawPromotion(t, i); p.Kind != "coupon" {
				p.Group = ""
				cfg.Promotions = append(cfg.Promotions, p)
			}
		}
		before := len(cfg.Promotions)
		for i := range rapid.IntRange(1, 4).Draw(t, "members") {
			_, amount, percent := anyCut(t, false)
			cfg.Promotions = append(cfg.Promotions, Promotion{Name: fmt.Sprint("member", i), Kind: "coupon", Group: "last", Products: some(t, "products", goods), Options: &Coupon{amount, percent, 0}})
		}
		cart, who := drawCart(t), drawCustomer(t)
		total := func(promotions []Promotion) int64 {
			one := *cfg
			one.Promotions = promotions
			p := compile(t, &one)
			var o Order
			p.Price(&o, cart, 1.5, who, p.NewUsage())
			return o.Total
		}
		best := int64(math.MaxInt64)
		for i := before; i < len(cfg.Promotions); i++ {
			best = min(best, total(append(cfg.Promotions[:before:before], cfg.Promotions[i])))
		}
		if got := total(cfg.Promotions); got != best {
			t.Fatalf("pays %d, with the best member alone %d", got, best)
		}
	})
}

// Where thresholds are measured at posted prices and every promotion is open to the whole cart, one more promotion never makes an order dearer; and where they
// are on single units alone, neither a lower price nor one unit less does. (With thresholds after discounts a sale can cost a shopper the 满减, as in any shop.)
func TestWhatShouldBeMonotoneIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := &Config{Decimals: 2, Products: goods, Thresholds: "posted"}
		onUnits := rapid.Bool().Draw(t, "on units")
		for i := range rapid.IntRange(1, 5).Draw(t, "promotions") {
			p := drawPromotion(t, i)
			p = Promotion{Name: p.Name, Kind: p.Kind, Priority: p.Priority, Ends: p.Ends, Options: p.Options}
			if level := refLevel(p.Kind); level != 2 && !(onUnits && level > 1) {
				cfg.Promotions = append(cfg.Promotions, p)
			}
		}
		cart := drawCart(t)
		if len(cart) == 0 || len(cfg.Promotions) == 0 {
			t.Skip("nothing bought, or nothing on: drawn again")
		}
		for i := range cart {
			cart[i].Product %= len(goods)
		}
		total := func(cfg *Config, cart []Line) int64 {
			p := compile(t, cfg)
			var o Order
			p.Price(&o, cart, 0.5, Customer{}, p.NewUsage())
			return o.Total
		}
		all := total(cfg, cart)
		fewer := *cfg
		drop := rapid.IntRange(0, len(cfg.Promotions)-1).Draw(t, "drop")
		fewer.Promotions = append(append([]Promotion{}, cfg.Promotions[:drop]...), cfg.Promotions[drop+1:]...)
		if without := total(&fewer, cart); without < all {
			t.Fatalf("%d with all promotions, %d without one", all, without)
		}
		if onUnits {
			i := rapid.IntRange(0, len(cart)-1).Draw(t, "line")
			cart[i].Price += rapid.Int64Range(0, 3).Draw(t, "dearer")
			cart[i].Quantity += rapid.IntRange(0, 2).Draw(t, "more")
			if more := total(cfg, cart); more < all {
				t.Fatalf("%d for less, %d for more", all, more)
			}
		}
	})
}

// Sums beyond 64 bits on the way.
func TestLargeOrdersAreExact(t *testing.T) {
	p := compile(t, &Config{Decimals: 6, Products: goods, Promotions: []Promotion{percentage("a", 33.3333), coupons(12.5)}})
	cart := []Line{{0, 999_983, 999_999_000_001}, {1, 17, 123_456_789_123}}
	var o Order
	p.Price(&o, cart, 0, Customer{}, p.NewUsage())
	addsUp(t, &o)
	// In Python's integers: units at 999999000001 − 333332666667 = 666666333334 and 123456789123 − 41152221889 = 82304567234, worth 666655000006333322 and
	// 1399177642978, together 666656399183976300; an eighth of it is 83332049897997037.5, rounded up.
	if o.Total != 666656399183976300-83332049897997038 {
		t.Error(o.Total)
	}
	paid := o.Lines[0].Paid
	for o.Lines[0].Returned < o.Lines[0].Quantity {
		paid -= o.Return(0, 499_999)
	}
	if paid != 0 {
		t.Errorf("%d is not refunded", paid)
	}
}

func TestBadPromotionsAreNamed(t *testing.T) {
	good := func() Promotion { return percentage("sale", 10) }
	for _, c := range []struct {
		key    string
		change func(*Promotion)
	}{
		{"promotions.1.name", func(p *Promotion) { p.Name = "" }},
		{"promotions.sale.kind", func(p *Promotion) { p.Kind = "percent" }},
		{"promotions.sale.kind", func(p *Promotion) { p.Options = nil }},
		{"promotions.sale.kind", func(p *Promotion) { p.Options = (*Percentage)(nil) }},
		{"promotions.sale.kind", func(p *Promotion) { p.Kind = "amount" }},
		{"promotions.sale.products", func(p *Promotion) { p.Products = []string{"tee"} }},
		{"promotions.sale.personas", func(p *Promotion) { p.Personas = []string{"rich"} }},
		{"promotions.sale.channels", func(p *Promotion) { p.Channels = []string{"radio"} }},
		{"promotions.sale.starts", func(p *Promotion) { p.Starts = math.Inf(-1) }},
		{"promotions.sale.ends", func(p *Promotion) { p.Starts, p.Ends = 2, 1 }},
		{"promotions.sale.ends", func(p *Promotion) { p.Ends = math.NaN() }},
		{"promotions.sale.min_quantity", func(p *Promotion) { p.MinQuantity = -1 }},
		{"promotions.sale.min_amount", func(p *Promotion) { p.MinAmount = 0.001 }},
		{"promotions.sale.budget", func(p *Promotion) { p.Budget = math.Inf(1) }},
		{"promotions.sale.uses", func(p *Promotion) { p.Uses = -2 }},
		{"promotions.sale.per_customer", func(p *Promotion) { p.PerCustomer = mostUnits + 1 }},
		{"promotions.sale.per_customer", func(p *Promotion) { p.PerCustomer, p.Granted = 1, true }},
		{"promotions.sale.per_order", func(p *Promotion) { p.PerOrder = -1 }},
		{"promotions.sale.priority", func(p *Promotion) { p.Priority = math.MaxInt }},
		{"promotions.sale.percent", func(p *Promotion) { p.Options = &Percentage{0} }},
		{"promotions.sale.percent", func(p *Promotion) { p.Options = &Percentage{100.5} }},
		{"promotions.sale.percent", func(p *Promotion) { p.Options = &Percentage{33.33333} }},
		{"promotions.sale.percent", func(p *Promotion) { p.Options = &Percentage{math.NaN()} }},
		{"promotions.sale.amount", func(p *Promotion) { p.Kind, p.Options = "amount", &Amount{-1} }},
		{"promotions.sale.ends", func(p *Promotion) { p.Kind, p.Options = "flash", &Flash{Price: 1} }},
		{"promotions.sale.price", func(p *Promotion) { p.Kind, p.Ends, p.Options = "flash", 1, &Flash{Price: 1, Percent: 5} }},
		{"promotions.sale.products", func(p *Promotion) {
			*p = bundleFor("sale", "", 1, "tea")
			p.Products = goods
		}},
		{"promotions.sale.items", func(p *Promotion) { *p = bundleFor("sale", "", 1) }},
		{"promotions.sale.items.1.products", func(p *Promotion) { p.Kind, p.Options = "bundle", &Bundle{Price: 1, Items: []Item{{nil, 1}}} }},
		{"promotions.sale.items.2.products", func(p *Promotion) { *p = bundleFor("sale", "", 1, "tea", "tea") }},
		{"promotions.sale.items.1.quantity", func(p *Promotion) { p.Kind, p.Options = "bundle", &Bundle{Price: 1, Items: []Item{{goods, 0}}} }},
		{"promotions.sale.buy", func(p *Promotion) { p.Kind, p.Options = "buy-get", &BuyGet{0, 1, 100} }},
		{"promotions.sale.get", func(p *Promotion) { p.Kind, p.Options = "buy-get", &BuyGet{1, 0, 100} }},
		{"promotions.sale.tiers", func(p *Promotion) { p.Kind, p.Options = "spend", &Spend{} }},
		{"promotions.sale.tiers.1.spend", func(p *Promotion) { p.Kind, p.Options = "spend", &Spend{Tiers: []Tier{{Amount: 1}}} }},
		{"promotions.sale.tiers.2.spend", func(p *Promotion) {
			p.Kind, p.Options = "spend", &Spend{Tiers: []Tier{{Units: 1, Amount: 1}, {Spend: 2, Amount: 1}}}
		}},
		{"promotions.sale.tiers.1.amount", func(p *Promotion) { p.Kind, p.Options = "spend", &Spend{Tiers: []Tier{{Spend: 1}}} }},
		{"promotions.sale.tiers.1.percent", func(p *Promotion) {
			p.Kind, p.Options = "spend", &Spend{Repeat: true, Tiers: []Tier{{Spend: 2, Percent: 1}}}
		}},
		{"promotions.sale.tiers", func(p *Promotion) {
			p.Kind, p.Options = "spend", &Spend{Tiers: []Tier{{Spend: 2, Amount: 1}, {Spend: 2, Percent: 1}}}
		}},
		{"promotions.sale.at_most", func(p *Promotion) { p.Kind, p.Options = "coupon", &Coupon{Percent: 5, AtMost: -1} }},
	} {
		p := good()
		c.change(&p)
		_, err := New(&Config{Decimals: 2, Products: goods, Personas: personas, Channels: channels, Promotions: []Promotion{p}})
		if e, ok := errors.AsType[*field.Error](err); !ok || e.Key != c.key || e.Found == "" || e.Expected == "" {
			t.Errorf("found %v, expected an error at %s", err, c.key)
		}
	}
	for key, cfg := range map[string]*Config{
		"thresholds": {Thresholds: "before"}, "percent_of": {PercentOf: "list"}, "money_decimals": {Decimals: 7},
		"promotions.2.name":     {Products: goods, Promotions: []Promotion{good(), good()}},
		"promotions.both.group": {Products: goods, Promotions: []Promotion{{Name: "both", Group: "g", Kind: "coupon", Options: &Coupon{Percent: 1}}, {Name: "sale", Group: "g", Kind: "percentage", Options: &Percentage{1}}}},
	} {
		if _, err := New(cfg); err == nil || !strings.HasPrefix(err.Error(), key+": ") {
			t.Errorf("found %v, expected an error at %s", err, key)
		}
	}
}

// FuzzNew gives any numbers to the checker: they are refused by name, or price an order that adds up.
func FuzzNew(f *testing.F) {
	f.Add(uint8(0), 2, 10.0, 0.0, 1.0, 1, 1, 0.0, 0.0, true, "tea")
	f.Add(uint8(4), 4, 0.0, 1.5, 1.0, 2, 1, 1.0, 2.0, false, "rice")
	f.Add(uint8(5), 0, 5.0, 0.0, 30.0, 0, 3, -1.0, 0.0, true, "")
	f.Fuzz(func(t *testing.T, kind uint8, decimals int, percent, amount, money float64, n, m int, starts, ends float64, flag bool, name string) {
		p := Promotion{Name: name, Starts: starts, Ends: ends, MinAmount: money, Budget: money, Uses: n, PerOrder: m, PerCustomer: m, MinQuantity: n, Priority: n, Alone: flag}
		options := []Options{&Percentage{percent}, &Amount{amount}, &Flash{amount, percent}, &Bundle{Items: []Item{{[]string{name}, n}, {goods[:2], m}}, Price: money, Amount: amount, Percent: percent},
			&BuyGet{n, m, percent}, &Spend{Tiers: []Tier{{Spend: money, Amount: amount, Percent: percent}, {Units: n, Amount: amount}}, Repeat: flag}, &Coupon{amount, percent, money}}
		i := int(kind) % len(options)
		p.Kind, p.Options = Kinds()[i].Name, options[i]
		compiled, err := New(&Config{Decimals: decimals, Products: goods, Promotions: []Promotion{p}})
		if err != nil {
			if e, ok := errors.AsType[*field.Error](err); !ok || e.Key == "" || e.Found == "" && name != "" || e.Expected == "" {
				t.Fatal(err)
			}
			return
		}
		var o Order
		used := compiled.NewUsage()
		compiled.Price(&o, []Line{{0, 3, 1 << 40}, {1, 1, 99}, {2, 1_000_000, 1e12}, {3, 1, 0}}, starts, Customer{}, used)
		addsUp(t, &o)
		if !used.Commit(&o) {
			t.Fatal("an order just priced is refused")
		}
	})
}
