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
			return named(name, l.begun[i].bad(c.Choice, "nothing taken in the situation that begins here", "a 1 in one of its rows"))
		}
	}
	l.layOut()
	return nil
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
			o.x = nil
			break
		}
		o.x = append(o.x, v.number)
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
