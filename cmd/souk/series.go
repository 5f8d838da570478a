package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/results/report"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

// seriesFlags are what souk estimate and souk forecast ask of a series.
type seriesFlags struct {
	data, y, time, series, future string
	id, xreg                      []string
	step, resample, combine       string
	zero                          bool
	outliers                      string
	soldOut, unconstrain          string
	transform                     string
	period, horizon               int
	plot                          string
}

func (s *seriesFlags) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false // what is needed stands first
	f.StringVar(&s.data, "data", "", "CSV or Parquet file, a row for each observation")
	f.StringVar(&s.y, "y", "", "column of the values; an empty cell is a missing one")
	f.StringVar(&s.time, "time", "", "column of times: numbers, decimal years, dates; without it each row is a period")
	f.StringSliceVar(&s.id, "id", nil, "columns that tell series apart, as in store,sku")
	f.StringVar(&s.series, "series", "", "the one series that is wanted, by its id; of several id columns with commas between")
	f.StringSliceVar(&s.xreg, "xreg", nil, "columns of regressors; rows below the last value may hold their future")
	f.StringVar(&s.future, "future", "", "file with later rows of the regressors; or last: they stay as in the last period")
	f.StringVar(&s.step, "step", "", "put irregular rows on a step: hour, day, week, week-sunday (or -tuesday, …), month, quarter, year")
	f.StringVar(&s.resample, "resample", "", "make longer periods of a regular series, as named under --step")
	f.StringVar(&s.combine, "combine", "", "what the values of one period become: sum or mean; with --step and --resample sum")
	f.BoolVar(&s.zero, "zero", false, "a period without a row is 0, not missing: sales, and no row means none")
	f.StringVar(&s.outliers, "outliers", "", "flag: report values far from trend and season; winsorise: pull them in, too")
	f.StringVar(&s.soldOut, "sold-out", "", "column that is 1 where stock ran out, else 0: expected demand takes the place of sales there")
	f.StringVar(&s.unconstrain, "unconstrain", "tobit", "how demand is estimated there: tobit, by the regressors; normal or poisson, about one mean")
	f.StringVar(&s.transform, "transform", "", "none, log, box-cox=λ with λ from -5 to 5, or box-cox: λ by Guerrero's method")
	f.IntVar(&s.period, "period", 0, "periods a season, 1: no season; 0: what the times suggest, if there are more than two seasons")
	f.IntVar(&s.horizon, "horizon", 0, "periods to forecast; 0: as many as future regressors are given, or 24")
	f.StringVar(&s.plot, "plot", "", "picture to draw, an .svg or .png file; beside it those of residuals, or of the back-test")
}

// maxHorizon is the longest that the models take.
const maxHorizon = 1 << 20

// check reports what flags alone can tell.
func (s *seriesFlags) check(cmd *cobra.Command) error {
	switch {
	case s.data == "":
		return badUsage("--data", "nothing", "a CSV or Parquet file")
	case s.y == "":
		return badUsage("--y", "nothing", "the column of the values")
	case s.series != "" && len(s.id) == 0:
		return badUsage("--series", fmt.Sprintf("%q without --id", s.series), "the columns that tell series apart, with --id")
	case s.future != "" && len(s.xreg) == 0:
		return badUsage("--future", s.future+" without --xreg", "regressors, with --xreg")
	case s.horizon < 0 || s.horizon == 0 && cmd.Flags().Changed("horizon"):
		return badUsage("--horizon", fmt.Sprint(s.horizon), "at least 1 period")
	case s.horizon > maxHorizon:
		return badUsage("--horizon", fmt.Sprint(s.horizon), fmt.Sprintf("at most %d periods", maxHorizon))
	case s.period < 0:
		return badUsage("--period", fmt.Sprint(s.period), "the periods of a season")
	case s.combine != "" && s.combine != string(logs.Sum) && s.combine != string(logs.Mean):
		return badUsage("--combine", fmt.Sprintf("%q", s.combine), "sum or mean")
	case s.outliers != "" && s.outliers != workflow.FlagOutliers && s.outliers != workflow.WinsoriseOutliers:
		return badUsage("--outliers", fmt.Sprintf("%q", s.outliers), "flag or winsorise")
	case !slices.Contains([]string{"normal", "poisson", "tobit"}, s.unconstrain):
		return badUsage("--unconstrain", fmt.Sprintf("%q", s.unconstrain), "normal, poisson or tobit")
	case s.soldOut == "" && cmd.Flags().Changed("unconstrain"):
		return badUsage("--unconstrain", s.unconstrain+" without --sold-out", "the column of when stock ran out, with --sold-out")
	case s.plot != "" && filepath.Ext(s.plot) != ".svg" && filepath.Ext(s.plot) != ".png":
		return badUsage("--plot", fmt.Sprintf("%q", s.plot), "a name that ends in .svg or .png")
	}
	for _, f := range []struct{ flag, step string }{{"--step", s.step}, {"--resample", s.resample}} {
		if _, err := logs.NewGrid(f.step); f.step != "" && err != nil {
			return badUsage(f.flag, fmt.Sprintf("%q", f.step), "hour, day, week, week-sunday (or another day), month, quarter or year")
		}
	}
	_, _, err := s.scale()
	return err
}

// scale is the transform, or that a power is to be estimated.
func (s *seriesFlags) scale() (t demand.Transform, estimated bool, err error) {
	switch s.transform {
	case "", "none":
		return t, false, nil
	case "box-cox":
		return t, true, nil
	}
	if err := t.UnmarshalText([]byte(strings.Replace(s.transform, "box-cox=", "box-cox ", 1))); err != nil {
		return t, false, badUsage("--transform", fmt.Sprintf("%q", s.transform), "none, log, box-cox=λ with λ from -5 to 5, or box-cox")
	}
	return t, false, nil
}

func (s *seriesFlags) source() workflow.SeriesData {
	combine := logs.Combine(s.combine)
	longer := logs.Resampling{Step: s.resample, Combine: combine}
	if longer.Combine == logs.Refuse {
		longer.Combine = logs.Sum
	}
	if s.step != "" {
		combine = longer.Combine
	}
	return workflow.SeriesData{File: s.data, Only: s.series, Future: s.future, Placing: logs.Placing{Step: s.step, Combine: combine, Zero: s.zero},
		Resampling: longer, Outliers: s.outliers, Season: s.period, SoldOut: s.soldOut, Unconstrain: s.unconstrain,
		Columns: logs.SeriesColumns{Value: s.y, Time: s.time, ID: s.id, Regressors: s.xreg}}
}

// one reads the series and tells what was found in it.
func (a *app) one(ctx context.Context, s *seriesFlags) (*workflow.Subject, error) {
	a.reads(s.data, s.future)
	source := s.source()
	subject, err := source.One(ctx, s.horizon)
	if err != nil {
		return nil, a.inFile(s, err)
	}
	for _, f := range subject.Findings {
		a.remark(f.String())
	}
	if subject.Unconstrained != nil {
		a.remark(subject.Unconstrained.String())
	}
	return subject, nil
}

// prepared is what a document says of how the data were made ready.
type prepared struct {
	Unconstrained *workflow.Unconstrained `json:"unconstrained,omitempty"`
	Findings      []logs.Finding          `json:"findings,omitempty"`
}

// remark is a notice in a run whose document says it too.
func (a *app) remark(text string) {
	if text != "" && !a.json {
		a.notice(text)
	}
}

// inFile says in which file a value stands that a model refused.
func (a *app) inFile(s *seriesFlags, err error) error {
	if bad, ok := errors.AsType[*field.Error](err); ok && bad.File == "" {
		told := *bad
		told.File = s.data
		return &told
	}
	return err
}

// name is what the series is called in words.
func (s *seriesFlags) name() string {
	if s.series != "" {
		return s.y + " of " + s.series
	}
	return s.y
}

// draw writes a picture where --plot says, a second one beside it with its name before the extension.
func (a *app) draw(path, kind string, p interface {
	Picture() (*report.Picture, error)
}) error {
	picture, err := p.Picture()
	if err != nil {
		return fmt.Errorf("drawing: %w", err)
	}
	ext := filepath.Ext(path)
	if kind != "" {
		path = strings.TrimSuffix(path, ext) + "-" + kind + ext
	}
	write := picture.SVG
	if ext == ".png" {
		write = picture.PNG
	}
	return a.write(path, "--plot", 0o666, write)
}
