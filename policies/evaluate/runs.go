package evaluate

import (
	"context"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios/field"
)

// Runs plays contestants in independent runs, the unit of a benchmark's statistics (Agarwal et al. 2021, "Deep reinforcement learning at the
// edge of the statistical precipice"): run r is a contestant's policy of training seed r, or its only one, on paths r·Paths … (r+1)·Paths−1.
// Every contestant meets the same customers in a run, and no two runs share a customer or a training, so that differences are paired by run
// and runs are independent.
type Runs struct {
	Arena
	Number int // of runs
	Paths  int // of a run
}

// Played is what a contestant came to.
type Played struct {
	Name     string          `json:"name"`
	Policies int             `json:"policies"` // 1, or one a run; 0 of a bound
	Scores   [][]float64     `json:"scores"`   // [run][path]
	Total    results.Metrics `json:"total"`    // the accounts of all its episodes together; of a bound nothing
}

// Play plays a contestant in all runs. The result does not depend on the number of workers. The error is a *field.Error where it has neither one
// policy nor one a run.
func (r *Runs) Play(ctx context.Context, c Contestant) (*Played, error) {
	if n := len(c.Policies); n != 1 && n != r.Number || c.Others != nil && len(c.Others) != r.Number {
		return nil, field.New("contestant", c.Name, "one policy, or one for each run, and as many with whom they play")
	}
	return r.each(ctx, c.Name, len(c.Policies), func(run int) game {
		g := game{name: c.Name, policy: c.Policies[min(run, len(c.Policies)-1)]}
		if c.Others != nil {
			g.others = c.Others[run]
		}
		return g
	})
}

// Foresee computes a bound on the paths of all runs.
func (r *Runs) Foresee(ctx context.Context, b Bound) (*Played, error) {
	return r.each(ctx, b.Name, 0, func(int) game { return game{name: b.Name, bound: b.Score} })
}

func (r *Runs) each(ctx context.Context, name string, policies int, of func(run int) game) (*Played, error) {
	if r.Number < 2 || r.Paths < 1 {
		return nil, field.New("runs", r.Number, "at least 2, of a path or more each")
	}
	var games []game
	for run := range r.Number {
		for path := range r.Paths {
			g := of(run)
			g.path = run*r.Paths + path
			games = append(games, g)
		}
	}
	episodes, err := r.play(ctx, games)
	if err != nil {
		return nil, err
	}
	p := &Played{Name: name, Policies: policies, Scores: make([][]float64, r.Number)}
	for i := range episodes {
		p.Scores[i/r.Paths] = append(p.Scores[i/r.Paths], episodes[i].score)
		p.Total.Add(&episodes[i].Metrics)
	}
	return p, nil
}

// Exact is what a contestant's policies are worth by computation, one value a run; of a single policy the same in all.
func Exact(c Contestant, runs int, value func(policies.Policy) (float64, error)) (*Played, error) {
	p := &Played{Name: c.Name, Policies: len(c.Policies)}
	for _, policy := range c.Policies {
		v, err := value(policy)
		if err != nil {
			return nil, err
		}
		p.Scores = append(p.Scores, []float64{v})
	}
	p.Scores = broadcast(p.Scores, runs)
	return p, nil
}
