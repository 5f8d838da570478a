package scenarios

import (
	"slices"

	"github.com/souk-sim/souk/market/category"
	"github.com/souk-sim/souk/sim/env"
)

// Features lists what the learning seller can see, in the order of its observations.
func (s *Scenario) Features() []env.Feature { return category.Features(s.Data.Products, s.Own()) }

// Learner is the seller whose place the agents take.
func (s *Scenario) Learner() *Seller {
	i := slices.IndexFunc(s.Sellers, func(seller Seller) bool { return seller.Brain == nil })
	return &s.Sellers[i] // a checked scenario has one
}

// Own is the learner's product, as an index into Data.Products.
func (s *Scenario) Own() int { return slices.Index(s.Data.Products, s.Learner().Prices[0]) }
