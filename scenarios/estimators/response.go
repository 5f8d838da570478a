package estimators

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/market/persona"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Coupon learns who reacts to a coupon: who takes a discount in the time from a day on, by what she bought before it. The personas of the time
// before carry the model.
type Coupon struct {
	People
	K     int     `toml:"k" default:"5" range:"[1,1000]" doc:"groups, by k-means"`
	From  string  `toml:"from" doc:"first day of the reaction, as in 2017-10-01; left out: the last quarter of the log"`
	Mix   float64 `toml:"mix" default:"1" range:"[0,1]" doc:"of the penalty: 1 for the lasso, 0 for ridge"`
	Folds int     `toml:"folds" default:"10" range:"[2,100]" doc:"of the cross-validation that chooses the penalty"`
}

// couponFigures are what is told of a coupon model.
type couponFigures struct {
	Features  []string    `json:"features"`
	Reacted   float64     `json:"share_reacted"`
	Intercept float64     `json:"intercept"` // of the scaled features, as all coefficients
	Path      []pathPoint `json:"path"`
	Chosen    int         `json:"chosen"` // place in the path
	personaFigures
}

// pathPoint is one penalty, with what held-out rows say of it.
type pathPoint struct {
	Lambda   float64 `json:"lambda"`
	NonZero  int     `json:"nonzero"`
	Deviance float64 `json:"deviance"`
	SE       float64 `json:"se"`
}

func pathOf(v *stats.Validated) (path []pathPoint) {
	for i, m := range v.Models {
		p := pathPoint{m.Lambda, 0, v.Deviance[i], v.SE[i]}
		for _, b := range m.Coef {
			if b != 0 {
				p.NonZero++
			}
		}
		path = append(path, p)
	}
	return path
}

// Fit implements Estimator.
func (c *Coupon) Fit(_ context.Context, job Job) (*Fit, error) {
	if len(c.Features) == 0 {
		own := *c // the caller's options stay as they are
		own.Features = []string{"all"}
		c = &own
	}
	t, err := c.transactions(job)
	if err != nil {
		return nil, err
	}
	if t.Discount == nil {
		return nil, &field.Error{File: job.Data.Name, Found: "no discounts", Expected: "a column of them, which columns.discount names: who reacts to a coupon pays less"}
	}
	before, after, warnings, err := c.windows(job, t)
	if err != nil {
		return nil, err
	}
	kept, held, err := divide(job, t)
	if err != nil {
		return nil, err
	}
	p, err := c.customers(job, t, kept, before)
	if err != nil {
		return nil, err
	}
	p.scale = c.scaleOf(p.features)
	p.z = p.scale.Table(p.features)
	p.words = fmt.Sprintf("%d customers, by what they bought up to %s; reactions from the day after", p.features.Rows(), dayName(before.End))
	f := &Fit{Model: "who reacts to a coupon: penalised logistic regression", LogLik: math.NaN(), Warnings: append(findings(t.Report, logs.RepeatedRow), warnings...)}
	return f, c.fit(job, p, after, t, held, before, f)
}

// windows are the time that features are of, and that of the reaction.
func (c *Coupon) windows(job Job, t logs.Transactions) (before, after persona.Window, warnings []string, err error) {
	all, warnings, err := c.window(job, t)
	if err != nil {
		return before, after, nil, err
	}
	from := all.End - (all.End-all.Start+1)/4 + 1
	if c.From != "" {
		day, bad := time.Parse(time.DateOnly, c.From)
		if from = int(day.Unix() / (24 * 60 * 60)); bad != nil || from <= all.Start || from > all.End {
			return before, after, nil, field.New("from", fmt.Sprintf("%q", c.From), fmt.Sprintf("a day after %s, up to %s", dayName(all.Start), dayName(all.End)))
		}
	}
	return persona.Window{Start: all.Start, End: from - 1}, persona.Window{Start: from, End: all.End}, warnings, nil
}

func dayName(day int) string {
	return time.Unix(int64(day)*24*60*60, 0).UTC().Format(time.DateOnly)
}

func (c *Coupon) fit(job Job, p *people, after persona.Window, t logs.Transactions, held logs.Lines, before persona.Window, f *Fit) error {
	groups, err := persona.FitKMeans(p.z, p.width(), persona.KMeansOptions{K: c.K, Workers: job.Workers, Streams: rng.New(job.Seed, 0).Family("k-means")})
	if err != nil {
		return groupError(job, err)
	}
	personas, err := c.personas(job, p, groups.Labels, f)
	if err != nil {
		return err
	}
	y := p.features.Reacted(p.log, after)
	own := couponFigures{Features: p.features.Names, Reacted: stats.Mean(y), personaFigures: personaFiguresOf(personas)}
	if own.Reacted == 0 || own.Reacted == 1 {
		return &field.Error{File: job.Data.Name, Found: map[float64]string{0: "no customer", 1: "every customer"}[own.Reacted] + " with a discount from " + dayName(after.Start) + " on",
			Expected: "some who react, and some who do not"}
	}
	v, err := personas.FitCoupon(p.features, y, stats.PathOptions{Mix: c.Mix}, stats.FoldOptions{Folds: c.Folds, Workers: job.Workers, Streams: rng.New(job.Seed, 0).Family("folds"), Done: job.steps(c.Folds)})
	if err != nil {
		return inFile(job.Data, err)
	}
	own.Intercept, own.Path, own.Chosen = personas.Coupon.Intercept, pathOf(v), v.Simplest
	for j, name := range personas.Coupon.Names {
		f.Coefficients = append(f.Coefficients, Coefficient{Name: name, Estimate: personas.Coupon.Coef[j]})
	}
	f.LogLik = 0 // that of the penalised coefficients
	for i, v := range y {
		p := personas.Redeems(p.features.X[i*p.width() : (i+1)*p.width()])
		f.LogLik += math.Log(max(float64(v*p)+float64((1-v)*(1-p)), 1e-300))
	}
	f.Converged, f.Own = true, own
	f.Warnings = append(f.Warnings, v.Warnings...)
	f.Words = append(f.Words, fmt.Sprintf("%s of the customers reacted", percent(own.Reacted)), fmt.Sprintf("log-likelihood %.4f", f.LogLik),
		fmt.Sprintf("penalty %s, the simplest within a standard error of the best by cross-validation", rounded(personas.Coupon.Lambda)))
	if len(held.Customer) == 0 {
		return nil
	}
	q, err := c.customers(job, t, held, before)
	if err != nil {
		return err
	}
	d := q.width()
	score := make([]float64, q.features.Rows())
	for i := range score {
		score[i] = personas.Redeems(q.features.X[i*d : (i+1)*d])
	}
	f.HeldOut = []Figure{{"customers", float64(len(score))}}
	auc, err := stats.AUC(score, q.features.Reacted(q.log, after), 0.95)
	if err != nil {
		f.Warnings = append(f.Warnings, "too few of the customers held out reacted, or did not, for an AUC")
		return nil
	}
	f.HeldOut = append(f.HeldOut, Figure{"auc", auc.Value}, Figure{"auc_se", auc.StandardError})
	return nil
}
