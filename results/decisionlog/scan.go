package decisionlog

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"unicode/utf8"

	"github.com/souk-sim/souk/scenarios/field"
)

// scanner reads one JSON object from a line, key by key and without allocating: encoding/json takes ten times as long, and a log has millions of
// lines. What it passes over is checked as well.
type scanner struct {
	line []byte
	at   int
	key  []byte // that is being read
}

func (s *scanner) reset(line []byte) { *s = scanner{line: line} }

// bad is a value that is not as expected; the key is filled in later.
func bad(found any, expected string) error { return field.New("", found, expected) }

// under is an error whose key is known.
type under struct {
	key string
	error
}

func (u under) Unwrap() error { return u.error }

// fault makes an error one of the key that is being read.
func (s *scanner) fault(err error) *field.Error {
	key := string(s.key)
	if u, ok := errors.AsType[under](err); ok {
		key = u.key
	}
	e, ok := errors.AsType[*field.Error](err)
	if !ok {
		return field.New(key, err.Error(), "")
	}
	e.Key = key
	return e
}

// rest is what stands at the place, for messages.
func (s *scanner) rest() string {
	if s.at >= len(s.line) {
		return "the end of the line"
	}
	return strconv.Quote(string(s.line[s.at:min(s.at+20, len(s.line))]))
}

// space passes over white space, of which there is hardly any.
func (s *scanner) space() {
	if s.at < len(s.line) && s.line[s.at] <= ' ' {
		s.spaces()
	}
}

func (s *scanner) spaces() {
	for s.at < len(s.line) && (s.line[s.at] == ' ' || s.line[s.at] == '\t' || s.line[s.at] == '\r' || s.line[s.at] == '\n') {
		s.at++
	}
}

// take passes a byte, after white space.
func (s *scanner) take(c byte) bool {
	s.space()
	if s.at < len(s.line) && s.line[s.at] == c {
		s.at++
		return true
	}
	return false
}

func (s *scanner) word(w string) bool {
	s.space()
	if len(s.line)-s.at >= len(w) && string(s.line[s.at:s.at+len(w)]) == w {
		s.at += len(w)
		return true
	}
	return false
}

func (s *scanner) null() bool { return s.word("null") }

func (s *scanner) boolean(x *bool) error {
	*x = s.word("true")
	if !*x && !s.word("false") {
		return bad(s.rest(), "true or false")
	}
	return nil
}

// object reads an object; value reads what stands at a key. Of the outermost, nothing may follow.
func (s *scanner) object(value func(key []byte) error) error {
	outer := s.at == 0
	if !s.take('{') {
		return bad(s.rest(), "a JSON object")
	}
	for first := true; !s.take('}'); first = false {
		if !first && !s.take(',') {
			return bad(s.rest(), "a comma or the object's end")
		}
		key, err := s.name()
		if err != nil {
			return err
		}
		if outer {
			s.key = key
		}
		if err := value(key); err != nil {
			return err
		}
	}
	if s.space(); outer && s.at < len(s.line) {
		s.key = nil
		return bad(s.rest(), "the end of the line")
	}
	return nil
}

// name reads a key and its colon, most often without anything to look at twice.
func (s *scanner) name() ([]byte, error) {
	if from := s.at + 1; from < len(s.line) && s.line[s.at] == '"' {
		s.at = from
		if s.run(); len(s.line)-s.at > 1 && s.line[s.at] == '"' && s.line[s.at+1] == ':' {
			s.at += 2
			return s.line[from : s.at-2], nil
		}
		s.at = from - 1
	}
	key, err := s.bytes()
	if err == nil && !s.take(':') {
		err = bad(s.rest(), "a colon and a value")
	}
	return key, err
}

func (s *scanner) array(value func() error) error {
	if !s.take('[') {
		return bad(s.rest(), "a list")
	}
	for first := true; !s.take(']'); first = false {
		if !first && !s.take(',') {
			return bad(s.rest(), "a comma or the list's end")
		}
		if err := value(); err != nil {
			return err
		}
	}
	return nil
}

// Bytes of a word of eight, each the same.
const (
	ones     = 0x0101010101010101
	tops     = ones * 0x80
	quotes   = ones * '"'
	slashes  = ones * '\\'
	controls = ones * 0x20
)

// run passes over letters that stand for themselves: of ASCII, and neither a quote, a backslash nor a control character. It looks at eight at a time: the
// lowest byte that is marked is the first of another kind (Warren, Hacker's Delight, 6-1: finding a zero byte).
func (s *scanner) run() {
	for len(s.line)-s.at >= 8 {
		v := binary.LittleEndian.Uint64(s.line[s.at:])
		quote, slash := v^quotes, v^slashes
		if marks := ((quote-ones)&^quote | (slash-ones)&^slash | (v-controls)&^v | v) & tops; marks != 0 {
			s.at += bits.TrailingZeros64(marks) / 8
			return
		}
		s.at += 8
	}
	for s.at < len(s.line) && s.line[s.at] >= 0x20 && s.line[s.at] < utf8.RuneSelf && s.line[s.at] != '"' && s.line[s.at] != '\\' {
		s.at++
	}
}

// bytes reads a string; it is borrowed from the line where nothing is escaped.
func (s *scanner) bytes() ([]byte, error) {
	if !s.take('"') {
		return nil, bad(s.rest(), "a string")
	}
	from := s.at
	plain, ascii := true, true
	for s.run(); s.at < len(s.line); s.run() {
		switch c := s.line[s.at]; {
		case c == '"':
			s.at++
			inside := s.line[from : s.at-1]
			if !ascii && !utf8.Valid(inside) {
				return nil, bad(strconv.Quote(string(inside)), "UTF-8")
			}
			if plain {
				return inside, nil
			}
			var text string
			if err := json.Unmarshal(s.line[from-1:s.at], &text); err != nil {
				return nil, bad(strconv.Quote(string(inside)), "a JSON string")
			}
			return []byte(text), nil
		case c == '\\':
			plain = false
			s.at += 2
		case c < 0x20:
			return nil, bad(s.rest(), "a string without control characters")
		default:
			ascii = false
			s.at++
		}
	}
	return nil, bad("a string that does not end", "one that does")
}

func (s *scanner) text(to *string) error {
	b, err := s.bytes()
	if string(b) != *to {
		*to = string(b)
	}
	return err
}

// decimal is a number as it is written: the digits as a whole number, good up to 19 of them, times ten to the exponent.
type decimal struct {
	text     []byte // nil: it is no number
	mantissa uint64
	exponent int
	digits   int
	negative bool
	whole    bool // neither a point nor an exponent
}

// literal reads a number.
func (s *scanner) literal() (d decimal) {
	s.space()
	line, at := s.line, s.at
	digits := func() int {
		from := at
		for ; at < len(line) && line[at]-'0' <= 9; at++ {
			d.mantissa = d.mantissa*10 + uint64(line[at]-'0')
		}
		return at - from
	}
	if at < len(line) && line[at] == '-' {
		d.negative = true
		at++
	}
	first := at
	if d.digits = digits(); d.digits == 0 || d.digits > 1 && line[first] == '0' {
		return decimal{}
	}
	d.whole = true
	if at < len(line) && line[at] == '.' {
		at++
		n := digits()
		if n == 0 {
			return decimal{}
		}
		d.digits, d.exponent, d.whole = d.digits+n, -n, false
	}
	if at < len(line) && line[at]|0x20 == 'e' {
		at++
		mantissa, negative := d.mantissa, at < len(line) && line[at] == '-'
		if negative || at < len(line) && line[at] == '+' {
			at++
		}
		d.mantissa, d.whole = 0, false
		n := digits()
		if n == 0 {
			return decimal{}
		}
		power := int(d.mantissa)
		if d.mantissa = mantissa; n > 4 {
			power = 1e4 // far off
		}
		if negative {
			power = -power
		}
		d.exponent += power
	}
	d.text = line[s.at:at]
	s.at = at
	return d
}

// tens are the powers of ten that a double holds.
var tens = [...]float64{1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22}

// number reads a number. Where a double holds the digits and the power of ten, one operation rounds as it should (Clinger, "How to Read Floating Point Numbers
// Accurately", PLDI 1990).
func (s *scanner) number(to *float64) error {
	d := s.literal()
	if d.text == nil {
		return bad(s.rest(), "a number")
	}
	if d.digits <= 19 && d.mantissa < 1<<53 && d.exponent > -len(tens) && d.exponent < len(tens) {
		x := float64(d.mantissa)
		if d.exponent < 0 {
			x /= tens[-d.exponent]
		} else {
			x *= tens[d.exponent]
		}
		if d.negative {
			x = -x
		}
		*to = x
		return nil
	}
	x, err := strconv.ParseFloat(string(d.text), 64)
	if err != nil || math.IsInf(x, 0) {
		return bad(string(d.text), "a number that a double can hold")
	}
	*to = x
	return nil
}

func (s *scanner) integer() (int64, error) {
	d := s.literal()
	if d.text == nil {
		return 0, bad(s.rest(), "a whole number")
	}
	if !d.whole || d.digits > 19 || d.mantissa > 1<<53 {
		return 0, bad(string(d.text), "a whole number")
	}
	if d.negative {
		return -int64(d.mantissa), nil
	}
	return int64(d.mantissa), nil
}

// deepest is how deep what is passed over may be nested.
const deepest = 64

// skip passes over a value.
func (s *scanner) skip(depth int) error {
	if depth > deepest {
		return bad(fmt.Sprintf("more than %d values in one another", deepest), "fewer")
	}
	s.space()
	if s.at >= len(s.line) {
		return bad(s.rest(), "a value")
	}
	switch s.line[s.at] {
	case '{':
		return s.object(func([]byte) error { return s.skip(depth + 1) })
	case '[':
		return s.array(func() error { return s.skip(depth + 1) })
	case '"':
		_, err := s.bytes()
		return err
	case 't', 'f':
		var x bool
		return s.boolean(&x)
	case 'n':
		if s.null() {
			return nil
		}
	default:
		if s.literal().text != nil {
			return nil
		}
	}
	return bad(s.rest(), "a JSON value")
}
