package workflow

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/report/web"
	"github.com/souk-sim/souk/results/stats"
)

// loopPage is the page of a turn of the loop.
func loopPage(f *RunFiles) (*web.Page, error) {
	var v Verdict
	if _, err := f.json("loop.json", &v); err != nil {
		return nil, err
	}
	s, err := f.scenario()
	if err != nil {
		return nil, err
	}
	g, whence := v.headlineGain()
	page := &web.Page{Title: v.Scenario, Kind: "Turn of the loop " + f.ID, Question: "Should the candidate take the champion's place?", Names: []string{"candidate", "champion", "as logged"}}
	page.Answer = web.Answer{Figure: dollarsMore(g.Value), Interval: fmt.Sprintf("%.0f%% interval %s to %s", 100*g.Level, dollarsMore(g.Low), dollarsMore(g.High)),
		Of: v.decision() + ": " + v.Unit[:len(v.Unit)-len(", $")] + " of the candidate, over the champion's, " + whence, Words: append([]string{map[bool]string{true: "Promote the candidate.", false: "Keep the champion."}[v.Promote]}, v.Because...)}
	page.Sections = append(page.Sections, v.gatesSection(), v.logSection())
	if len(v.Drift) > 0 {
		page.Sections = append(page.Sections, v.driftSection())
	}
	page.Sections = append(page.Sections, v.refitSection(), v.benchSection(), v.byLogSection())
	if len(v.Apart) > 0 {
		page.Sections = append(page.Sections, v.apartSection())
	}
	if notes := slices.Concat(v.Refit.Notes, v.Notes); len(notes) > 0 {
		page.Sections = append(page.Sections, web.Section{ID: "notes", Title: "Notes", Blocks: []web.Block{web.List(notes)}})
	}
	facts := web.Facts{{Name: "Log", Value: v.Log + ", SHA-256 " + v.Digest}, {Name: "Champion", Value: v.Champion.Name + ", revision " + v.Champion.Revision},
		{Name: "Candidate", Value: v.Candidate.Name + ", revision " + v.Candidate.Revision}}
	page.Sections = append(page.Sections, f.reproduction(s, "loop "+f.given(s)+" "+v.Command, facts...))
	return page, nil
}

func (v *Verdict) gatesSection() web.Section {
	t := web.Table{Columns: []web.Column{{Name: "gate"}, {Name: "met"}, {Name: "rests on"}, {Name: "because"}}, Note: "A candidate is promoted when no gate is unmet. What the log does not tell is not held against it: then simulation alone speaks for it. Gates stand in the scenario's [loop.gates], before any log is seen."}
	for _, g := range v.Gates {
		t.Rows = append(t.Rows, []web.Cell{web.Word(g.Gate), web.Word(g.stands()), web.Word(g.Rests), web.Word(g.Because)})
	}
	return web.Section{ID: "gates", Title: "Gates", Blocks: []web.Block{t}}
}

func (v *Verdict) logSection() web.Section {
	w, e := &v.Window, v.Bench.Exploring
	span := w.span()
	if w.FirstDay == "" {
		span += " of the log's clock"
	}
	facts := web.Facts{{Name: "Window", Value: span},
		{Name: "Decisions", Value: fmt.Sprintf("%s, of which %s have an outcome", ofSoMany(w.Decisions), ofSoMany(w.Told))},
		{Name: "Visitors", Value: thousands(w.Visitors, "")}, {Name: "Reward", Value: inDollars(thousands(w.Profit, ""))},
		{Name: "Of the champion", Value: fmt.Sprintf("%s, of which %.1f%% explored", ofSoMany(w.Champions), 100*w.Explored)}}
	if w.Explored > 0 {
		facts = append(facts, web.Fact{Name: "Cost of exploring", Value: fmt.Sprintf("%s a %s in the refitted market (%s to %s), which buys what the log can tell of other prices", sumOf(e.Value), v.Period, sumOf(e.Low), sumOf(e.High))})
	}
	return web.Section{ID: "log", Title: "The log", Blocks: []web.Block{facts}}
}

func (v *Verdict) driftSection() web.Section {
	t := web.Table{Columns: []web.Column{{Name: "of"}, {Name: "moved"}, {Name: "says"}},
		Note: fmt.Sprintf("The newer half of the window against the older one. Stability: the population stability index, against what chance alone exceeds with probability %g, divided among features; decisions that hang together alarm more often, and what a policy asks moves what it sees. Forecast errors: the CUSUM scheme of Page (1954), self-starting (Hawkins 1987), which alarms falsely in about one of %.0f windows of periods that are independent.", driftFalse, 1/driftFalse)}
	blocks := []web.Block{}
	for i := range v.Drift {
		d := &v.Drift[i]
		t.Rows = append(t.Rows, []web.Cell{web.Word(d.Of), web.Word(map[bool]string{true: "yes", false: "no"}[d.Moved]), web.Word(d.Says)})
		if d.CUSUM == nil || len(d.Periods) < 2 {
			continue
		}
		name := map[string]string{"visitors": "visitors a " + v.Period, "choices": "purchases a " + v.Period + ", all units together"}[d.Of]
		x, axis := v.Window.since(d.Periods, v.Period)
		c := web.Lines{Title: "Drift of " + d.Of, Caption: "What was seen in the newer half of the window, and what was foretold by all that came before.", X: web.Axis{Name: axis, Whole: true}, Y: web.Axis{Name: name},
			Series: []web.Series{{Name: "seen", X: x, Y: d.Observed}, {Name: "foretold", X: x, Y: d.Expected, Quiet: true}}}
		if d.Moved {
			c.Shades = []web.Shade{{From: x[d.Alarm.Since], To: x[len(x)-1], Name: "since the shift, as found"}}
		}
		blocks = append(blocks, c)
	}
	return web.Section{ID: "drift", Title: "Drift", Blocks: append([]web.Block{t}, blocks...)}
}

// since are periods of the log as they stand on an axis: where the window has dates, from its first on.
func (w *Window) since(periods []float64, period string) (x []float64, axis string) {
	if w.FirstDay == "" {
		return periods, period + " of the log"
	}
	for _, p := range periods {
		x = append(x, p-math.Floor(w.From))
	}
	return x, period + " since " + w.FirstDay
}

func (v *Verdict) refitSection() web.Section {
	r := v.Refit
	t := web.Table{Columns: []web.Column{{Name: "coefficient"}, {Name: "refitted", Kind: web.Estimates}, {Name: "scenario", Kind: web.Numbers}},
		Note: "asc_NAME: utility of a product for nothing; price: of a dollar. 95% intervals by the sandwich over offers; one without was held, because nobody tells how many took it. Scenario: the one taste that is nearest to its personas at the seller's offers."}
	for _, c := range r.Compared {
		was, estimate := web.Number(math.NaN()), web.Interval(c.Estimate, math.NaN(), math.NaN())
		if c.SE > 0 {
			estimate = web.Interval(c.Estimate, c.Estimate-1.96*c.SE, c.Estimate+1.96*c.SE)
		}
		if c.Scenario != nil {
			was = web.Number(*c.Scenario)
		}
		t.Rows = append(t.Rows, []web.Cell{web.Word(c.Name), estimate, was})
	}
	facts := web.Facts{{Name: "Tastes", Value: r.forgets(v.Period)}, {Name: "Choices", Value: fmt.Sprintf("%s, log-likelihood %.5g a choice", thousands(float64(r.Tastes.N), ""), r.Tastes.LogLik/float64(r.Tastes.N))},
		{Name: "Visitors a " + v.Period, Value: fmt.Sprintf("%.1f; the scenario has %.1f", r.Visitors, r.Were)}}
	blocks := []web.Block{facts, t}
	if len(r.Tried) > 0 {
		half := web.Table{Caption: "How well the newest choices are foretold from older ones that are forgotten so fast", Columns: []web.Column{{Name: "half-life, " + v.Period + "s"}, {Name: "log-likelihood a choice", Kind: web.Numbers, Format: written(5)}}}
		for _, o := range r.Tried {
			name := "none"
			if o.HalfLife > 0 {
				name = fmt.Sprintf("%.3g", o.HalfLife)
			}
			half.Rows = append(half.Rows, []web.Cell{web.Word(name), web.Number(o.LogLik)})
		}
		blocks = append(blocks, half)
	}
	return web.Section{ID: "refit", Title: "The refitted market", Blocks: blocks}
}

func (v *Verdict) benchSection() web.Section {
	b := v.Bench
	c := web.Intervals{Title: "On the same shoppers", X: web.Axis{Name: v.Unit}, Caption: fmt.Sprintf("Means over %s, each of another market that is as plausible by the log; bars: %.0f%% of what simulating so few leaves open, and not of which market is the true one.", plural(b.Paths, "path"), 100*b.Level),
		Rows: []web.Estimate{bar("candidate", b.Candidate, true), bar("champion", b.Champion, false)}}
	t := web.Table{Columns: []web.Column{{Name: ""}, {Name: v.Unit, Kind: web.Estimates}}, Note: fmt.Sprintf("Differences are paired, path by path. Intervals are of simulation alone: what the log leaves open is in that of the gate. The candidate earns more in %.0f%% of the plausible markets.", 100*b.Better)}
	for _, row := range b.rows() {
		t.Rows = append(t.Rows, []web.Cell{web.Word(row.name), cellOf(&row.Estimate)})
	}
	words := web.Text{fmt.Sprintf("The candidate is %s, seed %d; it %s.", v.Candidate.Agent, v.Candidate.Seed, map[bool]string{true: "began with the champion's values", false: "learned from nothing"}[v.Candidate.Warm])}
	return web.Section{ID: "bench", Title: "Candidate against champion", Blocks: []web.Block{words, c, t}}
}

func (v *Verdict) byLogSection() web.Section {
	l := v.ByLog
	c := web.Intervals{Title: "By the log", X: web.Axis{Name: "reward of a decision, $"}, Caption: "What either policy would have earned at the observations that were logged, each decision by itself.", Rows: []web.Estimate{bar("as logged", l.Logged, false)}}
	for _, row := range []struct {
		name string
		of   *stats.Estimate
	}{{"champion", l.Champion}, {"candidate", l.Candidate}} {
		if row.of != nil {
			c.Rows = append(c.Rows, bar(row.name, *row.of, row.name == "candidate"))
		}
	}
	return web.Section{ID: "by-the-log", Title: "What the log says of both", Blocks: []web.Block{web.Text{sentence(l.sentence(0))}, c}}
}

func (v *Verdict) apartSection() web.Section {
	t := web.Table{Columns: []web.Column{{Name: "state"}, {Name: "share, %", Kind: web.Numbers, Format: written(1)}, {Name: "champion"}, {Name: "candidate"}}, Note: "Shares are of what the champion's training saw; the heaviest states first."}
	for _, a := range v.Apart {
		t.Rows = append(t.Rows, []web.Cell{web.Word(a.State), web.Number(100 * a.Weight), web.Word(a.Champion), web.Word(a.Candidate)})
	}
	return web.Section{ID: "apart", Title: "Where they decide otherwise", Blocks: []web.Block{t}}
}
