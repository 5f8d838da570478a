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
)

// Key describes one key of the scenario file.
type Key struct {
	Key      string `json:"key"` // dotted; [] after an array of tables, * for any name
	Type     string `json:"type"`
	Default  string `json:"default,omitempty"` // as a TOML value
	Required bool   `json:"required,omitempty"`
	Allowed  string `json:"allowed,omitempty"` // an interval or the words it may be
	Doc      string `json:"doc"`
}

// Schema lists every key that a scenario may have, in the order of the file. The parameters of agents are listed
// under agents[KIND], the keys of all shoppers' models under shoppers.*, and the options of each kind under shoppers.PART[KIND].
func Schema() []Key {
	keys := slices.DeleteFunc(describe("", reflect.ValueOf(Scenario{})), func(k Key) bool { return strings.HasPrefix(k.Key, "shoppers.") })
	keys = append(keys, shoppersSchema()...)
	for _, kind := range agents.Kinds() {
		keys = append(keys, describe("agents["+kind.Name+"]", reflect.ValueOf(kind.New()).Elem())...)
	}
	return keys
}

// describe lists the keys of a struct; the values it holds are the defaults where no tag gives one.
func describe(prefix string, v reflect.Value) []Key {
	var keys []Key
	for _, f := range fields(v.Type()) {
		name := key(f)
		if prefix != "" {
			name = prefix + "." + name
		}
		k := Key{Key: name, Type: typeName(f.Type), Default: strings.ReplaceAll(f.Tag.Get("default"), "'", `"`), Required: f.Tag.Get("required") != "",
			Allowed: allowed(f), Doc: f.Tag.Get("doc")}
		if held := v.FieldByIndex(f.Index); k.Default == "" && !held.IsZero() && held.Kind() != reflect.Struct {
			k.Default = inline(held)
		}
		keys = append(keys, k)
		inner := v.FieldByIndex(f.Index)
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
			keys = append(keys, describe(name, inner)...)
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
		return "list of " + typeName(t.Elem()) + "s"
	case reflect.Array:
		return fmt.Sprintf("list of %d %ss", t.Len(), typeName(t.Elem()))
	case reflect.Pointer:
		return typeName(t.Elem())
	}
	return "table"
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
	article := "a "
	if strings.ContainsRune("aeiou", rune(name[0])) {
		article = "an "
	}
	if r := f.Tag.Get("range"); r != "" {
		return article + name + " in " + strings.ReplaceAll(r, ",", ", ")
	}
	return article + name
}

// fields returns the struct fields that are keys, embedded structs taken apart.
func fields(t reflect.Type) []reflect.StructField {
	var all []reflect.StructField
	for _, f := range reflect.VisibleFields(t) {
		if k := key(f); k != "" && k != "-" {
			all = append(all, f)
		}
	}
	return all
}

func key(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
	return name
}

// shorthand finds the field that a bare value stands for.
func shorthand(t reflect.Type) (reflect.StructField, bool) {
	for _, f := range fields(t) {
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
func Describe(options any) []Key { return describe("", reflect.ValueOf(options).Elem()) }

// Fill sets a kind's options from the values given by key, and the rest to their defaults. Its error is a *field.Error with the key.
func Fill(options any, given map[string]any) error {
	d := &document{root: given}
	d.table("", given, reflect.ValueOf(options).Elem())
	return d.first()
}

// Text reads the value of a key of the given options as a command line has it: lists with commas, tables as a=b,c=d, or of lists as a:x,y;b:z.
// What it cannot read stays text, which Fill refuses.
func Text(options any, name, text string) any {
	for _, f := range fields(reflect.TypeOf(options).Elem()) {
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
