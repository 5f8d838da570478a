package promotion

// Coupon takes something off the order after all other promotions. Who has it: those whom personas, channels and first_purchase
// name, or with granted those to whom it was handed out (a reminder after an abandoned cart). A use is a coupon, one an order.
type Coupon struct {
	Amount  float64 `toml:"amount" range:"(0,1000000000]" doc:"off the order, $; or percent"`
	Percent float64 `toml:"percent" range:"(0,100]" doc:"off the order, % with at most four decimals; or amount"`
	AtMost  float64 `toml:"at_most" range:"[0,1000000000]" doc:"the most that it saves, $; 0: no limit"`
}

type coupon struct {
	cut    cut
	atMost int64
}

func (o *coupon) claim(c *claim) {
	c.afford(1, min(o.cut.of(c.left, c.base), o.atMost))
}

func (o *Coupon) compile(x *compiler, r *rule) {
	r.level, r.whole = couponLevel, &coupon{cut: x.cut(0, o.Amount, o.Percent, "amount", "percent"), atMost: x.limit("at_most", o.AtMost)}
}
