package workflow

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
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

	Dir string `json:"-"`
}

// TrueEffect is what a metric changes when all are treated, and how far the experiment's estimates are from it over its repetitions.
type TrueEffect struct {
	Metric   string          `json:"metric"`
	Arm      string          `json:"arm"`
	Truth    stats.Estimate  `json:"truth"`
	Bias     *stats.Estimate `json:"bias,omitempty"`     // mean of estimate less truth, paired by market; none of a single path
	Coverage float64         `json:"coverage,omitempty"` // share of the repetitions whose interval holds Truth.Value
	Power    float64         `json:"power,omitempty"`    // share of the repetitions that found a difference
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
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return nil, err
	}
	tested.Market.RunID, tested.Market.Dir = run.ID, run.Dir
	if err := writeJSON(run, "abtest.json", tested); err != nil {
		return nil, err
	}
	if err := run.Write("units.csv", units.csv); err != nil {
		return nil, err
	}
	if err := run.Write("report.txt", func(w io.Writer) error { return tested.Text(w) }); err != nil {
		return nil, err
	}
	if err := r.leaveReport(run); err != nil {
		return nil, err
	}
	return tested, run.Finish(r.Build)
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
	units := &trialUnits{design: t.world.Config.Experiment.Design, start: t.table.Start, index: map[uint64]int{}, market: t.world.Config}
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
	o.Imbalanced = o.Imbalanced || path > 0 // a repetition is there to be counted, whatever chance dealt
	var names []string
	for _, p := range t.players {
		names = append(names, p.name)
	}
	if r.report, r.err = experiment.Analyse(r.units.rows(names, metrics), o); r.err != nil {
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
				for _, r := range all {
					if r.report.Metrics == nil {
						continue
					}
					effect := r.report.Metrics[m].Effects[arm-1]
					if effect.Difference.Low <= e.Truth.Value && e.Truth.Value <= effect.Difference.High {
						held++
					}
					if effect.P < r.report.Alpha {
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

// text tells the truth beside what the experiment saw.
func (m *TestedMarket) text(p *page, report *experiment.Report) {
	if m == nil {
		return
	}
	rows := [][]string{{"", "truth", fmt.Sprintf("%.0f%% interval", 100*level), "seen here", "bias", fmt.Sprintf("%.0f%% interval", 100*level), "covered", "found"}}
	biased := []string{}
	for i, e := range m.Truth {
		effect := report.Metrics[i/(len(m.Policies)-1)].Effects[i%(len(m.Policies)-1)]
		name := e.Metric
		if len(m.Policies) > 2 {
			name += ", " + e.Arm
		}
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

// trialMetric is one that a market's outcomes have.
type trialMetric struct {
	name      string
	of, below int // of trialLine's sums; below −1: a mean over units
}

// The sums of what a unit came to.
const (
	sumProfit = iota
	sumRevenue
	sumUnits
	sumOrders
	sumVisits
	sumShoppers
	sums
)

// metrics are those of the design: by shopper a mean; by cluster for each new shopper there, and in a slot for each visit; by product a mean over products.
func (t *trialRun) metrics() (all []trialMetric, err error) {
	below := map[market.Design]int{market.ByShopper: -1, market.ByCluster: sumShoppers, market.ByProduct: -1, market.Switchback: sumVisits}[market.Design(t.table.Design)]
	known := []trialMetric{{"profit", sumProfit, below}, {"revenue", sumRevenue, below}, {"units", sumUnits, below}}
	if t.table.Design != string(market.ByProduct) {
		known = append(known, trialMetric{"conversion", sumOrders, sumVisits})
	}
	if t.table.Metrics == nil {
		return known, nil
	}
	for i, name := range t.table.Metrics {
		at := slices.IndexFunc(known, func(m trialMetric) bool { return m.name == name })
		if at < 0 || slices.Contains(t.table.Metrics[:i], name) {
			var names []string
			for _, m := range known {
				names = append(names, m.name)
			}
			return nil, t.Scenario.Fault(fmt.Sprintf("%q", name), "each at most once: "+strings.Join(names, ", "), "abtest", "metrics")
		}
		all = append(all, known[at])
	}
	return all, nil
}

// trialUnits adds up what each unit of an experiment came to.
type trialUnits struct {
	design market.Design
	start  float64
	market *market.Config
	index  map[uint64]int
	lines  []trialLine

	nobodys float64 // profit: what keeping a stock costs is no shopper's or region's, and in the truth alone
}

// trialLine is a unit.
type trialLine struct {
	arm, persona, channel int32
	time                  float64 // of the first entry after the start, NaN before there is one
	after, before         [sums]float64
}

func (u *trialUnits) take(batch []market.Outcome) {
	for i := range batch {
		o := &batch[i]
		var key uint64
		switch u.design {
		case market.ByShopper:
			key = uint64(uint32(o.Period))<<32 | uint64(uint32(o.Number))
		case market.ByCluster:
			key = uint64(uint32(o.Cluster))
		case market.ByProduct:
			key = uint64(uint32(o.Product))
		case market.Switchback:
			key = uint64(uint32(o.Slot))
		}
		if int32(uint32(key)) == market.None {
			if o.Number == market.None && o.Time >= u.start {
				u.nobodys += o.Profit
			}
			continue
		}
		k, known := u.index[key]
		if !known {
			k = len(u.lines)
			u.index[key] = k
			u.lines = append(u.lines, trialLine{arm: o.Arm, persona: o.Persona, channel: o.Channel, time: math.NaN()})
		}
		l := &u.lines[k]
		to := &l.before
		if o.Time >= u.start {
			if to = &l.after; math.IsNaN(l.time) {
				l.time = o.Time
			}
		}
		to[sumProfit] += o.Profit
		to[sumRevenue] += o.Revenue
		to[sumUnits] += o.Units
		to[sumOrders] += o.Orders
		to[sumVisits] += o.Visits
		if o.New {
			to[sumShoppers] += o.Visits
		}
	}
}

// ratio is a metric of all units together.
func (u *trialUnits) ratio(m trialMetric) float64 {
	y, d := 0.0, 0.0
	if m.of == sumProfit {
		y = u.nobodys
	}
	for i := range u.lines {
		l := &u.lines[i]
		if math.IsNaN(l.time) {
			continue
		}
		y += l.after[m.of]
		if m.below < 0 {
			d++
		} else {
			d += l.after[m.below]
		}
	}
	if d == 0 {
		return 0
	}
	return y / d
}

// rows are the units as an experiment, a row each.
func (u *trialUnits) rows(arms []string, metrics []trialMetric) *experiment.Rows {
	r := &experiment.Rows{Arms: arms, Clustered: u.design == market.ByCluster || u.design == market.Switchback}
	n := 0
	personas, channels := experiment.Segment{Name: "persona"}, experiment.Segment{Name: "channel"}
	for _, p := range u.market.Personas {
		personas.Values = append(personas.Values, p.Name)
	}
	for _, c := range u.market.Channels {
		channels.Values = append(channels.Values, c.Name)
	}
	r.Metrics = make([]experiment.Metric, len(metrics))
	for i := range u.lines {
		l := &u.lines[i]
		if math.IsNaN(l.time) {
			continue
		}
		r.Unit, r.Arm = append(r.Unit, int32(n)), append(r.Arm, l.arm)
		if u.design == market.ByShopper || u.design == market.Switchback { // clusters and products are there all the time
			r.Time = append(r.Time, l.time)
		}
		n++
		personas.Of, channels.Of = append(personas.Of, l.persona), append(channels.Of, l.channel)
		for k, m := range metrics {
			to := &r.Metrics[k]
			to.Name = m.name
			to.Numerator = append(to.Numerator, l.after[m.of])
			before := l.before[m.of]
			if m.below >= 0 {
				to.Denominator = append(to.Denominator, l.after[m.below])
				if before = math.NaN(); l.before[m.below] > 0 {
					before = l.before[m.of] / l.before[m.below]
				}
			}
			if u.start > 0 && u.design != market.Switchback {
				to.Before = append(to.Before, before)
			}
		}
	}
	r.Units = n
	if u.design == market.ByShopper {
		for _, s := range []experiment.Segment{personas, channels} {
			if len(s.Values) > 1 {
				r.Segments = append(r.Segments, s)
			}
		}
	}
	return r
}

// csv writes the units as souk abtest --log reads them.
func (u *trialUnits) csv(w io.Writer) error {
	var b strings.Builder
	b.WriteString("unit,arm,time,persona,channel,visits,shoppers,orders,units,revenue,profit\n")
	n := 0
	for i := range u.lines {
		l := &u.lines[i]
		if math.IsNaN(l.time) {
			continue
		}
		name := func(k int32, of func(int32) string) string {
			if k < 0 || u.design != market.ByShopper {
				return ""
			}
			return of(k)
		}
		channel := func(k int32) string {
			if int(k) >= len(u.market.Channels) {
				return ""
			}
			return u.market.Channels[k].Name
		}
		fmt.Fprintf(&b, "%d,%d,%.6f,%s,%s,%g,%g,%g,%g,%.4f,%.4f\n", n, l.arm, l.time, name(l.persona, func(k int32) string { return u.market.Personas[k].Name }), name(l.channel, channel),
			l.after[sumVisits], l.after[sumShoppers], l.after[sumOrders], l.after[sumUnits], l.after[sumRevenue], l.after[sumProfit])
		n++
	}
	_, err := io.WriteString(w, b.String())
	return err
}
