package stock

import "math"

// Take sells up to a number of units and returns how many there were: the oldest, or under lifo the newest.
func (k *Keeper) Take(now float64, want int64) int64 {
	k.settle(now)
	units := min(want, k.onHand)
	if units <= 0 {
		return 0
	}
	k.issue(units)
	k.demand += units
	return units
}

// Lose books units that were wanted, were not there and were not waited for.
func (k *Keeper) Lose(units int64) {
	if units <= 0 {
		return
	}
	k.account.Lost += units
	if !k.config.Censored {
		k.demand += units
	}
}

// BackOrder puts a shopper into the queue for units that are not there, after Take has left nothing. The token is handed back by
// Receive and Return when the units come, in whatever parts: first come, first served. It is false, and nothing happens, where more
// would wait than may, or where there are units on hand.
func (k *Keeper) BackOrder(now float64, token, units int64) bool {
	if units <= 0 || k.onHand > 0 || units > k.mostWaiting-k.waiting {
		return false
	}
	k.settle(now)
	k.queue.push(backOrder{token, units})
	k.waiting += units
	k.account.BackOrdered += units
	if !k.config.Censored {
		k.demand += units
	}
	return true
}

// Return takes back units that were sold: a share of them goes to the newest on the shelf, or to those who wait, as far as there is
// room; the others are scrapped, and so are all that have a shelf life, as nobody knows how old they are. The uniform u in [0, 1) rounds the
// number, so that the share holds on average. The result is borrowed until the next call.
func (k *Keeper) Return(now float64, units int64, u float64) []Filled {
	if units <= 0 {
		return nil
	}
	good := int64(0)
	if math.IsInf(k.life, 1) {
		good = int64(math.Floor(float64(float64(units)*(1-k.config.ScrappedReturns)) + u))
		good = max(0, min(good, units, k.capacity-k.onHand-k.onOrder))
	}
	k.account.Returned += units
	k.account.Restocked += good
	k.account.Scrapped += units - good
	if good == 0 {
		return nil
	}
	k.settle(now)
	if k.lots.n == 0 {
		k.add(now, good)
	} else {
		k.lots.back().units += good
		k.onHand += good
	}
	return k.fill()
}

// issue hands units out that are on hand.
func (k *Keeper) issue(units int64) {
	k.onHand -= units
	k.account.Sold += units
	for units > 0 {
		from := k.lots.front()
		if k.lifo {
			from = k.lots.back()
		}
		if from.units > units {
			from.units -= units
			return
		}
		units -= from.units
		if k.lifo {
			k.lots.popBack()
		} else {
			k.lots.popFront()
		}
	}
}

// Filled is units that came for a shopper who waits; Left is how many of hers are still to come.
type Filled struct{ Token, Units, Left int64 }

// fill serves those who wait from what is on hand.
func (k *Keeper) fill() []Filled {
	k.filled = k.filled[:0]
	for k.onHand > 0 && k.waiting > 0 {
		first := k.queue.front()
		units := min(first.units, k.onHand)
		first.units -= units
		k.filled = append(k.filled, Filled{first.token, units, first.units})
		if first.units == 0 {
			k.queue.popFront()
		}
		k.waiting -= units
		k.account.Filled += units
		k.issue(units)
	}
	return k.filled
}
