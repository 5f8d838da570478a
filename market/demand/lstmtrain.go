package demand

import (
	"math"
	"slices"

	"github.com/gomlx/gomlx/backends/simplego"
	"github.com/gomlx/gomlx/pkg/core/dtypes"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/shapes"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/souk-sim/souk/sim/rng"
)

const (
	lstmEpochs   = 150
	lstmPatience = 50   // epochs without a better tail; the first ones lead nowhere yet
	lstmRate     = 0.01 // of Adam (Kingma & Ba 2015)
	lstmDecay    = 0.01 // of the weights, a step at the rate above (Loshchilov & Hutter 2019)
)

// train fits the weights to y, one number for each window, by full-batch steps. The last fifth tells when to stop; then the
// network learns as long on everything. It is used where it betters the line's loss on that fifth by a standard error
// (Breiman, Friedman, Olshen & Stone 1984, §3.4.3).
func (n *network) train(windows [][]float64, y []float64, seed uint64) (used bool, err error) {
	n.Scale = medianSize(y) / 0.6745
	if n.Scale == 0 {
		return false, nil
	}
	targets := make([]float64, len(y))
	for i, v := range y {
		targets[i] = v / n.Scale
	}
	fit := len(y) - max(4, len(y)/5)
	n.start(seed)
	idle := n.losses(windows[fit:], targets[fit:]) // the output weights are zero still
	best, at := idle, 0
	err = n.descend(windows[:fit], targets[:fit], lstmEpochs, func(epoch int) bool {
		if l := n.losses(windows[fit:], targets[fit:]); sum(l) < sum(best) {
			best, at = l, epoch
		}
		return epoch < at+lstmPatience
	})
	if saved, se := saving(best, idle); err != nil || saved <= se {
		return false, err
	}
	n.start(seed)
	return true, n.descend(windows, targets, at, func(int) bool { return true })
}

// saving is by how much the mean of a is below that of b, and the standard error of the difference.
func saving(a, b []float64) (saved, se float64) {
	n, squares := float64(len(a)), 0.0
	for i := range a {
		saved += (b[i] - a[i]) / n
	}
	for i := range a {
		squares += (b[i] - a[i] - saved) * (b[i] - a[i] - saved)
	}
	return saved, math.Sqrt(squares / (n - 1) / n)
}

// medianSize is the median of |y|.
func medianSize(y []float64) float64 {
	size := make([]float64, len(y))
	for i, v := range y {
		size[i] = math.Abs(v)
	}
	slices.Sort(size)
	return size[len(size)/2]
}

// start draws the first weights, uniform within ±(fan-in)^-½; the forget gate is open and the output closed.
func (n *network) start(seed uint64) {
	k := len(n.Center)
	stream := rng.New(seed, 0).Family("demand/lstm").At(0)
	draw := func(size int) []float64 {
		w := make([]float64, size)
		for i := range w {
			w[i] = (2*stream.Float64() - 1) / math.Sqrt(float64(k+lstmUnits))
		}
		return w
	}
	n.Input, n.Recurrent = draw(4*lstmUnits*k), draw(4*lstmUnits*lstmUnits)
	n.Bias, n.Output = make([]float64, 4*lstmUnits), make([]float64, lstmUnits)
	for u := range lstmUnits {
		n.Bias[2*lstmUnits+u] = 1
	}
}

// parts are the weights of each gate and the output: gate i has its input, recurrent and bias at 3i.
func (n *network) parts() [][]float64 {
	var all [][]float64
	for _, v := range [][3][]float64{gate(n, 0), gate(n, 1), gate(n, 2), gate(n, 3)} {
		all = append(all, v[:]...)
	}
	return append(all, n.Output)
}

func gate(n *network, i int) [3][]float64 {
	k := len(n.Center)
	return [3][]float64{n.Input[i*lstmUnits*k : (i+1)*lstmUnits*k], n.Recurrent[i*lstmUnits*lstmUnits : (i+1)*lstmUnits*lstmUnits],
		n.Bias[i*lstmUnits : (i+1)*lstmUnits]}
}

// losses are √(1+e²)-1 for each window, which is e²/2 for small errors and |e| for large ones.
func (n *network) losses(windows [][]float64, y []float64) []float64 {
	all, k := make([]float64, len(y)), len(n.Center)
	for i, w := range windows {
		e := n.run(w[:len(w)-k], w[len(w)-k:]) - y[i]
		all[i] = math.Sqrt(1+e*e) - 1
	}
	return all
}

func sum(x []float64) float64 {
	total := 0.0
	for _, v := range x {
		total += v
	}
	return total
}

// descend takes steps by Adam on the gradients of gomlx, until there were enough or after says no.
func (n *network) descend(windows [][]float64, y []float64, steps int, after func(step int) bool) error {
	g, err := newGradient(windows, y, len(n.Center))
	if err != nil {
		return err
	}
	defer g.exec.Finalize()
	parts := n.parts()
	first, second := make([][]float64, len(parts)), make([][]float64, len(parts))
	for p, w := range parts {
		first[p], second[p] = make([]float64, len(w)), make([]float64, len(w))
	}
	for step := 1; step <= steps; step++ {
		gradients, err := g.at(n)
		if err != nil {
			return err
		}
		c1, c2 := 1-math.Pow(0.9, float64(step)), 1-math.Pow(0.999, float64(step))
		for p, w := range parts {
			for i, d := range gradients[p] {
				first[p][i] = 0.9*first[p][i] + 0.1*d
				second[p][i] = 0.999*second[p][i] + 0.001*d*d
				w[i] -= lstmRate * (first[p][i]/c1/(math.Sqrt(second[p][i]/c2)+1e-8) + lstmDecay*w[i])
			}
		}
		if !after(step) {
			break
		}
	}
	return nil
}

// gradient is the loss's graph in gomlx's pure-Go backend, compiled for one set of windows.
type gradient struct {
	exec *graph.Exec
	x, y *tensors.Tensor
}

func newGradient(windows [][]float64, y []float64, features int) (*gradient, error) {
	// One operation after another, and the plain matrix product: the sums' order is fixed. (The option "parallelism" prints.)
	backend, err := simplego.New("ops_sequential,dotgeneral_small")
	if err != nil {
		return nil, err
	}
	exec, err := graph.NewExec(backend, func(in []*graph.Node) []*graph.Node {
		e := graph.Sub(lstmGraph(in[0], in[2:]), in[1])
		loss := graph.ReduceAllMean(graph.AddScalar(graph.Sqrt(graph.AddScalar(graph.Square(e), 1)), -1))
		return graph.Gradient(loss, in[2:]...)
	})
	if err != nil {
		return nil, err
	}
	return &gradient{exec: exec, x: batch(windows, features), y: tensors.FromFlatDataAndDimensions(y, len(y), 1)}, nil
}

func batch(windows [][]float64, features int) *tensors.Tensor {
	return tensors.FromFlatDataAndDimensions(slices.Concat(windows...), len(windows), lstmWindow, features)
}

// lstmGraph is network.run on windows x (n × window × features) with the weights of parts. (gomlx's own layer cannot learn
// in this backend, which does not differentiate the slices that it takes of its weights.)
func lstmGraph(x *graph.Node, weights []*graph.Node) *graph.Node {
	n, features := x.Shape().Dim(0), x.Shape().Dim(2)
	hidden := graph.Zeros(x.Graph(), shapes.Make(dtypes.Float64, n, lstmUnits))
	cell := hidden
	for t := range lstmWindow {
		row := graph.Reshape(graph.Slice(x, graph.AxisRange(), graph.AxisElem(t)), n, features)
		gate := func(i int) *graph.Node {
			w := weights[3*i : 3*i+3]
			return graph.Add(graph.Add(graph.Einsum("bf,uf->bu", row, w[0]), graph.Einsum("bh,uh->bu", hidden, w[1])), w[2])
		}
		in, out, forget, next := gate(0), gate(1), gate(2), gate(3)
		cell = graph.Add(graph.Mul(graph.Sigmoid(forget), cell), graph.Mul(graph.Sigmoid(in), graph.Tanh(next)))
		hidden = graph.Mul(graph.Sigmoid(out), graph.Tanh(cell))
	}
	return graph.Einsum("bh,uh->bu", hidden, weights[12])
}

// tensors are the parts in gomlx's shapes.
func (n *network) tensors() []any {
	var all []any
	for p, w := range n.parts() {
		rows := lstmUnits
		if p%3 == 2 || p == 12 { // a bias, the output
			rows = 1
		}
		all = append(all, tensors.FromFlatDataAndDimensions(w, rows, len(w)/rows))
	}
	return all
}

// at gives the gradient of the loss, part by part.
func (g *gradient) at(n *network) (parts [][]float64, err error) {
	weights := n.tensors()
	out, err := g.exec.Exec(append([]any{g.x, g.y}, weights...)...)
	if err != nil {
		return nil, err
	}
	for p, t := range out {
		values, err := tensors.CopyFlatData[float64](t)
		if err != nil {
			return nil, err
		}
		parts = append(parts, values)
		for _, t := range []*tensors.Tensor{t, weights[p].(*tensors.Tensor)} {
			if err := t.FinalizeAll(); err != nil {
				return nil, err
			}
		}
	}
	return parts, nil
}
