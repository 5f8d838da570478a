package market

import (
	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/market/stock"
	"github.com/souk-sim/souk/sim/portable"
)

// product is what one product has come to.
type product struct {
	seller  int32
	player  int32 // whose offer is on the shelf: the seller's, or one of its arms'
	list    int64 // minor units
	cost    int64 // of a unit, minor units
	keeper  *stock.Keeper
	out     bool    // sold out
	buyer   int32   // the offer to buy used units of it, or None
	becomes int32   // of such an offer: what they are made into
	spoils  float64 // when that is scheduled
	sold    int64   // units, since Reset
}

// front is what shoppers find: one for all, or one for each arm where arms stand side by side.
type front struct {
	posted []posted // by product
	usage  *promotion.Usage
}

// posted is a product's price on a front.
type posted struct {
	price     int64   // minor units
	reference float64 // what shoppers remember, $
	changes   int32   // of the price, this episode
}

// view is how a persona sees the products in a channel.
type view struct {
	shelf
	persona, channel int
	appeal           []float64 // by product, what does not change
	ranking          *ranking  // of the list in a journey
	loyal            float64   // e^loyal − 1: what the product bought last weighs more
	front            *front
	arm              int32   // whose front that is
	dealt            int32   // arm of its shoppers, once the experiment has begun
	lift             float64 // utility that the region adds
}

// settle makes products and sellers of the configuration, and the order of the inverse transform.
func (m *Market) settle() {
	cfg := m.cfg
	m.products, m.sellers = make([]product, len(cfg.Products)), make([]seller, len(cfg.Sellers)+cfg.Experiment.arms()-1)
	index := map[string]int{}
	for j := range cfg.Products {
		p := &cfg.Products[j]
		index[p.Name] = j
		m.products[j] = product{list: toMinor(p.Price), cost: toMinor(p.Cost)}
	}
	for i := range cfg.Sellers {
		for _, name := range cfg.Sellers[i].Products {
			j := index[name]
			m.products[j].seller = int32(i)
			m.sellers[i].products = append(m.sellers[i].products, int32(j))
			if cfg.Products[j].TradeIn == nil {
				m.sellers[i].wares = append(m.sellers[i].wares, int32(j))
			}
		}
	}
	for i := range m.sellers {
		s := &m.sellers[i]
		if s.id, s.of = i, i; i >= len(cfg.Sellers) {
			s.of, s.arm = cfg.Focal, i-len(cfg.Sellers)+1
			s.products, s.wares = m.sellers[s.of].products, m.sellers[s.of].wares
		}
		s.cfg = &cfg.Sellers[s.of]
	}
	m.place, m.goods = make([]int32, len(cfg.Products)), make([]int32, 0, len(cfg.Products)+1)
	put := func(own bool) {
		for j := range m.products {
			if (int(m.products[j].seller) == cfg.Focal) == own {
				m.place[j] = int32(len(m.goods))
				m.goods = append(m.goods, int32(j))
			}
		}
	}
	put(false)
	m.outside = len(m.goods)
	m.goods = append(m.goods, outside)
	put(true)
}

// outside stands for the outside option among the goods.
const outside = -1

// reset puts a product where an episode finds it; its price is posted with its seller's opening offer. A forecast of its stock begins
// with so many units a day, before its first fill.
func (p *product) reset(units float64) {
	p.out = false
	if p.keeper != nil {
		p.keeper.Expect(units, units)
		p.keeper.Reset()
		p.out = p.keeper.OnHand() == 0
	}
}

// furnish makes the views, and for journeys the law of the list.
func (m *Market) furnish() {
	cfg := m.cfg
	channels := cfg.Channels
	if len(channels) == 0 {
		channels = []Channel{{Share: 1}}
	}
	m.remembers = false
	for c := range channels {
		m.channels = append(m.channels, channelCosts{order: toMinor(channels[c].OrderCost), view: toMinor(channels[c].ViewCost), commission: channels[c].Commission})
	}
	for i := range cfg.Personas {
		p := &cfg.Personas[i]
		m.remembers = m.remembers || p.Gain != 0 || p.Loss != 0
		m.drifts = m.drifts || p.Trend != 0
		var list *ranking
		if cfg.Visit.Kind == Journey {
			list = newRanking(cfg, p)
		}
		for c := range channels {
			v := view{shelf: newShelf(len(m.goods), m.outside+1, -p.Price), persona: i, channel: c, ranking: list, loyal: portable.Exp(p.Loyal) - 1, appeal: make([]float64, len(cfg.Products))}
			for j := range cfg.Products {
				v.appeal[j] = cfg.Products[j].Appeal + p.Appeals[cfg.Products[j].Name] + channels[c].Utility
			}
			v.set(m.outside, 1)
			m.views = append(m.views, v)
		}
	}
	m.share = make([]float64, len(m.views))
	m.partition()
	m.visit(cfg)
}

// mingle sets the shares of the views in a period, as running sums up to 1.
func (m *Market) mingle() {
	cfg, sum := m.cfg, 0.0
	passed := (float64(m.period)+0.5)/float64(cfg.Horizon) - 0.5
	for i := range m.share {
		v := &m.views[i]
		share := cfg.Personas[v.persona].Share * portable.Exp(float64(cfg.Personas[v.persona].Trend*passed))
		if len(cfg.Channels) > 0 {
			share *= cfg.Channels[v.channel].Share
		}
		sum += share
		m.share[i] = sum
	}
	for i := range m.share {
		m.share[i] /= sum
	}
}

// reweigh brings all weights up to date.
func (m *Market) reweigh(now float64) {
	for j := range m.products {
		m.weigh(now, j)
	}
}

// weigh brings the weights of a product up to date: its price, its reference price, a promotion or its stock has changed. What shoppers go by is what
// one unit alone would cost them, their coupons taken off. The weights kept are those of newcomers; fit has those of others.
func (m *Market) weigh(now float64, j int) {
	for i := range m.views {
		v := &m.views[i]
		v.set(int(m.place[j]), m.oddsOf(now, v, j, promotion.Customer{ID: None, Persona: v.persona, Channel: v.channel, First: true}))
	}
}

// oddsOf is what a product weighs in a view for one who asks for promotions so.
func (m *Market) oddsOf(now float64, v *view, j int, buyer promotion.Customer) float64 {
	p, tag, who := &m.products[j], &v.front.posted[j], &m.cfg.Personas[v.persona]
	if p.out && m.hides || m.cfg.Products[j].TradeIn != nil {
		return 0
	}
	shown, deal := float64(tag.price)/minor, 0.0
	if m.advertised {
		m.single[0] = promotion.Line{Product: j, Quantity: 1, Price: tag.price}
		m.promotions.Price(&m.order, m.single[:], now, buyer, v.front.usage)
		if shown = float64(m.order.Total) / minor; m.order.Total < tag.price {
			deal = who.Deal
		}
	}
	utility := v.appeal[j] + v.lift + float64(m.mood*who.Price*shown) + deal
	if gap := tag.reference - shown; gap > 0 {
		utility += float64(who.Gain * gap)
	} else {
		utility += float64(who.Loss * gap)
	}
	return odds(utility, who.Outside)
}

// fit has a visitor's view weigh products by what he would pay where promotions know him: he has bought before, used up what is limited, or holds a coupon.
// It costs a price for each product of such promotions; unfit puts the newcomers' weights back.
func (m *Market) fit(now float64, v *visitor) {
	if len(m.personal) == 0 || v.customer == None || !(m.welcomes && v.last != None) && !m.usage.Knows(int(v.customer)) {
		return
	}
	view, buyer := &m.views[v.view], m.buyer(v)
	for _, j := range m.personal {
		place := int(m.place[j])
		m.newcomers = append(m.newcomers, view.weight[place])
		view.set(place, m.oddsOf(now, view, int(j), buyer))
	}
}

// unfit ends what fit began.
func (m *Market) unfit(view uint16) {
	for k, weight := range m.newcomers {
		m.views[view].set(int(m.place[m.personal[k]]), weight)
	}
	m.newcomers = m.newcomers[:0]
}

// personalise finds the products of promotions that ask what a shopper has bought or used, or was handed.
func (m *Market) personalise() {
	some := map[string]bool{}
	for i := range m.cfg.Promotions.Promotions {
		p := &m.cfg.Promotions.Promotions[i]
		m.welcomes = m.welcomes || p.First
		if !p.First && !p.Granted && p.PerCustomer == 0 {
			continue
		}
		for _, name := range p.Products {
			some[name] = true
		}
		for j := range m.cfg.Products {
			if len(p.Products) == 0 {
				some[m.cfg.Products[j].Name] = true
			}
		}
	}
	for j := range m.cfg.Products {
		if some[m.cfg.Products[j].Name] && m.cfg.Products[j].TradeIn == nil {
			m.personal = append(m.personal, int32(j))
		}
	}
	m.newcomers = make([]float64, 0, len(m.personal))
}

// advertise compiles the promotions.
func (m *Market) advertise() error {
	cfg := m.cfg.terms()
	var err error
	if m.promotions, err = promotion.New(&cfg); err != nil {
		return err
	}
	m.usage = m.promotions.NewUsage()
	m.fronts = make([]front, m.cfg.Experiment.fronts())
	for f := range m.fronts {
		m.fronts[f] = front{posted: make([]posted, len(m.products)), usage: m.usage}
		if f > 0 {
			m.fronts[f].usage = m.usage.Beside()
		}
	}
	m.advertised, m.combines = len(cfg.Promotions) > 0, m.promotions.Combine()
	m.named, m.coupon = map[string]int{}, -1
	for i := range cfg.Promotions {
		m.named[cfg.Promotions[i].Name] = i
	}
	if name := m.cfg.Visit.Reminder.Coupon; name != "" {
		m.coupon = m.named[name]
	}
	m.personalise()
	return nil
}

// changePromotions follows the clock of the promotions.
func (m *Market) changePromotions(now float64) {
	m.notePromotions(now)
	m.reweigh(now)
	m.awaitPromotions(now)
}

// awaitPromotions schedules when a promotion next starts or ends.
func (m *Market) awaitPromotions(now float64) {
	if next := m.promotions.NextChange(now); next <= float64(m.cfg.Horizon)*m.cfg.PeriodDays {
		m.calendar.Schedule(next, atPromotion, event{kind: promotionChanges})
	}
}
