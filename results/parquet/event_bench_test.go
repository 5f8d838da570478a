package parquet_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
)

// counter counts bytes.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// How fast events.parquet is written, and how large a row is there: arrivals, views of products at prices, decisions.
func BenchmarkEvents(b *testing.B) {
	b.ReportAllocs()
	draw := rand.New(rand.NewPCG(1, 2))
	rows := make([]results.Event, 1<<16)
	prices := []float64{1.49, 1.29, 2.99, 3.49}
	units, dwell := int64(1), make([]float64, len(rows))
	at := 0.0
	for i := range rows {
		at += draw.ExpFloat64() / 10_000
		dwell[i] = float64(float32(30 * draw.ExpFloat64()))
		e := &rows[i]
		*e = results.Event{Key: results.Key{RunID: "0123456789ab", Scenario: "flash-sale", Agent: "fixed:0.97", Seed: 1, Step: int64(at)}, Number: int64(i), Time: at,
			Kind: "shopper-arrives", Shopper: fmt.Sprintf("1-%d", i/5+draw.IntN(50)), Visit: 1, Persona: "careful", Channel: "web"}
		if i%5 > 0 {
			e.Kind, e.Product, e.Seller, e.Price = "shopper-views", fmt.Sprintf("product-%d", draw.IntN(10)), "own", &prices[draw.IntN(len(prices))]
			e.Place, e.Dwell = int64(1+draw.IntN(9)), &dwell[i]
		}
		if i%5 == 4 {
			e.Kind, e.Place, e.Dwell, e.Units = "shopper-decides", 0, nil, &units
		}
	}
	size := new(counter)
	w := parquet.NewWriter[results.Event](size, "")
	b.ResetTimer()
	for n := 0; n < b.N; n += len(rows) {
		if err := w.Write(rows[:min(len(rows), b.N-n)]); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(*size)/float64(b.N), "file_B/row")
}
