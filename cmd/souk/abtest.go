package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/policies/evaluate/experiment"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

func (a *app) abtest() *cobra.Command {
	var log workflow.LoggedExperiment
	var stopping, shares string
	cmd := &cobra.Command{
		Use: "abtest --log FILE", Short: "Analyse a randomised experiment", Args: takes(),
		Long: "Analyse the log of a randomised experiment: a CSV or Parquet file with a column for the unit that was randomised, one for its arm, and columns\n" +
			"of numbers. The rows of a unit are added up. docs/experiments.md tells the format and the methods.\n\n" +
			"First the sizes of the arms are checked; where they are wrong nothing else is told, and the exit code is 4.\n" +
			"A metric is a column (its mean over units) or NUMERATOR/DENOMINATOR (a ratio of sums). The first one decides. A column pre_COLUMN is taken\n" +
			"for what was known of COLUMN before the experiment, and takes off what it explains (CUPED).",
		Example: "  souk abtest --log docs/examples/experiment.csv\n" +
			"  souk abtest --log docs/examples/experiment.csv --metric orders/visits --metric revenue --segment persona\n" +
			"  souk abtest --log docs/examples/experiment.csv --stopping group --looks 4 --planned 8000\n" +
			"  souk abtest --log regions.csv --cluster region --metric revenue/visits",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if log.Path == "" {
				return badUsage("--log", "nothing", "a CSV or Parquet file")
			}
			if log.Cluster != "" && log.Unit != "" {
				return badUsage("--cluster", "--unit too", "one of them: what was randomised")
			}
			log.Options.Stopping = experiment.Stopping(stopping)
			var err error
			if log.Options.Shares, err = parts(shares); err != nil {
				return err
			}
			a.reads(log.Path)
			tested, err := workflow.AnalyseLog(log)
			if bad, ok := errors.AsType[*field.Error](err); ok && strings.HasPrefix(bad.Key, "--") && bad.File == "" {
				return usage{err}
			} else if ok {
				if name, is := abtestFlags[bad.Key]; is {
					return badUsage(name, bad.Found, bad.Expected)
				}
			}
			if err != nil {
				return err
			}
			return a.tested(tested)
		},
	}
	f := cmd.Flags()
	f.StringVar(&log.Path, "log", "", "CSV or Parquet file with the experiment's rows (required)")
	f.StringVar(&log.Unit, "unit", "", "column of the unit that was randomised (else unit, user_id, customer, … is looked for)")
	f.StringVar(&log.Cluster, "cluster", "", "in place of --unit: column of the cluster or slot that was randomised; means are over rows then")
	f.StringVar(&log.Arm, "arm", "", "column of the arm (else arm, variant, group, … is looked for)")
	f.StringVar(&log.Control, "control", "", "the arm that is the control (else control, A, 0, … is looked for)")
	f.StringVar(&log.Time, "time", "", "column of times: the order of units, and the novelty check")
	f.StringVar(&log.Stratum, "stratum", "", "column to post-stratify by")
	f.StringArrayVar(&log.Segments, "segment", nil, "column of texts for whose values effects are told apart; may be repeated")
	f.StringArrayVar(&log.Metrics, "metric", nil, "COLUMN or NUMERATOR/DENOMINATOR; may be repeated, and the first decides (else every other column)")
	f.StringArrayVar(&log.Before, "before", nil, "METRIC=COLUMN: what was known of a metric before the experiment (else pre_COLUMN)")
	f.StringArrayVar(&log.Lower, "lower", nil, "a metric of which less is better; may be repeated")
	f.StringVar(&shares, "share", "", "shares of the units that control and treatments should have, as in 0.9,0.1 (else equal)")
	experimentFlags(cmd, &log.Options, &stopping)
	return cmd
}

// abtestFlags are the flags of what the analysis complains of.
var abtestFlags = map[string]string{"alpha": "--alpha", "power": "--power", "srm": "--srm", "looks": "--looks", "shares": "--share", "stopping": "--stopping"}

// experimentFlags say how an experiment is analysed.
func experimentFlags(cmd *cobra.Command, o *experiment.Options, stopping *string) {
	f := cmd.Flags()
	f.StringVar(stopping, "stopping", "fixed", "what decides: fixed (once, at the end), anytime (however often one looks) or group (a few planned looks)")
	f.IntVar(&o.Looks, "looks", 5, "planned looks of --stopping group")
	f.IntVar(&o.Planned, "planned", 0, "units of all arms that were planned (else 10,000 for the anytime test, as many as there are for the group test)")
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
		err = t.Text(a.stdout)
	}
	if err == nil && t.Report.Imbalance.Failed && len(t.Report.Metrics) == 0 {
		err = unmet{fmt.Errorf("the sample-ratio check failed: p = %.2g", t.Report.Imbalance.P)}
	}
	return err
}
