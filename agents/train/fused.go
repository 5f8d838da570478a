package train

import (
	"context"
	"math"
	"slices"

	"github.com/souk-sim/souk/agents"
)

// fused plays a repeated game among Q-learners in one loop over flat tables, to the same bits as session.plain. Of every row of a table it keeps the highest value,
// where that is and the runner-up, so that a greedy period looks at no row: what is played is still the best unless its value fell below the runner-up.
type fused struct {
	*session
	n         int
	discount  float64 // from a choice to the same player's next
	powers    []float64
	rewards   []float64 // [joint*n+i]
	histories int       // states, without those of who moves
	older     int       // of these without the oldest period
	rows      []int32   // [history*n+i] index into heads
	cells     []int32   // [row] state of its player's encoder, -1 where there is none
	owner     []int32   // [row] its player
	heads     []head    // [row]
	width     int
	values    []float64 // [row*width+offer], but for the heads' offers
	updates   []uint32  // likewise
	rates     []float64 // [player]
	offers    []int     // [player] how many
	at        []int32   // [player] row of its last choice
	earned    []float64 // since
	history   int
	last      int      // joint choice
	standing  []int32  // offers of that
	due       []uint64 // [player] period of the next exploration
}

// head is what a row of a table comes down to in greedy play.
type head struct {
	best, bound float64 // the highest value, and what no other of the row exceeds
	offer       int32   // the first to have it
	part        int32   // of the offer in a joint choice
	updates     uint32  // of the offer, since it became the best
}

// fuse makes the tables of a session that can be played so, else it returns nil.
func (g *session) fuse() *fused {
	if g.Plain || g.Synchronous || g.game == nil || g.stage.Alternating && g.stage.Memory == 0 || uint64(g.stage.Horizon) <= g.Periods {
		return nil
	}
	for i := range g.players {
		p := &g.players[i]
		q, ok := p.Params.(*agents.QLearning)
		if !ok || p.cells == nil || p.clock == nil || len(p.spec.Limits) > 0 || q.LearningRate.Kind != "constant" || q.Ties == "random" || q.Average > 0 || p.agent.WarmingUp() {
			return nil
		}
	}
	n := len(g.players)
	f := &fused{session: g, n: n, discount: 1, histories: g.states, older: 1, rewards: make([]float64, len(g.stage.Rewards)),
		rates: make([]float64, n), offers: make([]int, n), at: make([]int32, n), earned: make([]float64, n), due: make([]uint64, n), standing: make([]int32, n)}
	gaps := 1 // periods between two choices of a player
	if g.stage.Alternating {
		f.histories /= n
		gaps = n
	}
	for range gaps {
		f.powers = append(f.powers, f.discount)
		f.discount *= g.stage.Discount
	}
	for range g.stage.Memory - 1 {
		f.older *= g.joints
	}
	for i, reward := range g.stage.Rewards {
		f.rewards[i] = 0 + reward // as it is added up there, −0 is 0
	}
	for i := range g.players {
		p := &g.players[i]
		f.rates[i], f.offers[i] = p.Params.(*agents.QLearning).LearningRate.Value, len(p.spec.Offers)
		f.width = max(f.width, f.offers[i])
	}
	f.number()
	f.fill()
	return f
}

// number gives rows to the states that the players tell apart. Where these are all, those of one history lie side by side.
func (f *fused) number() {
	f.rows = make([]int32, f.histories*f.n)
	seen := make([][]int32, f.n) // [player][cell] row + 1
	for i := range seen {
		seen[i] = make([]int32, f.players[i].Encoder.States())
	}
	for h := range f.histories {
		for i := range f.n {
			state := h
			if f.stage.Alternating {
				state += i * f.histories
			}
			cell := f.players[i].cells[state]
			if seen[i][cell] == 0 {
				f.cells, f.owner = append(f.cells, cell), append(f.owner, int32(i))
				seen[i][cell] = int32(len(f.cells))
			}
			f.rows[h*f.n+i] = seen[i][cell] - 1
		}
	}
}

// fill copies the learners' tables.
func (f *fused) fill() {
	size := len(f.cells) * f.width
	f.heads, f.values, f.updates = make([]head, len(f.cells)), make([]float64, size), make([]uint32, size)
	for row, cell := range f.cells {
		i := f.owner[row]
		values, updates := f.players[i].table.Entries()
		at, from, m := row*f.width, int(cell)*f.offers[i], f.offers[i]
		copy(f.values[at:], values[from:from+m])
		copy(f.updates[at:], updates[from:from+m])
		f.crown(int(i), row)
	}
	f.settled = 0
}

// give writes what was learned into the learners' tables.
func (f *fused) give() {
	for row, cell := range f.cells {
		i, h := f.owner[row], &f.heads[row]
		f.keep(row, h)
		values, updates := f.players[i].table.Entries()
		at, from := row*f.width, int(cell)*f.offers[i]
		copy(values[from:from+f.offers[i]], f.values[at:])
		copy(updates[from:from+f.offers[i]], f.updates[at:])
	}
	for i := range f.players {
		f.players[i].table.Adopt()
	}
}

// keep writes a head's value and updates into its row.
func (f *fused) keep(row int, h *head) {
	at := row*f.width + int(h.offer)
	f.values[at] = h.best
	f.updates[at] += h.updates
	h.updates = 0
}

// row is where a player's table has a history.
func (f *fused) row(history, player int) int { return int(f.rows[history*f.n+player]) }

// remember is the history after a joint choice.
func (f *fused) remember(history, joint int) int {
	switch f.stage.Memory {
	case 0:
		return 0
	case 1:
		return joint
	}
	return history%f.older*f.joints + joint
}

const breath = 1 << 21 // periods between two looks at the context

// run plays the session.
func (f *fused) run(ctx context.Context) error {
	f.world.Reset(0)
	f.history = f.game.State() % f.histories
	f.last = f.history % f.joints
	for i, stride := range f.stride {
		f.standing[i] = int32(f.last / stride % f.offers[i])
	}
	for i := range f.players {
		f.expect(i)
	}
	for next := uint64(breath); ; {
		end, until := f.Periods, slices.Min(f.due)
		if f.Converged > 0 {
			end = min(end, f.settled+f.Converged)
		}
		switch {
		case f.periods >= end:
			f.give()
			return nil
		case f.periods >= next:
			if err := f.breathe(ctx); err != nil {
				return err
			}
			next += breath
		case f.periods == until:
			f.explore()
		default:
			f.greedy(min(end, until, next))
		}
	}
}

// explore plays a period in which somebody may explore.
func (f *fused) explore() {
	if f.stage.Alternating {
		i := int(f.periods % uint64(f.n))
		f.alternate(i, f.choose(i))
		return
	}
	joint := 0
	for i, stride := range f.stride {
		f.standing[i] = int32(f.choose(i))
		joint += int(f.standing[i]) * stride
	}
	f.record(joint)
	f.history = f.remember(f.history, joint)
	f.periods++
	next, rewards := f.rows[f.history*f.n:], f.rewards[joint*f.n:]
	for i, offer := range f.standing {
		f.update(i, int(f.at[i]), int(offer), rewards[i]+float64(f.discount*f.heads[next[i]].best))
	}
}

// choose takes a player's offer.
func (f *fused) choose(i int) int {
	row := f.rows[f.history*f.n+i]
	f.at[i] = row
	if f.due[i] != f.periods {
		return int(f.heads[row].offer)
	}
	p := &f.players[i]
	p.clock.advance(p.clock.next + 1)
	f.expect(i)
	p.offer.Uint64() // whether to explore
	return int(p.offer.Float64() * float64(f.offers[i]))
}

// expect finds the period of a player's next exploration.
func (f *fused) expect(i int) {
	c := f.players[i].clock
	if f.due[i] = c.next; f.stage.Alternating && c.next != never {
		f.due[i] = uint64(f.n)*c.next + uint64(i)
	}
}

// alternate plays a period in which one player chooses and the others' offers stand, and lets the next one learn.
func (f *fused) alternate(i, action int) {
	f.last += (action - int(f.standing[i])) * f.stride[i]
	f.standing[i] = int32(action)
	f.record(f.last)
	f.history = f.remember(f.history, f.last)
	f.periods++
	rewards := f.rewards[f.last*f.n:][:f.n]
	f.earned[i] = rewards[i]
	for age := 1; age < f.n; age++ {
		if i--; i < 0 {
			i = f.n - 1
		}
		f.earned[i] += float64(f.powers[age] * rewards[i])
	}
	// i is now who chose longest ago, and chooses next
	if f.periods >= uint64(f.n) {
		next := &f.heads[f.row(f.history, i)]
		f.update(i, int(f.at[i]), int(f.standing[i]), f.earned[i]+float64(f.discount*next.best))
	}
}

// greedy plays periods in which nobody explores.
func (f *fused) greedy(until uint64) {
	if f.stage.Alternating {
		for f.periods < until {
			i := int(f.periods % uint64(f.n))
			row := f.row(f.history, i)
			f.at[i] = int32(row)
			f.alternate(i, int(f.heads[row].offer))
		}
		return
	}
	n, heads, rates, discount := f.n, f.heads, f.rates, f.discount
	history, t := f.history, f.periods
	at := f.rows[history*n:][:n]
	for t < until {
		joint := 0
		for _, row := range at {
			joint += int(heads[row].part)
		}
		if f.Tail > 0 {
			f.periods = t
			f.record(joint)
		}
		history = f.remember(history, joint)
		t++
		to, rewards := f.rows[history*n:][:n], f.rewards[joint*n:][:n]
		for i, row := range at {
			h := &heads[row]
			target := rewards[i] + float64(discount*heads[to[i]].best)
			if v := h.best + float64(rates[i]*(target-h.best)); v > h.bound {
				h.best = v
				h.updates++
			} else {
				f.periods = t
				f.update(i, int(row), int(h.offer), target)
			}
		}
		at = to
	}
	f.history, f.periods = history, t
}

// update is that of Q-learning, after f.periods periods.
func (f *fused) update(i, row, offer int, target float64) {
	h, at := &f.heads[row], row*f.width+offer
	if offer == int(h.offer) {
		h.best += float64(f.rates[i] * (target - h.best))
		h.updates++
		if h.best <= h.bound {
			f.keep(row, h)
			f.crown(i, row)
		}
		return
	}
	v := f.values[at]
	v += float64(f.rates[i] * (target - v))
	f.values[at] = v
	f.updates[at]++
	switch {
	case v > h.best || v == h.best && offer < int(h.offer):
		f.keep(row, h)
		h.bound = h.best
		f.place(i, h, offer, v)
	case v > h.bound:
		h.bound = v
	}
}

// crown looks for the best of a row.
func (f *fused) crown(i, row int) {
	values, h := f.values[row*f.width:][:f.offers[i]], &f.heads[row]
	most, second := int64(math.MinInt64), int64(math.MinInt64)
	for _, v := range values {
		x := sortable(v)
		second = max(second, min(most, x))
		most = max(most, x)
	}
	h.bound = number(second)
	best := number(most)
	f.place(i, h, slices.Index(values, best), best)
}

// sortable maps numbers to integers of the same order, which the compiler compares by conditional moves; comparing floats is a branch, which the
// processor guesses wrong too often. −0 becomes 0.
func sortable(x float64) int64 {
	bits := int64(math.Float64bits(x + 0))
	return bits ^ bits>>63&math.MaxInt64
}

// number is the inverse of sortable.
func number(x int64) float64 { return math.Float64frombits(uint64(x ^ x>>63&math.MaxInt64)) }

// place makes an offer the greedy one.
func (f *fused) place(i int, h *head, offer int, value float64) {
	if h.best = value; offer != int(h.offer) {
		h.offer, h.part = int32(offer), int32(offer*f.stride[i])
		f.settled = f.periods
	}
}

// record keeps the offers of the period at hand.
func (f *fused) record(joint int) {
	if f.Tail == 0 {
		return
	}
	at := f.tail[int(f.periods%uint64(f.Tail))*f.n:]
	for i, stride := range f.stride {
		at[i] = int32(joint / stride % f.offers[i])
	}
}
