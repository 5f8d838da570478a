package workflow

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/results/stats"
)

// Leave takes the turn and leaves a run: loop.json, report.txt, the page, the refitted models and the candidate's bundle in policy/, signed where there is a key. The
// digests of log and champion are part of the run's identity, its scenario's canonical form too.
func (t *Turn) Leave(ctx context.Context, r *Run, digest string, key ed25519.PrivateKey) (*Verdict, error) {
	document := fmt.Appendf(nil, "# souk loop of log %s, champion %s, clock %s\n", digest, t.Champion.Manifest.Revision, cmp.Or(t.Clock, "periods"))
	if t.Patience > 0 {
		document = fmt.Appendf(document, "# patience %g\n", t.Patience)
	}
	if _, err := t.open(); err != nil { // before there is a folder
		return nil, err
	}
	if _, err := t.unit(); err != nil {
		return nil, err
	}
	run, err := r.Store.Open(t.Scenario.Name+"-loop", append(document, t.Scenario.Canonical()...), r.Options)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	v, err := t.Do(ctx)
	if err != nil {
		return nil, errors.Join(err, run.Discard())
	}
	v.RunID, v.Log, v.Digest, v.Command = run.ID, last(t.Log.File, 1), digest, t.command()
	if key != nil {
		if v.Files["manifest.sig"], err = bundle.Sign(v.Files, key); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.Files)) {
		if err := run.WriteFile("policy/"+name, v.Files[name]); err != nil {
			return nil, err
		}
	}
	if err := writeJSON(run, "models/choice-refitted.json", v.Refit.Tastes); err != nil {
		return nil, err
	}
	if err := writeJSON(run, "loop.json", v); err != nil {
		return nil, err
	}
	if err := run.Write("report.txt", func(w io.Writer) error { _, err := io.WriteString(w, v.Text()); return err }); err != nil {
		return nil, err
	}
	if err := r.leaveReport(run); err != nil {
		return nil, err
	}
	v.Dir = run.Dir
	return v, run.Finish(r.Build)
}

// command is what takes the turn again, but for the scenario.
func (t *Turn) command() string {
	text := "--log " + quoted(last(t.Log.File, 1)) + " --champion CHAMPION"
	if t.Clock != "" && t.Clock != "periods" {
		text += " --clock " + t.Clock
	}
	if t.Patience > 0 {
		text += fmt.Sprintf(" --patience %g", t.Patience)
	}
	return text
}

// Text is the verdict as text of at most 100 columns.
func (v *Verdict) Text() string {
	p := &page{}
	of := sumOf
	p.line("%s: %s", v.Scenario, v.headline())
	if g, whence := v.headlineGain(); !v.Bench.Alike {
		p.section("", fmt.Sprintf("%s a %s over the champion (%.0f%% interval %s to %s), %s", dollarsMore(g.Value), v.Period, 100*g.Level, dollarsMore(g.Low), dollarsMore(g.High), whence))
	}
	p.section("", v.Because...)
	stands := [][]string{{"gate", "", "rests on"}}
	for i := range v.Gates {
		stands = append(stands, []string{v.Gates[i].Gate, v.Gates[i].stands(), v.Gates[i].Rests})
	}
	p.line("\n%s", strings.TrimRight(align(stands), "\n"))
	w := &v.Window
	told := []string{fmt.Sprintf("%s decisions of %s, of which %s have an outcome; %s visitors", ofSoMany(w.Decisions), w.span(), ofSoMany(w.Told), thousands(w.Visitors, "")),
		fmt.Sprintf("%s are the champion's (%s), which explored in %.1f%% of them", ofSoMany(w.Champions), beginning(v.Champion.Revision), 100*w.Explored)}
	if w.Explored > 0 {
		e := v.Bench.Exploring
		told = append(told, fmt.Sprintf("exploring costs it %s a %s in the refitted market (%s to %s)%s", of(e.Value), v.Period, of(e.Low), of(e.High),
			map[bool]string{true: ": what it tries is better than what it does"}[e.Value < 0]))
	}
	p.section("log", told...)
	var drift []string
	for i := range v.Drift {
		drift = append(drift, map[bool]string{true: "! ", false: "  "}[v.Drift[i].Moved]+v.Drift[i].Says)
	}
	if len(drift) > 0 {
		p.section("drift", append([]string{"the newer half of the window against the older one:"}, drift...)...)
	}
	r := v.Refit
	rows := [][]string{{"", "refitted", "s.e.", "scenario"}}
	for _, c := range r.Compared {
		was := "–"
		if c.Scenario != nil {
			was = fmt.Sprintf("%.4f", *c.Scenario)
		}
		se := "held"
		if c.SE > 0 {
			se = fmt.Sprintf("%.4f", c.SE)
		}
		rows = append(rows, []string{c.Name, fmt.Sprintf("%.4f", c.Estimate), se, was})
	}
	rows = append(rows, []string{"visitors a " + v.Period, fmt.Sprintf("%.1f", r.Visitors), "", fmt.Sprintf("%.1f", r.Were)})
	p.section("refit", r.forgets(v.Period))
	p.line("\n%s", strings.TrimRight(align(rows), "\n"))
	b := v.Bench
	p.section("bench", fmt.Sprintf("%s, each of another market that is as plausible by the log; %s, means with %.0f%% intervals of the simulation, which do not tell which market is the true one", plural(b.Paths, "path"), v.Unit, 100*b.Level))
	rows = [][]string{{"", "mean", "simulation error"}}
	for _, row := range b.rows() {
		rows = append(rows, []string{row.name, of(row.Value), of(row.Low) + " to " + of(row.High)})
	}
	p.line("\n%s", strings.TrimRight(align(rows), "\n"))
	p.line("the candidate earns more in %.0f%% of the plausible markets", 100*b.Better)
	if x := v.Crossed; len(x.Halves) > 0 && x.Halves[0].policy != nil {
		p.line("learned from one half of the log and judged by the other: %s a %s more than the champion (%s to %s)", of(x.Gain.Value), v.Period, of(x.Gain.Low), of(x.Gain.High))
	}
	p.section("by log", v.ByLog.sentence(0))
	if len(v.Apart) > 0 {
		rows = [][]string{{"state", "share", "champion", "candidate"}}
		for _, a := range v.Apart {
			rows = append(rows, []string{a.State, fmt.Sprintf("%.1f%%", 100*a.Weight), a.Champion, a.Candidate})
		}
		p.section("apart", "where the two decide otherwise, by what the champion's training saw:")
		p.line("\n%s", strings.TrimRight(align(rows), "\n"))
	}
	if notes := slices.Concat(r.Notes, v.Notes); len(notes) > 0 {
		p.section("notes", notes...)
	}
	return strings.TrimRight(p.String(), "\n") + "\n"
}

// headline says what is to be done.
func (v *Verdict) headline() string {
	if v.Promote {
		return v.decision() + " the candidate, " + beginning(v.Candidate.Revision)
	}
	return v.decision() + " the champion, " + beginning(v.Champion.Revision)
}

// decision is the headline in a word.
func (v *Verdict) decision() string {
	return map[bool]string{true: "PROMOTE", false: "KEEP"}[v.Promote]
}

// headlineGain is what a candidate earns more than the champion, and of what that is told: of the one true market where the log can be halved, as the gate has it, for the mean
// over drawn markets is sure of itself beyond what the log knows.
func (v *Verdict) headlineGain() (stats.Estimate, string) {
	if x := v.Crossed; len(x.Halves) > 0 && x.Gain.Level > 0 {
		return x.Gain, "learned from one half of the log and judged by the other"
	}
	return v.Bench.Gain, "mean over markets that the log leaves open, with the error of the simulation alone"
}

// ofSoMany is a count, with commas.
func ofSoMany(n int) string {
	if n < 10 {
		return fmt.Sprint(n)
	}
	return thousands(float64(n), "")
}

// dollarsMore is a number of dollars with its sign.
func dollarsMore(x float64) string { return inDollars(minus(fmt.Sprintf("%+.4g", x))) }

// forgets says how old choices count.
func (r *Refit) forgets(period string) string {
	if r.HalfLife == 0 {
		return "tastes: a logit of what was counted, all of the window alike"
	}
	return fmt.Sprintf("tastes: a logit of what was counted, which counts half for every %.3g %ss of its age: so the newest choices are foretold best", r.HalfLife, period)
}

// named is an estimate with what it is of.
type named struct {
	name string
	stats.Estimate
}

// rows are the estimates of a duel.
func (d *Duel) rows() []named {
	all := []named{{"champion", d.Champion}, {"candidate", d.Candidate}, {"candidate − champion", d.Gain}}
	if d.Exploring.Level > 0 {
		all = append(all, named{"cost of exploring", d.Exploring})
	}
	return all
}

// sumOf is a number of dollars.
func sumOf(x float64) string { return inDollars(minus(fmt.Sprintf("%.4g", x))) }

// sentence is a clause as a sentence.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }
