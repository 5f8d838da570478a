package train_test

import (
	"context"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/agents/train"
)

// baseline is Calvano et al.'s: α = .15, ε_t = e^{−βt}, β = 4·10⁻⁶.
func baseline() agents.Params {
	return learning(0.15, agents.Exploration{Kind: "decay", From: 1, Rate: 4e-6})
}

func benchmarkSession(b *testing.B, plain bool) {
	periods := uint64(0)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s := session(b, duopoly(15, 1), baseline, uint64(i))
		if s.Converged, s.Plain = 100_000, plain; plain {
			s.Periods = 200_000
		}
		o, err := train.RunSession(context.Background(), s)
		if err != nil {
			b.Fatal(err)
		}
		periods += o.Periods
	}
	b.ReportMetric(float64(periods)/b.Elapsed().Seconds()/1e6, "Mperiods/s")
	b.ReportMetric(float64(periods)/float64(b.N)/1e6, "Mperiods/session")
}

func BenchmarkFusedSession(b *testing.B) { benchmarkSession(b, false) }
func BenchmarkPlainSession(b *testing.B) { benchmarkSession(b, true) }

// What a greedy period costs alone.
func BenchmarkFusedGreedy(b *testing.B) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s := session(b, duopoly(15, 1), func() agents.Params { return learning(0.15, agents.Exploration{Kind: "decay", From: 1, Rate: 1e-4}) }, uint64(i))
		s.Periods = 1e7
		if _, err := train.RunSession(context.Background(), s); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(1e7*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mperiods/s")
}

// A session of Waltman & Kaymak (2008), a million periods of two firms with 41 offers.
func benchmarkBoltzmann(b *testing.B, plain bool) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		s := cournot(b, 0.25, agents.Exploration{Rule: "boltzmann", Kind: "decay", From: 1000, Rate: 1e-5}, 0, uint64(i))
		s.Periods, s.Plain = 1e6, plain
		if _, err := train.RunSession(context.Background(), s); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "Mperiods/s")
}

func BenchmarkFusedBoltzmann(b *testing.B) { benchmarkBoltzmann(b, false) }
func BenchmarkPlainBoltzmann(b *testing.B) { benchmarkBoltzmann(b, true) }

// Klein's (2021) alternating moves: 500,000 periods, each learner sees its rival's price.
func BenchmarkFusedAlternating(b *testing.B) {
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		cfg := duopoly(7, 1)
		cfg.Moves = "alternating"
		s := session(b, cfg, func() agents.Params { return learning(0.3, agents.Exploration{Kind: "exponential", From: 1, To: 1e-6}) }, uint64(i))
		s.Periods = 5e5
		for k := range s.Players {
			s.Players[k].Encoder.Dimensions = s.Players[k].Encoder.Dimensions[1:]
		}
		if _, err := train.RunSession(context.Background(), s); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(0.5*float64(b.N)/b.Elapsed().Seconds(), "Mperiods/s")
}
