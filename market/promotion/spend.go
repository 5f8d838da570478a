package promotion

import (
	"fmt"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Spend is spend X, get Y off (满减): the highest tier that the order reaches applies. With repeat it applies as often as it
// fits, and lower tiers to what then remains: 满300减40 gives 80 off at 600. A use is one time that a threshold is met.
type Spend struct {
	Tiers  []Tier `toml:"tiers" required:"true" doc:"thresholds, all of money or all of units, and what they give"`
	Repeat bool   `toml:"repeat" doc:"give it for every time the threshold fits in, where tiers are amounts"`
}

// Tier is a threshold and what is off from there on.
type Tier struct {
	Spend   float64 `toml:"spend" range:"(0,1000000000]" doc:"from this amount on, $; or units"`
	Units   int     `toml:"units" range:"[1,1000000]" doc:"from so many units on; or spend"`
	Amount  float64 `toml:"amount" range:"(0,1000000000]" doc:"off the order, $; or percent"`
	Percent float64 `toml:"percent" range:"(0,100]" doc:"off the order, % with at most four decimals; or amount"`
}

type tier struct {
	from int64 // minor units or units of goods
	cut  cut
}

type spend struct {
	tiers   []tier // from the highest down
	inUnits bool
	repeat  bool
}

func (s *spend) claim(c *claim) {
	rest := c.amount
	if s.inUnits {
		rest = c.units
	}
	for _, t := range s.tiers {
		if rest < t.from {
			continue
		}
		times := int64(1)
		if s.repeat {
			times = rest / t.from
			rest %= t.from
		}
		c.afford(times, t.cut.of(c.left, c.base))
		if !s.repeat {
			break
		}
	}
	c.total = min(c.total, c.left)
}

func (o *Spend) compile(x *compiler, r *rule) {
	if len(o.Tiers) == 0 {
		x.bad(field.New("tiers", "none", "at least one threshold"))
	}
	s := &spend{repeat: o.Repeat}
	for i, t := range o.Tiers {
		key := fmt.Sprintf("tiers.%d.", i+1)
		s.inUnits = t.Units != 0
		switch {
		case (t.Spend != 0) == s.inUnits:
			x.bad(field.New(key+"spend", fmt.Sprintf("%g beside %d units", t.Spend, t.Units), "one of spend and units"))
		case s.inUnits != (o.Tiers[0].Units != 0):
			x.bad(field.New(key+"spend", t.Spend, "tiers all of money or all of units"))
		case o.Repeat && t.Percent != 0:
			x.bad(field.New(key+"percent", t.Percent, "an amount, where tiers repeat"))
		}
		var from int64
		if s.inUnits {
			from = x.count(key+"units", t.Units, 1, mostUnits)
		} else {
			from = x.positive(key+"spend", t.Spend)
		}
		s.tiers = append(s.tiers, tier{from: from, cut: x.cut(0, t.Amount, t.Percent, key+"amount", key+"percent")})
	}
	slices.SortFunc(s.tiers, func(a, b tier) int { return int(max(-1, min(1, b.from-a.from))) })
	for i := 1; i < len(s.tiers); i++ {
		if s.tiers[i].from == s.tiers[i-1].from {
			x.bad(field.New("tiers", "two at one threshold", "thresholds that differ"))
		}
	}
	r.level, r.whole = orderLevel, s
}
