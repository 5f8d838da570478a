package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/scenarios/workflow"
)

func (a *app) estimate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "estimate", Short: "Fit one model on a data file", Args: named, RunE: a.overview,
		Example: "  souk estimate arima --data sales.csv --y units --order 0,1,1",
	}
	cmd.AddCommand(a.estimateARIMA())
	return cmd
}

func (a *app) estimateARIMA() *cobra.Command {
	var s seriesFlags
	var order, seasonal string
	var noMean, drift, full bool
	cmd := &cobra.Command{
		Use: "arima", Short: "Fit an ARIMA to a series by exact maximum likelihood, and forecast with it", Args: takes(),
		Long: "Fit an ARIMA, with regressors and missing values, by exact maximum likelihood; print estimates, diagnostics and forecasts.\n" +
			"Without --order, the order is chosen by unit-root tests and AICc, and what was tried is printed. Under --json the likelihood,\n" +
			"the criteria and \"forecast\" are on the transformed scale. A drift is fitted on request only, where an order is given.",
		Example: "  souk estimate arima --data sales.csv --y units --time month --transform log --order 0,1,1 --seasonal 0,1,1 --period 12\n" +
			"  souk estimate arima --data panel.parquet --y units --time week --id store,sku --series 54,1 --xreg price,deal --horizon 8",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.check(cmd); err != nil {
				return err
			}
			r := workflow.ARIMARequest{Period: s.period, NoMean: noMean, Drift: drift, Full: full, Workers: a.processors()}
			r.Transform, _ = s.scale() // checked
			if err := orders(&r, order, seasonal); err != nil {
				return err
			}
			subject, err := a.one(cmd.Context(), &s)
			if err != nil {
				return err
			}
			r.Horizon, r.Future = subject.Horizon, subject.Future
			e, err := workflow.EstimateARIMA(subject.Series, r)
			if err != nil {
				return a.inFile(&s, err)
			}
			e.Warnings = append(e.Warnings, subject.Warnings...)
			if s.plot != "" {
				if err := draw(s.plot, "", e.Picture(subject, s.time, s.name())); err != nil {
					return err
				}
				if err := draw(s.plot, "residuals", e.ResidualPicture(subject, s.name())); err != nil {
					return err
				}
			}
			if a.json {
				return a.document("estimate", struct {
					*workflow.Estimate
					Findings []logs.Finding `json:"findings,omitempty"`
				}{e, subject.Findings})
			}
			return e.Text(a.stdout, s.name(), subject.Label)
		},
	}
	s.add(cmd)
	f := cmd.Flags()
	f.StringVar(&order, "order", "auto", "p,d,q as in 0,1,1; auto: chosen, the seasonal one too")
	f.StringVar(&seasonal, "seasonal", "", "P,D,Q of the season, as in 0,1,1; needs --period")
	f.BoolVar(&noMean, "no-mean", false, "leave the mean out, and with --order auto the drift too")
	f.BoolVar(&full, "full", false, "with --order auto, try every model instead of going from neighbour to neighbour")
	a.workersFlag(cmd)
	f.BoolVar(&drift, "drift", false, "a linear trend, where d + D = 1")
	return cmd
}

// orders reads --order and --seasonal.
func orders(r *workflow.ARIMARequest, order, seasonal string) error {
	if order == "auto" {
		switch {
		case seasonal != "":
			return badUsage("--seasonal", fmt.Sprintf("%q without --order", seasonal), "an order p,d,q with --order; the automatic choice needs --period alone")
		case r.Drift:
			return badUsage("--drift", "no --order", "an order p,d,q with --order; the automatic choice tries the drift too")
		}
		return nil
	}
	o, err := triple("--order", order)
	if err != nil {
		return err
	}
	r.Order = &o
	if r.Full {
		return badUsage("--full", "an order with --order", "the automatic choice, without --order")
	}
	if seasonal == "" {
		return nil
	}
	if r.Seasonal, err = triple("--seasonal", seasonal); err != nil {
		return err
	}
	if r.Period < 2 && r.Seasonal != [3]int{} {
		return badUsage("--period", fmt.Sprintf("%d with --seasonal", r.Period), "the periods of a season, 2 or more")
	}
	return nil
}

func triple(flag, text string) (o [3]int, err error) {
	parts := strings.Split(text, ",")
	for i := range o {
		if len(parts) == 3 {
			o[i], err = strconv.Atoi(strings.TrimSpace(parts[i]))
		}
		if err != nil || len(parts) != 3 || o[i] < 0 {
			expected := "three whole numbers, as in 0,1,1"
			if flag == "--order" {
				expected += ", or auto"
			}
			return o, badUsage(flag, strconv.Quote(text), expected)
		}
	}
	return o, nil
}
