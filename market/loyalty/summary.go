package loyalty

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Purchase is one line of a transaction log. Customer only says which lines belong together; it appears in no result.
type Purchase struct {
	Customer int
	Day      int // any epoch
	Amount   float64
}

// Window says what of a log is summarised.
type Window struct {
	End        int     // last day of observation
	HoldoutEnd int     // last day on which Customer.Holdout counts; End or less means none
	Unit       float64 // days per unit of time of the result, 7 for weeks; 0 means 1
}

// Summarise makes customers of a log in any order, as Fader, Hardie & Lee (2005, Marketing Science 24, 275) do: purchases
// of one customer on one day are one purchase, the first day is the start of the acquaintance, and T runs from it to the
// window's end. Who first bought after the end is left out. Customers come by increasing Purchase.Customer.
func Summarise(log []Purchase, w Window) ([]Customer, error) {
	if w.Unit == 0 {
		w.Unit = 1
	}
	if !(w.Unit > 0) || math.IsInf(w.Unit, 1) {
		return nil, field.New("unit", w.Unit, "a positive number of days")
	}
	for i, p := range log {
		if math.IsNaN(p.Amount) || math.IsInf(p.Amount, 0) {
			return nil, field.New(fmt.Sprintf("purchase %d: amount", i+1), p.Amount, "a finite amount of money")
		}
	}
	// Amounts of one day are summed in the order of their size, so that the log's order does not matter to the last bit.
	log = slices.SortedFunc(slices.Values(log), func(a, b Purchase) int {
		return cmp.Or(cmp.Compare(a.Customer, b.Customer), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Amount, b.Amount))
	})
	var customers []Customer
	for len(log) > 0 {
		n := 1
		for n < len(log) && log[n].Customer == log[0].Customer {
			n++
		}
		if log[0].Day <= w.End {
			customers = append(customers, summary(log[:n], w))
		}
		log = log[n:]
	}
	return customers, nil
}

// summary makes one customer of his purchases in order.
func summary(log []Purchase, w Window) Customer {
	first := log[0].Day
	c := Customer{T: float64(w.End-first) / w.Unit}
	last, total, later := first, 0.0, 0.0
	for _, p := range log {
		switch isNew := p.Day != last; {
		case p.Day > w.HoldoutEnd && p.Day > w.End:
		case p.Day > w.End:
			if isNew {
				c.Holdout++
			}
			later += p.Amount
		case p.Day > first:
			if isNew {
				c.Frequency++
				c.Recency = float64(p.Day-first) / w.Unit
			}
			total += p.Amount
		}
		last = p.Day
	}
	if c.Frequency > 0 {
		c.Spend = total / float64(c.Frequency)
	}
	if c.Holdout > 0 {
		c.HoldoutSpend = later / float64(c.Holdout)
	}
	return c
}
