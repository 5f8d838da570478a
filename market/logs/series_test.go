package logs

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/data/shared"
)

// long reads all series of a table.
func long(t testing.TB, text string, columns SeriesColumns, options ReadOptions) ([]Observations, error) {
	t.Helper()
	var all []Observations
	err := DecodeSeries(context.Background(), "f.csv", strings.NewReader(text), int64(len(text)), columns, options, func(o Observations) error {
		all = append(all, o)
		return nil
	})
	return all, err
}

// place1 reads the one series of a table and puts it on its grid.
func place1(t testing.TB, text string, columns SeriesColumns, p Placing) (Series, error) {
	t.Helper()
	all, err := long(t, text, columns, ReadOptions{})
	if err != nil {
		return Series{}, err
	}
	if len(all) != 1 {
		t.Fatalf("%d series", len(all))
	}
	return all[0].Regular(p)
}

var timed = SeriesColumns{Value: "y", Time: "t"}

// The series of R's datasets package, with the frequency and the start that R gives them.
func TestRSeriesHaveTheStepAndTheStartThatRKnows(t *testing.T) {
	path := shared.Path(t, "data", "series", "series.csv")
	want := map[string]string{
		"lh": "1 48 1 1 48", "LakeHuron": "1 98 1 1875 1972", "USAccDeaths": "month 72 12 1973-01 1978-12", "AirPassengers": "month 144 12 1949-01 1960-12",
		"WWWusage": "1 100 1 1 100", "presidents": "quarter 120 4 1945Q1 1974Q4", "Nile": "1 100 1 1871 1970", "UKgas": "quarter 108 4 1960Q1 1986Q4",
		"sunspot.year": "1 289 1 1700 1988", "lynx": "1 114 1 1821 1934", "nottem": "month 240 12 1920-01 1939-12", "uspop": "10 19 1 1790 1970",
		"UKDriverDeaths": "month 192 12 1969-01 1984-12", "sunspots": "month 2820 12 1749-01 1983-12", "airmiles": "1 24 1 1937 1960",
		"discoveries": "1 100 1 1860 1959", "gas": "month 476 12 1956-01 1995-08",
	}
	n := 0
	err := ReadSeries(context.Background(), path, SeriesColumns{Value: "value", Time: "time", ID: []string{"series"}}, ReadOptions{}, func(o Observations) error {
		s, err := o.Regular(Placing{})
		if err != nil {
			return err
		}
		got := fmt.Sprintf("%s %d %d %s %s", s.Grid, len(s.Values), s.Grid.Season(), s.Label(0), s.Label(len(s.Values)-1))
		if got != want[s.ID] || len(s.Findings) > 0 {
			t.Errorf("%s: got %s, want %s; %v", s.ID, got, want[s.ID], s.Findings)
		}
		n++
		return nil
	})
	if err != nil || n != len(want) {
		t.Errorf("%d series, %v", n, err)
	}
}

func TestTimesOfEveryFormAndTheirSteps(t *testing.T) {
	for _, c := range []struct{ times, want string }{
		{"1 2 3", "1 from 1: 1 2 3, then 4"},
		{"10 20 30 50", "10 from 1: 10 20 30 NA 50, then 60"},
		{"1949 1949.083 1949.167 1949.25", "month from 23388: 1949-01 1949-02 1949-03 1949-04, then 1949-05"},
		{"1949.08 1949.17 1949.25 1949.33", "month from 23389: 1949-02 1949-03 1949-04 1949-05, then 1949-06"},
		{"1949.25 1949.5 1949.75 1950", "quarter from 7797: 1949Q2 1949Q3 1949Q4 1950Q1, then 1950Q2"},
		{"2000 2000.5 2001.5", "2 quarters from 4000: 2000-01 2000-07 NA 2001-07, then 2002-01"},
		{"0.25 0.5 0.75", "0.25 from 1: 0.25 0.5 0.75, then 1"},
		{"2020.0192 2020.0385 2020.0577 2020.0769", "0.0192308 from 105041: 2020.019231 2020.038462 2020.057692 2020.076923, then 2020.096154"},
		{"2024-01-30 2024-01-31 2024-02-01", "day from 19752: 2024-01-30 2024-01-31 2024-02-01, then 2024-02-02"},
		{"2024-01-05 2024-01-12 2024-01-26", "week from 2818: 2024-01-05 2024-01-12 NA 2024-01-26, then 2024-02-02"},
		{"2024-01-31 2024-02-29 2024-03-31 2024-04-30", "month from 24288: 2024-01-31 2024-02-29 2024-03-31 2024-04-30, then 2024-05-31"},
		{"2024-01-15 2024-02-15 2024-04-15", "month from 24288: 2024-01-15 2024-02-15 NA 2024-04-15, then 2024-05-15"},
		{"2023-02-01 2023-03-01", "month from 24277: 2023-02-01 2023-03-01, then 2023-04-01"},
		{"2023-01-01 2023-01-29 2023-02-26 2023-03-26", "4 weeks from 691: 2023-01-01 2023-01-29 2023-02-26 2023-03-26, then 2023-04-23"},
		{"2022-03-31 2022-06-30 2022-09-30 2022-12-31", "quarter from 8088: 2022-03-31 2022-06-30 2022-09-30 2022-12-31, then 2023-03-31"},
		{"2019-12-31 2020-12-31 2021-12-31", "year from 2019: 2019-12-31 2020-12-31 2021-12-31, then 2022-12-31"},
		{"20240228 20240229 20240301", "day from 19781: 2024-02-28 2024-02-29 2024-03-01, then 2024-03-02"},
		{"2024-01 2024-02 2024-03", "month from 24288: 2024-01 2024-02 2024-03, then 2024-04"},
		{"2023Q4 2024Q1 2024-Q2", "quarter from 8095: 2023Q4 2024Q1 2024Q2, then 2024Q3"},
		{"2020-W53 2021-W01 2021W02", "week from 2660: 2020-W53 2021-W01 2021-W02, then 2021-W03"},
		{"2024-01-01T22:00 2024-01-01T23:00:00Z 2024-01-02T00:00:00.000+01:00", "hour from 473374: 2024-01-01T22:00 2024-01-01T23:00 2024-01-02T00:00, then 2024-01-02T01:00"},
		{"2024-01-01T00:00 2024-01-02 2024-01-03T00:00", "day from 19723: 2024-01-01 2024-01-02 2024-01-03, then 2024-01-04"},
		{"2024-02-29", "day from 19782: 2024-02-29, then 2024-03-01"},
	} {
		text := "t,y\n"
		for _, at := range strings.Fields(c.times) {
			text += at + ",1\n"
		}
		s, err := place1(t, text, timed, Placing{})
		if err != nil {
			t.Errorf("%s: %v", c.times, err)
			continue
		}
		got := fmt.Sprintf("%s from %d:", s.Grid, s.Start)
		for i, v := range s.Values {
			if math.IsNaN(v) {
				got += " NA"
			} else {
				got += " " + s.Label(i)
			}
		}
		if got += ", then " + s.Label(len(s.Values)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.times, got, c.want)
		}
	}
}

func TestABadSeriesTableIsOneErrorThatNamesThePlace(t *testing.T) {
	ids := SeriesColumns{Value: "y", Time: "t", ID: []string{"store", "sku"}, Regressors: []string{"price"}}
	const header = "store,sku,t,y,price\n"
	for name, c := range map[string]struct{ text, want string }{
		"empty file":       {"", "f.csv: found an empty file"},
		"header only":      {header, "f.csv: found a header only, expected at least one row"},
		"missing column":   {"store,sku,t,y,prise\n1,1,1,1,1\n", `f.csv:1: price: found no such column, expected one of the file's columns, nearest "prise"`},
		"semicolons":       {"store;sku;t;y;price\n1;1;1;1;1\n", "f.csv:1: store: found no such column, expected one of the file's columns; the header has one column"},
		"ragged row":       {header + "1,1,1,1,1\n1,1,2,1\n", "f.csv:3: found another number of fields than the header's, expected 5 fields"},
		"text":             {header + "1,1,1,1,1\n1,1,2,many,1\n", `f.csv:3: y: found "many", expected a finite number`},
		"decimal comma":    {header + "1,1,1,\"1,5\",1\n", `f.csv:2: y: found "1,5", expected a finite number`},
		"infinity":         {header + "1,1,1,-Inf,1\n", `f.csv:2: y: found "-Inf", expected a finite number`},
		"infinite driver":  {header + "1,1,1,1,1e999\n", `f.csv:2: price: found "1e999", expected a finite number`},
		"no id":            {header + "1,,1,1,1\n", "f.csv:2: sku: found nothing, expected the id of a series"},
		"no time":          {header + "1,1,NA,1,1\n", "f.csv:2: t: found a missing value, expected a time"},
		"American date":    {header + "1,1,01/31/2024,1,1\n", `f.csv:2: t: found "01/31/2024", expected a number, a date (2024-01-31)`},
		"no such day":      {header + "1,1,2023-02-29,1,1\n", `f.csv:2: t: found "2023-02-29", expected`},
		"no such week":     {header + "1,1,2024-W53,1,1\n", `f.csv:2: t: found "2024-W53", expected`},
		"no such quarter":  {header + "1,1,2024Q5,1,1\n", `f.csv:2: t: found "2024Q5", expected`},
		"no such minute":   {header + "1,1,2024-01-01T10:60,1,1\n", `f.csv:2: t: found "2024-01-01T10:60", expected`},
		"two ways":         {header + "1,1,2024-01-31,1,1\n1,1,2024-02,1,1\n", "f.csv:3: t: found a time written in another way than those before"},
		"apart, two ways":  {header + "1,1,2024-01-31,1,1\n2,1,2024-01-31,1,1\n1,1,7,1,1\n", "f.csv:4: t: found a time written in another way than those before"},
		"second row":       {header + "a,b,2024-01-31,1,1\na,b,2024-01-31,2,1\n", `f.csv:3: t: found a second row for 2024-01-31 of series "a,b", with 2 where row 2 has 1, expected one row a period`},
		"no step":          {header + "a,b,2024-01-01,1,1\na,b,2024-01-08,2,1\na,b,2024-01-15,2,1\na,b,2024-01-19,2,1\n", `f.csv:5: t: found 1 of 4 times of series "a,b" that do not fit the most frequent step, a week`},
		"one slip of date": {header + "a,b,2024-01-01,1,1\na,b,2024-01-02,2,1\na,b,9024-01-03,2,1\n", `f.csv: t: found 2024-01-01 to 9024-01-03, 2556700 periods of a day, for 3 rows of series "a,b"`},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := long(t, c.text, ids, ReadOptions{})
			for _, o := range all {
				if err == nil {
					_, err = o.Regular(Placing{})
				}
			}
			refused(t, err, c.want)
		})
	}
	_, err := long(t, header, SeriesColumns{}, ReadOptions{})
	refused(t, err, "value: found nothing")
	_, err = long(t, header, SeriesColumns{Value: "y", Time: "y"}, ReadOptions{})
	refused(t, err, "y: found the column named twice")
	_, err = long(t, header+"1,tuna,1,1,1\n2,tuna,1,1,1\n", ids, ReadOptions{Only: "1,tune"})
	refused(t, err, `f.csv: store,sku: found no series "1,tune", expected the id of a series, nearest "1,tuna"`)
}

func TestMissingCellsAndIdsOfSeveralColumns(t *testing.T) {
	text := "\ufeffsku,store,y,price\r\n\"a,b\",1,NA,1\r\nc,1,NULL,2\r\n\"a,b\",1,3,\r\nc,2,NaN,4\r\n"
	columns := SeriesColumns{Value: "y", ID: []string{"store", "sku"}, Regressors: []string{"price"}}
	all, err := long(t, text, columns, ReadOptions{})
	if err != nil || len(all) != 3 {
		t.Fatalf("%d series, %v", len(all), err)
	}
	got := ""
	for _, o := range all {
		got += fmt.Sprint(o.ID, o.Values, o.Regressors, " ")
	}
	if want := `1,"a,b"[NaN 3] [[1 NaN]] 1,c[NaN] [[2]] 2,c[NaN] [[4]] `; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	only, err := long(t, text, columns, ReadOptions{Only: "1,c"})
	if err != nil || len(only) != 1 || only[0].ID != "1,c" {
		t.Errorf("%v, %v", only, err)
	}
}

// table writes a table of series × periods, each row once, in the order that less gives of (series, period).
func table(series, periods int, byTime bool) string {
	var b strings.Builder
	b.WriteString("id,t,y,x\n")
	for i := range series * periods {
		k, t := i/periods, i%periods
		if byTime {
			k, t = i%series, i/series
		}
		fmt.Fprintf(&b, "s%d,%d,%d,%d\n", k, t+1, 1000*k+t, t%7)
	}
	return b.String()
}

var panel = SeriesColumns{Value: "y", Time: "t", ID: []string{"id"}, Regressors: []string{"x"}}

// Rows that stand together stream; rows that do not wait in memory or in files; the series are the same.
func TestTheOrderOfTheRowsDoesNotMatterToTheSeries(t *testing.T) {
	want, err := long(t, table(30, 50, false), panel, ReadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	for _, options := range []ReadOptions{{}, {Folder: folder}} {
		got := spilling(t, table(30, 50, true), options, 100)
		if a, b := plain(got), plain(want); a != b {
			t.Errorf("in %q: got %s, want %s", options.Folder, a, b)
		}
	}
	if left, _ := os.ReadDir(folder); len(left) > 0 {
		t.Errorf("%d files are left", len(left))
	}
}

// spilling reads a table with few rows to a file.
func spilling(t testing.TB, text string, options ReadOptions, rows int) []Observations {
	t.Helper()
	var all []Observations
	r := &seriesReader{ctx: context.Background(), name: "f.csv", data: strings.NewReader(text), size: int64(len(text)), columns: panel, options: options,
		spillRows: rows, yield: func(o Observations) error { all = append(all, o); return nil }}
	if err := r.read(); err != nil {
		t.Fatal(err)
	}
	return all
}

// plain writes series without the places of their rows.
func plain(all []Observations) string {
	var b strings.Builder
	for _, o := range all {
		fmt.Fprintln(&b, o.ID, o.times, o.Values, o.Regressors)
	}
	return b.String()
}

func TestReadingStopsCleanlyOnAnErrorAndWhenCancelled(t *testing.T) {
	folder, text := t.TempDir(), table(30, 500, true)
	stop := errors.New("stop")
	for _, want := range []error{stop, context.Canceled} {
		for name, text := range map[string]string{"apart": text, "together": table(30, 500, false)} {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			r := &seriesReader{ctx: ctx, name: "f.csv", data: strings.NewReader(text), size: int64(len(text)), columns: panel, options: ReadOptions{Folder: folder},
				spillRows: 1000, yield: func(Observations) error {
					if want == stop {
						return stop
					}
					cancel()
					return nil
				}}
			if err := r.read(); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
			if left, _ := os.ReadDir(folder); len(left) > 0 {
				t.Errorf("%s: %d files are left", name, len(left))
			}
		}
	}
	_, err := long(t, text, panel, ReadOptions{Folder: filepath.Join(folder, "none")})
	if err != nil {
		t.Errorf("few rows need no folder: %v", err)
	}
	r := &seriesReader{ctx: context.Background(), name: "f.csv", data: strings.NewReader(text), size: int64(len(text)), columns: panel,
		options: ReadOptions{Folder: filepath.Join(folder, "none")}, spillRows: 1000}
	refused(t, r.read(), filepath.Join(folder, "none")+": found no such file or directory, expected a folder to write to")
}
