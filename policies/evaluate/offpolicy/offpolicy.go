// Package offpolicy tells what a policy would have earned from the log of another one, without trying it: estimators by weights, by
// models and by both, with intervals, and the checks that say when a log cannot tell.
//
// A log is of decisions with propensities. A decision's weight is π(a|s)/μ(a|s), how much more probable the offer that was made is
// under the target π than it was when it was made. Estimators are of an episode's discounted reward, or in the single-step context of a
// decision's reward at the observations that were logged. All share one mechanism: weights, products of weights along trajectories, and a model Q
// of what is still to come, fitted backwards step by step (fitted Q evaluation), on other units than those it is told of (cross-fitting:
// Chernozhukov et al. 2018). With one step trajectories are decisions, Q is the reward model, and the sequential estimators are those
// of contextual bandits.
package offpolicy

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Options are how a log is evaluated.
type Options struct {
	Single    bool              // every decision stands alone: its reward, at the observations that were logged
	Discount  *float64          // in place of the log's, from one decision of a unit to the next
	Model     string            // of rewards: linear, tabular or constant
	State     *policies.Encoder // cells of the state, for tables; nil: quantiles of the features
	Level     float64           // of intervals, as 0.95
	Resamples int               // of the bootstrap
	Folds     int               // of cross-fitting, 2 or more
	Least     float64           // effective sample size below which an estimator says nothing
	Seed      uint64            // of the bootstrap
	Workers   int               // goroutines, which change nothing but the time
}

// Defaults are the options where nobody says otherwise.
func Defaults() Options {
	return Options{Model: "linear", Level: 0.95, Resamples: 2000, Folds: 3, Least: 100, Workers: 1}
}

// Has tells whether a key of an error is that of an option.
func (o *Options) Has(key string) bool {
	return slices.Contains([]string{"discount", "model", "level", "resamples", "folds"}, key)
}

// Tells says whether the log tells anything of the policy.
func (r *Result) Tells() bool {
	return slices.ContainsFunc(r.Estimates, func(row Row) bool { return row.Estimate != nil })
}

// Result is what a log tells of a policy.
type Result struct {
	Context      string   `json:"context"` // single-step or episodes
	Decisions    int      `json:"decisions"`
	Trajectories int      `json:"trajectories"`
	Units        int      `json:"units"`
	Steps        int      `json:"steps"` // of the longest trajectory
	Model        string   `json:"model"`
	Logged       Row      `json:"logged"` // what the logging policy earned
	Estimates    []Row    `json:"estimates"`
	Weights      Weights  `json:"weights"`
	Loggers      []Logger `json:"by_logger,omitempty"` // where several policies logged
	Support      []Offer  `json:"support"`
	Refused      string   `json:"refused,omitempty"` // why the log tells nothing of this policy
	Warnings     []string `json:"warnings,omitempty"`
}

// Row is one estimate.
type Row struct {
	Name      string          `json:"name"`
	Estimate  *stats.Estimate `json:"estimate,omitempty"`              // nil where it is refused
	Bernstein *[2]float64     `json:"empirical_bernstein,omitempty"`   // interval; of ips, per-decision and dr, where trajectories are the units
	Effective float64         `json:"effective_sample_size,omitempty"` // that it rests on
	Threshold float64         `json:"threshold,omitempty"`             // τ of switch-dr
	Refused   string          `json:"refused,omitempty"`
}

// Weights say how far the target is from the logging policy.
type Weights struct {
	Mean          float64 `json:"mean"` // of the decisions': 1 but for chance where the log's propensities are right and cover the target
	MeanError     float64 `json:"mean_standard_error"`
	Largest       float64 `json:"largest"`        // of the decisions'
	LargestRatio  float64 `json:"largest_ratio"`  // of the trajectories'
	Decisions     float64 `json:"effective"`      // effective number of decisions
	Trajectories  float64 `json:"effective_full"` // of trajectories, by products of weights
	Marginal      float64 `json:"effective_marginal"`
	FewestOfTotal float64 `json:"effective_share"` // Trajectories of all
}

// Offer is one rung of the ladder in the log and under the target.
type Offer struct {
	env.Offer
	Logged int     `json:"logged"` // decisions that made it
	Target float64 `json:"target"` // share of the target's decisions that make it
}

// unsupported is the share of the target's decisions that a log may know nothing of.
const unsupported = 0.01

// certain is the propensity from which on the log never tries anything else at an observation.
const certain = 1 - 1e-9

// nearOne is by how many standard errors the mean weight may differ from 1 before it is told: a false alarm in 20 logs.
const nearOne = 2

// farFromOne is by how many standard errors the mean weight may differ from 1: 5 is a false alarm in two million logs, more often where weights
// are skewed.
const farFromOne = 5

// Evaluate evaluates a target policy, that observes and offers as spec says, by a log. A log that does not tell of the policy gives a Result with
// Refused, and no estimates; errors are of what is wrong with the log or the options, as *field.Error.
func Evaluate(log *decisionlog.Log, target policies.Policy, spec *env.Spec, o Options) (*Result, error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	d, err := gather(log, target, spec, &o)
	if err != nil {
		return nil, err
	}
	e := &evaluation{data: d, o: &o, blocks: min(d.units, mostBlocks)}
	e.cell, e.cells = cellsOf(d, o.State)
	r := &Result{Context: "episodes", Decisions: d.len(), Trajectories: d.trajectories(), Units: d.units, Steps: d.horizon, Model: o.Model,
		Warnings: slices.Concat(log.Warnings, d.left)}
	if o.Single {
		r.Context = "single-step"
	}
	r.Support, r.Weights, r.Loggers = d.support(), e.weights(), d.loggers(log)
	if r.Refused = d.refuse(r); r.Refused == "" && abs(r.Weights.Mean-1) > max(nearOne*r.Weights.MeanError, rounding) {
		r.Warnings = append(r.Warnings, fmt.Sprintf("the mean weight is %.4g ± %.2g and not 1: chance, as in one log of 20, or the log's propensities are wrong or it never tries what the policy does at some observations",
			r.Weights.Mean, 2*r.Weights.MeanError))
	}
	r.Logged = Row{Name: "logged", Estimate: &bootstrap([]*terms{mean(brought)(d, nil, e.block, e.blocks)}, e.blocks, &o)[0], Effective: float64(d.trajectories())}
	if r.Refused == "" {
		r.Estimates = e.rows(r)
	}
	return r, nil
}

// Check refuses options out of their ranges: a *field.Error with the option's key.
func (o *Options) Check() error {
	switch {
	case o.Discount != nil && !(*o.Discount >= 0 && *o.Discount <= 1):
		return field.New("discount", *o.Discount, "a number from 0 to 1")
	case !slices.Contains(Models(), o.Model):
		return field.New("model", fmt.Sprintf("%q", o.Model), fmt.Sprint(Models()))
	case !(o.Level > 0 && o.Level < 1):
		return field.New("level", o.Level, "a number between 0 and 1")
	case o.Resamples < 100:
		return field.New("resamples", o.Resamples, "at least 100")
	case o.Folds < 2:
		return field.New("folds", o.Folds, "at least 2")
	}
	return nil
}

// Models are the names of the models of rewards.
func Models() []string { return []string{"linear", "tabular", "constant"} }

func brought(d *data, _ *values, from, to int) (sum float64) {
	for i := from; i < to; i++ {
		sum += d.worth[i] * d.reward[i]
	}
	return sum
}

// mostBlocks of units are resampled; more units than that are put together in blocks, which are as independent as units.
const mostBlocks = 2000

// evaluation is one call of Evaluate.
type evaluation struct {
	*data
	o           *Options
	cell        []int
	cells       int
	blocks      int
	effectively float64 // of the marginal weights
}

func (e *evaluation) block(trajectory int) int { return e.unit[trajectory] % e.blocks }

// groups of units are left out in turn where an estimator is fitted anew.
func (e *evaluation) groups() int { return min(e.units, 20) }

func (e *evaluation) regressor() regressor {
	switch e.o.Model {
	case "tabular":
		return &tabular{e.data, e.cell, e.cells}
	case "constant":
		return constant{}
	}
	return newLinear(e.data)
}

// rows computes all estimates.
func (e *evaluation) rows(r *Result) []Row {
	model := e.regressor()
	n := e.len()
	q := &values{make([]float64, n), make([]float64, n)}
	folds := min(e.o.Folds, e.units)
	each(e.o.Workers, folds, func(f int) {
		evaluateQ(e.data, model, func(u int) bool { return u%folds != f }, func(u int) bool { return u%folds == f }, q)
	})
	tau := threshold(e.data, q)
	type entry struct {
		name string
		of   weighting
	}
	all := []entry{{"ips", inverse}, {"snips", selfNormalised}}
	if !e.o.Single {
		all = append(all, entry{"per-decision", perDecision}, entry{"per-decision weighted", perDecisionWeighted})
	}
	all = append(all, entry{"dr", doublyRobust}, entry{"weighted dr", weightedDoublyRobust}, entry{"switch-dr", switched(tau)})
	parts := make([]*terms, len(all))
	each(e.o.Workers, len(all), func(i int) { parts[i] = all[i].of(e.data, q, e.block, e.blocks) })
	estimates := bootstrap(parts, e.blocks, e.o)
	rows := e.modelled(model)
	for i, entry := range all {
		row := Row{Name: entry.name, Estimate: &estimates[i], Effective: r.Weights.Trajectories}
		if entry.name == "switch-dr" {
			row.Threshold = tau
			// τ was chosen on this very log, which makes an interval of its own too narrow: it has that of dr, whose error is no smaller.
			dr := estimates[i-2]
			row.Estimate.StandardError, row.Estimate.Low, row.Estimate.High = dr.StandardError, row.Estimate.Value+dr.Low-dr.Value, row.Estimate.Value+dr.High-dr.Value
		}
		switch entry.name {
		case "ips", "per-decision":
			row.Bernstein = e.bernstein(entry.of, q, 1)
		case "dr":
			row.Bernstein = e.bernstein(entry.of, q, folds)
		}
		rows = append(rows, row)
	}
	for i := range rows {
		row := &rows[i]
		if row.Effective < e.o.Least {
			row.Refused = fmt.Sprintf("rests on %.3g effective trajectories, fewer than %g", row.Effective, e.o.Least)
		}
		if row.Refused != "" {
			row.Estimate, row.Bernstein = nil, nil
		}
	}
	return rows
}

// modelled are the estimates by models and cells, fitted anew without each group of units. Marginalised weights hold where the cells tell what the future hangs on; their doubly robust
// form holds there too, and where the model is right. Where the two differ by more than chance, the cells do not, and the former is refused (Hausman 1978, Econometrica 46).
func (e *evaluation) modelled(model regressor) []Row {
	groups := e.groups()
	const direct, plain, robust = 0, 1, 2
	out := make([][3]float64, groups+1)
	each(e.o.Workers, groups+1, func(g int) {
		q, x := &values{make([]float64, e.len()), make([]float64, e.len())}, &out[g]
		in := func(u int) bool { return u%groups != g-1 }
		evaluateQ(e.data, model, in, in, q)
		n := 0.0
		for k := range e.trajectories() {
			if in(e.unit[k]) {
				x[direct], n = x[direct]+q.target[e.from[k]], n+1
			}
		}
		x[direct] /= n
		if e.o.Single {
			return
		}
		surprise := make([]float64, e.len())
		for k := range e.trajectories() {
			for i := e.from[k]; i < e.from[k+1]; i++ {
				surprise[i] = e.surprise(q, i, e.from[k+1])
			}
		}
		take := func(k int) bool { return in(e.unit[k]) }
		x[plain], _ = marginal(e.data, e.cell, e.cells, e.reward, take)
		x[robust], _ = marginal(e.data, e.cell, e.cells, surprise, take)
		x[robust] += x[direct]
	})
	interval := func(statistic func(x *[3]float64) float64) *stats.Estimate {
		estimate := jackknife(groups, e.o.Level, func(without int) float64 { return statistic(&out[without+1]) })
		return &estimate
	}
	of := func(name string, which int) Row {
		return Row{Name: name, Estimate: interval(func(x *[3]float64) float64 { return x[which] }), Effective: e.effectively}
	}
	if e.o.Single {
		return []Row{of("dm", direct)}
	}
	rows := []Row{of("fqe", direct), of("marginalised", plain), of("marginalised dr", robust)}
	if apart := interval(func(x *[3]float64) float64 { return x[plain] - x[robust] }); apart.Low > 0 || apart.High < 0 {
		rows[plain].Refused = fmt.Sprintf("differs by %.4g ± %.2g from its doubly robust form: cells of the state leave out what the future hangs on", apart.Value, apart.High-apart.Value)
	}
	return rows
}

// bernstein is the empirical Bernstein interval of an unbiased mean over trajectories, where these are the units; the range is that seen, so that it does not know of weights that are larger
// than any of the log. Of what a model of the other folds corrects, terms are independent, and right in the mean, within a fold alone: each fold has the interval of its share of the error,
// and of all these the mean. SWITCH-DR has none: it is biased by what it leaves out, which also takes away the range.
func (e *evaluation) bernstein(of weighting, q *values, folds int) *[2]float64 {
	if e.trajectories() != e.units {
		return nil
	}
	all := of(e.data, q, func(trajectory int) int { return e.unit[trajectory] }, e.units).num
	out := &[2]float64{}
	for f := range folds {
		var x []float64
		for u := f; u < e.units; u += folds {
			x = append(x, all[u])
		}
		if len(x) < 2 {
			return nil
		}
		low, high := Bernstein(x, slices.Max(x)-slices.Min(x), 1-(1-e.o.Level)/float64(folds))
		share := float64(len(x)) / float64(e.units)
		out[0], out[1] = out[0]+share*low, out[1]+share*high
	}
	return out
}

// weights sums up the weights.
func (e *evaluation) weights() Weights {
	d := e.data
	w := Weights{}
	units := make([]float64, d.units) // Σ(w − 1) of each
	sum, square := 0.0, 0.0
	full, squares := 0.0, 0.0
	for k := range d.trajectories() {
		for i := d.from[k]; i < d.from[k+1]; i++ {
			x := d.weight[i]
			units[d.unit[k]] += x
			sum, square, w.Largest = sum+x, square+x*x, max(w.Largest, x)
		}
		rho := d.ratio[d.from[k+1]-1]
		full, squares, w.LargestRatio = full+rho, squares+rho*rho, max(w.LargestRatio, rho)
	}
	n := float64(d.len())
	w.Mean = sum / n
	sizes := make([]float64, d.units)
	for k := range d.trajectories() {
		sizes[d.unit[k]] += float64(d.from[k+1] - d.from[k])
	}
	variance := 0.0
	for u, x := range units {
		x -= w.Mean * sizes[u]
		variance += x * x
	}
	w.MeanError = math.Sqrt(variance) / n
	w.Decisions, w.Trajectories = kish(sum, square), kish(full, squares)
	w.FewestOfTotal = w.Trajectories / float64(d.trajectories())
	_, e.effectively = marginal(d, e.cell, e.cells, d.reward, func(int) bool { return true })
	w.Marginal = e.effectively
	return w
}

// kish is the effective sample size of weights, (Σw)²/Σw² (Kish 1965; Owen 2013, Monte Carlo theory, methods and examples, §9.3).
func kish(sum, square float64) float64 {
	if square == 0 {
		return 0
	}
	return sum * sum / square
}

// support holds the target's offers against the log's.
func (d *data) support() []Offer {
	out := make([]Offer, d.offers)
	for a := range out {
		out[a].Offer = d.spec.Offers[a]
	}
	for i := range d.len() {
		out[d.action[i]].Logged++
		for a, p := range d.lawOf(i) {
			out[a].Target += p
		}
	}
	for a := range out {
		out[a].Target /= float64(d.len())
	}
	return out
}

// refuse says why a log tells nothing of the target; "" where it does.
func (d *data) refuse(r *Result) string {
	never, forbidden, untried := 0.0, 0.0, 0.0
	for _, o := range r.Support {
		if o.Logged == 0 {
			never += o.Target
		}
	}
	for i := range d.len() {
		mask := d.allowed(i)
		for a, p := range d.lawOf(i) {
			if a >= len(mask) || !mask[a] {
				forbidden += p
			}
		}
		if d.lines[i].Propensity >= certain {
			untried += 1 - d.lawOf(i)[d.action[i]]
		}
	}
	forbidden, untried = forbidden/float64(d.len()), untried/float64(d.len())
	w := &r.Weights
	switch {
	case never > unsupported:
		return fmt.Sprintf("%.3g%% of the policy's decisions make offers that the log never makes: it cannot tell what these bring", 100*never)
	case forbidden > unsupported:
		return fmt.Sprintf("%.3g%% of the policy's decisions make offers that were not allowed when the log was written", 100*forbidden)
	case untried > unsupported:
		return fmt.Sprintf("%.3g%% of the policy's decisions make another offer where the log made its own with certainty: it cannot tell what these bring", 100*untried)
	case abs(w.Mean-1) > unsupported && abs(w.Mean-1) > farFromOne*w.MeanError:
		return fmt.Sprintf("the mean weight is %.4g ± %.2g and not 1: the propensities are not those with which the log was made, or it never tries what the policy does at some observations",
			w.Mean, 2*w.MeanError)
	}
	return ""
}

// cellsOf numbers the cells of the state: those of an encoder, or of quantiles of features.
func cellsOf(d *data, encoder *policies.Encoder) ([]int, int) {
	if encoder == nil {
		encoder = quantiles(d)
	}
	cell, number := make([]int, d.len()), map[int]int{}
	for i := range cell {
		s := encoder.Encode(d.observation(i))
		c, ok := number[s]
		if !ok {
			c = len(number)
			number[s] = c
		}
		cell[i] = c
	}
	return cell, len(number)
}

// perCell is how many decisions of each offer a cell should have at a step, for its mean to say something.
const perCell = 10

// quantiles cuts features that vary into as many bins as the decisions of a step can fill.
func quantiles(d *data) *policies.Encoder {
	e := &policies.Encoder{}
	room := float64(d.len()) / float64(d.horizon*d.offers*perCell)
	var varying []policies.Dimension
	var levels [][]float64
	for f := range d.spec.Features {
		var x []float64
		for i := range d.len() {
			if v := d.seen[i*len(d.spec.Features)+f]; v == v {
				x = append(x, v)
			}
		}
		slices.Sort(x)
		if len(x) > 0 && x[0] < x[len(x)-1] {
			varying = append(varying, policies.Dimension{Feature: d.spec.Features[f].Name, Index: f})
			levels = append(levels, x)
		}
	}
	if len(varying) == 0 {
		return e
	}
	bins := int(min(max(math.Pow(room, 1/float64(len(varying))), 1), 16))
	for k, v := range varying {
		for b := 1; b < bins; b++ {
			edge := levels[k][b*len(levels[k])/bins]
			if edge > levels[k][0] && (len(v.Edges) == 0 || edge > v.Edges[len(v.Edges)-1]) {
				v.Edges = append(v.Edges, edge)
			}
		}
		if len(v.Edges) > 0 {
			e.Dimensions = append(e.Dimensions, v)
		}
	}
	return e
}

// each runs work for 0 … n−1 on some goroutines.
func each(workers, n int, work func(i int)) {
	next := make(chan int)
	done := make(chan struct{})
	workers = max(1, min(workers, n))
	for range workers {
		go func() {
			for i := range next {
				work(i)
			}
			done <- struct{}{}
		}()
	}
	for i := range n {
		next <- i
	}
	close(next)
	for range workers {
		<-done
	}
}
