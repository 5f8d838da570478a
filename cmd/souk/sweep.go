package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/workflow"
)

func (a *app) sweep() *cobra.Command {
	var resume bool
	cmd := &cobra.Command{
		Use: "sweep SCENARIO", Short: "Try keys of a scenario at several values, and tell what mattered", Args: takes("SCENARIO"),
		Long: "Try what the scenario's [sweep] lists: keys of the scenario at several values, every combination, drawn ones, or by successive halving. Each\n" +
			"configuration is trained with as many seeds as the scenario has and scored on paths that neither training nor souk train's comparison\n" +
			"meets; where nothing is trained in a market, by a measure. Leaves a run directory NAME-sweep with a table and a picture.",
		Example: "  souk sweep ./my.toml\n  souk sweep ./my.toml --resume\n" +
			"  souk sweep smoke --set 'sweep={ over = [{ key = \"agents.q-learning.learning_rate.power\", values = [0.5, 0.6, 0.8] }] }'",
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := scenarios.Load(args[0], a.overrides()...)
			if err == nil && !workflow.Studied(s) {
				s, err = a.market(args[0], "sweep")
			}
			if err != nil {
				return err
			}
			began := time.Now()
			a.saves = true
			run := &workflow.Run{Scenario: s, Store: a.store(), Workers: a.workers, Build: build(),
				Options: rundir.Options{Resume: resume, Tell: a.notice, Holder: fmt.Sprintf("souk sweep, process %d", os.Getpid())},
				Clock:   func() time.Duration { return time.Since(began) }}
			watch, closed := a.watch()
			defer closed()
			run.Watch = watch
			swept, err := run.Sweep(cmd.Context())
			if err != nil {
				return err
			}
			if a.json {
				return a.document("sweep", swept)
			}
			if err := swept.Text(a.stdout); err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "\nfiles    %s\n", swept.Dir)
			return err
		},
	}
	a.scenarioFlags(cmd)
	a.workersFlag(cmd)
	a.outFlag(cmd)
	cmd.Flags().BoolVar(&resume, "resume", false, "go on with the sweep that was interrupted")
	return cmd
}
