package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// batch is how many rows are gathered before they go to a sink.
const batch = 256

// loop is one job in play.
type loop struct {
	job      *Job
	world    World
	seats    []*seat // of those who learn, the job's learner first
	at       []*seat // by player, nil where a policy plays
	episode  int
	moving   float64
	stop     stopping
	episodes []results.Episode
	steps    []results.Step
	learners []results.Learner
	turns    []uint64 // per player, within the episode
	step     env.TimeStep
}

// seat is one learner in play.
type seat struct {
	*Learner
	agent   agents.Agent
	offers  []env.Offer
	explore rng.Stream

	week, reference int     // features' indices, -1 where the learner does not see them
	lived           uint64  // turns in all episodes
	random          int     // turns in the episode at which exploration was total
	earned          float64 // in the episode
	now, before     agents.State
	action          int // under way
	exploring       bool
}

func newLoop(j *Job, w World) (*loop, error) {
	l := &loop{job: j, world: w, turns: make([]uint64, w.Players()), at: make([]*seat, w.Players())}
	for _, who := range j.learners() {
		s, err := newSeat(&who, w.Spec(who.Player))
		if err != nil {
			return nil, err
		}
		l.seats, l.at[who.Player] = append(l.seats, s), s
	}
	return l, l.stop.begin(j.Stop, l.seats)
}

func newSeat(who *Learner, spec *env.Spec) (*seat, error) {
	task := agents.Task{Spec: spec, Encoder: who.Encoder}
	if who.Start != nil {
		if err := sameTask(who.Start, &task); err != nil {
			return nil, err
		}
		task.Values, task.Visits = who.Start.Values, tried(who.Start)
	}
	agent, err := who.Params.New(task)
	if err != nil {
		return nil, err
	}
	state := func() agents.State {
		return agents.State{Observation: make([]float64, len(spec.Features)), Mask: make([]bool, len(spec.Offers))}
	}
	s := &seat{Learner: who, agent: agent, offers: spec.Offers, week: spec.Feature("week"), reference: spec.Feature("reference_price"), now: state(), before: state()}
	return s, s.began()
}

// train plays the episodes that are left.
func (l *loop) train(ctx context.Context, number int) error {
	j := l.job
	for l.episode < j.Episodes && l.stop.Reason == "" {
		if ctx.Err() != nil {
			if err := l.save(); err != nil {
				return err
			}
			return context.Cause(ctx)
		}
		moment := l.moment()
		explored := make([]float64, len(l.seats))
		for i, s := range l.seats {
			explored[i] = s.Params.Explore(agents.Moment{Progress: moment, Steps: s.lived})
		}
		l.play(moment)
		if teller, ok := l.world.(interface{ Err() error }); ok && teller.Err() != nil { // the world ended the episode before its time
			return fmt.Errorf("episode %d: %w", l.episode, teller.Err())
		}
		for i, s := range l.seats {
			explored[i] += float64((1 - explored[i]) * (float64(s.random) / float64(max(l.turns[s.Player], 1))))
		}
		steps := l.turns[j.Learner]
		account := l.world.Account()
		perTurn := account.Reward / float64(max(steps, 1))
		if l.episode == 0 {
			l.moving = perTurn
		}
		l.moving += (perTurn - l.moving) / 100
		l.rows(explored, account)
		l.episode++
		l.stop.look(l.episode, perTurn)
		last := l.episode == j.Episodes || l.stop.Reason != ""
		if err := l.look(); err != nil {
			return err
		}
		if len(l.episodes) >= batch || len(l.steps) >= batch || len(l.learners) >= batch {
			if err := l.flush(); err != nil {
				return err
			}
		}
		if last || j.CheckpointEvery > 0 && l.episode%j.CheckpointEvery == 0 {
			if err := l.save(); err != nil {
				return err
			}
		}
		if j.Watch != nil {
			j.Watch(Progress{Job: number, Episode: l.episode, Episodes: j.Episodes, Steps: int(steps), MovingReward: l.moving,
				Exploration: explored[0], Stopped: l.stop.Reason})
		}
	}
	return nil
}

// look hands over what is learned where it is one of the moments.
func (l *loop) look() error {
	if _, now := slices.BinarySearch(l.job.Moments, l.episode); !now {
		return nil
	}
	policy, err := l.seats[0].agent.Policy()
	if err != nil {
		return err
	}
	return l.job.Look(l.episode, policy)
}

// moment is the share of training that is over.
func (l *loop) moment() float64 { return float64(l.episode) / float64(l.job.Episodes) }

// play plays one episode.
func (l *loop) play(progress float64) {
	j := l.job
	streams := rng.New(j.Master, uint64(l.episode))
	brain, exploration := streams.Family("brain"), streams.Family("exploration")
	for i, s := range l.seats {
		s.explore, s.random, s.earned = exploration.At(), 0, 0
		if i > 0 {
			s.explore = exploration.At(uint64(s.Player))
		}
	}
	clear(l.turns)
	l.world.Reset(uint64(l.episode))
	step := &l.step
	for l.world.Next(step) {
		p := step.Player
		switch {
		case l.at[p] != nil:
			l.turn(l.at[p], progress)
		case step.Stage != env.Last:
			u := brain.At(uint64(p), l.turns[p])
			l.turns[p]++
			l.world.Act(j.Others[p].Decide(step.Observation, u.Float64()).Action)
		}
	}
}

// turn is one turn of a learner: it learns what its last action led to, and acts.
func (l *loop) turn(s *seat, progress float64) {
	step := &l.step
	s.before, s.now = s.now, s.before
	copy(s.now.Observation, step.Observation)
	copy(s.now.Mask, step.Mask)
	s.now.Index = s.Encoder.Encode(s.now.Observation)
	if step.Stage != env.First {
		s.earned += step.Reward
		s.agent.Learn(agents.Transition{
			State: &s.before, Action: s.action, Reward: step.Reward, Discount: step.Discount, Next: &s.now,
			Terminal: step.Terminal, Last: step.Stage == env.Last,
		})
		if s == l.seats[0] {
			l.stepRow()
		}
	}
	if step.Stage == env.Last && step.Terminal {
		return
	}
	random := l.turns[s.Player] < uint64(l.job.RandomStart)
	exploration := math.Inf(1)
	if !random {
		exploration = s.Params.Explore(agents.Moment{Progress: progress, Steps: s.lived})
	}
	random = random || s.agent.WarmingUp()
	s.action, s.exploring = s.agent.Act(&s.now, exploration, &s.explore)
	if step.Stage != env.Last {
		if random {
			s.random++
		}
		l.turns[s.Player]++
		s.lived++
		l.world.Act(s.action)
	}
}

// stepRow records the turn before this one, whose week is now accounted for.
func (l *loop) stepRow() {
	if l.job.StepRows == nil {
		return
	}
	s := l.seats[0]
	row := results.Step{
		Key: l.key(int64(l.turns[s.Player]) - 1), Action: int64(s.action), Price: s.offers[s.action].Price,
		Exploring: s.exploring, Metrics: *l.world.Week(),
	}
	if s.week >= 0 && !math.IsNaN(s.before.Observation[s.week]) {
		row.Week = int64(s.before.Observation[s.week])
	}
	if s.reference >= 0 && !math.IsNaN(s.before.Observation[s.reference]) {
		reference := s.before.Observation[s.reference]
		row.ReferencePrice = &reference
	}
	l.steps = append(l.steps, row)
}

// rows records the episode.
func (l *loop) rows(explored []float64, account *results.Metrics) {
	if l.job.EpisodeRows != nil {
		l.episodes = append(l.episodes, results.Episode{
			Key: l.key(0), Exploration: explored[0], LearningRate: l.seats[0].agent.LearningRate(), Metrics: *account,
		})
	}
	if l.job.LearnerRows == nil {
		return
	}
	for i, s := range l.seats {
		l.learners = append(l.learners, results.Learner{Key: l.key(int64(i)), Player: s.Name, Exploration: explored[i], LearningRate: s.agent.LearningRate(),
			Turns: int64(l.turns[s.Player]), Reward: s.earned})
	}
}

func (l *loop) key(step int64) results.Key {
	key := l.job.Key
	key.Episode, key.Step = int64(l.episode), step
	return key
}

// flush hands the gathered rows over.
func (l *loop) flush() error {
	return errors.Join(handOver(l.job.EpisodeRows, &l.episodes), handOver(l.job.StepRows, &l.steps), handOver(l.job.LearnerRows, &l.learners))
}

func handOver[Row any](to results.Sink[Row], rows *[]Row) error {
	if len(*rows) == 0 {
		return nil
	}
	err := to.Write(*rows)
	*rows = (*rows)[:0]
	return err
}

// save writes the rows so far and hands over a checkpoint.
func (l *loop) save() error {
	if err := l.flush(); err != nil || l.job.Save == nil {
		return err
	}
	c := Checkpoint{Episodes: l.episode, Steps: l.seats[0].lived, MovingReward: l.moving, Stop: l.stop.State}
	for i, s := range l.seats {
		state, err := s.agent.MarshalBinary()
		if err != nil {
			return err
		}
		if i == 0 {
			c.Agent = state
		} else {
			c.Beside = append(c.Beside, Saved{Steps: s.lived, Agent: state})
		}
	}
	return l.job.Save(c)
}

// restore carries on from a checkpoint.
func (l *loop) restore(c *Checkpoint) error {
	if len(c.Beside) != len(l.seats)-1 {
		return field.New("resume.beside", len(c.Beside), fmt.Sprintf("those of %d learners", len(l.seats)-1))
	}
	l.episode, l.moving, l.stop.State = c.Episodes, c.MovingReward, c.Stop
	for i, saved := range append([]Saved{{Steps: c.Steps, Agent: c.Agent}}, c.Beside...) {
		l.seats[i].lived = saved.Steps
		if err := l.seats[i].agent.UnmarshalBinary(saved.Agent); err != nil {
			return err
		}
	}
	return nil
}
