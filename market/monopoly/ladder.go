package monopoly

import (
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
)

// Ladder is the prices that may be posted: a list, or so many rungs from … to, equally spaced.
type Ladder struct {
	List  []float64 `toml:"list" range:"[0,1000000000]" doc:"the prices themselves, ascending"`
	From  *float64  `toml:"from" range:"[0,1000000000]" doc:"lowest price, without a list"`
	To    *float64  `toml:"to" range:"[0,1000000000]" doc:"highest price"`
	Rungs int       `toml:"rungs,omitzero" range:"[2,10000]" doc:"how many there are from the lowest to the highest"`
}

const mostRungs = 10_000

func (l *Ladder) prices() ([]float64, error) {
	if len(l.List) > 0 {
		if l.From != nil || l.To != nil || l.Rungs != 0 {
			return nil, field.New("prices.list", "a list beside from, to or rungs", "either")
		}
		if len(l.List) > mostRungs {
			return nil, field.New("prices.list", fmt.Sprintf("%d prices", len(l.List)), fmt.Sprintf("at most %d", mostRungs))
		}
		for i, p := range l.List {
			if !(p >= 0 && p <= mostMoney) || i > 0 && p <= l.List[i-1] {
				return nil, field.New(fmt.Sprintf("prices.list.%d", i), p, "ascending prices of 0 to 1e9")
			}
		}
		return l.List, nil
	}
	switch {
	case l.From == nil || l.To == nil:
		return nil, field.New("prices", "neither a list nor from and to", "one of them")
	case !(*l.From >= 0 && *l.From < *l.To && *l.To <= mostMoney):
		return nil, field.New("prices.to", *l.To, fmt.Sprintf("more than from, %g, and at most 1e9", *l.From))
	case l.Rungs < 2 || l.Rungs > mostRungs:
		return nil, field.New("prices.rungs", l.Rungs, fmt.Sprintf("2 to %d", mostRungs))
	}
	all := make([]float64, l.Rungs)
	for k := range all { // the mean of the ends by weights: both are exact
		all[k] = (float64(*l.From*float64(l.Rungs-1-k)) + float64(*l.To*float64(k))) / float64(l.Rungs-1)
	}
	return all, nil
}
