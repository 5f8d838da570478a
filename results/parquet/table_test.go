package parquet

import (
	"bytes"
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"
)

func TestATableOfColumnsKnownAtRunTimeReadsBack(t *testing.T) {
	columns := []Column{{"store", Text, false}, {"h", Integer, false}, {"mean", Number, false}}
	write := func() []byte {
		var b bytes.Buffer
		table, err := NewTable(&b, "abc", columns)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 3000 {
			mean := float64(i) / 4
			if i%7 == 0 {
				mean = math.NaN()
			}
			if err := table.Write("s"+string(rune('a'+i%20)), int64(i), mean); err != nil {
				t.Fatal(err)
			}
		}
		if err := table.Write("x", int64(1), math.Inf(1)); err == nil {
			t.Error("writes an infinite number")
		}
		if err := table.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	file := write()
	if !bytes.Equal(file, write()) {
		t.Error("two files of the same rows differ")
	}
	type row struct {
		Store string   `parquet:"store"`
		H     int64    `parquet:"h"`
		Mean  *float64 `parquet:"mean,optional"`
	}
	rows, err := parquet.Read[row](bytes.NewReader(file), int64(len(file)))
	if err != nil || len(rows) != 3000 {
		t.Fatal(len(rows), err)
	}
	for i, r := range rows {
		if r.Store != "s"+string(rune('a'+i%20)) || r.H != int64(i) || (r.Mean == nil) != (i%7 == 0) || r.Mean != nil && *r.Mean != float64(i)/4 {
			t.Fatalf("row %d: %+v", i, r)
		}
	}
	f, err := parquet.OpenFile(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range f.Root().Columns() {
		if c.Name() != columns[i].Name {
			t.Errorf("column %d is %s", i, c.Name())
		}
	}
	for _, bad := range [][]Column{{{"", Text, false}}, {{"a", Text, false}, {"a", Number, false}}, {{"a,b", Text, false}}} {
		if _, err := NewTable(&bytes.Buffer{}, "", bad); err == nil {
			t.Errorf("makes a table of %v", bad)
		}
	}
}

func TestATableReadsBackByItsOwnColumns(t *testing.T) {
	var b bytes.Buffer
	table, err := NewTable(&b, "abc", []Column{{"unit", Text, false}, {"last", Flag, false}, {"allowed", Integers, false}, {"observation.a:b", Number, false}, {"action", Integer, false}})
	if err != nil {
		t.Fatal(err)
	}
	written := [][]any{{"ü", true, []int64{0, 3}, 0.5, int64(7)}, {"", false, []int64(nil), math.NaN(), int64(-1)}, {"x", false, []int64{2}, -1e300, int64(0)}}
	for _, row := range written {
		if err := table.Write(row...); err != nil {
			t.Fatal(err)
		}
	}
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	read := 0
	if err := ReadTable(bytes.NewReader(b.Bytes()), int64(b.Len()), func(columns []string, row []any) error {
		if want := []string{"unit", "last", "allowed", "observation.a:b", "action"}; !slices.Equal(columns, want) {
			t.Fatalf("columns %q", columns)
		}
		want := slices.Clone(written[read])
		if read == 1 {
			want[2], want[3] = nil, nil
		}
		if !reflect.DeepEqual(row, want) {
			t.Errorf("row %d: %#v, written %#v", read, row, want)
		}
		read++
		return nil
	}); err != nil || read != len(written) {
		t.Fatal(read, err)
	}
	stop := errors.New("enough")
	if err := ReadTable(bytes.NewReader(b.Bytes()), int64(b.Len()), func([]string, []any) error { return stop }); err != stop {
		t.Error(err)
	}
	for _, n := range []int{0, 4, b.Len() / 2, b.Len() - 1} {
		if err := ReadTable(bytes.NewReader(b.Bytes()), int64(n), func([]string, []any) error { return nil }); err == nil {
			t.Errorf("reads %d bytes of %d", n, b.Len())
		}
	}
}

func FuzzReadTable(f *testing.F) {
	good := encode(f, steps("sarsa", 1, 40), 40)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		_ = ReadTable(bytes.NewReader(data), int64(len(data)), func(columns []string, row []any) error {
			if len(columns) != len(row) {
				t.Fatalf("%d columns, a row of %d", len(columns), len(row))
			}
			return nil
		})
	})
}
