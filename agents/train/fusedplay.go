package train

import (
	"context"
	"slices"
)

const breath = 1 << 15 // periods between two looks at the context

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

// expect finds the period of a player's next exploration, by Boltzmann's rule every turn, and else what it will offer then: drawn ahead, nothing waits for it.
func (f *fused) expect(i int) {
	p := &f.players[i]
	turn := p.turns
	if p.clock != nil {
		turn = p.clock.next
		p.offer.Uint64() // whether to explore
		f.trial[i] = int32(p.offer.Float64() * float64(f.offers[i]))
	}
	if f.due[i] = turn; f.stage.Alternating && turn != never {
		f.due[i] = uint64(f.n)*turn + uint64(i)
	}
}

// explore takes a player's offer in a period in which it explores.
func (f *fused) explore(i int, row int32) int32 {
	p := &f.players[i]
	if p.clock == nil {
		p.offer.Uint64()
		offer := f.boltzmann(i, row, p.offer.Float64())
		p.turns++
		f.expect(i)
		return offer
	}
	offer := f.trial[i]
	p.clock.advance(p.clock.next + 1)
	f.expect(i)
	return offer
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
	if f.n == 2 && f.stage.Memory == 1 && len(f.cells) == 2*f.joints {
		f.duel(end)
		return
	}
	until := slices.Min(f.due)
	for f.periods < end {
		switch {
		case f.periods >= until:
			f.explored()
			until = slices.Min(f.due)
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

// duel is simultaneous for two players who both see the one period that they remember: most papers' game, whose greedy periods take two thirds of the time so. The rows of joint choice k are 2k and 2k+1.
func (f *fused) duel(end uint64) {
	heads, rewards, path, ring, discount := f.heads, f.rewards, f.path, f.ring, f.discount
	rateA, rateB := f.rates[0], f.rates[1]
	joint, until := f.history, min(f.due[0], f.due[1])
	for t := f.periods; t < end; {
		if t == until {
			f.periods = t
			joint = f.dare(joint)
			until = min(f.due[0], f.due[1])
			t++
			continue
		}
		row := 2 * joint
		now := (*[2]head)(heads[row:])
		joint = int(now[0].part + now[1].part)
		path[t&ring] = int32(joint)
		t++
		next, reward := (*[2]head)(heads[2*joint:]), (*[2]float64)(rewards[2*joint:])
		targetA := reward[0] + float64(discount*next[0].best)
		targetB := reward[1] + float64(discount*next[1].best)
		bestA := now[0].best + float64(rateA*(targetA-now[0].best))
		bestB := now[1].best + float64(rateB*(targetB-now[1].best))
		if bestA > now[0].bound {
			now[0].best = bestA
			now[0].updates++
		} else {
			f.periods = t
			f.fall(0, int32(row), bestA)
		}
		if bestB > now[1].bound {
			now[1].best = bestB
			now[1].updates++
		} else {
			f.periods = t
			f.fall(1, int32(row+1), bestB)
		}
	}
	f.history, f.periods = joint, end
}

// dare plays a period of a duel in which somebody explores, from one joint choice to the next.
func (f *fused) dare(joint int) int {
	row := int32(2 * joint)
	a, b := f.heads[row].offer, f.heads[row+1].offer
	if f.due[0] == f.periods {
		a = f.explore(0, row)
	}
	if f.due[1] == f.periods {
		b = f.explore(1, row+1)
	}
	joint = int(a)*f.offers[1] + int(b)
	f.path[f.periods&f.ring] = int32(joint)
	f.periods++
	next, reward := f.heads[2*joint:][:2], f.rewards[2*joint:][:2]
	targetA, targetB := reward[0]+float64(f.discount*next[0].best), reward[1]+float64(f.discount*next[1].best)
	f.learn(0, row, a, targetA)
	f.learn(1, row+1, b, targetB)
	return joint
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
