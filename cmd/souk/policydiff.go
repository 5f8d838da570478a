package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/policies/bundle"
)

// fewPlaces is how many states a comparison of policies prints.
const fewPlaces = 20

func (a *app) policyDiff() *cobra.Command {
	return &cobra.Command{
		Use: "diff BUNDLE OTHER", Short: "Where two policies offer different things, and by how much, weighted by visits", Args: takes("BUNDLE", "OTHER"),
		Long: "Asks both in the middle of each state of the first, without exploration. Shares and means are weighted by how often training of the first was\n" +
			"in a state; where it did not count, all states weigh the same.",
		Example: "  souk policy diff results/runs/canned-tuna/OLD/policy results/runs/canned-tuna/NEW/policy",
		RunE: func(_ *cobra.Command, args []string) error {
			first, err := load(args[0])
			if err != nil {
				return err
			}
			second, err := load(args[1])
			if err != nil {
				return err
			}
			d, err := bundle.Compare(first.Policy, second.Policy)
			if err != nil {
				return err
			}
			if a.json {
				return a.document("difference", d)
			}
			weights := "of what training saw"
			if !d.Visited {
				weights = "of the states"
			}
			fmt.Fprintf(a.stdout, "%d of %d states differ, %.1f%% %s; by %.4g on the whole, the second %+.4g\n", d.Apart, d.States, 100*d.Share, weights, d.Absolute, d.Mean)
			if d.Apart == 0 {
				return nil
			}
			return a.table(func(t *tabwriter.Writer) {
				fmt.Fprintln(t, "\nWEIGHT\tFIRST\tSECOND\tWHERE")
				for _, p := range d.Places[:min(fewPlaces, len(d.Places))] {
					var bins []string
					for _, b := range p.Bins {
						bins = append(bins, b.String())
					}
					fmt.Fprintf(t, "%.1f%%\t%s\t%s\t%s\n", 100*p.Weight, offerText(p.First.Price, p.First.Promotion), offerText(p.Second.Price, p.Second.Promotion), strings.Join(bins, ", "))
				}
				if more := len(d.Places) - fewPlaces; more > 0 {
					fmt.Fprintf(t, "…\t\t\t%d more with --json\n", more)
				}
			})
		},
	}
}
