package decisionlog

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// A number is read to the last bit as strconv reads it, and refused where JSON has none.
func TestNumbersAreReadAsJSONHasThem(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 9))
	texts := []string{"0", "-0", "0.0", "-", "", "00", "01", "1.", ".5", "1e", "1e+", "1E-3", "1e400", "-1e400", "1e-400", "4.9e-324", "5e22", "5e23", "1e22", "1e-22", "1e00000000000000000000001", "0e99999999999999999999",
		"9007199254740991", "9007199254740992", "9007199254740993", "9007199254740993e3", "18446744073709551615", "18446744073709551616", "99999999999999999999", "0.1", "0.30000000000000004", "1.7976931348623157e308", "1e5x", "+1", "1.5.2"}
	for range 20_000 {
		x := math.Float64frombits(draw.Uint64())
		texts = append(texts, strconv.FormatFloat(x, "eg"[draw.IntN(2)], -1+draw.IntN(18), 64), fmt.Sprintf("%d.%0*d", draw.Int64N(1e6), 1+draw.IntN(12), draw.IntN(10)),
			strconv.FormatInt(draw.Int64()>>draw.IntN(64), 10), fmt.Sprintf("%de%d", draw.Int64N(1e15), draw.IntN(60)-30))
	}
	for _, text := range texts {
		var x float64
		s := scanner{line: []byte(text)}
		err := s.number(&x)
		rest := err == nil && s.at < len(text)
		want, bad := strconv.ParseFloat(text, 64)
		if good := bad == nil && json.Valid([]byte(text)) && !math.IsInf(want, 0); good != (err == nil && !rest) || good && math.Float64bits(x) != math.Float64bits(want) {
			t.Errorf("%q: %v (%v), not %v (%v)", text, x, err, want, bad)
		}
		s = scanner{line: []byte(text)}
		n, err := s.integer()
		whole, bad := strconv.ParseInt(text, 10, 64)
		if good := bad == nil && json.Valid([]byte(text)) && whole <= 1<<53 && whole >= -1<<53; good != (err == nil && s.at == len(text)) || good && n != whole {
			t.Errorf("%q: %d (%v), not %d", text, n, err, whole)
		}
	}
}

// A string is read as encoding/json reads it, wherever in it something is escaped, no letter of ASCII, or none at all.
func TestStringsAreReadAsJSONHasThem(t *testing.T) {
	for _, odd := range []string{"", `"`, `\"`, `\\`, `\`, `\u00e9`, `\u12`, `\x`, "é", "\xff", "\x00", "\x1f", "\x20", "\x7f", "\x80", "\n", "世界", `\ud83d\ude00`, `"x`} {
		for before := range 18 {
			for after := range 10 {
				text := []byte(`"` + "abcdefghijklmnopqrstuvwxyz"[:before] + odd + "ABCDEFGHIJ"[:after] + `"`)
				s := scanner{line: text}
				got, err := s.bytes()
				var want string
				bad := json.Unmarshal(text, &want)
				good := bad == nil && !bytes.Contains(text, []byte("\xff")) && !bytes.Contains(text, []byte("\x80")) // where encoding/json is kinder
				if good != (err == nil && s.at == len(text)) || good && string(got) != want {
					t.Fatalf("%q: %q to %d (%v), not %q (%v)", text, got, s.at, err, want, bad)
				}
			}
		}
	}
}

// Sorting unit by unit leaves what one stable sort of all would.
func TestUnitsAreSortedAsOneSortWould(t *testing.T) {
	draw := rand.New(rand.NewPCG(2, 9))
	l := &Log{Units: make([]string, 50)}
	for i := range 5000 {
		l.Decisions = append(l.Decisions, Decision{Unit: int32(draw.IntN(50)), Time: float64(draw.IntN(10)), Line: int32(i)})
	}
	order := func(a, b Decision) int { return cmp.Or(cmp.Compare(a.Unit, b.Unit), cmp.Compare(a.Time, b.Time)) }
	want := slices.Clone(l.Decisions)
	slices.SortStableFunc(want, order)
	if l.byUnit(order); !slices.Equal(l.Decisions, want) {
		t.Error("sorted otherwise")
	}
}

// Names are numbered as they first come, as by a map.
func TestNamesAreNumberedAsTheyFirstCome(t *testing.T) {
	draw := rand.New(rand.NewPCG(3, 9))
	all, want := newNames(), map[string]int32{}
	for range 4000 {
		name := strconv.AppendInt(nil, draw.Int64N(3000), 36)
		if _, ok := want[string(name)]; !ok {
			want[string(name)] = int32(len(want))
		}
		if got := all.put(name); got != want[string(name)] {
			t.Fatalf("%s: %d, not %d", name, got, want[string(name)])
		}
	}
	list := all.strings()
	for k := range int64(4000) {
		name := strconv.FormatInt(k, 36)
		number, ok := want[name]
		if got := all.number([]byte(name)); ok && (got != number || list[got] != name) || !ok && got != -1 {
			t.Errorf("%s: %d, not %d", name, got, number)
		}
	}
}
