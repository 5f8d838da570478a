package basket

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

func law(t testing.TB, baskets [][]int, support float64, c Correction) *CrossSell {
	t.Helper()
	s := mine(t, baskets, Options{Support: support})
	rules, err := s.Rules(RuleOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Test(rules, c); err != nil {
		t.Fatal(err)
	}
	significant := rules[:0]
	for _, r := range rules {
		if r.Adjusted <= 0.05 {
			significant = append(significant, r)
		}
	}
	m, err := s.CrossSell(significant)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// 50,000 draws for each of three baskets; a share beyond 4.5 standard errors has probability 7e-6.
func TestTheNextItemIsDrawnWithItsProbability(t *testing.T) {
	m := law(t, planted(2000, 5), 0.01, Holm)
	cart := m.Cart()
	stream := rng.New(2, 0).Family("next").At()
	for _, in := range [][]int{{}, {2}, {3, 99}} {
		cart.Clear()
		for _, item := range in {
			cart.Add(item)
		}
		const n = 50_000
		counts := map[int]float64{}
		for range n {
			if item, ok := cart.Next(&stream); ok {
				counts[item]++
			}
		}
		for _, item := range []int{1, 2, 3} {
			p := cart.More() * cart.Probability(item)
			if math.Abs(counts[item]/n-p) > 4.5*math.Sqrt(p*(1-p)/n)+1e-12 {
				t.Errorf("basket %v: item %d comes next in %v, want %v", in, item, counts[item]/n, p)
			}
		}
	}
	cart.Clear()
	before := cart.Probability(1)
	cart.Add(2)
	if after := cart.Probability(1); after < 1.5*before {
		t.Errorf("butter raises bread's probability from %v to %v only", before, after)
	}
	if cart.Probability(2) != 0 || cart.Probability(77) != 0 {
		t.Error("an item in the basket, or unknown, may come next")
	}
}

// Filled from empty, 20,000 baskets have the sizes of the log: a share beyond 4.5 standard errors has probability 7e-6.
func TestSimulatedBasketsHaveTheSizesOfTheLog(t *testing.T) {
	m := law(t, independent(3000, 9), 0.01, Holm)
	cart, family := m.Cart(), rng.New(3, 0).Family("fill")
	const n = 20_000
	sizes := make([]float64, len(m.Sizes))
	for i := range uint64(n) {
		cart.Clear()
		stream := family.At(i)
		for item, ok := cart.Next(&stream); ok; item, ok = cart.Next(&stream) {
			cart.Add(item)
		}
		sizes[cart.size]++
	}
	for k, got := range sizes {
		p := float64(m.Sizes[k]) / float64(m.Baskets)
		if math.Abs(got/n-p) > 4.5*math.Sqrt(p*(1-p)/n)+1e-12 {
			t.Errorf("%v of the baskets have %d items, want %v", got/n, k, p)
		}
	}
}

func TestRulesGuessHeldOutGroceriesBetterThanPopularity(t *testing.T) {
	baskets := groceries(t)
	g := law(t, baskets[:5000], 0.002, Holm).Guess(baskets[5000:])
	if g.LogScore < g.Popularity+0.01 || g.Hits < g.Popular {
		t.Errorf("%+v", g)
	}
}

func TestACartTakesTwoDrawsAndNoMemory(t *testing.T) {
	m := law(t, planted(2000, 5), 0.01, Holm)
	cart := m.Cart()
	stream := rng.New(4, 0).Family("next").At()
	if n := testing.AllocsPerRun(100, func() {
		cart.Clear()
		cart.Add(2)
		cart.Add(1000)
		cart.Next(&stream)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	for _, in := range [][]int{{}, {1}, {1, 2, 3}} {
		cart.Clear()
		for _, item := range in {
			cart.Add(item)
		}
		a := stream
		b := a
		cart.Next(&a)
		b.Uint64()
		b.Uint64()
		if a != b {
			t.Errorf("basket %v: not two draws", in)
		}
	}
}

func TestLoadedRulesBehaveAlikeToTheLastBit(t *testing.T) {
	m := law(t, planted(2000, 5), 0.01, BenjaminiHochberg)
	b, err := m.Save()
	if err != nil {
		t.Fatal(err)
	}
	l, err := Load(b)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := l.Save(); err != nil || !bytes.Equal(again, b) {
		t.Errorf("saved again it is %s, not %s (%v)", again, b, err)
	}
	x, y := m.Cart(), l.Cart()
	for _, item := range []int{2, 3} {
		x.Add(item)
		y.Add(item)
		if x.More() != y.More() || x.Probability(1) != y.Probability(1) {
			t.Errorf("with %d: %v and %v", item, x.Probability(1), y.Probability(1))
		}
	}
}

func TestDocumentsThatNoBasketsLedToAreRefused(t *testing.T) {
	const good = `{"schema":"souk.basket/1","baskets":3,"sizes":[1,1,1],"items":[{"item":4,"count":2},{"item":7,"count":1}],"rules":[{"if":[4],"then":7,"count":1,"if_count":2}]}`
	if _, err := Load([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, c := range [][3]string{
		{`souk.basket/1`, `souk.basket/9`, "schema"}, {`"baskets":3`, `"baskets":0`, "baskets: found 0"}, {`[1,1,1]`, `[1,1]`, "sizes"},
		{`[1,1,1]`, `[2,2,-1]`, "sizes[2]"}, {`[1,1,1]`, `[2,0,1]`, "items"}, {`"item":7`, `"item":4`, "items[1].item"}, {`"item":4`, `"item":-4`, "items[0].item"},
		{`"count":2}`, `"count":9}`, "items[0].count"}, {`"if":[4]`, `"if":[]`, "rules[0].if"}, {`"if":[4]`, `"if":[5]`, "rules[0].if"}, {`"if":[4]`, `"if":[4,4]`, "rules[0].if"},
		{`"then":7`, `"then":4`, "rules[0].then"}, {`"then":7`, `"then":8`, "rules[0].then"}, {`"if_count":2`, `"if_count":3`, "rules[0].if_count"}, {`"count":1,`, `"count":2,`, "rules[0].count"},
		{`"rules"`, `"rule"`, "unknown field"}, {`2}]}`, `2`, "EOF"}, {`2}]}`, `2}]}}`, "document"},
	} {
		if _, err := Load([]byte(strings.Replace(good, c[0], c[1], 1))); err == nil || c[2] != "EOF" && !strings.Contains(err.Error(), c[2]) {
			t.Errorf("%s for %s: %v, want %q", c[1], c[0], err, c[2])
		}
	}
}

func FuzzLoad(f *testing.F) {
	b, err := law(f, planted(300, 5), 0.05, Holm).Save()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"schema":"souk.basket/1","baskets":3,"sizes":[1,1,1],"items":[{"item":4,"count":2},{"item":7,"count":1}],"rules":[{"if":[4],"then":7,"count":1,"if_count":2}]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Load(b)
		if err != nil {
			return
		}
		stream := rng.New(1, 0).Family("fuzz").At()
		cart := m.Cart()
		for range 20 {
			item, ok := cart.Next(&stream)
			if !ok {
				break
			}
			cart.Add(item)
		}
		first, err := m.Save()
		if err != nil {
			t.Fatal(err)
		}
		l, err := Load(first)
		if err != nil {
			t.Fatalf("%v of %s", err, first)
		}
		if second, err := l.Save(); err != nil || !bytes.Equal(first, second) {
			t.Fatalf("%s, then %s (%v)", first, second, err)
		}
	})
}

func BenchmarkFillBasket(b *testing.B) {
	m := law(b, groceries(b), 0.002, Holm)
	cart, family := m.Cart(), rng.New(3, 0).Family("fill")
	b.ReportAllocs()
	for i := uint64(0); b.Loop(); i++ {
		cart.Clear()
		stream := family.At(i)
		for item, ok := cart.Next(&stream); ok; item, ok = cart.Next(&stream) {
			cart.Add(item)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "baskets/s")
}

func TestRenumberedItemsKeepWhatTheyAre(t *testing.T) {
	c, err := ByHand(map[string]float64{"milk": 0.5, "bread": 0.4, "eggs": 0.2}, []Habit{{If: []string{"milk"}, Then: "bread", Confidence: 0.7}})
	if err != nil {
		t.Fatal(err)
	}
	to := map[string]int{"milk": 9, "bread": 2, "eggs": 5}
	other, err := c.Renumber(func(i Item) int { return to[i.Name] })
	if err != nil {
		t.Fatal(err)
	}
	was, is := c.Cart(), other.Cart()
	for _, i := range c.Items {
		if i.Name == "milk" {
			was.Add(i.Item)
		}
	}
	is.Add(9)
	for _, i := range c.Items {
		if a, b := was.Probability(i.Item), is.Probability(to[i.Name]); math.Abs(a-b) > 1e-15 {
			t.Errorf("%s: %v, not %v", i.Name, b, a)
		}
	}
}
