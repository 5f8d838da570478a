package promotion

// BuyGet gives the cheapest units of a set free or cheaper: buy 2, get 1 free; the second at half price. Sets of buy + get units are
// formed from the dearest units down, so that one order never pays more than the same units in several. A use is a set.
type BuyGet struct {
	Buy     int     `toml:"buy" required:"true" range:"[1,1000000]" doc:"units of a set at full price"`
	Get     int     `toml:"get" default:"1" range:"[1,1000000]" doc:"units of a set that are cheaper, the cheapest"`
	Percent float64 `toml:"percent" default:"100" range:"(0,100]" doc:"off these, % with at most four decimals; 100: free"`
}

type buyGet struct {
	get int64
	cut cut
}

func (b *buyGet) off(set []run) int64 {
	var worth int64
	for i, rest := len(set)-1, b.get; rest > 0; i-- {
		n := min(rest, set[i].units)
		worth += n * set[i].price
		rest -= n
	}
	return b.cut.of(worth, worth)
}

func (o *BuyGet) compile(x *compiler, r *rule) {
	get := x.count("get", o.Get, 1, mostUnits)
	size := x.count("buy", o.Buy, 1, mostUnits) + get
	r.level, r.whole = setLevel, &sets{off: &buyGet{get: get, cut: x.cut(0, 0, o.Percent, "percent")}, components: []component{{quantity: size}}}
}
