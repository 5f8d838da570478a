package optimum

import (
	"cmp"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// search is a Calendar on the way to its solution.
type search struct {
	*Calendar
	values [][]float64   // [period][place] at the prices of the moment
	least  [][][]float64 // [resource] likewise: less what is used at least

	prices []float64
	nodes  int
	value  float64
	best   []int // of those that keep the limits; nil: none yet
	way    []int
	spent  [][]float64 // [period][resource] before it
	ways   [][]branch  // [period] where to go on, borrowed
	slack  float64
}

// branch is an offer in the search, and what a calendar that goes on with it can come to at most.
type branch struct {
	offer int
	bound float64
}

// place is where a point, promotions left and periods to wait lie in a table of values.
func (s *search) place(point, left, wait int) int {
	return (point*(s.promotions()+1)+left)*(s.Apart+1) + wait
}

// at reads values at a state.
func (s *search) at(values []float64, state float64, left, wait int) float64 {
	point, share := s.locate(state)
	v := values[s.place(point, left, wait)]
	if share == 0 {
		return v
	}
	return float64((1-share)*v) + float64(share*values[s.place(point+1, left, wait)])
}

// induct is the dynamic programme: values of all places of all periods, with the rewards by index of Reward. Those after the last period are 0.
func (s *search) induct(reward func(i int) float64) [][]float64 {
	values := make([][]float64, s.Periods+1)
	for t := range values {
		values[t] = make([]float64, s.Points*(s.promotions()+1)*(s.Apart+1))
	}
	for t := s.Periods - 1; t >= 0; t-- {
		for point := range s.Points {
			for place := range (s.promotions() + 1) * (s.Apart + 1) {
				values[t][s.place(point, 0, 0)+place] = math.Inf(-1)
			}
			for o := range s.Offers {
				if s.forbids(float64(point), o) {
					continue
				}
				earned, after := reward((t*s.Points+point)*s.Offers+o), s.next(float64(point), o)
				for left := range s.promotions() + 1 {
					for wait := range s.Apart + 1 {
						l, w, allowed := s.step(left, wait, o)
						if !allowed {
							continue
						}
						here := &values[t][s.place(point, left, wait)]
						*here = max(*here, earned+s.at(values[t+1], after, l, w))
					}
				}
			}
		}
	}
	return values
}

// price runs the dynamic programme at prices of the limits.
func (s *search) price(prices []float64) {
	s.values = s.induct(func(i int) float64 {
		r := s.Reward[i]
		for k, p := range prices {
			r -= float64(p * s.Use[k][i])
		}
		return r
	})
}

// worth is what an offer is worth at prices, by the values of the moment.
func (s *search) worth(prices []float64, t int, state float64, left, wait, offer int) float64 {
	l, w, allowed := s.step(left, wait, offer)
	if !allowed || s.forbids(state, offer) {
		return math.Inf(-1)
	}
	r := s.Look(s.Reward, t, state, offer)
	for k, p := range prices {
		r -= float64(p * s.Look(s.Use[k], t, state, offer))
	}
	return r + s.at(s.values[t+1], s.next(state, offer), l, w)
}

// column is a calendar in the master programme, or where it has none the slack of a limit.
type column struct {
	offers []int
	value  float64
	use    []float64
	slack  int
}

// roll is the calendar that is best by the values of the moment.
func (s *search) roll(prices []float64) column {
	c := column{use: make([]float64, len(s.Use)), slack: -1}
	state, left, wait := s.Start, s.promotions(), s.wait
	for t := range s.Periods {
		best, most := -1, math.Inf(-1)
		for o := range s.Offers {
			if w := s.worth(prices, t, state, left, wait, o); w > most {
				best, most = o, w
			}
		}
		c.offers = append(c.offers, best)
		c.value += s.Look(s.Reward, t, state, best)
		for k := range c.use {
			c.use[k] += s.Look(s.Use[k], t, state, best)
		}
		left, wait, _ = s.step(left, wait, best)
		state = s.next(state, best)
	}
	return c
}

// keeps tells whether a calendar keeps the limits, up to rounding.
func (s *search) keeps(use []float64) bool {
	for k, u := range use {
		if u > s.Limit[k]+float64(1e-9*max(1, s.Limit[k])) {
			return false
		}
	}
	return true
}

// consider keeps a calendar that is the best so far.
func (s *search) consider(offers []int, value float64, use []float64) {
	if s.keeps(use) && (s.best == nil || value > s.value) {
		s.best, s.value = slices.Clone(offers), value
	}
}

// programme solves the linear programme by a revised simplex method whose columns the dynamic programme makes: rows are the limits and that shares sum to 1.
func (s *search) programme(plan *CalendarPlan) error {
	n := len(s.Use)
	m := newMaster(s.Limit, s.scale())
	plan.Bound = math.Inf(1)
	for range mostRounds {
		prices, level := m.duals()
		if k := slices.IndexFunc(prices, func(p float64) bool { return p < 0 }); k >= 0 {
			m.enter(column{slack: k, use: make([]float64, n)})
			continue
		}
		s.price(prices)
		bound := s.at(s.values[0], s.Start, s.promotions(), s.wait)
		if math.IsInf(bound, -1) {
			return field.New("calendar", "nothing that may be offered in a period", "an offer for each")
		}
		c := s.roll(prices)
		s.consider(c.offers, c.value, c.use)
		gain := c.value - level
		for k, p := range prices {
			bound += float64(p * s.Limit[k])
			gain -= float64(p * c.use[k])
		}
		if bound < plan.Bound {
			plan.Bound, plan.Prices = bound, prices
		}
		if gain <= s.scale()*1e-9 || !m.enter(c) {
			break
		}
	}
	if m.short() {
		return field.New("limit", s.Limit, "limits that some mix of calendars keeps together")
	}
	plan.Mix = make([][]float64, s.Periods)
	for t := range plan.Mix {
		plan.Mix[t] = make([]float64, s.Offers)
		for i, b := range m.basis {
			if b.offers != nil {
				plan.Mix[t][b.offers[t]] += m.level[i]
			}
		}
	}
	return nil
}

// scale is the size of a calendar's value.
func (s *search) scale() float64 { return float64(s.Periods) * largest(s.Reward) }

// enter searches the calendars.
func (s *search) enter(plan *CalendarPlan) {
	s.prices = plan.Prices
	s.price(s.prices)
	plan.values = s.values
	s.way, s.slack = make([]int, s.Periods), closeness*max(math.Abs(plan.Bound), 1e-300)
	s.ways, s.spent = make([][]branch, s.Periods), make([][]float64, s.Periods+1)
	for t := range s.spent {
		s.spent[t] = make([]float64, len(s.Use))
	}
	s.descend(0, s.Start, s.promotions(), s.wait, 0)
}

// descend goes on from a beginning of a calendar that has earned so much.
func (s *search) descend(t int, state float64, left, wait int, earned float64) {
	if t == s.Periods {
		s.consider(s.way, earned, s.spent[t])
		return
	}
	if s.nodes++; s.nodes >= mostNodes {
		return
	}
	room := 0.0
	for k, p := range s.prices {
		room += float64(p * (s.Limit[k] - s.spent[t][k]))
	}
	ways := s.ways[t][:0]
	for o := range s.Offers {
		if w := s.worth(s.prices, t, state, left, wait, o); !math.IsInf(w, -1) {
			ways = append(ways, branch{o, earned + room + w})
		}
	}
	slices.SortStableFunc(ways, func(a, b branch) int { return cmp.Compare(b.bound, a.bound) })
	s.ways[t] = ways
	for _, b := range ways {
		if s.best != nil && b.bound <= s.value+s.slack || s.nodes >= mostNodes {
			break
		}
		l, w, _ := s.step(left, wait, b.offer)
		after := s.next(state, b.offer)
		for k := range s.Use {
			s.spent[t+1][k] = s.spent[t][k] + s.Look(s.Use[k], t, state, b.offer)
		}
		if s.hopeful(t+1, after, l, w) {
			s.way[t] = b.offer
			s.descend(t+1, after, l, w, earned+s.Look(s.Reward, t, state, b.offer))
		}
	}
}

// hopeful tells whether what is spent leaves enough for what must still be used.
func (s *search) hopeful(t int, state float64, left, wait int) bool {
	for k, spent := range s.spent[t] {
		if spent-s.at(s.least[k][t], state, left, wait) > s.Limit[k]+float64(1e-9*max(1, s.Limit[k])) {
			return false
		}
	}
	return true
}

// follow notes where a plan's calendar leads.
func (s *search) follow(plan *CalendarPlan) {
	state, left, wait := s.Start, s.promotions(), s.wait
	plan.Used = make([]float64, len(s.Use))
	for t, o := range plan.Offers {
		plan.States, plan.left, plan.wait = append(plan.States, state), append(plan.left, left), append(plan.wait, wait)
		for k := range plan.Used {
			plan.Used[k] += s.Look(s.Use[k], t, state, o)
		}
		left, wait, _ = s.step(left, wait, o)
		state = s.next(state, o)
	}
}

// master is the programme of mixed calendars: max Σ μ value, Σ μ use ≤ limit, Σ μ = 1, μ ≥ 0, by the revised simplex method with an explicit inverse. It begins with all slacks
// and a calendar that uses nothing and is worth so little that it leaves as soon as it can.
type master struct {
	basis   []column
	inverse [][]float64
	level   []float64 // [row] of the basic columns
}

func newMaster(limit []float64, scale float64) *master {
	n := len(limit)
	m := &master{inverse: make([][]float64, n+1), level: append(slices.Clone(limit), 1)}
	for i := range m.inverse {
		m.inverse[i] = make([]float64, n+1)
		m.inverse[i][i] = 1
		m.basis = append(m.basis, column{slack: i, use: make([]float64, n)})
	}
	m.basis[n] = column{slack: -1, value: -1e4 * scale, use: make([]float64, n)}
	return m
}

// short tells whether the calendar that is none is needed.
func (m *master) short() bool {
	for i, b := range m.basis {
		if b.slack < 0 && b.offers == nil && m.level[i] > 1e-9 {
			return true
		}
	}
	return false
}

// duals are the prices of the limits and of a calendar.
func (m *master) duals() (prices []float64, level float64) {
	n := len(m.basis)
	y := make([]float64, n)
	for j := range y {
		for i, b := range m.basis {
			y[j] += float64(b.value * m.inverse[i][j])
		}
	}
	for j := range n - 1 {
		if math.Abs(y[j]) < 1e-12 {
			y[j] = 0
		}
	}
	return y[:n-1], y[n-1]
}

// enter brings a column into the basis; false where nothing would change.
func (m *master) enter(c column) bool {
	n := len(m.basis)
	d := make([]float64, n) // the column, by the inverse
	for i := range d {
		if c.slack >= 0 {
			d[i] = m.inverse[i][c.slack]
			continue
		}
		d[i] = m.inverse[i][n-1]
		for k, u := range c.use {
			d[i] += float64(m.inverse[i][k] * u)
		}
	}
	leave, least := -1, math.Inf(1)
	for i := range d {
		if d[i] <= 1e-11 {
			continue
		}
		ratio := max(m.level[i], 0) / d[i]
		if ratio < least-1e-13 || leave >= 0 && ratio <= least+1e-13 && d[i] > d[leave] {
			leave, least = i, ratio
		}
	}
	if leave < 0 {
		return false
	}
	for j := range n {
		m.inverse[leave][j] /= d[leave]
	}
	for i := range d {
		if i == leave {
			m.level[i] = least
			continue
		}
		m.level[i] = max(m.level[i]-float64(d[i]*least), 0)
		for j := range n {
			m.inverse[i][j] -= float64(d[i] * m.inverse[leave][j])
		}
	}
	m.basis[leave] = c
	return true
}
