package category

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/env/envtest"
)

// constant is traffic of so many customers every week.
func constant(customers float64) func() (demand.Simulator, error) {
	return func() (demand.Simulator, error) { return level(customers), nil }
}

func TestMarketKeepsTheContract(t *testing.T) {
	all := []envtest.Option{envtest.Simultaneous, envtest.NoAllocation, envtest.EpisodesDiffer}
	for _, world := range []struct {
		name    string
		change  func(*Config)
		options []envtest.Option
	}{
		{"as it is", func(*Config) {}, all},
		{"one period", func(c *Config) { c.Horizon = 1 }, all},
		{"terminal", func(c *Config) { c.Terminal = true }, all},
		{"closed form", func(c *Config) { c.Expected = true }, all},
		{"ample stock", func(c *Config) { c.Stock = Stock{} }, all},
		{"no lead time", func(c *Config) { c.Stock.LeadTimeDays = 0 }, all},
		{"lead time beyond the horizon", func(c *Config) { c.Stock.LeadTimeDays = 100 }, all},
		{"often out of stock", func(c *Config) { c.Stock.CoverDays = 1 }, all},
		{"a tiny share", func(c *Config) { c.Share = 1e-4 }, all},
		{"revenue of the brand", func(c *Config) { c.Reward.Of = Revenue }, all},
		{"nobody comes", func(c *Config) { c.Traffic = constant(0) }, all[:2]},
	} {
		cfg := threeTins()
		cfg.Horizon, cfg.Share = 6, 0.02
		world.change(cfg)
		t.Run(world.name, func(t *testing.T) {
			envtest.Run(t, func() env.Environment { return open(t, cfg) }, world.options...)
		})
	}
}

// Act answers exactly one turn.
func TestActNeedsATurn(t *testing.T) {
	m := open(t, threeTins())
	panics := func(what string) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("%s was accepted", what)
			}
		}()
		m.Act(0)
	}
	panics("Act before the first Next")
	var step env.TimeStep
	m.Next(&step)
	m.Act(2)
	panics("a second Act on one turn")
	play(m, 0, restless, nil)
	panics("Act after the end")
}

func TestBadConfigurationsAreRefused(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, bad := range []struct {
		key    string
		change func(*Config)
	}{
		{"products", func(c *Config) { c.Products = nil }},
		{"products", func(c *Config) { c.Products = c.Products[:2] }},
		{"own", func(c *Config) { c.Own = 3 }},
		{"horizon", func(c *Config) { c.Horizon = 0 }},
		{"skip", func(c *Config) { c.Skip = -1 }},
		{"stores", func(c *Config) { c.Share = 0 }},
		{"stores", func(c *Config) { c.Share = nan }},
		{"choice", func(c *Config) { c.Choice = nil }},
		{"choice", func(c *Config) { c.Traffic = nil }},
		{"traffic", func(c *Config) { c.Traffic = constant(nan) }},
		{"traffic", func(c *Config) { c.Traffic = constant(-1) }},
		{"traffic", func(c *Config) { c.Traffic = constant(1e300) }},
		{"stock", func(c *Config) { c.Stock.CoverDays = nan }},
		{"stock.safety", func(c *Config) { c.Stock.Safety = -1 }},
		{"stock", func(c *Config) { c.Stock.LeadTimeDays = math.MaxInt }},
		{"reward.of", func(c *Config) { c.Reward.Of = "fame" }},
		{"reward.discount", func(c *Config) { c.Reward.Discount = 1 }},
		{"reward.discount", func(c *Config) { c.Reward.Discount = nan }},
		{"reward", func(c *Config) { c.Reward.LostUnit = inf }},
		{"ours.opening", func(c *Config) { c.Products[0].Opening = 5 }},
		{"ours.price", func(c *Config) { c.Products[0].Rungs[1].Price = inf }},
		{"ours.price", func(c *Config) { c.Products[0].Rungs[1].Price = 1e-9 }},
		{"ours.cost", func(c *Config) { c.Products[0].Rungs[1].Cost = -1 }},
		{"ours.display", func(c *Config) { c.Products[0].Rungs[1].Display = 2 }},
		{"ours.reference", func(c *Config) { c.Products[0].Reference = nan }},
		{"ours.drop", func(c *Config) { c.Products[0].Drop = nan }},
	} {
		cfg := threeTins()
		bad.change(cfg)
		_, err := New(cfg, 1)
		if at, ok := errors.AsType[*field.Error](err); !ok || at.Key != bad.key {
			t.Errorf("%s: got %v", bad.key, err)
		}
	}
}

// A week of shoppers who come one upon another at one instant has no end; the market says so instead of going on.
func TestAWeekThatNeverEndsIsTold(t *testing.T) {
	m := open(t, threeTins())
	m.turn = 3
	m.post()
	m.books.open(m)
	m.crowd.begin(0, 1000)
	m.crowd.rate = math.Inf(1)
	m.crowd.cover(m, 0)
	defer func() {
		if said := fmt.Sprint(recover()); !strings.Contains(said, "without end") {
			t.Errorf("it said %q", said)
		}
	}()
	m.play()
}

// Every feature says where it lies, and most of what an episode shows lies there.
func TestFeaturesHaveRanges(t *testing.T) {
	m := open(t, threeTins())
	within, seen := map[string]int{}, 0
	m.Reset(0)
	var step env.TimeStep
	for m.Next(&step) {
		if step.Player != 0 {
			if step.Stage != env.Last {
				m.Act(restless(&step))
			}
			continue
		}
		seen++
		for i, f := range m.Spec(0).Features {
			if !(f.Min <= f.Max) || math.IsInf(f.Max-f.Min, 0) {
				t.Fatalf("%s lies from %g to %g", f.Name, f.Min, f.Max)
			}
			if x := step.Observation[i]; x != x || x >= f.Min-1e-9 && x <= f.Max+1e-9 {
				within[f.Name]++
			}
		}
		if step.Stage != env.Last {
			m.Act(restless(&step))
		}
	}
	for _, f := range m.Spec(0).Features {
		if within[f.Name] < seen*9/10 {
			t.Errorf("%s lies in its range [%g, %g] in %d of %d weeks", f.Name, f.Min, f.Max, within[f.Name], seen)
		}
	}
}

// Units and customers are observed on the chain's scale: the same figures at any share, up to chance. With 20,000 customers the standard deviation of
// a week's units is some 3% of them.
func TestObservationsDoNotDependOnTheShare(t *testing.T) {
	var sold [2]float64
	for i, share := range []float64{1, 0.25} {
		cfg := threeTins()
		cfg.Share, cfg.NoShock, cfg.Stock = share, true, Stock{}
		m := open(t, cfg)
		play(m, 0, func(step *env.TimeStep) int {
			if step.Player == 0 && step.Stage == env.Mid {
				sold[i] += step.Observation[seesSold]
				if step.Observation[seesTraffic] != 20000 {
					t.Fatalf("traffic %g", step.Observation[seesTraffic])
				}
			}
			return steady(step)
		}, nil)
	}
	if ratio := sold[1] / sold[0]; math.Abs(ratio-1) > 0.05 {
		t.Errorf("at a quarter of the share the seller sees %.3f times the units", ratio)
	}
}
