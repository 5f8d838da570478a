package scenarios

import (
	"maps"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// override writes one key=value over the document: a dotted TOML key whose parts name tables or, in an array of tables, the element with that
// name; and a TOML value, which replaces what stood there.
func (d *document) override(assignment string) error {
	refuse := func(key, found, expected string) error {
		return &field.Error{File: "--set", Key: key, Found: found, Expected: expected}
	}
	s := scanner{text: assignment}
	keys := s.key()
	s.skip(false)
	if len(keys) == 0 || s.peek() != '=' {
		return refuse("", strconv.Quote(assignment), `key=value, as in train.episodes=100 or 'sellers."national brands".brain.recent=52'`)
	}
	dotted := strings.Join(keys, ".")
	text := strings.TrimSpace(assignment[s.pos+1:])
	value, err := parseValue(text)
	if err != nil {
		if quoted, bad := parseValue(strconv.Quote(text)); bad == nil && quoted == text {
			return refuse(dotted, oneLine(text), "a TOML value; text is quoted: "+dotted+"="+strconv.Quote(text))
		}
		return refuse(dotted, oneLine(text), "a TOML value")
	}
	if err := d.place(keys, value, 0); err != nil {
		return err
	}
	return nil
}

// place writes a value over the document, or says why it cannot; line is that of a setting in the file, 0 of one that was given beside it.
func (d *document) place(keys []string, value any, line int) *field.Error {
	dotted := strings.Join(keys, ".")
	refuse := func(key, found, expected string) *field.Error {
		return &field.Error{File: "--set", Key: key, Found: found, Expected: expected}
	}
	var at path
	var here any = d.root
	for i, k := range keys {
		last := i == len(keys)-1
		switch v := here.(type) {
		case map[string]any:
			at = at.then(k)
			if last {
				if v[k] = value; value == nil {
					delete(v, k)
				}
				break
			}
			if v[k] == nil {
				v[k] = map[string]any{}
				d.set[at] = line
			}
			here = v[k]
		default:
			all, ok := elements(here)
			n, names := find(all, k)
			switch {
			case !ok:
				return refuse(dotted, show(here)+" at "+strings.Join(keys[:i], "."), "a table there")
			case n < 0:
				return refuse(dotted, "no element called "+strconv.Quote(k), Suggest(k, names))
			case last:
				return refuse(dotted, "a whole element", "one of its keys after the name")
			}
			at, here = at.then(strconv.Itoa(n)), all[n]
		}
	}
	d.set[at] = line
	maps.DeleteFunc(d.at, func(p path, _ int) bool { return strings.HasPrefix(string(p), string(at)+"\x1f") }) // what stood there is gone from the file
	return nil
}

// find looks an element up by its name and lists the names there are.
func find(all []any, name string) (int, []string) {
	var names []string
	at := -1
	for i := range all {
		n := nameOf(all[i])
		if n == name && at < 0 {
			at = i
		}
		names = append(names, n)
	}
	return at, names
}
