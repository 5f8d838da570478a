package workflow

import (
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/market/optimum"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// ProblemRules names what can decide in a pricing problem beside bundles.
const ProblemRules = "optimum, best-fixed, fixed:PRICE, those of evaluate.rules, and each kind of rule that needs no parameters"

// DecisionLog is what is to be logged of a simulation, decision by decision, and what was.
type DecisionLog struct {
	Policy       string  // that decides: a bundle, a rule, or explore(POLICY,ε) of one; "" is what the scenario compares with first
	Explore      float64 // ε: with this probability any allowed offer, all equally likely
	First, Paths int     // episodes First … First+Paths−1 are played; Paths 0: as many as the scenario's comparison has

	Decisions int64
	Reward    float64 // mean of episodes, discounted
}

// Log plays a policy as Simulate does, in a market of any kind or a pricing problem, and logs every decision. What is wrong with a policy is a *field.Error
// with the key --policy. Where the market is open, tell, nil for nobody, is given what came of each decision of an episode after write was given them: who came, and
// what was sold of each of the seller's products.
func (l *DecisionLog) Log(ctx context.Context, s *scenarios.Scenario, load func(name, rules string) (Named, error), workers int, watch func(Progress), write func(*decisionlog.Record) error,
	tell func(*decisionlog.Outcome) error) error {
	r := &Run{Scenario: s, Workers: workers, Watch: watch}
	c, err := openCounter(ctx, s, load, r)
	if err != nil {
		return err
	}
	policy, err := c.named(ctx, l.Policy)
	if err != nil {
		return err
	}
	l.Policy = policy.name
	if l.Explore > 0 {
		if policy.Policy, err = policies.Explore(policy.Policy, c.spec, l.Explore); err != nil {
			return err
		}
		l.Policy = fmt.Sprintf("explore(%s,%g)", policy.name, l.Explore)
	}
	policy.name = l.Policy
	if l.Paths == 0 {
		l.Paths = s.Evaluate.Paths
	}
	records := 0
	err = c.play(ctx, policy, l.First, l.Paths, r, func(episode []decisionlog.Record, outcomes []decisionlog.Outcome) error {
		records += len(episode)
		l.Reward += earnings(episode) / float64(l.Paths)
		for i := range episode {
			if err := write(&episode[i]); err != nil {
				return err
			}
		}
		for i := range outcomes {
			if tell != nil {
				if err := tell(&outcomes[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	l.Decisions = int64(records)
	return err
}

// earnings is what an episode earned, as it is worth at its first decision.
func earnings(episode []decisionlog.Record) (sum float64) {
	worth := 1.0
	for i := range episode {
		sum += worth * episode[i].Reward
		worth *= episode[i].Discount
	}
	return sum
}

// counter is where policies decide one by one: the learner's place in a market or a pricing problem.
type counter struct {
	s       *scenarios.Scenario
	world   func() (evaluate.World, error)
	master  uint64
	learner int
	spec    *env.Spec
	others  []policies.Policy
	encoder policies.Encoder
	find    func(ctx context.Context, name string) (policies.Policy, bool, error)
	load    func(name, rules string) (Named, error)
	rules   string
	usual   string
	goods   []string // what the learner sells, where somebody counts
	at      []int    // where they are among the market's
}

// decider is a policy at a counter.
type decider struct {
	policies.Policy
	name, revision string
}

// openCounter fits what a scenario needs and seats its players.
func openCounter(ctx context.Context, s *scenarios.Scenario, load func(name, rules string) (Named, error), r *Run) (*counter, error) {
	if s.World() == scenarios.PricingProblem {
		return problemCounter(s, load)
	}
	if err := s.Needs("a decision log"); err != nil {
		return nil, err
	}
	if s.Learner() == nil {
		return nil, field.New("", "in "+s.Name+" every seller has a brain of its own: nobody's decisions are to be logged", "")
	}
	scene, err := Open(s)
	if err != nil {
		return nil, err
	}
	r.tell(Progress{Stage: "fit", Total: 1})
	if err := scene.Fit(ctx, r.workers(), r.counting("fit")); err != nil {
		return nil, err
	}
	_, full, err := scene.worlds(ctx)
	if err != nil {
		return nil, err
	}
	arena, seats := arenaOf(full, evaluate.MasterSeed(s.Seed), 1), full.seats()
	c := &counter{s: s, world: arena.World, master: arena.Master, learner: seats.Learner, spec: seats.Spec, others: seats.Others, encoder: seats.Encoder,
		load: load, rules: scene.rules(), usual: append(scene.usual(), "")[0]}
	if m, ok := full.(*shop); ok {
		for _, name := range m.Config.Sellers[seats.Learner].Products {
			if j := slices.IndexFunc(m.Config.Products, func(p market.Product) bool { return p.Name == name }); m.Config.Products[j].TradeIn == nil {
				c.goods, c.at = append(c.goods, name), append(c.at, j)
			}
		}
	}
	c.find = func(ctx context.Context, name string) (policies.Policy, bool, error) {
		made, ok, err := scene.rule(name)
		if err != nil || !ok {
			return nil, ok, err
		}
		p, err := made(ctx, full, r.workers())
		return p, true, err
	}
	return c, nil
}

// problemCounter is that of a pricing problem.
func problemCounter(s *scenarios.Scenario, load func(name, rules string) (Named, error)) (*counter, error) {
	process, err := monopoly.NewProcess(s.ProblemConfig())
	if err != nil {
		return nil, err
	}
	c := &counter{s: s, master: evaluate.MasterSeed(s.Seed), spec: process.Spec(), others: []policies.Policy{nil}, encoder: process.Encoder(), load: load, rules: ProblemRules, usual: "best-fixed"}
	c.world = func() (evaluate.World, error) { return process.Market(c.master), nil }
	c.find = func(_ context.Context, name string) (policies.Policy, bool, error) {
		if name == "optimum" || name == "best-fixed" {
			solved, err := optimum.SolveMonopoly(process, 1)
			if err != nil {
				return nil, true, err
			}
			if name == "optimum" {
				return solved.Policy(), true, nil
			}
			return solved.FixedPolicy(), true, nil
		}
		return ruleOf(s, name, process.Spec())
	}
	return c, nil
}

// ruleOf finds a rule by name: a fixed price of the ladder, one of the scenario's (nil: of none), or a kind as it is by default.
func ruleOf(s *scenarios.Scenario, name string, spec *env.Spec) (policies.Policy, bool, error) {
	if kind, price, _ := strings.Cut(name, ":"); kind == "fixed" {
		text, promotion, _ := strings.Cut(price, "/")
		x, err := strconv.ParseFloat(text, 64)
		on := func(o env.Offer) bool { return math.Abs(o.Price-x) < 1e-9 && o.Promotion == promotion }
		if err != nil || !slices.ContainsFunc(spec.Offers, on) {
			return nil, true, field.New("--policy", name, "fixed:PRICE or fixed:PRICE/PROMOTION, an offer of the ladder")
		}
		p, err := (&rules.Fixed{Price: x, Promotion: promotion}).Policy(spec)
		return p, true, err
	}
	made := func(r rules.Rule) (policies.Policy, bool, error) {
		p, err := r.Policy(spec)
		if bad, ok := errors.AsType[*field.Error](err); ok {
			err = field.New("--policy", fmt.Sprintf("%s with %s %s", name, bad.Key, bad.Found), bad.Expected)
		}
		return p, true, err
	}
	if s != nil {
		for i := range s.Evaluate.Rules {
			if r := &s.Evaluate.Rules[i]; r.Name == name {
				return made(r.Params)
			}
		}
	}
	for _, k := range rules.Kinds() {
		if k.Name == name {
			return made(k.New())
		}
	}
	return nil, false, nil
}

// exploring is how a policy that explores is written.
var exploring = regexp.MustCompile(`^explore\((.*),\s*([^,]*)\)$`)

// unwrap takes explore(POLICY,ε) apart, ε 0 of any other policy.
func unwrap(name string) (inner string, epsilon float64, err error) {
	match := exploring.FindStringSubmatch(name)
	if match == nil {
		return name, 0, nil
	}
	epsilon, err = strconv.ParseFloat(match[2], 64)
	if err != nil || !(epsilon >= 0 && epsilon <= 1) {
		return "", 0, field.New("--policy", name, "explore(POLICY,ε) with a probability ε")
	}
	return match[1], epsilon, nil
}

// named finds a policy.
func (c *counter) named(ctx context.Context, name string) (d decider, err error) {
	if name == "" {
		if name = c.usual; name == "" {
			return d, field.New("--policy", "none", "a bundle's folder or one of "+c.rules)
		}
	}
	inner, epsilon, err := unwrap(name)
	if err != nil {
		return d, err
	}
	d.name = inner
	found := false
	if d.Policy, found, err = c.find(ctx, inner); err == nil && !found {
		var loaded Named
		if loaded, err = c.load(inner, c.rules); err == nil {
			d.Policy, err = loaded.Policy(c.spec)
			d.name = loaded.Name
		}
	}
	if err != nil {
		return d, err
	}
	if frozen, ok := d.Policy.(policies.Frozen); ok {
		d.revision = frozen.About().Revision
	}
	if epsilon > 0 {
		d.Policy, err = policies.Explore(d.Policy, c.spec, epsilon)
		d.name = fmt.Sprintf("explore(%s,%g)", d.name, epsilon)
	}
	return d, err
}

// play plays episodes, several at once, and hands them to take in their order: decisions, and where the world keeps accounts what came of each.
func (c *counter) play(ctx context.Context, d decider, first, paths int, r *Run, take func([]decisionlog.Record, []decisionlog.Outcome) error) error {
	type played struct {
		records  []decisionlog.Record
		outcomes []decisionlog.Outcome
		err      error
	}
	watch := r.counting("simulate")
	worlds := make(chan evaluate.World, r.workers())
	for range cap(worlds) {
		w, err := c.world()
		if err != nil {
			return err
		}
		worlds <- w
	}
	const block = 16 // episodes at once: those of a pricing problem are short
	blocks := func(yield func(int, error) bool) {
		for from := 0; from < paths; from += block {
			if !yield(from, nil) {
				return
			}
		}
	}
	done := 0
	return inOrder(ctx, r.workers(), blocks, func(from int) (all []played) {
		w := <-worlds
		defer func() { worlds <- w }()
		for path := from; path < min(paths, from+block) && ctx.Err() == nil; path++ {
			var p played
			p.records, p.outcomes, p.err = c.episode(w, d, first+path)
			all = append(all, p)
		}
		return all
	}, func(all []played) error {
		for _, p := range all {
			if p.err != nil {
				return p.err
			}
			if err := take(p.records, p.outcomes); err != nil {
				return err
			}
		}
		if done += len(all); watch != nil {
			watch(done, paths)
		}
		return nil
	})
}

// episode plays one episode as evaluate.Arena does, and tells the learner's decisions and, where the world keeps accounts from one to the next, who came and
// what was sold meanwhile.
func (c *counter) episode(w evaluate.World, d decider, path int) (records []decisionlog.Record, outcomes []decisionlog.Outcome, err error) {
	books, kept := w.(*reviewed)
	sold := make([]float64, len(c.goods)) // by the last decision
	names := make([]string, len(c.spec.Features))
	for i, f := range c.spec.Features {
		names[i] = f.Name
	}
	unit := strconv.Itoa(path)
	brain := rng.New(c.master, uint64(path)).Family("brain")
	turns := make([]uint64, w.Players())
	time := 0.0
	var step env.TimeStep
	for w.Reset(uint64(path)); w.Next(&step); {
		who := step.Player
		if who == c.learner && step.Stage != env.First {
			before := &records[len(records)-1]
			before.Reward, before.Discount, before.Last = step.Reward, step.Discount, step.Stage == env.Last
			time += step.Elapsed
			if kept {
				outcomes = append(outcomes, c.outcome(before, time, books, sold))
			}
		}
		if step.Stage == env.Last {
			continue
		}
		policy := d.Policy
		if who != c.learner {
			policy = c.others[who]
		}
		u := brain.At(uint64(who), turns[who])
		turns[who]++
		decision := policy.Decide(step.Observation, u.Float64())
		if who == c.learner {
			offer := &c.spec.Offers[decision.Action]
			if !step.Mask[decision.Action] {
				return nil, nil, fmt.Errorf("%s: path %d, turn %d: makes offer %d, which is not allowed", d.name, path, turns[who], decision.Action)
			}
			records = append(records, decisionlog.Record{ID: unit + "-" + strconv.Itoa(len(records)), Time: time, Policy: d.name, Revision: d.revision, Unit: unit, Step: int64(len(records)),
				Features: names, Observation: slices.Clone(step.Observation), Action: decision.Action, Offer: decisionlog.Offer{Price: offer.Price, Promotion: offer.Promotion},
				Allowed: slices.Clone(step.Mask), Propensity: decision.Propensity, Explore: math.NaN()})
		}
		w.Act(decision.Action)
	}
	if teller, ok := w.(interface{ Err() error }); ok && teller.Err() != nil {
		return nil, nil, teller.Err()
	}
	if n := len(records); n > 0 && !records[n-1].Last { // the market was stopped
		return records[:n-1], outcomes, context.Canceled
	}
	return records, outcomes, nil
}

// outcome is what came of a decision by a time; sold are units by product when it was made, which are brought up to date.
func (c *counter) outcome(of *decisionlog.Record, time float64, books *reviewed, sold []float64) decisionlog.Outcome {
	o := decisionlog.Outcome{ID: of.ID, Time: time, Reward: of.Reward, Visitors: books.Week().Customers, Last: of.Last, Products: c.goods, Units: make([]float64, len(c.goods))}
	for k, j := range c.at {
		now := float64(books.Sold(j))
		o.Units[k], sold[k] = now-sold[k], now
	}
	return o
}
