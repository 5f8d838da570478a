// Package oligopoly is the expected resolution of a market: a repeated game of n firms, each with one product, whose sales follow in closed form from
// what all of them choose. A period's profit of firm i is π_i = (p_i − c_i)·q_i·size. No shopper is drawn, so that games run at the speed of memory
// through the same env.Environment as the sampled market; Game.Table gives learners the whole game as flat tables.
//
// A System is the demand side: logit, linear, Singh–Vives, Bertrand or Cournot. Config.Nash and Config.Monopoly are the one-shot equilibrium and the joint
// optimum, between which learned prices are measured and ladders laid. A Game is what is played. Its parameters are those of
//
//   - Calvano, Calzolari, Denicolò & Pastorello (2020), "Artificial intelligence, algorithmic pricing, and collusion", American Economic Review 110(10): logit, simultaneous moves;
//   - Klein (2021), "Autonomous algorithmic collusion: Q-learning under sequential pricing", RAND Journal of Economics 52(3): Bertrand with linear demand, alternating moves;
//   - Waltman & Kaymak (2008), "Q-learning agents in a Cournot oligopoly model", Journal of Economic Dynamics and Control 32(10): Cournot without memory;
//   - Asker, Fershtman & Pakes (2022), "Artificial intelligence, algorithm design, and pricing", AEA Papers and Proceedings 112: Bertrand with unit demand.
package oligopoly

import (
	"fmt"
	"math"
	"reflect"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// Config is a repeated game. Money is in $, quantities are in units of size.
type Config struct {
	Demand   Demand  `toml:"demand" doc:"how sales follow from what the firms choose"`
	Firms    []Firm  `toml:"firms" required:"true" doc:"who competes; each sells one product"`
	Size     float64 `toml:"size" default:"1" range:"(0,1000000000000]" doc:"market size: shoppers a period, by which quantities are multiplied"`
	Ladder   Ladder  `toml:"ladder" doc:"the prices that may be posted; where firms choose quantities, these"`
	Moves    string  `toml:"moves" default:"'simultaneous'" oneof:"simultaneous,alternating" doc:"simultaneous: all choose in every period; alternating: one after the other, a period each, while the others' choices stand"`
	Memory   int     `toml:"memory" default:"1" range:"[0,16]" doc:"how many of the last periods a firm sees"`
	Opening  []int   `toml:"opening" range:"[0,100000]" doc:"rung of each firm before the first period, counted from 0; left out: drawn at random in each episode"`
	Discount float64 `toml:"discount" default:"0.95" range:"[0,1]" doc:"of a period"`
	Horizon  int     `toml:"horizon" default:"10000" range:"[1,1000000000000]" doc:"periods in an episode"`
	End      string  `toml:"end" default:"'truncate'" oneof:"truncate,terminate" doc:"truncate: we stop looking, the game goes on; terminate: the market closes"`

	Own int `toml:"-"` // the firm whose accounts are kept
}

// Demand names a kind of demand system; the other keys of its table are the kind's.
type Demand struct {
	Kind    string  `toml:"kind" required:"true" oneof:"logit,linear,singh-vives,bertrand,cournot" doc:"the demand system"`
	Options Options `toml:"-"` // what the kind adds
}

// Firm is one of the competitors.
type Firm struct {
	Name    string  `toml:"name" required:"true" doc:"unique"`
	Cost    float64 `toml:"cost" range:"[0,1000000000]" doc:"of a unit, $"`
	Quality float64 `toml:"quality" range:"[-1000000000,1000000000]" doc:"logit: mean utility; linear and singh-vives: intercept of its demand; not where products are the same"`
}

// Options are the keys that a kind of demand system adds; Kinds makes them.
type Options interface {
	// system is the demand of these firms. An error's key is one of the options, or that of a firm.
	system(firms []Firm) (System, error)
}

// Kind is a kind of demand system.
type Kind struct {
	Name string
	Doc  string
	New  func() Options // a pointer to a struct of the kind's keys
}

// Kinds lists the kinds of demand systems.
func Kinds() []Kind {
	return []Kind{
		{"logit", "each shopper takes one product or none: multinomial logit with an outside good, firms set prices", func() Options { return &Logit{Scale: 0.25} }},
		{"linear", "a differentiated product's sales are linear in all prices, firms set prices", func() Options { return &Linear{Slope: 1} }},
		{"singh-vives", "a consumer of quadratic utility (Singh & Vives 1984), firms set prices or quantities", func() Options { return &SinghVives{Slope: 1, Compete: "prices"} }},
		{"bertrand", "the same product from all: the lowest price takes the market, ties share it", func() Options { return &Bertrand{Intercept: 1, Slope: 1} }},
		{"cournot", "the same product from all: firms set quantities, the price clears the market", func() Options { return &Cournot{Intercept: 1, Slope: 1} }},
	}
}

// System is a demand system of n firms. It is read-only and does not allocate, so that one may serve several goroutines.
type System interface {
	// Sell fills each firm's price, $, and the units that it sells per unit of market size (all of length n), from what the firms choose:
	// prices, or quantities where Quantities says so.
	Sell(choices, prices, quantities []float64)
	// Quantities tells whether firms choose quantities and not prices.
	Quantities() bool

	// monopoly fills what maximises the sum of the firms' profits.
	monopoly(costs, x []float64)
}

const (
	mostFirms = 64
	mostMoney = 1e9 // $, and any other parameter of demand
)

// System checks demand and firms, and returns the system. Errors are of type *field.Error.
func (cfg *Config) System() (System, error) {
	if n := len(cfg.Firms); n < 1 || n > mostFirms {
		return nil, field.New("firms", fmt.Sprintf("%d firms", n), fmt.Sprintf("1 to %d", mostFirms))
	}
	names := make(map[string]bool)
	for i := range cfg.Firms {
		f := &cfg.Firms[i]
		key := fmt.Sprintf("firms.%d.", i+1)
		if f.Name == "" || names[f.Name] {
			return nil, field.New(key+"name", fmt.Sprintf("%q", f.Name), "a name that no other firm has")
		}
		names[f.Name] = true
		if !(f.Cost >= 0 && f.Cost <= mostMoney) {
			return nil, field.New("firms."+f.Name+".cost", f.Cost, fmt.Sprintf("0 to %g", mostMoney))
		}
		if !(math.Abs(f.Quality) <= mostMoney) {
			return nil, field.New("firms."+f.Name+".quality", f.Quality, fmt.Sprintf("%g to %g", -mostMoney, mostMoney))
		}
	}
	var known []string
	for _, kind := range Kinds() {
		if known = append(known, kind.Name); kind.Name != cfg.Demand.Kind {
			continue
		}
		o := cfg.Demand.Options
		if reflect.TypeOf(o) != reflect.TypeOf(kind.New()) || reflect.ValueOf(o).IsNil() {
			return nil, field.New("demand.kind", fmt.Sprintf("%q", kind.Name), fmt.Sprintf("the kind of its options, which are %T", o))
		}
		return o.system(cfg.Firms)
	}
	return nil, field.New("demand.kind", fmt.Sprintf("%q", cfg.Demand.Kind), "one of "+strings.Join(known, ", "))
}

// bounded checks an option of a demand system.
func bounded(key string, value, from, to float64) error {
	if !(value >= from && value <= to) {
		return field.New("demand."+key, value, fmt.Sprintf("%g to %g", from, to))
	}
	return nil
}

// alike refuses qualities where products are the same.
func alike(firms []Firm) error {
	for _, f := range firms {
		if f.Quality != 0 {
			return field.New("firms."+f.Name+".quality", f.Quality, "none: all sell the same product")
		}
	}
	return nil
}

func costs(firms []Firm) []float64 {
	c := make([]float64, len(firms))
	for i, f := range firms {
		c[i] = f.Cost
	}
	return c
}

// check looks at what concerns the game and not the market.
func (cfg *Config) check() error {
	switch {
	case !(cfg.Size > 0 && cfg.Size <= 1e12):
		return field.New("size", cfg.Size, "more than 0, at most 1e12")
	case cfg.Moves != "simultaneous" && cfg.Moves != "alternating":
		return field.New("moves", fmt.Sprintf("%q", cfg.Moves), "simultaneous or alternating")
	case cfg.Memory < 0 || cfg.Memory > 16:
		return field.New("memory", cfg.Memory, "0 to 16")
	case !(cfg.Discount >= 0 && cfg.Discount <= 1):
		return field.New("discount", cfg.Discount, "0 to 1")
	case cfg.Horizon < 1 || cfg.Horizon > 1e12:
		return field.New("horizon", cfg.Horizon, "1 to 1e12")
	case cfg.alternating() && cfg.Horizon < len(cfg.Firms):
		return field.New("horizon", cfg.Horizon, fmt.Sprintf("a period for each of %d firms that alternate", len(cfg.Firms)))
	case cfg.End != "truncate" && cfg.End != "terminate":
		return field.New("end", fmt.Sprintf("%q", cfg.End), "truncate or terminate")
	case cfg.Own < 0 || cfg.Own >= len(cfg.Firms):
		return field.New("own", cfg.Own, fmt.Sprintf("one of %d firms, counted from 0", len(cfg.Firms)))
	case len(cfg.Opening) != 0 && len(cfg.Opening) != len(cfg.Firms):
		return field.New("opening", fmt.Sprintf("%d rungs", len(cfg.Opening)), fmt.Sprintf("one for each of %d firms, or none", len(cfg.Firms)))
	}
	return nil
}

func (cfg *Config) alternating() bool { return cfg.Moves == "alternating" }
