package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

func (a *app) results() *cobra.Command {
	group := &cobra.Command{
		Use: "results", Short: "Runs and what they left: list, show, compare, delete",
		Example: "  souk results list\n  souk results list --name 'canned-*' --state complete\n  souk results show canned-tuna\n" +
			"  souk results compare canned-tuna/RUNID canned-tuna/OTHER\n  souk results delete canned-tuna RUNID",
		Args: named, RunE: a.overview,
	}
	group.AddCommand(a.resultsList(), a.resultsShow(), a.resultsCompare(), a.resultsDelete())
	return group
}

// listed is a run as a list shows it.
type listed struct {
	rundir.Info
	Kind string `json:"kind,omitempty"` // of a complete run: train, study, bench, …
}

// version is that of the souk that made the run; "" where that is not known.
func (l *listed) version() string {
	if l.Manifest == nil {
		return ""
	}
	return l.Manifest.Version
}

func (a *app) resultsList() *cobra.Command {
	var name, state, kind, version string
	cmd := &cobra.Command{
		Use: "list", Short: "List runs: complete, incomplete (interrupted or under way) or damaged", Args: takes(),
		Example: "  souk results list\n  souk results list --name 'canned-*' --kind train --state complete\n  souk results list --version 0.4.1 --json",
		RunE: func(*cobra.Command, []string) error {
			if err := checkFilters(name, state, kind); err != nil {
				return err
			}
			runs, err := a.store().List()
			if err != nil {
				return err
			}
			shown := []listed{}
			for _, r := range runs {
				l := listed{r, workflow.RunKind(r.Manifest)}
				fits, _ := path.Match(name, r.Name)
				if (name == "" || fits) && (state == "" || state == r.State) && (kind == "" || kind == l.Kind) && (version == "" || version == l.version()) {
					shown = append(shown, l)
				}
			}
			if a.json {
				return a.document("results", map[string]any{"runs": shown})
			}
			return a.listRuns(shown, len(runs))
		},
	}
	a.outFlag(cmd)
	f := cmd.Flags()
	f.StringVar(&name, "name", "", "only runs of this scenario; * and ? stand for other letters")
	f.StringVar(&state, "state", "", "only "+strings.Join(states, ", "))
	f.StringVar(&kind, "kind", "", "only runs of "+strings.Join(workflow.RunKinds(), ", "))
	f.StringVar(&version, "version", "", "only runs of this version of souk")
	return cmd
}

var states = []string{"complete", "incomplete", "damaged"}

func checkFilters(name, state, kind string) error {
	if _, err := path.Match(name, ""); err != nil {
		return badUsage("--name", name, "a scenario's name, with * and ? for other letters")
	}
	if state != "" && !slices.Contains(states, state) {
		return badUsage("--state", state, "one of "+strings.Join(states, ", "))
	}
	if kind != "" && !slices.Contains(workflow.RunKinds(), kind) {
		return badUsage("--kind", kind, "one of "+strings.Join(workflow.RunKinds(), ", "))
	}
	return nil
}

func (a *app) listRuns(shown []listed, all int) error {
	if len(shown) == 0 {
		what := "no runs under " + a.out
		if all > 0 {
			what = fmt.Sprintf("none of the %d runs under %s is of that kind", all, a.out)
		}
		_, err := fmt.Fprintln(a.stdout, what)
		return err
	}
	err := a.table(func(t *tabwriter.Writer) {
		fmt.Fprintln(t, "SCENARIO\tRUN\tKIND\tSTATE\tVERSION\tSEED\tCHANGED\tFIGURE")
		for _, r := range shown {
			seed, changed, figure := a.headline(&r)
			fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", r.Name, r.ID, r.Kind, r.State, r.version(), seed, changed, figure)
		}
	})
	for _, r := range shown {
		if r.Damage != "" {
			fmt.Fprintf(a.stdout, "%s: %s\n", r.Dir, r.Damage)
		}
	}
	return err
}

// headline tells a complete run from others of its scenario: its seed, in what its scenario is not the bundled one, and its first figure. What cannot be read is "–".
func (a *app) headline(r *listed) (seed, changed, figure string) {
	seed, changed, figure = "–", "–", "–"
	run, err := a.store().Finished(r.Name, r.ID)
	if err != nil {
		return seed, changed, figure
	}
	files := filesOf(run)
	if all, err := files.Figures(); err == nil && len(all) > 0 {
		figure = strings.TrimSuffix(fmt.Sprintf("%s %.5g %s", all[0].Name, all[0].Value, all[0].Unit), " ")
	}
	text, err := run.ReadFile("scenario.toml")
	if err != nil {
		return seed, changed, figure
	}
	s, err := scenarios.Parse(scenarios.Source{Name: "scenario.toml", Text: string(text)})
	if err != nil {
		return seed, changed, figure
	}
	seed = fmt.Sprint(s.Seed)
	if bundled, err := scenarios.Load(s.Name); err == nil {
		usual := &workflow.RunFiles{Name: s.Name, Read: func(string) ([]byte, error) { return workflow.Asked(r.Kind, bundled).Canonical(), nil }}
		if settings, err := workflow.Differences([]*workflow.RunFiles{usual, files}); err == nil {
			changed = changes(settings)
		}
	}
	return seed, changed, figure
}

// changes are the second run's settings, the first of them in full; an experiment's design comes before all else.
func changes(all []workflow.Setting) string {
	all = slices.DeleteFunc(all, func(s workflow.Setting) bool { return s.Key == "seed" })
	if i := slices.IndexFunc(all, func(s workflow.Setting) bool { return s.Key == "abtest.design" }); i > 0 {
		all[0], all[i] = all[i], all[0]
	}
	const shown = 2
	var parts []string
	for _, s := range all[:min(shown, len(all))] {
		parts = append(parts, s.Key+"="+settingText(s.Values[1]))
	}
	text := strings.Join(parts, " ")
	if n := len(all) - shown; n > 0 {
		text += fmt.Sprintf(" and %d more", n)
	}
	return text
}

func (a *app) resultsShow() *cobra.Command {
	cmd := &cobra.Command{
		Use: "show RUN", Short: "What a run is, its files and what it found", Args: takes("RUN"),
		Long:    "Show a complete run's kind, version and files, and the report that it printed. RUN is NAME/RUNID, NAME where it has one run, or a folder.",
		Example: "  souk results show canned-tuna\n  souk results show canned-tuna/0123456789ab --json",
		RunE: func(_ *cobra.Command, args []string) error {
			run, err := a.finished(args[0])
			if err != nil {
				return err
			}
			m := run.Manifest
			figures, err := filesOf(run).Figures()
			if err != nil {
				return err
			}
			if a.json {
				return a.document("run", map[string]any{"dir": run.Dir, "kind": workflow.RunKind(m), "manifest": m, "figures": append([]workflow.RunFigure{}, figures...)})
			}
			size := int64(0)
			for _, f := range m.Files {
				size += f.Size
			}
			fmt.Fprintf(a.stdout, "run       %s of %s, by souk %s (%s)\nkind      %s\nfiles     %s, %d in %d kB\n\n", m.RunID, m.Name, m.Version, m.Build.Go, workflow.RunKind(m),
				run.Dir, len(m.Files), (size+999)/1000)
			text, err := run.ReadFile("report.txt")
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err == nil {
				_, err = a.stdout.Write(text)
			}
			return err
		},
	}
	a.outFlag(cmd)
	return cmd
}

// filesOf are a run's files for its report.
func filesOf(run *rundir.Finished) *workflow.RunFiles {
	return &workflow.RunFiles{Name: run.Manifest.Name, ID: run.Manifest.RunID, Version: run.Manifest.Version, Build: run.Manifest.Build, Read: run.ReadFile}
}

// compared is what several runs have alike and what not.
type compared struct {
	Runs     []string           `json:"runs"`
	Versions []string           `json:"versions"`
	Settings []workflow.Setting `json:"settings"` // that differ
	Figures  []contrasted       `json:"figures"`  // that at least two runs have
}

// contrasted is a figure in each run that has it.
type contrasted struct {
	Name  string                `json:"name"`
	Unit  string                `json:"unit,omitempty"`
	ByRun []*workflow.RunFigure `json:"by_run"` // nil where a run has none
	More  []*float64            `json:"more"`   // than the first run's; nil where one lacks it
}

func (a *app) resultsCompare() *cobra.Command {
	cmd := &cobra.Command{
		Use: "compare RUN RUN…", Short: "What differs between runs: the keys of their scenarios and their figures", Args: takes("RUN", "RUN…"),
		Long: "Compare complete runs: the keys in which their scenarios differ, and the figures that at least two of them have, with their intervals.\n" +
			"Differences between runs are of separate samples and not paired; souk bench compares policies on the same shoppers.\n" +
			"RUN is NAME/RUNID, NAME where it has one run, or a folder.",
		Example: "  souk results compare canned-tuna/0123456789ab canned-tuna/ba9876543210\n  souk results compare my-tuna canned-tuna --json",
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := a.compareRuns(args)
			if err != nil {
				return err
			}
			if a.json {
				return a.document("compared", c)
			}
			return a.printCompared(c)
		},
	}
	a.outFlag(cmd)
	return cmd
}

func (a *app) compareRuns(names []string) (*compared, error) {
	c := &compared{Figures: []contrasted{}}
	var files []*workflow.RunFiles
	for i, name := range names {
		run, err := a.finished(name)
		if err != nil {
			return nil, err
		}
		id := run.Manifest.Name + "/" + run.Manifest.RunID
		if slices.Contains(c.Runs, id) {
			return nil, field.New("RUN", name, "another run: "+id+" is there already")
		}
		c.Runs, c.Versions = append(c.Runs, id), append(c.Versions, run.Manifest.Version)
		files = append(files, filesOf(run))
		figures, err := files[i].Figures()
		if err != nil {
			return nil, err
		}
		for _, f := range figures {
			k := slices.IndexFunc(c.Figures, func(of contrasted) bool { return of.Name == f.Name && of.Unit == f.Unit })
			if k < 0 {
				k = len(c.Figures)
				c.Figures = append(c.Figures, contrasted{Name: f.Name, Unit: f.Unit, ByRun: make([]*workflow.RunFigure, len(names)), More: make([]*float64, len(names))})
			}
			of := &c.Figures[k]
			if of.ByRun[i] = &f; of.ByRun[0] != nil && i > 0 {
				of.More[i] = new(f.Value - of.ByRun[0].Value)
			}
		}
	}
	c.Figures = slices.DeleteFunc(c.Figures, func(of contrasted) bool {
		return len(slices.DeleteFunc(slices.Clone(of.ByRun), func(f *workflow.RunFigure) bool { return f == nil })) < 2
	})
	var err error
	c.Settings, err = workflow.Differences(files)
	return c, err
}

func (a *app) printCompared(c *compared) error {
	for i, run := range c.Runs {
		fmt.Fprintf(a.stdout, "%s  %s, by souk %s\n", letter(i), run, c.Versions[i])
	}
	fmt.Fprintln(a.stdout)
	head := func(t *tabwriter.Writer, first string) {
		fmt.Fprint(t, first)
		for i := range c.Runs {
			fmt.Fprint(t, "\t"+letter(i))
		}
	}
	if len(c.Settings) == 0 {
		fmt.Fprintln(a.stdout, "Their scenarios are alike.")
	}
	err := a.table(func(t *tabwriter.Writer) {
		if len(c.Settings) > 0 {
			head(t, "KEY")
			fmt.Fprintln(t)
		}
		for _, s := range c.Settings {
			fmt.Fprint(t, s.Key)
			for _, v := range s.Values {
				fmt.Fprint(t, "\t"+settingText(v))
			}
			fmt.Fprintln(t)
		}
	})
	if err != nil || len(c.Figures) == 0 {
		return err
	}
	fmt.Fprintln(a.stdout)
	return a.table(func(t *tabwriter.Writer) {
		head(t, "FIGURE")
		for i := range c.Runs[1:] {
			fmt.Fprintf(t, "\t%s − A", letter(i+1))
		}
		fmt.Fprintln(t)
		for _, f := range c.Figures {
			fmt.Fprint(t, strings.TrimSuffix(f.Name+", "+f.Unit, ", "))
			for _, of := range f.ByRun {
				fmt.Fprint(t, "\t"+figureText(of))
			}
			for _, more := range f.More[1:] {
				if more == nil {
					fmt.Fprint(t, "\t–")
				} else {
					fmt.Fprintf(t, "\t%+.4g", *more)
				}
			}
			fmt.Fprintln(t)
		}
	})
}

func letter(i int) string { return string(rune('A' + i%26)) }

// settingText is a value of a scenario, not longer than a column.
func settingText(v any) string {
	const widest = 40
	text := fmt.Sprint(v)
	if v == nil {
		text = "–"
	}
	if r := []rune(text); len(r) > widest {
		return string(r[:widest-1]) + "…"
	}
	return text
}

func figureText(f *workflow.RunFigure) string {
	switch {
	case f == nil:
		return "–"
	case f.Low == nil || f.High == nil || math.Abs(*f.High-*f.Low) == 0:
		return fmt.Sprintf("%.5g", f.Value)
	}
	return fmt.Sprintf("%.5g [%.5g, %.5g]", f.Value, *f.Low, *f.High)
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
