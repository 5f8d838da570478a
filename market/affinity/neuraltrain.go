package affinity

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

const (
	neuralSweeps   = 40
	neuralMembers  = 3
	neuralPatience = 3     // sweeps without a better validation; thrice as many at first, which may lead nowhere yet
	neuralBatch    = 512   // examples a step at most
	neuralSteps    = 500   // of a sweep at least
	neuralRate     = 0.004 // of Adam (Kingma & Ba 2015)
	neuralDropout  = 0.1   // of each number of an embedding (Srivastava et al. 2014)
	neuralUnknown  = 0.05  // of a whole embedding, so that the network knows what to think of who is unknown (Volkovs, Yu & Poutanen 2017)
	neuralJudges   = 30    // validation rows that can tell whether the network helps
)

// lesson is what there is to learn: x less the biases. Where negatives are drawn the loss is logistic, else it is squared.
type lesson struct {
	x                  *matrix
	content            Features
	mean               float64
	userBias, itemBias []float64 // userBias nil: none
	negatives          int
}

type example struct {
	user, item int32
	value      float64
}

// train makes a committee, each member from numbers of its own.
func (l *lesson) train(o Options) committee {
	family := rng.New(o.Seed, 0).Family("affinity neural")
	var members [neuralMembers]*perceptron
	var wait sync.WaitGroup
	workers := min(max(1, o.Workers), neuralMembers)
	for worker := range workers {
		wait.Go(func() {
			for member := worker; member < neuralMembers; member += workers {
				members[member] = l.member(o, func(id ...uint64) rng.Stream { return family.At(append(id, uint64(member))...) })
			}
		})
	}
	wait.Wait()
	c := committee{}
	for _, m := range members {
		if m != nil {
			for j := range m.Output {
				m.Output[j] /= neuralMembers
			}
			c = append(c, *m)
		}
	}
	return c
}

// member trains a network on nine tenths of the entries and gives what it was when it did best on the others: nil where that was before
// it began, or too few are held back to tell.
func (l *lesson) member(o Options, stream func(id ...uint64) rng.Stream) (best *perceptron) {
	hold, draws := stream(0), stream(1)
	validation, fit := l.x.split(func(int, float64) bool { return hold.Float64() < 0.1 })
	if len(validation.val) < neuralJudges {
		return nil
	}
	judges := l.examples(validation, l.x, &draws, nil)
	n := newNet(l, o, stream(2))
	least, last := l.loss(judges, func(example) float64 { return 0 }), 2*neuralPatience
	for sweep := 1; sweep <= min(last+neuralPatience, cmp.Or(o.Sweeps, neuralSweeps)); sweep++ {
		n.sweep(l, fit, stream(3, uint64(sweep)))
		if loss := l.loss(judges, n.whole(l)); loss < least {
			least, last = loss, max(sweep, 2*neuralPatience)
			best = n.freeze(l, fit)
		}
	}
	return best
}

// examples are the entries of x in random order, with draws of what known has not where the lesson wants negatives.
func (l *lesson) examples(x, known *matrix, stream *rng.Stream, list []example) []example {
	list = list[:0]
	for u := range x.rows() {
		columns, values := x.row(u)
		has, _ := known.row(u)
		for n, item := range columns {
			list = append(list, example{int32(u), item, values[n]})
			for range min(l.negatives, len(l.itemBias)-len(has)) {
				list = append(list, example{int32(u), absent(has, stream.Intn(len(l.itemBias)-len(has))), 0})
			}
		}
	}
	for n := len(list) - 1; n > 0; n-- {
		j := stream.Intn(n + 1)
		list[n], list[j] = list[j], list[n]
	}
	return list
}

// absent is the nth number, from 0, that an ascending list has not.
func absent(list []int32, n int) int32 {
	low, high := 0, len(list) // list[k] - k numbers below list[k] are absent
	for low < high {
		if k := (low + high) / 2; int(list[k])-k <= n {
			low = k + 1
		} else {
			high = k
		}
	}
	return int32(n + low)
}

// error is the slope of an example's loss in the network's number f, with the biases of those that are seen.
func (l *lesson) error(e example, f float64, userSeen, itemSeen bool) float64 {
	f += l.mean
	if userSeen && l.userBias != nil {
		f += l.userBias[e.user]
	}
	if itemSeen {
		f += l.itemBias[e.item]
	}
	if l.negatives > 0 {
		f = 1 / (1 + portable.Exp(-f))
	}
	return f - e.value
}

// A table is rows of weights. Adam moves only the rows that a batch touched ("lazy" or "sparse" Adam).
type table struct {
	width                        int
	weight, slope, first, second []float64
	dirty                        []bool
	touched                      []int32
}

func newTable(rows, width int, sd float64, stream *rng.Stream) *table {
	n := rows * width
	t := &table{width, make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n), make([]bool, rows), nil}
	for i := range t.weight {
		t.weight[i] = sd * stream.Normal()
	}
	return t
}

func (t *table) row(r int32) []float64 { return vector(t.weight, r, t.width) }

// add adds s·x to the slope of a row.
func (t *table) add(r int32, s float64, x []float64) {
	if !t.dirty[r] {
		t.dirty[r] = true
		t.touched = append(t.touched, r)
	}
	axpy(s, x, vector(t.slope, r, t.width))
}

// step moves what was touched; c1 and c2 correct the moments for their start at 0, and the weights decay apart from the slope
// (Loshchilov & Hutter 2019).
func (t *table) step(examples, c1, c2, decay float64) {
	for _, r := range t.touched {
		t.dirty[r] = false
		w, slope := t.row(r), vector(t.slope, r, t.width)
		first, second := vector(t.first, r, t.width), vector(t.second, r, t.width)
		for j, s := range slope {
			s /= examples
			first[j] = float64(0.9*first[j]) + float64(0.1*s)
			second[j] = float64(0.999*second[j]) + float64(0.001*s*s)
			w[j] -= float64(neuralRate * (first[j]/c1/(math.Sqrt(second[j]/c2)+1e-8) + float64(decay*w[j])))
		}
		clear(slope)
	}
	t.touched = t.touched[:0]
}

// net is a network that learns: the tables of the perceptron before its first layer is multiplied out, and what one example needs.
type net struct {
	user, item           *table // embeddings
	first, second, third *table // a row for each unit, its bias last; the third has one row and no bias
	decay                float64
	c1, c2               float64 // what is left of Adam's start
	x, h1, h2            []float64
	keep, dx, dh1        []float64
	list                 []example
}

func newNet(l *lesson, o Options, stream rng.Stream) *net {
	k := cmp.Or(o.Rank, 16)
	in := 2*k + l.content.D
	he := func(fanIn int) float64 { return math.Sqrt(2 / float64(fanIn)) } // He, Zhang, Ren & Sun (2015)
	n := &net{
		user: newTable(l.x.rows(), k, 0.1, &stream), item: newTable(len(l.itemBias), k, 0.1, &stream),
		first: newTable(2*k, in+1, he(in), &stream), second: newTable(k, 2*k+1, he(2*k), &stream), third: newTable(1, k, 1/math.Sqrt(float64(k)), &stream),
		decay: cmp.Or(o.Lambda, 0.03), c1: 1, c2: 1,
		x: make([]float64, in+1), h1: make([]float64, 2*k+1), h2: make([]float64, k),
		keep: make([]float64, 2*k), dx: make([]float64, in+1), dh1: make([]float64, 2*k+1),
	}
	for _, t := range []*table{n.first, n.second} {
		for at := t.width - 1; at < len(t.weight); at += t.width {
			t.weight[at] = 0
		}
	}
	n.x[in], n.h1[2*k] = 1, 1
	return n
}

// sweep passes once over the examples of x.
func (n *net) sweep(l *lesson, x *matrix, stream rng.Stream) {
	n.list = l.examples(x, x, &stream, n.list)
	size := min(neuralBatch, 1+len(n.list)/neuralSteps)
	for from := 0; from < len(n.list); from += size {
		batch := n.list[from:min(from+size, len(n.list))]
		for _, e := range batch {
			userSeen, itemSeen := n.drop(&stream)
			f := n.forward(l, e)
			n.backward(e, l.error(e, f, userSeen, itemSeen))
		}
		n.c1, n.c2 = 0.9*n.c1, 0.999*n.c2
		for _, t := range []*table{n.user, n.item} {
			t.step(float64(len(batch)), 1-n.c1, 1-n.c2, n.decay)
		}
		for _, t := range []*table{n.first, n.second, n.third} {
			t.step(float64(len(batch)), 1-n.c1, 1-n.c2, 0)
		}
	}
}

// drop draws what the network does not see of the next example's embeddings.
func (n *net) drop(stream *rng.Stream) (userSeen, itemSeen bool) {
	userSeen, itemSeen = stream.Float64() >= neuralUnknown, stream.Float64() >= neuralUnknown
	k := n.user.width
	for j := range n.keep {
		n.keep[j] = 0
		if seen := j < k && userSeen || j >= k && itemSeen; seen && stream.Float64() >= neuralDropout {
			n.keep[j] = 1 / (1 - neuralDropout)
		}
	}
	return userSeen, itemSeen
}

// forward runs the network, on what keep leaves of the embeddings.
func (n *net) forward(l *lesson, e example) float64 {
	k := n.user.width
	for j, v := range n.user.row(e.user) {
		n.x[j] = n.keep[j] * v
	}
	for j, v := range n.item.row(e.item) {
		n.x[k+j] = n.keep[k+j] * v
	}
	copy(n.x[2*k:], vector(l.content.Values, e.item, l.content.D))
	for j := range 2 * k {
		n.h1[j] = max(0, dot(n.first.row(int32(j)), n.x))
	}
	for j := range n.h2 {
		n.h2[j] = max(0, dot(n.second.row(int32(j)), n.h1))
	}
	return dot(n.third.weight, n.h2)
}

// backward adds an example's slopes to the tables, error being the loss's slope in the number that forward just gave.
func (n *net) backward(e example, error float64) {
	k := n.user.width
	clear(n.dh1)
	clear(n.dx)
	n.third.add(0, error, n.h2)
	for j, h := range n.h2 {
		if h > 0 {
			slope := error * n.third.weight[j]
			n.second.add(int32(j), slope, n.h1)
			axpy(slope, n.second.row(int32(j)), n.dh1)
		}
	}
	for j, h := range n.h1[:2*k] {
		if h > 0 && n.dh1[j] != 0 {
			n.first.add(int32(j), n.dh1[j], n.x)
			axpy(n.dh1[j], n.first.row(int32(j)), n.dx)
		}
	}
	for j, v := range n.keep {
		n.dx[j] *= v
	}
	n.user.add(e.user, 1, n.dx[:k])
	n.item.add(e.item, 1, n.dx[k:2*k])
}

// whole is forward with nothing dropped.
func (n *net) whole(l *lesson) func(example) float64 {
	for j := range n.keep {
		n.keep[j] = 1
	}
	return func(e example) float64 { return n.forward(l, e) }
}

// loss is the sum over examples of which both sides are seen.
func (l *lesson) loss(examples []example, f func(example) float64) float64 {
	sum := 0.0
	for _, e := range examples {
		error := l.error(e, f(e), true, true)
		if l.negatives > 0 {
			sum -= portable.Log(1 - min(math.Abs(error), 1-1e-15))
		} else {
			sum += float64(error * error)
		}
	}
	return sum
}

// freeze multiplies the first layer out. Who has no entry in x has learnt nothing, and is unknown but for content.
func (n *net) freeze(l *lesson, x *matrix) *perceptron {
	k, width, items := n.user.width, 2*n.user.width, len(l.itemBias)
	p := &perceptron{width, make([]float64, x.rows()*width), make([]float64, items*width), make([]float64, width),
		slices.Clone(n.second.weight), slices.Clone(n.third.weight)}
	seen := make([]bool, items)
	for _, i := range x.col {
		seen[i] = true
	}
	for j := range width {
		w := n.first.row(int32(j))
		p.Unknown[j] = w[len(w)-1]
		for u := range x.rows() {
			if x.start[u] < x.start[u+1] {
				p.User[u*width+j] = dot(w[:k], n.user.row(int32(u)))
			}
		}
		for i := range items {
			t := p.Unknown[j] + dot(vector(l.content.Values, int32(i), l.content.D), w[2*k:])
			if seen[i] {
				t += dot(n.item.row(int32(i)), w[k:])
			}
			p.Item[i*width+j] = t
		}
	}
	return p
}
