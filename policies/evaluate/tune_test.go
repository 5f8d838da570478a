package evaluate

import (
	"context"
	"reflect"
	"slices"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
)

func priced(price float64) (policies.Policy, error) {
	for a, o := range shopSpec().Offers {
		if o.Price == price {
			return always(a), nil
		}
	}
	return nil, field.New("price", price, "a price of the ladder")
}

// Profit (p − 0.5)(10.8 − 6p) is greatest at p = 1.15: of 0.6, 0.8, 1.0 and 1.2 the last is best (2.52 against 2.4), and it is the top.
func TestBestFixedPriceIsFoundAndSaidToBeTheTop(t *testing.T) {
	a := arena(newShop, 2)
	best, err := a.BestFixed(context.Background(), priced, Budget{First: 4, Paths: 64})
	if err != nil {
		t.Fatal(err)
	}
	if best.Price != 1.2 || !best.Top || best.Index != 3 || best.Paths != 64 || !slices.Equal(best.Rounds, []int{4, 2, 1, 1, 1}) {
		t.Errorf("best fixed price: %+v", best)
	}
}

func TestTuningDoesNotDependOnTheNumberOfWorkers(t *testing.T) {
	cycles := Cycles(shopSpec().Offers, 6, 2)
	tune := func(workers int) *TunedCycle {
		a := arena(roughShop, workers)
		best, err := a.BestCycle(context.Background(), cycles, func(c Cycle) (policies.Policy, error) {
			offers := shopSpec().Offers
			action := func(price float64) int {
				for a := range offers {
					if offers[a].Price == price {
						return a
					}
				}
				return -1
			}
			regular, deal := action(c.Regular), action(c.Deal)
			return asks(func(week int, _ float64) int {
				if week%c.Length < c.Length-c.DealWeeks {
					return regular
				}
				return deal
			}), nil
		}, Budget{First: 2, Paths: 16})
		if err != nil {
			t.Fatal(err)
		}
		return best
	}
	one := tune(1)
	if again := tune(5); !reflect.DeepEqual(one, again) {
		t.Errorf("five workers found %+v, one %+v", again, one)
	}
	// In the shop deals never pay, so the best cycle is the dearest pair with the fewest deals, one in ten weeks.
	if want := (Cycle{1.2, 1, 6, 1}); one.Cycle != want {
		t.Errorf("best cycle %+v, want %+v", one.Cycle, want)
	}
}

// 13 rungs, lengths 2 to 13 and up to 3 deal weeks: 78 pairs of prices times 33 rhythms.
func TestAllCyclesAreListedOnce(t *testing.T) {
	offers := shopSpec().Offers
	if got := len(Cycles(offers, 13, 3)); got != 6*33 {
		t.Errorf("%d cycles over four prices, want %d", got, 6*33)
	}
	all := Cycles(append(offers, offers...), 3, 3)
	if len(all) != 6*3 {
		t.Errorf("%d cycles of two or three weeks, want %d", len(all), 6*3)
	}
}

func TestTiesGoToTheFirstAndNothingCannotBeTuned(t *testing.T) {
	a := arena(roughShop, 2)
	same := []policies.Policy{always(2), always(2), always(2), always(2), always(2)}
	best, err := a.Tune(context.Background(), same, Budget{First: 1, Paths: 4})
	if err != nil || best.Index != 0 {
		t.Errorf("of five equals %+v was best (%v)", best, err)
	}
	if _, err := a.Tune(context.Background(), nil, Budget{First: 1, Paths: 4}); err == nil {
		t.Error("nothing was tuned")
	}
	for _, budget := range []Budget{{}, {First: 2, Paths: 1}} {
		if _, err := a.Tune(context.Background(), same, budget); err == nil {
			t.Errorf("a budget of %+v was taken", budget)
		}
	}
}
