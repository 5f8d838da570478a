package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/souk-sim/souk"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// Run is the main job on one scenario.
type Run struct {
	Scenario *scenarios.Scenario
	Store    rundir.Store
	Options  rundir.Options
	Build    rundir.Build
	Workers  int                  // 0: all processors; results do not depend on it
	Watch    func(Progress)       // called by one goroutine at a time; nil for none
	Clock    func() time.Duration // since the start, for timing.json; nil for no durations

	lock sync.Mutex
}

// Progress is how far a run has come.
type Progress struct {
	Stage       string  // "fit", "tune", "train", "evaluate", "doubt"
	Done, Total int     // in units of the stage: models in fit and doubt, episodes else
	Reward      float64 // $ a Period
	Period      string
	Exploration float64
	Steps       uint64 // of "train": reviews of the agents in this process
	// Of "train", which training it is of, and its episodes so far; Reward and Exploration are its. Agent is empty elsewhere.
	Agent    string
	Seed     int64
	Episodes int
}

// adverb says how often something is that is so once a period.
func adverb(period string) string {
	if period == "day" {
		return "daily"
	}
	return period + "ly"
}

// Summary is what a run found: summary.json, and the printed report.
type Summary struct {
	RunID      string           `json:"run_id"`
	Scenario   string           `json:"scenario"`
	Question   string           `json:"question,omitempty"`
	Findings   []logs.Finding   `json:"findings"`
	Baselines  *Baselines       `json:"baselines"`
	Comparison *evaluate.Result `json:"comparison"`
	*Chapters                   // of a chain's category; nil for an open market
	Accounts   []Account        `json:"accounts,omitempty"` // of an open market, by policy
	Segments   *Segments        `json:"segments,omitempty"` // of an open market, under the chosen policy
	Stopped    []Stopped        `json:"stopped,omitempty"`  // trainings that a rule ended
	Regret     []Regret         `json:"regret,omitempty"`   // while learning, where an optimum is known
	Chosen     *Chosen          `json:"chosen"`
	Learned    string           `json:"learned_policy"` // the chosen policy in words
	Answer     []string         `json:"answer"`         // the headline in words
	Caveats    []string         `json:"caveats"`        // what a reader should not forget

	Dir     string              `json:"-"`
	Scenery *scenarios.Scenario `json:"-"`

	scene    Scene
	learning *Learning
}

// stopwatch keeps the durations of a run's stages.
type stopwatch struct {
	run    *Run
	timing map[string]float64
	began  time.Duration
}

func (t *stopwatch) done(name string) {
	if t.run.Clock != nil {
		now := t.run.Clock()
		t.timing[name] = (now - t.began).Seconds()
		t.began = now
	}
}

func (r *Run) tell(p Progress) {
	if r.Watch != nil {
		r.lock.Lock()
		defer r.lock.Unlock()
		r.Watch(p)
	}
}

func (r *Run) counting(stage string) func(done, total int) {
	return func(done, total int) { r.tell(Progress{Stage: stage, Done: done, Total: total}) }
}

func (r *Run) workers() int {
	if r.Workers > 0 {
		return r.Workers
	}
	return runtime.GOMAXPROCS(0)
}

// Train does the whole of the main job and leaves a run directory. When the context is cancelled the run stays resumable, and the error is
// the context's.
func (r *Run) Train(ctx context.Context) (*Summary, error) {
	s := r.Scenario
	if len(s.Agents) == 0 {
		return nil, &field.Error{Key: "agents", Found: "none", Expected: "at least one [[agents]] to train"}
	}
	scene, err := Open(s)
	if err != nil {
		return nil, err
	}
	run, err := r.Store.Open(s.Name, s.Canonical(), r.Options)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	summary := &Summary{RunID: run.ID, Scenario: s.Name, Question: s.Question, Scenery: s, Dir: run.Dir, scene: scene}
	_, summary.Findings = scene.Records()
	t := &stopwatch{run: r, timing: map[string]float64{}}
	if err := r.train(ctx, scene, run, summary, t); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	return summary, run.Finish(r.Build)
}

func (r *Run) train(ctx context.Context, scene Scene, run *rundir.Run, summary *Summary, t *stopwatch) error {
	s := r.Scenario
	r.tell(Progress{Stage: "fit", Total: 1})
	if err := scene.Fit(ctx, r.workers(), r.counting("fit")); err != nil {
		return err
	}
	school, full, err := scene.worlds(ctx)
	if err != nil {
		return err
	}
	t.done("fit")
	tune := func() (err error) {
		summary.Baselines, err = scene.tune(ctx, full, r.workers(), r.counting("tune"))
		t.done("tune")
		return err
	}
	others := len(school.seats().Beside) > 0 // who must have learned before anything is tuned against them
	if !others {
		if err := tune(); err != nil {
			return err
		}
	}
	learned, err := Train(ctx, s, school, run, r.workers(), r.episodes(school.share()))
	if err != nil {
		return err
	}
	for _, l := range learned {
		summary.Stopped = append(summary.Stopped, l.Stops...)
	}
	if others {
		t.done("train")
		full = scene.settle(learned[0].Among[0])
		if err := tune(); err != nil {
			return err
		}
	}
	if summary.Chosen, err = Choose(ctx, scene, s, full, learned, r.workers()); err != nil {
		return err
	}
	if others {
		full = scene.settle(summary.Chosen.among)
	}
	t.done(map[bool]string{true: "choose", false: "train"}[others])
	if summary.Comparison, err = Compare(ctx, scene, s, full, summary.Baselines, learned, r.workers(), r.counting("evaluate")); err != nil {
		return err
	}
	if err := scene.chapters(ctx, r, summary, full, learned, t.done); err != nil {
		return err
	}
	if summary.Learned, err = inWords(scene, summary.Chosen.Policy); err != nil {
		return err
	}
	summary.Answer, summary.Caveats = scene.answer(summary), scene.caveats(summary)
	return r.write(ctx, run, school, full, summary, t)
}

// episodes adds the progress of all jobs up.
func (r *Run) episodes(share float64) func(train.Progress) {
	s := r.Scenario
	period := s.Time.Period
	if s.World() == scenarios.OpenMarket {
		period = "review" // which need not be periods apart
	}
	played := make([]int, len(s.Agents)*s.Train.Seeds)
	steps := uint64(0)
	var lock sync.Mutex
	return func(p train.Progress) {
		lock.Lock()
		if played[p.Job] = p.Episode; p.Stopped != "" {
			played[p.Job] = p.Episodes
		}
		sum := 0
		for _, n := range played {
			sum += n
		}
		steps += uint64(p.Steps)
		now := steps
		lock.Unlock()
		r.tell(Progress{Stage: "train", Done: sum, Total: len(played) * s.Train.Episodes, Reward: p.MovingReward / share, Exploration: p.Exploration, Period: period, Steps: now,
			Agent: s.Agents[p.Job/s.Train.Seeds].Name, Seed: int64(p.Job%s.Train.Seeds) + 1, Episodes: p.Episode})
	}
}

// write leaves everything that the run found.
func (r *Run) write(ctx context.Context, run *rundir.Run, school, full world, summary *Summary, t *stopwatch) error {
	models := summary.scene.Documents()
	for _, name := range slices.Sorted(maps.Keys(models)) {
		if err := writeJSON(run, "models/"+name, models[name]); err != nil {
			return err
		}
	}
	if err := rundir.Merge[results.Episode](run, "episodes"); err != nil {
		return err
	}
	if err := rundir.Merge[results.Step](run, "steps"); err != nil {
		return err
	}
	if len(school.seats().Beside) > 0 {
		if err := rundir.Merge[results.Learner](run, "learners"); err != nil {
			return err
		}
	}
	if err := summary.follow(run, school); err != nil {
		return err
	}
	if err := writeJSON(run, "learning.json", summary.learning); err != nil {
		return err
	}
	if err := summary.tensorBoard(run, school); err != nil {
		return err
	}
	var err error
	if best := summary.Baselines.policies[solved]; best != nil && slices.Contains(summary.Baselines.entered, solved) {
		if summary.Regret, err = regrets(ctx, r.Scenario, school, best, summary, r.workers()); err != nil {
			return err
		}
	}
	if err := writeJSON(run, "summary.json", summary); err != nil {
		return err
	}
	if err := r.writeBundle(run, summary); err != nil {
		return err
	}
	if err := draw(run, school, full, summary); err != nil {
		return err
	}
	if err := run.Write("report.txt", func(w io.Writer) error { return summary.Text(w) }); err != nil {
		return err
	}
	if err := r.figures(run, full, summary); err != nil {
		return err
	}
	return r.close(run, t)
}

// close writes what a run leaves last: its report, and how long all took.
func (r *Run) close(run *rundir.Run, t *stopwatch) error {
	if err := r.leaveReport(run); err != nil {
		return err
	}
	t.done("write")
	if r.Clock == nil {
		return nil
	}
	return writeJSON(run, "timing.json", t.timing)
}

func writeJSON(run *rundir.Run, name string, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return run.WriteFile(name, append(text, '\n'))
}

// episodes is how many a chosen policy was trained for.
func (m *Summary) episodes(c *Chosen) int {
	for _, s := range m.Stopped {
		if s.Agent == c.Agent && s.Seed == c.Seed {
			return s.Episodes
		}
	}
	return m.Scenery.Train.Episodes
}

func (r *Run) writeBundle(run *rundir.Run, summary *Summary) error {
	s := r.Scenario
	chosen := summary.Chosen
	data, warned := summary.scene.provenance()
	b := &bundle.Bundle{Policy: chosen.Policy, Manifest: bundle.Manifest{
		Name: s.Name + " " + chosen.Agent, Souk: souk.Version, Scenario: s.Name, ScenarioSHA256: s.Hash(), Agent: chosen.Agent, Seed: chosen.Seed,
		Episodes: int64(summary.episodes(chosen)), Purpose: s.Question,
		Market: summary.scene.about(), Data: data, Caveats: slices.Concat(summary.scene.caveats(summary), warned), Found: summary.scene.answer(summary)}}
	for i := range s.Agents {
		if s.Agents[i].Name == chosen.Agent {
			parameters, err := json.Marshal(s.Agents[i].Params)
			if err != nil {
				return err
			}
			b.Manifest.Parameters = parameters
		}
	}
	for _, row := range summary.Comparison.Rows {
		if row.Name == chosen.Agent {
			whose := ", this policy's"
			if row.Seeds > 1 {
				whose = fmt.Sprintf(", mean of %s; this policy is that of seed %d", plural(row.Seeds, "training seed"), chosen.Seed)
			}
			b.Manifest.Evaluation = append(b.Manifest.Evaluation, bundle.Figure{Name: adverb(s.Time.Period) + " " + s.Learner().Reward.Of + whose, Unit: "$",
				Value: row.Profit.Value, Low: row.Profit.Low, High: row.Profit.High, Level: row.Profit.Level})
		}
	}
	return bundle.Write(b, func(name string, data []byte) error { return run.WriteFile("policy/"+name, data) })
}
