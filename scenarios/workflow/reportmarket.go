package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/souk-sim/souk/results/report/web"
	"github.com/souk-sim/souk/scenarios"
)

// shoppersTold is who the shoppers are and what they did.
func (m *trainingReport) shoppersTold() (blocks []web.Block) {
	if m.s.World() == scenarios.OpenMarket {
		blocks = append(blocks, m.personas())
	}
	if s := m.Segments; s != nil && len(s.Each) > 0 {
		blocks = append(blocks, m.segmentsTold())
	}
	var models web.Facts
	for _, o := range m.s.Shoppers.Models() {
		told := o.Model + ", fitted to " + o.Data
		if o.ByHand() {
			told = o.Model + ", given by hand"
		}
		models = append(models, web.Fact{Name: strings.ToUpper(o.Part[:1]) + o.Part[1:], Value: told})
	}
	if len(models) > 0 {
		blocks = append(blocks, models)
	}
	if len(m.f.Baskets) > 0 {
		g := web.Graph{Title: "What is bought together", Weight: "lift", Caption: "Lift: how much more often two products share a basket than they would by chance. Thicker lines are stronger."}
		place := func(name string) int {
			i := slices.Index(g.Nodes, name)
			if i < 0 {
				i = len(g.Nodes)
				g.Nodes = append(g.Nodes, name)
			}
			return i
		}
		for _, pair := range m.f.Baskets {
			g.Edges = append(g.Edges, web.Edge{From: place(pair.Of), To: place(pair.With), Weight: pair.Lift})
		}
		blocks = append(blocks, g)
	}
	return blocks
}

// personas are the kinds of shoppers of an open market.
func (m *trainingReport) personas() web.Block {
	t := web.Table{Caption: "Personas: kinds of shoppers, and what moves them", Columns: []web.Column{{Name: "persona"}, {Name: "share, %", Kind: web.Numbers}, {Name: "utility of a dollar", Kind: web.Numbers},
		{Name: "of buying nothing", Kind: web.Numbers}, {Name: "of a dollar below the price remembered", Kind: web.Numbers}, {Name: "above it", Kind: web.Numbers}, {Name: "units a purchase", Kind: web.Numbers}}}
	total := 0.0
	for _, p := range m.s.Personas {
		total += p.Share
	}
	for _, p := range m.s.Personas {
		t.Rows = append(t.Rows, []web.Cell{web.Word(p.Name), web.Number(100 * p.Share / total), web.Number(p.Price), web.Number(p.Outside), web.Number(p.Gain), web.Number(-p.Loss), web.Number(p.Units)})
	}
	return t
}

// segmentsTold is what each persona from each channel did under the chosen policy.
func (m *trainingReport) segmentsTold() web.Block {
	s := m.Segments
	channels := map[string]bool{}
	for _, o := range s.Each {
		channels[o.Channel] = true
	}
	t := web.Table{Caption: fmt.Sprintf("Who did what under %s, a %s in the whole market", s.Policy, m.s.Time.Period), Columns: []web.Column{{Name: "persona"}, {Name: "visits", Kind: web.Numbers}, {Name: "orders", Kind: web.Numbers},
		{Name: "conversion, %", Kind: web.Numbers}, {Name: "units", Kind: web.Numbers}, {Name: "revenue, $", Kind: web.Numbers}, {Name: "consumer surplus, $", Kind: web.Numbers}}, Note: "Means of " + plural(s.Paths, "episode") + "."}
	for _, o := range s.Each {
		name := o.Persona
		if len(channels) > 1 {
			name += ", " + o.Channel
		}
		conversion := missing
		if o.Visits > 0 {
			conversion = 100 * o.Orders / o.Visits
		}
		t.Rows = append(t.Rows, []web.Cell{web.Word(name), web.Number(o.Visits), web.Number(o.Orders), web.Number(conversion), web.Number(o.Units), web.Number(o.Revenue), web.Number(o.Surplus)})
	}
	return t
}

// doubted is how the answer changes under other models of a chain's shoppers.
func (m *trainingReport) doubted() (blocks []web.Block) {
	if m.Chapters == nil || m.Robustness == nil {
		return nil
	}
	r := m.Robustness
	if len(r.Memories) > 0 {
		t := web.Table{Caption: "The same question under other memories of the reference price, each fitted again", Columns: []web.Column{{Name: "memory"}, {Name: "AIC, less the chosen's", Kind: web.Numbers, Format: more},
			{Name: "best fixed price, $", Kind: web.Numbers, Format: func(v float64) string { return fmt.Sprintf("%.2f", v) }}, {Name: "best cycle"}, {Name: m.Chosen.Agent + " over best-fixed, %", Kind: web.Numbers}, {Name: "over history, %", Kind: web.Numbers}},
			Note: "All of these are as good as the chosen one on the validation weeks, as far as those can tell. The policy is played as it is; fixed price and cycle (regular/deal price, deal weeks : weeks) are tuned again. Demand in closed form."}
		for i := range r.Memories {
			u := &r.Memories[i]
			memory := fmt.Sprintf("%.2g", u.Memory)
			if u.Depth {
				memory += ", and depth below the regular price"
			}
			_, fixed := u.over(learnedName, bestFixed)
			_, before := u.over(learnedName, history)
			t.Rows = append(t.Rows, []web.Cell{web.Word(memory), web.Number(u.AIC), web.Number(u.Fixed), web.Word(cycleText(u.Cycle)), web.Number(100 * fixed), web.Number(100 * before)})
		}
		blocks = append(blocks, t)
	}
	if r.Draws > 0 {
		forest := web.Intervals{Title: fmt.Sprintf("Over %d draws of the fitted coefficients", r.Draws), X: web.Axis{Name: "$ a " + m.s.Time.Period, Zero: true}, Format: more,
			Caption: "Medians, and where 95% of the draws lie; rules are tuned again in each draw."}
		var told web.List
		for _, s := range r.Spreads {
			if s.Over == "gap" {
				told = append(told, fmt.Sprintf("The gap from the best fixed price to the optimum is closed by %.0f%% [%.0f, %.0f].", 100*s.Median, 100*s.Low, 100*s.High))
				continue
			}
			of := strings.Replace(s.Of, learnedName, m.Chosen.Agent, 1)
			forest.Rows = append(forest.Rows, web.Estimate{Name: of + " over " + s.Over, Value: s.Median, Low: s.Low, High: s.High})
			told = append(told, fmt.Sprintf("%s is ahead of %s in %.0f%% of the draws.", of, s.Over, 100*s.Wins))
		}
		if len(forest.Rows) > 0 {
			blocks = append(blocks, forest)
		}
		blocks = append(blocks, told)
	}
	if m.Recorded != nil {
		forest := web.Intervals{Title: "Against what rivals really posted in those weeks", X: web.Axis{Name: m.goal() + ", $ over history", Zero: true}, Format: more,
			Caption: "Others post what they posted in the recorded weeks; demand is the model's."}
		for i := range m.Recorded.Rows {
			if e := over(&m.Recorded.Rows[i], history); e != nil {
				name := m.Recorded.Rows[i].Name
				forest.Rows = append(forest.Rows, web.Estimate{Name: name, Value: e.Value, Low: e.Low, High: e.High, Strong: m.learner(name)})
			}
		}
		if len(forest.Rows) > 0 {
			blocks = append(blocks, forest)
		}
	}
	if l := m.Levels; l != nil && l.Recorded > 0 {
		text := fmt.Sprintf("The chain's records of the weeks that history replays come to %s a %s; the choice model, at their prices, displays, costs and customers, to %s (%s)",
			usDollars(l.Recorded, ""), m.s.Time.Period, usDollars(l.Model, ""), signedPercent(l.Model/l.Recorded-1))
		if x, ok := earns(m.Comparison, history); ok {
			text += fmt.Sprintf("; history played in the market to %s (%s)", usDollars(x, ""), signedPercent(x/l.Recorded-1))
		}
		blocks = append(blocks, web.Text{text + ". Read differences as shares, not as dollars."})
	}
	return blocks
}
