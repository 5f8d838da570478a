package stock

import "github.com/souk-sim/souk/sim/rng"

// Order is what a review decides: Units, 0 for none, and the Number of the order since Reset, from 0, for the stream of its lead time.
type Order struct{ Number, Units int64 }

// Review asks the policy for an order, and books it. What the policy wants is raised to the least order and to whole cases; where there is
// no room for that, or the supplier cannot deliver it, it is cut to the whole cases that there are, and no order is made for less than the
// least.
func (k *Keeper) Review(now float64) Order {
	if k.forecast != nil && now > k.reviewed {
		k.forecast.observe(k.demand, now-k.reviewed)
		k.reviewed, k.demand = now, 0
	}
	units := k.policy.order(k.Position())
	if units <= 0 {
		return Order{}
	}
	units = (max(units, k.least) + k.parcel - 1) / k.parcel * k.parcel
	if limit := min(k.most, k.capacity-k.onHand-k.onOrder); units > limit {
		units = limit / k.parcel * k.parcel
	}
	if units < k.least {
		return Order{}
	}
	order := Order{k.orders, units}
	k.orders++
	k.onOrder += units
	k.account.Orders++
	k.account.Ordered += units
	return order
}

// LeadDays draws how long an order takes, in days, by inverse transform from the first number of the order's own stream: a family
// addressed by product and Order.Number, so that the draws of one product are not moved by those of another.
func (k *Keeper) LeadDays(order rng.Stream) float64 { return k.config.LeadTime.draw(order) }

// Receive puts the units of an order on the shelf, new, and serves those who wait. The result is borrowed until the next call. More
// than is on order does not come.
func (k *Keeper) Receive(now float64, units int64) []Filled {
	units = min(units, k.onOrder)
	if units <= 0 {
		return nil
	}
	k.settle(now)
	k.onOrder -= units
	k.account.Received += units
	k.add(now, units)
	return k.fill()
}

// add puts new units on the shelf.
func (k *Keeper) add(now float64, units int64) {
	if units <= 0 {
		return
	}
	k.onHand += units
	if k.lots.n > 0 && k.lots.back().arrived == now {
		k.lots.back().units += units
		return
	}
	k.lots.push(lot{now, units})
}

// Spoil takes the units from the shelf whose time has come, and returns how many.
func (k *Keeper) Spoil(now float64) int64 {
	units := int64(0)
	for k.NextExpiry() <= now {
		units += k.lots.front().units
		k.lots.popFront()
	}
	if units > 0 {
		k.settle(now)
		k.onHand -= units
		k.account.Spoiled += units
	}
	return units
}
