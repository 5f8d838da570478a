package scenarios

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/scenarios/field"
)

func parsed(t *testing.T, text string, overrides ...string) *Scenario {
	t.Helper()
	s, err := Parse(Source{Name: "mine.toml", Text: text, dir: "."}, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestCategoriesKeepTheirRunsBesideTheOpenMarket: the canonical forms, and so the run ids, are those from before there was another market.
func TestCategoriesKeepTheirRunsBesideTheOpenMarket(t *testing.T) {
	for name, hash := range map[string]string{"canned-tuna": "5f79505063ea47795e8ab24441caf57f33dfb184ec60d9b820311b7a53e33ce2",
		"margarine": "3f4970fb703b4ad209999d8a2ca9d705492ade887cde1920bd14e46efda390d9"} {
		s, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		if s.Hash() != hash {
			t.Errorf("%s has another canonical form:\n%s", name, s.Canonical())
		}
	}
}

func TestASellerMayLearnBesideTheLearner(t *testing.T) {
	learns := "agent = \"sarsa\"\nstate = { last_price = {} }"
	two := strings.Replace(bazaar, `brain = { rule = "random" }`, learns, 1)
	if two == bazaar {
		t.Fatal("no such brain in the bazaar")
	}
	s := parsed(t, two)
	beside := slices.IndexFunc(s.Sellers, func(o Seller) bool { return o.Agent != "" })
	if seller := &s.Sellers[beside]; seller.Learns() || s.LearnsBy(seller) != &s.Agents[0] || s.Learner().Name != "panner" || seller.State["last_price"].Bins != 2 {
		t.Errorf("read as %+v", seller)
	}
	for expected, text := range map[string]string{
		"one or the other":    strings.Replace(two, "\nstate = { last_price = {} }", "\nbrain = { rule = \"random\" }", 1),
		`"sarsa"`:             strings.Replace(two, `agent = "sarsa"`, `agent = "sasra"`, 1),
		"at least one featur": strings.Replace(two, "\nstate = { last_price = {} }", "", 1),
		`"last_price"`:        strings.Replace(two, "{ last_price = {} }", "{ last_prise = {} }", 1),
	} {
		if _, err := Parse(Source{Name: "mine.toml", Text: text, dir: "."}); err == nil || !strings.Contains(err.Error(), expected) {
			t.Errorf("%v, not about %s", err, expected)
		}
	}
}

func TestTheOpenMarketIsWhatTheScenarioSays(t *testing.T) {
	s := parsed(t, bazaar)
	cfg := s.MarketConfig()
	if s.World() != OpenMarket || cfg.PeriodDays != 1.0/24 || cfg.Horizon != 30 || !cfg.Terminal || cfg.Traffic.Visitors != 90.5 || cfg.Visit.Kind != market.Shelf {
		t.Errorf("read as %+v", cfg)
	}
	var products, sellers []string
	for i := range cfg.Products {
		products = append(products, cfg.Products[i].Name)
	}
	for i := range cfg.Sellers {
		sellers = append(sellers, cfg.Sellers[i].Name+": "+strings.Join(cfg.Sellers[i].Products, " "))
	}
	if !slices.Equal(products, []string{"tea-1", "tea-2", "tea-3", "tea-4", "cup", "pot", "pan"}) {
		t.Errorf("products %q", products)
	}
	if !slices.Equal(sellers, []string{"teas-1: tea-1 tea-3", "teas-2: tea-2 tea-4", "potter: pot", "panner: pan", "cups: cup"}) {
		t.Errorf("sellers %q", sellers)
	}
	if players := s.Players(); len(players) != 5 || players[1].Name != "teas" || players[cfg.Focal] != s.Learner() || s.Learner().Name != "panner" {
		t.Errorf("the learner plays %d of %d", cfg.Focal, len(players))
	}
	teas, potter, panner := &cfg.Sellers[0], &cfg.Sellers[2], &cfg.Sellers[3]
	if !teas.Levels || teas.Opening != 1 || teas.Review != (market.Review{Every: 0.25, StockBelow: 3, Delay: 1.0 / 24}) {
		t.Errorf("a seller with levels: %+v", teas)
	}
	if potter.Offers[potter.Opening].Price != 8 || potter.Drop != 1.5 || potter.Reward != (market.Reward{Of: market.Profit, Discount: 0.99}) {
		t.Errorf("a seller with prices: %+v", potter)
	}
	if !reflect.DeepEqual(panner.Offers[1], market.Offer{Price: 8, Promotion: "off"}) || panner.Opening != 1 || panner.Reward.Of != market.Revenue || panner.Knows[0] != "hidden:mood" {
		t.Errorf("a seller with offers one by one: %+v", panner)
	}
	if a := cfg.Personas[0].Appeals; a["tea-4"] != 0.5 || a["cup"] != -0.2 || len(a) != 5 {
		t.Errorf("what is said of a product is said of its copies: %v", a)
	}
	set := cfg.Promotions.Promotions[2]
	if bundle, ok := set.Options.(*promotion.Bundle); !ok || set.Kind != "bundle" || len(bundle.Items[0].Products) != 4 || bundle.Percent != 10 {
		t.Errorf("a bundle of copies: %+v", set.Options)
	}
	if m, ok := cfg.Loyalty.Model.(*loyalty.ParetoNBD); !ok || m.Alpha != 3.5 || m.Beta != 14 || m.R != 1 {
		t.Errorf("weeks were not made days: %+v", cfg.Loyalty.Model)
	}
}

func TestCopiesSpreadAroundTheirOriginalByTheSeed(t *testing.T) {
	// 1,000 draws: a mean is off by more than 5 standard errors once in two million.
	drawn := func(overrides ...string) []market.Product {
		return parsed(t, bazaar, append(overrides, "products.tea.cost_spread=0", "products.tea.appeal_spread=2", "products.tea.price_spread=0.3",
			"sellers.potter.brain.rival='lowest_rival_price'", "sellers.panner.state={ own_rung = {} }")...).MarketConfig().Products // so many rivals are not seen one by one
	}
	products := drawn("products.tea.copies=1000")
	var appeal, log float64
	for _, p := range products[:1000] {
		appeal += p.Appeal / 1000
		log += math.Log(p.Price/3) / 1000
		if math.Abs(p.Price*100-math.Round(p.Price*100)) > 1e-9 || math.Abs(p.Cost/p.Price-1.0/3) > 1e-4 {
			t.Fatalf("a price of %v and a cost of %v", p.Price, p.Cost)
		}
	}
	if math.Abs(appeal-4) > 5*2/math.Sqrt(1000) || math.Abs(log) > 5*0.3/math.Sqrt(1000) {
		t.Errorf("mean appeal %v, mean log price %v from the original's", appeal, log)
	}
	if !reflect.DeepEqual(drawn("products.tea.copies=1000"), products) {
		t.Error("the same seed draws other products")
	}
	if reflect.DeepEqual(drawn("products.tea.copies=1000", "seed=8")[0], products[0]) {
		t.Error("another seed draws the same products")
	}
	if !reflect.DeepEqual(drawn("products.tea.copies=3")[:3], products[:3]) {
		t.Error("fewer copies are not the first of more")
	}
}

func TestOffersHaveSeveralForms(t *testing.T) {
	for text, canonical := range map[string]string{
		`[7, 8.5]`:                                                `[7.0, 8.5]`,
		`{ from = 7, to = 8, rungs = 3 }`:                         `[7.0, 7.5, 8.0]`,
		`{ prices = [7, 8] }`:                                     `[7.0, 8.0]`,
		`{ levels = [0.9, 1] }`:                                   `{ levels = [0.9, 1.0] }`,
		`{ prices = [8], promotions = "x" }`:                      ``,
		`{ prices = [8], promotions = ["p"]}`:                     `[{ price = 8.0 }, { price = 8.0, promotion = "p" }]`,
		`{ levels = [1], promotions = ["p"]}`:                     `[{ level = 1.0 }, { level = 1.0, promotion = "p" }]`,
		`[{ price = 9 }, { price = 8, promotion = "p" }]`:         `[{ price = 9.0 }, { price = 8.0, promotion = "p" }]`,
		`[{ level = 1 }, { level = 0.8 }]`:                        `[{ level = 1.0 }, { level = 0.8 }]`,
		`[{ prices = [9, 0] }, { price = 3, prices = [9, 2.5] }]`: `[{ price = 9.0, prices = [9.0, 0.0] }, { price = 3.0, prices = [9.0, 2.5] }]`,
		`[{ level = 1 }, { price = 8 }]`:                          ``,
		`[{ price = 8 }, { price = 8 }]`:                          ``,
		`{ levels = [1], prices = [2] }`:                          ``,
		`[8, 7]`:                                                  ``,
		`[0.00001]`:                                               ``,
		`{ from = 7, to = 8, rungs = 3, levels = 2 }`:             ``,
		`[]`: ``, `3`: ``, `{}`: ``,
	} {
		var l Ladder
		err := l.UnmarshalTOML(literal(text))
		if (err != nil) != (canonical == "") {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if canonical == "" {
			continue
		}
		got, _ := l.MarshalTOML()
		var again Ladder
		if err := again.UnmarshalTOML(literal(string(got))); err != nil || string(got) != canonical || !reflect.DeepEqual(again, l) {
			t.Errorf("%s is %s, and that %+v (%v)", text, got, again, err)
		}
	}
}

func TestReviewsAreATimeOrATable(t *testing.T) {
	for text, want := range map[string]Review{
		`"2 days"`:             {Every: Span{2, "day"}, Delay: Span{1, "hour"}},
		`{ every = "2 days" }`: {Every: Span{2, "day"}, Delay: Span{1, "hour"}},
		`{ rival_moved = true, delay = "1 day" }`:  {RivalMoved: true, Delay: Span{1, "day"}},
		`{ every = "1 week", random = true }`:      {Every: Span{1, "week"}, Random: true, Delay: Span{1, "hour"}},
		`{ stock_below = 4, delay = "36 hours" }`:  {StockBelow: 4, Delay: Span{36, "hour"}},
		`{ every = "6 hours", delay = "1 hour" }`:  {Every: Span{6, "hour"}, Delay: Span{1, "hour"}},
		`{ every = "6 hours", delay = "1 hours" }`: {Every: Span{6, "hour"}, Delay: Span{1, "hour"}},
	} {
		s := parsed(t, bazaar, "sellers.panner.review="+text)
		if got := s.Learner().Review; got != want {
			t.Errorf("%s is %+v", text, got)
		}
		if again := parsed(t, string(s.Canonical())); again.RunID() != s.RunID() {
			t.Errorf("%s: the canonical form is\n%s", text, s.Canonical())
		}
	}
}

// TestTheOpenMarketsErrorsNameTheirLine: what market.Config.Check and the rules find has the line of the key that it comes from.
func TestTheOpenMarketsErrorsNameTheirLine(t *testing.T) {
	for _, c := range []struct {
		name, old, new, at, says string
	}{
		{"a table of the other market", "[visit]\n", "[demand]\nmodel = 'arima'\n[visit]\n", "[demand]", "demand: found a key of a chain's weekly category"},
		{"a key of the other market", `of = "revenue"`, `of = "revenue", holding = 0.1`, `reward = { of = "revenue"`, "sellers.panner.reward.holding: found a key of a chain's weekly category"},
		{"a start", `period = "hour"`, "period = \"hour\"\nstart = 3", "start = 3", "time.start: found a key of a chain's weekly category"},
		{"a word of the other market", `of = "revenue"`, `of = "category-profit"`, `reward = {`, "expected one of profit,revenue"},
		{"nobody comes", "visitors = 90.5\n", "", "[traffic]", "traffic.visitors: found nothing"},
		{"more shoppers than a run could hold", "visitors = 90.5", "visitors = 1e9", "visitors =", "shoppers an episode of 1.25 days"},
		{"growth beyond all bounds", "growth = 0.001", "growth = 1", "[traffic]", ""},
		{"a promotion that is not there", `promotion = "off" }`, `promotion = "of" }`, "offers = [{ price", `expected a promotion: "off"`},
		{"a promotion that is always on", `promotion = "off" }`, `promotion = "save" }`, "offers = [{ price", "which is always on"},
		{"a rule's feature", `rival = "price:pan"`, `rival = "price:cap"`, "brain = { rule = \"undercut\"", `sellers.potter.brain.rival: found "price:cap"`},
		{"a rule that goes by $ beside levels", `brain = { rule = "random" }`, `brain = { rule = "follower" }`, `brain = { rule = "follower" }`, "beside levels"},
		{"a rule that is mistyped", `"undercut"`, `"undrcut"`, `brain = { rule = "undrcut"`, `expected "undercut"`},
		{"what no seller knows", `knows = ["hidden:mood"]`, "", "state = {", "it in knows"},
		{"knowing what is nothing", `knows = ["hidden:mood"]`, `knows = ["hidden:moods"]`, "knows =", `expected something that no seller could know: "hidden:mood"`},
		{"stock that cannot be", "cv = 0.5", "cv = 0.001", `stock = { policy = "r-Q"`, "products.tea.stock.lead_time.cv"},
		{"a price of a copy", "price_spread = 0.2", "price_spread = 3", "", ""},
		{"a persona's product", "cup = -0.2", "cop = -0.2", "appeal = {", `expected "cup"`},
		{"a persona nobody is", `personas = ["few"]`, `personas = ["fw"]`, `personas = ["fw"]`, "promotion.off.personas"},
		{"a kind's key", "percent = 12.5", "amount = 12.5", "amount = 12.5", "promotion.off.amount: found an unknown key"},
		{"another seller without a brain", `brain = { rule = "cost-plus", markup = 1 }`, "", "", "second seller without a brain"},
		{"an opening that is no offer", "opening = 8", "opening = 8.5", "opening =", "a price, or level, of its offers"},
		{"prices for several products", `prices = ["pan"]`, `prices = ["pan", "cup"]`, "", ""},
		{"spread without copies", "copies = 4\n", "", "appeal_spread", "copies, among which it spreads"},
		{"more sellers than products", "copies = 2", "copies = 5", "copies = 5", "at most one for each of its 4 products"},
		{"a journey's key in a visit to a shelf", "think_minutes = 3", "think_minutes = 3\nclick = 0.9", "click =", "it in a visit of kind shelf"},
		{"a limit in $ of levels", `brain = { rule = "random" }`, "limit = { below_reference = 0.5 }\nbrain = { rule = \"random\" }", "limit =", "none beside levels"},
		{"a markup of several products", `brain = { rule = "random" }`, "limit = { markup = 0.1 }\nbrain = { rule = \"random\" }", "limit =", "none beside levels"},
		{"a floor above all", "floor = 7, ceil", "floor = 12, ceil", "limit =", "a floor and a ceiling without an offer"},
		{"money of other decimals", "[promotions]", "[promotions]\nmoney_decimals = 2", "money_decimals", "4, in which the market counts"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := strings.Replace(bazaar, c.old, c.new, 1)
			if text == bazaar {
				t.Fatal("nothing was changed")
			}
			_, err := Parse(Source{Name: "mine.toml", Text: text})
			if c.says == "" {
				return // for the fuzzers' sake: neither must panic
			}
			bad, ok := err.(*field.Error)
			if !ok || bad.File != "mine.toml" || !strings.Contains(bad.Error(), c.says) {
				t.Fatalf("%v", err)
			}
			if line := strings.Split(text, "\n")[max(bad.Line-1, 0)]; bad.Line == 0 || !strings.HasPrefix(line, c.at) {
				t.Errorf("line %d, %q: %v", bad.Line, line, err)
			}
		})
	}
}

func TestADemandModelStandsInForVisitors(t *testing.T) {
	demand := "\n[traffic.demand]\ndata = 'bundled:tuna.parquet'\ncolumn = 'customers'\nmodel = 'ets'\nseason = 52\nshare = 0.01\n"
	text := strings.Replace(bazaar, "visitors = 90.5\ngrowth = 0.001\ndispersion = 0.2\nseason = { amplitude = 0.3, days = 7, peak = 2 }\n", "", 1)
	text = strings.Replace(text, "[[channels]]", demand+"[[channels]]", 1)
	s := parsed(t, text)
	if m := s.Traffic.Demand; m == nil || len(m.SHA256) != 64 || m.Model != "ets" || m.Season != 52 || m.Transform != "log" {
		t.Fatalf("read as %+v", m)
	}
	if again := parsed(t, string(s.Canonical())); again.RunID() != s.RunID() || strings.Contains(string(s.Canonical()), "\nvisitors = ") {
		t.Errorf("the canonical form is\n%s", s.Canonical())
	}
	for _, set := range []string{"traffic.visitors=10", "traffic.growth=0.1", "traffic.demand.model='etz'", "traffic.demand.data='no.csv'", "traffic.demand.sha256='00'"} {
		if _, err := Parse(Source{Name: "mine.toml", Text: text}, set); err == nil {
			t.Errorf("%s beside a model", set)
		}
	}
}

// TestALargeMarketIsReadAsItIsMeant: 2,000 products of 20 sellers in a few lines.
func TestALargeMarketIsReadAsItIsMeant(t *testing.T) {
	s := parsed(t, `name = "large"
[traffic]
visitors = 1e6
[[personas]]
name = "all"
[[products]]
name = "p"
copies = 2000
price = 5
cost = 2
price_spread = 0.3
[[sellers]]
name = "s"
copies = 20
offers = { levels = [0.9, 1.0] }
brain = { rule = "random" }
`)
	cfg := s.MarketConfig()
	if len(cfg.Products) != 2000 || len(cfg.Sellers) != 20 || s.Learner() != nil {
		t.Fatalf("%d products, %d sellers", len(cfg.Products), len(cfg.Sellers))
	}
	for i := range cfg.Sellers {
		if len(cfg.Sellers[i].Products) != 100 || cfg.Sellers[i].Products[0] != fmt.Sprintf("p-%d", i+1) || cfg.Sellers[i].Opening != 1 {
			t.Errorf("seller %d has %d products, the first %s", i, len(cfg.Sellers[i].Products), cfg.Sellers[i].Products[0])
		}
	}
}

func TestEveryWorldHasItsKeys(t *testing.T) {
	worlds := map[string][]World{}
	for _, k := range Schema() {
		worlds[k.Key] = append(worlds[k.Key], k.World)
	}
	for key, want := range map[string][]World{"name": {""}, "traffic": {OpenMarket}, "traffic.visitors": {""}, "data": {WeeklyCategory}, "time.period": {WeeklyCategory, OpenMarket},
		"time.end": {""}, "sellers[].offers": {WeeklyCategory, OpenMarket}, "sellers[].reward.of": {WeeklyCategory, OpenMarket}, "sellers[].reward.holding": {WeeklyCategory},
		"sellers[].brain": {WeeklyCategory, OpenMarket}, "sellers[].brain[undercut].step": {""}, "promotion[spend].tiers": {""}, "products[].copies": {""}} {
		if !slices.Equal(worlds[key], want) {
			t.Errorf("%s is listed for the worlds %q, not %q", key, worlds[key], want)
		}
	}
}
