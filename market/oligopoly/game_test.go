package oligopoly

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/env/envtest"
	"github.com/souk-sim/souk/sim/rng"
)

// played makes a market a game of 101 periods.
func played(cfg *Config, ladder Ladder, moves string, memory int) *Config {
	cfg.Ladder, cfg.Moves, cfg.Memory = ladder, moves, memory
	cfg.Discount, cfg.Horizon, cfg.End = 0.95, 101, "truncate"
	return cfg
}

func between(from, to float64, rungs int) Ladder { return Ladder{Rungs: rungs, From: &from, To: &to} }

func calvano() *Config {
	return played(market(&Logit{Scale: 0.25}, 2, 1, 1), Ladder{Rungs: 15, Extend: 0.1}, "simultaneous", 1)
}

func klein(rungs int) *Config {
	return played(market(&Bertrand{Intercept: 1, Slope: 1}, 0, 0, 0), between(0, 1, rungs), "alternating", 1)
}

// games are those of the papers, and others that stress what those leave out.
func games() map[string]*Config {
	three := played(market(&Logit{Scale: 0.25}, 2, 1, 0.9, 0.8), Ladder{Rungs: 4, Extend: 0.1}, "simultaneous", 1)
	three.Own, three.Size, three.End = 2, 1000, "terminate"
	turns := played(market(&SinghVives{Slope: 2, Substitution: 1, Compete: "prices"}, 10, 1, 2, 3), between(1, 8, 5), "alternating", 2)
	turns.Own = 1
	return map[string]*Config{
		"calvano":    calvano(),
		"memory 2":   played(market(&Logit{Scale: 0.25}, 2, 1, 1), Ladder{Rungs: 5, Extend: 0.1}, "simultaneous", 2),
		"klein":      klein(7),
		"waltman":    played(market(&Cournot{Intercept: 40, Slope: 1}, 0, 4, 4), between(0, 40, 41), "simultaneous", 0),
		"asker":      played(market(&Bertrand{Intercept: 1, Reservation: 10}, 0, 2, 2), between(0.01, 10, 100), "simultaneous", 0),
		"three":      three,
		"take turns": turns,
		"quantities": played(market(&SinghVives{Slope: 2, Substitution: -0.5, Compete: "quantities"}, 10, 1, 2), Ladder{List: []float64{1, 1.5, 3}}, "simultaneous", 3),
		"alone":      played(market(&Linear{Slope: 1}, 5, 1), between(1, 5, 5), "simultaneous", 1),
	}
}

// A Game trains and evaluates like any market that keeps accounts.
var _ interface {
	env.Tabular
	Account() *results.Metrics
	Week() *results.Metrics
} = (*Game)(nil)

func game(t tester, cfg *Config) *Game {
	t.Helper()
	g, err := New(cfg, 1)
	if err != nil {
		t.Fatalf("%+v: %v", cfg, err)
	}
	return g
}

func TestGamesKeepTheContract(t *testing.T) {
	for name, cfg := range games() {
		t.Run(name, func(t *testing.T) {
			options := []envtest.Option{envtest.NoAllocation}
			if cfg.Memory > 0 {
				options = append(options, envtest.EpisodesDiffer) // else nobody sees what was before the first period
			}
			if cfg.Moves == "simultaneous" {
				options = append(options, envtest.Simultaneous)
			}
			envtest.Run(t, func() env.Environment { return game(t, cfg) }, options...)
		})
	}
}

// TestTheTableIsTheGame: following the table from the state that the opening gives, each firm's rewards are those of its turns, and the observed rungs those
// of the state.
func TestTheTableIsTheGame(t *testing.T) {
	for name, cfg := range games() {
		t.Run(name, func(t *testing.T) {
			g := game(t, cfg)
			next, reward := g.Table()
			if next == nil {
				t.Fatal("no table")
			}
			n := g.Players()
			state, stride := 0, 1
			var step env.TimeStep
			digit := make([]int, n) // weight of each firm's rung in a joint choice
			for i := n - 1; i >= 0; i-- {
				digit[i] = stride
				stride *= len(g.Spec(i).Offers)
			}
			histories := int(math.Pow(float64(stride), float64(cfg.Memory)))
			type owed struct{ sum, discount float64 }
			due := make([]owed, n)
			joint, acted, done := 0, 0, 0
			for g.Reset(7); g.Next(&step); {
				i := step.Player
				seen := func(feature string) int { return int(step.Observation[g.Spec(i).Feature(feature)]) }
				if step.Stage == env.First && acted == 0 && i == 0 {
					for lag := cfg.Memory; lag > 0; lag-- {
						state = state*stride + jointSeen(cfg, seen, i, lag, digit)
					}
				}
				if acted == 0 && cfg.Memory > 0 && cfg.Moves == "simultaneous" || cfg.Moves == "alternating" {
					if got := jointSeen(cfg, seen, i, 1, digit); got != state%histories%stride {
						t.Fatalf("period %d: firm %d sees joint choice %d, the table has %d", seen("period"), i, got, state%histories%stride)
					}
				}
				if step.Stage != env.First {
					near(t, "reward", step.Reward, due[i].sum, 1e-12*(1+math.Abs(due[i].sum)))
					near(t, "discount", step.Discount, due[i].discount, 1e-15)
				}
				if step.Stage == env.Last {
					done++
					continue
				}
				action := (7*seen("period") + 3*i) % len(step.Mask)
				g.Act(action)
				joint += action * digit[i]
				due[i] = owed{0, 1}
				if acted++; cfg.Moves == "simultaneous" && acted < n {
					continue
				}
				for j := range due {
					due[j].sum += due[j].discount * reward[(state*stride+joint)*n+j]
					due[j].discount *= cfg.Discount
				}
				state, joint, acted = int(next[state*stride+joint]), 0, 0
			}
			if done != n {
				t.Errorf("%d firms were told the end", done)
			}
		})
	}
}

// jointSeen is the joint choice of some periods ago, as firm i sees it.
func jointSeen(cfg *Config, seen func(string) int, i, lag int, digit []int) int {
	ago, joint := "", 0
	if lag > 1 {
		ago = fmt.Sprintf("@%d", lag)
	}
	for j, f := range cfg.Firms {
		if name := "rung:" + f.Name + ago; j != i {
			joint += seen(name) * digit[j]
		} else {
			joint += seen("own_rung"+ago) * digit[j]
		}
	}
	return joint
}

// TestKleinsTwoPeriodTargets: of alternating firms one earns π_t + δπ_{t+1} from its price, the rival answering in between, and discounts by δ².
func TestKleinsTwoPeriodTargets(t *testing.T) {
	cfg := klein(7)
	cfg.Opening = []int{6, 3}
	g := game(t, cfg)
	var step env.TimeStep
	act := func(player, rung int) {
		if !g.Next(&step) || step.Player != player {
			t.Fatalf("firm %d has the turn of %d", step.Player, player)
		}
		g.Act(rung)
	}
	act(0, 2) // 2/6 against the opening's 3/6: all of 1 − 2/6
	act(1, 2) // the same: half
	g.Next(&step)
	monopolist, half := 2.0/6*4/6, 2.0/6*4/6/2
	near(t, "reward", step.Reward, monopolist+0.95*half, 1e-15)
	near(t, "discount", step.Discount, 0.95*0.95, 1e-15)
	near(t, "elapsed", step.Elapsed, 2, 0)
	near(t, "the rival's rung", step.Observation[g.Spec(0).Feature("rung:firm-2")], 2, 0)
	g.Act(0)
	g.Next(&step)
	near(t, "the rival's reward", step.Reward, half, 1e-15) // then it was undercut
}

// TestAccountsAddUp to what the firms were rewarded and what the table of profits says, and the stretch of the own firm to its last reward.
func TestAccountsAddUp(t *testing.T) {
	for name, cfg := range games() {
		t.Run(name, func(t *testing.T) {
			cfg.Discount = 1 // so that rewards are sums of profits
			g := game(t, cfg)
			n := g.Players()
			earned := make([]float64, n)
			own, price, turns := 0.0, -1.0, 0
			var changes int64
			draws := rng.New(3, 0).Family("test").At()
			var step env.TimeStep
			for g.Reset(0); g.Next(&step); {
				if step.Stage != env.First {
					earned[step.Player] += step.Reward
				}
				if step.Player == cfg.Own {
					if step.Stage != env.First {
						near(t, "the stretch's reward", g.Week().Reward, step.Reward, 1e-9*(1+math.Abs(step.Reward)))
						own += g.Week().Reward
					}
					turns++
				}
				if step.Stage == env.Last {
					continue
				}
				action := draws.Intn(len(step.Mask))
				if at := g.Spec(step.Player).Feature("own_rung"); step.Player == cfg.Own && at >= 0 {
					if step.Observation[at] != float64(action) {
						changes++
					}
				}
				price = g.Spec(step.Player).Offers[action].Price
				g.Act(action)
			}
			a := g.Account()
			total := 0.0
			for _, e := range earned {
				total += e
			}
			if cfg.Moves == "simultaneous" { // else what was earned before a firm's first turn is nobody's reward
				near(t, "profit of all", a.Profit, total, 1e-9*(1+math.Abs(total)))
				near(t, "own profit", a.OwnProfit, own, 1e-9*(1+math.Abs(own)))
			}
			cost := 0.0
			if slices.Max(g.cost) == slices.Min(g.cost) {
				cost = g.cost[0]
				near(t, "revenue less costs", a.Revenue-cost*a.Units, a.Profit, 1e-9*(1+math.Abs(a.Revenue)))
			}
			near(t, "own revenue less costs", a.OwnRevenue-g.cost[cfg.Own]*a.OwnUnits, a.OwnProfit, 1e-9*(1+math.Abs(a.OwnRevenue)))
			near(t, "customers", a.Customers, cfg.Size*101, 1e-9*cfg.Size)
			if a.Periods != 101 || cfg.Memory > 0 && a.PriceChanges != changes || price < 0 || turns == 0 {
				t.Errorf("%d periods, %d price changes for %d", a.Periods, a.PriceChanges, changes)
			}
		})
	}
}

// TestLaddersOfThePapers: the ends of the ladder of Calvano et al. (2020), who laid it on p^N and p^M rounded to five digits, and Klein's (2021).
func TestLaddersOfThePapers(t *testing.T) {
	offers := game(t, calvano()).Spec(1).Offers
	near(t, "the lowest rung", offers[0].Price, 1.42773, 1e-5)
	near(t, "the highest rung", offers[14].Price, 1.97018, 1e-5)
	near(t, "the middle", offers[7].Price, (1.42773+1.97018)/2, 1e-5)
	for k, o := range game(t, klein(7)).Spec(0).Offers {
		near(t, "rung", o.Price, float64(k)/6, 1e-15)
	}
}

// TestEquilibriaOfLadders: on Klein's ladder both at 0 or both one rung above; in the game of Asker, Fershtman & Pakes at the last price below 2 + 0.1, or at 2.1291,
// to which their synchronous learners all come; Calvano's ladder holds symmetric equilibria next to p^N.
func TestEquilibriaOfLadders(t *testing.T) {
	if found := game(t, klein(7)).Equilibria(); !slices.Equal(found, []int{0, 8}) {
		t.Errorf("Klein's equilibria are %v", found)
	}
	asker := game(t, games()["asker"])
	if found := asker.Equilibria(); !slices.Equal(found, []int{2020, 2121}) {
		t.Errorf("Asker's equilibria are %v", found)
	}
	near(t, "the second", asker.Spec(0).Offers[21].Price, 2.1291, 5e-5)
	// Unit demand, cost 2, a rung at 2, 3, 4, …: half of 2 at a price of 4 is as good as all of 1 at a price of 3.
	if found := game(t, played(market(&Bertrand{Intercept: 1, Reservation: 10}, 0, 2, 2), between(0, 10, 11), "simultaneous", 0)).Equilibria(); !slices.Equal(found, []int{24, 36, 48}) {
		t.Errorf("equilibria of unit demand are %v", found)
	}
	g := game(t, calvano())
	found := g.Equilibria()
	if len(found) == 0 {
		t.Error("Calvano's ladder has no equilibrium")
	}
	for _, joint := range found {
		for _, r := range []int{joint / 15, joint % 15} {
			if p := g.Spec(0).Offers[r].Price; math.Abs(p-1.47293) > 0.04 {
				t.Errorf("an equilibrium at %g", p)
			}
		}
	}
}

// TestPeriodProfits of joint choices are those of the demand system, times the market's size.
func TestPeriodProfits(t *testing.T) {
	cfg := games()["three"]
	g := game(t, cfg)
	x := []float64{g.Spec(0).Offers[1].Price, g.Spec(1).Offers[3].Price, g.Spec(2).Offers[2].Price}
	_, q := sells(t, cfg, x...)
	for i, f := range cfg.Firms {
		near(t, "profit", g.Profits()[(1*16+3*4+2)*3+i], (x[i]-f.Cost)*q[i]*1000, 1e-9)
	}
}

// TestBadGamesAreRefused with the key that is wrong.
func TestBadGamesAreRefused(t *testing.T) {
	zero := 0.0
	for key, spoil := range map[string]func(c *Config){
		"demand.kind":        func(c *Config) { c.Demand.Kind = "monopoly" },
		"demand.scale":       func(c *Config) { c.Demand.Options = &Logit{} },
		"demand.outside":     func(c *Config) { c.Demand.Options = &Logit{Scale: 1, Outside: math.NaN()} },
		"demand.reservation": func(c *Config) { c.Demand = Demand{"bertrand", &Bertrand{Intercept: 1}}; clearQuality(c) },
		"demand.intercept":   func(c *Config) { c.Demand = Demand{"cournot", &Cournot{Slope: 1}}; clearQuality(c) },
		"demand.cross":       func(c *Config) { c.Demand = Demand{"linear", &Linear{Slope: 1, Cross: 1}} },
		"demand.substitution": func(c *Config) {
			c.Demand = Demand{"singh-vives", &SinghVives{Slope: 1, Substitution: -1, Compete: "prices"}}
		},
		"demand.compete":         func(c *Config) { c.Demand = Demand{"singh-vives", &SinghVives{Slope: 1}} },
		"firms.firm-1.quality":   func(c *Config) { c.Demand = Demand{"cournot", &Cournot{Intercept: 1, Slope: 1}} },
		"firms":                  func(c *Config) { c.Firms = nil },
		"firms.2.name":           func(c *Config) { c.Firms[1].Name = c.Firms[0].Name },
		"firms.firm-2.cost":      func(c *Config) { c.Firms[1].Cost = math.Inf(1) },
		"size":                   func(c *Config) { c.Size = 0 },
		"ladder.rungs":           func(c *Config) { c.Ladder.Rungs = 1 },
		"ladder.extend":          func(c *Config) { c.Ladder.Extend = math.NaN() },
		"ladder.to":              func(c *Config) { c.Ladder.From, c.Ladder.To = &zero, &zero },
		"ladder.list":            func(c *Config) { c.Ladder.List = []float64{1, 1} },
		"ladder":                 func(c *Config) { c.Ladder.From = &zero },
		"ladder of many":         func(c *Config) { c.Ladder.Rungs = 100_000 },
		"ladder of one price":    func(c *Config) { c.Firms = c.Firms[:1] },
		"moves":                  func(c *Config) { c.Moves = "random" },
		"memory":                 func(c *Config) { c.Memory = -1 },
		"discount":               func(c *Config) { c.Discount = 1.5 },
		"horizon":                func(c *Config) { c.Horizon = 0 },
		"horizon of alternating": func(c *Config) { c.Horizon, c.Moves = 1, "alternating" },
		"end":                    func(c *Config) { c.End = "never" },
		"opening":                func(c *Config) { c.Opening = []int{1} },
		"opening beyond the top": func(c *Config) { c.Opening = []int{1, 15} },
		"own":                    func(c *Config) { c.Own = 2 },
	} {
		cfg := calvano()
		spoil(cfg)
		_, err := New(cfg, 1)
		e, ok := err.(*field.Error)
		if want, _, _ := strings.Cut(key, " "); !ok || e.Key != want {
			t.Errorf("%s: %v", key, err)
		}
	}
}

func clearQuality(c *Config) {
	for i := range c.Firms {
		c.Firms[i].Quality = 0
	}
}

// TestAnyMarketPlaysOrIsRefused: games of random markets and ladders either keep the contract or get an error that names a key.
func TestAnyMarketPlaysOrIsRefused(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := played(anyMarket(t), Ladder{Rungs: rapid.IntRange(2, 5).Draw(t, "rungs"), Extend: rapid.Float64Range(0, 2).Draw(t, "extend")},
			rapid.SampledFrom([]string{"simultaneous", "alternating"}).Draw(t, "moves"), rapid.IntRange(0, 3).Draw(t, "memory"))
		g, err := New(cfg, 1)
		if err != nil {
			if e, ok := err.(*field.Error); !ok || e.Key == "" {
				t.Fatalf("%v", err)
			}
			return
		}
		var step env.TimeStep
		for g.Next(&step) {
			if len(step.Observation) != len(g.Spec(step.Player).Features) || slices.ContainsFunc(step.Observation, math.IsNaN) || math.IsNaN(step.Reward) {
				t.Fatalf("%+v", step)
			}
			if step.Stage != env.Last {
				g.Act(len(step.Mask) - 1)
			}
		}
	})
}

// BenchmarkPeriod plays through the turn interface: n turns a period, one where firms alternate.
func BenchmarkPeriod(b *testing.B) {
	for _, name := range []string{"calvano", "memory 2", "klein", "waltman", "asker", "three"} {
		cfg := games()[name]
		cfg.Horizon, cfg.End = 1e12, "truncate"
		g, err := New(cfg, 1)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var e env.Environment = g
			e.Reset(0)
			var step env.TimeStep
			action, turns := 0, e.Players()
			if cfg.Moves == "alternating" {
				turns = 1
			}
			for b.Loop() {
				for range turns {
					e.Next(&step)
					if action++; action >= len(step.Mask) {
						action = 0
					}
					e.Act(action)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "periods/s")
		})
	}
}

// BenchmarkTable walks the flat table under a fixed cycle of joint choices, as a fused loop does.
func BenchmarkTable(b *testing.B) {
	g, err := New(calvano(), 1)
	if err != nil {
		b.Fatal(err)
	}
	next, reward := g.Table()
	state, joint, sum := 0, 0, 0.0
	b.ReportAllocs()
	for b.Loop() {
		if joint++; joint == 225 {
			joint = 0
		}
		at := state*225 + joint
		sum += reward[2*at]
		state = int(next[at])
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "periods/s")
}
