package rules

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Cycle asks Regular, and Deal in the last DealWeeks of every Length weeks. It tells the week from the feature "week"
// and so needs no memory; while the week is missing it asks Regular.
type Cycle struct {
	Regular       float64 `toml:"regular"`
	Deal          float64 `toml:"deal"`
	Length        int     `toml:"length"`     // weeks
	DealWeeks     int     `toml:"deal_weeks"` // 0 to Length
	Phase         int     `toml:"phase"`      // added to the week
	DealPromotion string  `toml:"deal_promotion"`
}

// Policy implements Rule.
func (r *Cycle) Policy(spec *env.Spec) (policies.Policy, error) {
	if err := positive("regular", r.Regular); err != nil {
		return nil, err
	}
	if err := positive("deal", r.Deal); err != nil {
		return nil, err
	}
	if r.Length < 1 {
		return nil, field.New("length", r.Length, "at least 1 week")
	}
	if r.DealWeeks < 0 || r.DealWeeks > r.Length {
		return nil, field.New("deal_weeks", r.DealWeeks, fmt.Sprintf("0 to the length, %d", r.Length))
	}
	week, err := feature(spec, "week", "week")
	if err != nil {
		return nil, err
	}
	l, err := newLadder(spec, fmt.Sprintf("cycle %g/%g %d of %d", r.Regular, r.Deal, r.DealWeeks, r.Length))
	return &cycle{l, *r, week}, err
}

type cycle struct {
	ladder
	rule Cycle
	week int
}

func (p *cycle) Decide(observation []float64, _ float64) policies.Decision {
	week := observation[p.week]
	if math.IsNaN(week) {
		return p.want(observation, p.rule.Regular, "")
	}
	at := (int(week) + p.rule.Phase) % p.rule.Length
	if at < 0 {
		at += p.rule.Length
	}
	if at < p.rule.Length-p.rule.DealWeeks {
		return p.want(observation, p.rule.Regular, "")
	}
	return p.want(observation, p.rule.Deal, p.rule.DealPromotion)
}
