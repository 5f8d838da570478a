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
