package oligopoly

import (
	"testing"

	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/env/envtest"
)

func TestGamesKeepTheContract(t *testing.T) {
	for name, cfg := range games() {
		t.Run(name, func(t *testing.T) {
			options := []envtest.Option{envtest.EpisodesDiffer, envtest.NoAllocation}
			if cfg.Moves == "simultaneous" {
				options = append(options, envtest.Simultaneous)
			}
			envtest.Run(t, func() env.Environment {
				g, err := New(cfg, 1)
				if err != nil {
					t.Fatal(err)
				}
				return g
			}, options...)
		})
	}
}

func games() map[string]*Config {
	klein := klein(7)
	return map[string]*Config{"calvano": calvano(2), "klein": klein}
}

func klein(rungs int) *Config {
	zero, one := 0.0, 1.0
	return &Config{Demand: Demand{Kind: "bertrand", Options: &Bertrand{Intercept: 1, Slope: 1}}, Firms: []Firm{{Name: "a"}, {Name: "b"}}, Size: 1,
		Ladder: Ladder{Rungs: rungs, From: &zero, To: &one}, Moves: "alternating", Memory: 1, Discount: 0.95, Horizon: 101, End: "truncate"}
}

func BenchmarkPeriod(b *testing.B) {
	for name, cfg := range games() {
		cfg.Horizon = 1e9
		g, err := New(cfg, 1)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			var e env.Environment = g
			e.Reset(0)
			var step env.TimeStep
			action := 0
			turns := 2
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
