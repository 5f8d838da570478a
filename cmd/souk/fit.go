package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

func (a *app) fit() *cobra.Command {
	var folder string
	cmd := &cobra.Command{
		Use: "fit SCENARIO", Short: "Fit the scenario's models, print estimates and diagnostics", Args: takes("SCENARIO"),
		Long: "Fit the scenario's models and print what was fitted, on what, how well on held-out weeks, and what to be careful about.\n" +
			"With --models the models are written as JSON; --json prints them as one document.",
		Example: "  souk fit canned-tuna\n  souk fit canned-tuna --models models --set choice.reference_price.memory=0.7",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := scenarios.Load(args[0], a.overrides()...)
			if err != nil {
				return err
			}
			watch, closed := a.watch()
			defer closed()
			var progress func(done, total int)
			if watch != nil {
				watch(workflow.Progress{Stage: "fit", Total: 1})
				progress = func(done, total int) { watch(workflow.Progress{Stage: "fit", Done: done, Total: total}) }
			}
			data, err := readData(s)
			if err != nil {
				return err
			}
			models, err := workflow.Fit(cmd.Context(), s, data, a.workers, progress)
			closed()
			if err != nil {
				return err
			}
			documents := models.Documents()
			if folder != "" {
				if err := writeModels(folder, documents); err != nil {
					return err
				}
			}
			if a.json {
				return a.document("models", map[string]any{"scenario": s.Name, "findings": data.Findings, "models": documents})
			}
			return workflow.FitText(a.stdout, s, data, models)
		},
	}
	a.scenarioFlags(cmd)
	a.workersFlag(cmd)
	cmd.Flags().StringVar(&folder, "models", "", "folder to write the models to, as JSON")
	return cmd
}

// writeModels writes each document whole or not at all.
func writeModels(folder string, documents map[string]any) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return &field.Error{Key: "--models", Found: err.Error(), Expected: "a folder that can be written"}
	}
	for _, name := range slices.Sorted(maps.Keys(documents)) {
		text, err := json.MarshalIndent(documents[name], "", "  ")
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		path := filepath.Join(folder, name)
		if err = os.WriteFile(path+".partial", append(text, '\n'), 0o666); err == nil {
			err = os.Rename(path+".partial", path)
		}
		if err != nil {
			return &field.Error{Key: "--models", Found: err.Error(), Expected: "a folder that can be written"}
		}
	}
	return nil
}
