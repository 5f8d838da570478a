package basket

import (
	"math"
	"strings"
	"testing"
)

func TestDescribedHabitsDriveTheBasket(t *testing.T) {
	c, err := ByHand(map[string]float64{"bread": 0.4, "butter": 0.1, "soap": 0.05, "milk": 0.3}, []Habit{{[]string{"butter"}, "bread", 0.9}})
	if err != nil {
		t.Fatal(err)
	}
	items := 0
	for k, n := range c.Sizes {
		items += k * n
	}
	if mean := float64(items) / float64(c.Baskets); math.Abs(mean-0.85) > 1e-9 || math.Abs(float64(c.Sizes[0])/float64(c.Baskets)-0.6*0.9*0.95*0.7) > 1e-5 {
		t.Errorf("%v items a basket, %d of %d baskets are empty", mean, c.Sizes[0], c.Baskets)
	}
	cart := c.Cart()
	cart.Add(1) // bread, butter, milk, soap
	if p, want := cart.Probability(0), 0.9/(0.9+0.3+0.05); math.Abs(p-want) > 1e-9 {
		t.Errorf("bread after butter with %v, want %v", p, want)
	}
	b, err := c.Save()
	if err != nil || !strings.Contains(string(b), `"butter"`) {
		t.Errorf("%s, %v", b, err)
	}
	if _, err := Load(b); err != nil {
		t.Error(err)
	}
}

func TestHabitsThatCannotBe(t *testing.T) {
	shares := map[string]float64{"bread": 0.4, "salt": 0.01}
	for want, h := range map[string]Habit{
		"rules[0].then":                {[]string{"bread"}, "beer", 0.5},
		"rules[0].if: found \"beer\"":  {[]string{"beer"}, "bread", 0.5},
		"rules[0].if: found \"bread\"": {[]string{"bread"}, "bread", 0.5},
		"rules[0].if: found no items":  {nil, "bread", 0.5},
		"rules[0].confidence":          {[]string{"bread"}, "salt", 0.5},
		"found 1.5":                    {[]string{"salt"}, "bread", 1.5},
	} {
		if _, err := ByHand(shares, []Habit{h}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	for _, shares := range []map[string]float64{nil, {"bread": 0}, {"bread": 1}} {
		if _, err := ByHand(shares, nil); err == nil {
			t.Errorf("%v: no error", shares)
		}
	}
}
