package logs

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// numbering gives ids dense numbers by first appearance. It keeps copies of the ids, never the lines they stood in, and only while a file is read.
type numbering struct {
	whole map[int64]int32 // of ids that are whole numbers, written plainly: a third of the memory
	text  map[string]int32
	last  string // rows of an id often stand together
	at    int32  // its number
	n     int32

	pseudonyms *Pseudonyms // nil: none are made
	pseudonym  []int
}

func newNumbering() *numbering {
	return &numbering{whole: map[int64]int32{}, text: map[string]int32{}}
}

// of is the number of an id, which is not empty.
func (d *numbering) of(id string) int32 {
	if id == d.last {
		return d.at
	}
	value, plain := wholeID(id)
	var known bool
	if plain {
		d.at, known = d.whole[value]
	} else {
		d.at, known = d.text[id]
	}
	if !known {
		d.at = d.n
		if plain {
			d.whole[value] = d.n
		} else {
			d.text[strings.Clone(id)] = d.n
		}
		if d.pseudonyms != nil {
			d.pseudonym = append(d.pseudonym, d.pseudonyms.Of(id))
		}
		d.n++
	}
	d.last = id
	return d.at
}

// wholeID reads an id that is a whole number and is written as strconv would write it, so that no two ids have one value.
func wholeID(id string) (int64, bool) {
	if len(id) == 0 || len(id) > 18 || id[0] == '0' && len(id) > 1 {
		return 0, false
	}
	v := int64(0)
	for _, c := range []byte(id) {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = 10*v + int64(c-'0')
	}
	return v, true
}

// forget lets go of the ids.
func (d *numbering) forget() { d.whole, d.text, d.last = nil, nil, "" }

// ordered lists the ids in the order of their numbers where all are whole numbers, else of texts, and turns a column of numbers by first
// appearance into places of that list; so the numbers do not depend on the order of the rows.
func (d *numbering) ordered(columns ...[]int32) []string {
	type entry struct {
		name  string
		value int64
		first int32
	}
	all := make([]entry, 0, d.n)
	for v, k := range d.whole {
		all = append(all, entry{strconv.FormatInt(v, 10), v, k})
	}
	for s, k := range d.text {
		all = append(all, entry{s, 0, k})
	}
	slices.SortFunc(all, func(a, b entry) int {
		if len(d.text) == 0 {
			return cmp.Compare(a.value, b.value)
		}
		return strings.Compare(a.name, b.name)
	})
	names, to := make([]string, len(all)), make([]int32, len(all))
	for i, e := range all {
		names[i], to[e.first] = e.name, int32(i)
	}
	for _, column := range columns {
		for i, k := range column {
			if k >= 0 {
				column[i] = to[k]
			}
		}
	}
	return names
}

// grouped sorts the rows by a column of numbers below n and then by compare, which may be nil: those of number k are
// rows[offsets[k]:offsets[k+1]]. Rows that compare equal stay in their order.
func grouped(column []int32, n int, compare func(a, b int32) int) (rows []int32, offsets []int) {
	offsets = make([]int, n+1)
	for _, k := range column {
		offsets[k+1]++
	}
	for k := range n {
		offsets[k+1] += offsets[k]
	}
	next := slices.Clone(offsets[:n])
	rows = make([]int32, len(column))
	for i, k := range column {
		rows[next[k]] = int32(i)
		next[k]++
	}
	if compare != nil {
		for k := range n {
			slices.SortStableFunc(rows[offsets[k]:offsets[k+1]], compare)
		}
	}
	return rows, offsets
}
