package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/evaluate/offpolicy"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

func (a *app) ope() *cobra.Command {
	o := offpolicy.Defaults()
	var log, policy, scenario string
	var read decisionlog.Options
	var discount float64
	cmd := &cobra.Command{
		Use: "ope --log F --policy POLICY", Short: "Value of a policy from logged decisions of another", Args: takes(),
		Long: "Value of a policy from the decision log of another one, with intervals, without trying it. POLICY is a bundle, packed or not, fixed:PRICE, a rule\n" +
			"that needs no parameters, or explore(POLICY,ε) of one of these. With --scenario it may be any policy that souk simulate takes there, and is\n" +
			"played in the scenario's market as well. A log that cannot tell of the policy is refused, exit 4; so is one without propensities, exit 3.",
		Example: "  souk simulate smoke --policy fixed:1.1 --explore 0.5 --decisions log.jsonl --paths 2000\n" +
			"  souk ope --log log.jsonl --policy fixed:1\n  souk ope --log decisions/ --of tuna --patience 86400 --policy results/runs/tuna/RUN/policy --single\n  souk ope --log log.jsonl --policy results/runs/smoke/RUN/policy --scenario smoke --single",
		RunE: func(cmd *cobra.Command, args []string) error {
			if log == "" || policy == "" {
				return badUsage("souk ope", "no --log or no --policy", "both")
			}
			w := workflow.OffPolicy{Policy: policy, Bundle: bundleIn, Load: loadFor, Options: o, Workers: a.workers}
			if cmd.Flags().Changed("discount") {
				w.Options.Discount = &discount
			}
			w.Options.Seed = uint64(a.seed)
			if scenario != "" {
				s, err := a.playable(scenario)
				if err != nil {
					return err
				}
				w.Scenario = s
			} else if len(a.sets) > 0 {
				return badUsage("souk ope", "--set", "--scenario with it")
			}
			watch, closed := a.watch()
			defer closed()
			w.Watch = watch
			decisions, digest, err := readDecisions("--log", log, read)
			if err != nil {
				return err
			}
			w.Read = read
			run := &workflow.Run{Scenario: w.Scenario, Store: a.store(), Workers: a.workers, Build: build(),
				Options: rundir.Options{Whole: true, Holder: fmt.Sprintf("souk ope, process %d", os.Getpid())}}
			report, err := w.Leave(cmd.Context(), run, decisions, digest)
			if bad, ok := errors.AsType[*field.Error](err); ok && bad.File == "" && (bad.Key == "--policy" || o.Has(bad.Key)) {
				if bad.Key != "--policy" {
					bad.Key = "--" + strings.ReplaceAll(bad.Key, "_", "-")
				}
				return usage{err}
			} else if _, never := errors.AsType[*workflow.NeverMade](err); never {
				return unmet{err}
			} else if err != nil {
				return err
			}
			closed()
			if a.json {
				err = a.document("ope", report)
			} else {
				_, err = fmt.Fprintf(a.stdout, "%s\nfiles    %s\n", report.Text(), report.Dir)
			}
			if err == nil && !report.Tells() {
				err = unmet{field.New("", "the log does not tell what "+report.Policy+" is worth", "")}
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&log, "log", "", "a decision log: JSON Lines, Parquet or the folder of a service's, docs/formats/decisions.md")
	decidedFlags(f, &read)
	f.StringVar(&policy, "policy", "", "a bundle (a folder or a packed .tar.gz), a rule, or explore(POLICY,ε)")
	f.StringVar(&scenario, "scenario", "", "a market to play the policy in as well")
	f.BoolVar(&o.Single, "single", o.Single, "every decision stands alone: its reward at the observations that were logged")
	f.Float64Var(&discount, "discount", 1, "from one decision to the next, in place of the log's")
	f.StringVar(&o.Model, "model", o.Model, "of rewards: "+strings.Join(offpolicy.Models(), ", "))
	f.Float64Var(&o.Least, "least", o.Least, "effective sample size below which an estimator is refused")
	f.Float64Var(&o.Level, "level", o.Level, "of intervals")
	f.IntVar(&o.Resamples, "resamples", o.Resamples, "of the bootstrap")
	f.IntVar(&o.Folds, "folds", o.Folds, "of cross-fitting: a model is fitted on other units than those it is told of")
	a.scenarioFlags(cmd)
	a.workersFlag(cmd)
	a.outFlag(cmd)
	return cmd
}

// decidedFlags are what of a decision log is read.
func decidedFlags(f *pflag.FlagSet, o *decisionlog.Options) {
	ofFlag(f, &o.Policy)
	f.Float64Var(&o.Window, "window", 0, "how long before the log's newest decision decisions are read, in its time; 0: all")
	patienceFlag(f, &o.Patience)
}

// patienceFlag is after how long nothing is taken to have come of a decision.
func patienceFlag(f *pflag.FlagSet, patience *float64) {
	f.Float64Var(patience, "patience", 0, "after how long, in the log's time, nothing came of a decision without an outcome; 0: wait")
}

// ofFlag is whose decisions of a log are read.
func ofFlag(f *pflag.FlagSet, of *string) {
	f.StringVar(of, "of", "", "of a decision log, the policy whose decisions are read, of a service by its name there; left out: all")
}

// bundleIn loads a bundle where a name is that of one.
func bundleIn(name string) (*bundle.Bundle, error) {
	if isBundle(name) {
		return load(name)
	}
	if strings.ContainsRune(name, os.PathSeparator) || isPacked(name) {
		return nil, badUsage("--policy", strconv.Quote(name), "a bundle: its folder, or a packed .tar.gz")
	}
	return nil, nil
}
