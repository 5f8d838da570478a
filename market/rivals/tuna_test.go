package rivals_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"testing"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/market/rivals"
	"github.com/souk-sim/souk/scenarios/data"
)

var brands = []string{"star-kist", "chicken-of-the-sea", "bumble-bee-solid", "bumble-bee-chunk", "geisha", "bumble-bee-large", "hh-chunk-lite"}

// tuna returns the histories of the seven brands over the weeks that a fit may see.
func tuna(t testing.TB) []rivals.History {
	t.Helper()
	raw, err := fs.ReadFile(data.Files(), "tuna.parquet")
	if err != nil {
		t.Fatal(err)
	}
	columns := logs.Columns{Period: "week", Customers: "customers"}
	for i, name := range brands {
		at := func(column string) string { return fmt.Sprintf("%s_%d", column, i+1) }
		columns.Products = append(columns.Products, logs.ProductColumns{Name: name, Units: at("units"), LogPrice: at("log_price"), LogWholesale: at("log_wholesale"), Display: at("display")})
	}
	panel, err := logs.Decode("tuna.parquet", bytes.NewReader(raw), int64(len(raw)), columns)
	if err != nil {
		t.Fatal(err)
	}
	panel, _ = logs.Check(panel, 52)
	panel = panel.Between([2]int{1, 318})
	histories := make([]rivals.History, len(brands))
	for i, name := range brands {
		histories[i] = rivals.History{Product: name, Periods: panel.Periods, Price: logs.Column(panel.Price, i), Display: logs.Column(panel.Display, i), Cost: logs.Column(panel.Wholesale, i)}
	}
	return histories
}

func TestZZ(t *testing.T) {
	for _, h := range tuna(t) {
		f, err := rivals.Fit(h, rivals.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s level %.3f %+v", h.Product, f.Level, f.Deals.Chain())
		s := f.Deals.Stationary()
		for i, r := range f.Deals.Rungs() {
			t.Logf("   %.3f display %.2f cost %.3f deal %v p %.3f stationary %.3f", r.Price, r.Display, r.Cost, r.Deal, r.Probability, s[i])
		}
	}
}
