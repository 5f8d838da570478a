package field

import "testing"

func TestNearestIsTheNameThatWasMeant(t *testing.T) {
	names := []string{"reference_price", "unit_cost", "last_price", "stock"}
	for mistyped, want := range map[string]string{"reference_prize": "reference_price", "referenceprice": "reference_price", "unitcost": "unit_cost", "shock": "stock", "price": "", "zzz": "", "": ""} {
		if got := Nearest(mistyped, names); got != want {
			t.Errorf("%q: %q, want %q", mistyped, got, want)
		}
	}
}
