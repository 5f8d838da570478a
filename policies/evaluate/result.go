package evaluate

import (
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/stats"
)

// Result is a contest's outcome. Intervals are over training seeds and paths, both drawn at random (stats.Crossed).
type Result struct {
	Paths      int      `json:"paths"`
	Level      float64  `json:"level"`
	References []string `json:"references,omitempty"`
	Baseline   string   `json:"baseline,omitempty"`
	Optima     []string `json:"optima,omitempty"`
	Rows       []Row    `json:"rows"` // contestants, then bounds, in the contest's order
}

// Row is one contestant or bound. What follows Gaps are means over episodes; a bound has none.
type Row struct {
	Name              string           `json:"name"`
	Bound             bool             `json:"bound,omitempty"`
	Seeds             int              `json:"seeds"`
	Profit            stats.Estimate   `json:"profit"` // mean of Arena.Score: $ a week
	InterquartileMean float64          `json:"interquartile_mean"`
	Differences       []Difference     `json:"differences,omitempty"` // paired, to each other reference
	OfOptimum         []Difference     `json:"of_optimum,omitempty"`  // as a share of each optimum; left out where that cannot be told from zero
	Gaps              []Gap            `json:"gaps,omitempty"`
	PriceChanges      float64          `json:"price_changes"`
	StockOutDays      float64          `json:"stock_out_days"`
	LostUnits         float64          `json:"lost_units"`
	MeanPrice         float64          `json:"mean_price"`
	DealFrequency     float64          `json:"deal_frequency"`    // share of periods on deal
	Players           []stats.Estimate `json:"players,omitempty"` // mean reward a period of each player, where Arena.Rewards asks
	Scores            [][]float64      `json:"-"`                 // [seed][path]
	Total             results.Metrics  `json:"-"`                 // the accounts of all its episodes together
}

// Difference is a comparison with another contestant or bound.
type Difference struct {
	Name string `json:"name"`
	stats.Estimate
}

// Gap is the share of the gap between the baseline and an optimum that a contestant closed. Without Share there is no gap to speak
// of: it cannot be told from zero.
type Gap struct {
	Name   string          `json:"name"`
	Share  *stats.Estimate `json:"share,omitempty"`  // over all seeds; Fieller's interval
	Median *stats.Estimate `json:"median,omitempty"` // over seeds, pigeonhole bootstrap; only where there are several
	Worst  float64         `json:"worst"`            // of the seeds
	Seeds  []float64       `json:"seeds,omitempty"`
}
