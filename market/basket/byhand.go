package basket

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Habit is a rule as somebody describes it: who has the items If has Then as well, with a probability.
type Habit struct {
	If         []string
	Then       string
	Confidence float64
}

// byHandBaskets are as many as described shares are counted in.
const byHandBaskets = 1_000_000

// ByHand makes shoppers' baskets of descriptions, where there are none to count: shares are the items' shares of the baskets, in (0, 1). Beside
// the habits, items are independent: of that are the baskets' sizes, and how often the items of If come together.
func ByHand(shares map[string]float64, habits []Habit) (*CrossSell, error) {
	c := &CrossSell{Baskets: byHandBaskets}
	number := map[string]int{}
	total, size := 0, []float64{1} // the law of the number of independent items (Poisson's binomial)
	for i, name := range slices.Sorted(maps.Keys(shares)) {
		share := shares[name]
		if !(share > 0 && share < 1) {
			return nil, field.New("shares."+name, share, "a share of the baskets above 0, below 1")
		}
		number[name] = i
		item := Item{Item: i, Name: name, Count: max(1, int(math.Round(share*byHandBaskets)))}
		c.Items, total = append(c.Items, item), total+item.Count
		size = append(size, 0)
		for k := i + 1; k > 0; k-- {
			size[k] = float64(size[k]*(1-share)) + float64(size[k-1]*share)
		}
		size[0] *= 1 - share
	}
	if len(c.Items) == 0 {
		return nil, field.New("shares", "no items", "one or more")
	}
	c.Sizes = wholeSizes(size, total)
	for i, h := range habits {
		rule, err := c.habit(h, number)
		if err != nil {
			err.Key = fmt.Sprintf("rules[%d]%s", i, err.Key)
			return nil, err
		}
		c.Rules = append(c.Rules, rule)
	}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	return c, nil
}

// wholeSizes rounds a law of sizes to whole baskets that hold total items.
func wholeSizes(law []float64, total int) []int {
	sizes, baskets := make([]int, len(law)), byHandBaskets
	for k, p := range law {
		sizes[k] = min(int(math.Round(p*byHandBaskets)), baskets)
		baskets -= sizes[k]
		total -= k * sizes[k]
	}
	sizes[0] += baskets
	for total != 0 { // a basket at a time gets an item more, or less
		step := 1
		if total < 0 {
			step = -1
		}
		for k := range sizes {
			if to := k + step; sizes[k] > 0 && to >= 0 && to < len(sizes) && total != 0 {
				n := min(sizes[k], total*step)
				sizes[k], sizes[to], total = sizes[k]-n, sizes[to]+n, total-step*n
			}
		}
	}
	return sizes
}

func (c *CrossSell) habit(h Habit, number map[string]int) (Rule, *field.Error) {
	then, known := number[h.Then]
	if !known {
		return Rule{}, field.New(".then", fmt.Sprintf("%q", h.Then), "one of the items with a share")
	}
	r := Rule{Then: []int{then}, ThenCount: c.Items[then].Count}
	together := 1.0
	for _, name := range h.If {
		at, known := number[name]
		if !known || at == then || slices.Contains(r.If, at) {
			return r, field.New(".if", fmt.Sprintf("%q", name), "others of the items with a share, each once")
		}
		r.If = append(r.If, at)
		together *= float64(c.Items[at].Count) / byHandBaskets
	}
	if len(r.If) == 0 {
		return r, field.New(".if", "no items", "one or more")
	}
	slices.Sort(r.If)
	r.IfCount = max(1, int(math.Round(together*byHandBaskets)))
	if !(h.Confidence > 0 && h.Confidence <= 1) {
		return r, field.New(".confidence", h.Confidence, "a probability above 0, up to 1")
	}
	r.Count = max(1, int(math.Round(h.Confidence*float64(r.IfCount))))
	if r.Count > r.ThenCount {
		return r, field.New(".confidence", h.Confidence, fmt.Sprintf("no more than %.3g, for %q is in no more baskets", float64(r.ThenCount)/float64(r.IfCount), h.Then))
	}
	r.measure(c.Baskets)
	return r, nil
}
