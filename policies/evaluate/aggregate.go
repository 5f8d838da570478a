package evaluate

import (
	"github.com/souk-sim/souk/results/stats"
)

// Aggregate is a benchmark over several scenarios: what normalised runs of the policies that took part in all of them come to. Scenarios are the strata of
// the bootstrap, and the scales that scores are normalised by are taken as known (Agarwal et al. 2021, §4).
type Aggregate struct {
	Scenarios int        `json:"scenarios"`
	Rows      []Together `json:"policies"`
}

// Together is a policy over all scenarios, of normalised scores.
type Together struct {
	Name              string           `json:"name"`
	Mean              stats.Estimate   `json:"mean"`
	InterquartileMean stats.Estimate   `json:"interquartile_mean"`
	Median            stats.Estimate   `json:"median"`
	OptimalityGap     stats.Estimate   `json:"optimality_gap"`
	Improvement       *stats.Estimate  `json:"improvement,omitempty"` // probability that a run earns more than one of the baseline's, mean over scenarios
	Profile           []stats.Estimate `json:"profile"`               // share of runs above each of ProfileAt
}

// ProfileAt are the normalised scores at which performance profiles are told (Dolan & Moré 2002; Agarwal et al. 2021, §4.2).
func ProfileAt() (at []float64) {
	for k := -10; k <= 30; k++ {
		at = append(at, float64(k)/20)
	}
	return at
}

// Together compares policies over scenarios in which scores could be normalised; those that took part in all of them. Of none it is nil.
func (k *Ranking) Together(all []*Standings) (*Aggregate, error) {
	if len(all) == 0 {
		return nil, nil
	}
	g := &Aggregate{Scenarios: len(all)}
	var tables, plain []stats.Table // normalised scores, and scores as they are
	base := -1
	for i := range all[0].Rows {
		name, everywhere, scores := all[0].Rows[i].Name, stats.Table{}, stats.Table{}
		for _, t := range all {
			if row := t.Row(name); row != nil && row.Relative != nil {
				everywhere, scores = append(everywhere, stats.Column(row.Relative)), append(scores, stats.Column(row.Scores))
			}
		}
		if len(everywhere) < len(all) {
			continue
		}
		if name == k.Baseline {
			base = len(tables)
		}
		tables, plain, g.Rows = append(tables, everywhere), append(plain, scores), append(g.Rows, Together{Name: name})
	}
	if len(tables) == 0 {
		return nil, nil
	}
	b := k.bootstrap()
	drawn, err := b.Stratified(tables, stats.Mean, stats.InterquartileMean, stats.Median, shortfall)
	if err != nil {
		return nil, err
	}
	for i := range g.Rows {
		row := &g.Rows[i]
		row.Mean, row.InterquartileMean, row.Median, row.OptimalityGap = corrected(drawn[i][0]), corrected(drawn[i][1]), corrected(drawn[i][2]), corrected(drawn[i][3])
		if row.Profile, err = b.Profile(tables[i], ProfileAt()); err != nil {
			return nil, err
		}
		if base < 0 || i == base {
			continue
		}
		better, err := b.ProbabilityOfImprovement(plain[i], plain[base])
		if err != nil {
			return nil, err
		}
		e := corrected(better)
		row.Improvement = &e
	}
	return g, nil
}
