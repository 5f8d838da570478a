package logs

import (
	"io"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// option is a row of a long file.
type option struct {
	alternative int
	x           []float64 // nil: not available
}

// longReader collects the situations of a long file, in the order in which they begin.
type longReader struct {
	*choiceReader
	situations [][]option
	begun      []place
	number     map[[2]string]int // of each situation, by household and name
	index      map[string]int    // of each alternative
}

func (r *choiceReader) long(name string, data io.ReaderAt, size int64) error {
	c := r.columns
	if c.Alternative == "" {
		return field.New("alternative", "no column", "the column of the alternatives' names in a long file")
	}
	if len(r.Attributes) == 0 {
		var err error
		if r.Attributes, err = r.varying(name, data, size); err != nil {
			return err
		}
	}
	r.Missing = make([]int, len(r.Attributes))
	wanted := append([]column{{c.Situation, ofTexts}, {c.Alternative, ofTexts}, {c.Choice, ofTexts}}, r.common()...)
	for _, a := range r.Attributes {
		wanted = append(wanted, column{a, ofNumbers})
	}
	l := &longReader{choiceReader: r, number: map[[2]string]int{}, index: map[string]int{}}
	if err := scanAs(dialect{separatorOf(data, size), true}, name, data, size, wanted, l.row); err != nil {
		return err
	}
	for i, chosen := range r.Chosen {
		if chosen < 0 && c.Outside == "" {
			if l.shared(i) {
				return named(name, l.begun[i].bad(c.Household, "two households in the situation that begins here", "one household in all rows of a situation"))
			}
			return named(name, l.begun[i].bad(c.Choice, "nothing taken in the situation that begins here", "a 1 in one of its rows (outside, where nothing may be taken; situations are counted within a household)"))
		}
	}
	l.layOut()
	return nil
}

// seen is what a column of a long file held so far.
type seen struct {
	no           bool               // a cell is no number
	last         float64            // in the row before
	rows         int                // that differ from the row before by other than one
	within       map[string]float64 // the first value of each situation, until one differs
	between      map[string]float64 // and of each alternative
	differs, own bool               // within a situation; within an alternative
}

// varying lists the columns of numbers that may be attributes: their values differ within a situation and within an alternative, and do not number the rows.
func (r *choiceReader) varying(name string, data io.ReaderAt, size int64) ([]string, error) {
	c, separator := r.columns, separatorOf(data, size)
	header, err := headerOf(name, data, size, separator)
	if err != nil {
		return nil, err
	}
	wanted := []column{{c.Situation, ofTexts}, {c.Alternative, ofTexts}}
	if c.Household != "" {
		wanted = append(wanted, column{c.Household, ofTexts})
	}
	if _, bad := locate(wanted, header); bad != nil {
		return nil, named(name, bad)
	}
	first := len(wanted)
	taken := append([]string{c.Situation, c.Alternative, c.Choice, c.Household}, r.Traits...)
	for _, head := range header {
		if !slices.Contains(taken, head) && !slices.Contains(rowNames, head) && !HoldsIDs(head) {
			wanted = append(wanted, column{head, ofTexts})
		}
	}
	all := make([]seen, len(wanted)-first)
	for i := range all {
		all[i] = seen{within: map[string]float64{}, between: map[string]float64{}}
	}
	err = scanAs(dialect{separator, true}, name, data, size, wanted, func(_ place, row []cell) error {
		situation := row[0].text
		if first == 3 {
			situation += "\x00" + row[2].text
		}
		for i, cell := range row[first:] {
			all[i].see(situation, row[1].text, cell.text)
		}
		return nil
	})
	var out []string
	for i, s := range all {
		if !s.no && s.differs && s.own && s.rows > 1 {
			out = append(out, wanted[first+i].name)
		}
	}
	return out, err
}

func (s *seen) see(situation, alternative, text string) {
	c, ok := parse(text, ofNumbers)
	if s.no = s.no || !ok; s.no || math.IsNaN(c.number) {
		return
	}
	if c.number != s.last+1 {
		s.rows++
	}
	s.last = c.number
	s.differs = s.differs || differs(s.within, situation, c.number)
	s.own = s.own || differs(s.between, alternative, c.number)
}

// differs tells whether a value is another than the first of its key.
func differs(first map[string]float64, key string, value float64) bool {
	v, met := first[key]
	if !met {
		first[strings.Clone(key)] = value
	}
	return met && v != value
}

func (l *longReader) row(at place, row []cell) error {
	c := l.columns
	situation, alternative := row[0].text, row[1].text
	if nothing(situation) || nothing(alternative) {
		return at.bad(c.Situation+", "+c.Alternative, "an empty cell", "a situation and an alternative in every row")
	}
	taken, ok := yes(row[2].text)
	if !ok {
		return at.bad(c.Choice, shape(clip(row[2].text)), "1, TRUE or yes in the row of what was taken, 0, FALSE or no elsewhere")
	}
	i, err := l.situation(at, situation, row[3:])
	if err != nil {
		return err
	}
	j, known := l.index[alternative]
	if !known {
		j = len(l.Alternatives)
		l.Alternatives = append(l.Alternatives, strings.Clone(alternative))
		l.index[l.Alternatives[j]] = j
	}
	if slices.ContainsFunc(l.situations[i], func(o option) bool { return o.alternative == j }) {
		return at.bad(c.Alternative, shape(clip(alternative))+" twice in a situation", "each alternative once (situations that several households count from 1 need the household's column)")
	}
	o := option{alternative: j, x: []float64{}}
	for m, v := range row[len(row)-len(l.Attributes):] {
		if math.IsNaN(v.number) {
			if taken {
				return at.bad(l.Attributes[m], "nothing", expectedOf[ofNumbers]+": it was taken")
			}
			l.Missing[m]++
			o.x = nil
		} else if o.x != nil {
			o.x = append(o.x, v.number)
		}
	}
	l.situations[i] = append(l.situations[i], o)
	switch {
	case taken && l.Chosen[i] >= 0:
		return at.bad(c.Choice, "a second 1 in a situation", "one choice")
	case taken:
		l.Chosen[i] = j
	}
	return nil
}

// situation numbers a row's situation, which may begin here.
func (l *longReader) situation(at place, name string, cells []cell) (int, error) {
	key := [2]string{"", name}
	if l.columns.Household != "" {
		key[0] = cells[0].text
	}
	if i, known := l.number[key]; known {
		return i, nil
	}
	if _, err := l.person(at, cells); err != nil {
		return 0, err
	}
	i := len(l.situations)
	l.number[[2]string{strings.Clone(key[0]), strings.Clone(name)}] = i
	l.situations, l.Chosen, l.begun = append(l.situations, nil), append(l.Chosen, -1), append(l.begun, at)
	return i, nil
}

// shared tells whether another household has a situation of the same name with none of the alternatives of situation i: the rest of it.
func (l *longReader) shared(i int) bool {
	of := make([]string, len(l.situations))
	for key, at := range l.number {
		of[at] = key[1]
	}
	for j, options := range l.situations {
		if j != i && of[j] == of[i] && !slices.ContainsFunc(options, func(o option) bool {
			return slices.ContainsFunc(l.situations[i], func(p option) bool { return p.alternative == o.alternative })
		}) {
			return true
		}
	}
	return false
}

// layOut makes the flat arrays.
func (l *longReader) layOut() {
	nJ, nA := len(l.Alternatives), len(l.Attributes)
	l.Available, l.X = make([]bool, len(l.situations)*nJ), make([]float64, len(l.situations)*nJ*nA)
	for i := range l.X {
		l.X[i] = math.NaN()
	}
	for i, options := range l.situations {
		for _, o := range options {
			l.Available[i*nJ+o.alternative] = o.x != nil
			copy(l.X[(i*nJ+o.alternative)*nA:], o.x)
		}
	}
}

// yes reads whether a row was taken.
func yes(text string) (taken, ok bool) {
	switch strings.ToLower(strings.TrimSpace(text)) {
	case "1", "1.0", "true", "t", "yes", "y":
		return true, true
	case "0", "0.0", "false", "f", "no", "n":
		return false, true
	}
	return false, false
}

// nothing tells whether a text is none.
func nothing(text string) bool {
	c, ok := parse(text, ofNumbers)
	return ok && math.IsNaN(c.number)
}
