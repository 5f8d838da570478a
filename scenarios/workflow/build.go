package workflow

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/category"
	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// World is the market of a chain's category, and who plays in it beside the learner.
type World struct {
	Config *category.Config
	Seats

	of string // the learner's objective
}

func (w *World) seats() *Seats { return &w.Seats }

func (w *World) open(master uint64) (train.World, error) { return category.New(w.Config, master) }

func (w *World) share() float64 { return w.Config.Share }

func (w *World) score(a *results.Metrics) float64 {
	return earned(w.of, a) / float64(max(a.Periods, 1)) / w.Config.Share
}

// earned is what an account says of an objective, $.
func earned(of string, a *results.Metrics) float64 {
	switch of {
	case "brand-profit":
		return a.OwnProfit
	case "revenue":
		return a.OwnRevenue
	}
	return a.Profit
}

// quick is the world with demand in closed form: the same traffic, shocks and rivals, no single shoppers.
func (w *World) quick() world { return w.expected() }

func (w *World) expected() *World {
	cfg := *w.Config
	cfg.Expected = true
	return &World{Config: &cfg, Seats: w.Seats, of: w.of}
}

// Build makes the market of a scenario from its fitted models, for a share of the chain's customers.
func Build(s *scenarios.Scenario, d *Data, m *Models, share float64) (*World, error) {
	own := s.Own()
	reward := s.Learner().Reward
	cfg := &category.Config{
		Choice: m.Choice, Own: own, Start: s.Time.Start, Horizon: s.Time.Horizon, Skip: s.Time.Start - m.Traffic.Next(), Terminal: s.Time.End == "terminate",
		Share: share, Expected: s.Market.Resolution == "expected", NoShock: !s.Market.Shock,
		Reward: category.Reward{Of: category.Objective(reward.Of), Discount: reward.Discount, Holding: reward.Holding,
			LostUnit: reward.LostUnit, PriceChange: reward.PriceChange * share},
		Traffic: func() (demand.Simulator, error) { return m.Traffic.simulator(s, d) },
	}
	if s.Stock.Policy == "base-stock" {
		cfg.Stock = category.Stock{CoverDays: s.Stock.CoverDays, Safety: s.Stock.Safety, LeadTimeDays: s.Stock.LeadTimeDays}
	}
	past := d.Panel.Between([2]int{s.Data.Split.Train[0], s.Time.Start - 1})
	for j, name := range s.Data.Products {
		history := logs.Column(past.Price, j)
		last, reference := remembered(history, m.Choice)
		p := category.Product{Name: name, Reference: reference, Regular: regularPrice(history)}
		if j == own {
			limit := s.Learner().Limit
			p.Rungs, p.Drop, p.Rise, p.Change = ownLadder(s, m), limit.BelowReference, limit.AboveReference, limit.Change
			p.Floor, p.Ceiling, p.Times = limit.Floor, limit.Ceiling, limit.Times()
		} else {
			p.Rungs = rivalLadder(m, j)
		}
		p.Opening = nearest(p.Rungs, last)
		cfg.Products = append(cfg.Products, p)
	}
	w := &World{Config: cfg, of: reward.Of}
	return w, w.people(s, m)
}

// remembered returns the last price of a history and the reference price after it.
func remembered(prices []float64, c *choice.ShareLogit) (last, reference float64) {
	last, reference = missing, missing
	for _, p := range prices {
		switch {
		case math.IsNaN(p):
			continue
		case math.IsNaN(reference):
			reference = p
		default:
			reference = c.NextReference(reference, p)
		}
		last = p
	}
	return last, reference
}

// regularPrice is the highest of the last prices that the choice model's regular price looks back to from the week after; 0 without any.
func regularPrice(prices []float64) float64 {
	highest, seen := 0.0, 0
	for _, p := range slices.Backward(prices) {
		if !math.IsNaN(p) && seen < choice.RegularWeeks-1 {
			highest = max(highest, p)
			seen++
		}
	}
	return highest
}

func nearest(rungs []category.Rung, price float64) int {
	best := 0
	for i := range rungs {
		if math.Abs(rungs[i].Price-price) < math.Abs(rungs[best].Price-price) {
			best = i
		}
	}
	return best
}

// ownLadder is the scenario's, at the recent cost of the product. It is one cost for all rungs: the data's falls in deals because stock bought in
// trade deals is sold in them, but a lower price does not make the next delivery cheaper.
func ownLadder(s *scenarios.Scenario, m *Models) []category.Rung {
	cost := 0.0
	deals := m.Prices[s.Own()].Deals
	for i, share := range deals.Stationary() {
		cost += float64(share * deals.Rungs()[i].Cost)
	}
	var rungs []category.Rung
	for _, price := range s.Learner().Offers {
		rungs = append(rungs, category.Rung{Price: price, Cost: cost, Display: missing})
	}
	return rungs
}

func rivalLadder(m *Models, j int) []category.Rung {
	var rungs []category.Rung
	for _, r := range m.Prices[j].Deals.Rungs() {
		rungs = append(rungs, category.Rung{Price: r.Price, Cost: r.Cost, Display: r.Display, Deal: r.Deal})
	}
	return rungs
}

// people fills in what needs the players' specs.
func (w *World) people(s *scenarios.Scenario, m *Models) error {
	world, err := category.New(w.Config, 0)
	if err != nil {
		return err
	}
	w.Learner, w.Spec = w.Config.Own, world.Spec(w.Config.Own)
	w.Others = make([]policies.Policy, world.Players())
	for j := range w.Others {
		if j == w.Config.Own {
			continue
		}
		deals := m.Prices[j].Deals
		rule := rules.MarkovDeals{Feature: "own_rung", Start: deals.Stationary()}
		for from := range rule.Start {
			row := make([]float64, len(rule.Start))
			for to := range row {
				row[to] = deals.Transition(from, to)
			}
			rule.Transition = append(rule.Transition, row)
		}
		if w.Others[j], err = rule.Policy(world.Spec(j)); err != nil {
			return fmt.Errorf("%s: %w", deals.Product(), err)
		}
	}
	w.Encoder, err = encoder(s.Learner(), w.Spec)
	return err
}

// encoder cuts the features of a seller's state into cells.
func encoder(seller *scenarios.Seller, spec *env.Spec) (policies.Encoder, error) {
	return binned(seller.State, spec, "sellers."+seller.Name+".state.")
}

// binned cuts the features of a state, whose key is for messages, into cells, in the order of the observation.
func binned(state map[string]scenarios.Feature, spec *env.Spec, key string) (policies.Encoder, error) {
	var e policies.Encoder
	for i, f := range spec.Features {
		in, ok := state[f.Name]
		if !ok {
			continue
		}
		if in.Edges != nil {
			e.Dimensions = append(e.Dimensions, policies.Dimension{Feature: f.Name, Index: i, Edges: in.Edges})
			continue
		}
		from, to := f.Min, f.Max
		if in.From != nil {
			from = *in.From
		}
		if in.To != nil {
			to = *in.To
		}
		if from >= to {
			return e, field.New(key+f.Name, fmt.Sprintf("cells from %v to %v", from, to), "from below to, or edges")
		}
		e.Dimensions = append(e.Dimensions, policies.Uniform(f.Name, i, from, to, in.Bins))
	}
	return e, e.Validate(spec)
}
