package logs

import (
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
	"github.com/souk-sim/souk/scenarios/field"
)

// Records are a table of numbers and words, column by column.
type Records struct {
	Names  []string // of the columns, as they were asked for
	Rows   int
	Number [][]float64 // by column, by row; nil of a column of words
	Word   [][]int32   // by column, by row: index of Words; nil of a column of numbers
	Words  [][]string  // by column, ascending; nil of a column of numbers, or of ids
}

// RecordColumns says which columns of a table are read, and what they hold.
type RecordColumns struct {
	Numbers []string
	IDs     []string // which become numbers, and are not kept
	Words   []string // whatever they look like
	Either  []string // numbers where at least half of the cells are
}

// MissingWord is what an empty cell of a column of words reads as.
const MissingWord = "missing"

// ColumnNames lists the columns of a CSV (commas, semicolons, tabs or bars between them) or Parquet file in size bytes of data, with a name for errors.
func ColumnNames(name string, data io.ReaderAt, size int64) ([]string, error) {
	return headerOf(name, data, size, separatorOf(data, size))
}

// DecodeRecords reads a table from size bytes of data, which Decode describes; semicolons, tabs or bars may take the place of commas. The columns come in the order numbers, ids, words, either. An
// empty cell of a column of numbers is an error. No error shows a cell, which may be a person's.
func DecodeRecords(name string, data io.ReaderAt, size int64, c RecordColumns) (Records, error) {
	var wanted []column
	for _, n := range c.Numbers {
		wanted = append(wanted, column{n, ofNumbers})
	}
	for _, n := range slices.Concat(c.IDs, c.Words, c.Either) {
		wanted = append(wanted, column{n, ofTexts})
	}
	for _, n := range slices.Concat(c.Numbers, c.Words, c.Either) {
		if err := noID(n, n); err != nil {
			return Records{}, named(name, err)
		}
	}
	if len(wanted) == 0 {
		return Records{}, &field.Error{File: name, Found: "no columns that are wanted", Expected: "at least one"}
	}
	if err := tell(name, data, size, wanted[len(wanted)-len(c.Either):]); err != nil {
		return Records{}, err
	}
	r := Records{Number: make([][]float64, len(wanted)), Word: make([][]int32, len(wanted)), Words: make([][]string, len(wanted))}
	codes := make([]map[string]int32, len(wanted))
	for j, w := range wanted {
		r.Names = append(r.Names, w.name)
		codes[j] = map[string]int32{}
	}
	err := scanAs(dialect{separatorOf(data, size), true}, name, data, size, wanted, func(at place, cells []cell) error {
		for j, w := range wanted {
			if w.kind == ofNumbers {
				if cells[j].number != cells[j].number {
					return at.bad(w.name, "nothing", expectedOf[ofNumbers])
				}
				r.Number[j] = append(r.Number[j], cells[j].number)
				continue
			}
			word := recordWord(cells[j].text)
			code, known := codes[j][word]
			if !known {
				word = strings.Clone(word)
				code = int32(len(r.Words[j]))
				codes[j][word], r.Words[j] = code, append(r.Words[j], word)
			}
			r.Word[j] = append(r.Word[j], code)
		}
		r.Rows++
		return nil
	})
	if err != nil {
		return Records{}, err
	}
	for j := range wanted {
		if r.sort(j); j >= len(c.Numbers) && j < len(c.Numbers)+len(c.IDs) {
			r.Words[j] = nil
		}
	}
	return r, nil
}

func recordWord(text string) string {
	switch text = strings.TrimSpace(text); text {
	case "", "NA", "NaN", "nan", "NULL":
		return MissingWord
	}
	return text
}

// tell finds out which columns are of numbers.
func tell(name string, data io.ReaderAt, size int64, columns []column) error {
	if err := tellParquet(name, data, size, columns); err != nil {
		return err
	}
	var texts []column
	var of []int
	for j, c := range columns {
		if c.kind == ofTexts {
			texts, of = append(texts, c), append(of, j)
		}
	}
	if texts == nil {
		return nil
	}
	numbers, words := make([]int, len(texts)), make([]int, len(texts))
	err := scanAs(dialect{separatorOf(data, size), true}, name, data, size, texts, func(_ place, cells []cell) error {
		for j := range texts {
			if word := recordWord(cells[j].text); word == MissingWord {
				continue
			} else if _, ok := parseNumber(word); ok {
				numbers[j]++
			} else {
				words[j]++
			}
		}
		return nil
	})
	for k, j := range of {
		if numbers[k] > 0 && numbers[k] >= words[k] {
			columns[j].kind = ofNumbers
		}
	}
	return err
}

// tellParquet tells the columns that the file says are of numbers.
func tellParquet(name string, data io.ReaderAt, size int64, columns []column) error {
	if columnar, err := isParquet(name, data, size); !columnar {
		return err
	}
	file, names, err := openParquet(data, size)
	if err != nil {
		return named(name, err)
	}
	at, bad := locate(columns, names)
	if bad != nil {
		return named(name, bad)
	}
	for j := range columns {
		leaf := file.Root().Columns()[at[j]]
		if leaf.Leaf() && leaf.Type().Kind() != parquet.ByteArray {
			columns[j].kind = ofNumbers
		}
	}
	return nil
}

// sort puts the words of a column in order.
func (r *Records) sort(j int) {
	order := make([]int, len(r.Words[j]))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return strings.Compare(r.Words[j][a], r.Words[j][b]) })
	words, to := make([]string, len(order)), make([]int32, len(order))
	for at, code := range order {
		words[at], to[code] = r.Words[j][code], int32(at)
	}
	if r.Word[j] == nil {
		return
	}
	r.Words[j] = words
	for i, code := range r.Word[j] {
		r.Word[j][i] = to[code]
	}
}
