package oligopoly_test

import (
	"fmt"

	"github.com/souk-sim/souk/market/oligopoly"
	"github.com/souk-sim/souk/sim/env"
)

// The baseline duopoly of Calvano et al. (2020): its benchmarks, and a hundred periods on the top rung.
func Example() {
	cfg := &oligopoly.Config{
		Demand: oligopoly.Demand{Kind: "logit", Options: &oligopoly.Logit{Scale: 0.25}},
		Firms:  []oligopoly.Firm{{Name: "one", Cost: 1, Quality: 2}, {Name: "two", Cost: 1, Quality: 2}},
		Size:   1, Ladder: oligopoly.Ladder{Rungs: 15, Extend: 0.1},
		Moves: "simultaneous", Memory: 1, Discount: 0.95, Horizon: 100, End: "truncate",
	}
	nash, err := cfg.Nash()
	if err != nil {
		fmt.Println(err)
		return
	}
	joint, _ := cfg.Monopoly()
	game, err := oligopoly.New(cfg, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	var step env.TimeStep
	for game.Next(&step) {
		if step.Stage != env.Last {
			game.Act(len(step.Mask) - 1)
		}
	}
	profit := game.Account().OwnProfit / 100
	fmt.Printf("p^N %.5f, p^M %.5f, π^N %.5f, π^M %.5f\n", nash.Prices[0], joint.Prices[0], nash.Profits[0], joint.Profits[0])
	fmt.Printf("Δ on the top rung: %.3f\n", (profit-nash.Profits[0])/(joint.Profits[0]-nash.Profits[0]))
	// Output:
	// p^N 1.47293, p^M 1.92498, π^N 0.22293, π^M 0.33749
	// Δ on the top rung: 0.987
}
