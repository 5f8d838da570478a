package main

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/results/report"
)

// fewPlaces is how many states, and how many cells, a comparison of policies prints.
const fewPlaces = 20

func (a *app) policyDiff() *cobra.Command {
	var plot string
	cmd := &cobra.Command{
		Use: "diff BUNDLE OTHER", Short: "Where two policies offer different things, and by how much, weighted by visits", Args: takes("BUNDLE", "OTHER"),
		Long: "Asks both in the middle of each state of the first, without exploration. Shares and means are weighted by how often training of the first was\n" +
			"in a state; where it did not count, all states weigh the same.",
		Example: "  souk policy diff results/runs/canned-tuna/OLD/policy results/runs/canned-tuna/NEW/policy --plot diff.svg",
		RunE: func(_ *cobra.Command, args []string) error {
			if ext := filepath.Ext(plot); plot != "" && ext != ".svg" && ext != ".png" {
				return badUsage("--plot", strconv.Quote(plot), "a name that ends in .svg or .png")
			}
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
			if plot != "" {
				picture := comparedLines(d, &first.Manifest, &second.Manifest)
				if picture == nil {
					return badUsage("--plot", plot, "none: the first policy looks at nothing, so that there is nothing to draw prices over")
				}
				a.reads(args...)
				if err := a.draw(plot, "", picture); err != nil {
					return err
				}
			}
			if a.json {
				return a.document("difference", d)
			}
			return a.difference(d)
		},
	}
	cmd.Flags().StringVar(&plot, "plot", "", "picture to draw, an .svg or .png file: mean prices over the feature along which they differ most")
	return cmd
}

// difference prints a comparison.
func (a *app) difference(d *bundle.Difference) error {
	if len(d.Aside) > 0 {
		fmt.Fprintf(a.stdout, "Guardrails on %s are set aside: at which value is not in the first bundle\n", strings.Join(d.Aside, ", "))
	}
	if d.Apart == 0 {
		_, err := fmt.Fprintf(a.stdout, "No difference: both offer the same in all %d states in which everything is known\n", d.States)
		return err
	}
	fmt.Fprintf(a.stdout, "%d of %d states in which everything is known differ, %.1f%% %s. Prices are %s apart on average; the second %s\n",
		d.Apart, d.States, 100*d.Share, weighed(d), about(d.Absolute), charges(d.Mean))
	return a.table(func(t *tabwriter.Writer) {
		if along := most(d); len(d.Along) > 1 {
			fmt.Fprintf(t, "\nWEIGHT\tDIFFER\tFIRST\tSECOND BY\tMEANS ALONG %s\n", strings.ToUpper(along.Feature))
			cells := slices.DeleteFunc(slices.Clone(along.Cells), func(c bundle.Cell) bool { return c.Apart*c.Weight == 0 })
			for _, c := range cells[:min(fewPlaces, len(cells))] {
				fmt.Fprintf(t, "%.1f%%\t%.0f%%\t%.4g\t%+.4g\t%s\n", 100*c.Weight, 100*c.Apart, c.First, c.Second-c.First, c.Bin)
			}
			more(t, len(cells))
		}
		fmt.Fprintln(t, "\nWEIGHT\tFIRST\tSECOND\tWHERE")
		met := slices.DeleteFunc(slices.Clone(d.Places), func(p bundle.Place) bool { return p.Weight == 0 })
		for _, p := range met[:min(fewPlaces, len(met))] {
			var bins []string
			for _, b := range p.Bins {
				bins = append(bins, b.String())
			}
			fmt.Fprintf(t, "%.1f%%\t%s\t%s\t%s\n", 100*p.Weight, offerText(p.First.Price, p.First.Promotion), offerText(p.Second.Price, p.Second.Promotion), strings.Join(bins, ", "))
		}
		more(t, len(met))
		if never := len(d.Places) - len(met); never > 0 {
			fmt.Fprintf(t, "never\t\t\t%d in which training of the first never was\n", never)
		}
	})
}

// charges says how a mean price stands to the first's.
func charges(more float64) string {
	if more == 0 {
		return "charges the same on average"
	}
	return fmt.Sprintf("charges %s %s on average", about(math.Abs(more)), map[bool]string{true: "more", false: "less"}[more > 0])
}

// about is an amount of money in two digits, or with a decimal.
func about(x float64) string {
	if x < 10 {
		return strconv.FormatFloat(x, 'g', 2, 64)
	}
	return strconv.FormatFloat(x, 'f', 1, 64)
}

// called is a policy's name and the beginning of its revision.
func called(m *bundle.Manifest) string { return fmt.Sprintf("%s, %.8s", m.Name, m.Revision) }

// more says that a list was cut.
func more(t *tabwriter.Writer, all int) {
	if left := all - fewPlaces; left > 0 {
		fmt.Fprintf(t, "…\t\t\t%d more with --json\n", left)
	}
}

func weighed(d *bundle.Difference) string {
	if d.Visited {
		return "of what training saw"
	}
	return "of the states"
}

// most is the feature along whose cells the difference of mean prices varies most; nil where there is none.
func most(d *bundle.Difference) (main *bundle.Along) {
	widest := -1.0
	for i := range d.Along {
		variance := 0.0
		for _, c := range d.Along[i].Cells {
			variance += c.Weight * math.Pow(c.Second-c.First-d.Mean, 2)
		}
		if variance > widest {
			main, widest = &d.Along[i], variance
		}
	}
	return main
}

// comparedLines are both policies' mean prices over the feature along which they differ most; nil where there is none.
func comparedLines(d *bundle.Difference, first, second *bundle.Manifest) *report.PolicyLines {
	along := most(d)
	if along == nil {
		return nil
	}
	one, other := report.PolicyLine{Name: called(first)}, report.PolicyLine{Name: called(second)}
	l := &report.PolicyLines{Title: "Two policies", X: strings.ReplaceAll(along.Feature, "_", " "), Y: "mean price",
		Subtitle: fmt.Sprintf("%d of %d states differ, %.1f%% %s", d.Apart, d.States, 100*d.Share, weighed(d))}
	for _, c := range along.Cells {
		if c.Weight == 0 {
			c.First, c.Second = math.NaN(), math.NaN()
		}
		l.Feature = append(l.Feature, c.Middle)
		one.Known = append(one.Known, c.Weight >= 0.1/float64(len(along.Cells)))
		one.Price, other.Price = append(one.Price, c.First), append(other.Price, c.Second)
	}
	other.Known = one.Known
	l.Lines = []report.PolicyLine{one, other}
	return l
}
