package stats

import (
	"cmp"
	"slices"
)

// ProbabilityOfImprovement is how likely a training run of one policy is to earn more than a run of another, ties counting
// half: in each stratum the share of all pairs of rows in which that of x has the higher mean (Mann & Whitney 1947),
// averaged over strata (Agarwal et al. 2021, §4.3). x and y are resampled alike, because they met the same customers; in
// their paper they are resampled apart. Not to be confused with the share of seeds in which x beats y.
func (b Bootstrap) ProbabilityOfImprovement(x, y Table) (Replicates, error) {
	strata, err := b.stratify([]Table{x, y})
	if err != nil {
		return Replicates{}, err
	}
	return b.one(strata, true, func() func([]int) float64 {
		var above, below []ranked
		return func(counts []int) float64 {
			sum, at := 0.0, 1
			for k, s := range strata {
				rows, columns := counts[at:][:s.rows], counts[at+s.rows:][:s.columns]
				above, below = rank(above, x[k], rows, columns), rank(below, y[k], rows, columns)
				sum += exceeds(above, below)
				at += s.rows + s.columns
			}
			return sum / float64(len(strata))
		}
	})
}

// ranked is a row's mean over the columns drawn, and how often the row itself was.
type ranked struct {
	mean  float64
	times int
}

// rank lists the rows drawn in ascending order of their means. A single row is always there.
func rank(into []ranked, table [][]float64, rows, columns []int) []ranked {
	into = into[:0]
	for i, row := range table {
		e := ranked{times: 1}
		if len(table) > 1 {
			e.times = rows[i]
		}
		if e.times == 0 {
			continue
		}
		for j, v := range row {
			e.mean += float64(columns[j]) * v
		}
		into = append(into, e)
	}
	slices.SortFunc(into, func(a, b ranked) int { return cmp.Compare(a.mean, b.mean) })
	return into
}

// exceeds is the share of pairs in which x is above y, ties counting half.
func exceeds(x, y []ranked) float64 {
	wins, pairs := 0, 0 // twice the wins
	lower, all, i, j := 0, 0, 0, 0
	for _, e := range y {
		all += e.times
	}
	for _, e := range x {
		for ; i < len(y) && y[i].mean < e.mean; i++ {
			lower += y[i].times
		}
		upTo := lower // with what is as high
		for j = i; j < len(y) && y[j].mean == e.mean; j++ {
			upTo += y[j].times
		}
		wins += e.times * (lower + upTo)
		pairs += 2 * e.times * all
	}
	return float64(wins) / float64(pairs)
}
