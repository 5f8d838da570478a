package stock

import (
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// forecast orders up to the demand expected over the cover and the lead time, T days together, and a safety stock:
//
//	S = λT + z·√(σ²T + λ²·Var[lead time]),
//
// at least 1 unit, λ and σ² the mean and the variance of a day's demand (Silver, Pyke & Thomas 2017, Inventory and Production
// Management in Supply Chains). Both are smoothed exponentially from review to review: with the error e of λ over Δ days,
// λ ← λ + αe and σ² ← σ² + α(Δe² - σ²). At first σ² is λ, that of a Poisson process, unless Expect says otherwise.
type forecast struct {
	cover, spread float64 // T; the variance of the lead time
	safety        float64
	smoothing     float64

	mean, variance           float64 // of a day's demand
	firstMean, firstVariance float64 // the same, of Reset
}

func newForecast(c *Config) (policy, error) {
	if c.ReviewDays == 0 {
		return nil, field.New("review_days", c.ReviewDays, "more than 0: the forecast goes from review to review")
	}
	cover := c.CoverDays
	if cover == 0 {
		cover = c.ReviewDays
	}
	p := &forecast{cover: cover + c.LeadTime.MeanDays, spread: c.LeadTime.variance(), safety: c.Safety, smoothing: c.Smoothing}
	p.expect(c.UnitsPerDay, c.UnitsPerDay)
	return p, nil
}

// expect sets the forecast, that after the next reset too.
func (p *forecast) expect(mean, variance float64) {
	p.firstMean, p.firstVariance = mean, variance
	p.reset()
}

func (p *forecast) reset() { p.mean, p.variance = p.firstMean, p.firstVariance }

// observe learns the demand of the days since the last review.
func (p *forecast) observe(units int64, days float64) {
	miss := float64(units)/days - p.mean
	p.mean += float64(p.smoothing * miss)
	p.variance += float64(p.smoothing * (float64(days*miss*miss) - p.variance))
}

func (p *forecast) order(position int64) int64 { return p.level() - position }

func (p *forecast) level() int64 {
	const most, rounding = 1e12, 1e-9
	deviation := math.Sqrt(float64(p.variance*p.cover) + float64(p.mean*p.mean*p.spread))
	units := float64(p.mean*p.cover) + float64(p.safety*deviation)
	if !(units > 1) { // not a number neither
		return 1
	}
	return int64(min(math.Ceil(units-rounding), most))
}
