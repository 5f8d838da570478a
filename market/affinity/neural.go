package affinity

import (
	"cmp"
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// perceptron is the network of He, Liao, Zhang, Nie, Hu & Chua (2017, §3.3, MLP): embeddings p_u and q_i and an item's features c_i, side
// by side, go through two hidden layers of rectified linear units to one number. The first layer is linear in them, so what is
// kept is each one's share of it:
//
//	f(u, i) = w·max(0, B·max(0, s_u + t_i) + b), s_u = A·p_u, t_i = A'·q_i + A"·c_i + a
//
// Who is unknown has no embedding; an item without ratings has its features alone.
type perceptron struct {
	Width   int       `json:"width"`   // of the first hidden layer; the second's is half of it
	User    []float64 `json:"user"`    // s_u, Width numbers a user
	Item    []float64 `json:"item"`    // t_i, Width numbers an item
	Unknown []float64 `json:"unknown"` // t of an item of which nothing is known
	Hidden  []float64 `json:"hidden"`  // a row of B and its b for each unit of the second layer
	Output  []float64 `json:"output"`  // w
}

// maxRank bounds the embeddings, so that a network runs on the stack.
const maxRank = 64

// run gives f; user nil is unknown.
func (p *perceptron) run(user, item []float64) float64 {
	var units [2 * maxRank]float64
	first := units[:p.Width]
	copy(first, item)
	if user != nil {
		axpy(1, user, first)
	}
	for j, v := range first {
		first[j] = max(0, v)
	}
	sum := 0.0
	for j, w := range p.Output {
		row := p.Hidden[j*(p.Width+1) : (j+1)*(p.Width+1)]
		sum += float64(w * max(0, row[p.Width]+dot(first, row)))
	}
	return sum
}

// user gives s_u, nil for somebody unknown.
func (p *perceptron) user(u int) []float64 {
	if u < 0 || u >= len(p.User)/p.Width {
		return nil
	}
	return vector(p.User, int32(u), p.Width)
}

func (p *perceptron) check(users, items int) error {
	if p.Width < 2 || p.Width > 2*maxRank || p.Width%2 != 0 {
		return field.New("width", p.Width, fmt.Sprintf("an even number from 2 to %d", 2*maxRank))
	}
	for _, c := range []struct {
		key    string
		values []float64
		n      int
	}{{"user", p.User, users * p.Width}, {"item", p.Item, items * p.Width}, {"unknown", p.Unknown, p.Width},
		{"hidden", p.Hidden, p.Width / 2 * (p.Width + 1)}, {"output", p.Output, p.Width / 2}} {
		if err := numbers(c.key, c.values, c.n); err != nil {
			return err
		}
	}
	return nil
}

// Neural predicts the rating of user u for item i as μ + b_u + b_i + f(u, i): biases by a ridge (see FitBiases), and a network for what
// they leave. Who is unknown has no bias.
type Neural struct {
	Mean     float64   `json:"mean"`      // μ
	UserBias []float64 `json:"user_bias"` // b_u
	ItemBias []float64 `json:"item_bias"` // b_i
	perceptron
}

// FitNeural trains the network by squared error, in standard deviations of the ratings, as train tells. Fewer than 300 ratings cannot tell
// whether it helps: then the biases are all there is. Defaults: Rank 16 (numbers of an embedding, at most 64), Lambda 0.03 (decay of the
// embeddings, a step of Adam at learning rate 1), Sweeps 40 at most. Content are features of the items, none where empty.
func FitNeural(r *Ratings, o Options) (*Neural, error) {
	content, err := neuralContent(r, o)
	if err != nil {
		return nil, err
	}
	x := r.byUser(false)
	mean := level(x, r.Users, r.Items).Mean
	scale := cmp.Or(spread(x, mean), 1)
	for n, v := range x.val {
		x.val[n] = (v - mean) / scale
	}
	line := biases(x, r.Items, 5)
	l := lesson{x: x, content: content, mean: line.Mean, userBias: line.UserBias, itemBias: line.ItemBias}
	m := &Neural{mean + line.Mean*scale, line.UserBias, line.ItemBias, l.train(o)}
	for _, values := range [][]float64{m.UserBias, m.ItemBias, m.Output} {
		for n := range values {
			values[n] *= scale
		}
	}
	return m, m.check()
}

// Size is the number of users and items.
func (m *Neural) Size() (users, items int) { return len(m.UserBias), len(m.ItemBias) }

// Predict is the expected rating, not clipped to the scale.
func (m *Neural) Predict(user, item int) float64 {
	v, s, t := m.Mean, m.user(user), m.Unknown
	if s != nil {
		v += m.UserBias[user]
	}
	if item >= 0 && item < len(m.ItemBias) {
		v += m.ItemBias[item]
		t = vector(m.Item, int32(item), m.Width)
	}
	return v + m.run(s, t)
}

// Score is the expected rating of every item.
func (m *Neural) Score(user int, scores []float64) {
	base, s := m.Mean, m.user(user)
	if s != nil {
		base += m.UserBias[user]
	}
	for i, b := range m.ItemBias {
		scores[i] = base + b + m.run(s, vector(m.Item, int32(i), m.Width))
	}
}

func (m *Neural) check() error {
	users, items := m.Size()
	for _, c := range []struct {
		key    string
		values []float64
		n      int
	}{{"mean", []float64{m.Mean}, 1}, {"user_bias", m.UserBias, max(users, 1)}, {"item_bias", m.ItemBias, max(items, 1)}} {
		if err := numbers(c.key, c.values, c.n); err != nil {
			return err
		}
	}
	return m.perceptron.check(users, items)
}

// NeuralImplicit scores item i for user u by b_i + f(u, i), the logarithm of the odds that she takes it rather than passes: how popular the
// item is, and a network for whom it is popular with.
type NeuralImplicit struct {
	ItemBias []float64 `json:"item_bias"` // b_i
	perceptron
}

// negatives are drawn for each item taken (He et al. 2017, §4.3, find 3 to 6 best).
const negatives = 4

// FitNeuralImplicit trains the network to tell items that a user took (values above 0 in sum; how much above makes no difference) from
// others, drawn anew each pass, four for each that she took, by the logistic loss. What a user rejected (the rest) is never drawn. It is
// else as FitNeural. Where there is content an item without rows is new and gets the mean bias; without, it is one that nobody wants.
func FitNeuralImplicit(r *Ratings, o Options) (*NeuralImplicit, error) {
	content, err := neuralContent(r, o)
	if err != nil {
		return nil, err
	}
	x, _ := r.byUser(true).split(func(_ int, value float64) bool { return value > 0 })
	if len(x.val) == 0 {
		return nil, field.New("value", "none above 0", "feedback above 0 from somebody")
	}
	l := lesson{x: x, content: content, negatives: negatives, mean: -portable.Log(negatives), itemBias: make([]float64, r.Items)}
	for n, i := range x.col {
		x.val[n] = 1
		l.itemBias[i]++
	}
	for i, count := range l.itemBias {
		if count > 0 || content.D == 0 {
			l.itemBias[i] = portable.Log((count + 0.5) * float64(r.Items) / (float64(len(x.val)) + 0.5*float64(r.Items)))
		}
	}
	m := &NeuralImplicit{l.itemBias, l.train(o)}
	return m, m.check()
}

// Size is the number of users and items.
func (m *NeuralImplicit) Size() (users, items int) { return len(m.User) / m.Width, len(m.ItemBias) }

// Score is the logarithm of the odds, but for a constant.
func (m *NeuralImplicit) Score(user int, scores []float64) {
	s := m.user(user)
	for i, b := range m.ItemBias {
		scores[i] = b + m.run(s, vector(m.Item, int32(i), m.Width))
	}
}

func (m *NeuralImplicit) check() error {
	if err := numbers("item_bias", m.ItemBias, max(len(m.ItemBias), 1)); err != nil {
		return err
	}
	return m.perceptron.check(max(1, len(m.User)/max(1, m.Width)), len(m.ItemBias))
}

// neuralContent checks what both fits are given, and standardises the features over the items that have rows.
func neuralContent(r *Ratings, o Options) (Features, error) {
	f := Features{D: o.Content.D, Values: make([]float64, len(o.Content.Values))}
	if err := ready(r, o); err != nil {
		return f, err
	}
	switch {
	case o.Rank > maxRank:
		return f, field.New("rank", o.Rank, fmt.Sprintf("at most %d", maxRank))
	case f.D < 0:
		return f, field.New("content", f.D, "0 features or more")
	}
	if err := numbers("content", o.Content.Values, r.Items*f.D); err != nil || f.D == 0 {
		return f, err
	}
	counts := make([]float64, r.Items)
	for _, i := range r.Item {
		counts[i]++
	}
	c := Content{Center: make([]float64, f.D), Scale: make([]float64, f.D)}
	c.standardise(o.Content, counts)
	for n, v := range o.Content.Values {
		f.Values[n] = (v - c.Center[n%f.D]) / c.Scale[n%f.D]
	}
	if numbers("content", f.Values, len(f.Values)) != nil || math.IsInf(dot(c.Scale, c.Scale), 0) {
		return f, field.New("content", "values too large", "a scale that floating point can square")
	}
	return f, nil
}
