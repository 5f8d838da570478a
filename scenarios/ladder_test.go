package scenarios

import (
	"testing"

	"github.com/BurntSushi/toml"

	"github.com/souk-sim/souk/market"
)

func TestAGridOffersEveryCombinationOfPrices(t *testing.T) {
	const grid = `{ grid = [[9, 10], [5.5], [0, 2]], promotions = ["deal"] }`
	var l, again Ladder
	decode := func(text string, into *Ladder) error {
		var v struct{ Offers Ladder }
		_, err := toml.Decode(text, &v)
		*into = v.Offers
		return err
	}
	if err := decode("offers = "+grid, &l); err != nil {
		t.Fatal(err)
	}
	if n := len(l.Offers); n != 8 {
		t.Fatalf("%d offers, expected 2·1·2 and as many with the promotion", n)
	}
	last := l.Offers[7]
	if last.Price != 10 || last.Prices[1] != 5.5 || last.Prices[2] != 2 || last.Promotion != "deal" {
		t.Errorf("the last offer is %+v", last)
	}
	text, err := l.MarshalTOML()
	if err != nil {
		t.Fatal(err)
	}
	if err := decode("offers = "+string(text), &again); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if once, _ := again.MarshalTOML(); string(once) != string(text) {
		t.Errorf("canonical form %s reads back as %s", text, once)
	}
	for _, bad := range []string{"{ grid = 3 }", "{ grid = [] }", "{ grid = [[]] }", "{ grid = [[0], [1]] }", "{ grid = [[1], [-1]] }", "{ grid = [[1]], rungs = 2 }", "{ grid = [[1, 2], [3, 3]] }"} {
		if decode("offers = "+bad, &again) == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	s := market.Seller{Products: []string{"new", "used"}, Offers: []market.Offer{{Price: 9, Prices: []float64{9, 5}, Promotion: "deal"}}}
	if o := s.Called(0); o.Price != 9 || o.Promotion != "used 5, deal" {
		t.Errorf("an offer of several prices is called %+v", o)
	}
}
