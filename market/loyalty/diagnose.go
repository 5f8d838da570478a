package loyalty

import (
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/stat/distuv"
)

// highest frequency with a row of its own in the tables below; the last row is of this and more.
const highest = 7

// FrequencyRow is the customers of one number of repeat purchases, in the last row of that many or more.
type FrequencyRow struct {
	Frequency int     `json:"frequency"`
	Observed  int     `json:"observed"`
	Expected  float64 `json:"expected"`
}

// FrequencyTable is how often customers came back and how often they would under the model, with Pearson's χ². The p-value
// takes off one degree of freedom for each parameter and is nearly right for parameters fitted on the same customers;
// it is nil where no degree is left. Rows expected fewer than five times are pooled with the one before for the test.
type FrequencyTable struct {
	Rows      []FrequencyRow `json:"rows"`
	ChiSquare float64        `json:"chi_square"`
	Degrees   int            `json:"degrees_of_freedom"`
	PValue    *float64       `json:"p_value"`
}

// Frequencies holds the model against the customers' frequencies (Fader, Hardie & Lee 2005, fig. 2).
func Frequencies(m Model, customers []Customer) (FrequencyTable, error) {
	f := FrequencyTable{Rows: make([]FrequencyRow, highest+1)}
	durations := make([]Customer, len(customers))
	for i, c := range customers {
		if err := c.check(i); err != nil {
			return f, err
		}
		f.Rows[min(c.Frequency, highest)].Observed++
		durations[i] = Customer{T: c.T}
	}
	for _, g := range grouped(durations) {
		rest := 1.0
		for x := range highest {
			p := m.Probability(x, g.T)
			f.Rows[x].Expected += g.count * p
			rest -= p
		}
		f.Rows[highest].Expected += g.count * max(0, rest)
	}
	var pooled []FrequencyRow
	for i := range f.Rows {
		f.Rows[i].Frequency = i
		if last := len(pooled) - 1; last >= 0 && (f.Rows[i].Expected < 5 || pooled[last].Expected < 5) {
			pooled[last].Observed += f.Rows[i].Observed
			pooled[last].Expected += f.Rows[i].Expected
		} else {
			pooled = append(pooled, f.Rows[i])
		}
	}
	for _, r := range pooled {
		if r.Expected > 0 {
			f.ChiSquare += (float64(r.Observed) - r.Expected) * (float64(r.Observed) - r.Expected) / r.Expected
		}
	}
	if f.Degrees = max(0, len(pooled)-1-len(m.Parameters())); f.Degrees > 0 {
		p := distuv.ChiSquared{K: float64(f.Degrees)}.Survival(f.ChiSquare)
		f.PValue = &p
	}
	return f, nil
}

// ForecastRow is the customers of one frequency in the observation, in the last row of that many or more.
type ForecastRow struct {
	Frequency int     `json:"frequency"`
	Customers int     `json:"customers"`
	Actual    int     `json:"actual"`
	Expected  float64 `json:"expected"`
}

// Forecast is what customers bought after the observation and what the model expected of them.
type Forecast struct {
	Actual   int           `json:"actual"`
	Expected float64       `json:"expected"`
	RMSE     float64       `json:"rmse"` // over customers, purchases
	Naive    float64       `json:"rmse_of_same_rate"`
	Rows     []ForecastRow `json:"rows"`
}

// HeldOut holds the model against the customers' Holdout, purchases within `ahead` after T. Naive is the error of
// expecting each customer to go on at the rate of the observation.
func HeldOut(m Model, customers []Customer, ahead float64) (Forecast, error) {
	f := Forecast{Rows: make([]ForecastRow, highest+1)}
	switch {
	case len(customers) == 0:
		return f, field.New("customers", 0, "at least one")
	case !(ahead > 0) || math.IsInf(ahead, 1):
		return f, field.New("ahead", ahead, "a positive time")
	}
	for i, c := range customers {
		if err := c.check(i); err != nil {
			return f, err
		}
		expected, actual, same := m.Conditional(c, ahead), float64(c.Holdout), 0.0
		if c.T > 0 {
			same = float64(c.Frequency) / c.T * ahead
		}
		row := &f.Rows[min(c.Frequency, highest)]
		row.Customers++
		row.Actual += c.Holdout
		row.Expected += expected
		f.Actual += c.Holdout
		f.Expected += expected
		f.RMSE += (expected - actual) * (expected - actual)
		f.Naive += (same - actual) * (same - actual)
	}
	for i := range f.Rows {
		f.Rows[i].Frequency = i
	}
	f.RMSE = math.Sqrt(f.RMSE / float64(len(customers)))
	f.Naive = math.Sqrt(f.Naive / float64(len(customers)))
	return f, nil
}
