package scenarios

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/scenarios/field"
)

// The Go structs are the schema: a field's tags give its key (toml), what it is (doc), its default as a TOML value
// (default), an interval such as "(0,1]" that numbers must lie in (range), the words a string may be (oneof), whether it must be
// given (required), which key of a table a bare value stands for, or that one value may stand for a list of it (shorthand), and
// the worlds that have it, where not all do (world); default-market, oneof-market and range-market hold in the world market in place of those
// without. The decoder works on the parsed tree and not through
// toml's own struct decoding, which matches keys whatever their case, does not see every unknown key, wraps negative
// numbers and knows no lines.

// unmarshaler is what a value of several forms implements; it is the interface of BurntSushi/toml.
type unmarshaler interface{ UnmarshalTOML(any) error }

// document is a parsed TOML text and where its values stand.
type document struct {
	file  string
	world World
	root  map[string]any
	at    map[path]int
	set   map[path]int // line of the setting that gave it, 0 where an override did
	errs  []*field.Error
}

// largest is the size in bytes beyond which a scenario is refused unread.
const largest = 1 << 18

func parse(file, text string) (*document, error) {
	d := &document{file: file, root: map[string]any{}, set: map[path]int{}}
	if len(text) > largest {
		return nil, &field.Error{File: file, Found: fmt.Sprintf("%d bytes", len(text)), Expected: fmt.Sprintf("a scenario of at most %d", largest)}
	}
	at, ok := lines(text)
	if !ok {
		return nil, &field.Error{File: file, Found: "deep nesting", Expected: fmt.Sprintf("at most %d levels", deepest)}
	}
	d.at = at
	if _, err := toml.Decode(text, &d.root); err != nil {
		return nil, syntax(file, err)
	}
	return d, nil
}

func syntax(file string, err error) *field.Error {
	bad := &field.Error{File: file, Found: oneLine(err.Error()), Expected: "TOML"}
	if e, ok := errors.AsType[toml.ParseError](err); ok {
		bad.Line, bad.Key, bad.Found = e.Position.Line, e.LastKey, oneLine(e.Message)
	}
	return bad
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// bad notes an error at a path: its line is that of the nearest table or key that has one.
func (d *document) bad(p path, found, expected string) {
	e := &field.Error{File: d.file, Key: d.key(p), Found: found, Expected: expected}
	for keys := p.keys(); len(keys) > 0 && e.Line == 0; keys = keys[:len(keys)-1] {
		at := path(strings.Join(keys, "\x1f"))
		if line, given := d.set[at]; given {
			if e.Line = line; line == 0 {
				e.File = "--set"
			}
			break
		}
		e.Line = d.at[at]
	}
	d.errs = append(d.errs, e)
}

// first is the error that stands first in the file, or nil. That a key is missing comes last: it may only be misspelt.
func (d *document) first() error {
	if len(d.errs) == 0 {
		return nil
	}
	return slices.MinFunc(d.errs, func(a, b *field.Error) int {
		if a, b := a.Found == nothing, b.Found == nothing; a != b {
			return map[bool]int{true: 1, false: -1}[a]
		}
		return a.Line - b.Line
	})
}

const nothing = "nothing" // found where a key is missing

// key writes a path as --set takes it: dotted, elements of arrays by their name.
func (d *document) key(p path) string {
	if p == "" {
		return ""
	}
	var at any = d.root
	parts := p.keys()
	for i, k := range parts {
		switch v := at.(type) {
		case map[string]any:
			at = v[k]
			parts[i] = keyText(k)
		default:
			at = nil
			if n, err := strconv.Atoi(k); err == nil {
				at = element(v, n)
				if name := nameOf(at); name != "" {
					parts[i] = keyText(name)
				}
			}
		}
	}
	return strings.Join(parts, ".")
}

// elements returns an array's elements, of tables or not, and whether v is an array.
func elements(v any) ([]any, bool) {
	switch v := v.(type) {
	case []any:
		return v, true
	case []map[string]any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = v[i]
		}
		return all, true
	}
	return nil, false
}

func element(v any, i int) any {
	if all, ok := elements(v); ok && 0 <= i && i < len(all) {
		return all[i]
	}
	return nil
}

// nameOf is what an element of an array is called: by its name, or by its model where it has none.
func nameOf(v any) string {
	table, _ := v.(map[string]any)
	if name, ok := table["name"].(string); ok {
		return name
	}
	name, _ := table["model"].(string)
	return name
}

// table decodes a TOML table into a struct.
func (d *document) table(p path, v any, into reflect.Value) {
	table, ok := v.(map[string]any)
	if !ok {
		if f, found := shorthand(into.Type()); found {
			table = map[string]any{key(f): v}
		} else {
			d.bad(p, show(v), "a table")
			return
		}
	}
	known := d.entries(p, table, into)
	c, choosing := into.Addr().Interface().(chooser)
	if !choosing {
		d.unknown(p, table, known)
		return
	}
	c.choose(d, p, table)
	options := c.options()
	if options == nil {
		return
	}
	before := len(d.errs)
	maps.Copy(known, d.entries(p, table, reflect.ValueOf(options).Elem()))
	if d.unknown(p, table, known); len(d.errs) == before {
		c.fits(d, p)
	}
}

// entries decodes the keys of a table that a struct has, and returns these.
func (d *document) entries(p path, table map[string]any, into reflect.Value) map[string]bool {
	known := make(map[string]bool)
	for _, f := range fields(into.Type(), d.world) {
		known[key(f)] = true
		d.entry(p.then(key(f)), table, f, into.FieldByIndex(f.Index))
	}
	d.foreign(p, table, into.Type(), known)
	return known
}

// chooser is a table that names a kind; the keys that it has not itself are the options of the kind.
type chooser interface {
	// choose makes the options of the kind that is named, or notes what is wrong.
	choose(d *document, p path, table map[string]any)
	// options is a pointer to them, nil where there are none.
	options() any
	// fits notes what is wrong with options that are each right.
	fits(d *document, p path)
}

func (a *Agent) choose(d *document, p path, table map[string]any) {
	if a.Kind == "" {
		a.Kind = a.Name
	}
	var names []string
	for _, kind := range agents.Kinds() {
		names = append(names, kind.Name)
		if kind.Name == a.Kind {
			a.Params = kind.New()
			return
		}
	}
	if _, given := table["kind"]; given {
		d.bad(p.then("kind"), show(a.Kind), Suggest(a.Kind, names))
	} else if a.Name != "" {
		d.bad(p.then("name"), show(a.Name), "a kind beside it, or to be one itself: "+Suggest(a.Name, names))
	}
}

func (a *Agent) options() any {
	if a.Params == nil {
		return nil
	}
	return a.Params
}

func (a *Agent) fits(d *document, p path) { d.wrong(p, a.Params.Validate()) }

// wrong notes an error about the table at p; nil is none.
func (d *document) wrong(p path, err error) {
	if err == nil {
		return
	}
	e, ok := errors.AsType[*field.Error](err)
	if !ok {
		e = &field.Error{Expected: err.Error()}
	}
	if e.Key != "" {
		for k := range strings.SplitSeq(e.Key, ".") {
			p = p.then(k)
		}
	}
	d.bad(p, e.Found, e.Expected)
}

// entry decodes one key of a table: given, by default, or missing.
func (d *document) entry(p path, table map[string]any, f reflect.StructField, into reflect.Value) {
	v, given := table[key(f)]
	switch {
	case given:
	case f.Tag.Get("default") != "":
		v = literal(f.Tag.Get("default"))
	case f.Tag.Get("required") != "":
		d.bad(p, nothing, expectation(f))
		return
	case into.Kind() == reflect.Struct:
		if _, custom := into.Addr().Interface().(unmarshaler); custom {
			return
		}
		v = map[string]any{}
	default:
		return
	}
	d.value(p, v, into, f)
}

// unknown complains of keys that no field of the struct has.
func (d *document) unknown(p path, table map[string]any, known map[string]bool) {
	for _, k := range sortedKeys(table) {
		if !known[k] {
			d.bad(p.then(k), "an unknown key", Suggest(k, sortedKeys(known)))
		}
	}
}

// value decodes any value; f is the struct field whose tags bind it.
func (d *document) value(p path, v any, into reflect.Value, f reflect.StructField) {
	if u, custom := into.Addr().Interface().(unmarshaler); custom {
		if err := u.UnmarshalTOML(v); err != nil {
			e, ok := errors.AsType[*field.Error](err)
			if !ok {
				e = &field.Error{Found: show(v), Expected: err.Error()}
			}
			d.wrong(p, e)
		}
		return
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.value(p, v, into.Elem(), f)
	case reflect.Struct:
		d.table(p, v, into)
	case reflect.Map:
		d.dictionary(p, v, into, f)
	case reflect.Slice, reflect.Array:
		d.list(p, v, into, f)
	default:
		d.scalar(p, v, into, f)
	}
}

func (d *document) dictionary(p path, v any, into reflect.Value, f reflect.StructField) {
	table, ok := v.(map[string]any)
	if !ok {
		form := "a=b,c=d"
		if into.Type().Elem().Kind() == reflect.Slice {
			form = "a:x,y;b:z"
		}
		d.bad(p, show(v), "a table, on a command line of the form "+form)
		return
	}
	into.Set(reflect.MakeMap(into.Type()))
	for _, k := range sortedKeys(table) {
		item := reflect.New(into.Type().Elem()).Elem()
		d.value(p.then(k), table[k], item, f)
		into.SetMapIndex(reflect.ValueOf(k), item)
	}
}

func (d *document) list(p path, v any, into reflect.Value, f reflect.StructField) {
	all, ok := elements(v)
	if !ok && into.Kind() == reflect.Slice && f.Tag.Get("shorthand") != "" {
		into.Set(reflect.MakeSlice(into.Type(), 1, 1))
		d.value(p, v, into.Index(0), f)
		return
	}
	if !ok || into.Kind() == reflect.Array && len(all) != into.Len() {
		d.bad(p, show(v), expectation(f))
		return
	}
	if into.Kind() == reflect.Slice {
		into.Set(reflect.MakeSlice(into.Type(), len(all), len(all)))
	}
	for i, item := range all {
		d.value(p.then(strconv.Itoa(i)), item, into.Index(i), f)
	}
}

func (d *document) scalar(p path, v any, into reflect.Value, f reflect.StructField) {
	ok := false
	switch into.Kind() {
	case reflect.String:
		var s string
		if s, ok = v.(string); ok {
			into.SetString(s)
			words := f.Tag.Get("oneof")
			ok = words == "" || slices.Contains(strings.Split(words, ","), s)
		}
	case reflect.Bool:
		var b bool
		if b, ok = v.(bool); ok {
			into.SetBool(b)
		}
	case reflect.Int, reflect.Int64:
		var n int64
		if n, ok = v.(int64); ok {
			into.SetInt(n)
			ok = -1<<53 <= n && n <= 1<<53 && within(float64(n), f.Tag.Get("range"))
		}
	case reflect.Float64:
		var x float64
		if x, ok = number(v); ok {
			into.SetFloat(x)
			ok = within(x, f.Tag.Get("range"))
		}
	default:
		panic("scenarios: a schema field of kind " + into.Kind().String())
	}
	if !ok {
		d.bad(p, show(v), expectation(f))
	}
}

// number accepts a finite float, or an integer that a float64 holds exactly.
func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, !math.IsNaN(v) && !math.IsInf(v, 0)
	case int64:
		return float64(v), -1<<53 <= v && v <= 1<<53
	}
	return 0, false
}

// within tells whether x lies in an interval written as "(0,1]"; an empty one is the whole line.
func within(x float64, interval string) bool {
	if interval == "" {
		return true
	}
	low, high, _ := strings.Cut(interval[1:len(interval)-1], ",")
	a, b := bound(low), bound(high)
	return (x > a || x == a && interval[0] == '[') && (x < b || x == b && interval[len(interval)-1] == ']')
}

func bound(s string) float64 {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic("scenarios: a bound of a schema range: " + s)
	}
	return x
}

// literal parses the TOML value in a default tag.
func literal(s string) any {
	v, err := parseValue(s)
	if err != nil {
		panic("scenarios: a default in the schema: " + s)
	}
	return v
}

func parseValue(s string) (any, error) {
	if _, ok := lines("value = " + s); !ok {
		return nil, errors.New("nested too deeply")
	}
	var doc map[string]any
	if _, err := toml.Decode("value = "+s, &doc); err != nil {
		return nil, err
	}
	if len(doc) != 1 {
		return nil, errors.New("more than one value")
	}
	return doc["value"], nil
}
