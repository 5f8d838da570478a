package affinity

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// TestShelvesArePlackettLuce draws 20,000 lists of three from four items and counts the orders. Their chi-square on 23 degrees of freedom
// exceeds 49.7 once in a thousand seeds.
func TestShelvesArePlackettLuce(t *testing.T) {
	m := &Popularity{Users: 1, Counts: []float64{0, 1, 2, 4}}
	const n, temperature = 20000, 0.8
	s, err := NewShelf(m, nil, 3, temperature)
	if err != nil {
		t.Fatal(err)
	}
	weight, unit := [4]float64{}, temperature*deviation(m.Counts)
	for i, v := range m.Counts {
		weight[i] = math.Exp(v / unit)
	}
	counts := map[[3]int32]float64{}
	family := rng.New(3, 0).Family("shelf")
	for draw := range uint64(n) {
		stream := family.At(draw)
		counts[[3]int32(s.Draw(0, nil, &stream))]++
	}
	square, total := 0.0, weight[0]+weight[1]+weight[2]+weight[3]
	for a := range int32(4) {
		for b := range int32(4) {
			for c := range int32(4) {
				if a == b || b == c || a == c {
					continue
				}
				want := n * weight[a] / total * weight[b] / (total - weight[a]) * weight[c] / (total - weight[a] - weight[b])
				square += math.Pow(counts[[3]int32{a, b, c}]-want, 2) / want
			}
		}
	}
	if square > 49.7 {
		t.Errorf("chi-square %.1f", square)
	}
}

func TestShelvesKeepTheirPromises(t *testing.T) {
	m := &Popularity{Users: 2, Counts: []float64{1, 5, 3, 4}}
	other := &Popularity{Users: 1, Counts: []float64{9, 1, 2, 3}}
	stream := rng.New(1, 0).Family("shelf").At(0)
	s, err := NewShelf(m, other, 2, 0)
	if err != nil {
		t.Fatal(err)
	}
	if list := s.Draw(1, nil, &stream); list[0] != 1 || list[1] != 3 {
		t.Error("without temperature the best come first", list)
	}
	for _, unknown := range []int{-1, 2} {
		if list := s.Draw(unknown, nil, &stream); list[0] != 0 || list[1] != 3 {
			t.Error("somebody unknown", list)
		}
	}
	if list := s.Draw(0, []bool{true, false, false, false}, &stream); len(list) != 1 || list[0] != 0 {
		t.Error("only what is there", list)
	}
	a, b := rng.New(1, 0).Family("shelf").At(1), rng.New(1, 0).Family("shelf").At(1)
	s.Draw(0, nil, &a)
	s.Draw(-1, make([]bool, 4), &b)
	if a != b {
		t.Error("the numbers drawn hang on who comes, or on what is there")
	}
	alike, err := NewShelf(&Popularity{Users: 1, Counts: []float64{2, 2, 2}}, nil, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	first := [3]bool{}
	for range 100 {
		first[alike.Draw(0, nil, &stream)[0]] = true
	}
	if first != [3]bool{true, true, true} { // false alarm 3·(2/3)^100
		t.Error("items that score alike come in any order", first)
	}
	for _, c := range []struct {
		unknown     Recommender
		places      int
		temperature float64
	}{{nil, 0, 1}, {nil, 5, 1}, {nil, 2, -1}, {nil, 2, math.NaN()}, {&Popularity{Users: 1, Counts: []float64{1}}, 2, 1}} {
		if _, err := NewShelf(m, c.unknown, c.places, c.temperature); err == nil {
			t.Errorf("%+v", c)
		}
	}
}

// TestModelsAreTheSameOnAnyNumberOfWorkersAndFromAFile holds every method's scores and shelves to the last bit, and to no allocation.
func TestModelsAreTheSameOnAnyNumberOfWorkersAndFromAFile(t *testing.T) {
	w := newWorld(5, 150, 60, 0.5)
	r := w.rate(0, 0.3, func(u, i int) bool { return u != 7 && i != 9 })
	one, other, loaded := make([]float64, r.Items), make([]float64, r.Items), make([]float64, r.Items)
	for _, method := range Methods() {
		m, err := method.Fit(r, Options{Seed: 3})
		if err != nil {
			t.Fatal(err)
		}
		many, err := method.Fit(r, Options{Seed: 3, Workers: 7})
		if err != nil {
			t.Fatal(err)
		}
		file, err := Save(m)
		if err != nil {
			t.Fatal(method.Name, err)
		}
		again, err := Load(file)
		if err != nil {
			t.Fatal(method.Name, err)
		}
		for user := -1; user <= r.Users; user++ {
			m.Score(user, one)
			many.Score(user, other)
			again.Score(user, loaded)
			for i, v := range one {
				if v != other[i] || v != loaded[i] {
					t.Fatalf("%s: user %d, item %d: %v with one worker, %v with seven, %v from a file", method.Name, user, i, v, other[i], loaded[i])
				}
				if p, ok := m.(Predictor); ok && p.Predict(user, i) != v {
					t.Fatalf("%s: user %d, item %d: predicted %v, scored %v", method.Name, user, i, p.Predict(user, i), v)
				}
			}
		}
		s, err := NewShelf(m, nil, 10, 1)
		if err != nil {
			t.Fatal(err)
		}
		stream := rng.New(1, 0).Family("shelf").At(0)
		if n := testing.AllocsPerRun(20, func() { s.Draw(3, nil, &stream) }); n != 0 {
			t.Errorf("%s: a shelf allocates %v times", method.Name, n)
		}
	}
}

func FuzzLoad(f *testing.F) {
	r := &Ratings{Users: 3, Items: 2, User: []int32{0, 1, 2, 0}, Item: []int32{0, 1, 0, 1}, Value: []float64{1, 5, 3, 2}}
	for _, method := range Methods() {
		m, err := method.Fit(r, Options{Rank: 2, Sweeps: 1})
		if err != nil {
			f.Fatal(err)
		}
		b, err := Save(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Load(b)
		if err != nil {
			return
		}
		users, items := m.Size()
		if items > 1<<16 {
			return
		}
		scores := make([]float64, items)
		for _, user := range []int{-1, 0, users - 1, users} {
			m.Score(user, scores)
		}
		if _, err := Save(m); err != nil {
			t.Error(err)
		}
	})
}
