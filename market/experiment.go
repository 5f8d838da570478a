package market

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// Design is what an experiment deals to its arms.
type Design string

// The designs. By shopper and by cluster, the arms stand side by side: each has its own offer, reference prices and shelf, and a shopper keeps to his arm, whenever he
// comes back. By product and in switchback there is one shelf: an arm's offer stands on the arm's products, or while its slots last.
const (
	ByShopper  Design = "shopper"    // each shopper by himself
	ByCluster  Design = "cluster"    // regions, say: all shoppers of one together
	ByProduct  Design = "product"    // the focal seller's products
	Switchback Design = "switchback" // slots of time
)

// Experiment tries several policies of the focal seller on one market at once. Each of its arms is a player: arm 0 is the seller's own player, Config.Focal, and arm k > 0 is
// player len(Config.Sellers)+k−1, with the seller's ladder, reviews and reward. Everything else is shared: shoppers, stock, the budgets of promotions, rivals; so what one arm sells
// out another cannot sell, and the interference is real.
//
// Who is in which arm depends on (seed, episode) alone. Shoppers are dealt one by one, with the probabilities of Shares; clusters, products and slots are few and are
// dealt like cards, so that each arm has its share of them but for rounding, another hand in each episode.
//
// An arm observes what the seller would: sales, visitors and stock of the whole; of its own are the offer, its price and promotion, and, where arms stand side by side, the reference price.
// Rivals see the shelf that there is, or where arms stand side by side that of arm 0, as one who looks in does, and are told of its new offers alone.
// With one policy in all arms nothing that happens differs from a market without an experiment, to the last bit, but for a Spread.
type Experiment struct {
	Design   Design
	Shares   []float64 // of the arms, two or more, any positive scale
	Start    float64   // day on which it begins; until then arm 0's offers stand for all
	Clusters int       // ByCluster: regions of equally many shoppers
	Spread   float64   // ByCluster: standard deviation between regions of what all products appeal, in utility
	SlotDays float64   // Switchback: length of a slot, days, counted from Start
}

// Outcome is an entry of what a unit of an experiment came to for the focal seller: a visit, an order, its lines, units that came back, views that cost. What a shopper, a
// cluster, a product or a slot came to is the sum of its entries. What no shopper in particular caused, the keeping of stock and goods that spoil, are entries without a shopper; where arms stand side by
// side they are no unit's. With them, and from Start on, an arm's entries add up to its player's SellerAccount. Fields without a meaning are None.
type Outcome struct {
	Time                   float64 // days since the episode opened
	Revenue                float64 // what was paid, less what was paid back, $
	Profit                 float64 // of it, less what goods, stock and channels cost, $
	Visits                 float64 // 1 of an entry that is a visit's beginning
	Orders                 float64 // 1 of an order's entry, which has its first product of the seller's
	Units                  float64 // sold; below 0: come back
	Arm                    int32   // to which the unit is dealt, before Start too
	Period, Number, Visit  int32   // the shopper, and which of his visits; as in Record
	Persona, Channel       int32
	Cluster, Slot, Product int32 // of the cluster; of the slot, None before Start; of the product of a line
	New                    bool  // the shopper's first visit
}

const mostArms = 100

func (e *Experiment) arms() int {
	if e == nil {
		return 1
	}
	return len(e.Shares)
}

// fronts is how many stand side by side.
func (e *Experiment) fronts() int {
	if e == nil || e.Design == ByProduct || e.Design == Switchback {
		return 1
	}
	return len(e.Shares)
}

// groups of shoppers see things, or are dealt, apart.
func (e *Experiment) groups() int {
	switch {
	case e == nil:
		return 1
	case e.Design == ByCluster:
		return e.Clusters
	}
	return e.fronts()
}

// slots is how many slots an episode has.
func (e *Experiment) slots(cfg *Config) int {
	return int(math.Ceil((float64(float64(cfg.Horizon)*cfg.PeriodDays) - e.Start) / e.SlotDays))
}

// checkExperiment says what is wrong with the experiment.
func (cfg *Config) checkExperiment() error {
	e := cfg.Experiment
	if e == nil {
		return nil
	}
	least, sum := math.Inf(1), 0.0
	for i, share := range e.Shares {
		if !(share > 0) || !finiteFromZero(share) {
			return field.New(fmt.Sprintf("experiment.shares.%d", i), share, "a share above 0")
		}
		least, sum = min(least, share), sum+share
	}
	days := float64(cfg.Horizon) * cfg.PeriodDays
	switch {
	case len(e.Shares) < 2 || len(e.Shares) > mostArms || math.IsInf(sum, 1):
		return field.New("experiment.shares", fmt.Sprintf("%d arms, shares that sum to %g", len(e.Shares), sum), fmt.Sprintf("2 to %d arms", mostArms))
	case e.Clusters < 0 || e.Clusters > mostViews:
		return field.New("experiment.clusters", e.Clusters, fmt.Sprintf("0 to %d", mostViews))
	case !(e.Start >= 0 && e.Start < days):
		return field.New("experiment.start", e.Start, fmt.Sprintf("a day before the end of the episode, %g", days))
	case e.Spread != 0 && (e.Design != ByCluster || !(e.Spread > 0 && e.Spread <= 50)):
		return field.New("experiment.spread", e.Spread, "0 to 50, by cluster")
	}
	if n := len(cfg.Personas) * max(len(cfg.Channels), 1); n*e.groups() > mostViews || float64(n*e.groups())*float64(len(cfg.Products)) > mostWeights {
		return field.New("experiment", fmt.Sprintf("%d groups of shoppers, each of %d personas and channels, who see %d products", e.groups(), n, len(cfg.Products)),
			fmt.Sprintf("at most %d groups × personas × channels, and %g weights of choice", mostViews, mostWeights))
	}
	units, key := 0, ""
	switch e.Design {
	case ByShopper:
		return nil
	case ByCluster:
		units, key = e.Clusters, "experiment.clusters"
	case ByProduct:
		units, key = len(cfg.Sellers[cfg.Focal].Products), "sellers."+cfg.Sellers[cfg.Focal].Name+".prices"
		for _, o := range cfg.Sellers[cfg.Focal].Offers {
			if o.Promotion != "" {
				return field.New("sellers."+cfg.Sellers[cfg.Focal].Name+".offers", fmt.Sprintf("promotion %q", o.Promotion), "prices alone: by product, a promotion would reach the products of other arms")
			}
		}
	case Switchback:
		if !(e.SlotDays >= second && days/e.SlotDays <= mostSlots) {
			return field.New("experiment.slot_days", e.SlotDays, fmt.Sprintf("at least a second, and at most %d slots in %g days", int(mostSlots), days))
		}
		units, key = e.slots(cfg), "experiment.slot_days"
	default:
		return field.New("experiment.design", fmt.Sprintf("%q", e.Design), "shopper, cluster, product or switchback")
	}
	if !(least/sum*float64(units) >= 1) || units > mostSlots {
		return field.New(key, fmt.Sprintf("%d to deal to arms, the smallest of which has %.3g of them", units, least/sum), "at least one for each arm")
	}
	return nil
}

const mostSlots = 1e6
