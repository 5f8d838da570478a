package agents

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/portable"
)

// Curve is the demand curve that a learner fits: of Customers who come in a period each buys h(a + b·p) units in expectation at a price p,
//
//   - linear: h(x) = max(0, x), fitted by least squares
//   - exponential: h(x) = e^x, by the likelihood of Poisson sales
//   - logistic: h(x) = 1/(1 + e^−x), by the likelihood of binomial sales
//
// which are the quasi-likelihoods of den Boer & Zwart (2014, eq. 3) for variances that are constant, h, and h·(1−h): in each the score is
// Σ (units − h)·(1, p)ᵀ. With ThroughDemand the curve is known to pass through one point, and b alone is fitted.
type Curve struct {
	Kind          string  `toml:"kind" json:"kind" doc:"linear, exponential or logistic"`
	Customers     float64 `toml:"customers" json:"customers" doc:"who come in a period"`
	ThroughPrice  float64 `toml:"through_price" json:"through_price" doc:"price at which demand is known, $, so that one parameter is left to learn"`
	ThroughDemand float64 `toml:"through_demand" json:"through_demand" doc:"units that a customer is known to buy at that price; 0: nothing is known"`
}

func (c *Curve) validate() error {
	most := math.Inf(1)
	if c.Kind == "logistic" {
		most = 1
	}
	switch {
	case c.Kind != "linear" && c.Kind != "exponential" && c.Kind != "logistic":
		return field.New("curve.kind", c.Kind, "linear, exponential or logistic")
	case !(c.Customers > 0 && c.Customers <= 1e9):
		return field.New("curve.customers", c.Customers, "more than 0")
	case math.IsNaN(c.ThroughPrice) || math.IsInf(c.ThroughPrice, 0):
		return field.New("curve.through_price", c.ThroughPrice, "a finite number")
	case !(c.ThroughDemand >= 0 && c.ThroughDemand < most):
		return field.New("curve.through_demand", c.ThroughDemand, "at least 0, of logistic below 1")
	}
	return nil
}

// h is the curve at x = a + b·p, and its slope there.
func (f *curveFit) h(x float64) (units, slope float64) {
	switch f.kind {
	case exponentialCurve:
		units = portable.Exp(min(x, 300))
		return units, units
	case logisticCurve:
		units = 1 / (1 + portable.Exp(-x))
		return units, units * (1 - units)
	}
	return max(0, x), 1
}

// The kinds, because comparing their names takes longer than a line.
const (
	linearCurve = iota
	exponentialCurve
	logisticCurve
)

// inverse is x where h(x) is some units.
func (c *Curve) inverse(units float64) float64 {
	switch c.Kind {
	case "exponential":
		return portable.Log(units)
	case "logistic":
		return portable.Log(units / (1 - units))
	}
	return units
}

// curveFit fits a Curve to the units sold at each offer. Prices go in centred and scaled by the ladder, which changes no estimate.
type curveFit struct {
	kind         int
	customers    float64
	x            []float64  // [action], (price − centre)/half
	centre, half float64    //
	one          bool       // b alone is free
	fixed        float64    // of one: a + b·x at the known point is this
	pivot        float64    // of one: the known point's x
	prior        [2]float64 // precisions of normal priors at prior means of 0, of a and b; 0 for none
	a, b         float64    // the estimate, or where the last search ended
	aa, ab, bb   float64    // information there: minus the second derivatives of the log-likelihood and prior
	known        bool       // it is an estimate
	plays, units []float64  // [action], the data; units are those of all customers
	n, sx, sxx   float64    // of linear: Σ over periods of 1, x, x²
	sy, sxy      float64    // and of units a customer y, x·y
}

func newCurveFit(c *Curve, spec *env.Spec) (*curveFit, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	low, high := policies.Ladder(spec)
	if !(high > low) {
		return nil, field.New("offers", fmt.Sprintf("%d at one price", len(spec.Offers)), "at least two prices, to learn a demand curve from")
	}
	kind := slices.Index([]string{"linear", "exponential", "logistic"}, c.Kind)
	f := &curveFit{kind: kind, customers: c.Customers, centre: (low + high) / 2, half: (high - low) / 2, one: c.ThroughDemand > 0}
	for _, o := range spec.Offers {
		f.x = append(f.x, (o.Price-f.centre)/f.half)
	}
	f.plays, f.units = make([]float64, len(f.x)), make([]float64, len(f.x))
	if f.one {
		f.fixed, f.pivot = c.inverse(c.ThroughDemand), (c.ThroughPrice-f.centre)/f.half
		f.a = f.fixed
	}
	return f, nil
}

// add takes in a period's units.
func (f *curveFit) add(action int, units float64) {
	f.plays[action]++
	f.units[action] += units
	x, y := f.x[action], units/f.customers
	f.n++
	f.sx += x
	f.sxx += float64(x * x)
	f.sy += y
	f.sxy += float64(x * y)
}

// demand is the estimated units of a period at an offer.
func (f *curveFit) demand(action int) float64 {
	units, _ := f.h(f.a + float64(f.b*f.x[action]))
	return f.customers * units
}

// fit finds the estimate anew; known tells whether there is one.
func (f *curveFit) fit() {
	if f.kind == linearCurve {
		f.known = f.step(f.linear())
		return
	}
	if !f.known {
		f.a, f.b = f.fixed, 0
	}
	f.known = false
	for range 50 {
		before, slope := f.a, f.b
		if !f.step(f.score()) || math.Abs(f.a)+math.Abs(f.b) > 40 {
			return // the likelihood has no top: all buy or none does, or the prices told nothing apart
		}
		if math.Abs(f.a-before)+math.Abs(f.b-slope) < 1e-10*(1+math.Abs(f.a)+math.Abs(f.b)) {
			f.known = true
			return
		}
	}
}

// linear is the score of least squares, and its information.
func (f *curveFit) linear() (sa, sb float64) {
	f.aa, f.ab, f.bb = f.n, f.sx, f.sxx
	sa = f.sy - float64(f.n*f.a) - float64(f.sx*f.b)
	sb = f.sxy - float64(f.sx*f.a) - float64(f.sxx*f.b)
	return sa, sb
}

// score is that of the likelihood and of the prior.
func (f *curveFit) score() (sa, sb float64) {
	sa, sb = -float64(f.prior[0]*f.a), -float64(f.prior[1]*f.b)
	f.aa, f.ab, f.bb = f.prior[0], 0, f.prior[1]
	for i, n := range f.plays {
		if n == 0 {
			continue
		}
		n *= f.customers
		x := f.x[i]
		h, slope := f.h(f.a + float64(f.b*x))
		rest, weight := f.units[i]-float64(n*h), float64(n*slope)
		sa += rest
		sb += float64(rest * x)
		f.aa += weight
		f.ab += float64(weight * x)
		f.bb += float64(float64(weight*x) * x)
	}
	return sa, sb
}

// step is one of Newton's, no longer than 4 in each coordinate; false where the information is singular.
func (f *curveFit) step(sa, sb float64) bool {
	if f.one { // a = fixed − b·pivot
		w := f.bb - float64(2*f.pivot*f.ab) + float64(f.pivot*f.pivot*f.aa)
		if !(w > 1e-12) {
			return false
		}
		f.b += f.short((sb - float64(f.pivot*sa)) / w)
		f.a = f.fixed - float64(f.b*f.pivot)
		return true
	}
	det := float64(f.aa*f.bb) - float64(f.ab*f.ab)
	if !(det > 1e-12*f.aa*f.bb) {
		return false
	}
	f.a += f.short((float64(f.bb*sa) - float64(f.ab*sb)) / det)
	f.b += f.short((float64(f.aa*sb) - float64(f.ab*sa)) / det)
	return true
}

func (f *curveFit) short(by float64) float64 {
	if f.kind == linearCurve {
		return by
	}
	return max(-4, min(by, 4))
}

// falls tells whether there is an estimate under which demand falls with the price.
func (f *curveFit) falls() bool { return f.known && f.b < 0 }

// numbers are what a checkpoint holds beside the data.
func (f *curveFit) numbers() []float64 {
	known := 0.0
	if f.known {
		known = 1
	}
	return []float64{known, f.a, f.b, f.aa, f.ab, f.bb, f.n, f.sx, f.sxx, f.sy, f.sxy}
}

// fitted is how many they are.
const fitted = 11

func (f *curveFit) restore(x []float64) {
	f.known, f.a, f.b, f.aa, f.ab, f.bb = x[0] != 0, x[1], x[2], x[3], x[4], x[5]
	f.n, f.sx, f.sxx, f.sy, f.sxy = x[6], x[7], x[8], x[9], x[10]
}
