package workflow

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// under makes another open market of the scenario's. What is learned in and compared in is one.
func (b *bazaar) under(ctx context.Context, p scenarios.Perturbation) (school, full world, doc string, err error) {
	if len(b.full.Beside) > 0 {
		return nil, nil, "", field.New("robust", p.Name, "one learner: what others learned beside it, they learned in the scenario's own market")
	}
	var w world
	switch p.Kind {
	case scenarios.OtherElasticity:
		doc = elasticityDoc(p, "list prices")
		w, err = b.altered(ctx, func(cfg *market.Config) error { return steeper(cfg, 1+p.Percent/100) })
	case scenarios.DemandShock:
		doc = shockDoc(p, false)
		w, err = b.altered(ctx, func(cfg *market.Config) error {
			day := float64(cfg.Horizon/2) * cfg.PeriodDays
			cfg.Traffic.Shocks = append(slices.Clone(cfg.Traffic.Shocks), market.Shock{Day: day, Visitors: 1 + p.Percent/100, Price: 1})
			return nil
		})
	case scenarios.NewRival:
		var name string
		w, err = b.altered(ctx, func(cfg *market.Config) error {
			name, err = enter(cfg)
			return err
		})
		doc = "a seller joins with a copy of " + name + ", never sold out, at nine tenths of its list price for ever"
	default:
		doc = fmt.Sprintf("each episode has personas from one of %d draws of the fitted tastes' sampling distribution; shares of classes stay", drawsHeld)
		w, err = b.redrawn(ctx)
	}
	return w, w, doc, err
}

// altered is the market of a changed configuration, with a place for each seller.
func (b *bazaar) altered(ctx context.Context, change func(cfg *market.Config) error) (world, error) {
	cfg := *b.cfg
	cfg.Products, cfg.Sellers, cfg.Personas = slices.Clone(cfg.Products), slices.Clone(cfg.Sellers), slices.Clone(cfg.Personas)
	for i := range cfg.Personas {
		if cfg.Personas[i].Appeals = maps.Clone(cfg.Personas[i].Appeals); cfg.Personas[i].Appeals == nil {
			cfg.Personas[i].Appeals = map[string]float64{}
		}
	}
	if err := change(&cfg); err != nil {
		return nil, err
	}
	other := *b
	other.cfg = &cfg
	w, err := other.shop()
	if err != nil {
		return nil, err
	}
	w.until = ctx.Done()
	if n := len(b.s.Players()); len(cfg.Sellers) > n { // who joined stands by its offer
		m, err := market.New(&cfg, 0)
		if err != nil {
			return nil, err
		}
		offer := cfg.Sellers[n].Offers[0]
		if w.Others[n], err = (&rules.Fixed{Price: offer.Price}).Policy(m.Spec(n)); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// steeper multiplies what prices mean to shoppers; at list prices products appeal as before.
func steeper(cfg *market.Config, by float64) error {
	for i := range cfg.Personas {
		p := &cfg.Personas[i]
		for j := range cfg.Products {
			if k := &cfg.Products[j]; k.TradeIn == nil {
				p.Appeals[k.Name] += float64((1 - by) * p.Price * k.Price)
			}
		}
		p.Price, p.Gain, p.Loss = p.Price*by, p.Gain*by, p.Loss*by
	}
	return nil
}

// enter lets a seller in who copies the focal seller's first product, and names that.
func enter(cfg *market.Config) (string, error) {
	own := cfg.Sellers[cfg.Focal].Products
	at := slices.IndexFunc(cfg.Products, func(p market.Product) bool { return p.TradeIn == nil && slices.Contains(own, p.Name) })
	if at < 0 {
		return "", field.New("robust", scenarios.NewRival, "a seller with a product to copy")
	}
	was := cfg.Products[at]
	cfg.Products = append(cfg.Products, market.Product{Name: rivalName, Price: was.Price, Cost: was.Cost, Appeal: was.Appeal, Returns: was.Returns})
	for i := range cfg.Personas {
		if appeal, has := cfg.Personas[i].Appeals[was.Name]; has {
			cfg.Personas[i].Appeals[rivalName] = appeal
		}
	}
	cfg.Sellers = append(cfg.Sellers, market.Seller{Name: rivalName, Products: []string{rivalName}, Offers: []market.Offer{{Price: copied(was.Price)}},
		Review: market.Review{Every: cfg.PeriodDays * float64(cfg.Horizon)}, Reward: market.Reward{Of: market.Profit}})
	return was.Name, nil
}

// mostTries is how often coefficients are drawn until a market can be made of them: dearer must be worse to all.
const mostTries = 100

// redrawn is the mixture of markets whose personas are draws of the fitted tastes.
func (b *bazaar) redrawn(ctx context.Context) (world, error) {
	tastes := firstOf(b.s.Shoppers.Choice, "logit", "latent-class")
	i := slices.IndexFunc(b.people, func(m Shopper) bool { return m.Model == tastes && m.Fit != nil })
	if i < 0 {
		return nil, field.New("robust", scenarios.Posterior, "tastes that were fitted: the personas are by hand, and have no sampling distribution")
	}
	text, err := b.people[i].saved()
	if err != nil {
		return nil, err
	}
	family, try := rng.New(evaluate.MasterSeed(b.s.Seed), 0).Family("coefficients"), uint64(0)
	return drawnWorlds(func(k int) (world, error) {
		var refused error
		for range mostTries {
			model, err := choice.LoadIndividual(text)
			if err != nil {
				return nil, err
			}
			e := model.Summary()
			z, stream := make([]float64, len(e.Coefficients)), family.At(try)
			for i := range z {
				z[i] = stream.Normal()
			}
			try++
			if e.Coefficients, err = e.Redrawn(z); err != nil {
				return nil, err
			}
			w, err := b.altered(ctx, func(cfg *market.Config) error {
				other := *b
				other.cfg, other.told = cfg, nil
				return other.tastesOf(model, b.people[i])
			})
			if err == nil {
				return w, nil
			}
			refused = err
		}
		return nil, refused
	})
}

// optimal is not known of an open market.
func (b *bazaar) optimal(context.Context, world, int) (policies.Policy, error) { return nil, nil }
