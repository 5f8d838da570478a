package logs

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
)

// Outside is the word of DecidedChoices for taking nothing.
const Outside = "none"

// mostChoices is how many choices a table is made of: more are better fitted as counts.
const mostChoices = 1 << 22

// DecidedChoices are the choices that a decision log tells of, as a CSV file in the wide layout of ReadChoices: a row for each visitor who was made an offer and whose
// outcome is known, in the order of time. The alternatives are the products whose prices the log tells: of the offer, that of the decision's product, its own or the only one there is; of
// others what the outcome says, or else the observation as price:PRODUCT. What is sold of products without a price counts as nothing taken. Columns are price.PRODUCT and, where any
// offer has one, promotion.PRODUCT, 1 or 0; time; choice, a product or the word Outside; and, where every decision was for one customer, id. Of someone who takes several
// units the product that he takes most of is the choice, the first of equals; where an offer was made to many, each unit is another's, and more units than visitors are an error.
func DecidedChoices(log *decisionlog.Log) ([]byte, error) {
	t, err := newDecided(log)
	if err != nil {
		return nil, err
	}
	order := make([]*decisionlog.Decision, 0, len(log.Decisions))
	for i := range log.Decisions {
		if d := &log.Decisions[i]; !math.IsNaN(d.Visitors) && d.Visitors > 0 {
			order = append(order, d)
		}
	}
	slices.SortStableFunc(order, func(a, b *decisionlog.Decision) int {
		if a.Time != b.Time {
			return map[bool]int{true: -1, false: 1}[a.Time < b.Time]
		}
		return int(a.Line - b.Line)
	})
	if len(order) == 0 {
		return nil, &field.Error{File: log.File, Key: "outcome", Found: "none", Expected: "what came of some decision: units and visitors"}
	}
	var b bytes.Buffer
	out := csv.NewWriter(&b)
	if err := out.Write(t.header()); err != nil {
		return nil, err
	}
	rows := 0.0
	for _, d := range order {
		if rows += d.Visitors; rows > mostChoices {
			return nil, log.Fault(d, "visitors", fmt.Sprintf("more than %d with those before", mostChoices), "fewer: --window takes the newest")
		}
		if err := t.choices(d, out); err != nil {
			return nil, err
		}
	}
	out.Flush()
	if t.rows == 0 {
		return nil, &field.Error{File: log.File, Key: "units", Found: "nothing", Expected: "outcomes that tell what was sold"}
	}
	return b.Bytes(), out.Error()
}

// decided makes rows of decisions.
type decided struct {
	log      *decisionlog.Log
	only     int32   // the product of decisions that name none
	products []int32 // whose prices are told, by alternative
	features []int   // of the log: price:PRODUCT, by alternative; −1 where there is none
	promoted bool
	single   bool
	price    []float64 // of the decision, by alternative; NaN where it is not told
	seen     []float64
	taken    []int
	row      []string
	rows     int
}

func newDecided(log *decisionlog.Log) (*decided, error) {
	t := &decided{log: log, only: -1, single: true}
	if len(log.Products) == 1 {
		t.only = 0
	}
	priced := make([]bool, len(log.Products))
	for i := range log.Decisions {
		d := &log.Decisions[i]
		t.single = t.single && d.Single
		if p := t.product(d); p >= 0 {
			priced[p] = true
		}
		for _, s := range log.Sales(d) {
			priced[s.Product] = priced[s.Product] || !math.IsNaN(s.Price)
		}
	}
	for p, name := range log.Products {
		if f := log.Feature("price:" + name); priced[p] || f >= 0 {
			t.products, t.features = append(t.products, int32(p)), append(t.features, f)
		}
	}
	if len(t.products) == 0 {
		return nil, &field.Error{File: log.File, Key: "units", Found: "no product whose price is told", Expected: "outcomes that tell units by product, and decisions that name theirs where there are several"}
	}
	for _, offer := range log.Offers {
		t.promoted = t.promoted || offer.Promotion != ""
	}
	t.price, t.seen, t.taken = make([]float64, len(t.products)), make([]float64, len(t.products)), make([]int, len(t.products))
	return t, nil
}

// product is what a decision is about, −1 where that is not told.
func (t *decided) product(d *decisionlog.Decision) int32 {
	if d.Product >= 0 {
		return d.Product
	}
	return t.only
}

func (t *decided) header() (names []string) {
	for _, p := range t.products {
		names = append(names, "price."+t.log.Products[p])
	}
	if t.promoted {
		for _, p := range t.products {
			names = append(names, "promotion."+t.log.Products[p])
		}
	}
	if names = append(names, "time", "choice"); t.single {
		names = append(names, "id")
	}
	return names
}

// choices writes those of a decision.
func (t *decided) choices(d *decisionlog.Decision, out *csv.Writer) error {
	told, err := t.tell(d)
	if err != nil || !told {
		return err
	}
	t.row = t.row[:0]
	own, offer := t.product(d), t.log.Offers[d.Action]
	for _, x := range t.price {
		cell := ""
		if !math.IsNaN(x) {
			cell = strconv.FormatFloat(x, 'g', -1, 64)
		}
		t.row = append(t.row, cell)
	}
	if t.promoted {
		for _, p := range t.products {
			t.row = append(t.row, map[bool]string{true: "1", false: "0"}[p == own && offer.Promotion != ""])
		}
	}
	t.row = append(t.row, strconv.FormatFloat(d.Time, 'g', -1, 64), "")
	at := len(t.row) - 1
	if t.single {
		t.row = append(t.row, t.log.Units[d.Unit])
	}
	left := int(d.Visitors)
	t.rows += left
	for k, n := range t.taken {
		t.row[at] = t.log.Products[t.products[k]]
		for range n {
			if err := out.Write(t.row); err != nil {
				return err
			}
		}
		left -= n
	}
	t.row[at] = Outside
	for range left {
		if err := out.Write(t.row); err != nil {
			return err
		}
	}
	return nil
}

// tell finds the prices of a decision and who took what; told is false where the outcome does not say.
func (t *decided) tell(d *decisionlog.Decision) (told bool, err error) {
	log := t.log
	log.Observe(d, t.features, t.seen)
	copy(t.price, t.seen)
	clear(t.taken)
	if k := slices.Index(t.products, t.product(d)); k >= 0 {
		t.price[k] = log.Offers[d.Action].Price
	}
	if d.Visitors != math.Trunc(d.Visitors) {
		return false, log.Fault(d, "visitors", d.Visitors, "a whole number")
	}
	units := 0.0
	for _, s := range log.Sales(d) {
		told = told || !math.IsNaN(s.Units)
		k := slices.Index(t.products, s.Product)
		if k < 0 {
			continue
		}
		if !math.IsNaN(s.Price) {
			t.price[k] = s.Price
		}
		if s.Units > 0 {
			if s.Units != math.Trunc(s.Units) || s.Units > mostChoices {
				return false, log.Fault(d, "units."+log.Products[s.Product], s.Units, "a whole number")
			}
			if math.IsNaN(t.price[k]) {
				return false, log.Fault(d, "units."+log.Products[s.Product], s.Units, "a product whose price is told: by the outcome, or observed as price:"+log.Products[s.Product])
			}
			t.taken[k], units = int(s.Units), units+s.Units
		}
	}
	if d.Visitors == 1 && units > 1 {
		most := slices.Index(t.taken, slices.Max(t.taken))
		clear(t.taken)
		t.taken[most], units = 1, 1
	}
	if units > d.Visitors {
		return false, log.Fault(d, "units", units, fmt.Sprintf("at most %v, the visitors: whom the offer was made to", d.Visitors))
	}
	return told || d.Visitors > 0 && len(log.Sales(d)) == 0 && d.Reward == 0, nil
}

// DecidedVisits is a CSV file of a decision log's visitors by period, of so much of the log's time, for ReadSeries: period, counted from the time 0, decisions, visitors, units and reward. Periods are those from
// the first that begins within the log to the last that ends there, empty ones included. A decision for one customer is a visitor whether its outcome is known or not; of others visitors
// are those of the outcomes, and a period of which one is awaited is left empty, which is missing.
func DecidedVisits(log *decisionlog.Log, period float64) ([]byte, error) {
	if !(period > 0) || math.IsInf(period, 0) {
		return nil, field.New("period", period, "a time above 0")
	}
	first, last := math.Inf(1), math.Inf(-1)
	for i := range log.Decisions {
		first, last = min(first, log.Decisions[i].Time), max(last, log.Decisions[i].Time)
	}
	from, n := math.Ceil(first/period), math.Floor(last/period)-math.Ceil(first/period)
	if !(n >= 1 && n <= 1<<20) {
		return nil, &field.Error{File: log.File, Key: "period", Found: fmt.Sprint(period), Expected: fmt.Sprintf("at least one whole period between the times %v and %v, and at most %d", first, last, 1<<20)}
	}
	type sums struct{ decisions, visitors, units, reward float64 }
	all := make([]sums, int(n))
	for i := range log.Decisions {
		d := &log.Decisions[i]
		at := math.Floor(d.Time/period) - from
		if !(at >= 0 && at < n) {
			continue
		}
		s, visitors := &all[int(at)], d.Visitors
		if d.Single {
			visitors = 1
		}
		units := 0.0
		for _, sale := range log.Sales(d) {
			units += sale.Units
		}
		if math.IsNaN(d.Visitors) {
			units = math.NaN()
		}
		*s = sums{s.decisions + 1, s.visitors + visitors, s.units + units, s.reward + d.Reward}
	}
	var b bytes.Buffer
	b.WriteString("period,decisions,visitors,units,reward\n")
	for t, s := range all {
		fmt.Fprintf(&b, "%d", int64(from)+int64(t))
		for _, x := range [...]float64{s.decisions, s.visitors, s.units, s.reward} {
			if b.WriteByte(','); !math.IsNaN(x) {
				b.WriteString(strconv.FormatFloat(x, 'g', -1, 64))
			}
		}
		b.WriteByte('\n')
	}
	return b.Bytes(), nil
}
