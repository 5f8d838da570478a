package market

import (
	"slices"

	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/sim/rng"
)

// ranking is the law of the list that a persona sees: Plackett–Luce in what products appeal, prices left out, so that no price moves a place. A product is drawn
// by one uniform through a table of aliases (Walker 1977, ACM TOMS 3:253; Vose 1991, IEEE TSE 17:972), whatever their number.
type ranking struct {
	sums  []float64 // by product: weights up to and including it
	cells []cell
	never []bool // by product: offers to buy have no place
	most  int    // places that products can fill
}

// cell is a slice of probability 1/n: of it, keep is its own product's, and the rest its alias's.
type cell struct {
	keep  float64
	alias int32
}

func newRanking(cfg *Config, p *Persona) *ranking {
	n := len(cfg.Products)
	r := &ranking{sums: make([]float64, n), cells: make([]cell, n), never: make([]bool, n), most: n}
	sum := 0.0
	for j := range cfg.Products {
		weight := 1.0
		switch {
		case cfg.Products[j].TradeIn != nil:
			weight, r.never[j] = 0, true
			r.most--
		case cfg.Visit.Ranking == "appeal":
			weight = odds((cfg.Products[j].Appeal+p.Appeals[cfg.Products[j].Name]+float64(p.Price*cfg.Products[j].Price))/cfg.Visit.Spread, p.Outside/cfg.Visit.Spread)
		}
		sum += weight
		r.sums[j] = sum
	}
	r.alias()
	return r
}

// alias fills the cells: each that holds less than its share is topped up by one that holds more (Vose's method).
func (r *ranking) alias() {
	n := len(r.cells)
	var less, more []int32
	for j := range r.cells {
		r.cells[j] = cell{r.weight(int32(j)) / r.sums[n-1] * float64(n), int32(j)}
		if r.cells[j].keep < 1 {
			less = append(less, int32(j))
		} else {
			more = append(more, int32(j))
		}
	}
	for len(less) > 0 && len(more) > 0 {
		small, large := less[len(less)-1], more[len(more)-1]
		less = less[:len(less)-1]
		r.cells[small].alias = large
		if r.cells[large].keep -= 1 - r.cells[small].keep; r.cells[large].keep < 1 {
			more = more[:len(more)-1]
			less = append(less, large)
		}
	}
	for _, j := range append(less, more...) { // rounding has left them at their share
		r.cells[j].keep = 1
	}
}

// pick draws a product by a uniform.
func (r *ranking) pick(u float64) int32 {
	at := float64(u * float64(len(r.cells)))
	j := int32(at)
	if c := &r.cells[j]; at-float64(j) >= c.keep {
		return c.alias
	}
	return j
}

// find returns the product whose stretch of the running sums holds a target.
func (r *ranking) find(target float64) int32 {
	j, _ := slices.BinarySearchFunc(r.sums, target, func(sum, target float64) int {
		if sum <= target {
			return -1
		}
		return 1
	})
	return int32(min(j, len(r.sums)-1))
}

func (r *ranking) weight(j int32) float64 {
	if j == 0 {
		return r.sums[0]
	}
	return r.sums[j] - r.sums[j-1]
}

// draw puts the product for the next place onto a list, among those that do not stand there already, and returns it; None when all do. It draws until it finds
// a new one, which is Plackett–Luce exactly; where few are left, it works out what is left.
func (r *ranking) draw(t *trolley, s *rng.Stream) int32 {
	if int(t.shown) == r.most {
		return None
	}
	tries := 8
	if n := len(r.sums); n <= 64 && 2*int(t.shown) >= n {
		tries = 0
	}
	for range tries {
		if j := r.pick(s.Float64()); !t.lists(j) {
			t.list(j)
			return j
		}
	}
	j := r.rest(t, s.Float64())
	t.list(j)
	return j
}

// rest draws from the products that are not listed, by one uniform: in the order of the running sums it passes over the stretches of those that are.
func (r *ranking) rest(t *trolley, u float64) int32 {
	if len(r.sums) <= 64 {
		return r.unmarked(t.marks, u)
	}
	var sorted [len(t.listed)]int32
	n := 0
	left := r.sums[len(r.sums)-1]
	for _, j := range t.listed[:t.shown] {
		left -= r.weight(j)
		k := n
		for ; k > 0 && sorted[k-1] > j; k-- {
			sorted[k] = sorted[k-1]
		}
		sorted[k] = j
		n++
	}
	target := u * left
	for _, j := range sorted[:n] {
		if r.sums[j]-r.weight(j) > target {
			break
		}
		target += r.weight(j)
	}
	if j := r.find(target); !t.lists(j) {
		return j
	}
	j := int32(0) // nothing is left but rounding: the first that is not listed
	for r.never[j] || t.lists(j) {
		j++
	}
	return j
}

// unmarked does the same where each product has a mark of its own.
func (r *ranking) unmarked(marks uint64, u float64) int32 {
	left, last := 0.0, int32(None)
	for j := range r.sums {
		if marks>>j&1 == 0 && !r.never[j] {
			left += r.weight(int32(j))
			last = int32(j)
		}
	}
	target := u * left
	for j := range r.sums[:last] {
		if marks>>j&1 == 0 {
			if target -= r.weight(int32(j)); target < 0 {
				return int32(j)
			}
		}
	}
	return last
}

// lists tells whether a product has had its place.
func (t *trolley) lists(j int32) bool {
	return t.marks>>(uint(j)%64)&1 != 0 && slices.Contains(t.listed[:t.shown], j)
}

// list gives a product the next place.
func (t *trolley) list(j int32) {
	t.listed[t.shown] = j
	t.shown++
	t.marks |= 1 << (uint(j) % 64)
}

// enter begins a journey: whoever searches views first what he came for, if it is there; the others walk down the list.
func (m *Market) enter(now float64, v *visitor, i int32) {
	t := &m.trolleys[i]
	t.shown, t.marks, v.place, v.seen, v.lines = 0, 0, 0, 0, 0
	if v.searches = v.stream.Float64() < m.cfg.Visit.Search; v.searches {
		j := v.last
		if j == None {
			j = m.views[v.view].ranking.draw(t, &v.stream)
		} else {
			t.list(j)
		}
		if !m.hidden(j) {
			m.view(now, v, t, i, j)
			return
		}
		v.searches = false
	}
	m.walk(now, v, t, i)
}

// hidden tells whether a product is sold out where nobody is shown what is.
func (m *Market) hidden(j int32) bool { return m.hides && m.products[j].out }

// walk looks down the list until a product is clicked, which is then viewed, or the visitor has seen enough and decides. What a place holds depends on the
// list above it and on no price.
func (m *Market) walk(now float64, v *visitor, t *trolley, i int32) {
	law, places := m.views[v.view].ranking, len(m.looks)
	for int(v.seen) < m.cfg.Visit.Consider && int(v.place) < places && int(t.shown) < len(t.listed) {
		click := v.stream.Float64()
		j := law.draw(t, &v.stream)
		if j == None {
			break
		}
		if m.hidden(j) {
			continue // the next product moves up
		}
		look := m.looks[v.place]
		v.place++
		if click < look {
			m.view(now, v, t, i, j)
			return
		}
	}
	if v.seen == 0 {
		if m.on {
			m.add(m.decided(now, v, None, 0, Plainly))
		}
		m.leave(now, v, i, false)
		return
	}
	m.calendar.Schedule(now+float64(v.stream.Exponential()*m.pace.think), atShopper, event{shopperDecides, i})
}

// view opens a product's page, and schedules when it has been read.
func (m *Market) view(now float64, v *visitor, t *trolley, i, j int32) {
	t.considered[v.seen] = j
	v.seen++
	m.books.views++
	cost := m.channels[m.views[v.view].channel].view
	m.whose(j, v.view).charge(cost)
	if m.telling && cost > 0 {
		m.tellOf(now, v, j, m.slot, Outcome{Profit: -float64(cost) / minor})
	}
	stays := m.dwell(v)
	if m.on {
		r := m.record(now, ShopperViews, v)
		r.Product, r.Price, r.Place, r.Seconds = j, m.views[v.view].front.posted[j].price, v.place, float32(stays*86400)
		if v.searches && v.seen == 1 {
			r.Why, r.Place = BySearch, 0
		}
		m.add(r)
	}
	m.calendar.Schedule(now+stays, atShopper, event{shopperViews, i})
}

// see is the end of a view: the visitor walks on.
func (m *Market) see(now float64, i int32) { m.walk(now, &m.visitors[i], &m.trolleys[i], i) }

// among chooses from what was viewed as choose does from the shelf: first whether it is one of the focal seller's, and else by the lower bits which of the rest.
func (m *Market) among(view *view, v *visitor, t *trolley, u float64) (product int32, odds float64) {
	var weights [8]float64
	rest, own := 1.0, 0.0
	for k := range v.seen {
		weights[k] = m.weightOf(view, v, t.considered[k])
		if m.place[t.considered[k]] > int32(m.outside) {
			own += weights[k]
		} else {
			rest += weights[k]
		}
	}
	if target := float64(u*(rest+own)) - rest; target >= 0 {
		return t.find(m, v, weights[:v.seen], target, true), rest + own
	}
	if target := float64(lower(u)*rest) - 1; target >= 0 {
		return t.find(m, v, weights[:v.seen], target, false), rest + own
	}
	return outside, rest + own
}

// find inverts the weights of the focal seller's products, or of the others'.
func (t *trolley) find(m *Market, v *visitor, weights []float64, target float64, own bool) int32 {
	last := int32(outside)
	for k, w := range weights {
		if j := t.considered[k]; (m.place[j] > int32(m.outside)) == own && w > 0 {
			if last = j; target < w {
				break
			}
			target -= w
		}
	}
	return last
}

// weightOf is a product's weight for a visitor, who may be loyal to it.
func (m *Market) weightOf(view *view, v *visitor, j int32) float64 {
	w := view.weight[m.place[j]]
	if j == v.last {
		w += float64(w * view.loyal)
	}
	return w
}

// goesOn tells whether a visitor who has put something into the basket looks for more: by the law of baskets where there is one, else with a probability.
func (m *Market) goesOn(v *visitor, i int32) bool {
	if int(v.lines) == mostLines {
		return false
	}
	if m.cart != nil {
		return true // the law itself says whether an item follows
	}
	return v.stream.Float64() < m.cfg.Visit.Basket
}

// grow adds another product, if the visitor likes what he finds: one that goes with the basket, or one of his tastes.
func (m *Market) grow(now float64, i int32) {
	v, t := &m.visitors[i], &m.trolleys[i]
	view := &m.views[v.view]
	m.fit(now, v)
	j, found := m.next(v, t)
	q, take, pay := v.stream.Open(), v.stream.Float64(), v.stream.Exponential()
	taken := false
	if found && !m.products[j].out && !t.holds(v, j) {
		units := unitsOf(m.cfg.Personas[view.persona].Units, q)
		if w := float64(m.weightOf(view, v, j) * m.pull(now, v, t, j, units)); take < w/(1+w) {
			taken = true
			t.goods[v.lines], t.units[v.lines], t.prices[v.lines] = j, units, view.front.posted[j].price
			if m.on {
				r := m.decided(now, v, j, t.units[v.lines], Plainly)
				r.Kind = BasketGrows
				m.add(r)
			}
			v.lines++
		}
	}
	m.unfit(v.view)
	at := now + float64(pay*m.pace.pay)
	if taken && m.goesOn(v, i) {
		m.calendar.Schedule(at, atShopper, event{basketGrows, i})
		return
	}
	m.calendar.Schedule(at, atShopper, event{checksOut, i})
}

// pull is the factor that promotions on more than a unit put on the odds that units go into a basket: whoever is near a threshold, or has half of a bundle,
// weighs what the whole order costs with them and without them. Only what they save together and not apart counts; the odds hold the rest.
func (m *Market) pull(now float64, v *visitor, t *trolley, j, units int32) float64 {
	if !m.combines {
		return 1
	}
	lines := m.lines[:0]
	put := func(j, units int32, price int64) {
		lines = append(lines, promotion.Line{Product: int(j), Quantity: int(units), Price: m.asked(v, j, price)})
	}
	put(v.product, v.units, v.price)
	for k, j := range t.goods[:v.lines] {
		put(j, t.units[k], t.prices[k])
	}
	put(j, units, m.views[v.view].front.posted[j].price)
	m.lines = lines
	last := len(lines) - 1
	saved := m.worth(now, v, lines[:last]) + m.worth(now, v, lines[last:]) - m.worth(now, v, lines)
	who := &m.cfg.Personas[m.views[v.view].persona]
	return odds(-float64(m.mood*who.Price*float64(saved)/minor), 0)
}

// worth is what a visitor would pay for an order, minor units.
func (m *Market) worth(now float64, v *visitor, lines []promotion.Line) int64 {
	m.promotions.Price(&m.order, lines, now, m.buyer(v), m.views[v.view].front.usage)
	return m.order.Total
}

// next is the product that a basket brings to mind, and whether there is one.
func (m *Market) next(v *visitor, t *trolley) (j int32, found bool) {
	if m.cart != nil {
		m.cart.Clear()
		m.cart.Add(int(v.product))
		for _, j := range t.goods[:v.lines] {
			m.cart.Add(int(j))
		}
		item, more := m.cart.Next(&v.stream)
		return int32(item), more && item < len(m.products)
	}
	u := v.stream.Float64()
	if m.journeys {
		return m.views[v.view].ranking.pick(u), true
	}
	place := m.views[v.view].choose(u, 0, 0)
	return m.goods[place], m.goods[place] != outside
}

// holds tells whether a basket has a product.
func (t *trolley) holds(v *visitor, j int32) bool {
	if v.product == j {
		return true
	}
	for _, k := range t.goods[:v.lines] {
		if k == j {
			return true
		}
	}
	return false
}
