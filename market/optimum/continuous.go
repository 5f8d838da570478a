package optimum

import (
	"fmt"

	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/scenarios/field"
)

// Continuous is the value of a sale of a stock by a deadline at prices that may change at any time and are not bound to a ladder: the dynamic programme of Gallego & van
// Ryzin (1994, eq. 4), for any demand curve λ(p),
//
//	dJ_n/ds = max_p λ(p)·(p − c − v − (J_n − J_{n−1})),  J_0 = 0, J_n = 0 at s = 0,
//
// s the time left, c and v cost and salvage of a unit, by Runge & Kutta's method of the fourth order. The maximum is found by golden section, for which λ(p)·(p − x) must
// have one. The error is a *field.Error where the problem has more to it.
func Continuous(cfg *monopoly.Config) (float64, error) {
	if err := plainSale(cfg); err != nil {
		return 0, err
	}
	base, horizon, n := cfg.Cost+cfg.Salvage, cfg.Time(), cfg.Stock
	rate := func(p float64) float64 { return cfg.Customers * cfg.Demand.Options.Buys(p) }
	many := max(1000, 20*rate(base)*horizon)
	if !(many <= 1e6 && n <= 1e4 && many*float64(n) <= 1e7) {
		return 0, field.New("problem", fmt.Sprintf("%d units, %.0f steps of time", n, many), "a sale of at most 10,000,000 steps of all units together")
	}
	steps := int(many)
	grow := func(j, slope []float64) {
		before := 0.0
		for i, v := range j {
			slope[i] = margin(rate, base+v-before)
			before = v
		}
	}
	h := horizon / float64(steps)
	j, at := make([]float64, n), make([]float64, n)
	var k [4][]float64
	for i := range k {
		k[i] = make([]float64, n)
	}
	for range steps {
		grow(j, k[0])
		for stage, share := range []float64{0.5, 0.5, 1} {
			for i := range at {
				at[i] = j[i] + float64(h*share*k[stage][i])
			}
			grow(at, k[stage+1])
		}
		for i := range j {
			j[i] += float64(h / 6 * (k[0][i] + float64(2*k[1][i]) + float64(2*k[2][i]) + k[3][i]))
		}
	}
	return j[n-1] + float64(cfg.Salvage*float64(n)), nil
}

// margin is max_p λ(p)·(p − x) over p ≥ x.
func margin(rate func(p float64) float64, x float64) float64 {
	worth := func(p float64) float64 { return rate(p) * (p - x) }
	step := max(1e-3, 1e-3*x)
	high := x + step
	for best := worth(high); ; step *= 2 { // until it falls
		next := worth(x + 2*step)
		high = x + 2*step
		if next < best || step > 1e12 {
			break
		}
		best = next
	}
	_, most := golden(worth, x, high)
	return max(0, most)
}

// golden is where a function with one maximum between two numbers has it, by golden section, and how much.
func golden(f func(x float64) float64, low, high float64) (x, most float64) {
	const ratio = 0.6180339887498949
	a, b := high-float64(ratio*(high-low)), low+float64(ratio*(high-low))
	fa, fb := f(a), f(b)
	for range 32 {
		if fa < fb {
			low, a, fa = a, b, fb
			b = low + float64(ratio*(high-low))
			fb = f(b)
		} else {
			high, b, fb = b, a, fa
			a = high - float64(ratio*(high-low))
			fa = f(a)
		}
	}
	x = (low + high) / 2
	return x, f(x)
}
