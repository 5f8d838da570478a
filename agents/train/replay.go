package train

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/portable"
)

// Replay plays the sessions of Calvano, Calzolari, Denicolò & Pastorello (2020, American Economic Review 110(10)) as the program in their replication archive
// (openICPSR 119462) does, draw by draw: a session of the same number takes as many periods to the same strategies. Sessions of the same law, by our own
// streams and many times as fast, are Session's.
//
// What their program does that the paper does not say:
//
//   - Session number z has two generators (see lecuyer), both seeded with z. Of one come, in every period and explored or not, a number for each firm to
//     decide whether it explores, then one for each to say which rung; of the other those that break ties. The initial states of all sessions are the first numbers of one
//     that is seeded with 1: for each session those of its last period by firm, then of the one before.
//   - ε is 1 in the first period and is multiplied by e^{−β} after each.
//   - A greedy rung stays until its value falls, or another's rises above; where it falls, those within 2⁻⁵² of the highest are tied, and one is drawn.
//   - A session has converged when nobody's greedy rung in the state of the period has changed for Converged periods.
//
// Arithmetic is ours, and compilers differ in the last bit of a profit; that has not been seen to matter. Where firms remember two periods or more and
// values are tied in the beginning, ties break in another order; and their program then looks for the limit cycle from another state than the one reached, as it mixes
// up firms and periods when it reads that one back.
type Replay struct {
	World        env.Repeated // of simultaneous moves; it is read, not played
	LearningRate []float64    // α, by firm
	Decay        []float64    // β, by firm: e^{−β} is by what its exploration is multiplied in each period
	Boltzmann    bool         // explore by Boltzmann's rule, from a temperature of 1000, in place of ε-greedily from ε = 1
	Values       [][]float64  // [firm][state*rungs+rung] in the beginning, states those of Table
	Converged    uint64       // periods without a change: 100,000 in the paper
	Periods      uint64       // a session that has not converged in so many is given up one period later: 1,250,000,000 in the paper
}

// ReplayOutcome is how a session ended.
type ReplayOutcome struct {
	Periods    uint64 // in all; those before the last change are Replay.Converged fewer
	Converged  bool
	State      int       // in which the last period began, from which the authors follow the strategies to the limit cycle
	Strategies [][]int32 // [firm][state] greedy rung
}

// Sessions plays sessions 1 to n, up to workers at once, and hands their outcomes to each in order, one after the other. The first error ends it: a
// *field.Error of what does not fit together, that of each, or the context's cause.
func (r *Replay) Sessions(ctx context.Context, n, workers int, each func(session int, o *ReplayOutcome) error) error {
	if err := r.validate(); err != nil {
		return err
	}
	return inOrder(ctx, n, workers, func(ctx context.Context, i int) (*ReplayOutcome, error) { return r.play(ctx, i+1) },
		func(i int, o *ReplayOutcome) error { return each(i+1, o) })
}

// rungs is how many each firm has.
func (r *Replay) rungs() []int {
	all := make([]int, r.World.Players())
	for i := range all {
		all[i] = len(r.World.Spec(i).Offers)
	}
	return all
}

func (r *Replay) validate() error {
	stage, rungs := r.World.StageGame(), r.rungs()
	if stage.Alternating {
		return field.New("moves", "alternating", "simultaneous")
	}
	if !(stage.Discount >= 0 && stage.Discount < 1) {
		return field.New("discount", stage.Discount, "at least 0 and less than 1")
	}
	states := 1
	for range stage.Memory {
		if states *= len(stage.Rewards) / len(rungs); states > 1<<25 {
			return field.New("memory", stage.Memory, "at most 2²⁵ states")
		}
	}
	for _, x := range []struct {
		key   string
		found int
	}{{"learning_rate", len(r.LearningRate)}, {"decay", len(r.Decay)}, {"values", len(r.Values)}} {
		if x.found != len(rungs) {
			return field.New(x.key, x.found, fmt.Sprintf("one for each of %d firms", len(rungs)))
		}
	}
	for i, m := range rungs {
		if len(r.Values[i]) != states*m {
			return field.New("values", len(r.Values[i]), fmt.Sprintf("%d states × %d rungs", states, m))
		}
		if !(r.LearningRate[i] >= 0 && r.LearningRate[i] <= 1) {
			return field.New("learning_rate", r.LearningRate[i], "0 to 1")
		}
		if !(r.Decay[i] >= 0) {
			return field.New("decay", r.Decay[i], "at least 0")
		}
	}
	if r.Converged < 1 {
		return field.New("converged", r.Converged, "at least 1 period")
	}
	return nil
}

// tied is by how much values may differ that the authors' program takes for equal.
const tied = 0x1p-52

// replayFirm is one firm's learner.
type replayFirm struct {
	m, stride  int
	rate, fade float64
	explore    float64   // ε or temperature of the coming period
	profits    []float64 // [joint choice]
	values     []float64 // [state*m+rung]
	greedy     []replayGreedy
	odds       []float64 // [rung], scratch of Boltzmann's rule
	choice     int       // in the period
}

// replayGreedy is a state's greedy choice.
type replayGreedy struct {
	value float64 // the highest when the greedy rung was last chosen or learned about
	rest  float64 // no other rung's value is above
	rung  int32
}

// play plays a session to its end.
func (r *Replay) play(ctx context.Context, session int) (*ReplayOutcome, error) {
	stage, n := r.World.StageGame(), r.World.Players()
	joints := len(stage.Rewards) / n
	chance, ties := newLecuyer(session), newLecuyer(session)
	firms := r.firms(&stage, ties)
	states := len(firms[0].greedy)
	state := r.opening(session, joints, max(1, stage.Memory)) % states
	draws := make([]uint32, 2*n)
	stable := uint64(0)
	for t := uint64(1); ; t++ {
		chance.fill(draws)
		next := 0
		for i := range firms {
			f := &firms[i]
			f.choose(state, draws[i], draws[n+i], r.Boltzmann)
			next += f.choice * f.stride
		}
		joint := next
		if stage.Memory != 1 {
			next = (state*joints + joint) % states
		}
		stable++
		for i := range firms {
			f := &firms[i]
			if f.learn(state, next, joint, stage.Discount, ties) {
				stable = 1
			}
		}
		if stable == r.Converged || t > r.Periods {
			o := &ReplayOutcome{Periods: t, Converged: stable == r.Converged, State: state}
			for i := range firms {
				strategy := make([]int32, states)
				for s := range strategy {
					strategy[s] = firms[i].greedy[s].rung
				}
				o.Strategies = append(o.Strategies, strategy)
			}
			return o, nil
		}
		if t&0xfffff == 1 && ctx.Err() != nil { // the first period, and every million
			return nil, context.Cause(ctx)
		}
		state = next
	}
}

// firms makes the learners of a session.
func (r *Replay) firms(stage *env.StageGame, ties *lecuyer) []replayFirm {
	rungs, stride := r.rungs(), 1
	n := len(rungs)
	all := make([]replayFirm, n)
	for i, m := range slices.Backward(rungs) {
		all[i] = replayFirm{
			m: m, stride: stride, rate: r.LearningRate[i], fade: portable.Exp(-r.Decay[i]), explore: 1,
			values: slices.Clone(r.Values[i]), greedy: make([]replayGreedy, len(r.Values[i])/m), odds: make([]float64, m),
		}
		if r.Boltzmann {
			all[i].explore = 1000
		}
		for k := i; k < len(stage.Rewards); k += n {
			all[i].profits = append(all[i].profits, stage.Rewards[k])
		}
		stride *= m
	}
	for i := range all {
		for s := range all[i].greedy {
			all[i].settle(s, ties)
		}
	}
	return all
}

// opening is what was chosen in the periods before a session begins, the last one's fastest.
func (r *Replay) opening(session, joints, periods int) int {
	rungs, chance := r.rungs(), newLecuyer(1)
	draws := make([]uint32, len(rungs)*periods)
	for range session {
		chance.fill(draws)
	}
	state, weight := 0, 1
	for period := range slices.Chunk(draws, len(rungs)) {
		joint := 0
		for i, m := range rungs {
			joint = joint*m + below(m, period[i])
		}
		state += joint * weight
		weight *= joints
	}
	return state
}

// choose makes the firm's choice in a state.
func (f *replayFirm) choose(state int, whether, which uint32, boltzmann bool) {
	switch {
	case boltzmann:
		f.boltzmann(f.values[state*f.m:][:f.m], uniform(whether))
	case uniform(whether) <= f.explore:
		f.choice = below(f.m, which)
	default:
		f.choice = int(f.greedy[state].rung)
	}
	f.explore *= f.fade
}

func (f *replayFirm) boltzmann(row []float64, u float64) {
	top, sum := slices.Max(row), 0.0
	for a, v := range row {
		f.odds[a] = portable.Exp((v - top) / f.explore)
		sum += f.odds[a]
	}
	u *= sum
	below := 0.0
	for a, odds := range f.odds {
		if below += odds; u <= below {
			f.choice = a
			return
		}
	}
}

// learn takes in a period and tells whether the greedy rung of its state has changed.
func (f *replayFirm) learn(state, next, joint int, discount float64, ties *lecuyer) bool {
	at, g := state*f.m+f.choice, &f.greedy[state]
	old := f.values[at]
	now := old + float64(f.rate*(f.profits[joint]+float64(discount*f.greedy[next].value)-old))
	f.values[at] = now
	if f.choice != int(g.rung) {
		if now <= g.value {
			g.rest = max(g.rest, now)
			return false
		}
		g.value, g.rest, g.rung = now, g.value, int32(f.choice)
		return true
	}
	if now >= g.value || now-g.rest > tied {
		g.value = now
		return false
	}
	f.settle(state, ties)
	return f.choice != int(g.rung)
}

// settle looks for the greedy rung of a state among all. Values are compared as integers that sort alike, because the compiler makes that
// conditional moves; branches on them would be guessed wrong too often.
func (f *replayFirm) settle(state int, ties *lecuyer) {
	row, g := f.values[state*f.m:][:f.m], &f.greedy[state]
	first, second, rung := int64(math.MinInt64), int64(math.MinInt64), 0
	for a, v := range row {
		bits := int64(math.Float64bits(v))
		bits ^= bits >> 63 & math.MaxInt64
		if bits > first {
			rung = a
		}
		second = max(second, min(first, bits))
		first = max(first, bits)
	}
	g.value, g.rest, g.rung = row[rung], math.Inf(-1), int32(rung)
	if len(row) > 1 {
		g.rest = math.Float64frombits(uint64(second ^ second>>63&math.MaxInt64))
	}
	if g.value-g.rest <= tied {
		g.breakTie(row, ties)
	}
}

// breakTie draws one of the rungs that are as good as the best.
func (g *replayGreedy) breakTie(row []float64, ties *lecuyer) {
	var equal []int32
	for a, v := range row {
		if g.value-v <= tied {
			equal = append(equal, int32(a))
		}
	}
	var draw [1]uint32
	ties.fill(draw[:])
	g.rung = equal[below(len(equal), draw[0])]
	g.rest = math.Inf(-1)
	for a, v := range row {
		if a != int(g.rung) {
			g.rest = max(g.rest, v)
		}
	}
}
