package workflow

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/estimators"
)

// fitFunc is an estimator that a test makes.
type fitFunc func(context.Context, estimators.Job) (*estimators.Fit, error)

func (f fitFunc) Fit(ctx context.Context, job estimators.Job) (*estimators.Fit, error) {
	return f(ctx, job)
}

// closing is a file that tells when it is closed.
type closing struct {
	*bytes.Reader
	closed chan string
	name   string
}

func (c closing) Close() error {
	c.closed <- c.name
	return nil
}

func jobOf(closed chan string) estimators.Job {
	return estimators.Job{Open: func(path string) (estimators.File, error) {
		return estimators.File{Name: path, ReaderAt: closing{bytes.NewReader(nil), closed, path}}, nil
	}}
}

func TestAFigureThatIsNotFiniteIsAnErrorThatNamesIt(t *testing.T) {
	type own struct {
		Silhouette *float64 `json:"silhouette"`
		Hidden     float64  `json:"-"`
	}
	nan := math.NaN()
	for want, f := range map[string]*estimators.Fit{
		"d.csv: silhouette: found NaN":              {LogLik: nan, Own: own{&nan, nan}},
		"d.csv: coefficient price.estimate: found ": {LogLik: nan, Coefficients: []estimators.Coefficient{{Name: "asc"}, {Name: "price", Estimate: math.Inf(1)}}},
		"d.csv: loglik: found -Inf":                 {LogLik: math.Inf(-1)},
		"d.csv: held_out.auc: found NaN":            {HeldOut: []estimators.Figure{{Name: "auc", Value: nan}}},
		"d.csv: model.rate[1]: found +Inf":          {Saved: savedRate{[]float64{1, math.Inf(1)}}},
		"d.csv: weekday.Mon: found NaN":             {Own: map[string]any{"weekday": map[string]float64{"Mon": nan, "Tue": 1}}},
	} {
		_, err := FitKind(t.Context(), fitFunc(func(context.Context, estimators.Job) (*estimators.Fit, error) { return f, nil }), jobOf(make(chan string, 1)), "d.csv")
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

type savedRate struct{ Rate []float64 }

func (s savedRate) MarshalJSON() ([]byte, error) { return json.Marshal(s.Rate) }

// TestWorkThatIsLeftAloneIsSilentAndClosesItsFiles: what a fit reports after an interruption would stand on a line of its own, or of another's.
func TestWorkThatIsLeftAloneIsSilentAndClosesItsFiles(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	closed, left := make(chan string, 2), make(chan bool)
	job, told := jobOf(closed), 0
	job.Progress = func(int, int) { told++ } // without a lock: under the race detector this is the test of it
	_, err := FitKind(ctx, fitFunc(func(_ context.Context, job estimators.Job) (*estimators.Fit, error) {
		_, err := job.Open("more.csv")
		job.Progress(1, 3)
		cancel()
		for range 1000 {
			job.Progress(2, 3)
		}
		<-left
		job.Progress(3, 3)
		return &estimators.Fit{}, err
	}), job, "d.csv")
	if err != context.Canceled || told != 1 {
		t.Errorf("%v, told %d times, want once", err, told)
	}
	close(left)
	if a, b := <-closed, <-closed; a != "d.csv" || b != "more.csv" || told != 1 {
		t.Errorf("closed %s and %s, told %d times", a, b, told)
	}
}
