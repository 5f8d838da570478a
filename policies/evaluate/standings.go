package evaluate

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Standings are a benchmark's figures in one scenario. A run's score is its mean over its paths; intervals and tests are over runs, and
// differences are paired by run.
type Standings struct {
	Runs     int        `json:"runs"`
	Paths    int        `json:"paths"` // of a run
	Level    float64    `json:"level"`
	Baseline string     `json:"baseline"`          // whose normalised score is 0
	Optimum  string     `json:"optimum,omitempty"` // whose normalised score is 1; empty where it cannot be told from the baseline
	Known    bool       `json:"optimum_known"`     // false: the best of the contestants stands for an optimum that nobody knows
	Leader   string     `json:"leader"`            // the policy of the greatest mean, a known optimum apart
	Rows     []Standing `json:"policies"`
	Pairs    []Pair     `json:"pairs"` // of all policies, bounds apart: the better one first
}

// Standing is a contestant's line. Scores are in the scenario's unit.
type Standing struct {
	Name              string          `json:"name"`
	Policies          int             `json:"policies"`           // 1, or one a run; 0 of a bound
	Mean              stats.Estimate  `json:"mean"`               // Student's t
	InterquartileMean stats.Estimate  `json:"interquartile_mean"` // bootstrap, BCa; and so what follows
	Median            stats.Estimate  `json:"median"`
	WorstDecile       float64         `json:"worst_decile"`             // mean of the worst tenth of all episodes, the conditional value at risk
	Improvement       *stats.Estimate `json:"improvement,omitempty"`    // probability that a run earns more than one of the baseline's; not of the baseline
	Normalised        *stats.Estimate `json:"normalised,omitempty"`     // mean, with Fieller's interval
	OptimalityGap     *stats.Estimate `json:"optimality_gap,omitempty"` // mean shortfall of normalised runs below 1
	Scores            []float64       `json:"scores"`                   // by run
	Relative          []float64       `json:"-"`                        // normalised, by run: what it earned over the baseline in that run, as a share of the mean way to the optimum
}

// Pair is what A earns more than B.
type Pair struct {
	A          string         `json:"a"`
	B          string         `json:"b"`
	Difference stats.Estimate `json:"difference"` // Student's t
	P          float64        `json:"p"`          // two-sided
	Holm       float64        `json:"p_holm"`     // corrected for all pairs
	Seeds      stats.Seeds    `json:"runs"`       // to tell them apart with power 0.8 among so many pairs (by Bonferroni: Holm's correction is no stricter)
}

// Ranking says how contestants are to be compared.
type Ranking struct {
	Level     float64
	Resamples int
	Seed      uint64 // of the bootstraps
	Workers   int
	Baseline  string // the best fixed price
	Optimum   string // the best that is known to be possible; empty where nobody knows
}

// power is that with which two policies are to be told apart when it is asked how many runs that takes.
const power = 0.8

func (k *Ranking) bootstrap() stats.Bootstrap {
	return stats.Bootstrap{Resamples: k.Resamples, Level: k.Level, Streams: rng.New(k.Seed, 0).Family("bench"), Workers: k.Workers, Expanded: true}
}

// Rank compares what was played. The result does not depend on the number of workers.
func (k *Ranking) Rank(all []*Played) (*Standings, error) {
	if !slices.ContainsFunc(all, func(p *Played) bool { return p.Name == k.Baseline }) {
		return nil, field.New("baseline", k.Baseline, "the name of a contestant")
	}
	t := &Standings{Runs: len(all[0].Scores), Paths: len(all[0].Scores[0]), Level: k.Level, Baseline: k.Baseline, Optimum: k.Optimum, Known: k.Optimum != ""}
	tables := make([]stats.Table, len(all))
	for i, p := range all {
		row := Standing{Name: p.Name, Policies: p.Policies, WorstDecile: stats.CVaR(slices.Concat(p.Scores...), 0.1)}
		for _, run := range p.Scores {
			row.Scores = append(row.Scores, stats.Mean(run))
		}
		var err error
		if row.Mean, err = stats.MeanInterval(row.Scores, k.Level); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		t.Rows, tables[i] = append(t.Rows, row), stats.Table{stats.Column(row.Scores)}
	}
	if err := k.resample(t, tables); err != nil {
		return nil, err
	}
	t.Leader = t.leader()
	if !t.Known && t.Leader != t.Baseline {
		t.Optimum = t.Leader
	}
	if err := k.normalise(t); err != nil {
		return nil, err
	}
	return t, t.pair()
}

// resample bootstraps what is known of contestants alone and against the baseline.
func (k *Ranking) resample(t *Standings, tables []stats.Table) error {
	b := k.bootstrap()
	drawn, err := b.Stratified(tables, stats.InterquartileMean, stats.Median)
	if err != nil {
		return err
	}
	base := slices.IndexFunc(t.Rows, func(s Standing) bool { return s.Name == t.Baseline })
	for i := range t.Rows {
		row := &t.Rows[i]
		row.InterquartileMean, row.Median = corrected(drawn[i][0]), corrected(drawn[i][1])
		if i == base {
			continue
		}
		better, err := b.ProbabilityOfImprovement(tables[i], tables[base])
		if err != nil {
			return err
		}
		e := corrected(better)
		row.Improvement = &e
	}
	return nil
}

// corrected is the BCa interval, or where all replicates lie on one side of the statistic, as at the end of a scale, that of percentiles.
func corrected(r stats.Replicates) stats.Estimate {
	if e, err := r.BCa(); err == nil {
		return e
	}
	return r.Percentile()
}

// Row finds a line by its name; nil where there is none.
func (t *Standings) Row(name string) *Standing {
	if i := slices.IndexFunc(t.Rows, func(s Standing) bool { return s.Name == name }); i >= 0 {
		return &t.Rows[i]
	}
	return nil
}

// leader is the policy of the greatest mean but for a known optimum, the baseline among equals.
func (t *Standings) leader() string {
	best := t.Row(t.Baseline)
	for i := range t.Rows {
		if r := &t.Rows[i]; r.Policies > 0 && r.Name != t.Optimum && r.Mean.Value-best.Mean.Value > rounding*math.Abs(best.Mean.Value) {
			best = r
		}
	}
	return best.Name
}

// normalise sets scores on a scale from the baseline to the optimum; where the two cannot be told apart there is none.
func (k *Ranking) normalise(t *Standings) error {
	if t.Optimum == "" {
		return nil
	}
	base := t.Row(t.Baseline).Scores
	possible := [][]float64{differences(t.Row(t.Optimum).Scores, base)}
	whole := stats.Mean(possible[0])
	var tables []stats.Table
	for i := range t.Rows {
		row := &t.Rows[i]
		gained := [][]float64{differences(row.Scores, base)}
		share, err := stats.Ratio(gained, possible, t.Level)
		if errors.Is(err, stats.ErrZeroDenominator) || err == nil && whole <= 0 {
			t.Optimum = ""
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", row.Name, err)
		}
		row.Normalised = &share
		for _, x := range gained[0] {
			row.Relative = append(row.Relative, x/whole)
		}
		tables = append(tables, stats.Table{stats.Column(row.Relative)})
	}
	gaps, err := k.bootstrap().Stratified(tables, shortfall)
	for i := range gaps {
		e := corrected(gaps[i][0])
		t.Rows[i].OptimalityGap = &e
	}
	return err
}

func shortfall(x []float64) float64 { return stats.OptimalityGap(x, 1) }

// pair compares all policies with each other.
func (t *Standings) pair() error {
	var p []float64
	n := 0
	for i := range t.Rows {
		n += min(t.Rows[i].Policies, 1)
	}
	alpha := (1 - t.Level) / float64(max(1, n*(n-1)/2))
	for i := range t.Rows {
		for j := range t.Rows[:i] {
			a, b := &t.Rows[j], &t.Rows[i]
			if a.Policies == 0 || b.Policies == 0 {
				continue
			}
			if b.Mean.Value > a.Mean.Value {
				a, b = b, a
			}
			pair, err := paired(a, b, t.Level, alpha)
			if err != nil {
				return fmt.Errorf("%s and %s: %w", a.Name, b.Name, err)
			}
			t.Pairs, p = append(t.Pairs, *pair), append(p, pair.P)
		}
	}
	for i, corrected := range stats.Holm(p) {
		t.Pairs[i].Holm = corrected
	}
	return nil
}

func paired(a, b *Standing, level, alpha float64) (*Pair, error) {
	each := differences(a.Scores, b.Scores)
	pair := &Pair{A: a.Name, B: b.Name}
	var err error
	if pair.Difference, err = stats.MeanInterval(each, level); err != nil {
		return nil, err
	}
	if pair.P, err = stats.CrossedPValue(stats.Column(each)); err != nil {
		return nil, err
	}
	pair.Seeds, err = stats.SeedsNeeded(stats.Column(each), alpha, power)
	return pair, err
}

// differences are a less b by run; what is nothing but rounding is 0, so that scores which are computed alike in another order are not told apart for certain.
func differences(a, b []float64) []float64 {
	least := rounding * max(math.Abs(stats.Mean(a)), math.Abs(stats.Mean(b)))
	d := make([]float64, len(a))
	for i := range d {
		if d[i] = a[i] - b[i]; math.Abs(d[i]) <= least {
			d[i] = 0
		}
	}
	return d
}

// Pair is what a earns more than b, whichever is better. The error is a *field.Error where one of them is no policy that played.
func (t *Standings) Pair(a, b string) (*Pair, error) {
	for _, p := range t.Pairs {
		switch {
		case p.A == a && p.B == b:
			return &p, nil
		case p.A == b && p.B == a:
			d := &p.Difference
			p.A, p.B = a, b
			d.Value, d.Low, d.High = -d.Value, -d.High, -d.Low
			return &p, nil
		}
	}
	return nil, field.New("policies", a+", "+b, "two that played")
}

// Against are the pairs of a policy with all others, the largest difference first.
func (t *Standings) Against(name string) (all []Pair) {
	for i := range t.Rows {
		if p, err := t.Pair(name, t.Rows[i].Name); err == nil {
			all = append(all, *p)
		}
	}
	slices.SortStableFunc(all, func(x, y Pair) int { return cmp.Compare(y.Difference.Value, x.Difference.Value) })
	return all
}
