package workflow

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/souk-sim/souk"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/rng"
)

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

// learn trains the agents in the plausible markets. The best seed of them is the candidate; warm says that it began with the champion's values.
func (t *Turn) learn(ctx context.Context, b *bazaar, likely *mixture) (candidate *bundle.Bundle, warm bool, err error) {
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
				job.Start, warm = start, true
			}
			jobs = append(jobs, job)
		}
	}
	outcomes, err := train.Run(ctx, jobs, t.Workers)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, false, err
	}
	learned := make([]Learned, 1)
	for i := range outcomes {
		if err := learned[0].add(&jobs[i], &outcomes[i], seats); err != nil {
			return nil, false, err
		}
	}
	best := &Chosen{Agent: jobs[0].Key.Agent, Seed: jobs[0].Key.Seed, Policy: learned[0].Policies[0]}
	if len(jobs) > 1 {
		if best, err = Choose(ctx, b, s, likely, learned, t.Workers); err != nil {
			return nil, false, err
		}
		k := slices.Index(learned[0].Policies, best.Policy)
		best.Agent = jobs[k].Key.Agent
	}
	m := bundle.Manifest{Name: s.Name + " " + best.Agent, Souk: souk.Version, Scenario: s.Name, ScenarioSHA256: s.Hash(), Agent: best.Agent, Seed: best.Seed, Episodes: int64(s.Train.Episodes), Purpose: s.Question}
	for i := range pupils {
		if pupils[i].Name == best.Agent {
			if m.Parameters, err = json.Marshal(pupils[i].Params); err != nil {
				return nil, false, err
			}
		}
	}
	m.Data, _ = b.provenance()
	return &bundle.Bundle{Policy: best.Policy, Manifest: m}, warm, nil
}

// contest is one on paths of its own: logs are of those that a scenario's policies are otherwise compared on, and nobody learned on these.
func (t *Turn) contest(likely *mixture, r *Run, level float64) *evaluate.Contest {
	c := contest(t.Scenario, likely, t.Workers, r.counting("evaluate"))
	stream := rng.New(uint64(t.Scenario.Seed), 0).Family("loop").At()
	c.Arena = arenaOf(likely, stream.Uint64(), t.Workers)
	c.Progress, c.Level = r.counting("evaluate"), level
	return c
}

// enter has the champion and then a candidate take part.
func (t *Turn) enter(c *evaluate.Contest, likely *mixture, candidate policies.Policy) {
	champion := translated(t.Champion.Policy, &t.Champion.Policy.About().Spec, likely.seats().Spec)
	c.Contestants = []evaluate.Contestant{{Name: "champion", Policies: []policies.Policy{champion}}, {Name: "candidate", Policies: []policies.Policy{candidate}}}
}

// duel plays both on the same shoppers, in markets and on paths that training never met, and the champion as it explored besides.
func (t *Turn) duel(ctx context.Context, likely *mixture, r *Run, v *Verdict, level float64) (*Duel, error) {
	c := t.contest(likely, r, level)
	t.enter(c, likely, v.Policy.Policy)
	if v.Window.Explored > 0 {
		exploring, err := policies.Explore(c.Contestants[0].Policies[0], likely.seats().Spec, v.Window.Explored)
		if err != nil {
			return nil, err
		}
		c.Contestants = append(c.Contestants, evaluate.Contestant{Name: "exploring", Policies: []policies.Policy{exploring}})
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
	t.compare(v, d)
	return d, nil
}

// mostApart is how many states a verdict tells of in which the two decide otherwise.
const mostApart = 12

// compare tells where the two decide otherwise. Policies that cannot be compared are left uncompared.
func (t *Turn) compare(v *Verdict, d *Duel) {
	diff, err := bundle.Compare(t.Champion.Policy, v.Policy.Policy)
	if err != nil {
		return
	}
	d.Alike = diff.Share == 0
	for _, p := range diff.Places[:min(len(diff.Places), mostApart)] {
		var state []string
		for _, bin := range p.Bins {
			state = append(state, bin.String())
		}
		v.Apart = append(v.Apart, Apart{strings.Join(state, ", "), p.Weight, offerText(p.First.Price, p.First.Promotion), offerText(p.Second.Price, p.Second.Promotion)})
	}
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
