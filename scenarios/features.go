package scenarios

import (
	"slices"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/market/category"
	"github.com/souk-sim/souk/sim/env"
)

// Features lists what the learning seller can see, in the order of its observations.
func (s *Scenario) Features() []env.Feature {
	if cfg := s.MarketConfig(); cfg != nil {
		return market.Features(cfg, cfg.Focal)
	}
	return category.Features(s.Data.Products, s.Own())
}

// hidden lists what no seller could know, and the learning one sees only where its key knows names it; a category has nothing of the kind.
func (s *Scenario) hidden() []env.Feature {
	if cfg := s.MarketConfig(); cfg != nil {
		return market.Hidden(cfg, cfg.Focal)
	}
	return nil
}

// Learner is the seller whose place the agents take; nil in an open market where all have a brain.
func (s *Scenario) Learner() *Seller {
	for i := range s.Sellers {
		if s.Sellers[i].Learns() {
			return &s.Sellers[i]
		}
	}
	return nil
}

// Learns tells whether a seller has no brain.
func (s *Seller) Learns() bool { return s.Brain == nil && s.Rule == nil }

// reviews is how many reviews the learning seller has in an episode; where only what happens calls them, as many as periods.
func (s *Scenario) reviews() int {
	if seller := s.Learner(); seller != nil && seller.Review.Every.N > 0 {
		return max(1, int(float64(s.Time.Horizon)*unitDays(s.Time.Period)/seller.Review.Every.Days()))
	}
	return s.Time.Horizon
}

// Own is the learner's product, as an index into Data.Products.
func (s *Scenario) Own() int { return slices.Index(s.Data.Products, s.Learner().Prices[0]) }
