package stock

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// Config says how one product is kept. Keys of a policy that is not the config's must be left out (0).
type Config struct {
	Policy     string  `toml:"policy" required:"true" oneof:"none,base-stock,s-S,r-Q,forecast" doc:"when to order how much: never (none), up to a level at each review (base-stock), up to a level where the position is at or below a point (s-S), batches (r-Q), up to what is expected to be sold (forecast)"`
	ReviewDays float64 `toml:"review_days" default:"1" range:"[0,3650]" doc:"days between stock reviews; 0: after each sale"`
	Initial    *int64  `toml:"initial_units" range:"[0,1000000000]" doc:"units on hand at first; left out: as many as the policy orders up to"`

	ReorderPoint  int64   `toml:"reorder_point" range:"[-1000000000,1000000000]" doc:"inventory position (on hand and on order, less what waits) at which to order: the s of s-S, the r of r-Q"`
	OrderUpTo     int64   `toml:"order_up_to" range:"[0,1000000000]" doc:"inventory position after an order: the level of base-stock, the S of s-S"`
	OrderQuantity int64   `toml:"order_quantity" range:"[0,1000000000]" doc:"units of a batch: the Q of r-Q"`
	CoverDays     float64 `toml:"cover_days" range:"[0,3650]" doc:"forecast: days of sales beyond the lead time to order for; 0: those to the next review"`
	Safety        float64 `toml:"safety" range:"[0,100]" doc:"forecast: safety stock, in standard deviations of the demand of cover and lead time"`
	UnitsPerDay   float64 `toml:"units_per_day" range:"[0,1000000000]" doc:"forecast: expected demand at first"`
	Smoothing     float64 `toml:"smoothing" range:"[0,1]" doc:"forecast: weight of the demand since the last review in exponential smoothing; 0: the forecast stays"`
	Censored      bool    `toml:"censored" doc:"forecast: only sales are seen, not the demand that was lost or waits"`

	LeadTime      LeadTime `toml:"lead_time" doc:"days from an order to its arrival"`
	Capacity      int64    `toml:"capacity" range:"[0,1000000000]" doc:"units on hand and on order for which there is room; 0: no limit"`
	OrderMultiple int64    `toml:"order_multiple" range:"[0,1000000000]" doc:"units of a case: orders are whole cases; 0: single units"`
	LeastOrder    int64    `toml:"least_order" range:"[0,1000000000]" doc:"least units of an order"`
	MostOrder     int64    `toml:"most_order" range:"[0,1000000000]" doc:"units of an order that the supplier can deliver; 0: any"`

	ShelfLifeDays   float64 `toml:"shelf_life_days" range:"[0,36500]" doc:"days from arrival until units spoil; 0: they keep"`
	Issuing         string  `toml:"issuing" default:"'fifo'" oneof:"fifo,lifo" doc:"which units are sold first: the oldest (fifo) or the newest (lifo)"`
	MaxWaiting      int64   `toml:"max_waiting" range:"[0,1000000000]" doc:"units that may wait as back-orders; 0: what is not on hand is lost"`
	ScrappedReturns float64 `toml:"scrapped_returns" range:"[0,1]" doc:"share of returned units that cannot be sold again; of goods with a shelf life none can"`

	OrderCost     float64 `toml:"order_cost" range:"[0,1000000000]" doc:"fixed cost of an order, $"`
	HoldingCost   float64 `toml:"holding_cost" range:"[0,100000]" doc:"cost of a unit on hand for a day, $"`
	LostSaleCost  float64 `toml:"lost_sale_cost" range:"[0,100000]" doc:"cost of a unit of lost demand, beyond the sale, $"`
	BackOrderCost float64 `toml:"back_order_cost" range:"[0,100000]" doc:"cost of a unit that waits for a day, $"`
	DisposalCost  float64 `toml:"disposal_cost" range:"[-100000,100000]" doc:"cost of a unit that spoils, is scrapped or is left when the market closes (time.end = terminate), $; negative: its salvage value"`
}

// LeadTime is the distribution of the days from an order to its arrival.
type LeadTime struct {
	Law      string  `toml:"law" default:"'fixed'" oneof:"fixed,uniform,exponential,gamma,lognormal" doc:"distribution of lead times"`
	MeanDays float64 `toml:"mean_days" shorthand:"true" range:"[0,3650]" doc:"mean lead time"`
	CV       float64 `toml:"cv" range:"[0,10]" doc:"standard deviation of lead times over their mean, of uniform (at most 0.57), gamma and lognormal"`
}

// check returns the first thing that is wrong, of type *field.Error.
func (c *Config) check() error {
	const most = 1e9
	finite := []struct {
		key       string
		x         float64
		low, high float64
	}{
		{"review_days", c.ReviewDays, 0, 3650}, {"reorder_point", float64(c.ReorderPoint), -most, most}, {"order_up_to", float64(c.OrderUpTo), 0, most},
		{"order_quantity", float64(c.OrderQuantity), 0, most}, {"cover_days", c.CoverDays, 0, 3650}, {"safety", c.Safety, 0, 100},
		{"units_per_day", c.UnitsPerDay, 0, most}, {"smoothing", c.Smoothing, 0, 1}, {"lead_time.mean_days", c.LeadTime.MeanDays, 0, 3650},
		{"lead_time.cv", c.LeadTime.CV, 0, 10}, {"capacity", float64(c.Capacity), 0, most}, {"order_multiple", float64(c.OrderMultiple), 0, most},
		{"least_order", float64(c.LeastOrder), 0, most}, {"most_order", float64(c.MostOrder), 0, most}, {"shelf_life_days", c.ShelfLifeDays, 0, 36500},
		{"max_waiting", float64(c.MaxWaiting), 0, most}, {"scrapped_returns", c.ScrappedReturns, 0, 1}, {"order_cost", c.OrderCost, 0, most},
		{"holding_cost", c.HoldingCost, 0, 1e5}, {"lost_sale_cost", c.LostSaleCost, 0, 1e5}, {"back_order_cost", c.BackOrderCost, 0, 1e5},
		{"disposal_cost", c.DisposalCost, -1e5, 1e5},
	}
	for _, f := range finite {
		if !(f.low <= f.x && f.x <= f.high) {
			return field.New(f.key, f.x, fmt.Sprintf("a number from %g to %g", f.low, f.high))
		}
	}
	if c.Initial != nil && (*c.Initial < 0 || *c.Initial > most) {
		return field.New("initial_units", *c.Initial, fmt.Sprintf("a number from 0 to %g", most))
	}
	for _, check := range []func() error{c.LeadTime.check, c.checkOrders, c.checkCosts} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

// checkOrders holds the limits on orders and stock against each other: some order must be possible.
func (c *Config) checkOrders() error {
	if c.Issuing != "" && c.Issuing != "fifo" && c.Issuing != "lifo" {
		return field.New("issuing", c.Issuing, "fifo or lifo")
	}
	if c.Capacity > 0 && c.Initial != nil && *c.Initial > c.Capacity {
		return field.New("initial_units", *c.Initial, fmt.Sprintf("at most the capacity of %d", c.Capacity))
	}
	if c.Policy == "none" {
		return nil
	}
	for _, limit := range []struct {
		key   string
		units int64
	}{{"most_order", c.MostOrder}, {"capacity", c.Capacity}} {
		if multiple := max(c.OrderMultiple, 1); limit.units > 0 && limit.units/multiple*multiple < max(c.LeastOrder, 1) {
			return field.New(limit.key, limit.units, fmt.Sprintf("room for the least order, of %d units in cases of %d", max(c.LeastOrder, 1), multiple))
		}
	}
	return nil
}

func (c *Config) checkCosts() error {
	for _, cost := range []struct {
		key     string
		dollars float64
	}{{"order_cost", c.OrderCost}, {"lost_sale_cost", c.LostSaleCost}, {"disposal_cost", c.DisposalCost}} {
		if x := float64(cost.dollars * minorPerDollar); math.Abs(x-math.Round(x)) > 1e-6+float64(1e-12*math.Abs(x)) {
			return field.New(cost.key, cost.dollars, "a multiple of $ 0.0001")
		}
	}
	return nil
}
