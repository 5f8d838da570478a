package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

// telling are the flags of simulate that tell what happens instead of comparing.
type telling struct {
	events      string
	trace       string
	decisions   string
	explore     float64
	path, paths int
}

const tellingHelp = `
With --events or --trace nothing is compared: the first policy plays (without one the opening offer, or the seller's own brain), and what
happens is told. --events writes every event of one path, or of more with --paths, to a Parquet file. --trace tells one story of one path: of
` + workflow.Traced + `.
--decisions writes what the policy decided and what came of it, for souk ope, in a pricing problem too. In an open market JSON Lines tell
who came after each decision and what was sold as well, for souk loop.`

func (t *telling) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.events, "events", "", "write every event of the market to this Parquet file")
	f.StringVar(&t.trace, "trace", "", "tell one story: "+workflow.Traced)
	f.StringVar(&t.decisions, "decisions", "", "write every decision of the policy to this file: JSON Lines, or Parquet where it ends in .parquet")
	f.Float64Var(&t.explore, "explore", 0, "with --decisions: the probability with which the policy makes any allowed offer instead")
	f.IntVar(&t.path, "path", 0, "the path that is told of; 0 is the first")
	f.IntVar(&t.paths, "paths", 1, "how many paths are told of, from --path on; without it --decisions tells of evaluate.paths")
}

func (t *telling) asked() bool { return t.events != "" || t.trace != "" }

// tell plays the first policy and tells what happens.
func (a *app) tell(ctx context.Context, s *scenarios.Scenario, policies []string, t *telling) error {
	switch {
	case !t.asked():
		return badUsage("souk simulate", "--path or --paths", "--decisions, --events or --trace with them")
	case t.path < 0:
		return badUsage("--path", strconv.Itoa(t.path), "an integer of at least 0")
	case t.paths < 1:
		return badUsage("--paths", strconv.Itoa(t.paths), "an integer of at least 1")
	case t.paths > 1 && t.trace != "":
		return badUsage("--paths", strconv.Itoa(t.paths), "1 with --trace, whose story is of one path")
	}
	watch, closed := a.watch()
	defer closed()
	l := workflow.EventLog{First: t.path, Paths: t.paths, Subject: t.trace}
	play := func(to results.Sink[results.Event]) error {
		l.To = to
		return l.Log(ctx, s, policies, loadFor, a.processors(), watch)
	}
	var err error
	if t.events == "" {
		err = play(nil)
	} else {
		err = a.writeEvents(t.events, s, play)
	}
	if bad, ok := errors.AsType[*field.Error](err); ok && (bad.Key == "--policy" || bad.Key == "--trace") {
		return usage{err}
	} else if err != nil {
		return err
	}
	closed()
	return a.told(s, t, &l)
}

// writeEvents writes the file of an event log. What stopped the market is told as it is; what the disk refused, as --events'.
func (a *app) writeEvents(path string, s *scenarios.Scenario, play func(results.Sink[results.Event]) error) error {
	var stopped error
	err := a.write(path, "--events", 0o666, func(w io.Writer) error {
		disk := &disk{to: w}
		err := play(parquet.NewWriter[results.Event](disk, s.Hash()))
		if disk.err == nil {
			stopped = err
		}
		return err
	})
	if stopped != nil {
		return stopped
	}
	return err
}

// disk remembers that a write failed.
type disk struct {
	to  io.Writer
	err error
}

func (d *disk) Write(p []byte) (n int, err error) {
	if n, err = d.to.Write(p); err != nil {
		d.err = err
	}
	return n, err
}

// told says on stdout what was asked for.
func (a *app) told(s *scenarios.Scenario, t *telling, l *workflow.EventLog) error {
	if a.json {
		return a.document("events", struct {
			Scenario string `json:"scenario"`
			Policy   string `json:"policy"`
			Path     int    `json:"path"`
			Paths    int    `json:"paths"`
			Logged   int64  `json:"logged"` // events, of all
			File     string `json:"file,omitempty"`
			*workflow.Trace
		}{s.Name, l.Policy, l.First, l.Paths, l.Events, t.events, l.Trace})
	}
	if l.Trace != nil {
		fmt.Fprintf(a.stdout, "%s in %s, path %d, under %s%s\n\n%s", t.trace, s.Name, l.First, l.Policy, l.Trace.Who(), workflow.Story(l.Trace.Events))
	}
	if t.events != "" {
		fmt.Fprintf(a.stdout, "%d events in %s\n", l.Events, t.events)
	}
	return nil
}
