package logs

import (
	"reflect"
	"strings"
	"testing"
)

const visitsTable = "pages,month,weekend,code,bought\n3,Feb,TRUE,1,no\n0.5,May,FALSE,2,yes\n7,,FALSE,1,no\n"

func TestRecordsTellNumbersFromWords(t *testing.T) {
	r, err := DecodeRecords("f.csv", strings.NewReader(visitsTable), int64(len(visitsTable)),
		RecordColumns{Numbers: []string{"pages"}, Words: []string{"code"}, Either: []string{"month", "weekend"}})
	want := Records{Names: []string{"pages", "code", "month", "weekend"}, Rows: 3, Number: [][]float64{{3, 0.5, 7}, nil, nil, nil},
		Word:  [][]int32{nil, {0, 1, 0}, {0, 1, 2}, {1, 0, 0}},
		Words: [][]string{nil, {"1", "2"}, {"Feb", "May", MissingWord}, {"FALSE", "TRUE"}}}
	if err != nil || !reflect.DeepEqual(r, want) {
		t.Errorf("%+v, %v", r, err)
	}
	all, err := DecodeRecords("f.csv", strings.NewReader(visitsTable), int64(len(visitsTable)), RecordColumns{Either: []string{"pages", "code"}})
	if err != nil || all.Number[0] == nil || all.Number[1] == nil || all.Words[0] != nil {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestRecordsNameTheBadCell(t *testing.T) {
	for text, want := range map[string]string{
		"a,b\n1,2\n2,x\n3,4\n": `f.csv:3: b: found a cell of the shape "a", expected a finite number`,
		"a,b\n1,2\n2,\n":       "f.csv:3: b: found nothing, expected a finite number",
		"a\n1\n":               "f.csv:1: b: found no such column",
		"a,b\n":                "found a header only",
		"":                     "found an empty file",
	} {
		_, err := DecodeRecords("f.csv", strings.NewReader(text), int64(len(text)), RecordColumns{Either: []string{"a", "b"}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzDecodeRecords(f *testing.F) {
	f.Add(visitsTable)
	f.Add("month,pages\n,\n1,\"a\n")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := DecodeRecords("f.csv", strings.NewReader(text), int64(len(text)), RecordColumns{Either: []string{"month", "pages"}})
		if err != nil {
			return
		}
		for j := range r.Names {
			if len(r.Number[j])+len(r.Word[j]) != r.Rows {
				t.Errorf("column %d of %d rows: %d numbers, %d words", j, r.Rows, len(r.Number[j]), len(r.Word[j]))
			}
		}
	})
}
