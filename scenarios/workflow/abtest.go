package workflow

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/evaluate/experiment"
	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// TestedMarket is what an experiment in a simulated market tells beyond what a log can: the truth. It is known because every policy is
// played by all in the very same market.
type TestedMarket struct {
	RunID    string       `json:"run_id"`
	Scenario string       `json:"scenario"`
	Question string       `json:"question,omitempty"`
	Design   string       `json:"design"`
	Policies []string     `json:"policies"`
	Paths    int          `json:"paths"`
	Truth    []TrueEffect `json:"truth"`
}

// TrueEffect is what a metric changes when all are treated, and how far the experiment's estimates are from it over its repetitions. Each repetition is held against its own market: that is what its units were drawn from. What differs
// between markets (a season's traffic, rivals' prices) is in all units of one alike, and no interval from within can tell it; Truth's own interval does.
type TrueEffect struct {
	Metric   string          `json:"metric"`
	Arm      string          `json:"arm"`
	Truth    stats.Estimate  `json:"truth"`
	Bias     *stats.Estimate `json:"bias,omitempty"`     // mean of estimate less truth, paired by market; none of a single path
	Coverage float64         `json:"coverage,omitempty"` // share of the repetitions whose interval holds what is true in their own market
	Power    float64         `json:"power,omitempty"`    // share of the repetitions that found a difference of the sign that it has in their own market
}

// trialRun is an experiment in a market under way.
type trialRun struct {
	*Run
	scene   Scene
	full    world
	world   *shop // of an open market
	players []player
	arms    []policies.Policy
	table   *scenarios.ABTest
	options experiment.Options
}

// ABTest runs the scenario's experiment (scenarios.Experimented) in its market, analyses the first path, repeats it on the others for bias and coverage, and leaves
// a run directory, NAME-abtest, whose units.csv can be analysed again. load is asked for policies that are no rules. What is wrong with a policy is a *field.Error
// with the key --policy.
func (r *Run) ABTest(ctx context.Context, load func(name, rules string) (Named, error), o experiment.Options) (*Tested, error) {
	s := r.Scenario
	if w := s.World(); w != scenarios.OpenMarket && w != scenarios.WeeklyCategory {
		return nil, s.Fault(string(w), "an open market of [[products]] or a chain's [data], where there are shoppers; souk abtest --log analyses any experiment", string(w))
	}
	if s.Learner() == nil {
		return nil, s.Fault("a brain in every seller", "a seller without one, who tries the policies", "sellers")
	}
	if len(s.ABTest.Policies) < 2 {
		return nil, field.New("--policy", len(s.ABTest.Policies), "two or more, the control first: a bundle's folder or one of "+map[bool]string{true: MarketRules, false: ChainRules}[s.World() == scenarios.OpenMarket])
	}
	scene, err := Open(s)
	if err != nil {
		return nil, err
	}
	t := &trialRun{Run: r, scene: scene, table: s.ABTest, options: o}
	t.options.Stopping, t.options.Looks, t.options.Shares = experiment.Stopping(s.ABTest.Stopping), s.ABTest.Looks, s.ABTest.Shares
	var digests []string
	if t.players, err = cast(scene, s.ABTest.Policies, func(name, rules string) (Named, error) {
		loaded, err := load(name, rules)
		digests = append(digests, loaded.Digest)
		return loaded, err
	}); err != nil {
		return nil, err
	}
	identity := append([]byte(fmt.Sprintf("# souk abtest of %s, alpha %g, power %g, plan %d\n", strings.Join(digests, " "), o.Alpha, o.Power, o.Planned)), s.Canonical()...)
	run, err := r.Store.Open(s.Name+"-abtest", identity, r.Options)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	tested, units, err := t.run(ctx)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	} else if err != nil {
		if _, invalid := errors.AsType[*field.Error](err); invalid && !run.Resumed { // such as a policy that does not fit: nothing to go on with
			if failed := run.Discard(); failed != nil {
				return nil, failed
			}
		}
		return nil, err
	}
	tested.Market.RunID = run.ID
	if err := run.Write("units.csv", units.csv); err != nil {
		return nil, err
	}
	return tested, r.leaveTested(run, tested)
}

func (t *trialRun) run(ctx context.Context) (*Tested, *trialUnits, error) {
	s := t.Scenario
	t.tell(Progress{Stage: "fit", Total: 1})
	if err := t.scene.Fit(ctx, t.workers(), t.counting("fit")); err != nil {
		return nil, nil, err
	}
	var err error
	if _, t.full, err = t.scene.worlds(ctx); err != nil {
		return nil, nil, err
	}
	for _, p := range t.players {
		made, err := p.policy(ctx, t.full, t.workers())
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", p.name, err)
		}
		t.arms = append(t.arms, made)
	}
	if err := t.stage(); err != nil {
		return nil, nil, err
	}
	tested := &Tested{Name: s.Name, Source: fmt.Sprintf("one episode of %d %ss, by %s", s.Time.Horizon, s.Time.Period, t.table.Design), Unit: t.table.Design,
		timeUnit: "days", Market: &TestedMarket{Scenario: s.Name, Question: s.Question, Design: t.table.Design, Paths: t.table.Paths}}
	for _, p := range t.players {
		tested.Market.Policies = append(tested.Market.Policies, p.name)
	}
	var all []repetition
	paths := iter.Seq2[int, error](func(yield func(int, error) bool) {
		for path := range t.table.Paths {
			if !yield(path, nil) {
				return
			}
		}
	})
	if err := inOrder(ctx, t.workers(), paths, t.repeat, func(r repetition) error {
		all = append(all, r)
		t.tell(Progress{Stage: "abtest", Done: len(all), Total: t.table.Paths})
		return r.err
	}); err != nil {
		return nil, nil, err
	}
	tested.Report, tested.Market.Truth = all[0].report, t.truths(all)
	return tested, all[0].units, nil
}

// stage makes the world in which the arms play.
func (t *trialRun) stage() error {
	shares := t.shares()
	if len(shares) != len(t.arms) {
		return t.Scenario.Fault(fmt.Sprintf("%d shares", len(shares)), fmt.Sprintf("%d, one for each policy", len(t.arms)), "abtest", "shares")
	}
	if wash := t.table.Washout; wash > 0 && !(market.Design(t.table.Design) == market.Switchback && wash < t.table.SlotDays) {
		return t.Scenario.Fault(fmt.Sprint(wash), fmt.Sprintf("less than slot_days, %g, of a switchback; 0 of other designs", t.table.SlotDays), "abtest", "washout_days")
	}
	if w, ok := t.full.(*World); ok {
		return t.stageChain(w)
	}
	w := *t.full.(*shop)
	cfg := *w.Config
	cfg.Experiment = &market.Experiment{Design: market.Design(t.table.Design), Shares: shares, Start: t.table.Start}
	switch cfg.Experiment.Design {
	case market.ByCluster:
		cfg.Experiment.Clusters, cfg.Experiment.Spread = t.table.Clusters, t.table.Spread
	case market.Switchback:
		cfg.Experiment.SlotDays = t.table.SlotDays
	}
	w.Config = &cfg
	w.Others = slices.Grow(slices.Clone(w.Others), len(t.arms))
	t.world = &w
	_, err := w.open(0)
	bad, ok := errors.AsType[*field.Error](err)
	if key, found := strings.CutPrefix(keyOf(bad), "experiment."); ok && found {
		return t.Scenario.Fault(bad.Found, bad.Expected, "abtest", key)
	}
	return err
}

// shares of the arms.
func (t *trialRun) shares() []float64 {
	if t.table.Shares == nil {
		return slices.Repeat([]float64{1}, len(t.arms))
	}
	return t.table.Shares
}

func keyOf(bad *field.Error) string {
	if bad == nil {
		return ""
	}
	return bad.Key
}

// play plays an episode with a policy in each arm.
func (t *trialRun) play(path int, arms []policies.Policy) (*trialUnits, error) {
	if w, ok := t.full.(*World); ok {
		return t.playChain(w, path, arms)
	}
	units := &trialUnits{design: t.world.Config.Experiment.Design, start: t.table.Start, slotDays: t.table.SlotDays, washout: t.table.Washout, index: map[uint64]int{}, market: t.world.Config}
	arena := arenaOf(t.world, evaluate.MasterSeed(t.Scenario.Seed), 1)
	arena.Others = append(slices.Clone(t.world.Others), arms[1:]...)
	var played *reviewed
	arena.World = func() (evaluate.World, error) {
		world, err := t.world.open(arena.Master)
		if err != nil {
			return nil, err
		}
		played = world.(*reviewed)
		played.Outcomes(units.take)
		return played, nil
	}
	if _, err := arena.Play("abtest", arms[0], path); err != nil {
		return nil, err
	}
	played.Outcomes(nil)
	return units, nil
}

// repetition is the experiment in one market, and what each policy comes to there when all have it.
type repetition struct {
	units  *trialUnits
	report *experiment.Report
	alone  [][]float64 // by arm and metric
	err    error
}

func (t *trialRun) repeat(path int) (r repetition) {
	if r.units, r.err = t.play(path, t.arms); r.err != nil {
		return r
	}
	metrics, err := t.metrics()
	if err != nil {
		r.err = err
		return r
	}
	o := t.options
	o.Imbalanced, o.EffectsOnly = o.Imbalanced || path > 0, path > 0 // a repetition is there to be counted, whatever chance dealt
	var names []string
	for _, p := range t.players {
		names = append(names, p.name)
	}
	rows := r.units.rows(names, metrics)
	if o.Planned == 0 && (rows.Clustered || o.Stopping == experiment.Group) {
		o.Planned = rows.Units // the scenario's length is the plan
	}
	if r.report, r.err = experiment.Analyse(rows, o); r.err != nil {
		return r
	}
	if path > 0 {
		r.units.lines = nil
	}
	for _, policy := range t.arms {
		alone, err := t.play(path, slices.Repeat([]policies.Policy{policy}, len(t.arms)))
		if err != nil {
			r.err = err
			return r
		}
		var values []float64
		for _, m := range metrics {
			values = append(values, alone.ratio(m))
		}
		r.alone = append(r.alone, values)
	}
	return r
}

// truths sets the experiments' estimates against what they are of.
func (t *trialRun) truths(all []repetition) (truths []TrueEffect) {
	metrics, _ := t.metrics()
	for m := range metrics {
		for arm := 1; arm < len(t.arms); arm++ {
			var truth, off []float64
			for _, r := range all {
				d := r.alone[arm][m] - r.alone[0][m]
				truth = append(truth, d)
				if r.report.Metrics != nil {
					off = append(off, r.report.Metrics[m].Effects[arm-1].Difference.Value-d)
				}
			}
			e := TrueEffect{Metric: metrics[m].name, Arm: t.players[arm].name, Truth: stats.Estimate{Value: truth[0], Low: truth[0], High: truth[0], Level: level}}
			if whole, err := stats.MeanInterval(truth, level); err == nil {
				e.Truth = whole
			}
			if bias, err := stats.MeanInterval(off, level); err == nil {
				e.Bias = &bias
				held, found := 0.0, 0.0
				for path, r := range all {
					if r.report.Metrics == nil {
						continue
					}
					effect := r.report.Metrics[m].Effects[arm-1]
					if effect.Difference.Low <= truth[path] && truth[path] <= effect.Difference.High {
						held++
					}
					if effect.P < r.report.Alpha && effect.Difference.Value*truth[path] > 0 {
						found++
					}
				}
				e.Coverage, e.Power = held/float64(len(off)), found/float64(len(off))
			}
			truths = append(truths, e)
		}
	}
	return truths
}

// seen is the experiment's estimate of true effect i, and what the two are called.
func (m *TestedMarket) seen(i int, report *experiment.Report) (name string, e *experiment.Effect) {
	treatments := len(m.Policies) - 1
	name, e = m.Truth[i].Metric, &report.Metrics[i/treatments].Effects[i%treatments]
	if treatments > 1 {
		name += ", " + e.Arm
	}
	return name, e
}

// corrections say where the experiment found an effect of the wrong sign, and where its design is biased: decisions are not to be read without them.
func (m *TestedMarket) corrections(report *experiment.Report) (text []string) {
	if m == nil {
		return nil
	}
	var wrong, biased []string
	for i, e := range m.Truth {
		name, effect := m.seen(i, report)
		if d := effect.Difference; d.Low > 0 && e.Truth.High < 0 || d.High < 0 && e.Truth.Low > 0 {
			wrong = append(wrong, fmt.Sprintf("%s by %s, not %s", name, valueOf(e.Truth), valueOf(d)))
		}
		if e.Bias != nil && (e.Bias.Low > 0 || e.Bias.High < 0) {
			biased = append(biased, fmt.Sprintf("%s by %s", name, valueOf(*e.Bias)))
		}
	}
	if len(wrong) > 0 {
		text = append(text, "The truth has the other sign: given to all, it changes "+strings.Join(wrong, "; ")+".")
	}
	if len(biased) > 0 {
		text = append(text, "The design is biased, "+strings.Join(biased, "; ")+": what one arm does reaches the other.")
	}
	return text
}

// text tells the truth beside what the experiment saw.
func (m *TestedMarket) text(p *page, report *experiment.Report) {
	if m == nil {
		return
	}
	rows := [][]string{{"", "truth", fmt.Sprintf("%.0f%% interval", 100*level), "seen here", "bias", fmt.Sprintf("%.0f%% interval", 100*level), "covered", "found"}}
	biased := []string{}
	for i, e := range m.Truth {
		name, effect := m.seen(i, report)
		truth, span := estimated(e.Truth)
		row := []string{name, truth, span, valueOf(effect.Difference)}
		if e.Bias != nil {
			bias, span := estimated(*e.Bias)
			row = append(row, bias, span, fmt.Sprintf("%.0f%%", 100*e.Coverage), fmt.Sprintf("%.0f%%", 100*e.Power))
			if e.Bias.Low > 0 || e.Bias.High < 0 {
				biased = append(biased, fmt.Sprintf("%s by %s", name, valueOf(*e.Bias)))
			}
		}
		rows = append(rows, row)
	}
	p.line("")
	p.line("The truth: all shoppers under each policy, in the same %d markets; the experiment repeated in each.", m.Paths)
	p.WriteString(align(rows))
	switch {
	case m.Paths < 2:
	case len(biased) > 0:
		p.section("bias", "The design is off for "+strings.Join(biased, ", ")+": what one arm does reaches the other (shared stock, rivals who look, shoppers who come back, goods that stand for each other, what spoils and is charged to nobody), "+
			"and the experiment takes that for an effect or misses it.")
	default:
		p.section("bias", fmt.Sprintf("None can be told from 0 over %d markets.", m.Paths))
	}
}
