package train_test

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market/oligopoly"
	"github.com/souk-sim/souk/sim/rng"
)

// homogeneous is a session of Asker, Fershtman & Pakes (2022, AEA Papers and Proceedings 112): unit demand goes to the cheaper of two firms of cost 2, 100 prices up
// to 10, greedy learners at α = .1 without a future, who begin with values drawn from [10, 20].
func homogeneous(t *testing.T, master uint64) (*train.Session, *oligopoly.Game) {
	cfg := duopoly(100, 0)
	from, to := 0.01, 10.0
	cfg.Demand = oligopoly.Demand{Kind: "bertrand", Options: &oligopoly.Bertrand{Intercept: 1, Reservation: 10}}
	cfg.Ladder.From, cfg.Ladder.To, cfg.Discount = &from, &to, 0
	for i := range cfg.Firms {
		cfg.Firms[i].Cost, cfg.Firms[i].Quality = 2, 0
	}
	s := session(t, cfg, func() agents.Params { return learning(0.1, agents.Exploration{Kind: "constant"}) }, master)
	world, _ := s.World()
	game := world.(*oligopoly.Game)
	for i := range s.Players {
		stream := rng.New(master, 0).Family("initial").At(uint64(i))
		values, err := game.InitialValues(&oligopoly.Initial{Kind: "uniform", From: 10, To: 20}, i, &stream)
		if err != nil {
			t.Fatal(err)
		}
		s.Players[i].Values = values
	}
	s.Periods, s.Converged, s.Tail = 1e7, 1000, 1
	return s, game
}

// The paper's table 1: asynchronous learners end at min 5.06, quartiles 7.33, 8.34, 9.14, maximum 10; synchronous ones all at 2.1291, the lowest
// price above cost but one. The quartiles' margins are three standard errors of 100 sessions, about 0.15 each.
func TestLearningFromWhatWasNotDoneEndsCollusion(t *testing.T) {
	const sessions = 100
	for _, synchronous := range []bool{false, true} {
		var prices []float64
		periods := uint64(0)
		for k := range uint64(sessions) {
			s, game := homogeneous(t, k)
			s.Synchronous = synchronous
			o, err := train.RunSession(context.Background(), s)
			if err != nil {
				t.Fatal(err)
			}
			if !o.Converged {
				t.Errorf("session %d did not converge", k)
			}
			periods += o.Periods
			prices = append(prices, game.Spec(0).Offers[min(o.Path[0], o.Path[1])].Price)
		}
		slices.Sort(prices)
		t.Logf("synchronous %v: %.4f %.4f %.4f %.4f %.4f after %d periods", synchronous, prices[0], prices[25], prices[50], prices[75], prices[99], periods/sessions)
		for i, want := range []float64{7.33, 8.34, 9.14} {
			tolerance := 0.45
			if synchronous {
				want, tolerance = 2.1291, 5e-5
			}
			if got := prices[25*(i+1)]; math.Abs(got-want) > tolerance {
				t.Errorf("synchronous %v: quartile %d at %.4f, published %.4f", synchronous, i+1, got, want)
			}
		}
	}
}

// One period by hand: every offer's value in the state moves towards its own profit against what the rival did, and the best of the state that would have followed.
func TestSynchronousLearningByHand(t *testing.T) {
	s := session(t, duopoly(4, 1), func() agents.Params { return learning(0.1, agents.Exploration{Kind: "constant"}) }, 5)
	s.Synchronous, s.Periods, s.Tail = true, 1, 1
	stream := rng.New(9, 0).Family("values").At()
	for i := range s.Players {
		for k := range s.Players[i].Values {
			s.Players[i].Values[k] = 5 + stream.Float64()
		}
	}
	world, _ := s.World()
	game := world.(*oligopoly.Game)
	game.Reset(0)
	state := game.State()
	o, err := train.RunSession(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	for i, table := range o.Tables {
		want := slices.Clone(s.Players[i].Values)
		for a := range 4 {
			rungs := [2]int{int(o.Path[0]), int(o.Path[1])}
			rungs[i] = a
			joint := 4*rungs[0] + rungs[1]
			target := game.Profits()[2*joint+i] + 0.95*slices.Max(s.Players[i].Values[4*joint:][:4])
			want[4*state+a] += 0.1 * (target - want[4*state+a])
		}
		for k, v := range table {
			if math.Abs(v-want[k]) > 1e-12 {
				t.Errorf("firm %d, state %d, offer %d: %v, by hand %v", i, k/4, k%4, v, want[k])
			}
		}
	}
}
