package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/results/rundir"
)

func (a *app) results() *cobra.Command {
	group := &cobra.Command{
		Use: "results", Short: "Runs and what they left",
		Example: "  souk results list\n  souk results list --out elsewhere\n  souk results delete canned-tuna RUNID",
		Args:    named, RunE: a.overview,
	}
	group.AddCommand(a.resultsList(), a.resultsDelete())
	return group
}

func (a *app) resultsList() *cobra.Command {
	cmd := &cobra.Command{
		Use: "list", Short: "List runs: complete, incomplete (interrupted or under way) or damaged", Args: takes(),
		Example: "  souk results list",
		RunE: func(*cobra.Command, []string) error {
			runs, err := a.store().List()
			if err != nil {
				return err
			}
			if a.json {
				return a.document("results", map[string]any{"runs": append([]rundir.Info{}, runs...)})
			}
			if len(runs) == 0 {
				fmt.Fprintf(a.stdout, "no runs under %s\n", a.out)
				return nil
			}
			err = a.table(func(t *tabwriter.Writer) {
				fmt.Fprintln(t, "SCENARIO\tRUN\tSTATE\tVERSION\tFOLDER")
				for _, r := range runs {
					version := ""
					if r.Manifest != nil {
						version = r.Manifest.Version
					}
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.Name, r.ID, r.State, version, r.Dir)
				}
			})
			for _, r := range runs {
				if r.Damage != "" {
					fmt.Fprintf(a.stdout, "%s: %s\n", r.Dir, r.Damage)
				}
			}
			return err
		},
	}
	a.outFlag(cmd)
	return cmd
}

func (a *app) resultsDelete() *cobra.Command {
	cmd := &cobra.Command{
		Use: "delete NAME RUNID", Short: "Delete a run, complete or not", Args: takes("NAME", "RUNID"),
		Example: "  souk results delete canned-tuna 0123456789ab",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := a.store().Delete(args[0], args[1]); err != nil {
				return err
			}
			if a.json {
				return a.document("deleted", map[string]string{"name": args[0], "run_id": args[1]})
			}
			_, err := fmt.Fprintf(a.stdout, "run %s of %s deleted\n", args[1], args[0])
			return err
		},
	}
	a.outFlag(cmd)
	return cmd
}
