package workflow

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/results/report"
	"github.com/souk-sim/souk/results/report/scale"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
)

// Text writes the calendar, its limits and how it fares.
func (m *Optimised) Text(w io.Writer) error {
	p := &page{}
	p.line("%s · run %s", m.Scenario, m.RunID)
	if m.Question != "" {
		p.line("%s", m.Question)
	}
	p.section("answer", m.answer()...)
	p.line("")
	p.WriteString(align(m.table()))
	p.section("limits", m.limitsText()...)
	p.line("")
	p.line("Played on %d paths that the plan never met: %s, $; ± is half a %.0f%% interval", m.Comparison.Paths, m.what(), 100*m.Comparison.Level)
	p.line("")
	p.WriteString(m.rivalsTable())
	p.section("", m.rivalsText()...)
	p.section("caveats", m.Caveats...)
	_, err := io.WriteString(w, p.String())
	return err
}

// answer is the headline in words.
func (m *Optimised) answer() []string {
	row := &m.Comparison.Rows[0]
	dollars := inMoney(row.Profit) // as the table of what was played writes it
	words := fmt.Sprintf("The calendar is expected to earn %s in %s", money(m.Value), plural(len(m.Calendar), m.Period))
	if unit := m.unitOfTime(); unit != "episode" {
		words += fmt.Sprintf(", %s a %s", dollars(m.Each), unit)
	}
	switch {
	case m.Searched && m.Between:
		words += fmt.Sprintf(". The search found no better one, up to the interpolation of reference prices; mixing offers within a %s would bring about %s.", m.Period, money(m.Bound))
	case m.Between:
		words += fmt.Sprintf("; the most that any can, up to the interpolation of reference prices, is about %s.", money(m.Bound))
	case m.Proven:
		words += fmt.Sprintf(". By the plan no other earns more; mixing offers within a %s would bring %s.", m.Period, money(m.Bound))
	default:
		words += fmt.Sprintf("; by the plan none earns more than %s.", money(m.Bound))
	}
	played := fmt.Sprintf("Played, it earns %s a %s (%s to %s).", dollars(row.Profit.Value), m.unitOfTime(), dollars(row.Profit.Low), dollars(row.Profit.High))
	expected := m.Each
	if m.unitOfTime() == "episode" {
		expected = m.Value
	}
	if expected > row.Profit.High || expected < row.Profit.Low { // more than chance
		way := "more"
		if row.Profit.Value < expected {
			way = "less"
		}
		why := "more than chance on the paths that were played"
		if len(m.Omits) > 0 {
			why = "which leaves out " + listed(m.Omits) + " (caveats)"
		}
		played += fmt.Sprintf(" The market brings %.2g%% %s than the plan expects, %s.", 100*math.Abs(row.Profit.Value/expected-1), way, why)
	}
	keeper := m.keeper()
	if keeper == nil && len(m.Rivals) > 1 {
		played += " None of the policies that it is compared with keeps its limits."
	}
	for _, d := range row.Differences {
		if keeper != nil && d.Name == keeper.Name {
			beside := "the best that it is compared with"
			for i := range m.Rivals {
				if m.Rivals[i].Breaks != "" {
					beside = "the best that keeps its limits"
				}
			}
			way, value, low, high := "more", d.Value, d.Low, d.High
			if value < 0 {
				way, value, low, high = "less", -value, -high, -low
			}
			dollars := inMoney(d.Estimate)
			played += fmt.Sprintf(" That is %s (%s to %s) %s than %s, %s.", dollars(value), dollars(low), dollars(high), way, d.Name, beside)
		}
	}
	return []string{words, strings.Replace(played, " a episode", " an episode", 1)}
}

// listed are some things in words.
func listed(all []string) string {
	last := len(all) - 1
	if last == 0 {
		return all[0]
	}
	return strings.Join(all[:last], ", ") + " and " + all[last]
}

// unitOfTime is what scores are of.
func (m *Optimised) unitOfTime() string {
	if m.Scenery.World() == scenarios.PricingProblem {
		return "episode"
	}
	return m.Scenery.Time.Period
}

// money is an amount of dollars: whole ones from 1,000 on, below that cents, and of what is less than ten of them two digits that count.
func money(x float64) string {
	places := 2
	switch size := math.Abs(x); {
	case size >= 999.5:
		places = 0
	case size > 0 && size < 0.1:
		places = min(6, 1-int(math.Floor(math.Log10(size))))
	}
	return inDollars(scale.Number(x, places))
}

// inMoney writes amounts with the digits that an estimate has in a table.
func inMoney(e stats.Estimate) func(x float64) string {
	text := inTable(e)
	return func(x float64) string { return inDollars(text(x, "")) }
}

// inColumn writes numbers of a column with the same digits.
func inColumn(values ...float64) func(x float64) string {
	places := scale.Decimals(values)
	return func(x float64) string { return scale.Number(x, places) }
}

// inCents writes dollars of a column with the same digits, of which cents are the last.
func inCents(values ...float64) func(x float64) string {
	places := min(2, scale.Decimals(values))
	return func(x float64) string { return scale.Number(x, places) }
}

// priceTag is a price in dollars and cents, and where it is of none, as one that was recorded, with two more digits.
func priceTag(x float64) string {
	if math.Abs(100*x-math.Round(100*x)) > 1e-6 {
		return scale.Number(x, 4)
	}
	return scale.Number(x, 2)
}

// folded are the calendar's runs of offers that are alike, each as its first row with what the run brings together, and the rows' numbers.
func (m *Optimised) folded(same func(a, b *PlanPeriod) bool) (runs []PlanPeriod, names []string) {
	first := 0
	for i := range m.Calendar {
		r := m.Calendar[i]
		n := len(runs) - 1
		if i == 0 || !same(&r, &runs[n]) {
			r.Units = slices.Clone(r.Units)
			if r.Shoppers != nil {
				shoppers := *r.Shoppers
				r.Shoppers = &shoppers
			}
			runs, names, first = append(runs, r), append(names, strconv.Itoa(i+1)), i
			continue
		}
		run := &runs[n]
		run.Given, run.Reward = run.Given+r.Given, run.Reward+r.Reward
		for k, u := range r.Units {
			run.Units[k] += u
		}
		if r.Shoppers != nil {
			*run.Shoppers += *r.Shoppers
		}
		names[n] = fmt.Sprintf("%d–%d", first+1, i+1)
	}
	return runs, names
}

// table is the calendar, a row a run of periods with the same offer.
func (m *Optimised) table() [][]string {
	runs, names := m.folded(func(a, b *PlanPeriod) bool { return a.Action == b.Action && m.mixed(a) == m.mixed(b) })
	all := [][]string{{m.Period, "price", "promotion"}}
	for i := range runs {
		all = append(all, []string{names[i], priceTag(runs[i].Price), mark(&runs[i])})
	}
	column := func(head string, of func(r *PlanPeriod) float64, text func(values ...float64) func(float64) string) {
		values := make([]float64, len(runs))
		for i := range runs {
			values[i] = of(&runs[i])
		}
		all[0] = append(all[0], head)
		for i, x := range values {
			all[i+1] = append(all[i+1], text(values...)(x))
		}
	}
	if m.told.state != "" {
		column("reference", func(r *PlanPeriod) float64 { return *r.Reference }, func(...float64) func(float64) string { return priceTag })
	}
	if m.told.shoppers != nil {
		column("shoppers", func(r *PlanPeriod) float64 { return math.Round(*r.Shoppers) }, inColumn)
	}
	column("units", (*PlanPeriod).sold, inColumn)
	column("given, $", func(r *PlanPeriod) float64 { return r.Given }, inCents)
	column("earned, $", func(r *PlanPeriod) float64 { return r.Reward }, inCents)
	all[0] = append(all[0], "in the linear programme")
	for i := range runs {
		all[i+1] = append(all[i+1], m.mixed(&runs[i]))
	}
	return all
}

// sold is the units of all products.
func (r *PlanPeriod) sold() (units float64) {
	for _, u := range r.Units {
		units += u
	}
	return units
}

func mark(r *PlanPeriod) string {
	switch {
	case r.Promotion != "":
		return r.Promotion
	case r.Promoted:
		return "deal"
	}
	return ""
}

// mixed is what the linear programme mixes in a period; empty where it has the calendar's offer alone.
func (m *Optimised) mixed(r *PlanPeriod) string {
	if len(r.Mix) == 1 && r.Mix[0].Action == r.Action {
		return ""
	}
	var all []string
	for _, x := range r.Mix {
		offer := m.told.spec.Offers[x.Action]
		all = append(all, fmt.Sprintf("%.0f%% %s", 100*x.Share, offerText(offer.Price, offer.Promotion)))
	}
	if text := strings.Join(all, ", "); len(text) <= 40 {
		return text
	}
	return plural(len(all), "offer")
}

// limitsText tells what the limits come to.
func (m *Optimised) limitsText() (all []string) {
	for _, l := range m.Limits {
		amount := inColumn(l.Used, l.Limit)
		text := fmt.Sprintf("%s of %s %s of %s are used; ", amount(l.Used), amount(l.Limit), l.Unit, l.Name)
		if l.Unit == "$" {
			text = fmt.Sprintf("%s of the budget of %s are used; ", money(l.Used), money(l.Limit))
		}
		if l.ShadowPrice == 0 {
			text += "more would be worth nothing."
		} else {
			text += fmt.Sprintf("one more is worth %s, its shadow price.", money(l.ShadowPrice))
		}
		all = append(all, text)
	}
	if x := m.Promotions; x != nil {
		text := fmt.Sprintf("%d of %s are made", m.Made, plural(x.Most, "promotion"))
		if x.Apart > 0 {
			text += fmt.Sprintf(", with at least %s between", plural(x.Apart, m.Period))
		}
		all = append(all, text+fmt.Sprintf("; one more is worth %s at most.", money(x.ShadowPrice)))
	}
	if all == nil {
		all = []string{"None: any offer may be made in any " + m.Period + "."}
	}
	if len(m.Regular) > 0 {
		var prices []string
		for _, x := range m.Regular {
			prices = append(prices, priceTag(x))
		}
		whose := "of the opening offer"
		if m.Own {
			whose = "the highest of the calendar"
		}
		all = append(all, fmt.Sprintf("The regular price is %s, %s; a price more than %.3g%% below that, or a promotion, counts as promoted.", strings.Join(prices, " and "), whose, 100*m.Depth))
	}
	return all
}

// CSV writes the calendar, one row a period.
func (m *Optimised) CSV(w io.Writer) error {
	out := csv.NewWriter(w)
	heads := []string{"period", "price", "promotion", "promoted", "reference_price", "shoppers"}
	for _, name := range m.Products {
		heads = append(heads, "units_"+name)
	}
	rows := [][]string{append(heads, "given_away", "reward")}
	number := func(x *float64) string {
		if x == nil {
			return ""
		}
		return strconv.FormatFloat(*x, 'g', -1, 64)
	}
	for i := range m.Calendar {
		r := &m.Calendar[i]
		cells := []string{strconv.Itoa(r.Period), number(&r.Price), r.Promotion, strconv.FormatBool(r.Promoted), number(r.Reference), number(r.Shoppers)}
		for k := range r.Units {
			cells = append(cells, number(&r.Units[k]))
		}
		rows = append(rows, append(cells, number(&r.Given), number(&r.Reward)))
	}
	return out.WriteAll(rows)
}

// picture draws the calendar.
func (m *Optimised) picture() *report.PricePaths {
	path := report.PricePath{Name: "calendar"}
	for i := range m.Calendar {
		r := &m.Calendar[i]
		path.Time, path.Price, path.RivalDeal = append(path.Time, float64(r.Period+1)), append(path.Price, r.Price), append(path.RivalDeal, r.Promoted)
		if r.Reference != nil {
			path.Reference = append(path.Reference, *r.Reference)
		}
	}
	return &report.PricePaths{Title: "The calendar", Subtitle: m.Scenario, X: m.Period, Label: strconv.Itoa, Y: m.unit(), Deals: "promoted", Paths: []report.PricePath{path}}
}

// unit is what an offer is called by.
func (m *Optimised) unit() string {
	if l := m.Scenery.Learner(); m.Scenery.World() == scenarios.OpenMarket && l.Ladder.Levels {
		return "level of list prices"
	}
	return "price, $"
}
