package workflow

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios/field"
)

// Traced is what may be traced.
const Traced = "shopper/NUMBER (of the first period), shopper/PERIOD-NUMBER, seller/NAME or product/NAME"

// Trace is one subject's part of an event log: all visits of a shopper; or the reviews, prices, promotions and stock of a seller or a product, with
// what was sold by period, which are rows of kind period-closes that name the product. It implements results.Sink.
type Trace struct {
	Subject string          `json:"subject"`
	Events  []results.Event `json:"events"`

	shopper  string // as rows name it; "": the products
	period   string // of the shopper: how names of its shoppers begin
	products []string
	seller   string // of the products
	reviews  bool   // whether its reviews belong to the story
	cfg      *market.Config
	shoppers int               // that came in that period
	highest  int64             // of their numbers
	sold     map[string]*tally // of the running period, by product
}

// tally is what was sold of a product.
type tally struct {
	units  int64
	amount float64
}

// newTrace finds out who is meant; an error is a *field.Error with the key --trace.
func newTrace(cfg *market.Config, subject string) (*Trace, error) {
	t := &Trace{Subject: subject, Events: []results.Event{}, cfg: cfg, sold: map[string]*tally{}}
	kind, name, _ := strings.Cut(subject, "/")
	var known []string
	switch kind {
	case "shopper":
		period, number, two := strings.Cut(name, "-")
		if !two {
			period, number = "1", name
		}
		for _, n := range []string{period, number} {
			if i, err := strconv.ParseInt(n, 10, 32); err != nil || i < 1 || n != strconv.FormatInt(i, 10) {
				return nil, field.New("--trace", strconv.Quote(subject), Traced)
			}
		}
		t.period, t.shopper = period+"-", period+"-"+number
		return t, nil
	case "seller":
		for i := range cfg.Sellers {
			known = append(known, cfg.Sellers[i].Name)
			if s := &cfg.Sellers[i]; s.Name == name {
				t.products, t.seller, t.reviews = s.Products, name, true
			}
		}
	case "product":
		for j, seller := range sellersOf(cfg) {
			known = append(known, cfg.Products[j].Name)
			if cfg.Products[j].Name == name {
				t.products, t.seller = []string{name}, seller
			}
		}
	default:
		return nil, field.New("--trace", strconv.Quote(subject), Traced)
	}
	if t.seller == "" {
		return nil, field.New("--trace", strconv.Quote(subject), kind+"/ and one of "+several(known))
	}
	return t, nil
}

// several lists names, not too many.
func several(names []string) string {
	const most = 12
	if len(names) > most {
		return fmt.Sprintf("%s … and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// promoted tells whether a promotion is on one of the subject's products.
func (t *Trace) promoted(name string) bool {
	for i := range t.cfg.Promotions.Promotions {
		if p := &t.cfg.Promotions.Promotions[i]; p.Name == name {
			return len(p.Products) == 0 || slices.ContainsFunc(t.products, func(product string) bool { return slices.Contains(p.Products, product) })
		}
	}
	return false
}

// Write keeps what concerns the subject.
func (t *Trace) Write(rows []results.Event) error {
	for i := range rows {
		if t.shopper != "" {
			t.ofShopper(&rows[i])
		} else {
			t.ofProducts(&rows[i])
		}
	}
	return nil
}

func (t *Trace) ofShopper(e *results.Event) {
	if e.Kind == market.ShopperArrives.String() && e.Visit == 1 && strings.HasPrefix(e.Shopper, t.period) {
		t.shoppers++
		number, _ := strconv.ParseInt(e.Shopper[len(t.period):], 10, 64) // ours, so it is one
		t.highest = max(t.highest, number)
	}
	if e.Shopper == t.shopper {
		t.keep(e)
	}
}

func (t *Trace) ofProducts(e *results.Event) {
	switch e.Kind {
	case market.ChecksOut.String(), market.Returns.String(), market.TradesIn.String():
		if slices.Contains(t.products, e.Product) {
			t.tally(e)
		}
	case market.PeriodCloses.String():
		t.close(e)
	case market.PromotionStarts.String(), market.PromotionEnds.String():
		if t.promoted(e.Promotion) {
			t.keep(e)
		}
	default:
		if e.Shopper == "" && slices.Contains(t.products, e.Product) || t.reviews && e.Kind == market.Reviews.String() && e.Seller == t.seller {
			t.keep(e)
		}
	}
}

// tally adds a line of an order to the period.
func (t *Trace) tally(e *results.Event) {
	s := t.sold[e.Product]
	if s == nil {
		s = new(tally)
		t.sold[e.Product] = s
	}
	s.amount += *e.Amount
	if e.Kind == market.ChecksOut.String() {
		s.units += *e.Units
	} else {
		s.units -= *e.Units
	}
}

// close turns what was sold into rows.
func (t *Trace) close(e *results.Event) {
	for _, product := range t.products {
		s := t.sold[product]
		if s == nil {
			continue
		}
		row := *e
		row.Product, row.Seller, row.Units, row.Amount = product, t.seller, &s.units, new(math.Round(s.amount*10_000)/10_000)
		t.Events = append(t.Events, row)
	}
	clear(t.sold)
}

// keep appends a copy that is the trace's own.
func (t *Trace) keep(e *results.Event) {
	row := *e
	if e.Units != nil {
		row.Units = new(*e.Units)
	}
	for _, p := range []**float64{&row.Price, &row.Amount, &row.Dwell} {
		if *p != nil {
			*p = new(**p)
		}
	}
	t.Events = append(t.Events, row)
}

// Who is what kind of shopper the trace is of, to follow his number; "" for sellers and products.
func (t *Trace) Who() string {
	if t.shopper == "" {
		return ""
	}
	return ": " + t.Events[0].Persona
}

// Close tells where there was no such shopper.
func (t *Trace) Close() error {
	if t.shopper == "" || len(t.Events) > 0 {
		return nil
	}
	period := strings.TrimSuffix(t.period, "-")
	if t.shoppers == 0 {
		return field.New("--trace", t.Subject+": nobody came in period "+period, "a period and a shopper of it")
	}
	return field.New("--trace", t.Subject+": no such shopper", fmt.Sprintf("one of the %d of period %s, numbers up to %d", t.shoppers, period, t.highest))
}
