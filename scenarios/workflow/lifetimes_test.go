package workflow

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

const stocked = `
name = "stocked"
[problem]
demand = { kind = "table", at = [29.9, 34.9, 39.9, 44.9], buys = [0.8, 0.6, 0.3, 0.1] }
sales = "binomial"
prices = { list = [29.9, 34.9, 39.9, 44.9] }
reviews = 100
stock = 25
[[agents]]
name = "thompson-inventory"
[[agents]]
name = "ucb1"
[regret]
runs = 20
times = [200, 2000]
`

const endless = `
name = "unlimited"
[problem]
demand = { kind = "linear", intercept = 1, slope = 0.5 }
sales = "expected"
prices = { from = 0.5, to = 1.5, rungs = 11 }
[[agents]]
name = "epsilon-greedy"
exploration = { kind = "constant", from = 1 }
[regret]
runs = 50
times = [100, 400]
`

func measuredBy(t *testing.T, s *scenarios.Scenario, workers int) map[string]Measure {
	t.Helper()
	all, err := measure(context.Background(), s, workers)
	if err != nil {
		t.Fatal(err)
	}
	kinds := MeasureKinds(s.World())
	by := map[string]Measure{}
	for _, m := range all {
		if _, ok := measurable(kinds, m.Name); !ok {
			t.Errorf("%s is not listed", m.Name)
		}
		by[m.Name] = m
	}
	return by
}

func TestLivesUnderAStockAreHeldAgainstTheProgramme(t *testing.T) {
	s := parseGame(t, stocked)
	by := measuredBy(t, s, 1)
	for name, want := range map[string]float64{"fluid-rate": 10.10, "fluid-share:39.9": 0.75, "fluid-share:44.9": 0.25, "fluid-share:29.9": 0} {
		if got := by[name].Value; math.Abs(got-want) > 1e-9 {
			t.Errorf("%s is %v, expected %v", name, got, want)
		}
	}
	ahead, earned := by["lifetime-ahead:ucb1@2000"], by["lifetime-earned:thompson-inventory@2000"]
	if ahead.Value < 0.1 || earned.Value < 0.95 || earned.Value > 1+3*earned.Error || ahead.N != 20 {
		t.Errorf("ahead %+v, earned %+v", ahead, earned)
	}
	if got := by["lifetime-regret:ucb1@2000"].Value / (2000 * 10.10); math.Abs(1-got-by["lifetime-earned:ucb1@2000"].Value) > 1e-12 {
		t.Errorf("a share of %v is given up", got)
	}
	if again := measuredBy(t, s, 3); !reflect.DeepEqual(by, again) {
		t.Error("other measures with other workers")
	}
}

// Prices at random give up, of 0.5·p·(2−p) at p = 1, in the mean over 0.5 … 1.5 by tenths 0.5·0.1 a period: a line, whose exponent is 1.
func TestLivesWithoutAStockAreHeldAgainstTheBestPrice(t *testing.T) {
	by := measuredBy(t, parseGame(t, endless), 2)
	exponent, regret := by["lifetime-exponent:epsilon-greedy"], by["lifetime-regret:epsilon-greedy@400"]
	if math.Abs(exponent.Value-1) > 4*exponent.Error+1e-9 || exponent.Error > 0.05 {
		t.Errorf("exponent %+v", exponent)
	}
	if math.Abs(regret.Value-20) > 4*regret.Error {
		t.Errorf("regret %+v, expected 20", regret)
	}
	// On ladders of 2 and 3 rungs, 0.5 and 1.5, then 1 too, half of 0.25 and a third of that are given up.
	by = measuredBy(t, parseGame(t, endless+"rungs = [2, 3]\n"), 2)
	if got := by["lifetime-regret:epsilon-greedy@100"]; math.Abs(got.Value-12.5) > 1e-9 {
		t.Errorf("on two rungs %+v", got)
	}
	if got := by["lifetime-regret:epsilon-greedy@400"]; math.Abs(got.Value-400*0.25/3) > 4*got.Error || math.Abs(got.Value-33.3) > 8 {
		t.Errorf("on three rungs %+v", got)
	}
}

func TestRegretComplainsOfWhatItCannotMeasure(t *testing.T) {
	for key, text := range map[string]string{
		"regret.times":      strings.Replace(stocked, "[200, 2000]", "[2000, 200]", 1),
		"regret.rungs":      stocked + "rungs = [4, 4]\n",
		"agents":            endless[:strings.Index(endless, "[[agents]]")] + endless[strings.Index(endless, "[regret]"):],
		"regret":            strings.Replace(endless, "[[agents]]", "season = [1, 2]\n[[agents]]", 1),
		"problem.criterion": strings.Replace(endless, "[[agents]]", "criterion = \"average\"\n[[agents]]", 1),
	} {
		file := filepath.Join(t.TempDir(), "life.toml")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := scenarios.Load(file)
		if err == nil {
			_, err = measure(context.Background(), s, 1)
		}
		var bad *field.Error
		if !errors.As(err, &bad) || bad.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
}
