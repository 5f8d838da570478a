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

// Learner is the seller whose place the agents take; nil in an open market where all have a brain.
func (s *Scenario) Learner() *Seller {
	for i := range s.Sellers {
		if s.Sellers[i].Learns() {
			return &s.Sellers[i]
		}
	}
	return nil
}

// Learns tells whether a seller is the one whose place the agents take: it has neither a brain nor an agent of its own.
func (s *Seller) Learns() bool { return s.Brain == nil && s.Rule == nil && s.Agent == "" }

// agent is the one called so; nil: there is none.
func (s *Scenario) agent(name string) *Agent {
	for i := range s.Agents {
		if s.Agents[i].Name == name {
			return &s.Agents[i]
		}
	}
	return nil
}

// Trains tells whether there is an agent of that name.
func (s *Scenario) Trains(name string) bool { return s.agent(name) != nil }

// LearnsBy is the agent by which a seller learns beside the learning one; nil: it does not.
func (s *Scenario) LearnsBy(seller *Seller) *Agent { return s.agent(seller.Agent) }

// reviews is how many reviews the learning seller has in an episode; where only what happens calls them, as many as periods.
func (s *Scenario) reviews() int {
	if seller := s.Learner(); seller != nil && seller.Review.Every.N > 0 {
		return max(1, int(float64(s.Time.Horizon)*unitDays(s.Time.Period)/seller.Review.Every.Days()))
	}
	return s.Time.Horizon
}

// Own is the learner's product, as an index into Data.Products.
func (s *Scenario) Own() int { return slices.Index(s.Data.Products, s.Learner().Prices[0]) }
