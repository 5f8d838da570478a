package workflow

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/souk-sim/souk"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// Rounds is what came of the loop where a scenario plays the shop too: rounds.json.
type Rounds struct {
	RunID     string    `json:"run_id"`
	Scenario  string    `json:"scenario"`
	Question  string    `json:"question,omitempty"`
	Unit      string    `json:"unit"`   // of what policies earn
	Drifts    []string  `json:"drifts"` // keys of the truth
	Histories []History `json:"histories"`
	Notes     []string  `json:"notes,omitempty"` // what the truth-knowing policy does not know
	*Keeping

	Dir     string              `json:"-"`
	Scenery *scenarios.Scenario `json:"-"`
}

// Round is what policies earned in a round, $ a period and shop.
type Round struct {
	Round      int       `json:"round"`
	Truth      []float64 `json:"truth"` // of the keys that drift
	Refitted   float64   `json:"refitted"`
	Unexplored float64   `json:"refitted_without_exploration"`
	Frozen     float64   `json:"frozen"`
	Knowing    float64   `json:"truth_knowing"`
	Learned    float64   `json:"learned_on_the_truth"`
	Promoted   bool      `json:"promoted"`               // the turn after it made another champion
	Untold     []string  `json:"gates_untold,omitempty"` // of that turn, of which the log does not tell, and which stand open
	Because    []string  `json:"because,omitempty"`
}

// History is what became of a loop under one seed.
type History struct {
	Seed   int64   `json:"seed"`
	Rounds []Round `json:"rounds"`

	blind []string // what the truth-knowing policy does not know of the market
}

// Rounds plays the loop against a truth that drifts, of which nobody in it is told, and leaves a run directory, NAME-loop. In every round the champion decides in all
// shops, exploring, and its decisions and what came of them are logged; a Turn then refits the shoppers to the log and makes the next champion. The same customers
// meet four others: the champion without exploration, which tells what that costs; the champion of round 0, which stays as it is; the calendar of offers that is best
// under the truth of the round by the closed form of its demand, which nobody has to learn (informed); and a policy that is trained on that truth, from its own of the
// round before, which tells what learning gives up. Round 0 is the scenario itself, on which the champion and the frozen policy were trained.
//
// Histories are of the scenario's seed and those that follow it: their truths, customers and training differ. The result does not depend on the number of workers,
// which are histories at once.
func (r *Run) Rounds(ctx context.Context, histories int) (*Rounds, error) {
	s := r.Scenario
	if s.Loop == nil {
		return nil, s.Fault("nothing", "how the loop is played, as in [loop] rounds = 20, or a log (--log)", "loop")
	}
	if len(s.Agents) == 0 || s.Learner() == nil {
		return nil, s.Fault("nobody who learns", "a seller without a brain and an agent that learns for it", "agents")
	}
	if histories < 2 {
		return nil, field.New("--seeds", histories, "2 or more: intervals are over histories")
	}
	run, err := r.Store.Open(s.Name+"-loop", fmt.Appendf(nil, "# souk loop, histories: %d\n%s", histories, s.Canonical()), r.Options)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	t := &stopwatch{run: r, timing: map[string]float64{}}
	m := &Rounds{RunID: run.ID, Scenario: s.Name, Question: s.Question, Unit: "$ a " + s.Time.Period + " and shop", Dir: run.Dir, Scenery: s}
	for i := range s.Loop.Drift {
		m.Drifts = append(m.Drifts, s.Loop.Drift[i].Key)
	}
	if m.Histories, err = r.histories(ctx, histories); err != nil {
		return nil, errors.Join(err, run.Discard())
	}
	m.Notes = m.Histories[0].blind
	t.done("rounds")
	if m.Keeping, err = m.keeping(); err != nil {
		return nil, err
	}
	if err := writeJSON(run, "rounds.json", m); err != nil {
		return nil, err
	}
	if err := run.Write("report.txt", m.Text); err != nil {
		return nil, err
	}
	if err := r.close(run, t); err != nil {
		return nil, err
	}
	return m, run.Finish(r.Build)
}

// histories plays them.
func (r *Run) histories(ctx context.Context, n int) ([]History, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	all, next := make([]History, n), make(chan int)
	var group sync.WaitGroup
	var lock sync.Mutex
	done := 0
	tell := func() {
		lock.Lock()
		defer lock.Unlock()
		done++
		r.tell(Progress{Stage: "rounds", Done: done, Total: n * r.Scenario.Loop.Rounds})
	}
	for range min(r.workers(), n) {
		group.Go(func() {
			for i := range next {
				s, err := r.Scenario.Seeded(r.Scenario.Seed + int64(i))
				if err == nil {
					all[i], err = historyOf(ctx, s, tell)
				}
				if err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range all {
		if ctx.Err() == nil {
			next <- i
		}
	}
	close(next)
	group.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return all, nil
}

// looper plays the rounds of one seed.
type looper struct {
	s        *scenarios.Scenario
	champion *bundle.Bundle
	frozen   policies.Policy
	learned  *policies.Table
	rounds   [][]byte // logs of those that the window reaches
}

// historyOf plays the rounds of one seed.
func historyOf(ctx context.Context, s *scenarios.Scenario, done func()) (h History, err error) {
	h.Seed = s.Seed
	l := &looper{s: s}
	for round := range s.Loop.Rounds {
		if ctx.Err() != nil {
			return h, ctx.Err()
		}
		truth, err := s.Truth(round)
		if err != nil {
			return h, err
		}
		one := Round{Round: round}
		for i := range s.Loop.Drift {
			one.Truth = append(one.Truth, s.Loop.Drift[i].In(truth))
		}
		if h.blind, err = l.play(ctx, truth, &one); err != nil {
			return h, err
		}
		if round < s.Loop.Rounds-1 {
			if err := l.turn(ctx, &one); err != nil {
				return h, fmt.Errorf("seed %d, round %d: %w", s.Seed, round, err)
			}
		}
		h.Rounds = append(h.Rounds, one)
		done()
	}
	return h, nil
}

// play plays a round: all policies in the same shops on the same customers. It returns what the truth-knowing policy does not know.
func (l *looper) play(ctx context.Context, truth *scenarios.Scenario, one *Round) (blind []string, err error) {
	if l.learned, err = schooled(ctx, truth, l.learned, int64(one.Round+1)); err != nil {
		return nil, err
	}
	knowing, blind, err := informed(ctx, truth)
	if err != nil {
		return nil, err
	}
	if one.Round == 0 {
		l.frozen, l.champion = l.learned, l.first()
		if err := bundle.Write(l.champion, func(string, []byte) error { return nil }); err != nil {
			return nil, err
		}
	}
	run := &Run{Scenario: truth, Workers: 1}
	c, err := openCounter(ctx, truth, nil, run)
	if err != nil {
		return nil, err
	}
	explorer, err := policies.Explore(l.champion.Policy, c.spec, l.s.Loop.Explore)
	if err != nil {
		return nil, err
	}
	var log []byte
	for _, player := range []struct {
		policy policies.Policy
		profit *float64
	}{{explorer, &one.Refitted}, {l.champion.Policy, &one.Unexplored}, {l.frozen, &one.Frozen}, {knowing, &one.Knowing}, {l.learned, &one.Learned}} {
		d, shops := decider{player.policy, l.champion.Manifest.Name, l.champion.Manifest.Revision}, l.s.Loop.Shops
		err := c.play(ctx, d, one.Round*shops, shops, run, func(records []decisionlog.Record, outcomes []decisionlog.Outcome) (err error) {
			for i := range records {
				*player.profit += records[i].Reward / float64(shops*l.s.Time.Horizon)
			}
			if player.profit == &one.Refitted {
				log, err = l.log(log, one.Round, records, outcomes)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	reach := (l.s.Loop.Window + l.s.Time.Horizon - 1) / l.s.Time.Horizon
	l.rounds = append(l.rounds[max(0, len(l.rounds)-reach+1):], log)
	return blind, nil
}

// first is the policy of round 0 as the bundle that the loop begins with.
func (l *looper) first() *bundle.Bundle {
	return &bundle.Bundle{Policy: l.learned, Manifest: bundle.Manifest{Name: l.s.Name + " " + l.s.Agents[0].Name, Souk: souk.Version, Scenario: l.s.Name, ScenarioSHA256: l.s.Hash(),
		Agent: l.s.Agents[0].Name, Seed: 1, Episodes: int64(l.s.Train.Episodes), Purpose: l.s.Question}}
}

// turn makes the champion of the next round.
func (l *looper) turn(ctx context.Context, one *Round) error {
	log, err := decisionlog.Read(bytes.NewReader(slices.Concat(l.rounds...)), fmt.Sprintf("the log of round %d", one.Round))
	if err != nil {
		return err
	}
	v, err := (&Turn{Scenario: l.s, Champion: l.champion, Log: log, Workers: 1}).Do(ctx)
	if err != nil {
		return err
	}
	if one.Promoted, one.Because = v.Promote, v.Because; v.Promote {
		l.champion = v.Policy
	}
	for _, g := range v.Gates {
		if g.Untold {
			one.Untold = append(one.Untold, g.Gate)
		}
	}
	return nil
}

// log appends an episode as the shop's log has it: its clock goes on from round to round.
func (l *looper) log(lines []byte, round int, records []decisionlog.Record, outcomes []decisionlog.Outcome) (_ []byte, err error) {
	before := float64(round * l.s.Time.Horizon)
	for i := range records {
		records[i].Time += before
		if lines, err = decisionlog.Append(lines, &records[i]); err != nil {
			return nil, err
		}
	}
	for i := range outcomes {
		outcomes[i].Time += before
		if lines, err = decisionlog.AppendOutcome(lines, &outcomes[i]); err != nil {
			return nil, err
		}
	}
	return lines, nil
}

// schooled trains the scenario's first agent in its market, from a table where there is one. The number tells trainings apart.
func schooled(ctx context.Context, s *scenarios.Scenario, start *policies.Table, number int64) (*policies.Table, error) {
	scene, err := Open(s)
	if err != nil {
		return nil, err
	}
	if err := scene.Fit(ctx, 1, nil); err != nil {
		return nil, err
	}
	school, _, err := scene.worlds(ctx)
	if err != nil {
		return nil, err
	}
	agent, seats, master := &s.Agents[0], school.seats(), train.MasterSeed(s.Seed, number)
	if start != nil {
		start = (&Turn{Champion: &bundle.Bundle{Policy: start}}).warm(seats)
	}
	outcomes, err := train.Run(ctx, []train.Job{{Key: results.Key{Scenario: s.Name, Agent: agent.Name, Seed: number}, Params: agent.Params,
		World: func() (train.World, error) { return school.open(master) }, Master: master, Learner: seats.Learner, Others: seats.Others,
		Encoder: seats.Encoder, Start: start, Episodes: s.Train.Episodes}}, 1)
	if err != nil {
		return nil, err
	}
	table, ok := outcomes[0].Policy.(*policies.Table)
	if !ok {
		return nil, s.Fault(strconv.Quote(agent.Name), "a learner of a table of values: a loop goes on from those of the champion", "agents", "0", "kind")
	}
	return table, nil
}

// informed is the best that can be done by who knows a truth: its demand in closed form, period by period, and within its guardrails the offers that earn most by it.
// Nothing of it is learned. It returns what the closed form leaves out, too.
func informed(ctx context.Context, truth *scenarios.Scenario) (policies.Policy, []string, error) {
	b, err := openBazaar(truth)
	if err != nil {
		return nil, nil, err
	}
	if err := b.Fit(ctx, 1, nil); err != nil {
		return nil, nil, err
	}
	if _, _, err := b.worlds(ctx); err != nil {
		return nil, nil, err
	}
	usual := scenarios.UsualOptimize()
	p, err := b.prospects(ctx, &usual)
	if err != nil {
		return nil, nil, err
	}
	plan, err := p.calendar.Solve()
	if err != nil {
		return nil, nil, fmt.Errorf("the calendar of who knows the truth: %w", err)
	}
	policy, err := p.policy(plan)
	return policy, p.caveats, err
}
