package logs

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// Choices are choice situations as a file has them: n situations of one of J alternatives with A attributes. Households are
// numbered in the order in which they appear, from 0: their ids stay in the file.
type Choices struct {
	Alternatives []string
	Attributes   []string
	X            []float64 // n×J×A; NaN where an alternative is absent
	Available    []bool    // n×J
	Chosen       []int     // n: index, or -1 where nothing was taken
	Household    []int     // n; nil without such a column
	Traits       []string
	Trait        []float64 // n×T
	Missing      []int     // A: cells of rows that are there which have no value
}

// ChoiceColumns says where a file has choices. In the wide layout a row is a situation: a column for each attribute of each
// alternative, named attribute.alternative unless Names say otherwise (or with another sign between: see separators), and the choice by
// the alternative's name or its number from 1. In the long layout, which a Situation column tells, a row is
// an alternative of a situation of a household, and Choice says by 1, TRUE or yes that it was taken, by 0, FALSE or no that it was not.
// An alternative with a missing cell was not available.
type ChoiceColumns struct {
	Choice    string
	Household string // optional
	// Attributes, where there are none, are what stands before the dots in a wide file; in a long one the columns of numbers that differ both
	// within a situation and between situations of one alternative, but for numbers of rows and ids.
	Attributes []string
	Traits     []string // of the households
	// Outside, where it is not empty, says that nothing may be taken, and how a wide file's choice column says so; in a long file no
	// row of the situation has a 1.
	Outside string
	// Names maps the columns of a wide file that have other names: attribute.alternative to column. Where no column is called attribute.alternative
	// and there is one attribute, every column with no other part is that attribute of the alternative it is named after.
	Names       map[string]string
	Situation   string // long
	Alternative string // long
}

// choiceCell is the column of one attribute of one alternative.
type choiceCell struct{ attribute, alternative, column string }

// ReadChoices reads the choices of a CSV or Parquet file.
func ReadChoices(path string, columns ChoiceColumns) (Choices, error) {
	file, size, err := open(path)
	if err != nil {
		return Choices{}, err
	}
	defer file.Close()
	return DecodeChoices(path, file, size, columns)
}

// DecodeChoices reads choices from size bytes of data, which Decode describes.
func DecodeChoices(name string, data io.ReaderAt, size int64, columns ChoiceColumns) (Choices, error) {
	r := &choiceReader{columns: columns, households: map[string]int{}}
	r.Attributes, r.Traits = slices.Clone(columns.Attributes), slices.Clone(columns.Traits)
	if columns.Choice == "" {
		return Choices{}, field.New("choice", "no column", "the column of what was taken")
	}
	if h := columns.Household; h != "" && (h == columns.Choice || h == columns.Alternative || slices.Contains(columns.Attributes, h) || slices.Contains(columns.Traits, h)) {
		return Choices{}, field.New("household", "a column with another use", "a column of its own: households are never shown")
	}
	if err := columns.noIDs(); err != nil {
		return Choices{}, err
	}
	var err error
	if columns.Situation != "" {
		err = r.long(name, data, size)
	} else {
		err = r.wide(name, data, size)
	}
	if err != nil {
		return Choices{}, err
	}
	return r.Choices, nil
}

// noIDs refuses columns of ids where others are wanted.
func (c ChoiceColumns) noIDs() error {
	err := cmp.Or(noID("choice", c.Choice), noID("alternative", c.Alternative))
	for _, a := range c.Attributes {
		err = cmp.Or(err, noID("attributes", a))
	}
	for _, t := range c.Traits {
		err = cmp.Or(err, noID("concomitants", t))
	}
	for _, cell := range sortedKeys(c.Names) {
		err = cmp.Or(err, noID("columns."+cell, c.Names[cell]))
	}
	return err
}

type choiceReader struct {
	Choices
	columns    ChoiceColumns
	households map[string]int
}

// common lists the columns that both layouts may have: the household and the traits.
func (r *choiceReader) common() []column {
	var out []column
	if r.columns.Household != "" {
		out = append(out, column{r.columns.Household, ofTexts})
	}
	for _, t := range r.Traits {
		out = append(out, column{t, ofNumbers})
	}
	return out
}

// person takes the cells of common for a new situation and returns those after them.
func (r *choiceReader) person(at place, cells []cell) ([]cell, error) {
	if r.columns.Household != "" {
		id := cells[0].text
		if nothing(id) {
			return nil, at.bad(r.columns.Household, "nothing", "a household's id")
		}
		if _, known := r.households[id]; !known {
			r.households[strings.Clone(id)] = len(r.households)
		}
		r.Household = append(r.Household, r.households[id])
		cells = cells[1:]
	}
	for t, name := range r.Traits {
		if math.IsNaN(cells[t].number) {
			return nil, at.bad(name, "nothing", expectedOf[ofNumbers])
		}
		r.Trait = append(r.Trait, cells[t].number)
	}
	return cells[len(r.Traits):], nil
}

func (r *choiceReader) wide(name string, data io.ReaderAt, size int64) error {
	separator := separatorOf(data, size)
	names, err := headerOf(name, data, size, separator)
	if err != nil {
		return err
	}
	wanted := append(r.common(), column{r.columns.Choice, ofTexts})
	first := len(wanted)
	if _, bad := locate(wanted, names); bad != nil { // before anything of a first line is shown that may be a row
		return named(name, bad)
	}
	cells, err := r.find(names)
	if err != nil {
		return named(name, err)
	}
	if err = r.arrange(name, cells, &wanted); err != nil {
		return err
	}
	r.Missing = make([]int, len(r.Attributes))
	return scanAs(dialect{separator, true}, name, data, size, wanted, func(at place, row []cell) error {
		values := row[first:]
		row, err := r.person(at, row)
		if err != nil {
			return err
		}
		text := strings.TrimSpace(row[0].text)
		chosen := r.taken(text)
		if chosen < 0 && (r.columns.Outside == "" || text != r.columns.Outside) {
			return at.bad(r.columns.Choice, shape(clip(text)), r.expected(text))
		}
		for j := range r.Alternatives {
			there := true
			for m, v := range values[j*len(r.Attributes) : (j+1)*len(r.Attributes)] {
				r.X = append(r.X, v.number)
				if math.IsNaN(v.number) {
					there = false
					r.Missing[m]++
				}
			}
			r.Available = append(r.Available, there)
			if chosen == j && !there {
				return at.bad(r.columns.Choice, clip(r.Alternatives[j]), "an alternative that was there: all its attributes have values")
			}
		}
		r.Chosen = append(r.Chosen, chosen)
		return nil
	})
}

// taken is the index of what a cell of a wide file's choice column names: an alternative, its number from 1, or that number after the
// column's own name, as in choice2; -1 where it names none.
func (r *choiceReader) taken(text string) int {
	if j := slices.Index(r.Alternatives, text); j >= 0 {
		return j
	}
	own := strings.TrimPrefix(text, r.columns.Choice)
	if j := slices.Index(r.Alternatives, own); j >= 0 {
		return j
	}
	if number, ok := parseNumber(own); ok && number == math.Trunc(number) && number >= 1 && number <= float64(len(r.Alternatives)) {
		return int(number) - 1
	}
	return -1
}

func (r *choiceReader) expected(found string) string {
	out := fmt.Sprintf("one of %q, or its number from 1", r.Alternatives)
	if found == "0" && r.columns.Outside == "" {
		out += " (0 may be what says that nothing was taken)"
	}
	if r.columns.Outside != "" {
		out += fmt.Sprintf(", or %q", r.columns.Outside)
	}
	return out + nearest(found, r.Alternatives)
}

// arrange lists alternatives and attributes in the order of the cells, and the columns that hold them.
func (r *choiceReader) arrange(name string, cells []choiceCell, wanted *[]column) error {
	for _, c := range cells {
		if !slices.Contains(r.Alternatives, c.alternative) {
			r.Alternatives = append(r.Alternatives, c.alternative)
		}
		if !slices.Contains(r.Attributes, c.attribute) {
			r.Attributes = append(r.Attributes, c.attribute)
		}
	}
	if len(r.Alternatives) == 0 {
		return named(name, field.New("header", "no column attribute.alternative", "columns such as price.NAME for each alternative"))
	}
	for _, j := range r.Alternatives {
		for _, a := range r.Attributes {
			at := slices.IndexFunc(cells, func(c choiceCell) bool { return c.alternative == j && c.attribute == a })
			if at < 0 {
				return named(name, field.New(a+"."+j, "no such column", "every attribute of every alternative (attributes, as in price, says which there are)"))
			}
			*wanted = append(*wanted, column{cells[at].column, ofNumbers})
		}
	}
	return nil
}
