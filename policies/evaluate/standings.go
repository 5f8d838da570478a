package evaluate

import (
	"errors"
	"fmt"
	"slices"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Standings are a benchmark's figures in one scenario. A run's score is its mean over its paths; all intervals are over runs.
type Standings struct {
	Runs     int        `json:"runs"`
	Paths    int        `json:"paths"` // of a run
	Level    float64    `json:"level"`
	Baseline string     `json:"baseline"`          // whose normalised score is 0
	Optimum  string     `json:"optimum,omitempty"` // whose normalised score is 1; empty where nobody is told from the baseline
	Known    bool       `json:"optimum_known"`     // false: the optimum is not known, and the best of the contestants stands for it
	Rows     []Standing `json:"policies"`
	Pairs    []Pair     `json:"pairs,omitempty"`
}

// Standing is a contestant's line. Scores are in the scenario's unit.
type Standing struct {
	Name              string          `json:"name"`
	Policies          int             `json:"policies"` // 1, or one a run; 0 of a bound
	Mean              stats.Estimate  `json:"mean"`     // Student's t
	InterquartileMean stats.Estimate  `json:"interquartile_mean"`
	Median            stats.Estimate  `json:"median"`
	WorstDecile       float64         `json:"worst_decile"`             // mean of the worst tenth of all episodes: the conditional value at risk
	Normalised        *stats.Estimate `json:"normalised,omitempty"`     // Fieller
	OptimalityGap     *stats.Estimate `json:"optimality_gap,omitempty"` // mean shortfall of the runs below a normalised score of 1
	Scores            []float64       `json:"runs"`                     // by run
	NormalisedScores  []float64       `json:"-"`                        // by run: of what it earned over the baseline in the same run, as a share of the mean gap
}

// Pair is what A earns more than B, paired by run.
type Pair struct {
	A          string         `json:"a"`
	B          string         `json:"b"`
	Difference stats.Estimate `json:"difference"`
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

// Rank compares what was played. The result does not depend on the number of workers.
func (k *Ranking) Rank(all []*Played) (*Standings, error) {
	find := func(name string) *Played {
		if i := slices.IndexFunc(all, func(p *Played) bool { return p.Name == name }); i >= 0 {
			return all[i]
		}
		return nil
	}
	if len(all) == 0 || find(k.Baseline) == nil {
		return nil, field.New("baseline", k.Baseline, "the name of a contestant")
	}
	t := &Standings{Runs: len(all[0].Scores), Paths: len(all[0].Scores[0]), Level: k.Level, Baseline: k.Baseline, Optimum: k.Optimum, Known: k.Optimum != ""}
	bootstrap := stats.Bootstrap{Resamples: k.Resamples, Level: k.Level, Streams: rng.New(k.Seed, 0).Family("bench")}
	for _, p := range all {
		row, err := standing(p, bootstrap)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		t.Rows = append(t.Rows, *row)
	}
	if !t.Known {
		t.Optimum = t.leader()
	}
	return t, t.normalise(bootstrap)
}

// standing is what can be said of a contestant alone.
func standing(p *Played, bootstrap stats.Bootstrap) (*Standing, error) {
	row := &Standing{Name: p.Name, Policies: p.Policies, Scores: make([]float64, len(p.Scores))}
	for i, run := range p.Scores {
		row.Scores[i] = stats.Mean(run)
	}
	var err error
	if row.Mean, err = stats.MeanInterval(row.Scores, bootstrap.Level); err != nil {
		return nil, err
	}
	row.InterquartileMean = over(row.Scores, bootstrap, stats.InterquartileMean)
	row.Median = over(row.Scores, bootstrap, stats.Median)
	episodes := slices.Sorted(slices.Values(slices.Concat(p.Scores...)))
	row.WorstDecile = stats.Mean(episodes[:(len(episodes)+9)/10])
	return row, nil
}

// over is a statistic of runs with its bootstrap interval, BCa where there is one.
func over(x []float64, b stats.Bootstrap, statistic func([]float64) float64) stats.Estimate {
	drawn := make([]float64, len(x))
	of := func(index []int) float64 {
		for i, j := range index {
			drawn[i] = x[j]
		}
		return statistic(drawn[:len(index)])
	}
	e, err := b.BCa(len(x), of)
	if err != nil {
		v := statistic(x)
		return stats.Estimate{Value: v, Low: v, High: v, Level: b.Level}
	}
	return e
}

// row finds a line by its name.
func (t *Standings) row(name string) *Standing {
	return &t.Rows[slices.IndexFunc(t.Rows, func(s Standing) bool { return s.Name == name })]
}

// leader is the policy of the greatest mean; empty where that is the baseline.
func (t *Standings) leader() string {
	best := t.row(t.Baseline)
	for i := range t.Rows {
		if r := &t.Rows[i]; r.Policies > 0 && r.Mean.Value > best.Mean.Value {
			best = r
		}
	}
	if best.Name == t.Baseline {
		return ""
	}
	return best.Name
}

// normalise sets scores against baseline and optimum; where the two cannot be told apart there is none.
func (t *Standings) normalise(bootstrap stats.Bootstrap) error {
	if t.Optimum == "" {
		return nil
	}
	base, best := t.row(t.Baseline).Scores, t.row(t.Optimum).Scores
	possible := minus([][]float64{best}, [][]float64{base})
	for i := range t.Rows {
		row := &t.Rows[i]
		gained := minus([][]float64{row.Scores}, [][]float64{base})
		share, err := stats.Ratio(gained, possible, t.Level)
		if errors.Is(err, stats.ErrZeroDenominator) {
			t.Optimum, t.Known = "", false
			return nil
		} else if err != nil {
			return fmt.Errorf("%s: %w", row.Name, err)
		}
		row.Normalised = &share
		whole := stats.Mean(possible[0])
		for _, x := range gained[0] {
			row.NormalisedScores = append(row.NormalisedScores, x/whole)
		}
		gap := over(row.NormalisedScores, bootstrap, shortfall)
		row.OptimalityGap = &gap
	}
	return nil
}

// shortfall is the mean of what is missing to 1 (Agarwal et al. 2021, §4.3).
func shortfall(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += max(0, 1-v)
	}
	return sum / float64(len(x))
}
