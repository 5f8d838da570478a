package workflow

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate/offpolicy"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/results/stats"
)

// Retrospect is what the window of the log says that either policy would have earned a decision, at the observations that were logged.
type Retrospect struct {
	Decisions int             `json:"decisions"` // whose reward is known
	Logged    stats.Estimate  `json:"as_logged"`
	Champion  *stats.Estimate `json:"champion,omitempty"`  // without exploration; nil where the log does not tell
	Candidate *stats.Estimate `json:"candidate,omitempty"` // likewise
	By        string          `json:"estimator,omitempty"`
	Refused   string          `json:"refused,omitempty"` // why the log does not tell
}

// retrospect asks the log, each decision by itself: what prices do to later ones is the refitted market's to say.
func (t *Turn) retrospect(l *ledger, likely *mixture, candidate policies.Policy, level float64) (*Retrospect, error) {
	log := told(l.log)
	r := &Retrospect{Decisions: len(log.Decisions)}
	if r.Decisions < 2*loopBlocks {
		r.Refused = "too few decisions have a reward"
		return r, nil
	}
	o := offpolicy.Defaults()
	o.Single, o.Level, o.Workers, o.Seed, o.Resamples = true, level, t.Workers, uint64(t.Scenario.Seed), loopResamples
	spec := likely.seats().Spec
	encoder := likely.seats().Encoder
	o.State = &encoder
	champion := translated(t.Champion.Policy, &t.Champion.Policy.About().Spec, spec)
	for _, one := range []struct {
		policy policies.Policy
		into   **stats.Estimate
	}{{champion, &r.Champion}, {candidate, &r.Candidate}} {
		result, err := offpolicy.Evaluate(log, one.policy, spec, o)
		if err != nil {
			return nil, err
		}
		if result.Logged.Estimate != nil {
			r.Logged = *result.Logged.Estimate
		}
		report := &OffPolicyReport{Result: result}
		if best := report.best(); best != nil {
			*one.into, r.By = best.Estimate, best.Name
		} else if r.Refused == "" {
			if r.Refused = result.Refused; r.Refused == "" {
				most := 0.0
				for _, row := range result.Estimates {
					most = max(most, row.Effective)
				}
				r.Refused = fmt.Sprintf("every estimate rests on too few effective decisions, %.0f at most of the %.0f that are needed: a longer loop.window or more exploration gives more", most, o.Least)
			}
		}
	}
	return r, nil
}

// loopBlocks is how many independent units a log must have for its bootstrap.
const loopBlocks = 20

// blocked cuts the units of a log of few into blocks of decisions that follow each other, which count as units: resampling keeps together what hangs together
// within them (Carlstein 1986, Annals of Statistics 14). It says whether there were few.
func blocked(log *decisionlog.Log) bool {
	of := map[int32]int{}
	for i := range log.Decisions {
		of[log.Decisions[i].Unit]++
	}
	if len(of) >= loopBlocks {
		return false
	}
	long := (len(log.Decisions) + loopBlocks - 1) / loopBlocks
	var names []string
	within, before := 0, int32(-1)
	for i := range log.Decisions {
		d := &log.Decisions[i]
		if within == long || d.Unit != before {
			names, within, before = append(names, fmt.Sprintf("%s/%d", log.Units[d.Unit], len(names))), 0, d.Unit
		}
		within++
		d.Unit = int32(len(names) - 1)
	}
	log.Units = names
	return true
}

// loopResamples is of the bootstrap: intervals here are a check, not the finding.
const loopResamples = 500

// least is what the candidate must be able to have earned, where a share of what the champion did may be lost.
func (r *Retrospect) least(loss float64) float64 {
	return r.Champion.Value - loss*math.Abs(r.Champion.Value)
}

// mute tells that the log does not say what either would have earned.
func (r *Retrospect) mute() bool { return r.Champion == nil || r.Candidate == nil }

// allows tells whether the log does not speak against the candidate: what it does not tell it cannot hold against it.
func (r *Retrospect) allows(loss float64) bool {
	return r.mute() || r.Candidate.High >= r.least(loss)
}

// sentence says so in words.
func (r *Retrospect) sentence(loss float64) string {
	if r.mute() {
		return "the log does not tell what the candidate would have earned (" + r.Refused + "), which is not held against it: what speaks for it is simulation alone"
	}
	says := "does not speak against the candidate"
	if !r.allows(loss) {
		says = "speaks against the candidate"
	}
	return fmt.Sprintf("the log %s: a decision of its would have earned %s (%s to %s, by %s), the champion's %s", says, sumOf(r.Candidate.Value), sumOf(r.Candidate.Low), sumOf(r.Candidate.High), r.By, sumOf(r.Champion.Value))
}
