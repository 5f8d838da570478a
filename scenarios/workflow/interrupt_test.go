package workflow

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
)

// crowd is the tearoom with a billion shoppers an episode, some hours of work.
func crowd(t *testing.T, text string) *scenarios.Scenario {
	t.Helper()
	return setUp(t, text, nil, "traffic.visitors=1000000", "time.horizon=1000").s
}

func TestAnInterruptActsWithinALongEpisode(t *testing.T) {
	alone, _, _ := strings.Cut(strings.Replace(tearoom, "state = { lowest_rival_price = { bins = 4 } }", `brain = { rule = "fixed", price = 3.0 }`, 1), "[[agents]]")
	for name, work := range map[string]func(context.Context) error{
		"simulate": func(ctx context.Context) error {
			_, err := Simulate(ctx, crowd(t, tearoom), []string{opening}, nil, 1, nil)
			return err
		},
		"simulate, all with a brain": func(ctx context.Context) error {
			_, err := Simulate(ctx, crowd(t, alone), nil, nil, 1, nil)
			return err
		},
		"tune": func(ctx context.Context) error {
			r := Run{Scenario: crowd(t, tearoom), Store: rundir.Store{Root: t.TempDir()}, Workers: 1}
			_, err := r.Train(ctx)
			return err
		},
		"train": func(ctx context.Context) error {
			text := strings.Replace(tearoom, "[evaluate]", "[evaluate]\nagainst = [\"opening\"]", 1)
			r := Run{Scenario: crowd(t, text), Store: rundir.Store{Root: t.TempDir()}, Workers: 1}
			_, err := r.Train(ctx)
			return err
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(200*time.Millisecond, cancel)
		began := time.Now()
		if err := work(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if took := time.Since(began); took > 10*time.Second { // a second, on a machine with nothing else to do
			t.Errorf("%s: stopped after %v", name, took)
		}
		timer.Stop()
	}
}
