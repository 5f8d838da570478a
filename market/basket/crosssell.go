package basket

import (
	"slices"

	"github.com/souk-sim/souk/sim/rng"
)

// CrossSell is how a simulated shopper fills a basket. Whether there is a next item follows the sizes of the baskets, given
// that this one has its size already. Which one it is goes by P(item | basket), taken as the highest confidence among the
// rules whose If the basket holds and the item's share of all baskets, in proportion to it over the items that are not in
// the basket yet: what the next of a basket's items in random order is like.
type CrossSell struct {
	Baskets int
	Items   []Item // ascending
	Sizes   []int  // Sizes[k] baskets hold k different items
	Rules   []Rule // with a single item in Then

	next   []float64 // by size: probability that there is another item
	share  []float64 // by place of the item: of the baskets
	then   []int32   // by rule: place of the item
	needed []int32   // by rule: items of If
	byItem [][]int32 // by place: rules with the item in If
}

// CrossSell makes the shoppers' law of rules, usually those that Test or HoldOut let pass. Rules with more than one item in
// Then are left out: each of their items has its own.
func (s *Sets) CrossSell(rules []Rule) (*CrossSell, error) {
	c := &CrossSell{Baskets: s.Baskets, Items: s.Items, Sizes: s.Sizes}
	for _, r := range rules {
		if len(r.Then) == 1 {
			c.Rules = append(c.Rules, r)
		}
	}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	return c, nil
}

// prepare derives what a Cart looks up, or says what is wrong with the model.
func (c *CrossSell) prepare() error {
	if err := c.check(); err != nil {
		return err
	}
	left := 0 // baskets of this size or more
	c.next = make([]float64, len(c.Sizes))
	for k := len(c.Sizes) - 1; k >= 0; k-- {
		if left+c.Sizes[k] > 0 {
			c.next[k] = float64(left) / float64(left+c.Sizes[k])
		}
		left += c.Sizes[k]
	}
	c.share = make([]float64, len(c.Items))
	for i, item := range c.Items {
		c.share[i] = float64(item.Count) / float64(c.Baskets)
	}
	c.then, c.needed, c.byItem = make([]int32, len(c.Rules)), make([]int32, len(c.Rules)), make([][]int32, len(c.Items))
	for i := range c.Rules {
		r := &c.Rules[i]
		for _, item := range r.If {
			at := c.place(item)
			c.byItem[at] = append(c.byItem[at], int32(i))
		}
		c.then[i], c.needed[i] = int32(c.place(r.Then[0])), int32(len(r.If))
	}
	return nil
}

// place of an item among Items, -1 where it is unknown.
func (c *CrossSell) place(item int) int {
	at, found := slices.BinarySearchFunc(c.Items, item, func(i Item, item int) int { return i.Item - item })
	if !found {
		return -1
	}
	return at
}

// Cart is one shopper's basket. It owns its space: use one per goroutine, and Clear it for the next shopper.
type Cart struct {
	law    *CrossSell
	in     []bool    // by place
	weight []float64 // by place: P(item | basket), 0 of those in it
	held   []int32   // by rule: items of If in the basket
	added  []int     // places
	size   int
}

// Cart makes an empty basket.
func (c *CrossSell) Cart() *Cart {
	return &Cart{law: c, in: make([]bool, len(c.Items)), weight: slices.Clone(c.share), held: make([]int32, len(c.Rules)),
		added: make([]int, 0, len(c.Items))}
}

// Clear empties the basket.
func (t *Cart) Clear() {
	for _, at := range t.added {
		t.in[at] = false
		for _, rule := range t.law.byItem[at] {
			t.held[rule] = 0
		}
	}
	copy(t.weight, t.law.share)
	t.added, t.size = t.added[:0], 0
}

// Add puts an item in. One that was never seen counts for the basket's size alone; one that is in already, not at all.
func (t *Cart) Add(item int) {
	at := t.law.place(item)
	if at >= 0 && t.in[at] {
		return
	}
	if t.size++; at < 0 {
		return
	}
	t.in[at], t.weight[at] = true, 0
	t.added = append(t.added, at)
	for _, rule := range t.law.byItem[at] {
		t.held[rule]++
		if then := t.law.then[rule]; t.held[rule] == t.law.needed[rule] && !t.in[then] {
			t.weight[then] = max(t.weight[then], t.law.Rules[rule].Confidence)
		}
	}
}

// More is the probability that another item follows.
func (t *Cart) More() float64 {
	if t.size >= len(t.law.next) {
		return 0
	}
	return t.law.next[t.size]
}

// Probability is that of the item being the next one, if one follows; 0 for one in the basket or never seen.
func (t *Cart) Probability(item int) float64 {
	at := t.law.place(item)
	if total := t.total(); at >= 0 && total > 0 {
		return t.weight[at] / total
	}
	return 0
}

func (t *Cart) total() (sum float64) {
	for _, w := range t.weight {
		sum += w
	}
	return sum
}

// Next draws whether an item follows, and which, by exactly two draws. It does not put it in: the shopper may yet not find
// it, or not like its price. It does not allocate.
func (t *Cart) Next(stream *rng.Stream) (item int, ok bool) {
	more, which := stream.Float64(), stream.Float64()
	if more >= t.More() {
		return 0, false
	}
	target := float64(which * t.total())
	last := -1
	for at, w := range t.weight {
		if w == 0 {
			continue
		}
		if last = at; target < w {
			break
		}
		target -= w
	}
	if last < 0 {
		return 0, false
	}
	return t.law.Items[last].Item, true
}

// Renumber is the model with other numbers for its items, each its own.
func (c *CrossSell) Renumber(number func(Item) int) (*CrossSell, error) {
	out := &CrossSell{Baskets: c.Baskets, Sizes: c.Sizes, Items: slices.Clone(c.Items), Rules: slices.Clone(c.Rules)}
	to := map[int]int{}
	for i, item := range c.Items {
		to[item.Item] = number(item)
		out.Items[i].Item = to[item.Item]
	}
	slices.SortFunc(out.Items, func(a, b Item) int { return a.Item - b.Item })
	for i := range out.Rules {
		r := &out.Rules[i]
		r.If, r.Then = slices.Clone(r.If), slices.Clone(r.Then)
		for _, side := range [][]int{r.If, r.Then} {
			for k := range side {
				side[k] = to[side[k]]
			}
			slices.Sort(side)
		}
	}
	return out, out.prepare()
}
