package promotion

import "testing"

// The carts that a shop prices most: three lines, and five promotions of as many kinds that all apply.
func benchmarkConfig() *Config {
	return &Config{Decimals: 4, Products: []string{"tea", "rice", "soap", "salt"}, Personas: []string{"thrifty", "hurried"}, Channels: []string{"web", "app"},
		Promotions: []Promotion{
			{Name: "week", Kind: "percentage", Products: []string{"tea", "salt"}, Options: &Percentage{Percent: 20}},
			{Name: "dawn", Kind: "flash", Products: []string{"rice"}, Starts: 1, Ends: 2, Uses: 1_000_000_000, Options: &Flash{Price: 2.49}},
			{Name: "three", Kind: "buy-get", Products: []string{"soap"}, Options: &BuyGet{Buy: 2, Get: 1, Percent: 100}},
			{Name: "season", Kind: "spend", Options: &Spend{Tiers: []Tier{{Spend: 10, Amount: 1}, {Spend: 30, Amount: 4}}}},
			{Name: "thanks", Kind: "coupon", Personas: []string{"thrifty"}, PerCustomer: 1_000_000, Options: &Coupon{Percent: 5, AtMost: 3}},
		}}
}

func BenchmarkPrice(b *testing.B) {
	p, err := New(benchmarkConfig())
	if err != nil {
		b.Fatal(err)
	}
	cart := []Line{{2, 3, 19_900}, {0, 2, 45_000}, {1, 1, 29_900}}
	used := p.NewUsage()
	var o Order
	b.ReportAllocs()
	for b.Loop() {
		p.Price(&o, cart, 1.5, Customer{ID: 7}, used)
	}
	if len(o.Uses) != 5 {
		b.Fatal(o.Uses)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Morders/s")
}

// Priced, booked and given up again.
func BenchmarkCommit(b *testing.B) {
	p, err := New(benchmarkConfig())
	if err != nil {
		b.Fatal(err)
	}
	cart := []Line{{2, 3, 19_900}, {0, 2, 45_000}, {1, 1, 29_900}}
	used := p.NewUsage()
	var o Order
	p.Price(&o, cart, 1.5, Customer{ID: 7}, used)
	b.ReportAllocs()
	for b.Loop() {
		used.Commit(&o)
		used.Release(&o)
	}
}

func BenchmarkShelf(b *testing.B) {
	p, err := New(benchmarkConfig())
	if err != nil {
		b.Fatal(err)
	}
	used := p.NewUsage()
	var o Order
	b.ReportAllocs()
	for b.Loop() {
		p.Shelf(&o, 1, 29_900, 1.5, Customer{ID: 7}, used)
	}
}
