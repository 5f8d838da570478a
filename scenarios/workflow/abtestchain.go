package workflow

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/agents/train"
	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/sim/env"
	"github.com/souk-sim/souk/sim/rng"
)

// An experiment in a chain's category. Its customers are counted and not known, and one product is priced, so there is nothing to deal by shopper or by product. What can be dealt is its
// stores, as Hoch, Drèze & Purk (1994, Journal of Marketing 58:4) did at Dominick's, each with a stock and customers of its own, and its weeks, through which shoppers remember prices.

const weekDays = 7.0

// stageChain says what cannot be dealt.
func (t *trialRun) stageChain(w *World) error {
	units, key := t.table.Clusters, "clusters"
	switch market.Design(t.table.Design) {
	case market.ByCluster:
		if t.table.Spread > 0 {
			return t.Scenario.Fault(fmt.Sprint(t.table.Spread), "0: the stores of a chain differ by who comes", "abtest", "spread")
		}
	case market.Switchback:
		if t.table.SlotDays != weekDays*math.Round(t.table.SlotDays/weekDays) {
			return t.Scenario.Fault(fmt.Sprint(t.table.SlotDays), "a multiple of 7: prices stand for a week", "abtest", "slot_days")
		}
		if t.table.Washout != weekDays*math.Round(t.table.Washout/weekDays) {
			return t.Scenario.Fault(fmt.Sprint(t.table.Washout), "a multiple of 7: prices stand for a week", "abtest", "washout_days")
		}
		units, key = int(math.Ceil((float64(w.Config.Horizon)-t.firstWeek())*weekDays/t.table.SlotDays)), "slot_days"
	default:
		return t.Scenario.Fault(t.table.Design, "cluster or switchback, the stores of the chain or its weeks: customers are counted, and one product is priced", "abtest", "design")
	}
	if !(t.firstWeek() < float64(w.Config.Horizon)) || t.table.Start != weekDays*t.firstWeek() {
		return t.Scenario.Fault(fmt.Sprint(t.table.Start), fmt.Sprintf("a multiple of 7 below %g, when the episode ends", weekDays*float64(w.Config.Horizon)), "abtest", "start")
	}
	if units < len(t.arms) {
		return t.Scenario.Fault(fmt.Sprintf("%d to deal", units), "one or more for each policy", "abtest", key)
	}
	return nil
}

// firstWeek is that of the experiment.
func (t *trialRun) firstWeek() float64 { return math.Round(t.table.Start / weekDays) }

// playChain plays an episode with a policy in each arm: in so many stores, or in one whose weeks are dealt.
func (t *trialRun) playChain(w *World, path int, arms []policies.Policy) (*trialUnits, error) {
	d := dealtWeeks{arms: arms, first: int(t.firstWeek()), learner: w.Learner, whole: w.of == "category-profit", cluster: market.None}
	units := &trialUnits{design: market.Design(t.table.Design), start: t.table.Start, slotDays: t.table.SlotDays, washout: t.table.Washout, index: map[uint64]int{}, market: &market.Config{}}
	arena := arenaOf(w, evaluate.MasterSeed(t.Scenario.Seed), 1)
	stream := rng.New(arena.Master, uint64(path)).Family("arms").At()
	stores := 1
	if units.design == market.ByCluster {
		stores = t.table.Clusters
		d.hand = make([]int32, stores)
	} else {
		d.slot = int(t.table.SlotDays / weekDays)
		d.hand = make([]int32, (w.Config.Horizon-d.first+d.slot-1)/d.slot)
	}
	market.Deal(d.hand, t.shares(), &stream)
	for store := range stores {
		played := d
		cfg := *w.Config
		if d.slot == 0 {
			cfg.Store, played.cluster = store+1, int32(store)
		}
		in := &World{Config: &cfg, Seats: w.Seats, of: w.of}
		arena.World = func() (world evaluate.World, err error) {
			played.World, err = in.open(arena.Master)
			return &played, err
		}
		if _, err := arena.Play("abtest", &played, path); err != nil {
			return nil, err
		}
		units.take(played.entries)
	}
	return units, nil
}

// dealtWeeks is a store in which arms take turns, or keep to what it was dealt, and the policy that is theirs in turn.
type dealtWeeks struct {
	train.World
	arms    []policies.Policy
	hand    []int32 // by store, or by slot
	first   int     // week of the experiment
	slot    int     // weeks; 0: it is a store that was dealt
	cluster int32   // of a store
	learner int
	whole   bool // the seller is after all products
	now     int  // week
	entries []market.Outcome
}

// unit is what the running week belongs to, and the arm to which that was dealt.
func (d *dealtWeeks) unit() (slot, arm int32) {
	switch {
	case d.slot == 0:
		return market.None, d.hand[d.cluster]
	case d.now < d.first:
		return market.None, market.None
	}
	slot = int32((d.now - d.first) / d.slot)
	return slot, d.hand[slot]
}

// Decide is the arm's, before the experiment the control's.
func (d *dealtWeeks) Decide(observation []float64, u float64) policies.Decision {
	_, arm := d.unit()
	if d.now < d.first {
		arm = 0
	}
	return d.arms[arm].Decide(observation, u)
}

// Reset implements env.Environment.
func (d *dealtWeeks) Reset(episode uint64) {
	d.now, d.entries = 0, d.entries[:0]
	d.World.Reset(episode)
}

// Next implements env.Environment, and keeps what a week came to.
func (d *dealtWeeks) Next(step *env.TimeStep) bool {
	if !d.World.Next(step) {
		return false
	}
	if step.Player == d.learner && step.Stage != env.First {
		a := d.Week()
		slot, arm := d.unit()
		o := market.Outcome{Time: weekDays * float64(d.now), Visits: a.Customers, Orders: a.Purchases, Revenue: a.OwnRevenue, Profit: a.OwnProfit, Units: a.OwnUnits,
			Arm: arm, Cluster: d.cluster, Slot: slot, Product: market.None, New: true}
		if d.whole {
			o.Revenue, o.Profit, o.Units = a.Revenue, a.Profit, a.Units
		}
		d.entries = append(d.entries, o)
		d.now++
	}
	return true
}
