package train

import (
	"context"
	"slices"
)

const breath = 1 << 18 // periods between two looks at the context

// run plays the session.
func (f *fused) run(ctx context.Context) error {
	f.world.Reset(0)
	f.history = f.game.State() % f.histories
	f.standing = make([]int32, f.n)
	for i, stride := range f.stride {
		f.standing[i] = int32(f.history % f.joints / stride % f.offers[i])
		f.expect(i)
	}
	for {
		end := f.Periods
		if f.Converged > 0 {
			end = min(end, f.settled+f.Converged)
		}
		if f.periods >= end {
			f.give()
			return nil
		}
		if end = min(end, f.periods+breath); f.stage.Alternating {
			f.alternating(end)
		} else {
			f.simultaneous(end)
		}
		if err := f.breathe(ctx); err != nil {
			return err
		}
	}
}

// expect finds the period of a player's next exploration; by Boltzmann's rule that is every turn.
func (f *fused) expect(i int) {
	p := &f.players[i]
	turn := p.turns
	if p.clock != nil {
		turn = p.clock.next
	}
	if f.due[i] = turn; f.stage.Alternating && turn != never {
		f.due[i] = uint64(f.n)*turn + uint64(i)
	}
}

// explore takes a player's offer in a period in which it explores.
func (f *fused) explore(i int, row int32) int32 {
	p := &f.players[i]
	p.offer.Uint64() // whether to explore
	u := p.offer.Float64()
	if p.clock == nil {
		offer := f.boltzmann(i, row, u)
		p.turns++
		f.expect(i)
		return offer
	}
	p.clock.advance(p.clock.next + 1)
	f.expect(i)
	return int32(u * float64(f.offers[i]))
}

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

// simultaneous plays up to a period.
func (f *fused) simultaneous(end uint64) {
	until := slices.Min(f.due)
	for f.periods < end {
		switch {
		case f.periods >= until:
			f.explored()
			until = slices.Min(f.due)
		case f.n == 2 && f.stage.Memory == 1:
			f.duel(min(end, until))
		default:
			f.greedy(min(end, until))
		}
	}
}

// explored plays a period in which somebody explores.
func (f *fused) explored() {
	joint, at := 0, f.rows[f.history*f.n:][:f.n]
	for i, row := range at {
		if f.standing[i] = f.heads[row].offer; f.due[i] == f.periods {
			f.standing[i] = f.explore(i, row)
		}
		joint += int(f.standing[i]) * f.stride[i]
	}
	f.path[f.periods&f.ring] = int32(joint)
	f.history = f.remember(f.history, joint)
	f.periods++
	next, rewards := f.rows[f.history*f.n:], f.rewards[joint*f.n:]
	for i, row := range at {
		f.learn(i, row, f.standing[i], rewards[i]+float64(f.discount*f.heads[next[i]].best))
	}
}

// greedy plays up to a period before which nobody explores.
func (f *fused) greedy(end uint64) {
	n, heads, history := f.n, f.heads, f.history
	at := f.rows[history*n:][:n]
	for t := f.periods; t < end; {
		joint := 0
		for _, row := range at {
			joint += int(heads[row].part)
		}
		f.path[t&f.ring] = int32(joint)
		history = f.remember(history, joint)
		t++
		f.periods = t
		next, rewards := f.rows[history*n:][:n], f.rewards[joint*n:][:n]
		for i, row := range at {
			h := &heads[row]
			target := rewards[i] + float64(f.discount*heads[next[i]].best)
			if v := h.best + float64(f.rates[i]*(target-h.best)); v > h.bound {
				h.best = v
				h.updates++
			} else {
				f.fall(i, row, v)
			}
		}
		at = next
	}
	f.history = history
}

// duel is greedy for two players who remember one period: most papers' game, at nearly twice the pace.
func (f *fused) duel(end uint64) {
	heads, rows, rewards, path, ring, discount := f.heads, f.rows, f.rewards, f.path, f.ring, f.discount
	rateA, rateB := f.rates[0], f.rates[1]
	a, b := rows[2*f.history], rows[2*f.history+1]
	joint := f.history
	for t := f.periods; t < end; {
		at, bt := &heads[a], &heads[b]
		joint = int(at.part + bt.part)
		path[t&ring] = int32(joint)
		nextA, nextB := rows[2*joint], rows[2*joint+1]
		targetA := rewards[2*joint] + float64(discount*heads[nextA].best)
		targetB := rewards[2*joint+1] + float64(discount*heads[nextB].best)
		bestA := at.best + float64(rateA*(targetA-at.best))
		bestB := bt.best + float64(rateB*(targetB-bt.best))
		t++
		if bestA > at.bound {
			at.best = bestA
			at.updates++
		} else {
			f.periods = t
			f.fall(0, a, bestA)
		}
		if bestB > bt.bound {
			bt.best = bestB
			bt.updates++
		} else {
			f.periods = t
			f.fall(1, b, bestB)
		}
		a, b = nextA, nextB
	}
	f.history, f.periods = joint, end
}

// alternating plays up to a period. In each one player chooses while the others' offers stand, and then the next one learns what its last choice brought.
func (f *fused) alternating(end uint64) {
	n := f.n
	until, joint := slices.Min(f.due), 0
	for i, stride := range f.stride {
		joint += int(f.standing[i]) * stride
	}
	i := int(f.periods % uint64(n))
	for t := f.periods; t < end; {
		row := f.rows[f.history*n+i]
		offer := f.heads[row].offer
		if t == until {
			offer = f.explore(i, row)
			until = slices.Min(f.due)
		}
		joint += int(offer-f.standing[i]) * f.stride[i]
		f.standing[i], f.at[i] = offer, row
		f.path[t&f.ring] = int32(joint)
		f.history = f.remember(f.history, joint)
		t++
		f.periods = t
		rewards := f.rewards[joint*n:][:n]
		f.earned[i] = rewards[i]
		for age := 1; age < n; age++ {
			if i--; i < 0 {
				i = n - 1
			}
			f.earned[i] += float64(f.powers[age] * rewards[i])
		}
		if t < uint64(n) { // i is who chose longest ago, and chooses next
			continue
		}
		target := f.earned[i] + float64(f.discount*f.heads[f.rows[f.history*n+i]].best)
		f.learn(i, f.at[i], f.standing[i], target)
	}
}
