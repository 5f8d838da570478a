package logs

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/souk-sim/souk/scenarios/field"
)

var experimentColumns = ExperimentColumns{Unit: "unit", Arm: "arm", Time: "date", Segments: []string{"persona"}, Numbers: []string{"spend"}}

func decodeExperiment(raw []byte) (Experiment, error) {
	return DecodeExperiment("log.csv", bytes.NewReader(raw), int64(len(raw)), experimentColumns)
}

const experimentLog = "unit,arm,date,persona,spend\nu1,B,2026-03-01,loyal,1.5\nu2,A,2026-03-02,,\nu1,B,2026-03-03,loyal,2\n"

func TestAnExperimentIsReadAsItStands(t *testing.T) {
	e, err := decodeExperiment([]byte(experimentLog))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(e.Arms, []string{"A", "B"}) || !slices.Equal(e.Arm, []int32{1, 0, 1}) || e.Units != 2 || !slices.Equal(e.Unit, []int32{0, 1, 0}) || e.Time[2]-e.Time[0] != 2 || e.TimeUnit != "days" ||
		!slices.Equal(e.Values[0], []string{"loyal", MissingWord}) || e.Numbers[0][0] != 1.5 || !math.IsNaN(e.Numbers[0][1]) {
		t.Errorf("%+v", e)
	}
}

// TestParquetAndCSVHoldTheSameExperiment.
func TestParquetAndCSVHoldTheSameExperiment(t *testing.T) {
	type row struct {
		Unit    string   `parquet:"unit"`
		Arm     string   `parquet:"arm"`
		Date    string   `parquet:"date"`
		Persona *string  `parquet:"persona,optional"`
		Spend   *float64 `parquet:"spend,optional"`
	}
	loyal, a, b := "loyal", 1.5, 2.0
	var file bytes.Buffer
	if err := parquet.Write(&file, []row{{"u1", "B", "2026-03-01", &loyal, &a}, {"u2", "A", "2026-03-02", nil, nil}, {"u1", "B", "2026-03-03", &loyal, &b}}); err != nil {
		t.Fatal(err)
	}
	e, err := decodeExperiment(file.Bytes())
	if err != nil || !slices.Equal(e.Arm, []int32{1, 0, 1}) || !slices.Equal(e.Values[0], []string{"loyal", MissingWord}) || !math.IsNaN(e.Numbers[0][1]) || e.Numbers[0][2] != 2 {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestBadExperimentLogsAreRefused(t *testing.T) {
	head := "unit,arm,date,persona,spend\n"
	for text, says := range map[string]string{
		head + "u1,B,2026-03-01,x,1\nu1,A,2026-03-01,x,1\n": `log.csv:3: unit: found a unit in "A" that is in "B" in a row before`,
		head + "u1,B,2026-03-01,x,1\nu2,A,,x,1\n":           "log.csv:3: date: found nothing",
		head + "u1,B,2026-03-01,x,1\nu2,A,7,x,1\n":          "log.csv:3: date: found a time of another form",
		head + ",B,2026-03-01,x,1\n":                        "log.csv:2: unit: found nothing",
		head + "u1,B,2026-03-01,x,1\n":                      `arm: found one arm, "B"`,
		head:                                                "found a header only",
		head + "u1,B,2026-03-01,x,1e999\n":                  "log.csv:2: spend: found",
		"unit,arm,date,persona\nu1,B,2026-03-01,x\n":        "spend: found no such column",
	} {
		if _, err := decodeExperiment([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, expected %q", err, says)
		}
	}
}

func FuzzExperiment(f *testing.F) {
	f.Add([]byte(experimentLog))
	f.Add([]byte("unit;arm;date;persona;spend\n1;A;1;x;2\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		e, err := decodeExperiment(raw)
		if err != nil {
			if bad, ok := errors.AsType[*field.Error](err); !ok || bad.File == "" || bad.Found == "" || bad.Expected == "" {
				t.Fatalf("error %v does not name file, found and expected", err)
			}
			return
		}
		n := len(e.Arm)
		if len(e.Arms) < 2 || len(e.Unit) != n || len(e.Time) != n || len(e.Segment[0]) != n || len(e.Numbers[0]) != n {
			t.Fatalf("columns of different lengths: %+v", e)
		}
		for i := range n {
			if int(e.Unit[i]) >= e.Units || int(e.Arm[i]) >= len(e.Arms) || math.IsInf(e.Numbers[0][i], 0) {
				t.Fatalf("row %d of %+v", i, e)
			}
		}
	})
}
