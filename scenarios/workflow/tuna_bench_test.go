package workflow

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/souk-sim/souk/market/category"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// tuna is a bundled scenario of a weekly category, its data and its fitted models.
type tuna struct {
	scenario *scenarios.Scenario
	data     *Data
	models   *Models
}

// fitTuna fits canned-tuna once for all tests.
var fitTuna = sync.OnceValues(func() (*tuna, error) { return fitBundled("canned-tuna") })

func fitBundled(name string) (*tuna, error) {
	s, err := scenarios.Load(name)
	if err != nil {
		return nil, err
	}
	d, err := ReadData(s)
	if err != nil {
		return nil, err
	}
	m, err := Fit(context.Background(), s, d, 1, nil)
	return &tuna{s, d, m}, err
}

func cannedTuna(t testing.TB) *tuna {
	t.Helper()
	fitted, err := fitTuna()
	if err != nil {
		t.Fatal(err)
	}
	return fitted
}

// world is the scenario's market for a share of the chain's customers.
func (f *tuna) world(t testing.TB, share float64) *World {
	t.Helper()
	w, err := Build(f.scenario, f.data, f.models, share)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// play plays an episode: own chooses the learner's offers, the others follow their rules. The step is the caller's, so that playing allocates nothing.
func (w *World) play(m *category.Market, step *env.TimeStep, episode uint64, own func(*env.TimeStep) int) {
	brain := rng.New(1, episode).Family("brain")
	m.Reset(episode)
	for turn := uint64(0); m.Next(step); turn++ {
		switch {
		case step.Stage == env.Last:
		case step.Player == w.Config.Own:
			m.Act(own(step))
		default:
			u := brain.At(turn)
			m.Act(w.Others[step.Player].Decide(step.Observation, u.Float64()).Action)
		}
	}
}

// cycling goes down and up the ladder as far as the mask permits.
func cycling(step *env.TimeStep) int {
	a := int(5*step.Observation[0]) % len(step.Mask)
	for !step.Mask[a] {
		a++
	}
	return a
}

// BenchmarkTunaWeek plays the canned-tuna market for the share of the chain that training simulates, for that of the comparison, and for the whole
// chain. Rivals' decisions are part of it.
func BenchmarkTunaWeek(b *testing.B) {
	f := cannedTuna(b)
	for _, share := range []float64{0.0006, 0.01, 1} {
		b.Run(fmt.Sprintf("share=%g", share), func(b *testing.B) {
			w := f.world(b, share)
			m, err := category.New(w.Config, 1)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			weeks, buyers, step := 0.0, 0.0, &env.TimeStep{}
			for e := uint64(0); b.Loop(); e++ {
				w.play(m, step, e%64, cycling)
				weeks += float64(m.Account().Periods)
				buyers += m.Account().Purchases
			}
			b.ReportMetric(weeks/b.Elapsed().Seconds(), "weeks/s")
			b.ReportMetric(buyers/b.Elapsed().Seconds(), "buyers/s")
		})
	}
}
