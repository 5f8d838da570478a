package optimum

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

// Calendar is the planning of a seller's offers for some periods at once: one offer a period, what they use up together within limits (a budget, a stock), at most so many of
// them on promotion and those apart. It is the promotion optimisation problem of Cohen, Leung, Panchamgam, Perakis & Smith (2017, Operations Research 65): a ladder of prices, a
// limit on promotions, periods between them, and demand that remembers. An offer may price many products together: what they take from each other is in its row.
//
// What a period brings may hang on a state that offers move, such as a reference price. The state is a place on a grid of Points, and between two of them tables are
// interpolated linearly. Without one Points is 1.
type Calendar struct {
	Periods, Offers, Points int

	Reward     []float64                       // [(period*Points+point)*Offers+offer]
	Use        [][]float64                     // [resource], each like Reward; at least 0
	Limit      []float64                       // [resource]
	Start      float64                         // the state at first, in [0, Points−1]
	Next       func(float64, int) float64      // the state after an offer, in the same unit; nil where Points is 1
	Forbidden  func(state float64, o int) bool // offers that must not be made in a state, never all; nil: none
	Promoted   []bool                          // [offer]
	Promotions int                             // periods with a promoted offer at most; below 0: any number
	Apart      int                             // periods without one between two with one, at least

	wait int // periods until the first is allowed
}

// CalendarPlan is a solved Calendar. It is read-only and safe for concurrent use.
type CalendarPlan struct {
	Offers []int     // [period]
	States []float64 // [period] in which they are made
	Value  float64   // of the calendar: the sum of its rewards
	Used   []float64 // [resource]

	Bound   float64     // the value of the linear programme, in which offers may be mixed: no calendar earns more, but where it is Interpolated
	Mix     [][]float64 // [period][offer] shares in the linear programme
	Prices  []float64   // [resource] shadow prices: what a unit more of a limit is worth in the linear programme
	More    []float64   // [resource] what one unit more of a limit adds to Bound, solved again: at a limit where slopes differ to the left and the right, Prices may be either
	Another float64     // what one promotion more adds to Bound, solved again; 0 where any number is allowed
	Proven  bool        // no calendar is better by more than a millionth

	// Interpolated tells that calendars lead between the points of the grid, where values are interpolated. These need not be concave there: then Bound is a bound up to the
	// interpolation alone, a calendar may earn a little more than it, and nothing is Proven.
	Interpolated bool
	Searched     bool // the search came to its end; without Interpolated, that is Proven

	calendar *Calendar
	values   [][]float64 // at the shadow prices
	left     []int       // [period] promotions left
	wait     []int       // [period] periods until the next is allowed
}

const (
	mostNodes  = 500_000 // of the search
	mostRounds = 2000    // of the linear programme
	closeness  = 1e-6    // of values, as a share of the largest
	mostCells  = 1 << 27 // of the tables of values
)

// Solve finds the best calendar. The linear programme of mixed calendars is solved by Dantzig & Wolfe's decomposition (1960, Operations Research 8): a master programme over
// calendars, whose prices of the limits a dynamic programme over the periods answers with the calendar that is best at them. At its prices the same dynamic programme
// bounds what any beginning of a calendar can still come to, and a search, depth first, the most promising offer first, finds the best calendar that keeps the limits
// (branch and bound by Lagrangian relaxation: Fisher 1981, Management Science 27). Where it takes too long the best one found is returned, and Proven is false. Nor is it
// where values are Interpolated. The error is a *field.Error where shapes disagree, or no calendar keeps the limits.
func (c *Calendar) Solve() (*CalendarPlan, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &search{Calendar: c}
	for k := range c.Use {
		least := s.induct(func(i int) float64 { return -c.Use[k][i] })
		if use := -s.at(least[0], c.Start, s.promotions(), c.wait); use > c.Limit[k]*(1+1e-12) {
			return nil, field.New(fmt.Sprintf("limit[%d]", k), c.Limit[k], fmt.Sprintf("at least %.6g, what every calendar uses", use))
		}
		s.least = append(s.least, least)
	}
	plan := &CalendarPlan{calendar: c}
	if err := s.programme(plan); err != nil {
		return nil, err
	}
	s.enter(plan)
	if s.best == nil {
		return nil, field.New("limit", c.Limit, fmt.Sprintf("limits that a calendar was found to keep, among %d tried; only mixed ones do", s.nodes))
	}
	plan.Value, plan.Offers, plan.Searched, plan.Interpolated = s.value, s.best, s.nodes < mostNodes, c.between()
	plan.Proven = plan.Searched && !plan.Interpolated
	if err := c.marginal(plan); err != nil {
		return nil, err
	}
	s.follow(plan)
	return plan, nil
}

// between tells whether calendars lead between points of the grid.
func (c *Calendar) between() bool {
	if c.Points == 1 {
		return false
	}
	off := c.Start != math.Trunc(c.Start)
	for point := range c.Points {
		for o := range c.Offers {
			after := c.Next(float64(point), o)
			off = off || after != math.Trunc(after)
		}
	}
	return off
}

// marginal solves the linear programme again with one more of each limit.
func (c *Calendar) marginal(plan *CalendarPlan) error {
	gain := func(more *Calendar) (float64, error) {
		again := &CalendarPlan{}
		err := (&search{Calendar: more}).programme(again)
		return max(0, again.Bound-plan.Bound), err
	}
	plan.More = make([]float64, len(c.Limit))
	for k := range c.Limit {
		more := *c
		more.Limit = slices.Clone(c.Limit)
		more.Limit[k]++
		var err error
		if plan.More[k], err = gain(&more); err != nil {
			return err
		}
		if plan.Prices[k] == 0 { // concave: a limit without a price is worth nothing to the right either
			plan.More[k] = 0
		}
	}
	if c.counted() {
		more := *c
		more.Promotions++
		var err error
		plan.Another, err = gain(&more)
		return err
	}
	return nil
}

func (c *Calendar) check() error {
	size := c.Periods * c.Points * c.Offers
	switch {
	case c.Periods < 1 || c.Offers < 1 || c.Points < 1 || len(c.Reward) != size || len(c.Promoted) != c.Offers || len(c.Use) != len(c.Limit):
		return field.New("calendar", fmt.Sprintf("%d rewards, %d promoted, %d uses, %d limits", len(c.Reward), len(c.Promoted), len(c.Use), len(c.Limit)),
			fmt.Sprintf("shapes of %d periods × %d points × %d offers", c.Periods, c.Points, c.Offers))
	case c.Points > 1 && (c.Next == nil || !(c.Start >= 0 && c.Start <= float64(c.Points-1))):
		return field.New("start", c.Start, "a place on the grid, and what moves it")
	case c.Apart < 0:
		return field.New("apart", c.Apart, "at least 0")
	case float64(c.Periods)*float64(c.Points)*float64(min(max(c.Promotions, 0), c.Periods)+2)*float64(c.Apart+1)*float64(1+len(c.Use)) > mostCells:
		return field.New("calendar", fmt.Sprintf("%d periods × %d points × %d promotions × %d apart", c.Periods, c.Points, c.Promotions, c.Apart), fmt.Sprintf("at most %d in all", mostCells))
	}
	for i, r := range c.Reward {
		if math.IsNaN(r) || math.IsInf(r, 0) {
			return field.New(fmt.Sprintf("reward[%d]", i), r, "a finite number")
		}
	}
	for k, use := range c.Use {
		if len(use) != size || !(c.Limit[k] >= 0) || math.IsInf(c.Limit[k], 1) {
			return field.New(fmt.Sprintf("limit[%d]", k), c.Limit[k], fmt.Sprintf("a finite number of at least 0, and %d uses", size))
		}
		for i, u := range use {
			if !(u >= 0) || math.IsInf(u, 1) {
				return field.New(fmt.Sprintf("use[%d][%d]", k, i), u, "a finite number of at least 0")
			}
		}
	}
	if c.Promotions >= 0 && !slices.Contains(c.Promoted, false) {
		return field.New("promoted", "every offer", "one at least that is none")
	}
	return nil
}

// promotions is how many may be left at most: with any number allowed they are not counted.
func (c *Calendar) promotions() int {
	if c.Promotions < 0 || c.Promotions >= c.Periods {
		return 0
	}
	return c.Promotions
}

func (c *Calendar) counted() bool { return c.Promotions >= 0 && c.Promotions < c.Periods }

// step is what an offer makes of promotions left and periods to wait, and whether they allow it.
func (c *Calendar) step(left, wait, offer int) (int, int, bool) {
	if !c.Promoted[offer] {
		return left, max(wait-1, 0), true
	}
	if c.counted() {
		if left == 0 {
			return 0, 0, false
		}
		left--
	}
	return left, c.Apart, wait == 0
}

// locate is where a state lies between two points.
func (c *Calendar) locate(state float64) (point int, share float64) {
	if c.Points == 1 {
		return 0, 0
	}
	point = min(max(int(state), 0), c.Points-2)
	return point, min(max(state-float64(point), 0), 1)
}

// Look reads a table such as Reward in a period, at a state.
func (c *Calendar) Look(table []float64, period int, state float64, offer int) float64 {
	point, share := c.locate(state)
	i := (period*c.Points+point)*c.Offers + offer
	if share == 0 {
		return table[i]
	}
	return float64((1-share)*table[i]) + float64(share*table[i+c.Offers])
}

func (c *Calendar) next(state float64, offer int) float64 {
	if c.Points == 1 {
		return 0
	}
	return c.Next(state, offer)
}

func (c *Calendar) forbids(state float64, offer int) bool {
	return c.Forbidden != nil && c.Forbidden(state, offer)
}

// Worth fills byOffer with what offers are worth in a period of the plan at a state, with the promotions that are left by then: the rewards from then on, less what is used up at the
// shadow prices. It is −Inf of what may not be offered.
func (p *CalendarPlan) Worth(period int, state float64, byOffer []float64) {
	c := p.calendar
	s := &search{Calendar: c, values: p.values}
	for o := range byOffer {
		byOffer[o] = s.worth(p.Prices, period, state, p.left[period], p.wait[period], o)
	}
}

// Again fills byOffer with what offers are worth in a period of a plan where other amounts are left of the limits than it foresaw, in its state and with the promotions that it has left by
// then, at the shadow prices of what is left: what a shop does that has sold more or less than it expected, and plans again (Maglaras & Meissner 2006, Manufacturing & Service Operations
// Management 8). Where nothing keeps what is left of the limits, the less an offer uses of them the better it is. There must be as many amounts as limits.
func (p *CalendarPlan) Again(period int, left []float64, byOffer []float64) {
	c := *p.calendar
	from := period * c.Points * c.Offers
	c.Periods, c.Reward, c.Use, c.Limit, c.wait, c.Start = c.Periods-period, c.Reward[from:], nil, left, p.wait[period], p.States[period]
	if p.calendar.counted() {
		c.Promotions = min(p.left[period], c.Periods)
	}
	for _, use := range p.calendar.Use {
		c.Use = append(c.Use, use[from:])
	}
	s := &search{Calendar: &c}
	plan := &CalendarPlan{}
	if err := s.programme(plan); err != nil {
		for o := range byOffer {
			byOffer[o] = 0
			for k, use := range c.Use {
				byOffer[o] -= c.Look(use, 0, c.Start, o) / max(c.Limit[k], 1e-9)
			}
		}
		return
	}
	s.price(plan.Prices)
	for o := range byOffer {
		byOffer[o] = s.worth(plan.Prices, 0, c.Start, s.promotions(), c.wait, o)
	}
}
