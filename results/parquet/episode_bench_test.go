package parquet_test

import (
	"math/rand/v2"
	"testing"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
)

// episodes are rows as a training leaves them: counts, money in cents, means that use all their bits, and columns that stay 0 in most markets.
func episodes(n int) []results.Episode {
	draw := rand.New(rand.NewPCG(1, 2))
	rows := make([]results.Episode, n)
	for i := range rows {
		units := 5000 + draw.IntN(2000)
		revenue, profit := float64(units)*draw.Float64(), float64(draw.IntN(1e8))/1e4
		rows[i] = results.Episode{Key: results.Key{RunID: "0123456789ab", Scenario: "canned-tuna", Agent: "q-learning", Seed: 1, Episode: int64(i)},
			Exploration: 1 - float64(i)/float64(n), LearningRate: 0.1,
			Metrics: results.Metrics{Periods: 52, Reward: profit, Revenue: revenue, Profit: profit, Units: float64(units), Customers: float64(20_000 + draw.IntN(5000)),
				Purchases: float64(units - draw.IntN(300)), OwnUnits: float64(units / 2), OwnRevenue: revenue / 2, OwnProfit: profit / 2, LostUnits: float64(draw.IntN(3)),
				PriceChanges: int64(draw.IntN(30)), DealPeriods: int64(draw.IntN(10)), MeanPrice: draw.Float64()}}
	}
	return rows
}

// How fast episodes.parquet is written, 37 columns a row.
func BenchmarkEpisodes(b *testing.B) {
	b.ReportAllocs()
	rows := episodes(1 << 16)
	size := new(counter)
	w := parquet.NewWriter[results.Episode](size, "")
	b.ResetTimer()
	for n := 0; n < b.N; n += len(rows) {
		for at := 0; at < min(len(rows), b.N-n); at += 256 {
			if err := w.Write(rows[at:min(at+256, b.N-n)]); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(*size)/float64(b.N), "file_B/row")
}
