package workflow

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/stats"
)

// Schooling is what learning cost an agent of a benchmark: by what it earned while it learned, exploration included, over its runs.
type Schooling struct {
	Agent     string  `json:"agent"`
	Episodes  int     `json:"episodes"` // that all its runs have come to
	Fixed     float64 `json:"best_fixed"`
	BreakEven Reached `json:"break_even"`       // until a running mean is no less than what the best fixed price earns there
	Settled   Reached `json:"settled"`          // until it has come 95% of the way from its first twentieth to its last
	Regret    *Regret `json:"regret,omitempty"` // where an optimum is known
}

// Reached is after how many episodes runs came to a target.
type Reached struct {
	Runs   int      `json:"runs"`             // that did
	Of     int      `json:"of"`               // how many
	Median *float64 `json:"median,omitempty"` // episodes, over all runs; nil where fewer than half did
}

// schoolWindow is the share of a training over which its running mean goes.
const schoolWindow = 20

// schooling reads what agents earned while they learned, out of the run's episodes.
func (b *bencher) schooling(ctx context.Context) (all []Schooling, err error) {
	if len(b.learned) == 0 {
		return nil, nil
	}
	s := b.Scenario
	least := func(l *Learned) int {
		n := s.Train.Episodes
		for _, stop := range l.Stops {
			n = min(n, stop.Episodes)
		}
		return n
	}
	fixed, optimum, err := b.inSchool(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := openTable[results.Episode](b.run, "episodes")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.close()) }()
	readings := func(agent string) []int {
		for i := range b.learned {
			if b.prefix+b.learned[i].Agent == agent {
				return halves(least(&b.learned[i]))
			}
		}
		return nil
	}
	block := blockOf(s.Train.Episodes)
	l := &Learning{Curves: coursesOf(rows, block, readings, b.school.score)}
	if rows.err != nil {
		return nil, rows.err
	}
	periods := s.Time.Horizon
	if g, is := b.ground.(*problemGround); is {
		periods = g.scored()
	}
	for i := range b.learned {
		a := &b.learned[i]
		k, courses := Schooling{Agent: a.Agent, Episodes: least(a), Fixed: fixed}, l.of(b.prefix+a.Agent)
		if k.BreakEven, err = reached(courses, block, func([]float64) float64 { return fixed }); err != nil {
			return nil, err
		}
		if k.Settled, err = reached(courses, block, settledAt); err != nil {
			return nil, err
		}
		if optimum != nil {
			r := regretOf(a.Agent, halves(k.Episodes), courses, *optimum, periods)
			k.Regret = &r
		}
		all = append(all, k)
	}
	return all, nil
}

// inSchool is what the best fixed price and the optimum's policy earn an episode in the market that agents learn in; nil where no optimum is known. Of a problem that is
// solved both are computed: regret has the optimum's error times all episodes.
func (b *bencher) inSchool(ctx context.Context) (fixed float64, optimum *stats.Estimate, err error) {
	best := b.base.policies[solved]
	if g, is := b.ground.(*problemGround); is && g.solved != nil {
		if fixed, err = g.solved.EpisodeValue(b.base.policies[bestFixed]); err != nil {
			return 0, nil, err
		}
		value, err := g.solved.EpisodeValue(best)
		return fixed, &stats.Estimate{Value: value, Low: value, High: value, Level: level}, err
	}
	c := &evaluate.Contest{Arena: arenaOf(b.school, tuneMaster(b.Scenario), b.workers()), Paths: tunePaths, Level: level, Resamples: resamples,
		Contestants: []evaluate.Contestant{{Name: bestFixed, Policies: []policies.Policy{b.base.policies[bestFixed]}}}}
	c.Others = b.full.seats().Others // where others learned too, with what they did
	if best != nil {
		c.Contestants = append(c.Contestants, evaluate.Contestant{Name: solved, Policies: []policies.Policy{best}})
	}
	r, err := c.Run(ctx)
	if err != nil {
		return 0, nil, err
	}
	if best != nil {
		optimum = &r.Rows[1].Profit
	}
	return r.Rows[0].Profit.Value, optimum, nil
}

// window is how many points of a course its running mean takes in.
func window(course []float64) int { return max(1, len(course)/schoolWindow) }

// settledAt is 95% of the way that a course goes from its first window to its last.
func settledAt(course []float64) float64 {
	n := window(course)
	first, last := stats.Mean(course[:n]), stats.Mean(course[len(course)-n:])
	return first + 0.95*(last-first)
}

// reached is after how many episodes courses reach a target.
func reached(courses []Course, block int, target func(course []float64) float64) (Reached, error) {
	r := Reached{Of: len(courses)}
	var all []float64
	for _, c := range courses {
		points, err := stats.EpisodesUntil(c.Scores, window(c.Scores), target(c.Scores))
		if err != nil {
			return r, err
		}
		if !math.IsInf(points, 1) {
			r.Runs++
			points = min(points*float64(block), float64(c.Episodes)) // the last point may be of fewer
		}
		all = append(all, points)
	}
	if m := stats.Median(all); !math.IsInf(m, 1) && !math.IsNaN(m) {
		r.Median = &m
	}
	return r, nil
}

// schoolTable is the table of what learning cost.
func (b *Benched) schoolTable() *grid {
	g := &grid{title: "Learning: what agents earned while they learned, exploration included, over all runs",
		heads: []string{"", "episodes", "break-even after", "settled after"},
		notes: []string{"break-even: episodes, median of runs, until a mean over a twentieth of the training is no less than what the best fixed price earns there. settled: until it has come 95% of the way " +
			"from the first twentieth to the last."}}
	regret := false
	for i := range b.Learning {
		regret = regret || b.Learning[i].Regret != nil
	}
	if regret {
		g.heads = append(g.heads, "regret, $", "grows with episodes^")
		g.notes = append(g.notes, "regret: what it gave up against the optimum's policy in the same market until its last episode, ± its standard error over runs and, where the optimum was played and not computed, over its customers; grows with episodes to this power [95%]: "+
			"1 where as much is given up in each, ½ where regret grows like their root.")
	}
	for i := range b.Learning {
		k := &b.Learning[i]
		line := []string{k.Agent, amount(float64(k.Episodes), 0), k.BreakEven.inWords(), k.Settled.inWords()}
		if r := k.Regret; r != nil {
			last := len(r.Lost) - 1
			slope := "–"
			if r.Slope != nil {
				slope = bracketed(*r.Slope, 2)
			}
			line = append(line, withHalf(r.Lost[last], r.Error[last], 0, ""), slope)
		}
		g.lines = append(g.lines, line)
	}
	return g
}

// inWords is a median, and how many runs came there where not all did.
func (r *Reached) inWords() string {
	text := "never"
	switch {
	case r.Median != nil:
		text = amount(*r.Median, 0)
	case r.Runs > 0:
		text = "–"
	}
	if 0 < r.Runs && r.Runs < r.Of {
		text += fmt.Sprintf(" (%d of %d)", r.Runs, r.Of)
	}
	return text
}
