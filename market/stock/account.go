package stock

import (
	"fmt"
	"math"
)

// minorPerDollar is the unit of account: 1/10,000 $.
const minorPerDollar = 10000

// Account is what happened to a product from one Close to the next. Units are whole; costs are in minor units (1/10,000 $).
type Account struct {
	From, To float64 // days

	Opening, OnHand       int64 // units on hand at From and at To
	OpeningOrder, OnOrder int64 // units on order
	OpeningQueue, Waiting int64 // units that wait as back-orders
	Orders, Ordered       int64 // orders, and their units
	Received              int64 // units that came
	Sold                  int64 // units handed out, those to back-orders among them
	Lost                  int64 // units that shoppers wanted and did not wait for
	BackOrdered, Filled   int64 // units that began to wait; units that were waited for and came
	Spoiled               int64 // units past their shelf life
	Returned              int64 // units that shoppers brought back: the sum of the next two
	Restocked, Scrapped   int64
	UnitDays, WaitingDays float64 // integrals over time of the units on hand, and of those that wait
	StockoutDays          float64 // days with nothing on hand
	OrderCost             int64   // fixed costs of the orders
	PurchaseCost          int64   // units received at their unit cost; the first fill is a gift
	HoldingCost           int64
	LostSaleCost          int64
	BackOrderCost         int64
	DisposalCost          int64 // of units spoiled and scrapped; negative: their salvage value
}

// Cost is the sum of all costs, in minor units.
func (a *Account) Cost() int64 {
	return a.OrderCost + a.PurchaseCost + a.HoldingCost + a.LostSaleCost + a.BackOrderCost + a.DisposalCost
}

// Add appends the account that follows: the two become one.
func (a *Account) Add(next Account) {
	a.To, a.OnHand, a.OnOrder, a.Waiting = next.To, next.OnHand, next.OnOrder, next.Waiting
	a.Orders += next.Orders
	a.Ordered += next.Ordered
	a.Received += next.Received
	a.Sold += next.Sold
	a.Lost += next.Lost
	a.BackOrdered += next.BackOrdered
	a.Filled += next.Filled
	a.Spoiled += next.Spoiled
	a.Returned += next.Returned
	a.Restocked += next.Restocked
	a.Scrapped += next.Scrapped
	a.UnitDays += next.UnitDays
	a.WaitingDays += next.WaitingDays
	a.StockoutDays += next.StockoutDays
	a.OrderCost += next.OrderCost
	a.PurchaseCost += next.PurchaseCost
	a.HoldingCost += next.HoldingCost
	a.LostSaleCost += next.LostSaleCost
	a.BackOrderCost += next.BackOrderCost
	a.DisposalCost += next.DisposalCost
}

// Check returns an error that names the first identity that does not hold.
func (a *Account) Check() error {
	for _, identity := range []struct {
		name      string
		have, had int64
	}{
		{"opening + received + restocked = sold + spoiled + on hand", a.Opening + a.Received + a.Restocked, a.Sold + a.Spoiled + a.OnHand},
		{"on order before + ordered = received + on order", a.OpeningOrder + a.Ordered, a.Received + a.OnOrder},
		{"waiting before + back-ordered = filled + waiting", a.OpeningQueue + a.BackOrdered, a.Filled + a.Waiting},
		{"returned = restocked + scrapped", a.Returned, a.Restocked + a.Scrapped},
	} {
		if identity.have != identity.had {
			return fmt.Errorf("stock: %s: %d is not %d", identity.name, identity.have, identity.had)
		}
	}
	return nil
}

// rates are the prices of what an account counts, in minor units: a unit, or a unit and day.
type rates struct {
	order, unit, lost, disposal int64
	holding, waiting            float64
}

func newRates(c *Config, unitCost int64) rates {
	minor := func(dollars float64) int64 { return int64(math.Round(dollars * minorPerDollar)) }
	return rates{order: minor(c.OrderCost), unit: unitCost, lost: minor(c.LostSaleCost), disposal: minor(c.DisposalCost),
		holding: c.HoldingCost * minorPerDollar, waiting: c.BackOrderCost * minorPerDollar}
}

// Close ends the period and returns its account. What is charged by time is rounded to the minor unit once, here; what rounding
// leaves is carried into the next period, so that accounts add up to that of the whole time. It does not allocate.
func (k *Keeper) Close(now float64) Account {
	k.settle(now)
	a := k.account
	a.To, a.OnHand, a.OnOrder, a.Waiting = now, k.onHand, k.onOrder, k.waiting
	a.OrderCost = a.Orders * k.rates.order
	a.PurchaseCost = a.Received * k.rates.unit
	a.LostSaleCost = a.Lost * k.rates.lost
	a.DisposalCost = (a.Spoiled + a.Scrapped) * k.rates.disposal
	a.HoldingCost = charge(&k.holdingLeft, k.rates.holding, a.UnitDays)
	a.BackOrderCost = charge(&k.waitingLeft, k.rates.waiting, a.WaitingDays)
	k.account = k.opened(now)
	return a
}

// opened is the account of a period that begins.
func (k *Keeper) opened(now float64) Account {
	return Account{From: now, Opening: k.onHand, OpeningOrder: k.onOrder, OpeningQueue: k.waiting}
}

// charge rounds rate · days and what was left of the last time, and leaves the rest.
func charge(left *float64, rate, days float64) int64 {
	exact := float64(rate*days) + *left
	whole := math.Round(exact)
	*left = exact - whole
	return int64(whole)
}

// settle books the time since the last change of what is on hand or waits.
func (k *Keeper) settle(now float64) {
	days := now - k.since
	if days <= 0 {
		return
	}
	k.since = now
	k.account.UnitDays += float64(float64(k.onHand) * days)
	if k.onHand == 0 {
		k.account.StockoutDays += days
		k.account.WaitingDays += float64(float64(k.waiting) * days)
	}
}

// Check returns an error that names the first identity of the keeper's books that does not hold; nil, or there is a bug.
func (k *Keeper) Check() error {
	a := k.account
	a.OnHand, a.OnOrder, a.Waiting = k.onHand, k.onOrder, k.waiting
	if err := a.Check(); err != nil {
		return err
	}
	lots, queue := int64(0), int64(0)
	for i := range k.lots.n {
		lots += k.lots.at(i).units
		if k.lots.at(i).units <= 0 || i > 0 && k.lots.at(i-1).arrived >= k.lots.at(i).arrived {
			return fmt.Errorf("stock: lot %d of %d is empty or not younger than the one before", i, k.lots.n)
		}
	}
	for i := range k.queue.n {
		queue += k.queue.at(i).units
	}
	switch {
	case lots != k.onHand:
		return fmt.Errorf("stock: lots hold %d units of %d on hand", lots, k.onHand)
	case queue != k.waiting:
		return fmt.Errorf("stock: %d units in the queue of %d that wait", queue, k.waiting)
	case k.onHand < 0 || k.onOrder < 0:
		return fmt.Errorf("stock: %d units on hand and %d on order", k.onHand, k.onOrder)
	case k.onHand > 0 && k.waiting > 0:
		return fmt.Errorf("stock: %d units wait while %d are on hand", k.waiting, k.onHand)
	case k.waiting > k.mostWaiting:
		return fmt.Errorf("stock: %d units wait, of %d that may", k.waiting, k.mostWaiting)
	case k.onHand+k.onOrder > k.capacity:
		return fmt.Errorf("stock: %d units on hand and %d on order, with room for %d", k.onHand, k.onOrder, k.capacity)
	}
	return nil
}
