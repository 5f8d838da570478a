package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/souk-sim/souk/results/report/web"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
)

// ordinals are 1, 2, …, n: the periods of an episode.
func ordinals(n int) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = float64(i + 1)
	}
	return all
}

// paths draws prices, stock, units and visitors under the policies, period by period.
func (m *trainingReport) paths() (blocks []web.Block) {
	period := m.s.Time.Period
	caption := fmt.Sprintf("Means of %s that training never met.", plural(m.f.Averaged, "episode"))
	if m.f.Averaged == 1 {
		caption = "The first episode that training never met: one draw of customers, rivals and shocks, the same for all policies."
	}
	price := web.Axis{Name: "price posted, $"}
	if m.s.World() == scenarios.OpenMarket && m.s.MarketConfig().Sellers[0].Levels {
		price.Name = "price level of " + m.s.Learner().Name + ", 1 is the list price"
	}
	for _, of := range []struct {
		title  string
		y      web.Axis
		values func(p *pathFigure) curve
	}{
		{"Prices, " + period + " by " + period, price, func(p *pathFigure) curve { return p.Price }},
		{"Stock on hand", web.Axis{Name: "units on hand at the " + period + "'s start", Zero: true}, func(p *pathFigure) curve { return p.Stock }},
		{"Units sold", web.Axis{Name: "units a " + period, Zero: true}, func(p *pathFigure) curve { return p.Units }},
	} {
		chart := web.Lines{Title: of.title, Caption: caption, X: web.Axis{Name: period + " of the episode"}, Y: of.y}
		for i := range m.f.Paths {
			p := &m.f.Paths[i]
			if values := of.values(p); anyFinite(values) {
				chart.Series = append(chart.Series, web.Series{Name: p.Policy, X: ordinals(len(values)), Y: values, Steps: strings.HasPrefix(of.title, "Prices"), Quiet: i > 2})
			}
		}
		if len(chart.Series) > 0 {
			blocks = append(blocks, chart)
		}
	}
	return blocks
}

// policy shows and tells the chosen policy.
func (m *trainingReport) policy() []web.Block {
	blocks := []web.Block{web.Text{fmt.Sprintf("The folder policy/ holds %s of seed %d, the best of all trainings on paths kept for that choice.", m.Chosen.Agent, m.Chosen.Seed)}}
	if f := m.f.Policy; f != nil {
		blocks = append(blocks, f.heat())
	}
	return append(blocks, web.Text{"In words:"}, web.List(strings.Split(strings.TrimSpace(m.Learned), "\n")))
}

// heat is the map of a policy.
func (f *policyFigure) heat() web.Block {
	h := web.Heat{Title: "What the policy posts in each state, and how often training was there", X: f.X, Y: f.Y, Columns: f.Columns, Rows: f.Rows}
	money := func(v float64) string { return fmt.Sprintf("%.2f", v) }
	matrix := func(rows []curve) (all [][]float64) {
		for _, r := range rows {
			all = append(all, r)
		}
		return all
	}
	if len(f.Offers) > 0 {
		h.Rows, h.Y = f.Offers, "offer"
		marked := make([][]bool, len(f.Offers))
		for i := range marked {
			marked[i] = make([]bool, len(f.Columns))
			for k, made := range f.Made {
				marked[i][k] = made == i && f.Price[0][k] == f.Price[0][k]
			}
		}
		h.Layers = []web.Layer{{Name: "tries in training", Values: matrix(f.Visits), Marked: marked, Log: true}}
		h.Caption = "Columns are states, rows the offers. A ring is the offer that the policy makes there; brighter cells were tried more often (the scale is logarithmic). Columns without cells were never met."
		h.Summary = "A map of states by " + f.X + " and offers; " + f.told() + "."
		return h
	}
	h.Layers = []web.Layer{{Name: "price posted, $", Values: matrix(f.Price), Format: money}}
	if f.Visits != nil {
		h.Layers = append(h.Layers, web.Layer{Name: "visits in training", Values: matrix(f.Visits), Log: true})
		h.Caption = "States without a cell were never met."
	}
	if len(f.Others) > 0 {
		h.Caption = strings.TrimSpace(h.Caption + " Held at what is most common: " + strings.Join(f.Others, ", ") + ".")
	}
	h.Summary = "A map of the price posted by " + f.X
	if f.Y != "" {
		h.Summary += " and " + f.Y
	}
	h.Summary += "."
	return h
}

// told is a policy of one feature in a sentence.
func (f *policyFigure) told() string {
	var parts []string
	for k := 0; k < len(f.Columns); {
		to := k
		for to+1 < len(f.Columns) && f.Made[to+1] == f.Made[k] {
			to++
		}
		if f.Made[k] >= 0 {
			parts = append(parts, fmt.Sprintf("%s at %s to %s", f.Offers[f.Made[k]], f.Columns[k], f.Columns[to]))
		}
		k = to + 1
	}
	return "the offers made are " + strings.Join(parts, ", ")
}

// learning shows how learners came along, what they gave up, and what they tried.
func (m *trainingReport) learning() (blocks []web.Block) {
	chart := web.Lines{Title: "What learners earned while they learned, exploration included", X: web.Axis{Name: "training episode"}, Y: web.Axis{Name: aPeriod(m.s)},
		Caption: "Lines are means of the training seeds, in a band from the lowest seed to the highest. Dashed: what policies that do not learn earn in the comparison."}
	for _, a := range m.s.Agents {
		if s := m.course(a.Name); len(s.X) > 0 {
			chart.Series = append(chart.Series, s)
		}
	}
	for _, name := range []string{bestFixed, solved} {
		if row := m.row(name); row != nil {
			chart.References = append(chart.References, web.Reference{Name: name, Value: row.Profit.Value})
		}
	}
	if len(chart.Series) > 0 {
		blocks = append(blocks, chart)
	}
	if len(m.Regret) > 0 {
		blocks = append(blocks, m.regretChart())
		var told web.List
		for i := range m.Regret {
			r := &m.Regret[i]
			last := len(r.Lost) - 1
			text := fmt.Sprintf("%s gave up %s against the optimum's policy in its %s.", r.Agent, usDollars(r.Lost[last], ""), plural(r.Episodes[last], "training episode"))
			if e := r.Slope; e != nil {
				text += fmt.Sprintf(" The sum grows like the number of episodes to the power %.2f [%.2f, %.2f]: 1 would be no progress.", e.Value, e.Low, e.High)
			}
			told = append(told, text)
		}
		blocks = append(blocks, told)
	}
	for _, a := range m.f.Actions {
		stack := web.Stack{Title: "Which offers " + a.Agent + " made while it learned", X: web.Axis{Name: "training episode"}, At: a.Episode,
			Caption: "Shares of all reviews kept in steps.parquet, exploration included, all seeds together; the darkest is the lowest price."}
		for i, name := range a.Offers {
			stack.Parts = append(stack.Parts, web.Part{Name: name, Share: a.Share[i]})
		}
		blocks = append(blocks, stack)
	}
	if text := m.stoppedText(); len(text) > 0 {
		blocks = append(blocks, web.Text{"Trainings that a rule ended:"}, web.List(text))
	}
	return blocks
}

// mostBlocks is how many points a learning curve has on the page.
const mostBlocks = 120

// course is how an agent came along: of blocks of episodes the mean over its seeds, in a band from the lowest seed to the highest. Seeds may have ended early.
func (m *trainingReport) course(agent string) web.Series {
	s, band := web.Series{Name: agent}, web.Band{}
	courses := m.curves.of(agent)
	longest, played := 0, 0
	for _, c := range courses {
		longest, played = max(longest, len(c.Scores)), max(played, c.Episodes)
	}
	block := max(1, (longest+mostBlocks-1)/mostBlocks)
	for from := 0; from < longest; from += block {
		var means []float64
		for _, c := range courses {
			if part := c.Scores[min(from, len(c.Scores)):min(from+block, len(c.Scores))]; len(part) > 0 {
				means = append(means, stats.Mean(part))
			}
		}
		s.X, s.Y = append(s.X, float64(min((from+block)*m.curves.Block, played))), append(s.Y, stats.Mean(means))
		band.Low, band.High = append(band.Low, slices.Min(means)), append(band.High, slices.Max(means))
	}
	s.Bands = []web.Band{band}
	return s
}

// regretChart is regret over episodes.
func (m *trainingReport) regretChart() web.Block {
	chart := web.Lines{Title: "Regret: what was given up while learning", X: web.Axis{Name: "training episodes played", Log: true}, Y: web.Axis{Name: "million $ given up until then", Log: true},
		Caption: "Against the optimum's policy in the same market; both axes logarithmic; means over seeds in a band of two standard errors."}
	for i := range m.Regret {
		r := &m.Regret[i]
		s := web.Series{Name: r.Agent, Bands: []web.Band{{}}}
		for k, n := range r.Episodes {
			lost, by := r.Lost[k]/1e6, 2*r.Error[k]/1e6
			s.X, s.Y = append(s.X, float64(n)), append(s.Y, lost)
			s.Bands[0].Low, s.Bands[0].High = append(s.Bands[0].Low, lost-by), append(s.Bands[0].High, lost+by)
		}
		chart.Series = append(chart.Series, s)
	}
	return chart
}
