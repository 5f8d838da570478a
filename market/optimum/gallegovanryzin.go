package optimum

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// ExponentialSale is the sale of a stock by a deadline at prices that may change at any time, customers coming at random and willing to pay exponential amounts: demand at
// rate a·e^{−p/s}, for which Gallego & van Ryzin (1994, §2.3) solved the continuous problem. With a unit cost c (and salvage v, whose sum with it is what a sale costs),
// prices are net of it, and a is a·e^{−(c+v)/s}.
type ExponentialSale struct {
	Mean  float64 // m = aT/e: units that would be sold at the best price without limits, in expectation
	Stock int     // n
	Scale float64 // s, $
	Base  float64 // cost and salvage of a unit, $
	Sure  float64 // salvage of the whole stock, $
}

// NewExponentialSale reads the sale off a problem. The error is a *field.Error where the problem is another one.
func NewExponentialSale(cfg *monopoly.Config) (*ExponentialSale, error) {
	demand, ok := cfg.Demand.Options.(*monopoly.Exponential)
	if !ok {
		return nil, field.New("problem", "demand of kind "+cfg.Demand.Kind, "exponential demand, for which there is a closed form")
	}
	if err := plainSale(cfg); err != nil {
		return nil, err
	}
	base := cfg.Cost + cfg.Salvage
	return &ExponentialSale{Mean: cfg.Customers * cfg.Time() * demand.Intercept * portable.Exp(-base/demand.Scale-1), Stock: cfg.Stock, Scale: demand.Scale, Base: base,
		Sure: cfg.Salvage * float64(cfg.Stock)}, nil
}

// plainSale refuses what prices that may change at any time are not solved with here.
func plainSale(cfg *monopoly.Config) error {
	var why string
	switch {
	case cfg.Sales != "poisson":
		why = cfg.Sales + " sales"
	case cfg.Stock == 0:
		why = "no stock"
	case cfg.Criterion != "episodic" || cfg.Discount != 1:
		why = fmt.Sprintf("criterion %s, discount %g", cfg.Criterion, cfg.Discount)
	case len(cfg.Season) > 0 || cfg.Reference != nil || cfg.Rival != nil || cfg.Markdown || cfg.Holding != 0 || cfg.PriceChange != 0:
		why = "season, reference price, rival, markdown, holding or price changes"
	default:
		return nil
	}
	return field.New("problem", why, "Poisson sales of a stock by a deadline and nothing else")
}

// Value is J* = ln Σ_{i≤n} m^i/i!, in units of Scale, at best prices (ibid., eq. 9).
func (e *ExponentialSale) Value() float64 { return e.Sure + float64(e.Scale*e.log(e.Stock, e.Mean)) }

// log is ln Σ_{i≤n} m^i/i!, scaled so that nothing overflows.
func (e *ExponentialSale) log(n int, m float64) float64 {
	if m == 0 {
		return 0
	}
	term, most := 0.0, 0.0 // logs of the terms
	for i := 1; i <= n; i++ {
		if term += portable.Log(m / float64(i)); term > most {
			most = term
		}
	}
	sum := portable.Exp(-most)
	term = 0
	for i := 1; i <= n; i++ {
		term += portable.Log(m / float64(i))
		sum += portable.Exp(term - most)
	}
	return most + portable.Log(sum)
}

// Price is the best one with n units and a share of the time left: 1 + J_n − J_{n−1}.
func (e *ExponentialSale) Price(n int, share float64) float64 {
	return e.Base + float64(e.Scale*(1+e.log(n, e.Mean*share)-e.log(n-1, e.Mean*share)))
}

// Bound is what the fluid earns, whose sales are their expectation, no less than any policy (ibid., theorem 2): all of the stock at ln(m·e/n) where it is scarce (n < m), else
// m units at 1.
func (e *ExponentialSale) Bound() float64 {
	n := float64(e.Stock)
	if n >= e.Mean {
		return e.Sure + float64(e.Scale*e.Mean)
	}
	return e.Sure + float64(e.Scale*float64(n*(1+portable.Log(e.Mean/n))))
}

// Fixed is the best fixed price and its value: max_p p·E[min(N, n)], N ~ Poisson(m·e^{1−p}), which has one maximum; by golden section.
func (e *ExponentialSale) Fixed() (price, value float64) {
	worth := func(p float64) float64 { return p * shortfall(e.Mean*portable.Exp(1-p), e.Stock) }
	p, most := golden(worth, 0, 2+max(0, portable.Log(e.Mean+1)))
	return e.Base + float64(e.Scale*p), e.Sure + float64(e.Scale*most)
}

// shortfall is E[min(N, n)] of N ~ Poisson(mean) = Σ_{k<n} P(N > k).
func shortfall(mean float64, n int) float64 {
	logTerm, upTo, sum := -mean, 0.0, 0.0
	for k := range n {
		if k > 0 {
			logTerm += portable.Log(mean / float64(k))
		}
		upTo += portable.Exp(logTerm)
		sum += max(0, 1-upTo)
	}
	if math.IsNaN(sum) {
		return 0
	}
	return sum
}
