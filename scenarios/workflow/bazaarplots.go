package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/report"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// drawnPaths is how many evaluation paths the pictures are means of.
const drawnPaths = 8

// mostDrawn is how many policies a picture of paths has.
const mostDrawn = 6

// course is what a policy came to, period by period: means over paths.
type course struct {
	price, units, visitors []float64 // price: on the tag
	stock                  []float64 // on hand at the latest review
	promoted               []float64 // share of the time with a promotion on
	segments               []market.Segment
}

// follow plays a policy on the first evaluation paths.
func (b *bazaar) follow(w world, policy policies.Policy, paths int) (*course, error) {
	n := b.s.Time.Horizon
	c := &course{price: make([]float64, n), units: make([]float64, n), visitors: make([]float64, n), stock: make([]float64, n), promoted: make([]float64, n)}
	master, seats := evaluate.MasterSeed(b.s.Seed), w.seats()
	opened, err := w.open(master)
	if err != nil {
		return nil, err
	}
	m := opened.(*reviewed)
	turns := make([]uint64, m.Players())
	for path := range paths {
		brain := rng.New(master, uint64(path)).Family("brain")
		clear(turns)
		m.Reset(uint64(path))
		var before results.Metrics
		last, at := seats.Spec.Offers[b.cfg.Sellers[seats.Learner].Opening], 0.0
		held, kept := seats.Spec.Feature("stock"), missing
		for step := new(env.TimeStep); m.Next(step); {
			who := step.Player
			if who == seats.Learner {
				now := *m.Account()
				until := at + step.Elapsed
				if step.Stage == env.Last {
					until = float64(n)
				}
				tagged := m.Tagged(seats.Learner)
				promoted := 0.0
				if last.Promotion != "" || tagged < 1 {
					promoted = 1
				}
				c.spread(at, until, tagged*last.Price, promoted, now.OwnUnits-before.OwnUnits, now.Customers-before.Customers, kept, float64(paths))
				if held >= 0 {
					kept = step.Observation[held]
				}
				before, at = now, until
			}
			if step.Stage == env.Last {
				continue
			}
			stream := brain.At(uint64(who), turns[who])
			turns[who]++
			decider := policy
			if who != seats.Learner {
				decider = seats.Others[who]
			}
			d := decider.Decide(step.Observation, stream.Float64())
			if who == seats.Learner {
				last = env.Offer{Price: d.Price, Promotion: d.Promotion}
			}
			m.Act(d.Action)
		}
		if m.Err() != nil {
			return nil, m.Err()
		}
		c.segments = addSegments(c.segments, m.Segments(), float64(paths*n))
	}
	return c, nil
}

// spread gives each period its part of a stretch of time, in periods, under one price.
func (c *course) spread(from, to, price, promoted, units, visitors, stock, paths float64) {
	for k := int(from); k < len(c.price) && float64(k) < to; k++ {
		part := min(to, float64(k+1)) - max(from, float64(k))
		c.price[k] += part * price / paths
		c.promoted[k] += part * promoted / paths
		c.stock[k] += part * stock / paths
		c.units[k] += part / (to - from) * units / paths
		c.visitors[k] += part / (to - from) * visitors / paths
	}
}

// pictures are the paths of prices, units and visitors.
func (b *bazaar) pictures(m *Summary, w world) ([]picture, error) {
	paths := min(drawnPaths, b.s.Evaluate.Paths)
	mean := fmt.Sprintf("mean of %s that training never met", plural(paths, "path"))
	period := b.s.Time.Period
	k := &b.cfg.Sellers[b.player]
	prices := &report.PricePaths{Title: "Prices", Subtitle: mean, Line: "price on the tag", Deals: "a promotion on, half of the time or more", X: period, Y: "price of " + k.Name + ", $"}
	if k.Levels {
		prices.Y = "price level of " + k.Name
	}
	units := &report.PricePaths{Title: "Units", Subtitle: mean, X: period, Y: "units of " + k.Name + " a " + period, Line: "units sold"}
	visitors := &report.PricePaths{Title: "Visitors", Subtitle: mean, X: period, Y: "shoppers a " + period, Line: "visits, of customers who came back too"}
	names := b.drawn(m)
	if rest := names[min(len(names), mostDrawn):]; len(rest) > 0 {
		for _, of := range []*report.PricePaths{prices, units, visitors} {
			of.Subtitle += "; not drawn: " + strings.Join(few(rest, 3), ", ")
		}
	}
	courses, err := b.courses(m, w)
	if err != nil {
		return nil, err
	}
	for i, c := range courses {
		name := names[i]
		var time []float64
		var promoted []bool
		for t := range c.price {
			time = append(time, float64(t+1))
			promoted = append(promoted, c.promoted[t] >= 0.5)
		}
		if !slices.Contains(promoted, true) {
			promoted = nil
		}
		prices.Paths = append(prices.Paths, report.PricePath{Name: name, Time: time, Price: c.price, RivalDeal: promoted})
		units.Paths = append(units.Paths, report.PricePath{Name: name, Time: time, Price: c.units})
		visitors.Paths = append(visitors.Paths, report.PricePath{Name: name, Time: time, Price: c.visitors})
	}
	return []picture{{"prices", prices}, {"units", units}, {"visitors", visitors}}, nil
}

// drawn names the policies that pictures of paths are of: the chosen one, and what it was compared with but for chance.
func (b *bazaar) drawn(m *Summary) []string {
	return append([]string{m.Chosen.Agent}, slices.DeleteFunc(slices.Clone(m.Baselines.entered), func(name string) bool { return name == random })...)
}

// courses follows the first of those policies, once.
func (b *bazaar) courses(m *Summary, w world) ([]*course, error) {
	if b.followed != nil {
		return b.followed, nil
	}
	names := b.drawn(m)
	for _, name := range names[:min(len(names), mostDrawn)] {
		policy := m.Baselines.policies[name]
		if name == m.Chosen.Agent {
			policy = m.Chosen.Policy
		}
		c, err := b.follow(w, policy, min(drawnPaths, b.s.Evaluate.Paths))
		if err != nil {
			return nil, err
		}
		b.followed = append(b.followed, c)
	}
	return b.followed, nil
}
