package rules

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/portable"
)

// BidPrice sells a fixed stock by a deadline as if demand were a fluid: price p sells λ(p) units a period. With x units and T periods left,
// at each review it solves anew
//
//	max Σ_i t_i·p_i·λ(p_i)  over t ≥ 0,  Σ_i t_i·λ(p_i) ≤ x,  Σ_i t_i ≤ T
//
// over the ladder's prices without promotion (Gallego & van Ryzin 1994, Management Science 40; Talluri & van Ryzin 2004, ch. 5).
// The dual price of a unit is the bid price: the marginal revenue, along the concave envelope of revenue p·λ against demand λ, at the demand x/T
// that stock affords, and 0 beyond the demand of the greatest revenue. The two prices whose envelope meets there are optimal;
// the rule asks each with the probability of its share of the time (probabilistic allocation with re-solving: Jasin & Kumar 2012, Mathematics of
// Operations Research 37). It asks the dearest of the envelope when nothing is left, or when stock is to last for ever
// because the time left is missing, and the price of the greatest revenue while the stock is missing, as of no limit.
//
// Demand is listed for each of these prices, or exponential, λ(p) = Rate·e^(−p/Scale).
type BidPrice struct {
	Demand []float64 `toml:"demand" range:"[0,1000000000]" doc:"units a period expected at each price of the ladder without promotion, from the cheapest; left out: exponential"`
	Rate   float64   `toml:"rate" default:"0.0" range:"[0,1e15]" doc:"exponential demand: units a period at a price of 0"`
	Scale  float64   `toml:"scale" default:"0.0" range:"[0,1000000]" doc:"exponential demand: $ on the price that divide demand by e, also the price of the greatest revenue"`
	Stock  string    `toml:"stock" default:"'stock'" doc:"feature that tells the units left"`
	Left   string    `toml:"left" default:"'periods_left'" doc:"feature that tells the periods to come, the one that begins included"`
}

// Policy implements Rule.
func (r *BidPrice) Policy(spec *env.Spec) (policies.Policy, error) {
	l, err := newLadder(spec, "bid-price")
	if err != nil {
		return nil, err
	}
	demand, err := r.demand(l.prices)
	if err != nil {
		return nil, err
	}
	units, err := feature(spec, "stock", r.Stock, stockLeft)
	if err != nil {
		return nil, err
	}
	time, err := feature(spec, "left", r.Left, periodsLeft)
	if err != nil {
		return nil, err
	}
	return &bidPrice{l, units, time, envelope(l.prices, demand)}, nil
}

// demand checks and returns the demand at each price.
func (r *BidPrice) demand(prices []float64) ([]float64, error) {
	if len(r.Demand) == 0 {
		if err := first(between("rate", r.Rate, 1e-300, 1e100, "a number above 0, where no demand is listed"), positive("scale", r.Scale)); err != nil {
			return nil, err
		}
		demand := make([]float64, len(prices))
		for i, p := range prices {
			demand[i] = r.Rate * portable.Exp(-p/r.Scale)
		}
		return demand, nil
	}
	if len(r.Demand) != len(prices) {
		return nil, field.New("demand", fmt.Sprintf("%d numbers", len(r.Demand)), fmt.Sprintf("%d, one a price of the ladder without promotion", len(prices)))
	}
	if r.Rate != 0 || r.Scale != 0 {
		return nil, field.New("demand", "a list beside rate or scale", "one or the other")
	}
	for i, d := range r.Demand {
		if err := between(fmt.Sprintf("demand.%d", i), d, 0, 1e100, "a number of at least 0"); err != nil {
			return nil, err
		}
	}
	return r.Demand, nil
}

// point is a price with what it sells and brings in a period.
type point struct{ price, demand, revenue float64 }

// envelope returns the corners of the rising part of the concave envelope of revenue against demand, from no sales at all; that corner has the
// price that sells nothing, or where the ladder has none, the price of the next corner. Prices on an edge are kept.
func envelope(prices, demand []float64) []point {
	all := make([]point, len(prices))
	for i, p := range prices {
		all[i] = point{p, demand[i], float64(p * demand[i])}
	}
	slices.SortFunc(all, func(a, b point) int {
		return cmp.Or(cmp.Compare(a.demand, b.demand), cmp.Compare(b.revenue, a.revenue), cmp.Compare(b.price, a.price))
	})
	hull := []point{{price: all[0].price}}
	for _, p := range all {
		if p.revenue <= hull[len(hull)-1].revenue {
			continue
		}
		for n := len(hull); n > 1 && below(hull[n-1], hull[n-2], p); n-- {
			hull = hull[:n-1]
		}
		hull = append(hull, p)
	}
	if all[0].demand > 0 && len(hull) > 1 {
		hull[0].price = hull[1].price
	}
	return hull
}

// below tells whether b lies below the line from a to c.
func below(b, a, c point) bool {
	return float64((b.revenue-a.revenue)*(c.demand-b.demand)) < float64((c.revenue-b.revenue)*(b.demand-a.demand))
}

type bidPrice struct {
	ladder
	units, time int
	hull        []point
}

func (p *bidPrice) Decide(observation []float64, u float64) policies.Decision {
	afforded := affords(observation[p.units], observation[p.time])
	for i := range p.hull {
		if c := &p.hull[i]; c.demand >= afforded {
			if i == 0 {
				return p.want(observation, c.price, "")
			}
			dear := &p.hull[i-1]
			return p.mix(observation, u, (c.demand-afforded)/(c.demand-dear.demand), dear.price, c.price)
		}
	}
	return p.want(observation, p.hull[len(p.hull)-1].price, "")
}

// affords is the demand a period at which a stock lasts for the time left.
func affords(units, time float64) float64 {
	switch {
	case units != units || math.IsInf(units, 1):
		return math.Inf(1)
	case units <= 0 || time != time:
		return 0
	case time <= 0:
		return math.Inf(1)
	}
	return units / time
}
