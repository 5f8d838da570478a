package basket

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

const schema = "souk.basket/1"

// A rule's measures follow from the counts, and its p-values from baskets that a file does not have.
type ruleJSON struct {
	If      []int `json:"if"`
	Then    int   `json:"then"`
	Count   int   `json:"count"`
	IfCount int   `json:"if_count"`
}

type crossSellJSON struct {
	Schema  string     `json:"schema"`
	Baskets int        `json:"baskets"`
	Sizes   []int      `json:"sizes"`
	Items   []Item     `json:"items"`
	Rules   []ruleJSON `json:"rules"`
}

// Save writes the model as JSON, all in whole numbers. Load reads it back to the same behaviour, bit for bit.
func (c *CrossSell) Save() ([]byte, error) {
	j := crossSellJSON{Schema: schema, Baskets: c.Baskets, Sizes: c.Sizes, Items: c.Items, Rules: []ruleJSON{}}
	for _, r := range c.Rules {
		j.Rules = append(j.Rules, ruleJSON{r.If, r.Then[0], r.Count, r.IfCount})
	}
	return json.Marshal(j)
}

// Load reads what Save wrote. An error names what is wrong in the document.
func Load(b []byte) (*CrossSell, error) {
	var j crossSellJSON
	if err := field.Document(b, schema, &j); err != nil {
		return nil, err
	}
	c := &CrossSell{Baskets: j.Baskets, Items: j.Items, Sizes: j.Sizes}
	for _, r := range j.Rules {
		rule := Rule{If: r.If, Then: []int{r.Then}, Count: r.Count, IfCount: r.IfCount}
		if at := c.place(r.Then); at >= 0 {
			rule.ThenCount = c.Items[at].Count
		}
		rule.measure(j.Baskets)
		c.Rules = append(c.Rules, rule)
	}
	if err := c.prepare(); err != nil {
		return nil, err
	}
	return c, nil
}

// maximumBaskets keeps counts within what 32 bits and sums of them hold.
const maximumBaskets = 1 << 31

// check reports the first thing that no baskets can have led to.
func (c *CrossSell) check() error {
	if c.Baskets < 1 || c.Baskets >= maximumBaskets {
		return field.New("baskets", c.Baskets, "a count from 1 to 2^31 - 1")
	}
	items, baskets := 0, 0
	for k, n := range c.Sizes {
		if n < 0 || n > c.Baskets || k > len(c.Items) && n > 0 {
			return field.New(fmt.Sprintf("sizes[%d]", k), n, "a number of baskets, with no more items than there are")
		}
		items, baskets = items+k*n, baskets+n
	}
	if baskets != c.Baskets {
		return field.New("sizes", fmt.Sprintf("%d baskets", baskets), fmt.Sprintf("%d, all of them", c.Baskets))
	}
	for i, item := range c.Items {
		key := fmt.Sprintf("items[%d]", i)
		switch {
		case item.Item < 0 || i > 0 && item.Item <= c.Items[i-1].Item:
			return field.New(key+".item", item.Item, "numbers from 0 on, ascending")
		case item.Count < 1 || item.Count > c.Baskets:
			return field.New(key+".count", item.Count, "a number of baskets, at least one")
		}
		items -= item.Count
	}
	if items != 0 {
		return field.New("items", fmt.Sprintf("%d less than the sizes say", items), "as many as the baskets hold together")
	}
	for i := range c.Rules {
		if err := c.checkRule(fmt.Sprintf("rules[%d]", i), &c.Rules[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *CrossSell) checkRule(key string, r *Rule) error {
	most := c.Baskets // that hold all of If
	for i, item := range r.If {
		at := c.place(item)
		if at < 0 || i > 0 && item <= r.If[i-1] {
			return field.New(key+".if", fmt.Sprint(r.If), "some of the items, ascending")
		}
		most = min(most, c.Items[at].Count)
	}
	then := c.place(r.Then[0])
	switch {
	case len(r.If) == 0:
		return field.New(key+".if", "no item", "at least one")
	case then < 0 || slices.Contains(r.If, r.Then[0]):
		return field.New(key+".then", r.Then[0], "one of the items that is not in if")
	case r.IfCount < 1 || r.IfCount > most:
		return field.New(key+".if_count", r.IfCount, "a number of baskets, no more than hold each item of if")
	case r.Count < 1 || r.Count > min(r.IfCount, c.Items[then].Count):
		return field.New(key+".count", r.Count, "a number of baskets, no more than hold if, or then")
	}
	return nil
}
