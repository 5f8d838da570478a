package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Table is the scores of one policy, [stratum][row][column]: a stratum is a scenario, a row a training seed, a column what all
// rows of the stratum met alike, such as an evaluation path. A stratum of one column has a score for each seed, already
// averaged; one of a single row is a policy that does not learn, taken as given. More is better.
type Table [][][]float64

// Column makes a stratum of one score a row.
func Column(x []float64) [][]float64 {
	rows := make([][]float64, len(x))
	for i := range x {
		rows[i] = x[i : i+1 : i+1]
	}
	return rows
}

// Stratified bootstraps statistics of tables (Agarwal et al. 2021, "Deep RL at the edge of the statistical precipice", §4): in
// every stratum rows are drawn with replacement, and columns apart from them (Owen 2007), and the statistic is taken of
// the scores of all strata together. Each statistic is given them in ascending order, borrowed for the call; Mean,
// InterquartileMean and Median are statistics, others, such as CVaR(x, 0.1), are made by a closure.
//
// All tables are resampled alike, so that they can be compared pair by pair: Replicates.Minus. In each stratum they have the
// same columns and the same rows, or, unless columns are nested, a single one. The result, [table][statistic], is the same
// on any number of workers. It errs where there is nothing to resample, or where a score or a statistic is not finite.
//
// With fewer than about 20 rows an interval is too narrow unless it is expanded (docs/benchmarking.md); for means, the function
// Crossed needs no bootstrap.
func (b Bootstrap) Stratified(tables []Table, statistics ...func(ascending []float64) float64) ([][]Replicates, error) {
	strata, err := b.stratify(tables)
	if err != nil {
		return nil, err
	}
	pools := make([]pool, len(tables))
	most := 0
	for i, t := range tables {
		pools[i] = newPool(strata, t)
		most = max(most, len(pools[i]))
	}
	flat, err := b.resample(strata, len(tables)*len(statistics), true, func() func([]int, []float64) {
		scores := make([]float64, most+spare)
		return func(counts []int, into []float64) {
			for _, p := range pools {
				x := p.sorted(counts, scores)
				for j, statistic := range statistics {
					into[j] = statistic(x)
				}
				into = into[len(statistics):]
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return slices.Collect(slices.Chunk(flat, max(1, len(statistics)))), nil
}

// stratify checks that tables can be resampled alike.
func (b Bootstrap) stratify(tables []Table) ([]stratum, error) {
	if len(tables) == 0 || len(tables[0]) == 0 {
		return nil, field.New("tables", "none", "at least one with a stratum")
	}
	strata := make([]stratum, len(tables[0]))
	for i, t := range tables {
		if len(t) != len(strata) {
			return nil, field.New(fmt.Sprintf("strata of table %d", i), len(t), fmt.Sprintf("%d, as of the first", len(strata)))
		}
		for k, rows := range t {
			strata[k].nested = b.Nested
			if err := strata[k].add(rows); err != nil {
				return nil, fmt.Errorf("table %d, stratum %d: %w", i, k, err)
			}
		}
	}
	for k, s := range strata {
		if s.rows == 1 && (s.columns == 1 || s.nested) {
			return nil, field.New(fmt.Sprintf("stratum %d", k), "one row", "two rows, or columns that are drawn, to resample")
		}
	}
	return strata, nil
}

// add takes in one table's part of a stratum.
func (s *stratum) add(rows [][]float64) error {
	given := (len(rows) == 1 || s.rows == 1) && !s.nested
	if len(rows) == 0 || s.rows > 0 && len(rows) != s.rows && !given {
		return field.New("rows", len(rows), fmt.Sprintf("%d, as in other tables", max(s.rows, 1)))
	}
	if s.rows == 0 {
		s.columns = len(rows[0])
	}
	s.rows = max(s.rows, len(rows))
	for _, row := range rows {
		if len(row) != s.columns || len(row) == 0 {
			return field.New("columns", len(row), fmt.Sprintf("%d, as in other rows", max(s.columns, 1)))
		}
		for _, v := range row {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return field.New("score", v, "a finite number")
			}
		}
	}
	return nil
}

// pool is the scores of a table in ascending order. Each counts as often as its row times as often as its column.
type pool []pooled

type pooled struct {
	score       float64
	row, column uint32 // where their counts stand
}

func newPool(strata []stratum, t Table) pool {
	var p pool
	at := 1
	for k, s := range strata {
		for i, row := range t[k] {
			for j, v := range row {
				e := pooled{score: v, column: uint32(at + s.rows + j)}
				if len(t[k]) > 1 {
					e.row = uint32(at + i)
				}
				p = append(p, e)
			}
		}
		at += s.rows + s.columns
	}
	slices.SortFunc(p, func(a, b pooled) int { return cmp.Compare(a.score, b.score) })
	return p
}

// spare is how many scores are written at a time.
const spare = 4

// sorted gives the scores of a sample in ascending order. What is written beyond a score's count is overwritten by the next:
// that is quicker than to ask, since processors guess counts badly.
func (p pool) sorted(counts []int, scores []float64) []float64 {
	n := 0
	for _, e := range p {
		times := counts[e.row] * counts[e.column]
		to := (*[spare]float64)(scores[n:])
		to[0], to[1], to[2], to[3] = e.score, e.score, e.score, e.score
		for i := spare; i < times; i++ {
			scores[n+i] = e.score
		}
		n += times
	}
	return scores[:n]
}
