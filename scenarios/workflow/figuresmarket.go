package workflow

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/market/category"
	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// figures are the first unseen episode under the chosen policy and those that one would think of first, and the customers that were and are to come.
func (c *chain) figures(m *Summary, _ world, f *drawings) (err error) {
	f.Averaged = 1
	for _, who := range []struct {
		name   string
		policy policies.Policy
	}{{m.Chosen.Agent, m.Chosen.Policy}, {bestFixed, m.Baselines.policies[bestFixed]}, {history, m.Baselines.policies[history]}} {
		if who.policy == nil {
			continue
		}
		path, err := c.full.watched(who.policy, evaluate.MasterSeed(c.s.Seed))
		if err != nil {
			return err
		}
		path.Policy = who.name
		f.Paths = append(f.Paths, *path)
	}
	f.Traffic, err = c.traffic()
	return err
}

// watched plays episode 0 of the world and notes, week by week, what the policy saw and did.
func (w *World) watched(policy policies.Policy, master uint64) (*pathFigure, error) {
	world, err := category.New(w.Config, master)
	if err != nil {
		return nil, err
	}
	n := w.Config.Horizon
	p := &pathFigure{Price: atPeriods(n), Reference: atPeriods(n), Stock: atPeriods(n), Units: atPeriods(n), Visitors: atPeriods(n)}
	brain := rng.New(master, 0).Family("brain")
	turns := make([]uint64, world.Players())
	note := func(to curve, week int, observation []float64, feature string) {
		if i := w.Spec.Feature(feature); i >= 0 && 0 <= week && week < len(to) {
			to[week] = observation[i]
		}
	}
	world.Reset(0)
	week := 0
	for step := new(env.TimeStep); world.Next(step); {
		who := step.Player
		if who == w.Config.Own {
			note(p.Units, week-1, step.Observation, "sold") // in the week that has just closed
			note(p.Visitors, week-1, step.Observation, "traffic")
		}
		if step.Stage == env.Last {
			continue
		}
		stream := brain.At(uint64(who), turns[who])
		turns[who]++
		if who != w.Config.Own {
			world.Act(w.Others[who].Decide(step.Observation, stream.Float64()).Action)
			continue
		}
		d := policy.Decide(step.Observation, stream.Float64())
		p.Price[week] = d.Price
		note(p.Reference, week, step.Observation, "reference_price")
		note(p.Stock, week, step.Observation, "stock")
		week++
		world.Act(d.Action)
	}
	return p, nil
}

// traffic is the customers of the records, those of the test weeks too, and their forecast through the episodes.
func (c *chain) traffic() (*trafficFigure, error) {
	t, split := &c.models.Traffic, c.s.Data.Split
	f := &trafficFigure{Name: "customers", Model: t.Name, Unit: c.s.Time.Period, Start: split.Train[0], From: t.Next(), Observed: atPeriods(split.Test[1] - split.Train[0] + 1)}
	if m := t.arima(); m != nil {
		f.Model = fmt.Sprintf("ARIMA(%d,%d,%d)", m.Order[0], m.Order[1], m.Order[2])
	}
	panel := c.data.Panel.Between([2]int{split.Train[0], split.Test[1]})
	for i, period := range panel.Periods {
		f.Observed[period-f.Start] = panel.Customers[i]
	}
	n := c.s.Time.Start - t.Next() + c.s.Time.Horizon
	return f, f.forecast(t.Model, n, regressors(c.s, c.data, t.Name, t.Next(), n), 1)
}

// forecast draws the fan, as many periods as are told, in units of so much.
func (f *trafficFigure) forecast(model demand.Model, periods int, future []demand.Regressor, by float64) error {
	scaled := func(x []float64) curve {
		c := make(curve, len(x))
		for i := range x {
			c[i] = max(0, x[i]*by)
		}
		return c
	}
	for _, coverage := range fanned {
		told, err := model.Forecast(periods, coverage, future)
		if err != nil {
			return err
		}
		f.Median = scaled(told.Median)
		f.Fans = append(f.Fans, forecastFan{coverage, scaled(told.Lo), scaled(told.Hi)})
	}
	return nil
}

// figures are means over some unseen episodes, as the pictures are.
func (b *bazaar) figures(m *Summary, w world, f *drawings) error {
	f.Averaged = min(drawnPaths, b.s.Evaluate.Paths)
	courses, err := b.courses(m, w)
	if err != nil {
		return err
	}
	names := b.drawn(m)
	for i, c := range courses {
		f.Paths = append(f.Paths, pathFigure{Policy: names[i], Price: c.price, Stock: c.stock, Units: c.units, Visitors: c.visitors})
	}
	if sells := b.cfg.Visit.CrossSell; sells != nil {
		f.Baskets = togetherOf(sells, func(j int) string {
			if j < 0 || j >= len(b.cfg.Products) {
				return ""
			}
			return b.cfg.Products[j].Name
		})
	}
	if d := b.series; d != nil && d.model != nil {
		t := &trafficFigure{Name: "shoppers", Model: d.of.Model, Unit: b.s.Time.Period, Start: 1, From: d.model.Next(), Observed: make(curve, len(d.Values))}
		for i, v := range d.Values {
			t.Observed[i] = v * d.of.Share
		}
		f.Traffic = t
		return t.forecast(d.model, d.of.Skip+b.s.Time.Horizon, nil, d.of.Share)
	}
	return nil
}

// anyFinite tells whether there is a value to draw.
func anyFinite(c curve) bool {
	for _, v := range c {
		if !math.IsNaN(v) {
			return true
		}
	}
	return false
}
