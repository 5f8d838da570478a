package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/results/report"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

// quickModels are those that forecast where nobody names any: fast, and each of another kind.
func quickModels() []string { return []string{"seasonal-naive", "theta", "ets", "auto-arima"} }

// forecastFlags are those that only souk forecast has.
type forecastFlags struct {
	seriesFlags
	models    []string
	backtest  int
	every     int
	coverage  float64
	intervals string
	csv       bool
	resume    bool
}

func (a *app) forecast() *cobra.Command {
	var s forecastFlags
	cmd := &cobra.Command{
		Use: "forecast", Short: "Fit, forecast and back-test demand models on one series or thousands", Args: takes(),
		Long: "Forecast one series and print it, or with --id every series of a file on all processors: the forecasts then go to a run's folder\n" +
			"under --out as Parquet, with failed.csv saying what could not be forecast and why. Such a run, interrupted, is saved.\n\n" +
			"With --backtest K the models forecast from the last K origins, with the same transform and intervals, and are compared.\n" +
			"MASE is scaled by the mean absolute change from season to season (RMSSE by the root mean squared change from period to period) of\n" +
			"the values before the first origin; p is Diebold–Mariano's against the best, where origins are enough or --every far apart.\n" +
			"Times such as months or weeks suggest the season that is used; --period says another, or none.\n\nModels:\n" + kinds(),
		Example: "  souk forecast --data docs/examples/air-passengers.csv --y passengers --time month \\\n" +
			"      --models auto-arima,ets,theta,best --transform log --horizon 12 --backtest 5\n" +
			"  souk forecast --data docs/examples/lung-deaths.csv --y deaths --time month --id sex \\\n" +
			"      --models ets,theta,best --intervals conformal --horizon 6",
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := s.request(cmd)
			if err != nil {
				return err
			}
			if len(s.id) > 0 && s.series == "" {
				return a.forecastMany(cmd.Context(), &s, r)
			}
			return a.forecastOne(cmd.Context(), &s, r)
		},
	}
	s.add(cmd)
	f := cmd.Flags()
	f.StringSliceVar(&s.models, "models", quickModels(), "models, and best: the one of them that the back-test prefers")
	f.IntVar(&s.backtest, "backtest", 0, "compare the models from so many origins, the last that leave a whole horizon")
	f.IntVar(&s.every, "every", 1, "periods from one origin to the next; as many as --horizon, and p-values need no more than 2 origins")
	f.Float64Var(&s.coverage, "coverage", 0.95, "of the intervals")
	f.StringVar(&s.intervals, "intervals", "", "gaussian, simulated (quantiles of paths) or conformal (as wide as errors were lately); else the model's own")
	f.BoolVar(&s.csv, "csv", false, "of many series, write CSV beside the Parquet")
	f.BoolVar(&s.resume, "resume", false, "go on with the run that was interrupted")
	f.Int64Var(&a.seed, "seed", 0, "of models that learn at random and of simulated intervals")
	a.workersFlag(cmd)
	a.outFlag(cmd)
	return cmd
}

// kinds lists the models for the help.
func kinds() string {
	var b strings.Builder
	for _, k := range demand.Kinds() {
		fmt.Fprintf(&b, "  %-18s %s\n", k.Name, k.Summary)
	}
	fmt.Fprintf(&b, "  %-18s %s", workflow.Best, "the one of the others that does best in the back-test")
	return b.String()
}

func (s *forecastFlags) request(cmd *cobra.Command) (*workflow.ForecastRequest, error) {
	if err := s.check(cmd); err != nil {
		return nil, err
	}
	seed, _ := cmd.Flags().GetInt64("seed") // it is an int64
	r := &workflow.ForecastRequest{Models: s.models, Options: demand.Options{Period: s.period, Seed: uint64(seed)}, Horizon: s.horizon, Coverage: s.coverage, Origins: s.backtest, Every: s.every}
	r.Intervals = workflow.Intervals(s.intervals)
	r.Options.Transform, r.BoxCox, _ = s.scale() // checked
	if slices.Contains(s.models, workflow.Best) && !cmd.Flags().Changed("backtest") {
		r.Origins = 5
	}
	if r.Origins == 0 && cmd.Flags().Changed("every") {
		return nil, badUsage("--every", fmt.Sprintf("%d without a back-test", s.every), "origins, with --backtest K")
	}
	if err := r.Check(); err != nil {
		return nil, usage{err}
	}
	return r, nil
}

func (a *app) forecastOne(ctx context.Context, s *forecastFlags, r *workflow.ForecastRequest) error {
	subject, err := a.one(ctx, &s.seriesFlags)
	if err != nil {
		return err
	}
	for _, w := range subject.Warnings {
		a.remark(w)
	}
	r.Options.Workers = a.processors()
	watch, closed := a.watch()
	defer closed()
	f, err := r.Forecast(ctx, subject, a.processors(), func(done, total int) {
		if watch != nil {
			watch(workflow.Progress{Stage: "backtest", Done: done, Total: total})
		}
	})
	closed()
	if err != nil {
		return a.inFile(&s.seriesFlags, err)
	}
	a.remark(f.Note)
	for _, suspect := range f.Suspects {
		a.remark(suspect.String())
	}
	if s.plot != "" {
		bands := f.Bands()
		plot := &report.ForecastPlot{Title: "Forecasts of " + s.name(), Subtitle: fmt.Sprintf("Medians, and the %s of %s", f.Interval(s.coverage), bands[0].Name),
			X: s.time, Y: s.y, Start: subject.Series.Start, History: subject.Series.Values, Label: subject.Label, Forecasts: bands}
		if err := a.draw(s.plot, "", plot); err != nil {
			return err
		}
		if board := f.Leaderboard(s.name()); board != nil {
			if err := a.draw(s.plot, "leaderboard", board); err != nil {
				return err
			}
		}
	}
	if a.json {
		return a.document("forecast", struct {
			*workflow.Forecasts
			Coverage float64  `json:"coverage"`
			Warnings []string `json:"warnings"`
			prepared
		}{f, s.coverage, append([]string{}, subject.Warnings...), prepared{subject.Unconstrained, subject.Findings}})
	}
	return f.Text(a.stdout, s.coverage)
}

func (a *app) forecastMany(ctx context.Context, s *forecastFlags, r *workflow.ForecastRequest) error {
	if s.plot != "" {
		return badUsage("--plot", "many series", "one, with --series")
	}
	document, err := s.document(r)
	if err != nil {
		return err
	}
	watch, closed := a.watch()
	defer closed()
	a.saves = true
	run := &workflow.ForecastRun{Request: *r, Data: s.source(), Name: strings.TrimLeft(strings.TrimSuffix(filepath.Base(s.data), filepath.Ext(s.data)), "."), Document: document, CSV: s.csv,
		Store: a.store(), Build: build(), Workers: a.workers, Watch: watch,
		Options: rundir.Options{Resume: s.resume, Tell: a.notice, Holder: fmt.Sprintf("souk forecast, process %d", os.Getpid())}}
	summary, err := run.Do(ctx)
	closed()
	if bad, ok := errors.AsType[*field.Error](err); ok && bad.Key == "--id" {
		return usage{err}
	}
	if err != nil {
		return err
	}
	if summary.Failed > 0 {
		a.notice(fmt.Sprintf("%d forecasts failed; %s says which and why", summary.Failed, filepath.Join(summary.Dir, "failed.csv")))
	}
	if a.json {
		return a.document("forecasts", struct {
			*workflow.ForecastSummary
			Folder string `json:"dir"`
		}{summary, summary.Dir})
	}
	if err := summary.Text(a.stdout); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "\nfiles    %s\n", summary.Dir)
	return err
}

// document is everything that was asked, as text: what makes two runs the same run.
func (s *forecastFlags) document(r *workflow.ForecastRequest) ([]byte, error) {
	data, err := digest(s.data)
	if err != nil {
		return nil, err
	}
	future := ""
	if s.future != "" && s.future != workflow.HoldLast {
		if future, err = digest(s.future); err != nil {
			return nil, err
		}
	}
	unconstrain, transform := s.unconstrain, r.Options.Transform.String()
	if s.soldOut == "" {
		unconstrain = ""
	}
	if r.BoxCox {
		transform = "box-cox"
	}
	var b bytes.Buffer
	b.WriteString("# souk forecast\n")
	err = toml.NewEncoder(&b).Encode(struct {
		Data        string   `toml:"data"`
		SHA256      string   `toml:"sha256"`
		Y           string   `toml:"y"`
		Time        string   `toml:"time,omitempty"`
		ID          []string `toml:"id"`
		Xreg        []string `toml:"xreg,omitempty"`
		Future      string   `toml:"future,omitempty"`
		FutureSHA   string   `toml:"future_sha256,omitempty"`
		Step        string   `toml:"step,omitempty"`
		Resample    string   `toml:"resample,omitempty"`
		Combine     string   `toml:"combine,omitempty"`
		Zero        bool     `toml:"zero,omitempty"`
		Outliers    string   `toml:"outliers,omitempty"`
		SoldOut     string   `toml:"sold_out,omitempty"`
		Unconstrain string   `toml:"unconstrain,omitempty"`
		Models      []string `toml:"models"`
		Transform   string   `toml:"transform,omitempty"`
		Period      int      `toml:"period"`
		Horizon     int      `toml:"horizon"`
		Coverage    float64  `toml:"coverage"`
		Intervals   string   `toml:"intervals,omitempty"`
		Backtest    int      `toml:"backtest"`
		Every       int      `toml:"every"`
		Seed        uint64   `toml:"seed"`
		CSV         bool     `toml:"csv"`
	}{s.data, data, s.y, s.time, s.id, s.xreg, s.future, future, s.step, s.resample, s.combine, s.zero, s.outliers, s.soldOut, unconstrain, r.Models, transform,
		s.period, r.Horizon, r.Coverage, s.intervals, r.Origins, s.every, r.Options.Seed, s.csv})
	return b.Bytes(), err
}

// digest is the SHA-256 of a file, in hex.
func digest(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", &field.Error{File: path, Found: reason(err), Expected: "a CSV or Parquet file that can be read"}
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		return "", &field.Error{File: path, Found: reason(err), Expected: "a CSV or Parquet file that can be read"}
	}
	return fmt.Sprintf("%x", hash.Sum(nil)), nil
}
