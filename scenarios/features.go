package scenarios

import (
	"slices"

	"github.com/souk-sim/souk/sim/env"
)

// Features lists what the learning seller can see, in the order of its observations.
func (s *Scenario) Features() []env.Feature {
	features := []env.Feature{
		{Name: "week", Unit: "weeks", Doc: "periods since the episode opened"},
		{Name: "calendar_week", Unit: "weeks", Doc: "week of the data's calendar"},
		{Name: "reference_price", Unit: "$", Doc: "what shoppers remember as the product's price"},
		{Name: "last_price", Unit: "$", Doc: "price posted last week"},
		{Name: "own_rung", Unit: "index", Doc: "offer made last week, as index into the ladder"},
		{Name: "deal_weeks", Unit: "weeks", Doc: "how many weeks in a row the product has been on deal"},
		{Name: "cost", Unit: "$", Doc: "wholesale cost of a unit at last week's offer"},
		{Name: "stock", Unit: "units", Doc: "units on hand; missing where stock is ample"},
		{Name: "sold", Unit: "units", Doc: "units sold last week; missing in the first"},
		{Name: "traffic", Unit: "customers", Doc: "customers who came last week; missing in the first"},
	}
	for _, product := range s.Data.Products {
		if product != s.Learner().Prices[0] {
			features = append(features, env.Feature{Name: "price:" + product, Unit: "$", Doc: "price of " + product + " last week"},
				env.Feature{Name: "deal:" + product, Unit: "0 or 1", Doc: "whether " + product + " was on deal last week"})
		}
	}
	return features
}

// Learner is the seller whose place the agents take.
func (s *Scenario) Learner() *Seller {
	i := slices.IndexFunc(s.Sellers, func(seller Seller) bool { return seller.Brain == nil })
	return &s.Sellers[i] // a checked scenario has one
}
