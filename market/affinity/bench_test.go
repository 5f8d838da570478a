package affinity

import "testing"

// BenchmarkImplicit is rank 32 and 10 sweeps on all of jester5k, each rating made positive: under 3 s is asked on two cores.
func BenchmarkImplicit(b *testing.B) {
	r := jester(b)
	for i := range r.Value {
		r.Value[i] += 11
	}
	for _, workers := range []int{1, 2} {
		b.Run(map[int]string{1: "one-worker", 2: "two-workers"}[workers], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := FitImplicit(r, Options{Rank: 32, Sweeps: 10, Workers: workers}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(10*float64(r.Len()*b.N)/b.Elapsed().Seconds(), "ratings/s")
		})
	}
}
