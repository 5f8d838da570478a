package monopoly

import (
	"cmp"

	"github.com/souk-sim/souk/sim/portable"
)

// Elasticity is demand of constant elasticity, a·p^{−e}; below a price of 10⁻⁶ $ it is as there.
type Elasticity struct {
	Intercept  float64 `toml:"intercept" default:"1" range:"[0.000000001,1000000000]" doc:"a, units a customer buys at a price of $1"`
	Elasticity float64 `toml:"elasticity" default:"2" range:"[0,100]" doc:"e, per cent by which demand falls with each per cent of price"`
}

// Buys is a·p^{−e}.
func (o *Elasticity) Buys(price float64) float64 {
	return o.Intercept * portable.Exp(-o.Elasticity*portable.Log(max(price, 1e-6)))
}

func (o *Elasticity) check() error {
	return cmp.Or(bounded("intercept", o.Intercept, 1e-9, mostMoney), bounded("elasticity", o.Elasticity, 0, 100))
}
