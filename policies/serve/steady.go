package serve

import (
	"math"
	"sync"
	"time"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
)

// prices remembers what each product last cost, for the limit on how fast it may change.
type prices struct {
	lock sync.Mutex
	last map[string]*anchor
}

// anchor is the price from which a product may move so far, from a moment on.
type anchor struct {
	price, last float64
	since       time.Time
}

// band is between what and what a product's price may lie now.
func (s *slot) band(product string, now time.Time) (low, high float64) {
	if s.Change <= 0 {
		return 0, math.Inf(1)
	}
	s.prices.lock.Lock()
	defer s.prices.lock.Unlock()
	a := s.prices.last[product]
	if a == nil {
		return 0, math.Inf(1)
	}
	if now.Sub(a.since) >= s.Every { // a clock that jumps back only keeps the anchor for longer
		a.price, a.since = a.last, now
	}
	return a.price - s.Change*a.price, a.price + s.Change*a.price
}

// keep remembers an offered price.
func (s *slot) keep(product string, price float64, now time.Time) {
	if s.Change <= 0 {
		return
	}
	s.prices.lock.Lock()
	defer s.prices.lock.Unlock()
	if a := s.prices.last[product]; a != nil {
		a.last = price
		return
	}
	s.prices.last[product] = &anchor{price: price, last: price, since: now}
}

// steady moves the odds of offers that would change a product's price too fast to the nearest allowed offers that do not; where there
// is no such offer, to the allowed one nearest to the price that stands.
func (s *slot) steady(product string, spec *env.Spec, allowed []bool, odds []float64, now time.Time) {
	low, high := s.band(product, now)
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
