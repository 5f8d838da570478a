package monopoly

import (
	"cmp"

	"github.com/souk-sim/souk/sim/portable"
)

// Exponential is demand a·e^{−p/s}: a the share who buy at price 0, s the mean that they would pay (Gallego & van Ryzin 1994, §2.3; their λ(p) = a·e^{−p} has
// Customers = a, Intercept = Scale = 1).
type Exponential struct {
	Intercept float64 `toml:"intercept" default:"1" range:"[0.000000001,1000000000]" doc:"a, units a customer buys at price 0"`
	Scale     float64 `toml:"scale" default:"1" range:"[0.000001,1000000000]" doc:"s, $ by which the price rises while demand falls to 1/e of it; the best price without limits is cost + s"`
}

// Buys is a·e^{−p/s}.
func (o *Exponential) Buys(price float64) float64 { return o.Intercept * portable.Exp(-price/o.Scale) }

func (o *Exponential) check() error {
	return cmp.Or(bounded("intercept", o.Intercept, 1e-9, mostMoney), bounded("scale", o.Scale, 1e-6, mostMoney))
}
