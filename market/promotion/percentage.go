package promotion

// Percentage takes a share off the price of each unit. A use is a unit.
type Percentage struct {
	Percent float64 `toml:"percent" required:"true" range:"(0,100]" doc:"off the price of a unit, % with at most four decimals"`
}

func (o *Percentage) compile(x *compiler, r *rule) {
	r.level, r.cut = unitLevel, x.cut(0, 0, o.Percent, "percent")
}
