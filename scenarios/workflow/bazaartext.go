package workflow

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/env"
)

// mostTold is how many products, sellers or the like are told one by one.
const mostTold = 8

// FitText writes what was fitted, on what, how well, and what to be careful about.
func (b *bazaar) FitText(w io.Writer) error {
	p := &page{}
	p.line("%s: the market", b.s.Name)
	p.section("market", b.inWords()...)
	p.section("traffic", b.traffic()...)
	p.section("careful", warnings(b.told)...)
	_, err := io.WriteString(w, p.String())
	return err
}

func (b *bazaar) opening(p *page, m *Summary) {
	p.section("market", b.inWords()...)
	if b.series != nil {
		p.section("traffic", b.traffic()...)
	}
	p.section("knows", b.knows()...)
	if f := m.Baselines.Fixed; f != nil {
		p.section("tuned", "best fixed offer "+offerText(f.Price, f.Promotion)+map[bool]string{true: ", the top of the ladder"}[f.Top])
	}
	p.section("", warnings(b.told)...)
}

// knows is the loud line where the learner sees what no seller could.
func (b *bazaar) knows() []string {
	if b.player < 0 || len(b.cfg.Sellers[b.player].Knows) == 0 {
		return nil
	}
	k := &b.cfg.Sellers[b.player]
	return []string{fmt.Sprintf("! %s KNOWS WHAT NO SELLER CAN: %s. What it earns with that, no shop can.", strings.ToUpper(k.Name), strings.Join(k.Knows, ", "))}
}

// inWords says who sells what to whom.
func (b *bazaar) inWords() (text []string) {
	cfg := b.cfg
	players := b.s.Players()
	text = append(text, fmt.Sprintf("%s of a %s; %s with %s", plural(cfg.Horizon, b.s.Time.Period), map[bool]string{true: "market that then closes", false: "market that goes on"}[cfg.Terminal],
		plural(len(cfg.Sellers), "seller"), plural(len(cfg.Products), "product")))
	for i := range cfg.Sellers {
		if i == mostTold && len(cfg.Sellers) > mostTold+1 {
			text = append(text, fmt.Sprintf("… and %d sellers more", len(cfg.Sellers)-i))
			break
		}
		brain := "learns"
		switch {
		case players[i].Rule != nil:
			brain = "by the rule " + players[i].Rule.Kind
		case players[i].Agent != "":
			brain = "learns by " + players[i].Agent + " beside it"
		}
		text = append(text, b.seller(&cfg.Sellers[i])+"; "+brain)
	}
	text = append(text, b.shoppersInWords())
	var promotions []string
	for _, p := range cfg.Promotions.Promotions {
		promotions = append(promotions, p.Name+" ("+p.Kind+")")
	}
	if len(promotions) > 0 {
		text = append(text, "promotions: "+strings.Join(few(promotions, mostTold), ", "))
	}
	return text
}

// seller says what one sells and may offer.
func (b *bazaar) seller(k *market.Seller) string {
	var goods []string
	for _, name := range k.Products {
		j := slices.IndexFunc(b.cfg.Products, func(p market.Product) bool { return p.Name == name })
		p := &b.cfg.Products[j]
		text := fmt.Sprintf("%s (list %.4g, cost %.4g", p.Name, p.Price, p.Cost)
		if p.Stock != nil {
			text += ", in stock"
		}
		goods = append(goods, text+")")
	}
	low, high, promoted := k.Offers[0].Price, k.Offers[0].Price, 0
	for _, o := range k.Offers {
		low, high = min(low, o.Price), max(high, o.Price)
		if o.Promotion != "" {
			promoted++
		}
	}
	offers := fmt.Sprintf("%s from %.4g to %.4g", plural(len(k.Offers), "offer"), low, high)
	if k.Levels {
		offers += " times the list price"
	}
	if promoted > 0 {
		offers += fmt.Sprintf(", %d with a promotion", promoted)
	}
	return fmt.Sprintf("%s sells %s: %s%s", k.Name, strings.Join(few(goods, 4), ", "), offers, b.guardrails(k))
}

// guardrails says what a seller may not offer, and of a markup what it leaves of the offers.
func (b *bazaar) guardrails(k *market.Seller) string {
	var all []string
	for _, l := range []env.Limit{{Feature: "the reference price", Drop: k.Drop, Rise: k.Rise}, {Feature: "its last price", Drop: k.Change, Rise: k.Change}, {Floor: k.Floor, Ceiling: k.Ceiling}} {
		all = append(all, l.Words()...)
	}
	if k.Times > 0 { // of one product
		j := slices.IndexFunc(b.cfg.Products, func(p market.Product) bool { return p.Name == k.Products[0] })
		least, left := env.Limit{Floor: float64(k.Times * b.cfg.Products[j].Cost)}, 0
		for _, o := range k.Offers {
			if least.Excess(nil, o.Price) == 0 {
				left++
			}
		}
		all = append(all, fmt.Sprintf("a markup of %.4g, which leaves %d of them at today's cost", k.Times-1, left))
	}
	if len(all) == 0 {
		return ""
	}
	return "; its guardrails: " + strings.Join(all, ", ")
}

// shoppersInWords says how many shoppers come, who they are and what they do.
func (b *bazaar) shoppersInWords() string {
	cfg := b.cfg
	come := fmt.Sprintf("%s shoppers a day expected", thousands(cfg.Traffic.Visitors, ""))
	if b.series != nil {
		come = "shoppers by the model of traffic"
	}
	total := 0.0
	for i := range cfg.Personas {
		total += cfg.Personas[i].Share
	}
	var who []string
	for i := range cfg.Personas {
		p := &cfg.Personas[i]
		who = append(who, fmt.Sprintf("%s %.0f%% (price %.3g)", p.Name, 100*p.Share/total, p.Price))
	}
	text := come + ": " + strings.Join(few(who, mostTold), ", ")
	if n := len(cfg.Channels); n > 1 {
		text += fmt.Sprintf("; %d channels", n)
	}
	if cfg.Visit.Kind == "journey" {
		text += "; they walk down a list and view what they click"
	} else {
		text += "; they see all products at once"
	}
	if cfg.Visit.CrossSell != nil || cfg.Visit.Basket > 0 {
		text += " and fill baskets"
	}
	if cfg.Loyalty.Model != nil {
		text += "; who buys may come back, to look at the rate at which the model has customers buy"
	}
	return text
}

// traffic tells of the demand model.
func (b *bazaar) traffic() []string {
	if b.series == nil {
		return nil
	}
	d := b.series
	text := []string{fmt.Sprintf("%s of %s: %s, fitted to %s; in the first after them %s [%s, %s]", d.of.Column, d.of.Data, d.of.Model,
		plural(d.Observed(), b.s.Time.Period), thousands(d.next.Median[0], ""), thousands(d.next.Lo[0], ""), thousands(d.next.Hi[0], ""))}
	for _, f := range d.Findings {
		text = append(text, fmt.Sprintf("! %s: %s", f.Kind, f.Found))
	}
	return text
}

// earning says what the learner is after.
func (b *bazaar) earning() string {
	k := &b.cfg.Sellers[max(b.player, 0)]
	text := fmt.Sprintf("%s of %s", k.Reward.Of, k.Name)
	if k.Reward.LostUnit > 0 || k.Reward.PriceChange > 0 {
		text += ", less what lost units and new offers cost it"
	}
	return text
}

func (b *bazaar) title(r *evaluate.Result) string {
	return fmt.Sprintf("%s, $ a %s, on %d paths that training never met; ± is half a 95%% interval", capital(b.earning()), b.s.Time.Period, r.Paths)
}

func (b *bazaar) simulated(m *Simulation) (title, below string) {
	r := m.Result
	m.Accounts = accountsOf(r)
	text := fmt.Sprintf("%s: %s, $ a %s, over the same %d paths of %s.\n± is half of the %.0f%% interval", b.s.Name, b.earning(), b.s.Time.Period, r.Paths,
		plural(b.s.Time.Horizon, b.s.Time.Period), 100*r.Level)
	if len(r.References) > 0 {
		text += fmt.Sprintf("; over %s is paired, path by path", r.References[0])
	}
	if n := len(b.full.Beside); n > 0 {
		text += fmt.Sprintf("\n%s who would learn beside the learning one make their opening offers here: nobody learns", plural(n, "seller"))
	}
	return strings.Join(append([]string{text}, b.knows()...), "\n"), "\n" + b.accountsTitle() + "\n\n" + accountsTable(m.Accounts)
}

func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

func (b *bazaar) notes(p *page, m *Summary) {
	p.section("", fmt.Sprintf("In an episode of %s: changes of the offer, %ss with a promotion on, product-days out of stock in the whole market.",
		plural(b.s.Time.Horizon, b.s.Time.Period), b.s.Time.Period))
	p.section("", b.accountsTitle())
	p.line("")
	p.WriteString(accountsTable(m.Accounts))
	if m.Segments != nil && m.Segments.text != "" {
		p.line("")
		p.WriteString(m.Segments.text)
	}
	if len(b.full.Beside) > 0 {
		p.section("", b.besideText())
		p.line("")
		p.WriteString(b.sellersEarned(m))
	}
}

func (b *bazaar) accountsTitle() string {
	return "The market under each policy, a " + b.s.Time.Period + " where no share:"
}

func (b *bazaar) noun() string {
	if b.cfg.Sellers[max(b.player, 0)].Levels {
		return "level of list prices"
	}
	return "price"
}

// apart is nothing: rungs may be few and wide, and each offer is another decision.
func (b *bazaar) apart(policies.Frozen) float64 { return 0 }

// answer sets the agent that the table shows best against what it is compared with, over all seeds, with what can be told of the differences.
func (b *bazaar) answer(m *Summary) []string {
	best, agents := b.best(m.Comparison)
	if best == nil {
		return nil
	}
	var parts []string
	for _, row := range m.Comparison.Rows {
		if !slices.Contains(m.Baselines.entered, row.Name) {
			continue
		}
		over, err := m.Comparison.Over(best.Name, row.Name)
		if err != nil {
			continue // a rule has one policy, which any number of seeds is paired with
		}
		text := fmt.Sprintf("over %s %s $", row.Name, plusMinus(over, "+"))
		if row.Profit.Value > 0 {
			text += fmt.Sprintf(" (%s)", signedPercent(over.Value/row.Profit.Value))
		}
		if over.Low <= 0 && over.High >= 0 {
			text += ": cannot be told from " + row.Name
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		return nil
	}
	who := best.Name
	if agents > 1 {
		who += fmt.Sprintf(", the best of %d agents,", agents)
	}
	text := []string{fmt.Sprintf("in this model, a %s, mean of %s: %s %s", b.s.Time.Period, plural(best.Seeds, "seed"), who, strings.Join(parts, "; "))}
	if m.Chosen.Agent != best.Name {
		text = append(text, fmt.Sprintf("policy/ holds %s all the same: its seed %d is the best single one on paths kept for that", m.Chosen.Agent, m.Chosen.Seed))
	}
	return text
}

// best is the agent with the highest mean over its seeds, and how many agents there are.
func (b *bazaar) best(r *evaluate.Result) (best *evaluate.Row, agents int) {
	for i := range r.Rows {
		row := &r.Rows[i]
		if !slices.ContainsFunc(b.s.Agents, func(a scenarios.Agent) bool { return a.Name == row.Name }) {
			continue
		}
		if agents++; best == nil || row.Profit.Value > best.Profit.Value {
			best = row
		}
	}
	return best, agents
}

func (b *bazaar) closing(*page, *Summary) {}

func (b *bazaar) caveats(m *Summary) []string {
	text := append([]string{"The market is a model; its figures are what a seller earns in the model, not in a shop."}, b.knows()...)
	if f := m.Baselines.Fixed; f != nil && f.Top {
		text = append(text, "The best fixed offer is the top of the ladder: the ladder, not the market, set it.")
	}
	return append(text, b.told...)
}

func (b *bazaar) provenance() (data, warned []string) {
	if b.series != nil {
		data = append(data, b.series.of.Data+", sha256 "+b.series.of.SHA256+": "+terms(b.series.of.Data))
	}
	for _, m := range b.people {
		if m.Data != "" {
			data = append(data, m.Data+", sha256 "+m.SHA256+": "+terms(m.Data))
		}
	}
	return data, nil
}

// terms say on what terms a file may be used, as far as a scenario of an open market knows.
func terms(file string) string {
	if name, bundled := strings.CutPrefix(file, "bundled:"); bundled {
		return "on the terms that souk's scenarios/data/README.md has of " + name
	}
	return "on terms that the scenario does not state"
}

func (b *bazaar) about() string { return strings.Join(b.inWords(), ". ") + "." }

// alone is what a policy offers at its first reviews of the first unseen path.
func (b *bazaar) alone(policy policies.Frozen, n int) (string, error) {
	seen := &watched{Policy: policy}
	if _, err := b.follow(b.full, seen, 1); err != nil {
		return "", err
	}
	var runs []string
	for rest := seen.offers[:min(n, len(seen.offers))]; len(rest) > 0; {
		k := 1
		for k < len(rest) && rest[k] == rest[0] {
			k++
		}
		text := rest[0]
		if k > 1 {
			text += fmt.Sprintf(" ×%d", k)
		}
		runs, rest = append(runs, text), rest[k:]
	}
	return "Its first offers on the first unseen path: " + strings.Join(runs, ", "), nil
}

// watched is a policy whose offers are noted.
type watched struct {
	policies.Policy
	offers []string
}

// Decide implements policies.Policy.
func (w *watched) Decide(observation []float64, u float64) policies.Decision {
	d := w.Policy.Decide(observation, u)
	w.offers = append(w.offers, offerText(d.Price, d.Promotion))
	return d
}

// Account is what became of the market under a policy: means over all its episodes, a period where it is no share.
type Account struct {
	Policy       string  `json:"policy"`
	Revenue      float64 `json:"own_revenue"` // the learning seller's
	Profit       float64 `json:"own_profit"`
	Units        float64 `json:"own_units"`
	AllRevenue   float64 `json:"revenue"` // all sellers'
	AllProfit    float64 `json:"profit"`
	Visits       float64 `json:"visits"`
	Orders       float64 `json:"orders"`
	Conversion   float64 `json:"conversion"`  // orders of visits
	Abandonment  float64 `json:"abandonment"` // of carts
	Returned     float64 `json:"returned_units"`
	LostUnits    float64 `json:"lost_units"`
	StockOuts    float64 `json:"stock_outs"` // choices that met one
	Spoiled      float64 `json:"spoiled_units"`
	Saved        float64 `json:"saved_by_promotions"`
	RepeatOrders float64 `json:"repeat_share"` // of orders
	Lapsed       float64 `json:"lapsed"`       // customers
	Satisfaction float64 `json:"satisfaction"`
	Surplus      float64 `json:"consumer_surplus"`
}

func accountOf(policy string, m *results.Metrics) Account {
	n := float64(max(m.Periods, 1))
	share := func(part, of float64) float64 {
		if of == 0 {
			return 0
		}
		return part / of
	}
	return Account{Policy: policy, Revenue: m.OwnRevenue / n, Profit: m.OwnProfit / n, Units: m.OwnUnits / n, AllRevenue: m.Revenue / n, AllProfit: m.Profit / n,
		Visits: m.Customers / n, Orders: m.Purchases / n, Conversion: share(m.Purchases, m.Customers), Abandonment: share(float64(m.Abandoned), float64(m.Carts)),
		Returned: float64(m.ReturnedUnits) / n, LostUnits: m.LostUnits / n, StockOuts: float64(m.StockOuts) / n, Spoiled: float64(m.SpoiledUnits) / n, Saved: m.Saved / n,
		RepeatOrders: share(float64(m.RepeatOrders), m.Purchases), Lapsed: float64(m.Lapsed) / n, Satisfaction: m.Satisfaction, Surplus: m.Surplus / n}
}

// accountsOf are those of all contestants.
func accountsOf(r *evaluate.Result) (all []Account) {
	for i := range r.Rows {
		if row := &r.Rows[i]; !row.Bound {
			all = append(all, accountOf(row.Name, &row.Total))
		}
	}
	return all
}

// amountText is an amount in three digits, or all of those before the point.
func amountText(x float64) string {
	if x == 0 || math.Abs(x) >= 1000 {
		return thousands(x, "")
	}
	return strings.Replace(strconv.FormatFloat(x, 'g', 3, 64), "-", "−", 1)
}

// accountsTable has a line for each figure and a column for each policy, as many side by side as fit; a figure that is 0 throughout is left out.
func accountsTable(all []Account) string {
	amount := amountText
	percent := func(x float64) string { return fmt.Sprintf("%.1f%%", 100*x) }
	figures := []struct {
		name string
		of   func(*Account) float64
		text func(float64) string
	}{
		{"own revenue, $", func(a *Account) float64 { return a.Revenue }, amount}, {"own profit, $", func(a *Account) float64 { return a.Profit }, amount},
		{"own units", func(a *Account) float64 { return a.Units }, amount}, {"all sellers' revenue, $", func(a *Account) float64 { return a.AllRevenue }, amount},
		{"all sellers' profit, $", func(a *Account) float64 { return a.AllProfit }, amount}, {"visits", func(a *Account) float64 { return a.Visits }, amount},
		{"orders", func(a *Account) float64 { return a.Orders }, amount}, {"conversion", func(a *Account) float64 { return a.Conversion }, percent},
		{"carts abandoned", func(a *Account) float64 { return a.Abandonment }, percent}, {"units returned", func(a *Account) float64 { return a.Returned }, amount},
		{"units lost", func(a *Account) float64 { return a.LostUnits }, amount}, {"choices sold out", func(a *Account) float64 { return a.StockOuts }, amount},
		{"units spoilt", func(a *Account) float64 { return a.Spoiled }, amount}, {"saved by promotions, $", func(a *Account) float64 { return a.Saved }, amount},
		{"orders of customers", func(a *Account) float64 { return a.RepeatOrders }, percent}, {"customers lapsed", func(a *Account) float64 { return a.Lapsed }, amount},
		{"satisfaction", func(a *Account) float64 { return a.Satisfaction }, percent}, {"consumer surplus, $", func(a *Account) float64 { return a.Surplus }, amount},
	}
	var blocks []string
	for rest := all; len(rest) > 0; {
		text, n := "", 0
		for k := 1; k <= len(rest); k++ {
			rows := [][]string{{""}}
			for i := range rest[:k] {
				rows[0] = append(rows[0], rest[i].Policy)
			}
			for _, f := range figures {
				row, nothing := []string{f.name}, true
				for i := range rest[:k] {
					row = append(row, f.text(f.of(&rest[i])))
				}
				for i := range all {
					nothing = nothing && f.of(&all[i]) == 0
				}
				if !nothing {
					rows = append(rows, row)
				}
			}
			longer := align(rows)
			if n > 0 && utf8.RuneCountInString(strings.SplitN(longer, "\n", 2)[0]) > width {
				break
			}
			text, n = longer, k
		}
		blocks, rest = append(blocks, text), rest[n:]
	}
	return strings.Join(blocks, "\n")
}
