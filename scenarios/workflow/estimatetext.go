package workflow

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/results/report"
)

// Text writes the page: what was fitted, its coefficients, its diagnostics, what to be careful about, and the forecast on the scale of
// the data. y names the series; label gives the words for a period.
func (e *Estimate) Text(w io.Writer, y string, label func(period int) string) error {
	p := &page{}
	m := e.Fitted
	p.line("%s of %s", e.Model, e.scaled(y))
	p.line("%d observed values, %d after differencing", e.N, e.NUsed)
	if len(e.Trace) > 0 {
		e.search(p)
	}
	if len(e.Coefficients) > 0 {
		p.line("")
		p.WriteString(e.estimates())
	}
	p.section("fit", fmt.Sprintf("σ² %.6g by maximum likelihood, log-likelihood %.4f, AIC %.2f, AICc %.2f, BIC %.2f", m.Sigma2, m.LogLik, m.AIC, m.AICc, m.BIC))
	p.section("residual", e.diagnosis()...)
	p.section("careful", warnings(e.Warnings)...)
	if e.bounds != nil {
		p.line("")
		p.WriteString(e.table(label))
		if e.Transform != "" {
			p.section("", "The forecast is on the scale of the data: the mean is not the median, which is in the middle of the interval on the transformed scale.")
		}
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// scaled names the series on the scale of the model.
func (e *Estimate) scaled(y string) string {
	switch {
	case e.Transform == "":
		return y
	case e.Lambda != nil:
		return fmt.Sprintf("box-cox %.4f %s", *e.Lambda, y)
	}
	return e.Transform + " " + y
}

// search is the trace of the automatic choice, in the order of trying, and why models were refused.
func (e *Estimate) search(p *page) {
	t := [][]string{{"tried", "AICc"}}
	var why []string
	for _, c := range e.Trace {
		cell := strconv.FormatFloat(float64(c.AICc), 'f', 3, 64)
		if c.Refused != "" {
			cell = "refused"
			if !slices.Contains(why, c.Refused) {
				why = append(why, c.Refused)
			}
		}
		t = append(t, []string{c.Model, cell})
	}
	p.line("")
	p.WriteString(align(t))
	p.section("refused", why...)
}

func (e *Estimate) estimates() string {
	t := [][]string{{"", "estimate", "s.e.", "t", "95% interval"}}
	for _, c := range e.Coefficients {
		b, se := float64(c.Estimate), float64(c.SE)
		row := []string{c.Name, figure(b)}
		switch {
		case c.Fixed:
			row = append(row, "fixed", "", "")
		case math.IsNaN(se):
			row = append(row, "–", "–", "–")
		default:
			row = append(row, figure(se), fmt.Sprintf("%.1f", b/se), figure(b-1.96*se)+" to "+figure(b+1.96*se))
		}
		t = append(t, row)
	}
	return align(t)
}

func (e *Estimate) diagnosis() []string {
	lb, jb := float64(e.LjungBox.PValue), float64(e.JarqueBera.PValue)
	return []string{
		fmt.Sprintf("Ljung–Box over %d lags %.2f, p %.3f: %s", e.LjungBox.Lags, float64(e.LjungBox.Statistic), lb,
			verdict(lb, "no sign of autocorrelation", "autocorrelated: the model leaves something out")),
		fmt.Sprintf("Jarque–Bera %.2f, p %.3f: %s", float64(e.JarqueBera.Statistic), jb, verdict(jb, "no sign that they are not normal", "not normal: the intervals are rough")),
	}
}

// verdict says what a test at 5% does.
func verdict(p float64, accepts, rejects string) string {
	switch {
	case math.IsNaN(p):
		return "too few residuals to tell"
	case p < 0.05:
		return rejects
	}
	return accepts
}

func (e *Estimate) table(label func(int) string) string {
	t := [][]string{{"period", "median", "mean", "95% interval"}}
	f := e.bounds
	for i := range f.Mean {
		t = append(t, []string{label(f.Start + i), figure(f.Median[i]), figure(f.Mean[i]), figure(f.Lo[i]) + " to " + figure(f.Hi[i])})
	}
	return align(t)
}

// figure writes a number with about five digits that count.
func figure(x float64) string {
	if math.IsNaN(x) {
		return "–"
	}
	text := strconv.FormatFloat(x, 'g', 5, 64)
	if a := math.Abs(x); a >= 1e5 && a < 1e15 {
		text = thousands(x, "")
	}
	return strings.Replace(text, "-", "−", 1)
}

// Picture is the forecast after the history.
func (e *Estimate) Picture(s *Subject, x, y string) *report.ForecastPlot {
	return &report.ForecastPlot{Title: e.scaled(y) + ": " + e.Model, Subtitle: fmt.Sprintf("%d observed values; the forecast's median and 95%% interval", e.N),
		X: x, Y: y, Start: s.Series.Start, History: s.Series.Values, Label: s.Label,
		Forecasts: []report.ForecastBand{{Name: e.Model, Median: e.bounds.Median, Lo: e.bounds.Lo, Hi: e.bounds.Hi}}}
}

// ResidualPicture is what the model leaves.
func (e *Estimate) ResidualPicture(s *Subject, y string) *report.Residuals {
	r := &report.Residuals{Title: "Residuals of " + e.Model, Subtitle: "of " + e.scaled(y), X: "period", Label: s.Label, Y: "residual", Values: e.Fitted.Residuals,
		ACF: e.left.ACF, PACF: e.left.PACF, Bound: e.left.Bound}
	for i := range r.Values {
		r.Time = append(r.Time, float64(s.Series.Start+i))
	}
	return r
}
