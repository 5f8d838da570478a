package scenarios

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// Values that a TOML file may write in more than one way. Each reads them all and writes the one canonical form.

// Order is an ARIMA order, or Auto.
type Order struct {
	Auto    bool
	P, D, Q int
}

// UnmarshalTOML reads "auto" or [p, d, q].
func (o *Order) UnmarshalTOML(v any) error {
	if v == "auto" {
		*o = Order{Auto: true}
		return nil
	}
	wrong := errors.New(`"auto" or [p, d, q] with p and q from 0 to 12 and d from 0 to 2`)
	all, _ := elements(v)
	if len(all) != 3 {
		return wrong
	}
	var n [3]int
	for i := range all {
		x, ok := all[i].(int64)
		if !ok || x < 0 || x > 12 || i == 1 && x > 2 {
			return wrong
		}
		n[i] = int(x)
	}
	*o = Order{P: n[0], D: n[1], Q: n[2]}
	return nil
}

// MarshalTOML writes the canonical form.
func (o Order) MarshalTOML() ([]byte, error) {
	if o.Auto {
		return []byte(`"auto"`), nil
	}
	return fmt.Appendf(nil, "[%d, %d, %d]", o.P, o.D, o.Q), nil
}

// Memory is the carry-over of the reference price, or Validate: chosen on the validation weeks.
type Memory struct {
	Validate bool
	Value    float64
}

// UnmarshalTOML reads "validate" or a number.
func (m *Memory) UnmarshalTOML(v any) error {
	if v == "validate" {
		*m = Memory{Validate: true}
		return nil
	}
	x, ok := number(v)
	if !ok || x < 0 || x >= 1 {
		return errors.New(`"validate" or a number in [0, 1)`)
	}
	*m = Memory{Value: x}
	return nil
}

// MarshalTOML writes the canonical form.
func (m Memory) MarshalTOML() ([]byte, error) {
	if m.Validate {
		return []byte(`"validate"`), nil
	}
	return []byte(number64(m.Value)), nil
}

// Span is a number of weeks or days.
type Span struct {
	N    int
	Unit string // "week" or "day"
}

// UnmarshalTOML reads "1 week" or "3 days".
func (s *Span) UnmarshalTOML(v any) error {
	wrong := errors.New(`a time such as "1 week" or "3 days"`)
	text, ok := v.(string)
	if !ok {
		return wrong
	}
	count, unit, _ := strings.Cut(text, " ")
	n, err := strconv.Atoi(count)
	unit = strings.TrimSuffix(unit, "s")
	if err != nil || n < 1 || n > 10000 || unit != "week" && unit != "day" {
		return wrong
	}
	*s = Span{N: n, Unit: unit}
	return nil
}

// MarshalTOML writes the canonical form.
func (s Span) MarshalTOML() ([]byte, error) {
	if s.N == 1 {
		return fmt.Appendf(nil, `"1 %s"`, s.Unit), nil
	}
	return fmt.Appendf(nil, `"%d %ss"`, s.N, s.Unit), nil
}

// Offers is a ladder of prices, in $, from low to high.
type Offers []float64

// UnmarshalTOML reads a list of prices, or { from, to, rungs }: equally spaced, each rounded to 1/100 of a cent.
func (o *Offers) UnmarshalTOML(v any) error {
	if list, ok := elements(v); ok {
		return o.list(list)
	}
	table, ok := v.(map[string]any)
	if !ok {
		return errors.New("a list of prices or { from, to, rungs }")
	}
	for _, k := range sortedKeys(table) {
		if k != "from" && k != "to" && k != "rungs" {
			return &field.Error{Key: k, Found: "an unknown key", Expected: Suggest(k, []string{"from", "to", "rungs"})}
		}
	}
	from, ok := number(table["from"])
	if !ok || from <= 0 {
		return &field.Error{Key: "from", Found: show(table["from"]), Expected: "a positive price"}
	}
	to, ok := number(table["to"])
	if !ok || to <= from || to > 1e6 {
		return &field.Error{Key: "to", Found: show(table["to"]), Expected: "a price above " + number64(from)}
	}
	rungs, ok := table["rungs"].(int64)
	if !ok || rungs < 2 || rungs > 1000 {
		return &field.Error{Key: "rungs", Found: show(table["rungs"]), Expected: "an integer in [2, 1000]"}
	}
	*o = make(Offers, rungs)
	for i := range *o {
		(*o)[i] = math.Round((from+float64((to-from)*float64(i))/float64(rungs-1))*1e4) / 1e4
	}
	if (*o)[1] <= (*o)[0] {
		return &field.Error{Key: "rungs", Found: show(rungs), Expected: "rungs at least 0.0001 apart"}
	}
	return nil
}

func (o *Offers) list(list []any) error {
	if len(list) == 0 {
		return errors.New("at least one price")
	}
	*o = make(Offers, len(list))
	for i, item := range list {
		x, ok := number(item)
		if !ok || x <= 0 || x > 1e6 || i > 0 && x <= (*o)[i-1] {
			return &field.Error{Key: strconv.Itoa(i), Found: show(item), Expected: "positive prices, each above the one before it"}
		}
		(*o)[i] = x
	}
	return nil
}

// MarshalTOML writes the list.
func (o Offers) MarshalTOML() ([]byte, error) {
	parts := make([]string, len(o))
	for i, x := range o {
		parts[i] = number64(x)
	}
	return []byte("[" + strings.Join(parts, ", ") + "]"), nil
}

// number64 writes a float as TOML has it: shortest digits that read back the same, and never like an integer.
func number64(x float64) string {
	s := strconv.FormatFloat(x, 'g', -1, 64)
	if !strings.ContainsAny(s, ".eIN") {
		s += ".0"
	}
	return s
}
