package choice

import (
	"fmt"
	"math"
)

// Diagnostics is what a fit saw: the choices it made, the estimates side by side, the tests, the held-out weeks.
type Diagnostics struct {
	Split Split `json:"split"`
	Rows  int   `json:"rows"` // brand-weeks fitted
	// Selections holds every question of the search's last pass; the first is the memory. Empty when the spec was given.
	Selections         []Selection      `json:"selections,omitempty"`
	NextBestMemory     float64          `json:"next_best_memory"` // by the same rule, for sensitivity analysis
	R2                 float64          `json:"r2"`               // of least squares
	Sigma              float64          `json:"sigma"`
	LeastSquares       []Coefficient    `json:"least_squares"`
	Instrumented       *InstrumentedFit `json:"instrumented,omitempty"`        // the same spec
	InstrumentedCommon *InstrumentedFit `json:"instrumented_common,omitempty"` // price, gain and loss common to all brands
	Kurtosis           []float64        `json:"excess_kurtosis"`               // of ξ, by brand
	// Outliers lists the fitted brand-weeks whose ξ is more than outlierScore robust standard deviations (1.4826 times the
	// median absolute deviation) from the brand's median, worst first: runs of them are stock-outs more often than tastes.
	Outliers   []Outlier   `json:"outliers,omitempty"`
	Display    Selection   `json:"display"`
	Mechanisms []Mechanism `json:"mechanisms"`
	HeldOut    []HeldOut   `json:"held_out,omitempty"`
	// Elasticities are taken at Prices and Displays, the means of the last 52 fitted weeks.
	Prices       []float64    `json:"prices"`
	Displays     []float64    `json:"displays"`
	Elasticities Elasticities `json:"elasticities"`
	Warnings     []string     `json:"warnings,omitempty"`
}

// InstrumentedFit is a two-stage least squares fit with the strength of its instruments.
type InstrumentedFit struct {
	Coefficients []Coefficient `json:"coefficients"`
	FirstStages  []FirstStage  `json:"first_stages"`
	CraggDonald  float64       `json:"cragg_donald"`
}

// FirstStage is the strength of the instruments for one endogenous regressor.
type FirstStage struct {
	Regressor   string  `json:"regressor"`
	F           float64 `json:"f"`
	Conditional float64 `json:"conditional_f"` // Sanderson–Windmeijer, given the other endogenous regressors
}

// Outlier is one brand-week's ξ in robust standard deviations from the brand's median.
type Outlier struct {
	Brand string  `json:"brand"`
	Week  int     `json:"week"`
	Score float64 `json:"score"`
}

// outlierScore is the modified z-score beyond which a brand-week is listed.
const outlierScore = 5

// Mechanism is one rival explanation of what looks like a gain against a reference price, put beside it.
type Mechanism struct {
	Name   string      `json:"name"`
	Common Coefficient `json:"common"` // one coefficient for the brands that remember
	// ByBrand has one for each brand, all entered at once.
	ByBrand []Coefficient `json:"by_brand"`
	// Gains are the gain coefficients while the common term is in.
	Gains []Coefficient `json:"gains"`
	// AIC is how much the common term adds to the training AIC (below 0: it helps), Score the mean weekly gain in
	// validation log density that it brings and ScoreSE its standard error, both over the cells that have the term.
	AIC     float64 `json:"aic_change"`
	Score   float64 `json:"score_per_week"`
	ScoreSE float64 `json:"score_se"`
	// Preferred says that the validation weeks ask for the term: its gain is above one standard error.
	Preferred bool `json:"preferred"`
}

// warn collects what a reader must know before using the estimates.
func (d *Diagnostics) warn(m *ShareLogit) {
	say := func(format string, a ...any) { d.Warnings = append(d.Warnings, fmt.Sprintf(format, a...)) }
	if d.Instrumented != nil {
		d.warnOfInstruments(m, say)
	}
	if n := len(d.Outliers); n > 0 {
		say("%d brand-weeks have shocks beyond %d robust standard deviations, the worst %s in week %d", n, outlierScore, d.Outliers[0].Brand, d.Outliers[0].Week)
	}
	for j, b := range m.Brands {
		if m.price[j] >= 0 {
			say("the price coefficient of %s is %.2f: demand that does not fall with price", b, m.price[j])
		}
	}
	for _, x := range d.Mechanisms {
		if x.Preferred {
			say("the validation weeks ask for %s (coefficient %.3g, t %.1f), which the model does not carry", x.Name, x.Common.Estimate, x.Common.T)
		}
	}
	for _, s := range d.Selections {
		highest, value := math.Inf(-1), ""
		for _, o := range s.Options {
			if o.Score > highest {
				highest, value = o.Score, o.Value
			}
		}
		if value != s.Chosen && s.Question == "memory" {
			say("memory %s has the highest validation score, but within one standard error of %s, which fits the training weeks better", value, s.Chosen)
		}
	}
}

// warnOfInstruments says which estimator drives the market and what the instruments are worth.
func (d *Diagnostics) warnOfInstruments(m *ShareLogit, say func(string, ...any)) {
	if m.Estimator == LeastSquares && d.Instrumented.CraggDonald < weakInstruments {
		say("price, gain and loss are endogenous and the instruments weak (Cragg–Donald %.2f, below %d): least squares drives the market", d.Instrumented.CraggDonald, weakInstruments)
	} else if m.Estimator == LeastSquares && !fallsWithPrice(d.Instrumented.Coefficients) {
		say("price is endogenous, but two-stage least squares gives demand that rises with price: least squares drives the market")
	}
	if c := d.InstrumentedCommon; c.CraggDonald >= weakInstruments && c.Coefficients != nil {
		for _, e := range c.Coefficients {
			if e.Term == "price" && e.Estimate >= 0 {
				say("with coefficients common to all brands the instruments are strong (Cragg–Donald %.1f) but give a price coefficient of %.2f (se %.2f): average acquisition cost is not a valid instrument here", c.CraggDonald, e.Estimate, e.SE)
			}
		}
	}
}
