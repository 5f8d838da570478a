package workflow

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/policies/evaluate"
)

func (m *Summary) tunedText() []string {
	b := m.Baselines
	top := ""
	if b.Fixed.Top {
		top = ", the top of the ladder"
	}
	return []string{fmt.Sprintf("best fixed price %.2f%s; best cycle %.2f with %.2f in %d of every %d weeks; cost-plus %.0f%%, which under one cost is a fixed price",
		b.Fixed.Price, top, b.Cycle.Regular, b.Cycle.Deal, b.Cycle.DealWeeks, b.Cycle.Length, 100*b.Markup),
		fmt.Sprintf("history: the chain's prices of the last %d recorded weeks (%d–%d), in their order, out of season and across gaps", len(b.Weeks), b.Weeks[0], b.Weeks[len(b.Weeks)-1])}
}

// tableNotes explain the columns and rows of the headline.
func (m *Summary) tableNotes() []string {
	s := m.Scenery
	days := 7 * s.Time.Horizon
	text := []string{fmt.Sprintf("Customers of %g of the chain's %g stores are simulated and dollars scaled up. Days out of stock are of %s product-days in %s.",
		s.Market.Stores.Evaluate, s.Market.Stores.Chain, thousands(float64(len(s.Data.Products)*days), ""), plural(s.Time.Horizon, s.Time.Period))}
	if slices.Contains(s.Evaluate.Against, solved) {
		text = append(text, "optimum: the dynamic programme's policy of the reduced market, played in the full one: a lower bound of what is possible. "+
			"clairvoyant: knows rivals, traffic and shocks beforehand: an upper bound.")
	}
	return text
}

// earns is what a policy of a result earns, $ a week, and whether it played.
func earns(r *evaluate.Result, name string) (float64, bool) {
	if r != nil {
		for _, row := range r.Rows {
			if row.Name == name {
				return row.Profit.Value, true
			}
		}
	}
	return missing, false
}

// levelsText sets history in the market against what the records say.
func (m *Summary) levelsText() []string {
	l := m.Levels
	less := func(x float64) string { return fmt.Sprintf("%s (%s%%)", thousands(x, ""), whole(100*(x/l.Recorded-1))) }
	text := fmt.Sprintf("the chain's records of the weeks that history replays: %s $ a week. The choice model at their prices, displays, costs and customers: %s",
		thousands(l.Recorded, ""), less(l.Model))
	if x, ok := earns(m.Comparison, history); ok {
		text += fmt.Sprintf("; history in the market: %s", less(x))
	}
	if x, ok := earns(m.Recorded, history); ok {
		text += fmt.Sprintf(", against recorded rivals %s", less(x))
	}
	return []string{text}
}

func (m *Summary) recordedText() string {
	var parts []string
	for _, row := range m.Recorded.Rows {
		for _, d := range row.Differences {
			parts = append(parts, row.Name+" "+plusMinus(d.Estimate, "+"))
		}
	}
	return fmt.Sprintf("$ a week over history where the others post what they posted in those weeks, at what they then cost, and %s costs everybody, history too, the same at every price: %s",
		m.Scenery.Data.Products[m.Scenery.Own()], strings.Join(parts, ", "))
}

func (m *Summary) memoriesText() string {
	return fmt.Sprintf("The validation weeks cannot tell memories of the reference price apart; the training weeks' AIC chooses %.2g. Under each of these the "+
		"choice model is fitted again, the rest of its specification held, the best fixed price and the best cycle (regular/deal price, deal weeks : weeks) are tuned again, and %s of seed %d "+
		"and history are played as they are ($ a week, demand in closed form; AIC: training weeks, less the chosen's; behind: short of the best validation score):",
		m.Models.Choice.Spec.Memory, m.Chosen.Agent, m.Chosen.Seed)
}

// memoryTable has a line for each memory.
func (r *Robustness) memoryTable(agent string) string {
	rows := [][]string{{"", "", "validation", "best", "best", "best cycle", agent, agent},
		{"memory", "AIC", "behind (s.e.)", "fixed", "cycle", "over fixed", "over fixed", "over history"}}
	for i := range r.Memories {
		u := &r.Memories[i]
		memory := fmt.Sprintf("%.2g", u.Memory)
		if u.Depth {
			memory += " *"
		}
		cells := []string{memory, whole(u.AIC), fmt.Sprintf("%.3f (%.3f)", u.Behind, u.BehindSE), fmt.Sprintf("%.2f", u.Fixed),
			cycleText(u.Cycle)}
		for _, pair := range [][2]string{{bestCycle, bestFixed}, {learnedName, bestFixed}, {learnedName, history}} {
			dollars, share := u.over(pair[0], pair[1])
			cells = append(cells, fmt.Sprintf("%s %s", whole(dollars), signedPercent(share)))
		}
		rows = append(rows, cells)
	}
	text := align(rows)
	if slices.ContainsFunc(r.Memories, func(u UnderMemory) bool { return u.Depth }) {
		text += fmt.Sprintf("* and shoppers also respond to how far the price is below the highest of %d weeks\n", choice.RegularWeeks)
	}
	return text
}

// cycleText is a cycle in short: regular price, deal, deal weeks of all weeks.
func cycleText(c evaluate.Cycle) string {
	return fmt.Sprintf("%.2f/%.2f %d:%d", c.Regular, c.Deal, c.DealWeeks, c.Length)
}

// whole is a signed whole number.
func whole(x float64) string {
	if math.Round(x) == 0 {
		return "0"
	}
	if math.Abs(x) >= 9.5 {
		return thousands(x, "+")
	}
	return strings.Replace(fmt.Sprintf("%+.0f", x), "-", "−", 1)
}

func signedPercent(share float64) string {
	return strings.Replace(fmt.Sprintf("%+.1f%%", 100*share), "-", "−", 1)
}

func (m *Summary) drawsText() string {
	r := m.Robustness
	var parts []string
	for _, s := range r.Spreads {
		if s.Over == "gap" {
			parts = append(parts, fmt.Sprintf("gap from best-fixed to optimum closed %.0f%% [%.0f, %.0f]", 100*s.Median, 100*s.Low, 100*s.High))
			continue
		}
		of := s.Of
		if of == learnedName {
			of = m.Chosen.Agent
		}
		parts = append(parts, fmt.Sprintf("%s over %s %s (%s) [%s, %s], ahead in %.0f%%", of, s.Over, thousands(s.Median, "+"), signedPercent(s.Share),
			thousands(s.Low, "+"), thousands(s.High, "+"), 100*s.Wins))
	}
	return fmt.Sprintf("Over %d draws of the fitted coefficients, rules tuned again in each; memory, specification, shocks and displays held; median and 95%% of draws: %s",
		r.Draws, strings.Join(parts, "; "))
}

// between is the range that a difference takes under the memories, as shares.
func (r *Robustness) between(of, over string) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for i := range r.Memories {
		_, share := r.Memories[i].over(of, over)
		low, high = min(low, share), max(high, share)
	}
	return low, high
}

// answer is the headline in words: what was measured on paths, over all seeds; and apart from it, because it is of the chosen seed alone and in closed form, the range over the
// models of doubt.
func (m *Summary) answer() []string {
	var parts, ranges []string
	for _, pair := range [][2]string{{bestCycle, bestFixed}, {m.Chosen.Agent, bestFixed}, {m.Chosen.Agent, history}} {
		of, first := earns(m.Comparison, pair[0])
		over, second := earns(m.Comparison, pair[1])
		if !first || !second {
			continue
		}
		name := pair[0] + " over " + pair[1]
		parts = append(parts, name+" "+signedPercent(of/over-1))
		low, high := m.Robustness.between(map[bool]string{true: bestCycle, false: learnedName}[pair[0] == bestCycle], pair[1])
		ranges = append(ranges, fmt.Sprintf("%s %s to %s", name, signedPercent(low), signedPercent(high)))
	}
	if len(parts) == 0 {
		return nil
	}
	text := []string{"in this model: " + strings.Join(parts, ", ")}
	if len(m.Robustness.Memories) > 0 {
		text = append(text, fmt.Sprintf("over models that the validation weeks cannot tell apart (doubt), computed, of %s seed %d alone and so not about the figures above: %s; the training weeks' AIC prefers memory %.2g",
			m.Chosen.Agent, m.Chosen.Seed, strings.Join(ranges, ", "), m.Models.Choice.Spec.Memory))
	}
	return text
}

// weakCompetition is a cross elasticity that the report remarks on.
const weakCompetition = 0.05

// caveats are what a reader should not forget, beside the models' warnings.
func (m *Summary) caveats() []string {
	b := m.Baselines
	text := []string{"The market is a model, fitted to the data; its figures are profits in the model, not in the shops."}
	if x, ok := earns(m.Comparison, history); ok && m.Levels.Recorded > 0 {
		text = append(text, fmt.Sprintf("History earns %.0f%% %s in the market than the chain's records say (levels): read differences as shares, not as dollars.",
			100*math.Abs(x/m.Levels.Recorded-1), map[bool]string{true: "less", false: "more"}[x < m.Levels.Recorded]))
	}
	own := m.Scenery.Own()
	if cross := crossElasticity(m.Models.Choice.Diagnostics.Elasticities.Cut, own); math.Abs(cross) < weakCompetition {
		text = append(text, fmt.Sprintf("Brands hardly take sales from each other in this model: few customers buy any, and a cut of %s's price by 1%% costs the others %.4f%% of their units.",
			m.Scenery.Data.Products[own], cross))
	}
	text = append(text, "A unit costs the learner the same at every price. In the data the wholesale price falls with deals (trade promotions), so deals look dearer here than they were.")
	if b.Fixed.Top {
		text = append(text, "The best fixed price is the top of the ladder: the ladder, not the market, set it.")
	}
	return text
}
