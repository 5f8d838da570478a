package optimum

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize/convex/lp"

	"github.com/souk-sim/souk/sim/rng"
)

// anyCalendar makes a calendar whose second half of offers are promotions: they sell more, earn less a unit and use more of what there is.
func anyCalendar(stream *rng.Stream, periods, offers, points, resources int) *Calendar {
	c := &Calendar{Periods: periods, Offers: offers, Points: points, Promotions: -1, Promoted: make([]bool, offers)}
	for o := range offers {
		c.Promoted[o] = o >= (offers+1)/2
	}
	size := periods * points * offers
	for range size {
		c.Reward = append(c.Reward, 100*stream.Float64())
	}
	for range resources {
		use := make([]float64, size)
		for i := range use {
			use[i] = c.Reward[i] * (0.5 + stream.Float64())
		}
		c.Use, c.Limit = append(c.Use, use), append(c.Limit, (20+40*stream.Float64())*float64(periods))
	}
	if points > 1 {
		c.Start = float64(points-1) * stream.Float64()
		c.Next = func(state float64, offer int) float64 {
			return 0.6*state + 0.4*float64(points-1)*float64(offer)/float64(offers-1)
		}
	}
	return c
}

// brute tries every calendar.
func brute(c *Calendar) (best float64, found bool) {
	offers := make([]int, c.Periods)
	total := 1
	for range offers {
		total *= c.Offers
	}
	for n := range total {
		for t, rest := 0, n; t < c.Periods; t++ {
			offers[t], rest = rest%c.Offers, rest/c.Offers
		}
		if value, ok := value(c, offers); ok && (!found || value > best) {
			best, found = value, true
		}
	}
	return best, found
}

// value is what a calendar earns, and whether it keeps all limits.
func value(c *Calendar, offers []int) (value float64, ok bool) {
	state, left, last := c.Start, c.Promotions, -1
	used := make([]float64, len(c.Use))
	for t, o := range offers {
		if c.Forbidden != nil && c.Forbidden(state, o) {
			return 0, false
		}
		if c.Promoted[o] {
			if left == 0 || last >= 0 && t-last <= c.Apart {
				return 0, false
			}
			left, last = left-1, t
		}
		point, share := 0, 0.0
		if c.Points > 1 {
			point = min(int(state), c.Points-2)
			share = state - float64(point)
		}
		at := func(table []float64) float64 {
			i := (t*c.Points+point)*c.Offers + o
			if share == 0 {
				return table[i]
			}
			return (1-share)*table[i] + share*table[i+c.Offers]
		}
		value += at(c.Reward)
		for k := range used {
			used[k] += at(c.Use[k])
		}
		if c.Next != nil {
			state = c.Next(state, o)
		}
	}
	for k, u := range used {
		if u > c.Limit[k]*(1+1e-9) {
			return 0, false
		}
	}
	return value, true
}

func TestCalendarIsTheBestOfAll(t *testing.T) {
	for seed := range uint64(150) {
		stream := rng.New(seed, 0).Family("calendar").At()
		c := anyCalendar(&stream, 2+int(seed%5), 2+int(seed%3), 1, int(seed%3))
		c.Promotions, c.Apart = int(seed%5)-1, int(seed%4)
		best, found := brute(c)
		plan, err := c.Solve()
		if !found {
			if err == nil {
				t.Errorf("seed %d: a plan of %g where no calendar keeps the limits", seed, plan.Value)
			}
			continue
		}
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		played, ok := value(c, plan.Offers)
		if !ok || math.Abs(played-plan.Value) > 1e-9 || plan.Value < best*(1-2e-6) || !plan.Proven {
			t.Errorf("seed %d: plan %v of %g, played %g (%v), best of all %g, proven %v", seed, plan.Offers, plan.Value, played, ok, best, plan.Proven)
		}
		if plan.Bound < best-1e-9*best {
			t.Errorf("seed %d: bound %g below the best of all, %g", seed, plan.Bound, best)
		}
	}
}

// TestCalendarOfReferencePrices: between grid points rewards are interpolated in plan and enumeration alike; the dynamic programme interpolates values too, which the search then
// prunes by, so that the best of all is met up to that error alone.
func TestCalendarOfReferencePrices(t *testing.T) {
	for seed := range uint64(20) {
		stream := rng.New(seed, 0).Family("calendar").At()
		c := anyCalendar(&stream, 5, 3, 3, int(seed%2))
		c.Promotions = int(seed % 4)
		// smooth tables, as a market's are, on a finer grid
		coarse, fine := *c, *c
		fine.Points = 101
		refine := func(table []float64) (all []float64) {
			for t := range c.Periods {
				for point := range fine.Points {
					for o := range c.Offers {
						all = append(all, coarse.Look(table, t, float64(point)/50, o))
					}
				}
			}
			return all
		}
		fine.Reward, fine.Use = refine(c.Reward), nil
		for _, use := range c.Use {
			fine.Use = append(fine.Use, refine(use))
		}
		fine.Start = c.Start * 50
		fine.Next = func(state float64, o int) float64 { return 50 * c.Next(state/50, o) }
		best, found := brute(&fine)
		plan, err := fine.Solve()
		if !found && err != nil {
			continue
		}
		if !found || err != nil {
			t.Fatalf("seed %d: found %v, %v", seed, found, err)
		}
		if math.Abs(plan.Value-best) > 0.01*best {
			t.Errorf("seed %d: plan of %g, best of all %g", seed, plan.Value, best)
		}
	}
}

// direct solves the linear programme as it stands, by gonum: shares of offers by period, limits and promotions in the mean.
func direct(c *Calendar) (float64, error) {
	slacks := len(c.Limit) + 1
	rows, columns := c.Periods+slacks, c.Periods*c.Offers+slacks
	a, cost, b := mat.NewDense(rows, columns, nil), make([]float64, columns), make([]float64, rows)
	for t := range c.Periods {
		b[t] = 1
		for o := range c.Offers {
			i := t*c.Offers + o
			cost[i] = -c.Reward[i]
			a.Set(t, i, 1)
			for k := range c.Limit {
				a.Set(c.Periods+k, i, c.Use[k][i])
			}
			if c.Promoted[o] {
				a.Set(rows-1, i, 1)
			}
		}
	}
	for k := range slacks {
		a.Set(c.Periods+k, c.Periods*c.Offers+k, 1)
	}
	copy(b[c.Periods:], c.Limit)
	b[rows-1] = float64(c.Promotions)
	value, _, err := lp.Simplex(cost, a, b, 1e-10, nil)
	return -value, err
}

func TestCalendarBoundIsTheLinearProgramme(t *testing.T) {
	for seed := range uint64(60) {
		stream := rng.New(seed, 1).Family("calendar").At()
		c := anyCalendar(&stream, 8, 5, 1, 1+int(seed%3))
		c.Promotions = 1 + int(seed%6)
		want, err := direct(c)
		if err != nil {
			continue // gonum gives up on some, and where limits are too tight
		}
		plan, err := c.Solve()
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if math.Abs(plan.Bound-want) > 1e-7*want {
			t.Errorf("seed %d: bound %.10g, linear programme %.10g", seed, plan.Bound, want)
		}
		mixed, uses := 0.0, make([]float64, len(c.Limit))
		for t, shares := range plan.Mix {
			for o, share := range shares {
				mixed += share * c.Reward[t*c.Offers+o]
				for k := range uses {
					uses[k] += share * c.Use[k][t*c.Offers+o]
				}
			}
		}
		if math.Abs(mixed-plan.Bound) > 1e-7*want {
			t.Errorf("seed %d: the mix earns %.10g, the bound is %.10g", seed, mixed, plan.Bound)
		}
		for k, u := range uses { // complementary slackness
			if u > c.Limit[k]+1e-6 || plan.Prices[k] > 1e-9 && u < c.Limit[k]-1e-6 {
				t.Errorf("seed %d: limit %g, used %g at a price of %g", seed, c.Limit[k], u, plan.Prices[k])
			}
		}
	}
}

// TestShadowPriceIsTheSlope: a little more of a limit is worth its shadow price.
func TestShadowPriceIsTheSlope(t *testing.T) {
	told := 0
	for seed := range uint64(30) {
		stream := rng.New(seed, 2).Family("calendar").At()
		c := anyCalendar(&stream, 10, 4, 1, 2)
		c.Promotions = 4
		plan, err := c.Solve()
		if err != nil {
			continue
		}
		for k := range c.Limit {
			h := 1e-6 * c.Limit[k]
			c.Limit[k] += h
			more, err := c.Solve()
			if err != nil {
				t.Fatal(err)
			}
			c.Limit[k] -= 2 * h
			less, err := c.Solve()
			if err != nil {
				t.Fatal(err)
			}
			c.Limit[k] += h
			if slope := (more.Bound - less.Bound) / (2 * h); math.Abs(slope-plan.Prices[k]) > 1e-4*(1+slope) {
				t.Errorf("seed %d, limit %d: shadow price %.8g, slope %.8g", seed, k, plan.Prices[k], slope)
			}
			if plan.Prices[k] > 0 {
				told++
			}
		}
	}
	if told < 10 {
		t.Errorf("%d limits with a price: too few to tell", told)
	}
}

// TestCalendarAgreesWithHiGHS holds linear and mixed-integer programmes against those of SciPy (testdata/calendars.json names version and call).
func TestCalendarAgreesWithHiGHS(t *testing.T) {
	var reference struct {
		Cases []struct {
			Periods, Offers, Promotions int
			Reward                      []float64
			Use                         [][]float64
			Limit                       []float64
			Promoted                    []bool
			Linear, Integer             float64
			Prices                      []float64
		}
	}
	text, err := os.ReadFile("testdata/calendars.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &reference); err != nil {
		t.Fatal(err)
	}
	if len(reference.Cases) < 10 {
		t.Fatalf("%d cases", len(reference.Cases))
	}
	for i, r := range reference.Cases {
		c := &Calendar{Periods: r.Periods, Offers: r.Offers, Points: 1, Reward: r.Reward, Use: r.Use, Limit: r.Limit, Promoted: r.Promoted, Promotions: r.Promotions}
		plan, err := c.Solve()
		if err != nil {
			t.Fatalf("case %d: %v", i, err)
		}
		if math.Abs(plan.Bound-r.Linear) > 1e-7*r.Linear {
			t.Errorf("case %d: linear programme %.10g, HiGHS %.10g", i, plan.Bound, r.Linear)
		}
		for k, p := range plan.Prices {
			if math.Abs(p-r.Prices[k]) > 1e-6*(1+r.Prices[k]) {
				t.Errorf("case %d: shadow price %d is %.9g, HiGHS %.9g", i, k, p, r.Prices[k])
			}
		}
		gap := (plan.Bound - plan.Value) / plan.Bound
		if plan.Proven && math.Abs(plan.Value-r.Integer) > 2e-6*r.Integer || plan.Value > r.Integer*(1+1e-8) {
			t.Errorf("case %d: calendar %.10g (proven %v, gap %.2g), HiGHS %.10g", i, plan.Value, plan.Proven, gap, r.Integer)
		}
	}
}

func TestCalendarRefusesWhatNobodyCanKeep(t *testing.T) {
	c := &Calendar{Periods: 2, Offers: 1, Points: 1, Reward: []float64{1, 1}, Use: [][]float64{{3, 3}}, Limit: []float64{5}, Promoted: []bool{false}, Promotions: -1}
	if plan, err := c.Solve(); err == nil {
		t.Errorf("a plan %v that uses 6 of 5", plan.Offers)
	}
	c.Limit[0] = math.NaN()
	if _, err := c.Solve(); err == nil {
		t.Error("a limit that is no number")
	}
}

func BenchmarkCalendar(b *testing.B) {
	for _, points := range []int{1, 121} {
		b.Run(fmt.Sprintf("points=%d", points), func(b *testing.B) {
			stream := rng.New(1, 3).Family("calendar").At()
			c := anyCalendar(&stream, 52, 13, points, 2)
			c.Promotions = 8
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Solve(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
