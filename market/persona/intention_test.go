package persona

import (
	"math"
	"slices"
	"testing"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/sim/rng"
)

// visits are 4,000 sessions whose purchases follow a known logistic law of a number, its logarithm and a word.
func visits() (inputs []Input, values, bought []float64) {
	inputs = []Input{{Name: "pages"}, {Name: "seconds", Log: true}, {Name: "month", Words: []string{"June", "May", "November"}}}
	stream := rng.New(5, 0).Family("visits").At()
	for range 4000 {
		pages, seconds, month := stream.Normal(), math.Exp(2*stream.Float64())-1, float64(stream.Intn(3))
		eta := -1 + pages + 0.8*math.Log(1+seconds)
		if month == 2 {
			eta++
		}
		values = append(values, pages, seconds, month)
		y := 0.0
		if stream.Float64() < 1/(1+math.Exp(-eta)) {
			y = 1
		}
		bought = append(bought, y)
	}
	return inputs, values, bought
}

func TestIntentionRecoversItsLawAndLoadsToTheSameBehaviour(t *testing.T) {
	inputs, values, bought := visits()
	streams := rng.New(1, 0)
	logistic, forest, path, oob, err := FitIntention(inputs, values, bought, IntentionOptions{Path: stats.PathOptions{Mix: 1},
		Folds: stats.FoldOptions{Folds: 5, Streams: streams.Family("folds")}, Forest: stats.ForestOptions{Trees: 40, Streams: streams.Family("forest")}})
	if err != nil {
		t.Fatal(err)
	}
	// Standard errors are about 0.04, 0.07, 0.09 and 0.09; the penalty of least deviance takes less than one of each: a false alarm in 10,000 seeds.
	for j, want := range []float64{1, 0.8, 0, 1} {
		if got := logistic.Logistic.Coef[j]; math.Abs(got-want) > []float64{0.2, 0.35, 0.45, 0.45}[j] {
			t.Errorf("%s: %v, want %v", logistic.Features()[j], got, want)
		}
	}
	if path.Best < path.Simplest || len(oob) != len(bought) || !slices.Equal(logistic.Features(), []string{"pages", "seconds", "month=May", "month=November"}) {
		t.Errorf("%d %d %q", path.Best, path.Simplest, logistic.Features())
	}
	x := make([]float64, 4)
	for _, m := range []*Intention{logistic, forest} {
		b, err := m.Save()
		if err != nil {
			t.Fatal(err)
		}
		again, err := LoadIntention(b)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 100 {
			m.Encode(values[3*i:3*i+3], x)
			if p := m.Probability(x); p != again.Probability(x) || !(p >= 0 && p <= 1) {
				t.Fatalf("probability %v becomes %v", p, again.Probability(x))
			}
		}
		if n := testing.AllocsPerRun(10, func() { m.Encode(values[:3], x); m.Probability(x) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
	logistic.Encode([]float64{0, 0, 7}, x)
	if !slices.Equal(x, []float64{0, 0, 0, 0}) {
		t.Errorf("a word never seen makes %v", x)
	}
}

func FuzzLoadIntention(f *testing.F) {
	m := &Intention{Inputs: []Input{{Name: "pages"}, {Name: "month", Words: []string{"June", "May"}}}, Logistic: &stats.Logistic{Names: []string{"pages", "month=May"}, Coef: []float64{1, 2}}}
	b, err := m.Save()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := LoadIntention(b)
		if err != nil {
			return
		}
		x := make([]float64, len(m.Features()))
		m.Encode(make([]float64, len(m.Inputs)), x)
		m.Probability(x)
	})
}

func TestSelectedFeaturesKeepWhatPromotionsDid(t *testing.T) {
	l := Log{Discount: []float64{1, 0, 0, 1, 1, 0}, Customer: []int{0, 0, 1, 1, 2, 3}, Day: []int{1, 2, 3, 4, 5, 6}, Amount: []float64{1, 2, 3, 4, 5, 6}}
	f, err := NewFeatures(l, Window{1, 6})
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Select([]string{"money", "recency"})
	if err != nil || !slices.Equal(s.X, []float64{3, 4, 7, 2, 5, 1, 6, 0}) {
		t.Fatalf("%v, %v", s, err)
	}
	p, err := NewPersonas(s, l, []int{0, 0, 0, 0}, Options{Least: 4})
	if err != nil || p.Groups[0].Card.Promotion == nil || p.Groups[0].Card.Promotion.OnDeal != 0.5 {
		t.Errorf("%+v, %v", p, err)
	}
	for _, names := range [][]string{{"colour"}, {"money", "money"}} {
		if _, err := f.Select(names); err == nil {
			t.Errorf("%q: no error", names)
		}
	}
}

func TestScalesAreUndone(t *testing.T) {
	f := &Features{Names: []string{"a", "money", "level"}, X: []float64{1, 10, 5, 2, -3, 5, 4, 0, 5}}
	for _, s := range []*Scale{NewScale(f), NewScaleOf(f, func(string) bool { return true }), NewScaleOf(f, func(string) bool { return false })} {
		x := make([]float64, 3)
		for i := range 3 {
			s.Apply(f.X[3*i:3*i+3], x)
			s.Undo(x, x)
			for j := range x {
				if math.Abs(x[j]-f.X[3*i+j]) > 1e-12 {
					t.Errorf("%v becomes %v", f.X[3*i:3*i+3], x)
				}
			}
		}
	}
}
