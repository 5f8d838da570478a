package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strconv"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// Learned is what one agent learned, one policy for each training seed.
type Learned struct {
	Agent    string
	Policies []policies.Frozen
	Seeds    []int64
	Among    [][]policies.Policy // by seed: all players' policies, where some learned beside it; else nil
	Stops    []Stopped           // of those seeds that ended before their last episode
}

// Stopped is a training that ended before its last episode.
type Stopped struct {
	Agent    string `json:"agent"`
	Seed     int64  `json:"seed"`
	Episodes int    `json:"episodes"`
	Reason   string `json:"reason"`
}

// Train trains every agent under every seed in its world, checkpointing into the run. An interrupted job is saved; the error is then the
// context's.
func Train(ctx context.Context, s *scenarios.Scenario, w world, run *rundir.Run, workers int, watch func(train.Progress)) ([]Learned, error) {
	return trainAs(ctx, s, w, run, "", workers, watch)
}

// trainAs is Train where an agent's part of the run, and its rows, have a prefix to its name.
func trainAs(ctx context.Context, s *scenarios.Scenario, w world, run *rundir.Run, prefix string, workers int, watch func(train.Progress)) ([]Learned, error) {
	var jobs []train.Job
	for i := range s.Agents {
		for seed := int64(1); seed <= int64(s.Train.Seeds); seed++ {
			job, err := trainingJob(s, w, run, &s.Agents[i], seed, prefix)
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
	for i := range outcomes {
		if i%s.Train.Seeds == 0 {
			all = append(all, Learned{})
		}
		jobs[i].Key.Agent = s.Agents[i/s.Train.Seeds].Name
		if err := all[len(all)-1].add(&jobs[i], &outcomes[i], w.seats()); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// add takes in what became of a seed.
func (l *Learned) add(job *train.Job, o *train.Outcome, seats *Seats) error {
	l.Agent = job.Key.Agent
	policy, ok := o.Policy.(policies.Frozen)
	if !ok {
		return fmt.Errorf("%s: a policy that cannot be written down", l.Agent)
	}
	l.Policies, l.Seeds = append(l.Policies, policy), append(l.Seeds, job.Key.Seed)
	if len(o.Beside) > 0 {
		l.Among = append(l.Among, seats.among(o.Beside))
	}
	if o.Stopped != "" {
		l.Stops = append(l.Stops, Stopped{l.Agent, job.Key.Seed, o.Episodes, o.Stopped})
	}
	return nil
}

// trainingJob trains an agent under a seed; its part of the run and its rows are called by the agent's name with a prefix.
func trainingJob(s *scenarios.Scenario, w world, run *rundir.Run, agent *scenarios.Agent, seed int64, prefix string) (train.Job, error) {
	name := prefix + agent.Name
	master, seats := train.MasterSeed(s.Seed, seed), w.seats()
	job := train.Job{Key: results.Key{RunID: run.ID, Scenario: s.Name, Agent: name, Seed: seed}, Params: agent.Params,
		World:  func() (train.World, error) { return w.open(master) },
		Master: master, Learner: seats.Learner, Others: seats.Others, Encoder: seats.Encoder, Beside: seats.Beside,
		Episodes: s.Train.Episodes, CheckpointEvery: s.Train.Checkpoint}
	if s.Train.Stop != nil {
		job.Stop = *s.Train.Stop
	}
	var err error
	if job.Start, err = startOf(s, agent); err != nil {
		return job, err
	}
	if m, ok := w.(*shop); ok {
		job.CheckpointEvery = m.checkpoint(s.Train.Checkpoint)
	}
	strand, err := run.Job(fmt.Sprintf("%s-%d", name, seed))
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
		if c.Episodes == job.Episodes || c.Stop.Reason != "" { // nothing more is to come
			if err := errors.Join(closed(job.EpisodeRows), closed(job.StepRows), closed(job.LearnerRows)); err != nil {
				return err
			}
		}
		state, err := json.Marshal(c)
		if err != nil {
			return err
		}
		return strand.Checkpoint(state)
	}
	if job.EpisodeRows, err = rundir.Rows[results.Episode](strand, "episodes"); err != nil {
		return job, err
	}
	if len(job.Beside) > 0 {
		if job.LearnerRows, err = rundir.Rows[results.Learner](strand, "learners"); err != nil {
			return job, err
		}
	}
	steps, err := rundir.Rows[results.Step](strand, "steps")
	job.StepRows = &everyNth{steps, int64(s.Train.StepsEvery), int64(s.Train.Episodes) - 1}
	return job, err
}

func closed[R any](sink results.Sink[R]) error {
	if sink == nil {
		return nil
	}
	return sink.Close()
}

// startOf is the table that an agent begins with; nil where it begins anew.
func startOf(s *scenarios.Scenario, agent *scenarios.Agent) (*policies.Table, error) {
	if agent.Start == "" {
		return nil, nil
	}
	at := func(found, expected string) error {
		k := slices.IndexFunc(s.Agents, func(a scenarios.Agent) bool { return a.Name == agent.Name })
		return s.Fault(found, expected, "agents", strconv.Itoa(k), "start")
	}
	b, err := bundle.Load(folder{s, agent.Start})
	if bad, ok := errors.AsType[*field.Error](err); ok {
		return nil, at(agent.Start+"/"+bad.File+": "+bad.Found, bad.Expected)
	} else if err != nil {
		return nil, err
	}
	table, ok := b.Policy.(*policies.Table)
	if !ok {
		return nil, at("a bundle of kind "+b.Manifest.Kind, "one of kind table")
	}
	return table, nil
}

// folder is one that a scenario names.
type folder struct {
	s    *scenarios.Scenario
	name string
}

// Open implements fs.FS.
func (f folder) Open(name string) (fs.File, error) {
	_, file, err := f.s.Open(f.name + "/" + name)
	return file, err
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

	among []policies.Policy // as in Learned
}

// Choose picks the learned policy that does best in the worlds that baselines are tuned in, which the comparison does not meet.
func Choose(ctx context.Context, scene Scene, s *scenarios.Scenario, w world, learned []Learned, workers int) (*Chosen, error) {
	arena := arenaOf(w.quick(), tuneMaster(s), workers)
	var all []Chosen
	var candidates []policies.Policy
	var among [][]policies.Policy
	for _, l := range learned {
		among = append(among, l.Among...)
		for i, policy := range l.Policies {
			all = append(all, Chosen{Agent: l.Agent, Seed: l.Seeds[i], Policy: policy})
			candidates = append(candidates, policy)
		}
	}
	tuned, err := arena.TuneAmong(ctx, candidates, among, scene.budget())
	if err != nil {
		return nil, err
	}
	best := all[tuned.Index]
	best.Tuned = tuned
	if among != nil {
		best.among = among[tuned.Index]
	}
	return &best, nil
}
