package promotion

import (
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
)

// Bundle is a set of units that are cheaper together: "a sandwich, a drink and a snack for $5", "any 3 for $10". Sets are
// formed from the dearest units down, as long as they save something. A use is a set.
type Bundle struct {
	Items   []Item  `toml:"items" required:"true" doc:"what a set is made of; no product is in two items"`
	Price   float64 `toml:"price" range:"(0,1000000000]" doc:"of a set, $; or amount or percent"`
	Amount  float64 `toml:"amount" range:"(0,1000000000]" doc:"off a set, $; or price or percent"`
	Percent float64 `toml:"percent" range:"(0,100]" doc:"off a set, % with at most four decimals; or price or amount"`
}

// Item is a part of a bundle.
type Item struct {
	Products []string `toml:"products" required:"true" doc:"any of these"`
	Quantity int      `toml:"quantity" default:"1" range:"[1,1000000]" doc:"units in a set"`
}

type bundle struct{ cut cut }

func (b *bundle) off(set []run) int64 {
	var worth int64
	for _, s := range set {
		worth += s.units * s.price
	}
	return b.cut.of(worth, worth)
}

func (o *Bundle) compile(x *compiler, r *rule) {
	if len(x.promotion.Products) > 0 {
		x.bad(field.New("products", x.promotion.Products, "none beside the items of a bundle"))
	}
	if len(o.Items) == 0 {
		x.bad(field.New("items", "none", "what a set is made of"))
	}
	r.covers = make([]bool, len(x.config.Products))
	all := sets{off: &bundle{cut: x.cut(o.Price, o.Amount, o.Percent, "price", "amount", "percent")}}
	for i, item := range o.Items {
		key := fmt.Sprintf("items.%d.", i+1)
		if len(item.Products) == 0 {
			x.bad(field.New(key+"products", "none", "names of products"))
		}
		part := component{quantity: x.count(key+"quantity", item.Quantity, 1, mostUnits), covers: x.members(key+"products", item.Products, x.config.Products)}
		for j, in := range part.covers {
			if in && r.covers[j] {
				x.bad(field.New(key+"products", x.config.Products[j], "products that are in no other item"))
			}
			r.covers[j] = r.covers[j] || in
		}
		all.components = append(all.components, part)
	}
	r.level, r.whole = setLevel, &all
}
