package stats

import (
	"fmt"
	"sync"

	"github.com/souk-sim/souk/sim/rng"
)

// Bootstrap resamples with replacement. Resample number b draws from Streams.At(b) only, so that an interval depends neither
// on anything drawn before it nor on how many workers there are.
type Bootstrap struct {
	Resamples int // 10,000 for intervals that are printed
	Level     float64
	Streams   rng.Family
	Workers   int // 0 meaning one; with more, statistics are called by several at once
	// Nested says that the columns of a Table are a row's own, such as the paths on which one seed alone was evaluated: they come
	// with their row and are not drawn apart (the cluster bootstrap: Davison & Hinkley 1997, §3.8).
	Nested bool
	// Expanded widens intervals for few rows: their ends lie where Student's t has them and not the normal distribution, times
	// √(n/(n−1)) (Hesterberg 2015, "What teachers should know about the bootstrap", The American Statistician 69). Without it
	// a 95% interval from 10 rows covers about 92%, from 5 less than 90%.
	Expanded bool
}

// Percentile is a statistic of n independent values with the percentile interval (Efron & Tibshirani 1993, §13.3). The
// statistic is given the indices (0 … n−1) of the values drawn, in ascending order, borrowed for the call.
func (b Bootstrap) Percentile(n int, statistic func(index []int) float64) (Estimate, error) {
	r, err := b.independent(n, statistic, false)
	if err != nil {
		return Estimate{}, err
	}
	return r.Percentile(), nil
}

// BCa is Percentile with the bias-corrected and accelerated interval; see Replicates.BCa.
func (b Bootstrap) BCa(n int, statistic func(index []int) float64) (Estimate, error) {
	r, err := b.independent(n, statistic, true)
	if err != nil {
		return Estimate{}, err
	}
	return r.BCa()
}

func (b Bootstrap) independent(n int, statistic func(index []int) float64, jackknife bool) (Replicates, error) {
	if n < 2 {
		return Replicates{}, fmt.Errorf("a bootstrap needs at least two values, got %d", n)
	}
	return b.one([]stratum{{rows: n, columns: 1}}, jackknife, func() func([]int) float64 {
		index := make([]int, 0, n)
		return func(counts []int) float64 { return statistic(drawn(index, counts[1:][:n])) }
	})
}

// Crossed is a statistic of a table of rows × columns, both drawn at random, with the percentile interval of the
// pigeonhole bootstrap: rows and columns are resampled apart (Owen 2007; Owen & Eckles 2012, §3). It is for statistics that
// have no closed form, such as a median over seeds of means over paths; for means, see the function Crossed.
func (b Bootstrap) Crossed(rows, columns int, statistic func(row, column []int) float64) (Estimate, error) {
	if rows < 2 || columns < 2 {
		return Estimate{}, fmt.Errorf("a crossed bootstrap needs at least two rows and columns, got %d × %d", rows, columns)
	}
	r, err := b.one([]stratum{{rows: rows, columns: columns}}, false, func() func([]int) float64 {
		row, column := make([]int, 0, rows), make([]int, 0, columns)
		return func(counts []int) float64 {
			return statistic(drawn(row, counts[1:][:rows]), drawn(column, counts[1+rows:]))
		}
	})
	if err != nil {
		return Estimate{}, err
	}
	return r.Percentile(), nil
}

// drawn lists every index as often as it was drawn.
func drawn(index, counts []int) []int {
	for i, n := range counts {
		for range n {
			index = append(index, i)
		}
	}
	return index
}

// one is resample of a single statistic.
func (b Bootstrap) one(strata []stratum, jackknife bool, begin func() func(counts []int) float64) (Replicates, error) {
	all, err := b.resample(strata, 1, jackknife, func() func([]int, []float64) {
		statistic := begin()
		return func(counts []int, into []float64) { into[0] = statistic(counts) }
	})
	if err != nil {
		return Replicates{}, err
	}
	return all[0], nil
}

// stratum is a table whose rows are drawn, and its columns apart from them unless they are a row's own.
type stratum struct {
	rows, columns int
	nested        bool
}

// resample is the mechanism of every bootstrap. A sample is told by counts, how often it has each row and each column of each
// stratum: first a 1, for what is always there, then the first stratum's rows, its columns, and so on. The data have
// counts of 1, a jackknife's sample has one 0. What begin makes for each worker takes n statistics of a sample.
func (b Bootstrap) resample(strata []stratum, n int, jackknife bool, begin func() func(counts []int, into []float64)) ([]Replicates, error) {
	switch {
	case b.Resamples < 2:
		return nil, fmt.Errorf("a bootstrap needs at least two resamples, got %d", b.Resamples)
	case !(b.Level > 0 && b.Level < 1):
		return nil, fmt.Errorf("a confidence level lies between 0 and 1, got %v", b.Level)
	}
	var without []int // how many values the jackknife leaves out, by group
	samples := 1 + b.Resamples
	if _, groups := newCounts(strata); jackknife || b.Expanded {
		for _, g := range groups {
			without = append(without, len(g))
			samples += len(g)
		}
	}
	values := make([][]float64, n)
	for i := range values {
		values[i] = make([]float64, samples)
	}
	b.parallel(samples, func() func(int) {
		counts, groups := newCounts(strata)
		statistics, into := begin(), make([]float64, n)
		return func(k int) {
			b.sample(groups, without, k)
			statistics(counts, into)
			for i, v := range into {
				values[i][k] = v
			}
		}
	})
	all := make([]Replicates, n)
	for i, v := range values {
		var err error
		if all[i], err = newReplicates(v, without, b); err != nil {
			return nil, fmt.Errorf("statistic %d: %w", i, err)
		}
	}
	return all, nil
}

// newCounts gives the counts of the data, and the groups among them of which there are several to draw from.
func newCounts(strata []stratum) (counts []int, groups [][]int) {
	size := 1
	for _, s := range strata {
		size += s.rows + s.columns
	}
	counts = make([]int, size)
	for i := range counts {
		counts[i] = 1
	}
	rest := counts[1:]
	for _, s := range strata {
		if s.rows > 1 {
			groups = append(groups, rest[:s.rows])
		}
		rest = rest[s.rows:]
		if s.columns > 1 && !s.nested {
			groups = append(groups, rest[:s.columns])
		}
		rest = rest[s.columns:]
	}
	return counts, groups
}

// sample k is the data, then those of the jackknife, then the resamples.
func (b Bootstrap) sample(groups [][]int, without []int, k int) {
	for _, g := range groups {
		for i := range g {
			g[i] = 1
		}
	}
	if k--; k < 0 {
		return
	}
	for i, n := range without {
		if k < n {
			groups[i][k] = 0
			return
		}
		k -= n
	}
	stream := b.Streams.At(uint64(k))
	for _, g := range groups {
		clear(g)
		for range g {
			g[stream.Intn(len(g))]++
		}
	}
}

// parallel calls what begin makes for each worker with 0 … n−1, in stretches.
func (b Bootstrap) parallel(n int, begin func() func(k int)) {
	const stretch = 32
	next := make(chan int)
	var group sync.WaitGroup
	for range max(1, min(b.Workers, n/stretch)) {
		group.Go(func() {
			work := begin()
			for from := range next {
				for k := from; k < min(from+stretch, n); k++ {
					work(k)
				}
			}
		})
	}
	for from := 0; from < n; from += stretch {
		next <- from
	}
	close(next)
	group.Wait()
}
