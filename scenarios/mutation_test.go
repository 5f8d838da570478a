package scenarios

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// bazaar is a scenario of the open market with what smoke.toml lacks: copies, prices of offers in $, every kind of promotion, other replenishment, shocks.
const bazaar = `name = "bazaar"
seed = 7
[time]
period = "hour"
horizon = 30
end = "terminate"
[traffic]
visitors = 90.5
growth = 0.001
dispersion = 0.2
season = { amplitude = 0.3, days = 7, peak = 2 }
shocks = [{ day = 0.5, visitors = 2, price = 1.5 }, { day = 1, days = 1, visitors = 0.5 }]
[[channels]]
name = "web"
commission = 0.1
[[personas]]
name = "all"
price = -0.9
outside = 0.5
appeal = { tea = 0.5, cup = -0.2 }
[[personas]]
name = "few"
share = 0.3
deal = 0.3
trend = 1
[[products]]
name = "tea"
copies = 4
price = 3
cost = 1
appeal = 4
appeal_spread = 0.5
price_spread = 0.2
cost_spread = 0.1
stock = { policy = "r-Q", reorder_point = 8, order_quantity = 12, review_days = 0, lead_time = { law = "gamma", mean_days = 0.5, cv = 0.5 }, max_waiting = 3, shelf_life_days = 4 }
[[products]]
name = "cup"
price = 2.5
cost = 1.1
appeal = 3
returns = 0.1
stock = { policy = "forecast", cover_days = 1, safety = 1, units_per_day = 10, smoothing = 0.2, capacity = 40 }
[[products]]
name = "pot"
price = 9
appeal = 5
[[products]]
name = "pan"
price = 8.0
cost = 4
appeal = 4.5
[visit]
kind = "shelf"
think_minutes = 3
substitute = 1
sold_out = "hidden"
abandon = 0.3
reminder = { hours = 2, works = 0.5 }
[promotions]
thresholds = "posted"
percent_of = "posted"
[[promotion]]
name = "off"
kind = "percentage"
percent = 12.5
products = ["pan"]
personas = ["few"]
off = true
[[promotion]]
name = "flash"
kind = "flash"
price = 2
products = ["cup"]
starts = 0.25
ends = 0.75
uses = 20
group = "x"
[[promotion]]
name = "set"
kind = "bundle"
items = [{ products = ["tea"], quantity = 2 }, { products = ["pot"] }]
percent = 10
alone = true
[[promotion]]
name = "more"
kind = "buy-get"
buy = 2
get = 1
per_order = 1
[[promotion]]
name = "save"
kind = "spend"
tiers = [{ spend = 20, amount = 2 }, { spend = 30, percent = 10 }]
budget = 100
[[promotion]]
name = "coupon"
kind = "coupon"
amount = 1
min_amount = 5
per_customer = 1
channels = ["web"]
[[sellers]]
name = "teas"
copies = 2
prices = "tea"
review = { every = "6 hours", stock_below = 3 }
offers = { levels = [0.8, 1, 1.25] }
brain = { rule = "random" }
[[sellers]]
name = "potter"
prices = ["pot"]
review = "12 hours"
offers = { from = 7, to = 11, rungs = 5 }
opening = 8
limit = { below_reference = 1.5, floor = 7, ceiling = 12, markup = 0.1 }
brain = { rule = "undercut", rival = "price:pan", step = 0.1, floor = 6 }
[[sellers]]
name = "panner"
prices = ["pan"]
review = "1 day"
offers = [{ price = 7.5 }, { price = 8, promotion = "off" }, { price = 8.5 }]
reward = { of = "revenue", discount = 0.9, lost_unit = 0.1, price_change = 0.05 }
state = { own_rung = {}, "price:pot" = { edges = [8, 9, 10] }, "hidden:mood" = { bins = 2, from = 0.5, to = 2 } }
knows = ["hidden:mood"]
[[sellers]]
name = "cups"
review = "8 hours"
offers = [2.0, 2.5, 3]
brain = { rule = "cost-plus", markup = 1 }
[[agents]]
name = "sarsa"
warmup = 10
[train]
episodes = 100
seeds = 1
[evaluate]
paths = 2
rules = [{ name = "steady", rule = "fixed", price = 8.0 }]
[shoppers.loyalty]
model = "pareto-nbd"
unit = "week"
parameters = { r = 1, alpha = 0.5, s = 0.8, beta = 2, provenance = "by hand" }
`

// TestMutatedScenariosAreRefusedWithTheirLineOrRun: what becomes of a scenario in which lines are lost, doubled and swapped, and values are replaced, is an
// error that names the line, or a market that runs to the end of an episode.
func TestMutatedScenariosAreRefusedWithTheirLineOrRun(t *testing.T) {
	var corpus []string
	for _, name := range Bundled() {
		source, err := Open(name)
		if err != nil {
			t.Fatal(err)
		}
		corpus = append(corpus, source.Text)
	}
	corpus = append(corpus, bazaar, bazaar, bazaar, duel, duel)
	random := rand.New(rand.NewPCG(5, 0))
	ran, refused := 0, 0
	for i := range mutations {
		text := corpus[i%len(corpus)]
		if i >= len(corpus) { // at first as they are
			for range 1 + random.IntN(6)/3 {
				text = mutated(text, corpus, random)
			}
		}
		begun := time.Now()
		s, err := Parse(Source{Name: "mutated.toml", Text: text, dir: "."})
		if err != nil {
			if i < len(corpus) {
				t.Fatalf("unchanged: %v\n%s", err, text)
			}
			refusedWell(t, err, text)
			refused++
			continue
		}
		again, err := Parse(Source{Name: "canonical", Text: string(s.Canonical()), dir: "."})
		if err != nil {
			t.Fatalf("the canonical form: %v\n%s\nof\n%s", err, s.Canonical(), text)
		}
		if again.RunID() != s.RunID() {
			t.Fatalf("the canonical form has another run id:\n%s\n%s", s.Canonical(), again.Canonical())
		}
		if s.World() == OpenMarket {
			runs(t, s, text)
			ran++
		}
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("%v for\n%s", took, text)
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d mutations: %d refused, %d markets ran", mutations, refused, ran)
}

// refusedWell holds that an error is one line which names the file and, unless what it speaks of is missing, its line there.
func refusedWell(t *testing.T, err error, text string) {
	t.Helper()
	bad, ok := err.(*field.Error)
	if !ok || strings.Contains(err.Error(), "\n") || bad.File != "mutated.toml" || bad.Expected == "" || bad.Line == 0 && bad.Found != nothing {
		t.Errorf("refused with %v:\n%s", err, text)
	}
}

// runs plays three periods at most of a market, with a few hundred shoppers.
func runs(t *testing.T, s *Scenario, text string) {
	t.Helper()
	cfg := s.MarketConfig()
	cfg.Horizon = min(cfg.Horizon, 3)
	cfg.Traffic.Visitors = min(max(cfg.Traffic.Visitors, 1), 100/cfg.PeriodDays)
	m, err := market.New(cfg, 1)
	if err != nil {
		t.Errorf("checked, and then: %v\n%s", err, text)
		return
	}
	var players []policies.Policy
	for i, seller := range s.Players() {
		var p policies.Policy
		if seller.Rule != nil {
			if p, err = seller.Rule.Params.Policy(m.Spec(i)); err != nil {
				t.Errorf("checked, and then %s: %v\n%s", seller.Name, err, text)
				return
			}
		}
		players = append(players, p)
	}
	var step env.TimeStep
	for turns := 0; m.Next(&step); turns++ {
		if turns > 1e5 {
			t.Errorf("more than %d turns:\n%s", turns, text)
			return
		}
		if step.Stage == env.Last {
			continue
		}
		action := 0
		if p := players[step.Player]; p != nil {
			action = p.Decide(step.Observation, 0.5).Action
		}
		for !step.Mask[action] {
			action = (action + 1) % len(step.Mask)
		}
		m.Act(action)
	}
	if m.Err() != nil {
		t.Errorf("ended before its time: %v\n%s", m.Err(), text)
	}
}

// nasty are what numbers are replaced by.
var nasty = []string{"0", "-1", "1", "2", "0.5", "1e300", "-1e300", "1e-300", "nan", "inf", "-inf", "9223372036854775807", "-9223372036854775808", "1000000", "1e9", "0.999999", "100000",
	`"x"`, `""`, "true", "[]", "{}", "[1, 2]", "1979-05-27", "1_000", "0x10", "3.0"}

// mutated changes one thing of a text.
func mutated(text string, corpus []string, random *rand.Rand) string {
	lines := strings.Split(text, "\n")
	at, other := random.IntN(len(lines)), random.IntN(len(lines))
	switch random.IntN(12) {
	case 0:
		lines = append(lines[:at], lines[at+1:]...)
	case 1:
		lines = append(lines[:at+1], lines[at:]...)
	case 2:
		lines[at], lines[other] = lines[other], lines[at]
	case 3: // a line of another scenario
		foreign := strings.Split(corpus[random.IntN(len(corpus))], "\n")
		lines[at] = foreign[random.IntN(len(foreign))]
	case 4: // a table twice, or somewhere else
		from, to := min(at, other), max(at, other)
		lines = append(lines, lines[from:min(to, from+6)]...)
	case 5:
		if n := len(lines[at]); n > 0 {
			k := random.IntN(n)
			lines[at] = lines[at][:k] + lines[at][k+1:]
		}
	case 6: // a word by another of the text
		return words(text, random)
	default:
		lines = numbers(lines, random)
	}
	return strings.Join(lines, "\n")
}

// numbers replaces one number of a text.
func numbers(lines []string, random *rand.Rand) []string {
	for range 100 {
		at := random.IntN(len(lines))
		key, value, ok := strings.Cut(lines[at], "=")
		spots := strings.FieldsFunc(value, func(r rune) bool { return !strings.ContainsRune("0123456789.-e", r) })
		var found []string
		for _, f := range spots {
			if strings.ContainsAny(f, "0123456789") && !strings.Contains(f, "--") {
				found = append(found, f)
			}
		}
		if !ok || len(found) == 0 {
			continue
		}
		old := found[random.IntN(len(found))]
		other := nasty[random.IntN(len(nasty))]
		if x, err := strconv.ParseFloat(old, 64); err == nil && random.IntN(2) == 0 { // nearly as it was
			other = strconv.FormatFloat(x*[]float64{0.1, 0.5, 1.5, 2, 10, 100}[random.IntN(6)], 'g', -1, 64)
		}
		lines[at] = key + "=" + strings.Replace(value, old, other, 1)
		break
	}
	return lines
}

// words replaces one text in quotation marks by another.
func words(text string, random *rand.Rand) string {
	parts := strings.Split(text, `"`)
	if len(parts) < 5 {
		return text
	}
	at, from := 1+2*random.IntN(len(parts)/2), 1+2*random.IntN(len(parts)/2)
	parts[at] = parts[from]
	return strings.Join(parts, `"`)
}
