package decisionlog

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
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

func (s *scanner) space() {
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
		key, err := s.bytes()
		if err != nil {
			return err
		}
		if !s.take(':') {
			return bad(s.rest(), "a colon and a value")
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

// bytes reads a string; it is borrowed from the line where nothing is escaped.
func (s *scanner) bytes() ([]byte, error) {
	if !s.take('"') {
		return nil, bad(s.rest(), "a string")
	}
	from := s.at
	plain, ascii := true, true
	for ; s.at < len(s.line); s.at++ {
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
			s.at++
		case c < 0x20:
			return nil, bad(s.rest(), "a string without control characters")
		case c >= utf8.RuneSelf:
			ascii = false
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

// literal is a number's text.
func (s *scanner) literal() []byte {
	s.space()
	from := s.at
	digits := func() (n int) {
		for s.at < len(s.line) && s.line[s.at] >= '0' && s.line[s.at] <= '9' {
			s.at++
			n++
		}
		return n
	}
	is := func(c byte) bool {
		ok := s.at < len(s.line) && s.line[s.at] == c
		if ok {
			s.at++
		}
		return ok
	}
	is('-')
	zero := s.at < len(s.line) && s.line[s.at] == '0'
	if n := digits(); n == 0 || zero && n > 1 {
		s.at = from
		return nil
	}
	if is('.') && digits() == 0 {
		s.at = from
		return nil
	}
	if is('e') || is('E') {
		_ = is('+') || is('-')
		if digits() == 0 {
			s.at = from
			return nil
		}
	}
	return s.line[from:s.at]
}

func (s *scanner) number(to *float64) error {
	from := s.literal()
	if from == nil {
		return bad(s.rest(), "a number")
	}
	x, err := strconv.ParseFloat(string(from), 64)
	if err != nil || math.IsInf(x, 0) {
		return bad(string(from), "a number that a double can hold")
	}
	*to = x
	return nil
}

func (s *scanner) integer() (int64, error) {
	from := s.literal()
	if from == nil {
		return 0, bad(s.rest(), "a whole number")
	}
	n, err := strconv.ParseInt(string(from), 10, 64)
	if err != nil || n > 1<<53 || n < -1<<53 {
		return 0, bad(string(from), "a whole number")
	}
	return n, nil
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
		if s.literal() != nil {
			return nil
		}
	}
	return bad(s.rest(), "a JSON value")
}
