// Package rivals models how other sellers price: each product's price is either regular or on deal, a two-state Markov chain
// fitted from data, and stands on a ladder of typical prices within the state.
package rivals

import (
	"encoding/json"
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
)

// Rung is one typical price of a product and what goes with it.
type Rung struct {
	Price       float64 `json:"price"`       // dollars
	Display     float64 `json:"display"`     // mean display at this price, in [0, 1]
	Cost        float64 `json:"cost"`        // mean wholesale cost at this price, dollars; 0 where it is not known
	Deal        bool    `json:"deal"`        // on deal, else regular
	Probability float64 `json:"probability"` // of this rung when a price of its state is drawn; they add up to 1 in each state
}

// Chain holds the transition probabilities from one period to the next. Let d be "on deal". The state moves by ToDeal =
// P(d | not d) and ToRegular = P(not d | d). A price that enters a state is drawn from the rungs of that state by their
// probabilities; one that stays is held with probability HoldRegular or HoldDeal, and drawn again otherwise.
type Chain struct {
	ToDeal      float64 `json:"to_deal"`
	ToRegular   float64 `json:"to_regular"`
	HoldRegular float64 `json:"hold_regular"`
	HoldDeal    float64 `json:"hold_deal"`
}

// Deals is the price process of one product: a Markov chain over its rungs, which is immutable and safe for concurrent use.
type Deals struct {
	product    string
	rungs      []Rung
	chain      Chain
	cumulative []float64 // from × to: P(next ≤ to | from); the last of each row is 1
	stationary []float64
}

// New makes a price process. Rungs are listed by increasing price, those of a state in any order among the others'; each
// state that has rungs has probabilities that add up to 1, and there is at least one regular rung. Without deal rungs
// ToDeal must be 0. Errors carry the key of the bad value.
func New(product string, rungs []Rung, chain Chain) (*Deals, error) {
	var sum [2]float64
	var count [2]int
	for i, r := range rungs {
		key := fmt.Sprintf("rungs[%d].", i)
		switch {
		case !(r.Price > 0 && r.Price < 1e12):
			return nil, field.New(key+"price", r.Price, "a price above 0")
		case i > 0 && r.Price <= rungs[i-1].Price:
			return nil, field.New(key+"price", r.Price, fmt.Sprintf("more than %v, the price of the rung before", rungs[i-1].Price))
		case !(r.Display >= 0 && r.Display <= 1):
			return nil, field.New(key+"display", r.Display, "a share in [0, 1]")
		case !(r.Cost >= 0 && r.Cost < 1e12):
			return nil, field.New(key+"cost", r.Cost, "a cost of at least 0")
		case !(r.Probability >= 0 && r.Probability <= 1):
			return nil, field.New(key+"probability", r.Probability, "a probability in [0, 1]")
		}
		sum[state(r.Deal)] += r.Probability
		count[state(r.Deal)]++
	}
	for s, name := range []string{"regular", "deal"} {
		if count[s] > 0 && !(sum[s] > 1-1e-9 && sum[s] < 1+1e-9) {
			return nil, field.New("rungs", fmt.Sprintf("probabilities of the %s rungs that add up to %v", name, sum[s]), "a sum of 1")
		}
	}
	if count[0] == 0 {
		return nil, field.New("rungs", "no regular rung", "at least one")
	}
	if count[1] == 0 && chain.ToDeal != 0 {
		return nil, field.New("to_deal", chain.ToDeal, "0, as there are no deal rungs")
	}
	for _, p := range []struct {
		key   string
		value float64
	}{{"to_deal", chain.ToDeal}, {"to_regular", chain.ToRegular}, {"hold_regular", chain.HoldRegular}, {"hold_deal", chain.HoldDeal}} {
		if !(p.value >= 0 && p.value <= 1) {
			return nil, field.New(p.key, p.value, "a probability in [0, 1]")
		}
	}
	if chain.ToDeal == 0 && chain.ToRegular == 0 {
		return nil, field.New("to_regular", 0, "more than 0 where to_deal is 0, or there is no stationary distribution")
	}
	d := &Deals{product: product, rungs: append([]Rung(nil), rungs...), chain: chain}
	d.tabulate()
	return d, nil
}

func state(deal bool) int {
	if deal {
		return 1
	}
	return 0
}

// Transition returns P(next = to | present = from).
func (d *Deals) Transition(from, to int) float64 {
	a, b := d.rungs[from], d.rungs[to]
	leave, hold := d.chain.ToDeal, d.chain.HoldRegular
	if a.Deal {
		leave, hold = d.chain.ToRegular, d.chain.HoldDeal
	}
	if a.Deal != b.Deal {
		return float64(leave * b.Probability)
	}
	p := float64((1 - hold) * b.Probability)
	if from == to {
		p += hold
	}
	return float64((1 - leave) * p)
}

// tabulate computes the cumulative transition probabilities and the stationary distribution. The latter is closed: the
// two-state chain's, ToDeal to ToRegular, times the rung's probability, which entering, holding and drawing again all keep.
func (d *Deals) tabulate() {
	n := len(d.rungs)
	d.cumulative, d.stationary = make([]float64, n*n), make([]float64, n)
	onDeal := d.chain.ToDeal / (d.chain.ToDeal + d.chain.ToRegular)
	for from, r := range d.rungs {
		if r.Deal {
			d.stationary[from] = float64(onDeal * r.Probability)
		} else {
			d.stationary[from] = float64((1 - onDeal) * r.Probability)
		}
		sum, last := 0.0, 0
		row := d.cumulative[from*n : from*n+n]
		for to := range row {
			p := d.Transition(from, to)
			if p > 0 {
				last = to
			}
			sum += p
			row[to] = sum
		}
		for to := last; to < n; to++ {
			row[to] = 1 // not a rounding error below it, nor a rung that cannot be
		}
	}
}

// Product returns the product's name.
func (d *Deals) Product() string { return d.product }

// Rungs returns the ladder, by increasing price; it is the caller's to keep.
func (d *Deals) Rungs() []Rung { return append([]Rung(nil), d.rungs...) }

// Chain returns the transition probabilities of the states.
func (d *Deals) Chain() Chain { return d.chain }

// Stationary returns the long-run share of periods on each rung.
func (d *Deals) Stationary() []float64 { return append([]float64(nil), d.stationary...) }

// Next returns the rung of the next period given the present one: one draw by inverse transform, u in [0, 1). A larger u
// never gives a lower price.
func (d *Deals) Next(rung int, u float64) int {
	n := len(d.rungs)
	return invert(d.cumulative[rung*n:rung*n+n], u)
}

// Start draws a rung from the stationary distribution, u in [0, 1).
func (d *Deals) Start(u float64) int {
	sum, last := 0.0, 0
	for i, p := range d.stationary {
		if p > 0 {
			last = i
		}
		if sum += p; u < sum {
			return i
		}
	}
	return last
}

func invert(cumulative []float64, u float64) int {
	for i, c := range cumulative {
		if u < c {
			return i
		}
	}
	return len(cumulative) - 1
}

// Nearest returns the rung whose price is closest to a price, which tells where a chain stands after observed data.
func (d *Deals) Nearest(price float64) int {
	best := 0
	for i, r := range d.rungs {
		if abs(r.Price-price) < abs(d.rungs[best].Price-price) {
			best = i
		}
	}
	return best
}

func abs(x float64) float64 { return max(x, -x) }

type document struct {
	Product string `json:"product"`
	Chain   Chain  `json:"chain"`
	Rungs   []Rung `json:"rungs"`
}

// MarshalJSON writes the parameters; UnmarshalJSON reads them back to the same process bit for bit.
func (d *Deals) MarshalJSON() ([]byte, error) {
	return json.Marshal(document{d.product, d.chain, d.rungs})
}

// UnmarshalJSON reads what MarshalJSON wrote and checks it as New does.
func (d *Deals) UnmarshalJSON(text []byte) error {
	var doc document
	if err := json.Unmarshal(text, &doc); err != nil {
		return err
	}
	read, err := New(doc.Product, doc.Rungs, doc.Chain)
	if err != nil {
		return err
	}
	*d = *read
	return nil
}
