package scenarios

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/market/oligopoly"
	"github.com/souk-sim/souk/market/promotion"
	"github.com/souk-sim/souk/policies/rules"
)

// Key describes one key of the scenario file.
type Key struct {
	Key      string `json:"key"` // dotted; [] after an array of tables, * for any name
	Type     string `json:"type"`
	Default  string `json:"default,omitempty"` // as a TOML value
	Required bool   `json:"required,omitempty"`
	Allowed  string `json:"allowed,omitempty"` // an interval or the words it may be
	World    World  `json:"world,omitempty"`   // that has it, where not all that have the table do
	Doc      string `json:"doc"`
}

// Schema lists every key that a scenario may have, in the order of the file. The parameters of agents are listed under agents[KIND], those of pricing
// rules under sellers[].brain[KIND], those of demand systems under game.demand[KIND], of demand curves under problem.demand[KIND], what a kind of promotion adds under promotion[KIND], the keys of all shoppers' models under shoppers.*, and the
// options of each kind under shoppers.PART[KIND].
func Schema() []Key {
	keys := slices.DeleteFunc(describe("", reflect.ValueOf(Scenario{}), ShoppersAlone, WeeklyCategory, OpenMarket, RepeatedGame, PricingProblem), func(k Key) bool { return strings.HasPrefix(k.Key, "shoppers.") })
	keys = append(keys, shoppersSchema()...)
	kind := func(name string, options any, w ...World) {
		keys = append(keys, describe(name, reflect.ValueOf(options).Elem(), w...)...)
	}
	for _, k := range promotion.Kinds() {
		kind("promotion["+k.Name+"]", k.New(), OpenMarket)
	}
	for _, k := range rules.Kinds() {
		kind("sellers[].brain["+k.Name+"]", k.New(), OpenMarket)
	}
	for _, k := range rules.Kinds() {
		kind("evaluate.rules[]["+k.Name+"]", k.New(), OpenMarket, PricingProblem)
	}
	for _, k := range agents.Kinds() {
		kind("agents["+k.Name+"]", k.New(), WeeklyCategory, OpenMarket, RepeatedGame, PricingProblem)
	}
	for _, k := range oligopoly.Kinds() {
		kind("game.demand["+k.Name+"]", k.New(), RepeatedGame)
	}
	for _, k := range monopoly.Kinds() {
		kind("problem.demand["+k.Name+"]", k.New(), PricingProblem)
	}
	for _, k := range rules.Kinds() {
		kind("game.firms[].brain["+k.Name+"]", k.New(), RepeatedGame)
	}
	return keys
}

// describe lists the keys that a struct has in some worlds; the values it holds are the defaults where no tag gives one. What differs between worlds is
// listed for each.
func describe(prefix string, v reflect.Value, worlds ...World) []Key {
	var keys []Key
	for _, plain := range reflect.VisibleFields(v.Type()) {
		name := key(plain)
		in := slices.DeleteFunc(slices.Clone(worlds), func(w World) bool { return !w.in(plain) })
		if name == "" || name == "-" || len(in) == 0 {
			continue
		}
		if prefix != "" {
			name = prefix + "." + name
		}
		held := v.FieldByIndex(plain.Index)
		for i, w := range in {
			f := w.resolve(plain)
			if i > 0 && f.Tag == in[0].resolve(plain).Tag {
				continue
			}
			k := Key{Key: name, Type: typeName(f.Type), Default: strings.ReplaceAll(f.Tag.Get("default"), "'", `"`), Required: f.Tag.Get("required") != "",
				Allowed: allowed(f), Doc: f.Tag.Get("doc")}
			if len(in) == 1 && len(worlds) > 1 || slices.ContainsFunc(in, func(other World) bool { return other.resolve(plain).Tag != f.Tag }) {
				k.World = w
			}
			if k.Default == "" && !held.IsZero() && held.Kind() != reflect.Struct {
				k.Default = inline(held, w)
			}
			keys = append(keys, k)
		}
		inner := held
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Map || inner.Kind() == reflect.Pointer {
			switch inner.Kind() {
			case reflect.Slice:
				name += "[]"
			case reflect.Map:
				name += ".*"
			}
			inner = reflect.New(inner.Type().Elem()).Elem()
		}
		if inner.Kind() == reflect.Struct && !custom(inner.Type()) {
			keys = append(keys, describe(name, inner, in...)...)
		}
	}
	return keys
}

func custom(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[unmarshaler]())
}

func typeName(t reflect.Type) string {
	if custom(t) {
		return "value"
	}
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64:
		return "integer"
	case reflect.Float64:
		return "number"
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Struct {
			return "tables"
		}
		return "list of " + plural(typeName(t.Elem()))
	case reflect.Array:
		return fmt.Sprintf("list of %d %s", t.Len(), plural(typeName(t.Elem())))
	case reflect.Pointer:
		return typeName(t.Elem())
	}
	return "table"
}

func plural(kind string) string {
	if of, list := strings.CutPrefix(kind, "list"); list {
		return "lists" + of
	}
	return kind + "s"
}

func allowed(f reflect.StructField) string {
	if words := f.Tag.Get("oneof"); words != "" {
		return strings.ReplaceAll(words, ",", ", ")
	}
	return strings.ReplaceAll(f.Tag.Get("range"), ",", ", ")
}

// expectation says in words what a field takes.
func expectation(f reflect.StructField) string {
	words := f.Tag.Get("oneof")
	switch choices := strings.Split(words, ","); {
	case words != "" && len(choices) == 1:
		return strconv.Quote(words)
	case words != "":
		return "one of " + words
	}
	name := typeName(f.Type)
	if name == "tables" {
		return "at least one table"
	}
	article := "a "
	if strings.ContainsRune("aeiou", rune(name[0])) {
		article = "an "
	}
	if r := f.Tag.Get("range"); r != "" {
		return article + name + " in " + strings.ReplaceAll(r, ",", ", ")
	}
	return article + name
}

func key(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
	return name
}

// shorthand finds the field that a bare value stands for.
func shorthand(t reflect.Type) (reflect.StructField, bool) {
	for _, f := range reflect.VisibleFields(t) {
		if f.Tag.Get("shorthand") != "" && f.Type.Kind() != reflect.Slice {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// show renders a found value on one short line.
func show(v any) string {
	var s string
	switch v := v.(type) {
	case nil:
		return nothing
	case string:
		s = strconv.Quote(v)
	case float64:
		s = number64(v)
	case map[string]any:
		return "a table"
	case time.Time:
		return "a date"
	default:
		if all, ok := elements(v); ok {
			if len(all) > 0 {
				if _, tables := all[0].(map[string]any); tables {
					return fmt.Sprintf("an array of %d tables", len(all))
				}
			}
			parts := make([]string, len(all))
			for i := range all {
				parts[i] = show(all[i])
			}
			s = "[" + strings.Join(parts, ", ") + "]"
		} else {
			s = oneLine(fmt.Sprint(v))
		}
	}
	if r := []rune(s); len(r) > 60 {
		s = string(r[:57]) + "…"
	}
	return s
}

// Suggest says which names were expected in place of a wrong one: the nearest when one is near, else all of them.
func Suggest(wrong string, names []string) string {
	if len(names) == 0 {
		return "none here"
	}
	best, least := "", len(wrong)
	if len(wrong) > 64 {
		return "one of " + strings.Join(names, ", ")
	}
	for _, name := range names {
		if n := distance(strings.ToLower(wrong), strings.ToLower(name)); n < least {
			best, least = name, n
		}
	}
	if best != "" && least <= max(2, len(wrong)/3) {
		return strconv.Quote(best)
	}
	for _, name := range names { // a word of a name, as "arima" of "auto-arima"
		if slices.Contains(strings.Split(name, "-"), strings.ToLower(wrong)) {
			return strconv.Quote(name)
		}
	}
	return "one of " + strings.Join(names, ", ")
}

// distance is the number of insertions, deletions, substitutions and swaps of neighbours that turn a into b (Damerau
// 1964, optimal string alignment).
func distance(a, b string) int {
	two, one := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range one {
		one[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(one[j]+1, row[j-1]+1, one[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], two[j-2]+1)
			}
		}
		two, one = one, row
	}
	return one[len(b)]
}

// Describe lists the keys of a kind's options, a pointer to a struct with the schema's tags.
func Describe(options any) []Key { return describe("", reflect.ValueOf(options).Elem(), ShoppersAlone) }

// Fill sets a kind's options from the values given by key, and the rest to their defaults. Its error is a *field.Error with the key.
func Fill(options any, given map[string]any) error {
	d := &document{root: given}
	d.table("", given, reflect.ValueOf(options).Elem())
	return d.first()
}

// Text reads the value of a key of the given options as a command line has it: lists with commas, tables as a=b,c=d, or of lists as a:x,y;b:z.
// What it cannot read stays text, which Fill refuses.
func Text(options any, name, text string) any {
	for _, f := range fields(reflect.TypeOf(options).Elem(), ShoppersAlone) {
		if key(f) == name {
			return fromText(f.Type, text)
		}
	}
	return text
}

func fromText(t reflect.Type, text string) any {
	switch t.Kind() {
	case reflect.String:
		return text
	case reflect.Slice, reflect.Array:
		list := []any{}
		for part := range strings.SplitSeq(text, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, fromText(t.Elem(), part))
			}
		}
		return list
	case reflect.Map:
		return tableFromText(t.Elem(), text)
	}
	if v, err := parseValue(text); err == nil {
		return v
	}
	return text
}

func tableFromText(of reflect.Type, text string) any {
	between, sign := ",", "="
	if of.Kind() == reflect.Slice {
		between, sign = ";", ":"
	}
	table := map[string]any{}
	for part := range strings.SplitSeq(text, between) {
		k, v, ok := strings.Cut(part, sign)
		k = strings.TrimSpace(k)
		if _, twice := table[k]; !ok || k == "" || twice {
			return text
		}
		table[k] = fromText(of, strings.TrimSpace(v))
	}
	return table
}
