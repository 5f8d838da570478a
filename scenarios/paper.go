package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// Paper is the publication that a scenario reproduces.
type Paper struct {
	Citation   string   `toml:"citation" doc:"authors, year, title and journal"`
	Deviations []string `toml:"deviations" doc:"what is done otherwise than in the paper, one by one; an empty list says that nothing is"`
	Replay     string   `toml:"replay" doc:"the variant that souk reproduce --replay plays with the authors' random numbers; left out: the scenario itself"`
	Figures    []string `toml:"figures" doc:"measures that are drawn, published beside measured; one ending in @ stands for those of all numbers after it, and is drawn as a path; learning: the learning curves of a pricing problem, variant by variant"`
}

// Variant is the scenario with some keys set otherwise.
type Variant struct {
	Name  string   `toml:"name" required:"true" doc:"what published rows call it; unique"`
	Set   Settings `toml:"set" doc:"what is set otherwise"`
	Quick Settings `toml:"quick" doc:"what is set otherwise beyond that under --quick"`
	Full  bool     `toml:"full" doc:"left out under --quick"`
}

// Quick is the smaller sample of souk reproduce --quick.
type Quick struct {
	Set Settings `toml:"set" doc:"what is set otherwise, in all variants"`
}

// Published is a row of a publication's results.
type Published struct {
	Variant   string  `toml:"variant" doc:"the variant it is of; left out: the scenario itself"`
	Measure   string  `toml:"measure" required:"true" doc:"what is measured: souk reproduce --measures lists them"`
	Value     float64 `toml:"value" required:"true" doc:"as published, in the measure's unit"`
	Error     float64 `toml:"error" default:"0.0" range:"[0,1000000000000]" doc:"its standard error, where it is known or follows from what was published"`
	Tolerance float64 `toml:"tolerance" default:"0.0" range:"[0,1000000000000]" doc:"how far beyond three standard errors of the difference a reproduction may be: rounding, and what was read off a figure"`
	Bound     string  `toml:"bound" default:"'equal'" oneof:"equal,at-least,at-most" doc:"equal: the measured value is near the published one; at-least, at-most: or beyond it"`
	Kind      string  `toml:"kind,omitzero" oneof:"result,theorem,claim" doc:"theorem: the order of growth that a theorem proves; claim: this scenario's own, of which no number was published; left out: a result"`
	Source    string  `toml:"source" required:"true" doc:"where it is published: table, figure, page"`
}

// Settings are keys of the scenario and the values that they are given.
type Settings []Setting

// Setting is one of them.
type Setting struct {
	keys  []string // that lead to the value
	at    []string // where it stands below the table of settings
	value any
}

// UnmarshalTOML reads a table whose keys are the scenario's. A key in quotation marks is one of --set, "game.demand.scale", and its value replaces what stood
// there; tables within tables, as game.demand.scale = 0.1 without the marks makes them, reach down to the first value that is no table.
func (s *Settings) UnmarshalTOML(v any) error {
	table, ok := v.(map[string]any)
	if !ok {
		return errors.New(`a table of keys and values, as { "game.memory" = 2 }`)
	}
	*s = Settings{}
	return s.add(table, nil, nil)
}

func (s *Settings) add(table map[string]any, keys, at []string) error {
	for _, k := range sortedKeys(table) {
		scan := scanner{text: k}
		parts := scan.key()
		if scan.pos < len(k) || len(parts) == 0 {
			parts = []string{k}
		}
		full, here := slices.Concat(keys, parts), append(slices.Clone(at), k)
		if inner, isTable := table[k].(map[string]any); isTable && len(parts) == 1 && len(inner) > 0 {
			if err := s.add(inner, full, here); err != nil {
				return err
			}
			continue
		}
		if root := full[0]; slices.Contains([]string{"variants", "published", "paper", "quick"}, root) {
			return &field.Error{Key: strings.Join(here, "."), Found: "a key of " + root, Expected: "keys of what is played"}
		}
		*s = append(*s, Setting{full, here, table[k]})
	}
	return nil
}

// MarshalTOML writes the canonical form, in which each setting is a key in quotation marks.
func (s Settings) MarshalTOML() ([]byte, error) {
	parts := make([]string, len(s))
	for i := range s {
		keys := make([]string, len(s[i].keys))
		for k := range keys {
			keys[k] = keyText(s[i].keys[k])
		}
		parts[i] = quote(strings.Join(keys, ".")) + " = " + valueText(s[i].value)
	}
	slices.Sort(parts)
	if len(parts) == 0 {
		return []byte("{}"), nil
	}
	return []byte("{ " + strings.Join(parts, ", ") + " }"), nil
}

// valueText writes a value as the TOML decoder gives it.
func valueText(v any) string {
	var parts []string
	switch v := v.(type) {
	case string:
		return quote(v)
	case float64:
		return number64(v)
	case map[string]any:
		for _, k := range sortedKeys(v) {
			parts = append(parts, keyText(k)+" = "+valueText(v[k]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	default:
		all, ok := elements(v)
		if !ok {
			return fmt.Sprint(v)
		}
		for _, item := range all {
			parts = append(parts, valueText(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
}

// Variant is the scenario of one of its variants, or itself where the name is empty; with quick of the smaller sample. Overrides go over what the
// smaller sample says, and a variant's own settings over both.
func (s *Scenario) Variant(name string, quick bool) (*Scenario, error) {
	var before, after []settled
	if quick {
		before = append(before, settled{path("quick").then("set"), s.Quick.Set})
	}
	if i := slices.IndexFunc(s.Variants, func(v Variant) bool { return v.Name == name }); i >= 0 {
		p := path("variants").then(strconv.Itoa(i))
		after = append(after, settled{p.then("set"), s.Variants[i].Set})
		if quick {
			after = append(after, settled{p.then("quick"), s.Variants[i].Quick})
		}
	} else if name != "" {
		return nil, s.Fault("no variant "+strconv.Quote(name), "one of them", "variants")
	}
	return parseWith(s.source, before, s.overrides, after)
}

// settled are settings and where they stand.
type settled struct {
	at  path
	all Settings
}

// apply writes settings over the document. A fault of theirs is told at their line.
func (d *document) apply(stages []settled) error {
	for _, stage := range stages {
		for i := range stage.all {
			setting, at := &stage.all[i], stage.at
			for _, k := range setting.at {
				at = at.then(k)
			}
			line := d.at[at]
			if err := d.place(setting.keys, copied(setting.value), line); err != nil {
				err.File, err.Line = d.file, line
				return err
			}
		}
	}
	return nil
}

// copied is a value that shares nothing with another, so that a later setting below it does not change that.
func copied(v any) any {
	if table, ok := v.(map[string]any); ok {
		other := make(map[string]any, len(table))
		for k := range table {
			other[k] = copied(table[k])
		}
		return other
	}
	if all, ok := elements(v); ok {
		other := make([]any, len(all))
		for i := range all {
			other[i] = copied(all[i])
		}
		return other
	}
	return v
}

// paper checks what is said of a publication, and that each variant is a scenario.
func (d *document) paper(s *Scenario) {
	seen := map[string]bool{}
	var names []string
	for i := range s.Variants {
		at := path("variants").then(strconv.Itoa(i)).then("name")
		if name := s.Variants[i].Name; strings.TrimSpace(name) == "" || len(name) > 64 || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' }) {
			d.bad(at, show(name), "a name of at most 64 characters")
		}
		d.once(at, seen, s.Variants[i].Name)
		names = append(names, s.Variants[i].Name)
	}
	for i := range s.Published {
		if v := s.Published[i].Variant; v != "" && !seen[v] {
			d.bad(path("published").then(strconv.Itoa(i)).then("variant"), show(v), "a variant: "+Suggest(v, names))
		}
	}
	if v := s.Paper.Replay; v != "" && !seen[v] {
		d.bad(path("paper").then("replay"), show(v), "a variant: "+Suggest(v, names))
	}
	if len(s.Published) > 0 && s.Paper.Citation == "" {
		d.bad(path("paper").then("citation"), nothing, "the publication that the rows of [[published]] are of")
	}
}
