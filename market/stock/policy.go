package stock

import (
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// policy says how much to order, by the inventory position: units on hand and on order, less units that wait.
type policy interface {
	order(position int64) int64 // units that the policy asks for at a position; 0 or less: none
	level() int64               // the position that it raises an empty shop to
}

// kind is a policy by its name, the keys of Config that only it and its like have, and how it is made.
type kind struct {
	name string
	keys []string
	make func(*Config) (policy, error)
}

// kinds lists the policies; each is a file.
var kinds = []kind{
	{"none", nil, newNone},
	{"base-stock", []string{"order_up_to"}, newBaseStock},
	{"s-S", []string{"reorder_point", "order_up_to"}, newTwoLevels},
	{"r-Q", []string{"reorder_point", "order_quantity"}, newBatches},
	{"forecast", []string{"cover_days", "safety", "units_per_day", "smoothing", "censored"}, newForecast},
}

// newPolicy makes the policy, and refuses keys that it does not look at.
func newPolicy(c *Config) (policy, error) {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == c.Policy })
	if i < 0 {
		names := make([]string, len(kinds))
		for i, k := range kinds {
			names[i] = k.name
		}
		return nil, field.New("policy", c.Policy, "one of "+strings.Join(names, ", "))
	}
	for _, k := range []struct {
		name  string
		given bool
		found any
	}{
		{"reorder_point", c.ReorderPoint != 0, c.ReorderPoint}, {"order_up_to", c.OrderUpTo != 0, c.OrderUpTo},
		{"order_quantity", c.OrderQuantity != 0, c.OrderQuantity}, {"cover_days", c.CoverDays != 0, c.CoverDays}, {"safety", c.Safety != 0, c.Safety},
		{"units_per_day", c.UnitsPerDay != 0, c.UnitsPerDay}, {"smoothing", c.Smoothing != 0, c.Smoothing}, {"censored", c.Censored, c.Censored},
	} {
		if k.given && !slices.Contains(kinds[i].keys, k.name) {
			return nil, field.New(k.name, k.found, "no such key with policy "+c.Policy)
		}
	}
	return kinds[i].make(c)
}
