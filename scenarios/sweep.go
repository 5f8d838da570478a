package scenarios

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// Sweep is what souk sweep tries: some keys of the scenario, each at several values.
type Sweep struct {
	Method  string `toml:"method" default:"'grid'" oneof:"grid,random,halving" doc:"grid: every combination; random: so many trials, drawn; halving: these (drawn where trials is given, else the grid) at a small budget, the best of them again at a larger one, and so on (successive halving, Jamieson & Talwalkar 2016)"`
	Over    []Over `toml:"over" required:"true" doc:"the keys, and their values"`
	Trials  int    `toml:"trials,omitzero" range:"[1,10000]" doc:"configurations that random and halving draw"`
	Agent   string `toml:"agent" doc:"whose mean score counts, and who alone is trained; left out: the first of [[agents]]"`
	Measure string `toml:"measure" doc:"where no agent is trained in a market: the measure that counts, as souk reproduce --measures lists them"`
	Best    string `toml:"best" default:"'highest'" oneof:"highest,lowest" doc:"which score is best"`
	Keep    int    `toml:"keep,omitzero" range:"[2,100]" doc:"of halving: one in so many goes on, at so many times the budget; left out: 3"`
	Budget  string `toml:"budget" doc:"of halving: the key, a whole number, that is the budget; the scenario has the largest. Left out: train.episodes, of a game sessions.number"`
	Paths   int    `toml:"paths,omitzero" range:"[2,1000000]" doc:"unseen episodes that score what an agent learned; left out: 64. Neither training nor souk train's comparison meets them"`
}

// Over is a key of a sweep, at listed values or from one number to another.
type Over struct {
	Key    string   `toml:"key" required:"true" doc:"as --set names it"`
	Values Values   `toml:"values" doc:"the values"`
	From   *float64 `toml:"from" doc:"in place of values: the least number"`
	To     *float64 `toml:"to" doc:"the greatest"`
	Log    bool     `toml:"log" doc:"numbers between them are spread evenly by their logarithm"`
	Steps  int      `toml:"steps,omitzero" range:"[2,1000]" doc:"of a grid: so many numbers from from to to; left out: 3"`
	Whole  bool     `toml:"whole" doc:"numbers are rounded to whole ones"`
}

// Values are values of any type, in TOML.
type Values []any

// UnmarshalTOML reads a list.
func (v *Values) UnmarshalTOML(from any) error {
	all, ok := elements(from)
	if !ok || len(all) == 0 || len(all) > mostTrials {
		return errors.New("a list of values")
	}
	*v = all
	return nil
}

// MarshalTOML writes the canonical form.
func (v Values) MarshalTOML() ([]byte, error) { return []byte(valueText([]any(v))), nil }

// mostTrials bounds the configurations of a sweep.
const mostTrials = 10_000

// Configuration is one that a sweep tries.
type Configuration struct {
	Values []string  // as TOML, one of each Over
	Levels []float64 // the values as numbers; NaN where they are none

	settings Settings
}

// spread lists the values that a grid has of a key.
func (o *Over) spread() (all []any) {
	if o.Values != nil {
		return o.Values
	}
	n := o.Steps
	if n == 0 {
		n = 3
	}
	for k := range n {
		all = append(all, o.at(float64(k)/float64(n-1)))
	}
	return all
}

// at is the number at a share of the way, in four digits.
func (o *Over) at(share float64) any {
	x := *o.From + float64((*o.To-*o.From)*share)
	if o.Log {
		x = *o.From * portable.Exp(float64(share*portable.Log(*o.To / *o.From)))
	}
	if o.Whole {
		return int64(math.Round(x))
	}
	x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
	return x
}

func (o *Over) keys() []string {
	s := scanner{text: o.Key}
	return s.key()
}

// Configurations lists what the scenario's sweep tries, in order. Those that are drawn follow from the scenario's seed.
func (s *Scenario) Configurations() []Configuration {
	sweep := s.Sweep
	var all []Configuration
	add := func(values []any) {
		c := Configuration{}
		for i, v := range values {
			c.Values = append(c.Values, valueText(v))
			c.settings = append(c.settings, Setting{keys: sweep.Over[i].keys(), at: []string{"over", strconv.Itoa(i), "key"}, value: v})
			x, ok := number(v)
			if !ok {
				x = math.NaN()
			}
			c.Levels = append(c.Levels, x)
		}
		all = append(all, c)
	}
	if sweep.drawn() {
		family := rng.New(uint64(s.Seed), 0).Family("sweep")
		for trial := range sweep.Trials {
			var values []any
			for i := range sweep.Over {
				o, stream := &sweep.Over[i], family.At(uint64(trial), uint64(i))
				if o.Values != nil {
					values = append(values, o.Values[stream.Intn(len(o.Values))])
				} else {
					values = append(values, o.at(stream.Float64()))
				}
			}
			add(values)
		}
		return all
	}
	combinations := [][]any{nil}
	for i := range sweep.Over {
		var longer [][]any
		for _, c := range combinations {
			for _, v := range sweep.Over[i].spread() {
				longer = append(longer, append(slices.Clone(c), v))
			}
		}
		combinations = longer
	}
	for _, c := range combinations {
		add(c)
	}
	return all
}

func (s *Sweep) drawn() bool { return s.Method == "random" || s.Method == "halving" && s.Trials > 0 }

// Rungs are the budgets of successive halving, from the smallest; of the other methods the scenario's alone, as 0. Of n configurations all play
// at the first, and one in Keep of them at the next.
func (s *Scenario) Rungs(n int) (budgets []int) {
	if s.Sweep.Method != "halving" {
		return []int{0}
	}
	whole, _ := s.budget()
	for {
		budgets = append([]int{max(1, whole)}, budgets...)
		if n <= 1 || whole <= 1 {
			return budgets
		}
		n = s.Sweep.Survivors(n)
		whole = (whole + s.Sweep.keep() - 1) / s.Sweep.keep()
	}
}

// Survivors is how many of n configurations go on to the next rung.
func (s *Sweep) Survivors(n int) int { return max(1, n/s.keep()) }

func (s *Sweep) keep() int {
	if s.Keep == 0 {
		return 3
	}
	return s.Keep
}

// budgetKey is the key of halving's budget.
func (s *Scenario) budgetKey() string {
	switch {
	case s.Sweep.Budget != "":
		return s.Sweep.Budget
	case s.World() == RepeatedGame:
		return "sessions.number"
	}
	return "train.episodes"
}

// budget is the scenario's, the largest.
func (s *Scenario) budget() (int, error) {
	here := valueAt(s.resolved(), (&Over{Key: s.budgetKey()}).keys())
	if n, ok := here.(int64); ok && n > 0 {
		return int(n), nil
	}
	return 0, &field.Error{Found: show(here) + " at " + s.budgetKey(), Expected: "a key with a whole number above 0"}
}

// resolved is the scenario as a parsed tree, every default written in.
func (s *Scenario) resolved() map[string]any {
	d, err := parse("", string(s.Canonical()))
	if err != nil {
		return nil
	}
	return d.root
}

// Configured is the scenario under a configuration of its sweep, with no sweep itself; budget is that of a rung, 0 the scenario's.
func (s *Scenario) Configured(c *Configuration, budget int) (*Scenario, error) {
	settings := slices.Clone(c.settings)
	if budget > 0 {
		settings = append(settings, Setting{keys: (&Over{Key: s.budgetKey()}).keys(), at: []string{"budget"}, value: int64(budget)})
	}
	settings = append(settings, Setting{keys: []string{"sweep"}, at: []string{}, value: nil})
	return parseWith(s.source, nil, s.overrides, []settled{{path("sweep"), settings}})
}

// sweep checks what a sweep says by itself.
func (d *document) sweep(s *Scenario) {
	sweep, p := s.Sweep, path("sweep")
	n := 1
	seen := map[string]bool{}
	for i := range sweep.Over {
		o, at := &sweep.Over[i], p.then("over").then(strconv.Itoa(i))
		scan := scanner{text: o.Key}
		if keys := scan.key(); len(keys) == 0 || scan.pos < len(o.Key) || keys[0] == "sweep" || keys[0] == "name" {
			d.bad(at.then("key"), show(o.Key), "a dotted key of what is tried, as --set takes it")
		}
		d.once(at.then("key"), seen, strings.Join(o.keys(), "."))
		switch {
		case (o.Values == nil) != (o.From != nil && o.To != nil), o.Values != nil && (o.From != nil || o.To != nil || o.Log || o.Whole):
			d.bad(at, "neither values nor from and to, or both", "one or the other")
		case o.Values != nil && o.Steps != 0, o.Steps != 0 && sweep.drawn():
			d.bad(at.then("steps"), strconv.Itoa(o.Steps), "none: they are of from and to, in a grid")
		case o.Values == nil && *o.From >= *o.To:
			d.bad(at.then("to"), number64(*o.To), "more than from")
		case o.Log && *o.From <= 0:
			d.bad(at.then("from"), number64(*o.From), "more than 0 beside log")
		}
		if n *= max(1, len(o.Values), o.Steps, 3*(1-min(1, len(o.Values)+o.Steps))); n > mostTrials {
			n = mostTrials + 1
		}
	}
	switch {
	case len(sweep.Over) == 0:
		d.bad(p.then("over"), "none", "at least one key")
	case sweep.Method == "random" && sweep.Trials == 0:
		d.bad(p.then("trials"), nothing, "how many configurations random draws")
	case sweep.Method == "grid" && sweep.Trials != 0:
		d.bad(p.then("trials"), strconv.Itoa(sweep.Trials), "none: a grid has every combination")
	case !sweep.drawn() && n > mostTrials:
		d.bad(p.then("over"), "more than "+strconv.Itoa(mostTrials)+" combinations", "fewer, or a drawn sweep")
	case sweep.Method != "halving" && (sweep.Keep != 0 || sweep.Budget != ""):
		d.bad(p.then("method"), show(sweep.Method)+" beside keep or budget", "halving with them")
	}
	if sweep.Agent != "" && s.agent(sweep.Agent) == nil {
		d.bad(p.then("agent"), show(sweep.Agent), "one of [[agents]]")
	}
}

// tried checks that each value of a sweep makes a scenario, and the least budget too.
func (s *Scenario) tried() error {
	all := s.Configurations()
	rungs := []int{0}
	if s.Sweep.Method == "halving" {
		if _, err := s.budget(); err != nil {
			e, _ := errors.AsType[*field.Error](err)
			return s.Fault(e.Found, e.Expected, "sweep", "budget")
		}
		rungs = s.Rungs(len(all))
	}
	seen := map[string]bool{}
	for k := range all {
		c, anew := &all[k], false
		for i, v := range c.Values {
			place := fmt.Sprint(i, " ", v)
			anew = anew || !seen[place]
			seen[place] = true
		}
		if !anew || k >= 100 && s.Sweep.drawn() { // of so many drawn numbers the first tell
			continue
		}
		if _, err := s.Configured(c, rungs[0]); err != nil {
			return err
		}
	}
	return nil
}
