package results

import "testing"

// Accounts add up, and the mean price weighs by periods.
func TestAccountsAdd(t *testing.T) {
	sum := Metrics{}
	sum.Add(&Metrics{Periods: 1, Profit: 2, Units: 3, MeanPrice: 0.9, PriceChanges: 1})
	sum.Add(&Metrics{Periods: 3, Profit: 5, Units: 4, MeanPrice: 0.5, StockOutDays: 2})
	want := Metrics{Periods: 4, Profit: 7, Units: 7, MeanPrice: 0.6, PriceChanges: 1, StockOutDays: 2}
	if d := sum.MeanPrice - want.MeanPrice; d > 1e-15 || d < -1e-15 {
		t.Errorf("mean price %g, want 0.6", sum.MeanPrice)
	}
	if sum.MeanPrice = want.MeanPrice; sum != want {
		t.Errorf("%+v, want %+v", sum, want)
	}
}
