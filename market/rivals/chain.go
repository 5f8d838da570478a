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
	hold := [2]float64{}
	for s := range hold {
		hold[s] = mixture(drawn, same, deal, s, pairs[s], probability)
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

// mixture fits h and π of one state, writes π into probability and returns h.
func mixture(drawn, same []float64, deal []bool, s int, pairs float64, probability []float64) float64 {
	draws, repeats := 0.0, 0.0
	for i := range deal {
		if state(deal[i]) == s {
			draws += drawn[i]
			repeats += same[i]
		}
	}
	if draws+repeats == 0 {
		return 0
	}
	// logLikelihood of the state's pairs and draws.
	logLikelihood := func(h float64) float64 {
		l := 0.0
		for i := range deal {
			if state(deal[i]) != s {
				continue
			}
			if same[i] > 0 {
				l += same[i] * math.Log(h+(1-h)*probability[i])
			}
			if drawn[i] > 0 {
				l += drawn[i] * math.Log(probability[i])
			}
		}
		if changes := pairs - repeats; changes > 0 {
			l += changes * math.Log(1-h)
		}
		return l
	}
	set := func(redrawn func(i int) float64) {
		total := 0.0
		for i := range deal {
			if state(deal[i]) == s {
				total += drawn[i] + redrawn(i)
			}
		}
		for i := range deal {
			if state(deal[i]) == s {
				probability[i] = (drawn[i] + redrawn(i)) / total
			}
		}
	}
	set(func(i int) float64 { return same[i] })
	without := logLikelihood(0)
	if pairs == 0 {
		return 0
	}
	h := 0.5
	for range 10000 {
		held := 0.0
		old := append([]float64(nil), probability...)
		for i := range deal {
			if state(deal[i]) == s && same[i] > 0 {
				held += same[i] * h / (h + (1-h)*old[i])
			}
		}
		set(func(i int) float64 {
			if same[i] == 0 {
				return 0
			}
			return same[i] * (1 - h) * old[i] / (h + (1-h)*old[i])
		})
		next := held / pairs
		if moved := math.Abs(next - h); moved < 1e-12 {
			h = next
			break
		}
		h = next
	}
	if logLikelihood(h) < without+1 {
		set(func(i int) float64 { return same[i] })
		return 0
	}
	return h
}
