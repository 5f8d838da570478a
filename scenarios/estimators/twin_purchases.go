package estimators

import (
	"context"

	"github.com/souk-sim/souk/market/logs"
	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/market/twins"
	"github.com/souk-sim/souk/scenarios/field"
)

// Twin implements Twinned.
func (b *BGNBD) Twin(_ context.Context, job Job) (*twins.Report, error) {
	return b.twin(job, func(all []loyalty.Customer) (loyalty.Model, error) { return loyalty.FitBGNBD(all) })
}

// Twin implements Twinned.
func (p *ParetoNBD) Twin(_ context.Context, job Job) (*twins.Report, error) {
	return p.twin(job, func(all []loyalty.Customer) (loyalty.Model, error) { return loyalty.FitParetoNBD(all) })
}

// twin holds a model of when customers come back against those of a log. What they spend is compared where a model of that stands beside it.
func (r *Repeats) twin(job Job, fit func([]loyalty.Customer) (loyalty.Model, error)) (*twins.Report, error) {
	spend := spending(job.Beside)
	roles := []string{"holdout"}
	if spend != nil {
		roles = []string{"amount", "quantity", "unit_price"}
	}
	o := r.options(roles, [2]string{"customer", r.Customer}, [2]string{"time", r.Time}, [2]string{"amount", r.Amount})
	summary := r.Layout == "summary"
	if r.Layout == "auto" {
		var err error
		if summary, err = logs.HasCustomerSummaries(job.Data.Name, job.Data, job.Data.Size, o); err != nil {
			return nil, err
		}
	}
	if summary {
		return nil, field.New("layout", "a summary of customers", "a log of purchases, which the twins' are held against")
	}
	log, _, w, _, err := r.window(job, o)
	if err != nil {
		return nil, err
	}
	w.End = w.HoldoutEnd // of the whole log
	report, err := twins.Customers(log, twins.CustomerOptions{End: w.End, Unit: w.Unit}, func(train []loyalty.Purchase) (loyalty.Model, loyalty.Spending, error) {
		customers, err := loyalty.Summarise(train, w)
		if err != nil {
			return nil, nil, err
		}
		m, err := fit(customers)
		if err != nil || spend == nil {
			return m, nil, err
		}
		worth, err := spend(train, customers)
		return m, worth, err
	}, twinOptions(job))
	return report, inFile(job.Data, err)
}

// spending finds how the model of spend among those beside is fitted; nil where there is none.
func spending(beside []Estimator) func([]loyalty.Purchase, []loyalty.Customer) (loyalty.Spending, error) {
	for _, e := range beside {
		switch e.(type) {
		case *SpendCopula:
			return func(log []loyalty.Purchase, _ []loyalty.Customer) (loyalty.Spending, error) {
				return loyalty.FitSpendCopula(log)
			}
		case *GammaGamma:
			return func(_ []loyalty.Purchase, all []loyalty.Customer) (loyalty.Spending, error) {
				return loyalty.FitGammaGamma(all)
			}
		}
	}
	return nil
}
