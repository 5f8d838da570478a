package train

import (
	"context"
	"fmt"
	"math"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// batch is how many rows are gathered before they go to a sink.
const batch = 256

// loop is one job in play.
type loop struct {
	job      *Job
	world    World
	agent    agents.Agent
	episode  int
	moving   float64
	episodes []results.Episode
	steps    []results.Step

	week, reference int // features' indices, -1 where the learner does not see them
	offers          []env.Offer
	turns           []uint64 // per player, within the episode
	lived           uint64   // the learner's turns in all episodes
	random          int      // the learner's turns in the episode at which exploration was total
	explore         rng.Stream
	step            env.TimeStep
	now, before     agents.State
	action          int // under way
	exploring       bool
}

func newLoop(j *Job, w World, agent agents.Agent) *loop {
	spec := w.Spec(j.Learner)
	state := func() agents.State {
		return agents.State{Observation: make([]float64, len(spec.Features)), Mask: make([]bool, len(spec.Offers))}
	}
	return &loop{
		job: j, world: w, agent: agent, offers: spec.Offers, turns: make([]uint64, w.Players()),
		week: spec.Feature("week"), reference: spec.Feature("reference_price"),
		now: state(), before: state(),
	}
}

// train plays the episodes that are left.
func (l *loop) train(ctx context.Context, number int) error {
	j := l.job
	for l.episode < j.Episodes {
		if ctx.Err() != nil {
			if err := l.save(); err != nil {
				return err
			}
			return context.Cause(ctx)
		}
		progress := float64(l.episode) / float64(j.Episodes)
		exploration := j.Params.Explore(agents.Moment{Progress: progress, Steps: l.lived})
		l.play(progress)
		if teller, ok := l.world.(interface{ Err() error }); ok && teller.Err() != nil { // the world ended the episode before its time
			return fmt.Errorf("episode %d: %w", l.episode, teller.Err())
		}
		steps := l.turns[j.Learner]
		exploration += float64((1 - exploration) * (float64(l.random) / float64(max(steps, 1))))
		account := l.world.Account()
		perTurn := account.Reward / float64(max(steps, 1))
		if l.episode == 0 {
			l.moving = perTurn
		}
		l.moving += (perTurn - l.moving) / 100
		l.episodeRow(exploration, account)
		l.episode++
		if len(l.episodes) >= batch || len(l.steps) >= batch {
			if err := l.flush(); err != nil {
				return err
			}
		}
		if l.episode == j.Episodes || j.CheckpointEvery > 0 && l.episode%j.CheckpointEvery == 0 {
			if err := l.save(); err != nil {
				return err
			}
		}
		if j.Watch != nil {
			j.Watch(Progress{Job: number, Episode: l.episode, Episodes: j.Episodes, Steps: int(steps), MovingReward: l.moving, Exploration: exploration})
		}
	}
	return nil
}

// play plays one episode.
func (l *loop) play(progress float64) {
	j := l.job
	streams := rng.New(j.Master, uint64(l.episode))
	brain := streams.Family("brain")
	l.explore = streams.Family("exploration").At()
	clear(l.turns)
	l.random = 0
	l.world.Reset(uint64(l.episode))
	step := &l.step
	for l.world.Next(step) {
		p := step.Player
		switch {
		case p == j.Learner:
			l.turn(progress)
		case step.Stage != env.Last:
			u := brain.At(uint64(p), l.turns[p])
			l.turns[p]++
			l.world.Act(j.Others[p].Decide(step.Observation, u.Float64()).Action)
		}
	}
}

// turn is one turn of the learner: it learns what its last action led to, and acts.
func (l *loop) turn(progress float64) {
	j, step := l.job, &l.step
	l.before, l.now = l.now, l.before
	copy(l.now.Observation, step.Observation)
	copy(l.now.Mask, step.Mask)
	l.now.Index = j.Encoder.Encode(l.now.Observation)
	if step.Stage != env.First {
		l.agent.Learn(agents.Transition{
			State: &l.before, Action: l.action, Reward: step.Reward, Discount: step.Discount, Next: &l.now,
			Terminal: step.Terminal, Last: step.Stage == env.Last,
		})
		l.stepRow()
	}
	if step.Stage == env.Last && step.Terminal {
		return
	}
	random := l.turns[j.Learner] < uint64(j.RandomStart)
	exploration := math.Inf(1)
	if !random {
		exploration = j.Params.Explore(agents.Moment{Progress: progress, Steps: l.lived})
	}
	random = random || l.agent.WarmingUp()
	l.action, l.exploring = l.agent.Act(&l.now, exploration, &l.explore)
	if step.Stage != env.Last {
		if random {
			l.random++
		}
		l.turns[j.Learner]++
		l.lived++
		l.world.Act(l.action)
	}
}

// stepRow records the turn before this one, whose week is now accounted for.
func (l *loop) stepRow() {
	if l.job.StepRows == nil {
		return
	}
	row := results.Step{
		Key: l.key(int64(l.turns[l.job.Learner]) - 1), Action: int64(l.action), Price: l.offers[l.action].Price,
		Exploring: l.exploring, Metrics: *l.world.Week(),
	}
	if l.week >= 0 && !math.IsNaN(l.before.Observation[l.week]) {
		row.Week = int64(l.before.Observation[l.week])
	}
	if l.reference >= 0 && !math.IsNaN(l.before.Observation[l.reference]) {
		reference := l.before.Observation[l.reference]
		row.ReferencePrice = &reference
	}
	l.steps = append(l.steps, row)
}

func (l *loop) episodeRow(exploration float64, account *results.Metrics) {
	if l.job.EpisodeRows != nil {
		l.episodes = append(l.episodes, results.Episode{
			Key: l.key(0), Exploration: exploration, LearningRate: l.agent.LearningRate(), Metrics: *account,
		})
	}
}

func (l *loop) key(step int64) results.Key {
	key := l.job.Key
	key.Episode, key.Step = int64(l.episode), step
	return key
}

// flush hands the gathered rows over.
func (l *loop) flush() error {
	if len(l.episodes) > 0 {
		if err := l.job.EpisodeRows.Write(l.episodes); err != nil {
			return err
		}
		l.episodes = l.episodes[:0]
	}
	if len(l.steps) > 0 {
		if err := l.job.StepRows.Write(l.steps); err != nil {
			return err
		}
		l.steps = l.steps[:0]
	}
	return nil
}

// save writes the rows so far and hands over a checkpoint.
func (l *loop) save() error {
	if err := l.flush(); err != nil || l.job.Save == nil {
		return err
	}
	state, err := l.agent.MarshalBinary()
	if err != nil {
		return err
	}
	return l.job.Save(Checkpoint{Episodes: l.episode, Steps: l.lived, MovingReward: l.moving, Agent: state})
}
