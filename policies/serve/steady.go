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
	lately map[string][]posted
}

// posted is a price and when it last stood.
type posted struct {
	price float64
	until time.Time
}

// band is between what and what a product's price may lie now: no further than Change from any price that stood within Every. The caller holds the lock.
func (s *slot) band(product string, now time.Time) (low, high float64, err error) {
	low, high = 0, math.Inf(1)
	all, known := s.prices.lately[product]
	if !known && len(s.prices.lately) >= mostProducts {
		return 0, 0, field.New("product", product, fmt.Sprintf("one of the %d products that were asked for before", mostProducts))
	}
	for i, p := range all {
		// The last one stands still. A clock that jumps back keeps prices for longer, never for shorter.
		if i == len(all)-1 || now.Sub(p.until) < s.Every {
			low, high = max(low, p.price-s.Change*p.price), min(high, p.price+s.Change*p.price)
		}
	}
	return low, high, nil
}

// keep remembers an offered price. The caller holds the lock.
func (s *slot) keep(product string, price float64, now time.Time) {
	all := s.prices.lately[product]
	if n := len(all); n > 0 && now.After(all[n-1].until) {
		all[n-1].until = now // it stood until now; a clock that jumps back does not shorten that
	}
	all = slices.DeleteFunc(all, func(p posted) bool { return p.price == price || now.Sub(p.until) >= s.Every })
	s.prices.lately[product] = append(all, posted{price, now})
}

// steady draws an offer at u in [0, 1). Odds of offers that would change a product's price too fast it moves to the nearest allowed offers that do not; where
// there is no such offer, to the allowed one nearest to the middle of what would be: the bundle's limits come first. From the question how
// fast the price may move to the answer nobody else is asked, so that two questions at one time do not move it twice.
func (s *slot) steady(product string, spec *env.Spec, allowed []bool, odds []float64, now time.Time, u float64) (action int, err error) {
	if s.Change <= 0 {
		return policies.Draw(odds, u), nil
	}
	s.prices.lock.Lock()
	defer s.prices.lock.Unlock()
	low, high, err := s.band(product, now)
	if err != nil {
		return 0, err
	}
	hold(spec, allowed, odds, low, high)
	action = policies.Draw(odds, u)
	s.keep(product, spec.Offers[action].Price, now)
	return action, nil
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
		odds[to] += p
	}
	copy(allowed, within)
	if !some {
		for a := range allowed {
			allowed[a] = odds[a] > 0
		}
	}
}
