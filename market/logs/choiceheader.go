package logs

import (
	"encoding/csv"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// separators may stand between the names of attribute and alternative in the header of a wide file, or of alternative and attribute;
// the last, none, only before a number.
var separators = [...]string{".", "_", ":", "-", " ", ""}

// rowNames are the heads that R and pandas give to the numbers of rows.
var rowNames = []string{"", "rownames", "X", "Unnamed: 0"}

// find tells the cells of a wide file from its header: by the first separator under which every attribute has alternatives.
func (r *choiceReader) find(names []string) ([]choiceCell, error) {
	means := map[string]string{} // column to attribute.alternative
	for _, cell := range slices.Sorted(maps.Keys(r.columns.Names)) {
		column := r.columns.Names[cell]
		if !slices.Contains(names, column) {
			return nil, field.New("columns."+cell, clip(column), "a column of the file"+nearest(column, names))
		}
		means[column] = cell
	}
	taken := append([]string{r.columns.Choice, r.columns.Household}, r.Traits...)
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return slices.Contains(taken, name) })
	var first []choiceCell
	for _, reversed := range []bool{false, true} {
		for _, separator := range separators {
			cells := r.cells(names, means, separator, reversed)
			if first == nil {
				first = cells
			}
			if r.whole(cells) {
				return cells, nil
			}
		}
	}
	switch {
	case first == nil && len(r.Attributes) == 1 && !r.misspelt(names):
		return r.bare(names), nil
	case len(r.Attributes) > 0:
		return first, r.unknown(first, names)
	}
	return first, nil
}

// cells are the columns that are an attribute of an alternative by a separator.
func (r *choiceReader) cells(names []string, means map[string]string, separator string, reversed bool) (cells []choiceCell) {
	for _, name := range names {
		cell, mapped := means[name]
		if mapped {
			if c := r.part(cell, ".", false); c.alternative != "" {
				cells = append(cells, choiceCell{c.attribute, c.alternative, name})
			}
			continue
		}
		if c := r.part(name, separator, reversed); c.alternative != "" {
			cells = append(cells, choiceCell{c.attribute, c.alternative, name})
		}
	}
	return cells
}

// part parts a name into attribute and alternative, which is empty where it cannot. Known attributes may hold the separator.
func (r *choiceReader) part(name, separator string, reversed bool) (c choiceCell) {
	if len(r.Attributes) == 0 {
		if separator != "" && !reversed {
			c.attribute, c.alternative, _ = strings.Cut(name, separator)
		}
		return c
	}
	for _, a := range r.Attributes {
		rest, ok := strings.CutPrefix(name, a+separator)
		if reversed {
			rest, ok = strings.CutSuffix(name, separator+a)
		}
		if separator == "" && (reversed || strings.Trim(rest, "0123456789") != "") {
			continue
		}
		if ok && len(a) > len(c.attribute) {
			c.attribute, c.alternative = a, rest
		}
	}
	return c
}

// whole tells whether cells are every known attribute of two alternatives or more.
func (r *choiceReader) whole(cells []choiceCell) bool {
	attributes, alternatives, seen := map[string]bool{}, map[string]bool{}, map[[2]string]bool{}
	for _, c := range cells {
		attributes[c.attribute], alternatives[c.alternative], seen[[2]string{c.attribute, c.alternative}] = true, true, true
	}
	return len(alternatives) > 1 && len(attributes) >= len(r.Attributes) && len(seen) == len(attributes)*len(alternatives)
}

// bare takes every column for that of an alternative whose one attribute it holds.
func (r *choiceReader) bare(names []string) (cells []choiceCell) {
	for _, name := range names {
		if !slices.Contains(rowNames, name) && !HoldsIDs(name) {
			cells = append(cells, choiceCell{r.Attributes[0], name, name})
		}
	}
	return cells
}

// misspelt tells whether the columns are attributes of alternatives, one of which is called almost as the one that is wanted.
func (r *choiceReader) misspelt(names []string) bool {
	any := choiceReader{}
	for _, separator := range separators[:len(separators)-1] {
		cells := any.cells(names, nil, separator, false)
		var heads []string
		for _, c := range cells {
			heads = append(heads, c.attribute)
		}
		if any.whole(cells) && nearest(r.Attributes[0], heads) != "" {
			return true
		}
	}
	return false
}

// unknown refuses an attribute that no column has.
func (r *choiceReader) unknown(cells []choiceCell, names []string) error {
	var heads []string
	for _, name := range names {
		for _, separator := range separators[:len(separators)-1] {
			if before, after, ok := strings.Cut(name, separator); ok {
				heads = append(heads, before, after)
			}
		}
	}
	for _, a := range r.Attributes {
		if !slices.ContainsFunc(cells, func(c choiceCell) bool { return c.attribute == a }) {
			return field.New("attributes", clip(a), "what columns such as price.NAME begin with"+nearest(a, heads))
		}
	}
	return nil
}

// headerOf lists the columns of a file; separator is what a CSV has between its cells.
func headerOf(name string, data io.ReaderAt, size int64, separator rune) ([]string, error) {
	columnar, err := isParquet(name, data, size)
	if err != nil {
		return nil, err
	}
	if columnar {
		_, names, err := openParquet(data, size)
		return names, named(name, err)
	}
	r := csv.NewReader(&bounded{Reader: unmarked(data, size), left: maxRecord})
	r.Comma = separator
	names, err := r.Read()
	if err == io.EOF {
		return nil, &field.Error{File: name, Found: "an empty file", Expected: "a header and at least one row"}
	}
	if err != nil {
		return nil, named(name, csvError(r, err, 0))
	}
	for i, n := range names {
		names[i] = strings.TrimSpace(n)
	}
	return names, nil
}
