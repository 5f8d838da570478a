package affinity

import (
	"fmt"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// BenchmarkImplicit is rank 32 and 10 sweeps on all of jester5k, each rating made positive: under 3 s is asked on two cores.
func BenchmarkImplicit(b *testing.B) {
	r := jester(b)
	for i := range r.Value {
		r.Value[i] += 11
	}
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) { fits(b, "implicit", r, Options{Rank: 32, Sweeps: 10, Workers: workers}, 10) })
	}
}

// BenchmarkRatings fits what predicts jester5k's ratings, with the defaults on two cores.
func BenchmarkRatings(b *testing.B) {
	r := jester(b)
	for _, c := range []struct {
		method string
		sweeps int
	}{{"biases", 1}, {"item-neighbours", 1}, {"als", 30}, {"sgd", 50}, {"bayes", 25}} {
		b.Run(c.method, func(b *testing.B) { fits(b, c.method, r, Options{Workers: 2}, c.sweeps) })
	}
}

func fits(b *testing.B, method string, r *Ratings, o Options, sweeps int) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Fit(method, r, o); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(sweeps)*float64(r.Len()*b.N)/b.Elapsed().Seconds(), "ratings/s")
}

// BenchmarkShelf is a shopper's ranked list of ten from a hundred items.
func BenchmarkShelf(b *testing.B) {
	r := jester(b)
	for _, method := range []string{"bayes", "implicit", "item-neighbours"} {
		b.Run(method, func(b *testing.B) {
			m, err := Fit(method, r, Options{Sweeps: 2, Workers: 2})
			if err != nil {
				b.Fatal(err)
			}
			s, err := NewShelf(m, nil, 10, 1)
			if err != nil {
				b.Fatal(err)
			}
			family, user := rng.New(1, 0).Family("shelf"), 0
			b.ReportAllocs()
			for b.Loop() {
				stream := family.At(uint64(user))
				s.Draw(user%r.Users, nil, &stream)
				user++
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "shelves/s")
		})
	}
}
