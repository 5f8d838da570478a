package estimators

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/scenarios/field"
)

// Repeats are the options of the models of when customers come back.
type Repeats struct {
	Purchases
	Publication
	Horizon float64   `toml:"horizon" range:"(0,100000]" doc:"time ahead for which purchases are expected, in units; left out: the time held out, else a year"`
	Times   []float64 `toml:"times" doc:"times for which the repeat purchases of a new customer are expected, in units; left out: 1, 13, 26, 39, 52 and 78 weeks"`
	Least   int       `toml:"least" default:"10" range:"[1,1000000]" doc:"customers of whom a row of a table must speak; rows of fewer are merged"`
	Example []float64 `toml:"example" doc:"frequency, recency and T of one customer to tell about"`
}

// savedLoyalty is a model, a spend model or both, as loyalty.Load reads them.
func savedLoyalty(m loyalty.Model, spend loyalty.Spending) saved {
	return saved{func() ([]byte, error) { return loyalty.Save(m, spend) }}
}

// givenLoyalty are models given by hand, once they are found right.
func givenLoyalty(m loyalty.Model, spend loyalty.Spending) (json.Marshaler, error) {
	s := savedLoyalty(m, spend)
	if _, err := s.Save(); err != nil {
		return nil, asParameter(err)
	}
	return s, nil
}

// repeatFigures are what a model of repeat purchases tells beside its estimates.
type repeatFigures struct {
	AIC             float64                `json:"aic"`
	BIC             float64                `json:"bic"`
	Iterations      int                    `json:"iterations"`
	Starts          int                    `json:"starts"`
	StartsAgreeing  int                    `json:"starts_agreeing"`
	Unit            string                 `json:"unit"`
	CameBack        int                    `json:"customers_who_came_back"`
	RepeatPurchases int                    `json:"repeat_purchases"`
	Expected        []expectedBy           `json:"expected_repeat_by_t"` // of a new customer
	Conditional     conditional            `json:"conditional"`
	Alive           alive                  `json:"p_alive"`
	Frequencies     loyalty.FrequencyTable `json:"frequencies"`
	Holdout         *loyalty.Forecast      `json:"holdout,omitempty"`
	Example         *example               `json:"example,omitempty"`
}

type expectedBy struct {
	T        float64 `json:"t"`
	Expected float64 `json:"expected"`
}

// conditional is what the customers of the fit are expected to buy after it, given what they bought in it.
type conditional struct {
	Horizon    float64   `json:"horizon"`
	Total      float64   `json:"sum"`
	Mean       float64   `json:"mean"`
	Percentile []float64 `json:"deciles"`
}

type alive struct {
	Expected   float64   `json:"customers_expected"` // the sum of the probabilities
	Mean       float64   `json:"mean"`
	Percentile []float64 `json:"deciles"`
}

type example struct {
	Frequency int     `json:"frequency"`
	Recency   float64 `json:"recency"`
	T         float64 `json:"t"`
	Horizon   float64 `json:"horizon"`
	Expected  float64 `json:"expected"`
	Alive     float64 `json:"p_alive"`
}

// horizon is the time ahead for which purchases are expected.
func (r *Repeats) horizon(c clientele) float64 {
	switch {
	case r.Horizon > 0:
		return r.Horizon
	case c.ahead > 0:
		return c.ahead
	}
	return math.Round(365 / r.unitDays())
}

// outlook is what a model says of each customer.
type outlook struct{ alive, expected []float64 }

func look(m loyalty.Model, all []loyalty.Customer, horizon float64) outlook {
	kinds, of := pooled(all)
	aliveOf, expectedOf := make([]float64, len(kinds)), make([]float64, len(kinds))
	for k, c := range kinds {
		aliveOf[k], expectedOf[k] = m.Alive(c), m.Conditional(c, horizon)
	}
	o := outlook{alive: make([]float64, len(all)), expected: make([]float64, len(all))}
	for i, k := range of {
		o.alive[i], o.expected[i] = aliveOf[k], expectedOf[k]
	}
	return o
}

// report describes a fitted model of when customers come back.
func (r *Repeats) report(job Job, words string, m loyalty.Model, e *loyalty.Estimates, c clientele) (*Fit, error) {
	f := loyaltyFit(words, c, e, m.Parameters())
	horizon := r.horizon(c)
	o := look(m, c.all, horizon)
	own := repeatFigures{AIC: e.AIC, BIC: e.BIC, Iterations: e.Iterations, Starts: e.Starts, StartsAgreeing: e.Agreeing, Unit: r.Unit}
	for _, x := range c.all {
		own.RepeatPurchases += x.Frequency
		if x.Frequency > 0 {
			own.CameBack++
		}
	}
	times, err := r.times()
	if err != nil {
		return nil, err
	}
	for _, t := range times {
		own.Expected = append(own.Expected, expectedBy{t, m.Expected(t)})
	}
	own.Conditional = conditional{horizon, total(o.expected), total(o.expected) / float64(len(c.all)), deciles(o.expected)}
	own.Alive = alive{total(o.alive), total(o.alive) / float64(len(c.all)), deciles(o.alive)}
	if own.Frequencies, err = loyalty.Frequencies(m, c.all); err != nil {
		return nil, inFile(job.Data, err)
	}
	own.Frequencies.Rows = together(own.Frequencies.Rows, r.Least, func(x *loyalty.FrequencyRow) int { return x.Observed }, func(into, of *loyalty.FrequencyRow) {
		into.Observed, into.Expected = into.Observed+of.Observed, into.Expected+of.Expected
	})
	if c.later && c.ahead == 0 {
		c.ahead = r.Horizon
	}
	if own.Holdout, err = purchasesHeldOut(f, m, c, r.Unit); err != nil {
		return nil, inFile(job.Data, err)
	}
	if h := own.Holdout; h != nil {
		h.Rows = together(h.Rows, r.Least, func(x *loyalty.ForecastRow) int { return x.Customers }, func(into, of *loyalty.ForecastRow) {
			into.Customers, into.Actual, into.Expected = into.Customers+of.Customers, into.Actual+of.Actual, into.Expected+of.Expected
		})
	}
	if own.Example, err = r.example(m, horizon); err != nil {
		return nil, err
	}
	f.Own = own
	r.describe(f, own)
	if f.Files, err = r.table(c, column{"p_alive", o.alive}, column{"expected", o.expected}); err != nil {
		return nil, err
	}
	return f, r.publish(job, c, f)
}

const (
	poorForecast = 0.1   // share by which the purchases held out may be missed
	poorFit      = 0.001 // probability of a χ² as large by chance
)

// purchasesHeldOut tells what customers bought after the observation, or those who were kept from the fit bought in it, and what the model expects.
func purchasesHeldOut(f *Fit, m loyalty.Model, c clientele, unit string) (*loyalty.Forecast, error) {
	if n := float64(len(c.held)); n > 0 {
		loglik, bought, expected := 0.0, 0, 0.0
		for _, x := range c.held {
			loglik, bought, expected = loglik+m.LogLikelihood(x), bought+x.Frequency, expected+m.Expected(x.T)
		}
		f.HeldOut = []Figure{{"customers", n}, {"loglik_per_customer", loglik / n}, {"repeat_purchases", float64(bought)}, {"expected", expected}}
	}
	if !c.later {
		return nil, nil
	}
	if c.ahead == 0 {
		f.Warnings = append(f.Warnings, "the purchases held out are not looked at: nobody says over how long a time they are; --horizon does")
		return nil, nil
	}
	h, err := loyalty.HeldOut(m, c.all, c.ahead)
	if off := h.Expected - float64(h.Actual); math.Abs(off) > poorForecast*float64(h.Actual) && off*off > 9*h.Expected { // more than chance: 3 s.d. of a Poisson count
		way := "more"
		if off < 0 {
			way = "fewer"
		}
		f.Warnings = append(f.Warnings, fmt.Sprintf("the model expects %.0f%% %s purchases in the time held out than there were: %.1f, not %d", 100*math.Abs(off)/float64(h.Actual), way, h.Expected, h.Actual))
	}
	f.HeldOut = []Figure{{unit + "s", c.ahead}, {"purchases", float64(h.Actual)}, {"expected", h.Expected}, {"rmse", h.RMSE}, {"rmse_of_same_rate", h.Naive}}
	return &h, err
}

// loyaltyFit is what all models of this room report alike.
func loyaltyFit(words string, c clientele, e *loyalty.Estimates, values []float64) *Fit {
	f := &Fit{Model: words, Data: c.words, Columns: c.columns, N: e.Customers, Customers: e.Customers, LogLik: e.LogLikelihood, Converged: e.Converged,
		Warnings: slices.Concat(e.Warnings, c.warnings)}
	for i, name := range e.Names {
		p := Coefficient{Name: name, Estimate: values[i]}
		if e.SE != nil {
			p.SE = e.SE[i]
		}
		f.Coefficients = append(f.Coefficients, p)
	}
	return f
}

func total(values []float64) (sum float64) {
	for _, v := range values {
		sum += v
	}
	return sum
}

func (r *Repeats) times() ([]float64, error) {
	if r.Times == nil {
		times := []float64{1, 13, 26, 39, 52, 78}
		for i := range times {
			times[i] *= 7 / r.unitDays()
		}
		return times, nil
	}
	for _, t := range r.Times {
		if !(t >= 0 && t <= 1e6) {
			return nil, field.New("times", t, "numbers from 0 to 1000000")
		}
	}
	return r.Times, nil
}

// example tells about the one customer that the options give.
func (r *Repeats) example(m loyalty.Model, horizon float64) (*example, error) {
	v := r.Example
	if v == nil {
		return nil, nil
	}
	const expected = "a frequency, a recency and a T no less than it, as in 2,30.43,38.86"
	if len(v) != 3 || v[0] < 0 || v[0] != math.Trunc(v[0]) || v[0] > 100_000 || !(v[1] >= 0) || !(v[2] >= v[1]) || (v[0] == 0) != (v[1] == 0) {
		return nil, field.New("example", fmt.Sprint(v), expected)
	}
	c := loyalty.Customer{Frequency: int(v[0]), Recency: v[1], T: v[2]}
	return &example{c.Frequency, c.Recency, c.T, horizon, m.Conditional(c, horizon), m.Alive(c)}, nil
}

// describe puts the figures in sentences and tables.
func (r *Repeats) describe(f *Fit, own repeatFigures) {
	f.Words = []string{fmt.Sprintf("log-likelihood %.4f, AIC %.2f, BIC %.2f; %d of %d starts came to it", f.LogLik, own.AIC, own.BIC, own.StartsAgreeing, own.Starts),
		fmt.Sprintf("%d of %d customers came back, %d times in all", own.CameBack, f.N, own.RepeatPurchases),
		fmt.Sprintf("alive at the end: about %.0f of them, mean probability %.3f, deciles %s", own.Alive.Expected, own.Alive.Mean, listed(own.Alive.Percentile)),
		fmt.Sprintf("expected in the next %s: %.1f purchases, %.3f a customer, deciles %s", r.span(own.Conditional.Horizon), own.Conditional.Total, own.Conditional.Mean,
			listed(own.Conditional.Percentile))}
	if x := own.Example; x != nil {
		f.Words = append(f.Words, fmt.Sprintf("a customer of frequency %d, recency %g and T %g is alive with probability %.4f and expected to buy %.4f times in the next %s",
			x.Frequency, x.Recency, x.T, x.Alive, x.Expected, r.span(x.Horizon)))
	}
	head, row := []string{r.Unit + "s"}, []string{"expected"}
	for _, e := range own.Expected {
		head, row = append(head, strconv.FormatFloat(e.T, 'g', -1, 64)), append(row, fmt.Sprintf("%.4f", e.Expected))
	}
	f.Tables = append(f.Tables, Table{Title: "repeat purchases of a new customer", Rows: [][]string{head, row}})
	t := Table{Title: "how often customers came back", Rows: [][]string{{"times", "customers", "expected"}}}
	names := spanned(own.Frequencies.Rows, func(x loyalty.FrequencyRow) int { return x.Frequency })
	for i, x := range own.Frequencies.Rows {
		t.Rows = append(t.Rows, []string{names[i], strconv.Itoa(x.Observed), fmt.Sprintf("%.1f", x.Expected)})
	}
	if p := own.Frequencies.PValue; p != nil {
		if *p < poorFit {
			f.Warnings = append(f.Warnings, fmt.Sprintf("how often customers came back is not as the model has it: χ² %.2f on %d degrees of freedom, p = %.2g",
				own.Frequencies.ChiSquare, own.Frequencies.Degrees, *p))
		}
		t.Note = fmt.Sprintf("χ² %.2f on %d degrees of freedom, p = %.3g", own.Frequencies.ChiSquare, own.Frequencies.Degrees, *p)
	}
	f.Tables = append(f.Tables, t)
	if own.Holdout == nil {
		return
	}
	t = Table{Title: "purchases held out, by how often customers had come back", Rows: [][]string{{"times", "customers", "bought", "expected"}}}
	names = spanned(own.Holdout.Rows, func(x loyalty.ForecastRow) int { return x.Frequency })
	for i, x := range own.Holdout.Rows {
		t.Rows = append(t.Rows, []string{names[i], strconv.Itoa(x.Customers), strconv.Itoa(x.Actual), fmt.Sprintf("%.1f", x.Expected)})
	}
	f.Tables = append(f.Tables, t)
}

// span writes a time.
func (p *Purchases) span(t float64) string {
	return strconv.FormatFloat(t, 'g', 6, 64) + " " + p.Unit + "s"
}

// listed writes figures with blanks between.
func listed(values []float64) string {
	var parts []string
	for _, v := range values {
		parts = append(parts, strconv.FormatFloat(v, 'g', 3, 64))
	}
	return strings.Join(parts, " ")
}
