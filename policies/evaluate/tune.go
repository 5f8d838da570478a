package evaluate

import (
	"cmp"
	"context"
	"slices"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Budget is how long candidates play while they are tuned: First paths all of them, twice as many each round the better
// half, until the last ones have played Paths.
type Budget struct{ First, Paths int }

// Tuned is the winner of a tuning.
type Tuned struct {
	Index  int     `json:"index"` // of the candidate
	Score  float64 `json:"score"` // mean over Paths, in which the choice has some luck: report another evaluation
	Paths  int     `json:"paths"`
	Rounds []int   `json:"rounds"` // candidates that played in each round
}

// Tune is TuneAmong with the arena's others.
func (a *Arena) Tune(ctx context.Context, candidates []policies.Policy, budget Budget) (*Tuned, error) {
	return a.TuneAmong(ctx, candidates, nil, budget)
}

// TuneAmong finds the best of many candidates, each among its own others (nil: the arena's), by successive halving (Karnin, Koren & Somekh 2013; Jamieson & Talwalkar 2016) on
// the same customers. Ties go to the lower index. The arena's paths must not be those of the evaluation.
func (a *Arena) TuneAmong(ctx context.Context, candidates []policies.Policy, others [][]policies.Policy, budget Budget) (*Tuned, error) {
	if others != nil && len(others) != len(candidates) {
		return nil, field.New("others", len(others), "those of each candidate")
	}
	if len(candidates) == 0 {
		return nil, field.New("policies to tune over", "none", "at least one: a ladder of two or more prices that the limits let follow one another")
	}
	if budget.First < 1 || budget.Paths < budget.First {
		return nil, field.New("budget", budget, "at least one path first, and no fewer at the end")
	}
	survivors := make([]int, len(candidates))
	for i := range survivors {
		survivors[i] = i
	}
	total := make([]float64, len(candidates))
	t := &Tuned{}
	for paths := budget.First; ; paths = min(2*paths, budget.Paths) {
		var games []game
		for _, c := range survivors {
			for path := t.Paths; path < paths; path++ {
				g := game{name: "candidate", policy: candidates[c], path: path}
				if others != nil {
					g.others = others[c]
				}
				games = append(games, g)
			}
		}
		played, err := a.play(ctx, games)
		if err != nil {
			return nil, err
		}
		for i, e := range played {
			total[survivors[i/(paths-t.Paths)]] += e.score
		}
		t.Paths = paths
		t.Rounds = append(t.Rounds, len(survivors))
		slices.SortFunc(survivors, func(i, j int) int { return cmp.Or(cmp.Compare(total[j], total[i]), cmp.Compare(i, j)) })
		if paths == budget.Paths {
			t.Index, t.Score = survivors[0], total[survivors[0]]/float64(paths)
			return t, nil
		}
		survivors = survivors[:(len(survivors)+1)/2]
	}
}

// FixedPrice is the best price to ask for ever.
type FixedPrice struct {
	Tuned
	Price     float64 `json:"price"`
	Promotion string  `json:"promotion,omitempty"` // that goes with it
	Top       bool    `json:"top"`                 // no dearer offer is on the ladder: the ladder, not the market, set this price
}

// BestFixed tunes a fixed price over the learner's ladder; fixed makes the policy that always asks a price.
func (a *Arena) BestFixed(ctx context.Context, fixed func(price float64) (policies.Policy, error), budget Budget) (*FixedPrice, error) {
	prices, err := a.ladder()
	if err != nil {
		return nil, err
	}
	candidates := make([]policies.Policy, len(prices))
	for i, p := range prices {
		if candidates[i], err = fixed(p); err != nil {
			return nil, err
		}
	}
	tuned, err := a.Tune(ctx, candidates, budget)
	if err != nil {
		return nil, err
	}
	price := prices[tuned.Index]
	return &FixedPrice{Tuned: *tuned, Price: price, Top: price == slices.Max(prices)}, nil
}

func (a *Arena) ladder() (prices []float64, err error) {
	p, err := a.player()
	if err != nil {
		return nil, err
	}
	return ladder(p.world.Spec(a.Learner).Offers), nil
}

func ladder(offers []env.Offer) (prices []float64) {
	for _, o := range offers {
		if !slices.Contains(prices, o.Price) {
			prices = append(prices, o.Price)
		}
	}
	return prices
}

// Cycle is a regular price, and a deal in DealWeeks of every Length weeks.
type Cycle struct {
	Regular   float64 `json:"regular"`
	Deal      float64 `json:"deal"`
	Length    int     `json:"length"`
	DealWeeks int     `json:"deal_weeks"`
}

// Cycles are all cycles over a ladder of at most length weeks, at least two, with one to dealWeeks weeks on deal.
func Cycles(offers []env.Offer, length, dealWeeks int) (all []Cycle) {
	prices := ladder(offers)
	for _, regular := range prices {
		for _, deal := range prices {
			for l := 2; deal < regular && l <= length; l++ {
				for d := 1; d <= min(dealWeeks, l-1); d++ {
					all = append(all, Cycle{regular, deal, l, d})
				}
			}
		}
	}
	return all
}

// TunedCycle is the best cycle.
type TunedCycle struct {
	Tuned
	Cycle
}

// BestCycle tunes over cycles: Cycles, or fewer where something quicker (the closed form of the reduced market) has ranked
// them. cycle makes the policy.
func (a *Arena) BestCycle(ctx context.Context, cycles []Cycle, cycle func(Cycle) (policies.Policy, error), budget Budget) (*TunedCycle, error) {
	candidates := make([]policies.Policy, len(cycles))
	for i, c := range cycles {
		var err error
		if candidates[i], err = cycle(c); err != nil {
			return nil, err
		}
	}
	tuned, err := a.Tune(ctx, candidates, budget)
	if err != nil {
		return nil, err
	}
	return &TunedCycle{*tuned, cycles[tuned.Index]}, nil
}
