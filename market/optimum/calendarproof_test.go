package optimum

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// TestWhatIsProvenIsTheBest: where offers lead between the points of a grid, values are interpolated and nothing is proven; where a plan says that it is, no calendar earns more, nor more
// than its bound.
func TestWhatIsProvenIsTheBest(t *testing.T) {
	better, proven := 0, 0
	for seed := range uint64(300) {
		stream := rng.New(seed, 4).Family("calendar").At()
		c := anyCalendar(&stream, 6, 3, 4, 1)
		c.Promotions = 2
		if seed%3 == 0 { // the offer before is the state: always a point
			c.Points, c.Start = 4, 3
			c.Next = func(_ float64, o int) float64 { return float64(o) }
		}
		plan, err := c.Solve()
		if err != nil {
			continue
		}
		best, _ := brute(c)
		over := best > plan.Bound*(1+1e-9) || best > plan.Value*(1+2e-6)
		switch {
		case plan.Proven && over:
			t.Errorf("seed %d: proven %.8g, bound %.8g, the best of all earns %.8g", seed, plan.Value, plan.Bound, best)
		case plan.Proven != (seed%3 == 0):
			t.Errorf("seed %d: proven %v, interpolated %v", seed, plan.Proven, plan.Interpolated)
		case over:
			better++
		default:
			proven++
		}
	}
	if better == 0 || proven < 50 {
		t.Errorf("%d calendars beyond the interpolation, %d others: nothing is shown", better, proven)
	}
}

// TestOneMoreOfNothing: at a budget of nothing, what one more brings is what solving again brings, whatever dual price the programme ends with; and so for promotions.
func TestOneMoreOfNothing(t *testing.T) {
	c := &Calendar{Periods: 3, Offers: 2, Points: 1, Promotions: 0, Promoted: []bool{false, true},
		Reward: []float64{10, 16, 10, 13, 10, 11}, Use: [][]float64{{0, 3, 0, 4, 0, 5}}, Limit: []float64{0}}
	c.Promotions = -1
	plan, err := c.Solve()
	if err != nil {
		t.Fatal(err)
	}
	if plan.Value != 30 || math.Abs(plan.More[0]-2) > 1e-6 { // 6 $ for 3 is the best use
		t.Errorf("%g, one more is worth %g", plan.Value, plan.More[0])
	}
	c.Promotions, c.Limit[0] = 0, 6
	if plan, err = c.Solve(); err != nil {
		t.Fatal(err)
	}
	c.Promotions = 1
	more, err := c.Solve()
	if err != nil || math.Abs(plan.Another-(more.Bound-plan.Bound)) > 1e-6 || plan.Another < 5.9 {
		t.Errorf("one promotion more is worth %g, solved again %g (%v)", plan.Another, more.Bound-plan.Bound, err)
	}
}
