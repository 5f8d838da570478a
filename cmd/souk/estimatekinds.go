package main

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/estimators"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

// estimateKind is souk estimate KIND: a flag for each option of the kind, beside those that all have.
func (a *app) estimateKind(kind estimators.Kind) *cobra.Command {
	var data, model string
	var read decisionlog.Options // where data are the folder of a decision log
	var heldOut float64
	flags := map[string]*optionFlag{}
	cmd := &cobra.Command{
		Use: kind.Name, Short: upperFirst(kind.Doc), Args: takes(), Example: "  souk estimate " + kind.Name + " " + kind.Example,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if model != "" && !kind.Saves() {
				return badUsage("--model", strconv.Quote(model), "no file: "+kind.Name+" has no model to load again")
			}
			if data == "" {
				return badUsage("--data", "nothing", "a CSV or Parquet file")
			}
			if !(heldOut >= 0 && heldOut < 1) {
				return badUsage("--held-out", fmt.Sprint(heldOut), "a share of at least 0 and below 1")
			}
			e := kind.New()
			if err := fill(e, flags); err != nil {
				return err
			}
			a.reads(data)
			if err := a.checkOutputs(model, flags); err != nil {
				return err
			}
			open := func(path string) (estimators.File, error) {
				a.reads(path)
				if path == data {
					return a.openData(path, read)
				}
				return openFile(path)
			}
			job := estimators.Job{Open: open, Seed: uint64(a.seed), Noise: secret(), Workers: a.processors(), HeldOut: heldOut}
			watch, closed := a.watch()
			defer closed()
			if watch != nil {
				job.Progress = func(done, total int) { watch(workflow.Progress{Stage: kind.Name, Done: done, Total: total}) }
			}
			fit, err := workflow.FitKind(cmd.Context(), e, job, data)
			closed()
			if err != nil {
				return asFlag(err, flags)
			}
			if model != "" {
				if err := a.writeModel(model, "--model", fit.Saved); err != nil {
					return err
				}
			}
			for _, path := range slices.Sorted(maps.Keys(fit.Files)) {
				if err := a.write(path, customersFlag, private, bytesTo(fit.Files[path])); err != nil {
					return err
				}
			}
			if a.json {
				return a.document("estimate", fit)
			}
			return workflow.KindText(a.stdout, filepath.Base(data), fit)
		},
	}
	f := cmd.Flags()
	f.StringVar(&data, "data", "", "CSV or Parquet file, or the folder of a decision log, whose choices are read (required)")
	decidedFlags(f, &read)
	f.StringVar(&model, "model", "", "file to write the fitted model to, as JSON")
	f.Float64Var(&heldOut, "held-out", kind.HeldOut, "share of the customers, or of the end of time, to keep from the fit and judge it on")
	f.Int64Var(&a.seed, "seed", 1, "of what is random: starts, draws, who is held out")
	a.workersFlag(cmd)
	options := kind.New()
	keys := scenarios.Describe(options)
	for i, k := range keys {
		if strings.ContainsAny(k.Key, ".[") || i+1 < len(keys) && strings.HasPrefix(keys[i+1].Key, k.Key+".") { // a table of its own is for scenarios
			continue
		}
		o := &optionFlag{options: options, key: k}
		o.name = strings.ReplaceAll(k.Key, "_", "-")
		if o.negated = k.Default == "true"; o.negated {
			o.name = "no-" + o.name
		}
		flags[k.Key] = o
		f.AddFlag(&pflag.Flag{Name: o.name, Usage: o.usage(), Value: o, DefValue: "", NoOptDefVal: map[bool]string{true: "true"}[k.Type == "boolean"]})
	}
	return cmd
}

// secret is a seed that nobody can know.
func secret() uint64 {
	var bytes [8]byte
	rand.Read(bytes[:]) // which never fails
	return binary.LittleEndian.Uint64(bytes[:])
}

// optionFlag is the flag of one option: a boolean that is true by default is there to be turned off.
type optionFlag struct {
	options any
	key     scenarios.Key
	name    string
	negated bool
	text    string
	given   bool
}

func (o *optionFlag) String() string { return o.text }

// Set implements pflag.Value.
func (o *optionFlag) Set(text string) error {
	o.text, o.given = text, true
	return nil
}

// Type implements pflag.Value.
func (o *optionFlag) Type() string {
	switch {
	case o.key.Type == "boolean":
		return "bool"
	case strings.HasPrefix(o.key.Type, "list"):
		return "list"
	}
	return o.key.Type
}

func (o *optionFlag) usage() string {
	text := o.key.Doc
	if o.negated {
		return "without: " + text
	}
	if o.key.Allowed != "" {
		text += " (" + o.key.Allowed + ")"
	}
	if o.key.Default != "" && o.key.Type != "boolean" {
		text += "; default " + strings.Trim(o.key.Default, `"`)
	}
	if o.key.Required {
		text += " (required)"
	}
	return text
}

// value is what the flag says, for scenarios.Fill.
func (o *optionFlag) value() any {
	v := scenarios.Text(o.options, o.key.Key, o.text)
	if b, ok := v.(bool); ok && o.negated {
		return !b
	}
	return v
}

func fill(e estimators.Estimator, flags map[string]*optionFlag) error {
	given := map[string]any{}
	for key, o := range flags {
		if o.given {
			given[key] = o.value()
		}
	}
	return asFlag(scenarios.Fill(e, given), flags)
}

// asFlag turns an error about an option into one about its flag.
func asFlag(err error, flags map[string]*optionFlag) error {
	bad, ok := errors.AsType[*field.Error](err)
	if !ok || bad.File != "" {
		return err
	}
	key, _, _ := strings.Cut(bad.Key, ".")
	o, ok := flags[key]
	if !ok && key == "held_out" {
		return badUsage("--held-out", bad.Found, bad.Expected)
	}
	if !ok {
		return err
	}
	found := bad.Found
	if o.given {
		found = strconv.Quote(o.text)
		if found != bad.Found && !strings.Contains(bad.Found, o.text) {
			found = bad.Found
		}
	}
	return badUsage("--"+o.name, found, bad.Expected)
}

// openData opens data to read, a file or the choices of the folder of a decision log.
func (a *app) openData(path string, o decisionlog.Options) (estimators.File, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return a.decidedFile(path, o)
	} else if err == nil && o != (decisionlog.Options{}) {
		return estimators.File{}, badUsage("--data", strconv.Quote(path)+", a file, beside --of, --window or --patience", "the folder of a decision log with them")
	}
	return openFile(path)
}

// openFile opens a file to read.
func openFile(path string) (estimators.File, error) {
	file, err := os.Open(path)
	if err != nil {
		return estimators.File{}, &field.Error{File: path, Found: reason(err), Expected: "a file that can be read"}
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		file.Close()
		if err == nil && info.IsDir() {
			return estimators.File{}, &field.Error{File: path, Found: "a folder", Expected: "a regular file"}
		}
		return estimators.File{}, &field.Error{File: path, Found: "a device or a pipe", Expected: "a regular file: it is read from more than one place"}
	}
	return estimators.File{Name: path, ReaderAt: file, Size: info.Size()}, nil
}

// customersFlag names the file of what a model says of each customer.
const customersFlag = "--customers"

// checkOutputs finds out what cannot be written before the work is done.
func (a *app) checkOutputs(model string, flags map[string]*optionFlag) error {
	if model != "" {
		if _, err := a.target(model, "--model"); err != nil {
			return err
		}
	}
	o, ok := flags[strings.TrimPrefix(customersFlag, "--")]
	if !ok || o.text == "" {
		return nil
	}
	if model != "" && filepath.Clean(model) == filepath.Clean(o.text) {
		return badUsage(customersFlag, strconv.Quote(o.text)+", the file of --model too", "a file of its own")
	}
	_, err := a.target(o.text, customersFlag)
	return err
}

// private is the mode of what a model says of customers, which is for their shop alone.
const private = 0o600

func upperFirst(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
