package logs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
	path := filepath.Join("..", "..", "..", "shared", "data", "series", "series.csv")
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the series are not here: %v", err)
	}
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
