// Package estimators holds what souk can fit to shop logs, one kind a file. A kind is a struct whose tagged fields are its options, as
// a scenario's [shoppers] table and the flags of souk estimate write them, and a Fit.
package estimators

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"

	"github.com/souk-sim/souk/market/twins"
	"github.com/souk-sim/souk/scenarios/field"
)

// Estimator is a kind's options. Tags give each field's key (toml), what it is (doc), its default as a TOML value (default), and what it
// may be (range, oneof, required), as in the schema of scenarios.
type Estimator interface {
	// Fit reads the job's data and fits a model to them. An error about an option is a *field.Error with the option's key, one about
	// the data has the file's name.
	Fit(ctx context.Context, job Job) (*Fit, error)
}

// ByHand is an Estimator whose model can be given by its parameters, in a scenario without logs.
type ByHand interface {
	Estimator
	// Given returns the model that the options give, or nil where they give none.
	Given() (json.Marshaler, error)
}

// Twinned is an Estimator whose model makes synthetic customers, who can be held against real ones.
type Twinned interface {
	Estimator
	// Twin fits the model to one half of the job's customers and holds as many synthetic ones against the other half. The job's HeldOut is of
	// no effect: its report does not depend on the number of workers.
	Twin(ctx context.Context, job Job) (*twins.Report, error)
}

// Kind is a kind of model, as souk estimate and a scenario name it.
type Kind struct {
	Name    string
	Part    string // of a scenario's shoppers
	Doc     string // one line
	Example string // flags of souk estimate
	New     func() Estimator
	HeldOut float64 // share of the data that is held back unless told otherwise; 0: none by souk estimate, a fifth by a scenario
}

// Saves tells whether the kind fits a model that can be saved: patterns only describe.
func (k Kind) Saves() bool {
	_, describes := k.New().(*Patterns)
	return !describes
}

// The parts of a shopper.
const (
	Choice   = "choice"
	Persona  = "persona"
	Basket   = "basket"
	Affinity = "affinity"
	Journey  = "journey"
	Loyalty  = "loyalty"
)

// File is data to read.
type File struct {
	Name string // for messages
	io.ReaderAt
	Size int64
}

// Job is what a fit is given beside the options of its kind.
type Job struct {
	Data    File
	Open    func(path string) (File, error) // further files that options name
	Seed    uint64
	Noise   uint64 // secret seed of noise in what is published; 0: there is none
	Workers int
	// HeldOut is the share of the customers, or of the end of time where a model is about time, that the fit does not see and is judged on; 0: none.
	HeldOut  float64
	Beside   []Estimator           // of the same part and data, whose models a synthetic customer has too; in a twin test
	Progress func(done, total int) // may be nil
}

// Coefficient is one estimate. A standard error that could not be had is 0.
type Coefficient struct {
	Name        string  `json:"name"`
	Estimate    float64 `json:"estimate"`
	SE          float64 `json:"se"`
	RobustSE    float64 `json:"robust_se,omitempty"`
	ClusteredSE float64 `json:"clustered_se,omitempty"` // by customer
}

// MarshalJSON writes a standard error that could not be had as null.
func (c Coefficient) MarshalJSON() ([]byte, error) {
	type plain Coefficient
	var se *float64
	if c.SE > 0 && !math.IsInf(c.SE, 0) {
		se = &c.SE
	}
	return json.Marshal(struct {
		plain
		SE *float64 `json:"se"`
	}{plain(c), se})
}

// Figure is a number with its name.
type Figure struct {
	Name  string
	Value float64
}

// Table is what people read: rows of cells, the first row the heads.
type Table struct {
	Title string
	Rows  [][]string
	Note  string
}

// Fit is a fitted model as it is reported.
type Fit struct {
	Model        string            // what was fitted, in words
	Data         string            // on what, in words
	Columns      map[string]string // role → column that was read of a log; nil: roles are options
	N            int               // observations
	Customers    int               // 0: none are known
	LogLik       float64           // NaN: not a likelihood model
	Coefficients []Coefficient
	Converged    bool
	Warnings     []string // what to be careful about
	HeldOut      []Figure // how well on what the fit did not see
	Words        []string // how well it fits, in sentences
	Own          any      // the model's own figures: a struct or map, whose keys join the others in JSON
	Tables       []Table
	Saved        json.Marshaler    // the model, which its room loads again to the same behaviour; nil: there is none
	Files        map[string][]byte // further files that options ask for, by path
}

// MarshalJSON writes what all fits have, then the model's own figures.
func (f *Fit) MarshalJSON() ([]byte, error) {
	common := struct {
		Model        string             `json:"model"`
		Columns      map[string]string  `json:"columns,omitempty"`
		N            int                `json:"n"`
		Customers    int                `json:"customers,omitempty"`
		LogLik       *float64           `json:"loglik,omitempty"`
		Coefficients []Coefficient      `json:"coefficients"`
		Converged    bool               `json:"converged"`
		Warnings     []string           `json:"warnings"`
		HeldOut      map[string]float64 `json:"held_out,omitempty"`
	}{f.Model, f.Columns, f.N, f.Customers, nil, append([]Coefficient{}, f.Coefficients...), f.Converged, append([]string{}, f.Warnings...), nil}
	if !math.IsNaN(f.LogLik) {
		common.LogLik = &f.LogLik
	}
	for _, h := range f.HeldOut {
		if common.HeldOut == nil {
			common.HeldOut = map[string]float64{}
		}
		common.HeldOut[h.Name] = h.Value
	}
	text, err := json.Marshal(common)
	if err != nil || f.Own == nil {
		return text, err
	}
	own, err := json.Marshal(f.Own)
	if err != nil || bytes.Equal(own, []byte("{}")) {
		return text, err
	}
	return append(append(text[:len(text)-1], ','), own[1:]...), nil
}

// saved is a model that has a Save of its own.
type saved struct{ Save func() ([]byte, error) }

// MarshalJSON implements json.Marshaler.
func (s saved) MarshalJSON() ([]byte, error) { return s.Save() }

// inFile gives an error about data the name of their file.
func inFile(f File, err error) error {
	if bad, ok := err.(*field.Error); ok && bad.File == "" {
		named := *bad
		named.File = f.Name
		return &named
	}
	return err
}
