package monopoly

import (
	"fmt"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Steeper is the demand whose elasticity at a price is so many times as great, while at that price as much is bought as before. The curve stays of its kind:
// exponential, elasticity and table become D(at)·(D(p)/D(at))^by, of elasticities by times as great at every price; linear and logit keep their form, and have
// that elasticity at the price alone. The error is a *field.Error.
func (d Demand) Steeper(by, at float64) (Demand, error) {
	if !(by > 0 && at >= 0) {
		return d, field.New("demand", fmt.Sprintf("elasticities times %g at $%g", by, at), "a factor above 0 and a price")
	}
	buys := d.Options.Buys(at)
	switch o := d.Options.(type) {
	case *Exponential:
		d.Options = &Exponential{Intercept: buys * portable.Exp(by*at/o.Scale), Scale: o.Scale / by}
	case *Linear:
		slope := by * o.Slope
		d.Options = &Linear{Intercept: buys + float64(slope*at), Slope: slope}
	case *Logit:
		d.Options = &Logit{Quality: at + (o.Quality-at)/by, Scale: o.Scale / by} // elasticity −p/μ·(1 − D); (a − at)/μ as before keeps D there
	case *Elasticity:
		e := by * o.Elasticity
		d.Options = &Elasticity{Intercept: buys * portable.Exp(e*portable.Log(max(at, 1e-6))), Elasticity: e}
	case *Table:
		if buys == 0 {
			return d, field.New("demand", fmt.Sprintf("no purchases at $%g", at), "some, of which elasticities can be taken")
		}
		units := slices.Clone(o.Units)
		for i, u := range units {
			if u > 0 {
				units[i] = buys * portable.Exp(by*portable.Log(u/buys))
			}
		}
		d.Options = &Table{At: o.At, Units: units}
	}
	return d, d.check()
}
