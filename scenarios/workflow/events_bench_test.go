package workflow

import (
	"fmt"
	"io"
	"testing"

	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
)

// What an event costs: simulated without a log, with one whose rows go nowhere, and with one that is written as events.parquet, on one worker and on two.
//
//	go test ./scenarios/workflow -run '^$' -bench EventLog
func BenchmarkEventLog(b *testing.B) {
	var events int64
	rate := func(b *testing.B) {
		b.ReportMetric(float64(events)*float64(b.N)/b.Elapsed().Seconds(), "events/s")
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/(float64(events)*float64(b.N)), "ns/event")
	}
	counted, err := logged(b, 1, 1, new(nowhere))
	if err != nil {
		b.Fatal(err)
	}
	events = counted.all
	b.Run("none", func(b *testing.B) {
		b.ReportAllocs()
		_, m, a, k := stall(b, 1)
		a.World = func() (evaluate.World, error) { return m, nil }
		for b.Loop() {
			if _, err := a.Play(k.Name, k.Policies[0], 0); err != nil {
				b.Fatal(err)
			}
		}
		rate(b)
	})
	for _, workers := range []int{1, 2} {
		for _, written := range []bool{false, true} {
			name := map[bool]string{false: "rows", true: "parquet"}[written]
			b.Run(fmt.Sprintf("%s/workers=%d", name, workers), func(b *testing.B) {
				b.ReportAllocs()
				cfg, m, a, k := stall(b, workers)
				rows := &eventRows{cfg: cfg, of: sellersOf(cfg), key: results.Key{RunID: "0123456789ab", Scenario: "corner", Agent: k.Name, Seed: 1}, to: new(nowhere)}
				if written {
					rows.to = parquet.NewWriter[results.Event](io.Discard, "")
				}
				for b.Loop() {
					if err := logEvents(b.Context(), a, m, k, 0, 1, rows); err != nil {
						b.Fatal(err)
					}
				}
				rate(b)
			})
		}
	}
}

// nowhere takes rows and forgets them.
type nowhere struct{}

func (*nowhere) Write([]results.Event) error { return nil }
func (*nowhere) Close() error                { return nil }
