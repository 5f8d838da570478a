package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/rundir"
)

// ForecastRun forecasts many series, one after the other, into a run directory. Its memory does not grow with their number.
type ForecastRun struct {
	Request  ForecastRequest
	Data     SeriesData
	Name     string // of the run's folder
	Document []byte // canonical text of everything that was asked; with souk's version it is the run's identity
	CSV      bool   // write CSV beside the Parquet

	Store   rundir.Store
	Options rundir.Options
	Build   rundir.Build
	Workers int            // 0: all processors; results do not depend on it
	Watch   func(Progress) // called by one goroutine at a time; nil for none
}

// ForecastSummary is summary.json and what is printed.
type ForecastSummary struct {
	RunID         string         `json:"run_id"`
	Dir           string         `json:"-"`
	Series        int            `json:"series"`
	Forecasted    int            `json:"forecasted"` // series with a forecast from at least one model
	Failed        int            `json:"failed"`     // series and models without one: the rows of failed.csv
	Reasons       []Reason       `json:"reasons"`
	Findings      []Noted        `json:"findings"`                // of the preparation, by kind
	Unconstrained *Unconstrained `json:"unconstrained,omitempty"` // over all series
	Intervals     Intervals      `json:"intervals,omitempty"`
	Models        []Standing     `json:"models"`
	Paired        int            `json:"paired"` // series on which all models were back-tested: what the scores are means over
	Horizon       int            `json:"horizon"`
	Coverage      float64        `json:"coverage"`
}

// Reason is why some forecasts failed: one example in full and how many are like it but for figures.
type Reason struct {
	Count   int    `json:"count"`
	Example string `json:"example"`
	ID      string `json:"id"` // of the example
	Model   string `json:"model"`
}

// Noted is how often something was found in the data or done to them, and one example.
type Noted struct {
	Kind    string `json:"kind"`
	Count   int    `json:"count"`
	Series  int    `json:"series"`
	Example string `json:"example"`
	ID      string `json:"id"` // of the example
}

// Standing is how one model did over all series. Scores are means over the series on which all models were back-tested.
type Standing struct {
	Model      string  `json:"model"`
	Forecasted int     `json:"forecasted"`
	Failed     int     `json:"failed"`
	Wins       int     `json:"best_in"` // series on which it did best of all
	MASE       float64 `json:"mase,omitempty"`
	SMAPE      float64 `json:"smape,omitempty"`
	RMSSE      float64 `json:"rmsse,omitempty"`
	Covered    float64 `json:"covered,omitempty"`
}

// checkpointEvery is after how many series the work is put on disk for good.
const checkpointEvery = 256

// Do forecasts every series and leaves a run directory. A series or a model that fails is a row of failed.csv. When the context is cancelled
// the run stays resumable, and the error is the context's.
func (r *ForecastRun) Do(ctx context.Context) (*ForecastSummary, error) {
	if err := r.checkNames(); err != nil {
		return nil, err
	}
	run, err := r.Store.Open(r.Name, r.Document, r.Options)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	w := &forecastWork{run: r}
	if err := w.open(run); err != nil {
		return nil, err
	}
	err = r.work(ctx, w)
	if err != nil {
		if errors.Is(err, ctx.Err()) { // else rows may be missing that the state counts
			if unsaved := w.checkpoint(); unsaved != nil {
				return nil, unsaved
			}
		}
		return nil, err
	}
	summary := w.summary()
	summary.RunID, summary.Dir = run.ID, run.Dir
	if err := r.write(run, summary); err != nil {
		return nil, err
	}
	return summary, run.Finish(r.Build)
}

func (r *ForecastRun) work(ctx context.Context, w *forecastWork) error {
	workers := r.Workers
	if workers == 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	var total atomic.Int64 // set on the reader's goroutine
	tell := func() {
		if r.Watch != nil {
			r.Watch(Progress{Stage: "forecast", Done: w.state.Done, Total: int(total.Load())})
		}
	}
	tell()
	data := r.Data
	data.Folder = w.job.Folder()
	series := skip(data.All(ctx, func(n int) { total.Store(int64(n)) }), w.state.Done)
	return inOrder(ctx, workers, series, func(o logs.Observations) *Forecasts { return r.one(ctx, o) }, func(f *Forecasts) error {
		if err := w.take(f); err != nil {
			return err
		}
		tell()
		if w.state.Done%checkpointEvery == 0 {
			return w.checkpoint()
		}
		return nil
	})
}

// one prepares and forecasts one series.
func (r *ForecastRun) one(ctx context.Context, o logs.Observations) *Forecasts {
	s, err := r.Data.Prepare(o, r.Request.Horizon)
	if err != nil {
		return &Forecasts{id: o.ID, err: err}
	}
	return r.Request.one(ctx, s)
}

func skip[T any](items iter.Seq2[T, error], n int) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for item, err := range items {
			if n--; n >= 0 && err == nil {
				continue
			}
			if !yield(item, err) {
				return
			}
		}
	}
}

// forecastWork is the state of a run under way.
type forecastWork struct {
	run       *ForecastRun
	job       *rundir.Job
	forecasts results.Sink[forecastRow]
	failures  results.Sink[failureRow]
	scores    results.Sink[scoreRow]
	state     forecastState
}

// forecastState is what a checkpoint holds beside the rows.
type forecastState struct {
	Done, Forecasted, Failed, Paired int
	Standings                        []Standing // sums, not means
	Reasons                          []Reason
	Patterns                         []string // of the reasons
	Findings                         []Noted
	Unconstrained                    *Unconstrained
}

func (w *forecastWork) open(run *rundir.Run) (err error) {
	if w.job, err = run.Job("series"); err != nil {
		return err
	}
	if w.forecasts, err = rundir.Rows[forecastRow](w.job, "forecasts"); err != nil {
		return err
	}
	if w.failures, err = rundir.Rows[failureRow](w.job, "failed"); err != nil {
		return err
	}
	if w.scores, err = rundir.Rows[scoreRow](w.job, "backtest"); err != nil {
		return err
	}
	for _, name := range w.run.Request.Models {
		w.state.Standings = append(w.state.Standings, Standing{Model: name})
	}
	if saved := w.job.State(); saved != nil {
		return json.Unmarshal(saved, &w.state)
	}
	return nil
}

func (w *forecastWork) checkpoint() error {
	state, err := json.Marshal(&w.state)
	if err != nil {
		return err
	}
	return w.job.Checkpoint(state)
}

// take adds one series' forecasts to the rows and, when those are written, to the state, so that no checkpoint counts what is not there.
func (w *forecastWork) take(f *Forecasts) error {
	key := results.Key{Episode: int64(w.state.Done)}
	failures, forecasts := w.failed(key, f), f.rows(key)
	scores, paired := f.scores(key)
	if err := w.failures.Write(failures); err != nil {
		return err
	}
	if err := w.forecasts.Write(forecasts); err != nil {
		return err
	}
	if err := w.scores.Write(scores); err != nil {
		return err
	}
	for _, row := range failures {
		w.because(row.ID, row.Model, row.Reason)
	}
	w.note(f)
	w.rank(f, paired)
	w.state.Done++
	w.state.Failed += len(failures)
	if len(forecasts) > 0 {
		w.state.Forecasted++
	}
	return nil
}

// failed are the rows of what could not be done with a series.
func (w *forecastWork) failed(key results.Key, f *Forecasts) (rows []failureRow) {
	request := w.run.Request
	switch {
	case len(f.Models) == 0: // it could not be prepared
		rows = append(rows, failureRow{key, f.id, "", f.err.Error()})
	case request.Origins > 0 && f.Backtest == nil && !slices.Contains(request.Models, Best):
		rows = append(rows, failureRow{key, f.id, "back-test", f.err.Error()})
	}
	for _, m := range f.Models {
		if m.Failed != "" {
			rows = append(rows, failureRow{key, f.id, m.Model, m.Failed})
		}
	}
	return rows
}

func (f *Forecasts) rows(key results.Key) (rows []forecastRow) {
	for _, m := range f.Models {
		for _, s := range m.Forecast {
			rows = append(rows, forecastRow{key, f.id, m.Model, m.Fitted, int64(s.H), s.Period, s.Mean.finite(), s.Median.finite(), s.Lo.finite(), s.Hi.finite()})
			key.Step++
		}
	}
	return rows
}

// scores are the rows of a back-test; paired where every model has scores that a mean can be taken of.
func (f *Forecasts) scores(key results.Key) (rows []scoreRow, paired bool) {
	if f.Backtest == nil {
		return nil, false
	}
	paired = true
	for _, row := range f.Backtest.Rows {
		if row.Failed != "" {
			paired = false
			continue
		}
		s := row.Overall
		if orNull(s.MASE+s.SMAPE+s.RMSSE+s.Coverage).finite() == nil {
			paired = false
		}
		rows = append(rows, scoreRow{key, f.id, row.Name, int64(s.N), orNull(s.MASE).finite(), orNull(s.SMAPE).finite(), orNull(s.RMSSE).finite(),
			orNull(s.Pinball).finite(), orNull(s.Coverage).finite(), orNull(s.Bias).finite()})
		key.Step++
	}
	return rows, paired
}

// rank adds one series to the models' standings, its scores where all have some.
func (w *forecastWork) rank(f *Forecasts, paired bool) {
	if paired {
		w.state.Paired++
	}
	for i := range w.state.Standings {
		standing := &w.state.Standings[i]
		if len(f.Models) == 0 || f.Models[i].Failed != "" {
			standing.Failed++
		} else {
			standing.Forecasted++
		}
		if f.Backtest == nil {
			continue
		}
		for _, row := range f.Backtest.Rows {
			if row.Name == standing.Model && paired {
				s := row.Overall
				standing.MASE += s.MASE
				standing.SMAPE += s.SMAPE
				standing.RMSSE += s.RMSSE
				standing.Covered += s.Coverage
			}
		}
		if standing.Model == f.Best {
			standing.Wins++
		}
	}
}

// note counts what was found in a series and done to it.
func (w *forecastWork) note(f *Forecasts) {
	s := f.subject
	if s == nil {
		return
	}
	if u := s.Unconstrained; u != nil {
		if w.state.Unconstrained == nil {
			w.state.Unconstrained = &Unconstrained{By: u.By}
		}
		w.state.Unconstrained.add(u)
	}
	here := map[string]bool{}
	count := func(kind, example string) {
		at := slices.IndexFunc(w.state.Findings, func(n Noted) bool { return n.Kind == kind })
		if at < 0 {
			at = len(w.state.Findings)
			w.state.Findings = append(w.state.Findings, Noted{Kind: kind, Example: example, ID: f.id})
		}
		w.state.Findings[at].Count++
		if !here[kind] {
			here[kind] = true
			w.state.Findings[at].Series++
		}
	}
	for _, found := range s.Findings {
		count(string(found.Kind)+", "+string(found.Action), found.String())
	}
	for _, warning := range s.Warnings {
		count("regressors held", warning)
	}
	for _, suspect := range f.Suspects {
		count("regressors that look like the series", suspect.String())
	}
	switch {
	case f.Season > 0 && f.Note != "":
		count(fmt.Sprintf("season of %d periods", f.Season), f.Note)
	case f.Note != "":
		count("no season", f.Note)
	}
}

// because counts a failure by its reason, figures and names in quotes aside.
func (w *forecastWork) because(id, model, reason string) {
	pattern := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '.' {
			return -1
		}
		return r
	}, model+": "+reason)
	for i, p := range w.state.Patterns {
		if p == pattern {
			w.state.Reasons[i].Count++
			return
		}
	}
	const most = 100 // kinds of reasons; failed.csv has every failure
	if len(w.state.Patterns) < most {
		w.state.Patterns = append(w.state.Patterns, pattern)
		w.state.Reasons = append(w.state.Reasons, Reason{Count: 1, Example: reason, ID: id, Model: model})
	}
}

func (w *forecastWork) summary() *ForecastSummary {
	s := &ForecastSummary{Series: w.state.Done, Forecasted: w.state.Forecasted, Failed: w.state.Failed, Reasons: append([]Reason{}, w.state.Reasons...),
		Findings: append([]Noted{}, w.state.Findings...), Unconstrained: w.state.Unconstrained, Intervals: w.run.Request.Intervals,
		Models: w.state.Standings, Paired: w.state.Paired, Horizon: w.run.Request.Horizon, Coverage: w.run.Request.Coverage}
	for i := range s.Models {
		if n := float64(s.Paired); n > 0 {
			m := &s.Models[i]
			m.MASE, m.SMAPE, m.RMSSE, m.Covered = m.MASE/n, m.SMAPE/n, m.RMSSE/n, m.Covered/n
		}
	}
	return s
}
