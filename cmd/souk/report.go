package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

func (a *app) reportRun() *cobra.Command {
	cmd := &cobra.Command{
		Use: "report RUN", Short: "Make a run's HTML report anew from its files, and tell where it is", Args: takes("RUN"),
		Long: "Make report.html of a complete run anew from the run's other files: one page that needs no network, with the answer, the models and\n" +
			"how well they fit, learning, prices, the policy, comparisons with their intervals, and how to reproduce them. RUN is the run's folder,\n" +
			"NAME/RUNID as souk results list shows them, or NAME where it has one run.",
		Example: "  souk report canned-tuna\n  souk report canned-tuna/0123456789ab\n  souk report results/runs/canned-tuna/0123456789ab",
		RunE: func(_ *cobra.Command, args []string) error {
			run, err := a.finished(args[0])
			if err != nil {
				return err
			}
			m := run.Manifest
			page, err := workflow.Report(&workflow.RunFiles{Name: m.Name, ID: m.RunID, Version: m.Version, Build: m.Build, Read: run.ReadFile})
			if err != nil {
				return err
			}
			write := func(w io.Writer) error { return page.Write(w) }
			if err := run.Replace(workflow.ReportFile, write, fmt.Sprintf("souk report, process %d", os.Getpid())); err != nil {
				return err
			}
			file := filepath.Join(run.Dir, workflow.ReportFile)
			if a.json {
				return a.document("report", map[string]string{"name": m.Name, "run_id": m.RunID, "file": file})
			}
			_, err = fmt.Fprintln(a.stdout, file)
			return err
		},
	}
	a.outFlag(cmd)
	return cmd
}

// finished finds a complete run by its folder, by NAME/RUNID, or by NAME where there is one.
func (a *app) finished(run string) (*rundir.Finished, error) {
	clean := filepath.Clean(run)
	folder := rundir.Store{Root: filepath.Dir(filepath.Dir(clean)), FS: a.disk}
	if f, err := folder.Finished(filepath.Base(filepath.Dir(clean)), filepath.Base(clean)); err == nil {
		return f, nil
	} else if bad, ok := errors.AsType[*field.Error](err); !ok || bad.Found != "no manifest.json" {
		return nil, err
	}
	all, err := a.store().List()
	if err != nil {
		return nil, err
	}
	var known []string
	for _, info := range all {
		if name := info.Name + "/" + info.ID; info.Manifest != nil && (info.Name == run || name == filepath.ToSlash(clean)) {
			known = append(known, name)
		}
	}
	switch len(known) {
	case 0:
		return nil, field.New("RUN", fmt.Sprintf("%q", run), "a complete run's folder, or NAME/RUNID or NAME of one that 'souk results list' shows under "+a.out)
	case 1:
		name, id, _ := strings.Cut(known[0], "/")
		return a.store().Finished(name, id)
	}
	return nil, field.New("RUN", fmt.Sprintf("%q, of which there are %d runs", run, len(known)), "one of "+strings.Join(known, ", "))
}
