package backtest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/results/stats"
	"gonum.org/v1/gonum/stat/distuv"
)

// Result is the leaderboard.
type Result struct {
	Horizon  int      `json:"horizon"`
	Origins  []int    `json:"origins"`
	Coverage float64  `json:"interval"`           // nominal coverage of the intervals
	Scale    float64  `json:"scale"`              // that MASE is divided by, in the unit of the series
	ScaledBy string   `json:"scaled_by"`          // what Scale and that of RMSSE are, in words
	Untested string   `json:"untested,omitempty"` // why there are neither tests nor intervals
	Rows     []Row    `json:"models"`             // by MASE, those that failed at the end
	Warnings []string `json:"warnings,omitempty"`
}

// Row is one model's standing.
type Row struct {
	Name      string          `json:"name"`
	Failed    string          `json:"failed,omitempty"` // why there are no scores
	Overall   *Score          `json:"overall,omitempty"`
	ByHorizon []Score         `json:"by_horizon,omitempty"`    // [0] one period ahead
	Interval  *stats.Estimate `json:"mase_interval,omitempty"` // 95%, of MASE over origins; nil where they are too few
	Versus    *Test           `json:"versus_best,omitempty"`   // Diebold–Mariano on absolute scaled errors by origin; nil for the best and where origins are too few
	Seconds   float64         `json:"seconds,omitempty"`       // fitting and forecasting, if the plan has a clock
}

const level = 0.95

// score makes the leaderboard of what was forecast.
func (p *Plan) score(s demand.Series, candidates []Candidate, trials []trial) *Result {
	r := &Result{Horizon: p.Horizon, Origins: p.Origins, Coverage: p.Coverage}
	unit, constant := scaleOf(s.Values[:p.Origins[0]-s.Start], p.Season)
	if r.Scale = unit.absolute; constant {
		r.Warnings = append(r.Warnings, fmt.Sprintf("the series does not change before period %d: errors are in units of its level", p.Origins[0]))
	}
	r.ScaledBy = fmt.Sprintf("MASE by the mean absolute change over %s, RMSSE by the root mean squared change over 1 period, both of the values before period %d, the first origin",
		periods(max(1, p.Season)), p.Origins[0])
	if n, enough := len(p.Origins), max(2, 2*p.overlap(p.Horizon)-1); n < enough {
		r.Untested = fmt.Sprintf("no p-values and intervals: forecasts over %s from %d origins are too few that do not overlap; they need %d such origins, or 2 and more that lie %s apart",
			periods(p.Horizon), n, enough, periods(p.Horizon))
	}
	byOrigin := map[string][]float64{}
	for i, t := range trials {
		row := Row{Name: candidates[i].Name, Seconds: t.seconds}
		if t.err != nil {
			row.Failed = t.err.Error()
		} else if l := p.losses(s, unit, t.forecasts); l.over(0, 1).N == 0 {
			row.Failed = "no value was observed after any origin"
		} else {
			overall := l.over(0, 1)
			row.Overall = &overall
			for h := range p.Horizon {
				row.ByHorizon = append(row.ByHorizon, l.over(h, p.Horizon))
			}
			byOrigin[row.Name] = l.byOrigin()
			row.Interval = p.interval(overall.MASE, byOrigin[row.Name])
		}
		r.Rows = append(r.Rows, row)
	}
	slices.SortStableFunc(r.Rows, func(a, b Row) int { return cmp.Compare(rank(a), rank(b)) })
	for i := 1; i < len(r.Rows) && r.Rows[i].Failed == ""; i++ {
		if t, err := DieboldMariano(byOrigin[r.Rows[i].Name], byOrigin[r.Rows[0].Name], p.overlap(p.Horizon)); err == nil {
			r.Rows[i].Versus = &t
		}
	}
	return r
}

func periods(n int) string {
	if n == 1 {
		return "1 period"
	}
	return fmt.Sprintf("%d periods", n)
}

func rank(r Row) float64 {
	if r.Failed != "" {
		return math.Inf(1)
	}
	return r.Overall.MASE
}

// interval is Student's, of the mean over origins, with the long-run variance of the Diebold–Mariano test.
func (p *Plan) interval(mase float64, byOrigin []float64) *stats.Estimate {
	d := slices.DeleteFunc(slices.Clone(byOrigin), math.IsNaN)
	if h := p.overlap(p.Horizon); len(d) >= 2 && 2*h <= len(d)+1 {
		_, se := longRun(d, h)
		half := se * distuv.StudentsT{Sigma: 1, Nu: float64(len(d) - 1)}.Quantile((1+level)/2)
		return &stats.Estimate{Value: mase, StandardError: se, Low: mase - half, High: mase + half, Level: level}
	}
	return nil
}

// Best is the first model's row, nil where all failed.
func (r *Result) Best() *Row {
	if len(r.Rows) == 0 || r.Rows[0].Failed != "" {
		return nil
	}
	return &r.Rows[0]
}

// Text is the leaderboard as a table of at most 80 columns: the scores of each model, what they are, MASE by periods ahead, and why others
// failed. The p-values of the Diebold–Mariano test have a column where there are any.
func (r *Result) Text() string {
	tested := slices.ContainsFunc(r.Rows, func(row Row) bool { return row.Versus != nil })
	timed := slices.ContainsFunc(r.Rows, func(row Row) bool { return row.Seconds > 0 })
	rows := [][]string{{"", "MASE", "sMAPE", "RMSSE", "pinball", r.inside()}}
	if tested {
		rows[0] = append(rows[0], "p")
	}
	if timed {
		rows[0] = append(rows[0], "seconds")
	}
	ahead := r.shown()
	by := [][]string{{"MASE, periods ahead"}}
	for _, h := range ahead {
		by[0] = append(by[0], fmt.Sprint(h))
	}
	var failed strings.Builder
	for _, row := range r.Rows {
		if row.Failed != "" {
			fmt.Fprintf(&failed, "%s\n", wrapped(row.Name+" failed: "+row.Failed))
			continue
		}
		s, p := row.Overall, ""
		if row.Versus != nil {
			p = fmt.Sprintf("%.3f", row.Versus.PValue)
		}
		cells := []string{short(row.Name), fmt.Sprintf("%.3f", s.MASE), fmt.Sprintf("%.2f", s.SMAPE), fmt.Sprintf("%.3f", s.RMSSE), fmt.Sprintf("%.3f", s.Pinball),
			fmt.Sprintf("%.1f%%", 100*s.Coverage)}
		if tested {
			cells = append(cells, p)
		}
		if timed {
			cells = append(cells, fmt.Sprintf("%.2f", row.Seconds))
		}
		rows = append(rows, cells)
		line := []string{short(row.Name)}
		for _, h := range ahead {
			line = append(line, figure(row.ByHorizon[h-1]))
		}
		by = append(by, line)
	}
	text := ""
	if len(rows) > 1 {
		text = aligned(rows) + r.legend(len(rows) > 2, tested)
		if len(ahead) > 1 {
			text += "\n" + aligned(by)
		}
	}
	if r.Untested != "" && len(rows) > 1 {
		text += wrapped(r.Untested) + "\n"
	}
	return text + failed.String()
}

// inside heads the column of how many values the intervals hold.
func (r *Result) inside() string { return fmt.Sprintf("in %g%%", math.Round(1000*r.Coverage)/10) }

// legend says what is not plain from the table's head; several, that there are models to compare.
func (r *Result) legend(several, tested bool) string {
	text := wrapped(r.inside()+": share of the observed values inside that interval.") + "\n"
	switch {
	case tested:
		text += wrapped("p: of the Diebold–Mariano test that a model is as accurate as the first, by its errors from each origin.") + "\n"
	case several:
		text += wrapped(fmt.Sprintf("No Diebold–Mariano test against the first: %d origins are too few where forecasts go %d periods ahead.", len(r.Origins), r.Horizon)) + "\n"
	}
	return text
}

func figure(s Score) string {
	if s.N == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3f", s.MASE)
}

// shown are at most seven of the steps ahead, evenly from the first to the last.
func (r *Result) shown() (ahead []int) {
	const most = 7
	n := min(most, r.Horizon)
	for i := range n {
		ahead = append(ahead, 1+i*(r.Horizon-1)/max(1, n-1))
	}
	return ahead
}

// short cuts a name to what leaves room for seven figures in 80 columns.
func short(name string) string {
	const room = 26
	if r := []rune(name); len(r) > room {
		return string(r[:room-1]) + "…"
	}
	return name
}

// wrapped breaks a line between words at 80 columns.
func wrapped(text string) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > 80:
			b.WriteString("\n  ")
			column = 2
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

// aligned sets the first column left and the others right.
func aligned(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		line := ""
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line = cell + pad
			} else {
				line += "  " + pad + cell
			}
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}
