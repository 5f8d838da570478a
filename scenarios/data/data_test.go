package data_test

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"strconv"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/souk-sim/souk/scenarios/data"
	"github.com/souk-sim/souk/scenarios/data/shared"
)

var update = flag.Bool("update", false, "write tuna.parquet from ../shared/data/store/tuna.csv")

// TestTunaIsTheOriginalBitForBit makes tuna.parquet again from the original CSV and compares the bytes; with -update it
// writes the file.
func TestTunaIsTheOriginalBitForBit(t *testing.T) {
	text, err := os.ReadFile(shared.Path(t, "data", "store", "tuna.csv"))
	if err != nil {
		t.Fatal(err)
	}
	made := tunaParquet(t, text)
	if *update {
		if err := os.WriteFile("tuna.parquet", made, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := fs.ReadFile(data.Files(), "tuna.parquet")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(made, kept) && !*update {
		t.Errorf("tuna.parquet (%d bytes) is not what its command makes (%d bytes)", len(kept), len(made))
	}
}

// tunaParquet converts the CSV: each column keeps its place and its values, under a snake_case name.
func tunaParquet(t *testing.T, text []byte) []byte {
	records, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	type column struct {
		name  string
		whole bool
	}
	columns := []column{{"week", true}}
	for _, group := range []column{{"units", true}, {"display", false}, {"log_price", false}, {"log_wholesale", false}} {
		for brand := 1; brand <= 7; brand++ {
			columns = append(columns, column{fmt.Sprintf("%s_%d", group.name, brand), group.whole})
		}
	}
	columns = append(columns, column{"customers", false})

	// Parquet keeps the order of a struct's fields, where a parquet.Group would sort its columns by name.
	fields := make([]reflect.StructField, len(columns))
	for i, c := range columns {
		kind := reflect.TypeFor[float64]()
		if c.whole {
			kind = reflect.TypeFor[int64]()
		}
		fields[i] = reflect.StructField{Name: fmt.Sprintf("C%d", i), Type: kind, Tag: reflect.StructTag(`parquet:"` + c.name + `,zstd"`)}
	}
	schema := parquet.SchemaOf(reflect.New(reflect.StructOf(fields)).Interface())
	var out bytes.Buffer
	w := parquet.NewWriter(&out, schema, parquet.CreatedBy("souk", "1", "scenarios/data"), parquet.KeyValueMetadata("schema_version", "1"))
	for _, record := range records[1:] {
		row := make(parquet.Row, len(columns))
		for i, c := range columns {
			v, err := strconv.ParseFloat(record[i], 64)
			if err != nil {
				t.Fatal(err)
			}
			row[i] = parquet.DoubleValue(v).Level(0, 0, i)
			if c.whole {
				if v != float64(int64(v)) {
					t.Fatalf("%s holds %v, which is not whole", c.name, v)
				}
				row[i] = parquet.Int64Value(int64(v)).Level(0, 0, i)
			}
		}
		if _, err := w.WriteRows([]parquet.Row{row}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
