package evaluate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Contestant is one way to price. Where it was learned there is one policy for each training seed, in one order for all contestants.
type Contestant struct {
	Name     string
	Policies []policies.Policy
	Others   [][]policies.Policy // for each policy those it plays with, in place of Arena.Others; nil: these
}

// Bound is a score that no policy need reach: a clairvoyant's. Score is asked for every path, by several workers at once.
type Bound struct {
	Name  string
	Score func(path int) (float64, error)
}

// Contest compares contestants on the same paths 0 … Paths−1.
type Contest struct {
	Arena
	Paths       int
	Contestants []Contestant
	Bounds      []Bound
	References  []string // contestants that all others are paired with; each with one policy, or with as many as the other
	Baseline    string   // the contestant from which gaps are counted: the best fixed price
	Optima      []string // contestants or bounds up to which gaps are counted
	Level       float64  // of intervals: 0.95
	Resamples   int      // of bootstraps: 2,000 or more
}

// scores is one contestant's part: [seed][path].
type scores struct {
	name     string
	bound    bool
	values   [][]float64
	episodes []episode // seeds × paths
}

// Run plays every policy on every path and compares. The result is the same on any number of workers.
func (c *Contest) Run(ctx context.Context) (*Result, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	var games []game
	add := func(g game) {
		for g.path = range c.Paths {
			games = append(games, g)
		}
	}
	for _, b := range c.Bounds {
		add(game{name: b.Name, bound: b.Score})
	}
	for _, k := range c.Contestants {
		for i, p := range k.Policies {
			g := game{name: k.Name, policy: p}
			if k.Others != nil {
				g.others = k.Others[i]
			}
			add(g)
		}
	}
	played, err := c.play(ctx, games)
	if err != nil {
		return nil, err
	}
	take := func(name string, seeds int, bound bool) scores {
		s := scores{name: name, bound: bound, episodes: played[:seeds*c.Paths]}
		played = played[seeds*c.Paths:]
		for i := range seeds {
			line := make([]float64, c.Paths)
			for path := range line {
				line[path] = s.episodes[i*c.Paths+path].score
			}
			s.values = append(s.values, line)
		}
		return s
	}
	var bounds, all []scores
	for _, b := range c.Bounds {
		bounds = append(bounds, take(b.Name, 1, true))
	}
	for _, k := range c.Contestants {
		all = append(all, take(k.Name, len(k.Policies), false))
	}
	return c.compare(append(all, bounds...))
}

func (c *Contest) check() error {
	if c.Paths < 2 {
		return field.New("paths", c.Paths, "at least 2, for an interval")
	}
	seeds := make(map[string]int)
	for _, k := range c.Contestants {
		if seeds[k.Name] > 0 || len(k.Policies) == 0 {
			return field.New("contestant", fmt.Sprintf("%q, %d policies", k.Name, len(k.Policies)), "a name of its own and at least one policy")
		}
		if k.Others != nil && len(k.Others) != len(k.Policies) {
			return field.New("contestant", fmt.Sprintf("%q, %d policies among %d", k.Name, len(k.Policies), len(k.Others)), "others for each policy")
		}
		seeds[k.Name] = len(k.Policies)
	}
	for _, name := range append(slices.Clone(c.References), c.Baseline) {
		if name != "" && seeds[name] == 0 {
			return field.New("reference", name, "the name of a contestant")
		}
	}
	for _, b := range c.Bounds {
		if seeds[b.Name] > 0 || b.Score == nil {
			return field.New("bound", b.Name, "a name of its own and a score")
		}
		seeds[b.Name] = 1
	}
	for _, name := range append(slices.Clone(c.Optima), c.Baseline) {
		if name != "" && seeds[name] != 1 {
			return field.New("optimum", name, "the name of a bound, or of a contestant with one policy")
		}
	}
	return nil
}

func (c *Contest) compare(all []scores) (*Result, error) {
	find := func(name string) *scores {
		return &all[slices.IndexFunc(all, func(s scores) bool { return s.name == name })]
	}
	r := &Result{Paths: c.Paths, Level: c.Level, References: c.References, Baseline: c.Baseline, Optima: c.Optima}
	for i := range all {
		s := &all[i]
		row, err := c.row(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		for _, name := range c.References {
			if reference := find(name); name != s.name {
				d, err := difference(s, reference, c.Level)
				if err != nil {
					return nil, fmt.Errorf("%s against %s: %w", s.name, name, err)
				}
				row.Differences = append(row.Differences, Difference{name, d})
			}
		}
		for _, name := range c.Optima {
			optimum := find(name)
			share, err := stats.Ratio(s.values, broadcast(optimum.values, len(s.values)), c.Level)
			if err != nil && !errors.Is(err, stats.ErrZeroDenominator) {
				return nil, fmt.Errorf("%s of %s: %w", s.name, name, err)
			} else if err == nil {
				row.OfOptimum = append(row.OfOptimum, Difference{name, share})
			}
			if c.Baseline == "" {
				continue
			}
			gap, err := c.gap(s, find(c.Baseline), optimum)
			if err != nil {
				return nil, fmt.Errorf("%s: gap to %s: %w", s.name, name, err)
			}
			row.Gaps = append(row.Gaps, gap)
		}
		r.Rows = append(r.Rows, row)
	}
	return r, nil
}

// row is what can be said of a contestant alone.
func (c *Contest) row(s *scores) (Row, error) {
	profit, err := stats.Crossed(s.values, c.Level)
	row := Row{Name: s.name, Bound: s.bound, Seeds: len(s.values), Profit: profit,
		InterquartileMean: stats.InterquartileMean(slices.Concat(s.values...)), Scores: s.values}
	if s.bound {
		return row, err
	}
	for i := range s.episodes {
		e := &s.episodes[i]
		row.PriceChanges += float64(e.PriceChanges)
		row.StockOutDays += e.StockOutDays
		row.LostUnits += e.LostUnits
		row.MeanPrice += e.MeanPrice
		row.Total.Add(&e.Metrics)
		row.DealFrequency += float64(e.DealPeriods) / float64(max(e.Periods, 1))
	}
	if c.Rewards && err == nil {
		row.Players, err = c.players(s)
	}
	for _, sum := range []*float64{&row.PriceChanges, &row.StockOutDays, &row.LostUnits, &row.MeanPrice, &row.DealFrequency} {
		*sum /= float64(len(s.episodes))
	}
	return row, err
}

// players is what each player came to under a contestant.
func (c *Contest) players(s *scores) (all []stats.Estimate, err error) {
	for p := range s.episodes[0].rewards {
		var earned [][]float64
		for i := range s.values {
			line := make([]float64, c.Paths)
			for path := range line {
				line[path] = s.episodes[i*c.Paths+path].rewards[p]
			}
			earned = append(earned, line)
		}
		e, err := stats.Crossed(earned, c.Level)
		if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// difference is paired by path, and by seed where both have as many.
func difference(s, reference *scores, level float64) (stats.Estimate, error) {
	if n := len(reference.values); n != 1 && len(s.values) != 1 && n != len(s.values) {
		return stats.Estimate{}, fmt.Errorf("%d seeds cannot be paired with %d", len(s.values), n)
	}
	rows := max(len(s.values), len(reference.values))
	return stats.Crossed(minus(broadcast(s.values, rows), broadcast(reference.values, rows)), level)
}

// Over is what a row earns more than another, paired by path, and by seed where both have as many. Any two rows can be set against each
// other, references or not. Its error is one of a name without a row, or of seeds that cannot be paired.
func (r *Result) Over(name, reference string) (stats.Estimate, error) {
	var pair [2]scores
	for k, name := range []string{name, reference} {
		i := slices.IndexFunc(r.Rows, func(row Row) bool { return row.Name == name })
		if i < 0 {
			return stats.Estimate{}, field.New("contestant", name, "the name of a row")
		}
		pair[k] = scores{name: name, values: r.Rows[i].Scores}
	}
	return difference(&pair[0], &pair[1], r.Level)
}

func minus(x, y [][]float64) [][]float64 {
	d := make([][]float64, len(x))
	for i := range d {
		d[i] = make([]float64, len(x[i]))
		for j := range d[i] {
			d[i][j] = x[i][j] - y[i][j]
		}
	}
	return d
}

// broadcast repeats a single row; rows of its own are left.
func broadcast(x [][]float64, rows int) [][]float64 {
	if len(x) == 1 {
		return slices.Repeat(x, rows)
	}
	return x
}

// gap is the share of the way from the baseline to the optimum: of all seeds, of each, and their median.
func (c *Contest) gap(s, baseline, optimum *scores) (Gap, error) {
	seeds := len(s.values)
	gained := minus(s.values, broadcast(baseline.values, seeds))
	possible := minus(optimum.values, baseline.values)
	g := Gap{Name: optimum.name}
	share, err := stats.Ratio(gained, broadcast(possible, seeds), c.Level)
	if errors.Is(err, stats.ErrZeroDenominator) {
		return g, nil
	} else if err != nil {
		return g, err
	}
	g.Share = &share
	whole := stats.Mean(possible[0])
	for _, line := range gained {
		g.Seeds = append(g.Seeds, stats.Mean(line)/whole)
	}
	g.Worst = slices.Min(g.Seeds)
	if seeds > 1 {
		bootstrap := stats.Bootstrap{Resamples: c.Resamples, Level: c.Level, Streams: rng.New(c.Master, 0).Family("bootstrap")}
		median, err := bootstrap.Crossed(seeds, c.Paths, medianShare(gained, possible[0]))
		if err != nil {
			return g, err
		}
		g.Median = &median
	}
	return g, nil
}

// medianShare is the median over drawn seeds of their share over drawn paths.
func medianShare(gained [][]float64, possible []float64) func(row, column []int) float64 {
	byOrder := make([]float64, len(gained))
	return func(row, column []int) float64 {
		whole := 0.0
		for _, j := range column {
			whole += possible[j]
		}
		for k, i := range row {
			part := 0.0
			for _, j := range column {
				part += gained[i][j]
			}
			byOrder[k] = part / whole
		}
		return stats.Median(byOrder)
	}
}
