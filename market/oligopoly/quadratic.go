package oligopoly

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// quadratic is the demand of a consumer with utility Σ α_i·q_i − ½(Σ β_i·q_i² + γ·Σ_{i≠j} q_i·q_j) and money (Singh & Vives 1984; Häckner 2000 for n firms). Its
// inverse demand is
//
//	p_i = α_i − β_i·q_i − γ·Σ_{j≠i} q_j
//
// Quantities are never negative: at prices at which a product is not wanted, it drops out of the consumer's choice, and what the others
// sell is what they would sell without it. Where firms set quantities, what is brought to market is sold, at negative prices if need be.
type quadratic struct {
	alpha, beta  []float64
	gamma        float64
	byQuantities bool
}

// definite refuses utility that is not concave, in terms of the key that is to blame. Where firms set quantities the same product (β_i = γ) will do.
func (d *quadratic) definite(key string, value float64) error {
	sum := 0.0
	for _, b := range d.beta {
		if b <= d.gamma {
			return field.New("demand."+key, value, "a smaller one: products would be closer to each other than to themselves")
		}
		sum += 1 / (b - d.gamma)
	}
	if 1+float64(d.gamma*sum) <= 0 {
		return field.New("demand."+key, value, fmt.Sprintf("nearer to 0: for %d such firms utility has no maximum", len(d.beta)))
	}
	return nil
}

func (d *quadratic) Quantities() bool { return d.byQuantities }

func (d *quadratic) Sell(choices, prices, quantities []float64) {
	if !d.byQuantities {
		copy(prices, choices)
		d.demand(prices, quantities)
		return
	}
	copy(quantities, choices)
	total := 0.0
	for _, q := range quantities {
		total += q
	}
	for i, q := range quantities {
		prices[i] = d.alpha[i] - float64((d.beta[i]-d.gamma)*q) - float64(d.gamma*total)
	}
}

// demand finds q ≥ 0. With Q = Σ q_j the first-order conditions are q_i = max(0, (v_i − γQ)/(β_i − γ)), v_i = α_i − p_i, so that those who sell are
// those of the highest v_i: they are taken in until the next one's v_i is γQ or less.
func (d *quadratic) demand(prices, quantities []float64) {
	const waiting = -1
	for i := range quantities {
		quantities[i] = waiting
	}
	worth, ease, total := 0.0, 0.0, 0.0 // Σ v/(β−γ) and Σ 1/(β−γ) of those taken in
	for {
		next, v := -1, math.Inf(-1)
		for i, q := range quantities {
			if w := d.alpha[i] - prices[i]; q == waiting && w > v {
				next, v = i, w
			}
		}
		if next < 0 || v <= float64(d.gamma*total) {
			break
		}
		quantities[next] = 0
		worth += v / (d.beta[next] - d.gamma)
		ease += 1 / (d.beta[next] - d.gamma)
		total = worth / (1 + float64(d.gamma*ease))
	}
	for i, q := range quantities {
		if quantities[i] = 0; q != waiting {
			quantities[i] = max(0, (d.alpha[i]-prices[i]-float64(d.gamma*total))/(d.beta[i]-d.gamma))
		}
	}
}

// slopes among those who sell: ∂p_i/∂q_j is −γ and ∂p_i/∂q_i is −β_i; ∂q/∂p is the inverse of that matrix (Sherman & Morrison 1950).
func (d *quadratic) slopes(_, quantities, s []float64) {
	n := len(quantities)
	if d.byQuantities {
		for i := range n {
			for j := range n {
				if s[i*n+j] = -d.gamma; i == j {
					s[i*n+j] = -d.beta[i]
				}
			}
		}
		return
	}
	ease := 0.0
	for i, q := range quantities {
		if q > 0 {
			ease += 1 / (d.beta[i] - d.gamma)
		}
	}
	for i, q := range quantities {
		for j, r := range quantities {
			if s[i*n+j] = 0; q == 0 || r == 0 {
				continue
			}
			s[i*n+j] = d.gamma / ((1 + float64(d.gamma*ease)) * (d.beta[i] - d.gamma) * (d.beta[j] - d.gamma))
			if i == j {
				s[i*n+j] -= 1 / (d.beta[i] - d.gamma)
			}
		}
	}
}

// monopoly sells half of what is asked for at cost: joint profit Σ(α_i − c_i)q_i − (Σβ_i·q_i² + γ·Σ_{i≠j}q_i·q_j) is the consumer's utility at prices c_i
// with the quadratic part doubled, so that the same products are sold. What is not sold is priced where nobody wants a first unit.
func (d *quadratic) monopoly(costs, x []float64) {
	quantities := make([]float64, len(costs))
	d.demand(costs, quantities)
	total := 0.0
	for i := range quantities {
		quantities[i] /= 2
		total += quantities[i]
	}
	for i, q := range quantities {
		if x[i] = q; !d.byQuantities {
			x[i] = d.alpha[i] - float64((d.beta[i]-d.gamma)*q) - float64(d.gamma*total)
		}
	}
}

// bounds on prices: from cost to the price at which nobody buys, whatever complements cost. On quantities: from none to what is asked for at cost,
// alone for substitutes, all together for complements.
func (d *quadratic) bounds(costs, low, high []float64) {
	atCost, total := make([]float64, len(costs)), 0.0
	if d.gamma < 0 {
		d.demand(costs, atCost)
	}
	for _, q := range atCost {
		total += q
	}
	for i, c := range costs {
		if low[i], high[i] = c, max(c, d.alpha[i]-min(0, d.gamma)*total); d.byQuantities {
			low[i], high[i] = 0, max(0, atCost[i], (d.alpha[i]-c)/d.beta[i])
		}
	}
}
