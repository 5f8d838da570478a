package estimators

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/souk-sim/souk/market/journey"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/scenarios/field"
)

// Clickstream says where clicks are, and what a visit is.
type Clickstream struct {
	Reading
	Session  string `toml:"session" doc:"column of the session"`
	Customer string `toml:"customer" doc:"column of the visitor"`
	State    string `toml:"state" doc:"column of what was looked at: a page, a category, a step of the funnel"`
	Order    string `toml:"order_column" doc:"column of the click's number in its session"`
	Time     string `toml:"time" doc:"column of the click's time"`
	Gap      string `toml:"gap" doc:"pause after which a visitor's click begins a new session, as in 30m; left out: by the session column"`
}

// visits are sessions of a file.
type visits struct {
	states   []string
	paths    [][]int
	who      []int  // number of each session's visitor; nil: unknown
	open     []bool // sessions without an end in the log; nil: none
	dwell    []float64
	starts   []float64 // seconds since 1970-01-01
	gap      float64   // seconds; 0: sessions are the file's
	timed    bool      // dwell and starts are known, finer than a day
	visitors int       // 0: unknown
	words    string
	columns  map[string]string // role → column that was read
	warnings []string
}

// read reads the visits to fit on, and those of the visitors who are held out.
func (c *Clickstream) read(job Job) (fitted, held visits, err error) {
	wanted := []string{"session", "customer", "order", "time"}
	more := [][2]string{{"session", c.Session}, {"customer", c.Customer}, {"state", c.State}, {"order", c.Order}, {"time", c.Time}}
	var gap float64
	if c.Gap != "" {
		d, err := time.ParseDuration(c.Gap)
		if gap = d.Seconds(); err != nil || !(gap > 0) {
			return fitted, held, field.New("gap", fmt.Sprintf("%q", c.Gap), "a time above 0, as in 30m, 1800s or 1h")
		}
		if c.Session != "" {
			return fitted, held, field.New("gap", c.Gap, "a gap or a column of sessions, not both")
		}
		wanted = []string{"customer", "time"}
	}
	o := c.options(wanted, more...)
	log, err := logs.DecodeClicks(job.Data.Name, job.Data, job.Data.Size, o)
	if err != nil {
		return fitted, held, err
	}
	if !log.Sessions && gap == 0 {
		gap = 30 * 60
	}
	if gap > 0 && (log.Sessions || log.Time == nil || log.Daily) {
		return fitted, held, &field.Error{File: job.Data.Name, Found: "no times of day with the visitors", Expected: "a column of sessions, or times to cut them by"}
	}
	of := log.Visitor // by whom people are held out
	n := log.Visitors
	if log.Sessions && log.Customer != nil {
		of, n = make([]int32, len(log.Visitor)), log.Customers
		for i, v := range log.Visitor {
			of[i] = log.Customer[v]
		}
	}
	all, out := make([]int32, 0, len(of)), []int32(nil)
	if job.HeldOut > 0 {
		apart, err := heldOut(job, n, "visitors")
		if err != nil {
			return fitted, held, err
		}
		all, out = logs.RowsOf(of, apart)
	} else {
		for i := range of {
			all = append(all, int32(i))
		}
	}
	end := math.Inf(-1)
	for _, t := range log.Time {
		end = max(end, float64(t))
	}
	if day, ok := dayOf(c.End); ok {
		end = max(end, float64((day+1)*24*60*60))
	}
	cut := func(rows []int32) (visits, error) {
		if gap > 0 {
			return cutByGap(log, rows, gap, end)
		}
		v := asGiven(log, rows)
		if log.Customer != nil {
			for k, i := range rows {
				if k == 0 || log.Visitor[i] != log.Visitor[rows[k-1]] {
					v.who = append(v.who, int(of[i]))
				}
			}
		}
		return v, nil
	}
	if fitted, err = cut(all); err == nil {
		held, err = cut(out)
	}
	if err != nil {
		return fitted, held, inFile(job.Data, err)
	}
	fitted.columns, fitted.warnings = log.Report.Columns, append(findings(log.Report), fitted.warnings...)
	if !log.Sessions || log.Customer != nil {
		fitted.visitors = visitorsAmong(of, all)
	}
	fitted.words = fmt.Sprintf("%d clicks in %d sessions", len(all), len(fitted.paths))
	if fitted.visitors > 0 {
		fitted.words += fmt.Sprintf(" of %d visitors", fitted.visitors)
	}
	if gap > 0 {
		fitted.words += fmt.Sprintf(", cut where a visitor paused for more than %s", time.Duration(gap*1e9))
	}
	if len(fitted.paths) == 0 {
		return fitted, held, &field.Error{File: job.Data.Name, Found: "no session", Expected: "at least one"}
	}
	return fitted, held, nil
}

func visitorsAmong(of, rows []int32) (n int) {
	seen := map[int32]bool{}
	for _, i := range rows {
		seen[of[i]] = true
	}
	return len(seen)
}

// asGiven are the sessions of a file that has them; rows are sorted by session.
func asGiven(log logs.Clicks, rows []int32) (v visits) {
	v = visits{states: log.States, timed: log.Time != nil && !log.Daily}
	for k, i := range rows {
		if k == 0 || log.Visitor[i] != log.Visitor[rows[k-1]] {
			v.paths = append(v.paths, nil)
			if log.Time != nil {
				v.starts = append(v.starts, float64(log.Time[i]))
			}
		} else if v.timed {
			v.dwell = append(v.dwell, float64(log.Time[i]-log.Time[rows[k-1]]))
		}
		last := len(v.paths) - 1
		v.paths[last] = append(v.paths[last], int(log.State[i]))
	}
	return v
}

// cutByGap cuts sessions where visitors pause.
func cutByGap(log logs.Clicks, rows []int32, gap, end float64) (visits, error) {
	clicks := make([]journey.Click, len(rows))
	for k, i := range rows {
		clicks[k] = journey.Click{Visitor: int(log.Visitor[i]), Time: float64(log.Time[i]), State: int(log.State[i])}
	}
	sessions, report, err := journey.Sessions(clicks, gap, end)
	v := visits{states: log.States, gap: gap, timed: true}
	if len(rows) > 0 {
		v.warnings = report.Warnings
	}
	for _, s := range sessions {
		v.paths, v.open, v.starts = append(v.paths, s.States), append(v.open, s.Open), append(v.starts, s.Start)
		v.who = append(v.who, s.Visitor)
		v.dwell = append(v.dwell, s.Dwell...)
	}
	return v, err
}

// lengths are the clicks of the sessions that have an end.
func (v visits) lengths() []int {
	var n []int
	for i, p := range v.paths {
		if v.open == nil || !v.open[i] {
			n = append(n, len(p))
		}
	}
	return n
}

// fit is what all models of visits report alike.
func (v visits) fit(words string, e journey.Estimates) *Fit {
	return &Fit{Model: words, Data: v.words, Columns: v.columns, N: e.N, Customers: v.visitors, LogLik: e.LogLikelihood, Converged: e.Converged,
		Warnings: slices.Concat(e.Warnings, v.warnings)}
}

// lawCoefficients are a law's parameters.
func lawCoefficients(all []journey.Parameter) (c []Coefficient) {
	for _, p := range all {
		c = append(c, Coefficient{Name: p.Name, Estimate: p.Estimate, SE: p.SE})
	}
	return c
}

// savedJourney is models of visits, as journey.Load reads them.
func savedJourney(j journey.Journey) saved {
	return saved{func() ([]byte, error) { return journey.Save(j) }}
}

// givenJourney are models given by hand, once they are found right.
func givenJourney(j journey.Journey) (json.Marshaler, error) {
	if err := j.Check(); err != nil {
		return nil, asParameter(err)
	}
	return savedJourney(j), nil
}

// LawParameters give a law by hand.
type LawParameters struct {
	Law        string             `toml:"law" required:"true" doc:"its name"`
	Values     map[string]float64 `toml:"values" required:"true" doc:"its parameters, by their names"`
	Provenance string             `toml:"provenance" required:"true" doc:"where the numbers are from"`
}

// list gives the parameters in the order of the law's names.
func (p *LawParameters) list(names []string) (out []journey.Parameter) {
	known := slices.Clone(names)
	for name := range p.Values {
		if !slices.Contains(known, name) {
			known = append(known, name)
		}
	}
	slices.Sort(known[len(names):])
	for _, name := range known {
		if v, given := p.Values[name]; given {
			out = append(out, journey.Parameter{Name: name, Estimate: v})
		}
	}
	return out
}

// lawRow is a law beside others.
type lawRow struct {
	Law        string              `json:"law"`
	Parameters []journey.Parameter `json:"parameters"`
	LogLik     float64             `json:"loglik"`
	AIC        float64             `json:"aic"`
	BIC        float64             `json:"bic"`
	Converged  bool                `json:"converged"`
}

// lawTable is the laws in the order of their BIC.
func lawTable(title string, laws []lawRow) Table {
	t := Table{Title: title, Rows: [][]string{{"law", "log-likelihood", "BIC", "parameters"}}}
	for _, l := range laws {
		text := ""
		for i, p := range l.Parameters {
			if i > 0 {
				text += ", "
			}
			text += fmt.Sprintf("%s %.4g", p.Name, p.Estimate)
		}
		t.Rows = append(t.Rows, []string{l.Law, fmt.Sprintf("%.2f", l.LogLik), fmt.Sprintf("%.2f", l.BIC), text})
	}
	return t
}
