package market

import (
	"fmt"
	"testing"

	"github.com/souk-sim/souk/sim/env"
)

// mix is the market mix: so many products of four sellers, two personas who see all of them, so many shoppers under way.
func mix(products, underWay int) *Config {
	ladder := []Offer{{Price: 0.8}, {Price: 0.9}, {Price: 1}}
	cfg := &Config{PeriodDays: 1, Horizon: 4000, Focal: 0,
		Traffic:  Traffic{Visitors: 200_000},
		Personas: []Persona{{Name: "careful", Share: 2, Price: -2, Units: 1}, {Name: "rich", Share: 1, Price: -0.5, Units: 1}},
		// Half think, and then, if they buy, pay: a shopper is under way 1.5 of these means.
		Visit: Visit{Kind: Shelf, SoldOut: "seen", Places: 1, Spread: 1, Consider: 1},
	}
	minutes := float64(underWay) / cfg.Traffic.Visitors * 1440 / 1.6
	cfg.Visit.ThinkMinutes, cfg.Visit.PayMinutes = minutes, minutes
	for s := range min(4, products) {
		cfg.Sellers = append(cfg.Sellers, Seller{Name: fmt.Sprint("seller ", s), Levels: true, Offers: ladder, Opening: 2, Review: Review{Every: 0.25}, Reward: Reward{Of: Profit, Discount: 0.95}})
	}
	for j := range products {
		name := fmt.Sprint("product ", j)
		cfg.Products = append(cfg.Products, Product{Name: name, Price: 2 + 0.1*float64(j%10), Cost: 1, Appeal: 3 - portableLog(products)})
		s := &cfg.Sellers[j%len(cfg.Sellers)]
		s.Products = append(s.Products, name)
	}
	return cfg
}

// portableLog keeps the share of buyers about the same whatever the number of products.
func portableLog(products int) float64 {
	x := 0.0
	for n := products; n > 10; n /= 2 {
		x += 0.69
	}
	return x
}

// drive plays the market until so many shoppers have come, each seller moving now and then.
func drive(m *Market, shoppers int64) (events int64) {
	var step env.TimeStep
	turn := 0
	for m.books.visits < shoppers && m.Next(&step) {
		turn++
		m.Act(turn / 7 % 3)
	}
	return m.handled
}

// rate measures a market once so many shoppers have warmed it up.
func rate(b *testing.B, cfg *Config, warm int64) {
	m, err := New(cfg, 1)
	if err != nil {
		b.Fatal(err)
	}
	drive(m, warm)
	from, before := m.books.visits, m.handled
	b.ReportAllocs()
	b.ResetTimer()
	drive(m, from+int64(b.N))
	b.StopTimer()
	seconds := b.Elapsed().Seconds()
	b.ReportMetric(float64(m.books.visits-from)/seconds/1e6, "Mshoppers/s")
	b.ReportMetric(float64(m.handled-before)/seconds/1e6, "Mevents/s")
}

func BenchmarkMix(b *testing.B) {
	for _, size := range []struct{ products, underWay int }{{10, 100}, {10, 10_000}, {50, 100}, {2000, 100}} {
		b.Run(fmt.Sprintf("%d products, %d under way", size.products, size.underWay), func(b *testing.B) {
			rate(b, mix(size.products, size.underWay), 100_000)
		})
	}
}

// BenchmarkExperiment is the smallest mix with and without two arms: by shopper each has a shelf of its own.
func BenchmarkExperiment(b *testing.B) {
	for _, e := range []*Experiment{nil, {Design: ByShopper, Shares: []float64{1, 1}}, {Design: Switchback, Shares: []float64{1, 1}, SlotDays: 1}} {
		name := "none"
		if e != nil {
			name = string(e.Design)
		}
		b.Run(name, func(b *testing.B) {
			cfg := mix(10, 100)
			cfg.Experiment = e
			rate(b, cfg, 50_000)
		})
	}
}

func BenchmarkJourney(b *testing.B) {
	for _, products := range []int{10, 50, 2000} {
		b.Run(fmt.Sprint(products, " products"), func(b *testing.B) {
			cfg := mix(products, 1000)
			cfg.Visit = Visit{Kind: Journey, ThinkMinutes: 5, PayMinutes: 5, SoldOut: "seen", Places: 20, Ranking: "appeal", Spread: 1, Position: 0.7, Click: 0.4, Search: 0.2,
				Dwell: 30, DwellLog: 1, Consider: 5, Basket: 0.3}
			for j := range cfg.Products {
				cfg.Products[j].Appeal = 3
			}
			rate(b, cfg, 50_000)
		})
	}
}

// BenchmarkStep is the market at review level, as a learner meets it: a step is a review of every seller, at one instant, and the twenty shoppers, on average,
// who come until the next.
func BenchmarkStep(b *testing.B) {
	for _, c := range []struct{ products, sellers int }{{1, 1}, {2, 2}, {10, 2}, {10, 4}} {
		b.Run(fmt.Sprintf("%d products, %d sellers", c.products, c.sellers), func(b *testing.B) {
			cfg := mix(c.products, 1)
			cfg.Traffic.Visitors, cfg.Visit.ThinkMinutes, cfg.Visit.PayMinutes = 20, 1, 1
			cfg.Sellers = cfg.Sellers[:c.sellers]
			for i := range cfg.Sellers {
				cfg.Sellers[i].Products, cfg.Sellers[i].Review.Every = nil, 1
			}
			for j := range cfg.Products {
				s := &cfg.Sellers[j%c.sellers]
				s.Products = append(s.Products, cfg.Products[j].Name)
			}
			m, err := New(cfg, 1)
			if err != nil {
				b.Fatal(err)
			}
			var step env.TimeStep
			turns, episode := 0, uint64(0)
			next := func() {
				for !m.Next(&step) {
					episode++
					m.Reset(episode)
				}
				if turns++; step.Stage != env.Last {
					m.Act(turns / 3 % 3)
				}
			}
			for range 1000 {
				next()
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N * c.sellers {
				next()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}
