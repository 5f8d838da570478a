package workflow

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// ChainRules names what can be simulated in a chain's category beside bundles.
const ChainRules = "fixed:PRICE, cycle:REGULAR/DEAL/LENGTH/DEALWEEKS, history, cost-plus, random"

// Named is a policy that is to be simulated: what the table calls it, and how it is made once the market's features are known.
type Named struct {
	Name   string
	Digest string // tells it apart from all others
	Policy func(spec *env.Spec) (policies.Policy, error)
}

// rule finds what a name asks for among ChainRules.
func (c *chain) rule(name string) (make rule, ok bool, err error) {
	kind, arguments, _ := strings.Cut(name, ":")
	var numbers []float64
	for part := range strings.SplitSeq(arguments, "/") {
		if x, err := strconv.ParseFloat(part, 64); err == nil {
			numbers = append(numbers, x)
		}
	}
	is := func(r rules.Rule) rule {
		return func(_ context.Context, w world, _ int) (policies.Policy, error) { return r.Policy(w.seats().Spec) }
	}
	switch {
	case kind == "fixed" && len(numbers) == 1:
		return is(&rules.Fixed{Price: numbers[0]}), true, onLadder(c.s, name, numbers)
	case kind == "cycle" && len(numbers) == 4:
		cycle := &rules.Cycle{Regular: numbers[0], Deal: numbers[1], Length: int(numbers[2]), DealPeriods: int(numbers[3])}
		if cycle.Length < 1 || cycle.DealPeriods < 0 || cycle.DealPeriods > cycle.Length || float64(cycle.Length) != numbers[2] || float64(cycle.DealPeriods) != numbers[3] {
			return nil, true, field.New("--policy", name, "cycle:REGULAR/DEAL/LENGTH/DEALWEEKS in whole weeks, DEALWEEKS from 0 to LENGTH")
		}
		return is(cycle), true, onLadder(c.s, name, numbers[:2])
	case name == history:
		prices, _ := recorded(c.s, c.data)
		return is(&rules.Replay{Prices: prices}), true, nil
	case name == costPlus:
		return func(_ context.Context, w world, _ int) (policies.Policy, error) {
			return (&rules.CostPlus{Feature: "cost", Markup: markup(c.s, c.models, c.full)}).Policy(w.seats().Spec)
		}, true, nil
	case name == random:
		return is(&rules.Random{}), true, nil
	}
	return nil, false, nil
}

// onLadder refuses prices that the scenario's ladder does not have: another price would be played in their place.
func onLadder(s *scenarios.Scenario, name string, prices []float64) error {
	offers := s.Learner().Offers
	for _, price := range prices {
		best := offers[0]
		for _, offer := range offers {
			if math.Abs(offer-price) < math.Abs(best-price) {
				best = offer
			}
		}
		if !(math.Abs(best-price) < 1e-9) {
			return field.New("--policy", fmt.Sprintf("%s: %.2f is not on the ladder %.2f … %.2f", name, price, offers[0], offers[len(offers)-1]),
				fmt.Sprintf("one of its prices, nearest %.2f", best))
		}
	}
	return nil
}

// Simulate plays policies in the scenario's market, without learning: those that names stand for (Rules), and those of load, which is
// asked for any other name before anything is fitted. The comparison is paired with the first. What is wrong with a name is a
// *field.Error with the key --policy.
func Simulate(ctx context.Context, s *scenarios.Scenario, names []string, load func(name, rules string) (Named, error), workers int, watch func(Progress)) (*Simulation, error) {
	scene, err := Open(s)
	if err != nil {
		return nil, err
	}
	r := &Run{Scenario: s, Workers: workers, Watch: watch}
	if s.Learner() == nil {
		if len(names) > 0 {
			return nil, field.New("--policy", names[0], "none: all sellers of the scenario have a brain")
		}
		return scene.simulateAll(ctx, r)
	}
	_, c, err := stage(ctx, scene, names, load, r)
	if err != nil {
		return nil, err
	}
	r.tell(Progress{Stage: "simulate", Total: len(c.Contestants) * c.Paths}) // what rules were tuned on is before it
	result, err := c.Run(ctx)
	if err != nil {
		return nil, err
	}
	simulation := &Simulation{Result: result}
	title, below := scene.simulated(simulation)
	if b, ok := scene.(*bazaar); ok {
		first := c.Contestants[0]
		if simulation.Segments, err = b.segments(first.Name, first.Policies[0]); err != nil {
			return nil, err
		}
		if text := simulation.Segments.text; text != "" {
			below += "\n" + text
		}
	}
	simulation.text = title + "\n\n" + headline(result, s.Time.Period) + below
	return simulation, nil
}

// stage fits what the scene needs and readies the contest of the named policies, each with one policy.
func stage(ctx context.Context, scene Scene, names []string, load func(name, rules string) (Named, error), r *Run) (world, *evaluate.Contest, error) {
	players, err := cast(scene, names, load)
	if err != nil {
		return nil, nil, err
	}
	r.tell(Progress{Stage: "fit", Total: 1})
	if err := scene.Fit(ctx, r.workers(), r.counting("fit")); err != nil {
		return nil, nil, err
	}
	_, full, err := scene.worlds(ctx)
	if err != nil {
		return nil, nil, err
	}
	c := contest(r.Scenario, full, r.workers(), r.counting("simulate"))
	for _, player := range players {
		p, err := player.policy(ctx, full, r.workers())
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", player.name, err)
		}
		c.Contestants = append(c.Contestants, evaluate.Contestant{Name: player.name, Policies: []policies.Policy{p}})
	}
	c.References = []string{players[0].name}
	return full, c, nil
}

// cast finds the named policies.
func cast(scene ground, names []string, load func(name, rules string) (Named, error)) (players []player, err error) {
	if len(names) == 0 {
		names = scene.usual()
	}
	if len(names) == 0 {
		return nil, field.New("--policy", "none", "a bundle's folder or one of "+scene.rules())
	}
	taken := map[string]bool{}
	for _, name := range names {
		p := player{name: name}
		var ok bool
		if p.policy, ok, err = scene.rule(name); err == nil && !ok {
			var loaded Named
			loaded, err = load(name, scene.rules())
			p.name = loaded.Name
			p.policy = func(_ context.Context, w world, _ int) (policies.Policy, error) { return loaded.Policy(w.seats().Spec) }
		}
		if err != nil {
			return nil, err
		}
		if ok && taken[name] {
			return nil, field.New("--policy", name+" again", "each policy once")
		}
		for n, plain := 2, p.name; taken[p.name]; n++ {
			p.name = fmt.Sprintf("%s (%d)", plain, n)
		}
		taken[p.name] = true
		players = append(players, p)
	}
	return players, nil
}

// player is a policy that is to be simulated, and what the table calls it.
type player struct {
	name   string
	policy rule
}

// Simulation is a comparison without learning.
type Simulation struct {
	*evaluate.Result
	Accounts []Account    `json:"accounts,omitempty"` // of an open market, by policy
	Segments *Segments    `json:"segments,omitempty"` // of an open market, under the first policy
	Sellers  []SellerLine `json:"sellers,omitempty"`  // where all have a brain; there is no Result then

	text string
}

// Text is the simulation as text of at most 100 columns, with a title that says what its numbers are.
func (m *Simulation) Text() string { return m.text }

// leastWeeks is how many weeks with data the choice model asks of the training and of the validation periods.
const leastWeeks = 26

// CheckData tells whether a scenario goes with its data, before anything is fitted. The error is a *field.Error with the scenario's
// file, line and key.
func CheckData(s *scenarios.Scenario, d *Data) error {
	for _, part := range []struct {
		key  string
		span [2]int
	}{{"train", s.Data.Split.Train}, {"validation", s.Data.Split.Validation}} {
		if n := len(d.Panel.Between(part.span).Periods); n < leastWeeks {
			return s.Fault(fmt.Sprintf("%d weeks with data in %d to %d", n, part.span[0], part.span[1]), fmt.Sprintf("at least %d", leastWeeks), "data", "split", part.key)
		}
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, p := range logs.Column(d.Panel.Price, s.Own()) {
		if !math.IsNaN(p) {
			low, high = min(low, p), max(high, p)
		}
	}
	offers := s.Learner().Offers
	if first, last := offers[0], offers[len(offers)-1]; first > high || last < low {
		i := slices.IndexFunc(s.Sellers, func(o scenarios.Seller) bool { return o.Brain == nil })
		return s.Fault(fmt.Sprintf("prices from %.4g to %.4g", first, last),
			fmt.Sprintf("a ladder that meets the prices on record, %.4g to %.4g $: the models know nothing of others", low, high), "sellers", strconv.Itoa(i), "offers")
	}
	return nil
}

func (c *chain) simulated(r *Simulation) (title, below string) {
	return fmt.Sprintf("%s: mean %s a week of the whole chain, $, over the same %d paths of %d weeks.\n± is half of the %.0f%% interval; over %s is paired, path by path",
		c.s.Name, strings.ReplaceAll(c.s.Learner().Reward.Of, "-", " "), r.Paths, c.s.Time.Horizon, 100*r.Level, r.References[0]), ""
}

// simulateAll has no use here: a category has a learning seller.
func (c *chain) simulateAll(context.Context, *Run) (*Simulation, error) {
	return nil, c.s.Fault("a brain in every seller", "one without", "sellers")
}

func (c *chain) rules() string { return ChainRules }
