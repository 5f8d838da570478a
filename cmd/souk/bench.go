package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

// benchFlags stand in the place of keys of [bench].
type benchFlags struct {
	runs              int
	agents            string
	policies, require []string
	files             []string // by format
	robust            bool
}

func (a *app) bench() *cobra.Command {
	var f benchFlags
	var resume bool
	cmd := &cobra.Command{
		Use: "bench SCENARIO…", Short: "Compare policies on the same shoppers, with intervals and the way to the optimum", Args: takes("SCENARIO…"),
		Long: "Compare policies on the same shoppers: the scenario's agents, trained first, what it compares them with (evaluate.against), and each --policy,\n" +
			"a rule as souk simulate takes it or a bundle, packed or not. In each run an agent has a training seed of its own and all policies meet the same\n" +
			"customers, whom training never met; evaluate.paths is dealt out over the runs. An interrupted benchmark is saved, and --resume carries it on.\n" +
			"With --robust what was made in the scenario's market is tested in others: other elasticities, a demand shock, a new rival, draws of fitted\n" +
			"coefficients; who wins only in its own simulator is told. bench.specialists trains the agents in each of these markets too.",
		Example: "  souk bench smoke\n  souk bench smoke --runs 20 --policy fixed:1.1 --policy fixed:1.2\n" +
			"  souk bench canned-tuna --agents q-learning --require 'q-learning > best-fixed'\n  souk bench gallego-van-ryzin-1994 exact-problems\n" +
			"  souk bench canned-tuna --robust\n  souk bench smoke --set 'bench.robust=[\"elasticity+50\",\"demand-shock-60\"]' --set bench.specialists=true",
		RunE: func(cmd *cobra.Command, args []string) error {
			var all []*scenarios.Scenario
			for _, name := range args {
				s, err := a.benched(name, &f)
				if err != nil {
					return err
				}
				a.reads(name)
				all = append(all, s)
			}
			for i, format := range workflow.TableFormats() {
				if f.files[i] != "" {
					if _, err := a.target(f.files[i], "--"+format.Flag); err != nil {
						return err
					}
				}
			}
			began := time.Now()
			a.saves = true
			run := &workflow.Run{Scenario: all[0], Store: a.store(), Workers: a.workers, Build: build(),
				Options: rundir.Options{Resume: resume, Tell: a.notice, Holder: fmt.Sprintf("souk bench, process %d", os.Getpid())},
				Clock:   func() time.Duration { return time.Since(began) }}
			watch, closed := a.watch()
			defer closed()
			run.Watch = watch
			found, err := run.Bench(cmd.Context(), all[1:], loadFor)
			if bad, ok := errors.AsType[*field.Error](err); ok && f.blamed(bad) {
				return usage{err}
			} else if err != nil {
				return err
			}
			closed()
			if a.json {
				err = a.document("bench", found)
			} else if err = found.Text(a.stdout); err == nil {
				_, err = fmt.Fprintf(a.stdout, "\nfiles    %s\n", found.Dir)
			}
			if err == nil {
				err = a.benchTables(found, &f)
			}
			if failed := found.Unmet(); err == nil && len(failed) > 0 {
				return unmet{errors.New(strings.Join(failed, " "))}
			}
			return err
		},
	}
	a.scenarioFlags(cmd)
	a.workersFlag(cmd)
	a.outFlag(cmd)
	cmd.Flags().IntVar(&f.runs, "runs", 0, "independent runs, in place of bench.runs (10)")
	cmd.Flags().StringVar(&f.agents, "agents", "", "which of [[agents]] are trained, with commas; none: none; left out: all")
	cmd.Flags().StringArrayVar(&f.policies, "policy", nil, "a rule, or a bundle (a folder or a packed .tar.gz), that takes part too; once for each")
	cmd.Flags().StringArrayVar(&f.require, "require", nil, "a gate, 'q-learning > best-fixed' or 'smoke: q-learning > best-fixed': exit 4 where it is not met, significantly")
	f.files = make([]string, len(workflow.TableFormats()))
	for i, format := range workflow.TableFormats() {
		cmd.Flags().StringVar(&f.files[i], format.Flag, "", "write the tables to a file too, as "+format.Doc)
	}
	cmd.Flags().BoolVar(&f.robust, "robust", false, "test in other markets too, to which nothing is fitted: those of bench.robust, or five")
	cmd.Flags().BoolVar(&resume, "resume", false, "go on with the benchmark that was interrupted")
	return cmd
}

// blamed tells whether a flag is at fault, and has the error name it.
func (f *benchFlags) blamed(bad *field.Error) bool {
	if strings.HasPrefix(bad.Key, "bench.require") && slices.ContainsFunc(f.require, func(gate string) bool { return strings.HasSuffix(bad.Found, strconv.Quote(gate)) }) {
		bad.File, bad.Line, bad.Key = "", 0, "--require"
	}
	return bad.Key == "--policy" || bad.Key == "--require"
}

// benchTables writes the tables where flags want them.
func (a *app) benchTables(found *workflow.Benchmark, f *benchFlags) error {
	for i, format := range workflow.TableFormats() {
		if f.files[i] == "" {
			continue
		}
		if err := a.write(f.files[i], "--"+format.Flag, 0o644, func(w io.Writer) error { return format.Write(found, w) }); err != nil {
			return err
		}
	}
	return nil
}

// benched is a scenario with its bench as the flags have it.
func (a *app) benched(name string, f *benchFlags) (*scenarios.Scenario, error) {
	s, err := scenarios.Load(name, a.overrides()...)
	if err != nil {
		return nil, err
	}
	for _, text := range workflow.Unused(s) {
		a.notice(text)
	}
	b := scenarios.Bench{Runs: scenarios.UsualRuns}
	if s.Bench != nil {
		b = *s.Bench
	}
	if a.flags.Changed("runs") {
		if b.Runs = f.runs; b.Runs < 2 {
			return nil, badUsage("--runs", fmt.Sprint(b.Runs), "2 or more: intervals are over runs")
		}
	}
	if a.flags.Changed("agents") {
		b.Agents = []string{}
		if f.agents != "none" {
			b.Agents = strings.Split(f.agents, ",")
		}
	}
	if f.robust && b.Robust == nil {
		b.Robust = scenarios.UsualPerturbations()
	}
	b.Policies = slices.Concat(b.Policies, f.policies)
	b.Require = slices.Concat(b.Require, f.require)
	return s.Benched(b)
}
