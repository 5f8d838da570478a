package workflow

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/evaluate/offpolicy"
	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// OffPolicy is a policy that is to be evaluated by a decision log.
type OffPolicy struct {
	Policy   string // a bundle, a rule, or explore(POLICY,ε) of one
	Scenario *scenarios.Scenario
	// Bundle loads a folder; nil without an error where there is no folder of the name.
	Bundle  func(name string) (*bundle.Bundle, error)
	Load    func(name, rules string) (Named, error) // with a scenario
	Options offpolicy.Options
	Read    decisionlog.Options // as the log was read
	Workers int
	Watch   func(Progress)
}

// OffPolicyReport is what a log tells of a policy, and what a scenario's market says of it.
type OffPolicyReport struct {
	Log      string               `json:"log"`
	Digest   string               `json:"log_sha256,omitempty"` // of the log
	Loggers  []decisionlog.Author `json:"logged_by"`
	Outcomes *decisionlog.Joined  `json:"outcomes,omitempty"` // where the log has any
	Policy   string               `json:"policy"`
	Revision string               `json:"revision,omitempty"`
	Scenario string               `json:"scenario,omitempty"`
	*offpolicy.Result
	Simulated *stats.Estimate `json:"simulated,omitempty"` // of the policy in the scenario's market
	Command   string          `json:"command,omitempty"`   // that evaluates it again, but for the scenario
	Dir       string          `json:"-"`                   // of the run
}

// Evaluate evaluates the policy. What is wrong with its name is a *field.Error with the key --policy.
func (o *OffPolicy) Evaluate(ctx context.Context, log *decisionlog.Log) (*OffPolicyReport, error) {
	a, err := o.find(ctx, log)
	if err != nil {
		return nil, err
	}
	return o.evaluate(ctx, log, a)
}

// asked is the policy that is to be evaluated.
type asked struct {
	decider
	spec *env.Spec
	at   *counter // of the scenario; nil without one
}

// find checks what was asked for: the options, and the policy on the ladder of the scenario, fitted, or of the log.
func (o *OffPolicy) find(ctx context.Context, log *decisionlog.Log) (a asked, err error) {
	if err = o.Options.Check(); err != nil {
		return a, err
	}
	if o.Scenario == nil {
		a.decider, a.spec, err = o.target(log)
		return a, err
	}
	if a.at, err = openCounter(ctx, o.Scenario, o.Load, o.run()); err != nil {
		return a, err
	}
	a.spec, o.Options.State = a.at.spec, &a.at.encoder
	a.decider, err = a.at.named(ctx, o.Policy)
	return a, err
}

func (o *OffPolicy) run() *Run { return &Run{Scenario: o.Scenario, Workers: o.Workers, Watch: o.Watch} }

func (o *OffPolicy) evaluate(ctx context.Context, log *decisionlog.Log, a asked) (_ *OffPolicyReport, err error) {
	r := o.run()
	o.Options.Workers = r.workers()
	report := &OffPolicyReport{Log: log.File, Loggers: log.Policies, Policy: a.name, Revision: a.revision}
	if log.Joined.Outcomes > 0 {
		report.Outcomes = &log.Joined
	}
	if o.Scenario != nil {
		report.Scenario = o.Scenario.Name
	}
	cut := false
	if o.Options.Single {
		log, cut = underWay(log)
	}
	if report.Result, err = offpolicy.Evaluate(log, a.Policy, a.spec, o.Options); err != nil {
		return nil, err
	}
	if cut {
		report.Warnings = append(report.Warnings, fmt.Sprintf("fewer than %d units, all under way: blocks of decisions that follow each other are resampled in their place", loopBlocks))
	}
	if note := pooledNote(report.Result); note != "" {
		report.Warnings = append(report.Warnings, note)
	}
	if a.at != nil {
		report.Simulated, err = a.at.simulated(ctx, a.decider, r, &o.Options)
		if o.Options.Single {
			report.Warnings = append(report.Warnings, "simulated is of a decision at the observations to which the policy's own decisions lead, estimates at those that were logged: they differ where decisions change what is seen")
		}
	}
	return report, err
}

// pooledNote says that one of several policies that logged tells more of the target by itself than all together.
func pooledNote(r *offpolicy.Result) string {
	best := -1
	for i := range r.Loggers {
		if best < 0 || r.Loggers[i].Effective > r.Loggers[best].Effective {
			best = i
		}
	}
	if best < 0 || r.Loggers[best].Effective <= r.Weights.Trajectories {
		return ""
	}
	l, what := &r.Loggers[best], "trajectories"
	if r.Context == "single-step" {
		what = "decisions"
	}
	return fmt.Sprintf("%d policies logged, and propensities are each one's own, not those of the mixture: --of %s alone rests on %.0f effective %s of its %d, all together on %.0f", len(r.Loggers), quoted(l.Policy),
		math.Floor(l.Effective), what, l.Trajectories, math.Floor(r.Weights.Trajectories))
}

// underWay cuts a log of few units that are all under way, as a service's of prices for all who come, into blocks (blocked). cut says that it did.
func underWay(log *decisionlog.Log) (part *decisionlog.Log, cut bool) {
	if slices.ContainsFunc(log.Decisions, func(d decisionlog.Decision) bool { return d.Last }) {
		return log, false
	}
	clone := *log
	clone.Decisions = slices.Clone(log.Decisions)
	return &clone, blocked(&clone)
}

// target finds the policy without a scenario: a bundle, or a rule on the log's own ladder.
func (o *OffPolicy) target(log *decisionlog.Log) (d decider, spec *env.Spec, err error) {
	inner, epsilon, err := unwrap(o.Policy)
	if err != nil {
		return d, nil, err
	}
	d.name = o.Policy
	b, err := o.Bundle(inner)
	if err != nil {
		return d, nil, err
	}
	if b != nil {
		frame := b.Policy.About()
		d.Policy, d.revision, spec, o.Options.State = b.Policy, frame.Revision, &frame.Spec, &frame.Encoder
		if b.Manifest.Name != "" {
			d.name = strings.Replace(o.Policy, inner, b.Manifest.Name, 1)
		}
	} else {
		if spec, err = specOf(log); err != nil {
			return d, nil, err
		}
		found := false
		if d.Policy, found, err = ruleOf(nil, inner, spec); err == nil && !found {
			err = field.New("--policy", fmt.Sprintf("%q", inner), "a bundle (its folder or a packed .tar.gz), fixed:PRICE, a rule that needs no parameters, or explore(POLICY,ε)")
		}
		if err != nil {
			return d, nil, err
		}
	}
	if epsilon > 0 {
		d.Policy, err = policies.Explore(d.Policy, spec, epsilon)
	}
	return d, spec, err
}

// NeverMade is the refusal of a rule on a ladder of which a log does not tell all prices.
type NeverMade struct {
	File  string
	Offer int // on the ladder
}

// Error implements error.
func (n *NeverMade) Error() string {
	return fmt.Sprintf("%s: the policy makes offers the log never makes, for all it tells: none of its decisions is offer %d, whose price a rule has to know; --scenario tells the ladder", n.File, n.Offer)
}

// specOf is what a log tells of what the player sees and may offer.
func specOf(log *decisionlog.Log) (*env.Spec, error) {
	spec := &env.Spec{}
	for _, name := range log.Features {
		spec.Features = append(spec.Features, env.Feature{Name: name})
	}
	for a, offer := range log.Offers {
		if !log.Seen[a] {
			return nil, &NeverMade{log.File, a}
		}
		spec.Offers = append(spec.Offers, env.Offer{Price: offer.Price, Promotion: offer.Promotion})
	}
	return spec, nil
}

// simulated is what a policy earns in the scenario's market, in the terms of the estimates: an episode, or a decision of all of them.
func (c *counter) simulated(ctx context.Context, d decider, r *Run, o *offpolicy.Options) (*stats.Estimate, error) {
	var sums, counts []float64
	err := c.play(ctx, d, 0, max(c.s.Evaluate.Paths, 2), r, func(episode []decisionlog.Record, _ []decisionlog.Outcome) error {
		for i := range episode {
			if o.Discount != nil {
				episode[i].Discount = *o.Discount
			}
			if o.Single {
				episode[i].Discount = 1
			}
		}
		sums, counts = append(sums, earnings(episode)), append(counts, float64(len(episode)))
		return nil
	})
	if err != nil {
		return nil, err
	}
	if o.Single {
		perDecision(sums, counts)
	}
	e, err := stats.MeanInterval(sums, o.Level)
	return &e, err
}

// perDecision turns the sums of episodes into numbers whose mean is the sum of all over their count, and whose variance that of the ratio, to first
// order (the delta method; Cochran 1977, Sampling techniques, §6.4): episodes of more decisions have more of them in a log too.
func perDecision(sums, counts []float64) {
	mean := stats.Mean(counts)
	if mean == 0 {
		return
	}
	ratio := stats.Mean(sums) / mean
	for k := range sums {
		sums[k] = ratio + (sums[k]-ratio*counts[k])/mean
	}
}

// Estimated is an estimate by the log.
type Estimated = offpolicy.Row

// best is the estimate that is told first: doubly robust where that is not refused, or else by cells of the state, by a model; nil where all are refused.
func (m *OffPolicyReport) best() *Estimated {
	for _, name := range []string{"weighted dr", "dr", "marginalised dr", "marginalised", "fqe", "dm"} {
		for i := range m.Estimates {
			if row := &m.Estimates[i]; row.Name == name && row.Estimate != nil {
				return row
			}
		}
	}
	return nil
}

// caveat is what is to be said before an estimate that no weights of whole trajectories have corrected, where they were refused.
func (m *OffPolicyReport) caveat(best *Estimated) string {
	if best.Name == "dr" || best.Name == "weighted dr" {
		return ""
	}
	return "Beware: too few trajectories for weights, which are refused; what is left rests on a model or on cells of the state, and its interval does not know where they are wrong. "
}

// what is estimated.
func (m *OffPolicyReport) what() string {
	if m.Context == "single-step" {
		return "reward of a decision"
	}
	return "discounted reward of an episode"
}

// Text is the report as text.
func (m *OffPolicyReport) Text() string {
	var b strings.Builder
	what := m.what()
	if m.Context == "single-step" {
		what += ", at the observations that were logged"
	}
	fmt.Fprintf(&b, "%s by %s: %d decisions in %d units, logged by %s.\n", m.Policy, m.Log, m.Decisions, m.Units, authors(m.Loggers))
	fmt.Fprintf(&b, "%s, with %.0f%% intervals over units; the model of rewards is %s\n\n", what, 100*m.Logged.Estimate.Level, m.Model)
	simulated := "simulated in " + m.Scenario
	wide := max(21, len(simulated))
	if m.Simulated == nil {
		wide = 21
	}
	fmt.Fprintf(&b, "%-*s %10s %10s  %-23s %-23s %9s\n", wide, "", "value", "std error", "interval", "empirical Bernstein", "effective")
	line := func(name string, e *stats.Estimate, bernstein *[2]float64, effective float64) {
		sure := ""
		if bernstein != nil {
			sure = fmt.Sprintf("%.4g to %.4g", bernstein[0], bernstein[1])
		}
		size := ""
		if effective > 0 {
			size = fmt.Sprintf("%.0f", math.Floor(effective))
		}
		fmt.Fprintf(&b, "%-*s %10.5g %10.3g  %-23s %-23s %9s\n", wide, name, e.Value, e.StandardError, fmt.Sprintf("%.5g to %.5g", e.Low, e.High), sure, size)
	}
	line("as logged", m.Logged.Estimate, nil, m.Logged.Effective)
	if m.Simulated != nil {
		line(simulated, m.Simulated, nil, 0)
	}
	for _, row := range m.Estimates {
		if row.Estimate == nil {
			fmt.Fprintf(&b, "%-*s refused: %s\n", wide, row.Name, row.Refused)
			continue
		}
		line(row.Name, row.Estimate, row.Bernstein, row.Effective)
	}
	w := m.Weights
	if best := m.best(); best != nil {
		fmt.Fprintf(&b, "\n%sBest told by %s: %s earns %.5g (%.5g to %.5g).\n", m.caveat(best), best.Name, m.Policy, best.Estimate.Value, best.Estimate.Low, best.Estimate.High)
	}
	fmt.Fprintf(&b, "\nweights: mean %.4f ± %.2g (1 where propensities are right), largest %.4g, of a whole trajectory %.4g\n", w.Mean, 2*w.MeanError, w.Largest, w.LargestRatio)
	fmt.Fprintf(&b, "effective: %.4g of %d decisions, %.4g of %d trajectories, %.4g by cells of the state\n", w.Decisions, m.Decisions, w.Trajectories, m.Trajectories, w.Marginal)
	if m.Refused != "" {
		fmt.Fprintf(&b, "\nrefused: %s\n", m.Refused)
	}
	for _, text := range m.Warnings {
		fmt.Fprintf(&b, "note: %s\n", text)
	}
	return b.String()
}

func authors(all []decisionlog.Author) string {
	var names []string
	for _, a := range all {
		name := a.Policy
		if name == "" {
			name = "nobody named"
		}
		names = append(names, name)
	}
	if len(names) > 4 {
		names = append(names[:4], fmt.Sprintf("%d more", len(names)-4))
	}
	return strings.Join(names, ", ")
}
