package market

// None is a Record's product or customer where there is none: the product of a shopper who decides for nothing, the customer of a shopper
// who never bought.
const None = -1

// Kind is what happened.
type Kind uint8

// The kinds of a Record. What each says is in the table recordKinds.
const (
	PeriodOpens Kind = iota
	ShopperArrives
	ShopperViews
	ShopperDecides
	BasketGrows
	ChecksOut
	Abandons
	Reminded
	Returns
	TradesIn
	ComesBack
	Lapses
	Reviews
	Repriced
	PromotionStarts
	PromotionEnds
	StockOrdered
	StockReceived
	StockSpoils
	PeriodCloses
)

// Fields are those fields of a Record, beside time and period, that its kind gives a meaning; the others are zero.
type Fields uint16

// The fields. A product's seller is known and in no field.
const (
	HasShopper Fields = 1 << iota // Number, Visit, Customer, Persona, Channel
	HasProduct
	HasSeller
	HasPromotion
	HasUnits
	HasPrice
	HasAmount
	HasPlace
	HasSeconds
)

// recordKinds gives each kind its name and its fields.
var recordKinds = [...]struct {
	name string
	has  Fields
}{
	PeriodOpens:     {"period-opens", HasUnits}, // units: shoppers expected
	ShopperArrives:  {"shopper-arrives", HasShopper},
	ShopperViews:    {"shopper-views", HasShopper | HasProduct | HasPrice | HasPlace | HasSeconds}, // why: BySearch
	ShopperDecides:  {"shopper-decides", HasShopper | HasProduct | HasUnits | HasPrice},            // product None: nothing; why: SoldOut, BackOrder, Substitute
	BasketGrows:     {"basket-grows", HasShopper | HasProduct | HasUnits | HasPrice},               // as shopper-decides, for each product after the first
	ChecksOut:       {"checks-out", HasShopper | HasProduct | HasUnits | HasPrice | HasAmount},     // one for each line of the order; amount: what is paid for it
	Abandons:        {"abandons", HasShopper | HasUnits | HasAmount},                               // units and amount of the cart
	Reminded:        {"reminded", HasShopper | HasPromotion},                                       // of the cart; promotion: the coupon that he takes, None where there is none or he stays away
	Returns:         {"returns", HasShopper | HasProduct | HasUnits | HasAmount},                   // amount: negative, paid back
	TradesIn:        {"trades-in", HasShopper | HasProduct | HasUnits | HasAmount},                 // amount: negative, what the seller pays
	ComesBack:       {"comes-back", HasShopper},                                                    // before shopper-arrives in each visit after the first; why: ByReminder, to a cart and without arriving
	Lapses:          {"lapses", HasShopper},                                                        // visit: that after which there is none
	Reviews:         {"reviews", HasSeller},                                                        // why: ByStock, ByRival
	Repriced:        {"repriced", HasProduct | HasPrice},                                           // for each product of a new offer, and of those that open an episode
	PromotionStarts: {"promotion-starts", HasPromotion},
	PromotionEnds:   {"promotion-ends", HasPromotion},
	StockOrdered:    {"stock-ordered", HasProduct | HasUnits},
	StockReceived:   {"stock-received", HasProduct | HasUnits},
	StockSpoils:     {"stock-spoils", HasProduct | HasUnits},
	PeriodCloses:    {"period-closes", HasUnits | HasAmount}, // units: shoppers who came; amount: what they and others of the period paid, less what was paid back
}

// String is the kind's name in the event log.
func (k Kind) String() string { return recordKinds[k].name }

// Fields are what a record of the kind says.
func (k Kind) Fields() Fields { return recordKinds[k].has }

// Why is what led to an event, or became of it, where its kind leaves that open.
type Why uint8

// Reasons. Plainly is any other than the rest: a view from the list, a choice that was there, a review whose time had come.
const (
	Plainly    Why = iota
	BySearch       // viewed as what the shopper came for
	ByReminder     // back to a cart that was left
	SoldOut        // wanted and not there; where something else is taken instead, that is a record of its own
	BackOrder      // taken, to be delivered when there is stock
	Substitute     // taken in place of what was sold out
	ByStock        // reviewed because there was little left
	ByRival        // reviewed because another seller had a new offer
)

// String is the reason's name in the event log; "" for Plainly.
func (w Why) String() string {
	return [...]string{"", "search", "reminder", "sold-out", "back-order", "substitute", "stock-below", "rival-moved"}[w]
}

// Record is an event of the log. A shopper is known by period and number, a visit by its own number besides.
type Record struct {
	Time      float64 // days since the episode opened
	Price     int64   // posted, of a unit, minor units
	Amount    int64   // what sellers get by it, minor units
	Seconds   float32 // spent on a product's page
	Period    int32   // in which the shopper first came; for events without a shopper, in which they happen; 0-based
	Number    int32   // of the shopper among the candidates of that period, 0-based
	Visit     int32   // 0 for the first, k for the k-th return
	Customer  int32   // his place among the customers, which is another's when he has lapsed; None before the first purchase
	Product   int32
	Seller    int32
	Promotion int32
	Units     int32
	Persona   int16
	Place     int16 // in the list, 1-based; 0 for none
	Channel   uint8
	Arm       uint8 // of the experiment, whose front it was on; where arms do not stand side by side 0
	Kind      Kind
	Why       Why
}

// journal hands the records of a market over in batches. Whoever adds asks on first, so that a market without a log pays for one branch.
type journal struct {
	on      bool
	records []Record
	to      func([]Record)
	held    []bool // by front and promotion: whether it holds as far as the log knows; none: it knows nothing yet
}

// journalBatch is how many records are handed over at once: enough to make the call free, little enough to stay in the cache.
const journalBatch = 1024

// Record has every event of the market, from now on, handed over in the order of their happening, in batches that are borrowed during the
// call. What is left over is handed over by the next call of Record; Record(nil) switches the log off. The log takes no draws and changes nothing.
func (j *journal) Record(to func([]Record)) {
	if len(j.records) > 0 {
		j.to(j.records)
	}
	if j.to, j.on = to, to != nil; j.on {
		j.records = make([]Record, 0, journalBatch)
	} else {
		j.records = nil
	}
}

// add appends a record; only where on is true.
func (j *journal) add(r Record) {
	j.records = append(j.records, r)
	if len(j.records) == journalBatch {
		j.to(j.records)
		j.records = j.records[:0]
	}
}

// notePromotions records which promotions have started or ended, by the clock or by an offer.
func (m *Market) notePromotions(now float64) {
	if !m.on {
		return
	}
	n := len(m.cfg.Promotions.Promotions)
	for len(m.held) < n*len(m.fronts) {
		m.held = append(m.held, false)
	}
	for k, held := range m.held {
		f, i := k/n, k%n
		if m.held[k] = m.fronts[f].usage.Holds(i, now); m.held[k] == held {
			continue
		}
		kind := PromotionStarts
		if held {
			kind = PromotionEnds
		}
		m.add(Record{Time: now, Kind: kind, Period: int32(m.period), Promotion: int32(i), Arm: uint8(f)})
	}
}
