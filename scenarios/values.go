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

// Memory is a list of candidates for the carry-over of the reference price; one fixes it.
type Memory []float64

// validateMemory is what "validate" stands for.
func validateMemory() Memory { return Memory{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95} }

// UnmarshalTOML reads "validate", a number or a list.
func (m *Memory) UnmarshalTOML(v any) error {
	if v == "validate" {
		*m = validateMemory()
		return nil
	}
	list, ok := elements(v)
	if !ok {
		list = []any{v}
	}
	wrong := errors.New(`"validate", a number in [0, 1) or an increasing list of such numbers`)
	if len(list) == 0 || len(list) > 100 {
		return wrong
	}
	*m = make(Memory, len(list))
	for i := range list {
		x, ok := number(list[i])
		if !ok || x < 0 || x >= 1 || i > 0 && x <= (*m)[i-1] {
			return wrong
		}
		(*m)[i] = x
	}
	return nil
}

// MarshalTOML writes the list.
func (m Memory) MarshalTOML() ([]byte, error) { return Offers(m).MarshalTOML() }

// Outliers are periods to take out, or Found: those that the data checks find.
type Outliers struct {
	Found   bool
	Periods []int
}

// UnmarshalTOML reads "found" or an increasing list of periods.
func (o *Outliers) UnmarshalTOML(v any) error {
	if v == "found" {
		*o = Outliers{Found: true}
		return nil
	}
	list, ok := elements(v)
	*o = Outliers{Periods: make([]int, len(list))}
	for i := range list {
		n, isInt := list[i].(int64)
		ok = ok && isInt && n >= 0 && n <= 1e6 && (i == 0 || int(n) > o.Periods[i-1])
		o.Periods[i] = int(n)
	}
	if !ok {
		return errors.New(`"found" or an increasing list of periods`)
	}
	return nil
}

// MarshalTOML writes the canonical form.
func (o Outliers) MarshalTOML() ([]byte, error) {
	if o.Found {
		return []byte(`"found"`), nil
	}
	return []byte(strings.Join(strings.Fields(fmt.Sprint(o.Periods)), ", ")), nil
}

// Span is a number of weeks, days or hours.
type Span struct {
	N    int
	Unit string // "week", "day" or "hour"
}

// Days is how long it is.
func (s Span) Days() float64 { return float64(s.N) * unitDays(s.Unit) }

// unitDays are the days of a unit of time.
func unitDays(unit string) float64 {
	switch unit {
	case "hour":
		return 1.0 / 24
	case "week":
		return 7
	}
	return 1
}

// UnmarshalTOML reads "1 week", "3 days" or "6 hours".
func (s *Span) UnmarshalTOML(v any) error {
	wrong := errors.New(`a time such as "1 week", "3 days" or "6 hours"`)
	text, ok := v.(string)
	if !ok {
		return wrong
	}
	count, unit, _ := strings.Cut(text, " ")
	n, err := strconv.Atoi(count)
	unit = strings.TrimSuffix(unit, "s")
	if err != nil || n < 1 || n > 10000 || unit != "week" && unit != "day" && unit != "hour" {
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

// UnmarshalTOML reads a list of prices, or { from, to, rungs }: equally spaced, each rounded to the cent, as prices on a shelf are. A list
// may go down to 1/100 of a cent, the market's unit of account.
func (o *Offers) UnmarshalTOML(v any) error {
	if list, ok := elements(v); ok {
		return o.list(list)
	}
	table, ok := v.(map[string]any)
	if !ok {
		return errors.New("a list of prices or { from, to, rungs }")
	}
	if err := unknownKey(table, []string{"from", "to", "rungs"}); err != nil {
		return err
	}
	return o.spaced(table)
}

// spaced reads { from, to, rungs }.
func (o *Offers) spaced(table map[string]any) error {
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
		(*o)[i] = math.Round((from+float64((to-from)*float64(i))/float64(rungs-1))*100) / 100
		if (*o)[i] <= 0 {
			return &field.Error{Key: "from", Found: show(table["from"]), Expected: "a price of at least a cent"}
		}
		if i > 0 && (*o)[i] <= (*o)[i-1] {
			return &field.Error{Key: "rungs", Found: show(rungs), Expected: "rungs at least a cent apart"}
		}
	}
	return nil
}

func (o *Offers) list(list []any) error {
	if len(list) < 2 {
		return errors.New("at least 2 prices, among which to choose")
	}
	*o = make(Offers, len(list))
	for i, item := range list {
		x, ok := number(item)
		if !ok || x <= 0 || x > 1e6 || i > 0 && x <= (*o)[i-1] {
			return &field.Error{Key: strconv.Itoa(i), Found: show(item), Expected: "positive prices, each above the one before it"}
		}
		if math.Abs(math.Round(x*1e4)-x*1e4) > 1e-6 {
			return &field.Error{Key: strconv.Itoa(i), Found: show(item), Expected: "a multiple of 1/100 of a cent"}
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
