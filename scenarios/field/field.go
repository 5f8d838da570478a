// Package field holds the one error that every room uses to say that a value is bad: where it stands, what was
// found there and what was expected.
package field

import (
	"fmt"
	"strings"
)

// Error is one bad value. Empty parts are left out of the message; Line 0 means unknown.
type Error struct {
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"` // 1-based, the header included
	Key      string `json:"key,omitempty"`  // dotted TOML key, column name or flag
	Found    string `json:"found,omitempty"`
	Expected string `json:"expected,omitempty"`
}

// New returns an Error for a key whose file and line are not known (yet); a reader that knows them fills them in.
func New(key string, found any, expected string) *Error {
	return &Error{Key: key, Found: fmt.Sprint(found), Expected: expected}
}

// Error gives the whole in one line: "file:line: key: found X, expected Y".
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		b.WriteString(": ")
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	if e.Found != "" {
		b.WriteString("found " + e.Found)
		if e.Expected != "" {
			b.WriteString(", ")
		}
	}
	if e.Expected != "" {
		b.WriteString("expected " + e.Expected)
	}
	return b.String()
}
