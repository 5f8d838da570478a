package logs

import (
	"reflect"
	"strings"
	"testing"
)

// asWritten are ways in which programs write one and the same table: cells are quoted or not, lines end in LF or CRLF, and a byte order mark stands
// before the header or does not.
func asWritten(table [][]string) map[string]string {
	out := map[string]string{}
	for name, separator := range map[string]string{"commas": ",", "semicolons": ";", "tabs": "\t", "bars": "|"} {
		for _, quote := range []string{"", `"`} {
			for _, end := range []string{"\n", "\r\n"} {
				for _, mark := range []string{"", "\ufeff"} {
					var b strings.Builder
					b.WriteString(mark)
					for _, row := range table {
						b.WriteString(quote + strings.Join(row, quote+separator+quote) + quote + end)
					}
					out[strings.Join([]string{name, quote, strings.TrimSpace(strings.ReplaceAll(end, "\r", "CR")), strings.ReplaceAll(mark, "\ufeff", "BOM")}, " ")] = b.String()
				}
			}
		}
	}
	return out
}

// TestATableIsOneHoweverItIsWritten: marks, quotes, separators and ends of lines do not matter to a log, to choices and to records.
func TestATableIsOneHoweverItIsWritten(t *testing.T) {
	read := func(text string) (all []any) {
		data, size := strings.NewReader(text), int64(len(text))
		for _, f := range []func() (any, error){
			func() (any, error) {
				got, err := DecodeTransactions("f.csv", data, size, Options{Columns: map[string]string{"customer": "who", "time": "when", "amount": "price.a"}})
				return []any{got.Customer, got.Time, got.Amount}, err
			},
			func() (any, error) {
				return DecodeChoices("f.csv", data, size, ChoiceColumns{Choice: "taken", Household: "who", Attributes: []string{"price"}})
			},
			func() (any, error) {
				return DecodeRecords("f.csv", data, size, RecordColumns{Numbers: []string{"price.a"}, Words: []string{"taken"}})
			},
			func() (any, error) { return ColumnNames("f.csv", data, size) },
		} {
			got, err := f()
			if err != nil {
				t.Errorf("%q: %v", text, err)
			}
			all = append(all, got)
		}
		return all
	}
	table := [][]string{{"who", "when", "taken", "price.a", "price.b"}, {"ann", "1997-01-01", "a", "2.5", "3"}, {"bob", "1997-01-03", "b", "4", "3.5"}}
	want := read("who,when,taken,price.a,price.b\nann,1997-01-01,a,2.5,3\nbob,1997-01-03,b,4,3.5\n")
	for name, text := range asWritten(table) {
		if got := read(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
	}
	text := "\ufeff\"a, in all, or so\";\"b\"\r\n1;x\r\n" // what is in quotes separates nothing
	if got, err := ColumnNames("f.csv", strings.NewReader(text), int64(len(text))); err != nil || !reflect.DeepEqual(got, []string{"a, in all, or so", "b"}) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestADecimalCommaIsTold: where a point would have made it a number.
func TestADecimalCommaIsTold(t *testing.T) {
	for cell, told := range map[string]bool{"4,6": true, "x,6": false, "1,2,3": false} {
		text := "a;b\n1;" + cell + "\n"
		_, err := DecodeRecords("f.csv", strings.NewReader(text), int64(len(text)), RecordColumns{Numbers: []string{"b"}})
		if err == nil || strings.Contains(err.Error(), "decimal point") != told {
			t.Errorf("%s: %v", cell, err)
		}
	}
}
