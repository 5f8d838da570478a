package logs

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// told writes values and findings.
func told(s Series) string {
	text := fmt.Sprint(s.Values)
	for _, f := range s.Findings {
		text += "; " + f.String()
	}
	return text
}

func TestWhatIsWrongWithTheRowsIsToldAndMended(t *testing.T) {
	for name, c := range map[string]struct {
		rows    string
		placing Placing
		want    string
	}{
		"nothing": {"2024-01-01,1 2024-01-02,2", Placing{}, "[1 2]"},
		"gaps": {"2024-01-01,1 2024-01-02,2 2024-01-05,3", Placing{},
			"[1 2 NaN NaN 3]; row 4, 2024-01-03: absent periods: found 2 periods without a row, 2024-01-03 to 2024-01-04, expected a row for each: treated as missing"},
		"many gaps": {"2024-01-01,1 2024-01-03,2 2024-01-04,2 2024-01-06,3 2024-01-07,3 2024-01-09,4 2024-01-10,4 2024-01-12,5 2024-01-13,5", Placing{Zero: true},
			"[1 0 2 2 0 3 3 0 4 4 0 5 5]; row 3, 2024-01-02: absent periods: found 4 periods without a row, 2024-01-02 … 2024-01-11, expected a row for each: taken as 0"},
		"no sales": {"2024-01-01,1 2024-01-02,2 2024-01-04,3", Placing{Zero: true},
			"[1 2 0 3]; row 4, 2024-01-03: absent periods: found 1 period without a row, expected a row for each: taken as 0"},
		"out of order": {"2024-01-03,3 2024-01-01,1 2024-01-02,2", Placing{},
			"[1 2 3]; row 3, 2024-01-01: rows out of order: found 2 rows earlier than one before, this the first, expected rows in the order of time: sorted"},
		"equal rows": {"2024-01-01,1 2024-01-02,2 2024-01-02,2 2024-01-03,3", Placing{},
			"[1 2 3]; row 4, 2024-01-02: repeated row: found 1 with the time and values of another, this the first, expected one row a period: dropped"},
		"summed": {"2024-01-01,1 2024-01-02,2 2024-01-02,5", Placing{Combine: Sum},
			"[1 7]; row 4, 2024-01-02: several rows of a period: found 1 periods, this the first, expected one row a period: summed"},
		"averaged": {"2024-01-01,1 2024-01-02,2 2024-01-02,5 2024-01-02,2", Placing{Combine: Mean},
			"[1 3.5]; row 5, 2024-01-02: repeated row: found 1 with the time and values of another, this the first, expected one row a period: dropped; " +
				"row 4, 2024-01-02: several rows of a period: found 1 periods, this the first, expected one row a period: averaged"},
		"a late delivery": {"2024-01-01,1 2024-01-08,1 2024-01-16,1 2024-01-22,1 2024-01-29,1 2024-02-05,1 2024-02-12,1 2024-02-19,1 2024-02-26,1 2024-03-04,2", Placing{},
			"[1 1 1 1 1 1 1 1 1 2]; row 4, 2024-01-15: time between the periods: found 1 times, this the first, expected times a week apart: moved to the period that holds it"},
		"ends of business months": {"2024-03-29,1 2024-04-30,2 2024-05-31,3 2024-06-28,4", Placing{Step: "month"}, "[1 2 3 4]"},
		"till receipts": {"2024-01-01T09:12,1 2024-01-01T09:12,1 2024-01-03T23:59:59,2 2024-01-03,4", Placing{Step: "day", Combine: Sum, Zero: true},
			"[2 0 6]; row 5, 2024-01-03: rows out of order: found 1 rows earlier than one before, this the first, expected rows in the order of time: sorted; " +
				"row 5, 2024-01-02: absent periods: found 1 period without a row, expected a row for each: taken as 0"},
		"weeks from Sunday":          {"2024-01-06,1 2024-01-07,2 2024-01-13,3 2024-01-14,4", Placing{Step: "week-sunday", Combine: Sum}, "[1 5 4]"},
		"a part of the sum unknown":  {"2024-01-01,1 2024-01-01,NA 2024-01-02,1", Placing{Step: "day", Combine: Sum}, "[NaN 1]"},
		"decimal years into quarter": {"1949,1 1949.0833,2 1949.1667,3 1949.25,4", Placing{Step: "quarter", Combine: Sum}, "[6 4]"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := place1(t, "t,y\n"+strings.ReplaceAll(c.rows, " ", "\n")+"\n", timed, c.placing)
			if err != nil {
				t.Fatal(err)
			}
			if got := told(s); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
	for want, p := range map[string]Placing{
		`step: found "decade", expected hour, day, week`:   {Step: "decade"},
		`step: found "week-noday", expected hour`:          {Step: "week-noday"},
		`step: found "day-monday", expected hour`:          {Step: "day-monday"},
		`combine: found "max", expected sum or mean`:       {Combine: "max"},
		`f.csv: t: found numbers, expected dates, to put `: {Step: "week"},
	} {
		_, err := place1(t, "t,y\n1,1\n", timed, p)
		refused(t, err, want)
	}
	_, err := place1(t, "y\n1\n", SeriesColumns{Value: "y"}, Placing{Step: "day"})
	refused(t, err, "f.csv: time: found no column of times")
}

// Any grid, any gaps: rows in whatever order make the same series.
func TestShuffledRowsMakeTheSameSeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.SampledFrom([]string{"hour", "day", "week", "week-sunday", "month", "quarter", "year"}).Draw(t, "step")
		grid, err := NewGrid(step)
		if err != nil {
			t.Fatal(err)
		}
		start := rapid.IntRange(20, 30).Draw(t, "start") * 1000 / int(max(grid.days(), 1))
		gaps := rapid.SliceOfN(rapid.IntRange(1, 2), 8, 40).Draw(t, "gaps")
		lines, k := []string{}, start
		for i, gap := range gaps {
			if i < 4 {
				gap = 1 // at least as many single steps as double ones make the step known
			}
			k += min(gap, 1+i%2)
			lines = append(lines, fmt.Sprintf("%s,%d", grid.Label(k), i))
		}
		read := func() Series {
			var got Series
			text := "t,y\n" + strings.Join(lines, "\n") + "\n"
			columns := timed
			err := DecodeSeries(t.Context(), "f.csv", strings.NewReader(text), int64(len(text)), columns, ReadOptions{}, func(o Observations) (err error) {
				got, err = o.Regular(Placing{})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		want := read()
		last := len(want.Values) - 1
		if label := want.Label(last); !strings.HasPrefix(lines[len(lines)-1], label+",") || want.Values[last] != float64(len(lines)-1) {
			t.Fatalf("the last of %v is %s", lines, label)
		}
		shuffle := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		shuffle.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		got := read()
		if fmt.Sprint(got.Grid, got.Start, got.Values) != fmt.Sprint(want.Grid, want.Start, want.Values) {
			t.Fatalf("%v is not %v", got, want)
		}
	})
}

// daily is a series of days from a date.
func daily(first time.Time, values []float64) Series {
	grid, _ := NewGrid("day")
	k, _ := grid.period(float64(first.Unix()/secondsADay), formDay)
	return Series{Grid: grid, Start: k, Values: values}
}

func TestResamplingConservesTotals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := make([]float64, rapid.IntRange(1, 900).Draw(t, "days"))
		total := 0.0
		for i := range values {
			values[i] = float64(rapid.IntRange(0, 1000).Draw(t, "value"))
			total += values[i]
		}
		s := daily(time.Date(2023, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, rapid.IntRange(0, 700).Draw(t, "first")), values)
		for _, path := range [][]string{{"week"}, {"week-sunday", "month"}, {"month", "quarter", "year"}, {"week", "quarter"}, {"year"}} {
			long := s
			for _, step := range path {
				var err error
				if long, err = long.Resample(Resampling{Step: step, Combine: Sum, Incomplete: true}); err != nil {
					t.Fatal(err)
				}
			}
			sum := 0.0
			for _, v := range long.Values {
				sum += v
			}
			if sum != total {
				t.Fatalf("%v: %v, not %v", path, sum, total)
			}
		}
	})
}

func TestResamplingDropsPeriodsThatAreCutOffAndTellsSo(t *testing.T) {
	values := make([]float64, 40) // Thursday 2024-02-01 to Monday 2024-03-11
	for i := range values {
		values[i] = 1
	}
	values[20] = math.NaN() // 2024-02-21
	s := daily(time.Date(2024, 2, 1, 0, 0, 0, 0, time.UTC), values)
	s.Names, s.Regressors = []string{"price"}, [][]float64{values}
	weeks, err := s.Resample(Resampling{Step: "week", Combine: Sum})
	if err != nil {
		t.Fatal(err)
	}
	const want = "[7 7 NaN 7 7]; row 1, 2024-01-29: incomplete period: found 4 of 7 periods of a day, expected all of them: dropped; " +
		"row 19, 2024-02-19: incomplete period: found 6 of 7 periods of a day, expected all of them: treated as missing; " +
		"row 40, 2024-03-11: incomplete period: found 1 of 7 periods of a day, expected all of them: dropped"
	if got := told(weeks); got != want || weeks.Label(0) != "2024-02-05" {
		t.Errorf("from %s got %s, want %s", weeks.Label(0), got, want)
	}
	if x := fmt.Sprint(weeks.Regressors); x != "[[1 1 NaN 1 1]]" {
		t.Errorf("price %s", x)
	}
	months, err := s.Resample(Resampling{Step: "month", Combine: Mean, Incomplete: true})
	if err != nil || fmt.Sprint(months.Values) != "[1 1]" || months.Label(0) != "2024-02" || len(months.Findings) != 2 {
		t.Errorf("%s, %v", told(months), err)
	}
	for want, r := range map[string]Resampling{
		`combine: found "", expected sum or mean`:                        {Step: "week"},
		`step: found day from a day, expected a longer step`:             {Step: "day", Combine: Sum},
		`step: found hour from a day, expected a longer step`:            {Step: "hour", Combine: Sum},
		`step: found "", expected hour, day`:                             {Combine: Sum},
		`step: found 40 periods of a day, expected at least one whole y`: {Step: "year", Combine: Sum},
	} {
		_, err := s.Resample(r)
		refused(t, err, want)
	}
	_, err = (Series{Values: values}).Resample(Resampling{Step: "week", Combine: Sum})
	refused(t, err, "step: found week from numbered periods")
}

// Weeks belong to the year that ISO 8601 gives them to: that of their Thursday.
func TestWeeksGoToTheirISOYears(t *testing.T) {
	values := make([]float64, 371+364+364)
	for i := range values {
		values[i] = 1
	}
	weeks, err := daily(day(isoMonday(2020)), values).Resample(Resampling{Step: "week", Combine: Mean})
	if err != nil {
		t.Fatal(err)
	}
	years, err := weeks.Resample(Resampling{Step: "year", Combine: Sum})
	if err != nil || fmt.Sprint(years.Values) != "[53 52 52]" || years.Label(0) != "2020" {
		t.Errorf("%s from %s, %v", told(years), years.Label(0), err)
	}
}
