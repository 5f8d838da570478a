package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
	"github.com/souk-sim/souk/sim/env"
)

func (a *app) scenario() *cobra.Command {
	group := &cobra.Command{
		Use: "scenario", Short: "List, show, check and start scenarios",
		Example: "  souk scenario list\n  souk scenario check my.toml",
		Args:    named, RunE: a.overview,
	}
	group.AddCommand(a.scenarioList(), a.scenarioShow(), a.scenarioCheck(), a.scenarioSchema(), a.scenarioFeatures(), a.scenarioNew())
	return group
}

func (a *app) scenarioList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "Names of the bundled scenarios and what they ask", Args: takes(),
		Example: "  souk scenario list",
		RunE: func(*cobra.Command, []string) error {
			type entry struct {
				Name     string `json:"name"`
				Question string `json:"question"`
			}
			var list []entry
			for _, name := range slices.Concat(scenarios.Bundled(), scenarios.Papers()) {
				s, err := scenarios.Load(name)
				if err != nil {
					return err
				}
				list = append(list, entry{s.Name, s.Question})
			}
			if a.json {
				return a.document("scenarios", map[string]any{"scenarios": list})
			}
			return a.table(func(t *tabwriter.Writer) {
				for _, e := range list {
					fmt.Fprintf(t, "%s\t%s\n", e.Name, e.Question)
				}
			})
		},
	}
}

func (a *app) scenarioShow() *cobra.Command {
	var resolved bool
	cmd := &cobra.Command{
		Use: "show SCENARIO", Short: "Print a scenario", Args: takes("SCENARIO"),
		Long:    "Print a scenario's text, or with --resolved what it means: every default written out, overrides applied.",
		Example: "  souk scenario show canned-tuna > my.toml\n  souk scenario show canned-tuna --resolved --set train.seeds=20",
		RunE: func(cmd *cobra.Command, args []string) error {
			source, err := scenarios.Open(args[0])
			if err != nil {
				return err
			}
			text := source.Text
			if resolved {
				s, err := scenarios.Parse(source, a.overrides()...)
				if err != nil {
					return err
				}
				text = string(s.Canonical())
			} else if len(a.overrides()) > 0 {
				return badUsage(cmd.CommandPath(), "--set or --seed", "--resolved with them")
			}
			if a.json {
				return a.document("scenario", map[string]any{"name": source.Name, "resolved": resolved, "toml": text})
			}
			_, err = a.stdout.WriteString(text)
			return err
		},
	}
	a.scenarioFlags(cmd)
	cmd.Flags().BoolVar(&resolved, "resolved", false, "with every default written out")
	return cmd
}

func (a *app) scenarioCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use: "check SCENARIO…", Short: "Say whether scenarios and their data are valid; the first error is told with its line", Args: takes("SCENARIO…"),
		Example: "  souk scenario check my.toml\n  souk scenario check canned-tuna --set train.seeds=20",
		RunE: func(_ *cobra.Command, args []string) error {
			type entry struct {
				Scenario string `json:"scenario"`
				Name     string `json:"name"`
				RunID    string `json:"run_id"`
				Periods  int    `json:"periods"`
				Findings int    `json:"findings"`
				Shoppers int    `json:"shoppers"` // models of them
			}
			var list []entry
			for _, arg := range args {
				s, err := scenarios.Load(arg, a.overrides()...)
				if err != nil {
					return err
				}
				e := entry{Scenario: arg, Name: s.Name, RunID: s.RunID(), Shoppers: len(s.Shoppers.Models())}
				if s.Needs("check") == nil {
					scene, err := workflow.Open(s)
					if err != nil {
						return err
					}
					periods, findings := scene.Records()
					e.Periods, e.Findings = periods, len(findings)
				}
				list = append(list, e)
			}
			if a.json {
				return a.document("check", map[string]any{"valid": list})
			}
			for _, e := range list {
				fmt.Fprintf(a.stdout, "%s: valid, run id %s", e.Scenario, e.RunID)
				if e.Periods > 0 {
					fmt.Fprintf(a.stdout, ", %d periods of data with %d findings", e.Periods, e.Findings)
				}
				if e.Shoppers > 0 {
					fmt.Fprintf(a.stdout, ", models of shoppers: %d", e.Shoppers)
				}
				fmt.Fprintln(a.stdout)
			}
			return nil
		},
	}
	a.scenarioFlags(cmd)
	return cmd
}

// market loads a scenario for a command that needs a market.
func (a *app) market(scenario, what string) (*scenarios.Scenario, error) {
	s, err := scenarios.Load(scenario, a.overrides()...)
	if err != nil {
		return nil, err
	}
	if err := s.Needs(what); err != nil {
		return nil, err
	}
	for _, text := range workflow.Unused(s) {
		a.notice(text)
	}
	return s, nil
}

func (a *app) scenarioSchema() *cobra.Command {
	return &cobra.Command{
		Use: "schema [PREFIX]", Short: "Every key a scenario may have, with type, default and meaning",
		Long: "Every key a scenario may have, with type, default and meaning. Keys that begin with market are those of a market of [[products]] alone, those\n" +
			"with category those of a chain's weekly category, told by [data].",
		Example: "  souk scenario schema\n  souk scenario schema sellers",
		Args:    takes("[PREFIX]"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var keys []scenarios.Key
			for _, k := range scenarios.Schema() {
				if len(args) == 0 || strings.HasPrefix(k.Key, args[0]) {
					keys = append(keys, k)
				}
			}
			if len(keys) == 0 {
				return badUsage(cmd.CommandPath(), strconv.Quote(args[0]), "the beginning of a key")
			}
			if a.json {
				return a.document("schema", map[string]any{"keys": keys})
			}
			const shortest, page = 20, 140 // columns of a default, and of a line
			key, kind := 0, 0
			for _, k := range keys {
				key, kind = max(key, len(k.Key)), max(kind, len(k.Type))
			}
			return a.table(func(t *tabwriter.Writer) {
				fmt.Fprintln(t, "KEY\tTYPE\tDEFAULT\tMEANING")
				for _, k := range keys {
					if k.Required {
						k.Default = "required"
					}
					if r := []rune(k.Default); len(r) > shortest {
						k.Default = string(r[:shortest-1]) + "…" // --json has it whole
					}
					if k.World != "" {
						k.Doc = string(k.World) + ": " + k.Doc
					}
					if k.Allowed != "" {
						k.Doc += " (" + k.Allowed + ")"
					}
					for i, line := range wrap(k.Doc, min(48, max(30, page-key-kind-shortest-7))) {
						if i > 0 {
							k.Key, k.Type, k.Default = "", "", ""
						}
						fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", k.Key, k.Type, k.Default, line)
					}
				}
			})
		},
	}
}

func (a *app) scenarioFeatures() *cobra.Command {
	cmd := &cobra.Command{
		Use: "features SCENARIO", Short: "What the learning seller can see, for its state", Args: takes("SCENARIO"),
		Long: "What the learning seller can see, for its state, and where its values are expected: from and to of a state are these where they are left\n" +
			"out. A chain's category knows them when its models are fitted. In a market of [[products]] there is also what no seller could know:\n" +
			"a seller sees it where its key knows names it, and what it then earns no shop can.",
		Example: "  souk scenario features canned-tuna",
		RunE: func(_ *cobra.Command, args []string) error {
			s, err := a.market(args[0], "look around")
			if err != nil {
				return err
			}
			type entry struct {
				Name    string   `json:"name"`
				Unit    string   `json:"unit"`
				Min     *float64 `json:"min"` // where values are expected; null: the fitted models will tell
				Max     *float64 `json:"max"`
				Doc     string   `json:"doc"`
				InState bool     `json:"in_state"`
				Hidden  bool     `json:"hidden,omitempty"` // no seller could know it; the key knows gives it nevertheless
			}
			seller := s.Learner()
			if seller == nil {
				return s.Fault("a brain in every seller", "one without, whose place an agent takes", "sellers")
			}
			var list []entry
			add := func(features []env.Feature, hidden bool) {
				for _, f := range features {
					if known := slices.Contains(seller.Knows, f.Name); !hidden || !known {
						_, in := seller.State[f.Name]
						e := entry{Name: f.Name, Unit: f.Unit, Doc: f.Doc, InState: in, Hidden: hidden || known}
						if f.Min < f.Max {
							e.Min, e.Max = &f.Min, &f.Max
						}
						list = append(list, e)
					}
				}
			}
			seen, unknowable, err := workflow.Features(s)
			if err != nil {
				return err
			}
			add(seen, false)
			add(unknowable, true)
			if a.json {
				return a.document("features", map[string]any{"seller": seller.Name, "features": list})
			}
			return a.table(func(t *tabwriter.Writer) {
				fmt.Fprintln(t, "FEATURE\tUNIT\tRANGE\tIN STATE\tMEANING")
				for _, f := range list {
					between := ""
					if f.Min != nil {
						between = fmt.Sprintf("%.6g to %.6g", *f.Min, *f.Max)
					}
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", f.Name, f.Unit, between, map[bool]string{true: "yes"}[f.InState], map[bool]string{true: "NO SELLER COULD KNOW: "}[f.Hidden]+f.Doc)
				}
			})
		},
	}
	a.scenarioFlags(cmd)
	return cmd
}

func (a *app) scenarioNew() *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use: "new NAME", Short: "Start a scenario: writes NAME.toml here, a copy of a bundled one to change", Args: takes("NAME"),
		Example: "  souk scenario new my-tuna\n  souk scenario new my-tuna --from canned-tuna",
		RunE: func(cmd *cobra.Command, args []string) error {
			source, err := scenarios.Open(from)
			if err != nil {
				return err
			}
			base, err := scenarios.Parse(source)
			if err != nil {
				return err
			}
			text := strings.Replace(source.Text, "name = "+strconv.Quote(base.Name), "name = "+strconv.Quote(args[0]), 1)
			if _, err := scenarios.Parse(scenarios.Source{Name: args[0], Text: text}); err != nil {
				if bad, ok := errors.AsType[*field.Error](err); ok && bad.Key == "name" {
					return badUsage("NAME", bad.Found, bad.Expected)
				}
				return err
			}
			name := args[0] + ".toml"
			file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
			if errors.Is(err, fs.ErrExist) {
				return badUsage("NAME", name+", which exists", "a name without a file")
			} else if err != nil {
				return badUsage("NAME", err.Error(), "a file that can be written")
			}
			if _, err = file.WriteString(text); err == nil {
				err = file.Close()
			}
			if err != nil {
				return err
			}
			if a.json {
				return a.document("new", map[string]any{"file": name})
			}
			verb := "train"
			if base.World() == scenarios.ShoppersAlone {
				verb = "fit"
			}
			fmt.Fprintf(a.stdout, "%s written; souk %s ./%s runs it\n", name, verb, name)
			return nil
		},
	}
	cmd.Flags().StringVar(&from, "from", "canned-tuna", "scenario to copy")
	return cmd
}

// wrap breaks a text into lines of at most so many characters where words allow; an empty text is one empty line.
func wrap(text string, columns int) []string {
	lines := []string{""}
	for word := range strings.FieldsSeq(text) {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = word
		case len([]rune(*last))+1+len([]rune(word)) <= columns:
			*last += " " + word
		default:
			lines = append(lines, word)
		}
	}
	return lines
}

// table writes aligned columns.
func (a *app) table(rows func(*tabwriter.Writer)) error {
	t := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	rows(t)
	return t.Flush()
}
