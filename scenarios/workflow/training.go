package workflow

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
)

// Learned is what one agent learned, one policy for each training seed.
type Learned struct {
	Agent    string
	Policies []policies.Frozen
	Seeds    []int64
}

// Train trains every agent under every seed in its world, checkpointing into the run. An interrupted job is saved; the error is then the
// context's.
func Train(ctx context.Context, s *scenarios.Scenario, w world, run *rundir.Run, workers int, watch func(train.Progress)) ([]Learned, error) {
	var jobs []train.Job
	for i := range s.Agents {
		for seed := int64(1); seed <= int64(s.Train.Seeds); seed++ {
			job, err := trainingJob(s, w, run, &s.Agents[i], seed)
			if err != nil {
				return nil, err
			}
			job.Watch = watch
			jobs = append(jobs, job)
		}
	}
	outcomes, err := train.Run(ctx, jobs, workers)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	var all []Learned
	for i, o := range outcomes {
		policy, ok := o.Policy.(policies.Frozen)
		if !ok {
			return nil, fmt.Errorf("%s: a policy that cannot be written down", jobs[i].Key.Agent)
		}
		if i%s.Train.Seeds == 0 {
			all = append(all, Learned{Agent: jobs[i].Key.Agent})
		}
		last := &all[len(all)-1]
		last.Policies, last.Seeds = append(last.Policies, policy), append(last.Seeds, jobs[i].Key.Seed)
	}
	return all, nil
}

func trainingJob(s *scenarios.Scenario, w world, run *rundir.Run, agent *scenarios.Agent, seed int64) (train.Job, error) {
	master, seats := train.MasterSeed(s.Seed, seed), w.seats()
	job := train.Job{Key: results.Key{RunID: run.ID, Scenario: s.Name, Agent: agent.Name, Seed: seed}, Params: agent.Params,
		World:  func() (train.World, error) { return w.open(master) },
		Master: master, Learner: seats.Learner, Others: seats.Others, Encoder: seats.Encoder,
		Episodes: s.Train.Episodes, CheckpointEvery: s.Train.Checkpoint}
	if m, ok := w.(*shop); ok {
		job.CheckpointEvery = m.checkpoint(s.Train.Checkpoint)
	}
	strand, err := run.Job(fmt.Sprintf("%s-%d", agent.Name, seed))
	if err != nil {
		return job, err
	}
	if state := strand.State(); state != nil {
		job.Resume = &train.Checkpoint{}
		if err := json.Unmarshal(state, job.Resume); err != nil {
			return job, fmt.Errorf("checkpoint of %s, seed %d: %w", agent.Name, seed, err)
		}
	}
	job.Save = func(c train.Checkpoint) error {
		state, err := json.Marshal(c)
		if err != nil {
			return err
		}
		return strand.Checkpoint(state)
	}
	if job.EpisodeRows, err = rundir.Rows[results.Episode](strand, "episodes"); err != nil {
		return job, err
	}
	steps, err := rundir.Rows[results.Step](strand, "steps")
	job.StepRows = &everyNth{steps, int64(s.Train.StepsEvery), int64(s.Train.Episodes) - 1}
	return job, err
}

// everyNth keeps the steps of every n-th episode and of the last.
type everyNth struct {
	results.Sink[results.Step]
	n, last int64
}

func (f *everyNth) Write(rows []results.Step) error {
	kept := 0
	for i := range rows {
		if rows[i].Episode%f.n == 0 || rows[i].Episode == f.last {
			rows[kept] = rows[i]
			kept++
		}
	}
	return f.Sink.Write(rows[:kept])
}

// Chosen is the policy that goes into the bundle.
type Chosen struct {
	Agent  string          `json:"agent"`
	Seed   int64           `json:"seed"`
	Tuned  *evaluate.Tuned `json:"tuning"`
	Policy policies.Frozen `json:"-"`
}

// Choose picks the learned policy that does best in the worlds that baselines are tuned in, which the comparison does not meet.
func Choose(ctx context.Context, scene Scene, s *scenarios.Scenario, w world, learned []Learned, workers int) (*Chosen, error) {
	arena := arenaOf(w.quick(), tuneMaster(s), workers)
	var all []Chosen
	var candidates []policies.Policy
	for _, l := range learned {
		for i, policy := range l.Policies {
			all = append(all, Chosen{Agent: l.Agent, Seed: l.Seeds[i], Policy: policy})
			candidates = append(candidates, policy)
		}
	}
	tuned, err := arena.Tune(ctx, candidates, scene.budget())
	if err != nil {
		return nil, err
	}
	best := all[tuned.Index]
	best.Tuned = tuned
	return &best, nil
}
