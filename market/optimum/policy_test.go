package optimum

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/env"
)

func seller(prices []float64) *env.Spec {
	spec := &env.Spec{Features: []env.Feature{{Name: "week"}, {Name: "reference_price"}, {Name: "deal:rival"}}}
	for _, p := range prices {
		spec.Offers = append(spec.Offers, env.Offer{Price: p})
	}
	return spec
}

var seen = Seen{Reference: "reference_price", Rivals: []string{"deal:rival"}, Week: "week"}

// With one week left nothing is worth saving for: the price is the one of greatest immediate profit, and a stationary plan,
// which has a future, asks more.
func TestThePlanKnowsWhenTheEndComes(t *testing.T) {
	r, reward := problem(13, 97)
	finite, err := r.FiniteHorizon(52, reward)
	if err != nil {
		t.Fatal(err)
	}
	policy, err := finite.Policy(seller(r.Prices), seen)
	if err != nil {
		t.Fatal(err)
	}
	const reference = 0.80
	byRival := make([]float64, 2)
	best, most := 0, math.Inf(-1)
	for a := range r.Prices {
		if reward(reference, a, byRival); byRival[1] > most {
			best, most = a, byRival[1]
		}
	}
	for _, week := range []float64{51, 60} {
		if d := policy.Decide([]float64{week, reference, 1}, 0); d.Action != best || d.Price != r.Prices[best] || d.Propensity != 1 {
			t.Errorf("week %v: %+v, want action %d", week, d, best)
		}
	}
	if d := policy.Decide([]float64{math.NaN(), math.NaN(), math.NaN()}, 0); d.Action < 0 {
		t.Error("nothing to go by, and no answer")
	}
}

func TestAPlanFitsOnlyItsOwnSeller(t *testing.T) {
	r, reward := problem(13, 49)
	plan, err := r.Average(reward)
	if err != nil {
		t.Fatal(err)
	}
	for name, try := range map[string]func() (policies.Policy, error){
		"another ladder":   func() (policies.Policy, error) { return plan.Policy(seller(ladder(0.5, 1, 13)), seen) },
		"a shorter ladder": func() (policies.Policy, error) { return plan.Policy(seller(r.Prices[1:]), seen) },
		"an unseen reference": func() (policies.Policy, error) {
			return plan.Policy(seller(r.Prices), Seen{Reference: "?", Rivals: seen.Rivals})
		},
		"an unseen rival": func() (policies.Policy, error) {
			return plan.Policy(seller(r.Prices), Seen{Reference: "reference_price", Rivals: []string{"?"}})
		},
		"a rival too few": func() (policies.Policy, error) {
			return plan.Policy(seller(r.Prices), Seen{Reference: "reference_price"})
		},
	} {
		if _, err := try(); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	r, reward := problem(13, 193)
	plan, err := r.Average(reward)
	if err != nil {
		b.Fatal(err)
	}
	policy, err := plan.Policy(seller(r.Prices), seen)
	if err != nil {
		b.Fatal(err)
	}
	observation := []float64{0, 0.83, 1}
	b.ReportAllocs()
	for b.Loop() {
		policy.Decide(observation, 0)
	}
}
