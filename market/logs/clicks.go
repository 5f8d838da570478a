package logs

import (
	"cmp"
	"io"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// The slots of clicks.
const (
	clickSession = iota
	clickCustomer
	clickTime
	clickOrder
	clickState
	clickItem
	clickPrice
	clickCountry
)

var clickSlots = []slot{
	clickSession:  {"session", ofTexts, false, [][]string{{"sessionid", "session", "visitid", "visit", "usersession"}}},
	clickCustomer: {"customer", ofTexts, false, customerNames},
	clickTime:     {"time", ofTimes, false, timeNames},
	clickOrder:    {"order", ofNumbers, false, [][]string{{"order", "clickorder", "clicknumber", "sequence", "step", "position"}}},
	clickState: {"state", ofTexts, true, [][]string{{"state", "event", "eventtype", "action", "pagetype", "pagecategory", "page1maincategory", "behaviortype"},
		{"page", "category", "categoryid", "categorycode"}, {"url"}}},
	clickItem:    {"item", ofTexts, false, [][]string{{"itemid", "item", "productid", "product", "sku", "page2clothingmodel"}}},
	clickPrice:   {"price", ofNumbers, false, [][]string{{"price", "unitprice", "itemprice"}}},
	clickCountry: {"country", ofTexts, false, [][]string{{"country", "countrycode"}}},
}

// DecodeClicks is ReadClicks of size bytes of data, with a name for errors. Roles: state, one of session and customer, one of order and time, and, if
// the file has them, item, price and country. Where it has sessions and customers, sessions of one id and two customers are two.
//
// Rows without one of the needed ones, of a price below 0, and of a time before 1971 or after the end cannot serve. Small numbers of a column of
// times are seconds. A click that the file has below a later one of its visitor is counted, and sorted in.
func DecodeClicks(name string, data io.ReaderAt, size int64, o Options) (Clicks, error) {
	r := &clickReader{intake: intake{Options: o}, sessions: newNumbering(), states: newNumbering(), items: newNumbering(), countries: newNumbering()}
	var err error
	if r.customers, err = r.people(); err != nil {
		return Clicks{}, err
	}
	if err = r.open(name, data, size, clickSlots, 1); err != nil {
		return Clicks{}, err
	}
	if !r.has(clickSession) && !r.has(clickCustomer) {
		return Clicks{}, named(name, field.New("columns.session", "neither sessions nor customers by a usual name", clickSlots[clickSession].give()))
	}
	if !r.has(clickOrder) && !r.has(clickTime) {
		return Clicks{}, named(name, field.New("columns.order", "neither an order nor times by a usual name", clickSlots[clickOrder].give()))
	}
	if err = r.each(r.row); err != nil {
		return Clicks{}, err
	}
	if err = r.done(); err != nil {
		return Clicks{}, err
	}
	return r.Clicks, nil
}

type clickReader struct {
	intake
	Clicks
	customers, sessions, states, items, countries *numbering
	order                                         []float64
	id                                            []byte
}

func (r *clickReader) row(at place, cells []cell) error {
	session, customer, state := r.text(clickSession, cells), r.text(clickCustomer, cells), r.text(clickState, cells)
	order, price := r.number(clickOrder, cells), r.number(clickPrice, cells)
	switch {
	case r.has(clickSession) && session == "":
		return r.leaveOut(at, MissingValue, clickSession, "nothing", "a session's id")
	case r.has(clickCustomer) && customer == "":
		return r.leaveOut(at, MissingValue, clickCustomer, "nothing", "a customer's id")
	case state == "":
		return r.leaveOut(at, MissingValue, clickState, "nothing", "what was looked at")
	case r.has(clickOrder) && math.IsNaN(order):
		return r.leaveOut(at, MissingValue, clickOrder, "nothing", expectedOf[ofNumbers])
	case price < 0:
		return r.leaveOut(at, ImpossibleValue, clickPrice, "a price below 0", "a price not below 0")
	}
	if r.has(clickTime) {
		time, ok, err := r.cellTime(clickTime, at, cells)
		if !ok {
			return err
		}
		r.Time = put(r.Time, time, r.expected)
	}
	r.keep(at)
	r.visitor(session, customer)
	r.State = put(r.State, r.states.of(state), r.expected)
	if r.has(clickOrder) {
		r.order = put(r.order, order, r.expected)
	}
	if r.has(clickPrice) {
		r.Price = put(r.Price, price, r.expected)
	}
	r.Item = r.index(r.Item, r.items, clickItem, cells)
	r.Country = r.index(r.Country, r.countries, clickCountry, cells)
	return nil
}

// visitor numbers who clicked.
func (r *clickReader) visitor(session, customer string) {
	if !r.has(clickCustomer) {
		r.Visitor = put(r.Visitor, r.sessions.of(session), r.expected)
		return
	}
	c := r.customers.of(customer)
	if !r.has(clickSession) {
		r.Visitor = put(r.Visitor, c, r.expected)
		return
	}
	r.id = append(append(append(r.id[:0], customer...), 0), session...)
	v := r.sessions.of(string(r.id))
	if int(v) == len(r.Customer) {
		r.Customer = append(r.Customer, c)
	}
	r.Visitor = put(r.Visitor, v, r.expected)
}

func (r *clickReader) done() (err error) {
	r.customers.forget()
	r.sessions.forget()
	if r.has(clickTime) {
		if r.Daily, err = r.settle(r.Time, clickTime); err != nil {
			return err
		}
	}
	r.Sessions = r.has(clickSession)
	visitors := r.customers.n
	if r.Sessions {
		visitors = r.sessions.n
	}
	r.skews(int(visitors))
	full := r.compare
	rows, offsets := grouped(r.Visitor, int(visitors), full)
	r.repeats(rows, offsets, full)
	r.outliers(r.Price, clickPrice)
	r.States, r.Items, r.Countries = r.states.ordered(r.State), r.items.ordered(r.Item), r.countries.ordered(r.Country)
	if r.Report, err = r.finish(); err != nil {
		return err
	}
	rows, _ = grouped(r.Visitor, int(visitors), r.before)
	if r.out != nil {
		left := rows[:0]
		for _, i := range rows {
			if !r.out[i] {
				left = append(left, i)
			}
		}
		rows = left
	}
	r.arranged(rows, visitors)
	return nil
}

// before orders clicks of one visitor.
func (r *clickReader) before(a, b int32) int {
	if r.order != nil {
		return cmp.Compare(r.order[a], r.order[b])
	}
	return cmp.Compare(r.Time[a], r.Time[b])
}

// compare orders them by all columns.
func (r *clickReader) compare(a, b int32) int {
	c := r.before(a, b)
	if c == 0 && r.Time != nil {
		c = cmp.Compare(r.Time[a], r.Time[b])
	}
	for _, column := range [][]int32{r.State, r.Item, r.Country} {
		if c == 0 && column != nil {
			c = cmp.Compare(column[a], column[b])
		}
	}
	if c == 0 && r.Price != nil {
		c = cmp.Compare(r.Price[a], r.Price[b])
	}
	return c
}

// skews counts clicks that stand below a later one of their visitor.
func (r *clickReader) skews(visitors int) {
	k := clickTime
	if r.order != nil {
		k = clickOrder
	}
	last := make([]int32, visitors) // row + 1 of the latest
	for i, v := range r.Visitor {
		if !r.left(i) {
			continue
		}
		if last[v] > 0 && r.before(last[v]-1, int32(i)) > 0 {
			r.count(ClockSkew, k, r.stood(i), Sorted)
		} else {
			last[v] = int32(i) + 1
		}
	}
}

// arranged brings the columns into the order of rows.
func (r *clickReader) arranged(rows []int32, visitors int32) {
	r.Visitor, r.Time, r.State = pick(r.Visitor, rows), pick(r.Time, rows), pick(r.State, rows)
	r.Item, r.Price, r.Country = pick(r.Item, rows), pick(r.Price, rows), pick(r.Country, rows)
	switch {
	case !r.Sessions:
		r.Visitors, r.Pseudonym = renumber(visitors, r.customers.pseudonym, r.Visitor)
	case r.has(clickCustomer):
		customers := make([]int, len(r.Customer))
		for i, c := range r.Customer {
			customers[i] = int(c)
		}
		r.Visitors, customers = renumber(visitors, customers, r.Visitor)
		r.Customer = r.Customer[:len(customers)]
		for i, c := range customers {
			r.Customer[i] = int32(c)
		}
		r.Customers, r.Pseudonym = renumber(r.customers.n, r.customers.pseudonym, r.Customer)
	default:
		r.Visitors, _ = renumber(visitors, nil, r.Visitor)
	}
}

// Paths are the states of each visitor in their order, as market/journey takes them.
func (c Clicks) Paths() [][]int {
	paths, all := make([][]int, 0, c.Visitors), make([]int, len(c.State))
	from := 0
	for i, s := range c.State {
		all[i] = int(s)
		if i+1 == len(c.State) || c.Visitor[i+1] != c.Visitor[i] {
			paths = append(paths, all[from:i+1:i+1])
			from = i + 1
		}
	}
	return paths
}
