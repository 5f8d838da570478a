package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
)

func (a *app) policyInspect() *cobra.Command {
	return &cobra.Command{
		Use: "inspect BUNDLE", Short: "What a bundle is, where it comes from, and what it looks at", Args: takes("BUNDLE"),
		Example: "  souk policy inspect results/runs/canned-tuna/RUN/policy",
		RunE: func(_ *cobra.Command, args []string) error {
			b, err := load(args[0])
			if err != nil {
				return err
			}
			m := &b.Manifest
			if a.json {
				return a.document("bundle", m)
			}
			fmt.Fprintf(a.stdout, "%s\n%s\n\n", m.Name, m.Purpose)
			err = a.table(func(t *tabwriter.Writer) {
				whence(t, m)
				_, table := b.Policy.(*policies.Table)
				what(t, b.Policy, table)
				looksAt(t, b.Policy.About(), table)
			})
			for _, text := range slices.Concat(m.Data, m.Caveats) {
				fmt.Fprintf(a.stdout, "· %s\n", text)
			}
			return err
		},
	}
}

// whence writes where a bundle comes from, and what it earned.
func whence(w io.Writer, m *bundle.Manifest) {
	agent := m.Agent
	if m.Episodes > 0 { // what is planned is not trained
		agent += fmt.Sprintf(", seed %d, %d episodes", m.Seed, m.Episodes)
	}
	fmt.Fprintf(w, "revision\t%s\nagent\t%s\nscenario\t%s (%.12s…), souk %s\n", m.Revision, agent, m.Scenario, m.ScenarioSHA256, m.Souk)
	for _, e := range m.Evaluation {
		fmt.Fprintf(w, "%s\t%s [%s, %s] %s\n", e.Name, amount(e.Value), amount(e.Low), amount(e.High), e.Unit)
	}
}

// what writes how a policy decides, and its offers.
func what(w io.Writer, p policies.Frozen, table bool) {
	frame := p.About()
	if table {
		known := 1
		for _, d := range frame.Encoder.Dimensions {
			known *= len(d.Edges) + 1
		}
		fmt.Fprintf(w, "states\t%d in which everything is known", known)
		if all := frame.Encoder.States(); all > known {
			fmt.Fprintf(w, ", and %d in which something is missing", all-known)
		}
	} else {
		fmt.Fprintf(w, "policy\t%s", p)
	}
	fmt.Fprint(w, "\noffers")
	for i, o := range frame.Spec.Offers {
		between := " "
		if i == 0 {
			between = "\t"
		} else if o.Promotion != "" || frame.Spec.Offers[i-1].Promotion != "" {
			between = ", "
		}
		fmt.Fprint(w, between, offerText(o.Price, o.Promotion))
	}
	fmt.Fprintln(w)
}

// looksAt writes what a policy has to be told, for its state and for its guardrails, and these.
func looksAt(w io.Writer, frame *policies.Frame, table bool) {
	feature := func(head string, i int) {
		f := &frame.Spec.Features[i]
		fmt.Fprintf(w, "%s\t%s (%s): %s", head, f.Name, f.Unit, f.Doc)
	}
	var decides []int
	for _, d := range frame.Encoder.Dimensions {
		feature("looks at", d.Index)
		if table {
			fmt.Fprintf(w, ", %d cells", len(d.Edges)+1)
		}
		fmt.Fprintln(w)
		decides = append(decides, d.Index)
	}
	for i := range frame.Spec.Features {
		if frame.LooksAt(i) && !slices.Contains(decides, i) {
			feature("limits need", i)
			fmt.Fprintln(w)
		}
	}
	for _, l := range frame.Spec.Limits {
		for _, bound := range l.Words() {
			fmt.Fprintf(w, "limit\t%s\n", bound)
		}
	}
}
