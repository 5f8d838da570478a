package rivals

import "math"

// path is a sequence of rungs, -1 where a period is missing: gaps are filled up, so that neighbours are one period apart.
type path []int

// estimate fits the chain and the rungs' probabilities to a path by maximum likelihood. deal tells the state of each rung.
// Transitions into and out of missing periods are left out, which loses little and assumes only that periods are not missing
// because of the price; the first period of each run is taken as a draw from the stationary distribution within its state.
//
// The states' part is two binomials. Within a state, with draw probabilities π and hold probability h, a pair (i, i) has
// probability h + (1−h)π_i and (i, j) has (1−h)π_j: a mixture whose maximum is found by EM (Dempster, Laird & Rubin 1977).
// h is kept only where it lowers Akaike's criterion against h = 0.
func estimate(p path, deal []bool) (c Chain, probability []float64) {
	var stay, leave [2]float64
	k := len(deal)
	drawn, same := make([]float64, k), make([]float64, k) // draws of each rung for certain; pairs (i, i)
	var pairs [2]float64                                  // within a state
	for t, now := range p {
		if now < 0 {
			continue
		}
		s := state(deal[now])
		before := -1
		if t > 0 {
			before = p[t-1]
		}
		switch {
		case before < 0:
			drawn[now]++
		case deal[before] != deal[now]:
			leave[1-s]++
			drawn[now]++
		default:
			stay[s]++
			pairs[s]++
			if before == now {
				same[now]++
			} else {
				drawn[now]++
			}
		}
	}
	probability = make([]float64, k)
	var hold [2]float64
	for s := range hold {
		var m mixture
		for i := range deal {
			if state(deal[i]) == s {
				m.drawn, m.same = append(m.drawn, drawn[i]), append(m.same, same[i])
			}
		}
		m.changes = pairs[s]
		for _, n := range m.same {
			m.changes -= n
		}
		var pi []float64
		hold[s], pi = m.fit()
		for i := range deal {
			if state(deal[i]) == s {
				probability[i], pi = pi[0], pi[1:]
			}
		}
	}
	c = Chain{ToDeal: share(leave[0], stay[0]), ToRegular: share(leave[1], stay[1]), HoldRegular: hold[0], HoldDeal: hold[1]}
	return c, probability
}

func share(yes, no float64) float64 {
	if yes+no == 0 {
		return 0
	}
	return yes / (yes + no)
}

// mixture is what was counted within one state: for each rung the draws that are certain (an entry, or a change of price) and
// the pairs that stayed on it, which were held or drawn again; and the number of changes.
type mixture struct {
	drawn, same []float64
	changes     float64
}

// fit returns the hold probability and the rungs' draw probabilities of highest likelihood.
func (m mixture) fit() (hold float64, pi []float64) {
	pi = m.draws(0, nil)
	if hold = 0.5; m.changes+total(m.same) == 0 {
		return 0, pi
	}
	least := m.logLikelihood(0, pi) + 1 // a parameter is worth keeping where it adds 1 to the log-likelihood
	free := pi
	for range 10000 {
		held := 0.0
		for i, n := range m.same {
			if n > 0 {
				held += n * hold / (hold + (1-hold)*free[i])
			}
		}
		free = m.draws(hold, free)
		before := hold
		hold = held / (m.changes + total(m.same))
		if math.Abs(hold-before) < 1e-12 {
			break
		}
	}
	if m.logLikelihood(hold, free) < least {
		return 0, pi
	}
	return hold, free
}

// draws returns the shares of the rungs among the draws, where a pair that stayed was drawn again with its probability given
// hold and pi.
func (m mixture) draws(hold float64, pi []float64) []float64 {
	next := make([]float64, len(m.drawn))
	for i, n := range m.same {
		next[i] = m.drawn[i]
		if hold == 0 {
			next[i] += n
		} else if n > 0 {
			next[i] += n * (1 - hold) * pi[i] / (hold + (1-hold)*pi[i])
		}
	}
	if all := total(next); all > 0 {
		for i := range next {
			next[i] /= all
		}
	}
	return next
}

func (m mixture) logLikelihood(hold float64, pi []float64) float64 {
	l := 0.0
	for i := range pi {
		if m.same[i] > 0 {
			l += m.same[i] * math.Log(hold+(1-hold)*pi[i])
		}
		if m.drawn[i] > 0 {
			l += m.drawn[i] * math.Log(pi[i])
		}
	}
	if m.changes > 0 {
		l += m.changes * math.Log(1-hold)
	}
	return l
}

func total(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum
}
