package workflow

import (
	"crypto/sha256"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/results/rundir"
)

// forecastRow is a forecast in the making: its key holds the number of the series and of the row in it.
type forecastRow struct {
	results.Key
	ID     string   `parquet:"id,dict"` // as logs.Observations has it
	Model  string   `parquet:"model,dict"`
	Fitted string   `parquet:"fitted,dict"`
	H      int64    `parquet:"h"`
	Period string   `parquet:"period,dict"`
	Mean   *float64 `parquet:"mean,optional"`
	Median *float64 `parquet:"median,optional"`
	Lo     *float64 `parquet:"lo,optional"`
	Hi     *float64 `parquet:"hi,optional"`
}

type failureRow struct {
	results.Key
	ID     string `parquet:"id,dict"`
	Model  string `parquet:"model,dict"`
	Reason string `parquet:"reason,dict"`
}

type scoreRow struct {
	results.Key
	ID       string   `parquet:"id,dict"`
	Model    string   `parquet:"model,dict"`
	N        int64    `parquet:"n"`
	MASE     *float64 `parquet:"mase,optional"`
	SMAPE    *float64 `parquet:"smape,optional"`
	RMSSE    *float64 `parquet:"rmsse,optional"`
	Pinball  *float64 `parquet:"pinball,optional"`
	Coverage *float64 `parquet:"coverage,optional"`
	Bias     *float64 `parquet:"bias,optional"`
}

// write leaves the tables and the summary.
func (r *ForecastRun) write(run *rundir.Run, summary *ForecastSummary) error {
	text, number, integer := parquet.Text, parquet.Number, parquet.Integer
	err := export(r, run, "forecasts", []parquet.Column{{Name: "model", Type: text}, {Name: "fitted", Type: text}, {Name: "h", Type: integer}, {Name: "period", Type: text},
		{Name: "mean", Type: number}, {Name: "median", Type: number}, {Name: "lo", Type: number}, {Name: "hi", Type: number}},
		func(f *forecastRow) (string, []any) {
			return f.ID, []any{f.Model, f.Fitted, f.H, f.Period, value(f.Mean), value(f.Median), value(f.Lo), value(f.Hi)}
		}, true, r.CSV)
	if err == nil && r.Request.Origins > 0 {
		err = export(r, run, "backtest", []parquet.Column{{Name: "model", Type: text}, {Name: "n", Type: integer}, {Name: "mase", Type: number}, {Name: "smape", Type: number},
			{Name: "rmsse", Type: number}, {Name: "pinball", Type: number}, {Name: "coverage", Type: number}, {Name: "bias", Type: number}},
			func(s *scoreRow) (string, []any) {
				return s.ID, []any{s.Model, s.N, value(s.MASE), value(s.SMAPE), value(s.RMSSE), value(s.Pinball), value(s.Coverage), value(s.Bias)}
			}, true, r.CSV)
	}
	if err == nil {
		err = export(r, run, "failed", []parquet.Column{{Name: "model", Type: text}, {Name: "reason", Type: text}},
			func(f *failureRow) (string, []any) { return f.ID, []any{f.Model, f.Reason} }, false, true)
	}
	if err != nil {
		return err
	}
	if err := writeJSON(run, "summary.json", summary); err != nil {
		return err
	}
	return run.Write("report.txt", summary.Text)
}

func value(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

// export writes a table of the run as name.parquet, name.csv or both, the columns of the series' names first.
func export[R results.Row](r *ForecastRun, run *rundir.Run, name string, columns []parquet.Column, cells func(*R) (id string, cells []any), asParquet, asCSV bool) error {
	var all []parquet.Column
	for _, id := range r.Data.Columns.ID {
		all = append(all, parquet.Column{Name: id, Type: parquet.Text})
	}
	all = append(all, columns...)
	row := func(of *R) (line []any) {
		id, rest := cells(of)
		for _, part := range idParts(id, len(r.Data.Columns.ID)) {
			line = append(line, part)
		}
		return append(line, rest...)
	}
	if asParquet {
		err := run.Write(name+".parquet", func(w io.Writer) error {
			table, err := parquet.NewTable(w, fmt.Sprintf("%x", sha256.Sum256(r.Document)), all)
			if err != nil {
				return err
			}
			if err := rundir.MergeInto(run, name, each[R](func(of *R) error { return table.Write(row(of)...) })); err != nil {
				return err
			}
			return table.Close()
		})
		if err != nil {
			return err
		}
	}
	if !asCSV {
		return nil
	}
	return run.Write(name+".csv", func(w io.Writer) error {
		out := csv.NewWriter(w)
		var line []string
		for _, c := range all {
			line = append(line, c.Name)
		}
		if err := out.Write(line); err != nil {
			return err
		}
		if err := rundir.MergeInto(run, name, each[R](func(of *R) error {
			line = line[:0]
			for _, v := range row(of) {
				line = append(line, cellText(v))
			}
			return out.Write(line)
		})); err != nil {
			return err
		}
		out.Flush()
		return out.Error()
	})
}

// cellText is a value in CSV; what is missing is empty.
func cellText(v any) string {
	x, ok := v.(float64)
	switch {
	case !ok:
		return fmt.Sprint(v)
	case math.IsNaN(x):
		return ""
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// each is a Sink that hands every row to a function.
type each[R any] func(*R) error

// Write implements results.Sink.
func (e each[R]) Write(rows []R) error {
	for i := range rows {
		if err := e(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// Close implements results.Sink.
func (e each[R]) Close() error { return nil }
