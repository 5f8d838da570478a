package logs

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

// sale has a column of every type that a series can be read from.
type sale struct {
	Store   string    `parquet:"store,dict"`
	SKU     int32     `parquet:"sku"`
	Date    int32     `parquet:"date,date"`
	Stamp   time.Time `parquet:"stamp,timestamp(microsecond)"`
	Text    string    `parquet:"text"`
	Week    int64     `parquet:"week"`
	Decimal int64     `parquet:"decimal,decimal(2:12)"`
	Wide    [13]byte  `parquet:"wide,decimal(2:30)"`
	Float   *float32  `parquet:"float,optional"`
	Double  float64   `parquet:"double"`
	Flag    bool      `parquet:"flag"`
	List    []float64 `parquet:"list"`
}

func sales() []byte {
	var rows []sale
	for i := range 1200 { // more than two batches, in row groups of 500
		half := float32(i) / 2
		r := sale{Store: fmt.Sprintf("s%d", i/600), SKU: 7, Date: int32(19722 + i), Stamp: time.Unix(int64(i)*3600, 0).UTC(), Text: day(19722 + i).Format(time.DateOnly),
			Week: int64(i), Decimal: int64(-i * 25), Float: &half, Double: float64(i) / 4, Flag: i%2 == 1}
		for k := range r.Wide {
			r.Wide[k] = 0xff // −1
		}
		if i%3 == 0 {
			r.Float = nil
		}
		rows = append(rows, r)
	}
	var b bytes.Buffer
	if err := parquet.Write(&b, rows, parquet.MaxRowsPerRowGroup(500), parquet.PageBufferSize(300)); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func readSales(raw []byte, columns SeriesColumns) (string, error) {
	told := ""
	err := DecodeSeries(context.Background(), "f.parquet", bytes.NewReader(raw), int64(len(raw)), columns, ReadOptions{}, func(o Observations) error {
		s, err := o.Regular(Placing{})
		n := len(s.Values)
		if err == nil {
			told += fmt.Sprintf("%s: %d from %s, %s, %v %v; ", s.ID, n, s.Label(0), s.Grid, s.Values[1], s.Values[n-1])
		}
		return err
	})
	return told, err
}

func TestParquetTypesOfSeries(t *testing.T) {
	raw := sales()
	ids := []string{"store", "sku"}
	for _, c := range []struct {
		columns SeriesColumns
		want    string
	}{
		{SeriesColumns{Value: "double", Time: "date", ID: ids}, "s0,7: 600 from 2023-12-31, day, 0.25 149.75; s1,7: 600 from 2025-08-22, day, 150.25 299.75; "},
		{SeriesColumns{Value: "decimal", Time: "stamp"}, ": 1200 from 1970-01-01T00:00, hour, -0.25 -299.75; "},
		{SeriesColumns{Value: "wide", Time: "text"}, ": 1200 from 2023-12-31, day, -0.01 -0.01; "},
		{SeriesColumns{Value: "float", Time: "week"}, ": 1200 from 0, 1, 0.5 599.5; "},
		{SeriesColumns{Value: "flag", ID: []string{"sku"}}, "7: 1200 from 1, 1, 1 1; "},
		{SeriesColumns{Value: "week"}, ": 1200 from 1, 1, 1 1199; "},
	} {
		if got, err := readSales(raw, c.columns); got != c.want || err != nil {
			t.Errorf("%+v: got %q, %v, want %q", c.columns, got, err, c.want)
		}
	}
	for want, c := range map[string]SeriesColumns{
		"f.parquet: text: found a column of type STRING, expected a column of numbers":                                       {Value: "text"},
		"f.parquet: date: found a column of type DATE, expected a column of numbers":                                         {Value: "date"},
		"f.parquet: stamp: found a column of type TIMESTAMP(isAdjustedToUTC=true,unit=MICROS), expected a column of numbers": {Value: "stamp"},
		"f.parquet: list: found a column of type list or group, expected a column of numbers":                                {Value: "list"},
		"f.parquet: decimal: found a column of type DECIMAL(12,2), expected a column of numbers, dates, timestamps or texts": {Value: "double", Time: "decimal"},
		"f.parquet: row 2: double: found 0.25, expected a text or a whole number":                                            {Value: "week", ID: []string{"double"}},
		`f.parquet: duoble: found no such column, expected one of the file's columns, nearest "double"`:                      {Value: "duoble"},
		`f.parquet: row 1: store: found "s0", expected a number, a date`:                                                     {Value: "double", Time: "store"},
	} {
		_, err := readSales(raw, c)
		refused(t, err, want)
	}
}

func TestAPanicOfTheReaderOfSeriesIsNotTakenForADamagedFile(t *testing.T) {
	defer func() {
		if r := recover(); r != "mine" {
			t.Errorf("recovered %v", r)
		}
	}()
	raw := sales()
	DecodeSeries(context.Background(), "f.parquet", bytes.NewReader(raw), int64(len(raw)), SeriesColumns{Value: "week"}, ReadOptions{}, func(Observations) error { panic("mine") })
}

func TestEventsAreReadWithTheirDays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.csv")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("event,date,note\nfair,2024-05-01,\neaster,20240331,x\nfair,2024-05-02T10:00,\n")
	events, err := ReadEvents(path)
	if got := fmt.Sprint(events); err != nil || got != "[{fair [2024-05-01 00:00:00 +0000 UTC 2024-05-02 00:00:00 +0000 UTC]} {easter [2024-03-31 00:00:00 +0000 UTC]}]" {
		t.Errorf("%s, %v", got, err)
	}
	for text, want := range map[string]string{
		"event,date\nfair,\n":        ":2: date: found a missing value, expected a date",
		"event,date\nfair,2024-05\n": ":2: date: found no date, expected a date",
		"event,date\nfair,17\n":      ":2: date: found no date, expected a date",
		"event,date\n,2024-05-01\n":  ":2: event: found nothing, expected the name",
		"event,day\nfair,1\n":        ":1: date: found no such column",
	} {
		write(text)
		_, err := ReadEvents(path)
		refused(t, err, path+want)
	}
}

// Whatever the time, it is refused or stands on a grid whose label for it is read as the same period again.
func FuzzTime(f *testing.F) {
	for _, text := range []string{"2024-01-31", "2024-02-29T23:59:60.5+01:00", "2024-W53", "2024Q4", "2024-12", "1949.083", "20240131", "-1e9", "0000-01-01", "9999-12-31 00:00Z"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, ok := parseTime(text)
		if !ok {
			return
		}
		if c.form == formNone || math.IsNaN(c.number) || math.IsInf(c.number, 0) {
			t.Fatalf("%q is %+v", text, c)
		}
		grid, form := detect([]float64{c.number}, c.form)
		if c.form != form || form == formNumber {
			return // rewritten, or rounded by its label
		}
		k, exact := grid.period(c.number, form)
		again, ok := parseTime(grid.Label(k))
		if at, _ := grid.period(again.number, again.form); !ok || !exact || at != k {
			t.Fatalf("%q is period %d of a %s, its label %q is period %d", text, k, grid, grid.Label(k), at)
		}
		grid.Opens(k)
	})
}

// Whatever the bytes, the reader gives sound series or an error with a place, and the ways of reading agree.
func FuzzSeries(f *testing.F) {
	f.Add([]byte("id,t,y,x\na,2024-01-01,1,2\nb,2024-01-01,,3\na,2024-01-02,4,NA\n"))
	f.Add([]byte("id,t,y,x\na,1,1,2\na,3,1,2\na,2,5,2\n"))
	f.Add([]byte("id,t,y,x\na,1949.083,1,2\na,1949.167,1,2\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		all, err := long(t, string(raw), panel, ReadOptions{})
		if err != nil {
			sound(t, Panel{}, err)
			return
		}
		if b := plain(spilling(t, string(raw), ReadOptions{Folder: t.TempDir()}, 2)); b != plain(all) {
			t.Fatalf("%s\nis not\n%s", b, plain(all))
		}
		for _, o := range all {
			for _, p := range []Placing{{}, {Combine: Sum}, {Step: "week", Combine: Mean, Zero: true}} {
				s, err := o.Regular(p)
				if err != nil {
					sound(t, Panel{}, err)
					continue
				}
				if len(s.Values) == 0 || len(s.Values) > 1000+farApart*len(o.Values) || len(s.Regressors) != 1 || len(s.Regressors[0]) != len(s.Values) {
					t.Fatalf("%+v", s)
				}
				s.FlagOutliers(s.Grid.Season(), true)
				s.Label(len(s.Values))
				s.Resample(Resampling{Step: "month", Combine: Sum})
			}
		}
	})
}

// BenchmarkReadSeries reads 300,000 rows of 300 series, sorted by id (they stream) and by time (they wait in memory).
func BenchmarkReadSeries(b *testing.B) {
	type row struct {
		ID string  `parquet:"id,dict"`
		T  int32   `parquet:"t"`
		Y  float64 `parquet:"y"`
		X  float64 `parquet:"x"`
	}
	const series, periods = 300, 1000
	rows := make([]row, series*periods)
	for i := range rows {
		rows[i] = row{fmt.Sprintf("s%d", i/periods), int32(i%periods + 1), float64(i), float64(i % 7)}
	}
	for _, c := range []struct {
		name string
		raw  []byte
	}{
		{"csv", []byte(table(series, periods, false))},
		{"csv-by-time", []byte(table(series, periods, true))},
		{"parquet", write(b, rows)},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				err := DecodeSeries(context.Background(), "f."+strings.TrimSuffix(c.name, "-by-time"), bytes.NewReader(c.raw), int64(len(c.raw)), panel, ReadOptions{}, func(o Observations) error {
					_, err := o.Regular(Placing{})
					n += len(o.Values)
					return err
				})
				if err != nil || n != len(rows) {
					b.Fatal(n, err)
				}
			}
			b.ReportMetric(float64(b.N*len(rows))/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
