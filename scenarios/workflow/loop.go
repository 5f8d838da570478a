package workflow

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// Turn is one turn of the loop: from a champion and the log of its decisions and what came of them to a candidate, and whether it should take the champion's place.
//
// How many come and what they take is fitted to the newest window of the log (Refit); agents learn in the market of that fit, beginning with the champion's values;
// what they learned and the champion are played against the same shoppers in markets that are as plausible by the log; and the log is asked what either would have
// earned. Who is promoted is decided by gates that are set beforehand.
type Turn struct {
	Scenario *scenarios.Scenario // an open market: what the log does not tell is its
	Champion *bundle.Bundle
	Log      *decisionlog.Log // with outcomes; warnings of the refit name its lines
	Clock    string           // in what the log counts time: one of Clocks; "": periods
	Patience float64          // with which it was read (decisionlog.Options)
	Workers  int              // 0: all processors; results do not depend on it
	Watch    func(Progress)   // called by one goroutine at a time; nil for none
}

// Verdict is what a turn came to: loop.json.
type Verdict struct {
	RunID     string      `json:"run_id,omitempty"`
	Scenario  string      `json:"scenario"`
	Question  string      `json:"question,omitempty"`
	Period    string      `json:"period"`
	Unit      string      `json:"unit"` // of scores
	Promote   bool        `json:"promote"`
	Because   []string    `json:"because"` // in sentences
	Gates     []LoopGate  `json:"gates"`
	Champion  Contender   `json:"champion"`
	Candidate Contender   `json:"candidate"`
	Window    Window      `json:"window"`
	Refit     *Refit      `json:"refit"`
	Drift     []DriftTest `json:"drift,omitempty"` // the newer half of the window against the older one
	Bench     *Duel       `json:"bench"`
	Crossed   *Crossed    `json:"cross_fit"`
	ByLog     *Retrospect `json:"by_the_log"`
	Apart     []Apart     `json:"decided_apart,omitempty"` // where the two decide otherwise, the heaviest first
	Notes     []string    `json:"notes,omitempty"`         // what a reader should not forget
	Log       string      `json:"log,omitempty"`
	Digest    string      `json:"log_sha256,omitempty"`
	Command   string      `json:"command,omitempty"` // that takes the turn again, but for the scenario

	Policy *bundle.Bundle `json:"-"` // the candidate
	Files  bundle.Memory  `json:"-"` // of its bundle
	Dir    string         `json:"-"` // of the run
}

// Apart is a state in which champion and candidate make different offers.
type Apart struct {
	State     string  `json:"state"`
	Weight    float64 `json:"weight"` // share of what the champion's training saw
	Champion  string  `json:"champion"`
	Candidate string  `json:"candidate"`
}

// LoopGate is what a candidate had to pass.
type LoopGate struct {
	Gate    string `json:"gate"` // decisions, guardrails, gain or loss
	Rests   string `json:"rests_on"`
	Met     bool   `json:"met"`
	Untold  bool   `json:"untold,omitempty"` // the log does not tell, and the gate stands open
	Because string `json:"because"`          // in a sentence
}

// What a gate rests on.
const (
	restsOnLog    = "the log"
	restsOnProof  = "a proof over the policy's own table"
	restsOnMarket = "simulation, in markets drawn from the refit"
)

// stands is whether a gate is met, in a word or two.
func (g *LoopGate) stands() string {
	switch {
	case g.Untold:
		return "the log does not tell"
	case g.Met:
		return "met"
	}
	return "not met"
}

// Contender is one of the two policies of a turn.
type Contender struct {
	Name     string `json:"name"`
	Agent    string `json:"agent,omitempty"`
	Seed     int64  `json:"seed,omitempty"`
	Revision string `json:"revision"`
	Warm     bool   `json:"warm_start,omitempty"` // it began with the champion's values
}

// Window is what of the log counts.
type Window struct {
	From      float64 `json:"from"` // periods, of the log's clock
	To        float64 `json:"to"`
	FirstDay  string  `json:"first_day,omitempty"` // of both, where the clock counts seconds since 1970, as a service's does
	LastDay   string  `json:"last_day,omitempty"`
	Decisions int     `json:"decisions"`
	Told      int     `json:"with_outcome"`
	Champions int     `json:"of_the_champion"`
	Visitors  float64 `json:"visitors"`
	Profit    float64 `json:"reward"`      // of the decisions with an outcome
	Explored  float64 `json:"exploration"` // probability with which the champion's decisions explored, as they tell, or else by their propensities
}

// Duel is the champion and the candidate on the same shoppers, path by path each of another market that is as plausible by the log. Scores are the seller's, $ a
// period.
type Duel struct {
	Paths     int            `json:"paths"`
	Level     float64        `json:"level"`
	Champion  stats.Estimate `json:"champion"`
	Candidate stats.Estimate `json:"candidate"`
	Gain      stats.Estimate `json:"gain"`              // candidate − champion, paired
	Better    float64        `json:"probability"`       // share of the plausible markets in which the candidate earns more, ties one half
	Exploring stats.Estimate `json:"cost_of_exploring"` // champion − champion as it explored, paired
	Alike     bool           `json:"alike"`             // both decide the same in every state that the champion has seen
}

// Do takes the turn. The result does not depend on the number of workers. The error is a *field.Error where scenario, champion and log do not go together.
func (t *Turn) Do(ctx context.Context) (*Verdict, error) {
	loop := t.Scenario.Loop
	if loop == nil {
		usual := scenarios.UsualLoop()
		loop = &usual
	}
	if t.Workers == 0 {
		t.Workers = runtime.GOMAXPROCS(0)
	}
	b, err := t.open()
	if err != nil {
		return nil, err
	}
	if says := t.Log.OnlySales(); says != "" {
		return nil, field.New("--log", says, "outcomes of those who bought nothing as well: "+decisionlog.UntoldSales)
	}
	r := &Run{Scenario: t.Scenario, Workers: t.Workers, Watch: t.Watch}
	r.tell(Progress{Stage: "fit", Total: 1})
	if err := b.Fit(ctx, t.Workers, r.counting("fit")); err != nil {
		return nil, err
	}
	unit, err := t.unit()
	if err != nil {
		return nil, err
	}
	l, err := b.books(t.Log, float64(loop.Window), unit)
	if err != nil {
		return nil, err
	}
	v := &Verdict{Scenario: t.Scenario.Name, Question: t.Scenario.Question, Period: t.Scenario.Time.Period, Unit: aPeriod(t.Scenario), Champion: contenderOf(t.Champion)}
	v.Window = t.window(l)
	if v.Drift, v.Notes, err = b.drift(l, t.Champion.Policy); err != nil {
		return nil, err
	}
	v.Crossed = b.split(l, float64(loop.Window))
	if v.Refit, err = b.refit(l, float64(loop.Window)); err != nil {
		return nil, err
	}
	school, err := b.plausible(ctx, v.Refit.Tastes, refitLearned)
	if err != nil {
		return nil, err
	}
	if v.Policy, v.Candidate.Warm, err = t.learn(ctx, b, school); err != nil {
		return nil, err
	}
	m := &v.Policy.Manifest
	v.Candidate.Name, v.Candidate.Agent, v.Candidate.Seed = m.Name, m.Agent, m.Seed
	likely, err := b.plausible(ctx, v.Refit.Tastes, refitJudged)
	if err != nil {
		return nil, err
	}
	if v.Bench, err = t.duel(ctx, likely, r, v, loop.Gates.Level); err != nil {
		return nil, err
	}
	if v.Crossed.Refused == "" && !v.Bench.Alike {
		if err := t.cross(ctx, b, v.Crossed, leastGain(&loop.Gates, v.Bench), loop.Gates.Level); err != nil {
			return nil, err
		}
	}
	if v.ByLog, err = t.heldBack(l, likely, v.Policy, v.Crossed, loop.Gates.Level); err != nil {
		return nil, err
	}
	t.judge(v, &loop.Gates)
	return v, t.write(v)
}

// Clocks are what a log may count time in, and how many days each is: 0 of periods, which are the scenario's.
func Clocks() []Clock {
	return []Clock{{"periods", 0}, {"seconds", 1.0 / 86400}, {"minutes", 1.0 / 1440}, {"hours", 1.0 / 24}, {"days", 1}}
}

// Clock is a unit of time.
type Clock struct {
	Name string
	Days float64
}

// Window is how much of a log the turn looks at, in the log's time; 0: all. The error is a *field.Error where nobody knows the clock.
func (t *Turn) Window() (float64, error) {
	unit, err := t.unit()
	if err != nil {
		return 0, err
	}
	loop := scenarios.UsualLoop()
	if t.Scenario.Loop != nil {
		loop = *t.Scenario.Loop
	}
	return float64(loop.Window) / unit, nil
}

// unit is how many periods one of the log's time is.
func (t *Turn) unit() (float64, error) {
	var names []string
	period := (scenarios.Span{N: 1, Unit: t.Scenario.Time.Period}).Days()
	for _, c := range Clocks() {
		days := c.Days
		if days == 0 {
			days = period
		}
		if c.Name == t.Clock || t.Clock == "" {
			return days / period, t.plausible(c.Name, days)
		}
		names = append(names, c.Name)
	}
	return 0, field.New("--clock", strconv.Quote(t.Clock), strings.Join(names, ", "))
}

// mostDays is how far from its beginning a log's clock may be: a thousand years.
const mostDays = 365_250

// plausible refuses a clock of so many days a unit by which a log would be thousands of years old, and names the one that it looks like.
func (t *Turn) plausible(clock string, days float64) error {
	if t.Log == nil {
		return nil // it is not read yet
	}
	newest := math.Inf(-1)
	for i := range t.Log.Decisions {
		newest = max(newest, t.Log.Decisions[i].Time)
	}
	if !(newest*days > mostDays) {
		return nil
	}
	expected := "a clock by which it is in this millennium"
	for _, c := range slices.Backward(Clocks()) { // the coarsest
		if c.Days > 0 && newest*c.Days <= mostDays {
			expected = fmt.Sprintf("--clock %s, which the log's times look like", c.Name)
			break
		}
	}
	return field.New("--clock", fmt.Sprintf("%s, by which the newest decision, of time %.0f, is of the year %.0f of the log's clock", clock, newest, newest*days/365.25), expected)
}

// open checks that the turn's parts go together.
func (t *Turn) open() (*bazaar, error) {
	s := t.Scenario
	if s.World() != scenarios.OpenMarket {
		return nil, s.Fault(s.Name+", which is none", "an open market: the loop refits how many come and what they take of its [[products]]", "products")
	}
	if s.Learner() == nil {
		return nil, s.Fault("a brain in every seller", "one without, whose policy is to be kept up to date", "sellers")
	}
	if s.Visit.Kind == "journey" {
		return nil, s.Fault(strconv.Quote(s.Visit.Kind), "\"shelf\": the loop refits what shoppers take of what they all see", "visit", "kind")
	}
	if len(s.Agents) == 0 {
		return nil, s.Fault("none", "at least one [[agents]] to train", "agents")
	}
	b, err := openBazaar(s)
	if err != nil {
		return nil, err
	}
	if own := b.config().Sellers[b.player]; len(t.Champion.Policy.About().Spec.Offers) != len(own.Offers) {
		return nil, field.New("--champion", fmt.Sprintf("a ladder of %d offers", len(t.Champion.Policy.About().Spec.Offers)), fmt.Sprintf("that of %s in %s, of %d", own.Name, s.Name, len(own.Offers)))
	}
	for a, o := range t.Champion.Policy.About().Spec.Offers {
		if own := b.config().Sellers[b.player]; own.Called(a) != o {
			return nil, field.New("--champion", "offer "+offerText(o.Price, o.Promotion), fmt.Sprintf("%s, as %s has it", offerText(own.Called(a).Price, own.Called(a).Promotion), s.Name))
		}
	}
	return b, nil
}

func contenderOf(b *bundle.Bundle) Contender {
	return Contender{Name: b.Manifest.Name, Agent: b.Manifest.Agent, Seed: b.Manifest.Seed, Revision: b.Manifest.Revision}
}

// window sums up what of the log counts.
func (t *Turn) window(l *ledger) Window {
	w := Window{From: math.Inf(1), To: math.Inf(-1), Decisions: len(l.log.Decisions), Told: len(l.entries)}
	for i := range l.entries {
		e := &l.entries[i]
		w.From, w.To, w.Visitors = min(w.From, e.from), max(w.To, e.until), w.Visitors+e.visitors
		if !math.IsNaN(e.at.Reward) {
			w.Profit += e.at.Reward
		}
	}
	sum, clear := 0.0, 0
	spec := &t.Champion.Policy.About().Spec
	see := make([]int, len(spec.Features))
	for i, f := range spec.Features {
		see[i] = l.log.Feature(f.Name)
	}
	seen, law := make([]float64, len(see)), make([]float64, len(spec.Offers))
	for i := range l.log.Decisions {
		d := &l.log.Decisions[i]
		if l.log.Policies[d.Policy].Revision != t.Champion.Manifest.Revision {
			continue
		}
		w.Champions++
		if !math.IsNaN(d.Explore) {
			sum, clear = sum+d.Explore, clear+1
			continue
		}
		l.log.Observe(d, see, seen)
		policies.Odds(t.Champion.Policy, seen, law)
		if usual := slices.Index(law, slices.Max(law)); d.Action < 0 || d.Mask > 0 && !l.log.Masks[d.Mask][usual] {
			continue // what was asked was moved by a limit on change, and does not tell how much was explored
		}
		sum, clear = sum+explored(d.Propensity, law[d.Action], allowed(l.log, d, len(law))), clear+1
	}
	if clear > 0 {
		w.Explored = min(1, max(0, sum/float64(clear)))
	}
	if t.Clock == "seconds" && w.From/l.unit > leastUnix {
		date := func(at float64) string { return time.Unix(int64(at/l.unit), 0).UTC().Format(time.DateOnly) }
		w.FirstDay, w.LastDay = date(w.From), date(w.To)
	}
	return w
}

// leastUnix is after how many seconds, 30 years, a clock is taken to count them from 1970 on.
const leastUnix = 1e9

// span is from when to when the window is.
func (w *Window) span() string {
	if w.FirstDay != "" {
		return w.FirstDay + " to " + w.LastDay
	}
	return fmt.Sprintf("periods %.0f to %.0f", math.Floor(w.From), math.Floor(w.To))
}

// allowed is how many offers a decision was allowed.
func allowed(log *decisionlog.Log, d *decisionlog.Decision, offers int) (n int) {
	if d.Mask == 0 {
		return offers
	}
	for _, yes := range log.Masks[d.Mask] {
		if yes {
			n++
		}
	}
	return n
}

// explored is ε of an offer's propensity under exploration, (1 − ε)·π + ε/n, where π is its probability without; 0 where the two do not tell.
func explored(propensity, law float64, n int) float64 {
	even := 1 / float64(max(n, 1))
	if math.Abs(even-law) < 1e-9 {
		return 0
	}
	return min(1, max(0, (propensity-law)/(even-law)))
}

// judge holds the candidate against the gates.
func (t *Turn) judge(v *Verdict, g *scenarios.Gates) {
	gate := func(name, rests string, met bool, because string) {
		v.Gates = append(v.Gates, LoopGate{Gate: name, Rests: rests, Met: met, Because: because})
	}
	if v.Window.Champions == 0 {
		gate("decisions", restsOnLog, false, fmt.Sprintf("none of the %s in the window is the champion's, revision %s: it must be the policy that decided", plural(v.Window.Decisions, "decision"), beginning(v.Champion.Revision)))
	} else {
		gate("decisions", restsOnLog, v.Window.Told >= g.Decisions, fmt.Sprintf("%s in the window %s an outcome; %s are asked for", ofSoMany(v.Window.Told)+map[bool]string{true: " decision", false: " decisions"}[v.Window.Told == 1],
			map[bool]string{true: "has", false: "have"}[v.Window.Told == 1], ofSoMany(g.Decisions)))
	}
	proof, err := bundle.Prove(v.Policy.Policy)
	if err != nil {
		gate("guardrails", restsOnProof, false, err.Error())
	} else if lost := v.Policy.Policy.About().Spec.Lacks(&t.Champion.Policy.About().Spec); lost != "" {
		gate("guardrails", restsOnProof, false, fmt.Sprintf("the candidate lacks a guardrail of the champion's, %s: %s has none as tight", lost, t.Scenario.Name))
	} else {
		gate("guardrails", restsOnProof, true, fmt.Sprintf("the candidate keeps the limits at %s", plural(proof.Observations, "observation")))
	}
	gate("gain", restsOnMarket, v.gains(g), v.gainSays(g))
	gate("loss", restsOnLog, v.ByLog.allows(g.Loss), v.ByLog.sentence(g.Loss))
	v.Gates[len(v.Gates)-1].Untold = v.ByLog.mute()
	v.Promote = !slices.ContainsFunc(v.Gates, func(o LoopGate) bool { return !o.Met })
	for _, o := range v.Gates {
		if v.Promote || !o.Met {
			v.Because = append(v.Because, sentence(o.Because))
		}
	}
}

// leastGain is more than what a candidate must earn more than the champion, $ a period.
func leastGain(g *scenarios.Gates, d *Duel) float64 { return g.Gain * math.Abs(d.Champion.Value) }

// gains tells whether a candidate is worth it: those of either half of the window by the other, with the probability that is asked for, and the one of all of it in the
// market that it learned in, where it looks its best.
func (v *Verdict) gains(g *scenarios.Gates) bool {
	least := leastGain(g, v.Bench)
	return v.Crossed.Refused == "" && !v.Bench.Alike && v.Crossed.Probability >= g.Level && v.Bench.Gain.Value > least
}

// gainSays says so.
func (v *Verdict) gainSays(g *scenarios.Gates) string {
	d, x := v.Bench, v.Crossed
	more := sumOf(leastGain(g, d)) + " more"
	if g.Gain == 0 {
		more = "more"
	}
	switch {
	case d.Alike:
		return "both decide alike wherever the champion has been"
	case x.Refused != "":
		return x.Refused
	case x.Probability >= g.Level && !v.gains(g):
		return fmt.Sprintf("in the refitted market the candidate earns %s a %s more than the champion, though those of either half of the log are likely to earn %s", sumOf(d.Gain.Value), v.Period, more)
	}
	return fmt.Sprintf("learned from one half of the log and judged by the other, a candidate earns %s a %s more than the champion (%.0f%% interval %s to %s), and %s with probability %.3g, where %.3g is asked for",
		sumOf(x.Gain.Value), v.Period, 100*x.Gain.Level, sumOf(x.Gain.Low), sumOf(x.Gain.High), more, x.Probability, g.Level)
}

// write fills in what the candidate's bundle says of itself, and its revision.
func (t *Turn) write(v *Verdict) error {
	m, d := &v.Policy.Manifest, v.Bench
	m.Market = fmt.Sprintf("the market of %s as %s of a decision log show it, %s visitors in all; tastes and traffic are refitted, all else is the scenario's", t.Scenario.Name,
		plural(v.Window.Told, "decision"), thousands(v.Window.Visitors, ""))
	m.Caveats, m.Found = v.Refit.Notes, v.Because
	m.Evaluation = []bundle.Figure{{Name: adverb(t.Scenario.Time.Period) + " " + t.Scenario.Learner().Reward.Of + " in the refitted market", Unit: "$", Value: d.Candidate.Value, Low: d.Candidate.Low, High: d.Candidate.High, Level: d.Level},
		{Name: "more than the champion, " + beginning(t.Champion.Manifest.Revision), Unit: "$", Value: d.Gain.Value, Low: d.Gain.Low, High: d.Gain.High, Level: d.Level}}
	if x := v.Crossed; len(x.Halves) > 0 && x.Halves[0].policy != nil {
		m.Evaluation[1] = bundle.Figure{Name: "more than the champion, " + beginning(t.Champion.Manifest.Revision) + ", of what is learned from half of the log and judged by the other", Unit: "$",
			Value: x.Gain.Value, Low: x.Gain.Low, High: x.Gain.High, Level: x.Gain.Level}
	}
	v.Files = bundle.Memory{}
	err := bundle.Write(v.Policy, func(name string, data []byte) error {
		v.Files[name] = data
		return nil
	})
	if bad, ok := errors.AsType[*field.Error](err); ok {
		return fmt.Errorf("the candidate's bundle: %w", bad)
	}
	v.Candidate.Revision = v.Policy.Manifest.Revision
	return err
}

// beginning is the beginning of a revision, by which people tell them apart.
func beginning(revision string) string { return revision[:min(12, len(revision))] }
