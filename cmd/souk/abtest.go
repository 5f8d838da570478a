package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/souk-sim/souk/policies/evaluate/experiment"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

func (a *app) abtest() *cobra.Command {
	var log workflow.LoggedExperiment
	var in trialFlags
	var stopping, shares string
	var mean, sd float64
	cmd := &cobra.Command{
		Use: "abtest SCENARIO | --log FILE", Short: "Run a randomised experiment in a market, or analyse the log of a real one", Args: takes("[SCENARIO]"),
		Long: "Run a randomised experiment in a scenario's market: the learning seller tries several policies at once, by shopper, cluster, product or slot of\n" +
			"time, with shared stock and rivals who look; in a chain's category by store or by week. The truth stands beside it: every policy played by all in\n" +
			"the same markets, and the bias of the experiment.\n\n" +
			"Or analyse the log of a real one: a CSV or Parquet file with a column for the unit that was randomised, one for its arm, and columns of numbers.\n" +
			"The rows of a unit are added up. A metric is a column (its mean over units) or NUMERATOR/DENOMINATOR (a ratio of sums); the first one decides. A\n" +
			"column pre_COLUMN is taken for what was known of COLUMN before, and takes off what it explains (CUPED). docs/experiments.md tells all.\n\n" +
			"First the sizes of the arms are checked; where they are wrong nothing else is told, and the exit code is 4. A run is left in\n" +
			"--out, SCENARIO-abtest or, of a log F.csv, F-abtest, with report.html, report.txt and abtest.json.",
		Example: "  souk abtest fresh-food --policy fixed:2.99 --policy sell-by\n" +
			"  souk abtest fresh-food --policy fixed:2.99 --policy sell-by --design switchback --set abtest.slot_days=4\n" +
			"  souk abtest --log docs/examples/experiment.csv --metric profit --metric orders/visits\n" +
			"  souk abtest --log docs/examples/experiment.csv --metric profit --stopping group --looks 4 --planned 4000\n" +
			"  souk abtest --log regions.csv --cluster region --metric revenue/visits\n  souk abtest --mean 4.1 --sd 7.8 --planned 4000",
		RunE: func(cmd *cobra.Command, args []string) error {
			log.Options.Stopping = experiment.Stopping(stopping)
			var err error
			if log.Options.Shares, err = parts(shares); err != nil {
				return err
			}
			if cmd.Flags().Changed("mean") || cmd.Flags().Changed("sd") {
				if len(args) == 1 || log.Path != "" {
					return badUsage("--mean", "a scenario or --log too", "--mean and --sd alone: they plan an experiment that is still to come")
				}
				return a.planned(mean, sd, &log.Options)
			}
			switch {
			case len(args) == 1 && log.Path != "":
				return badUsage(cmd.CommandPath(), "a scenario and --log", "one of them")
			case len(args) == 1:
				return a.trial(cmd, args[0], &in, log.Options)
			case log.Path == "":
				return badUsage(cmd.CommandPath(), "no argument", "a SCENARIO, or --log with a CSV or Parquet file")
			case log.Cluster != "" && log.Unit != "":
				return badUsage("--cluster", "--unit too", "one of them: what was randomised")
			}
			for _, name := range []string{"design", "policy", "workers", "seed", "set"} {
				if cmd.Flags().Changed(name) {
					return badUsage("--"+name, "--log too", "a SCENARIO in place of --log, or --log alone: nothing is played for it")
				}
			}
			a.reads(log.Path)
			log.Command = logCommand(cmd.Flags())
			tested, err := log.Leave(&workflow.Run{Store: a.store(), Build: build(), Options: a.abtestHolder()})
			if err != nil {
				return abtestFault(err)
			}
			return a.tested(tested)
		},
	}
	a.scenarioFlags(cmd)
	a.workersFlag(cmd)
	a.outFlag(cmd)
	cmd.Flags().Float64Var(&mean, "mean", 0, "plan an experiment: mean of a unit's value; with --sd, and --planned for what so many units find")
	cmd.Flags().Float64Var(&sd, "sd", 0, "plan an experiment: standard deviation of a unit's value")
	cmd.Flags().StringVar(&in.design, "design", "", "shopper, cluster, product or switchback, in place of abtest.design")
	cmd.Flags().StringArrayVar(&in.policies, "policy", nil, "an arm, the control first: a rule or a bundle (a folder or a packed .tar.gz); in place of abtest.policies")
	f := cmd.Flags()
	f.StringVar(&log.Path, "log", "", "CSV or Parquet file with the experiment's rows, in place of a SCENARIO")
	f.StringVar(&log.Unit, "unit", "", "column of the unit that was randomised (else unit, user_id, customer, … is looked for)")
	f.StringVar(&log.Cluster, "cluster", "", "in place of --unit: column of the cluster or slot that was randomised; means are over rows then")
	f.StringVar(&log.Arm, "arm", "", "column of the arm (else arm, variant, group, … is looked for)")
	f.StringVar(&log.Control, "control", "", "the arm that is the control (else control, A, 0, … is looked for)")
	f.StringVar(&log.Time, "time", "", "column of times: the order of units, and the novelty check")
	f.StringVar(&log.Stratum, "stratum", "", "column to post-stratify by")
	f.StringArrayVar(&log.Segments, "segment", nil, "column of texts for whose values effects are told apart; may be repeated")
	f.StringArrayVar(&log.Covariates, "covariate", nil, "column of numbers known before, to tell for whom a treatment works; may be repeated (else pre_COLUMN)")
	f.StringArrayVar(&log.Metrics, "metric", nil, "COLUMN or NUMERATOR/DENOMINATOR; may be repeated, and the first decides (else every other column)")
	f.StringArrayVar(&log.Before, "before", nil, "METRIC=COLUMN: what was known of a metric before the experiment (else pre_COLUMN)")
	f.StringArrayVar(&log.Lower, "lower", nil, "a metric of which less is better; may be repeated")
	f.StringVar(&shares, "share", "", "shares of the units that control and treatments should have, as in 0.9,0.1 (else equal)")
	experimentFlags(cmd, &log.Options, &stopping)
	return cmd
}

// planned tells how large an experiment has to be.
func (a *app) planned(mean, sd float64, o *experiment.Options) error {
	share := 0.5
	if o.Shares != nil {
		if len(o.Shares) != 2 {
			return badUsage("--share", fmt.Sprintf("%d shares", len(o.Shares)), "2, of the control and the treatment")
		}
		share = o.Shares[1] / (o.Shares[0] + o.Shares[1])
	}
	if !(o.Alpha > 0 && o.Alpha < o.Power && o.Power < 1) {
		return badUsage("--power", fmt.Sprint(o.Power), "a probability above --alpha, which is above 0, and below 1")
	}
	plan, err := workflow.PlanABTest(mean, sd, share, o.Planned, *o)
	if err != nil {
		return abtestFault(err)
	}
	if a.json {
		return a.document("abtest-plan", plan)
	}
	return plan.Text(a.stdout)
}

// trialFlags stand in the place of keys of [abtest].
type trialFlags struct {
	design   string
	policies []string
}

// trial runs an experiment in a scenario's market.
func (a *app) trial(cmd *cobra.Command, name string, in *trialFlags, o experiment.Options) error {
	for _, flag := range []string{"unit", "cluster", "arm", "control", "time", "stratum", "segment", "covariate", "metric", "before", "lower"} {
		if cmd.Flags().Changed(flag) {
			return badUsage("--"+flag, "a SCENARIO too", "--log in its place: columns are those of a log")
		}
	}
	s, err := a.market(name, "abtest")
	if err != nil {
		return err
	}
	t := scenarios.UsualABTest()
	if s.ABTest != nil {
		t = *s.ABTest
	}
	if in.design != "" {
		if t.Design = in.design; !slices.Contains([]string{"shopper", "cluster", "product", "switchback"}, in.design) {
			return badUsage("--design", strconv.Quote(in.design), "shopper, cluster, product or switchback")
		}
	}
	if in.policies != nil {
		t.Policies = in.policies
	}
	if o.Shares != nil {
		t.Shares = o.Shares
	}
	if cmd.Flags().Changed("stopping") {
		t.Stopping = string(o.Stopping)
	}
	if cmd.Flags().Changed("looks") {
		t.Looks = o.Looks
	}
	began := time.Now()
	run := &workflow.Run{Scenario: s.Experimented(t), Store: a.store(), Workers: a.workers, Build: build(),
		Options: a.abtestHolder(), Clock: func() time.Duration { return time.Since(began) }}
	watch, closed := a.watch()
	defer closed()
	run.Watch = watch
	found, err := run.ABTest(cmd.Context(), loadFor, o)
	if err != nil {
		return abtestFault(err)
	}
	closed()
	return a.tested(found)
}

func (a *app) abtestHolder() rundir.Options {
	return rundir.Options{Whole: true, Holder: fmt.Sprintf("souk abtest, process %d", os.Getpid())}
}

// logCommand is the command that analyses a log so, in its folder: flags in the order of their names, but for those that change no result.
func logCommand(flags *pflag.FlagSet) string {
	words := []string{"souk abtest --log", shellWord(filepath.Base(flags.Lookup("log").Value.String()))}
	flags.Visit(func(f *pflag.Flag) {
		values := []string{f.Value.String()}
		if several, is := f.Value.(pflag.SliceValue); is {
			values = several.GetSlice()
		}
		switch {
		case slices.Contains([]string{"log", "out", "json", "quiet"}, f.Name) || f.Value.String() == f.DefValue:
			return
		case f.Value.Type() == "bool":
			words = append(words, "--"+f.Name)
			return
		}
		for _, v := range values {
			words = append(words, "--"+f.Name, shellWord(v))
		}
	})
	return strings.Join(words, " ")
}

// shellWord quotes what a shell would take apart.
func shellWord(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:=+@%") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// abtestFault makes an error about a flag's value one of usage.
func abtestFault(err error) error {
	bad, ok := errors.AsType[*field.Error](err)
	switch {
	case !ok:
		return err
	case strings.HasPrefix(bad.Key, "--") && bad.File == "":
		return usage{err}
	}
	if name, is := abtestFlags[bad.Key]; is {
		return badUsage(name, bad.Found, bad.Expected)
	}
	return err
}

// abtestFlags are the flags of what the analysis complains of.
var abtestFlags = map[string]string{"alpha": "--alpha", "power": "--power", "srm": "--srm", "looks": "--looks", "planned": "--planned", "shares": "--share", "stopping": "--stopping"}

// experimentFlags say how an experiment is analysed.
func experimentFlags(cmd *cobra.Command, o *experiment.Options, stopping *string) {
	f := cmd.Flags()
	f.StringVar(stopping, "stopping", "fixed", "what decides: fixed (at the end), anytime (however often one looks) or group (planned looks)")
	f.IntVar(&o.Looks, "looks", 5, "planned looks of --stopping group")
	f.IntVar(&o.Planned, "planned", 0, "units of all arms that were planned (else 10,000; to be said with --stopping group, and for clusters)")
	f.Float64Var(&o.Alpha, "alpha", 0.05, "two-sided error")
	f.Float64Var(&o.Power, "power", 0.8, "probability with which the smallest detectable difference is found")
	f.Float64Var(&o.SRM, "srm", 0.001, "p-value below which the sizes of the arms are wrong")
	f.BoolVar(&o.Imbalanced, "despite-imbalance", false, "analyse although the sizes of the arms are wrong")
}

// parts reads shares.
func parts(text string) (shares []float64, err error) {
	if text == "" {
		return nil, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(strings.TrimSpace(part), 64)
		if err != nil || !(v > 0) {
			return nil, badUsage("--share", strconv.Quote(text), "numbers above 0, of the control first, as in 0.9,0.1")
		}
		shares = append(shares, v)
	}
	return shares, nil
}

// tested writes an experiment's read-out.
func (a *app) tested(t *workflow.Tested) error {
	var err error
	if a.json {
		err = a.document("abtest", t)
	} else {
		if err = t.Text(a.stdout); err == nil {
			_, err = fmt.Fprintf(a.stdout, "\nfiles    %s\n", t.Dir)
		}
	}
	if err == nil && t.Report.Imbalance.Failed && len(t.Report.Metrics) == 0 {
		err = unmet{fmt.Errorf("the sample-ratio check failed: p = %.2g", t.Report.Imbalance.P)}
	}
	return err
}
