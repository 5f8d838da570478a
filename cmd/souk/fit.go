package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

func (a *app) fit() *cobra.Command {
	var folder, plot string
	var validate, require bool
	cmd := &cobra.Command{
		Use: "fit SCENARIO", Short: "Fit the scenario's models, print estimates and diagnostics", Args: takes("SCENARIO"),
		Long: "Fit the scenario's models and print what was fitted, on what, how well on held-out data, and what to be careful about: first those\n" +
			"of the market, then those of the shoppers. With --models the models are written as JSON; --json prints them as one document.\n\n" +
			"--validate puts the shoppers to the twin test instead: of each model's customers one half is fitted, and as many synthetic ones are\n" +
			"held against the other half, measure by measure and by a classifier, which should hardly tell them apart.",
		Example: "  souk fit margarine\n  souk fit margarine --validate --plot twins.svg\n  souk fit canned-tuna --models models --set choice.reference_price.memory=0.7",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch ext := filepath.Ext(plot); {
			case !validate && (plot != "" || require):
				return badUsage("--validate", "nothing beside --plot or --require", "it with them")
			case plot != "" && ext != ".svg" && ext != ".png":
				return badUsage("--plot", strconv.Quote(plot), "a name that ends in .svg or .png")
			}
			s, err := scenarios.Load(args[0], a.overrides()...)
			if err != nil {
				return err
			}
			a.readsScenario(args[0], s)
			watch, closed := a.watch()
			defer closed()
			if validate {
				return a.validate(cmd.Context(), s, plot, require, watch, closed)
			}
			f, err := a.fitted(cmd.Context(), s, watch)
			closed()
			if err != nil {
				return err
			}
			if folder != "" {
				if err := a.writeModels(folder, f); err != nil {
					return err
				}
			}
			if a.json {
				return a.document("models", f)
			}
			return f.text(a.stdout)
		},
	}
	a.scenarioFlags(cmd)
	a.workersFlag(cmd)
	cmd.Flags().StringVar(&folder, "models", "", "folder to write the models to, as JSON")
	cmd.Flags().BoolVar(&validate, "validate", false, "the twin test: do synthetic shoppers pass for real ones?")
	cmd.Flags().StringVar(&plot, "plot", "", "with --validate: file to draw each test to, .svg or .png; the part and the model are added to its name")
	cmd.Flags().BoolVar(&require, "require", false, "with --validate: exit 4 where a model fails the test, be it that of too few people to be sure")
	return cmd
}

// validate prints and draws the twin tests of a scenario's shoppers.
func (a *app) validate(ctx context.Context, s *scenarios.Scenario, plot string, require bool, watch func(workflow.Progress), closed func()) error {
	if len(s.Shoppers.Models()) == 0 {
		return s.Fault("nothing", "models of shoppers to validate, as in margarine", "shoppers")
	}
	tests, err := workflow.Validate(ctx, s, a.processors(), watch)
	closed()
	if err != nil {
		return err
	}
	var failed []string
	for _, t := range tests {
		if t.Report == nil {
			continue
		}
		if !t.Report.Passes {
			failed = append(failed, t.Part+": "+t.Name)
		}
		if plot != "" {
			if err := a.draw(plot, t.Part+"-"+t.Name, t.Picture(s.Name)); err != nil {
				return err
			}
		}
	}
	if a.json {
		err = a.document("validation", map[string]any{"scenario": s.Name, "passes": len(failed) == 0, "tests": tests})
	} else {
		err = workflow.ValidateText(a.stdout, s, tests)
	}
	if err == nil && require && len(failed) > 0 {
		err = unmet{field.New("--require", "synthetic shoppers who can be told apart, of "+strings.Join(failed, ", "), "a passed twin test")}
	}
	return err
}

// fitted is all that a scenario fits.
type fitted struct {
	scenario *scenarios.Scenario
	scene    workflow.Scene // its market; nil without one
	shoppers []workflow.Shopper
}

func (a *app) fitted(ctx context.Context, s *scenarios.Scenario, watch func(workflow.Progress)) (f *fitted, err error) {
	f = &fitted{scenario: s}
	if s.World() != scenarios.ShoppersAlone {
		var progress func(done, total int)
		if watch != nil {
			watch(workflow.Progress{Stage: "fit", Total: 1})
			progress = func(done, total int) { watch(workflow.Progress{Stage: "fit", Done: done, Total: total}) }
		}
		if f.scene, err = workflow.Open(s); err != nil {
			return nil, err
		}
		if err = f.scene.Fit(ctx, a.workers, progress); err != nil {
			return nil, err
		}
	}
	f.shoppers, err = workflow.FitShoppers(ctx, s, f.scene, a.processors(), watch)
	return f, err
}

// documents are the models by file name.
func (f *fitted) documents() map[string]any {
	all := workflow.ShopperDocuments(f.shoppers)
	if f.scene != nil {
		maps.Copy(all, f.scene.Documents())
	}
	return all
}

// tables are the further files that options of the shoppers' models ask for, beside the models.
func (f *fitted) tables(folder string) map[string][]byte {
	files := map[string][]byte{}
	for _, m := range f.shoppers {
		if m.Fit == nil {
			continue
		}
		for path, text := range m.Fit.Files {
			files[filepath.Join(folder, m.Part+"-"+m.Name+"-"+filepath.Base(path))] = text
		}
	}
	return files
}

// MarshalJSON is the document of souk fit.
func (f *fitted) MarshalJSON() ([]byte, error) {
	d := struct {
		Scenario string             `json:"scenario"`
		Findings []logs.Finding     `json:"findings,omitempty"`
		Models   map[string]any     `json:"models"` // by file name
		Shoppers []workflow.Shopper `json:"shoppers,omitempty"`
	}{f.scenario.Name, nil, f.documents(), f.shoppers}
	if f.scene != nil {
		_, d.Findings = f.scene.Records()
	}
	return json.Marshal(d)
}

func (f *fitted) text(w io.Writer) error {
	if f.scene != nil {
		if err := f.scene.FitText(w); err != nil || len(f.shoppers) == 0 {
			return err
		}
		fmt.Fprintln(w)
	}
	return workflow.ShoppersText(w, f.scenario, f.shoppers)
}

// writeModels writes models into a folder, and what options ask for beside them.
func (a *app) writeModels(folder string, f *fitted) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return &field.Error{Key: "--models", Found: folder + ": " + reason(err), Expected: "a folder that can be written"}
	}
	documents, tables := f.documents(), f.tables(folder)
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		if err := a.writeModel(filepath.Join(folder, name), "--models", documents[name]); err != nil {
			return err
		}
	}
	for _, path := range slices.Sorted(maps.Keys(tables)) {
		if err := a.write(path, "--models", private, bytesTo(tables[path])); err != nil {
			return err
		}
	}
	return nil
}

// writeModel writes a model as JSON.
func (a *app) writeModel(path, flag string, document any) error {
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return a.write(path, flag, 0o666, bytesTo(append(text, '\n')))
}
