package serve

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/souk-sim/souk/scenarios/field"
)

// reader reads the JSON of a request, strictly: names as they are written, each once and no others, numbers that a double holds, UTF-8, and nothing
// after the document, so that nothing that was meant otherwise becomes a price. encoding/json takes a name in any case, the last value of a
// name that comes twice and what is no UTF-8, and it takes five times as long. Strings are borrowed from the text where nothing is escaped. Errors are
// *field.Error, with the key.
type reader struct {
	text []byte
	at   int
}

// Most of what a request may say, so that a small request cannot ask for much memory or time.
const (
	longestName = 200     // bytes of an id, a customer or a product
	mostNames   = 1 << 10 // of an observation's features or an outcome's products
)

func bad(found, expected string) *field.Error { return field.New("", found, expected) }

// under says at which key an error came up.
func under(key string, err *field.Error) *field.Error {
	switch {
	case err == nil:
	case err.Key == "" || err.Key[0] == '[':
		err.Key = key + err.Key
	default:
		err.Key = key + "." + err.Key
	}
	return err
}

// short is a text for messages.
func short(text []byte) string { return string(text[:min(len(text), 60)]) }

// token is what stands at the place, and no more than that, for messages.
func (r *reader) token() string {
	if r.at >= len(r.text) {
		return "the end"
	}
	text := r.text[r.at:]
	switch text[0] {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		in := *r
		inside, err := in.string()
		if err != nil {
			return err.Found
		}
		return strconv.Quote(short(inside))
	}
	n := 0
	for n < min(len(text), 40) && (text[n] >= '0' && text[n] <= '9' || text[n] >= 'a' && text[n] <= 'z' || text[n] >= 'A' && text[n] <= 'Z' || text[n] == '.' || text[n] == '+' || text[n] == '-') {
		n++
	}
	if n > 0 {
		return string(text[:n])
	}
	_, n = utf8.DecodeRune(text)
	return strconv.Quote(string(text[:n]))
}

func (r *reader) space() {
	for r.at < len(r.text) && (r.text[r.at] == ' ' || r.text[r.at] == '\t' || r.text[r.at] == '\r' || r.text[r.at] == '\n') {
		r.at++
	}
}

// take passes a byte, after white space.
func (r *reader) take(c byte) bool {
	r.space()
	if r.at < len(r.text) && r.text[r.at] == c {
		r.at++
		return true
	}
	return false
}

// word passes one of the words null, true and false.
func (r *reader) word(w string) bool {
	if !r.take(w[0]) {
		return false
	}
	if end := r.at + len(w) - 1; end <= len(r.text) && string(r.text[r.at:end]) == w[1:] {
		r.at = end
		return true
	}
	r.at--
	return false
}

// object reads an object's members.
func (r *reader) object(member func(name []byte) *field.Error) *field.Error {
	if !r.take('{') {
		return bad(r.token(), "an object")
	}
	for first := true; !r.take('}'); first = false {
		if !first && !r.take(',') {
			return bad(r.token(), "a comma or the object's end")
		}
		name, err := r.string()
		if err != nil {
			return err
		}
		if !r.take(':') {
			return bad(r.token(), "a colon and a value")
		}
		if err := member(name); err != nil {
			return err
		}
	}
	return nil
}

// members reads an object that has some of known names, each at most once. null is as good as a member that is left out, but for the list of many.
func (r *reader) members(known []string, list string, member func(k int) *field.Error) *field.Error {
	seen := 0
	return r.object(func(name []byte) *field.Error {
		for k, one := range known {
			switch {
			case one != string(name):
				continue
			case seen&(1<<k) != 0:
				return under(one, bad("the name twice", "each name once"))
			case one != list && r.word("null"):
			default:
				if err := member(k); err != nil {
					return under(one, err)
				}
			}
			seen |= 1 << k
			return nil
		}
		return under(short(name), bad("a name that means nothing here", "one of "+strings.Join(known, ", ")))
	})
}

// list reads a list of at least one element and at most so many.
func (r *reader) list(most int, element func() *field.Error) *field.Error {
	expected := fmt.Sprintf("a list of 1 to %d", most)
	if !r.take('[') {
		return bad(r.token(), expected)
	}
	if r.take(']') {
		return bad("an empty list", expected)
	}
	for n := 0; !r.take(']'); n++ {
		if n > 0 && !r.take(',') {
			return bad(r.token(), "a comma or the list's end")
		}
		if n == most {
			return bad("more", expected)
		}
		if err := element(); err != nil {
			return under(fmt.Sprintf("[%d]", n), err)
		}
	}
	return nil
}

// end says whether nothing follows.
func (r *reader) end() *field.Error {
	if r.space(); r.at < len(r.text) {
		return bad(r.token()+" after the document", "one document")
	}
	return nil
}

func (r *reader) string() ([]byte, *field.Error) {
	if !r.take('"') {
		return nil, bad(r.token(), "a string")
	}
	from, plain, ascii := r.at, true, true
	for ; r.at < len(r.text); r.at++ {
		switch c := r.text[r.at]; {
		case c == '"':
			r.at++
			inside := r.text[from : r.at-1]
			if !ascii && !utf8.Valid(inside) {
				return nil, bad(strconv.Quote(short(inside)), "UTF-8")
			}
			if plain {
				return inside, nil
			}
			var text string
			if err := json.Unmarshal(r.text[from-1:r.at], &text); err != nil {
				return nil, bad(strconv.Quote(short(inside)), "a JSON string")
			}
			return []byte(text), nil
		case c == '\\':
			plain = false
			r.at++
		case c < 0x20:
			return nil, bad(r.token(), "a string without control characters")
		case c >= utf8.RuneSelf:
			ascii = false
		}
	}
	return nil, bad("a string that does not end", "one that does")
}

// name reads a string that names something.
func (r *reader) name(into *string) *field.Error {
	text, err := r.string()
	if err == nil && len(text) > longestName {
		err = bad(fmt.Sprintf("%d bytes", len(text)), fmt.Sprintf("at most %d", longestName))
	}
	*into = string(text)
	return err
}

func (r *reader) boolean(into *bool) *field.Error {
	*into = r.word("true")
	if !*into && !r.word("false") {
		return bad(r.token(), "true or false")
	}
	return nil
}

// number reads a number as JSON has it.
func (r *reader) number(into *float64) *field.Error {
	r.space()
	from := r.at
	digits := func() (n int) {
		for r.at < len(r.text) && r.text[r.at] >= '0' && r.text[r.at] <= '9' {
			r.at++
			n++
		}
		return n
	}
	is := func(c byte) bool {
		ok := r.at < len(r.text) && r.text[r.at] == c
		if ok {
			r.at++
		}
		return ok
	}
	is('-')
	zero := r.at < len(r.text) && r.text[r.at] == '0'
	n := digits()
	good := n > 0 && !(zero && n > 1)
	if good && is('.') {
		good = digits() > 0
	}
	if good && (is('e') || is('E')) {
		_ = is('+') || is('-')
		good = digits() > 0
	}
	if !good {
		r.at = from
		return bad(r.token(), "a number")
	}
	x, err := strconv.ParseFloat(string(r.text[from:r.at]), 64)
	if err != nil || math.IsInf(x, 0) {
		return bad(string(r.text[from:min(r.at, from+40)]), "a number that a double holds")
	}
	*into = x
	return nil
}

// numbers are numbers by name; NaN stands for null.
type numbers struct {
	names  [][]byte // nil where the object was left out
	values []float64
}

func (r *reader) numbers(into *numbers) *field.Error {
	into.names = [][]byte{}
	return r.object(func(name []byte) *field.Error {
		for _, before := range into.names {
			if string(before) == string(name) {
				return under(short(name), bad("the name twice", "each name once"))
			}
		}
		if len(into.names) == mostNames || len(name) > longestName {
			return under(short(name), bad("one more", fmt.Sprintf("at most %d names of at most %d bytes", mostNames, longestName)))
		}
		x := math.NaN()
		if !r.word("null") {
			if err := r.number(&x); err != nil {
				return under(short(name), err)
			}
		}
		into.names, into.values = append(into.names, name), append(into.values, x)
		return nil
	})
}
