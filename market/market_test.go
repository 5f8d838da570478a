package market

import (
	"testing"

	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/env/envtest"
)

// duopoly is a small market: two sellers of two products each, two personas.
func duopoly() *Config {
	reward := Reward{Of: Profit, Discount: 0.95}
	ladder := []Offer{{Price: 0.8}, {Price: 0.9}, {Price: 1}}
	return &Config{PeriodDays: 1, Horizon: 5,
		Traffic:  Traffic{Visitors: 200},
		Personas: []Persona{{Name: "careful", Share: 2, Price: -2, Units: 1}, {Name: "rich", Share: 1, Price: -0.5, Units: 1.5}},
		Products: []Product{{Name: "a", Price: 2, Cost: 1, Appeal: 4}, {Name: "b", Price: 3, Cost: 1, Appeal: 5}, {Name: "c", Price: 2, Cost: 1, Appeal: 4}, {Name: "d", Price: 3, Cost: 2, Appeal: 5}},
		Sellers: []Seller{{Name: "us", Products: []string{"a", "b"}, Levels: true, Offers: ladder, Opening: 2, Review: Review{Every: 1}, Reward: reward},
			{Name: "them", Products: []string{"c", "d"}, Levels: true, Offers: ladder, Opening: 2, Review: Review{Every: 1}, Reward: reward}},
		Visit: Visit{Kind: Shelf, ThinkMinutes: 10, PayMinutes: 5, SoldOut: "seen", Places: 10, Spread: 1, Consider: 5},
	}
}

func TestMarketKeepsTheContract(t *testing.T) {
	envtest.Run(t, func() env.Environment {
		m, err := New(duopoly(), 1)
		if err != nil {
			t.Fatal(err)
		}
		return m
	}, envtest.EpisodesDiffer, envtest.Simultaneous)
}
