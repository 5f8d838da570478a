package serve

import (
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// mostProducts bounds what prices remembers: a million products take some 100 MB. One more is refused, and not let off the limit.
const mostProducts = 1 << 20

// prices remembers what each product lately cost, for the limit on how fast it may change.
type prices struct {
	lock   sync.Mutex
	lately map[string]*shelf
}

// shelf is what a product lately cost.
type shelf struct {
	stood []posted  // the last stands still
	asked []float64 // drawn, and not answered yet
}

// posted is a price and when it last stood.
type posted struct {
	price float64
	until time.Time
}

// find is a product's shelf, a new one where it has none. The caller holds the lock.
func (p *prices) find(product string) (*shelf, error) {
	found := p.lately[product]
	if found == nil {
		if len(p.lately) >= mostProducts {
			return nil, field.New("product", product, fmt.Sprintf("one of the %d products that were asked for before", mostProducts))
		}
		found = &shelf{}
		p.lately[product] = found
	}
	return found, nil
}

// band is between what and what a product's price may lie now: no further than Change from any price that stood within Every, or is about to. The caller holds the lock.
func (s *slot) band(on *shelf, now time.Time) (low, high float64) {
	low, high = 0, math.Inf(1)
	near := func(price float64) {
		low, high = max(low, price-s.Change*price), min(high, price+s.Change*price)
	}
	for i, p := range on.stood {
		// The last one stands still. A clock that jumps back keeps prices for longer, never for shorter.
		if i == len(on.stood)-1 || now.Sub(p.until) < s.Every {
			near(p.price)
		}
	}
	for _, price := range on.asked {
		near(price)
	}
	return low, high
}

// keep remembers a price that was answered. The caller holds the lock.
func (s *slot) keep(on *shelf, price float64, now time.Time) {
	all := on.stood
	if n := len(all); n > 0 && now.After(all[n-1].until) {
		all[n-1].until = now // it stood until now; a clock that jumps back does not shorten that
	}
	all = slices.DeleteFunc(all, func(p posted) bool { return p.price == price || now.Sub(p.until) >= s.Every })
	on.stood = append(all, posted{price, now})
}

// steady draws an offer at u in [0, 1). Odds of offers that would change a product's price too fast it moves to the nearest allowed offers that do not; where
// there is no such offer, to the allowed one nearest to the middle of what would be: the bundle's limits come first. Until the price is
// answered, or is not (stand), others go by it as well, so that two questions at one time do not move it twice.
func (s *slot) steady(product string, spec *env.Spec, allowed []bool, odds []float64, now time.Time, u float64) (action int, err error) {
	if s.Change <= 0 {
		return policies.Draw(odds, u), nil
	}
	s.prices.lock.Lock()
	defer s.prices.lock.Unlock()
	on, err := s.prices.find(product)
	if err != nil {
		return 0, err
	}
	low, high := s.band(on, now)
	hold(spec, allowed, odds, low, high)
	action = policies.Draw(odds, u)
	on.asked = append(on.asked, spec.Offers[action].Price)
	return action, nil
}

// stand notes whether a decision's price was answered: one that nobody got is forgotten. A fallback price moves as far as it must, and the limit counts
// anew from there.
func (s *slot) stand(product string, d *decision, now time.Time, answered bool) {
	if s.Change <= 0 {
		return
	}
	s.prices.lock.Lock()
	defer s.prices.lock.Unlock()
	on, err := s.prices.find(product)
	if err != nil { // of a fallback price of a product for which there is no room: it will get none later either
		return
	}
	if i := slices.Index(on.asked, d.Price); d.asked && i >= 0 {
		on.asked = slices.Delete(on.asked, i, i+1)
	}
	switch {
	case answered && d.Action < 0:
		on.stood = append(on.stood[:0], posted{d.Price, now})
	case answered:
		s.keep(on, d.Price, now)
	case len(on.stood) == 0 && len(on.asked) == 0:
		delete(s.prices.lately, product)
	}
}

// hold moves odds into a band of prices, and tells by allowed what is left.
func hold(spec *env.Spec, allowed []bool, odds []float64, low, high float64) {
	const rounding = 1e-9
	within := make([]bool, len(allowed))
	some, moved := false, false
	for a, o := range spec.Offers {
		within[a] = allowed[a] && o.Price >= low-rounding && o.Price <= high+rounding
		some, moved = some || within[a], moved || odds[a] > 0 && !within[a]
	}
	if !moved {
		return
	}
	for a, p := range odds {
		if p == 0 || within[a] {
			continue
		}
		to := 0
		if some {
			to = policies.Nearest(spec, within, spec.Offers[a].Price, spec.Offers[a].Promotion)
		} else if to = policies.Nearest(spec, allowed, (low+high)/2, ""); to == a {
			continue
		}
		odds[a] = 0
		odds[to] = min(1, odds[to]+p) // rounded up it would be no probability, and the log would refuse it
	}
	copy(allowed, within)
	if !some {
		for a := range allowed {
			allowed[a] = odds[a] > 0
		}
	}
}
