package market

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/env/envtest"
)

// fickle customers come back soon and lapse soon.
var fickle = &loyalty.BGNBD{R: 2, Alpha: 0.5, A: 2, B: 1}

// kindsOfMarkets are small markets with each of the things that a market may have.
func kindsOfMarkets() map[string]*Config {
	kinds := map[string]*Config{}
	add := func(name string, change func(cfg *Config)) {
		cfg := duopoly()
		change(cfg)
		kinds[name] = cfg
	}
	walk := func(cfg *Config) {
		cfg.Visit = Visit{Kind: Journey, ThinkMinutes: 5, PayMinutes: 5, SoldOut: "hidden", Places: 10, Ranking: "appeal", Spread: 1, Position: 0.5, Click: 0.5, Search: 0.2, Dwell: 30, DwellLog: 1,
			Consider: 5, Basket: 0.4, Abandon: 0.2, Reminder: Reminder{Hours: 1, Works: 0.5}, Returns: 0.5}
		for j := range cfg.Products {
			cfg.Products[j].Returns = 0.2
		}
	}
	keep := func(cfg *Config) {
		for j := range cfg.Products {
			cfg.Products[j].Stock = &stock.Config{Policy: "s-S", ReviewDays: float64(j % 2), ReorderPoint: 20, OrderUpTo: 50, LeadTime: stock.LeadTime{Law: "exponential", MeanDays: 0.3},
				MaxWaiting: 5, ShelfLifeDays: float64(2 * (j / 2))}
		}
	}
	promote := func(cfg *Config) {
		cfg.Promotions.Promotions = []promotion.Promotion{
			{Name: "flash", Kind: "flash", Starts: 1.5, Ends: 2.25, Uses: 50, Options: &promotion.Flash{Percent: 20}},
			{Name: "spend", Kind: "spend", PerCustomer: 2, Budget: 20, Options: &promotion.Spend{Tiers: []promotion.Tier{{Spend: 5, Amount: 1}}}},
			{Name: "ours", Kind: "percentage", Products: []string{"a"}, Off: true, Options: &promotion.Percentage{Percent: 15}}}
		cfg.Sellers[0].Offers = append(slices.Clone(cfg.Sellers[0].Offers), Offer{Price: 1, Promotion: "ours"})
	}
	add("shelf", func(*Config) {})
	add("journey", walk)
	add("promotions", promote)
	add("stock", keep)
	add("loyalty", func(cfg *Config) { cfg.Loyalty.Model = fickle })
	add("all", func(cfg *Config) {
		walk(cfg)
		keep(cfg)
		promote(cfg)
		cfg.Loyalty.Model = fickle
		cfg.Sellers[1].Review = Review{Every: 1, Random: true, RivalMoved: true, StockBelow: 3, Delay: 0.1}
	})
	all := kinds["all"]
	for _, e := range []*Experiment{{Design: ByShopper, Shares: []float64{2, 1, 1}}, {Design: ByCluster, Shares: []float64{1, 1}, Clusters: 6, Spread: 0.3, Start: 0.5}, {Design: Switchback, Shares: []float64{1, 1}, SlotDays: 1.5}} {
		cfg := *all
		cfg.Experiment = e
		kinds["all, an experiment by "+string(e.Design)] = &cfg
	}
	products := *kinds["stock"]
	products.Experiment = &Experiment{Design: ByProduct, Shares: []float64{1, 1}, Start: 1}
	kinds["stock, an experiment by product"] = &products
	return kinds
}

// Every kind of market keeps the contract of an environment; the same seed and episode are the same world on any instance and after any other episode; nothing allocates.
func TestEveryKindOfMarketKeepsTheContract(t *testing.T) {
	for name, cfg := range kindsOfMarkets() {
		t.Run(name, func(t *testing.T) {
			options := []envtest.Option{envtest.EpisodesDiffer, envtest.NoAllocation}
			if !strings.HasPrefix(name, "all") { // there sellers review at their own times
				options = append(options, envtest.Simultaneous)
			}
			envtest.Run(t, func() env.Environment { return open(t, cfg, 1) }, options...)
		})
	}
}

// The same seed leaves the same records, on two instances, and after other episodes; the log itself changes nothing.
func TestTheSameSeedIsTheSameMarket(t *testing.T) {
	for name, cfg := range kindsOfMarkets() {
		records := func(m *Market, episode uint64) (all []Record) {
			watch(t, m, episode, func(step *env.TimeStep) int { return int(m.now*7) % len(step.Mask) }, func(r *Record) { all = append(all, *r) })
			return all
		}
		one, two := open(t, cfg, 1), open(t, cfg, 1)
		first := records(one, 0)
		other := records(two, 1)
		again := records(two, 0)
		account := *two.Account()
		if len(first) < 1000 || !slices.Equal(first, again) {
			t.Errorf("%s: %d records of episode 0, and %d others after episode 1", name, len(first), len(again))
		}
		if slices.Equal(first, other) {
			t.Errorf("%s: episodes 0 and 1 are alike", name)
		}
		watch(t, two, 0, func(step *env.TimeStep) int { return int(two.now*7) % len(step.Mask) }, nil)
		if fmt.Sprint(*two.Account()) != fmt.Sprint(account) {
			t.Errorf("%s: without the log the account is %+v, with it %+v", name, *two.Account(), account)
		}
	}
}

// A long episode in steady state allocates nothing at all, however many shoppers have come.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	for name, cfg := range kindsOfMarkets() {
		cfg.Horizon = 1 << 20
		m := open(t, cfg, 1)
		var step env.TimeStep
		turn := 0
		play := func() {
			for range 60 {
				m.Next(&step)
				m.Act(turn % len(step.Mask))
				turn++
			}
		}
		for range 10 {
			play()
		}
		if allocations := testing.AllocsPerRun(5, play); allocations > 0 {
			t.Errorf("%s: %g allocations in 60 turns", name, allocations)
		}
	}
}
