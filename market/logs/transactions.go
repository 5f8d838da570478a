package logs

import (
	"cmp"
	"io"
	"math"
	"slices"
	"strconv"

	"github.com/souk-sim/souk/scenarios/field"
)

// The slots of transactions.
const (
	lineCustomer = iota
	lineTime
	lineAmount
	lineQuantity
	lineUnitPrice
	lineDiscount
	lineProduct
	lineBasket
	lineChannel
)

var transactionSlots = []slot{
	lineCustomer:  {"customer", ofTexts, true, customerNames},
	lineTime:      {"time", ofTimes, true, timeNames},
	lineAmount:    {"amount", ofNumbers, false, [][]string{{"amount", "salesvalue", "sales", "spend", "spent", "paid", "revenue", "total", "totalprice", "linetotal"}, {"price", "value"}}},
	lineQuantity:  {"quantity", ofNumbers, false, [][]string{{"quantity", "qty", "units"}}},
	lineUnitPrice: {"unit_price", ofNumbers, false, priceNames},
	lineDiscount:  {"discount", ofNumbers, false, [][]string{{"discount", "discounts", "discountamount", "retaildisc", "coupondisc", "couponmatchdisc"}}},
	lineProduct:   {"product", ofTexts, false, productNames},
	lineBasket:    {"basket", ofTexts, false, basketNames},
	lineChannel:   {"channel", ofTexts, false, [][]string{{"channel"}, {"storeid", "store", "shop", "shopid", "branch"}}},
}

// DecodeTransactions is ReadTransactions of size bytes of data, with a name for errors. Roles: customer, time, amount (or quantity and
// unit_price, whose product it then is), and, if the file has them, quantity, discount, product, basket and channel (or store).
//
// Rows without customer, time or amount, of a quantity not above 0 where the amount is not negative, and of a time before 1971 or after the end
// cannot serve. Small numbers of a column of times are days. An amount of 0 is kept; one below 0 is a return.
func DecodeTransactions(name string, data io.ReaderAt, size int64, o Options) (Transactions, error) {
	r := &lineReader{intake: intake{Options: o}, baskets: newNumbering(), products: newNumbering(), channels: newNumbering()}
	var err error
	if r.customers, err = r.people(); err != nil {
		return Transactions{}, err
	}
	if err = r.open(name, data, size, transactionSlots, secondsADay); err != nil {
		return Transactions{}, err
	}
	if err = r.money(); err != nil {
		return Transactions{}, named(name, err)
	}
	if err = r.each(r.row); err != nil {
		return Transactions{}, err
	}
	return r.Transactions, r.done()
}

type lineReader struct {
	intake
	Transactions
	customers, baskets, products, channels *numbering
	paid                                   bool // amounts are read
}

// money tells whether amounts can be had, where they are wanted.
func (r *lineReader) money() error {
	price := r.Options.Columns["amount"] == "" && r.has(lineAmount) && folded(r.view.name(lineAmount)) == "price"
	r.paid = r.has(lineAmount) || r.has(lineUnitPrice) && r.has(lineQuantity)
	switch {
	case price && r.has(lineQuantity):
		return field.New("columns.amount", strconv.Quote(r.view.name(lineAmount))+" beside a quantity: paid for the line or for a unit?",
			"columns.amount or columns.unit_price = "+strconv.Quote(r.view.name(lineAmount)))
	case !r.paid && (r.Roles == nil || slices.Contains(r.Roles, "amount")):
		return field.New("columns.amount", "no column with a usual name, nor a unit price and a quantity", transactionSlots[lineAmount].give())
	}
	return nil
}

func (r *lineReader) row(at place, cells []cell) error {
	customer := r.text(lineCustomer, cells)
	if customer == "" {
		return r.leaveOut(at, MissingValue, lineCustomer, "nothing", "a customer's id")
	}
	time, ok, err := r.cellTime(lineTime, at, cells)
	if !ok {
		return err
	}
	amount, quantity := r.number(lineAmount, cells), r.number(lineQuantity, cells)
	if !r.has(lineAmount) && r.paid {
		amount = quantity * r.number(lineUnitPrice, cells)
	}
	switch {
	case r.paid && math.IsNaN(amount):
		k := lineAmount
		if !r.has(k) {
			k = lineUnitPrice
		}
		return r.leaveOut(at, MissingValue, k, "nothing", expectedOf[ofNumbers])
	case math.IsInf(amount, 0):
		return r.leaveOut(at, ImpossibleValue, lineUnitPrice, "a price beyond all numbers", expectedOf[ofNumbers])
	case quantity <= 0 && !(amount < 0):
		return r.leaveOut(at, ImpossibleValue, lineQuantity, "a quantity not above 0", "a quantity above 0")
	}
	r.keep(at)
	r.Customer, r.Time = put(r.Customer, r.customers.of(customer), r.expected), put(r.Time, time, r.expected)
	if r.paid {
		r.Amount = put(r.Amount, amount, r.expected)
	}
	if r.has(lineQuantity) {
		r.Quantity = put(r.Quantity, quantity, r.expected)
	}
	if r.has(lineDiscount) {
		r.Discount = put(r.Discount, r.number(lineDiscount, cells), r.expected)
	}
	r.Product = r.index(r.Product, r.products, lineProduct, cells)
	r.Basket = r.index(r.Basket, r.baskets, lineBasket, cells)
	r.Channel = r.index(r.Channel, r.channels, lineChannel, cells)
	return nil
}

// done settles what only all rows together tell.
func (r *lineReader) done() (err error) {
	r.customers.forget()
	r.baskets.forget()
	if r.Daily, err = r.settle(r.Time, lineTime); err != nil {
		return err
	}
	r.discounts()
	rows, offsets := grouped(r.Customer, int(r.customers.n), r.compare)
	r.repeats(rows, offsets, r.compare)
	if r.paid {
		r.outliers(r.Amount, lineAmount)
	}
	r.Products, r.Channels = r.products.ordered(r.Product), r.channels.ordered(r.Channel)
	for i, a := range r.Amount {
		if r.left(i) && a < 0 {
			r.count(Returned, lineAmount, r.stood(i), SetApart)
		} else if r.left(i) && a == 0 {
			r.count(NothingPaid, lineAmount, r.stood(i), Kept)
		}
	}
	if r.Report, err = r.finish(); err != nil {
		return err
	}
	r.Lines = r.compact(r.out)
	r.Customers, r.Pseudonym = renumber(r.customers.n, r.customers.pseudonym, r.Customer)
	r.Baskets, _ = renumber(r.baskets.n, nil, r.Basket)
	r.apart()
	return nil
}

// discounts turns the sign of discounts that are written as what the price changes by.
func (r *lineReader) discounts() {
	low, high := 0.0, 0.0
	for _, d := range r.Discount {
		if d < low {
			low = d
		} else if d > high {
			high = d
		}
	}
	if low < 0 && high == 0 {
		r.report.Notes = append(r.report.Notes, "discounts are written as negative amounts: their sign was turned")
	}
	for i, d := range r.Discount {
		switch {
		case low < 0 && high == 0:
			r.Discount[i] = 0 - d
		case d < 0:
			r.Discount[i] = math.NaN()
			r.count(ImpossibleValue, lineDiscount, r.stood(i), Missing)
		}
	}
}

// compare orders lines of one customer by all their columns.
func (l Lines) compare(a, b int32) int {
	c := cmp.Compare(l.Time[a], l.Time[b])
	for _, column := range [][]float64{l.Amount, l.Quantity, l.Discount} {
		if c == 0 && column != nil {
			c = cmp.Compare(column[a], column[b])
		}
	}
	for _, column := range [][]int32{l.Product, l.Basket, l.Channel} {
		if c == 0 && column != nil {
			c = cmp.Compare(column[a], column[b])
		}
	}
	return c
}

// compact leaves out lines.
func (l Lines) compact(out []bool) Lines {
	return Lines{compact(l.Customer, out), compact(l.Time, out), compact(l.Amount, out), compact(l.Quantity, out), compact(l.Discount, out),
		compact(l.Product, out), compact(l.Basket, out), compact(l.Channel, out)}
}

// Select copies lines, in the order given.
func (l Lines) Select(rows []int32) Lines {
	return Lines{pick(l.Customer, rows), pick(l.Time, rows), pick(l.Amount, rows), pick(l.Quantity, rows), pick(l.Discount, rows),
		pick(l.Product, rows), pick(l.Basket, rows), pick(l.Channel, rows)}
}

func pick[T any](column []T, rows []int32) []T {
	if column == nil {
		return nil
	}
	out := make([]T, len(rows))
	for i, row := range rows {
		out[i] = column[row]
	}
	return out
}

// apart takes the returns from the lines.
func (r *lineReader) apart() {
	back := 0
	for _, a := range r.Amount {
		if a < 0 {
			back++
		}
	}
	if back == 0 {
		return
	}
	rows, out := make([]int32, 0, back), make([]bool, len(r.Amount))
	for i, a := range r.Amount {
		if out[i] = a < 0; out[i] {
			rows = append(rows, int32(i))
		}
	}
	r.Returns = r.Select(rows)
	r.Lines = r.compact(out)
}

// ByCustomer sorts the lines by customer and then by time: those of customer c, a number below customers, are rows[offsets[c]:offsets[c+1]].
func (l Lines) ByCustomer(customers int) (rows []int32, offsets []int) {
	return grouped(l.Customer, customers, func(a, b int32) int { return cmp.Compare(l.Time[a], l.Time[b]) })
}

// Day is the number of days from 1970-01-01 (or the log's own day 0) to line i.
func (l Lines) Day(i int) int { return floorDiv(int(l.Time[i]), secondsADay) }

// Hour is the hour of the day of line i, in [0, 24).
func (l Lines) Hour(i int) float64 { return float64(mod(int(l.Time[i]), secondsADay)) / 3600 }
