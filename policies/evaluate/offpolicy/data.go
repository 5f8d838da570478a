package offpolicy

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// data is what estimators work on: trajectories of decisions, and of each decision how probable it is under the target. A trajectory is an
// episode, or in the single-step context one decision.
type data struct {
	spec    *env.Spec
	offers  int
	from    []int     // trajectory k is decisions from[k] … from[k+1]−1
	unit    []int     // by trajectory: the cluster that it is part of
	units   int       // clusters
	horizon int       // steps of the longest trajectory
	step    []int     // by decision: its place in its trajectory
	action  []int     // by decision
	reward  []float64 // by decision
	worth   []float64 // by decision: what $1 of its reward is worth at the trajectory's start
	weight  []float64 // by decision: π(a|s)/μ(a|s)
	ratio   []float64 // by decision: the product of the weights of its trajectory so far
	odds    []float64 // [decision*offers+action] π(·|s)
	seen    []float64 // [decision*features] observations, in the spec's order
	byStep  [][]int   // decisions at each step
	left    []string  // what was left out, in words
	lines   []*decisionlog.Decision
	allowed func(i int) []bool
}

func (d *data) len() int { return len(d.action) }

func (d *data) trajectories() int { return len(d.unit) }

func (d *data) observation(i int) []float64 {
	n := len(d.spec.Features)
	return d.seen[i*n : (i+1)*n]
}

func (d *data) lawOf(i int) []float64 { return d.odds[i*d.offers : (i+1)*d.offers] }

// gather takes a log apart into trajectories and asks the target about every decision.
func gather(log *decisionlog.Log, target policies.Policy, spec *env.Spec, o *Options) (*data, error) {
	if err := sameLadder(log, spec); err != nil {
		return nil, err
	}
	d := &data{spec: spec, offers: len(spec.Offers)}
	d.allowed = func(i int) []bool { return log.Masks[d.lines[i].Mask] }
	if err := d.cut(log, o); err != nil {
		return nil, err
	}
	features, err := sameFeatures(log, target, spec)
	if err != nil {
		return nil, err
	}
	n, width := d.len(), len(spec.Features)
	d.seen, d.odds = make([]float64, n*width), make([]float64, n*d.offers)
	d.weight, d.ratio = make([]float64, n), make([]float64, n)
	var lock sync.Mutex
	worst := n
	parallel(o.Workers, n, func(from, to int) {
		for i := from; i < to; i++ {
			log.Observe(d.lines[i], features, d.seen[i*width:(i+1)*width])
			odds := d.lawOf(i)
			policies.Odds(target, d.observation(i), odds)
			sum := 0.0
			for _, p := range odds {
				sum += p
			}
			if math.Abs(sum-1) > 1e-6 {
				lock.Lock()
				worst = min(worst, i)
				lock.Unlock()
			}
			d.weight[i] = odds[d.action[i]] / d.lines[i].Propensity
		}
	})
	if worst < n {
		return nil, log.Fault(d.lines[worst], "policy", fmt.Sprintf("odds %v of the offers", d.lawOf(worst)), "odds that sum to 1")
	}
	for k := range d.trajectories() {
		product := 1.0
		for i := d.from[k]; i < d.from[k+1]; i++ {
			product *= d.weight[i]
			d.ratio[i] = product
		}
	}
	return d, nil
}

// cut makes trajectories of the log's decisions.
func (d *data) cut(log *decisionlog.Log, o *Options) error {
	take := func(line *decisionlog.Decision, step int, worth float64) {
		d.lines = append(d.lines, line)
		d.action, d.reward, d.worth, d.step = append(d.action, int(line.Action)), append(d.reward, line.Reward), append(d.worth, worth), append(d.step, step)
		for len(d.byStep) <= step {
			d.byStep = append(d.byStep, nil)
		}
		d.byStep[step] = append(d.byStep[step], d.len()-1)
	}
	unfinished, awaited := 0, 0
	unknown := func(line decisionlog.Decision) bool { return math.IsNaN(line.Reward) }
	for at := 0; at < len(log.Decisions); {
		end := at + 1
		for end < len(log.Decisions) && log.Decisions[end].Unit == log.Decisions[at].Unit {
			end++
		}
		lines := log.Decisions[at:end]
		at = end
		if o.Single && slices.ContainsFunc(lines, unknown) {
			all := len(lines)
			lines = slices.DeleteFunc(slices.Clone(lines), unknown)
			awaited += all - len(lines)
			if len(lines) == 0 {
				continue
			}
		}
		if !o.Single && !lines[len(lines)-1].Last {
			unfinished++
			continue
		}
		if !o.Single && slices.ContainsFunc(lines, unknown) {
			awaited++
			continue
		}
		worth := 1.0
		for k := range lines {
			line := &lines[k]
			if o.Single {
				d.from, d.unit = append(d.from, d.len()), append(d.unit, d.units)
				take(line, 0, 1)
				continue
			}
			if line.Step != int64(k) {
				return log.Fault(line, "step", line.Step, fmt.Sprintf("%d, the next of unit %q; or decisions taken one by one", k, log.Units[line.Unit]))
			}
			if k == 0 {
				d.from, d.unit = append(d.from, d.len()), append(d.unit, d.units)
			}
			take(line, k, worth)
			discount := line.Discount
			if o.Discount != nil {
				discount = *o.Discount
			}
			worth *= discount
		}
		d.units++
	}
	d.from = append(d.from, d.len())
	d.horizon = len(d.byStep)
	if unfinished > 0 {
		d.left = append(d.left, fmt.Sprintf("%d of %d units have no last decision and were left out", unfinished, unfinished+d.units))
	}
	if awaited > 0 {
		d.left = append(d.left, fmt.Sprintf("%d %s with a reward that is not known yet were left out", awaited, map[bool]string{true: "decisions", false: "units"}[o.Single]))
	}
	if d.units < 2 {
		bad := &field.Error{File: log.File, Key: "unit", Found: fmt.Sprintf("%d complete", d.units), Expected: "at least 2, for an interval"}
		if unfinished > 1 && !o.Single {
			bad.Expected += fmt.Sprintf("; %d have no last decision, as those of a service: --single takes decisions one by one", unfinished)
		}
		return bad
	}
	return nil
}

// Logger is how far one of several policies that logged tells of the target by itself. Propensities are those of the policy that decided and not of the mixture, so that weights of all decisions
// together, though right in the mean, may be worth less than those of the policy that is nearest to the target (Agarwal, Basu, Schnabel & Joachims 2017, KDD).
type Logger struct {
	Policy       string  `json:"policy"`
	Trajectories int     `json:"trajectories"` // all of whose decisions are its own
	Effective    float64 `json:"effective"`    // of them, by weights
}

// loggers sums up the weights of each policy that logged, in the order of the log; nil where there is one.
func (d *data) loggers(log *decisionlog.Log) (all []Logger) {
	at, sums, squares := map[string]int{}, []float64{}, []float64{}
	for _, a := range log.Policies { // which lists revisions
		if _, known := at[a.Policy]; !known {
			at[a.Policy] = len(all)
			all, sums, squares = append(all, Logger{Policy: a.Policy}), append(sums, 0), append(squares, 0)
		}
	}
	if len(all) < 2 {
		return nil
	}
	for k := range d.trajectories() {
		own := d.lines[d.from[k]:d.from[k+1]]
		name := log.Policies[own[0].Policy].Policy
		if slices.ContainsFunc(own, func(l *decisionlog.Decision) bool { return log.Policies[l.Policy].Policy != name }) {
			continue
		}
		i, rho := at[name], d.ratio[d.from[k+1]-1]
		all[i].Trajectories++
		sums[i], squares[i] = sums[i]+rho, squares[i]+float64(rho*rho)
	}
	for i := range all {
		all[i].Effective = kish(sums[i], squares[i])
	}
	return all
}

// sameLadder checks that actions mean the same offers in the log and to the policy.
func sameLadder(log *decisionlog.Log, spec *env.Spec) error {
	for a, offer := range log.Offers {
		if a >= len(spec.Offers) {
			return &field.Error{File: log.File, Key: "action", Found: fmt.Sprint(a), Expected: fmt.Sprintf("an offer of the policy's ladder, 0 to %d", len(spec.Offers)-1)}
		}
		if own := spec.Offers[a]; log.Seen[a] && (math.Abs(own.Price-offer.Price) > 1e-9 || own.Promotion != offer.Promotion) {
			return &field.Error{File: log.File, Key: "price", Found: fmt.Sprintf("%v %s for action %d", offer.Price, offer.Promotion, a),
				Expected: fmt.Sprintf("%v %s, the policy's: another ladder", own.Price, own.Promotion)}
		}
	}
	return nil
}

// sameFeatures finds the policy's features in the log; those that it looks at must be there.
func sameFeatures(log *decisionlog.Log, target policies.Policy, spec *env.Spec) ([]int, error) {
	at := make([]int, len(spec.Features))
	frozen, known := target.(policies.Frozen)
	for k, f := range spec.Features {
		if at[k] = log.Feature(f.Name); at[k] < 0 && known && frozen.About().LooksAt(k) {
			return nil, &field.Error{File: log.File, Key: "observation." + f.Name, Found: "nothing", Expected: "a feature that the policy looks at"}
		}
	}
	return at, nil
}

// parallel splits the work on 0 … n−1.
func parallel(workers, n int, work func(from, to int)) {
	workers = max(1, min(workers, n/1024))
	var group sync.WaitGroup
	for w := range workers {
		group.Go(func() { work(w*n/workers, (w+1)*n/workers) })
	}
	group.Wait()
}
