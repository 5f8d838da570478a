package main

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/estimators"
)

// decided is what a decision log holds.
type decided struct {
	Log       string               `json:"log"`
	Digest    string               `json:"log_sha256"`
	Loggers   []decisionlog.Author `json:"logged_by"`
	Decisions int                  `json:"decisions"`
	Units     int                  `json:"units"`
	From      float64              `json:"from"`
	To        float64              `json:"to"`
	Offers    int                  `json:"offers"`
	Features  []string             `json:"features"`
	Products  []string             `json:"products"`
	Reward    *float64             `json:"mean_reward"` // of the decisions of which it is known
	Least     float64              `json:"least_propensity"`
	Outcomes  decisionlog.Joined   `json:"outcomes"`
	Warnings  []string             `json:"warnings"`
	Choices   string               `json:"choices,omitempty"`
	Visits    string               `json:"visits,omitempty"`
}

func (a *app) decisions() *cobra.Command {
	var o decisionlog.Options
	var choices, visits string
	var every float64
	cmd := &cobra.Command{
		Use: "decisions LOG", Short: "What a decision log holds, and its choices and visits as tables", Args: takes("LOG"),
		Long: "What a decision log holds: who decided, when, how far the outcomes that came in are joined to decisions, and what was left out. LOG is a file,\n" +
			"JSON Lines or Parquet, or the folder that souk serve --log writes. --choices writes what visitors took, a table for souk estimate, which reads the\n" +
			"folder as well, and for [shoppers.choice]; --visits how many came by period, a series for souk forecast and [traffic.demand].",
		Example: "  souk decisions decisions/ --of tuna --choices choices.csv\n  souk estimate logit --data choices.csv --attributes price --outside none\n" +
			"  souk decisions decisions/ --visits days.csv --every 86400\n  souk forecast --data days.csv --y visitors",
		RunE: func(cmd *cobra.Command, args []string) error {
			if (visits == "") != (every == 0) {
				return badUsage("--visits", "one of --visits and --every", "both, or none")
			}
			o.Pending = true
			log, digest, err := readDecisions("LOG", args[0], o)
			if err != nil {
				return err
			}
			told := tellDecided(log, digest)
			for _, table := range []struct {
				file, flag string
				make       func() ([]byte, error)
				into       *string
			}{{choices, "--choices", func() ([]byte, error) { return logs.DecidedChoices(log) }, &told.Choices},
				{visits, "--visits", func() ([]byte, error) { return logs.DecidedVisits(log, every) }, &told.Visits}} {
				if table.file == "" {
					continue
				}
				text, err := table.make()
				if err == nil {
					err = a.write(table.file, table.flag, 0o666, bytesTo(text))
				}
				if err != nil {
					return err
				}
				*table.into = table.file
			}
			if a.json {
				return a.document("decision-log", told)
			}
			_, err = fmt.Fprint(a.stdout, told.text())
			return err
		},
	}
	f := cmd.Flags()
	decidedFlags(f, &o)
	f.StringVar(&choices, "choices", "", "CSV file to write: who took what at which prices, a row a visitor")
	f.StringVar(&visits, "visits", "", "CSV file to write: visitors, units and reward by period")
	f.Float64Var(&every, "every", 0, "length of a period of --visits, in the log's time; of a service's, seconds")
	return cmd
}

func tellDecided(log *decisionlog.Log, digest string) *decided {
	d := &decided{Log: log.File, Digest: digest, Loggers: log.Policies, Decisions: len(log.Decisions), From: math.Inf(1), To: math.Inf(-1), Features: log.Features, Products: log.Products,
		Least: 1, Outcomes: log.Joined, Warnings: log.Warnings}
	if d.Products == nil {
		d.Products = []string{}
	}
	if d.Warnings == nil {
		d.Warnings = []string{}
	}
	units, sum, n := map[int32]bool{}, 0.0, 0.0
	for i := range log.Decisions {
		one := &log.Decisions[i]
		units[one.Unit] = true
		d.From, d.To, d.Least = min(d.From, one.Time), max(d.To, one.Time), min(d.Least, one.Propensity)
		if !math.IsNaN(one.Reward) {
			sum, n = sum+one.Reward, n+1
		}
	}
	if d.Units = len(units); n > 0 {
		mean := sum / n
		d.Reward = &mean
	}
	for _, seen := range log.Seen {
		if seen {
			d.Offers++
		}
	}
	return d
}

func (d *decided) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d decisions in %d units, at times %.10g to %.10g%s\n", d.Log, d.Decisions, d.Units, d.From, d.To, dates(d.From, d.To))
	for _, who := range d.Loggers {
		fmt.Fprintf(&b, "by         %s %s\n", who.Policy, who.Revision)
	}
	fmt.Fprintf(&b, "offers     %d made, the least probable with probability %.4g\n", d.Offers, d.Least)
	fmt.Fprintf(&b, "saw        %s\n", strings.Join(d.Features, ", "))
	if len(d.Products) > 0 {
		fmt.Fprintf(&b, "products   %s\n", strings.Join(d.Products, ", "))
	}
	if o := &d.Outcomes; o.Outcomes > 0 {
		fmt.Fprintf(&b, "outcomes   %d, of %d decisions\n", o.Outcomes, o.Told)
	}
	if d.Reward != nil {
		fmt.Fprintf(&b, "reward     %.5g a decision, where it is known\n", *d.Reward)
	}
	for _, w := range d.Warnings {
		fmt.Fprintf(&b, "note: %s\n", w)
	}
	if d.Choices != "" {
		fmt.Fprintf(&b, "choices in %s\n", d.Choices)
	}
	if d.Visits != "" {
		fmt.Fprintf(&b, "visits in %s\n", d.Visits)
	}
	return b.String()
}

// dates are the days of two times where they look like a service's, seconds since 1970 in the years 2001 to 2100.
func dates(from, to float64) string {
	const first, last = 1e9, 4.1e9
	if from < first || to > last {
		return ""
	}
	day := func(at float64) string { return time.Unix(int64(at), 0).UTC().Format(time.DateOnly) }
	return fmt.Sprintf(" (%s to %s, if they are seconds since 1970)", day(from), day(to))
}

// decidedFile is the choices of the decision log in a folder, as a file.
func (a *app) decidedFile(folder string, o decisionlog.Options) (estimators.File, error) {
	log, _, err := readDecisions("--data", folder, o)
	if err != nil {
		return estimators.File{}, err
	}
	if says := log.OnlySales(); says != "" {
		a.notice(folder + ": " + says + ": " + decisionlog.UntoldSales)
	}
	text, err := logs.DecidedChoices(log)
	return estimators.File{Name: folder, ReaderAt: bytes.NewReader(text), Size: int64(len(text))}, err
}
