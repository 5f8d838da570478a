package train

import (
	"math"
	"math/bits"
	"slices"

	"github.com/souk-sim/souk/agents"
)

// fused plays a repeated game among Q-learners in one loop over flat tables, to the same bits as session.plain. Of every row of a table it keeps the highest value,
// where that is and the runner-up, so that a greedy period looks at no row: what is played is still the best unless its value fell below the runner-up.
type fused struct {
	*session
	n                  int
	discount           float64 // from a choice to the same player's next
	powers             []float64
	rewards            []float64 // [joint*n+i]
	histories          int       // states, without those of who moves
	older              int       // of these without the oldest period
	rows               []int32   // [history*n+i] index into heads
	cells              []int32   // [row] state of its player's encoder, -1 where there is none
	owner              []int32   // [row] its player
	heads              []head    // [row]
	width              int
	values             []int64   // [row*width+offer] as sortable, but for the heads' offers
	updates            []uint32  // likewise
	rates              []float64 // [player]
	offers             []int     // [player] how many
	at                 []int32   // [player] row of its last choice
	earned             []float64 // since
	history            int
	standing           []int32 // offers of that
	path               []int32 // joint choices of the last periods, at period&ring
	ring               uint64
	odds               []odds    // [row], where a player explores by Boltzmann's rule
	weights, exponents []float64 // [row*width+offer]
	due                []uint64  // [player] period of the next exploration
	trial              []int32   // [player] its offer then
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
		if !ok || p.cells == nil || p.clock == nil && q.Exploration.Rule != "boltzmann" || q.Exploration.Kind == "visits" || len(p.spec.Limits) > 0 ||
			q.LearningRate.Kind != "constant" || q.Ties == "random" || q.Average > 0 || p.agent.WarmingUp() {
			return nil
		}
	}
	n := len(g.players)
	f := &fused{session: g, n: n, discount: 1, histories: g.states, older: 1, rewards: make([]float64, len(g.stage.Rewards)),
		rates: make([]float64, n), offers: make([]int, n), at: make([]int32, n), earned: make([]float64, n), due: make([]uint64, n), trial: make([]int32, n)}
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
		f.width = max(f.width, f.offers[i]+f.offers[i]%2)
	}
	f.ring = 1<<bits.Len(uint(g.Tail)) - 1
	f.path = make([]int32, f.ring+1)
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
	f.heads, f.values, f.updates = make([]head, len(f.cells)), make([]int64, size), make([]uint32, size)
	for k := range f.values {
		f.values[k] = sortable(math.Inf(-1))
	}
	if slices.ContainsFunc(f.players, func(p side) bool { return p.clock == nil }) {
		f.odds, f.weights, f.exponents = make([]odds, len(f.cells)), make([]float64, size), make([]float64, size)
	}
	for row, cell := range f.cells {
		i := f.owner[row]
		values, updates := f.players[i].table.Entries()
		at, from, m := row*f.width, int(cell)*f.offers[i], f.offers[i]
		for a, v := range values[from : from+m] {
			f.values[at+a] = sortable(v)
		}
		copy(f.updates[at:], updates[from:from+m])
		f.crown(int(i), int32(row))
	}
	f.settled = 0
}

// give writes what was learned into the learners' tables.
func (f *fused) give() {
	for row, cell := range f.cells {
		i, h := f.owner[row], &f.heads[row]
		f.keep(int32(row), h)
		values, updates := f.players[i].table.Entries()
		at, from := row*f.width, int(cell)*f.offers[i]
		for a, n := range f.updates[at : at+f.offers[i]] {
			if n != updates[from+a] { // else it may be −0
				values[from+a], updates[from+a] = number(f.values[at+a]), n
			}
		}
	}
	for i := range f.players {
		f.players[i].table.Adopt()
	}
	if f.state = f.history; f.stage.Alternating {
		f.state += int(f.periods%uint64(f.n)) * f.histories
	}
	for k := range min(f.periods, uint64(f.Tail)) {
		t := f.periods - 1 - k
		for i, stride := range f.stride {
			f.tail[int(t%uint64(f.Tail))*f.n+i] = f.path[t&f.ring] / int32(stride) % int32(f.offers[i])
		}
	}
}

// keep writes a head's value and updates into its row.
func (f *fused) keep(row int32, h *head) {
	at := int(row)*f.width + int(h.offer)
	f.values[at] = sortable(h.best)
	f.updates[at] += h.updates
	h.updates = 0
}

// learn is Q-learning's update, after f.periods periods.
func (f *fused) learn(i int, row, offer int32, target float64) {
	h, at := &f.heads[row], int(row)*f.width+int(offer)
	v := number(f.values[at])
	if offer == h.offer {
		v = h.best
	}
	v += float64(f.rates[i] * (target - v))
	if f.odds != nil && f.players[i].clock == nil {
		f.reweigh(row, offer, v)
	}
	if offer == h.offer {
		if v > h.bound {
			h.best = v
			h.updates++
		} else {
			f.fall(i, row, v)
		}
		return
	}
	f.values[at] = sortable(v)
	f.updates[at]++
	switch {
	case v > h.best || v == h.best && offer < h.offer:
		f.keep(row, h)
		h.bound = h.best
		f.place(i, h, offer, v)
	case v > h.bound:
		h.bound = v
	}
}

// fall gives the greedy offer a value at which it may be so no longer.
func (f *fused) fall(i int, row int32, value float64) {
	h := &f.heads[row]
	h.best = value
	h.updates++
	f.keep(row, h)
	f.crown(i, row)
}

// crown looks for the best of a row, two offers at a time: beyond the last there is −∞.
func (f *fused) crown(i int, row int32) {
	values, h := f.values[int(row)*f.width:][:f.width], &f.heads[row]
	most, second, offer := int64(math.MinInt64), int64(math.MinInt64), 0
	for a := 1; a < len(values); a += 2 {
		x, y := values[a-1], values[a]
		first := a - 1
		if y > x {
			first = a
		}
		higher := max(x, y)
		second = max(second, max(min(x, y), min(most, higher)))
		if higher > most {
			offer = first
		}
		most = max(most, higher)
	}
	h.bound = number(second)
	f.place(i, h, int32(offer), number(most))
}

// sortable maps numbers to integers of the same order, which the compiler compares by conditional moves; comparing floats is a branch, which the
// processor guesses wrong too often. −0 becomes 0.
func sortable(x float64) int64 {
	bits := int64(math.Float64bits(x + 0))
	return bits ^ bits>>63&math.MaxInt64
}

// number is the inverse of sortable.
func number(x int64) float64 { return math.Float64frombits(uint64(x ^ x>>63&math.MaxInt64)) }

// place makes an offer the greedy one. Whether it was so before is a conditional move, as it could not be guessed.
func (f *fused) place(i int, h *head, offer int32, value float64) {
	settled := f.settled
	if offer != h.offer {
		settled = f.periods
	}
	h.best, h.offer, h.part, f.settled = value, offer, offer*int32(f.stride[i]), settled
}
