package market

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/market/loyalty"
)

// opening is a market to which new shoppers come on its first day alone, of whom a share buys at each visit.
func opening(visitors float64, days int, outside float64, model loyalty.Model) *Config {
	cfg := plain(visitors, days)
	cfg.Personas[0].Outside = outside
	cfg.Traffic.Shocks = []Shock{{Day: 1, Visitors: 0, Price: 1}}
	cfg.Loyalty.Model = model
	return cfg
}

// Under the Pareto/NBD a lifetime runs by the calendar: customers who come once a day and live 20 days on average come back 20 times (geometrically often),
// whether their visits end in purchases or not; within 3.29 standard errors, 0.1% false alarms each.
func TestALifetimeRunsWhetherVisitsBuyOrNot(t *testing.T) {
	for _, outside := range []float64{-50, 0, 2} {
		cfg := opening(1000, 600, outside, &loyalty.ParetoNBD{R: 1e6, Alpha: 1e6, S: 1e6, Beta: 2e7})
		m := open(t, cfg, 1)
		watch(t, m, 0, stay(m), nil)
		a := m.Account()
		customers := a.Purchases - float64(a.RepeatOrders)
		if float64(a.Lapsed) != customers {
			t.Fatalf("outside %g: %d of %g customers have lapsed after 600 days", outside, a.Lapsed, customers)
		}
		if z := (float64(a.RepeatVisits) - 20*customers) / math.Sqrt(customers*20*21); !(math.Abs(z) < 3.29) {
			t.Errorf("outside %g: %d visits of %g customers, expected 20 each (z = %.2f)", outside, a.RepeatVisits, customers, z)
		}
	}
}

// Nobody is lost under the BG/NBD before a purchase: who is known by a coupon alone, or comes and buys nothing, has a next visit for certain.
func TestWhoBoughtNothingIsNotLostAtAPurchase(t *testing.T) {
	m := open(t, opening(1, 10, 0, &loyalty.BGNBD{R: 1, Alpha: 1, A: 9, B: 1}), 1)
	for n := range int32(100) {
		m.visitors = append(m.visitors[:0], visitor{number: n, customer: None, last: None})
		v := &m.visitors[0]
		m.enrol(v)
		m.part(0, v, false)
		if m.books.lapsed > 0 {
			t.Fatal("a customer who has bought nothing is lost")
		}
	}
}

// Customers come back to look at the rate at which the model has them buy, and what they find decides: who would buy once a day visits once a day, and a share of
// those visits buys, that of the logit; within 3.29 standard errors of Poisson counts, 0.1% false alarms each.
func TestCustomersComeBackToLook(t *testing.T) {
	for _, outside := range []float64{-50, 0, 2} {
		cfg := opening(1000, 31, outside, &loyalty.BGNBD{R: 1e6, Alpha: 1e6, A: 1, B: 1e7})
		cfg.Visit.PayMinutes = 0
		customers, days := 0, 0.0
		m := open(t, cfg, 1)
		watch(t, m, 0, always(0), func(r *Record) {
			if r.Kind == ChecksOut && r.Visit == 0 {
				customers++
				days += float64(cfg.Horizon) - r.Time
			}
		})
		a := m.Account()
		buys := 1 - shares(cfg, 0, 0, []float64{1, 2, 3}, 1)[0]
		for _, count := range []struct {
			name        string
			n, expected float64
		}{{"visits", float64(a.RepeatVisits), days}, {"repeat orders", float64(a.RepeatOrders), days * buys}} {
			if z := (count.n - count.expected) / math.Sqrt(count.expected); !(math.Abs(z) < 3.29) {
				t.Errorf("outside %g: %g %s of %d customers, expected %g (z = %.2f)", outside, count.n, count.name, customers, count.expected, z)
			}
		}
	}
}
