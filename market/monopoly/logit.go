package monopoly

import (
	"cmp"

	"github.com/souk-sim/souk/sim/portable"
)

// Logit is demand by customers who take the product or nothing (McFadden 1974): 1/(1 + e^{−(a − p)/μ}).
type Logit struct {
	Quality float64 `toml:"quality" range:"[-1000000000,1000000000]" doc:"a, $: at this price half of the customers buy"`
	Scale   float64 `toml:"scale" default:"1" range:"[0.000001,1000000000]" doc:"μ, $: how different customers are"`
}

// Buys is the probability of a purchase.
func (o *Logit) Buys(price float64) float64 {
	return 1 / (1 + portable.Exp((price-o.Quality)/o.Scale))
}

func (o *Logit) check() error {
	return cmp.Or(bounded("quality", o.Quality, -mostMoney, mostMoney), bounded("scale", o.Scale, 1e-6, mostMoney))
}
