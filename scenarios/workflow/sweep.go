package workflow

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"sync"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
)

// Swept is what a sweep found.
type Swept struct {
	RunID    string   `json:"run_id"`
	Scenario string   `json:"scenario"`
	Method   string   `json:"method"`
	Score    string   `json:"score"` // what it is, in words
	Best     string   `json:"best"`  // highest or lowest
	Keys     []string `json:"keys"`
	Trials   []Trial  `json:"trials"` // in the order in which the sweep lists them
	Order    []int    `json:"order"`  // numbers of the trials, the best first: those that got further before all others
	Effects  []Effect `json:"effects"`

	Dir     string              `json:"-"`
	Scenery *scenarios.Scenario `json:"-"`
}

// Trial is a configuration and what came of it.
type Trial struct {
	Number int      `json:"number"`
	Values []string `json:"values"` // as TOML, one of each key
	RunID  string   `json:"run_id"` // that souk train gives this configuration, at the whole budget
	Scores []Score  `json:"scores"` // at each budget that it was tried at
	// Behind is by how much its last score is better than the best trial's, paired by seed and path; nil where it is the best, got less far, or is not scored so.
	Behind *stats.Estimate `json:"behind,omitempty"`

	levels  []float64
	config  *scenarios.Configuration
	stand   *scenarios.Scenario // at the running budget
	learned Learned
	world   world
}

// Score is a mean over seeds and paths, or a measure.
type Score struct {
	Budget int     `json:"budget,omitempty"` // of halving
	Value  float64 `json:"value"`
	Error  float64 `json:"standard_error"`
	N      int     `json:"n,omitempty"` // seeds, or what a measure is a mean over

	values [][]float64 // [seed][path]; nil of a measure
}

func (t *Trial) last() *Score { return &t.Scores[len(t.Scores)-1] }

// Sweep tries the configurations of the scenario's sweep and leaves a run directory, NAME-sweep. Whatever is trained is checkpointed in it, so that an
// interrupted sweep goes on where it was; the result does not depend on the number of workers.
func (r *Run) Sweep(ctx context.Context) (*Swept, error) {
	s := r.Scenario
	if s.Sweep == nil {
		return nil, s.Fault("nothing", "the keys to try and their values, as in [sweep] over = [{ key = \"agents.q-learning.initial\", values = [0, 10] }]", "sweep")
	}
	run, err := r.Store.Open(s.Name+"-sweep", s.Canonical(), r.Options)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	w := &sweeper{Run: r, run: run, worlds: map[string][2]world{}}
	m := &Swept{RunID: run.ID, Scenario: s.Name, Method: s.Sweep.Method, Best: s.Sweep.Best, Scenery: s, Dir: run.Dir}
	for i := range s.Sweep.Over {
		m.Keys = append(m.Keys, s.Sweep.Over[i].Key)
	}
	if err := w.sweep(ctx, m); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	if err := w.write(m); err != nil {
		return nil, err
	}
	return m, run.Finish(r.Build)
}

// sweeper is a sweep under way.
type sweeper struct {
	*Run
	run    *rundir.Run
	worlds map[string][2]world // school and full, by what they are made of
}

func (w *sweeper) sweep(ctx context.Context, m *Swept) error {
	s := w.Scenario
	all := s.Configurations()
	for i := range all {
		stand, err := s.Configured(&all[i], 0)
		if err != nil {
			return err
		}
		m.Trials = append(m.Trials, Trial{Number: i + 1, Values: all[i].Values, RunID: stand.RunID(), levels: all[i].Levels, config: &all[i]})
	}
	alive := make([]*Trial, len(m.Trials))
	for i := range alive {
		alive[i] = &m.Trials[i]
	}
	score := w.earned
	if st, ok := studies()[s.World()]; ok {
		if s.Sweep.Measure == "" {
			return s.Fault("nothing", "the measure that counts, such as "+usualMeasure(s)+"; souk reproduce --measures lists them all", "sweep", "measure")
		}
		if expected, known := measurable(st.kinds(), s.Sweep.Measure); !known {
			return s.Fault(strconv.Quote(s.Sweep.Measure), "a measure: "+expected, "sweep", "measure")
		}
		m.Score = s.Sweep.Measure
		score = func(ctx context.Context, alive []*Trial, rung int) error { return w.measured(ctx, st, alive, rung) }
	} else {
		m.Score = fmt.Sprintf("%s of %s, $ a %s", s.Learner().Reward.Of, w.agent(s).Name, s.Time.Period)
	}
	for rung, budget := range s.Rungs(len(all)) {
		if rung > 0 {
			alive = alive[:s.Sweep.Survivors(len(alive))]
		}
		for _, t := range alive {
			var err error
			if t.stand, err = s.Configured(t.config, budget); err != nil {
				return err
			}
		}
		if err := score(ctx, alive, rung); err != nil {
			return err
		}
		for _, t := range alive {
			t.last().Budget = budget
		}
		slices.SortStableFunc(alive, w.better)
	}
	ranked := make([]*Trial, len(m.Trials))
	for i := range ranked {
		ranked[i] = &m.Trials[i]
	}
	slices.SortStableFunc(ranked, w.better)
	for _, t := range ranked {
		m.Order = append(m.Order, t.Number)
	}
	m.Effects = effects(m)
	return pair(ranked)
}

// pair sets the trials that got as far as the best against it.
func pair(ranked []*Trial) error {
	best := ranked[0].last().values
	for _, t := range ranked[1:] {
		values := t.last().values
		if len(values) == 0 || len(values) != len(best) || len(t.Scores) != len(ranked[0].Scores) {
			continue // another number of seeds cannot be paired
		}
		apart := make([][]float64, len(best))
		for seed := range best {
			for path := range best[seed] {
				apart[seed] = append(apart[seed], values[seed][path]-best[seed][path])
			}
		}
		e, err := stats.Crossed(apart, level)
		if err != nil {
			return err
		}
		t.Behind = &e
	}
	return nil
}

// better orders trials: who got further first, then the better score.
func (w *sweeper) better(a, b *Trial) int {
	sign := map[string]int{"highest": 1, "lowest": -1}[w.Scenario.Sweep.Best]
	return cmp.Or(cmp.Compare(len(b.Scores), len(a.Scores)), sign*cmp.Compare(b.last().Value, a.last().Value), cmp.Compare(a.Number, b.Number))
}

// agent is whom a sweep trains.
func (w *sweeper) agent(s *scenarios.Scenario) *scenarios.Agent {
	i := slices.IndexFunc(s.Agents, func(a scenarios.Agent) bool { return a.Name == w.Scenario.Sweep.Agent })
	return &s.Agents[max(i, 0)]
}

// measured scores trials by a measure of their world's study.
func (w *sweeper) measured(ctx context.Context, st study, alive []*Trial, rung int) error {
	for i, t := range alive {
		w.tell(Progress{Stage: "sweep", Done: i, Total: len(alive)})
		strand, err := w.run.Job(strandOf(t, rung))
		if err != nil {
			return err
		}
		var all []Measure
		if state := strand.State(); state != nil {
			err = json.Unmarshal(state, &all)
		} else if result, failed := st.measure(ctx, t.stand, w.workers(), nil); failed != nil {
			err = failed
		} else {
			all = result.measures
			if state, err = json.Marshal(all); err == nil {
				err = strand.Checkpoint(state)
			}
		}
		if err != nil {
			return err
		}
		k := slices.IndexFunc(all, func(m Measure) bool { return m.Name == w.Scenario.Sweep.Measure })
		if k < 0 || math.IsNaN(all[k].Value) {
			return w.Scenario.Fault(strconv.Quote(w.Scenario.Sweep.Measure)+", which configuration "+strconv.Itoa(t.Number)+" does not have", "a measure of all of them", "sweep", "measure")
		}
		t.Scores = append(t.Scores, Score{Value: all[k].Value, Error: all[k].doubt(), N: all[k].N})
	}
	w.tell(Progress{Stage: "sweep", Done: len(alive), Total: len(alive)})
	return nil
}

// strandOf names the part of the run that a trial has at a rung.
func strandOf(t *Trial, rung int) string { return fmt.Sprintf("%05d.%d", t.Number, rung) }

// earned trains the agent in each trial, and scores what it learned on paths that neither training nor a comparison meets.
func (w *sweeper) earned(ctx context.Context, alive []*Trial, rung int) error {
	var jobs []train.Job
	var of []*Trial
	total := 0
	for _, t := range alive {
		school, full, err := w.worldsOf(ctx, t.stand)
		if err != nil {
			return fmt.Errorf("configuration %d: %w", t.Number, err)
		}
		t.world, t.learned = full, Learned{}
		agent := w.agent(t.stand)
		for seed := int64(1); seed <= int64(t.stand.Train.Seeds); seed++ {
			job, err := trainingJob(t.stand, school, w.run, agent, seed, strandOf(t, rung)+"-")
			if err != nil {
				return err
			}
			jobs, of, total = append(jobs, job), append(of, t), total+t.stand.Train.Episodes
		}
	}
	watch := w.counted(jobs, total)
	for i := range jobs {
		jobs[i].Watch = watch
	}
	outcomes, err := train.Run(ctx, jobs, w.workers())
	if err != nil {
		return err
	}
	for i := range outcomes {
		if err := of[i].learned.add(&jobs[i], &outcomes[i], of[i].world.seats()); err != nil {
			return err
		}
	}
	return w.scored(ctx, alive)
}

func (w *sweeper) scored(ctx context.Context, alive []*Trial) error {
	paths := w.Scenario.Sweep.Paths
	if paths == 0 {
		paths = tunePaths
	}
	for i, t := range alive {
		w.tell(Progress{Stage: "evaluate", Done: i * paths * len(t.learned.Policies), Total: len(alive) * paths * len(t.learned.Policies)})
		c := &evaluate.Contest{Arena: arenaOf(t.world.quick(), tuneMaster(t.stand), w.workers()), Paths: paths, Level: level, Resamples: resamples,
			Contestants: []evaluate.Contestant{{Name: t.learned.Agent, Policies: asPolicies(t.learned.Policies), Others: t.learned.Among}}}
		r, err := c.Run(ctx)
		if err != nil {
			return fmt.Errorf("configuration %d: %w", t.Number, err)
		}
		e := r.Rows[0].Profit
		t.Scores = append(t.Scores, Score{Value: e.Value, Error: e.StandardError, N: r.Rows[0].Seeds, values: r.Rows[0].Scores})
		t.learned = Learned{}
	}
	return nil
}

// counted adds the progress of all jobs up.
func (w *sweeper) counted(jobs []train.Job, total int) func(train.Progress) {
	played, steps := make([]int, len(jobs)), uint64(0)
	var lock sync.Mutex
	done := 0
	return func(p train.Progress) {
		lock.Lock()
		now := p.Episode
		if p.Stopped != "" {
			now = p.Episodes
		}
		done += now - played[p.Job]
		played[p.Job], steps = now, steps+uint64(p.Steps)
		told := Progress{Stage: "train", Done: done, Total: total, Reward: p.MovingReward, Exploration: p.Exploration, Period: "review", Steps: steps}
		lock.Unlock()
		w.tell(told)
	}
}

// usualMeasure is what one would ask first in a scenario's world.
func usualMeasure(s *scenarios.Scenario) string {
	switch {
	case s.World() == scenarios.RepeatedGame:
		return `"limit-gain"`
	case len(s.Agents) == 0:
		return `"optimum"`
	case s.Regret != nil:
		return `"lifetime-exponent:` + s.Agents[0].Name + `"`
	}
	return `"of-optimum:` + s.Agents[0].Name + `"`
}

// worldsOf makes the worlds of a configuration, or finds them where one before has the same.
func (w *sweeper) worldsOf(ctx context.Context, s *scenarios.Scenario) (school, full world, err error) {
	bare := *s
	bare.Agents, bare.Train = nil, scenarios.Train{}
	key := string(bare.Canonical())
	if pair, there := w.worlds[key]; there {
		return pair[0], pair[1], nil
	}
	scene, err := Open(s)
	if err != nil {
		return nil, nil, err
	}
	if err := scene.Fit(ctx, w.workers(), nil); err != nil {
		return nil, nil, err
	}
	if school, full, err = scene.worlds(ctx); err == nil && len(school.seats().Beside) == 0 { // whose parameters are the configuration's
		w.worlds[key] = [2]world{school, full}
	}
	return school, full, err
}

// write leaves what the sweep found.
func (w *sweeper) write(m *Swept) error {
	if err := writeJSON(w.run, "sweep.json", m); err != nil {
		return err
	}
	if _, studied := studies()[w.Scenario.World()]; !studied {
		if err := rundir.Merge[results.Episode](w.run, "episodes"); err != nil {
			return err
		}
	}
	drawn, err := m.picture().Picture()
	if err != nil {
		return err
	}
	if err := w.run.Write("plots/effects.svg", drawn.SVG); err != nil {
		return err
	}
	if err := w.run.Write("plots/effects.png", drawn.PNG); err != nil {
		return err
	}
	return w.run.Write("report.txt", func(out io.Writer) error { return m.Text(out) })
}

// Effect is what a key of the sweep did to the score, whatever the others were.
type Effect struct {
	Key    string  `json:"key"`
	Share  float64 `json:"share"` // of the variance between configurations that its levels explain, corrected for their number (ε², Kelley 1935); 0 at least
	Levels []Level `json:"levels"`
}

// Level is a value of a key, or numbers next to each other, and the mean score of the configurations that have it; intervals treat these as drawn.
type Level struct {
	At string `json:"at"` // value, or values
	N  int    `json:"n"`
	stats.Estimate
}

// mostLevels is how many values of a key are told apart; drawn numbers in fewer groups, of this many configurations at least.
const (
	mostLevels = 6
	leastGroup = 3
)

// effects are those on the scores of the first rung, at which all configurations were tried; the key that mattered most goes first.
func effects(m *Swept) (all []Effect) {
	scores := make([]float64, len(m.Trials))
	for i := range scores {
		scores[i] = m.Trials[i].Scores[0].Value
	}
	mean, total := stats.Mean(scores), 0.0
	for _, x := range scores {
		total += float64((x - mean) * (x - mean))
	}
	for k, key := range m.Keys {
		e, between := Effect{Key: key}, 0.0
		groups := levels(m, k)
		for _, group := range groups {
			var of []float64
			for _, i := range group {
				of = append(of, scores[i])
			}
			l := Level{At: levelText(m, k, group), N: len(of)}
			l.Estimate = stats.Estimate{Value: stats.Mean(of), Low: stats.Mean(of), High: stats.Mean(of), Level: level}
			if interval, err := stats.MeanInterval(of, level); err == nil {
				l.Estimate = interval
			}
			between += float64(float64(len(of)) * (l.Value - mean) * (l.Value - mean))
			e.Levels = append(e.Levels, l)
		}
		if chance := float64(len(scores) - len(groups)); total > 0 && chance > 0 { // what so many levels would explain of nothing is taken off
			e.Share = max(0, 1-(total-between)/chance*float64(len(scores)-1)/total)
		} else if total > 0 {
			e.Share = between / total
		}
		all = append(all, e)
	}
	slices.SortStableFunc(all, func(a, b Effect) int { return cmp.Compare(b.Share, a.Share) })
	return all
}
