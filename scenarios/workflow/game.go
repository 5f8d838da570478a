package workflow

import (
	"context"

	"github.com/souk-sim/souk/market/oligopoly"
	"github.com/souk-sim/souk/scenarios"
)

// gameMeasures lists what is measured in a repeated game.
func gameMeasures() []MeasureKind {
	return []MeasureKind{
		{"nash-price", "$", "price in the one-shot equilibrium, mean of the firms"},
		{"nash-price:FIRM", "$", "of a firm"},
		{"nash-profit", "$", "a firm's profit a period there, mean of the firms"},
		{"nash-profit:FIRM", "$", "of a firm"},
		{"nash-output", "units", "sold there by all firms together"},
		{"monopoly-price", "$", "price at the joint optimum, mean of the firms"},
		{"monopoly-price:FIRM", "$", "of a firm"},
		{"monopoly-profit", "$", "a firm's profit a period there, mean of the firms"},
		{"monopoly-profit:FIRM", "$", "of a firm"},
		{"monopoly-output", "units", "sold there by all firms together"},
	}
}

// measureGame plays the sessions of a repeated game and measures what was learned in them.
func measureGame(ctx context.Context, s *scenarios.Scenario, workers int, watch func(done, total int)) ([]Measure, error) {
	cfg := s.GameConfig()
	nash, err := cfg.Nash()
	if err != nil {
		return nil, err
	}
	joint, err := cfg.Monopoly()
	if err != nil {
		return nil, err
	}
	all := append(outcome("nash", cfg, nash), outcome("monopoly", cfg, joint)...)
	return all, ctx.Err()
}

// outcome are the measures of an outcome that is computed.
func outcome(name string, cfg *oligopoly.Config, o *oligopoly.Outcome) []Measure {
	price, profit, output := 0.0, 0.0, 0.0
	n := float64(len(cfg.Firms))
	var each []Measure
	for i, f := range cfg.Firms {
		price += o.Prices[i] / n
		profit += o.Profits[i] / n
		output += o.Quantities[i]
		each = append(each, Measure{Name: name + "-price:" + f.Name, Unit: "$", Value: o.Prices[i]}, Measure{Name: name + "-profit:" + f.Name, Unit: "$", Value: o.Profits[i]})
	}
	return append([]Measure{{Name: name + "-price", Unit: "$", Value: price}, {Name: name + "-profit", Unit: "$", Value: profit}, {Name: name + "-output", Unit: "units", Value: output}}, each...)
}
