package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
	"github.com/souk-sim/souk/sim/env"
)

func (a *app) simulate() *cobra.Command {
	var names []string
	var tell telling
	cmd := &cobra.Command{
		Use: "simulate SCENARIO [--policy POLICY]…", Short: "Run the market under given policies, no learning", Args: takes("SCENARIO"),
		Long: "Run the market under given policies, all on the same customers, without learning. POLICY is a bundle (a folder or a packed .tar.gz) or a rule.\n" +
			"In a chain's category the rules are " + workflow.ChainRules + ".\n" +
			"In an open market they are\n" + workflow.MarketRules + ";\nleft out, what its scenario compares with plays, and where every seller has a brain, they play among themselves.\n" + tellingHelp,
		Example: "  souk simulate smoke\n  souk simulate canned-tuna --policy history --policy fixed:0.97 --policy cycle:0.97/0.72/3/1\n" +
			"  souk simulate canned-tuna --policy fixed:0.97 --policy results/runs/canned-tuna/RUN/policy --set evaluate.paths=50\n" +
			"  souk simulate smoke --policy fixed:0.9 --trace shopper/12\n" +
			"  souk simulate smoke --policy fixed:0.9 --events events.parquet\n" +
			"  souk simulate smoke --policy fixed:0.9 --explore 0.2 --decisions log.jsonl",
		RunE: func(cmd *cobra.Command, args []string) error {
			if tell.decisions != "" {
				return a.decided(cmd.Context(), args[0], names, cmd.Flags().Changed("paths"), &tell)
			} else if cmd.Flags().Changed("explore") {
				return badUsage("souk simulate", "--explore", "--decisions with it")
			}
			s, err := a.market(args[0], "simulate")
			if err != nil {
				return err
			}
			if tell.asked() || cmd.Flags().Changed("path") || cmd.Flags().Changed("paths") {
				return a.tell(cmd.Context(), s, names, &tell)
			}
			watch, closed := a.watch()
			defer closed()
			pace := pace{scenario: s, show: watch, from: time.Now()}
			r, err := workflow.Simulate(cmd.Context(), s, names, loadFor, a.workers, pace.watch)
			if bad, ok := errors.AsType[*field.Error](err); ok && bad.Key == "--policy" {
				return usage{err}
			} else if err != nil {
				return err
			}
			closed()
			if a.json {
				return a.document("simulation", r)
			}
			if !a.quiet {
				fmt.Fprintln(a.stderr, pace.text())
			}
			_, err = fmt.Fprint(a.stdout, r.Text())
			return err
		},
	}
	a.scenarioFlags(cmd)
	a.workersFlag(cmd)
	tell.flags(cmd)
	cmd.Flags().StringArrayVar(&names, "policy", nil, "a bundle, its folder or a packed .tar.gz, or a rule; once for each policy")
	return cmd
}

// pace takes the time of a simulation, from before the first episode to the end of the last.
type pace struct {
	scenario *scenarios.Scenario
	show     func(workflow.Progress)
	episodes int
	from, to time.Time
}

func (p *pace) watch(now workflow.Progress) {
	p.to = time.Now()
	if now.Done == 0 {
		p.from = p.to
	}
	p.episodes = now.Total
	if p.show != nil {
		p.show(now)
	}
}

// text says how fast simulated time went by.
func (p *pace) text() string {
	n, seconds := p.episodes*p.scenario.Time.Horizon, p.to.Sub(p.from).Seconds()
	return fmt.Sprintf("%d simulated %ss in %.2g s: %.3g a second", n, p.scenario.Time.Period, seconds, float64(n)/seconds)
}

// loadFor reads a bundle that is to play with a scenario's features and ladder.
func loadFor(name, rules string) (workflow.Named, error) {
	if !isBundle(name) {
		return workflow.Named{}, badUsage("--policy", strconv.Quote(name), "a bundle, its folder or a packed .tar.gz, or one of "+rules)
	}
	b, err := load(name)
	if err != nil {
		return workflow.Named{}, err
	}
	short := b.Manifest.Name
	if short == "" {
		short = filepath.Base(name)
	}
	return workflow.Named{Name: short, Digest: b.Manifest.Revision, Policy: func(spec *env.Spec) (policies.Policy, error) {
		if found := otherwise(&b.Policy.About().Spec, spec); found != "" {
			return nil, badUsage("--policy", name+", made for another market: "+found, "a bundle with the scenario's features and ladder")
		}
		return b.Policy, nil
	}}, nil
}

// otherwise says in what two markets differ for a policy; nothing where it fits both.
func otherwise(made, here *env.Spec) string {
	for i := range max(len(made.Features), len(here.Features)) {
		switch {
		case i >= len(here.Features):
			return "it looks at " + made.Features[i].Name + ", which there is not"
		case i >= len(made.Features):
			return "it knows of no " + here.Features[i].Name
		case made.Features[i].Name != here.Features[i].Name:
			return "its feature " + strconv.Itoa(i+1) + " is " + made.Features[i].Name + ", not " + here.Features[i].Name
		}
	}
	if !reflect.DeepEqual(made.Offers, here.Offers) {
		return fmt.Sprintf("its ladder has %d offers from %s, not %d from %s", len(made.Offers), ends(made), len(here.Offers), ends(here))
	}
	return ""
}

func ends(s *env.Spec) string {
	first, last := s.Offers[0], s.Offers[len(s.Offers)-1]
	return offerText(first.Price, first.Promotion) + " to " + offerText(last.Price, last.Promotion)
}

// watch shows progress on stderr, unless it is not wanted.
func (a *app) watch() (show func(workflow.Progress), closed func()) {
	if a.quiet || a.json {
		return nil, func() {}
	}
	bar := newProgress(a.stderr)
	return bar.show, bar.close
}
