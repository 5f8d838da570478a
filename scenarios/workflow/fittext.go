package workflow

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/scenarios"
)

// FitText writes what was fitted, on what, how well on held-out data, and what to be careful about.
func FitText(w io.Writer, s *scenarios.Scenario, d *Data, m *Models) error {
	p := &page{}
	p.line("%s: models of %s", s.Name, s.Data.Panel)
	p.section("data", dataText(s, d.Findings)...)
	p.section("traffic", m.Traffic.text(s)...)
	if table := m.Traffic.table(); table != "" {
		p.line("")
		p.WriteString(table)
	}
	p.section("choice", choiceText(m.Choice, s.Own())...)
	p.line("\ncoefficients, with t values (Driscoll–Kraay)\n")
	p.WriteString(coefficientTable(m.Choice))
	p.section("", "elasticities of units to the own price where reference prices equal prices, and of the others' units to it (in a logit alike for all others)")
	p.line("")
	p.WriteString(elasticityTable(m.Choice))
	p.section("chosen", selections(m.Choice.Diagnostics)...)
	p.section("", "least squares (OLS) and two-stage least squares (2SLS; instruments: wholesale price, with its own gain and loss): estimate (s.e.)")
	p.line("")
	p.WriteString(estimatorTable(m.Choice, s.Own()))
	p.line("\nstrength of the instruments, on each brand's own rows (classical): first-stage F\n")
	p.WriteString(instrumentTable(m.Choice.Diagnostics))
	p.line("\nother explanations of the gain, put beside it; score: log density of the validation weeks\n")
	p.WriteString(mechanismTable(m.Choice.Diagnostics))
	p.line("\nthe same for each brand by itself: coefficient (t)\n")
	p.WriteString(mechanismsByBrand(m.Choice))
	p.line("\nheld-out weeks: |error| in units as a share of units\n")
	p.WriteString(heldOutTable(m.Choice.Diagnostics))
	p.section("prices", m.pricesText(s)...)
	p.line("")
	p.WriteString(m.priceTable())
	p.section("", "whether the chains suit: p values of tests of a first-order, unchanging chain; weeks on deal, as observed, and where 95% of simulated histories lie")
	p.line("")
	table, warned := m.chainTable(s)
	p.WriteString(table)
	p.section("", warned...)
	_, err := io.WriteString(w, p.String())
	return err
}

// coefficientTable has a line for each product and columns for terms, as many side by side as fit; what products share stands in every line.
func coefficientTable(c *choice.ShareLogit) string {
	cells := map[string]map[string]string{}
	terms := []string{"price", "gain", "loss", "display", "lent"}
	for _, k := range c.Coefficients {
		if cells[k.Term] == nil {
			cells[k.Term] = map[string]string{}
		}
		if !slices.Contains(terms, k.Term) {
			terms = append(terms, k.Term)
		}
		cells[k.Term][k.Brand] = fmt.Sprintf("%.2f (%.1f)", k.Estimate, k.T)
	}
	terms = slices.DeleteFunc(terms, func(term string) bool { return cells[term] == nil })
	var blocks []string
	for block := range slices.Chunk(terms, 5) {
		rows := [][]string{append([]string{""}, block...)}
		for j, brand := range c.Brands {
			row := []string{brand}
			for _, term := range block {
				cell, own := cells[term][brand]
				remembers := c.Spec.Remembers[j] || term != "gain" && term != "loss"
				if shared, common := cells[term][""]; !own && common && remembers {
					cell = shared + " shared"
				}
				row = append(row, cell)
			}
			rows = append(rows, row)
		}
		blocks = append(blocks, align(rows))
	}
	return strings.Join(blocks, "\n")
}

func elasticityTable(c *choice.ShareLogit) string {
	e := c.Diagnostics.Elasticities
	rows := [][]string{{"", "small cut", "small rise", "long run", "others', cut", "others', long run"}}
	for j, brand := range c.Brands {
		row := []string{brand}
		for _, table := range [][][]float64{e.Cut, e.Rise, e.Long} {
			row = append(row, fmt.Sprintf("%.2f", table[j][j]))
		}
		for _, table := range [][][]float64{e.Cut, e.Long} {
			row = append(row, fmt.Sprintf("%.4f", crossElasticity(table, j)))
		}
		rows = append(rows, row)
	}
	return align(rows)
}

// crossElasticity is the largest of the others' to a brand's price.
func crossElasticity(table [][]float64, brand int) float64 {
	largest := 0.0
	for j := range table {
		if j != brand && math.Abs(table[j][brand]) > math.Abs(largest) {
			largest = table[j][brand]
		}
	}
	return largest
}

// selections tells what the validation periods decided.
func selections(d *choice.Diagnostics) (text []string) {
	for _, s := range append(slices.Clone(d.Selections), d.Display) {
		var others []string
		for _, o := range s.Options {
			if o.Value != s.Chosen {
				tied := ""
				if o.Tied {
					tied = " (tied)"
				}
				others = append(others, o.Value+tied)
			}
		}
		text = append(text, fmt.Sprintf("%s: %s; not %s", s.Question, s.Chosen, strings.Join(others, ", ")))
	}
	return text
}

// estimatorTable sets the two estimators side by side: the own product's coefficients, and those common to all brands.
func estimatorTable(c *choice.ShareLogit, own int) string {
	d := c.Diagnostics
	cell := func(all []choice.Coefficient, term, brand string) string {
		for _, k := range all {
			if k.Term == term && (k.Brand == brand || k.Brand == "") {
				return fmt.Sprintf("%.2f (%.2f)", k.Estimate, k.SE)
			}
		}
		return ""
	}
	var second, common []choice.Coefficient
	if d.Instrumented != nil {
		second = d.Instrumented.Coefficients
	}
	if d.InstrumentedCommon != nil {
		common = d.InstrumentedCommon.Coefficients
	}
	name := c.Brands[own]
	rows := [][]string{{"", name + ": OLS", "2SLS", "common to all: OLS", "2SLS"}}
	for _, term := range []string{"price", "gain", "loss"} {
		rows = append(rows, []string{term, cell(d.LeastSquares, term, name), cell(second, term, name), cell(d.LeastSquaresCommon, term, ""), cell(common, term, "")})
	}
	return align(rows)
}

// instrumentTable has a line for each brand, and one for coefficients common to all.
func instrumentTable(d *choice.Diagnostics) string {
	rows := [][]string{{"", "rows", "price", "gain", "loss", "Cragg–Donald"}}
	add := func(name, n string, stages []choice.FirstStage, cragg float64) {
		row := []string{name, n, "", "", "", fmt.Sprintf("%.2f", cragg)}
		for _, f := range stages {
			for k, term := range []string{"price", "gain", "loss"} {
				if strings.HasPrefix(f.Regressor, term) {
					row[2+k] = fmt.Sprintf("%.1f", f.F)
				}
			}
		}
		rows = append(rows, row)
	}
	for _, b := range d.Strength {
		if b.Problem != "" {
			rows = append(rows, []string{b.Brand, fmt.Sprint(b.Rows), "–", "–", "–", "–"})
			continue
		}
		add(b.Brand, fmt.Sprint(b.Rows), b.FirstStages, b.CraggDonald)
	}
	if all := d.InstrumentedCommon; all != nil {
		add("common to all", fmt.Sprint(d.Rows), all.FirstStages, all.CraggDonald)
	}
	return align(rows)
}

// abbreviated shortens a long hyphenated name to the initials of all words but the last.
func abbreviated(name string) string {
	words := strings.Split(name, "-")
	if utf8.RuneCountInString(name) <= 9 || len(words) < 2 {
		return name
	}
	short := ""
	for _, w := range words[:len(words)-1] {
		if w != "" {
			short += string([]rune(w)[:1])
		}
	}
	return short + "-" + words[len(words)-1]
}

// mechanismsByBrand has a line for each mechanism and a column for each brand that remembers, as many side by side as fit.
func mechanismsByBrand(c *choice.ShareLogit) string {
	var brands []string
	for j, brand := range c.Brands {
		if c.Spec.Remembers[j] {
			brands = append(brands, brand)
		}
	}
	var blocks []string
	for block := range slices.Chunk(brands, 5) {
		rows := [][]string{{""}}
		for _, brand := range block {
			rows[0] = append(rows[0], abbreviated(brand))
		}
		for _, m := range c.Diagnostics.Mechanisms {
			row := []string{m.Name}
			for _, brand := range block {
				cell := ""
				for _, k := range m.ByBrand {
					if k.Brand == brand {
						cell = fmt.Sprintf("%.2f (%.1f)", k.Estimate, k.T)
					}
				}
				row = append(row, cell)
			}
			rows = append(rows, row)
		}
		blocks = append(blocks, align(rows))
	}
	return strings.Join(blocks, "\n")
}

func mechanismTable(d *choice.Diagnostics) string {
	rows := [][]string{{"", "coefficient (t)", "score a week ± s.e.", "gains with it in", "asked for"}}
	for _, m := range d.Mechanisms {
		low, high := math.Inf(1), math.Inf(-1)
		for _, g := range m.Gains {
			low, high = min(low, g.Estimate), max(high, g.Estimate)
		}
		gains := ""
		if len(m.Gains) > 0 {
			gains = fmt.Sprintf("%.1f to %.1f", low, high)
		}
		rows = append(rows, []string{m.Name, fmt.Sprintf("%.3g (%.1f)", m.Common.Estimate, m.Common.T),
			fmt.Sprintf("%+.3f ± %.3f", m.Score, m.ScoreSE), gains, map[bool]string{true: "yes", false: "no"}[m.Preferred]})
	}
	return align(rows)
}

func heldOutTable(d *choice.Diagnostics) string {
	rows := [][]string{{"", "brand-weeks", "model", "model, one week ahead", "last week", "average", "bias"}}
	for _, h := range d.HeldOut {
		percent := func(a choice.Accuracy) string { return fmt.Sprintf("%.0f%%", 100*a.Absolute) }
		rows = append(rows, []string{h.Brand, fmt.Sprint(h.Cells), percent(h.Structural), percent(h.OneStep), percent(h.LastWeek), percent(h.Average),
			fmt.Sprintf("%.2f", h.Structural.Bias)})
	}
	return align(rows)
}

func (m *Models) priceTable() string {
	rows := [][]string{{"", "regular price", "to deal", "to regular", "hold", "deals", "regular prices"}}
	for _, fit := range m.Prices {
		c := fit.Deals.Chain()
		var prices [2][]string
		for _, r := range fit.Deals.Rungs() {
			k := 1
			if r.Deal {
				k = 0
			}
			prices[k] = append(prices[k], fmt.Sprintf("%.2f", r.Price))
		}
		rows = append(rows, []string{fit.Deals.Product(), fmt.Sprintf("%.2f", fit.Level), fmt.Sprintf("%.2f", c.ToDeal), fmt.Sprintf("%.2f", c.ToRegular),
			fmt.Sprintf("%.2f", c.HoldRegular), strings.Join(prices[0], " "), strings.Join(prices[1], " ")})
	}
	return align(rows)
}

// Documents are the models as JSON documents, by file name.
func (m *Models) Documents() map[string]any {
	all := map[string]any{"traffic.json": m.Traffic.document(), "choice.json": m.Choice}
	if m.Traffic.Selection != nil {
		all["traffic-selection.json"] = m.Traffic.Selection
	}
	for _, fit := range m.Prices {
		all["prices-"+fit.Deals.Product()+".json"] = fit.Deals
	}
	return all
}
