package workflow

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// bazaar is the scene of an open market: many sellers, shoppers one by one.
type bazaar struct {
	s      *scenarios.Scenario
	cfg    *market.Config
	player int // the learning seller, -1 where all have a brain
	series *series
	people []Shopper // the models of [shoppers] that the market draws on
	told   []string  // what it does not draw on, and how it took what it does
	full   *shop

	followed []*course // of pictures and figures, once they are there
}

// openBazaar reads the series of the demand model, if there is one.
func openBazaar(s *scenarios.Scenario) (*bazaar, error) {
	b := &bazaar{s: s, player: -1}
	for i, seller := range s.Players() {
		if seller.Learns() {
			b.player = i
		}
	}
	if s.Traffic.Demand == nil {
		return b, nil
	}
	var err error
	b.series, err = readSeries(s, s.Traffic.Demand)
	return b, err
}

func (b *bazaar) Records() (periods int, findings []logs.Finding) {
	if b.series == nil {
		return 0, []logs.Finding{}
	}
	return b.series.Observed(), append([]logs.Finding{}, b.series.Findings...)
}

// shop is an open market as a world.
type shop struct {
	Config *market.Config
	s      *scenarios.Scenario
	until  <-chan struct{} // its markets stop when this is closed
	Seats
}

func (w *shop) seats() *Seats { return &w.Seats }

func (w *shop) share() float64 { return 1 }

func (w *shop) quick() world { return w }

func (w *shop) score(a *results.Metrics) float64 {
	return a.Reward / float64(max(a.Periods, 1)) / w.share()
}

func (w *shop) open(master uint64) (train.World, error) {
	m, err := market.New(w.Config, master)
	if err != nil {
		return nil, err
	}
	m.Until(w.until)
	return &reviewed{Market: m, learner: w.Learner, s: w.s}, nil
}

// mostUnsaved is about how many shoppers training may lose when it is interrupted: seconds of work.
const mostUnsaved = 1e6

// checkpoint is after how many episodes training is saved, where an interrupt ends long ones before their time.
func (w *shop) checkpoint(most int) int {
	shoppers := w.Config.Traffic.Visitors * w.Config.PeriodDays * float64(w.Config.Horizon)
	return max(1, int(min(float64(most), mostUnsaved/shoppers)))
}

// reviewed is a market that also accounts for the time between the learner's reviews.
type reviewed struct {
	*market.Market
	learner      int
	s            *scenarios.Scenario
	before, week results.Metrics
}

// Reset implements env.Environment.
func (r *reviewed) Reset(episode uint64) {
	r.Market.Reset(episode)
	r.before = results.Metrics{}
}

// Next implements env.Environment.
func (r *reviewed) Next(step *env.TimeStep) bool {
	if !r.Market.Next(step) {
		return false
	}
	if step.Player == r.learner {
		now := r.Account()
		r.week = now.Since(&r.before)
		r.before = *now
	}
	return true
}

// Err is the market's, with the scenario's file and line where it is about one of its keys.
func (r *reviewed) Err() error { return fault(r.s, r.Market.Err()) }

// Week implements train.World.
func (r *reviewed) Week() *results.Metrics { return &r.week }

func (b *bazaar) shoppers() []Shopper { return b.people }

func (b *bazaar) worlds(ctx context.Context) (school, full world, err error) {
	if b.full, err = b.shop(); err != nil {
		return nil, nil, err
	}
	b.full.until = ctx.Done()
	return b.full, b.full, nil
}

// shop seats the players of the configuration.
func (b *bazaar) shop() (*shop, error) {
	w := &shop{Config: b.cfg, s: b.s}
	m, err := market.New(b.cfg, 0)
	if err != nil {
		return nil, fault(b.s, err)
	}
	w.Others = make([]policies.Policy, m.Players())
	for i, seller := range b.s.Players() {
		if seller.Learns() {
			continue
		}
		if agent := b.s.LearnsBy(seller); agent != nil {
			if err := w.beside(m, i, seller, agent); err != nil {
				return nil, err
			}
			continue
		}
		if w.Others[i], err = seller.Rule.Params.Policy(m.Spec(i)); err != nil {
			k := slices.IndexFunc(b.s.Sellers, func(o scenarios.Seller) bool { return o.Name == seller.Name })
			return nil, fault(b.s, err, "sellers", strconv.Itoa(k), "brain")
		}
	}
	w.Learner = max(b.player, 0)
	w.Spec = m.Spec(w.Learner)
	if b.player >= 0 {
		w.Encoder, err = encoder(b.s.Learner(), w.Spec)
	}
	return w, err
}

// fault gives an error about parameters the scenario's file and line.
func fault(s *scenarios.Scenario, err error, keys ...string) error {
	bad, ok := errors.AsType[*field.Error](err)
	if !ok || bad.File != "" {
		return err
	}
	if bad.Key != "" {
		keys = append(keys, strings.Split(bad.Key, ".")...)
	}
	return s.Fault(bad.Found, bad.Expected, keys...)
}

// MarketRules names what can be simulated in an open market beside bundles.
const MarketRules = "fixed:PRICE, fixed:PRICE/PROMOTION, best-fixed, opening, those of evaluate.rules, and each kind of rule that needs no parameters"

// opening is the offer that stands when an episode opens, for ever.
const opening = "opening"

// rule finds what a name asks for: an offer, a rule of the scenario, or a kind of rule as it is by default.
func (b *bazaar) rule(name string) (made rule, ok bool, err error) {
	kind, rest, _ := strings.Cut(name, ":")
	is := func(r rules.Rule, keys ...string) rule {
		return func(_ context.Context, w world, _ int) (policies.Policy, error) {
			spec := w.seats().Spec
			p, err := r.Policy(spec)
			if err == nil && b.cfg.Sellers[w.seats().Learner].Levels { // a rule that goes by dollars would take levels for them
				bare := *spec
				bare.Features = slices.DeleteFunc(slices.Clone(spec.Features), func(f env.Feature) bool { return f.Unit == "$" })
				_, err = r.Policy(&bare)
			}
			if err != nil && keys != nil {
				err = fault(b.s, err, keys...)
			} else if bad, ok := errors.AsType[*field.Error](err); ok {
				err = field.New("--policy", fmt.Sprintf("%s with %s %s", name, bad.Key, bad.Found),
					bad.Expected+"; souk scenario features lists what it observes, and [[evaluate.rules]] takes a rule's parameters")
			}
			return p, err
		}
	}
	switch {
	case b.player < 0 && name == b.s.Players()[0].Rule.Kind:
		return func(_ context.Context, w world, _ int) (policies.Policy, error) { return w.seats().Others[0], nil }, true, nil
	case kind == "fixed" && rest != "":
		text, promotion, _ := strings.Cut(rest, "/")
		price, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, true, field.New("--policy", name, "fixed:PRICE or fixed:PRICE/PROMOTION, an offer of the seller's")
		}
		return is(&rules.Fixed{Price: price, Promotion: promotion}), true, b.offered(name, price, promotion)
	case name == bestFixed:
		return func(ctx context.Context, w world, workers int) (policies.Policy, error) {
			_, p, err := b.bestFixed(ctx, w, workers, nil)
			return p, err
		}, true, nil
	case name == opening:
		return func(_ context.Context, w world, _ int) (policies.Policy, error) {
			o := w.seats().Spec.Offers[b.cfg.Sellers[w.seats().Learner].Opening]
			return (&rules.Fixed{Price: o.Price, Promotion: o.Promotion}).Policy(w.seats().Spec)
		}, true, nil
	}
	for i := range b.s.Evaluate.Rules {
		if r := &b.s.Evaluate.Rules[i]; r.Name == name {
			return is(r.Params, "evaluate", "rules", strconv.Itoa(i)), true, nil
		}
	}
	for _, k := range rules.Kinds() {
		if k.Name == name {
			return is(k.New()), true, nil
		}
	}
	return nil, false, nil
}

// offered refuses an offer that the seller does not have: another would be made in its place.
func (b *bazaar) offered(name string, price float64, promotion string) error {
	seller := &b.s.MarketConfig().Sellers[max(b.player, 0)]
	nearest := seller.Called(0)
	for a := range seller.Offers {
		o := seller.Called(a)
		if o.Promotion == promotion && math.Abs(o.Price-price) < 1e-9 {
			return nil
		}
		if math.Abs(o.Price-price) < math.Abs(nearest.Price-price) {
			nearest = o
		}
	}
	return field.New("--policy", name, "an offer of the seller's, nearest "+offerText(nearest.Price, nearest.Promotion))
}

func (b *bazaar) rules() string {
	names := []string{"fixed:PRICE", "fixed:PRICE/PROMOTION", bestFixed, opening}
	names = append(names, b.ruleNames()...)
	for _, k := range rules.Kinds() {
		names = append(names, k.Name)
	}
	return strings.Join(names, ", ")
}

// usual is what is simulated where nobody says; where all have a brain, the first seller's.
func (b *bazaar) usual() []string {
	if b.player < 0 {
		return []string{b.s.Players()[0].Rule.Kind}
	}
	return slices.Concat(b.s.Evaluate.Against, b.ruleNames())
}

// constants is an observation of which only what never changes is known.
func constants(spec *env.Spec) []float64 {
	seen := make([]float64, len(spec.Features))
	for i, f := range spec.Features {
		if seen[i] = math.NaN(); f.Min == f.Max {
			seen[i] = f.Min
		}
	}
	return seen
}

// bestFixed finds the offer that is best made for ever.
func (b *bazaar) bestFixed(ctx context.Context, w world, workers int, watch func(done, total int)) (*evaluate.FixedPrice, policies.Policy, error) {
	arena := arenaOf(w.quick(), tuneMaster(b.s), workers)
	arena.Progress = watch
	spec := w.seats().Spec
	candidates := make([]policies.Policy, len(spec.Offers))
	for a, o := range spec.Offers {
		var err error
		if candidates[a], err = (&rules.Fixed{Price: o.Price, Promotion: o.Promotion}).Policy(spec); err != nil {
			return nil, nil, err
		}
	}
	budget := b.budget()
	tuned, err := arena.Tune(ctx, candidates, budget)
	if err != nil {
		return nil, nil, err
	}
	best := spec.Offers[candidates[tuned.Index].Decide(constants(spec), 0).Action] // what the guardrails make of it

	offers := b.cfg.Sellers[w.seats().Learner].Offers // where all have one price, promotions alone tell them apart and none is the top
	top := slices.ContainsFunc(offers, func(o market.Offer) bool { return o.Price < best.Price }) &&
		!slices.ContainsFunc(offers, func(o market.Offer) bool { return o.Price > best.Price })
	return &evaluate.FixedPrice{Tuned: *tuned, Price: best.Price, Promotion: best.Promotion, Top: top}, candidates[tuned.Index], nil
}

// budget of tuning is at most that of the comparison: markets may be large.
func (b *bazaar) budget() evaluate.Budget {
	return evaluate.Budget{First: min(firstPaths, b.s.Evaluate.Paths), Paths: min(tunePaths, b.s.Evaluate.Paths)}
}

func (b *bazaar) tune(ctx context.Context, w world, workers int, watch func(done, total int)) (*Baselines, error) {
	base := &Baselines{policies: map[string]policies.Policy{}}
	for _, name := range slices.Concat(b.s.Evaluate.Against, b.ruleNames()) {
		var err error
		if name == bestFixed {
			base.Fixed, base.policies[name], err = b.bestFixed(ctx, w, workers, watch)
		} else {
			var make rule
			if make, _, err = b.rule(name); err == nil {
				base.policies[name], err = make(ctx, w, workers)
			}
		}
		if err != nil {
			return nil, err
		}
		base.entered = append(base.entered, name)
	}
	return base, nil
}

func (b *bazaar) ruleNames() (names []string) {
	for _, r := range b.s.Evaluate.Rules {
		names = append(names, r.Name)
	}
	return names
}

// optima are not known of an open market.
func (b *bazaar) optima(*evaluate.Contest, world, *Baselines) {}

func (b *bazaar) chapters(_ context.Context, _ *Run, m *Summary, _ world, _ []Learned, done func(stage string)) (err error) {
	m.Accounts = accountsOf(m.Comparison)
	m.Segments, err = b.segments(m.Chosen.Agent, m.Chosen.Policy)
	done("evaluate")
	return err
}
