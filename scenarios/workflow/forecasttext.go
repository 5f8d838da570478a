package workflow

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market/demand/backtest"
	"github.com/souk-sim/souk/results/report"
)

// Text writes the summary: what was forecast, how the models compare, and what failed.
func (s *ForecastSummary) Text(w io.Writer) error {
	p := &page{}
	p.line("%d series, %d of them forecast", s.Series, s.Forecasted)
	p.line("")
	t := [][]string{{"model", "forecast", "failed"}}
	if s.Paired > 0 {
		t[0] = append(t[0], "MASE", "sMAPE", "RMSSE", fmt.Sprintf("in %g%%", 100*s.Coverage), "best in")
	}
	for _, m := range s.Models {
		row := []string{m.Model, fmt.Sprint(m.Forecasted), fmt.Sprint(m.Failed)}
		if s.Paired > 0 && m.Model != Best {
			row = append(row, fmt.Sprintf("%.3f", m.MASE), fmt.Sprintf("%.2f", m.SMAPE), fmt.Sprintf("%.3f", m.RMSSE), fmt.Sprintf("%.1f%%", 100*m.Covered), fmt.Sprint(m.Wins))
		}
		t = append(t, row)
	}
	p.WriteString(align(t))
	if s.Paired > 0 {
		p.section("", fmt.Sprintf("Scores are means over the back-tests of %d series, those on which every model has one; in %g%%: share of the values inside that interval.",
			s.Paired, 100*s.Coverage))
	}
	if u := s.Unconstrained; u != nil {
		p.section("sold out", u.String())
	}
	var data []string
	for _, r := range s.Findings {
		data = append(data, fmt.Sprintf("%s: %d in %d series, such as in %s: %s", r.Kind, r.Count, r.Series, r.ID, r.Example))
	}
	if len(data) > 0 {
		p.section("data", data...)
	}
	if s.Failed > 0 {
		var lines []string
		for _, r := range s.Reasons {
			who := strings.TrimSpace(r.Model + " on " + r.ID)
			if r.Model == "" {
				who = r.ID
			}
			lines = append(lines, fmt.Sprintf("%d × such as %s: %s", r.Count, who, r.Example))
		}
		p.section("failed", lines...)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

// Text writes the forecasts of one series, and how the models did in the back-test.
func (f *Forecasts) Text(w io.Writer, coverage float64) error {
	interval := f.Interval(coverage)
	p := &page{}
	if f.Backtest != nil {
		p.WriteString(f.Backtest.Text())
		p.line("")
	}
	for _, m := range f.Models {
		name := m.Model
		if m.Fitted != "" {
			name += ": " + m.Fitted
		}
		if m.Failed != "" {
			p.section("", name+" failed: "+m.Failed)
			continue
		}
		p.line("%s", name)
		if m.Model == Best {
			continue // its forecast stands above
		}
		t := [][]string{{"period", "median", "mean", interval}}
		for _, s := range m.Forecast {
			t = append(t, []string{s.Period, figure(float64(s.Median)), figure(float64(s.Mean)), figure(float64(s.Lo)) + " to " + figure(float64(s.Hi))})
		}
		p.WriteString(align(t))
		p.section("careful", warnings(m.Warnings)...)
		p.line("")
	}
	_, err := io.WriteString(w, strings.TrimRight(p.String(), "\n")+"\n")
	return err
}

// Interval names the intervals of a coverage.
func (f *Forecasts) Interval(coverage float64) string {
	return fmt.Sprintf("%g%% ", 100*coverage) + strings.TrimLeft(string(f.Intervals)+" interval", " ")
}

// Bands are the forecasts as a picture shows them, in the order of the back-test where there is one: so a model has the colour that it has in
// the leaderboard.
func (f *Forecasts) Bands() (bands []report.ForecastBand) {
	for i, m := range f.Models {
		r := f.results[i]
		if r == nil || m.Model == Best {
			continue
		}
		bands = append(bands, report.ForecastBand{Name: m.Model, Median: r.Median, Lo: r.Lo, Hi: r.Hi})
	}
	if f.Backtest != nil {
		rank := func(b report.ForecastBand) int {
			return slices.IndexFunc(f.Backtest.Rows, func(r backtest.Row) bool { return r.Name == b.Name })
		}
		slices.SortStableFunc(bands, func(a, b report.ForecastBand) int { return cmp.Compare(rank(a), rank(b)) })
	}
	return bands
}

// Leaderboard is the picture of the back-test; nil where there is none to see.
func (f *Forecasts) Leaderboard(y string) *report.Leaderboard {
	if f.Best == "" {
		return nil
	}
	caption := ""
	if barred(f.Backtest) {
		caption = "Bars: 95% intervals over origins."
	}
	return &report.Leaderboard{Title: "Which model forecasts " + y + " best", Score: "MASE (less is better)", Standings: standings(f.Backtest, f.Best),
		Subtitle: fmt.Sprintf("%s ahead from each of the last %s", plural(f.Backtest.Horizon, "period"), plural(len(f.Backtest.Origins), "origin")),
		Caption:  caption}
}

// barred says whether scores have intervals: where there are origins enough.
func barred(r *backtest.Result) bool {
	return slices.ContainsFunc(r.Rows, func(row backtest.Row) bool { return row.Interval != nil })
}

// standings are a back-test's models in a picture; the chosen one stands out.
func standings(r *backtest.Result, chosen string) (all []report.Standing) {
	for _, row := range r.Rows {
		if row.Failed != "" {
			continue
		}
		s := report.Standing{Estimate: report.Estimate{Name: row.Name, Value: row.Overall.MASE, Low: row.Overall.MASE, High: row.Overall.MASE, Learned: row.Name == chosen}}
		if row.Interval != nil {
			s.Low, s.High = row.Interval.Low, row.Interval.High
		}
		for _, by := range row.ByHorizon {
			s.Ahead = append(s.Ahead, by.MASE)
		}
		all = append(all, s)
	}
	return all
}
