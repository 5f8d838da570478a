package scenarios

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"strings"

	"github.com/souk-sim/souk/results/rundir"
)

// marshaler is what a value of several forms implements to be written; it is the interface of BurntSushi/toml.
type marshaler interface{ MarshalTOML() ([]byte, error) }

// Canonical is the resolved scenario as TOML: every default written out, keys in the order of the schema, the same bytes for the same
// meaning. Reading it gives the same scenario again.
func (s *Scenario) Canonical() []byte {
	var b strings.Builder
	v, w := reflect.ValueOf(s).Elem(), s.World()
	var tables []reflect.StructField
	for _, f := range fields(v.Type(), w) {
		if f.Type.Kind() == reflect.Struct || f.Type.Kind() == reflect.Slice {
			tables = append(tables, f)
			continue
		}
		line(&b, f, v.FieldByIndex(f.Index), w)
	}
	for _, f := range tables {
		field := v.FieldByIndex(f.Index)
		if f.Type == reflect.TypeFor[Shoppers]() {
			s.Shoppers.canonical(&b)
			continue
		}
		if f.Type.Kind() == reflect.Struct {
			b.WriteString("\n[" + key(f) + "]\n")
			body(&b, field, w)
			continue
		}
		for i := range field.Len() {
			b.WriteString("\n[[" + key(f) + "]]\n")
			body(&b, field.Index(i), w)
		}
	}
	return []byte(b.String())
}

// RunID identifies a run of the scenario.
func (s *Scenario) RunID() string { return rundir.ID(s.Canonical()) }

// Hash is the SHA-256 of the canonical form, in hexadecimal.
func (s *Scenario) Hash() string {
	sum := sha256.Sum256(s.Canonical())
	return hex.EncodeToString(sum[:])
}

func body(b *strings.Builder, v reflect.Value, w World) {
	for _, f := range fields(v.Type(), w) {
		line(b, f, v.FieldByIndex(f.Index), w)
	}
	if c, choosing := addressed(v).(chooser); choosing && c.options() != nil {
		body(b, reflect.ValueOf(c.options()).Elem(), w)
	}
}

func line(b *strings.Builder, f reflect.StructField, v reflect.Value, w World) {
	if !absent(f, v) {
		b.WriteString(key(f) + " = " + inline(v, w) + "\n")
	}
}

// absent is what leaving the key out reads as.
func absent(f reflect.StructField, v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0 && f.Tag.Get("default") == ""
	}
	return v.IsZero() && (strings.HasSuffix(f.Tag.Get("toml"), ",omitzero") || f.Tag.Get("default") == "" && !within(0, f.Tag.Get("range")))
}

// inline writes a value on one line.
func inline(v reflect.Value, w World) string {
	if m, ok := v.Interface().(marshaler); ok {
		text, err := m.MarshalTOML()
		if err != nil {
			panic("scenarios: " + err.Error()) // ours never fail
		}
		return string(text)
	}
	var parts []string
	switch v.Kind() {
	case reflect.String:
		return quote(v.String())
	case reflect.Float64:
		return number64(v.Float())
	case reflect.Pointer:
		return inline(v.Elem(), w)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			parts = append(parts, inline(v.Index(i), w))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		for _, k := range sortedKeys(asMap(v)) {
			parts = append(parts, keyText(k)+" = "+inline(v.MapIndex(reflect.ValueOf(k)), w))
		}
	case reflect.Struct:
		return inlineTable(v, w)
	default:
		return fmt.Sprint(v.Interface())
	}
	if len(parts) == 0 {
		return "{}"
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// inlineTable writes a table on one line; one of its shorthand alone as the bare value.
func inlineTable(v reflect.Value, w World) string {
	var parts []string
	bare := ""
	add := func(v reflect.Value) {
		for _, f := range fields(v.Type(), w) {
			if x := v.FieldByIndex(f.Index); !absent(f, x) {
				text := inline(x, w)
				parts = append(parts, key(f)+" = "+text)
				if f.Tag.Get("shorthand") != "" && x.Kind() != reflect.Slice {
					bare = text
				}
			}
		}
	}
	add(v)
	if c, choosing := addressed(v).(chooser); choosing && c.options() != nil {
		add(reflect.ValueOf(c.options()).Elem())
	}
	switch {
	case len(parts) == 0:
		return "{}"
	case len(parts) == 1 && bare != "":
		return bare
	}
	return "{ " + strings.Join(parts, ", ") + " }"
}

// addressed is a pointer to a value, or the value where it is of a map.
func addressed(v reflect.Value) any {
	if v.CanAddr() {
		return v.Addr().Interface()
	}
	return v.Interface()
}

func asMap(v reflect.Value) map[string]bool {
	keys := make(map[string]bool, v.Len())
	for _, k := range v.MapKeys() {
		keys[k.String()] = true
	}
	return keys
}

// keyText writes a key: bare where TOML allows it.
func keyText(k string) string {
	for i := range len(k) {
		if !bare(k[i]) {
			return quote(k)
		}
	}
	if k == "" {
		return `""`
	}
	return k
}

// quote writes a basic string; TOML knows fewer escapes than Go.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteRune('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
