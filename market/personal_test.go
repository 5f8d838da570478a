package market

import (
	"fmt"
	"math"
	"testing"

	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/market/promotion"
)

// A promotion for first purchases, and one that a customer may use once, lower the price that newcomers choose by, as for everybody; who has bought before
// chooses by the full price, which he will pay. Within 3.29 standard errors, 0.1% false alarms each.
func TestEachChoosesByWhatHeWillPay(t *testing.T) {
	percentage, coupon := &promotion.Percentage{Percent: 90}, &promotion.Coupon{Percent: 90}
	for i, p := range []promotion.Promotion{{Kind: "percentage", First: true, Options: percentage}, {Kind: "percentage", PerCustomer: 1, Options: percentage},
		{Kind: "coupon", First: true, Options: coupon}, {Kind: "coupon", PerCustomer: 1, Options: coupon}} {
		for _, kind := range []string{Shelf, Journey} {
			cfg := opening(2000, 20, 2, &loyalty.BGNBD{R: 1e6, Alpha: 1e6, A: 1, B: 1e7})
			cfg.Visit.Kind = kind
			cfg.Visit.Places, cfg.Visit.Click, cfg.Visit.Consider, cfg.Visit.Ranking = 3, 1, 3, "appeal" // all is seen
			p.Name = fmt.Sprint("promotion ", i)
			cfg.Promotions.Promotions = []promotion.Promotion{p}
			visits, orders, paid := [2]float64{}, [2]float64{}, [2]float64{} // of newcomers, of customers
			watch(t, open(t, cfg, 1), 0, always(0), func(r *Record) {
				known := min(1, r.Visit)
				switch r.Kind {
				case ShopperArrives:
					visits[known]++
				case ChecksOut:
					orders[known]++
					paid[known] += float64(r.Amount) / float64(r.Price)
				}
			})
			for known, prices := range [][]float64{{0.1, 0.2, 0.3}, {1, 2, 3}} {
				buys := 1 - shares(cfg, 0, 0, prices, 1)[0]
				if z := (orders[known] - visits[known]*buys) / math.Sqrt(visits[known]*buys*(1-buys)); !(math.Abs(z) < 3.29) {
					t.Errorf("%s, %+v, known %d: %g of %g visits buy, expected %.4f of them (z = %.2f)", kind, p, known, orders[known], visits[known], buys, z)
				}
				if share := prices[0]; math.Abs(paid[known]/orders[known]-share) > 1e-9 {
					t.Errorf("%s, %+v, known %d: %.4f of the price is paid, expected %g", kind, p, known, paid[known]/orders[known], share)
				}
			}
		}
	}
}
