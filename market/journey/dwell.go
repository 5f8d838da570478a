package journey

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Names of the laws of dwell.
const (
	LogNormal = "log-normal" // mu, sigma: of the logarithm of seconds
	Weibull   = "weibull"    // shape, scale (seconds); Liu, White & Dumais (2010, SIGIR, 379)
)

var dwellLaws = []law{
	{LogNormal, []bound{{"mu", -100, 100}, {"sigma", 0, 100}}},
	{Weibull, []bound{{"shape", 0, 1e5}, {"scale", 0, 1e40}}},
}

// Dwell is how long a page is looked at before the next click, in seconds.
type Dwell struct {
	Law        string      `json:"law"`
	Parameters []Parameter `json:"parameters"`
	// Limit is the gap that would have begun a new session: the law is cut there. 0 where there is none.
	Limit     float64    `json:"limit_seconds,omitempty"`
	Estimates *Estimates `json:"estimates,omitempty"` // nil where the parameters were given by hand

	standard
	location, scale, within float64
}

// DwellOptions say what the log does to dwell times.
type DwellOptions struct {
	Limit float64 // the gap rule of the sessions, seconds: no longer time can be seen. 0 means that all can
	// Resolution is that of the clock, seconds: a time t is known to lie within half of it on either side. 0 means that times are
	// exact, and then none may be 0.
	Resolution float64
}

// Check says what is wrong with a law given by hand or read from a file, and readies a right one for use.
func (d *Dwell) Check() error {
	l, err := findLaw(dwellLaws, d.Law)
	if err != nil {
		return err
	}
	if err := l.check(d.Parameters); err != nil {
		return err
	}
	if !(d.Limit >= 0) || math.IsInf(d.Limit, 1) {
		return field.New("limit_seconds", d.Limit, "a positive number of seconds, or 0 for none")
	}
	first, second := d.Parameters[0].Estimate, d.Parameters[1].Estimate
	d.standard, d.location, d.scale, d.within = normal, first, second, 1
	if d.Law == Weibull {
		d.standard, d.location, d.scale = gumbel, portable.Log(second), 1/first
	}
	if d.Limit > 0 {
		d.within = d.share((portable.Log(d.Limit) - d.location) / d.scale)
		if d.within == 0 {
			return field.New("limit_seconds", d.Limit, "a time that the law does not rule out")
		}
	}
	return nil
}

// FitDwell estimates a law of the times from each click to the next, such as Session.Dwell has them.
func FitDwell(law string, seconds []float64, o DwellOptions) (*Dwell, error) {
	l, err := findLaw(dwellLaws, law)
	if err != nil {
		return nil, err
	}
	likelihood, err := newDwellLikelihood(law, seconds, o)
	if err != nil {
		return nil, err
	}
	p := likelihood.fit()
	values := []float64{p.theta[0], math.Exp(p.theta[1])}
	se := p.se
	if se != nil {
		se = []float64{se[0], se[1] * values[1]}
	}
	if law == Weibull { // d ln shape = -d ln scale of the logarithm; d ln scale = d location
		values = []float64{1 / values[1], math.Exp(values[0])}
		if se != nil {
			se = []float64{p.se[1] * values[0], p.se[0] * values[1]}
		}
	}
	d := &Dwell{Law: law, Parameters: l.with(values, se), Limit: o.Limit, Estimates: p.estimates(len(seconds), l.parameters)}
	if len(seconds) < 30 {
		d.Estimates.warn("%d times: the law is hardly told", len(seconds))
	}
	return d, d.Check()
}

func newDwellLikelihood(law string, seconds []float64, o DwellOptions) (logScale, error) {
	l := logScale{standard: normal, high: math.Inf(1)}
	if law == Weibull {
		l.standard = gumbel
	}
	switch {
	case !(o.Limit >= 0) || math.IsInf(o.Limit, 1):
		return l, field.New("limit", o.Limit, "a positive number of seconds, or 0 for none")
	case !(o.Resolution >= 0) || math.IsInf(o.Resolution, 1):
		return l, field.New("resolution", o.Resolution, "a positive number of seconds, or 0 for exact times")
	case len(seconds) < 2:
		return l, field.New("seconds", fmt.Sprintf("%d times", len(seconds)), "at least two")
	}
	if o.Limit > 0 {
		l.high = o.Limit + o.Resolution/2
	}
	distinct := false
	for i, t := range seconds {
		key := fmt.Sprintf("seconds[%d]", i)
		switch {
		case !(t >= 0) || math.IsInf(t, 1):
			return l, field.New(key, t, "a finite time, 0 or more: sort the clicks of a visit by time")
		case t == 0 && o.Resolution == 0:
			return l, field.New(key, t, "a time above 0, or the clock's resolution")
		case o.Limit > 0 && t > o.Limit:
			return l, field.New(key, t, fmt.Sprintf("no more than the limit of %v", o.Limit))
		}
		l.spans = append(l.spans, span{max(0, t-o.Resolution/2), t + o.Resolution/2, 1})
		distinct = distinct || t != seconds[0]
	}
	if !distinct {
		return l, field.New("seconds", fmt.Sprintf("%v every time", seconds[0]), "times that differ")
	}
	return l, nil
}

// Draw is the time in seconds that a uniform u of (0, 1) gives, below the limit. It does not allocate.
func (d *Dwell) Draw(u float64) float64 {
	t := portable.Exp(d.location + float64(d.scale*d.quantile(u*d.within)))
	if d.Limit > 0 {
		return min(t, d.Limit)
	}
	return t
}

// Below is the probability of a shorter time than t seconds.
func (d *Dwell) Below(t float64) float64 {
	if t <= 0 {
		return 0
	}
	return min(1, d.below((math.Log(t)-d.location)/d.scale)/d.within)
}

// LogDensity is that of a time of t seconds, per second, below the limit.
func (d *Dwell) LogDensity(t float64) float64 {
	if !(t > 0) || d.Limit > 0 && t > d.Limit {
		return math.Inf(-1)
	}
	y := math.Log(t)
	return d.logDensity((y-d.location)/d.scale) - math.Log(d.scale) - y - math.Log(d.within)
}

// CompareDwell fits every law, the one of least BIC first.
func CompareDwell(seconds []float64, o DwellOptions) ([]*Dwell, error) {
	var fits []*Dwell
	for _, l := range dwellLaws {
		d, err := FitDwell(l.name, seconds, o)
		if err != nil {
			return nil, err
		}
		fits = append(fits, d)
	}
	if fits[1].Estimates.BIC < fits[0].Estimates.BIC {
		fits[0], fits[1] = fits[1], fits[0]
	}
	return fits, nil
}
