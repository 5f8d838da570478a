package parquet_test

import (
	"fmt"
	"io"
	"testing"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
)

func BenchmarkEvents(b *testing.B) {
	b.ReportAllocs()
	rows := make([]results.Event, 1024)
	u, p := int64(1), 1.49
	for i := range rows {
		e := &rows[i]
		*e = results.Event{Key: results.Key{RunID: "abc", Scenario: "flash", Agent: "fixed:0.97", Step: 3}, Number: int64(i), Time: float64(i) * 0.0123, Kind: "shopper-views",
			Shopper: fmt.Sprintf("1-%d", i), Visit: 1, Persona: "bargain", Channel: "web", Product: fmt.Sprintf("p%d", i%10), Seller: "own", Units: &u, Price: &p}
		if i%5 == 0 {
			*e = results.Event{Key: results.Key{RunID: "abc", Scenario: "flash", Agent: "fixed:0.97", Step: 3}, Number: int64(i), Time: float64(i) * 0.0123, Kind: "shopper-arrives", Shopper: fmt.Sprintf("1-%d", i), Visit: 1, Persona: "bargain", Channel: "web"}
		}
	}
	w := parquet.NewWriter[results.Event](io.Discard, "")
	for n := 0; n < b.N; n += len(rows) {
		if err := w.Write(rows[:min(len(rows), b.N-n)]); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
