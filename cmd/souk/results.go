package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

func (a *app) results() *cobra.Command {
	group := &cobra.Command{
		Use: "results", Short: "Runs and what they left",
		Example: "  souk results list\n  souk results list --out elsewhere",
		Args:    named, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	group.AddCommand(&cobra.Command{
		Use: "list", Short: "List runs, complete or not", Args: takes(),
		Example: "  souk results list",
		RunE: func(*cobra.Command, []string) error {
			runs, err := a.store().List()
			if err != nil {
				return err
			}
			if a.json {
				return a.document("results", map[string]any{"runs": runs})
			}
			if len(runs) == 0 {
				fmt.Fprintf(a.stdout, "no runs under %s\n", a.out)
				return nil
			}
			return a.table(func(t *tabwriter.Writer) {
				fmt.Fprintln(t, "SCENARIO\tRUN\tSTATE\tVERSION\tFOLDER")
				for _, r := range runs {
					state, version := "incomplete", ""
					if r.Manifest != nil {
						state, version = "complete", r.Manifest.Version
					}
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", r.Name, r.ID, state, version, r.Dir)
				}
			})
		},
	})
	return group
}
