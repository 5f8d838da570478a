package workflow

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"slices"

	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/estimators"
	"github.com/souk-sim/souk/scenarios/field"
)

// Shopper is one model of a scenario's shoppers: as it was fitted, or as it was given.
type Shopper struct {
	*scenarios.Model
	Fit   *estimators.Fit // nil where the parameters were given by hand
	Saved json.Marshaler
}

// FitShoppers fits the models of the shoppers, part by part, but for those that the fit of their market has fitted; scene is nil without a market.
// When the context is done it returns at once, with its error. The result does not depend on the number of workers. Watch may be nil.
func FitShoppers(ctx context.Context, s *scenarios.Scenario, scene Scene, workers int, watch func(Progress)) ([]Shopper, error) {
	var known []Shopper
	if scene != nil {
		known = scene.shoppers()
	}
	var all []Shopper
	for _, m := range s.Shoppers.Models() {
		if k := slices.IndexFunc(known, func(o Shopper) bool { return o.Model == m }); k >= 0 {
			all = append(all, known[k])
			continue
		}
		one, err := fitShopper(ctx, s, m, workers, watch)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// fitShopper fits a model of the shoppers, or takes it as it is given.
func fitShopper(ctx context.Context, s *scenarios.Scenario, m *scenarios.Model, workers int, watch func(Progress)) (Shopper, error) {
	if hand, ok := m.Estimator.(estimators.ByHand); ok && m.ByHand() {
		given, err := hand.Given()
		if err != nil {
			err = s.ModelFault(m, err)
		}
		return Shopper{m, nil, given}, err
	}
	fit, err := onData(ctx, s, m, workers, watch, "fitting", finiteFit(m.Estimator))
	if err != nil {
		return Shopper{}, err
	}
	return Shopper{m, fit, fit.Saved}, nil
}

// onData gives a model's job to do on the scenario's files.
func onData[T any](ctx context.Context, s *scenarios.Scenario, m *scenarios.Model, workers int, watch func(Progress), doing string,
	do func(context.Context, estimators.Job) (T, error)) (T, error) {
	open := func(name string) (estimators.File, error) {
		if name == m.Data {
			return openIn(s.OpenModel(m))
		}
		return openIn(s.Open(name))
	}
	job := estimators.Job{Open: open, Seed: uint64(s.Seed), Workers: workers, HeldOut: *m.HeldOut}
	stage := Progress{Stage: doing + " " + m.Part + ": " + m.Name, Total: 1}
	if watch != nil {
		watch(stage)
		job.Progress = func(done, total int) { watch(Progress{Stage: stage.Stage, Done: done, Total: total}) }
	}
	return onFiles(ctx, job, m.Data, func(ctx context.Context, job estimators.Job) (T, error) {
		result, err := do(ctx, job)
		if err != nil {
			err = fmt.Errorf("%s %s: %w", doing, m.Part, s.ModelFault(m, err))
		}
		return result, err
	})
}

// openIn takes a file that a scenario has opened.
func openIn(full string, file fs.File, err error) (estimators.File, error) {
	if err != nil {
		return estimators.File{}, err
	}
	info, err := file.Stat()
	at, ok := file.(io.ReaderAt)
	if err != nil || !ok || info.IsDir() {
		file.Close()
		return estimators.File{}, &field.Error{File: full, Found: "a folder", Expected: "a file"}
	}
	return estimators.File{Name: full, ReaderAt: at, Size: info.Size()}, nil
}

// ShopperDocuments are the models as JSON documents, by file name. What only describes, as patterns do, is none.
func ShopperDocuments(all []Shopper) map[string]any {
	documents := map[string]any{}
	for _, one := range all {
		if one.Saved != nil {
			documents[one.File()] = one.Saved
		}
	}
	return documents
}

// MarshalJSON tells what the model is of, and how it was fitted or what was given.
func (m Shopper) MarshalJSON() ([]byte, error) {
	about := struct {
		Part    string          `json:"part"`
		Name    string          `json:"name"`
		Kind    string          `json:"kind"`
		Data    string          `json:"data,omitempty"`
		SHA256  string          `json:"sha256,omitempty"`
		HeldOut *float64        `json:"held_out_share,omitempty"`
		File    string          `json:"file,omitempty"` // of the model, in the folder of models
		Fit     *estimators.Fit `json:"fit,omitempty"`
		Given   json.Marshaler  `json:"given,omitempty"`
	}{m.Part, m.Name, m.Model.Model, m.Data, m.SHA256, m.HeldOut, m.File(), m.Fit, nil}
	if m.Fit == nil {
		about.Given = m.Saved
	}
	if m.Saved == nil {
		about.File = ""
	}
	return json.Marshal(about)
}
