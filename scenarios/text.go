package scenarios

import (
	"strconv"
	"strings"
)

// path addresses a value in a TOML document: keys, and decimal indices within arrays of tables.
type path string

func (p path) then(key string) path {
	if p == "" {
		return path(key)
	}
	return p + "\x1f" + path(key)
}

func (p path) keys() []string { return strings.Split(string(p), "\x1f") }

// lines finds on which line each key of a TOML document stands, tables and their headers included, because the TOML
// decoder does not tell. On a text that is not TOML it answers something, and does not panic. It fails on nesting deeper than any
// scenario has, so that nobody recurses into that.
func lines(text string) (at map[path]int, ok bool) {
	s := scanner{text: text, line: 1, at: map[path]int{}, elements: map[path]int{}}
	var table path
	for s.skip(true); s.pos < len(s.text) && !s.deep; s.skip(true) {
		start := s.pos
		if s.peek() == '[' {
			table = s.header()
		} else {
			s.pair(table)
		}
		if s.pos == start { // not TOML: move on
			s.pos++
		}
	}
	return s.at, !s.deep
}

// deepest is how many keys and indices a path may have.
const deepest = 32

type scanner struct {
	text     string
	pos      int
	line     int
	at       map[path]int
	elements map[path]int // how many tables each array of tables has so far
	depth    int          // of the values being read
	deep     bool         // a path had more than deepest parts
}

func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) next() byte {
	c := s.peek()
	if c == '\n' {
		s.line++
	}
	s.pos++
	return c
}

// skip passes white space and, when asked, comments and line ends.
func (s *scanner) skip(lineEnds bool) {
	for s.pos < len(s.text) {
		switch c := s.peek(); {
		case c == ' ' || c == '\t' || c == '\r', c == '\n' && lineEnds:
			s.next()
		case c == '#' && lineEnds:
			for s.pos < len(s.text) && s.peek() != '\n' {
				s.next()
			}
		default:
			return
		}
	}
}

// header reads [a.b] or [[a.b]] and returns the path of the table it opens.
func (s *scanner) header() path {
	line, array := s.line, strings.HasPrefix(s.text[s.pos:], "[[")
	for s.peek() == '[' {
		s.next()
	}
	keys := s.key()
	var p path
	for i, k := range keys {
		p = p.then(k)
		s.note(p, line)
		if array && i == len(keys)-1 {
			s.elements[p]++
		}
		if n := s.elements[p]; n > 0 {
			p = p.then(strconv.Itoa(n - 1))
		}
	}
	s.note(p, line)
	for s.peek() == ']' {
		s.next()
	}
	return p
}

// pair reads key = value within a table.
func (s *scanner) pair(table path) {
	line, p := s.line, table
	for _, k := range s.key() {
		p = p.then(k)
		s.note(p, line)
	}
	s.skip(false)
	if s.peek() == '=' {
		s.next()
		s.value(p)
	}
}

// note keeps the first line at which a path is met.
func (s *scanner) note(p path, line int) {
	if _, known := s.at[p]; !known {
		s.at[p] = line
	}
}

// key reads a dotted key: bare, "basic" or 'literal' parts.
func (s *scanner) key() []string {
	var parts []string
	for {
		s.skip(false)
		switch c := s.peek(); {
		case c == '"' || c == '\'':
			parts = append(parts, s.quoted())
		default:
			start := s.pos
			for bare(s.peek()) {
				s.next()
			}
			if s.pos == start {
				return parts
			}
			parts = append(parts, s.text[start:s.pos])
		}
		if s.depth+len(parts) > deepest {
			s.deep, s.pos = true, len(s.text)
			return nil
		}
		s.skip(false)
		if s.peek() != '.' {
			return parts
		}
		s.next()
	}
}

func bare(c byte) bool {
	return c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// quoted reads a string of any of TOML's four kinds and returns its inside, escapes left as they are.
func (s *scanner) quoted() string {
	q := s.text[s.pos : s.pos+1]
	if strings.HasPrefix(s.text[s.pos:], q+q+q) {
		q += q + q
	}
	s.pos += len(q)
	start := s.pos
	for s.pos < len(s.text) && !strings.HasPrefix(s.text[s.pos:], q) {
		if s.next() == '\\' && q[0] == '"' {
			s.next()
		}
	}
	end := min(s.pos, len(s.text))
	s.pos = min(end+len(q), len(s.text))
	for len(q) == 3 && s.peek() == q[0] && s.pos < len(s.text) { // """a"""" ends in a quotation mark
		s.next()
	}
	return s.text[start:end]
}

// value passes over a value; inline tables and the elements of arrays are noted.
func (s *scanner) value(p path) {
	s.depth++
	defer func() { s.depth-- }()
	if s.depth > deepest {
		s.deep, s.pos = true, len(s.text)
	}
	s.skip(true)
	switch s.peek() {
	case '"', '\'':
		s.quoted()
	case '[':
		s.next()
		for i := 0; ; i++ {
			s.skip(true)
			if s.pos >= len(s.text) || s.peek() == ']' {
				s.next()
				return
			}
			element := p.then(strconv.Itoa(i))
			s.note(element, s.line)
			start := s.pos
			s.value(element)
			s.comma(start)
		}
	case '{':
		s.next()
		for {
			s.skip(true)
			if s.pos >= len(s.text) || s.peek() == '}' {
				s.next()
				return
			}
			start := s.pos
			s.pair(p)
			s.comma(start)
		}
	default:
		for s.pos < len(s.text) && !strings.ContainsRune(",]}#\n", rune(s.peek())) {
			s.next()
		}
	}
}

// comma passes the comma between elements, and at least one byte since start.
func (s *scanner) comma(start int) {
	s.skip(true)
	if s.peek() == ',' || s.pos == start {
		s.next()
	}
}
