package serve

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/souk-sim/souk/scenarios/field"
)

// heard is what the questions since the start tell of the outcomes to come.
type heard struct {
	lock         sync.RWMutex
	products     map[string]bool
	posted, lone atomic.Bool // some price was for all who come, some for one customer
}

// mostHeard bounds the products that are remembered; with more of them no product looks like a mistake.
const mostHeard = 1 << 12

// mostCompared is with how many products a name is compared to find the one that was meant: outcomes come beside questions that wait for prices.
const mostCompared = 256

// learn notes a question that was answered.
func (h *heard) learn(q *question) {
	kind := &h.lone
	if q.customer == "" {
		kind = &h.posted
	}
	if !kind.Load() { // nearly always it is: no write that other processors must hear of
		kind.Store(true)
	}
	if q.product == "" {
		return
	}
	h.lock.RLock()
	enough := h.products[q.product] || len(h.products) >= mostHeard
	h.lock.RUnlock()
	if enough {
		return
	}
	h.lock.Lock()
	defer h.lock.Unlock()
	if h.products == nil {
		h.products = map[string]bool{}
	}
	h.products[q.product] = true
}

// mostWarnings is how many warnings an answer has at most; the metric counts them all.
const mostWarnings = 20

// warnings are what in outcomes looks like a mistake. They are logged all the same, because the service may be wrong, as after a restart; but whoever sends them hears of it
// now, and not when the log is read and can no longer be changed.
func (s *Server) warnings(all []outcome) (told []problem) {
	for i := range all {
		warn := func(about string, what func() *field.Error) {
			if s.metrics.warned.WithLabelValues(about).Inc(); len(told) == mostWarnings {
				return
			}
			e := what()
			if len(all) > 1 {
				e = under(fmt.Sprintf("outcomes[%d]", i), e)
			}
			told = append(told, problemOf(e))
		}
		o := &all[i]
		if name := s.strange(o); name != nil {
			warn("products", func() *field.Error { return s.heard.unnamed(name) })
		}
		if e := s.uncounted(o); e != nil {
			warn("visitors", func() *field.Error { return e })
		}
	}
	return told
}

// strange is a product that was sold and of which no question told, though some told of others; nil for none. The loop passes over what its scenario does not have.
func (s *Server) strange(o *outcome) []byte {
	s.heard.lock.RLock()
	defer s.heard.lock.RUnlock()
	if n := len(s.heard.products); n == 0 || n >= mostHeard {
		return nil
	}
	for _, name := range o.units.names {
		if !s.heard.products[string(name)] && !s.sees("price:"+string(name)) {
			return name
		}
	}
	return nil
}

// unnamed is the warning of a product that no question named.
func (h *heard) unnamed(name []byte) *field.Error {
	expected := "one that a question named since the start"
	h.lock.RLock()
	if len(h.products) <= mostCompared {
		if near := field.Nearest(short(name), slices.Sorted(maps.Keys(h.products))); near != "" {
			expected = near + " (did you mean that?), or " + expected
		}
	}
	h.lock.RUnlock()
	return field.New("units."+short(name), "a product that no question named", expected)
}

// sees says whether a policy has a feature.
func (s *Server) sees(feature string) bool {
	return slices.ContainsFunc(s.names, func(name string) bool {
		return slices.Contains(s.slots[name].deployed.Load().champion.features, feature)
	})
}

// uncounted finds sales to nobody, and those to nobody knows how many at a price that stood for all who came.
func (s *Server) uncounted(o *outcome) *field.Error {
	sold := 0.0
	for _, n := range o.Units {
		sold += n
	}
	_, posted, known := s.memory.about(o.ID)
	if !known {
		posted = s.heard.posted.Load() && !s.heard.lone.Load()
	}
	switch {
	case o.Visitors == 0 && sold > 0:
		return field.New("visitors", "0", fmt.Sprintf("more, because %g units were sold", sold))
	case math.IsNaN(o.Visitors) && posted && o.units.names != nil:
		return field.New("visitors", "nothing", "to how many the price was offered, because it stood for all who came: without it the loop leaves the outcome out")
	}
	return nil
}
