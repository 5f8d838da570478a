package market

import (
	"slices"
	"strings"
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

// A unit costs 1: at 1.3 times that, from 1.2 and up to 1.8, the ladder of half dollars and tenths has these left.
func TestOffersKeepToFloorCeilingAndCost(t *testing.T) {
	cfg := duopoly()
	us := &cfg.Sellers[0]
	us.Products, us.Levels, us.Opening = []string{"a"}, false, 0
	us.Offers = []Offer{{Price: 1.5}, {Price: 1.1}, {Price: 1.2}, {Price: 1.3}, {Price: 1.8}, {Price: 1.9}}
	us.Floor, us.Ceiling, us.Times = 1.2, 1.8, 1.3
	cfg.Sellers[1].Products = []string{"b", "c", "d"}
	cfg.Sellers[1].Floor = 0.85 // a level
	m, err := New(cfg, 1)
	if err != nil {
		t.Fatal(err)
	}
	m.Reset(1)
	for step := new(env.TimeStep); m.Next(step); {
		if step.Stage == env.Last {
			continue
		}
		want := [][]bool{{true, false, false, true, true, false}, {false, true, true}}[step.Player]
		if !slices.Equal(step.Mask, want) {
			t.Fatalf("seller %d may do %v, not %v", step.Player, step.Mask, want)
		}
		m.Act(slices.Index(step.Mask, true))
	}
	us.Ceiling = 1
	if _, err := New(cfg, 1); err == nil || !strings.Contains(err.Error(), "limit.floor") {
		t.Errorf("no offer within the limits: %v", err)
	}
}
