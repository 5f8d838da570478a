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
	v := reflect.ValueOf(*s)
	var tables []reflect.StructField
	for _, f := range fields(v.Type()) {
		if f.Type.Kind() == reflect.Struct || f.Type.Kind() == reflect.Slice {
			tables = append(tables, f)
			continue
		}
		line(&b, f, v.FieldByIndex(f.Index))
	}
	for _, f := range tables {
		field := v.FieldByIndex(f.Index)
		if f.Tag.Get("market") != "" && s.NoMarket() {
			continue
		}
		if f.Type == reflect.TypeFor[Shoppers]() {
			s.Shoppers.canonical(&b)
			continue
		}
		if f.Type.Kind() == reflect.Struct {
			b.WriteString("\n[" + key(f) + "]\n")
			body(&b, field)
			continue
		}
		for i := range field.Len() {
			b.WriteString("\n[[" + key(f) + "]]\n")
			body(&b, field.Index(i))
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

func body(b *strings.Builder, v reflect.Value) {
	for _, f := range fields(v.Type()) {
		line(b, f, v.FieldByIndex(f.Index))
	}
	switch v := v.Interface().(type) {
	case Agent:
		if v.Params != nil {
			body(b, reflect.ValueOf(v.Params).Elem())
		}
	case Model:
		body(b, reflect.ValueOf(v.Estimator).Elem())
	}
}

func line(b *strings.Builder, f reflect.StructField, v reflect.Value) {
	if !absent(f, v) {
		b.WriteString(key(f) + " = " + inline(v) + "\n")
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
func inline(v reflect.Value) string {
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
		return inline(v.Elem())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			parts = append(parts, inline(v.Index(i)))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		for _, k := range sortedKeys(asMap(v)) {
			parts = append(parts, keyText(k)+" = "+inline(v.MapIndex(reflect.ValueOf(k))))
		}
	case reflect.Struct:
		for _, f := range fields(v.Type()) {
			if x := v.FieldByIndex(f.Index); !absent(f, x) {
				parts = append(parts, key(f)+" = "+inline(x))
			}
		}
	default:
		return fmt.Sprint(v.Interface())
	}
	if len(parts) == 0 {
		return "{}"
	}
	return "{ " + strings.Join(parts, ", ") + " }"
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
