// Package monopoly is one seller's pricing problem in closed form: at each review of an episode the seller posts a price of its ladder, and demand
// follows from that price, the season, the reference price that shoppers remember and what a rival asks, who follows a script. Sales are drawn from their
// law (Poisson, binomial) or are their expectation; stock, a deadline, markdowns and the cost of price changes tie periods together.
//
// Everything that matters is a finite state, so that the exact Markov decision process is known: Process tells its rows to a dynamic programme
// (package market/optimum), and Market plays the same process as env.Environment. It is the twin of market/oligopoly with one player. Sources:
//
//   - Gallego & van Ryzin (1994), "Optimal dynamic pricing of inventories with stochastic demand over finite horizons", Management Science 40(8);
//   - Broder & Rusmevichientong (2012), "Dynamic pricing under a general parametric choice model", Operations Research 60(4);
//   - Ferreira, Simchi-Levi & Wang (2018), "Online network revenue management using Thompson sampling", Operations Research 66(6);
//   - Kopalle, Rao & Assunção (1996), "Asymmetric reference price effects and dynamic pricing policies", Marketing Science 15(1), for the reference price.
package monopoly

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Config is a pricing problem. Money is in $; a period is what lies between two reviews.
type Config struct {
	Demand      Demand     `toml:"demand" doc:"units that a customer buys in expectation, by the price"`
	Customers   float64    `toml:"customers" default:"1" range:"(0,1000000000]" doc:"customers in a unit of time"`
	Sales       string     `toml:"sales" default:"'poisson'" oneof:"poisson,binomial,expected" doc:"poisson: customers come at random; binomial: so many come in each period and each buys or not; expected: no chance"`
	Prices      Ladder     `toml:"prices" required:"true" doc:"the prices that may be posted: a list, or from, to and rungs"`
	Reviews     int        `toml:"reviews" default:"52" range:"[1,100000000]" doc:"periods in an episode: the price is set at the start of each"`
	Horizon     float64    `toml:"horizon" range:"[0,1000000000]" doc:"units of time in an episode; 0: one a period"`
	Stock       int        `toml:"stock" range:"[0,100000000]" doc:"units there are to sell in an episode; 0: no limit"`
	Cost        float64    `toml:"cost" range:"[0,1000000000]" doc:"of a unit that is sold, $"`
	Salvage     float64    `toml:"salvage" range:"[-1000000000,1000000000]" doc:"what a unit left at the end of the episode brings, $"`
	Holding     float64    `toml:"holding" range:"[0,1000000000]" doc:"of a unit left at the end of a period, $"`
	PriceChange float64    `toml:"price_change" range:"[0,1000000000]" doc:"cost of posting another price than in the period before, $"`
	Markdown    bool       `toml:"markdown" doc:"prices may only fall"`
	Season      []float64  `toml:"season" range:"[0,1000000]" doc:"by which demand is multiplied, period by period; begins anew after the last"`
	Reference   *Reference `toml:"reference" doc:"shoppers remember prices; left out: they do not"`
	Limit       *Limit     `toml:"limit" doc:"prices of the ladder that may not be posted; left out: none"`
	Rival       *Rival     `toml:"rival" doc:"another seller, who follows a script; left out: there is none"`
	Criterion   string     `toml:"criterion" default:"'episodic'" oneof:"episodic,discounted,average" doc:"what is best. episodic: the sum over the episode, at whose end the market closes; discounted: the discounted sum without end, of which an episode is a piece; average: the mean a period, without end"`
	Discount    float64    `toml:"discount" default:"1" range:"[0,1]" doc:"worth of the next period's reward today; of average, that of learners which discount"`
}

// Reference is the price r that shoppers remember, r' = memory·r + (1−memory)·p. It lives on an even grid of points from the lowest to the highest price:
// r' is drawn from its two neighbours there, with the probabilities that keep its mean, so that the process is finite and exact. A price p is then felt as
//
//	p + loss·max(0, p − r) − gain·max(0, r − p).
type Reference struct {
	Memory float64  `toml:"memory" default:"0.8" range:"[0,1)" doc:"share of the remembered price that stays, a period"`
	Gain   float64  `toml:"gain" range:"[0,1000]" doc:"$ by which a price below it feels lower still, for each $ of the difference"`
	Loss   float64  `toml:"loss" range:"[0,1000]" doc:"$ by which a price above it feels higher still, for each $ of the difference"`
	Points int      `toml:"points" default:"21" range:"[2,100000]" doc:"grid points"`
	Start  *float64 `toml:"start" range:"[0,1000000000]" doc:"when the episode opens; left out: the highest price"`
	Drop   float64  `toml:"drop" range:"[0,1000000000]" doc:"$ by which a price may fall below it; 0: any"`
}

// Limit forbids prices of the ladder, and is a guardrail of what is learned (env.Limit).
type Limit struct {
	Floor   float64  `toml:"floor,omitzero" range:"[0,1000000000]" doc:"price below which none is posted; 0: any"`
	Ceiling float64  `toml:"ceiling,omitzero" range:"[0,1000000000]" doc:"price above which none is posted; 0: any"`
	Markup  *float64 `toml:"markup" range:"(-1,1000000]" doc:"share of the unit cost by which a price lies above it at least; 0: no price below cost; left out: the cost does not matter"`
}

// Rival posts prices by a script: the list over and over, or as a Markov chain. Its price q is seen before the own price is set, and the own price is felt as
// p + effect·(regular − q).
type Rival struct {
	Prices      []float64   `toml:"prices" required:"true" range:"[0,1000000000]" doc:"its prices; without transitions one a period, over and over"`
	Transitions [][]float64 `toml:"transitions" range:"[0,1]" doc:"[price now][price next] probabilities"`
	Effect      float64     `toml:"effect" default:"1" range:"[0,1000]" doc:"$ by which the own price feels higher, for each $ that it is cheaper than usual"`
	Regular     *float64    `toml:"regular" range:"[0,1000000000]" doc:"its price at which the own price is felt as it is; left out: its highest"`
}

// Demand names a kind of demand curve; the other keys of its table are the kind's.
type Demand struct {
	Kind    string  `toml:"kind" required:"true" oneof:"exponential,linear,logit,elasticity,table" doc:"the demand curve"`
	Options Options `toml:"-"` // what the kind adds
}

// Options are the keys that a kind of demand curve adds, and the curve itself; Kinds makes them.
type Options interface {
	// Buys is how many units a customer buys in expectation at a price felt, at least 0. It does not allocate.
	Buys(price float64) float64
	// check returns the first bad option.
	check() error
}

// Kind is a kind of demand curve.
type Kind struct {
	Name string
	Doc  string
	New  func() Options // a pointer to a struct of the kind's keys
}

// Kinds lists the kinds of demand curves.
func Kinds() []Kind {
	return []Kind{
		{"exponential", "a·e^(−p/s): what customers would pay is exponential (Gallego & van Ryzin 1994)", func() Options { return &Exponential{Intercept: 1, Scale: 1} }},
		{"linear", "a − b·p: what customers would pay is uniform", func() Options { return &Linear{Intercept: 1, Slope: 1} }},
		{"logit", "each customer takes the product or nothing", func() Options { return &Logit{Scale: 1} }},
		{"elasticity", "a·p^(−e): constant elasticity", func() Options { return &Elasticity{Intercept: 1, Elasticity: 2} }},
		{"table", "as a table of prices and purchases has it, linear between them", func() Options { return &Table{} }},
	}
}

const (
	mostMoney = 1e9
	mostMean  = 1e7     // units sold in a period
	mostLaws  = 1 << 21 // laws of a period's sales
	mostMasks = 1 << 27 // prices that may follow a price or not, by reference price
)

// check looks at all but the ladder.
func (cfg *Config) check() error {
	switch {
	case !(cfg.Customers > 0 && cfg.Customers <= mostMoney):
		return field.New("customers", cfg.Customers, "more than 0, at most 1e9")
	case cfg.Sales != "poisson" && cfg.Sales != "binomial" && cfg.Sales != "expected":
		return field.New("sales", fmt.Sprintf("%q", cfg.Sales), "poisson, binomial or expected")
	case cfg.Reviews < 1 || cfg.Reviews > 1e8:
		return field.New("reviews", cfg.Reviews, "1 to 1e8")
	case !(cfg.Horizon >= 0 && cfg.Horizon <= mostMoney):
		return field.New("horizon", cfg.Horizon, "0 to 1e9")
	case cfg.Stock < 0 || cfg.Stock > 1e8:
		return field.New("stock", cfg.Stock, "0 to 1e8")
	case cfg.Stock > 0 && cfg.Sales == "expected":
		return field.New("stock", cfg.Stock, "none where sales are expected: stock is whole units")
	case cfg.Stock == 0 && cfg.Salvage != 0:
		return field.New("salvage", cfg.Salvage, "a stock of which something may be left")
	case cfg.Stock == 0 && cfg.Holding != 0:
		return field.New("holding", cfg.Holding, "a stock to be held")
	case cfg.Criterion != "episodic" && cfg.Criterion != "discounted" && cfg.Criterion != "average":
		return field.New("criterion", fmt.Sprintf("%q", cfg.Criterion), "episodic, discounted or average")
	case cfg.Stock > 0 && cfg.Criterion == "average":
		return field.New("criterion", `"average"`, "episodic or discounted: a stock ends")
	case cfg.Salvage != 0 && !cfg.episodic():
		return field.New("salvage", cfg.Salvage, "criterion episodic: else there is no end")
	case cfg.Discount == 0 && cfg.Salvage != 0:
		return field.New("discount", cfg.Discount, "more than 0 where there is a salvage")
	case !(cfg.Discount >= 0 && cfg.Discount <= 1) || cfg.Criterion == "discounted" && cfg.Discount == 1:
		return field.New("discount", cfg.Discount, "0 to 1; below 1 where the criterion is discounted")
	case cfg.Markdown && !cfg.episodic():
		return field.New("markdown", true, "criterion episodic: else prices fall for good")
	}
	for _, x := range []struct {
		key         string
		value, from float64
	}{{"cost", cfg.Cost, 0}, {"salvage", cfg.Salvage, -mostMoney}, {"holding", cfg.Holding, 0}, {"price_change", cfg.PriceChange, 0}} {
		if !(x.value >= x.from && x.value <= mostMoney) {
			return field.New(x.key, x.value, fmt.Sprintf("%g to %g", x.from, mostMoney))
		}
	}
	for i, x := range cfg.Season {
		if !(x >= 0 && x <= 1e6) {
			return field.New(fmt.Sprintf("season.%d", i), x, "0 to 1e6")
		}
	}
	if err := cfg.Reference.check(); err != nil {
		return err
	}
	if err := cfg.Rival.check(); err != nil {
		return err
	}
	if err := cfg.Limit.check(); err != nil {
		return err
	}
	return cfg.Demand.check()
}

func (cfg *Config) episodic() bool { return cfg.Criterion == "episodic" }

// Time is that of an episode.
func (cfg *Config) Time() float64 {
	if cfg.Horizon == 0 {
		return float64(cfg.Reviews)
	}
	return cfg.Horizon
}

// length is the time between two reviews.
func (cfg *Config) length() float64 { return cfg.Time() / float64(cfg.Reviews) }

func (d *Demand) check() error {
	var known []string
	for _, kind := range Kinds() {
		if known = append(known, kind.Name); kind.Name != d.Kind {
			continue
		}
		if reflect.TypeOf(d.Options) != reflect.TypeOf(kind.New()) || reflect.ValueOf(d.Options).IsNil() {
			return field.New("demand.kind", fmt.Sprintf("%q", kind.Name), fmt.Sprintf("the kind of its options, which are %T", d.Options))
		}
		return d.Options.check()
	}
	return field.New("demand.kind", fmt.Sprintf("%q", d.Kind), "one of "+strings.Join(known, ", "))
}

func (r *Reference) check() error {
	switch {
	case r == nil:
		return nil
	case !(r.Memory >= 0 && r.Memory < 1):
		return field.New("reference.memory", r.Memory, "a number in [0, 1)")
	case !(r.Gain >= 0 && r.Gain <= 1000):
		return field.New("reference.gain", r.Gain, "0 to 1000")
	case !(r.Loss >= 0 && r.Loss <= 1000):
		return field.New("reference.loss", r.Loss, "0 to 1000")
	case r.Points < 2 || r.Points > 100_000:
		return field.New("reference.points", r.Points, "2 to 100000")
	case !(r.Drop >= 0 && r.Drop <= mostMoney):
		return field.New("reference.drop", r.Drop, "0 to 1e9")
	}
	return nil
}

func (r *Rival) check() error {
	if r == nil {
		return nil
	}
	if len(r.Prices) == 0 || len(r.Prices) > 10_000 {
		return field.New("rival.prices", fmt.Sprintf("%d prices", len(r.Prices)), "1 to 10000")
	}
	for i, q := range r.Prices {
		if !(q >= 0 && q <= mostMoney) {
			return field.New(fmt.Sprintf("rival.prices.%d", i), q, "0 to 1e9")
		}
	}
	if !(r.Effect >= 0 && r.Effect <= 1000) {
		return field.New("rival.effect", r.Effect, "0 to 1000")
	}
	if r.Regular != nil && !(*r.Regular >= 0 && *r.Regular <= mostMoney) {
		return field.New("rival.regular", *r.Regular, "0 to 1e9")
	}
	if len(r.Transitions) != 0 && len(r.Transitions) != len(r.Prices) {
		return field.New("rival.transitions", fmt.Sprintf("%d rows", len(r.Transitions)), fmt.Sprintf("one for each of %d prices, or none", len(r.Prices)))
	}
	for i, row := range r.Transitions {
		total := 0.0
		for _, p := range row {
			if !(p >= 0 && p <= 1) {
				total = math.NaN()
			}
			total += p
		}
		if len(row) != len(r.Prices) || !(math.Abs(total-1) <= 1e-9) {
			return field.New(fmt.Sprintf("rival.transitions.%d", i), row, fmt.Sprintf("%d probabilities that sum to 1", len(r.Prices)))
		}
	}
	return nil
}

func (l *Limit) bounds() *env.Limit { return &env.Limit{Floor: l.Floor, Ceiling: l.Ceiling} }

func (l *Limit) check() error {
	switch {
	case l == nil:
		return nil
	case !(l.Floor >= 0 && l.Floor <= mostMoney):
		return field.New("limit.floor", l.Floor, "0 to 1e9")
	case !(l.Ceiling >= 0 && l.Ceiling <= mostMoney) || l.Ceiling > 0 && l.Ceiling < l.Floor:
		return field.New("limit.ceiling", l.Ceiling, "0, or from the floor to 1e9")
	case l.Markup != nil && !(*l.Markup > -1 && *l.Markup <= 1e6):
		return field.New("limit.markup", *l.Markup, "more than -1, at most 1e6")
	}
	return nil
}

// bounded checks an option of a demand curve.
func bounded(key string, value, from, to float64) error {
	if !(value >= from && value <= to) {
		return field.New("demand."+key, value, fmt.Sprintf("%g to %g", from, to))
	}
	return nil
}
