package monopoly

import "cmp"

// Linear is demand max(0, a − b·p).
type Linear struct {
	Intercept float64 `toml:"intercept" default:"1" range:"[0.000000001,1000000000]" doc:"a, units a customer buys at price 0"`
	Slope     float64 `toml:"slope" default:"1" range:"[0,1000000000]" doc:"b, units by which that falls with each $"`
}

// Buys is max(0, a − b·p).
func (o *Linear) Buys(price float64) float64 { return max(0, o.Intercept-float64(o.Slope*price)) }

func (o *Linear) check() error {
	return cmp.Or(bounded("intercept", o.Intercept, 1e-9, mostMoney), bounded("slope", o.Slope, 0, mostMoney))
}
