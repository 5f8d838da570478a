package main

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

func (a *app) loop() *cobra.Command {
	var log, champion, candidate, key, clock, of string
	var patience float64
	var histories int
	cmd := &cobra.Command{
		Use: "loop SCENARIO [--log DECISIONS --champion BUNDLE]", Short: "From a policy's log to its successor: refit, retrain, gate, promote or keep", Args: takes("SCENARIO"),
		Long: "One turn of the loop. How many come and what they take is refitted to the newest window of the decision log and its outcomes; agents learn in that\n" +
			"market, beginning with the champion's values; candidate and champion meet the same shoppers, and the log is asked what either would have\n" +
			"earned. The gates of [loop.gates] decide: exit 0 is to promote the candidate, exit 4 to keep the champion, and the report says why.\n" +
			"docs/loop.md has a recipe for cron. Without a log the scenario plays the shop too: its [loop] says for how many rounds and how the truth drifts,\n" +
			"and the policy that is refitted meets the customers of one that never is and of one that knows the truth of every round.",
		Example: "  souk loop ./shop.toml --log decisions/ --champion live.tar.gz --clock seconds --key shop.key --candidate next.tar.gz && mv next.tar.gz live.tar.gz\n" +
			"  souk loop closed-loop --log log.jsonl --champion results/runs/closed-loop/RUN/policy\n" +
			"  souk loop closed-loop --seeds 4",
		RunE: func(cmd *cobra.Command, args []string) error {
			if log == "" && champion == "" {
				return a.rounds(cmd, args[0], histories)
			}
			if log == "" || champion == "" {
				return badUsage("souk loop", "no --log or no --champion", "both, or neither to play the rounds of [loop]")
			}
			if err := a.candidateFits(candidate); err != nil {
				return err
			}
			t := workflow.Turn{Clock: clock, Patience: patience, Workers: a.workers}
			var private ed25519.PrivateKey
			var err error
			if key != "" {
				if private, err = privateKey(key); err != nil {
					return err
				}
			}
			if t.Scenario, err = scenarios.Load(args[0], a.overrides()...); err != nil {
				return err
			}
			if t.Champion, err = load(champion); err != nil {
				return err
			}
			window, err := t.Window()
			if bad, ok := errors.AsType[*field.Error](err); ok && bad.File == "" && bad.Key == "--clock" {
				return usage{err}
			} else if err != nil {
				return err
			}
			var digest string
			if t.Log, digest, err = readDecisions("--log", log, decisionlog.Options{Policy: of, Window: window, Patience: patience}); err != nil {
				return err
			}
			watch, closed := a.watch()
			defer closed()
			t.Watch = watch
			run := &workflow.Run{Scenario: t.Scenario, Store: a.store(), Workers: a.workers, Build: build(),
				Options: rundir.Options{Whole: true, Holder: fmt.Sprintf("souk loop, process %d", os.Getpid())}}
			v, err := t.Leave(cmd.Context(), run, digest, private)
			if bad, ok := errors.AsType[*field.Error](err); ok && bad.File == "" && bad.Key == "--clock" {
				return usage{err}
			} else if err != nil {
				return err
			}
			if candidate != "" && v.Promote {
				if err := a.putBundle(v.Files, candidate); err != nil {
					return err
				}
			}
			closed()
			if a.json {
				err = a.document("loop", v)
			} else {
				_, err = fmt.Fprintf(a.stdout, "%s\nfiles    %s\n", v.Text(), v.Dir)
			}
			if err == nil && !v.Promote {
				err = unmet{field.New("", "the champion is kept: "+strings.Join(unmetGates(v), ", "), "")}
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&log, "log", "", "decisions and what came of them: a file or a folder of a service's segments, docs/formats/decisions.md")
	f.StringVar(&champion, "champion", "", "the bundle that decided: a folder or a packed .tar.gz")
	ofFlag(f, &of)
	patienceFlag(f, &patience)
	f.StringVar(&candidate, "candidate", "", "where a promoted candidate's bundle goes too: a folder that is not there yet, or FILE.tar.gz, replaced at once")
	f.StringVar(&key, "key", "", "private ed25519 key, PEM, by which the candidate is signed")
	f.IntVar(&histories, "seeds", 4, "without a log: histories that are played, of the scenario's seed and those after it")
	var names []string
	for _, c := range workflow.Clocks() {
		names = append(names, c.Name)
	}
	f.StringVar(&clock, "clock", names[0], "unit of the times in the log: "+strings.Join(names, ", ")+"; a log of souk serve has seconds")
	a.scenarioFlags(cmd)
	a.workersFlag(cmd)
	a.outFlag(cmd)
	return cmd
}

// unmetGates names the gates that the candidate did not pass.
func unmetGates(v *workflow.Verdict) (names []string) {
	for _, g := range v.Gates {
		if !g.Met {
			names = append(names, "gate "+g.Gate+" is not met")
		}
	}
	return names
}

// packs tells whether a bundle is to be written as a packed file.
func packs(to string) bool { return strings.HasSuffix(to, ".gz") || strings.HasSuffix(to, ".tgz") }

func badCandidate(to, found string) error {
	return &field.Error{Key: "--candidate", Found: to + ": " + found, Expected: "a folder that is not there yet, in one that can be written to, or FILE.tar.gz"}
}

// candidateFits finds out that a bundle cannot be written before the turn is taken.
func (a *app) candidateFits(to string) error {
	if to == "" {
		return nil
	}
	if packs(to) {
		_, err := a.target(to, "--candidate")
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return badCandidate(to, "is there already")
	}
	if _, err := os.Stat(filepath.Dir(to)); err != nil {
		return badCandidate(to, reason(err))
	}
	return nil
}

// putBundle writes a bundle's files to a packed file, or to a folder that appears whole.
func (a *app) putBundle(files bundle.Memory, to string) error {
	if packs(to) {
		var packed bytes.Buffer
		if err := bundle.Pack(files, &packed); err != nil {
			return err
		}
		return a.write(to, "--candidate", 0o644, bytesTo(packed.Bytes()))
	}
	if _, err := os.Lstat(to); err == nil {
		return badCandidate(to, "is there already")
	}
	building, err := os.MkdirTemp(filepath.Dir(to), filepath.Base(to)+".*")
	if err != nil {
		return badCandidate(to, reason(err))
	}
	defer os.RemoveAll(building) // where it has not been renamed
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(building, name), files[name], 0o644); err != nil {
			return badCandidate(to, reason(err))
		}
	}
	if err := os.Chmod(building, 0o755); err != nil {
		return badCandidate(to, reason(err))
	}
	if err := os.Rename(building, to); err != nil {
		return badCandidate(to, reason(err))
	}
	return nil
}

// rounds plays the loop against the scenario's own truth.
func (a *app) rounds(cmd *cobra.Command, scenario string, histories int) error {
	s, err := scenarios.Load(scenario, a.overrides()...)
	if err != nil {
		return err
	}
	if s.Loop == nil || len(s.Loop.Drift) == 0 {
		return badUsage("souk loop", "no --log, and no [[loop.drift]] in "+s.Name, "--log and --champion for a turn of the loop; or, to play its rounds, a scenario that says how the truth drifts, as closed-loop does")
	}
	began := time.Now()
	watch, closed := a.watch()
	defer closed()
	run := &workflow.Run{Scenario: s, Store: a.store(), Workers: a.workers, Watch: watch, Build: build(), Clock: func() time.Duration { return time.Since(began) },
		Options: rundir.Options{Whole: true, Holder: fmt.Sprintf("souk loop, process %d", os.Getpid())}}
	m, err := run.Rounds(cmd.Context(), histories)
	if err != nil {
		return err
	}
	closed()
	if a.json {
		return a.document("rounds", m)
	}
	if err := m.Text(a.stdout); err != nil {
		return err
	}
	_, err = fmt.Fprintf(a.stdout, "\nfiles    %s\n", m.Dir)
	return err
}
