package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"

	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

// playable loads a scenario in which policies can decide: of a market, or a pricing problem.
func (a *app) playable(scenario string) (*scenarios.Scenario, error) {
	s, err := scenarios.Load(scenario, a.overrides()...)
	if err != nil || s.World() == scenarios.PricingProblem {
		return s, err
	}
	return a.market(scenario, "play")
}

// readDecisions reads the decision log that a flag or an argument names, with its digest.
func readDecisions(key, name string, o decisionlog.Options) (log *decisionlog.Log, digest string, err error) {
	log, digest, err = decisionlog.Open(name, o)
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		err = &field.Error{Key: key, Found: name + ": " + reason(file), Expected: "a decision log that can be read: a file, or the folder of a service's segments"}
	}
	if bad, ok := errors.AsType[*field.Error](err); ok && bad.File == "" && (bad.Key == "window" || bad.Key == "patience") {
		err = badUsage("--"+bad.Key, bad.Found, bad.Expected)
	}
	return log, digest, err
}

// decided plays the first policy and logs its decisions.
func (a *app) decided(ctx context.Context, scenario string, names []string, paths bool, t *telling) error {
	switch {
	case t.events != "" || t.trace != "":
		return badUsage("--decisions", "--events or --trace with it", "one of them at a time")
	case t.path < 0:
		return badUsage("--path", strconv.Itoa(t.path), "an integer of at least 0")
	case t.paths < 1:
		return badUsage("--paths", strconv.Itoa(t.paths), "an integer of at least 1")
	case len(names) > 1:
		return badUsage("--policy", names[1], "one policy with --decisions")
	case !(t.explore >= 0 && t.explore <= 1):
		return badUsage("--explore", fmt.Sprint(t.explore), "a probability, 0 to 1")
	}
	s, err := a.playable(scenario)
	if err != nil {
		return err
	}
	watch, closed := a.watch()
	defer closed()
	l := workflow.DecisionLog{Explore: t.explore, First: t.path}
	if len(names) > 0 {
		l.Policy = names[0]
	}
	if paths {
		l.Paths = t.paths
	}
	var stopped error
	err = a.write(t.decisions, "--decisions", 0o666, func(w io.Writer) error {
		disk := &disk{to: w}
		lines, table := decisionlog.NewWriter(disk), decisionlog.NewParquetWriter(disk, s.Hash())
		write, tell, finish := lines.Write, lines.Tell, lines.Flush
		if filepath.Ext(t.decisions) == ".parquet" {
			write, tell, finish = table.Write, nil, table.Close
		}
		err := l.Log(ctx, s, loadFor, a.workers, watch, write, tell)
		if disk.err == nil {
			stopped = err
		}
		if err == nil {
			err = finish()
		}
		return err
	})
	if stopped != nil {
		err = stopped
	}
	if bad, ok := errors.AsType[*field.Error](err); ok && bad.Key == "--policy" {
		return usage{err}
	} else if err != nil {
		return err
	}
	closed()
	if a.json {
		return a.document("decisions", struct {
			Scenario  string  `json:"scenario"`
			Policy    string  `json:"policy"`
			Path      int     `json:"path"`
			Paths     int     `json:"paths"`
			Decisions int64   `json:"decisions"`
			Reward    float64 `json:"reward"` // mean of episodes, discounted
			File      string  `json:"file"`
		}{s.Name, l.Policy, l.First, l.Paths, l.Decisions, l.Reward, t.decisions})
	}
	_, err = fmt.Fprintf(a.stdout, "%d decisions of %s in %d episodes of %s, discounted reward %.5g an episode, in %s\n", l.Decisions, l.Policy, l.Paths, s.Name, l.Reward, t.decisions)
	return err
}
