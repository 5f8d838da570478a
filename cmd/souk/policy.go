package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

func (a *app) policy() *cobra.Command {
	group := &cobra.Command{
		Use: "policy", Short: "Ask, inspect, verify, compare, sign, pack and export policy bundles",
		Example: "  souk policy inspect results/runs/canned-tuna/RUN/policy\n  souk policy decide BUNDLE --observation reference_price=0.90",
		Args:    named, RunE: a.overview,
	}
	group.AddCommand(a.policyDecide(), a.policyInspect(), a.policyExplain(), a.policyVerify(), a.policyDiff(), a.policyPack(), a.policySign(), a.policyExport())
	return group
}

// opened is a bundle's folder, or what is packed into a file.
func opened(path string) (fs.FS, error) {
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return os.DirFS(path), nil // of which Load says what is wrong
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return bundle.Unpack(f)
}

// load reads a bundle, a folder or a packed file; errors name its files by their path.
func load(folder string) (*bundle.Bundle, error) {
	var b *bundle.Bundle
	files, err := opened(folder)
	if err == nil {
		b, err = bundle.Load(files)
	}
	if inner := filepath.Join(folder, "policy"); err != nil && exists(filepath.Join(folder, "report.txt")) && exists(inner) {
		return nil, &field.Error{File: folder, Found: "a run", Expected: "a bundle: this run's policy is " + inner}
	}
	if bad, ok := errors.AsType[*field.Error](err); ok {
		bad.File = filepath.Join(folder, bad.File)
	} else if err != nil {
		return nil, &field.Error{File: folder, Found: err.Error(), Expected: "a policy bundle: its folder, or a packed .tar.gz"}
	}
	return b, err
}

// isPacked tells by its name whether a file is, or is to be, a packed bundle.
func isPacked(name string) bool {
	return strings.HasSuffix(name, ".tar.gz") || strings.HasSuffix(name, ".tgz")
}

// isBundle tells a bundle from a rule where either may stand: a folder, or a packed file that is there.
func isBundle(name string) bool {
	info, err := os.Stat(name)
	return err == nil && (info.IsDir() || isPacked(name))
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// observation reads name=value pairs; features that are not given are missing.
func observation(t *policies.Frame, pairs []string) ([]float64, error) {
	var names []string
	seen := make([]float64, len(t.Spec.Features))
	for i, f := range t.Spec.Features {
		names, seen[i] = append(names, f.Name), math.NaN()
	}
	for _, pair := range pairs {
		name, text, _ := strings.Cut(pair, "=")
		i := t.Spec.Feature(name)
		if i < 0 {
			return nil, badUsage("--observation", strconv.Quote(name), scenarios.Suggest(name, names))
		}
		x, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsInf(x, 0) || math.IsNaN(x) {
			return nil, badUsage("--observation", name+"="+text, "a number")
		}
		seen[i] = x
	}
	return seen, nil
}

// unknown lists the features that a policy looks at and that are missing.
func unknown(t *policies.Frame, seen []float64) (names []string) {
	for i, f := range t.Spec.Features {
		if t.LooksAt(i) && math.IsNaN(seen[i]) {
			names = append(names, f.Name)
		}
	}
	return names
}

// beyond says which values a policy looks at that lie outside of what was to be expected where it learned.
func beyond(t *policies.Frame, seen []float64) (texts []string) {
	for i, f := range t.Spec.Features {
		if x := seen[i]; t.LooksAt(i) && f.Min < f.Max && (x < f.Min || x > f.Max) {
			texts = append(texts, fmt.Sprintf("%s=%g is outside of %g to %g, where the policy learned: the answer is a guess", f.Name, x, f.Min, f.Max))
		}
	}
	return texts
}

// asked makes a command that answers an observation.
func (a *app) asked(cmd *cobra.Command, answer func(e policies.Explanation) error) *cobra.Command {
	var pairs []string
	var allow bool
	cmd.Flags().BoolVar(&allow, "allow-missing", false, "answer though features that the policy looks at are not known")
	cmd.Flags().StringArrayVar(&pairs, "observation", nil, "name=value, once for each feature that is known; souk policy inspect lists them")
	cmd.Args = takes("BUNDLE")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		b, err := load(args[0])
		if err != nil {
			return err
		}
		seen, err := observation(b.Policy.About(), pairs)
		if err != nil {
			return err
		}
		if missing := unknown(b.Policy.About(), seen); len(missing) > 0 && !allow {
			return badUsage("--observation", "nothing for "+strings.Join(missing, ", "),
				"a value for each feature that the policy looks at, as in "+missing[0]+"=NUMBER; or --allow-missing")
		}
		for _, text := range beyond(b.Policy.About(), seen) {
			a.notice(text)
		}
		return answer(b.Policy.Explain(seen))
	}
	return cmd
}

// amount is a figure of a card: five digits, of which one or more are decimals.
func amount(x float64) string {
	decimals := 4 - int(math.Floor(math.Log10(max(math.Abs(x), 1))))
	return strconv.FormatFloat(x, 'f', max(decimals, 1), 64)
}

// offerText is an offer in short.
func offerText(price float64, promotion string) string {
	if promotion != "" {
		promotion = " with " + promotion
	}
	return strconv.FormatFloat(price, 'g', 4, 64) + promotion
}

func (a *app) policyDecide() *cobra.Command {
	return a.asked(&cobra.Command{
		Use: "decide BUNDLE", Short: "The price for an observation, and why",
		Example: "  souk policy decide results/runs/canned-tuna/RUN/policy --observation reference_price=0.90",
	}, func(e policies.Explanation) error {
		because := e.Offers[e.Decision.Action].Why
		if a.json {
			return a.document("decision", struct {
				policies.Decision
				State   int           `json:"state"`
				Rule    policies.Rule `json:"rule"`
				Because string        `json:"because"`
			}{e.Decision, e.State, e.Rule, because})
		}
		var bins []string
		for _, b := range e.Bins {
			bins = append(bins, b.String())
		}
		fmt.Fprintf(a.stdout, "%s because %s: %s\n", offerText(e.Decision.Price, e.Decision.Promotion), strings.Join(bins, ", "), because)
		if untried := e.Untried(); untried != "" {
			fmt.Fprintln(a.stdout, untried)
		}
		return nil
	})
}

func (a *app) policyExplain() *cobra.Command {
	return a.asked(&cobra.Command{
		Use: "explain BUNDLE", Short: "Every offer's value at an observation, and why the others are not made",
		Example: "  souk policy explain results/runs/canned-tuna/RUN/policy --observation reference_price=0.90",
	}, func(e policies.Explanation) error {
		if a.json {
			return a.document("explanation", e)
		}
		_, err := a.stdout.WriteString(e.String())
		return err
	})
}

func (a *app) policyInspect() *cobra.Command {
	return &cobra.Command{
		Use: "inspect BUNDLE", Short: "What a bundle is, where it comes from, and what it looks at", Args: takes("BUNDLE"),
		Example: "  souk policy inspect results/runs/canned-tuna/RUN/policy",
		RunE: func(_ *cobra.Command, args []string) error {
			b, err := load(args[0])
			if err != nil {
				return err
			}
			if a.json {
				return a.document("bundle", b.Manifest)
			}
			m := b.Manifest
			fmt.Fprintf(a.stdout, "%s\n%s\n\n", m.Name, m.Purpose)
			err = a.table(func(t *tabwriter.Writer) {
				fmt.Fprintf(t, "revision\t%s\nagent\t%s, seed %d, %d episodes\nscenario\t%s (%.12s…), souk %s\n", m.Revision, m.Agent, m.Seed, m.Episodes, m.Scenario, m.ScenarioSHA256, m.Souk)
				for _, e := range m.Evaluation {
					fmt.Fprintf(t, "%s\t%s [%s, %s] %s\n", e.Name, amount(e.Value), amount(e.Low), amount(e.High), e.Unit)
				}
				frame := b.Policy.About()
				_, table := b.Policy.(*policies.Table)
				if table {
					fmt.Fprintf(t, "states\t%d\noffers", frame.Encoder.States())
				} else {
					fmt.Fprintf(t, "policy\t%s\noffers", b.Policy)
				}
				for i, o := range frame.Spec.Offers {
					between := " "
					if i == 0 {
						between = "\t"
					} else if o.Promotion != "" || frame.Spec.Offers[i-1].Promotion != "" {
						between = ", "
					}
					fmt.Fprint(t, between, offerText(o.Price, o.Promotion))
				}
				fmt.Fprintln(t)
				for _, d := range frame.Encoder.Dimensions {
					f := frame.Spec.Features[d.Index]
					fmt.Fprintf(t, "looks at\t%s (%s): %s", f.Name, f.Unit, f.Doc)
					if table {
						fmt.Fprintf(t, ", %d cells", len(d.Edges)+1)
					}
					fmt.Fprintln(t)
				}
				for _, l := range frame.Spec.Limits {
					for _, bound := range l.Words() {
						fmt.Fprintf(t, "limit\t%s\n", bound)
					}
				}
			})
			for _, text := range append(append([]string{}, m.Data...), m.Caveats...) {
				fmt.Fprintf(a.stdout, "· %s\n", text)
			}
			return err
		},
	}
}
