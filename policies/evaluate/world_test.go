package evaluate

import (
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

const (
	weeks  = 10
	master = 7
	seller = 1 // the learner; player 0 is a rival
)

// shop is a world small enough to work out by hand: linear demand 10 − 6·price + rival's price + a shock of the week, cost 0.5.
// Shocks multiply demand when rough is set, else they add to profit.
type shop struct {
	spec    env.Spec
	rough   bool
	streams rng.Streams
	week    int
	turn    int
	actions [2]int
	seen    [1]float64
	mask    [4]bool
	account results.Metrics
}

func newShop() (World, error)   { return &shop{spec: shopSpec()}, nil }
func roughShop() (World, error) { return &shop{spec: shopSpec(), rough: true}, nil }

func shopSpec() env.Spec {
	return env.Spec{Features: []env.Feature{{Name: "week"}}, Offers: []env.Offer{{Price: 0.6}, {Price: 0.8}, {Price: 1.0}, {Price: 1.2}}}
}

func (s *shop) Players() int              { return 2 }
func (s *shop) Spec(int) *env.Spec        { return &s.spec }
func (s *shop) Account() *results.Metrics { return &s.account }

func (s *shop) Reset(episode uint64) {
	s.streams = rng.New(master, episode)
	s.week, s.turn, s.account = 0, 0, results.Metrics{}
}

func (s *shop) Next(step *env.TimeStep) bool {
	if s.turn == 2 && s.week < weeks {
		s.turn = 0
		s.trade()
	}
	if s.turn == 2 {
		return false
	}
	s.seen[0] = float64(s.week)
	for a := range s.mask {
		s.mask[a] = a < 3 || s.turn == seller
	}
	*step = env.TimeStep{Player: s.turn, Stage: env.Mid, Observation: s.seen[:], Mask: s.mask[:]}
	if s.week == weeks {
		step.Stage = env.Last
		s.turn++
	}
	return true
}

func (s *shop) Act(action int) {
	s.actions[s.turn] = action
	s.turn++
}

func (s *shop) trade() {
	own, rival := s.spec.Offers[s.actions[seller]].Price, s.spec.Offers[s.actions[0]].Price
	stream := s.streams.Family("shock").At(uint64(s.week))
	shock := stream.Normal()
	profit := (own - 0.5) * (10 - 6*own + rival)
	if s.rough {
		profit *= 1 + 0.3*shock
	} else {
		profit += shock
	}
	if s.week > 0 && own != s.account.OwnRevenue { // last price, kept where nobody looks
		s.account.PriceChanges++
	}
	if own < s.account.OwnRevenue { // what this shop calls a deal: cheaper than last week
		s.account.DealPeriods++
	}
	s.account.OwnRevenue = own
	s.account.MeanPrice += own / weeks
	s.account.Profit += profit
	s.account.Periods++
	s.week++
}

// asks answers with a function of the week and the uniform number.
type asks func(week int, u float64) int

func (f asks) Decide(observation []float64, u float64) policies.Decision {
	return policies.Decision{Action: f(int(observation[0]), u)}
}

func always(action int) policies.Policy { return asks(func(int, float64) int { return action }) }

// each n-th week of a cycle of length on deal.
func deals(regular, deal, length int) policies.Policy {
	return asks(func(week int, _ float64) int {
		if week%length == length-1 {
			return deal
		}
		return regular
	})
}

func dice(offers int) policies.Policy {
	return asks(func(_ int, u float64) int { return int(u * float64(offers)) })
}

func arena(world func() (World, error), workers int) Arena {
	return Arena{World: world, Master: master, Learner: seller, Others: []policies.Policy{dice(3), nil}, Score: weeklyProfit, Workers: workers}
}

func weeklyProfit(account *results.Metrics) float64 {
	return account.Profit / float64(max(account.Periods, 1))
}
