package workflow

import (
	"crypto/sha256"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios/field"
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
	err := export[forecastRow](r, run, "forecasts", true, r.CSV)
	if err == nil && r.Request.Origins > 0 {
		err = export[scoreRow](r, run, "backtest", true, r.CSV)
	}
	if err == nil {
		err = export[failureRow](r, run, "failed", false, true)
	}
	if err != nil {
		return err
	}
	if err := writeJSON(run, "summary.json", summary); err != nil {
		return err
	}
	return run.Write("report.txt", summary.Text)
}

// checkNames reports an id column that a table of the run could not have beside its own, before anything is computed.
func (r *ForecastRun) checkNames() error {
	for _, own := range [][]parquet.Column{tableColumns[forecastRow](), tableColumns[scoreRow](), tableColumns[failureRow]()} {
		_, err := parquet.NewTable(io.Discard, "", slices.Concat(r.idColumns(), own))
		if bad, ok := errors.AsType[*field.Error](err); ok {
			var taken []string
			for _, c := range own {
				taken = append(taken, c.Name)
			}
			return field.New("--id", bad.Found, "different columns, without a comma in the name, and other than those of the results: "+strings.Join(taken, ", "))
		}
	}
	return nil
}

func (r *ForecastRun) idColumns() (ids []parquet.Column) {
	for _, id := range r.Data.Columns.ID {
		ids = append(ids, parquet.Column{Name: id, Type: parquet.Text})
	}
	return ids
}

// ownFields is how many fields of a row, its key and ID, are no columns.
const ownFields = 2

// tableColumns are those of a table of rows, the ID aside.
func tableColumns[R results.Row]() (all []parquet.Column) {
	row := reflect.TypeFor[R]()
	for i := ownFields; i < row.NumField(); i++ {
		name, _, _ := strings.Cut(row.Field(i).Tag.Get("parquet"), ",")
		kind := map[reflect.Kind]parquet.Type{reflect.String: parquet.Text, reflect.Int64: parquet.Integer, reflect.Pointer: parquet.Number}[row.Field(i).Type.Kind()]
		all = append(all, parquet.Column{Name: name, Type: kind})
	}
	return all
}

// cells are a row in a table: the parts of its ID, and its columns.
func cells[R results.Row](of *R, ids int) (line []any) {
	row := reflect.ValueOf(of).Elem()
	for _, part := range idParts(row.FieldByName("ID").String(), ids) {
		line = append(line, part)
	}
	for i := ownFields; i < row.NumField(); i++ {
		switch v := row.Field(i).Interface().(type) {
		case *float64:
			line = append(line, value(v))
		default:
			line = append(line, v)
		}
	}
	return line
}

func value(x *float64) float64 {
	if x == nil {
		return math.NaN()
	}
	return *x
}

// export writes a table of the run as name.parquet, name.csv or both, the columns of the series' names first.
func export[R results.Row](r *ForecastRun, run *rundir.Run, name string, asParquet, asCSV bool) error {
	ids := r.idColumns()
	all := slices.Concat(ids, tableColumns[R]())
	if asParquet {
		err := run.Write(name+".parquet", func(w io.Writer) error {
			table, err := parquet.NewTable(w, fmt.Sprintf("%x", sha256.Sum256(r.Document)), all)
			if err != nil {
				return err
			}
			if err := rundir.MergeInto(run, name, each[R](func(of *R) error { return table.Write(cells(of, len(ids))...) })); err != nil {
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
			for _, v := range cells(of, len(ids)) {
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
