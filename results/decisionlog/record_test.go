package decisionlog

import (
	"math"
	"testing"
)

// A line of a service's log: 24 features, most of them missing.
func BenchmarkAppend(b *testing.B) {
	r := Record{ID: "a8c0b1d2e3f4a5b6-1a2b", Time: 1.795362322251e+09, Policy: "tuna/champion", Revision: "73ef84f4ea44938d17ace230dfc6e1dad28a5831210ee8db937183301deecea6",
		Unit: "9f95646de2e1e4e36cdfc491", Step: 123456, Last: true, Action: 10, Offer: Offer{Price: 0.9}, Propensity: 0.9, Reward: math.NaN(), Discount: 1}
	for range 24 {
		r.Features, r.Observation = append(r.Features, "price:chicken-of-the-sea"), append(r.Observation, math.NaN())
	}
	r.Observation[2] = 0.8
	var line []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if line, err = Append(line[:0], &r); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
