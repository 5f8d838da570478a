package oligopoly

import (
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Bertrand is demand for one product that all firms sell (Bertrand 1883): the lowest price p takes the market, equal prices share it, and the market is
//
//	D(p) = max(0, a − b·p) for p ≤ r, else 0
//
// with a = b = 1 that of Klein (2021); a = 1, b = 0, r = 10 is the unit demand of Asker, Fershtman & Pakes (2022).
type Bertrand struct {
	Intercept   float64 `toml:"intercept" default:"1" range:"[0.000000001,1000000000]" doc:"units asked for at price 0"`
	Slope       float64 `toml:"slope" default:"1" range:"[0,1000000000]" doc:"units by which that falls with each $"`
	Reservation float64 `toml:"reservation" range:"[0,1000000000]" doc:"price above which nobody buys, $; 0: none"`
}

func (o *Bertrand) system(firms []Firm) (System, error) {
	for _, err := range []error{bounded("intercept", o.Intercept, 1e-9, mostMoney), bounded("slope", o.Slope, 0, mostMoney),
		bounded("reservation", o.Reservation, 0, mostMoney), alike(firms)} {
		if err != nil {
			return nil, err
		}
	}
	b := &bertrandSystem{intercept: o.Intercept, slope: o.Slope, reservation: o.Reservation}
	if b.reservation == 0 {
		if b.slope == 0 {
			return nil, field.New("demand.reservation", 0, "a price above which nobody buys, as slope is 0")
		}
		b.reservation = math.Inf(1)
	}
	return b, nil
}

type bertrandSystem struct{ intercept, slope, reservation float64 }

func (b *bertrandSystem) Quantities() bool { return false }

func (b *bertrandSystem) Sell(choices, prices, quantities []float64) {
	copy(prices, choices)
	lowest, sharing := math.Inf(1), 0.0
	for _, p := range prices {
		switch {
		case p < lowest:
			lowest, sharing = p, 1
		case p == lowest:
			sharing++
		}
	}
	each := 0.0
	if lowest <= b.reservation {
		each = max(0, b.intercept-float64(b.slope*lowest)) / sharing
	}
	for i, p := range prices {
		quantities[i] = 0
		if p == lowest {
			quantities[i] = each
		}
	}
}

// best is the price at which a single firm of unit cost c earns most.
func (b *bertrandSystem) best(c float64) float64 {
	p := b.reservation
	if b.slope > 0 {
		p = min(p, (b.intercept/b.slope+c)/2)
	}
	return max(p, c)
}

// nash is the limit of undercutting by ever finer steps: the second lowest cost, or what the most efficient firm would ask alone if that is less.
func (b *bertrandSystem) nash(costs, x []float64) {
	sorted := slices.Sorted(slices.Values(costs))
	p := b.best(sorted[0])
	if len(sorted) > 1 {
		p = min(p, sorted[1])
	}
	lead(costs, x, p)
}

// monopoly leaves the market to the most efficient firms.
func (b *bertrandSystem) monopoly(costs, x []float64) { lead(costs, x, b.best(slices.Min(costs))) }

// lead has the most efficient firms ask p, and the others no less than their cost and the least bit more than p, so that they sell nothing.
func lead(costs, x []float64, p float64) {
	least := slices.Min(costs)
	for i, c := range costs {
		x[i] = p
		if c > least {
			x[i] = max(c, math.Nextafter(p, math.Inf(1)))
		}
	}
}
