package estimators

import (
	"context"
	"fmt"
	"math"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/results/stats"
)

// SpendCopula lets purchases be worth what they were in the log (loyalty.SpendCopula).
type SpendCopula struct {
	Purchases
}

type copulaFigures struct {
	Correlation float64 `json:"correlation"`
	Mean        float64 `json:"mean"`
	Median      float64 `json:"median"`
}

// Fit implements Estimator. The end of time is held out.
func (s *SpendCopula) Fit(_ context.Context, job Job) (*Fit, error) {
	o := s.options([]string{"amount", "quantity", "unit_price"}, [2]string{"customer", s.Customer}, [2]string{"time", s.Time}, [2]string{"amount", s.Amount})
	log, _, w, t, err := s.window(job, o)
	if err != nil {
		return nil, err
	}
	var before, after []loyalty.Purchase
	for _, p := range log {
		if p.Day <= w.End {
			before = append(before, p)
		} else {
			after = append(after, p)
		}
	}
	m, err := loyalty.FitSpendCopula(before)
	if err != nil {
		return nil, inFile(job.Data, err)
	}
	own := copulaFigures{m.Correlation, stats.Mean(m.Amounts), stats.Quantile(m.Amounts, 0.5)}
	f := &Fit{Model: "spend by a Gaussian copula", Data: fmt.Sprintf("%d purchases by %d customers", len(before), m.Customers), Columns: t.Report.Columns, N: len(before), Customers: m.Customers,
		LogLik: math.NaN(), Converged: true, Coefficients: []Coefficient{{Name: "correlation", Estimate: m.Correlation}}, Warnings: findings(t.Report, logs.RepeatedRow),
		Words: []string{fmt.Sprintf("a purchase is worth %.2f in the mean and %.2f in the median, each customer counting as one", own.Mean, own.Median)}, Own: own, Saved: savedLoyalty(nil, m)}
	if len(after) > 0 {
		worth := make([]float64, len(after))
		for i, p := range after {
			worth[i] = p.Amount
		}
		f.HeldOut = []Figure{{"purchases", float64(len(after))}, {"mean", stats.Mean(worth)}, {"expected", own.Mean}}
	}
	return f, nil
}
