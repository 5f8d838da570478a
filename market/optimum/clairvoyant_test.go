package optimum

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// known is an episode of random traffic, shocks and rivals.
func known(seed uint64, weeks int, prices []float64) func(week int, reference float64, action int) float64 {
	s := rng.New(seed, 0).Family("known").At()
	traffic, shock, rival := make([]float64, weeks), make([]float64, weeks), make([]int, weeks)
	for t := range weeks {
		traffic[t], shock[t], rival[t] = 0.5+s.Float64(), 0.7*s.Normal(), s.Intn(2)
	}
	return func(week int, reference float64, action int) float64 {
		market := tuna
		market.appeal += shock[week]
		return traffic[week] * market.profit(reference, prices[action], rival[week])
	}
}

// whole gives a week's reward for all weeks.
func whole(reward func(week int, reference float64, action int) float64) func(float64, int, []float64) {
	return func(reference float64, action int, byWeek []float64) {
		for t := range byWeek {
			byWeek[t] = reward(t, reference, action)
		}
	}
}

// every is the best average reward over all price paths that the mask allows, without a grid.
func every(r *Reduction, week, weeks int, reference float64, reward func(int, float64, int) float64) float64 {
	if week == weeks {
		return 0
	}
	best := math.Inf(-1)
	for a, price := range r.Prices {
		if r.Drop > 0 && reference-price > r.Drop+1e-9 {
			continue
		}
		best = max(best, reward(week, reference, a)/float64(weeks)+
			every(r, week+1, weeks, r.Memory*reference+(1-r.Memory)*price, reward))
	}
	return best
}

// Against all 15,625 price paths of six weeks, in 40 random episodes: what is achieved never lies above the best of them, the
// upper bound never below, and the bracket is mostly tight. (It is wide where an offer is forbidden by less than a grid step, and the rungs,
// here only five, are far apart.)
func TestClairvoyantBracketsTheBestOfAllPricePaths(t *testing.T) {
	const weeks = 6
	var width []float64
	for seed := range uint64(40) {
		r := Reduction{Memory: 0.3 + 0.1*float64(seed%5), Prices: ladder(0.54, 0.97, 5), Drop: 0.2, Start: 0.9, Points: 129}
		reward := known(seed, weeks, r.Prices)
		best := every(&r, 0, weeks, r.Start, reward)
		f, err := r.Clairvoyant(weeks, whole(reward))
		if err != nil {
			t.Fatal(err)
		}
		if f.Achieved > best*(1+1e-12) || f.Upper() < best {
			t.Errorf("seed %d: best %.6f outside [%.6f, %.6f]", seed, best, f.Achieved, f.Upper())
		}
		width = append(width, (f.Upper()-f.Achieved)/best)
	}
	slices.Sort(width)
	if median := width[len(width)/2]; median > 0.01 {
		t.Errorf("half of the brackets are wider than %.4f", median)
	}
}

// In a market without noise no policy earns more than a clairvoyant: 1,000 random price paths of a year, and the plan that
// does not know the path, in each of five episodes.
func TestNobodyEarnsMoreThanTheClairvoyant(t *testing.T) {
	const weeks = 52
	r, average := problem(13, 97)
	r.Rivals = nil
	plan, err := r.Average(func(reference float64, action int, byRival []float64) {
		byRival[0] = tuna.profit(reference, r.Prices[action], 0)
	})
	if err != nil || average == nil {
		t.Fatal(err)
	}
	for seed := range uint64(5) {
		reward := known(seed, weeks, r.Prices)
		f, err := r.Clairvoyant(weeks, whole(reward))
		if err != nil {
			t.Fatal(err)
		}
		s := rng.New(seed, 1).Family("policy").At()
		for n := range 1001 {
			reference, total := r.Start, 0.0
			for week := range weeks {
				a := s.Intn(len(r.Prices))
				if n == 0 {
					a = plan.greedy(0, reference)
				} else if !r.allowed(reference, a) {
					a = len(r.Prices) - 1
				}
				total += reward(week, reference, a) / weeks
				reference = r.next(reference, r.Prices[a])
			}
			if total > f.Upper() {
				t.Fatalf("episode %d, policy %d earns %v, above the bound %v", seed, n, total, f.Upper())
			}
		}
		if f.Upper() > 1.02*f.Achieved || f.Achieved > f.Upper() {
			t.Errorf("episode %d: achieved %v, bound %v", seed, f.Achieved, f.Upper())
		}
	}
}

func BenchmarkClairvoyant(b *testing.B) {
	for _, points := range []int{49, 97, 193} {
		b.Run(fmt.Sprint(points), func(b *testing.B) {
			r, _ := problem(13, points)
			reward := known(1, 52, r.Prices)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Clairvoyant(52, whole(reward)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
