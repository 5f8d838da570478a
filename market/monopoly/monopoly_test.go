package monopoly

import (
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/env/envtest"
	"github.com/souk-sim/souk/sim/rng"
)

// A Market trains and evaluates like any market that keeps accounts.
var _ interface {
	env.Environment
	Account() *results.Metrics
	Week() *results.Metrics
} = (*Market)(nil)

// worlds are the six problems, and others that stress what those leave out.
func worlds() []Problem {
	all := Problems()
	script := Config{Demand: Demand{"table", &Table{At: []float64{1, 2, 4}, Units: []float64{0.9, 0.5, 0.1}}}, Customers: 3, Sales: "binomial", Prices: Ladder{List: []float64{1, 1.5, 2, 4}},
		Reviews: 12, Stock: 15, Cost: 0.5, Salvage: 0.25, Holding: 0.01, PriceChange: 0.1, Markdown: true, Season: []float64{1, 0.5, 1.1},
		Reference: &Reference{Memory: 0.5, Gain: 1, Loss: 2, Points: 5, Drop: 1.5}, Rival: &Rival{Prices: []float64{2, 1.8, 1}, Effect: 0.5}, Criterion: "episodic", Discount: 0.97}
	all = append(all, Problem{"everything", "", script})
	still := all[3].Config
	still.Sales = "expected"
	all = append(all, Problem{"expected", "", still})
	sold := all[0].Config
	sold.Criterion, sold.Discount, sold.Season = "discounted", 0.9, []float64{1, 2}
	kept := all[0].Config
	low, high := 1.2, 2.6
	markup := 0.5
	kept.Cost, kept.Limit = 1, &Limit{Floor: low, Ceiling: high, Markup: &markup}
	return append(all, Problem{"without a deadline", "", sold}, Problem{"limited", "", kept})
}

func process(t testing.TB, cfg *Config) *Process {
	t.Helper()
	p, err := NewProcess(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMarketsKeepTheContract(t *testing.T) {
	for _, w := range worlds() {
		t.Run(w.Name, func(t *testing.T) {
			options := []envtest.Option{envtest.NoAllocation}
			if w.Config.Sales != "expected" {
				options = append(options, envtest.EpisodesDiffer)
			}
			p := process(t, &w.Config)
			envtest.Run(t, func() env.Environment { return p.Market(1) }, options...)
		})
	}
}

// poisson and binomial are written down by logarithms, which the law avoids.
func poisson(m float64, k int) float64 {
	g, _ := math.Lgamma(float64(k + 1))
	return math.Exp(float64(k)*math.Log(m) - m - g)
}

func binomial(n int, q float64, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return math.Exp(a - b - c + float64(k)*math.Log(q) + float64(n-k)*math.Log1p(-q))
}

func TestLawsOfSalesAreThoseOfTheBooks(t *testing.T) {
	check := func(name string, l law, n int, exact func(k int) float64) {
		t.Helper()
		from, got := l.sold(n, nil)
		total, below := 0.0, 0.0 // exact's logarithms lose digits where the mean is large
		for i, p := range got {
			k := from + i
			want := exact(k)
			if k == n {
				want = 1 - below
			}
			if below += exact(k); math.Abs(p-want) > (1e-11+1e-14*l.mean)*want+1e-13 {
				t.Errorf("%s: P(%d) = %v, want %v", name, k, p, want)
			}
			total += p
		}
		if math.Abs(total-1) > 1e-12 {
			t.Errorf("%s: probabilities sum to %v", name, total)
		}
		upTo := 0.0 // draw is the quantile: a u in the middle of k's stretch gives k
		for i, p := range got {
			if p > 1e-9 {
				if k := l.draw(upTo+p/2, n); k != from+i {
					t.Errorf("%s: draw at %v is %d, want %d", name, upTo+p/2, k, from+i)
				}
			}
			upTo += p
		}
	}
	for _, m := range []float64{0.001, 0.7, 5, 20, 1000, 100_000} {
		for _, n := range []int{1, 5, 25, 1000, 1 << 40} {
			check("Poisson", poissonLaw(m), n, func(k int) float64 { return poisson(m, k) })
		}
	}
	for _, q := range []float64{0.001, 0.3, 0.5, 0.999} {
		for _, n := range []int{1, 10, 300} {
			for _, stock := range []int{1, 7, 1000} {
				check("binomial", binomialLaw(n, q), stock, func(k int) float64 { return binomial(n, q, k) })
			}
		}
	}
	for _, u := range []float64{0, 0.5, 0.999999999} {
		for _, c := range []struct {
			l    law
			want int
		}{{poissonLaw(0), 0}, {binomialLaw(4, 0), 0}, {binomialLaw(4, 1), 4}} {
			if got := c.l.draw(u, 10); got != c.want {
				t.Errorf("certain demand of %d drawn as %d", c.want, got)
			}
		}
	}
}

// What the market does is what the rows say: from each state met, mean reward and the frequencies of the next states, over 200,000 steps. A state's z is looked at where it was
// met 500 times with a rung; some 2,000 of them, |z| > 5.5 has a false alarm in 20,000 runs.
func TestMarketPlaysTheProcess(t *testing.T) {
	for _, w := range worlds() {
		t.Run(w.Name, func(t *testing.T) {
			p := process(t, &w.Config)
			m := p.Market(7)
			chance := rng.New(1, 0).Family("test").At()
			type key struct {
				period, state, rung int
			}
			type seen struct {
				n, sum, squares float64
				next            map[int]float64
			}
			met := map[key]*seen{}
			var step env.TimeStep
			var at key
			for episode, turns := uint64(0), 0; turns < 200_000; episode++ {
				m.Reset(episode)
				for first := true; m.Next(&step); first = false {
					period, s := p.Locate(step.Observation)
					salvage := 0.0
					if step.Stage == env.Last && !p.Endless() {
						salvage = p.Salvage(s)
					}
					if !first {
						r := met[at]
						if r == nil {
							r = &seen{next: map[int]float64{}}
							met[at] = r
						}
						x := step.Reward - salvage
						if step.Stage == env.Last && period < p.Periods() && !p.Endless() {
							x = step.Reward // sold out: nothing is left
						}
						r.n, r.sum, r.squares = r.n+1, r.sum+x, r.squares+x*x
						r.next[p.Number(s)]++
					}
					if turns++; step.Stage == env.Last {
						continue
					}
					rung := 0
					for rung = chance.Intn(len(step.Mask)); !step.Mask[rung]; rung = chance.Intn(len(step.Mask)) {
					}
					if at = (key{period, p.Number(s), rung}); p.Endless() {
						at.period = 0
					}
					m.Act(rung)
				}
			}
			compared := 0
			for k, r := range met {
				if r.n < 500 {
					continue
				}
				compared++
				reward, outcomes := p.Row(k.period, p.State(k.state), k.rung, nil)
				mean := r.sum / r.n
				top := p.prices[len(p.prices)-1] // one rare sale more, where none may have been met
				if s := math.Sqrt(max((r.squares+top*top)/r.n-mean*mean, 0) / r.n); math.Abs(mean-reward) > 5.5*s+1e-9 {
					t.Errorf("%+v: reward %v ± %v, the row says %v", k, mean, s, reward)
				}
				expected := map[int]float64{}
				for _, o := range outcomes {
					expected[int(o.Next)] += o.Probability
				}
				for next, n := range r.next {
					q := expected[next]
					if math.Abs(n-r.n*q) > 5.5*math.Sqrt(r.n*q*(1-q))+5 {
						t.Errorf("%+v → %d: %v of %v, the row says %v", k, next, n, r.n, q)
					}
				}
			}
			if compared < 3 {
				t.Errorf("only %d states were met often", compared)
			}
		})
	}
}

func TestRowsAreLawsAndNumbersGoBackAndForth(t *testing.T) {
	for _, w := range worlds() {
		p := process(t, &w.Config)
		seen := make([]float64, len(p.Spec().Features))
		for number := range p.States() {
			s := p.State(number)
			if p.Number(s) != number {
				t.Fatalf("%s: state %d is %+v, which is %d", w.Name, number, s, p.Number(s))
			}
			if p.Observe(3, s, seen); !p.Endless() {
				if period, located := p.Locate(seen); period != 3 || located != s {
					t.Fatalf("%s: %+v is seen as %v, which is %d, %+v", w.Name, s, seen, period, located)
				}
			}
			for rung := range p.Spec().Offers {
				total := 0.0
				_, outcomes := p.Row(1, s, rung, nil)
				for _, o := range outcomes {
					total += o.Probability
				}
				if math.Abs(total-1) > 1e-12 {
					t.Fatalf("%s: state %d, rung %d: probabilities sum to %v", w.Name, number, rung, total)
				}
			}
		}
		e := p.Encoder()
		if err := e.Validate(p.Spec()); err != nil {
			t.Errorf("%s: %v", w.Name, err)
		}
	}
}

func TestAccountsAddUp(t *testing.T) {
	for _, w := range worlds() {
		p := process(t, &w.Config)
		m := p.Market(3)
		var step env.TimeStep
		reward, units := 0.0, 0.0
		for m.Next(&step) {
			reward += step.Reward
			if step.Stage != env.First {
				units += m.Week().Units
			}
			if step.Stage != env.Last {
				rung := len(step.Mask) - 1
				for !step.Mask[rung] {
					rung--
				}
				m.Act(rung)
			}
		}
		a := m.Account()
		if math.Abs(a.Reward-reward) > 1e-9 || math.Abs(a.Units-units) > 1e-9 {
			t.Errorf("%s: account %+v, rewards %v, units %v", w.Name, a, reward, units)
		}
		_, s := p.Locate(step.Observation)
		if w.Config.Stock > 0 && int(units)+s.Stock != w.Config.Stock {
			t.Errorf("%s: %v sold, %d left of %d", w.Name, units, s.Stock, w.Config.Stock)
		}
	}
}

func TestBadProblemsAreRefused(t *testing.T) {
	for key, spoil := range map[string]func(c *Config){
		"customers":           func(c *Config) { c.Customers = math.NaN() },
		"sales":               func(c *Config) { c.Sales = "gauss" },
		"prices":              func(c *Config) { c.Prices = Ladder{} },
		"prices.list.1":       func(c *Config) { c.Prices = Ladder{List: []float64{2, 1}} },
		"reviews":             func(c *Config) { c.Reviews = 0 },
		"stock":               func(c *Config) { c.Sales = "expected" },
		"season.1":            func(c *Config) { c.Season = []float64{1, -1} },
		"reference.memory":    func(c *Config) { c.Reference = &Reference{Memory: 1, Points: 3} },
		"rival.transitions.0": func(c *Config) { c.Rival = &Rival{Prices: []float64{1}, Transitions: [][]float64{{0.5}}} },
		"criterion":           func(c *Config) { c.Criterion = "average" },
		"discount":            func(c *Config) { c.Criterion, c.Discount = "discounted", 1 },
		"demand.kind":         func(c *Config) { c.Demand.Kind = "linear" },
		"demand.scale":        func(c *Config) { c.Demand.Options = &Exponential{Intercept: 1} },
		"demand":              func(c *Config) { c.Customers = 1e9 },
		"salvage":             func(c *Config) { c.Stock, c.Salvage = 0, 1 },
		"markdown":            func(c *Config) { c.Markdown, c.Criterion, c.Discount = true, "discounted", 0.9 },
		"reference.start":     func(c *Config) { x := 10.0; c.Reference = &Reference{Points: 3, Start: &x} },
		"horizon":             func(c *Config) { c.Horizon = -1 },
		"last price": func(c *Config) {
			from, to := 1.0, 2.0
			c.Markdown, c.Reference, c.Prices = true, &Reference{Points: 200}, Ladder{From: &from, To: &to, Rungs: 10_000}
		},
		"limit.markup":  func(c *Config) { x := -1.0; c.Limit = &Limit{Markup: &x} },
		"limit.ceiling": func(c *Config) { c.Limit = &Limit{Floor: 2, Ceiling: 1} },
		"limit":         func(c *Config) { c.Limit = &Limit{Floor: 1e6} },
		"price_change":  func(c *Config) { c.PriceChange = math.Inf(1) },
	} {
		cfg := Problems()[0].Config
		spoil(&cfg)
		if _, err := NewProcess(&cfg); err == nil || !strings.HasPrefix(err.Error(), key+":") && !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// No state allows a price beyond the limit, whatever else is asked of it.
func TestNoStateAllowsWhatTheLimitForbids(t *testing.T) {
	for _, w := range worlds() {
		cfg, markup := w.Config, 0.1
		p := process(t, &cfg)
		low, high := p.prices[1], p.prices[len(p.prices)-2]
		cfg.Limit = &Limit{Floor: low, Ceiling: high, Markup: &markup}
		p = process(t, &cfg)
		for _, mask := range p.masks {
			for a, allowed := range mask {
				if price := p.prices[a]; allowed && (price < low || price > high || low >= 1.1*cfg.Cost && price < 1.1*cfg.Cost) {
					t.Fatalf("%s: %v is allowed", w.Name, price)
				}
			}
		}
	}
}

// Steps a second, with sales drawn of 20 customers a period in expectation, and expected.
func BenchmarkMarket(b *testing.B) {
	for _, w := range worlds() {
		cfg := w.Config
		if w.Name == "reference" { // of 20 who buy
			cfg.Customers = 40
		}
		p := process(b, &cfg)
		b.Run(w.Name, func(b *testing.B) {
			m := p.Market(1)
			var step env.TimeStep
			episode := uint64(0)
			b.ReportAllocs()
			for b.Loop() {
				if !m.Next(&step) {
					episode++
					m.Reset(episode)
					continue
				}
				if step.Stage != env.Last {
					for rung := (m.period * 7) % len(step.Mask); ; rung = (rung + 1) % len(step.Mask) {
						if step.Mask[rung] {
							m.Act(rung)
							break
						}
					}
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Msteps/s")
		})
	}
}
