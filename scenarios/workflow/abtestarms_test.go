package workflow

import (
	"testing"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/rules"
)

// A policy that draws its offers draws the same in each arm, so that where all arms have it the accounts of a path are those without an experiment.
func TestArmsDrawWhatTheirSellerWould(t *testing.T) {
	b := setUp(t, tearoom, nil)
	random, err := (&rules.Random{}).Policy(b.full.Spec)
	if err != nil {
		t.Fatal(err)
	}
	arena := arenaOf(b.full, 1, 1)
	for _, e := range []*market.Experiment{{Design: market.ByShopper, Shares: []float64{1, 1}}, {Design: market.Switchback, Shares: []float64{1, 2}, SlotDays: 1}} {
		armed, cfg := *b.full, *b.full.Config
		cfg.Experiment = e
		armed.Config, armed.Others = &cfg, append([]policies.Policy{nil, b.full.Others[1]}, random)
		trial := arenaOf(&armed, 1, 1)
		for path := range 5 {
			want, err := arena.Play("none", random, path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := trial.Play("both", random, path)
			if err != nil {
				t.Fatal(err)
			}
			if got.OwnRevenue != want.OwnRevenue || got.Revenue != want.Revenue || got.Surplus != want.Surplus || got.OwnRevenue == 0 {
				t.Errorf("%s, path %d: %+v, without an experiment %+v", e.Design, path, got, want)
			}
		}
	}
}
