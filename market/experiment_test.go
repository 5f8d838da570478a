package market

import (
	"math"
	"testing"

	"pgregory.net/rapid"

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
		for episode := range uint64(2) {
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
