package market

import (
	"slices"

	"github.com/souk-sim/souk/sim/rng"
)

// trial is a market's running experiment. Without one there is one arm, to which all belongs.
type trial struct {
	sums   []float64 // shares of the arms, as running sums up to 1
	parts  []float64 // by arm: how much of the seller is its own at present; they sum to 1
	groups int       // of shoppers, whose views stand one after the other: arms or regions
	hand   []int32   // the arms dealt: by region, by place among the focal seller's products, or by slot
	began  bool
	slot   int32 // that runs; None: none does

	telling bool
	entries []Outcome
	tellTo  func([]Outcome)
}

// partition gives each group of shoppers views of its own, like those of the first.
func (m *Market) partition() {
	e, base := m.cfg.Experiment, len(m.views)
	m.groups, m.parts = e.groups(), make([]float64, e.arms())
	for k := base; k < m.groups*base; k++ {
		v := m.views[k-base]
		v.shelf = newShelf(len(m.goods), m.outside+1, v.dollar)
		v.set(m.outside, 1)
		m.views = append(m.views, v)
	}
	for i := range m.views {
		m.views[i].front = &m.fronts[0]
	}
	if e == nil {
		return
	}
	passed := 0.0
	for _, share := range e.Shares {
		passed += share
		m.sums = append(m.sums, passed/total(e.Shares))
	}
	switch e.Design {
	case ByCluster:
		m.hand = make([]int32, e.Clusters)
	case ByProduct:
		m.hand = make([]int32, len(m.sellers[m.cfg.Focal].products))
	case Switchback:
		m.hand = make([]int32, e.slots(m.cfg))
	}
}

// clearFronts puts the list prices on all fronts, and switches promotions as the configuration says.
func (m *Market) clearFronts() {
	for f := range m.fronts {
		m.fronts[f].usage.Reset()
		for j := range m.products {
			m.fronts[f].posted[j] = posted{price: m.products[j].list, reference: m.cfg.Products[j].Price}
		}
	}
}

// openTrial deals what an episode's experiment deals, and begins it or awaits its day.
func (m *Market) openTrial() {
	e := m.cfg.Experiment
	m.began, m.slot = false, None
	clear(m.parts)
	m.parts[0] = 1
	for j := range m.products {
		m.products[j].player = m.products[j].seller
	}
	if e == nil {
		return
	}
	m.stream = m.streams.arms.At()
	Deal(m.hand, e.Shares, &m.stream)
	for i := range m.views {
		v, group := &m.views[i], i/len(m.share)
		v.front, v.arm, v.dealt, v.fresh = &m.fronts[0], 0, int32(group), false
		if e.Design == ByCluster {
			region := m.streams.regions.At(uint64(group))
			v.dealt, v.lift = m.hand[group], float64(e.Spread*region.Normal())
		}
	}
	if e.Start == 0 {
		m.turn()
	}
	m.awaitTurn()
}

// Deal deals arms to units: a systematic sample of their shares (Madow & Madow 1944, Annals of Mathematical Statistics 15:1), so that each arm has its share but for rounding, which
// chance settles; shuffled.
func Deal(hand []int32, shares []float64, s *rng.Stream) {
	from, arm, passed, sum := s.Float64(), int32(0), shares[0], total(shares)
	for k := range hand {
		for at := (float64(k) + from) / float64(len(hand)) * sum; at >= passed && int(arm) < len(shares)-1; {
			arm++
			passed += shares[arm]
		}
		hand[k] = arm
	}
	for k := len(hand) - 1; k > 0; k-- {
		i := s.Intn(k + 1)
		hand[k], hand[i] = hand[i], hand[k]
	}
}

// armAt is the arm of a uniform.
func (t *trial) armAt(u float64) int32 {
	arm := 0
	for arm < len(t.sums)-1 && t.sums[arm] <= u {
		arm++
	}
	return int32(arm)
}

// group is to which shoppers a new one belongs. It depends on who he is alone.
func (m *Market) group(v *visitor) int {
	s := m.streams.arms.At(uint64(v.period), uint64(v.number))
	u := s.Float64()
	if m.cfg.Experiment.Design == ByCluster {
		return int(float64(u * float64(m.groups)))
	}
	return int(m.armAt(u))
}

// turn begins the experiment, or its next slot: from now on other arms have the shelf.
func (m *Market) turn() {
	e := m.cfg.Experiment
	m.began = true
	clear(m.parts)
	switch e.Design {
	case Switchback:
		m.slot++
		m.parts[m.hand[m.slot]] = 1
		for _, j := range m.sellers[m.cfg.Focal].products {
			m.products[j].player = int32(m.armOf(int(m.hand[m.slot])).id)
		}
		return
	case ByShopper:
		for arm := range m.parts {
			m.parts[arm] = e.Shares[arm] / total(e.Shares)
		}
	default:
		for _, arm := range m.hand {
			m.parts[arm] += 1 / float64(len(m.hand))
		}
	}
	if e.Design == ByProduct {
		for k, j := range m.sellers[m.cfg.Focal].products {
			m.products[j].player = int32(m.armOf(int(m.hand[k])).id)
		}
		return
	}
	for i := range m.views {
		v := &m.views[i]
		v.arm, v.front = v.dealt, &m.fronts[v.dealt]
	}
	for f := range m.fronts[1:] { // what shoppers remember, and what has changed for them
		for j := range m.products {
			seen, tag := &m.fronts[0].posted[j], &m.fronts[f+1].posted[j]
			tag.reference, tag.changes = seen.reference, seen.changes
			if tag.price != seen.price {
				tag.changes++
			}
		}
	}
}

// awaitTurn schedules when that is next.
func (m *Market) awaitTurn() {
	e := m.cfg.Experiment
	at := e.Start
	if m.began {
		if e.Design != Switchback || int(m.slot+1) == len(m.hand) {
			return
		}
		at += float64(float64(m.slot+1) * e.SlotDays)
	}
	m.calendar.Schedule(at, atPromotion, event{kind: armsTurn})
}

// takeTurns has the arms take turns while the market runs.
func (m *Market) takeTurns(now float64) {
	m.hold(now)
	m.settleStock(now, m.cfg.Focal) // until now it was the others'
	if m.slot != None {
		m.promote(m.armOf(int(m.hand[m.slot])), false)
	}
	before := m.moves()
	m.turn()
	if len(m.fronts) == 1 {
		for arm := range m.parts {
			m.post(m.armOf(arm), now)
		}
	}
	m.reweigh(now)
	m.notePromotions(now)
	if m.moves() != before {
		m.rivalsMove(now, m.cfg.Focal)
	}
	m.awaitTurn()
}

// moves counts the changes of the focal seller's prices that rivals have seen.
func (m *Market) moves() (n int32) {
	for _, j := range m.sellers[m.cfg.Focal].products {
		n += m.fronts[0].posted[j].changes
	}
	return n
}

// armOf is the player of an arm.
func (m *Market) armOf(arm int) *seller {
	if arm == 0 {
		return &m.sellers[m.cfg.Focal]
	}
	return &m.sellers[len(m.cfg.Sellers)+arm-1]
}

// whose is the player whose offer a product has for the shoppers of a view.
func (m *Market) whose(j int32, view uint16) *seller {
	p := &m.products[j]
	if arm := m.views[view].arm; arm > 0 && int(p.seller) == m.cfg.Focal {
		return m.armOf(int(arm))
	}
	return &m.sellers[p.player]
}

// has tells whether what a player asks for a product is what a front shows.
func (m *Market) has(s *seller, f int, p *product) bool {
	switch {
	case s.of != m.cfg.Focal:
		return true
	case len(m.fronts) > 1:
		return f == s.arm
	}
	return int(p.player) == s.id
}

// seen tells whether rivals see what a player offers.
func (m *Market) seen(s *seller) bool {
	return slices.ContainsFunc(s.products, func(j int32) bool { return m.has(s, 0, &m.products[j]) })
}

// stands is what the shoppers of a front find: until the experiment begins, the first.
func (m *Market) stands(f int) *front {
	if !m.began {
		f = 0
	}
	return &m.fronts[f]
}

// frontOf is the front of a player.
func (m *Market) frontOf(i int) *front { return m.stands(min(m.sellers[i].arm, len(m.fronts)-1)) }

// armsOf are a seller's further arms.
func (m *Market) armsOf(of int) []seller {
	if of != m.cfg.Focal {
		return nil
	}
	return m.sellers[len(m.cfg.Sellers):]
}

// whole is what a seller has come to with all its arms.
func (m *Market) whole(of int) accounts {
	sum, arms := m.sellers[of].accounts, m.armsOf(of)
	for i := range arms {
		sum.add(&arms[i].accounts)
	}
	return sum
}

// bear charges what goods that nobody bought, and keeping a product, cost. Where arms stand side by side they share it, by how much of the seller is theirs.
func (m *Market) bear(now float64, j int32, goods, stock int64) {
	p := &m.products[j]
	if int(p.seller) == m.cfg.Focal && len(m.fronts) > 1 {
		for arm := 1; arm < len(m.parts); arm++ {
			g, k := round(m.parts[arm]*float64(goods)), round(m.parts[arm]*float64(stock))
			m.charge(now, m.armOf(arm), j, g, k)
			goods, stock = goods-g, stock-k
		}
	}
	m.charge(now, &m.sellers[p.player], j, goods, stock)
}

// charge charges a player what goods that nobody bought, and keeping them, cost.
func (m *Market) charge(now float64, s *seller, j int32, goods, stock int64) {
	s.goods, s.stock = s.goods+goods, s.stock+stock
	if m.telling && s.of == m.cfg.Focal && goods+stock != 0 {
		m.note(Outcome{Time: now, Profit: -float64(goods+stock) / minor, Period: None, Number: None, Visit: None, Persona: None, Channel: None, Cluster: None, Product: j, Slot: m.slot}, int32(s.arm))
	}
}

// Outcomes has what the units of an experiment come to, from now on, handed over in the order of its happening, in batches that are borrowed during the call. What is left
// over is handed over by the next call of Outcomes; Outcomes(nil) ends it. Without an experiment all is arm 0's. It takes no draws and changes nothing.
func (m *Market) Outcomes(to func([]Outcome)) {
	if len(m.entries) > 0 {
		m.tellTo(m.entries)
	}
	m.tellTo, m.telling, m.entries = to, to != nil, nil
	if m.telling {
		m.entries = make([]Outcome, 0, journalBatch)
	}
}

// tellOf hands an entry over, of a visitor and in a slot, where it is the focal seller's.
func (m *Market) tellOf(now float64, v *visitor, j, slot int32, o Outcome) {
	if j != None && int(m.products[j].seller) != m.cfg.Focal {
		return
	}
	view := &m.views[v.view]
	o.Time, o.Period, o.Number, o.Visit, o.New = now, v.period, v.number, v.visit, v.visit == 0
	o.Persona, o.Channel, o.Product, o.Slot, o.Cluster = int32(view.persona), int32(view.channel), j, slot, None
	if e := m.cfg.Experiment; e != nil && e.Design == ByCluster {
		o.Cluster = int32(int(v.view) / len(m.share))
	}
	m.note(o, view.dealt)
}

// note hands an entry over, of a unit of an arm; a slot and a product are their own.
func (m *Market) note(o Outcome, arm int32) {
	o.Arm = arm
	if e := m.cfg.Experiment; e != nil && len(m.fronts) == 1 {
		switch {
		case e.Design == ByProduct && o.Product != None:
			o.Arm = m.hand[slices.Index(m.sellers[m.cfg.Focal].products, o.Product)]
		case o.Slot != None:
			o.Arm = m.hand[o.Slot]
		default:
			o.Arm = None
		}
	}
	if m.entries = append(m.entries, o); len(m.entries) == journalBatch {
		m.tellTo(m.entries)
		m.entries = m.entries[:0]
	}
}
