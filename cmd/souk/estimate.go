package main

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/souk-sim/souk/market/demand"
	"github.com/souk-sim/souk/scenarios/estimators"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/scenarios/workflow"
)

func (a *app) estimate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "estimate", Short: "Fit one model on a data file", Args: named, RunE: a.overview,
		Example: "  souk estimate arima --data docs/examples/air-passengers.csv --y passengers --time month --transform log",
	}
	cmd.AddCommand(a.estimateARIMA())
	for _, kind := range estimators.Kinds() {
		cmd.AddCommand(a.estimateKind(kind))
	}
	return cmd
}

func (a *app) estimateARIMA() *cobra.Command {
	var s seriesFlags
	var order, seasonal string
	var fix []string
	var noMean, drift, full bool
	cmd := &cobra.Command{
		Use: "arima", Short: "Fit an ARIMA to a series by exact maximum likelihood, and forecast with it", Args: takes(),
		Long: "Fit an ARIMA, with regressors and missing values, by exact maximum likelihood; print estimates, diagnostics and forecasts.\n\n" +
			"Without --order, the order is chosen by unit-root tests and AICc, and what was tried is printed; times such as months or weeks\n" +
			"suggest the season. With --order nothing is chosen: a season is there by --seasonal only, a drift by --drift.\n\n" +
			"Under --json the likelihood, the criteria and \"forecast\" are on the transformed scale.",
		Example: "  souk estimate arima --data docs/examples/air-passengers.csv --y passengers --time month --transform log\n" +
			"  souk estimate arima --data docs/examples/air-passengers.csv --y passengers --time month \\\n" +
			"      --transform log --order 0,1,1 --seasonal 0,1,1 --period 12 --horizon 12 --plot air.svg\n" +
			"  souk estimate arima --data docs/examples/lung-deaths.csv --y deaths --time month --id sex --series men \\\n" +
			"      --transform box-cox --order 2,0,2 --fix ar1=0,ma1=0",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.check(cmd); err != nil {
				return err
			}
			r := workflow.ARIMARequest{Period: s.period, NoMean: noMean, Drift: drift, Full: full, Workers: a.processors()}
			if err := orders(&r, order, seasonal); err != nil {
				return err
			}
			if err := fixed(&r, fix); err != nil {
				return err
			}
			subject, err := a.one(cmd.Context(), &s)
			if err != nil {
				return err
			}
			r.Horizon, r.Future = subject.Horizon, subject.Future
			var lambda *float64
			if r.Transform, lambda, err = s.power(subject); err != nil {
				return a.inFile(&s, err)
			}
			if r.Order == nil {
				var note string
				r.Period, note = subject.Season(s.period, len(subject.Series.Values))
				a.remark(note)
			}
			e, err := workflow.EstimateARIMA(cmd.Context(), subject.Series, r)
			if bad, ok := errors.AsType[*field.Error](err); ok && strings.HasPrefix(bad.Key, "fixed ") {
				return badUsage("--fix", strings.TrimPrefix(bad.Key, "fixed ")+", "+bad.Found, bad.Expected)
			}
			if err != nil {
				return a.inFile(&s, err)
			}
			e.Lambda = lambda
			e.Warnings = append(e.Warnings, subject.Warnings...)
			if s.plot != "" {
				if err := a.draw(s.plot, "", e.Picture(subject, s.time, s.name())); err != nil {
					return err
				}
				if err := a.draw(s.plot, "residuals", e.ResidualPicture(subject, s.name())); err != nil {
					return err
				}
			}
			if a.json {
				return a.document("estimate", struct {
					*workflow.Estimate
					prepared
				}{e, prepared{subject.Unconstrained, subject.Findings}})
			}
			return e.Text(a.stdout, s.name(), subject.Label)
		},
	}
	s.add(cmd)
	f := cmd.Flags()
	f.StringVar(&order, "order", "auto", "p,d,q as in 0,1,1; auto: chosen, the seasonal one too")
	f.StringVar(&seasonal, "seasonal", "", "P,D,Q of the season, as in 0,1,1; needs --period")
	f.StringSliceVar(&fix, "fix", nil, "coefficients to hold, by their printed names, as in ar1=0.5,ma2=0; needs --order")
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

// fixed reads --fix.
func fixed(r *workflow.ARIMARequest, fix []string) error {
	for _, f := range fix {
		name, text, ok := strings.Cut(f, "=")
		v, err := strconv.ParseFloat(text, 64)
		_, twice := r.Fixed[name]
		switch {
		case !ok || name == "" || err != nil || math.IsNaN(v) || math.IsInf(v, 0):
			return badUsage("--fix", strconv.Quote(f), "a coefficient and a number, as in ar1=0.5")
		case twice:
			return badUsage("--fix", name+" twice", "each coefficient once")
		case r.Order == nil:
			return badUsage("--fix", f+" without --order", "an order p,d,q with --order, whose coefficients are known")
		case r.Fixed == nil:
			r.Fixed = map[string]float64{}
		}
		r.Fixed[name] = v
	}
	return nil
}

// power is the transform; lambda is its power where that is estimated, by seasons as long as --period says or the times suggest.
func (s *seriesFlags) power(subject *workflow.Subject) (t demand.Transform, lambda *float64, err error) {
	t, estimated, err := s.scale()
	if err != nil || !estimated {
		return t, nil, err
	}
	season, _ := subject.Season(s.period, len(subject.Series.Values))
	power, err := demand.Guerrero(subject.Series.Values, season)
	return demand.BoxCox(power), &power, err
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
