package stock

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// warehouse is a slow, obvious keeper: a list of units, each by the time of its arrival, and a list of units that are waited for.
type warehouse struct {
	cfg        Config
	now        float64
	shelf      []float64 // arrival of each unit, oldest first
	queue      []int64   // token of each unit that is waited for
	onOrder    int64
	demand     int64 // since the last review
	reviewed   float64
	mean, var_ float64 // of the forecast
	total      Account
}

func newWarehouse(cfg Config) *warehouse {
	w := &warehouse{cfg: cfg, mean: cfg.UnitsPerDay, var_: cfg.UnitsPerDay}
	first := w.wanted(0)
	switch {
	case cfg.Initial != nil:
		first = *cfg.Initial
	case cfg.Policy == "s-S":
		first = cfg.OrderUpTo
	case cfg.Policy == "r-Q":
		first = max(0, cfg.ReorderPoint+cfg.OrderQuantity)
	}
	for range first {
		if cfg.Capacity == 0 || int64(len(w.shelf)) < cfg.Capacity {
			w.shelf = append(w.shelf, 0)
		}
	}
	w.total.Opening = int64(len(w.shelf))
	return w
}

func (w *warehouse) wait(days float64) {
	w.now += days
	w.total.UnitDays += days * float64(len(w.shelf))
	w.total.WaitingDays += days * float64(len(w.queue))
	if len(w.shelf) == 0 {
		w.total.StockoutDays += days
	}
}

func (w *warehouse) sell() {
	if w.cfg.Issuing == "lifo" {
		w.shelf = w.shelf[:len(w.shelf)-1]
	} else {
		w.shelf = w.shelf[1:]
	}
	w.total.Sold++
}

func (w *warehouse) take(want int64) (sold int64) {
	for ; sold < want && len(w.shelf) > 0; sold++ {
		w.sell()
		w.demand++
	}
	return sold
}

func (w *warehouse) lose(units int64) {
	w.total.Lost += units
	if !w.cfg.Censored {
		w.demand += units
	}
}

func (w *warehouse) backOrder(token, units int64) bool {
	if len(w.shelf) > 0 || int64(len(w.queue))+units > w.cfg.MaxWaiting {
		return false
	}
	for range units {
		w.queue = append(w.queue, token)
	}
	w.total.BackOrdered += units
	if !w.cfg.Censored {
		w.demand += units
	}
	return true
}

// serve gives what is there to those who wait, and returns their tokens, unit by unit.
func (w *warehouse) serve() (tokens []int64) {
	for len(w.queue) > 0 && len(w.shelf) > 0 {
		tokens, w.queue = append(tokens, w.queue[0]), w.queue[1:]
		w.sell()
		w.total.Filled++
	}
	return tokens
}

func (w *warehouse) receive(units int64) []int64 {
	for range units {
		w.shelf = append(w.shelf, w.now)
		w.onOrder--
		w.total.Received++
	}
	return w.serve()
}

func (w *warehouse) returned(units int64, u float64) []int64 {
	good := int64(math.Floor(float64(units)*(1-w.cfg.ScrappedReturns) + u))
	for i := range units {
		w.total.Returned++
		room := w.cfg.Capacity == 0 || int64(len(w.shelf))+w.onOrder < w.cfg.Capacity
		if i >= good || w.cfg.ShelfLifeDays > 0 || !room {
			w.total.Scrapped++
			continue
		}
		age := w.now
		if len(w.shelf) > 0 {
			age = w.shelf[len(w.shelf)-1]
		}
		w.shelf = append(w.shelf, age)
		w.total.Restocked++
	}
	return w.serve()
}

func (w *warehouse) spoil() (units int64) {
	for len(w.shelf) > 0 && w.cfg.ShelfLifeDays > 0 && w.shelf[0]+w.cfg.ShelfLifeDays <= w.now {
		w.shelf = w.shelf[1:]
		units++
	}
	w.total.Spoiled += units
	return units
}

// wanted counts up the units that the policy asks for.
func (w *warehouse) wanted(position int64) (units int64) {
	switch c := w.cfg; c.Policy {
	case "base-stock":
		for position+units < c.OrderUpTo {
			units++
		}
	case "s-S":
		for position <= c.ReorderPoint && position+units < c.OrderUpTo {
			units++
		}
	case "r-Q":
		for position+units <= c.ReorderPoint {
			units += c.OrderQuantity
		}
	case "forecast":
		days := c.LeadTime.MeanDays + c.CoverDays
		if c.CoverDays == 0 {
			days += c.ReviewDays
		}
		level := w.mean*days + c.Safety*math.Sqrt(w.var_*days+math.Pow(w.mean*c.LeadTime.MeanDays*c.LeadTime.CV, 2))
		for position+units < 1 || float64(position+units) < level-1e-9 {
			units++
		}
	}
	return units
}

func (w *warehouse) review() int64 {
	if days := w.now - w.reviewed; days > 0 {
		miss := float64(w.demand)/days - w.mean
		w.mean += w.cfg.Smoothing * miss
		w.var_ += w.cfg.Smoothing * (days*miss*miss - w.var_)
		w.reviewed, w.demand = w.now, 0
	}
	wanted := w.wanted(int64(len(w.shelf)) + w.onOrder - int64(len(w.queue)))
	best := int64(0)
	for units := max(w.cfg.OrderMultiple, 1); wanted > 0 && best < wanted; units += max(w.cfg.OrderMultiple, 1) {
		if w.cfg.MostOrder > 0 && units > w.cfg.MostOrder || w.cfg.Capacity > 0 && int64(len(w.shelf))+w.onOrder+units > w.cfg.Capacity {
			break
		}
		if units >= w.cfg.LeastOrder {
			best = units
		}
	}
	if best > 0 {
		w.onOrder += best
		w.total.Orders++
		w.total.Ordered += best
	}
	return best
}

// anyConfig draws a config that New takes. Numbers of days and shares are dyadic, so that sums of them are exact.
func anyConfig(t *rapid.T) Config {
	units := func(name string, low, high int64) int64 { return rapid.Int64Range(low, high).Draw(t, name) }
	eighths := func(name string, high int) float64 { return float64(rapid.IntRange(0, 8*high).Draw(t, name)) / 8 }
	c := Config{Policy: rapid.SampledFrom([]string{"none", "base-stock", "s-S", "r-Q", "forecast"}).Draw(t, "policy"),
		ReviewDays: eighths("review days", 3), Issuing: rapid.SampledFrom([]string{"", "fifo", "lifo"}).Draw(t, "issuing"),
		ShelfLifeDays: eighths("shelf life", 4) * float64(units("perishable", 0, 1)), MaxWaiting: units("most waiting", 0, 20), ScrappedReturns: eighths("scrapped", 1),
		OrderMultiple: units("case", 0, 5), LeastOrder: units("least", 0, 8), MostOrder: 10 * units("most", 0, 3), Capacity: 10 * units("capacity", 0, 4),
		LeadTime: LeadTime{MeanDays: eighths("lead time", 4)}, OrderCost: 5, HoldingCost: 0.00123, LostSaleCost: 0.5, BackOrderCost: 0.0333, DisposalCost: -0.25}
	switch c.Policy {
	case "base-stock":
		c.OrderUpTo = units("S", 1, 30)
	case "s-S":
		c.ReorderPoint = units("s", -10, 20)
		c.OrderUpTo = max(0, c.ReorderPoint) + units("S - s", 1, 20)
	case "r-Q":
		c.ReorderPoint, c.OrderQuantity = units("r", -10, 20), units("Q", 1, 20)
	case "forecast":
		c.ReviewDays = max(c.ReviewDays, 0.125)
		c.CoverDays, c.Safety, c.UnitsPerDay, c.Smoothing = eighths("cover", 2), eighths("safety", 3), eighths("rate", 4), eighths("smoothing", 1)
		c.Censored = rapid.Bool().Draw(t, "censored")
		c.LeadTime.Law, c.LeadTime.CV = "gamma", 0.125+eighths("cv", 1)
	}
	if c.Policy == "none" || rapid.Bool().Draw(t, "initial given") {
		c.Initial = new(units("initial", 0, 10))
	}
	return c
}

func TestAKeeperDoesWhatAListOfUnitsDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := anyConfig(t)
		unitCost := rapid.Int64Range(0, 100).Draw(t, "unit cost")
		k, err := New(cfg, unitCost)
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "used before") {
			k.Review(1)
			k.Take(1, 3)
			k.Lose(5)
			k.BackOrder(2, 1, 2)
			k.Receive(2.25, 4)
			k.Close(3)
			k.Reset()
		}
		w := newWarehouse(cfg)
		total := Account{Opening: k.OnHand()}
		var pending []int64 // units of orders under way
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			w.wait(rapid.SampledFrom([]float64{0, 0, 0, 0.0625, 0.25, 0.75}).Draw(t, "days"))
			step(t, k, w, &total, &pending)
			compare(t, k, w)
		}
		total.Add(k.Close(w.now))
		checkTotal(t, &cfg, unitCost, &total, w)
	})
}

// step does one thing to both.
func step(t *rapid.T, k *Keeper, w *warehouse, total *Account, pending *[]int64) {
	units := rapid.Int64Range(1, 12).Draw(t, "units")
	var got, want any
	switch do := rapid.SampledFrom([]string{"take", "take", "take", "lose", "wait", "review", "review", "receive", "receive", "return", "spoil", "close"}).Draw(t, "do"); do {
	case "take":
		got, want = k.Take(w.now, units), w.take(units)
	case "lose":
		k.Lose(units)
		w.lose(units)
	case "wait":
		token := rapid.Int64().Draw(t, "token")
		got, want = k.BackOrder(w.now, token, units), w.backOrder(token, units)
	case "review":
		order := k.Review(w.now)
		number := int64(0)
		if order.Units > 0 {
			number = w.total.Orders
			*pending = append(*pending, order.Units)
		}
		got, want = order, Order{number, w.review()}
	case "receive":
		if len(*pending) == 0 {
			return
		}
		i := rapid.IntRange(0, len(*pending)-1).Draw(t, "which order")
		units = (*pending)[i]
		*pending = slices.Delete(*pending, i, i+1)
		got, want = tokens(k.Receive(w.now, units)), fmt.Sprint(w.receive(units))
	case "return":
		u := rapid.Float64Range(0, 0.999).Draw(t, "u")
		got, want = tokens(k.Return(w.now, units, u)), fmt.Sprint(w.returned(units, u))
	case "spoil":
		got, want = k.Spoil(w.now), w.spoil()
	case "close":
		a := k.Close(w.now)
		if err := a.Check(); err != nil {
			t.Fatal(err)
		}
		total.Add(a)
	}
	if got != want {
		t.Fatalf("%v, want %v", got, want)
	}
}

// tokens writes back-orders that came unit by unit.
func tokens(filled []Filled) string {
	var all []int64
	for _, f := range filled {
		for range f.Units {
			all = append(all, f.Token)
		}
	}
	return fmt.Sprint(all)
}

func compare(t *rapid.T, k *Keeper, w *warehouse) {
	if err := k.Check(); err != nil {
		t.Fatal(err)
	}
	oldest, expiry := 0.0, math.Inf(1)
	if len(w.shelf) > 0 {
		oldest = w.now - w.shelf[0]
		if w.cfg.ShelfLifeDays > 0 {
			expiry = w.shelf[0] + w.cfg.ShelfLifeDays
		}
	}
	got := fmt.Sprint(k.OnHand(), k.OnOrder(), k.Waiting(), k.Position(), k.OldestDays(w.now), k.NextExpiry())
	want := fmt.Sprint(len(w.shelf), w.onOrder, len(w.queue), int64(len(w.shelf))+w.onOrder-int64(len(w.queue)), oldest, expiry)
	if got != want {
		t.Fatalf("on hand, on order, waiting, position, oldest, expiry: %v, want %v", got, want)
	}
}

// checkTotal holds the sum of all periods against the list's, and what they cost against the prices.
func checkTotal(t *rapid.T, cfg *Config, unitCost int64, got *Account, w *warehouse) {
	want := w.total
	want.To, want.OnHand, want.OnOrder, want.Waiting = w.now, int64(len(w.shelf)), w.onOrder, int64(len(w.queue))
	want.OrderCost = 50000 * want.Orders
	want.PurchaseCost = unitCost * want.Received
	want.LostSaleCost = 5000 * want.Lost
	want.DisposalCost = -2500 * (want.Spoiled + want.Scrapped)
	want.HoldingCost, want.BackOrderCost = got.HoldingCost, got.BackOrderCost
	if *got != want {
		t.Fatalf("the account is\n%+v, want\n%+v", *got, want)
	}
	// Rounded once in all, whatever the periods.
	for _, c := range []struct {
		charged int64
		exact   float64
	}{{got.HoldingCost, 12.3 * want.UnitDays}, {got.BackOrderCost, 333 * want.WaitingDays}} {
		if math.Abs(float64(c.charged)-c.exact) > 0.5+1e-9*c.exact {
			t.Fatalf("charged %d of %v", c.charged, c.exact)
		}
	}
	sum := got.OrderCost + got.PurchaseCost + got.HoldingCost + got.LostSaleCost + got.BackOrderCost + got.DisposalCost
	if got.Cost() != sum {
		t.Fatalf("cost %d, want %d", got.Cost(), sum)
	}
}
