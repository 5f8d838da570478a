package workflow

import (
	"context"
	"math"
	"slices"
	"strconv"

	"github.com/souk-sim/souk/market/category"
	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/market/optimum"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/rng"
)

// under makes another category of the fitted one.
func (c *chain) under(_ context.Context, p scenarios.Perturbation) (school, full world, doc string, err error) {
	base, err := Build(c.s, c.data, c.models, c.s.Market.Stores.TrainShare())
	if err != nil {
		return nil, nil, "", err
	}
	var alter func(w *World) (world, error)
	switch p.Kind {
	case scenarios.OtherElasticity:
		doc, alter = elasticityDoc(p, "the reference prices of the start"), func(w *World) (world, error) { return w.steeper(1 + p.Percent/100) }
	case scenarios.DemandShock:
		doc, alter = shockDoc(p, false), func(w *World) (world, error) { return w.shocked(1 + p.Percent/100) }
	case scenarios.NewRival:
		doc = "a brand like " + c.s.Data.Products[c.s.Own()] + " joins the shelf, at nine tenths of its reference price for ever"
		alter = func(w *World) (world, error) { return w.joined() }
	default:
		doc = "each episode has the coefficients of the choice model from one of " + strconv.Itoa(drawsHeld) + " draws of their sampling distribution"
		alter = func(w *World) (world, error) {
			return drawnWorlds(func(k int) (world, error) {
				model, err := redrawn(c.s, c.models.Choice, k)
				return w.with(model), err
			})
		}
	}
	if school, err = alter(base); err != nil {
		return nil, nil, "", err
	}
	full, err = alter(c.full)
	return school, full, doc, err
}

// redrawn is draw k of a model from the sampling distribution of its coefficients.
func redrawn(s *scenarios.Scenario, model *choice.ShareLogit, k int) (*choice.ShareLogit, error) {
	stream := rng.New(evaluate.MasterSeed(s.Seed), 0).Family("coefficients").At(uint64(k))
	z := make([]float64, len(model.Coefficients))
	for i := range z {
		z[i] = stream.Normal()
	}
	return model.Redraw(z)
}

// with is the world under another choice model of the same brands.
func (w *World) with(model *choice.ShareLogit) *World {
	cfg := *w.Config
	cfg.Choice = model
	return &World{Config: &cfg, Seats: w.Seats, of: w.of}
}

func (w *World) steeper(by float64) (*World, error) {
	at := make([]float64, len(w.Config.Products))
	for j := range at {
		at[j] = w.Config.Products[j].Reference
	}
	model, err := w.Config.Choice.Steeper(by, at)
	return w.with(model), err
}

func (w *World) shocked(by float64) (*World, error) {
	out := w.with(w.Config.Choice)
	traffic, from := w.Config.Traffic, w.Config.Skip+w.Config.Horizon/2
	out.Config.Traffic = func() (demand.Simulator, error) {
		paths, err := traffic()
		return breaking{paths, from, by}, err
	}
	return out, nil
}

// joined is the world with one more brand, like the learner's.
func (w *World) joined() (*World, error) {
	own := w.Config.Products[w.Config.Own]
	model, err := w.Config.Choice.Joined(rivalName, w.Config.Own)
	if err != nil {
		return nil, err
	}
	out := w.with(model)
	rung := category.Rung{Price: copied(own.Reference), Cost: own.Rungs[own.Opening].Cost, Display: math.NaN()}
	out.Config.Products = append(slices.Clone(w.Config.Products), category.Product{Name: rivalName, Rungs: []category.Rung{rung}, Reference: rung.Price, Regular: rung.Price})
	market, err := category.New(out.Config, 0)
	if err != nil {
		return nil, err
	}
	out.Spec = market.Spec(out.Learner)
	stands, err := (&rules.Fixed{Price: rung.Price}).Policy(market.Spec(len(w.Others)))
	out.Others = append(slices.Clone(w.Others), stands)
	return out, err
}

// breaking are paths that are multiplied from a period on.
type breaking struct {
	demand.Simulator
	from int
	by   float64
}

// Path implements demand.Simulator.
func (b breaking) Path(stream *rng.Stream, path []float64) {
	b.Simulator.Path(stream, path)
	for t := min(b.from, len(path)); t < len(path); t++ {
		path[t] *= b.by
	}
}

// optimal is the dynamic programme's policy: of a mixture for who does not know which of its worlds it is in.
func (c *chain) optimal(ctx context.Context, full world, _ int) (policies.Policy, error) {
	parts := []world{full}
	if m, ok := full.(*mixture); ok {
		parts = m.worlds
	}
	all, reduction := &optimum.Sample{}, optimum.Reduction{}
	for i, part := range parts {
		sample, r, err := part.(*World).expected().reduce(ctx, c.s, max(1, samplePaths/len(parts)), gridRefine)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			all, reduction = sample, r
		} else {
			all.Paths = append(all.Paths, sample.Paths...)
		}
	}
	reduction.Rivals = all.Transitions()
	plan, err := reduction.Average(all.Reward)
	if err != nil {
		return nil, err
	}
	return parts[0].(*World).follow(plan, all)
}
