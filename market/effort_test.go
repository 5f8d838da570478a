package market

import (
	"fmt"
	"testing"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// steady is a demand model of so many shoppers in each period.
type steady float64

func (s steady) Path(_ *rng.Stream, path []float64) {
	for t := range path {
		path[t] = float64(s)
	}
}

// What is too much for the clock, for memory or for 63 bits of money is refused by its key.
func TestWhatIsTooMuchIsRefused(t *testing.T) {
	dear := func(cfg *Config) { cfg.Products[0].Price, cfg.Personas[0].Units = 8e5, 100 }
	hoard := int64(1e9)
	for _, c := range []struct {
		key    string
		change func(*Config)
	}{
		{"traffic.visitors", func(cfg *Config) { cfg.Traffic.Visitors = 1e9 }},
		{"traffic.visitors", func(cfg *Config) { dear(cfg); cfg.Traffic.Visitors = 1e7 }},
		{"traffic.demand", func(cfg *Config) {
			dear(cfg)
			cfg.Traffic.Periods = func() (demand.Simulator, error) { return steady(1e7), nil }
		}},
		{"products.a.stock", func(cfg *Config) {
			cfg.Products[0].Cost, cfg.Products[0].Stock = 1e6, &stock.Config{Policy: "none", Initial: &hoard}
		}},
		{"sellers.us.reward", func(cfg *Config) { cfg.Sellers[0].Reward.LostUnit = 1e300 }},
		{"personas", func(cfg *Config) {
			for i := range 999 {
				cfg.Personas = append(cfg.Personas, Persona{Name: fmt.Sprint("p", i), Share: 1, Units: 1})
			}
			for i := range 66 {
				cfg.Channels = append(cfg.Channels, Channel{Name: fmt.Sprint("c", i), Share: 1})
			}
		}},
	} {
		cfg := plain(100, 100)
		c.change(cfg)
		_, err := New(cfg, 1)
		if e, ok := err.(*field.Error); !ok || e.Key != c.key {
			t.Errorf("error %v, expected one of %s", err, c.key)
		}
	}
	cfg := plain(100, 100)
	dear(cfg)
	if _, err := New(cfg, 1); err != nil {
		t.Errorf("ten thousand shoppers of a hundred units at up to a million dollars fit: %v", err)
	}
}
