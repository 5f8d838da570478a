package market

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/market/stock"
)

// without is a market in which products are sold out from the first and do not come again.
func without(kind, soldOut string, products ...int) *Config {
	cfg := plain(5000, 1)
	cfg.Visit = Visit{Kind: kind, SoldOut: soldOut, Substitute: 1, Places: 3, Ranking: "appeal", Spread: 1, Click: 1, Consider: 3}
	for _, j := range products {
		cfg.Products[j].Stock = &stock.Config{Policy: "none", Initial: new(int64)}
	}
	return cfg
}

// What nobody can have is worth nothing to consumers: where all choose again, their surplus is the log sum over what is in stock, and nothing where nothing is. Shoppers
// who find out, and those who never see it; within 3.29 standard errors, 0.1% false alarms each.
func TestSurplusIsOfWhatThereIs(t *testing.T) {
	utility := []float64{-0.5, 0, -0.5}
	for _, kind := range []string{Shelf, Journey} {
		for _, soldOut := range []string{"seen", "hidden"} {
			for _, out := range [][]int{{}, {0}, {1, 2}, {0, 1, 2}} {
				all, left := 1.0, 1.0
				for j := range utility {
					all += math.Exp(utility[j])
					left += math.Exp(utility[j])
				}
				for _, j := range out {
					left -= math.Exp(utility[j])
				}
				m := open(t, without(kind, soldOut, out...), 1)
				watch(t, m, 0, always(0), nil)
				a := m.Account()
				share, gap := left/all, math.Log(all/left)
				spread := 1e-9
				if soldOut == "seen" && len(out) > 0 { // a mixture of two values
					spread = gap * math.Sqrt(share/(1-share)/a.Customers)
				}
				if z := (a.Surplus/a.Customers - math.Log(left)) / spread; !(math.Abs(z) < 3.29) {
					t.Errorf("%s, %s, out %v: surplus $%.4f a visit, expected $%.4f (z = %.2f)", kind, soldOut, out, a.Surplus/a.Customers, math.Log(left), z)
				}
			}
		}
	}
}

// In a journey, too, nobody is shown what is hidden, and the next product has its place.
func TestWhatIsHiddenHasNoPlace(t *testing.T) {
	cfg := without(Journey, "hidden", 0)
	cfg.Visit.Search = 0.5
	deepest := int16(0)
	watch(t, open(t, cfg, 1), 0, always(0), func(r *Record) {
		if r.Kind == ShopperViews {
			deepest = max(deepest, r.Place)
			if r.Product == 0 {
				t.Fatal("a hidden product is viewed")
			}
		}
	})
	if deepest != 2 {
		t.Errorf("two products that are there reach down to place %d", deepest)
	}
}

// Who chooses again still likes best what he bought last: substitutes have the weights of first choices, on the shelf and in a journey.
func TestSubstitutesAreChosenAsFirstChoicesAre(t *testing.T) {
	const n = 100_000
	for _, kind := range []string{Shelf, Journey} {
		cfg := without(kind, "seen", 0)
		cfg.Personas[0].Loyal = 2
		m := open(t, cfg, 1)
		m.visitors = append(m.visitors[:0], visitor{last: 1, seen: 3})
		m.trolleys = append(m.trolleys[:0], trolley{considered: [8]int32{0, 1, 2}})
		v, view := &m.visitors[0], &m.views[0]
		left := m.inStock(view, v, 0)
		counts := map[int32]float64{}
		for k := range n {
			counts[m.substitute(view, v, 0, (float64(k)+0.5)/n*left-1)]++
		}
		weights := map[int32]float64{outside: 1, 1: math.Exp(2), 2: math.Exp(-0.5)}
		sum := 1 + math.Exp(2) + math.Exp(-0.5)
		for j, w := range weights {
			if math.Abs(counts[j]/n-w/sum) > 2.0/n {
				t.Errorf("%s: substitute %d with probability %.5f, expected %.5f", kind, j, counts[j]/n, w/sum)
			}
		}
	}
}
