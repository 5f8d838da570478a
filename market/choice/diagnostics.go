package choice

import (
	"fmt"
	"strings"
)

// Diagnostics is what a fit saw: the choices it made, the estimates side by side, the tests, the held-out weeks.
type Diagnostics struct {
	Split Split `json:"split"`
	Rows  int   `json:"rows"` // brand-weeks fitted
	// Selections holds every question of the search's last pass; the first is the memory. Empty when the spec was given.
	Selections     []Selection `json:"selections,omitempty"`
	NextBestMemory float64     `json:"next_best_memory"` // by the same rule, for sensitivity analysis
	// BestValidationMemory is the memory with the highest validation score, which the rule passes over for one that it ties with.
	BestValidationMemory *BestMemory      `json:"best_validation_memory,omitempty"`
	R2                   float64          `json:"r2"` // of least squares
	Sigma                float64          `json:"sigma"`
	LeastSquares         []Coefficient    `json:"least_squares"`
	Instrumented         *InstrumentedFit `json:"instrumented,omitempty"`         // the same spec
	Strength             []BrandStrength  `json:"instrument_strength,omitempty"`  // of the instruments, by brand
	LeastSquaresCommon   []Coefficient    `json:"least_squares_common,omitempty"` // price, gain, loss and depth common to all brands
	InstrumentedCommon   *InstrumentedFit `json:"instrumented_common,omitempty"`  // the same by two-stage least squares
	Kurtosis             []float64        `json:"excess_kurtosis"`                // of ξ, by brand
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

// BestMemory is the memory of the highest validation score and what was chosen instead of it: by how much the chosen one is
// behind a week (log density, with its standard error), and what it adds to the training AIC (below 0: it fits better).
type BestMemory struct {
	Memory   float64 `json:"memory"`
	Behind   float64 `json:"chosen_behind_per_week"`
	BehindSE float64 `json:"chosen_behind_se"`
	AIC      float64 `json:"chosen_aic_change"`
}

// InstrumentedFit is a two-stage least squares fit. Where brands have coefficients of their own for what is endogenous,
// FirstStages is nil and CraggDonald 0: Diagnostics.Strength has the figures.
type InstrumentedFit struct {
	Coefficients []Coefficient `json:"coefficients"`
	FirstStages  []FirstStage  `json:"first_stages,omitempty"`
	CraggDonald  float64       `json:"cragg_donald,omitempty"`
}

// FirstStage is the strength of the instruments for one endogenous regressor, classical.
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
	// Selection puts the term (absent, common or own) to the rule by which every other term was chosen.
	Selection Selection `json:"selection"`
	// Preferred says that the rule takes the term.
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
	var left []string
	for _, x := range d.Mechanisms {
		if x.Preferred {
			left = append(left, fmt.Sprintf("%s (t %.1f)", x.Name, x.Common.T))
		}
	}
	if left != nil {
		say("by the rule that chose its terms the model should also have %s, which it does not carry", strings.Join(left, ", "))
	}
	if b := d.BestValidationMemory; b != nil && b.Memory != m.Spec.Memory {
		say("memory %g has the highest validation score, but memory %g is only %.3f ± %.3f a week behind and fits the training weeks better (AIC %+.1f)",
			b.Memory, m.Spec.Memory, b.Behind, b.BehindSE, b.AIC)
	}
}
