package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/cpu"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/workflow"
)

func (a *app) train() *cobra.Command {
	var resume bool
	var watch string
	cmd := &cobra.Command{
		Use: "train SCENARIO", Short: "Fit what the scenario needs, learn, compare, and write results and the policy bundle", Args: takes("SCENARIO"),
		Long: "Fit the scenario's models, train its agents in the market, compare what they learned with the alternatives on customers\n" +
			"that training never met, and leave a run directory with the policy bundle. An interrupted run is saved, and --resume carries it on. Of a\n" +
			"repeated game, [game], and a pricing problem, [problem], the measures are the result: they are printed, and kept in a run directory with\n" +
			"learning curves and, of a problem, the bundle of the best learner's best seed. Such a run cannot be resumed: interrupted, it leaves nothing.\n" +
			"--watch serves a page on this machine that shows how far the run has come and its learning curves, and at the end its report.",
		Example: "  souk train canned-tuna\n  souk train canned-tuna --resume\n  souk train canned-tuna --watch\n  souk train ./my.toml --set train.episodes=500 --seed 7",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := scenarios.Load(args[0], a.overrides()...)
			if err != nil {
				return err
			}
			if workflow.Studied(s) {
				return a.study(cmd.Context(), s, resume, watch)
			}
			if s, err = a.market(args[0], "train"); err != nil {
				return err
			}
			a.saves = true
			run, closed := a.training(s)
			defer closed()
			run.Options.Resume, run.Options.Tell = resume, a.notice
			ended, err := a.live(watch, run)
			if err != nil {
				return err
			}
			summary, err := run.Train(cmd.Context())
			ended(err)
			if err != nil {
				return err
			}
			if a.json {
				return a.document("summary", summary)
			}
			if err := summary.Text(a.stdout); err != nil {
				return err
			}
			return a.whereabouts(summary.Dir, summary.Chosen.Policy)
		},
	}
	a.scenarioFlags(cmd)
	a.workersFlag(cmd)
	a.outFlag(cmd)
	cmd.Flags().BoolVar(&resume, "resume", false, "go on with the run that was interrupted")
	cmd.Flags().StringVar(&watch, "watch", "", "serve a live page of the run on this machine; --watch=127.0.0.1:8080 says at which port")
	cmd.Flags().Lookup("watch").NoOptDefVal = "127.0.0.1:0"
	return cmd
}

// live serves the page of a run, where one is asked for, until ended is called with what became of the run.
func (a *app) live(watch string, run *workflow.Run) (ended func(error), err error) {
	if watch == "" {
		return func(error) {}, nil
	}
	page, err := goLive(watch, run.Scenario)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(a.stderr, "watch    %s\n", page.url)
	show := run.Watch
	run.Watch = func(p workflow.Progress) {
		page.show(p)
		if show != nil {
			show(p)
		}
	}
	return func(err error) {
		var report []byte
		if err == nil {
			if f, err := run.Store.Finished(run.Scenario.Name, rundir.ID(run.Scenario.Canonical())); err == nil {
				report, _ = f.ReadFile(workflow.ReportFile) // a run whose report cannot be read has told so already
			}
		}
		page.end(report)
	}, nil
}

// training is a run of souk train, and what ends its progress.
func (a *app) training(s *scenarios.Scenario) (run *workflow.Run, closed func()) {
	began := time.Now()
	run = &workflow.Run{Scenario: s, Store: a.store(), Workers: a.workers, Build: build(),
		Options: rundir.Options{Holder: fmt.Sprintf("souk train, process %d", os.Getpid())},
		Clock:   func() time.Duration { return time.Since(began) }}
	run.Watch, closed = a.watch()
	return run, closed
}

// whereabouts tells where a run is and how to ask its policy, where it has one.
func (a *app) whereabouts(dir string, policy policies.Frozen) error {
	_, err := fmt.Fprintf(a.stdout, "\nfiles    %s\n", dir)
	if policy != nil {
		_, err = fmt.Fprintf(a.stdout, "ask      souk policy decide %s/policy%s\n", dir, question(policy.About()))
	}
	return err
}

// study plays a scenario whose measures are its result.
func (a *app) study(ctx context.Context, s *scenarios.Scenario, resume bool, watch string) error {
	if resume {
		return badUsage("--resume", "a scenario of a "+string(s.World()), "no --resume: nothing is kept of an interrupted run of that kind, and it begins anew")
	}
	run, closed := a.training(s)
	defer closed()
	ended, err := a.live(watch, run)
	if err != nil {
		return err
	}
	found, err := run.Study(ctx)
	ended(err)
	if err != nil {
		return err
	}
	closed()
	if a.json {
		return a.document("measured", found)
	}
	if err := found.Text(a.stdout); err != nil {
		return err
	}
	var policy policies.Frozen
	if found.Policy != nil {
		policy = found.Policy.Policy
	}
	return a.whereabouts(found.Dir, policy)
}

// question is an observation that a policy can answer, as flags: a value in the middle for each feature that it looks at.
func question(t *policies.Frame) (flags string) {
	for i, f := range t.Spec.Features {
		x := (f.Min + f.Max) / 2
		for _, d := range t.Encoder.Dimensions {
			if n := len(d.Edges); d.Index == i && n > 0 {
				x = d.Edges[n/2]
			}
		}
		if f.Unit == "index" || f.Unit == "periods" || f.Unit == "units" {
			x = math.Floor(x) // between whole numbers there is none
		}
		if t.LooksAt(i) {
			flags += fmt.Sprintf(" --observation %s=%.4g", f.Name, x)
		}
	}
	return flags
}

// build describes this program, for the manifest. It leaves the revision out, which go build stamps and go run does not: a run has the
// same bytes under both.
func build() rundir.Build {
	b := rundir.Build{Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, FMA: cpu.X86.HasFMA || runtime.GOARCH == "arm64"}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, setting := range info.Settings {
			if setting.Key == "GO"+strings.ToUpper(runtime.GOARCH) {
				b.Level = setting.Value // GOAMD64 and its like
			}
		}
	}
	return b
}
