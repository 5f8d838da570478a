// Package train plays the episodes from which learners learn: one job is one learner under one seed, alone or beside others who learn in the
// same world, and jobs run in parallel with results that do not depend on how many run at once.
//
// Randomness. A world is built under a master seed (MasterSeed for training, another for evaluation) and reset to
// episodes 0, 1, 2, …; so training meets no episode that evaluation will. The loop's own streams are rng.New(master,
// episode): family "exploration" is the learner's, at (player) that of one who learns beside it, family "brain" at (player, turn) gives the other
// players' uniforms.
// No world may use these two names.
package train

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// World is an environment that keeps accounts of the player who learns.
type World interface {
	env.Environment
	// Account is the episode so far; borrowed until the next call of Next or Reset.
	Account() *results.Metrics
	// Week is the stretch between the learner's last two turns; borrowed likewise.
	Week() *results.Metrics
}

// Learner is one who learns.
type Learner struct {
	Name    string // in rows
	Player  int
	Params  agents.Params
	Encoder policies.Encoder
	Start   *policies.Table // whose values it begins with, of the same features, offers and states; nil: its own. Tabular learners alone
}

// Job is one learner to be trained under one seed.
type Job struct {
	Key      results.Key // RunID, Scenario, Agent and Seed of the rows
	Params   agents.Params
	World    func() (World, error) // makes the job's own world, under Master
	Master   uint64                // of the exploration and brain streams: MasterSeed(…)
	Learner  int                   // the player who learns
	Others   []policies.Policy     // by player; those of learners are not used
	Encoder  policies.Encoder
	Start    *policies.Table // as in Learner
	Beside   []Learner       // who learn too, each for itself
	Episodes int
	Stop     Stop // when training may end before its last episode
	// RandomStart is for how many first turns of every episode exploration is total (exploring starts, Sutton & Barto
	// 2018, §5.3, as far as a world that cannot be set to any state allows).
	RandomStart int

	EpisodeRows results.Sink[results.Episode] // nil for none; the caller closes it
	StepRows    results.Sink[results.Step]    // nil for none; the caller closes it
	LearnerRows results.Sink[results.Learner] // of the learner and those beside it; nil for none; the caller closes it

	// Save is called every CheckpointEvery episodes (0: never), at the end, and when the context is cancelled; the rows
	// of all earlier episodes were written before. Its Agent bytes belong to the callee.
	Save            func(Checkpoint) error
	CheckpointEvery int
	Resume          *Checkpoint // nil to begin at episode 0

	// Look is handed what is learned, frozen, after so many episodes as each of Moments says (ascending), from the goroutine that trains the job; not of those
	// before Resume. It changes nothing of the training.
	Moments []int
	Look    func(episodes int, policy policies.Policy) error

	// Watch is called after each episode, from the goroutine that trains the job.
	Watch func(Progress)
}

// Checkpoint is all that a job needs to carry on to the same bytes.
type Checkpoint struct {
	Episodes     int     // played so far; the next episode's number
	Steps        uint64  // the learner's turns in them
	MovingReward float64 // Progress.MovingReward
	Agent        []byte  // agents.Agent.MarshalBinary
	Beside       []Saved `json:",omitempty"` // those of Job.Beside
	Stop         State   `json:",omitzero"`
}

// Saved is a learner beside the job's own.
type Saved struct {
	Steps uint64
	Agent []byte
}

// Progress is how far a job has come.
type Progress struct {
	Job, Episode, Episodes int     // Episode counts those played
	Steps                  int     // learner's turns in this episode
	MovingReward           float64 // exponential moving average (1/100) of the episodes' reward per turn
	Exploration            float64 // mean over the episode's turns: 1 at those of the warm-up and of RandomStart
	Stopped                string  // why training ends here, before its last episode; "" where it does not
}

// Outcome is what became of a job.
type Outcome struct {
	Policy   policies.Policy   // what was learned so far, frozen; nil when the job failed to start
	Beside   []policies.Policy // of Job.Beside, likewise
	Episodes int
	Stopped  string // by which rule training ended before its last episode; "" where it did not
	Err      error  // context.Canceled (or its cause) when interrupted, by a cancelled context or because another job failed
}

// MasterSeed derives the master seed of a training run's worlds from the scenario's seed and the training seed.
// Evaluation must take its own from elsewhere: another family name, such as "evaluate", gives one.
func MasterSeed(scenario, training int64) uint64 {
	stream := rng.New(uint64(scenario), 0).Family("train").At(uint64(training))
	return stream.Uint64()
}

// errStopped is the error of a job that stopped because another one failed.
var errStopped = fmt.Errorf("%w: another job failed", context.Canceled)

// Run trains the jobs, up to workers at once, and returns their outcomes in order. A cancelled context stops each job at
// its next episode boundary, saved, and so does the failure of another. The error joins those of the outcomes, without
// those of jobs that another one's failure stopped.
func Run(ctx context.Context, jobs []Job, workers int) ([]Outcome, error) {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	outcomes := make([]Outcome, len(jobs))
	next := make(chan int)
	var group sync.WaitGroup
	for range max(1, min(workers, len(jobs))) {
		group.Go(func() {
			for i := range next {
				if outcomes[i] = run(ctx, i, &jobs[i]); outcomes[i].Err != nil {
					stop(errStopped)
				}
			}
		})
	}
	for i := range jobs {
		next <- i
	}
	close(next)
	group.Wait()

	var all []error
	for i := range outcomes {
		if err := outcomes[i].Err; err != nil && !errors.Is(err, errStopped) {
			all = append(all, fmt.Errorf("%s, seed %d: %w", jobs[i].Key.Agent, jobs[i].Key.Seed, err))
		}
	}
	return outcomes, errors.Join(all...)
}

// learners are all who learn, the job's own first.
func (j *Job) learners() []Learner {
	return append([]Learner{{Name: j.Key.Agent, Player: j.Learner, Params: j.Params, Encoder: j.Encoder, Start: j.Start}}, j.Beside...)
}

func (j *Job) validate(w World) error {
	switch players := w.Players(); {
	case j.Learner < 0 || j.Learner >= players:
		return field.New("learner", j.Learner, fmt.Sprintf("a player from 0 to %d", players-1))
	case len(j.Others) != players:
		return field.New("others", len(j.Others), fmt.Sprintf("a policy for each of %d players", players))
	case j.Episodes < 1:
		return field.New("episodes", j.Episodes, "at least 1")
	case j.Resume != nil && (j.Resume.Episodes < 0 || j.Resume.Episodes > j.Episodes):
		return field.New("resume.episodes", j.Resume.Episodes, fmt.Sprintf("0 to %d", j.Episodes))
	}
	learns := make([]bool, len(j.Others))
	for _, who := range j.learners() {
		if who.Player < 0 || who.Player >= len(learns) || learns[who.Player] {
			return field.New("beside", who.Player, fmt.Sprintf("players from 0 to %d, each once, without the learner", len(learns)-1))
		}
		learns[who.Player] = true
	}
	for p, policy := range j.Others {
		if !learns[p] && policy == nil {
			return field.New(fmt.Sprintf("others[%d]", p), "none", "a policy")
		}
	}
	return nil
}

// run trains one job from its start or its checkpoint to its end or the context's.
func run(ctx context.Context, number int, j *Job) Outcome {
	w, err := j.World()
	if err != nil {
		return Outcome{Err: err}
	}
	if err := j.validate(w); err != nil {
		return Outcome{Err: err}
	}
	l, err := newLoop(j, w)
	if err != nil {
		return Outcome{Err: err}
	}
	if j.Resume != nil {
		if err := l.restore(j.Resume); err != nil {
			return Outcome{Err: err}
		}
	}
	err = l.train(ctx, number)
	out := Outcome{Episodes: l.episode, Stopped: l.stop.Reason}
	for i, s := range l.seats {
		policy, frozen := s.agent.Policy()
		if err = errors.Join(err, frozen); i == 0 {
			out.Policy = policy
		} else {
			out.Beside = append(out.Beside, policy)
		}
	}
	out.Err = err
	return out
}
