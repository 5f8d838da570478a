package logs

import (
	"encoding/csv"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
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
}

// ChoiceColumns says where a file has choices. In the wide layout a row is a situation: a column for each attribute of each
// alternative, named attribute.alternative unless Names say otherwise, and the choice by the alternative's name or its
// number from 1; an alternative with a missing cell was not available. In the long layout, which a Situation column tells, a row is
// an alternative of a situation: rows of one situation stand together, Choice is 1 in the row of what was taken and 0 elsewhere.
type ChoiceColumns struct {
	Choice     string
	Household  string   // optional
	Attributes []string // wide: empty is what stands before the dots
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
		if id == "" {
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
	names, err := headerOf(name, data, size, ',')
	if err != nil {
		return err
	}
	cells, err := r.find(names)
	if err != nil {
		return named(name, err)
	}
	wanted := append(r.common(), column{r.columns.Choice, ofTexts})
	first := len(wanted)
	if err = r.arrange(name, cells, &wanted); err != nil {
		return err
	}
	return scan(name, data, size, wanted, func(at place, row []cell) error {
		values := row[first:]
		row, err := r.person(at, row)
		if err != nil {
			return err
		}
		text := strings.TrimSpace(row[0].text)
		chosen := slices.Index(r.Alternatives, text)
		if number, err := strconv.Atoi(text); chosen < 0 && err == nil && number >= 1 && number <= len(r.Alternatives) {
			chosen = number - 1
		}
		if chosen < 0 && (r.columns.Outside == "" || text != r.columns.Outside) {
			return at.bad(r.columns.Choice, clip(text), r.expected())
		}
		for j := range r.Alternatives {
			there := true
			for _, v := range values[j*len(r.Attributes) : (j+1)*len(r.Attributes)] {
				r.X = append(r.X, v.number)
				there = there && !math.IsNaN(v.number)
			}
			r.Available = append(r.Available, there)
			if chosen == j && !there {
				return at.bad(r.columns.Choice, clip(text), "an alternative that was there: all its attributes have values")
			}
		}
		r.Chosen = append(r.Chosen, chosen)
		return nil
	})
}

func (r *choiceReader) expected() string {
	out := fmt.Sprintf("one of %q, or its number from 1", r.Alternatives)
	if r.columns.Outside != "" {
		out += fmt.Sprintf(", or %q", r.columns.Outside)
	}
	return out
}

// find tells the cells of a wide file from its header.
func (r *choiceReader) find(names []string) ([]choiceCell, error) {
	var dotted, bare []choiceCell
	means := map[string]string{} // column to attribute.alternative
	for _, cell := range slices.Sorted(maps.Keys(r.columns.Names)) {
		if column := r.columns.Names[cell]; !slices.Contains(names, column) {
			return nil, field.New("columns."+cell, clip(column), "a column of the file")
		} else {
			means[column] = cell
		}
	}
	taken := append([]string{r.columns.Choice, r.columns.Household}, r.Traits...)
	for _, name := range names {
		if slices.Contains(taken, name) {
			continue
		}
		cell, mapped := means[name]
		if !mapped {
			cell = name
		}
		attribute, alternative := "", ""
		if len(r.Attributes) == 0 {
			attribute, alternative, _ = strings.Cut(cell, ".")
		}
		for _, a := range r.Attributes {
			if rest, ok := strings.CutPrefix(cell, a+"."); ok && len(a) > len(attribute) {
				attribute, alternative = a, rest
			}
		}
		if alternative != "" {
			dotted = append(dotted, choiceCell{attribute, alternative, name})
		} else if len(r.Attributes) == 1 {
			bare = append(bare, choiceCell{r.Attributes[0], name, name})
		}
	}
	if dotted == nil {
		return bare, nil
	}
	return dotted, nil
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
				return named(name, field.New(a+"."+j, "no such column", "every attribute of every alternative"))
			}
			*wanted = append(*wanted, column{cells[at].column, ofNumbers})
		}
	}
	return nil
}

func (r *choiceReader) long(name string, data io.ReaderAt, size int64) error {
	c := r.columns
	if c.Alternative == "" {
		return field.New("alternative", "no column", "the column of the alternatives' names in a long file")
	}
	wanted := append([]column{{c.Situation, ofTexts}, {c.Alternative, ofTexts}, {c.Choice, ofNumbers}}, r.common()...)
	for _, a := range r.Attributes {
		wanted = append(wanted, column{a, ofNumbers})
	}
	type option struct {
		alternative int
		x           []float64
	}
	var situations [][]option
	seen, index := map[string]bool{}, map[string]int{}
	last, begun := "", place{}
	ended := func() error {
		if n := len(r.Chosen); n > 0 && r.Chosen[n-1] < 0 && c.Outside == "" {
			return begun.bad(c.Choice, "nothing taken in the situation that begins here", "a 1 in one of its rows")
		}
		return nil
	}
	err := scan(name, data, size, wanted, func(at place, row []cell) error {
		situation, alternative, taken := row[0].text, row[1].text, row[2].number
		if situation == "" || alternative == "" {
			return at.bad(c.Situation+", "+c.Alternative, "an empty cell", "a situation and an alternative in every row")
		}
		x := row[len(row)-len(r.Attributes):]
		if len(situations) == 0 || situation != last {
			if err := ended(); err != nil {
				return err
			}
			if seen[situation] {
				return at.bad(c.Situation, "a situation that has ended", "the rows of a situation together")
			}
			last, begun = strings.Clone(situation), at
			seen[last] = true
			if _, err := r.person(at, row[3:]); err != nil {
				return err
			}
			situations, r.Chosen = append(situations, nil), append(r.Chosen, -1)
		}
		j, known := index[alternative]
		if !known {
			j = len(r.Alternatives)
			r.Alternatives = append(r.Alternatives, strings.Clone(alternative))
			index[r.Alternatives[j]] = j
		}
		options := &situations[len(situations)-1]
		if slices.ContainsFunc(*options, func(o option) bool { return o.alternative == j }) {
			return at.bad(c.Alternative, clip(alternative)+" twice in a situation", "each alternative once")
		}
		o := option{alternative: j}
		for m, v := range x {
			if math.IsNaN(v.number) {
				return at.bad(r.Attributes[m], "nothing", expectedOf[ofNumbers])
			}
			o.x = append(o.x, v.number)
		}
		*options = append(*options, o)
		switch {
		case taken == 1 && r.Chosen[len(r.Chosen)-1] >= 0:
			return at.bad(c.Choice, "a second 1 in a situation", "one choice")
		case taken == 1:
			r.Chosen[len(r.Chosen)-1] = j
		case taken != 0:
			return at.bad(c.Choice, number(taken), "1 in the row of what was taken, 0 elsewhere")
		}
		return nil
	})
	if err == nil {
		err = named(name, ended())
	}
	if err != nil {
		return err
	}
	nJ, nA := len(r.Alternatives), len(r.Attributes)
	r.Available, r.X = make([]bool, len(situations)*nJ), make([]float64, len(situations)*nJ*nA)
	for i := range r.X {
		r.X[i] = math.NaN()
	}
	for i, options := range situations {
		for _, o := range options {
			r.Available[i*nJ+o.alternative] = true
			copy(r.X[(i*nJ+o.alternative)*nA:], o.x)
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
	r := csv.NewReader(&bounded{Reader: io.NewSectionReader(data, 0, size), left: maxRecord})
	r.Comma = separator
	names, err := r.Read()
	if err == io.EOF {
		return nil, &field.Error{File: name, Found: "an empty file", Expected: "a header and at least one row"}
	}
	if err != nil {
		return nil, named(name, csvError(r, err, 0))
	}
	names[0] = strings.TrimPrefix(names[0], "\ufeff")
	for i, n := range names {
		names[i] = strings.TrimSpace(n)
	}
	return names, nil
}
