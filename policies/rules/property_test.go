package rules_test

import (
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// everything is all that a rule may read.
var everything = []string{"week", "period", "periods_left", "day_of_week", "own_rung", "last_price", "reference_price", "unit_cost", "stock", "oldest_days", "lowest_rival_price"}

func features(names ...string) []env.Feature {
	f := make([]env.Feature, len(names))
	for i, name := range names {
		f[i].Name = name
	}
	return f
}

// valid draws good parameters of each kind for a ladder of n offers, of which plain prices have no promotion.
var valid = map[string]func(t *rapid.T, n, plain int) rules.Rule{
	"bid-price": func(t *rapid.T, _, plain int) rules.Rule {
		if rapid.Bool().Draw(t, "exponential") {
			return &rules.BidPrice{Rate: rapid.Float64Range(1e-3, 1e6).Draw(t, "rate"), Scale: rapid.Float64Range(1e-3, 1e3).Draw(t, "scale")}
		}
		return &rules.BidPrice{Demand: rapid.SliceOfN(rapid.Float64Range(0, 100), plain, plain).Draw(t, "demand")}
	},
	"campaign": func(t *rapid.T, _, _ int) rules.Rule {
		from := rapid.IntRange(0, 20).Draw(t, "from")
		return &rules.Campaign{Price: price(t), Every: rapid.SampledFrom([]int{0, 52}).Draw(t, "every"),
			Deals: []rules.CampaignDeal{{From: from, To: from + rapid.IntRange(0, 20).Draw(t, "more")}, {From: 3, To: 9, Price: price(t)}}}
	},
	"cost-plus": func(t *rapid.T, _, _ int) rules.Rule {
		return &rules.CostPlus{Markup: rapid.Float64Range(-0.5, 3).Draw(t, "markup")}
	},
	"cycle": func(t *rapid.T, _, _ int) rules.Rule {
		return &rules.Cycle{Regular: price(t), Deal: price(t), Length: 5, DealPeriods: rapid.IntRange(0, 5).Draw(t, "deal periods"), Phase: rapid.IntRange(-9, 9).Draw(t, "phase")}
	},
	"edgeworth": func(t *rapid.T, _, _ int) rules.Rule {
		return &rules.Edgeworth{Rival: "lowest_rival_price", Step: rapid.Float64Range(0, 1).Draw(t, "step"), Relent: rapid.Float64Range(0, 1).Draw(t, "relent"), Bounds: within(t)}
	},
	"emsr-b": func(t *rapid.T, _, _ int) rules.Rule {
		r, fare := &rules.EMSRb{Periods: rapid.Float64Range(1, 100).Draw(t, "periods")}, 10.0
		for range rapid.IntRange(1, 6).Draw(t, "classes") {
			r.Classes = append(r.Classes, rules.FareClass{Fare: fare, Mean: rapid.Float64Range(0.1, 50).Draw(t, "mean"), SD: rapid.Float64Range(0, 50).Draw(t, "sd")})
			fare *= rapid.Float64Range(0.1, 0.99).Draw(t, "ratio")
		}
		return r
	},
	"fixed": func(t *rapid.T, _, _ int) rules.Rule { return &rules.Fixed{Price: price(t)} },
	"follower": func(t *rapid.T, _, _ int) rules.Rule {
		return &rules.Follower{Rival: "lowest_rival_price", Margin: rapid.Float64Range(-0.9, 1).Draw(t, "margin"), Amount: rapid.Float64Range(-1, 1).Draw(t, "amount"), Bounds: within(t)}
	},
	"markdown": func(t *rapid.T, _, _ int) rules.Rule {
		x := rapid.Float64Range(-5, 20).Draw(t, "threshold")
		return &rules.Markdown{Price: price(t), Steps: []rules.MarkdownStep{{From: &x, Off: 0.3}, {Feature: "stock", From: &x, Off: 0.1}, {Feature: "periods_left", To: &x, Off: 0.5}}}
	},
	"markov-deals": func(t *rapid.T, n, _ int) rules.Rule {
		r := &rules.MarkovDeals{Feature: "own_rung", Transition: make([][]float64, n)}
		for i := range r.Transition {
			r.Transition[i] = make([]float64, n)
			r.Transition[i][rapid.IntRange(0, n-1).Draw(t, "next")] += 0.75
			r.Transition[i][rapid.IntRange(0, n-1).Draw(t, "other")] += 0.25
		}
		return r
	},
	"random": func(*rapid.T, int, int) rules.Rule { return &rules.Random{} },
	"replay": func(t *rapid.T, _, _ int) rules.Rule {
		return &rules.Replay{First: rapid.IntRange(-9, 9).Draw(t, "first"), Prices: []float64{price(t), nan, price(t)}, Repeat: rapid.Bool().Draw(t, "repeat")}
	},
	"tit-for-tat": func(t *rapid.T, _, _ int) rules.Rule {
		return &rules.TitForTat{Rival: "lowest_rival_price", Forgive: rapid.Float64Range(0, 1).Draw(t, "forgive"), Bounds: within(t)}
	},
	"undercut": func(t *rapid.T, _, _ int) rules.Rule {
		return &rules.Undercut{Rival: "lowest_rival_price", Step: rapid.Float64Range(0, 1).Draw(t, "step"), Bounds: within(t)}
	},
}

func price(t *rapid.T) float64 { return float64(rapid.IntRange(1, 1000).Draw(t, "price")) / 100 }

func within(t *rapid.T) rules.Bounds {
	b := rules.Bounds{Floor: rapid.Float64Range(0, 5).Draw(t, "floor")}
	if rapid.Bool().Draw(t, "ceiled") {
		b.Ceiling = b.Floor + rapid.Float64Range(0.01, 5).Draw(t, "above the floor")
	}
	if rapid.Bool().Draw(t, "on cost") {
		markup := rapid.Float64Range(-0.5, 2).Draw(t, "floor markup")
		b.FloorMarkup = &markup
	}
	return b
}

// seller draws a ladder, in any order, and limits.
func seller(t *rapid.T) (spec *env.Spec, plain int) {
	spec = &env.Spec{Features: features(everything...)}
	prices, promoted := map[float64]bool{}, map[float64]bool{}
	for range rapid.IntRange(1, 80).Draw(t, "offers") {
		o := env.Offer{Price: price(t), Promotion: rapid.SampledFrom([]string{"", "", "display", "coupon"}).Draw(t, "promotion")}
		if spec.Offers = append(spec.Offers, o); o.Promotion == "" {
			prices[o.Price] = true
		} else {
			promoted[o.Price] = true
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "limits") {
		i := rapid.IntRange(0, len(everything)-1).Draw(t, "of")
		l := env.Limit{Feature: everything[i], Index: i, Drop: rapid.Float64Range(0, 2).Draw(t, "drop")}
		if rapid.Bool().Draw(t, "rises") {
			l.Rise = rapid.Float64Range(0, 2).Draw(t, "rise")
		}
		spec.Limits = append(spec.Limits, l)
	}
	if plain = len(prices); plain == 0 {
		plain = len(promoted)
	}
	return spec, plain
}

// observe draws an observation: anything a float64 can be.
func observe(t *rapid.T) []float64 {
	usual := rapid.OneOf(rapid.Float64Range(0, 12), rapid.Map(rapid.IntRange(0, 60), func(n int) float64 { return float64(n) }),
		rapid.SampledFrom([]float64{nan, math.Inf(1), math.Inf(-1), -1, 0, 1e300, -1e300, 5e-324}), rapid.Float64())
	return rapid.SliceOfN(usual, len(everything), len(everything)).Draw(t, "observation")
}

// Whatever the ladder, the limits and the observation, a rule makes an offer that the limits allow, the same each time, and with the
// probability that it tells: over evenly spread u an offer is made that share of the times.
func TestEveryRuleConforms(t *testing.T) {
	for _, k := range rules.Kinds() {
		t.Run(k.Name, rapid.MakeCheck(func(t *rapid.T) {
			spec, plain := seller(t)
			p, err := valid[k.Name](t, len(spec.Offers), plain).Policy(spec)
			if err != nil {
				t.Fatal(err)
			}
			o, mask := observe(t), make([]bool, len(spec.Offers))
			before := append([]float64(nil), o...)
			spec.Allow(o, mask)
			const grid = 256
			count, said := make([]float64, len(spec.Offers)), make([]float64, len(spec.Offers))
			for i := range grid {
				u := (float64(i) + 0.5) / grid
				d := p.Decide(o, u)
				if again := p.Decide(o, u); again != d {
					t.Fatalf("%+v, then %+v", d, again)
				}
				if offer := (env.Offer{Price: d.Price, Promotion: d.Promotion}); !mask[d.Action] || offer != spec.Offers[d.Action] {
					t.Fatalf("%+v of %v", d, mask)
				}
				count[d.Action]++
				said[d.Action] = d.Propensity
			}
			for a, n := range count {
				if math.Abs(n/grid-said[a]) > 1.5/grid {
					t.Fatalf("offer %d is said to have probability %v and made %v of %v times", a, said[a], n, grid)
				}
			}
			for i := range o {
				if math.Float64bits(o[i]) != math.Float64bits(before[i]) {
					t.Fatal("the observation was changed")
				}
			}
			for _, u := range []float64{0, 1 - 0x1p-53} {
				if d := p.Decide(o, u); !mask[d.Action] || !(d.Propensity > 0 && d.Propensity <= 1) {
					t.Fatalf("at u = %v: %+v", u, d)
				}
			}
		}))
	}
}

// A seller who observes nothing can follow only the rules that need nothing; the others say which feature they miss.
func TestAMissingFeatureIsNamed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, plain := seller(t)
		spec.Features, spec.Limits = nil, nil
		for _, k := range rules.Kinds() {
			rule := valid[k.Name](t, len(spec.Offers), plain)
			if b, ok := rule.(*rules.Undercut); ok {
				b.Rival = "price:acme"
			}
			_, err := rule.Policy(spec)
			switch e, is := errors.AsType[*field.Error](err); {
			case k.Name == "fixed" || k.Name == "random":
				if err != nil {
					t.Fatalf("%s: %v", k.Name, err)
				}
			case !is || e.Expected != "a feature that the seller observes" || !strings.Contains(e.Found, `"`):
				t.Fatalf("%s: %v", k.Name, err)
			}
		}
	})
}

// A scenario reads a rule's parameters by its tags: each says what it is, and either must be given, or may be left out, and then is
// what New holds.
func TestTagsSayWhatNewHolds(t *testing.T) {
	for _, k := range rules.Kinds() {
		tagged(t, k.Name, reflect.ValueOf(k.New()).Elem())
	}
}

func tagged(t *testing.T, prefix string, v reflect.Value) {
	for _, f := range reflect.VisibleFields(v.Type()) {
		if f.Anonymous {
			continue
		}
		tag, held, name := f.Tag, v.FieldByIndex(f.Index), prefix+"."+f.Tag.Get("toml")
		if tag.Get("toml") == "" || tag.Get("doc") == "" {
			t.Errorf("%s %s has no key or no doc", prefix, f.Name)
		}
		usual := tag.Get("default")
		if optional := usual != "" || strings.Contains(tag.Get("doc"), "left out: "); optional == (tag.Get("required") != "") {
			t.Errorf("%s must be given, or says what it is when left out", name)
		}
		same := true
		switch held.Kind() {
		case reflect.String:
			same = "'"+held.String()+"'" == usual || held.String() == "" && usual == ""
		case reflect.Float64:
			x, err := strconv.ParseFloat(usual, 64)
			same = err == nil && held.Float() == x || usual == "" && held.IsZero()
		case reflect.Int:
			same = strconv.FormatInt(held.Int(), 10) == usual || usual == "" && held.IsZero()
		case reflect.Bool:
			same = strconv.FormatBool(held.Bool()) == usual
		case reflect.Slice:
			if e := f.Type.Elem(); e.Kind() == reflect.Struct {
				nested(t, name, e)
			}
			same = held.IsZero()
		default:
			same = held.IsZero()
		}
		if !same {
			t.Errorf("%s: New holds %v, its tag says %q", name, held, usual)
		}
	}
}

// nested checks the fields of an element of a list, whose defaults are the tags' alone.
func nested(t *testing.T, prefix string, e reflect.Type) {
	for _, f := range reflect.VisibleFields(e) {
		if f.Tag.Get("toml") == "" || f.Tag.Get("doc") == "" {
			t.Errorf("%s.%s has no key or no doc", prefix, f.Name)
		}
	}
}

// shelf is a seller who observes everything and may ask 1, 2, …, 10.
func shelf() *env.Spec {
	s := &env.Spec{Features: features(everything...)}
	for i := range 10 {
		s.Offers = append(s.Offers, env.Offer{Price: float64(i + 1)})
	}
	return s
}

// seen is an observation of which only some is known.
func seen(known map[string]float64) []float64 {
	o := make([]float64, len(everything))
	for i, name := range everything {
		x, ok := known[name]
		if o[i] = nan; ok {
			o[i] = x
		}
	}
	return o
}

// some is a rule of each kind, on the shelf.
func some() map[string]rules.Rule {
	five := 5.0
	chain := make([][]float64, 10)
	for i := range chain {
		chain[i] = make([]float64, 10)
		chain[i][(i+1)%10], chain[i][i] = 0.5, 0.5
	}
	return map[string]rules.Rule{
		"bid-price": &rules.BidPrice{Rate: 10, Scale: 2}, "campaign": &rules.Campaign{Price: 9, Deals: []rules.CampaignDeal{{From: 3, To: 5, Price: 4}}},
		"cost-plus": &rules.CostPlus{Markup: 0.5}, "cycle": &rules.Cycle{Regular: 9, Deal: 5, Length: 4, DealPeriods: 1},
		"edgeworth": &rules.Edgeworth{Rival: "lowest_rival_price", Relent: 0.5}, "emsr-b": &rules.EMSRb{Periods: 10, Classes: classes},
		"fixed": &rules.Fixed{Price: 3}, "follower": &rules.Follower{Rival: "lowest_rival_price", Margin: -0.1},
		"markdown":     &rules.Markdown{Price: 9, Steps: []rules.MarkdownStep{{From: &five, Off: 0.5}}},
		"markov-deals": &rules.MarkovDeals{Feature: "own_rung", Transition: chain}, "random": &rules.Random{},
		"replay": &rules.Replay{Prices: []float64{3, 4, 5}}, "tit-for-tat": &rules.TitForTat{Rival: "lowest_rival_price", Forgive: 0.1},
		"undercut": &rules.Undercut{Rival: "lowest_rival_price"},
	}
}

var classes = []rules.FareClass{{Fare: 10, Mean: 10, SD: 3}, {Fare: 7, Mean: 20, SD: 5}, {Fare: 4, Mean: 40, SD: 9}}

func TestNoRuleAllocates(t *testing.T) {
	spec := shelf()
	spec.Limits = []env.Limit{{Feature: "reference_price", Index: 6, Drop: 3}}
	o := seen(map[string]float64{"reference_price": 8, "lowest_rival_price": 5, "own_rung": 6, "stock": 30, "periods_left": 7, "oldest_days": 6, "period": 4, "unit_cost": 2})
	for _, k := range rules.Kinds() {
		p, err := some()[k.Name].Policy(spec)
		if err != nil {
			t.Fatalf("%s: %v", k.Name, err)
		}
		if n := testing.AllocsPerRun(100, func() { p.Decide(o, 0.5) }); n != 0 {
			t.Errorf("%s: %v allocations", k.Name, n)
		}
	}
}

// A decision on a ladder of 10 without limits.
func BenchmarkDecide(b *testing.B) {
	spec := shelf()
	o := seen(map[string]float64{"reference_price": 8, "lowest_rival_price": 5, "own_rung": 6, "stock": 30, "periods_left": 7, "oldest_days": 6, "period": 4, "unit_cost": 2})
	for _, k := range rules.Kinds() {
		p, err := some()[k.Name].Policy(spec)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(k.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Decide(o, 0.5)
			}
		})
	}
}
