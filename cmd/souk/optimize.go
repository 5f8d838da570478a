package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/workflow"
)

func (a *app) optimize() *cobra.Command {
	cmd := &cobra.Command{
		Use: "optimize SCENARIO", Short: "Prices and promotions of a whole season at once, by linear and dynamic programme", Args: takes("SCENARIO"),
		Long: "Plan the learning seller's calendar: an offer for each period of an episode, from what shoppers are expected to do, with the effects that products\n" +
			"have on each other and prices on what is remembered. [optimize] has the limits: promotions, how far they are apart, a budget, stocks. What is\n" +
			"printed: the calendar, the shadow prices of the limits, the linear programme's bound, and how the calendar fares in the simulated market. The\n" +
			"run has it as calendar.csv and as the bundle policy/, which bench, simulate and serve take. docs/optimisation.md tells what is left out.\n\n" +
			"A calendar takes a market in which shoppers stand at a shelf, not in a journey, and whose seller reviews by the clock. Bundled ones that have it are\n" +
			strings.Replace(workflow.Calendars, " oligopoly", "\noligopoly", 1) + ".\n" +
			"--set 'visit={kind=\"shelf\"}' has a market of journeys planned as one of shelves.",
		Example: "  souk optimize canned-tuna\n  souk optimize canned-tuna --set optimize.promotions=8 --set optimize.apart=2\n" +
			"  souk optimize seasonal-retail\n  souk bench seasonal-retail --policy results/runs/seasonal-retail-optimize/RUN/policy",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := scenarios.Load(args[0], a.overrides()...)
			if err != nil {
				return err
			}
			for _, text := range workflow.Unused(s) {
				a.notice(text)
			}
			began := time.Now()
			watch, closed := a.watch()
			defer closed()
			run := &workflow.Run{Scenario: s, Store: a.store(), Workers: a.workers, Build: build(), Watch: watch, Clock: func() time.Duration { return time.Since(began) },
				Options: rundir.Options{Whole: true, Holder: fmt.Sprintf("souk optimize, process %d", os.Getpid())}}
			found, err := run.Optimize(cmd.Context())
			if err != nil {
				return err
			}
			closed()
			if a.json {
				return a.document("optimize", found)
			}
			if err := found.Text(a.stdout); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "\nfiles    %s\n", found.Dir)
			return err
		},
	}
	a.scenarioFlags(cmd)
	a.workersFlag(cmd)
	a.outFlag(cmd)
	return cmd
}
