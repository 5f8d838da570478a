package workflow

import (
	"fmt"
	"math"
	"strings"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/results"
)

// Story tells events in sentences, one a line, with the day (1-based) and the time of day of each.
func Story(events []results.Event) string {
	s := story{price: map[string]float64{}}
	for len(events) > 0 {
		if e := &events[0]; e.Kind == market.ShopperArrives.String() && e.Visit > 1 { // told by his coming back
			events = events[1:]
			continue
		}
		together := 1 // the lines of an order are one sentence
		for e := &events[0]; e.Kind == market.ChecksOut.String() && together < len(events); together++ {
			if o := &events[together]; o.Kind != e.Kind || o.Time != e.Time || o.Shopper != e.Shopper {
				break
			}
		}
		fmt.Fprintf(&s.text, "%s  %s\n", clock(events[0].Time), s.sentence(events[:together]))
		s.last = events[0].Time
		events = events[together:]
	}
	return s.text.String()
}

// story is what has been told.
type story struct {
	text  strings.Builder
	last  float64            // when the last sentence was
	price map[string]float64 // by product, as last told
}

// sentence tells one event, or the lines of one order.
func (s *story) sentence(events []results.Event) string {
	e := &events[0]
	switch e.Kind {
	case market.PeriodOpens.String():
		return fmt.Sprintf("a period opens: %d shoppers expected", *e.Units)
	case market.ShopperArrives.String():
		return "arrives" + by(e)
	case market.ComesBack.String():
		if e.Why == market.ByReminder.String() {
			return "comes back to the cart"
		}
		return fmt.Sprintf("comes back after %s%s", days(e.Time-s.last), by(e))
	case market.ShopperViews.String():
		return s.views(e)
	case market.ShopperDecides.String():
		return taken(e, "chooses")
	case market.BasketGrows.String():
		return taken(e, "adds")
	case market.ChecksOut.String():
		return s.pays(events)
	case market.Abandons.String():
		return fmt.Sprintf("leaves the cart: %s, %s", manyOf(*e.Units, "unit"), usd(*e.Amount))
	case market.Reminded.String():
		if e.Promotion != "" {
			return "is reminded of the cart, and takes " + e.Promotion
		}
		return "is reminded of the cart"
	case market.Returns.String():
		return fmt.Sprintf("sends %d %s back and gets %s", *e.Units, e.Product, usd(-*e.Amount))
	case market.TradesIn.String():
		return fmt.Sprintf("hands %d %s in and gets %s", *e.Units, e.Product, usd(-*e.Amount))
	case market.Lapses.String():
		return "will not come back"
	case market.Reviews.String():
		return "reviews the offer" + map[string]string{market.ByStock.String(): ": stock is low", market.ByRival.String(): ": a rival moved"}[e.Why]
	case market.Repriced.String():
		return s.repriced(e)
	case market.PromotionStarts.String():
		return e.Promotion + " starts"
	case market.PromotionEnds.String():
		return e.Promotion + " ends"
	case market.StockOrdered.String():
		return fmt.Sprintf("orders %d %s", *e.Units, e.Product)
	case market.StockReceived.String():
		return fmt.Sprintf("receives %d %s", *e.Units, e.Product)
	case market.StockSpoils.String():
		return fmt.Sprintf("%d %s spoil", *e.Units, e.Product)
	case market.PeriodCloses.String():
		if e.Product != "" && *e.Amount < 0 {
			return fmt.Sprintf("the period closes: %d %s taken in, %s", -*e.Units, e.Product, usd(-*e.Amount))
		} else if e.Product != "" {
			return fmt.Sprintf("the period closes: %d %s sold, %s", *e.Units, e.Product, usd(*e.Amount))
		}
		return fmt.Sprintf("the period closes: %s, %s", manyOf(*e.Units, "shopper"), usd(*e.Amount))
	}
	return e.Kind
}

func (s *story) views(e *results.Event) string {
	text := fmt.Sprintf("sees %s at %s", e.Product, usd(*e.Price))
	if e.Why == market.BySearch.String() {
		text = fmt.Sprintf("searches and finds %s at %s", e.Product, usd(*e.Price))
	}
	if e.Place > 0 {
		text += fmt.Sprintf(" (place %d)", e.Place)
	}
	return text + fmt.Sprintf(", looks for %.0f s", *e.Dwell)
}

// taken tells what was taken, or was not.
func taken(e *results.Event, verb string) string {
	if e.Product == "" {
		return "decides for nothing"
	}
	what := fmt.Sprintf("%s at %s", e.Product, usd(*e.Price))
	if *e.Units > 1 {
		what = fmt.Sprintf("%d %s at %s each", *e.Units, e.Product, usd(*e.Price))
	}
	switch e.Why {
	case market.SoldOut.String():
		return "wants " + what + ", which is sold out"
	case market.Substitute.String():
		return "takes " + what + " instead"
	case market.BackOrder.String():
		return verb + " " + what + ", to be delivered when there is stock"
	}
	return verb + " " + what
}

// pays tells an order with its lines, and what promotions took off.
func (s *story) pays(lines []results.Event) string {
	var what []string
	paid, posted := 0.0, 0.0
	for i := range lines {
		l := &lines[i]
		what = append(what, fmt.Sprintf("%d %s", *l.Units, l.Product))
		paid += *l.Amount
		posted += float64(*l.Units) * *l.Price
	}
	text := fmt.Sprintf("pays %s for %s", usd(paid), strings.Join(what, ", "))
	if off := posted - paid; off > 1e-6 {
		text += fmt.Sprintf(", %s off", usd(off))
	}
	return text
}

func (s *story) repriced(e *results.Event) string {
	before, told := s.price[e.Product]
	s.price[e.Product] = *e.Price
	switch {
	case !told:
		return fmt.Sprintf("%s is at %s", e.Product, usd(*e.Price))
	case before == *e.Price:
		return fmt.Sprintf("%s stays at %s", e.Product, usd(before))
	}
	return fmt.Sprintf("%s goes from %s to %s", e.Product, usd(before), usd(*e.Price))
}

func by(e *results.Event) string {
	if e.Channel == "" {
		return ""
	}
	return " by " + e.Channel
}

// usd writes dollars with cents, and with more where there is more.
func usd(x float64) string {
	text := fmt.Sprintf("$%.4f", math.Abs(x))
	if short, ok := strings.CutSuffix(text, "00"); ok {
		text = short
	}
	if x < 0 {
		return "-" + text
	}
	return text
}

func manyOf(n int64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// days writes a time in the unit that suits it.
func days(x float64) string {
	switch {
	case x < 1.0/24:
		return fmt.Sprintf("%.0f min", 1440*x)
	case x < 2:
		return fmt.Sprintf("%.1f h", 24*x)
	}
	return fmt.Sprintf("%.1f days", x)
}

func clock(days float64) string {
	seconds := int64(math.Floor(days * 86400))
	return fmt.Sprintf("day %d, %02d:%02d:%02d", seconds/86400+1, seconds/3600%24, seconds/60%60, seconds%60)
}
