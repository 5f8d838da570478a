package workflow

import (
	"bytes"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/evaluate"
	"github.com/souk-sim/souk/policies/rules"
	"github.com/souk-sim/souk/results/report/web"
	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/sim/env"
)

// robustOf is the matrix of a scenario, whose agents do not train unless they are named, with more policies that are made of its ground.
func robustOf(t *testing.T, name string, bench scenarios.Bench, workers int, more func(b *bencher) []evaluate.Contestant, set ...string) *evaluate.Matrix {
	t.Helper()
	loaded, err := scenarios.Load(name, set...)
	if err != nil {
		t.Fatal(err)
	}
	s, err := loaded.Benched(bench)
	if err != nil {
		t.Fatal(err)
	}
	b := &bencher{Run: &Run{Scenario: s, Workers: workers}}
	if _, err := b.enter(); err != nil {
		t.Fatal(err)
	}
	store := rundir.Store{Root: t.TempDir()}
	if b.run, err = store.Open(name, s.Canonical(), rundir.Options{}); err != nil {
		t.Fatal(err)
	}
	defer b.run.Close()
	if err := b.prepare(t.Context(), &stopwatch{run: b.Run}); err != nil {
		t.Fatal(err)
	}
	entrants, err := b.entrants()
	if err != nil {
		t.Fatal(err)
	}
	if more != nil {
		entrants = append(entrants, more(b)...)
	}
	played, _, err := b.play(t.Context(), entrants)
	if err != nil {
		t.Fatal(err)
	}
	m, err := b.robustness(t.Context(), entrants, played)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func rowOf(t *testing.T, m *evaluate.Matrix, policy, trained string) *evaluate.Transfer {
	t.Helper()
	i := slices.IndexFunc(m.Rows, func(r evaluate.Transfer) bool { return r.Policy == policy && r.Trained == trained })
	if i < 0 {
		t.Fatalf("no row of %s of %s", policy, trained)
	}
	return &m.Rows[i]
}

// clinging asks what one policy asks, but at the second review, where it asks what another does.
type clinging struct {
	policies.Policy
	second policies.Policy
	period int // the feature that tells which review it is, from 0
}

func (c clinging) Decide(observation []float64, u float64) policies.Decision {
	if observation[c.period] != 1 {
		return c.Policy.Decide(observation, u)
	}
	return c.second.Decide(observation, u)
}

// A policy was made to beat the best fixed price in its own problem: it asks that price, and the optimum's at the second review. In the other markets, where the
// best fixed price is another, that does not help: it is flagged, and the optimum, which goes by the stock at all times, is not. Values are exact.
func TestAPolicyThatClingsToItsOwnMarketIsFlagged(t *testing.T) {
	plant := func(b *bencher) []evaluate.Contestant {
		g := b.ground.(*problemGround)
		p := clinging{g.solved.FixedPolicy(), g.solved.Policy(), g.process.Spec().Feature("period")}
		return []evaluate.Contestant{{Name: "clinging", Policies: []policies.Policy{p}}}
	}
	bench := scenarios.Bench{Runs: 3, Agents: []string{}, Robust: scenarios.UsualPerturbations()}
	m := robustOf(t, sale, bench, 1, plant)
	if row := rowOf(t, m, "clinging", ownMarket); !row.OnlyAtHome || !row.Cells[0].Wins || len(row.In(func(c *evaluate.Cell) bool { return c.Loses })) == 0 {
		t.Errorf("it is not flagged: %+v", row)
	}
	if row := rowOf(t, m, solved, ownMarket); row.OnlyAtHome || len(row.In(func(c *evaluate.Cell) bool { return c.Wins })) != len(m.Markets) {
		t.Errorf("the optimum wins in %v", row.In(func(c *evaluate.Cell) bool { return c.Wins }))
	}
	for k, market := range m.Markets { // 0 and 1 are each market's own
		fixed, best := rowOf(t, m, bestFixed, market.Market).Cells[k], rowOf(t, m, solved, market.Market).Cells[k]
		if fixed.OverFixed.Value != 0 || best.Normalised == nil || best.Normalised.Value != 1 {
			t.Errorf("%s: the best fixed price comes to %+v, the optimum to %+v", market.Market, fixed, best)
		}
		for i := range m.Rows {
			if over := m.Rows[i].Cells[k].Score.Value - market.Best.Value; over > 1e-9 {
				t.Errorf("%s: %s of %s is worth %g more than the optimum", market.Market, m.Rows[i].Policy, m.Rows[i].Trained, over)
			}
		}
	}
	if len(m.Left) != 1 || m.Left[0].Market != "posterior" || !strings.Contains(m.Left[0].Reason, "by hand") {
		t.Errorf("left out: %+v", m.Left)
	}
	p := &page{}
	robustTable(m).text(p)
	if text := strings.Join(strings.Fields(p.String()), " "); !strings.Contains(text, "clinging of own wins only in its own simulator") || !strings.Contains(text, "posterior is left out") {
		t.Errorf("the text does not tell:\n%s", text)
	}
	var file bytes.Buffer
	report := web.Page{Title: sale, Sections: []web.Section{{ID: "robustness", Title: "Robustness", Blocks: robustBlocks(m)}}}
	if err := report.Write(&file); err != nil || !strings.Contains(file.String(), "clinging of own wins only in its own simulator") {
		t.Errorf("the report does not tell: %v", err)
	}
}

// The matrix of an open market, its agent trained in every market, is the same on any number of workers.
func TestRobustnessDoesNotDependOnWorkers(t *testing.T) {
	bench := scenarios.Bench{Runs: 2, Robust: []string{"new-rival", "elasticity+25"}, Specialists: true}
	set := []string{"train.episodes=40", "evaluate.paths=4"}
	of := func(workers int) string {
		m := robustOf(t, "smoke", bench, workers, nil, set...)
		for _, trained := range []string{ownMarket, "new-rival", "elasticity+25"} {
			rowOf(t, m, "q-learning", trained)
		}
		text, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if one, three := of(1), of(3); one != three {
		t.Errorf("on one worker %s, on three %s", one, three)
	}
}

// ask is a policy that keeps what it sees, and makes the offer it is told to.
type ask struct {
	offer int
	seen  *[]float64
}

func (a ask) Decide(observation []float64, _ float64) policies.Decision {
	*a.seen = slices.Clone(observation)
	return policies.Decision{Action: a.offer, Propensity: 1}
}

// Features that stand elsewhere are found by their names, and those that are not there are missing.
func TestAPolicySeesAnotherMarketByNames(t *testing.T) {
	spec := func(names ...string) *env.Spec {
		s := &env.Spec{}
		for _, name := range names {
			s.Features = append(s.Features, env.Feature{Name: name})
		}
		return s
	}
	var got []float64
	p := translated(ask{3, &got}, spec("a", "b", "c"), spec("c", "new", "a"))
	if d := p.Decide([]float64{1, 2, 3}, 0); d.Action != 3 || got[0] != 3 || !math.IsNaN(got[1]) || got[2] != 1 {
		t.Errorf("offer %d, seen %v", d.Action, got)
	}
	if _, is := translated(ask{3, &got}, spec("a"), spec("a")).(*translation); is {
		t.Error("where features are the same nothing is to be translated")
	}
}

// The other categories of canned tuna: the rival stands last, so that all that a policy sees keeps its place, and takes sales; steeper shoppers buy at reference
// prices as before; a shock begins in the middle; draws take turns. Traffic and shocks of an episode are those of the scenario's own market.
func TestOtherCategories(t *testing.T) {
	f := cannedTuna(t)
	base := f.world(t, 1)
	c := &chain{s: f.scenario, data: f.data, models: f.models, full: base}
	worlds := map[string]world{}
	for _, name := range []string{"new-rival", "elasticity+25", "demand-shock-50", "posterior"} {
		p, err := scenarios.ParsePerturbation(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, worlds[name], _, err = c.under(t.Context(), p); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	before, after := base.Spec.Features, worlds["new-rival"].seats().Spec.Features
	for i := range before {
		if before[i].Name != after[i].Name {
			t.Errorf("feature %d is %s, was %s", i, after[i].Name, before[i].Name)
		}
	}
	sold := func(w world, episode int) (first, second, units float64) {
		fixed, err := (&rules.Fixed{Price: 0.79}).Policy(w.seats().Spec)
		if err != nil {
			t.Fatal(err)
		}
		arena := arenaOf(w.quick(), 5, 1)
		account, err := arena.Play("fixed", fixed, episode)
		if err != nil {
			t.Fatal(err)
		}
		return account.Customers, account.OwnUnits, account.Units
	}
	customers, own, _ := sold(base, 3)
	if n, less, _ := sold(worlds["new-rival"], 3); n != customers || !(less < own) {
		t.Errorf("beside a new rival %.0f customers buy %.0f, before %.0f and %.0f", n, less, customers, own)
	}
	if n, _, _ := sold(worlds["demand-shock-50"], 3); !(n > 0.65*customers && n < 0.85*customers) {
		t.Errorf("after a shock of a half in the middle %.0f customers of %.0f come", n, customers)
	}
	steep := worlds["elasticity+25"].(*World).Config.Choice
	at := base.Config.Products[base.Config.Own].Reference
	response := func(m interface {
		Response(j int, price, display, reference float64) float64
	}) float64 {
		return m.Response(base.Config.Own, at+0.05, 0, at) - m.Response(base.Config.Own, at, 0, at)
	}
	if got, want := response(steep), 1.25*response(base.Config.Choice); math.Abs(got-want) > 1e-12 {
		t.Errorf("5 cents change utility by %g, want %g", got, want)
	}
	draws := worlds["posterior"].(*mixture)
	if len(draws.worlds) != drawsHeld {
		t.Fatalf("%d draws", len(draws.worlds))
	}
	_, mixed, _ := sold(draws, drawsHeld+2)
	if _, alone, _ := sold(draws.worlds[2], drawsHeld+2); mixed != alone || mixed == own {
		t.Errorf("episode %d sells %g, in the world of its draw %g", drawsHeld+2, mixed, alone)
	}
}

// Where tastes are by hand there is nothing to draw, and a copy of a product that nobody else offers is found.
func TestOtherOpenMarkets(t *testing.T) {
	s, err := scenarios.Load("smoke")
	if err != nil {
		t.Fatal(err)
	}
	b, err := openBazaar(s)
	if err == nil {
		err = b.Fit(t.Context(), 1, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.worlds(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, w, doc, err := b.under(t.Context(), scenarios.Perturbation{Name: "new-rival", Kind: scenarios.NewRival})
	if err != nil {
		t.Fatal(err)
	}
	cfg := w.(*shop).Config
	if n := len(b.cfg.Sellers); len(cfg.Sellers) != n+1 || len(w.seats().Others) != n+1 || cfg.Products[len(b.cfg.Products)].Price != 4 || !strings.Contains(doc, "filter") {
		t.Errorf("%s: %d sellers", doc, len(cfg.Sellers))
	}
	_, steep, _, err := b.under(t.Context(), scenarios.Perturbation{Kind: scenarios.OtherElasticity, Percent: 25})
	if err != nil {
		t.Fatal(err)
	}
	for i, p := range steep.(*shop).Config.Personas {
		was := b.cfg.Personas[i]
		for _, k := range b.cfg.Products {
			if d := p.Appeals[k.Name] + p.Price*k.Price - was.Appeals[k.Name] - was.Price*k.Price; math.Abs(d) > 1e-12 || p.Price != 1.25*was.Price {
				t.Errorf("%s of %s: utility at the list price moved by %g", k.Name, p.Name, d)
			}
		}
	}
	if _, _, _, err := b.under(t.Context(), scenarios.Perturbation{Name: "posterior", Kind: scenarios.Posterior}); err == nil || !strings.Contains(err.Error(), "by hand") {
		t.Errorf("personas by hand were drawn: %v", err)
	}
}
