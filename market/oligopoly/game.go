package oligopoly

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// Game is a repeated game; every firm is a player. It is not safe for concurrent use; make one per goroutine.
//
// With simultaneous moves all firms choose in each period and see the state before any of them. With alternating moves firm t mod n chooses in period
// t = 0, 1, … while the choices of the others stand (Maskin & Tirole 1988; Klein 2021), so that a firm's reward is the discounted profit of the n
// periods from one choice to its next,
//
//	π_t + δπ_{t+1} + … + δ^{n−1}π_{t+n−1},  with Discount δⁿ and Elapsed n.
//
// After the last period every firm has its Last step, those whose turn it would not be included: the time since their choice is then less than n.
type Game struct {
	cfg        *Config
	seed       uint64
	n          int
	ladders    [][]float64
	quantities bool // firms choose these
	specs      []env.Spec
	seen       []float64 // the observation told last
	masks      [][]bool  // all true
	stride     []int     // of each firm's rung in a joint choice
	joints     int
	profits    []float64 // [joint choice][firm], as prices and quantities
	prices     []float64
	units      []float64
	cost       []float64
	nearest    [][][]int32 // [firm][rival][rung] of the rival: the nearest rung of the firm
	next       []int32     // Table, once asked for
	reward     []float64
	turns      int // in a period
	firstFew   int // periods in which turns are First

	period, turn, left int
	asked, done        bool
	rung               []int32   // chosen for the period, by firm
	past               []int32   // [lag][firm] rungs of the periods before, the last one first
	supposed           []int32   // scratch: likewise, in a state that is only asked about
	joint              int       // of the last period
	earned             []float64 // discounted, since each firm's choice
	discount           []float64 // from now back to that choice
	elapsed            []float64
	books              books
}

const mostJoints = 1 << 22

// New checks a game and returns it under a master seed, its episode 0 open. Errors are of type *field.Error.
func New(cfg *Config, seed uint64) (*Game, error) {
	system, err := cfg.System()
	if err != nil {
		return nil, err
	}
	if err := cfg.check(); err != nil {
		return nil, err
	}
	ladders, err := cfg.rungs(system)
	if err != nil {
		return nil, err
	}
	n := len(cfg.Firms)
	g := &Game{cfg: cfg, seed: seed, n: n, cost: costs(cfg.Firms), stride: make([]int, n), joints: 1, turns: n, firstFew: 1,
		rung: make([]int32, n), past: make([]int32, max(1, cfg.Memory)*n), supposed: make([]int32, max(1, cfg.Memory)*n), earned: make([]float64, n), discount: make([]float64, n), elapsed: make([]float64, n)}
	if cfg.alternating() {
		g.turns, g.firstFew = 1, n
	}
	for i := n - 1; i >= 0; i-- {
		g.stride[i] = g.joints
		if g.joints *= len(ladders[i]); g.joints > mostJoints {
			return nil, field.New("ladder", fmt.Sprintf("%d rungs for each of %d firms", len(ladders[0]), n), fmt.Sprintf("at most %d joint choices", mostJoints))
		}
	}
	for i, r := range cfg.Opening {
		if r < 0 || r >= len(ladders[i]) {
			return nil, field.New("opening", r, fmt.Sprintf("a rung of %s, 0 to %d", cfg.Firms[i].Name, len(ladders[i])-1))
		}
	}
	if err := g.tabulate(system, ladders); err != nil {
		return nil, err
	}
	g.describe(system, ladders)
	g.Reset(0)
	return g, nil
}

// tabulate computes what each joint choice brings in a period.
func (g *Game) tabulate(system System, ladders [][]float64) error {
	n := g.n
	size := g.joints * n
	g.profits, g.prices, g.units = make([]float64, size), make([]float64, size), make([]float64, size)
	x := make([]float64, n)
	for joint := range g.joints {
		for i := range x {
			x[i] = ladders[i][joint/g.stride[i]%len(ladders[i])]
		}
		at := joint * n
		system.Sell(x, g.prices[at:at+n], g.units[at:at+n])
		for i := range x {
			g.units[at+i] *= g.cfg.Size
			g.profits[at+i] = (g.prices[at+i] - g.cost[i]) * g.units[at+i]
			if math.IsNaN(g.profits[at+i]) || math.Abs(g.profits[at+i]) > 1e100 {
				return field.New("demand", fmt.Sprintf("a profit of %v at choices %v", g.profits[at+i], x), "numbers of ordinary size")
			}
		}
	}
	return nil
}

// Players is the number of firms.
func (g *Game) Players() int { return g.n }

// Spec is a firm's features and ladder. Where firms choose quantities, an offer's Price is a quantity.
func (g *Game) Spec(player int) *env.Spec { return &g.specs[player] }

// Reset opens an episode. What was chosen before its first period is Config.Opening, or drawn at random from (seed, episode): as many
// periods as firms remember.
func (g *Game) Reset(episode uint64) {
	opening := rng.New(g.seed, episode).Family("opening").At()
	for at := range g.past {
		i := at % g.n
		if draw := opening.Intn(len(g.specs[i].Offers)); len(g.cfg.Opening) > 0 {
			g.past[at] = int32(g.cfg.Opening[i])
		} else {
			g.past[at] = int32(draw)
		}
	}
	copy(g.rung, g.past)
	g.joint = g.index(g.rung)
	g.period, g.turn, g.left = 0, 0, g.turns
	g.asked, g.done = false, false
	clear(g.elapsed)
	clear(g.earned)
	clear(g.discount)
	g.books = books{}
}

func (g *Game) index(rungs []int32) int {
	joint := 0
	for i, r := range rungs {
		joint += g.stride[i] * int(r)
	}
	return joint
}

// Next runs the game to the next turn.
func (g *Game) Next(step *env.TimeStep) bool {
	if g.left == 0 {
		if g.done {
			return false
		}
		g.run()
	}
	i := g.turn
	step.Player = i
	step.Mask = g.masks[i]
	step.Observation = g.see(i)
	step.Stage, step.Terminal = env.Mid, false
	step.Reward, step.Discount, step.Elapsed = g.earned[i], g.discount[i], g.elapsed[i]
	switch {
	case g.done:
		step.Stage, step.Terminal = env.Last, g.cfg.End == "terminate"
		g.pass()
		return true
	case g.period < g.firstFew:
		step.Stage, step.Reward, step.Discount, step.Elapsed = env.First, 0, 1, 0
	}
	g.asked = true
	return true
}

// pass ends a turn.
func (g *Game) pass() {
	g.left--
	if g.turn++; g.turn == g.n {
		g.turn = 0
	}
}

// Act makes a firm's choice for the period, to hold when all have made theirs.
func (g *Game) Act(action int) {
	i := g.turn
	if !g.asked || action < 0 || action >= len(g.masks[i]) {
		panic(fmt.Sprintf("oligopoly: firm %d chose rung %d, out of turn or not on its ladder", i, action))
	}
	g.asked = false
	g.rung[i] = int32(action)
	g.earned[i], g.discount[i], g.elapsed[i] = 0, 1, 0
	g.pass()
}

// run plays the period.
func (g *Game) run() {
	joint := g.index(g.rung)
	profits := g.profits[joint*g.n:][:g.n]
	for i, profit := range profits {
		g.earned[i] += float64(g.discount[i] * profit)
		g.discount[i] *= g.cfg.Discount
		g.elapsed[i]++
	}
	g.books.close(g, joint)
	copy(g.past[g.n:], g.past)
	copy(g.past, g.rung)
	g.joint = joint
	g.period++
	g.left = g.turns
	if g.period == g.cfg.Horizon {
		g.done, g.left = true, g.n
	}
}

// Account is what the running episode has brought so far. Revenue, Profit, Units and Purchases are those of all firms; Reward, Own… and MeanPrice those
// of Config.Own, Reward being its profit without discount. It is borrowed until the next call of Next or Reset.
func (g *Game) Account() *results.Metrics {
	return g.books.episode.tell(&g.books.account, g.cfg.Size)
}

// Week is what the periods since the last choice of Config.Own have brought, whatever their length; borrowed likewise.
func (g *Game) Week() *results.Metrics { return g.books.stretch.tell(&g.books.week, g.cfg.Size) }
