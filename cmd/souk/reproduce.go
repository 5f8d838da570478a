package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

func (a *app) reproduce() *cobra.Command {
	var quick, measures, replay bool
	var file string
	cmd := &cobra.Command{
		Use: "reproduce [PAPER]", Short: "Reproduce published results: published and measured side by side",
		Long: "Reproduce published results: published and measured side by side, with standard errors. PAPER is one of souk scenario list, the path of a\n" +
			"scenario with [[published]] rows, or all. Exit 4 when a value falls outside: further from the published one than its tolerance and three\n" +
			"standard errors of the difference. Without PAPER the papers are listed. With all, what --set sets must be a key of every paper's scenario.",
		Example: "  souk reproduce calvano-2020 --quick\n  souk reproduce calvano-2020 --replay --replay-file sessions.csv\n  souk reproduce all --quick\n  souk reproduce ./my-paper.toml --set sessions.number=50",
		Args: func(cmd *cobra.Command, args []string) error {
			if (measures || !replay) && len(args) == 0 {
				return nil
			}
			return takes("PAPER")(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if measures {
				return a.measures()
			}
			if len(args) == 0 {
				return a.listPapers()
			}
			papers, err := a.papers(args[0])
			if err != nil {
				return err
			}
			if replay {
				return a.replayed(cmd.Context(), papers[0], quick, file)
			}
			var all []*workflow.Reproduction
			for _, s := range papers {
				watch, closed := a.watch()
				r, err := workflow.Reproduce(cmd.Context(), s, quick, a.processors(), func(variant string, done, total int) {
					if watch != nil {
						watch(workflow.Progress{Stage: strings.TrimSuffix(s.Name+", "+variant, ", "), Done: done, Total: total})
					}
				})
				closed()
				if err != nil {
					return err
				}
				if err := a.keep(r); err != nil {
					return err
				}
				all = append(all, r)
			}
			return a.reproduced(all)
		},
	}
	a.scenarioFlags(cmd)
	a.workersFlag(cmd)
	a.outTo(cmd, "results/reproductions", "folder for the figures, SVG and PNG, and PAPER.json")
	cmd.Flags().BoolVar(&quick, "quick", false, "the smaller sample that the scenario names")
	cmd.Flags().BoolVar(&replay, "replay", false, "play the sessions with the random numbers of the authors' program, and compare each with the published one")
	cmd.Flags().StringVar(&file, "replay-file", "", "published sessions, CSV: session,converged,episodes_to_convergence,cycle_length")
	cmd.Flags().BoolVar(&measures, "measures", false, "list what [[published]] rows can be of, and stop")
	return cmd
}

// listPapers tells which papers there are.
func (a *app) listPapers() error {
	type paper struct {
		Name     string `json:"name"`
		Question string `json:"question"`
		Citation string `json:"citation"`
	}
	var all []paper
	for _, name := range scenarios.Papers() {
		s, err := scenarios.Load(name)
		if err != nil {
			return err
		}
		all = append(all, paper{name, s.Question, s.Paper.Citation})
	}
	if a.json {
		return a.document("papers", map[string]any{"papers": all})
	}
	return a.table(func(t *tabwriter.Writer) {
		fmt.Fprintln(t, "PAPER\tQUESTION")
		for _, p := range all {
			fmt.Fprintf(t, "%s\t%s\n", p.Name, p.Question)
		}
	})
}

// papers loads what is to be reproduced.
func (a *app) papers(name string) ([]*scenarios.Scenario, error) {
	names := []string{name}
	switch {
	case name == "all":
		names = scenarios.Papers()
	case !strings.Contains(name, "/") && !strings.HasSuffix(name, ".toml") && !slices.Contains(scenarios.Papers(), name):
		return nil, &field.Error{Key: "PAPER", Found: strconv.Quote(name), Expected: "a path, all, or a paper: " + scenarios.Suggest(name, scenarios.Papers())}
	}
	var all []*scenarios.Scenario
	for _, n := range names {
		s, err := scenarios.Load(n, a.overrides()...)
		if err != nil {
			return nil, err
		}
		if len(s.Published) == 0 {
			return nil, s.Fault("nothing", "[[published]] rows to reproduce; souk train takes scenarios without", "published")
		}
		all = append(all, s)
	}
	return all, nil
}

// keep writes the figures of a reproduction and all that was measured.
func (a *app) keep(r *workflow.Reproduction) error {
	if err := os.MkdirAll(a.out, 0o777); err != nil {
		return err
	}
	write := func(name string, content func(io.Writer) error) error {
		var b bytes.Buffer
		if err := content(&b); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(a.out, name), b.Bytes(), 0o666)
	}
	figures, err := r.Figures()
	if err != nil {
		return err
	}
	for _, f := range figures {
		if err := errors.Join(write(f.Name+".svg", f.Picture.SVG), write(f.Name+".png", f.Picture.PNG)); err != nil {
			return err
		}
	}
	return write(r.Paper+".json", func(w io.Writer) error {
		body, err := json.MarshalIndent(r, "", "  ")
		if err == nil {
			_, err = w.Write(append(body, '\n'))
		}
		return err
	})
}

// reproduced writes what became of papers.
func (a *app) reproduced(all []*workflow.Reproduction) error {
	outside, rows := 0, 0
	for _, r := range all {
		outside, rows = outside+r.Outside(), rows+len(r.Rows)
	}
	if a.json {
		if err := a.document("reproduction", map[string]any{"papers": all, "rows": rows, "outside": outside}); err != nil {
			return err
		}
	} else {
		for i, r := range all {
			if i > 0 {
				fmt.Fprintln(a.stdout)
			}
			if err := r.Text(a.stdout); err != nil {
				return err
			}
		}
	}
	if outside > 0 {
		return unmet{&field.Error{Key: "reproduce", Found: fmt.Sprintf("%d of %d rows outside", outside, rows), Expected: "all inside"}}
	}
	return nil
}

// replayed plays a paper's sessions again.
func (a *app) replayed(ctx context.Context, s *scenarios.Scenario, quick bool, file string) error {
	var published [][]string
	if file != "" {
		text, err := os.ReadFile(file)
		if err != nil {
			return &field.Error{Key: "--replay-file", Found: file + ": " + reason(err), Expected: "a file that can be read"}
		}
		if published, err = workflow.PublishedSessions(file, bytes.NewReader(text)); err != nil {
			return err
		}
	}
	watch, closed := a.watch()
	r, err := workflow.PlayReplay(ctx, s, quick, published, a.processors(), func(done, total int) {
		if watch != nil {
			watch(workflow.Progress{Stage: s.Name + ", replay", Done: done, Total: total})
		}
	})
	closed()
	if err != nil {
		return err
	}
	if a.json {
		err = a.document("replay", r)
	} else {
		err = r.Text(a.stdout)
	}
	if err == nil && len(r.Unequal) > 0 {
		err = unmet{&field.Error{Key: "--replay", Found: fmt.Sprintf("%d of %d sessions otherwise than published", len(r.Unequal), r.Compared), Expected: "all as published"}}
	}
	return err
}

// measures lists the measures by world.
func (a *app) measures() error {
	worlds := []scenarios.World{scenarios.RepeatedGame, scenarios.PricingProblem}
	if a.json {
		list := map[string]any{}
		for _, w := range worlds {
			list[string(w)] = workflow.MeasureKinds(w)
		}
		return a.document("measures", map[string]any{"measures": list})
	}
	return a.table(func(t *tabwriter.Writer) {
		fmt.Fprintln(t, "WORLD\tMEASURE\tUNIT\tMEANING")
		for _, w := range worlds {
			for _, k := range workflow.MeasureKinds(w) {
				fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", w, k.Name, k.Unit, k.Doc)
			}
		}
	})
}
