package agents_test

import (
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// classic is a task of Sutton & Barto (2018): numbered states, and from each the same moves.
type classic struct {
	states, moves, start int
	discount             float64
	step                 func(state, move int, stream *rng.Stream) (reward float64, next int, over bool)
}

// student plays a classic with a learner, its chance all from one stream.
type student struct {
	agent  agents.Agent
	task   *classic
	states []agents.State
	stream rng.Stream
}

func enrol(t *testing.T, c *classic, p agents.Params, values []float64, seed int) *student {
	t.Helper()
	spec := &env.Spec{Features: []env.Feature{{Name: "state"}}}
	mask := make([]bool, c.moves)
	for a := range mask {
		mask[a] = true
		spec.Offers = append(spec.Offers, env.Offer{Price: float64(a)})
	}
	task := agents.Task{Spec: spec, Values: values,
		Encoder: policies.Encoder{Dimensions: []policies.Dimension{policies.Uniform("state", 0, -0.5, float64(c.states)-0.5, c.states)}}}
	s := &student{agent: made(t, p, task), task: c, stream: rng.New(uint64(seed), 0).Family("classic").At()}
	for i := range c.states {
		s.states = append(s.states, agents.State{Index: i, Observation: []float64{float64(i)}, Mask: mask})
	}
	return s
}

// episode plays one, of at most so many steps, and tells how many they were and what they earned; visit, unless nil, sees each step.
func (s *student) episode(exploration float64, most int, visit func(state, move int)) (steps int, reward float64) {
	at := s.task.start
	for steps < most {
		move, _ := s.agent.Act(&s.states[at], exploration, &s.stream)
		if visit != nil {
			visit(at, move)
		}
		r, next, over := s.task.step(at, move, &s.stream)
		steps, reward = steps+1, reward+r
		s.agent.Learn(agents.Transition{State: &s.states[at], Action: move, Reward: r, Discount: s.task.discount, Next: &s.states[next],
			Terminal: over, Last: over || steps == most})
		if at = next; over {
			return steps, reward
		}
	}
	s.agent.Act(&s.states[at], exploration, &s.stream)
	return steps, reward
}

// greedy follows the frozen policy and counts its steps, at most 1,000.
func (s *student) greedy(t *testing.T) (steps int) {
	t.Helper()
	p, err := s.agent.Policy()
	if err != nil {
		t.Fatal(err)
	}
	for at, over := s.task.start, false; !over && steps < 1000; steps++ {
		_, at, over = s.task.step(at, p.Decide([]float64{float64(at)}, 0).Action, &s.stream)
	}
	return steps
}

// textbook is a learner as textbooks have it: a constant step size, and chance among equals.
func textbook(rate float64) agents.Tabular {
	p := constant(rate, 0)
	p.Ties = "random"
	return p
}

// walk is a random walk over so many states, from the middle, that ends beyond either side.
func walk(states int, left, right float64) *classic {
	return &classic{states: states, moves: 1, start: states / 2, discount: 1, step: func(s, _ int, stream *rng.Stream) (float64, int, bool) {
		if stream.Uint64()>>63 == 0 {
			s--
		} else {
			s++
		}
		switch s {
		case -1:
			return left, 0, true
		case states:
			return right, 0, true
		}
		return 0, s, false
	}}
}

// rmsErrors is the root of the mean squared error over a walk's states, averaged over runs, after each episode.
func rmsErrors(t *testing.T, c *classic, p agents.Params, initial float64, truth func(state int) float64, episodes, runs int) []float64 {
	t.Helper()
	mean := make([]float64, episodes)
	for run := range runs {
		start := make([]float64, c.states+1)
		for i := range start {
			start[i] = initial
		}
		s := enrol(t, c, p, start, run)
		for e := range mean {
			s.episode(0, math.MaxInt, nil)
			now, _ := s.agent.(agents.Tabulated).Entries()
			sum := 0.0
			for i := range c.states {
				sum += (now[i] - truth(i)) * (now[i] - truth(i))
			}
			mean[e] += math.Sqrt(sum/float64(c.states)) / float64(runs)
		}
	}
	return mean
}

// grid world moves are up, right, down, left.
var rows, columns = [...]int{-1, 0, 1, 0}, [...]int{0, 1, 0, -1}

// precipice is example 6.6: 4 rows of 12; the bottom row between start (left) and goal (right) is a cliff, which costs 100 and leads back to the start.
func precipice() *classic {
	return &classic{states: 48, moves: 4, start: 36, discount: 1, step: func(s, move int, _ *rng.Stream) (float64, int, bool) {
		row, column := min(3, max(0, s/12+rows[move])), min(11, max(0, s%12+columns[move]))
		if row == 3 && column > 0 && column < 11 {
			return -100, 36, false
		}
		return -1, row*12 + column, row == 3 && column == 11
	}}
}

// windy is example 6.5: 7 rows of 10, a wind that carries up to two rows up, and −1 a step until the goal in the middle.
func windy() *classic {
	wind := [...]int{0, 0, 0, 1, 1, 1, 2, 2, 1, 0}
	return &classic{states: 70, moves: 4, start: 30, discount: 1, step: func(s, move int, _ *rng.Stream) (float64, int, bool) {
		row, column := min(6, max(0, s/10+rows[move]-wind[s%10])), min(9, max(0, s%10+columns[move]))
		return -1, row*10 + column, row == 3 && column == 7
	}}
}

// biased is example 6.7: from A (state 0) a move to the right ends it with nothing, one to the left leads to B (state 1), whence ten moves end it with a
// normal reward of mean −.1 and variance 1.
func biased() *classic {
	return &classic{states: 2, moves: 10, discount: 1, step: func(s, move int, stream *rng.Stream) (float64, int, bool) {
		noise := stream.Normal()
		if s == 0 {
			return 0, 1, move > 0
		}
		return noise - 0.1, 0, true
	}}
}

// maze is example 8.1: 6 rows of 9 with walls, 1 at the goal in the upper right corner.
func maze() *classic {
	wall := map[int]bool{}
	for _, c := range [][2]int{{1, 2}, {2, 2}, {3, 2}, {4, 5}, {0, 7}, {1, 7}, {2, 7}} {
		wall[c[0]*9+c[1]] = true
	}
	return &classic{states: 54, moves: 4, start: 18, discount: 0.95, step: func(s, move int, _ *rng.Stream) (float64, int, bool) {
		next := min(5, max(0, s/9+rows[move]))*9 + min(8, max(0, s%9+columns[move]))
		if wall[next] {
			next = s
		}
		if next == 8 {
			return 1, next, true
		}
		return 0, next, false
	}}
}

// Example 6.2: five states, true values 1/6 … 5/6, all .5 at first. TD(0) with α = .1 is nearer to them than constant-α Monte Carlo with any of the book's α after 25,
// 50 and 100 episodes (its figure), and at .055 after 100, which a program of ten lines gives too. 400 runs; the error of each mean is about .001.
func TestOnARandomWalkTDIsBetterThanMonteCarlo(t *testing.T) {
	truth := func(s int) float64 { return float64(s+1) / 6 }
	td := rmsErrors(t, walk(5, 0, 1), &agents.SARSA{Tabular: textbook(0.1)}, 0.5, truth, 100, 400)
	if math.Abs(td[99]-0.055) > 0.004 {
		t.Errorf("TD's error after 100 episodes is %.4f", td[99])
	}
	for _, rate := range []float64{0.01, 0.02, 0.03, 0.04} {
		mc := rmsErrors(t, walk(5, 0, 1), &agents.MonteCarlo{Tabular: textbook(rate), Visit: "every", Longest: 10000}, 0.5, truth, 100, 400)
		for _, after := range []int{25, 50, 100} {
			if mc[after-1] < 1.1*td[after-1] {
				t.Errorf("after %d episodes: TD %.4f, Monte Carlo with α = %v %.4f", after, td[after-1], rate, mc[after-1])
			}
		}
	}
}

// lowest is the least error over step sizes in the first 10 episodes of the walk over 19 states (example 7.1), and where it is.
func lowest(t *testing.T, p func(rate float64) agents.Params, rates ...float64) (least, at float64) {
	t.Helper()
	least = math.Inf(1)
	for _, rate := range rates {
		all := rmsErrors(t, walk(19, -1, 1), p(rate), 0, func(s int) float64 { return float64(s-9) / 10 }, 10, 100)
		sum := 0.0
		for _, e := range all {
			sum += e
		}
		if mean := sum / float64(len(all)); mean < least {
			least, at = mean, rate
		}
	}
	return least, at
}

// Figures 7.2 and 12.8. The least errors are, read off the plots to about .02: n = 1 .34 (at α about .8), 2 .27 (.6), 4 .26 (.4), 8 .28 (.2 to .3), 16 .31; a mean of n is
// best between the extremes. With true online traces λ = .8 is best, .25, and a little better than any n.
func TestOnARandomWalkSeveralStepsAreBetterThanOneAndThanMany(t *testing.T) {
	steps := map[int]float64{1: 0.34, 2: 0.27, 4: 0.26, 8: 0.28, 16: 0.31}
	peak := map[int]float64{1: 0.8, 2: 0.6, 4: 0.4, 8: 0.2, 16: 0.1}
	best := math.Inf(1)
	for n, want := range steps {
		least, at := lowest(t, func(rate float64) agents.Params { return &agents.NStep{Tabular: textbook(rate), Steps: n, Sigma: 1} }, 0.1, 0.2, 0.4, 0.6, 0.8)
		if math.Abs(least-want) > 0.02 || at != peak[n] {
			t.Errorf("n = %d: %.3f at α = %v", n, least, at)
		}
		best = min(best, least)
	}
	for lambda, want := range map[float64]float64{0: 0.34, 0.8: 0.25, 0.95: 0.31} {
		least, _ := lowest(t, func(rate float64) agents.Params {
			return &agents.SARSALambda{Tabular: textbook(rate), Traces: agents.Traces{Lambda: lambda, Trace: "dutch"}}
		}, 0.2, 0.4, 0.8)
		if math.Abs(least-want) > 0.02 || lambda == 0.8 && least > best {
			t.Errorf("λ = %v: %.3f, the best n %.3f", lambda, least, best)
		}
	}
}

// True online TD(λ) with λ = 1 and a step size that is constant is constant-α every-visit Monte Carlo at the end of an episode that visits no state twice (van Seijen et
// al. 2016, theorem 1, there).
func TestTrueOnlineTracesEndInTheReturns(t *testing.T) {
	line := &classic{states: 6, moves: 1, discount: 0.9, step: func(s, _ int, stream *rng.Stream) (float64, int, bool) {
		return stream.Normal(), min(s+1, 5), s == 5
	}}
	var tables [2][]float64
	for i, p := range []agents.Params{
		&agents.SARSALambda{Tabular: textbook(0.3), Traces: agents.Traces{Lambda: 1, Trace: "dutch"}},
		&agents.MonteCarlo{Tabular: textbook(0.3), Visit: "every", Longest: 100},
	} {
		s := enrol(t, line, p, nil, 3)
		for range 20 {
			s.episode(0, 1000, nil)
		}
		tables[i] = values(t, s.agent)
	}
	if !close(tables[0], tables[1]) {
		t.Errorf("true online %v, Monte Carlo %v", tables[0], tables[1])
	}
}

// Example 6.6, α = .5, ε = .1, the last 100 of 500 episodes, 20 seeds: about −50 along the edge (13 steps, greedily) and −25 on the safe path (figure 6.4); Expected
// SARSA about −22 (figure 6.3). All are read off plots. Planning off-policy takes the edge too; one more step, or its law, on-policy, does not.
func TestOnTheCliffOffPolicyLearnersTakeTheEdge(t *testing.T) {
	for _, c := range []struct {
		name        string
		params      agents.Params
		least, most float64
		edge        bool
	}{
		{"q-learning", &agents.QLearning{Tabular: textbook(0.5)}, -60, -42, true},
		{"dyna-q", &agents.DynaQ{Tabular: textbook(0.5), Planning: 5}, -60, -42, true},
		{"prioritised-sweeping", &agents.PrioritisedSweeping{Tabular: textbook(1), Planning: 5, Threshold: 1e-4}, -60, -42, true},
		{"sarsa", &agents.SARSA{Tabular: textbook(0.5)}, -29, -22, false},
		{"expected-sarsa", &agents.ExpectedSARSA{Tabular: textbook(0.5)}, -25, -19, false},
		{"tree-backup", &agents.NStep{Tabular: textbook(0.5), Steps: 2}, -25, -19, false},
		{"sarsa-lambda", &agents.SARSALambda{Tabular: textbook(0.5), Traces: agents.Traces{Lambda: 0.5, Trace: "replacing"}}, -29, -20, false},
	} {
		const seeds = 20
		mean, edge := 0.0, 0
		for seed := range seeds {
			s := enrol(t, precipice(), c.params, nil, seed)
			for e := range 500 {
				if _, reward := s.episode(0.1, 10000, nil); e >= 400 {
					mean += reward / 100 / seeds
				}
			}
			if s.greedy(t) == 13 {
				edge++
			}
		}
		if mean < c.least || mean > c.most || edge != map[bool]int{true: seeds}[c.edge] {
			t.Errorf("%s: %.1f an episode, along the edge %d of %d", c.name, mean, edge, seeds)
		}
	}
}

// Example 6.5, α = .5, ε = .1: SARSA has ended about 170 episodes after 8,000 steps (its figure, read to about 15). Once the shortest path of 15 steps is known, exploring
// keeps an episode at about 17: so for learners that plan, after some 6,000. 20 seeds.
func TestInTheWindEpisodesTakeSeventeenSteps(t *testing.T) {
	const seeds = 20
	count := func(p agents.Params) (episodes, length float64, shortest int) {
		for seed := range seeds {
			s := enrol(t, windy(), p, nil, seed)
			late, steps := 0.0, 0
			for steps < 8000 {
				n, _ := s.episode(0.1, 8000-steps, nil)
				episodes += 1.0 / seeds
				if steps += n; steps > 6000 {
					late++
				}
			}
			length += 2000 / late / seeds
			if s.greedy(t) == 15 {
				shortest++
			}
		}
		return episodes, length, shortest
	}
	if episodes, _, _ := count(&agents.SARSA{Tabular: textbook(0.5)}); math.Abs(episodes-170) > 20 {
		t.Errorf("SARSA ended %.0f episodes", episodes)
	}
	for _, p := range []agents.Params{&agents.DynaQ{Tabular: textbook(0.5), Planning: 5}, &agents.PrioritisedSweeping{Tabular: textbook(1), Planning: 5, Threshold: 1e-4}} {
		if _, length, shortest := count(p); math.Abs(length-17) > 0.5 || shortest != seeds {
			t.Errorf("%T: %.1f steps an episode, the shortest path greedily %d times of %d", p, length, shortest, seeds)
		}
	}
}

// Example 6.7, figure 6.5, α = ε = .1: of the moves from A, 5% to the left are best. Q-learning comes to prefer the left, to more than 90% of the moves, and is still
// above 5% after 300 episodes; Double Q-learning hardly exceeds the 50% of the start and is near 5%. 2,000 runs: the errors are below 1.2%.
func TestDoubleQLearningIsNotMisledByTheHighestOfManyNoises(t *testing.T) {
	left := func(p agents.Params) (share [300]float64) {
		const runs = 2000
		for run := range runs {
			s := enrol(t, biased(), p, nil, run)
			s.states[0].Mask = []bool{true, true, false, false, false, false, false, false, false, false}
			for e := range share {
				s.episode(0.1, 10, func(state, move int) {
					if state == 0 && move == 0 {
						share[e] += 100.0 / runs
					}
				})
			}
		}
		return share
	}
	one, two := left(&agents.QLearning{Tabular: textbook(0.1)}), left(&agents.DoubleQ{Tabular: textbook(0.1)})
	if math.Abs(one[0]-50) > 4 || math.Abs(two[0]-50) > 4 {
		t.Errorf("they begin with %.1f%% and %.1f%%, without knowing anything", one[0], two[0])
	}
	if one[20] < 90 || one[299] < 9 || one[299] > 16 {
		t.Errorf("Q-learning: %.1f%% after 20 episodes, %.1f%% after 300", one[20], one[299])
	}
	if slices.Max(two[:]) > 55 || two[100] > 12 || two[299] < 5-1.2 || two[299] > 8.5 {
		t.Errorf("Double Q-learning: up to %.1f%%, %.1f%% after 100 episodes, %.1f%% after 300", slices.Max(two[:]), two[100], two[299])
	}
}

// Example 8.1, figure 8.2, α = ε = .1, 30 runs: without planning the learner needs about 25 episodes to come near the 14 steps of the shortest way, with 5 planned updates a
// step about 5, with 50 about 3; they all begin alike. The first episode is a random walk, of 868.7 steps in expectation (the fundamental matrix of its chain;
// its standard error over 30 runs is about 160). ε keeps the last episodes at 16 to 18.
func TestInTheMazePlanningFindsTheWay(t *testing.T) {
	first := 0.0
	for _, c := range []struct{ planning, least, most int }{{0, 15, 35}, {5, 3, 7}, {50, 2, 4}} {
		var steps [50]float64
		for run := range 30 {
			s := enrol(t, maze(), &agents.DynaQ{Tabular: textbook(0.1), Planning: c.planning}, nil, run)
			for e := range steps {
				n, _ := s.episode(0.1, math.MaxInt, nil)
				steps[e] += float64(n) / 30
			}
		}
		near := slices.IndexFunc(steps[:], func(n float64) bool { return n < 24 }) + 1
		if near < c.least || near > c.most {
			t.Errorf("%d planned updates: near the shortest way in episode %d", c.planning, near)
		}
		if last := steps[49]; last < 15 || last > 19 {
			t.Errorf("%d planned updates: %.1f steps in the last episode", c.planning, last)
		}
		if first == 0 {
			first = steps[0]
		}
		if steps[0] != first || math.Abs(first-868.7) > 3*160 {
			t.Errorf("%d planned updates: %.0f steps in the first episode", c.planning, steps[0])
		}
	}
}
