package oligopoly

// StaticReply is the rung that earns a firm most in the period that begins in a state, where the others choose as the profile has them; of equals the lowest.
func (p *Profile) StaticReply(firm int, state int32) int32 {
	best, most := int32(0), 0.0
	options := p.options(int(state), firm)
	for r := range p.game.ladders[firm] {
		_, played := options.of(r)
		if profit := p.game.profits[played*p.game.n+firm]; r == 0 || profit > most {
			best, most = int32(r), profit
		}
	}
	return best
}

// Impulse is what follows when a firm deviates once from a limit cycle: paths by period, 0 the cycle's mean before, 1 the period of the deviation. Prices are in $,
// profits in $ a period.
type Impulse struct {
	Price, Profit           []float64 // of the firm that deviates
	RivalPrice, RivalProfit []float64 // mean of its rivals; 0 where there are none
	// Returned is the share of deviations after which play is back on the cycle at last, and Punished the mean of the periods until then, that of the deviation included.
	Returned, Punished float64
}

// Impulse is the deviation experiment of Calvano et al. (2020, §IV.C): in one period of the limit cycle a firm chooses rung deviate(k, s) in place of its
// strategy's, and from the next one on all follow the profile. The result is the mean over the cycle's states s = cycle.States[k] as starts; with alternating moves over
// those in which it is the firm's turn. A nil deviate is StaticReply in s.
//
// The program in the authors' replication archive takes the reply in another state, the k-th of all in place of s, so that the published figure 4 is that of
// deviate = func(k int, _ int32) int32 { return p.StaticReply(firm, int32(k)) }: on average 1.505 $, where a reply in s would be 1.611 $.
func (p *Profile) Impulse(cycle *Cycle, firm, periods int, deviate func(k int, state int32) int32) *Impulse {
	g := p.game
	i := &Impulse{Price: make([]float64, periods+1), Profit: make([]float64, periods+1), RivalPrice: make([]float64, periods+1), RivalProfit: make([]float64, periods+1)}
	i.add(0, firm, cycle.Mean.Prices, cycle.Mean.Profits, 1)
	onCycle := make([]bool, len(p.next))
	turns := 0
	for _, s := range cycle.States {
		onCycle[s] = true
		if !g.cfg.alternating() || int(s)/p.histories == firm {
			turns++
		}
	}
	for k, s := range cycle.States {
		if g.cfg.alternating() && int(s)/p.histories != firm {
			continue
		}
		rung := p.StaticReply(firm, s)
		if deviate != nil {
			rung = deviate(k, s)
		}
		next, joint := p.options(int(s), firm).of(int(rung))
		back := 0
		for t := 1; t <= max(periods, len(p.next)+1); t++ {
			if t <= periods {
				i.add(t, firm, g.prices[joint*g.n:][:g.n], g.profits[joint*g.n:][:g.n], 1/float64(turns))
			}
			if back == 0 && onCycle[next] {
				back = t
				i.Returned += 1 / float64(turns)
				i.Punished += float64(t)
			}
			if back > 0 && t >= periods {
				break
			}
			next, joint = int(p.next[next]), int(p.joint[next])
		}
	}
	if i.Returned > 0 {
		i.Punished /= i.Returned * float64(turns)
	}
	return i
}

// add books a period of weight share.
func (i *Impulse) add(t, firm int, prices, profits []float64, share float64) {
	i.Price[t] += float64(share * prices[firm])
	i.Profit[t] += float64(share * profits[firm])
	rivals := share / float64(len(prices)-1)
	for j := range prices {
		if j != firm {
			i.RivalPrice[t] += float64(rivals * prices[j])
			i.RivalProfit[t] += float64(rivals * profits[j])
		}
	}
}
