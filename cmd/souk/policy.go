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
		if which := turn(b.Policy, seen); which != "" {
			a.notice(which)
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

// turn tells of a plan which turn an observation is, since people count them from 1 and observations from 0.
func turn(p policies.Frozen, seen []float64) string {
	frame := p.About()
	if table, ok := p.(*policies.Table); !ok || table.Visits != nil || len(frame.Encoder.Dimensions) == 0 {
		return ""
	}
	clock := frame.Encoder.Dimensions[0]
	x := seen[clock.Index]
	if clock.Feature != "period" && clock.Feature != "week" || !(x >= 0) {
		return ""
	}
	at := 0
	for ; at < len(clock.Edges) && clock.Edges[at] <= x; at++ {
	}
	return fmt.Sprintf("%s=%g is turn %d of %d: the first has %s=0", clock.Feature, x, at+1, len(clock.Edges)+1, clock.Feature)
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
