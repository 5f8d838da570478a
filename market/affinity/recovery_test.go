package affinity

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// world is tastes of rank 3 and biases: signal 5 + b_u + b_i + p_u·q_i, b_u and b_i of standard deviation 0.5, p_u·q_i of 1.
type world struct {
	users, items int
	bu, bi       []float64
	p, q         []float64
	noise        float64
	family       rng.Family
}

func newWorld(seed uint64, users, items int, noise float64) *world {
	w := &world{users: users, items: items, noise: noise, family: rng.New(seed, 0).Family("tastes")}
	draw := func(id uint64, n int, sd float64) []float64 {
		s, x := w.family.At(id), make([]float64, n)
		for i := range x {
			x[i] = sd * s.Normal()
		}
		return x
	}
	root := math.Pow(3, -0.25)
	w.bu, w.bi = draw(0, users, 0.5), draw(1, items, 0.5)
	w.p, w.q = draw(2, users*3, root), draw(3, items*3, root)
	return w
}

func (w *world) signal(u, i int) float64 {
	return 5 + w.bu[u] + w.bi[i] + dot(vector(w.p, int32(u), 3), vector(w.q, int32(i), 3))
}

// rate gives each pair a rating with the probability.
func (w *world) rate(id uint64, probability float64, rated func(u, i int) bool) *Ratings {
	r := &Ratings{Users: w.users, Items: w.items}
	for u := range w.users {
		s := w.family.At(4, id, uint64(u))
		for i := range w.items {
			if take, e := s.Float64() < probability, s.Normal(); take && rated(u, i) {
				r.User, r.Item, r.Value = append(r.User, int32(u)), append(r.Item, int32(i)), append(r.Value, w.signal(u, i)+w.noise*e)
			}
		}
	}
	return r
}

func anyPair(int, int) bool { return true }

// excess is how far predictions are from the signal, root mean square, and by how much they are above it on average.
func (w *world) excess(p Predictor) (rms, bias float64) {
	for u := range w.users {
		for i := range w.items {
			e := p.Predict(u, i) - w.signal(u, i)
			rms += e * e
			bias += e
		}
	}
	n := float64(w.users * w.items)
	return math.Sqrt(rms / n), bias / n
}

// TestFactorisationsRecoverTastes fits what 400 users think of 120 items, each user knowing some 36, noise 0.5 beside a signal whose
// standard deviation is 1.22. Least squares for 5 numbers a user and an item would be off by some 0.5·√(5·520/14400) = 0.21. Over 200 seeds
// the errors of Bayes, ALS and SGD were at most 0.212, 0.279 and 0.214 and their means within 0.013, 0.024 and 0.014: the bounds below give
// a false alarm in fewer than one seed of 200.
func TestFactorisationsRecoverTastes(t *testing.T) {
	w := newWorld(1, 400, 120, 0.5)
	r := w.rate(0, 0.3, anyPair)
	for _, c := range []struct {
		method string
		o      Options
		most   float64
	}{{"bayes", Options{}, 0.23}, {"als", Options{Rank: 3, Lambda: 0.02}, 0.3}, {"sgd", Options{Rank: 3, Lambda: 0.02, Sweeps: 100}, 0.23}} {
		m, err := Fit(c.method, r, c.o)
		if err != nil {
			t.Fatal(err)
		}
		if rms, bias := w.excess(m.(Predictor)); rms > c.most || math.Abs(bias) > 0.03 {
			t.Errorf("%s: error %.4f, bias %.4f", c.method, rms, bias)
		}
	}
}

// purchases of users whose tastes have rank 5, over items whose popularity falls like 1/(rank + 10): each user takes so many items, drawn
// by Gumbel noise without repeat.
func purchases(seed uint64, users, items, each int) *Ratings {
	family := rng.New(seed, 0).Family("purchases")
	const k = 5
	taste := family.At(0)
	q := make([]float64, items*k)
	for n := range q {
		q[n] = taste.Normal()
	}
	r := &Ratings{Users: users, Items: items}
	p, scores := make([]float64, k), make([]float64, items)
	for u := range users {
		s := family.At(1, uint64(u))
		for d := range p {
			p[d] = 0.8 * s.Normal()
		}
		for i := range scores {
			scores[i] = -math.Log(float64(i+10)) + dot(p, vector(q, int32(i), k)) - math.Log(-math.Log(s.Open()))
		}
		list := best(scores, nil, each, nil)
		for j := range list {
			j = (j + u) % each // so that the order of rows tells nothing
			r.User, r.Item, r.Value = append(r.User, int32(u)), append(r.Item, list[j].item), append(r.Value, 1)
		}
	}
	return r
}

// TestTastesRankBetterThanPopularity compares the gain of lists of ten for users who took ten of 300 items. Over 100 seeds popularity's
// was at least 4.1 times that of chance, and those of item cosines and implicit factors at least 1.8 times popularity's: a false alarm in
// fewer than one seed of 100.
func TestTastesRankBetterThanPopularity(t *testing.T) {
	train, test := purchases(1, 1500, 300, 10).SplitRows(fifth)
	ndcg := map[string]float64{}
	for _, method := range []string{"random", "popularity", "item-cosine", "implicit"} {
		m, err := Fit(method, train, Options{})
		if err != nil {
			t.Fatal(err)
		}
		q, err := EvaluateRanking(m, train, test, 10, math.Inf(-1))
		if err != nil {
			t.Fatal(err)
		}
		ndcg[method] = q.NDCG
	}
	if ndcg["popularity"] < 2*ndcg["random"] || ndcg["item-cosine"] < 1.5*ndcg["popularity"] || ndcg["implicit"] < 1.5*ndcg["popularity"] {
		t.Error(ndcg)
	}
}
