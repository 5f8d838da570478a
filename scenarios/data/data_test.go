package data_test

import (
	"bytes"
	"encoding/csv"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/souk-sim/souk/scenarios/data"
	"github.com/souk-sim/souk/scenarios/data/shared"
)

var update = flag.Bool("update", false, "write the bundled data from ../shared/data")

// TestBundledDataAreTheOriginalsBitForBit makes each file again from the original CSV and compares the bytes; with -update it writes the file.
func TestBundledDataAreTheOriginalsBitForBit(t *testing.T) {
	for name, convert := range map[string]func(*testing.T) []byte{"tuna.parquet": tuna, "margarine.parquet": margarine, "orange-juice.parquet": orangeJuice} {
		t.Run(name, func(t *testing.T) {
			made := convert(t)
			if *update {
				if err := os.WriteFile(name, made, 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			kept, err := fs.ReadFile(data.Files(), name)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(made, kept) {
				t.Errorf("%s (%d bytes) is not what its command makes (%d bytes)", name, len(kept), len(made))
			}
		})
	}
}

// records are those of a CSV below ../shared/data, without the header.
func records(t *testing.T, parts ...string) [][]string {
	text, err := os.ReadFile(shared.Path(t, append([]string{"data"}, parts...)...))
	if err != nil {
		t.Fatal(err)
	}
	all, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[1:]
}

type column struct {
	name  string
	whole bool
}

// tuna keeps every column in its place with its values, under a snake_case name.
func tuna(t *testing.T) []byte {
	columns := []column{{"week", true}}
	for _, group := range []column{{"units", true}, {"display", false}, {"log_price", false}, {"log_wholesale", false}} {
		for brand := 1; brand <= 7; brand++ {
			columns = append(columns, column{fmt.Sprintf("%s_%d", group.name, brand), group.whole})
		}
	}
	return parquetOf(t, append(columns, column{"customers", false}), records(t, "store", "tuna.csv"))
}

// margarine numbers the households in their order, names the columns of prices, and adds two of the households' traits.
func margarine(t *testing.T) []byte {
	columns := []column{{"household", true}, {"choice", true}}
	for _, brand := range []string{"parkay_stick", "blue_bonnet_stick", "fleischmanns_stick", "house_stick", "generic_stick",
		"imperial_stick", "shed_spread_tub", "parkay_tub", "fleischmanns_tub", "house_tub"} {
		columns = append(columns, column{"price." + brand, false})
	}
	columns = append(columns, column{"income", false}, column{"family_size", true})
	traits := map[string][]string{}
	for _, r := range records(t, "choice", "margarine_demos.csv") {
		traits[r[0]] = []string{r[1], r[4]}
	}
	number := map[string]string{}
	rows := records(t, "choice", "margarine.csv")
	for i, r := range rows {
		if number[r[0]] == "" {
			number[r[0]] = strconv.Itoa(len(number) + 1)
		}
		rows[i] = slices.Concat([]string{number[r[0]]}, r[1:], traits[r[0]])
	}
	return parquetOf(t, columns, rows)
}

// parquetOf writes columns of numbers.
func parquetOf(t *testing.T, columns []column, records [][]string) []byte {
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
	for _, record := range records {
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
