package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"

	"github.com/souk-sim/souk"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/evaluate"
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
	Unit     float64          // periods in a unit of the log's time; 0: 1
	Workers  int              // 0: all processors; results do not depend on it
	Watch    func(Progress)   // called by one goroutine at a time; nil for none
}

// Verdict is what a turn came to: loop.json.
type Verdict struct {
	RunID     string      `json:"run_id,omitempty"`
	Scenario  string      `json:"scenario"`
	Promote   bool        `json:"promote"`
	Because   []string    `json:"because"` // in sentences
	Gates     []LoopGate  `json:"gates"`
	Champion  Contender   `json:"champion"`
	Candidate Contender   `json:"candidate"`
	Window    Window      `json:"window"`
	Refit     *Refit      `json:"refit"`
	Drift     []DriftTest `json:"drift,omitempty"` // the newer half of the window against the older one
	Bench     *Duel       `json:"bench"`
	ByLog     *Retrospect `json:"by_the_log"`
	Notes     []string    `json:"notes,omitempty"` // what a reader should not forget

	Policy *bundle.Bundle `json:"-"` // the candidate
	Dir    string         `json:"-"` // of the run
}

// LoopGate is what a candidate had to pass.
type LoopGate struct {
	Gate    string `json:"gate"` // decisions, guardrails, gain or loss
	Met     bool   `json:"met"`
	Because string `json:"because"` // in a sentence
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
	Decisions int     `json:"decisions"`
	Told      int     `json:"with_outcome"`
	Champions int     `json:"of_the_champion"`
	Visitors  float64 `json:"visitors"`
	Profit    float64 `json:"reward"`      // of the decisions with an outcome
	Explored  float64 `json:"exploration"` // probability with which the champion's decisions explored, by their propensities
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
	r := &Run{Scenario: t.Scenario, Workers: t.Workers, Watch: t.Watch}
	r.tell(Progress{Stage: "fit", Total: 1})
	if err := b.Fit(ctx, t.Workers, r.counting("fit")); err != nil {
		return nil, err
	}
	unit := t.Unit
	if unit == 0 {
		unit = 1
	}
	l, err := b.books(t.Log, float64(loop.Window), unit)
	if err != nil {
		return nil, err
	}
	v := &Verdict{Scenario: t.Scenario.Name, Champion: contenderOf(t.Champion)}
	v.Window = t.window(l, unit)
	if v.Drift, v.Notes, err = b.drift(l, t.Champion.Policy); err != nil {
		return nil, err
	}
	if v.Refit, err = b.refit(l, float64(loop.Window)); err != nil {
		return nil, err
	}
	likely, err := b.plausible(ctx, v.Refit.Tastes)
	if err != nil {
		return nil, err
	}
	if err := t.learn(ctx, b, likely, r, v); err != nil {
		return nil, err
	}
	if v.Bench, err = t.duel(ctx, likely, r, v, loop.Gates.Level); err != nil {
		return nil, err
	}
	if v.ByLog, err = t.retrospect(l, likely, v, loop.Gates.Level); err != nil {
		return nil, err
	}
	t.judge(v, &loop.Gates)
	return v, t.write(v)
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
func (t *Turn) window(l *ledger, unit float64) Window {
	w := Window{From: math.Inf(1), To: math.Inf(-1), Decisions: len(l.log.Decisions), Told: len(l.entries)}
	for i := range l.entries {
		e := &l.entries[i]
		w.From, w.To, w.Visitors = min(w.From, e.from), max(w.To, e.until), w.Visitors+e.visitors
		if !math.IsNaN(e.at.Reward) {
			w.Profit += e.at.Reward
		}
	}
	sum := 0.0
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
		l.log.Observe(d, see, seen)
		policies.Odds(t.Champion.Policy, seen, law)
		sum += explored(d.Propensity, law[d.Action], allowed(l.log, d, len(law)))
	}
	if w.Champions > 0 {
		w.Explored = min(1, max(0, sum/float64(w.Champions)))
	}
	return w
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

// warmVisits is as how many trials a value of the champion's counts at most when learning goes on from it: enough to begin with it, few enough to be talked out of it.
const warmVisits = 20

// warm is the champion's table as a learner may begin with it; nil where it is none, or of another state or ladder.
func (t *Turn) warm(seats *Seats) *policies.Table {
	was, ok := t.Champion.Policy.(*policies.Table)
	if !ok {
		return nil
	}
	visits := slices.Repeat([]uint32{warmVisits}, len(was.Values))
	for i, n := range was.Visits {
		visits[i] = min(n, warmVisits)
	}
	encoder := policies.Encoder{Dimensions: slices.Clone(was.Encoder.Dimensions)}
	for i := range encoder.Dimensions {
		encoder.Dimensions[i].Index = seats.Spec.Feature(encoder.Dimensions[i].Feature)
	}
	table, err := policies.NewTable(seats.Spec, encoder, slices.Clone(was.Values), visits, 0)
	if err != nil {
		return nil
	}
	return table
}

// learn trains the agents in the plausible markets, and has the best seed of them be the candidate.
func (t *Turn) learn(ctx context.Context, b *bazaar, likely *mixture, r *Run, v *Verdict) error {
	s, seats := t.Scenario, likely.seats()
	pupils := s.Agents
	if k := slices.IndexFunc(s.Agents, func(a scenarios.Agent) bool { return a.Name == t.Champion.Manifest.Agent }); k >= 0 {
		pupils = s.Agents[k : k+1]
	}
	pupil := *s
	pupil.Agents = pupils
	watch := (&Run{Scenario: &pupil, Watch: t.Watch}).episodes(1)
	start, encoder := t.warm(seats), seats.Encoder
	if start != nil {
		encoder = start.Encoder
	}
	var jobs []train.Job
	for i := range pupils {
		for seed := int64(1); seed <= int64(s.Train.Seeds); seed++ {
			master := train.MasterSeed(s.Seed, seed)
			job := train.Job{Params: pupils[i].Params, World: func() (train.World, error) { return likely.open(master) }, Master: master, Learner: seats.Learner, Others: seats.Others,
				Encoder: encoder, Episodes: s.Train.Episodes, Watch: watch}
			job.Key.Agent, job.Key.Seed, job.Key.Scenario = pupils[i].Name, seed, s.Name
			if s.Train.Stop != nil {
				job.Stop = *s.Train.Stop
			}
			if start != nil && scenarios.Begins(pupils[i].Params) {
				job.Start, v.Candidate.Warm = start, true
			}
			jobs = append(jobs, job)
		}
	}
	outcomes, err := train.Run(ctx, jobs, t.Workers)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return err
	}
	learned := make([]Learned, 1)
	for i := range outcomes {
		if err := learned[0].add(&jobs[i], &outcomes[i], seats); err != nil {
			return err
		}
	}
	best := &Chosen{Agent: jobs[0].Key.Agent, Seed: jobs[0].Key.Seed, Policy: learned[0].Policies[0]}
	if len(jobs) > 1 {
		if best, err = Choose(ctx, b, s, likely, learned, t.Workers); err != nil {
			return err
		}
		k := slices.Index(learned[0].Policies, best.Policy)
		best.Agent = jobs[k].Key.Agent
	}
	v.Candidate.Name, v.Candidate.Agent, v.Candidate.Seed = s.Name+" "+best.Agent, best.Agent, best.Seed
	m := bundle.Manifest{Name: v.Candidate.Name, Souk: souk.Version, Scenario: s.Name, ScenarioSHA256: s.Hash(), Agent: best.Agent, Seed: best.Seed, Episodes: int64(s.Train.Episodes), Purpose: s.Question}
	for i := range pupils {
		if pupils[i].Name == best.Agent {
			if m.Parameters, err = json.Marshal(pupils[i].Params); err != nil {
				return err
			}
		}
	}
	m.Data, _ = b.provenance()
	v.Policy = &bundle.Bundle{Policy: best.Policy, Manifest: m}
	return nil
}

// duel plays both on the same shoppers, which training never met, and the champion as it explored besides.
func (t *Turn) duel(ctx context.Context, likely *mixture, r *Run, v *Verdict, level float64) (*Duel, error) {
	seats := likely.seats()
	c := contest(t.Scenario, likely, t.Workers, r.counting("evaluate"))
	c.Level = level
	champion := translated(t.Champion.Policy, &t.Champion.Policy.About().Spec, seats.Spec)
	add := func(name string, p policies.Policy) {
		c.Contestants = append(c.Contestants, evaluate.Contestant{Name: name, Policies: []policies.Policy{p}})
	}
	add("champion", champion)
	add("candidate", v.Policy.Policy)
	if v.Window.Explored > 0 {
		exploring, err := policies.Explore(champion, seats.Spec, v.Window.Explored)
		if err != nil {
			return nil, err
		}
		add("exploring", exploring)
	}
	result, err := c.Run(ctx)
	if err != nil {
		return nil, err
	}
	d := &Duel{Paths: c.Paths, Level: level, Champion: result.Rows[0].Profit, Candidate: result.Rows[1].Profit}
	if d.Gain, err = result.Over("candidate", "champion"); err != nil {
		return nil, err
	}
	if v.Window.Explored > 0 {
		if d.Exploring, err = result.Over("champion", "exploring"); err != nil {
			return nil, err
		}
	}
	d.Better = better(result.Rows[1].Scores[0], result.Rows[0].Scores[0], len(likely.worlds))
	if t.Champion.Policy.About().Spec.Features != nil {
		if diff, err := bundle.Compare(t.Champion.Policy, v.Policy.Policy); err == nil {
			d.Alike = diff.Share == 0
		}
	}
	return d, nil
}

// better is the share of worlds in which one earns more than another, ties one half; path k is of world k mod worlds.
func better(one, other []float64, worlds int) float64 {
	gain := make([]float64, min(worlds, len(one)))
	for k := range one {
		gain[k%worlds] += one[k] - other[k]
	}
	sum := 0.0
	for _, g := range gain {
		switch {
		case g > 0:
			sum++
		case g == 0:
			sum += 0.5
		}
	}
	return sum / float64(len(gain))
}

// judge holds the candidate against the gates.
func (t *Turn) judge(v *Verdict, g *scenarios.Gates) {
	gate := func(name string, met bool, because string) {
		v.Gates = append(v.Gates, LoopGate{name, met, because})
	}
	gate("decisions", v.Window.Told >= g.Decisions, fmt.Sprintf("%s in the window %s an outcome, of %s that are asked for", plural(v.Window.Told, "decision"),
		map[bool]string{true: "has", false: "have"}[v.Window.Told == 1], thousands(float64(g.Decisions), "")))
	proof, err := bundle.Prove(v.Policy.Policy)
	if err != nil {
		gate("guardrails", false, err.Error())
	} else {
		gate("guardrails", true, fmt.Sprintf("the candidate keeps the limits at %s", plural(proof.Observations, "observation")))
	}
	d, least := v.Bench, g.Gain*math.Abs(v.Bench.Champion.Value)
	text := fmt.Sprintf("in the refitted market the candidate earns %s a %s more than the champion (%.0f%% interval %s to %s), where more than %s is asked for",
		inDollars(fmt.Sprintf("%.4g", d.Gain.Value)), t.Scenario.Time.Period, 100*d.Level, inDollars(fmt.Sprintf("%.4g", d.Gain.Low)), inDollars(fmt.Sprintf("%.4g", d.Gain.High)), inDollars(fmt.Sprintf("%.4g", least)))
	if d.Alike {
		text = "both decide alike wherever the champion has been: " + text
	}
	gate("gain", d.Gain.Low > least, text)
	gate("loss", v.ByLog.allows(g.Loss), v.ByLog.sentence(g.Loss))
	v.Promote = !slices.ContainsFunc(v.Gates, func(o LoopGate) bool { return !o.Met })
	for _, o := range v.Gates {
		if v.Promote || !o.Met {
			v.Because = append(v.Because, strings.ToUpper(o.Because[:1])+o.Because[1:]+".")
		}
	}
}

// write fills in what the candidate's bundle says of itself, and its revision.
func (t *Turn) write(v *Verdict) error {
	m, d := &v.Policy.Manifest, v.Bench
	m.Market = fmt.Sprintf("the market of %s as %s of a decision log show it, %s visitors in all; tastes and traffic are refitted, all else is the scenario's", t.Scenario.Name,
		plural(v.Window.Told, "decision"), thousands(v.Window.Visitors, ""))
	m.Caveats = append(append([]string{}, v.Because...), v.Refit.Notes...)
	m.Evaluation = []bundle.Figure{{Name: adverb(t.Scenario.Time.Period) + " " + t.Scenario.Learner().Reward.Of + " in the refitted market", Unit: "$", Value: d.Candidate.Value, Low: d.Candidate.Low, High: d.Candidate.High, Level: d.Level},
		{Name: "more than the champion, " + beginning(t.Champion.Manifest.Revision), Unit: "$", Value: d.Gain.Value, Low: d.Gain.Low, High: d.Gain.High, Level: d.Level}}
	err := bundle.Write(v.Policy, func(string, []byte) error { return nil })
	if bad, ok := errors.AsType[*field.Error](err); ok {
		return fmt.Errorf("the candidate's bundle: %w", bad)
	}
	v.Candidate.Revision = v.Policy.Manifest.Revision
	return err
}

// beginning is the beginning of a revision, by which people tell them apart.
func beginning(revision string) string { return revision[:min(12, len(revision))] }
