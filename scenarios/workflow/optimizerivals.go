package workflow

import (
	"fmt"
	"math"
	"strings"
	"sync/atomic"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
)

// PlanRival is what a contestant makes of the calendar's limits, in the mean of the episodes that it played.
type PlanRival struct {
	Name     string  `json:"name"`
	Price    float64 `json:"price,omitempty"`  // of the best fixed price
	Promoted float64 `json:"promoted_periods"` // by the plan's regular price
	Given    float64 `json:"given_away"`       // $, as the plan expects of its offers
	Breaks   string  `json:"breaks,omitempty"` // which limits it does not keep; of the calendar itself never
}

// offered is a policy, and how often it made an offer in a period and at a point of the plan's state. Several workers may ask it.
type offered struct {
	policies.Policy
	plan  *prospects
	clock int
	state int // −1: none
	made  []atomic.Int64
}

func (p *prospects) offered(policy policies.Policy) *offered {
	t := &offered{Policy: policy, plan: p, clock: p.spec.Feature(p.clock), state: -1, made: make([]atomic.Int64, len(p.given))}
	if p.state != "" {
		t.state = p.spec.Feature(p.state)
	}
	return t
}

// Decide asks the policy.
func (t *offered) Decide(observation []float64, u float64) policies.Decision {
	d := t.Policy.Decide(observation, u)
	c, period, point := &t.plan.calendar, 0.0, 0.0
	if x := observation[t.clock]; x == x {
		period = math.Round(x / t.plan.span)
	}
	if t.state >= 0 {
		point = c.Start
		if x := observation[t.state]; x == x {
			point = (x - t.plan.low) / t.plan.step
		}
	}
	at := int(min(max(period, 0), float64(c.Periods-1)))*c.Points + int(math.Round(min(max(point, 0), float64(c.Points-1))))
	t.made[at*c.Offers+d.Action].Add(1)
	return d
}

// told is what was offered on so many paths.
func (t *offered) told(name string, paths int) PlanRival {
	p, c := t.plan, &t.plan.calendar
	r := PlanRival{Name: name}
	promoted, uses := make([]float64, c.Periods), make([]float64, len(c.Use))
	for i := range t.made {
		share := float64(t.made[i].Load()) / float64(paths)
		if share == 0 {
			continue
		}
		r.Given += float64(share * p.given[i])
		if c.Promoted[i%c.Offers] {
			promoted[i/(c.Points*c.Offers)] += share
		}
		for k := range uses {
			uses[k] += float64(share * c.Use[k][i])
		}
	}
	near, close := 0.0, false // promotions of Apart + 1 periods
	for t, x := range promoted {
		r.Promoted += x
		near += x
		if t > c.Apart {
			near -= promoted[t-c.Apart-1]
		}
		close = close || near > 1+1e-9
	}
	if name == planned {
		return r
	}
	var breaks []string
	if c.Promotions >= 0 && r.Promoted > float64(c.Promotions)+1e-9 {
		breaks = append(breaks, fmt.Sprintf("promotes %s times", inColumn(r.Promoted)(r.Promoted)))
	}
	if c.Apart > 0 && close {
		breaks = append(breaks, "promotes too soon again")
	}
	for k, l := range p.limits {
		if most := float64(l.Limit * 1.001); !l.held && uses[k] > most+1e-9 {
			if l.Unit == "$" {
				breaks = append(breaks, "gives away "+money(uses[k]))
			} else {
				breaks = append(breaks, fmt.Sprintf("sells %s of %s", inColumn(uses[k], l.Limit)(uses[k]), l.Name))
			}
		}
	}
	r.Breaks = strings.Join(breaks, ", ")
	return r
}

// keeper is the best of the rivals that keep the limits; nil: none.
func (m *Optimised) keeper() *evaluate.Row {
	var best *evaluate.Row
	for i := range m.Comparison.Rows {
		row := &m.Comparison.Rows[i]
		if r := m.rival(row.Name); r != nil && row.Name != planned && r.Breaks == "" && (best == nil || row.Profit.Value > best.Profit.Value) {
			best = row
		}
	}
	return best
}

// rival is what a contestant makes of the limits; nil of bounds.
func (m *Optimised) rival(name string) *PlanRival {
	for i := range m.Rivals {
		if m.Rivals[i].Name == name {
			return &m.Rivals[i]
		}
	}
	return nil
}

// rivalsTable is the comparison, with promotions as the plan counts them; † marks who does not keep its limits.
func (m *Optimised) rivalsTable() string {
	var promoted, given []float64
	for _, r := range m.Rivals {
		promoted, given = append(promoted, r.Promoted), append(given, r.Given)
	}
	over := []string{"", "$", "the calendar", "price", "promoted", "given away"}
	rows := [][]string{over, {"", "by " + m.unitOfTime(), "over it", "changes", m.Period + "s", "$"}}
	for i := range m.Comparison.Rows {
		row := &m.Comparison.Rows[i]
		name, cells := row.Name, []string{plusMinus(row.Profit, ""), "", "", "", ""}
		for _, d := range m.Comparison.Rows[0].Differences {
			if d.Name == row.Name {
				cells[1] = plusMinus(d.Estimate, "+")
			}
		}
		if r := m.rival(row.Name); r != nil {
			if r.Breaks != "" {
				name += " †"
			}
			cells[2], cells[3], cells[4] = fmt.Sprintf("%.0f", row.PriceChanges), inColumn(promoted...)(r.Promoted), inCents(given...)(r.Given)
		}
		rows = append(rows, append([]string{name}, cells...))
	}
	return align(rows)
}

// rivalsText says what is known of the rivals beside what they earn.
func (m *Optimised) rivalsText() (all []string) {
	for _, r := range m.Rivals {
		if r.Price != 0 {
			all = append(all, fmt.Sprintf("%s asks %s throughout.", r.Name, priceTag(r.Price)))
		}
		if r.Breaks != "" {
			all = append(all, fmt.Sprintf("† %s is outside the calendar's limits: it %s.", r.Name, r.Breaks))
		}
	}
	return all
}
