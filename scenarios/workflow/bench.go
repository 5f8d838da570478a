package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/results/parquet"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/field"
)

// Benchmark is what souk bench found: bench.json, and the printed tables.
type Benchmark struct {
	RunID     string              `json:"run_id"`
	Scenarios []*Benched          `json:"scenarios"`
	Together  *evaluate.Aggregate `json:"together,omitempty"` // over the scenarios in which scores can be normalised
	Gates     []BenchGate         `json:"required,omitempty"`

	Dir string `json:"-"`
}

// Benched is a benchmark in one scenario.
type Benched struct {
	Scenario string    `json:"scenario"`
	Question string    `json:"question,omitempty"`
	Unit     string    `json:"unit"`  // of scores
	Exact    bool      `json:"exact"` // scores are computed, not simulated
	Stopped  []Stopped `json:"stopped,omitempty"`
	*evaluate.Standings
	Learning   []Schooling      `json:"learning,omitempty"`   // of the agents
	Robustness *evaluate.Matrix `json:"robustness,omitempty"` // with bench.robust

	Scenery *scenarios.Scenario `json:"-"`
	Played  []*evaluate.Played  `json:"-"`
}

// ground is what a benchmark asks of a scenario's world. Every Scene is one.
type ground interface {
	Fit(ctx context.Context, workers int, progress func(done, total int)) error
	worlds(ctx context.Context) (school, full world, err error)
	rule(name string) (made rule, ok bool, err error)
	rules() string
	usual() []string
	tune(ctx context.Context, w world, workers int, watch func(done, total int)) (*Baselines, error)
	settle(others []policies.Policy) world
	optima(c *evaluate.Contest, w world, b *Baselines)
}

// bencher is a benchmark under way in one scenario.
type bencher struct {
	*Run
	run    *rundir.Run
	prefix string // of its parts of the run: where there are several scenarios, which one
	load   func(name, rules string) (Named, error)

	ground  ground
	players []player // of bench.policies
	guests  []evaluate.Contestant
	among   []string // names of all scenarios of the benchmark
	gates   []gate
	strays  []stray
	learned []Learned
	base    *Baselines
	school  world
	full    world
}

// Bench compares policies on the same customers in each scenario of others and the run's own, and leaves a run directory, NAME-bench. Each has a Bench
// (scenarios.Scenario.Benched); load is asked for policies that are no rules. Training is checkpointed and what was played is kept, so that an interrupted
// benchmark goes on where it was; the result does not depend on the number of workers. What is wrong with a policy is a *field.Error.
func (r *Run) Bench(ctx context.Context, others []*scenarios.Scenario, load func(name, rules string) (Named, error)) (*Benchmark, error) {
	all := append([]*scenarios.Scenario{r.Scenario}, others...)
	benches := make([]*bencher, len(all))
	var names, among []string
	for _, s := range all {
		among = append(among, s.Name)
	}
	identity := r.Scenario.Canonical()
	for i, s := range all {
		b := &bencher{among: among, Run: &Run{Scenario: s, Store: r.Store, Workers: r.Workers, Watch: r.Watch, Clock: r.Clock}, load: load}
		if len(all) > 1 {
			b.prefix = s.Name + "."
		}
		if i > 0 {
			identity = fmt.Appendf(identity, "# and %s, sha256 %s\n", s.Name, s.Hash())
		}
		digests, err := b.enter()
		if err != nil {
			return nil, err
		}
		for _, d := range digests {
			identity = append(identity, "# policy "+d+"\n"...)
		}
		if slices.Contains(names, s.Name) {
			return nil, s.Fault(strconv.Quote(s.Name)+" again", "each scenario once", "name")
		}
		benches[i], names = b, append(names, s.Name)
	}
	if err := astray(benches); err != nil {
		return nil, err
	}
	run, err := r.Store.Open(strings.Join(names, "+")+"-bench", append([]byte("# souk bench "+strings.Join(names, " ")+"\n"), identity...), r.Options)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	m := &Benchmark{RunID: run.ID, Dir: run.Dir}
	t := &stopwatch{run: r, timing: map[string]float64{}}
	for _, b := range benches {
		b.run = run
		one, err := b.bench(ctx, t)
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
		m.Scenarios = append(m.Scenarios, one)
	}
	if err := rundir.Merge[results.Episode](run, "episodes"); err != nil {
		return nil, err
	}
	for i, b := range benches {
		if m.Scenarios[i].Learning, err = b.schooling(ctx); err != nil {
			return nil, err
		}
	}
	if err := m.judge(benches); err != nil {
		return nil, err
	}
	if err := m.write(r, run, t); err != nil {
		return nil, err
	}
	return m, run.Finish(r.Build)
}

// enter opens the scenario's world and finds the policies that it names, before anything is fitted. Digests tell bundles apart.
func (b *bencher) enter() (digests []string, err error) {
	s := b.Scenario
	switch s.World() {
	case scenarios.PricingProblem:
		b.ground, err = openProblem(s)
	case scenarios.WeeklyCategory, scenarios.OpenMarket:
		if s.Learner() == nil {
			return nil, s.Fault("a brain in every seller", "a seller without one, for whom policies play", "sellers")
		}
		b.ground, err = openWithTop(s)
	default:
		err = s.Fault(string(s.World()), "a market or a pricing problem: in a repeated game no policy stands alone, and souk train measures what its learners come to", "game")
	}
	if err != nil {
		return nil, err
	}
	if len(s.Bench.Policies) == 0 {
		return nil, b.enterGates()
	}
	b.players, err = cast(b.ground, s.Bench.Policies, func(name, rules string) (Named, error) {
		loaded, err := b.load(name, rules)
		digests = append(digests, loaded.Digest)
		return loaded, err
	})
	if err == nil {
		err = b.enterGates()
	}
	return digests, err
}

// openWithTop opens a market in which the policies between which scores are normalised are tuned.
func openWithTop(s *scenarios.Scenario) (ground, error) {
	withTop(s)
	return Open(s)
}

// withTop has a scenario compare with the policies between which scores are normalised, whether or not it does.
func withTop(s *scenarios.Scenario) {
	needed := []string{bestFixed}
	if s.World() == scenarios.WeeklyCategory {
		needed = append(needed, solved)
	}
	for _, name := range needed {
		if !slices.Contains(s.Evaluate.Against, name) {
			s.Evaluate.Against = append(slices.Clone(s.Evaluate.Against), name)
		}
	}
}

func (b *bencher) bench(ctx context.Context, t *stopwatch) (*Benched, error) {
	s := b.Scenario
	m := &Benched{Scenario: s.Name, Question: s.Question, Scenery: s}
	if err := b.prepare(ctx, t); err != nil {
		return nil, err
	}
	for _, l := range b.learned {
		m.Stopped = append(m.Stopped, l.Stops...)
	}
	entrants, err := b.entrants()
	if err != nil {
		return nil, err
	}
	if m.Played, m.Exact, err = b.play(ctx, entrants); err != nil {
		return nil, err
	}
	t.done(b.prefix + "evaluate")
	m.Unit = b.unit()
	ranking := b.ranking()
	if b.base.policies[solved] != nil {
		ranking.Optimum = solved
	}
	if m.Standings, err = ranking.Rank(m.Played); err != nil || len(s.Bench.Robust) == 0 {
		return m, err
	}
	m.Robustness, err = b.robustness(ctx, entrants, m.Played)
	t.done(b.prefix + "robust")
	return m, err
}

func (b *bencher) ranking() *evaluate.Ranking {
	return &evaluate.Ranking{Level: level, Resamples: benchResamples, Seed: evaluate.MasterSeed(b.Scenario.Seed), Workers: b.workers(), Baseline: bestFixed}
}

// benchResamples are those of the intervals that are printed.
const benchResamples = 10_000

// prepare fits, trains and tunes, in the order of Run.Train.
func (b *bencher) prepare(ctx context.Context, t *stopwatch) error {
	s := b.Scenario
	b.tell(Progress{Stage: "fit", Total: 1})
	err := b.ground.Fit(ctx, b.workers(), b.counting("fit"))
	if err != nil {
		return err
	}
	if b.school, b.full, err = b.ground.worlds(ctx); err != nil {
		return err
	}
	for _, player := range b.players { // those that do not fit are told of before anything is trained
		if slices.Contains(s.Evaluate.Against, player.name) {
			continue // takes part anyway
		}
		p, err := player.policy(ctx, b.full, b.workers())
		if err != nil {
			return fmt.Errorf("%s: %w", player.name, err)
		}
		b.guests = append(b.guests, evaluate.Contestant{Name: player.name, Policies: []policies.Policy{p}})
	}
	t.done(b.prefix + "fit")
	for _, agent := range s.Pupils() { // one after the other, so that timing.json has how long each took
		pupil := *s
		pupil.Agents = []scenarios.Agent{agent}
		train := &Run{Scenario: &pupil, Watch: b.Watch}
		learned, err := trainAs(ctx, &pupil, b.school, b.run, b.prefix, b.workers(), train.episodes(b.school.share()))
		if err != nil {
			return err
		}
		b.learned = append(b.learned, learned...)
		t.done(b.prefix + "train " + agent.Name)
	}
	if len(b.learned) > 0 && b.learned[0].Among != nil {
		b.full = b.ground.settle(b.learned[0].Among[0])
	}
	b.base, err = b.ground.tune(ctx, b.full, b.workers(), b.counting("tune"))
	t.done(b.prefix + "tune")
	return err
}

// entrants are all who take part: what was learned, what the scenario compares with, and what the bench names.
func (b *bencher) entrants() (all []evaluate.Contestant, err error) {
	var among [][]policies.Policy
	for i := range b.learned {
		l := &b.learned[i]
		all = append(all, evaluate.Contestant{Name: l.Agent, Policies: asPolicies(l.Policies), Others: l.Among})
		among = b.learned[0].Among
	}
	others := slices.Clone(b.guests)
	for _, name := range b.base.entered {
		if !slices.ContainsFunc(others, func(c evaluate.Contestant) bool { return c.Name == name }) {
			others = append(others, evaluate.Contestant{Name: name, Policies: []policies.Policy{b.base.policies[name]}})
		}
	}
	for _, c := range others {
		if slices.ContainsFunc(all, func(o evaluate.Contestant) bool { return o.Name == c.Name }) {
			return nil, field.New("--policy", c.Name, "a name that no agent has")
		}
		c.Others = among
		all = append(all, c)
	}
	return all, nil
}

// runs deal the scenario's evaluation paths out; where nothing is learned every path is a run.
func (b *bencher) runs() *evaluate.Runs {
	s := b.Scenario
	r := &evaluate.Runs{Arena: arenaOf(b.full, evaluate.MasterSeed(s.Seed), b.workers()), Number: s.Bench.Runs}
	if len(b.learned) == 0 {
		r.Number = max(s.Bench.Runs, s.Evaluate.Paths)
	}
	r.Paths = (s.Evaluate.Paths + r.Number - 1) / r.Number
	return r
}

// play plays all entrants and computes bounds; what an interrupted benchmark has played is not played again.
func (b *bencher) play(ctx context.Context, entrants []evaluate.Contestant) (all []*evaluate.Played, exact bool, err error) {
	runs := b.runs()
	var value func(policies.Policy) (float64, error)
	if g, ok := b.ground.(*problemGround); ok {
		if value = g.exact(entrants); value == nil && g.process.Endless() {
			return nil, false, b.Scenario.Fault("a problem without end that is too large to be solved", "one whose values can be computed or simulated", "problem")
		}
	}
	bounds := &evaluate.Contest{Arena: runs.Arena}
	b.ground.optima(bounds, b.full, b.base)
	each, done := runs.Number*runs.Paths, 0
	total := each * (len(entrants) + len(bounds.Bounds))
	runs.Progress = func(n, _ int) { b.tell(Progress{Stage: "evaluate", Done: done + n, Total: total}) }
	keep := func(play func() (*evaluate.Played, error)) error {
		p, err := kept(b.run, fmt.Sprintf("%sevaluate.%d", b.prefix, len(all)), play)
		all, done = append(all, p), done+each
		return err
	}
	for _, c := range entrants {
		err := keep(func() (*evaluate.Played, error) {
			if value != nil {
				return evaluate.Exact(c, runs.Number, value)
			}
			return runs.Play(ctx, c)
		})
		if err != nil {
			return nil, false, err
		}
	}
	for _, bound := range bounds.Bounds {
		if err := keep(func() (*evaluate.Played, error) { return runs.Foresee(ctx, bound) }); err != nil {
			return nil, false, err
		}
	}
	return all, value != nil, nil
}

// kept is what a job of the run came to, done now or before the run was interrupted.
func kept[T any](run *rundir.Run, name string, work func() (*T, error)) (*T, error) {
	job, err := run.Job(name)
	if err != nil {
		return nil, err
	}
	if state := job.State(); state != nil {
		was := new(T)
		return was, json.Unmarshal(state, was)
	}
	now, err := work()
	if err != nil {
		return nil, err
	}
	state, err := json.Marshal(now)
	if err != nil {
		return nil, err
	}
	return now, job.Checkpoint(state)
}

// unit is that of scores.
func (b *bencher) unit() string {
	s := b.Scenario
	if g, ok := b.ground.(*problemGround); ok {
		return g.unit()
	}
	return aPeriod(s)
}

// write leaves what the benchmark found.
func (m *Benchmark) write(r *Run, run *rundir.Run, t *stopwatch) error {
	if err := writeJSON(run, "bench.json", m); err != nil {
		return err
	}
	for _, f := range TableFormats() {
		if err := run.Write("tables/bench."+f.Ending, func(w io.Writer) error { return f.Write(m, w) }); err != nil {
			return err
		}
	}
	if err := run.Write("scores.parquet", func(w io.Writer) error { return m.scores(w, r.Scenario.Hash()) }); err != nil {
		return err
	}
	if err := run.Write("report.txt", m.Text); err != nil {
		return err
	}
	if err := m.draw(run); err != nil {
		return err
	}
	for _, b := range m.Scenarios[1:] {
		if err := run.WriteFile(otherScenario(b.Scenario), b.Scenery.Canonical()); err != nil {
			return err
		}
	}
	return r.close(run, t)
}

// scores are the rows of scores.parquet: of each scenario in turn, every policy on every path of every run.
func (m *Benchmark) scores(w io.Writer, hash string) error {
	out := parquet.NewWriter[results.Score](w, hash)
	for _, b := range m.Scenarios {
		for run := range b.Runs {
			var rows []results.Score
			for _, p := range b.Played {
				for path, score := range p.Scores[run] {
					key := results.Key{RunID: m.RunID, Scenario: b.Scenario, Agent: p.Name, Seed: int64(run) + 1, Episode: int64(run*b.Paths + path)}
					rows = append(rows, results.Score{Key: key, Score: score})
				}
			}
			if err := out.Write(rows); err != nil {
				return err
			}
		}
	}
	return out.Close()
}
