package evaluate

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
)

// Trial is what policies came to in one market, scores by run (see Runs): in a run all meet the same customers.
type Trial struct {
	Market  string
	Doc     string    // how it differs from the first
	Fixed   []float64 // the best fixed price of this market
	Optimum []float64 // nil where it is not known
	Entries []Entry
}

// Entry is a policy that was trained, tuned or solved in a market. Every trial has the same entries, in one order.
type Entry struct {
	Policy  string
	Trained string // the market; empty: none of the trials'
	Scores  []float64
}

// Matrix is robustness: what is trained in one market is tested in others, which it was not fitted to.
type Matrix struct {
	Level float64 `json:"level"`
	Runs  int     `json:"runs"`
	// Normalised says that every market has something to gain, so that normalised scores can be held side by side; otherwise shares of the best fixed price's score can.
	Normalised bool       `json:"normalised"`
	Markets    []Tested   `json:"markets"` // the first is the scenario's own
	Rows       []Transfer `json:"rows"`
	Left       []LeftOut  `json:"left_out,omitempty"`
}

// Tested is a market of the matrix. Scores are normalised there: 0 is its own best fixed price, 1 its optimum.
type Tested struct {
	Market  string         `json:"market"`
	Doc     string         `json:"about"`
	Fixed   stats.Estimate `json:"best_fixed"`
	Best    stats.Estimate `json:"best"`
	BestIs  string         `json:"best_is"` // "optimum", or the entry that did best where the optimum is not known
	Nothing bool           `json:"nothing_to_gain,omitempty"`
}

// LeftOut is a market that cannot be made of a scenario.
type LeftOut struct {
	Market string `json:"market"`
	Reason string `json:"reason"`
}

// Transfer is how a policy that was trained in one market does in all.
type Transfer struct {
	Policy  string `json:"policy"`
	Trained string `json:"trained_in,omitempty"`
	Cells   []Cell `json:"tested_in"`
	// Elsewhere is the mean over the markets that it was not trained in, of normalised scores or of shares as Matrix.Normalised says; what these are divided by is taken as known.
	Elsewhere *stats.Estimate `json:"elsewhere,omitempty"`
	// OnlyAtHome says that it wins only in its own simulator: where it was trained it earns significantly more than the best fixed price, and in no other market
	// it does. At home that is asked at Level, elsewhere of all the k other markets at once, at 1 − (1 − Level)/k each (Bonferroni): a policy that gains nothing
	// elsewhere escapes the flag by chance in at most (1 − Level)/2 of all cases.
	OnlyAtHome bool `json:"only_at_home"`
}

// Cell is a policy in a market.
type Cell struct {
	Market     string          `json:"market"`
	Score      stats.Estimate  `json:"score"`
	OverFixed  stats.Estimate  `json:"over_best_fixed"`      // paired by run
	Share      *stats.Estimate `json:"share,omitempty"`      // of the best fixed price's mean score, taken as known, that it earns more; left out where that is 0
	Normalised *stats.Estimate `json:"normalised,omitempty"` // Fieller; left out where nothing is to be gained
	Wins       bool            `json:"wins"`                 // it earns more than the best fixed price, as OnlyAtHome asks it
	Loses      bool            `json:"loses"`                // likewise less
}

// NewMatrix compares what was played; the first trial is the market that all the others are variants of.
func NewMatrix(level float64, trials []Trial) (*Matrix, error) {
	if len(trials) < 2 {
		return nil, field.New("markets", len(trials), "at least 2, that something be trained in one and tested in another")
	}
	m := &Matrix{Level: level, Runs: len(trials[0].Fixed), Rows: make([]Transfer, len(trials[0].Entries)), Normalised: true}
	gaps := make([]float64, len(trials))
	for k := range trials {
		t := &trials[k]
		if len(t.Entries) != len(m.Rows) {
			return nil, field.New("entries", len(t.Entries), fmt.Sprintf("%d, as in the first market", len(m.Rows)))
		}
		best, err := m.market(t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.Market, err)
		}
		gaps[k] = stats.Mean(best) - stats.Mean(t.Fixed)
		m.Normalised = m.Normalised && !m.Markets[k].Nothing
		for i := range t.Entries {
			e, row := &t.Entries[i], &m.Rows[i]
			row.Policy, row.Trained = e.Policy, e.Trained
			cell, err := m.cell(t, e, best, len(trials)-1)
			if err != nil {
				return nil, fmt.Errorf("%s in %s: %w", e.Policy, t.Market, err)
			}
			row.Cells = append(row.Cells, *cell)
		}
	}
	for i := range m.Rows {
		row := &m.Rows[i]
		row.OnlyAtHome = row.only()
		if err := m.elsewhere(row, trials, gaps, i); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// elsewhere averages what entry i gains over the markets in which it was not trained.
func (m *Matrix) elsewhere(row *Transfer, trials []Trial, gaps []float64, i int) error {
	var relative [][]float64
	for k := range trials {
		t, by := &trials[k], gaps[k]
		if !m.Normalised {
			by = math.Abs(stats.Mean(t.Fixed))
		}
		if row.Trained == t.Market || by == 0 {
			continue
		}
		line := make([]float64, len(t.Fixed))
		for r, score := range t.Entries[i].Scores {
			line[r] = (score - t.Fixed[r]) / by
		}
		relative = append(relative, line)
	}
	if len(relative) == 0 {
		return nil
	}
	e, err := stats.MeanInterval(across(relative), m.Level)
	row.Elsewhere = &e
	return err
}

// rounding is the share of a value within which two are one.
const rounding = 1e-9

// market adds a market, and gives what its best policy came to.
func (m *Matrix) market(t *Trial) (best []float64, err error) {
	tested := Tested{Market: t.Market, Doc: t.Doc, BestIs: "optimum"}
	best = t.Optimum
	if best == nil {
		best, tested.BestIs = t.Fixed, "best-fixed"
		for _, e := range t.Entries {
			if stats.Mean(e.Scores) > stats.Mean(best) {
				best, tested.BestIs = e.Scores, e.Policy
				if e.Trained != "" {
					tested.BestIs += " of " + e.Trained
				}
			}
		}
	}
	for _, of := range []struct {
		into   *stats.Estimate
		scores []float64
	}{{&tested.Fixed, t.Fixed}, {&tested.Best, best}} {
		if *of.into, err = stats.MeanInterval(of.scores, m.Level); err != nil {
			return nil, err
		}
	}
	gap, err := stats.Paired(best, t.Fixed, m.Level)
	tested.Nothing = !(gap.Low > rounding*math.Abs(tested.Fixed.Value))
	m.Markets = append(m.Markets, tested)
	return best, err
}

// cell holds an entry against the best fixed price, one of several tests at once where it was not trained.
func (m *Matrix) cell(t *Trial, e *Entry, best []float64, others int) (*Cell, error) {
	c := &Cell{Market: t.Market}
	var err error
	if c.Score, err = stats.MeanInterval(e.Scores, m.Level); err != nil {
		return nil, err
	}
	if c.OverFixed, err = stats.Paired(e.Scores, t.Fixed, m.Level); err != nil {
		return nil, err
	}
	asked := c.OverFixed
	if e.Trained != t.Market {
		if asked, err = stats.Paired(e.Scores, t.Fixed, 1-(1-m.Level)/float64(others)); err != nil {
			return nil, err
		}
	}
	worth := math.Abs(stats.Mean(t.Fixed))
	c.Wins, c.Loses = asked.Low > rounding*worth, asked.High < -rounding*worth // values that are computed have no other error
	if o := c.OverFixed; worth > 0 {
		c.Share = &stats.Estimate{Value: o.Value / worth, StandardError: o.StandardError / worth, Low: o.Low / worth, High: o.High / worth, Level: o.Level}
	}
	if m.Markets[len(m.Markets)-1].Nothing {
		return c, nil
	}
	share, err := stats.Ratio(minus([][]float64{e.Scores}, [][]float64{t.Fixed}), minus([][]float64{best}, [][]float64{t.Fixed}), m.Level)
	if errors.Is(err, stats.ErrZeroDenominator) {
		return c, nil
	}
	c.Normalised = &share
	return c, err
}

// only says whether a policy wins at home and nowhere else.
func (t *Transfer) only() bool {
	home := slices.IndexFunc(t.Cells, func(c Cell) bool { return c.Market == t.Trained })
	return home >= 0 && t.Cells[home].Wins && len(t.In(func(c *Cell) bool { return c.Wins })) == 1
}

// Gain is what a cell shows: the normalised score, or the share, as Normalised says; nil where there is none.
func (m *Matrix) Gain(c *Cell) *stats.Estimate {
	if m.Normalised {
		return c.Normalised
	}
	return c.Share
}

// In lists the markets whose cells are so.
func (t *Transfer) In(so func(*Cell) bool) (markets []string) {
	for i := range t.Cells {
		if so(&t.Cells[i]) {
			markets = append(markets, t.Cells[i].Market)
		}
	}
	return markets
}

// across is the mean of lines, place by place.
func across(lines [][]float64) []float64 {
	sum := make([]float64, len(lines[0]))
	for _, line := range lines {
		for i, v := range line {
			sum[i] += v / float64(len(lines))
		}
	}
	return sum
}
