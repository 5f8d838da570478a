package train

import (
	"math"

	"github.com/souk-sim/souk/sim/portable"
)

// odds are the weights e^{(Q(s,a) − Q₀)/τ₀} of Boltzmann's rule in a row, as they were at an earlier temperature τ₀, with the values of today. An exponential for each offer and
// turn would be nearly all that a session costs, though from turn to turn little changes. So the earlier weights choose, unless what they may be wrong by
// could matter: then, once in some dozens of turns, all is computed anew.
//
// At temperature τ the weight of exponent x is off by a factor e^{xd}, d = τ₀/τ − 1, hence the sums by at most 1.3·|d|·Σ w·|x| = D where |xd| < ½, which |d| < 1/2000
// sees to for x < 0, unless the weight is 0 anyway. For x > 0 it follows where an offer is more than 4D wide: if some |xd| >= ½ then D exceeds 0.65·w, and no offer
// that weighs less is so wide.
type odds struct {
	reference, temperature float64 // Q₀ and τ₀
	sum, spread            float64 // Σ w and Σ w·|x|
	most                   float64 // the highest sum since τ₀: what rounding is relative to
}

// boltzmann inverts the law e^{Q(s,a)/τ} at u, to the same offer as the learner itself.
func (f *fused) boltzmann(i int, row int32, u float64) int32 {
	const vanishes = -746 // e^x is 0 below
	h, o := &f.heads[row], &f.odds[row]
	temperature := max(f.players[i].temperature(f.Periods), math.SmallestNonzeroFloat64)
	if (h.bound-h.best)/temperature < vanishes {
		return h.offer
	}
	from, to := int(row)*f.width, int(row)*f.width+f.offers[i]
	weights, exponents, values := f.weights[from:to], f.exponents[from:to], f.values[from:to]
	if offer, sure := o.choose(weights, temperature, u); sure {
		return offer
	}
	values[h.offer] = sortable(h.best)
	*o = odds{reference: h.best, temperature: temperature}
	for a, v := range values {
		x := (number(v) - h.best) / temperature
		exponents[a], weights[a] = x, portable.Exp(x)
		o.sum += weights[a]
		o.spread -= float64(x * weights[a])
	}
	o.most = o.sum
	left := float64(u * o.sum)
	for a, weight := range weights {
		if left < weight {
			return int32(a)
		}
		left -= weight
	}
	return int32(len(weights) - 1)
}

// choose is the offer at u, if it is sure.
func (o *odds) choose(weights []float64, temperature, u float64) (offer int32, sure bool) {
	drift := math.Abs(o.temperature/temperature - 1)
	if !(drift < 1.0/2000 && o.sum > 1e-200 && o.sum < 1e200) {
		return 0, false
	}
	margin := float64(2.6*float64(drift*o.spread)) + float64(1e-9*o.sum) + float64(1e-12*o.most)
	at, below := float64(u*o.sum), 0.0
	for a, weight := range weights {
		above := below + weight
		if at < above {
			return int32(a), (a == 0 || at-below > margin) && above-at > margin
		}
		below = above
	}
	return 0, false
}

// reweigh takes in a new value.
func (f *fused) reweigh(row, offer int32, value float64) {
	o, at := &f.odds[row], int(row)*f.width+int(offer)
	if o.temperature == 0 {
		return
	}
	o.sum -= f.weights[at]
	o.spread -= float64(f.weights[at] * math.Abs(f.exponents[at]))
	x := (value - o.reference) / o.temperature
	w := portable.Exp(x)
	f.exponents[at], f.weights[at] = x, w
	o.sum += w
	if w > 0 {
		o.spread += float64(w * math.Abs(x))
	}
	o.most = max(o.most, o.sum)
}
