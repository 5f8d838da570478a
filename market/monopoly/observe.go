package monopoly

import (
	"math"

	"github.com/souk-sim/souk/sim/env"
)

// places are the features' indices in an observation, −1 for what there is not.
type places struct{ period, left, phase, stock, last, reference, rival, sold int }

// describe writes the spec and what each state allows.
func (p *Process) describe() {
	cfg, top := p.cfg, float64(len(p.prices)-1)
	low, high := p.prices[0], p.prices[len(p.prices)-1]
	add := func(f env.Feature) int {
		p.spec.Features = append(p.spec.Features, f)
		return len(p.spec.Features) - 1
	}
	p.at = places{-1, -1, -1, -1, -1, -1, -1, -1}
	if !p.Endless() {
		p.at.period = add(env.Feature{Name: "period", Unit: "periods", Doc: "periods since the episode opened", Max: float64(cfg.Reviews)})
		p.at.left = add(env.Feature{Name: "periods_left", Unit: "periods", Doc: "periods until the market closes", Max: float64(cfg.Reviews)})
	}
	if p.phases > 1 {
		p.at.phase = add(env.Feature{Name: "season_period", Unit: "periods", Doc: "place in the season, from 0", Max: float64(p.phases - 1)})
	}
	if cfg.Stock > 0 {
		p.at.stock = add(env.Feature{Name: "stock", Unit: "units", Doc: "units left", Max: float64(cfg.Stock)})
	}
	p.at.last = add(env.Feature{Name: "last_rung", Unit: "index", Doc: "rung of the last period's price; missing at the opening", Max: top})
	lastPrice := add(env.Feature{Name: "last_price", Unit: "$", Doc: "the last period's price; missing at the opening", Min: low, Max: high})
	if cfg.Reference != nil {
		p.at.reference = add(env.Feature{Name: "reference_point", Unit: "index", Doc: "reference price, as index into its grid", Max: float64(len(p.grid) - 1)})
		price := add(env.Feature{Name: "reference_price", Unit: "$", Doc: "the price that shoppers remember", Min: low, Max: high})
		if cfg.Reference.Drop > 0 {
			p.spec.Limits = append(p.spec.Limits, env.Limit{Feature: "reference_price", Index: price, Drop: cfg.Reference.Drop})
		}
	}
	if cfg.Rival != nil {
		least, most := math.Inf(1), 0.0
		for _, q := range cfg.Rival.Prices {
			least, most = min(least, q), max(most, q)
		}
		p.at.rival = add(env.Feature{Name: "rival_state", Unit: "index", Doc: "the rival's price, as index into its script", Max: float64(p.rivals - 1)})
		add(env.Feature{Name: "rival_price", Unit: "$", Doc: "the rival's price in the coming period", Min: least, Max: most})
	}
	cost := add(env.Feature{Name: "unit_cost", Unit: "$", Doc: "cost of a unit", Min: cfg.Cost, Max: cfg.Cost})
	p.at.sold = add(env.Feature{Name: "sold", Unit: "units", Doc: "units sold in the last period; missing at the opening", Max: max(float64(cfg.Stock), p.most())})
	if cfg.Markdown {
		p.spec.Limits = append(p.spec.Limits, env.Limit{Feature: "last_price", Index: lastPrice, Rise: 1e-12}) // 0 would be no limit
	}
	if l := cfg.Limit; l != nil {
		if l.Floor > 0 || l.Ceiling > 0 {
			p.spec.Limits = append(p.spec.Limits, *l.bounds())
		}
		if l.Markup != nil {
			p.spec.Limits = append(p.spec.Limits, env.Limit{Feature: "unit_cost", Index: cost, Times: 1 + *l.Markup})
		}
	}
	for _, price := range p.prices {
		p.spec.Offers = append(p.spec.Offers, env.Offer{Price: price})
	}
	seen := make([]float64, len(p.spec.Features))
	for last := range p.lasts {
		for reference := range p.grid {
			mask := make([]bool, len(p.prices))
			p.Observe(0, State{Last: last, Reference: reference}, seen)
			p.spec.Allow(seen, mask)
			p.masks = append(p.masks, mask)
		}
	}
}

// most is what is sold at most in expectation.
func (p *Process) most() float64 {
	most := 0.0
	for i := range p.laws {
		most = max(most, p.laws[i].mean)
	}
	return most
}

// Tells is whether states tell a feature: not the units sold in the last period, nor the last price where the process does not hang on it.
func (p *Process) Tells(feature int) bool {
	return feature != p.at.sold && (p.lasts > 1 || feature != p.at.last && feature != p.at.last+1)
}

// Observe fills an observation of a state (in the order of Spec). What the state does not tell is missing: the last price where the process does not hang on it, and the
// units sold.
func (p *Process) Observe(period int, s State, seen []float64) {
	last := -1
	if p.lasts > 1 && s.Last < len(p.prices) {
		last = s.Last
	}
	p.observe(period, &s, last, math.NaN(), seen)
}

// observe fills what a seller sees who posted rung last (−1: none) and sold so much.
func (p *Process) observe(period int, s *State, last int, sold float64, seen []float64) {
	if p.at.period >= 0 {
		seen[p.at.period], seen[p.at.left] = float64(period), float64(p.cfg.Reviews-period)
	}
	if p.at.phase >= 0 {
		if !p.Endless() {
			seen[p.at.phase] = float64(period % p.phases)
		} else {
			seen[p.at.phase] = float64(s.Phase)
		}
	}
	if p.at.stock >= 0 {
		seen[p.at.stock] = float64(s.Stock)
	}
	seen[p.at.last], seen[p.at.last+1] = math.NaN(), math.NaN()
	if last >= 0 {
		seen[p.at.last], seen[p.at.last+1] = float64(last), p.prices[last]
	}
	if p.at.reference >= 0 {
		seen[p.at.reference], seen[p.at.reference+1] = float64(s.Reference), p.grid[s.Reference]
	}
	if p.at.rival >= 0 {
		seen[p.at.rival], seen[p.at.rival+1] = float64(s.Rival), p.cfg.Rival.Prices[s.Rival]
	}
	seen[p.at.sold-1], seen[p.at.sold] = p.cfg.Cost, sold
}
