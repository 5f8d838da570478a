package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/souk-sim/souk/scenarios/estimators"
	"github.com/souk-sim/souk/scenarios/field"
)

// onFiles gives work a job to do on a file of data, which it opens, as all others, by job.Open. Files are closed when the work ends. When the
// context is done it returns at once, with its error, and no progress is told from then on.
func onFiles[T any](ctx context.Context, job estimators.Job, data string, work func(context.Context, estimators.Job) (T, error)) (T, error) {
	var held []io.Closer
	open := job.Open
	job.Open = func(path string) (estimators.File, error) {
		file, err := open(path)
		if c, ok := file.ReaderAt.(io.Closer); ok {
			held = append(held, c)
		}
		return file, err
	}
	var telling sync.Mutex
	if tell := job.Progress; tell != nil {
		job.Progress = func(done, total int) {
			telling.Lock()
			defer telling.Unlock()
			if ctx.Err() == nil {
				tell(done, total)
			}
		}
	}
	result, err := interruptible(ctx, func() (result T, err error) {
		defer func() {
			for _, c := range held {
				c.Close()
			}
		}()
		if job.Data, err = job.Open(data); err != nil {
			return result, err
		}
		return work(ctx, job)
	})
	telling.Lock() // work that was left alone may be telling
	defer telling.Unlock()
	return result, err
}

// finiteFit is a kind's fit, of which all can be written.
func finiteFit(e estimators.Estimator) func(context.Context, estimators.Job) (*estimators.Fit, error) {
	return func(ctx context.Context, job estimators.Job) (*estimators.Fit, error) {
		f, err := e.Fit(ctx, job)
		if err != nil {
			return nil, err
		}
		return f, writable(job.Data.Name, f)
	}
}

// writable is an error that names the figure of a fit, or of its model, that JSON cannot hold: one that is no number or infinite.
func writable(data string, f *estimators.Fit) error {
	_, err := json.Marshal(struct{ Fit, Saved json.Marshaler }{f, f.Saved})
	bad, ok := errors.AsType[*json.UnsupportedValueError](err)
	if !ok {
		return err
	}
	told := map[string]any{}
	for _, c := range f.Coefficients {
		told["coefficient "+c.Name] = c
	}
	for _, h := range f.HeldOut {
		told["held_out."+h.Name] = h.Value
	}
	if !math.IsNaN(f.LogLik) {
		told["loglik"] = f.LogLik
	}
	place := "the fit"
	for _, part := range []struct {
		of    string
		value any
	}{{"", told}, {"", f.Own}, {"model", f.Saved}} {
		if name, found := notFinite(reflect.ValueOf(part.value)); found {
			place = strings.Trim(part.of+name, ".")
			break
		}
	}
	return &field.Error{File: data, Key: place, Found: bad.Str, Expected: "a finite number: the data are too few or too extreme for this model"}
}

// notFinite is where a value has its first number that is not finite, as in ".held_out.auc".
func notFinite(v reflect.Value) (path string, found bool) {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		return "", math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0)
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return notFinite(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if path, found = notFinite(v.Index(i)); found {
				return fmt.Sprintf("[%d]%s", i, path), true
			}
		}
	case reflect.Map:
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		for _, k := range keys {
			if path, found = notFinite(v.MapIndex(k)); found {
				return fmt.Sprintf(".%v%s", k, path), true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.Tag.Get("json") != "-" {
				if path, found = notFinite(v.Field(i)); found {
					return fieldName(f) + path, true
				}
			}
		}
	}
	return "", false
}

// fieldName is a field as JSON names it: nothing for one whose own fields stand in its place.
func fieldName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	switch {
	case name != "":
		return "." + name
	case f.Anonymous:
		return ""
	}
	return "." + strings.ToLower(f.Name)
}
