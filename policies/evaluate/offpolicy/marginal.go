package offpolicy

// marginal is marginalised importance sampling over cells of the state (Xie, Ma & Wang 2019, NeurIPS 32, §3): how probable the target makes each
// cell at each step is carried forward from the first step by weighted transitions, Σ_t Σ_s γᵗ·d_t(s)·r_t(s), so that a weight counts once and the product
// of a whole trajectory's never comes up. Rewards and transitions are averages with weights that sum to 1 in their cell. It holds where the cells tell what the
// future hangs on. gain is what each decision brought: its reward, or in place of that what a model did not foretell of it (surprise), for which with the model's value of the first
// observations it is doubly robust (Kallus & Uehara 2020, JMLR 21:167, double reinforcement learning): right if either the cells or the model are. With it comes the effective number of trajectories that what it says rests on, at the step where that is least.
func marginal(d *data, cell []int, cells int, gain []float64, take func(trajectory int) bool) (value, effective float64) {
	weights := make([]float64, cells) // of the decisions in each cell at a step
	now, then := make([]float64, cells), make([]float64, cells)
	taken := make([]bool, d.len())
	n := 0.0
	for k := range d.trajectories() {
		if take(k) {
			for i := d.from[k]; i < d.from[k+1]; i++ {
				taken[i] = true
			}
			now[cell[d.from[k]]]++
			n++
		}
	}
	for c := range now {
		now[c] /= n
	}
	effective = n
	ended := 0.0 // squares of what ended trajectories stand for
	for t := range d.horizon {
		clear(weights)
		clear(then)
		for _, i := range d.byStep[t] {
			if taken[i] {
				weights[cell[i]] += d.weight[i]
			}
		}
		squares := ended
		for _, i := range d.byStep[t] {
			c := cell[i]
			if !taken[i] || weights[c] == 0 {
				continue
			}
			share := now[c] * d.weight[i] / weights[c]
			value += d.worth[i] * share * gain[i]
			squares += share * share
			if i+1 < d.len() && d.step[i+1] == t+1 {
				then[cell[i+1]] += share
			} else {
				ended += share * share
			}
		}
		if squares > 0 {
			effective = min(effective, 1/squares)
		} else {
			effective = 0
		}
		now, then = then, now
	}
	return value, effective
}
