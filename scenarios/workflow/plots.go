package workflow

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market/category"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results/report"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// picture is one to be drawn, and the name of its files.
type picture struct {
	name string
	of   interface {
		Picture() (*report.Picture, error)
	}
}

// draw leaves the run's pictures, each as SVG and PNG.
func draw(run *rundir.Run, school, full world, m *Summary) error {
	all, err := m.scene.pictures(m, full)
	if err != nil {
		return err
	}
	all = append(all, picture{"learning", learningCurves(m)}, picture{"comparison", comparison(m.Comparison, m.Scenery)})
	if l := policyLines(m.Chosen.Policy, m.scene.noun()); l != nil {
		all = append(all, picture{"policy", l})
	}
	return drawAll(run, all)
}

func drawAll(run *rundir.Run, all []picture) error {
	for _, p := range all {
		drawn, err := p.of.Picture()
		if err != nil {
			return fmt.Errorf("drawing %s: %w", p.name, err)
		}
		if err := run.Write("plots/"+p.name+".svg", drawn.SVG); err != nil {
			return err
		}
		if err := run.Write("plots/"+p.name+".png", drawn.PNG); err != nil {
			return err
		}
	}
	return nil
}

// pricePaths shows the first unseen episode under the policy of the bundle and the two that one would think of first.
func pricePaths(s *scenarios.Scenario, w *World, m *Summary) (*report.PricePaths, error) {
	l := &report.PricePaths{Title: "Prices on one unseen path", X: "week", Y: "shelf price, $"}
	var rival string
	for j, p := range s.Data.Products {
		if j != s.Own() && rival == "" {
			rival = p
		}
	}
	if rival != "" {
		l.Deals = rival + " on deal"
	}
	for _, who := range []struct {
		name   string
		policy policies.Policy
	}{{m.Chosen.Agent, m.Chosen.Policy}, {bestCycle, m.Baselines.policies[bestCycle]}, {history, m.Baselines.policies[history]}} {
		path, err := w.posted(who.policy, evaluate.MasterSeed(s.Seed), rival)
		if err != nil {
			return nil, err
		}
		path.Name = who.name
		l.Paths = append(l.Paths, path)
	}
	return l, nil
}

// posted plays episode 0 of the world and notes what the policy saw and did.
func (w *World) posted(policy policies.Policy, master uint64, rival string) (p report.PricePath, err error) {
	quick := w.expected()
	world, err := category.New(quick.Config, master)
	if err != nil {
		return p, err
	}
	brain := rng.New(master, 0).Family("brain")
	turns := make([]uint64, world.Players())
	reference, deal := w.Spec.Feature("reference_price"), w.Spec.Feature(category.RivalDeal(rival))
	world.Reset(0)
	for step := new(env.TimeStep); world.Next(step); {
		who := step.Player
		if who == w.Config.Own && step.Stage != env.First && deal >= 0 {
			p.RivalDeal = append(p.RivalDeal, step.Observation[deal] > 0) // in the week that has just closed
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
		p.Time = append(p.Time, float64(len(p.Time)+1))
		p.Price = append(p.Price, d.Price)
		p.Reference = append(p.Reference, step.Observation[reference])
		world.Act(d.Action)
	}
	return p, nil
}

// policyLines is the policy as prices over its widest feature, a line for each situation of the others; nil where it has no feature.
func policyLines(t policies.Frozen, noun string) *report.PolicyLines {
	dims := toldBy(t)
	if len(dims) == 0 {
		return nil
	}
	main := widest(dims)
	d := &dims[main]
	l := &report.PolicyLines{Title: "What was learned", X: strings.ReplaceAll(d.Feature, "_", " "), Y: noun}
	if noun == "price" {
		l.Y += ", $"
	}
	if strings.HasSuffix(d.Feature, "price") && noun == "price" {
		l.X += ", $"
		l.Diagonal = "price = " + strings.ReplaceAll(d.Feature, "_", " ")
	}
	for k := range len(d.Edges) + 1 {
		l.Feature = append(l.Feature, middle(d, k))
	}
	for _, cells := range situations(dims, main) {
		line := report.PolicyLine{Name: strings.Join(situation(dims, main, cells), ", ")}
		if line.Name == "" {
			line.Name = "price"
		}
		for k := range l.Feature {
			cells[main] = k
			observation := observed(t, dims, cells)
			line.Price = append(line.Price, t.Decide(observation, 1).Price)
			line.Known = append(line.Known, met(t, observation))
		}
		l.Lines = append(l.Lines, line)
	}
	if all := len(l.Lines); all > mostLines {
		l.Lines = evenly(l.Lines, mostLines)
		l.Subtitle = fmt.Sprintf("%d of %d situations", len(l.Lines), all)
	}
	return l
}

// mostLines is how many situations a picture of a policy tells apart.
const mostLines = 4

// evenly picks so many lines, evenly from the first to the last of those that training met; of all where it met none.
func evenly(lines []report.PolicyLine, n int) (picked []report.PolicyLine) {
	known := slices.DeleteFunc(slices.Clone(lines), func(l report.PolicyLine) bool { return !slices.Contains(l.Known, true) })
	if len(known) == 0 {
		known = lines
	}
	if len(known) <= n {
		return known
	}
	for k := range n {
		picked = append(picked, known[k*(len(known)-1)/(n-1)])
	}
	return picked
}

// aPeriod is what the learner is after, with its unit.
func aPeriod(s *scenarios.Scenario) string {
	return strings.ReplaceAll(s.Learner().Reward.Of, "-", " ") + " a " + s.Time.Period + ", $"
}

// comparison shows what policies earn over the best fixed price, or, where that did not play, what they earn.
func comparison(r *evaluate.Result, s *scenarios.Scenario) *report.Comparison {
	c := &report.Comparison{Title: "Against everything else", Subtitle: s.Question, X: aPeriod(s),
		Caption: fmt.Sprintf("Bars: %.0f%% intervals over %s × %d paths.", 100*r.Level, plural(s.Train.Seeds, "training seed"), r.Paths)}
	paired := slices.Contains(r.References, bestFixed)
	if paired {
		c.X, c.Zero = aPeriod(s)+", less that of the best fixed price", true
		c.Caption = "Paired by customers. " + c.Caption
	}
	for _, row := range r.Rows {
		e := row.Profit
		if paired {
			i := slices.IndexFunc(row.Differences, func(d evaluate.Difference) bool { return d.Name == bestFixed })
			if i < 0 {
				continue
			}
			e = row.Differences[i].Estimate
		}
		learned := slices.ContainsFunc(s.Agents, func(a scenarios.Agent) bool { return a.Name == row.Name })
		if !math.IsNaN(e.Low) {
			c.Estimates = append(c.Estimates, report.Estimate{Name: row.Name, Value: e.Value, Low: e.Low, High: e.High, Learned: learned})
		}
	}
	return c
}
