package workflow

import (
	"context"
	"math"
	"math/bits"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/results/stats"
)

// Crossed is what is learned from one half of the window and judged by the other, both ways. A candidate that is judged by the choices that it learned from looks
// better than it is, for it has learned their noise too (the optimiser's curse: Smith & Winkler 2006, Management Science 52); one that has never met them does not
// (cross-fitting: Chernozhukov et al. 2018, Econometrics Journal 21). What is uncertain is the one true market, and not the mean of many: more paths do not make the
// interval narrower than the log does.
type Crossed struct {
	Gain        stats.Estimate `json:"gain"`        // of a candidate of one half over the champion in the one true market, as the other half shows it; $ a period
	Probability float64        `json:"probability"` // that it is more than the gate asks for
	Refused     string         `json:"refused,omitempty"`
	Halves      []Half         `json:"halves,omitempty"`
}

// Half is what was learned from one half of the window and judged by the other.
type Half struct {
	Decisions int            `json:"decisions"` // that it learned from
	Gain      stats.Estimate `json:"gain"`      // mean over the markets that the other half leaves open; its error is of the one true market
	Tastes    *choice.Logit  `json:"-"`         // of the half

	ledger *ledger
	policy policies.Policy // that was learned from it
}

// crossBlocks is into how many blocks a window is cut at most, which go to one half or the other.
const crossBlocks = 16

// halves deals out the blocks of a window in the order of Thue and Morse, 0 1 1 0 1 0 0 1 and so on, whose sums of any power of time are alike in both (Prouhet 1851): neither
// half is the newer one, and no cycle falls to one of them.
func (l *ledger) halves() [2]*ledger {
	first, last := l.entries[0].from, l.entries[len(l.entries)-1].from
	long := max(1, (last-first+1)/crossBlocks)
	side := func(at float64) int { return bits.OnesCount(uint(max(0, (at-first)/long))) % 2 }
	var both [2]*ledger
	for k := range both {
		log, half := *l.log, *l
		log.Decisions = nil
		half.log, half.entries = &log, nil
		both[k] = &half
	}
	for i := range l.log.Decisions {
		d := &l.log.Decisions[i]
		both[side(d.Time*l.unit)].log.Decisions = append(both[side(d.Time*l.unit)].log.Decisions, *d)
	}
	for i := range l.entries {
		half := both[side(l.entries[i].from)]
		half.entries = append(half.entries, l.entries[i])
	}
	return both
}

// split fits the tastes of both halves, before the refit makes the scenario's their own. Refused tells why it cannot be done.
func (b *bazaar) split(l *ledger, window float64) *Crossed {
	x := &Crossed{}
	for _, half := range l.halves() {
		if len(half.entries) == 0 {
			x.Refused = "the window is too short to be halved"
			return x
		}
		r := &Refit{}
		if err := b.refitTastes(r, half, window); err != nil {
			x.Refused = "half of the window is too little to judge by: " + err.Error()
			return x
		}
		x.Halves = append(x.Halves, Half{Decisions: len(half.entries), Tastes: r.Tastes, ledger: half})
	}
	return x
}

// cross learns from each half, and holds what was learned against the champion in the markets of the other.
func (t *Turn) cross(ctx context.Context, b *bazaar, x *Crossed, least, level float64) error {
	quiet := *t
	quiet.Watch = nil
	run := &Run{Scenario: t.Scenario, Workers: t.Workers}
	for k := range x.Halves {
		h, other := &x.Halves[k], &x.Halves[1-k]
		school, err := b.plausible(ctx, h.Tastes, refitLearned)
		if err != nil {
			return err
		}
		candidate, _, err := quiet.learn(ctx, b, school)
		if err != nil {
			return err
		}
		h.policy = candidate.Policy
		likely, err := b.plausible(ctx, other.Tastes, refitJudged)
		if err != nil {
			return err
		}
		c := t.contest(likely, run, level)
		t.enter(c, likely, h.policy)
		result, err := c.Run(ctx)
		if err != nil {
			return err
		}
		h.Gain = inOneOf(result.Rows[1].Scores[0], result.Rows[0].Scores[0], len(likely.worlds), level)
	}
	x.pool(least, level)
	return nil
}

// pool is the mean of both ways: what is learned from one half has nothing to do with the errors of the other, and so to first order the two gains' errors are independent.
func (x *Crossed) pool(least, level float64) {
	one, two := &x.Halves[0].Gain, &x.Halves[1].Gain
	value, se := (one.Value+two.Value)/2, math.Hypot(one.StandardError, two.StandardError)/2
	x.Gain = studentEstimate(value, se, level)
	switch {
	case se > 0:
		x.Probability = crossLaw.CDF((value - least) / se)
	case value > least:
		x.Probability = 1
	}
}

// crossLaw is that of a gain over its standard error, which is estimated from so many worlds.
var crossLaw = distuv.StudentsT{Sigma: 1, Nu: drawsHeld - 1}

func studentEstimate(value, se, level float64) stats.Estimate {
	half := float64(crossLaw.Quantile((1+level)/2) * se)
	return stats.Estimate{Value: value, StandardError: se, Low: value - half, High: value + half, Level: level}
}

// inOneOf is what one earns more than the other in one of the worlds, of which nobody knows which is the true one; path k is of world k mod worlds. Its variance is that
// between worlds, without what the paths of a world add to it (analysis of variance), and that of the mean over paths.
func inOneOf(one, other []float64, worlds int, level float64) stats.Estimate {
	gain := less(one, other)
	var means []float64
	within, spare := 0.0, 0
	for w := range min(worlds, len(gain)) {
		var of []float64
		for k := w; k < len(gain); k += worlds {
			of = append(of, gain[k])
		}
		means = append(means, stats.Mean(of))
		for _, g := range of {
			within += (g - means[w]) * (g - means[w])
		}
		spare += len(of) - 1
	}
	between := 0.0
	if len(means) > 1 {
		between = stats.Variance(means)
	}
	noise := between // with one path a world there is no telling the two apart
	if spare > 0 {
		noise = within / float64(spare) * float64(len(means)) / float64(len(gain))
		between = max(0, between-noise)
	}
	if spare == 0 {
		noise = 0
	}
	return studentEstimate(stats.Mean(gain), math.Sqrt(between+noise/float64(len(means))), level)
}

// heldBack asks the log of what was learned from the other half of it, both ways; l is all of it.
func (t *Turn) heldBack(l *ledger, likely *mixture, candidate *bundle.Bundle, x *Crossed, level float64) (*Retrospect, error) {
	if x.Refused != "" || x.Halves[0].policy == nil {
		return t.retrospect(l, likely, candidate.Policy, level)
	}
	var both []*Retrospect
	for k := range x.Halves {
		one, err := t.retrospect(x.Halves[1-k].ledger, likely, x.Halves[k].policy, level)
		if err != nil {
			return nil, err
		}
		both = append(both, one)
	}
	return pooled(both[0], both[1]), nil
}

// pooled is what two halves say together, by how many decisions they have; where one of them does not tell, what the other does.
func pooled(a, b *Retrospect) *Retrospect {
	r := &Retrospect{Decisions: a.Decisions + b.Decisions}
	r.Logged = together(&a.Logged, &b.Logged, a.Decisions, b.Decisions)
	tells := func(r *Retrospect) bool { return r.Champion != nil && r.Candidate != nil }
	switch {
	case tells(a) && tells(b):
		champion, candidate := together(a.Champion, b.Champion, a.Decisions, b.Decisions), together(a.Candidate, b.Candidate, a.Decisions, b.Decisions)
		r.Champion, r.Candidate, r.By = &champion, &candidate, a.By
		if b.By != a.By {
			r.By += " and " + b.By
		}
	case tells(a):
		r.Champion, r.Candidate, r.By = a.Champion, a.Candidate, a.By
	case tells(b):
		r.Champion, r.Candidate, r.By = b.Champion, b.Candidate, b.By
	default:
		r.Refused = a.Refused
		if r.Refused == "" {
			r.Refused = b.Refused
		}
	}
	return r
}

// together is the mean of two independent estimates of n and m observations.
func together(a, b *stats.Estimate, n, m int) stats.Estimate {
	p := float64(n) / float64(n+m)
	mean := func(x, y float64) float64 { return float64(p*x) + float64((1-p)*y) }
	hypot := func(x, y float64) float64 { return math.Hypot(p*x, (1-p)*y) }
	e := stats.Estimate{Value: mean(a.Value, b.Value), StandardError: hypot(a.StandardError, b.StandardError), Level: a.Level}
	e.Low, e.High = e.Value-hypot(a.Value-a.Low, b.Value-b.Low), e.Value+hypot(a.High-a.Value, b.High-b.Value)
	return e
}

// told are the decisions of a log whose reward is known, cut into units that are as good as independent.
func told(log *decisionlog.Log) *decisionlog.Log {
	part := *log
	part.Decisions = slices.DeleteFunc(slices.Clone(log.Decisions), func(d decisionlog.Decision) bool { return math.IsNaN(d.Reward) })
	blocked(&part)
	return &part
}
