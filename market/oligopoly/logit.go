package oligopoly

import (
	"math"

	"github.com/souk-sim/souk/sim/portable"
)

// Logit is demand by shoppers who each take one product or none, with utility (a_i − p_i)/μ + extreme-value noise and a_0/μ for none:
//
//	q_i = e^{(a_i−p_i)/μ} / (Σ_j e^{(a_j−p_j)/μ} + e^{a_0/μ})
//
// (McFadden 1974; Anderson & de Palma 1992; Calvano et al. 2020, eq. 4). A firm's quality is a_i.
type Logit struct {
	Scale   float64 `toml:"scale" default:"0.25" range:"[0.000001,1000000]" doc:"μ, how different products are: at 0 all take the best"`
	Outside float64 `toml:"outside" range:"[-1000000000,1000000000]" doc:"a_0, mean utility of buying nothing"`
}

func (o *Logit) system(firms []Firm) (System, error) {
	if err := bounded("scale", o.Scale, 1e-6, 1e6); err != nil {
		return nil, err
	}
	if err := bounded("outside", o.Outside, -mostMoney, mostMoney); err != nil {
		return nil, err
	}
	l := &logitSystem{scale: o.Scale, outside: o.Outside}
	for _, f := range firms {
		l.quality = append(l.quality, f.Quality)
	}
	return l, nil
}

type logitSystem struct {
	scale, outside float64
	quality        []float64
}

func (l *logitSystem) Quantities() bool { return false }

func (l *logitSystem) Sell(choices, prices, quantities []float64) {
	copy(prices, choices)
	best := l.outside // taken off all utilities, so that no exponential overflows
	for i, p := range prices {
		best = max(best, l.quality[i]-p)
	}
	sum := portable.Exp((l.outside - best) / l.scale)
	for i, p := range prices {
		quantities[i] = portable.Exp((l.quality[i] - p - best) / l.scale)
		sum += quantities[i]
	}
	for i := range quantities {
		quantities[i] /= sum
	}
}

// slopes: ∂q_i/∂p_j = q_i·q_j/μ, and ∂q_i/∂p_i = −q_i(1−q_i)/μ.
func (l *logitSystem) slopes(_, quantities, s []float64) {
	n := len(quantities)
	for i, q := range quantities {
		for j, r := range quantities {
			s[i*n+j] = q * r / l.scale
		}
		s[i*n+i] = -q * (1 - q) / l.scale
	}
}

// monopoly: all products have one markup m (Anderson & de Palma 1992), and with z = m/μ − 1 the first-order condition is
//
//	z = Σ_j e^{(a_j − c_j − a_0)/μ − 1 − z}, or y + e^y = k for y = log z,
//
// k the log of the sum at z = 0: Lambert's function. Newton's steps from above converge from above, the left side being convex.
func (l *logitSystem) monopoly(costs, x []float64) {
	k := l.odds(costs) - 1
	y := k
	if k > 1 {
		y = portable.Log(k)
	}
	for range 100 {
		z := portable.Exp(y)
		next := y - (z+y-k)/(z+1)
		if next >= y {
			break
		}
		y = next
	}
	for i, c := range costs {
		x[i] = c + float64(l.scale*(1+portable.Exp(y)))
	}
}

// odds is the log of the odds that something is bought when all is sold at cost.
func (l *logitSystem) odds(costs []float64) float64 {
	best := math.Inf(-1)
	for i, c := range costs {
		best = max(best, l.quality[i]-c)
	}
	sum := 0.0
	for i, c := range costs {
		sum += portable.Exp((l.quality[i] - c - best) / l.scale)
	}
	return (best-l.outside)/l.scale + portable.Log(sum)
}

// bounds: no markup of an equilibrium exceeds that of a monopolist, which is less than μ(2 + max(0, odds)).
func (l *logitSystem) bounds(costs, low, high []float64) {
	most := l.scale * (2 + max(0, l.odds(costs)))
	for i, c := range costs {
		low[i], high[i] = c, c+most
	}
}
