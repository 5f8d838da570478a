package rules

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/portable"
)

// EMSRb sells a fixed number of seats in nested fare classes by expected marginal seat revenue, version b (Belobaba 1989, Operations
// Research 37, and 1992; Talluri & van Ryzin 2004, §2.2.4). Demand of class j to come is normal with mean μ_j and
// standard deviation σ_j, independent of the others'. The classes 1 … j, from the dearest, are protected from those below them with
//
//	y_j = S_j + z·(Σ_{k≤j} σ_k²)^½,  S_j = Σ_{k≤j} μ_k,  Φ(z) = 1 − p_{j+1}/p̄_j,  p̄_j = Σ_{k≤j} p_k·μ_k / S_j
//
// seats, by Littlewood's rule for the aggregate of them; with two classes it is Littlewood's rule. The booking limit of class j+1 is
// reached when no more than y_j seats are left; the rule asks the fare of the lowest class whose limit is not reached, nor that of
// any class above it (the formula's y_j need not rise with j), and the dearest when nothing is left. Forecasts are over Periods periods;
// the share of them that is left is to come, with that share of the mean and of the variance. While the time left is missing all of it is
// to come; while the stock is missing seats are not scarce, and the lowest class is open.
type EMSRb struct {
	Classes []FareClass `toml:"classes" required:"true" doc:"fare classes, from the dearest to the cheapest"`
	Periods float64     `toml:"periods" required:"true" range:"(0,1000000]" doc:"selling periods in which the demand comes"`
	Stock   string      `toml:"stock" default:"'stock'" doc:"feature that tells the seats left"`
	Left    string      `toml:"left" default:"'periods_left'" doc:"feature that tells the periods to come, the one that begins included"`
}

// FareClass is a fare and the forecast of those who pay it but no more.
type FareClass struct {
	Fare float64 `toml:"fare" required:"true" range:"(0,1000000]" doc:"price of a seat"`
	Mean float64 `toml:"mean" required:"true" range:"(0,1000000000]" doc:"expected demand over all periods"`
	SD   float64 `toml:"sd" required:"true" range:"[0,1000000000]" doc:"its standard deviation"`
}

// Policy implements Rule.
func (r *EMSRb) Policy(spec *env.Spec) (policies.Policy, error) {
	if len(r.Classes) == 0 {
		return nil, field.New("classes", "none", "at least one")
	}
	if !(r.Periods > 0 && r.Periods <= 1e300) {
		return nil, field.New("periods", r.Periods, "a number above 0")
	}
	for i, c := range r.Classes {
		key := fmt.Sprintf("classes.%d.", i)
		dearest := 1e300
		if i > 0 {
			dearest = r.Classes[i-1].Fare - slack
		}
		if err := first(between(key+"fare", c.Fare, slack, dearest, "a price above 0, below that of the class before it"),
			between(key+"mean", c.Mean, 1e-300, 1e100, "a number above 0"), between(key+"sd", c.SD, 0, 1e100, "a number of at least 0")); err != nil {
			return nil, err
		}
	}
	seats, err := feature(spec, "stock", r.Stock, stockLeft)
	if err != nil {
		return nil, err
	}
	time, err := feature(spec, "left", r.Left, periodsLeft)
	if err != nil {
		return nil, err
	}
	l, err := newLadder(spec, fmt.Sprintf("emsr-b of %d classes", len(r.Classes)))
	return &emsrb{l, seats, time, r.Periods, protect(r.Classes)}, err
}

// protected is a class and what is kept from it: mean + spread seats at the start of sales.
type protected struct{ fare, mean, spread float64 }

func protect(classes []FareClass) []protected {
	all := make([]protected, len(classes))
	mean, variance, revenue := 0.0, 0.0, 0.0
	for i, c := range classes {
		all[i].fare = c.Fare
		if i > 0 {
			z := -portable.NormalQuantile(c.Fare * mean / revenue)
			all[i].mean, all[i].spread = mean, z*math.Sqrt(variance)
		}
		mean += c.Mean
		variance += float64(c.SD * c.SD)
		revenue += float64(c.Fare * c.Mean)
	}
	return all
}

type emsrb struct {
	ladder
	seats, time int
	periods     float64
	classes     []protected
}

func (p *emsrb) Decide(observation []float64, _ float64) policies.Decision {
	seats, share := observation[p.seats], 1.0
	if seats != seats {
		seats = math.Inf(1)
	}
	if left := observation[p.time]; left == left {
		share = max(0, left/p.periods)
	}
	class := 0
	for class+1 < len(p.classes) {
		c := &p.classes[class+1]
		if !(seats > max(0, float64(share*c.mean)+float64(math.Sqrt(share)*c.spread))) {
			break
		}
		class++
	}
	return p.want(observation, p.classes[class].fare, "")
}
