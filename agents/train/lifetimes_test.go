package train_test

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/monopoly"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// season is the instance of Ferreira, Simchi-Levi & Wang (2018), its single-product example.
func season() *monopoly.Config {
	prices := []float64{29.9, 34.9, 39.9, 44.9}
	return &monopoly.Config{
		Demand:    monopoly.Demand{Kind: "table", Options: &monopoly.Table{At: prices, Units: []float64{0.8, 0.6, 0.3, 0.1}}},
		Customers: 1, Sales: "binomial", Prices: monopoly.Ladder{List: prices}, Reviews: 500, Stock: 125, Criterion: "episodic", Discount: 1,
	}
}

func lifetimes(workers int) *train.Lifetimes {
	return &train.Lifetimes{
		World:  func() (env.Environment, error) { return monopoly.New(season(), 5) },
		Params: &agents.UCB1{Width: 2}, Master: 5, Runs: 7, Workers: workers, Times: []int{1, 100, 500},
	}
}

func TestLifetimesDoNotDependOnTheWorkers(t *testing.T) {
	var all [2][][]float64
	for i, workers := range []int{1, 3} {
		runs := 0
		earned, err := lifetimes(workers).Earned(context.Background(), func(n int) { runs = max(runs, n) })
		if err != nil || runs != 7 {
			t.Fatal(runs, err)
		}
		all[i] = earned
	}
	if !reflect.DeepEqual(all[0], all[1]) {
		t.Error("other results with other workers")
	}
	for _, path := range all[0] {
		if path[1] <= path[0] || path[2] < 125*29.9 || path[2] > 125*44.9 { // all is sold before the end
			t.Errorf("earned %v", path)
		}
	}
	cut, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := lifetimes(2).Earned(cut, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	l := lifetimes(1)
	l.World = func() (env.Environment, error) { return newMarket(1), nil }
	var bad *field.Error
	if _, err := l.Earned(context.Background(), nil); !errors.As(err, &bad) || bad.Key != "players" {
		t.Errorf("of two players: %v", err)
	}
}

func TestLifetimesCountWhatOffersAreWorth(t *testing.T) {
	l := lifetimes(1)
	l.Times, l.Worth = []int{1, 2, 3, 4}, func(action int) float64 { return math.Pow(10, float64(action)) }
	earned, err := l.Earned(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := []float64{1, 11, 111, 1111}; !reflect.DeepEqual(earned[0], want) { // UCB1 tries one offer after the other
		t.Errorf("worth %v, expected %v", earned[0], want)
	}
}
