package promotion

import (
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// Flash is a sale by the clock: it must end, and uses is the quota of units. A use is a unit.
type Flash struct {
	Price   float64 `toml:"price" range:"(0,1000000000]" doc:"of a unit, $; or percent"`
	Percent float64 `toml:"percent" range:"(0,100]" doc:"off the price of a unit, % with at most four decimals; or price"`
}

func (o *Flash) compile(x *compiler, r *rule) {
	r.level, r.cut = unitLevel, x.cut(o.Price, 0, o.Percent, "price", "percent")
	if math.IsInf(r.ends, 1) {
		x.bad(field.New("ends", 0, "the instant at which a flash sale ends"))
	}
}
