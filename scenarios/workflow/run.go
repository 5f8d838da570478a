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
	Stage       string // "fit", "tune", "train", "evaluate", "doubt"
	Done, Total int    // in units of the stage: models in fit and doubt, episodes else
	Reward      float64
	Exploration float64
}

// Summary is what a run found: summary.json, and the printed report.
type Summary struct {
	RunID      string           `json:"run_id"`
	Scenario   string           `json:"scenario"`
	Question   string           `json:"question,omitempty"`
	Findings   []logs.Finding   `json:"findings"`
	Models     *Models          `json:"-"`
	Baselines  *Baselines       `json:"baselines"`
	Comparison *evaluate.Result `json:"comparison"`
	Recorded   *evaluate.Result `json:"against_recorded_rivals,omitempty"`
	Levels     *Levels          `json:"levels"`
	Robustness *Robustness      `json:"robustness"`
	Chosen     *Chosen          `json:"chosen"`
	Learned    string           `json:"learned_policy"` // the chosen policy in words

	Dir     string              `json:"-"`
	Scenery *scenarios.Scenario `json:"-"`
}

// stages of a run, with their progress and durations.
type stages struct {
	run    *Run
	timing map[string]float64
	began  time.Duration
}

func (t *stages) done(name string) {
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
	data, err := ReadData(s)
	if err != nil {
		return nil, err
	}
	run, err := r.Store.Open(s.Name, s.Canonical(), r.Options)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	summary := &Summary{RunID: run.ID, Scenario: s.Name, Question: s.Question, Findings: data.Findings, Scenery: s, Dir: run.Dir}
	t := &stages{run: r, timing: map[string]float64{}}
	if err := r.train(ctx, data, run, summary, t); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	return summary, run.Finish(r.Build)
}

func (r *Run) train(ctx context.Context, data *Data, run *rundir.Run, summary *Summary, t *stages) error {
	s := r.Scenario
	r.tell(Progress{Stage: "fit", Total: 1})
	models, err := Fit(ctx, s, data, r.workers(), r.counting("fit"))
	if err != nil {
		return err
	}
	summary.Models = models
	world, err := Build(s, data, models, s.Market.Stores.EvaluateShare())
	if err != nil {
		return err
	}
	school, err := Build(s, data, models, s.Market.Stores.TrainShare())
	if err != nil {
		return err
	}
	t.done("fit")
	if summary.Baselines, err = Tune(ctx, s, data, models, world, r.workers(), r.counting("tune")); err != nil {
		return err
	}
	t.done("tune")
	learned, err := Train(ctx, s, school, run, r.workers(), r.episodes())
	if err != nil {
		return err
	}
	if summary.Chosen, err = Choose(ctx, s, world, learned, r.workers()); err != nil {
		return err
	}
	t.done("train")
	if summary.Comparison, err = Compare(ctx, s, world, summary.Baselines, learned, r.workers(), r.counting("evaluate")); err != nil {
		return err
	}
	if summary.Recorded, err = AgainstRecorded(ctx, s, data, world, summary.Baselines, learned, r.workers(), r.counting("evaluate")); err != nil {
		return err
	}
	if summary.Levels, err = levelsOf(s, data, models.Choice, summary.Baselines.Weeks); err != nil {
		return err
	}
	t.done("evaluate")
	if summary.Robustness, err = Doubt(ctx, s, data, models, summary.Baselines, summary.Chosen, r.workers(), r.counting("doubt")); err != nil {
		return err
	}
	t.done("doubt")
	summary.Learned = inWords(world, summary.Chosen.Table)
	return r.write(run, world, summary, t)
}

// episodes adds the progress of all jobs up.
func (r *Run) episodes() func(train.Progress) {
	s := r.Scenario
	played := make([]int, len(s.Agents)*s.Train.Seeds)
	var lock sync.Mutex
	return func(p train.Progress) {
		lock.Lock()
		played[p.Job] = p.Episode
		sum := 0
		for _, n := range played {
			sum += n
		}
		lock.Unlock()
		r.tell(Progress{Stage: "train", Done: sum, Total: len(played) * s.Train.Episodes, Reward: p.MovingReward / s.Market.Stores.TrainShare(), Exploration: p.Exploration})
	}
}

// write leaves everything that the run found.
func (r *Run) write(run *rundir.Run, w *World, summary *Summary, t *stages) error {
	models := summary.Models.Documents()
	for _, name := range slices.Sorted(maps.Keys(models)) {
		if err := writeJSON(run, "models/"+name, models[name]); err != nil {
			return err
		}
	}
	if err := writeJSON(run, "summary.json", summary); err != nil {
		return err
	}
	if err := rundir.Merge[results.Episode](run, "episodes"); err != nil {
		return err
	}
	if err := rundir.Merge[results.Step](run, "steps"); err != nil {
		return err
	}
	if err := r.writeBundle(run, summary); err != nil {
		return err
	}
	if err := draw(run, r.Scenario, w, summary); err != nil {
		return err
	}
	if err := run.Write("report.txt", func(w io.Writer) error { return summary.Text(w) }); err != nil {
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

func (r *Run) writeBundle(run *rundir.Run, summary *Summary) error {
	s := r.Scenario
	chosen := summary.Chosen
	b := &bundle.Bundle{Table: chosen.Table, Manifest: bundle.Manifest{
		Name: s.Name + " " + chosen.Agent, Souk: souk.Version, Scenario: s.Name, ScenarioSHA256: s.Hash(), Agent: chosen.Agent, Seed: chosen.Seed,
		Episodes: int64(s.Train.Episodes), Purpose: s.Question,
		Data:    []string{s.Data.Panel + ", sha256 " + s.Data.SHA256 + ": " + s.Data.Terms},
		Caveats: slices.Concat(summary.answer(), summary.caveats(), summary.Models.Choice.Diagnostics.Warnings)}}
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
			b.Manifest.Evaluation = append(b.Manifest.Evaluation, bundle.Figure{Name: "weekly " + s.Learner().Reward.Of + ", all training seeds", Unit: "$",
				Value: row.Profit.Value, Low: row.Profit.Low, High: row.Profit.High, Level: row.Profit.Level})
		}
	}
	return bundle.Write(b, func(name string, data []byte) error { return run.WriteFile("policy/"+name, data) })
}
