package stats

import (
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// scoreTables draws normal scores of policies, each a tenth better than the last.
func scoreTables(policies, strata, rows, columns int) []Table {
	tables := make([]Table, policies)
	for i := range tables {
		s := rng.New(9, uint64(i)).Family("scores").At()
		tables[i] = make(Table, strata)
		for k := range tables[i] {
			for range rows {
				row := make([]float64, columns)
				for j := range row {
					row[j] = 0.1*float64(i) + s.Normal()
				}
				tables[i][k] = append(tables[i][k], row)
			}
		}
	}
	return tables
}

func TestStratifiedBootstrapIsTheSameOnAnyNumberOfWorkers(t *testing.T) {
	tables := scoreTables(3, 2, 7, 5)
	tables[2][1] = tables[2][1][:1] // a policy that does not learn
	var want Estimate
	for _, workers := range []int{0, 1, 2, 7} {
		b := bootstrap(500, 0.95)
		b.Workers = workers
		all, err := b.Stratified(tables, Mean, InterquartileMean)
		if err != nil {
			t.Fatal(err)
		}
		got, err := all[2][1].Minus(all[0][1]).BCa()
		if err != nil {
			t.Fatal(err)
		}
		if workers == 0 {
			want = got
		} else if got != want {
			t.Errorf("%d workers: %+v, one: %+v", workers, got, want)
		}
	}
}

// The bar: below a second on two cores.
func BenchmarkStratified100Policies200Seeds10000Resamples(b *testing.B) {
	tables := scoreTables(100, 1, 200, 1)
	boot := bootstrap(10_000, 0.95)
	boot.Workers = 2
	b.ReportAllocs()
	for b.Loop() {
		all, err := boot.Stratified(tables, InterquartileMean)
		if err != nil {
			b.Fatal(err)
		}
		for _, r := range all {
			if _, err := r[0].BCa(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*100*200*10_000/b.Elapsed().Seconds(), "scores/s")
}
