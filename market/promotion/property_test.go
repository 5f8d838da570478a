package promotion

import (
	"flag"
	"fmt"
	"math/rand"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// TestMain fixes what rapid draws, unless told otherwise.
func TestMain(m *testing.M) {
	flag.Parse()
	set := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { set[f.Name] = true })
	for name, value := range map[string]string{"rapid.seed": "1", "rapid.checks": "2000"} {
		if !set[name] {
			flag.Set(name, value)
		}
	}
	os.Exit(m.Run())
}

var (
	goods    = []string{"tea", "rice", "soap", "salt"}
	personas = []string{"thrifty", "hurried"}
	channels = []string{"web", "app"}
)

func dollars(t *rapid.T, name string, from, to int) float64 {
	return float64(rapid.IntRange(from, to).Draw(t, name)) / 100
}

func percent(t *rapid.T) float64 {
	return rapid.SampledFrom([]float64{0.0001, 1, 5, 10, 33.3333, 50, 66.6667, 99.9999, 100}).Draw(t, "percent")
}

// one of amount and percent, or with price of all three
func anyCut(t *rapid.T, price bool) (p, a, c float64) {
	switch rapid.IntRange(0, 2).Draw(t, "cut") {
	case 0:
		if price {
			return dollars(t, "price", 1, 3000), 0, 0
		}
		fallthrough
	case 1:
		return 0, dollars(t, "amount", 1, 1500), 0
	}
	return 0, 0, percent(t)
}

func some(t *rapid.T, name string, all []string) []string {
	return rapid.SliceOfNDistinct(rapid.SampledFrom(all), 0, len(all), rapid.ID).Draw(t, name)
}

func rarely(t *rapid.T, name string, n int) int {
	if rapid.IntRange(0, 3).Draw(t, name+"?") > 0 {
		return 0
	}
	return rapid.IntRange(1, n).Draw(t, name)
}

func drawPromotion(t *rapid.T, i int) Promotion {
	p := Promotion{Name: fmt.Sprint("p", i), Products: some(t, "products", goods),
		MinQuantity: rarely(t, "min quantity", 6), MinAmount: float64(rarely(t, "min amount", 4000)) / 100,
		Budget: float64(rarely(t, "budget", 2000)) / 100, Uses: rarely(t, "uses", 12), PerOrder: rarely(t, "per order", 4),
		First: rapid.IntRange(0, 9).Draw(t, "first") == 0, Off: rapid.IntRange(0, 9).Draw(t, "off") == 0, Alone: rapid.IntRange(0, 4).Draw(t, "alone") == 0,
		Priority: rapid.IntRange(-1, 1).Draw(t, "priority"), Starts: float64(rarely(t, "starts", 2))}
	if rapid.Bool().Draw(t, "target") {
		p.Personas, p.Channels = some(t, "personas", personas), some(t, "channels", channels)
	}
	if p.Granted = rapid.IntRange(0, 9).Draw(t, "granted") == 0; !p.Granted {
		p.PerCustomer = rarely(t, "per customer", 5)
	}
	if ends := rarely(t, "ends", 3); ends > 0 {
		p.Ends = p.Starts + float64(ends)
	}
	p.Kind = rapid.SampledFrom(Kinds()).Draw(t, "kind").Name
	group := rapid.SampledFrom([]string{"", "", "g", "h"}).Draw(t, "group")
	switch p.Kind {
	case "percentage":
		p.Options = &Percentage{percent(t)}
	case "amount":
		p.Options = &Amount{dollars(t, "amount", 1, 500)}
	case "flash":
		p.Ends = p.Starts + 1
		price, _, percent := anyCut(t, true)
		if price == 0 && percent == 0 {
			percent = 25
		}
		p.Options = &Flash{price, percent}
	case "bundle":
		o := &Bundle{}
		o.Price, o.Amount, o.Percent = anyCut(t, true)
		names := rapid.Permutation(goods).Draw(t, "items")
		cut := rapid.IntRange(1, 4).Draw(t, "cut at")
		o.Items = append(o.Items, Item{names[:cut], rapid.IntRange(1, 3).Draw(t, "quantity")})
		if cut < 4 && rapid.Bool().Draw(t, "two items") {
			o.Items = append(o.Items, Item{names[cut:], rapid.IntRange(1, 2).Draw(t, "quantity")})
		}
		p.Products, p.Options = nil, o
	case "buy-get":
		p.Options = &BuyGet{rapid.IntRange(1, 3).Draw(t, "buy"), rapid.IntRange(1, 2).Draw(t, "get"), percent(t)}
	case "spend":
		o := &Spend{Repeat: rapid.Bool().Draw(t, "repeat")}
		units := rapid.IntRange(0, 3).Draw(t, "in units") == 0
		for k := range rapid.IntRange(1, 3).Draw(t, "tiers") {
			tier := Tier{Spend: dollars(t, "spend", 1+1000*k, 1000*(k+1))}
			if units {
				tier = Tier{Units: 2*k + rapid.IntRange(1, 2).Draw(t, "units")}
			}
			if _, tier.Amount, tier.Percent = anyCut(t, false); o.Repeat && tier.Percent > 0 {
				tier.Amount, tier.Percent = 1, 0
			}
			o.Tiers = append(o.Tiers, tier)
		}
		p.Options = o
	case "coupon":
		o := &Coupon{AtMost: float64(rarely(t, "at most", 900)) / 100}
		_, o.Amount, o.Percent = anyCut(t, false)
		p.Options = o
	}
	if group != "" && refLevel(p.Kind) == 1 {
		group += " of units"
	}
	p.Group = group
	return p
}

func drawConfig(t *rapid.T, most int) *Config {
	cfg := &Config{Decimals: rapid.SampledFrom([]int{2, 4}).Draw(t, "decimals"), Products: goods, Personas: personas, Channels: channels,
		Thresholds: rapid.SampledFrom([]string{"", "lines", "left", "posted"}).Draw(t, "thresholds"), PercentOf: rapid.SampledFrom([]string{"", "left", "posted"}).Draw(t, "percent of")}
	for i := range rapid.IntRange(0, most).Draw(t, "promotions") {
		cfg.Promotions = append(cfg.Promotions, drawPromotion(t, i))
	}
	return cfg
}

func drawCart(t *rapid.T) (cart []Line) {
	for range rapid.IntRange(0, 5).Draw(t, "lines") {
		cart = append(cart, Line{rapid.IntRange(0, len(goods)).Draw(t, "product"), rapid.IntRange(1, 5).Draw(t, "quantity"), // one product is unknown
			rapid.OneOf(rapid.Int64Range(0, 2000), rapid.SampledFrom([]int64{0, 100, 999, 33_333})).Draw(t, "price")})
	}
	return cart
}

func drawCustomer(t *rapid.T) Customer {
	return Customer{ID: rapid.IntRange(-1, 2).Draw(t, "customer"), Persona: rapid.IntRange(-1, 2).Draw(t, "persona"), Channel: rapid.IntRange(-1, 2).Draw(t, "channel"),
		First: rapid.Bool().Draw(t, "first")}
}

type fataler interface {
	Helper()
	Fatalf(string, ...any)
}

func compile(t fataler, cfg *Config) *Promotions {
	t.Helper()
	p, err := New(cfg)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return p
}

// adds up holds for every order.
func addsUp(t fataler, o *Order) {
	t.Helper()
	var gross, total, saved, used int64
	off := make([]int64, len(o.Lines))
	for _, a := range o.Adjustments {
		if a.Amount <= 0 {
			t.Fatalf("an adjustment of %d", a.Amount)
		}
		off[a.Line] += a.Amount
		saved += a.Amount
	}
	for i, l := range o.Lines {
		if l.Paid < 0 || l.Quantity < 1 || l.Paid != l.Price*int64(l.Quantity)-off[i] {
			t.Fatalf("line %d: %+v less %d", i, l, off[i])
		}
		gross += l.Price * int64(l.Quantity)
		total += l.Paid
	}
	for _, u := range o.Uses {
		used += u.Amount
		if u.Uses < 1 || u.Amount < 1 {
			t.Fatalf("a use of nothing: %+v", u)
		}
	}
	if gross != o.Gross || total != o.Total || saved != gross-total || used != saved {
		t.Fatalf("gross %d, total %d, saved %d and %d by promotion; the order says %d and %d", gross, total, saved, used, o.Gross, o.Total)
	}
}

// Orders of several customers one after another, some given up again: each agrees with the reference to the unit of account, line by line and
// promotion by promotion, and no limit is ever overrun.
func TestPriceAgreesWithTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawConfig(t, 6)
		p := compile(t, cfg)
		used, books := p.NewUsage(), newRefBooks(cfg)
		var o Order
		for range rapid.IntRange(1, 4).Draw(t, "orders") {
			if n := len(cfg.Promotions); n > 0 && rapid.Bool().Draw(t, "change") {
				i, id, on := rapid.IntRange(0, n-1).Draw(t, "which"), rapid.IntRange(0, 2).Draw(t, "whom"), rapid.Bool().Draw(t, "on")
				used.Switch(i, on)
				books.off[i] = !on
				if cfg.Promotions[i].Granted {
					used.Grant(i, id, 2)
					books.granted[[2]int{i, id}] += 2
				}
			}
			cart, at, who := drawCart(t), rapid.Float64Range(-1, 5).Draw(t, "at"), drawCustomer(t)
			p.Price(&o, cart, at, who, used)
			addsUp(t, &o)
			ref := priceReference(cfg, cart, at, who, books)
			agree(t, &o, ref)
			if !used.Commit(&o) {
				t.Fatalf("an order just priced is refused")
			}
			if who.ID < 0 {
				for i := range cfg.Promotions {
					delete(books.customer, [2]int{i, -1})
				}
			}
			books.book(ref, who.ID, 1)
			if rapid.IntRange(0, 3).Draw(t, "release") == 0 {
				used.Release(&o)
				books.book(ref, who.ID, -1)
			}
			for i := range cfg.Promotions {
				delete(books.customer, [2]int{i, -1})
				uses, amount := used.Used(i)
				if b := cfg.Promotions[i].Budget; rat(amount).Cmp(books.saved[i]) != 0 || uses != int64(books.uses[i]) || b > 0 && float64(amount) > b*pow10(cfg.Decimals)+0.5 {
					t.Fatalf("promotion %d: %d uses, %d saved; the reference says %d, %v; budget %v", i, uses, amount, books.uses[i], books.saved[i], b)
				}
			}
		}
	})
}

func pow10(n int) float64 {
	x := 1.0
	for range n {
		x *= 10
	}
	return x
}

func agree(t *rapid.T, o *Order, ref *refOrder) {
	t.Helper()
	if len(o.Lines) != len(ref.lines) {
		t.Fatalf("%d lines, the reference has %d: %+v", len(o.Lines), len(ref.lines), o.Lines)
	}
	for i, l := range o.Lines {
		if r := ref.lines[i]; l.Product != r.product || l.Quantity != r.quantity || rat(l.Paid).Cmp(r.paid) != 0 {
			t.Fatalf("line %d: %d of %d for %d, the reference has %d of %d for %v", i, l.Quantity, l.Product, l.Paid, r.quantity, r.product, r.paid)
		}
	}
	if len(o.Uses) != len(ref.uses) {
		t.Fatalf("%+v, the reference has %v", o.Uses, ref.uses)
	}
	for _, u := range o.Uses {
		if ref.saved[u.Promotion] == nil || rat(u.Amount).Cmp(ref.saved[u.Promotion]) != 0 || u.Uses != int64(ref.uses[u.Promotion]) {
			t.Fatalf("%+v, the reference has %v saved in %d uses", u, ref.saved[u.Promotion], ref.uses[u.Promotion])
		}
	}
}

// receipt is all that others see of an order.
func receipt(o *Order) string {
	s := fmt.Sprintln(o.Adjustments, o.Uses, o.Gross, o.Total)
	for _, l := range o.Lines {
		s += fmt.Sprintln(l.Product, l.Quantity, l.Price, l.Paid)
	}
	return s
}

func TestNeitherTheOrderOfTheCartNorAReusedOrderMatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawConfig(t, 6)
		p := compile(t, cfg)
		used := p.NewUsage()
		cart, at, who := drawCart(t), rapid.Float64Range(-1, 5).Draw(t, "at"), drawCustomer(t)
		var one, two Order
		p.Price(&two, drawCart(t), at, who, used) // leaves its traces
		p.Price(&one, cart, at, who, used)
		rand.New(rand.NewSource(rapid.Int64().Draw(t, "shuffle"))).Shuffle(len(cart), func(i, j int) { cart[i], cart[j] = cart[j], cart[i] })
		p.Price(&two, cart, at, who, used)
		if receipt(&one) != receipt(&two) {
			t.Fatalf("%s\n%s", receipt(&one), receipt(&two))
		}
	})
}

func TestAPromotionThatDoesNotHoldChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawConfig(t, 5)
		cart, who := drawCart(t), drawCustomer(t)
		who.Persona = 0
		const at = 1.5
		without := *cfg
		extra := drawPromotion(t, 99)
		switch rapid.IntRange(0, 4).Draw(t, "why") {
		case 0:
			extra.Starts, extra.Ends = 2, 3
		case 1:
			extra.Starts, extra.Ends = 1, at
		case 2:
			extra.Off = true
		case 3:
			extra.Personas = personas[1:]
		case 4:
			extra.Granted, extra.PerCustomer = true, 0
		}
		extra.Group = ""
		cfg.Promotions = append(cfg.Promotions[:len(cfg.Promotions):len(cfg.Promotions)], extra)
		var one, two Order
		p, q := compile(t, &without), compile(t, cfg)
		p.Price(&one, cart, at, who, p.NewUsage())
		q.Price(&two, cart, at, who, q.NewUsage())
		if receipt(&one) != receipt(&two) {
			t.Fatalf("%s\n%s", receipt(&one), receipt(&two))
		}
	})
}

// The refunds of a line's units, in whatever portions they come back, add up to what was paid for it, and none is negative.
func TestRefundsAddUpToWhatWasPaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := compile(t, drawConfig(t, 6))
		var o Order
		p.Price(&o, drawCart(t), 1.5, drawCustomer(t), p.NewUsage())
		for i := range o.Lines {
			var refunded int64
			for o.Lines[i].Returned < o.Lines[i].Quantity {
				refund := o.Return(i, rapid.IntRange(0, 3).Draw(t, "units"))
				if refunded += refund; refund < 0 || refunded > o.Lines[i].Paid {
					t.Fatalf("refund %d, %d in all of %d", refund, refunded, o.Lines[i].Paid)
				}
			}
			if refunded != o.Lines[i].Paid || o.Return(i, 1) != 0 {
				t.Fatalf("%d refunded of %d", refunded, o.Lines[i].Paid)
			}
		}
	})
}

// The shelf shows what one unit alone in the cart costs before promotions on sets and orders.
func TestTheShelfShowsWhatOneUnitCosts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawConfig(t, 6)
		units := *cfg
		units.Promotions = nil
		for _, p := range cfg.Promotions {
			if refLevel(p.Kind) == 1 {
				units.Promotions = append(units.Promotions, p)
			}
		}
		p, q := compile(t, cfg), compile(t, &units)
		at, who := rapid.Float64Range(-1, 5).Draw(t, "at"), drawCustomer(t)
		line := Line{rapid.IntRange(0, len(goods)).Draw(t, "product"), 1, rapid.Int64Range(0, 3000).Draw(t, "price")}
		var scratch, o Order
		q.Price(&o, []Line{line}, at, who, q.NewUsage())
		if shown := p.Shelf(&scratch, line.Product, line.Price, at, who, p.NewUsage()); shown != o.Total {
			t.Fatalf("the shelf shows %d, one unit costs %d", shown, o.Total)
		}
	})
}
