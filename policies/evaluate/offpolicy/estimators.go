package offpolicy

// terms are an estimator as a sum of ratios of sums over blocks of units, Σ_k (Σ_b num[b][k])/(Σ_b den[b][k]): what is resampled.
type terms struct {
	k        int
	num, den []float64 // [block*k+…]
}

func newTerms(blocks, k int) *terms {
	return &terms{k, make([]float64, blocks*k), make([]float64, blocks*k)}
}

// weighting makes an estimator's terms; q is what the model says.
type weighting func(d *data, q *values, block func(trajectory int) int, blocks int) *terms

// mean makes an estimator that is a mean over trajectories.
func mean(of func(d *data, q *values, from, to int) float64) weighting {
	return func(d *data, q *values, block func(int) int, blocks int) *terms {
		t := newTerms(blocks, 1)
		for k := range d.trajectories() {
			b := block(k)
			t.num[b] += of(d, q, d.from[k], d.from[k+1])
			t.den[b]++
		}
		return t
	}
}

// inverse is inverse propensity scoring (Horvitz & Thompson 1952): the mean of what trajectories brought, ρ·Σ_t γᵗ·r_t, ρ the product of all their
// weights.
var inverse = mean(func(d *data, _ *values, from, to int) (sum float64) {
	for i := from; i < to; i++ {
		sum += d.worth[i] * d.reward[i]
	}
	return d.ratio[to-1] * sum
})

// selfNormalised is inverse with the sum of the weights in place of their number (Swaminathan & Joachims 2015, NeurIPS 28): it does not hang on
// the level of rewards, at the price of a bias that goes away as 1/n.
func selfNormalised(d *data, _ *values, block func(int) int, blocks int) *terms {
	t := newTerms(blocks, 1)
	for k := range d.trajectories() {
		b, sum := block(k), 0.0
		for i := d.from[k]; i < d.from[k+1]; i++ {
			sum += d.worth[i] * d.reward[i]
		}
		rho := d.ratio[d.from[k+1]-1]
		t.num[b] += rho * sum
		t.den[b] += rho
	}
	return t
}

// perDecision is per-decision importance sampling (Precup, Sutton & Singh 2000, ICML, §3): Σ_t γᵗ·ρ_t·r_t, ρ_t the weights up to step t, because what
// is decided later does not change what came before.
var perDecision = mean(func(d *data, _ *values, from, to int) (sum float64) {
	for i := from; i < to; i++ {
		sum += d.worth[i] * d.ratio[i] * d.reward[i]
	}
	return sum
})

// doublyRobust is a model's value and what the weights say of its error (Dudík, Langford & Li 2011, ICML; in sequences Jiang & Li 2016, ICML,
// eq. 10, unrolled): V_0 + Σ_t γᵗ·ρ_t·(r_t + γ·V_{t+1} − Q_t).
var doublyRobust = mean(func(d *data, q *values, from, to int) float64 { return corrected(d, q, from, to, -1) })

// corrected is one trajectory's doubly robust value, without what steps with ρ_t > most say; most < 0: with all of them.
func corrected(d *data, q *values, from, to int, most float64) float64 {
	sum := q.target[from]
	for i := from; i < to; i++ {
		if most >= 0 && d.ratio[i] > most {
			continue
		}
		sum += d.worth[i] * d.ratio[i] * d.surprise(q, i, to)
	}
	return sum
}

// surprise is how far what a decision brought, and the value of where it led, are from what the model said of it.
func (d *data) surprise(q *values, i, end int) float64 {
	x := d.reward[i] - q.made[i]
	if i+1 < end {
		x += d.gamma(i) * q.target[i+1]
	}
	return x
}

// switched is SWITCH-DR (Wang, Agarwal & Dudík 2017, ICML): doubly robust where weights are small, and the model alone where they are above τ. In
// sequences the weights are those up to the step.
func switched(threshold float64) weighting {
	return mean(func(d *data, q *values, from, to int) float64 { return corrected(d, q, from, to, threshold) })
}

// threshold chooses τ of SWITCH-DR among quantiles of the weights: the least estimated variance and squared bias (ibid., §4). The bias is estimated by
// the mean of what is left out, whose own noise speaks against leaving out much; the bound of the paper, by the largest reward, never
// leaves out anything where rewards are noisy.
func threshold(d *data, q *values) (tau float64) {
	candidates := spread(d.ratio)
	least := -1.0
	n := float64(d.trajectories())
	for _, candidate := range candidates {
		sum, square, all := 0.0, 0.0, 0.0
		for k := range d.trajectories() {
			y := corrected(d, q, d.from[k], d.from[k+1], candidate)
			sum, square = sum+y, square+y*y
			all += corrected(d, q, d.from[k], d.from[k+1], -1)
		}
		out := (all - sum) / n
		if loss := (square/n-sum/n*sum/n)/n + out*out; least < 0 || loss < least {
			tau, least = candidate, loss
		}
	}
	return tau
}

// perStep makes an estimator that is self-normalised step by step: at each step the weights of all trajectories sum to 1, those of trajectories that have ended
// staying as they were. The first term is over trajectories as they come.
func perStep(of func(d *data, q *values, i, end int) float64, opening func(q *values, i int) float64) weighting {
	return func(d *data, q *values, block func(int) int, blocks int) *terms {
		t := newTerms(blocks, d.horizon+1)
		for k := range d.trajectories() {
			from, to := d.from[k], d.from[k+1]
			at := block(k) * t.k
			t.num[at] += opening(q, from)
			t.den[at]++
			rho := 1.0
			for s := range d.horizon {
				if i := from + s; i < to {
					rho = d.ratio[i]
					t.num[at+1+s] += d.worth[i] * rho * of(d, q, i, to)
				}
				t.den[at+1+s] += rho
			}
		}
		return t
	}
}

// perDecisionWeighted is perDecision with weights that sum to 1 at each step (Precup et al. 2000, §3, in the consistent form of Thomas 2015, Safe Reinforcement
// Learning, §3.10).
var perDecisionWeighted = perStep(
	func(d *data, _ *values, i, _ int) float64 { return d.reward[i] },
	func(*values, int) float64 { return 0 })

// weightedDoublyRobust is doublyRobust with weights that sum to 1 at each step (Thomas & Brunskill 2016, ICML, §4).
var weightedDoublyRobust = perStep(
	func(d *data, q *values, i, end int) float64 { return d.surprise(q, i, end) },
	func(q *values, i int) float64 { return q.target[i] })
