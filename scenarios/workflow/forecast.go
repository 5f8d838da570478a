package workflow

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/market/demand/backtest"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// Best is the model name that stands for the one which does best in the back-test.
const Best = "best"

// ForecastRequest says which models forecast a series, how far, and how they are compared.
type ForecastRequest struct {
	Models    []string       // of demand.Kinds, and Best
	Options   demand.Options // a Period of 0 is what the times suggest, 1 is none
	BoxCox    bool           // the Transform is a power that is estimated by Guerrero's method at each fit
	Intervals Intervals
	Horizon   int     // periods; 0: as long as the future regressors of the series, or 24
	Coverage  float64 // of the intervals
	Origins   int     // of the back-test, the last that leave a whole horizon; 0: none
	Every     int     // periods from one origin to the next, at least 1
}

// Check reports the first thing that cannot be asked for, by the names of the flags.
func (r *ForecastRequest) Check() error {
	var known []string
	for _, k := range demand.Kinds() {
		known = append(known, k.Name)
	}
	seen := map[string]bool{}
	for _, name := range r.Models {
		switch {
		case name != Best && !slices.Contains(known, name):
			return field.New("--models", strconv.Quote(name), scenarios.Suggest(name, append(known, Best)))
		case seen[name]:
			return field.New("--models", name+" twice", "different models")
		case name == Best && r.Origins == 0:
			return field.New("--models", Best+" without a back-test", "--backtest K")
		}
		seen[name] = true
	}
	switch {
	case len(r.kinds()) == 0:
		return field.New("--models", "no model", "at least one of those that 'souk forecast --help' lists")
	case r.Horizon < 0:
		return field.New("--horizon", r.Horizon, "at least 1 period")
	case !(r.Coverage > 0 && r.Coverage < 1):
		return field.New("--coverage", r.Coverage, "a probability between 0 and 1, such as 0.95")
	case r.Origins < 0:
		return field.New("--backtest", r.Origins, "a number of origins")
	case r.Every < 1 || r.Every > 1<<20:
		return field.New("--every", r.Every, "1 to 1048576 periods")
	case !slices.Contains([]Intervals{Own, Gaussian, Simulated, Conformal}, r.Intervals):
		return field.New("--intervals", strconv.Quote(string(r.Intervals)), "gaussian, simulated or conformal")
	case r.Options.Period < 0:
		return field.New("--period", r.Options.Period, "the periods of a season")
	}
	return nil
}

// kinds are the models without Best.
func (r *ForecastRequest) kinds() (names []string) {
	for _, name := range r.Models {
		if name != Best {
			names = append(names, name)
		}
	}
	return names
}

// Forecasts are what models expect of one series.
type Forecasts struct {
	Models    []ModelForecast  `json:"models"` // in the order of the request
	Best      string           `json:"best,omitempty"`
	Backtest  *backtest.Result `json:"backtest,omitempty"`
	Intervals Intervals        `json:"intervals,omitempty"`
	Season    int              `json:"season,omitempty"` // periods
	Lambda    *float64         `json:"lambda,omitempty"` // of the Box–Cox transform, where it is estimated

	// Suspects are regressors that the back-test is given and nobody would know.
	Suspects []backtest.Suspect `json:"suspects,omitempty"`

	id      string
	subject *Subject           // nil where it could not be prepared
	Note    string             `json:"-"` // about the season
	results []*demand.Forecast // by model; nil where it failed
	err     error              // of the back-test, or the first of a model
}

// ModelForecast is what one model expects, on the scale of the data, or why it could not.
type ModelForecast struct {
	Model    string   `json:"model"`
	Fitted   string   `json:"fitted,omitempty"` // what was chosen, where there was a choice
	Failed   string   `json:"failed,omitempty"`
	Warnings []string `json:"warnings,omitempty"`
	Forecast []step   `json:"forecast,omitempty"`
}

type step struct {
	H      int    `json:"h"`
	Period string `json:"period"`
	Mean   orNull `json:"mean"`
	Median orNull `json:"median"`
	Lo     orNull `json:"lo"`
	Hi     orNull `json:"hi"`
}

// Forecast fits the models to one series and compares them. The error says what no model could do with it; a model that failed is told in
// its place. When every one failed, the error is the first's.
func (r *ForecastRequest) Forecast(ctx context.Context, s *Subject, workers int, progress func(done, total int)) (*Forecasts, error) {
	r, f := r.begin(s)
	if r.Origins > 0 {
		f.Backtest, f.err = r.backtest(ctx, s, workers, progress)
		if f.err != nil {
			return nil, f.err
		}
		if b := f.Backtest.Best(); b != nil {
			f.Best = b.Name
		}
	}
	r.fitAll(ctx, f, s, workers)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for _, m := range f.results {
		if m != nil {
			return f, nil
		}
	}
	return nil, f.err
}

// begin settles the season of a series.
func (r *ForecastRequest) begin(s *Subject) (*ForecastRequest, *Forecasts) {
	settled, shortest := *r, len(s.Series.Values)
	if r.Origins > 0 {
		shortest -= s.Horizon + (r.Origins-1)*r.Every
	}
	f := &Forecasts{id: s.ID, subject: s, Intervals: r.Intervals}
	if r.Origins > 0 {
		f.Suspects = backtest.Suspects(s.Series, s.Horizon)
	}
	settled.Options.Period, f.Note = s.Season(r.Options.Period, shortest)
	if settled.Options.Period > 1 {
		f.Season = settled.Options.Period
	}
	return &settled, f
}

// one forecasts one of many series, in the worker that calls it. What fails is told in its place; of a context that is done nothing is told.
func (r *ForecastRequest) one(ctx context.Context, s *Subject) *Forecasts {
	r, f := r.begin(s)
	if r.Origins > 0 {
		if f.Backtest, f.err = r.backtest(ctx, s, 1, nil); f.err == nil {
			if b := f.Backtest.Best(); b != nil {
				f.Best = b.Name
			}
		}
	}
	r.fitAll(ctx, f, s, 1)
	return f
}

// fitAll fits each kind and forecasts with it, then repeats the best one's forecast under its name.
func (r *ForecastRequest) fitAll(ctx context.Context, f *Forecasts, s *Subject, workers int) {
	type answer struct {
		forecast ModelForecast
		result   *demand.Forecast
		lambda   *float64
		err      error
	}
	kinds := r.kinds()
	var answers []answer
	names := func(yield func(string, error) bool) {
		for _, name := range kinds {
			if !yield(name, nil) {
				return
			}
		}
	}
	// The error is the context's, which the caller asks.
	_ = inOrder(ctx, workers, iter.Seq2[string, error](names), func(name string) answer {
		m := r.forecaster(ctx, name, s.Horizon)
		told, result, err := r.fit(m, s)
		return answer{told, result, m.lambda, err}
	}, func(a answer) error {
		if a.lambda != nil {
			f.Lambda = a.lambda // one history, one power
		}
		answers = append(answers, a)
		return nil
	})
	for _, name := range r.Models {
		a := answer{forecast: ModelForecast{Model: Best, Failed: "no model could be back-tested"}}
		switch {
		case f.err != nil:
			a.forecast.Failed = f.err.Error()
		case f.Backtest != nil:
			a.forecast.Failed += ": " + f.Backtest.Rows[0].Failed
		}
		for _, known := range answers {
			if known.forecast.Model == name || name == Best && known.forecast.Model == f.Best {
				a = known
			}
		}
		if name == Best && a.result != nil {
			a.forecast.Fitted, a.forecast.Model = strings.TrimSpace(f.Best+" "+a.forecast.Fitted), Best
		}
		f.Models, f.results = append(f.Models, a.forecast), append(f.results, a.result)
		if f.err == nil {
			f.err = a.err
		}
	}
}

func (r *ForecastRequest) forecaster(ctx context.Context, name string, horizon int) *forecaster {
	return &forecaster{ctx: ctx, name: name, request: r, horizon: horizon}
}

func (r *ForecastRequest) fit(m *forecaster, s *Subject) (ModelForecast, *demand.Forecast, error) {
	told := ModelForecast{Model: m.name}
	failed := func(err error) (ModelForecast, *demand.Forecast, error) {
		told.Failed = err.Error()
		return told, nil, err
	}
	if err := m.Fit(s.Series); err != nil {
		return failed(err)
	}
	f, err := m.Forecast(s.Horizon, r.Coverage, s.Future)
	if err != nil {
		return failed(err)
	}
	if err := backtest.Usable(f, s.Series.Start+len(s.Series.Values), s.Horizon); err != nil {
		return failed(field.New("forecast by "+m.name, err, "finite numbers, of values that are not too large to be squared"))
	}
	told.Fitted, told.Warnings = m.describe()
	for i := range f.Mean {
		told.Forecast = append(told.Forecast, step{i + 1, s.Label(f.Start + i), orNull(f.Mean[i]), orNull(f.Median[i]), orNull(f.Lo[i]), orNull(f.Hi[i])})
	}
	return told, f, nil
}

// backtest compares the kinds from the last origins.
func (r *ForecastRequest) backtest(ctx context.Context, s *Subject, workers int, progress func(done, total int)) (*backtest.Result, error) {
	var candidates []backtest.Candidate
	for _, name := range r.kinds() {
		candidates = append(candidates, backtest.Candidate{Name: name, New: func() (demand.Model, error) { return r.forecaster(ctx, name, s.Horizon), nil }})
	}
	origins, err := backtest.Rolling(s.Series, s.Horizon, r.Origins, r.Every)
	if err != nil {
		if bad, ok := errors.AsType[*field.Error](err); ok {
			bad.Key = "back-test: " + bad.Key
		}
		return nil, err
	}
	return backtest.Run(ctx, s.Series, candidates, backtest.Plan{Horizon: s.Horizon, Origins: origins, Season: r.Options.Period, Coverage: r.Coverage,
		Workers: workers, Progress: progress})
}
