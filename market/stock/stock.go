// Package stock keeps the goods of one product: when to order how much, how long orders take, what there is room for, how goods
// age and spoil, who waits for goods that are not there, and what all of it costs.
//
// A Keeper is a state machine without a clock, a calendar or randomness of its own. A market drives it, with times in days that
// never go back, and schedules what follows:
//
//   - At the start, and after each Reset, it calls Review. Where ReviewDays is above 0 it calls Review again each so many days;
//     where it is 0, after each change: sale, back-order, return, spoilage and arrival.
//   - Where Review orders, the goods come after LeadDays, drawn from the stream that the market keeps for that order; then
//     Receive puts them on the shelf and says for whom of those who wait they are. Lead times are independent, so orders may
//     overtake each other.
//   - A shopper who buys calls Take. What is not there is hers to decide: BackOrder where she waits, Lose where she does not
//     and buys nothing or something else.
//   - Goods with a shelf life spoil at NextExpiry, by Spoil. That may have moved to later by sales: an event at an earlier
//     expiry finds nothing, and is scheduled anew. One that is pending therefore never comes too late.
//   - What shoppers bring back goes through Return. At the end of a period, Close gives its Account.
//
// Every sale is O(1) on average, and nothing allocates once the queues are as long as they get.
//
// Books: Silver, Pyke & Thomas (2017), Inventory and Production Management in Supply Chains; Zipkin (2000), Foundations of
// Inventory Management; Nahmias (1982), Perishable inventory theory: a review, Operations Research 30.
package stock

import (
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// Keeper keeps one product. It must not be copied, and is not safe for concurrent use.
type Keeper struct {
	onHand  int64
	since   float64 // when onHand or waiting last changed
	waiting int64   // units that wait
	demand  int64   // units since the last review, as the forecast sees it
	lots    ring[lot]
	lifo    bool
	account Account

	onOrder     int64
	orders      int64 // since Reset
	queue       ring[backOrder]
	filled      []Filled
	policy      policy
	forecast    *forecast // the policy, if it is one
	reviewed    float64
	holdingLeft float64 // minor units of costs by time that rounding left
	waitingLeft float64

	// what does not change
	config              Config
	rates               rates
	life                float64 // shelf life in days, +Inf: keeps
	initial             int64   // -1: the policy's level
	capacity            int64
	mostWaiting         int64
	least, most, parcel int64 // of an order: least and most units, and of what it is a multiple
}

// lot is goods that came together.
type lot struct {
	arrived float64
	units   int64
}

type backOrder struct{ token, units int64 }

// New returns a keeper of a product that costs unitCost minor units (1/10,000 $) to buy, as it is at time 0. An error is of type
// *field.Error.
func New(cfg Config, unitCost int64) (*Keeper, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	if unitCost < 0 || unitCost > 1e13 {
		return nil, field.New("unit_cost", unitCost, "a number of minor units from 0 to 1e13")
	}
	policy, err := newPolicy(&cfg)
	if err != nil {
		return nil, err
	}
	k := &Keeper{config: cfg, policy: policy, rates: newRates(&cfg, unitCost), lifo: cfg.Issuing == "lifo", life: cfg.ShelfLifeDays, initial: -1,
		capacity: orNone(cfg.Capacity), mostWaiting: cfg.MaxWaiting, least: max(cfg.LeastOrder, 1), most: orNone(cfg.MostOrder), parcel: max(cfg.OrderMultiple, 1)}
	k.forecast, _ = policy.(*forecast)
	if k.life == 0 {
		k.life = math.Inf(1)
	}
	if cfg.Initial != nil {
		k.initial = *cfg.Initial
	}
	k.Reset()
	return k, nil
}

// orNone is a limit of units, where 0 says that there is none.
func orNone(limit int64) int64 {
	if limit == 0 {
		return 1 << 50
	}
	return limit
}

// Reset puts all back to time 0: the first units on hand, new, and nothing on order. It keeps the memory.
func (k *Keeper) Reset() {
	k.lots.clear()
	k.queue.clear()
	k.onHand, k.onOrder, k.waiting, k.demand, k.orders = 0, 0, 0, 0, 0
	k.since, k.reviewed, k.holdingLeft, k.waitingLeft = 0, 0, 0, 0
	if k.forecast != nil {
		k.forecast.reset()
	}
	units := k.initial
	if units < 0 {
		units = max(0, k.policy.level())
	}
	k.add(0, min(units, k.capacity))
	k.account = k.opened(0)
}

// Expect tells policy forecast what a day's demand is expected to be, mean and variance in units; other policies take no notice.
// It also holds after the next Reset, and is smoothed on from there unless smoothing is 0. What is no number from 0 on changes nothing.
func (k *Keeper) Expect(mean, variance float64) {
	if k.forecast != nil && mean >= 0 && variance >= 0 {
		k.forecast.expect(mean, variance)
	}
}

// OnHand is the units on the shelf.
func (k *Keeper) OnHand() int64 { return k.onHand }

// OnOrder is the units that are ordered and have not come.
func (k *Keeper) OnOrder() int64 { return k.onOrder }

// Waiting is the units that shoppers wait for.
func (k *Keeper) Waiting() int64 { return k.waiting }

// Position is the inventory position: units on hand and on order, less those that shoppers wait for.
func (k *Keeper) Position() int64 { return k.onHand + k.onOrder - k.waiting }

// OldestDays is how long the oldest units on hand have lain there, in days; 0 where there are none.
func (k *Keeper) OldestDays(now float64) float64 {
	if k.lots.n == 0 {
		return 0
	}
	return now - k.lots.front().arrived
}

// NextExpiry is when the oldest units on hand spoil: +Inf where there are none, or they keep.
func (k *Keeper) NextExpiry() float64 {
	if k.lots.n == 0 {
		return math.Inf(1)
	}
	return k.lots.front().arrived + k.life
}

// ReviewDays is the time from review to review: 0 for one after each change, +Inf where nothing is ever ordered.
func (k *Keeper) ReviewDays() float64 {
	if k.config.Policy == "none" {
		return math.Inf(1)
	}
	return k.config.ReviewDays
}
