package logs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/souk-sim/souk/scenarios/data"
	"github.com/souk-sim/souk/scenarios/data/shared"
	"github.com/souk-sim/souk/scenarios/field"
)

var brands = []string{"star-kist", "chicken-of-the-sea", "bumble-bee-solid", "bumble-bee-chunk", "geisha", "bumble-bee-large", "hh-chunk-lite"}

// tunaColumns maps the tuna panel; %d stands for the brand's number.
func tunaColumns(period, units, display, price, wholesale, customers string) Columns {
	c := Columns{Period: period, Customers: customers}
	for i, name := range brands {
		at := func(format string) string { return fmt.Sprintf(format, i+1) }
		c.Products = append(c.Products, ProductColumns{Name: name, Units: at(units), Display: at(display), LogPrice: at(price), LogWholesale: at(wholesale)})
	}
	return c
}

func tuna(t testing.TB) Panel {
	t.Helper()
	raw, err := fs.ReadFile(data.Files(), "tuna.parquet")
	if err != nil {
		t.Fatal(err)
	}
	c := tunaColumns("week", "units_%d", "display_%d", "log_price_%d", "log_wholesale_%d", "customers")
	p, err := Decode("tuna.parquet", bytes.NewReader(raw), int64(len(raw)), c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestTunaReadsTheSameFromParquetAndFromTheOriginalCSV(t *testing.T) {
	got := tuna(t)
	if len(got.Periods) != 338 || got.Periods[0] != 1 || got.Periods[337] != 398 {
		t.Fatalf("%d weeks, %d to %d", len(got.Periods), got.Periods[0], got.Periods[len(got.Periods)-1])
	}
	path := shared.Path(t, "data", "store", "tuna.csv")
	want, err := Read(path, tunaColumns("WEEK", "MOVE%d", "NSALE%d", "LPRICE%d", "LWHPRIC%d", "FULLCUST"))
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, want)
}

// same compares bit for bit.
func same(t *testing.T, a, b Panel) {
	t.Helper()
	if x, y := fmt.Sprint(a.Products, a.Periods), fmt.Sprint(b.Products, b.Periods); x != y {
		t.Fatalf("%s\nis not\n%s", x, y)
	}
	for i := range a.Periods {
		for j, pair := range [][2][]float64{{a.Units[i], b.Units[i]}, {a.Price[i], b.Price[i]}, {a.Wholesale[i], b.Wholesale[i]},
			{a.Display[i], b.Display[i]}, {a.Customers[i : i+1], b.Customers[i : i+1]}} {
			for k := range pair[0] {
				if math.Float64bits(pair[0][k]) != math.Float64bits(pair[1][k]) {
					t.Fatalf("period %d, matrix %d, product %d: %v is not %v", a.Periods[i], j, k, pair[0][k], pair[1][k])
				}
			}
		}
	}
}

func small() Columns {
	return Columns{Period: "week", Customers: "customers", Products: []ProductColumns{{Name: "tuna", Units: "units", Price: "price", LogWholesale: "lw", Display: "display"}}}
}

const header = "week,units,price,lw,display,customers\n"

func TestMissingCellsAreMissingAndColumnsMayStandInAnyOrder(t *testing.T) {
	text := "\ufeffcustomers,price,display,other,week,units,lw\r\n100,.5,NA,x,3,7,0\r\n,NaN,0.25,\"y,\nz\",5,,\r\n"
	p, err := Decode("a.csv", strings.NewReader(text), int64(len(text)), small())
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	same(t, p, Panel{Products: []string{"tuna"}, Periods: []int{3, 5}, Units: [][]float64{{7}, {nan}}, Price: [][]float64{{.5}, {nan}},
		Wholesale: [][]float64{{1}, {nan}}, Display: [][]float64{{nan}, {.25}}, Customers: []float64{100, nan}})
}

func TestABadCSVIsOneErrorThatNamesThePlace(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"empty file":         {"", "f.csv: found an empty file, expected a header and at least one row"},
		"blank lines":        {"\n\n", "f.csv: found an empty file, expected a header and at least one row"},
		"header only":        {header, "f.csv: found a header only, expected at least one row"},
		"text in a number":   {header + "1,2,3,0,0,9\n2,many,3,0,0,9\n", `f.csv:3: units: found "many", expected a finite number`},
		"text after quotes":  {header + "1,2,3,0,0,9\n\n\"2\",\"a\nb\",3,0,0,9\n", `f.csv:4: units: found "a\nb", expected a finite number`},
		"long text":          {header + strings.Repeat("é", 100) + ",2,3,0,0,9\n", `f.csv:2: week: found "` + strings.Repeat("é", 20) + `…", expected a finite number`},
		"infinite":           {header + "1,2,Inf,0,0,9\n", `f.csv:2: price: found "Inf", expected a finite number`},
		"overflow":           {header + "1,2,1e999,0,0,9\n", `f.csv:2: price: found "1e999", expected a finite number`},
		"hexadecimal":        {header + "1,0x10,1,0,0,9\n", `f.csv:2: units: found "0x10", expected a finite number`},
		"log overflow":       {header + "1,2,1,1000,0,9\n", `f.csv:2: lw: found 1000, expected the logarithm of a price`},
		"missing column":     {"week,units,pirce,lw,display,customers\n1,2,3,0,0,9\n", `f.csv:1: price: found no such column, expected one of the file's columns, nearest "pirce"`},
		"column twice":       {"week,units,price,price,lw,display,customers\n1,2,3,3,0,0,9\n", `f.csv:1: price: found the column twice, expected each column once`},
		"week twice":         {header + "1,2,3,0,0,9\n1,2,3,0,0,9\n", `f.csv:3: week: found 1 twice, expected each period once`},
		"weeks fall":         {header + "5,2,3,0,0,9\n3,2,3,0,0,9\n", `f.csv:3: week: found 3 after 5, expected periods that increase`},
		"half a week":        {header + "1.5,2,3,0,0,9\n", `f.csv:2: week: found 1.5, expected a whole number`},
		"no week":            {header + ",2,3,0,0,9\n", `f.csv:2: week: found a missing value, expected a period`},
		"short row":          {header + "1,2,3,0,0,9\n2,2,3\n", `f.csv:3: found another number of fields than the header's, expected 6 fields`},
		"quote left open":    {header + "1,\"2,3,0,0,9\n", `f.csv:2: found extraneous or missing " in quoted-field, expected comma-separated values (RFC 4180)`},
		"endless record":     {header + "1,\"" + strings.Repeat("2", 2*maxRecord), `f.csv: found a record of more than 1 MiB (a quote that is not closed?), expected comma-separated values`},
		"parquet by suffix":  {header, "f.parquet: found a truncated or damaged file"},
		"parquet by content": {"PAR1 and nothing more", "f.csv: found a truncated or damaged file"},
	} {
		t.Run(name, func(t *testing.T) {
			file := "f.csv"
			if name == "parquet by suffix" {
				file = "f.parquet"
			}
			_, err := Decode(file, strings.NewReader(c.text), int64(len(c.text)), small())
			refused(t, err, c.want)
		})
	}
}

// refused wants a field.Error that begins with want.
func refused(t *testing.T, err error, want string) {
	t.Helper()
	var bad *field.Error
	if !errors.As(err, &bad) {
		t.Fatalf("error %v is no *field.Error", err)
	}
	if !strings.HasPrefix(err.Error(), want) {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestAFileThatCannotBeReadIsNamed(t *testing.T) {
	dir := t.TempDir()
	_, err := Read(filepath.Join(dir, "none.csv"), small())
	refused(t, err, filepath.Join(dir, "none.csv")+": found no such file, expected a CSV or Parquet file")
	_, err = Read(dir, small())
	refused(t, err, dir+": found a folder, expected a CSV or Parquet file")
}

func TestAMappingThatMakesNoPanelIsRefused(t *testing.T) {
	product := ProductColumns{Name: "a", Units: "u", Price: "p"}
	for want, c := range map[string]Columns{
		"period: found nothing":                        {Products: []ProductColumns{product}},
		"products: found none":                         {Period: "w"},
		"products[0].name: found nothing":              {Period: "w", Products: []ProductColumns{{Units: "u", Price: "p"}}},
		`products[1].name: found "a" again`:            {Period: "w", Products: []ProductColumns{product, product}},
		"products[0].units: found nothing":             {Period: "w", Products: []ProductColumns{{Name: "a", Price: "p"}}},
		"products[0].price: found neither":             {Period: "w", Products: []ProductColumns{{Name: "a", Units: "u"}}},
		"products[0].price: found both":                {Period: "w", Products: []ProductColumns{{Name: "a", Units: "u", Price: "p", LogPrice: "q"}}},
		"products[0].wholesale: found wholesale and":   {Period: "w", Products: []ProductColumns{{Name: "a", Units: "u", Price: "p", Wholesale: "c", LogWholesale: "d"}}},
		`products[0].price: found "u", which products`: {Period: "w", Products: []ProductColumns{{Name: "a", Units: "u", Price: "u"}}},
	} {
		_, err := Decode("f.csv", strings.NewReader(header), int64(len(header)), c)
		refused(t, err, want)
	}
}

type good struct {
	Week      int32    `parquet:"week"`
	Units     int64    `parquet:"units"`
	Price     float64  `parquet:"price"`
	LW        *float32 `parquet:"lw,optional"`
	Display   float64  `parquet:"display"`
	Customers float64  `parquet:"customers"`
}

func write[T any](t testing.TB, rows []T, options ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := parquet.Write(&b, rows, options...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func decode(raw []byte) (Panel, error) {
	return Decode("f.parquet", bytes.NewReader(raw), int64(len(raw)), small())
}

func TestParquetTypesNullsAndRowGroups(t *testing.T) {
	zero := float32(0)
	p, err := decode(write(t, []good{{3, 7, .5, &zero, 0, 100}, {5, 8, .25, nil, 1, math.NaN()}, {6, 9, .75, &zero, 0, 50}}, parquet.MaxRowsPerRowGroup(2)))
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	same(t, p, Panel{Products: []string{"tuna"}, Periods: []int{3, 5, 6}, Units: [][]float64{{7}, {8}, {9}}, Price: [][]float64{{.5}, {.25}, {.75}},
		Wholesale: [][]float64{{1}, {nan}, {1}}, Display: [][]float64{{0}, {1}, {0}}, Customers: []float64{100, nan, 50}})
}

func TestABadParquetIsOneErrorThatNamesThePlace(t *testing.T) {
	type text struct {
		Week      int32   `parquet:"week"`
		Units     string  `parquet:"units"`
		Price     float64 `parquet:"price"`
		LW        float64 `parquet:"lw"`
		Display   float64 `parquet:"display"`
		Customers float64 `parquet:"customers"`
	}
	type list struct {
		Week      int32     `parquet:"week"`
		Units     []float64 `parquet:"units"`
		Price     float64   `parquet:"price"`
		LW        float64   `parquet:"lw"`
		Display   float64   `parquet:"display"`
		Customers float64   `parquet:"customers"`
	}
	type misspelt struct {
		Week  int32   `parquet:"week"`
		Unit  float64 `parquet:"unit"`
		Price float64 `parquet:"price"`
	}
	whole := write(t, []good{{Week: 1, Price: 1}, {Week: 2, Price: 1}})
	for name, c := range map[string]struct {
		raw  []byte
		want string
	}{
		"truncated":      {whole[:len(whole)/2], "f.parquet: found a truncated or damaged file"},
		"tail only":      {whole[len(whole)/2:], "f.parquet: found a truncated or damaged file"},
		"no rows":        {write(t, []good{}), "f.parquet: found a header only, expected at least one row"},
		"text":           {write(t, []text{{Week: 1}}), "f.parquet: units: found a column of type STRING, expected a column of numbers"},
		"list":           {write(t, []list{{Week: 1}}), "f.parquet: units: found a column of type list or group, expected a column of numbers"},
		"missing column": {write(t, []misspelt{{Week: 1}}), `f.parquet: customers: found no such column`},
		"infinite":       {write(t, []good{{Week: 1, Price: 1}, {Week: 2, Price: math.Inf(1)}}), "f.parquet: row 2: price: found +Inf, expected a finite number"},
		"week twice":     {write(t, []good{{Week: 4, Price: 1}, {Week: 4, Price: 1}}), "f.parquet: row 2: week: found 4 twice, expected each period once"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := decode(c.raw)
			refused(t, err, c.want)
		})
	}
}

func TestAParquetCutAnywhereIsNeverTakenForWhole(t *testing.T) {
	whole := write(t, []good{{Week: 1, Price: 1}, {Week: 2, Price: 1}})
	for n := range whole {
		if _, err := decode(whole[:n]); err == nil {
			t.Fatalf("the first %d of %d bytes were read as a whole file", n, len(whole))
		}
	}
}

func TestASplitMustBeInOrderAndInsideTheData(t *testing.T) {
	p := tuna(t)
	good := Split{Train: [2]int{1, 238}, Validation: [2]int{239, 318}, Test: [2]int{319, 398}}
	if err := good.Check(p); err != nil {
		t.Fatal(err)
	}
	for want, s := range map[string]Split{
		"train: found [5, 4], expected first period":               {[2]int{5, 4}, good.Validation, good.Test},
		"train: found [0, 238], expected periods in [1, 398]":      {[2]int{0, 238}, good.Validation, good.Test},
		"test: found [319, 399], expected periods in [1, 398]":     {good.Train, good.Validation, [2]int{319, 399}},
		"validation: found [238, 318], expected a first period af": {good.Train, [2]int{238, 318}, good.Test},
		"test: found [211, 211], expected a first period after":    {good.Train, good.Validation, [2]int{211, 211}},
		"validation: found [332, 354], expected at least one peri": {good.Train, [2]int{332, 354}, [2]int{372, 398}},
	} {
		refused(t, s.Check(p), want)
	}
	refused(t, good.Check(Panel{}), "train: found an empty panel")
	if n := []int{len(p.Between(good.Train).Periods), len(p.Between(good.Validation).Periods), len(p.Between(good.Test).Periods)}; n[0]+n[1]+n[2] != 338 {
		t.Errorf("parts of %v weeks do not add up to 338", n)
	}
}

// BenchmarkRead reads 100,000 rows of 6 columns.
func BenchmarkRead(b *testing.B) {
	rows := make([]good, 100000)
	text := []byte(header)
	for i := range rows {
		lw := float32(-0.5)
		rows[i] = good{Week: int32(i), Units: int64(i % 1000), Price: 0.79, LW: &lw, Display: 0.25, Customers: 1e6}
		text = fmt.Appendf(text, "%d,%d,0.79,-0.5,0.25,1000000\n", i, i%1000)
	}
	for name, raw := range map[string][]byte{"csv": text, "parquet": write(b, rows)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Decode("f."+name, bytes.NewReader(raw), int64(len(raw)), small()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*len(rows))/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func TestWithoutADisplayColumnNothingIsOnDisplay(t *testing.T) {
	columns := Columns{Period: "week", Products: []ProductColumns{{Name: "tuna", Units: "u", Price: "p"}, {Name: "cod", Units: "v", Price: "q", Display: "d"}}}
	text := "week,u,p,v,q,d\n1,2,3,4,5,\n2,2,3,4,5,.5\n"
	p, err := Decode("x.csv", strings.NewReader(text), int64(len(text)), columns)
	if err != nil || p.Display[0][0] != 0 || p.Display[1][0] != 0 || !math.IsNaN(p.Display[0][1]) || p.Display[1][1] != 0.5 {
		t.Errorf("%v, %v", p.Display, err)
	}
}
