package market

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// drawExperiment draws one that a market can hold.
func drawExperiment(t *rapid.T, cfg *Config) *Experiment {
	e := &Experiment{Design: oneOf(t, "design", ByShopper, ByCluster, ByProduct, Switchback), Shares: []float64{1, oneOf(t, "share", 1, 3.0)}}
	if maybe(t, "three arms") {
		e.Shares = append(e.Shares, 1)
	}
	days := float64(cfg.Horizon) * cfg.PeriodDays
	if maybe(t, "later") {
		e.Start = days * oneOf(t, "start", 0.3, 0.5)
	}
	e.Clusters = rapid.IntRange(6, 20).Draw(t, "clusters")
	e.SlotDays = (days - e.Start) / float64(rapid.IntRange(6, 40).Draw(t, "slots"))
	bare := *cfg
	bare.Experiment = e
	if bare.checkExperiment() != nil { // too few products, or promotions
		e.Design = Switchback
	}
	return e
}

// playLogged plays an episode and gives the log, less what only arms do. A seller's turn is its own however many arms it has.
func playLogged(t *rapid.T, m *Market, episode uint64, decide func(seller int, turn uint64, step *env.TimeStep) int) (log []Record) {
	m.Record(nil)
	m.Reset(episode)
	m.Record(func(records []Record) {
		for _, r := range records {
			switch r.Kind {
			case Repriced, Reviews, PromotionStarts, PromotionEnds:
				if r.Arm > 0 || r.Kind == Repriced {
					continue // posted again, or on the other arms' fronts
				}
			}
			r.Arm = 0
			log = append(log, r)
		}
	})
	turns := make([]uint64, m.Players())
	var step env.TimeStep
	for m.Next(&step) {
		if step.Stage == env.Last {
			continue
		}
		who, _ := m.Seat(step.Player)
		m.Act(decide(who, turns[step.Player], &step))
		turns[step.Player]++
	}
	m.Record(nil)
	if err := m.Err(); err != nil {
		t.Fatal(err)
	}
	return log
}

// With one policy in all arms the log of an experiment is, record by record, that of a market without one: the same shoppers come, see the same prices, choose, pay, return and
// lapse, and the seller's accounts are the sum of its arms', whatever the market, the design, the arms and the policy, be it one that looks at what it sees.
func TestOnePolicyInAllArmsIsNoExperiment(t *testing.T) {
	records := 0
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawWorld(t)
		with := *cfg
		with.Experiment = drawExperiment(t, cfg)
		seed := rapid.Uint64Range(0, 1000).Draw(t, "seed")
		plain, err := New(cfg, seed)
		if err != nil {
			t.Fatal(err)
		}
		armed, err := New(&with, seed)
		if err != nil {
			t.Fatal(err)
		}
		decide := func(seller int, turn uint64, step *env.TimeStep) int {
			s := rng.New(seed, 0).Family("brain").At(uint64(seller), turn)
			k := s.Intn(len(step.Mask))
			for _, x := range step.Observation {
				if !math.IsNaN(x) {
					k += int(16 * x)
				}
			}
			for k %= len(step.Mask); !step.Mask[k]; {
				k = (k + 1) % len(step.Mask)
			}
			return k
		}
		{
			episode := rapid.Uint64Range(0, 9).Draw(t, "episode")
			want, got := playLogged(t, plain, episode, decide), playLogged(t, armed, episode, decide)
			for i := range min(len(want), len(got)) {
				if want[i] != got[i] {
					t.Fatalf("%+v: record %d of %d is %+v, expected %+v", *with.Experiment, i, len(got), got[i], want[i])
				}
			}
			if len(want) != len(got) {
				t.Fatalf("%+v: %d records, expected %d", *with.Experiment, len(got), len(want))
			}
			records += len(got)
			a, b := *plain.Account(), *armed.Account()
			if a.Revenue != b.Revenue || a.OwnRevenue != b.OwnRevenue || a.OwnUnits != b.OwnUnits || a.Surplus != b.Surplus || a.LostUnits != b.LostUnits || math.Abs(a.MeanPrice-b.MeanPrice) > 1e-9 ||
				a.DealPeriods != b.DealPeriods || math.Abs(a.Profit-b.Profit) > 1e-3*(1+math.Abs(a.Profit)) {
				t.Fatalf("%+v: accounts\n%+v, expected\n%+v", *with.Experiment, b, a)
			}
		}
	})
	t.Logf("%d records", records)
}

// ledger plays an episode in which each player keeps to an action, and hands over what it came to for the focal seller.
func ledger(t fataler, cfg *Config, seed, episode uint64, act func(player int) int) (m *Market, entries []Outcome) {
	m, err := New(cfg, seed)
	if err != nil {
		t.Fatal(err)
	}
	m.Reset(episode)
	m.Outcomes(func(batch []Outcome) { entries = append(entries, batch...) })
	var step env.TimeStep
	for m.Next(&step) {
		if step.Stage != env.Last {
			m.Act(act(step.Player))
		}
	}
	m.Outcomes(nil)
	return m, entries
}

type fataler interface{ Fatal(args ...any) }

// What is handed over adds up: an arm's revenue, profit and units are its player's, visits are the market's, and each unit stays in its arm.
func TestOutcomesAddUpToTheAccounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawWorld(t)
		cfg.Experiment = drawExperiment(t, cfg)
		e := cfg.Experiment
		e.Start = 0
		action := make([]int, len(cfg.Sellers)+len(e.Shares)-1)
		for i := range action {
			action[i] = rapid.IntRange(0, 2).Draw(t, "action")
		}
		m, entries := ledger(t, cfg, 1, 0, func(player int) int { return action[player] })
		revenue, profit, sold, visits := make([]float64, len(e.Shares)), make([]float64, len(e.Shares)), make([]float64, len(e.Shares)), 0.0
		arm := map[[3]int32]int32{}
		for _, o := range entries {
			visits += o.Visits
			if o.Arm == None {
				if e.Design != ByProduct || o.Product != None {
					t.Fatalf("%s: %+v", e.Design, o)
				}
				continue
			}
			revenue[o.Arm] += o.Revenue
			profit[o.Arm] += o.Profit
			sold[o.Arm] += max(0, o.Units)
			unit := map[Design][3]int32{ByShopper: {o.Period, o.Number}, ByCluster: {o.Cluster}, ByProduct: {o.Product}, Switchback: {o.Slot}}[e.Design]
			if o.Number == None && (e.Design == ByShopper || e.Design == ByCluster) {
				continue
			}
			if was, ok := arm[unit]; ok && was != o.Arm {
				t.Fatalf("%s: unit %v is in arms %d and %d", e.Design, unit, was, o.Arm)
			}
			arm[unit] = o.Arm
		}
		for k := range e.Shares {
			if a := m.SellerAccount(m.armOf(k).id); math.Abs(revenue[k]-a.Revenue) > 1e-6 || math.Abs(profit[k]-a.Profit) > 1e-6 || sold[k] != a.Units {
				t.Fatalf("%s: arm %d has $%g, $%g and %g units by its entries, $%g, $%g and %g by its account", e.Design, k, revenue[k], profit[k], sold[k], a.Revenue, a.Profit, a.Units)
			}
		}
		if visits != float64(m.books.visits) {
			t.Fatalf("%g visits by the entries, %d in the market", visits, m.books.visits)
		}
	})
}

// Where nothing is short, and nobody answers, there is no interference: each shopper of an arm does what he does in a market where all are in it, to the cent and the second.
func TestWhereNothingIsShortNobodyFeelsTheOtherArms(t *testing.T) {
	shoppers := 0
	rapid.Check(t, func(t *rapid.T) {
		cfg := drawWorld(t)
		for j := range cfg.Products {
			cfg.Products[j].Stock = nil
		}
		for i := range cfg.Promotions.Promotions {
			cfg.Promotions.Promotions[i].Uses, cfg.Promotions.Promotions[i].Budget = 0, 0
		}
		cfg.Experiment = &Experiment{Design: oneOf(t, "design", ByShopper, ByCluster), Shares: []float64{1, 2}, Clusters: 10, Spread: oneOf(t, "spread", 0, 0.5)}
		if cfg.Experiment.Design == ByShopper {
			cfg.Experiment.Spread = 0
		}
		play := func(arms ...int) [][]Outcome {
			_, entries := ledger(t, cfg, 2, 1, func(player int) int {
				switch {
				case player == cfg.Focal:
					return arms[0]
				case player == len(cfg.Sellers):
					return arms[1]
				}
				return 1
			})
			by := make([][]Outcome, 2)
			for _, o := range entries {
				by[o.Arm] = append(by[o.Arm], o)
			}
			for _, of := range by { // returns at a closing are at one instant
				slices.SortStableFunc(of, func(a, b Outcome) int {
					return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.Period, b.Period), cmp.Compare(a.Number, b.Number), cmp.Compare(a.Visit, b.Visit), cmp.Compare(a.Product, b.Product),
						cmp.Compare(a.Revenue, b.Revenue))
				})
			}
			return by
		}
		mixed, none, all := play(0, 2), play(0, 0), play(2, 2)
		for arm, alone := range [][]Outcome{none[0], all[1]} {
			if len(mixed[arm]) != len(alone) {
				t.Fatalf("arm %d: %d entries, %d where all are in it", arm, len(mixed[arm]), len(alone))
			}
			for k := range alone {
				if mixed[arm][k] != alone[k] {
					t.Fatalf("arm %d: %+v, where all are in it %+v", arm, mixed[arm][k], alone[k])
				}
			}
			shoppers += len(alone)
		}
	})
	t.Logf("%d entries", shoppers)
}

// short is a market of a product whose stock is made up each night, for fewer than would buy it at the lower of two prices.
func short(design Design) *Config {
	cfg := plain(200, 60)
	nightly := int64(60)
	cfg.Products = []Product{{Name: "a", Price: 2, Cost: 1, Appeal: 2.4, Stock: &stock.Config{Policy: "base-stock", ReviewDays: 1, OrderUpTo: 60, Initial: &nightly}}}
	cfg.Sellers[0].Products, cfg.Sellers[0].Levels, cfg.Sellers[0].Offers = []string{"a"}, false, []Offer{{Price: 2}, {Price: 3}}
	cfg.Visit.ThinkMinutes, cfg.Visit.PayMinutes = 0.1, 0.1
	cfg.Experiment = &Experiment{Design: design, Shares: []float64{1, 1}, Clusters: 20, SlotDays: 1}
	return cfg
}

// Where arms share a stock that does not reach, the lower price buys away what the higher would have sold: by shopper, and by cluster, the higher price seems to lose, and in truth it
// gains. Slots that end as the stock is made up tell the truth, within 3.29 standard errors (0.1% false alarms); the others are wrong by ten and more.
func TestSharedStockMisleadsArmsSideBySideAndNotSlots(t *testing.T) {
	const episodes = 20
	daily := func(design Design, episode uint64, arms ...int) (perVisit, total [2]float64) {
		cfg := short(design)
		m, entries := ledger(t, cfg, 3, episode, func(player int) int { return arms[player] })
		visits := [2]float64{}
		for _, o := range entries {
			visits[o.Arm] += o.Visits
			perVisit[o.Arm] += o.Revenue
		}
		for arm := range visits {
			perVisit[arm] *= 200 / visits[arm]
		}
		return perVisit, [2]float64{m.Account().OwnRevenue / 60}
	}
	for _, design := range []Design{ByShopper, ByCluster, Switchback} {
		var bias, truth sample
		for episode := range uint64(episodes) {
			told, _ := daily(design, episode, 0, 1)
			_, low := daily(design, episode, 0, 0)
			_, high := daily(design, episode, 1, 1)
			truth.add(high[0] - low[0])
			bias.add(told[1] - told[0] - (high[0] - low[0]))
		}
		z := bias.mean() / bias.error()
		t.Logf("%s: the higher price brings $%.2f a day more, and seems to bring $%.2f (bias %.2f ± %.2f)", design, truth.mean(), truth.mean()+bias.mean(), bias.mean(), bias.error())
		if design == Switchback && !(math.Abs(z) < 3.29) || design != Switchback && !(z < -10) {
			t.Errorf("%s: biased by %.1f standard errors", design, z)
		}
	}
}
