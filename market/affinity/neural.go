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
	Width   int       `json:"width"`   // of the first hidden layer; the second's is half of it, w's too
	User    []float64 `json:"user"`    // s_u, Width numbers a user
	Item    []float64 `json:"item"`    // t_i, Width numbers an item
	Unknown []float64 `json:"unknown"` // t of an item of which nothing is known
	Hidden  []float64 `json:"hidden"`  // a row of B and its b for each unit of the second layer
	Output  []float64 `json:"output"`  // w
}

// maxRank bounds the embeddings, so that a network runs on the stack.
const maxRank = 64

// run gives f; who is not within is unknown.
func (p *perceptron) run(user, item int) float64 {
	var units [2 * maxRank]float64
	first := units[:p.Width]
	copy(first, p.Unknown)
	if item >= 0 && item < len(p.Item)/p.Width {
		copy(first, vector(p.Item, int32(item), p.Width))
	}
	if user >= 0 && user < len(p.User)/p.Width {
		axpy(1, vector(p.User, int32(user), p.Width), first)
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

// committee is networks that add up, none where none helps.
type committee []perceptron

func (c committee) run(user, item int) float64 {
	sum := 0.0
	for n := range c {
		sum += c[n].run(user, item)
	}
	return sum
}

func (c committee) check(users, items int) error {
	for n := range c {
		if err := c[n].check(users, items); err != nil {
			return fmt.Errorf("networks[%d]: %w", n, err)
		}
	}
	return nil
}

// Neural predicts the rating of user u for item i as μ + b_u + b_i + Σ f(u, i): biases by a ridge (see FitBiases), and networks for
// what they leave. Who is unknown has no bias.
type Neural struct {
	Mean     float64   `json:"mean"`      // μ
	UserBias []float64 `json:"user_bias"` // b_u
	ItemBias []float64 `json:"item_bias"` // b_i
	Networks committee `json:"networks"`
}

// FitNeural trains networks by squared error, in standard deviations of the ratings. Each of three holds another tenth of the ratings back,
// which tells it when to stop, and has a third of the say; it has none if the biases alone do better there, or if fewer than 30 were
// held back. They learn at once on as many workers. Defaults: Rank 16 (numbers of an embedding, at most 64), Lambda 0.03 (decay of the
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
	m := &Neural{mean + float64(line.Mean*scale), line.UserBias, line.ItemBias, l.train(o)}
	outputs := [][]float64{m.UserBias, m.ItemBias}
	for _, p := range m.Networks {
		outputs = append(outputs, p.Output)
	}
	for _, values := range outputs {
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
	v := m.Mean
	if user >= 0 && user < len(m.UserBias) {
		v += m.UserBias[user]
	}
	if item >= 0 && item < len(m.ItemBias) {
		v += m.ItemBias[item]
	}
	return v + m.Networks.run(user, item)
}

// Score is the expected rating of every item.
func (m *Neural) Score(user int, scores []float64) {
	for i := range scores {
		scores[i] = m.Predict(user, i)
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
	return m.Networks.check(users, items)
}

// NeuralImplicit scores item i for user u by b_i + Σ f(u, i), the logarithm of the odds that she takes it rather than passes: how popular
// the item is, and networks for whom it is popular with.
type NeuralImplicit struct {
	Users    int       `json:"users"`
	ItemBias []float64 `json:"item_bias"` // b_i
	Networks committee `json:"networks"`
}

// negatives are drawn for each item taken (He et al. 2017, §4.3, find 3 to 6 best).
const negatives = 4

// FitNeuralImplicit trains networks to tell items that a user took (values above 0 in sum; how much above makes no difference) from
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
	m := &NeuralImplicit{r.Users, l.itemBias, l.train(o)}
	return m, m.check()
}

// Size is the number of users and items.
func (m *NeuralImplicit) Size() (users, items int) { return m.Users, len(m.ItemBias) }

// Score is the logarithm of the odds, but for a constant.
func (m *NeuralImplicit) Score(user int, scores []float64) {
	for i, b := range m.ItemBias {
		scores[i] = b + m.Networks.run(user, i)
	}
}

func (m *NeuralImplicit) check() error {
	if err := size("users", m.Users); err != nil {
		return err
	}
	if err := numbers("item_bias", m.ItemBias, max(len(m.ItemBias), 1)); err != nil {
		return err
	}
	return m.Networks.check(m.Users, len(m.ItemBias))
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
