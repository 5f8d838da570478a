package oligopoly

import (
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// dilemma is a prisoners' dilemma: a unit sold at 3 or 4 $ that costs nothing. Both at 4 earn 2 each, both at 3 earn 1.5, and who alone is at 3 earns 3.
// States and joint choices are numbered 0 (3, 3), 1 (3, 4), 2 (4, 3), 3 (4, 4).
func dilemma(t tester, discount float64, moves string, memory int) *Game {
	t.Helper()
	cfg := played(market(&Bertrand{Intercept: 1, Reservation: 10}, 0, 0, 0), Ladder{List: []float64{3, 4}}, moves, memory)
	cfg.Discount = discount
	return game(t, cfg)
}

func profile(t tester, g *Game, strategies ...[]int32) *Profile {
	t.Helper()
	p, err := g.Profile(strategies)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return p
}

var (
	grim   = []int32{0, 0, 0, 1}
	pavlov = []int32{1, 0, 0, 1} // win stay, lose shift
	defect = []int32{0, 0, 0, 0}
	copies = [][]int32{{0, 1, 0, 1}, {0, 0, 1, 1}} // tit for tat of either firm
)

func same(a, b float64) bool { return math.Abs(a-b) <= 1e-12*(1+math.Abs(b)) }

func TestLimitCyclesByHand(t *testing.T) {
	g := dilemma(t, 0.6, "simultaneous", 1)
	for _, c := range []struct {
		strategies [][]int32
		from       int
		states     []int32
		before     int
		profits    [2]float64
	}{
		{[][]int32{grim, grim}, 3, []int32{3}, 0, [2]float64{2, 2}},
		{[][]int32{grim, grim}, 1, []int32{0}, 1, [2]float64{1.5, 1.5}},
		{[][]int32{pavlov, pavlov}, 2, []int32{3}, 2, [2]float64{2, 2}},
		{copies, 1, []int32{1, 2}, 0, [2]float64{1.5, 1.5}},
		{[][]int32{defect, pavlov}, 3, []int32{1, 0}, 1, [2]float64{2.25, 0.75}},
	} {
		got := profile(t, g, c.strategies...).Cycle(c.from)
		if !slices.Equal(got.States, c.states) || got.Before != c.before || !same(got.Mean.Profits[0], c.profits[0]) || !same(got.Mean.Profits[1], c.profits[1]) {
			t.Errorf("%v from %d: %+v, by hand %v after %d with profits %v", c.strategies, c.from, got, c.states, c.before, c.profits)
		}
	}
	if mean := profile(t, g, copies...).Cycle(2).Mean; !same(mean.Prices[0], 3.5) || !same(mean.Choices[1], 3.5) || !same(mean.Quantities[1], 0.5) {
		t.Errorf("tit for tat out of step: %+v, by hand a price of 3.5 and half a unit", mean)
	}
}

// Taking turns, who moves at 1 $ above the other loses the market for a period: undercutting along 3 … 0 and back is a cycle of play.
func TestAlternatingStrategiesCountWhereTheFirmMoves(t *testing.T) {
	g := dilemma(t, 0.6, "alternating", 1)
	imitate := []int32{0, 1, 0, 1, 0, 0, 1, 1} // does what stands of the other: firm 0 moves in states 0–3, firm 1 in 4–7
	p := profile(t, g, imitate, imitate)
	c := p.Cycle(1) // firm 0 moves, (3, 4) stands: it goes to 4, and both stay there
	if !slices.Equal(c.States, []int32{7, 3}) || c.Before != 1 || c.Mean.Profits[0] != 2 {
		t.Errorf("%+v, by hand states 7 and 3 at 2 each", c)
	}
	if v := p.Values(0)[1]; !same(v, 2/(1-0.6)) {
		t.Errorf("worth %v, by hand 5", v)
	}
	// From (4, 4) firm 0 goes to 3: 3 while firm 1 stands at 4, then firm 1 follows to 3, and so on: 3 + δ·1.5/(1−δ) = 5.25.
	if q := p.table(0)[3*2+0]; !same(q, 5.25) {
		t.Errorf("undercutting is worth %v, by hand 5.25", q)
	}
	if b := p.BestResponse(0); !same(b.Values[3], 5.25) || b.Rungs[3] != 0 {
		t.Errorf("best response to an imitator: %+v, by hand to undercut, 5.25", b)
	}
}

// Grim trigger is an equilibrium where 2/(1−δ) ≥ 3 + δ·1.5/(1−δ), from δ = 2/3 on.
func TestGrimTriggerIsAnEquilibriumOfPatientFirms(t *testing.T) {
	for _, c := range []struct {
		discount, optimality, loss float64
		equilibrium                bool
	}{{0.7, 1, 0, true}, {2.0 / 3, 1, 0, true}, {0.6, 5 / 5.25, 0.25 / 5.25, false}} {
		p := profile(t, dilemma(t, c.discount, "simultaneous", 1), grim, grim)
		j := p.Judge(p.Cycle(3).States)
		if j.Equilibrium != c.equilibrium || j.Undeviating != c.equilibrium || !same(j.Optimality[1], c.optimality) || !same(j.QLoss[0], c.loss) {
			t.Errorf("δ = %g: %+v, by hand equilibrium %v, optimality %v, loss %v", c.discount, j, c.equilibrium, c.optimality, c.loss)
		}
		if j := p.Judge(nil); j.Equilibrium != c.equilibrium {
			t.Errorf("δ = %g: subgame perfect %v", c.discount, j.Equilibrium)
		}
		if !profile(t, dilemma(t, c.discount, "simultaneous", 1), defect, defect).Judge(nil).Equilibrium {
			t.Errorf("δ = %g: always 3 $ is an equilibrium of any firms", c.discount)
		}
	}
}

// A best response is worth as much in each state as the best of all strategies that there are, for each of many profiles.
func TestBestResponseIsTheBestOfAllStrategies(t *testing.T) {
	for _, moves := range []string{"simultaneous", "alternating"} {
		g := dilemma(t, 0.8, moves, 1)
		states := g.States()
		chance := rng.New(1, 0).Family("profiles").At()
		weaker := 0
		for range 60 {
			strategies := [][]int32{strategy(chance.Intn(1<<states), states), strategy(chance.Intn(1<<states), states)}
			p := profile(t, g, strategies...)
			for firm := range 2 {
				most := slices.Repeat([]float64{math.Inf(-1)}, states)
				for code := range 1 << states {
					other := slices.Clone(strategies)
					other[firm] = strategy(code, states)
					for s, v := range profile(t, g, other...).Values(firm) {
						most[s] = max(most[s], v)
					}
				}
				best := p.BestResponse(firm)
				other := slices.Clone(strategies)
				other[firm] = best.Rungs
				for s, v := range profile(t, g, other...).Values(firm) {
					if !same(best.Values[s], most[s]) || !same(v, most[s]) {
						t.Fatalf("%s, %v, firm %d, state %d: %v, its rungs bring %v, the best of all %v", moves, strategies, firm, s, best.Values[s], v, most[s])
					}
				}
			}
			for s := range states {
				j := p.Judge([]int32{int32(s)})
				if j.Equilibrium && !j.Undeviating {
					t.Fatalf("%v: an equilibrium from which a single deviation pays: %+v", strategies, j)
				}
				if j.Undeviating && !j.Equilibrium {
					weaker++
				}
			}
			if all := p.Judge(nil); all.Equilibrium != all.Undeviating {
				t.Fatalf("%v: over all states the one-shot deviation principle must hold: %+v", strategies, all)
			}
		}
		if weaker == 0 {
			t.Errorf("%s: no state in 60 profiles where only two deviations pay", moves)
		}
	}
}

// strategy writes a number in binary.
func strategy(code, states int) []int32 {
	all := make([]int32, states)
	for s := range all {
		all[s] = int32(code >> s & 1)
	}
	return all
}

func TestValuesSatisfyBellmansEquation(t *testing.T) {
	for name, cfg := range games() {
		g := game(t, cfg)
		if g.States() == 0 {
			continue
		}
		strategies := make([][]int32, g.n)
		for i := range strategies {
			chance := rng.New(2, 0).Family("strategies").At(uint64(i))
			for range g.States() {
				strategies[i] = append(strategies[i], int32(chance.Intn(len(g.ladders[i]))))
			}
		}
		p := profile(t, g, strategies...)
		next, reward := g.Table()
		for i := range g.n {
			m := len(g.ladders[i])
			v, q := p.Values(i), p.table(i)
			for s := range strategies[i] {
				joint := 0
				for j := range strategies {
					joint += g.stride[j] * int(strategies[j][s])
				}
				at := s*g.joints + joint
				want := reward[at*g.n+i] + cfg.Discount*v[next[at]]
				if !same(v[s], want) || !same(q[s*m+int(strategies[i][s])], want) {
					t.Fatalf("%s: firm %d in state %d is worth %v and %v, Bellman's equation says %v", name, i, s, v[s], q[s*m+int(strategies[i][s])], want)
				}
			}
		}
	}
}

func TestDeviationsByHand(t *testing.T) {
	g := dilemma(t, 0.6, "simultaneous", 1)
	for _, c := range []struct {
		name                 string
		strategies           [][]int32
		price, rival, profit []float64
		returned, punished   float64
	}{
		{"grim", [][]int32{grim, grim}, []float64{4, 3, 3, 3}, []float64{4, 4, 3, 3}, []float64{2, 3, 1.5, 1.5}, 0, 0},
		{"tit for tat", copies, []float64{4, 3, 4, 3}, []float64{4, 4, 3, 4}, []float64{2, 3, 0, 3}, 0, 0},
		{"pavlov", [][]int32{pavlov, pavlov}, []float64{4, 3, 3, 4}, []float64{4, 4, 3, 4}, []float64{2, 3, 1.5, 2}, 1, 3},
	} {
		p := profile(t, g, c.strategies...)
		cycle := p.Cycle(3)
		if r := p.StaticReply(0, 3); r != 0 {
			t.Errorf("%s: static reply %d, by hand to undercut", c.name, r)
		}
		for firm := range 2 {
			i := p.Impulse(cycle, firm, 3, nil)
			if !slices.Equal(i.Price, c.price) || !slices.Equal(i.RivalPrice, c.rival) || !slices.Equal(i.Profit, c.profit) || i.Returned != c.returned || i.Punished != c.punished {
				t.Errorf("%s: %+v, by hand %v, %v, %v, %v, %v", c.name, i, c.price, c.rival, c.profit, c.returned, c.punished)
			}
		}
	}
	// Two that undercut each other in turns, deviating at each of the cycle's two states to the other rung.
	p := profile(t, g, copies...)
	i := p.Impulse(p.Cycle(1), 0, 1, func(_ int, s int32) int32 { return 1 - copies[0][s] })
	if i.Price[0] != 3.5 || i.Price[1] != 3.5 || i.RivalPrice[1] != 3.5 || i.Profit[1] != (2+1.5)/2 {
		t.Errorf("%+v, by hand 3.5 and 1.75", i)
	}
	turns := dilemma(t, 0.6, "alternating", 1)
	imitate := []int32{0, 1, 0, 1, 0, 0, 1, 1}
	p = profile(t, turns, imitate, imitate)
	if i := p.Impulse(p.Cycle(3), 1, 3, nil); !slices.Equal(i.Price, []float64{4, 3, 3, 3}) || !slices.Equal(i.RivalPrice, []float64{4, 4, 3, 3}) {
		t.Errorf("%+v, by hand firm 1 goes to 3, firm 0 follows a period later", i)
	}
}

func TestInitialValuesByHand(t *testing.T) {
	g := dilemma(t, 0.6, "simultaneous", 1)
	for _, c := range []struct {
		kind string
		want []float64 // [state][rung]
	}{
		{"random-rivals", slices.Repeat([]float64{(1.5 + 3) / 2 / 0.4, (0 + 2.0) / 2 / 0.4}, 4)},
		{"nash", slices.Repeat([]float64{1.5 / 0.4, 0 + 0.6*1.5/0.4}, 4)}, // cost is 0, the nearest rung 3 $
		{"monopoly", slices.Repeat([]float64{3 + 0.6*2/0.4, 2 / 0.4}, 4)}, // 10 $, the nearest rung 4 $
		{"grim", []float64{3.75, 2.25, 3.75, 2.25, 3.75, 2.25, 3 + 0.6*1.5/0.4, 2 / 0.4}},
		{"constant", slices.Repeat([]float64{7}, 8)},
	} {
		got, err := g.InitialValues(&Initial{Kind: c.kind, Value: 7}, 0, nil)
		if err != nil || !slices.EqualFunc(got, c.want, same) {
			t.Errorf("%s: %v (%v), by hand %v", c.kind, got, err, c.want)
		}
	}
	chance := rng.New(1, 0).Family("values").At()
	drawn, err := g.InitialValues(&Initial{Kind: "uniform", From: 10, To: 20}, 1, &chance)
	if err != nil || len(drawn) != 8 || slices.Min(drawn) < 10 || slices.Max(drawn) >= 20 || drawn[0] == drawn[1] {
		t.Errorf("uniform: %v, %v", drawn, err)
	}
}

// The published table A9 of Calvano et al. (2020) tells the rungs of its Nash and grim-trigger tables: counted from 1, 2 and 14 of 15.
func TestGrimTriggerOfThePublishedBaseline(t *testing.T) {
	g := game(t, calvano())
	strategies, err := g.simple("grim")
	if err != nil {
		t.Fatalf("%v", err)
	}
	for s, r := range strategies[1] {
		if want := int32(1); r != want && s != 13*15+13 || s == 13*15+13 && r != 13 {
			t.Errorf("state %d: rung %d", s, r)
		}
	}
}

func TestBadProfilesAndValuesAreRefused(t *testing.T) {
	g := dilemma(t, 0.6, "simultaneous", 1)
	for name, strategies := range map[string][][]int32{
		"one strategy": {grim}, "too few states": {grim, grim[:3]}, "no such rung": {grim, {0, 0, 0, 2}}, "negative": {{-1, 0, 0, 0}, grim},
	} {
		if _, err := g.Profile(strategies); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := dilemma(t, 1, "simultaneous", 1).Profile([][]int32{grim, grim}); err == nil {
		t.Error("no discount: accepted")
	}
	if _, err := dilemma(t, 1, "simultaneous", 1).InitialValues(&Initial{Kind: "random-rivals"}, 0, nil); err == nil {
		t.Error("random rivals without discount: accepted")
	}
	none := dilemma(t, 0.6, "alternating", 0)
	if _, err := none.Profile([][]int32{{0}, {0}}); err == nil {
		t.Error("alternating without memory: accepted")
	}
	for _, bad := range []Initial{{Kind: ""}, {Kind: "uniform", From: 2, To: 1}, {Kind: "constant", Value: math.NaN()}, {Kind: "uniform", To: math.Inf(1)}} {
		if _, err := g.InitialValues(&bad, 0, nil); err == nil {
			t.Errorf("%+v: accepted", bad)
		}
	}
}

// Δ of a firm and of all: 0 at the equilibrium, 1 at the joint optimum.
func TestProfitGainIsTheScaleFromNashToMonopoly(t *testing.T) {
	nash, monopoly := []float64{1, 3}, []float64{2, 7}
	for _, c := range []struct {
		profits []float64
		want    float64
	}{{nash, 0}, {monopoly, 1}, {[]float64{2, 3}, 0.2}, {[]float64{1.5, 5}, 0.5}} {
		if got := ProfitGain(c.profits, nash, monopoly); got != c.want {
			t.Errorf("%v: %v, by hand %v", c.profits, got, c.want)
		}
	}
	if got := ProfitGain([]float64{4}, nash[1:], monopoly[1:]); got != 0.25 {
		t.Errorf("firm 1: %v, by hand 0.25", got)
	}
}

func BenchmarkJudge(b *testing.B) {
	g := game(b, calvano())
	chance := rng.New(1, 0).Family("strategies").At()
	strategies := [][]int32{make([]int32, g.States()), make([]int32, g.States())}
	for i := range strategies {
		for s := range strategies[i] {
			strategies[i][s] = int32(chance.Intn(15))
		}
	}
	b.ReportAllocs()
	for range b.N {
		p, err := g.Profile(strategies)
		if err != nil {
			b.Fatal(err)
		}
		p.Judge(p.Cycle(0).States)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "profiles/s")
}
