package promotion

// Amount takes an amount off the price of each unit, down to nothing. A use is a unit.
type Amount struct {
	Amount float64 `toml:"amount" required:"true" range:"(0,1000000000]" doc:"off the price of a unit, $"`
}

func (o *Amount) compile(x *compiler, r *rule) {
	r.level, r.cut = unitLevel, x.cut(0, o.Amount, 0, "amount")
}
