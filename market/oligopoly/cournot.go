package oligopoly

import "slices"

// Cournot is a market for one product that all firms make (Cournot 1838). They choose quantities, and what they bring to market, Q, sells at
//
//	p = max(0, a − b·Q)
//
// (a = 40, b = 1 in Waltman & Kaymak 2008).
type Cournot struct {
	Intercept float64 `toml:"intercept" default:"1" range:"[0.000000001,1000000000]" doc:"a, price of the first unit, $"`
	Slope     float64 `toml:"slope" default:"1" range:"[0.000000001,1000000000]" doc:"b, by how many $ a unit lowers the price"`
}

func (o *Cournot) system(firms []Firm) (System, error) {
	for _, err := range []error{bounded("intercept", o.Intercept, 1e-9, mostMoney), bounded("slope", o.Slope, 1e-9, mostMoney), alike(firms)} {
		if err != nil {
			return nil, err
		}
	}
	d := &cournot{quadratic{gamma: o.Slope, byQuantities: true}}
	for range firms {
		d.alpha, d.beta = append(d.alpha, o.Intercept), append(d.beta, o.Slope)
	}
	return d, nil
}

// cournot is quadratic utility of products that are the same, β_i = γ; what nobody pays for is given away.
type cournot struct{ quadratic }

func (d *cournot) Sell(choices, prices, quantities []float64) {
	copy(quantities, choices)
	total := 0.0
	for _, q := range quantities {
		total += q
	}
	for i := range prices {
		prices[i] = max(0, d.alpha[i]-float64(d.gamma*total))
	}
}

// monopoly: the most efficient firms make all of it, in equal parts; any other division among them is as good.
func (d *cournot) monopoly(costs, x []float64) {
	least, makers := slices.Min(costs), 0.0
	for _, c := range costs {
		if c == least {
			makers++
		}
	}
	for i, c := range costs {
		if x[i] = 0; c == least {
			x[i] = max(0, d.alpha[i]-least) / (2 * d.gamma * makers)
		}
	}
}
