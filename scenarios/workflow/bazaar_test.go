package workflow

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// tearoom is a small open market: one learns, one undercuts.
const tearoom = `
name = "tearoom"
[time]
period = "day"
horizon = 7
[traffic]
visitors = 50
[[personas]]
name = "all"
price = -1.0
outside = 0.0
[[products]]
name = "tea"
price = 3.0
cost = 1.0
appeal = 3.0
[[products]]
name = "chai"
price = 3.0
cost = 1.0
appeal = 3.0
[[sellers]]
name = "us"
prices = "tea"
offers = { from = 2.0, to = 4.0, rungs = 5 }
state = { lowest_rival_price = { bins = 4 } }
[[sellers]]
name = "them"
prices = "chai"
review = "2 days"
offers = { from = 2.0, to = 4.0, rungs = 5 }
brain = { rule = "undercut", floor = 2.5 }
[[agents]]
name = "q-learning"
warmup = 10
[train]
episodes = 20
seeds = 1
[evaluate]
paths = 6
[[evaluate.rules]]
name = "half-again"
rule = "cost-plus"
markup = 1.5
`

// setUp loads a scenario's text from a file beside which data may stand, and fits it.
func setUp(t *testing.T, text string, data map[string]string, overrides ...string) *bazaar {
	t.Helper()
	folder := t.TempDir()
	for name, content := range data {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(folder, "it.toml")
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := scenarios.Load(file, overrides...)
	if err != nil {
		t.Fatal(err)
	}
	b, err := openBazaar(s)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Fit(t.Context(), 1, nil); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.worlds(t.Context()); err != nil {
		t.Fatal(err)
	}
	return b
}

// played is the account of some paths under a policy of the learner's.
func (b *bazaar) played(t *testing.T, paths int, policy policies.Policy) (total results.Metrics) {
	t.Helper()
	c := evaluate.Contest{Arena: arenaOf(b.full, 1, 1), Paths: paths, Level: level, Resamples: resamples,
		Contestants: []evaluate.Contestant{{Name: "it", Policies: []policies.Policy{policy}}}}
	r, err := c.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return r.Rows[0].Total
}

func (b *bazaar) named(t *testing.T, name string) policies.Policy {
	t.Helper()
	make, ok, err := b.rule(name)
	if err != nil || !ok {
		t.Fatalf("%s: %v, %v", name, ok, err)
	}
	p, err := make(t.Context(), b.full, 1)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTheTunedOfferIsTheBestOfThoseThatPlayAlike(t *testing.T) {
	b := setUp(t, tearoom, nil)
	best, policy, err := b.bestFixed(t.Context(), b.full, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	arena := arenaOf(b.full, tuneMaster(b.s), 1)
	c := evaluate.Contest{Arena: arena, Paths: best.Paths, Level: level, Resamples: resamples}
	for _, o := range b.full.Spec.Offers {
		p, err := (&rules.Fixed{Price: o.Price}).Policy(b.full.Spec)
		if err != nil {
			t.Fatal(err)
		}
		c.Contestants = append(c.Contestants, evaluate.Contestant{Name: fmt.Sprint(o.Price), Policies: []policies.Policy{p}})
	}
	r, err := c.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	top := slices.MaxFunc(r.Rows, func(a, b evaluate.Row) int { return int(math.Copysign(1, a.Profit.Value-b.Profit.Value)) })
	if fmt.Sprint(best.Price) != top.Name || math.Abs(best.Score-top.Profit.Value) > 1e-9 {
		t.Errorf("best is %v at %v; playing all, %s at %v", best.Price, best.Score, top.Name, top.Profit.Value)
	}
	if got := policy.Decide(make([]float64, len(b.full.Spec.Features)), 0.5).Price; got != best.Price {
		t.Errorf("its policy asks %v", got)
	}
}

func TestReviewsAddUpToTheEpisode(t *testing.T) {
	b := setUp(t, tearoom, nil)
	w, err := b.full.open(1)
	if err != nil {
		t.Fatal(err)
	}
	for episode := range uint64(2) {
		w.Reset(episode)
		var sum results.Metrics
		for step := new(env.TimeStep); w.Next(step); {
			if step.Player == b.full.Learner && step.Stage != env.First {
				sum.Add(w.Week())
			}
			if step.Stage != env.Last {
				w.Act(slices.Index(step.Mask, true))
			}
		}
		whole := *w.Account()
		for _, pair := range [][2]float64{{sum.OwnUnits, whole.OwnUnits}, {sum.Customers, whole.Customers}, {float64(sum.Periods), float64(whole.Periods)}, {sum.MeanPrice, whole.MeanPrice}} {
			if math.Abs(pair[0]-pair[1]) > 1e-9 {
				t.Errorf("reviews of episode %d add up to %v, the episode is %v", episode, pair[0], pair[1])
			}
		}
		if whole.OwnUnits == 0 || whole.Periods != 7 {
			t.Errorf("nothing happened: %+v", whole)
		}
	}
}

// Given the paths of the model, two shoppers for each that was counted, visits are Poisson: within 4 standard deviations, a false alarm in 16,000.
func TestVisitsFollowTheModelOfTheSeries(t *testing.T) {
	var csv strings.Builder
	csv.WriteString("n\n")
	for i := range 60 {
		fmt.Fprintf(&csv, "%d\n", 20+10*(i%2))
	}
	text := strings.Replace(tearoom, "visitors = 50", `demand = { data = "n.csv", column = "n", model = "poisson", season = 1, share = 2.0, transform = "none" }`, 1)
	b := setUp(t, text, map[string]string{"n.csv": csv.String()})
	const paths = 60
	total := b.played(t, paths, b.named(t, opening))
	simulator, err := b.series.simulator(7)
	if err != nil {
		t.Fatal(err)
	}
	expected, path := 0.0, make([]float64, 7)
	for episode := range uint64(paths) {
		stream := rng.New(1, episode).Family("path").At()
		simulator.Path(&stream, path)
		for _, n := range path {
			expected += n
		}
	}
	if math.Abs(total.Customers-expected) > 4*math.Sqrt(expected) || expected < 40*7*paths || expected > 60*7*paths {
		t.Errorf("%v visits, not %v ± %v", total.Customers, expected, 4*math.Sqrt(expected))
	}
	if periods, _ := b.Records(); periods != 60 {
		t.Errorf("%d periods of data", periods)
	}
	if _, ok := b.Documents()["traffic.json"]; !ok {
		t.Error("the model is no document")
	}
}

const sticks = `
name = "sticks"
[time]
horizon = 5
[traffic]
visitors = 100
[[personas]]
name = "plain"
outside = -3.0
units = 1.5
[[products]]
name = "parkay_stick"
price = 0.6
[[products]]
name = "house_stick"
price = 0.5
[[products]]
name = "jam"
price = 2.0
appeal = -1.0
[[sellers]]
name = "all"
offers = { levels = [0.9, 1.0, 1.1] }
brain = { rule = "fixed", price = 1.0 }
[shoppers.choice]
model = "logit"
data = "bundled:margarine.parquet"
id = "household"
attributes = ["price"]
last_choice = true
[shoppers.basket]
model = "baskets"
parameters = { shares = { jam = 0.5, house_stick = 0.4, bread = 0.3 }, provenance = "made up" }
[shoppers.journey]
model = "lengths"
parameters = { law = "geometric", values = { p = 0.3 }, provenance = "made up" }
`

func TestFittedTastesBecomePersonas(t *testing.T) {
	b := setUp(t, sticks, nil)
	if len(b.cfg.Personas) != 1 {
		t.Fatalf("%+v", b.cfg.Personas)
	}
	p := b.cfg.Personas[0]
	fit := map[string]float64{}
	for _, c := range b.people[0].Fit.Coefficients {
		fit[c.Name] = c.Estimate
	}
	if p.Price != fit["price"] || p.Loyal != fit["last_choice"] || p.Appeals["house_stick"] != fit["asc_house_stick"] || p.Price >= 0 {
		t.Errorf("%+v of %v", p, fit)
	}
	if p.Outside != -3 || p.Units != 1.5 {
		t.Errorf("what the fit does not tell is not the scenario's: %+v", p)
	}
	if _, other := p.Appeals["jam"]; other || len(p.Appeals) > 2 {
		t.Errorf("appeals of what is not in the fit, or not sold: %v", p.Appeals)
	}
	told := strings.Join(b.told, "\n")
	for _, part := range []string{"no alternative for 1 product", "does not sell bread"} {
		if !strings.Contains(told, part) {
			t.Errorf("no word of %q in %q", part, told)
		}
	}
	if unused := Unused(b.s); len(unused) != 1 || !strings.Contains(unused[0], "[shoppers.journey] lengths") {
		t.Errorf("unused: %q", unused)
	}
	var items []int
	for _, i := range b.cfg.Visit.CrossSell.Items {
		items = append(items, i.Item)
	}
	if !slices.Equal(items, []int{1, 2, 4}) {
		t.Errorf("baskets go by %v: house_stick is product 1, jam 2, bread none", items)
	}
}

// TestAFittedTasteIsAllOfAnAppeal: what the scenario says of a product that the fit covers is not added to it, and of other products it stands.
func TestAFittedTasteIsAllOfAnAppeal(t *testing.T) {
	plain := setUp(t, sticks, nil)
	b := setUp(t, sticks, nil, "products.house_stick.appeal=2", "personas.plain.appeal={ house_stick = 3.0, jam = 0.5 }")
	if a := b.cfg.Products; a[1].Appeal != 0 || a[2].Appeal != -1 {
		t.Errorf("house_stick %g, jam %g", a[1].Appeal, a[2].Appeal)
	}
	if got, want := b.cfg.Personas[0].Appeals, plain.cfg.Personas[0].Appeals; got["house_stick"] != want["house_stick"] || got["jam"] != 0.5 {
		t.Errorf("%v beside %v", got, want)
	}
	if told := strings.Join(b.told, "\n"); !strings.Contains(told, "the fit's appeal of house_stick") {
		t.Errorf("not told: %q", told)
	}
}

func TestAClassForWhomDearerIsBetterIsRefused(t *testing.T) {
	for _, p := range []market.Persona{{Price: 0.1}, {Gain: -1}, {Loss: -1}, {Loyal: -1}} {
		if refused(&p) == "" {
			t.Errorf("%+v is taken", p)
		}
	}
}

func TestSellersAmongThemselves(t *testing.T) {
	b := setUp(t, sticks, nil)
	var before []SellerLine
	for _, workers := range []int{1, 3} {
		m, err := b.simulateAll(t.Context(), &Run{Scenario: b.s, Workers: workers})
		if err != nil {
			t.Fatal(err)
		}
		if len(m.Sellers) != 1 || m.Sellers[0].Revenue <= 0 || !strings.Contains(m.Text(), "all") || before != nil && !slices.Equal(before, m.Sellers) {
			t.Errorf("%+v after %+v", m.Sellers, before)
		}
		before = m.Sellers
	}
}

// At a cost of 1 the markup forbids 2.50, which would be the best of what floor and markup leave on paper; what is then made, and told, is 3.
func TestGuardrailsAreToldAndTheBestFixedOfferKeepsThem(t *testing.T) {
	b := setUp(t, strings.Replace(tearoom, "state = {", "limit = { floor = 2.4, markup = 1.9, change = 1 }\nstate = {", 1), nil)
	want := "tea (list 3, cost 1): 4 offers from 2.5 to 4; its guardrails: at most 1 below its last price, at most 1 above its last price, at least 2.4, a markup of 1.9, which leaves 3 of them at today's cost; learns"
	if text := strings.Join(b.inWords(), "\n"); !strings.Contains(text, want) {
		t.Errorf("no %q in\n%s", want, text)
	}
	best, _, err := b.bestFixed(t.Context(), b.full, 1, nil)
	if err != nil || best.Price != 3 || best.Index != 0 {
		t.Errorf("%+v, %v", best, err)
	}
}

func TestKnowingTheUnknowableIsToldLoudly(t *testing.T) {
	b := setUp(t, strings.Replace(tearoom, "state = {", `knows = ["hidden:mood"]`+"\nstate = { \"hidden:mood\" = { bins = 2 },", 1), nil)
	p := &page{}
	b.opening(p, &Summary{Baselines: &Baselines{}})
	for what, text := range map[string]string{"the report": p.String(), "the caveats": strings.Join(b.caveats(&Summary{Baselines: &Baselines{}}), "\n")} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), "US KNOWS WHAT NO SELLER CAN: hidden:mood") {
			t.Errorf("not in %s: %s", what, text)
		}
	}
	for line := range strings.Lines(p.String()) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

func TestAskingForAnOfferThatIsNotThereIsRefused(t *testing.T) {
	b := setUp(t, tearoom, nil)
	for name, want := range map[string]string{"fixed:9": "nearest 4.00", "fixed:x": "fixed:PRICE", "fixed:3/sale": "nearest 3.00"} {
		if _, ok, err := b.rule(name); !ok || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", name, ok, err)
		}
	}
	blind := setUp(t, strings.Replace(tearoom, "brain = { rule = \"undercut\", floor = 2.5 }", "brain = { rule = \"fixed\", price = 3.0 }", 1), nil)
	blind.full.Spec = &env.Spec{Offers: blind.full.Spec.Offers}
	follower, _, _ := blind.rule("follower")
	if _, err := follower(t.Context(), blind.full, 1); err == nil || strings.Count(err.Error(), "expected") != 1 || !strings.Contains(err.Error(), `found follower with rival "lowest_rival_price", expected a feature that the seller observes`) {
		t.Errorf("a follower that sees no rival: %v", err)
	}
	if _, ok, _ := b.rule("nix"); ok {
		t.Error("nix is a rule")
	}
	make, ok, err := b.rule("replay")
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	if _, err := make(t.Context(), b.full, 1); err == nil || !strings.Contains(err.Error(), "--policy") {
		t.Errorf("a replay of nothing: %v", err)
	}
}

// TestACourseShowsThePriceOnTheTag: a promotion is on it, and marked.
func TestACourseShowsThePriceOnTheTag(t *testing.T) {
	text := strings.Replace(tearoom, "offers = { from = 2.0, to = 4.0, rungs = 5 }", `offers = { prices = [3.0, 4.0], promotions = ["off"] }`, 1)
	text = strings.Replace(text, "[[agents]]", "[[promotion]]\nname = \"off\"\nkind = \"percentage\"\noff = true\nproducts = [\"tea\"]\npercent = 25\n[[agents]]", 1)
	b := setUp(t, text, nil)
	c, err := b.follow(b.full, b.named(t, "fixed:4/off"), 2)
	if err != nil {
		t.Fatal(err)
	}
	for day := range c.price {
		if math.Abs(c.price[day]-3) > 1e-9 || math.Abs(c.promoted[day]-1) > 1e-9 {
			t.Errorf("day %d: %g $ on the tag, promotions on %g of the day", day, c.price[day], c.promoted[day])
		}
	}
}

func TestCoursesOfPricesAndUnits(t *testing.T) {
	b := setUp(t, strings.Replace(tearoom, `prices = "tea"`, "prices = \"tea\"\nreview = { every = \"36 hours\" }", 1), nil)
	c, err := b.follow(b.full, b.named(t, "fixed:3.5"), 3)
	if err != nil {
		t.Fatal(err)
	}
	units, visits := 0.0, 0.0
	for k := range c.price {
		if math.Abs(c.price[k]-3.5) > 1e-9 {
			t.Errorf("day %d: %v", k, c.price[k])
		}
		units += c.units[k]
		visits += c.visitors[k]
	}
	master := evaluate.MasterSeed(b.s.Seed)
	arena := arenaOf(b.full, master, 1)
	contest := evaluate.Contest{Arena: arena, Paths: 3, Level: level, Resamples: resamples,
		Contestants: []evaluate.Contestant{{Name: "it", Policies: []policies.Policy{b.named(t, "fixed:3.5")}}}}
	r, err := contest.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if total := r.Rows[0].Total; math.Abs(units-total.OwnUnits/3) > 1e-9 || math.Abs(visits-total.Customers/3) > 1e-9 {
		t.Errorf("%v units and %v visits, not %v and %v", units, visits, total.OwnUnits/3, total.Customers/3)
	}
}

// TestSegmentsSumToTheAccounts: over paths that both have, those of the first policy and those of sellers who all have a brain.
func TestSegmentsSumToTheAccounts(t *testing.T) {
	text := strings.Replace(tearoom, "[[products]]", "[[personas]]\nname = \"keen\"\nprice = -0.3\n[[channels]]\nname = \"web\"\n[[channels]]\nname = \"shop\"\n[[products]]", 1)
	m, err := Simulate(t.Context(), setUp(t, text, nil).s, []string{opening}, nil, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	visits, orders, revenue, surplus := 0.0, 0.0, 0.0, 0.0
	for _, s := range m.Segments.Each {
		visits, orders, revenue, surplus = visits+s.Visits, orders+s.Orders, revenue+s.Revenue, surplus+s.Surplus
	}
	for name, pair := range map[string][2]float64{"visits": {visits, m.Accounts[0].Visits}, "orders": {orders, m.Accounts[0].Orders}, "revenue": {revenue, m.Accounts[0].AllRevenue},
		"surplus": {surplus, m.Accounts[0].Surplus}} {
		if math.Abs(pair[0]-pair[1]) > 1e-9*pair[1] || pair[1] == 0 {
			t.Errorf("%s of the segments %g, of all %g", name, pair[0], pair[1])
		}
	}
	if len(m.Segments.Each) != 4 || m.Segments.Policy != opening || !strings.Contains(m.Text(), "keen, shop") {
		t.Errorf("%+v in\n%s", m.Segments, m.Text())
	}
	alone, _, _ := strings.Cut(strings.Replace(text, "state = { lowest_rival_price = { bins = 4 } }", `brain = { rule = "fixed", price = 3.0 }`, 1), "[[agents]]")
	if m, err = Simulate(t.Context(), setUp(t, alone, nil).s, nil, nil, 2, nil); err != nil || len(m.Segments.Each) != 4 {
		t.Fatalf("%+v, %v", m, err)
	}
	earned := 0.0
	for _, s := range m.Segments.Each {
		earned += s.Revenue * 7
	}
	if sold := m.Sellers[0].Revenue + m.Sellers[1].Revenue; math.Abs(earned-sold) > 1e-9*sold {
		t.Errorf("segments paid %g, sellers had %g", earned, sold)
	}
}
