package agents

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/backends/simplego"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/sim/rng"
)

// someNetwork has random weights, biases too, and a batch of examples.
func someNetwork(activation string, examples int) (n *network, x, y []float64) {
	p := Network{Hidden: []int{7, 5}, Activation: activation, LearningRate: 0.01, Average: 1}
	n = p.network(3, 2)
	stream := rng.New(1, 0).Family("network").At()
	for i := range n.Weights {
		n.Weights[i] = 0.7 * stream.Normal()
	}
	for range examples {
		x, y = append(x, stream.Normal(), stream.Normal(), stream.Normal()), append(y, stream.Normal(), stream.Normal())
	}
	return n, x, y
}

// TestTheNetworkLearnsAsInGomlx holds outputs and the slopes of Σ(f − y)²/2 over a batch to those of gomlx; 1e-12 is a thousand roundings.
func TestTheNetworkLearnsAsInGomlx(t *testing.T) {
	const examples = 20
	for _, activation := range []string{"relu", "tanh"} {
		n, x, y := someNetwork(activation, examples)
		var outputs []float64
		for e := range examples {
			copy(n.units, x[3*e:3*e+3])
			out := n.Forward(n.units)
			outputs = append(outputs, out...)
			for j := range out {
				n.outputs()[j] = out[j] - y[2*e+j]
			}
			n.backward()
		}
		backend, err := simplego.New("ops_sequential,dotgeneral_small")
		if err != nil {
			t.Fatal(err)
		}
		exec, err := graph.NewExec(backend, func(in []*graph.Node) []*graph.Node {
			h := in[0]
			for l := 2; l < len(in); l += 2 {
				h = graph.Add(graph.Einsum("bi,io->bo", h, in[l+1]), graph.ExpandAxes(in[l], 0))
				switch {
				case l+2 == len(in):
				case activation == "relu":
					h = graph.Max(h, graph.ZerosLike(h))
				default:
					h = graph.Tanh(h)
				}
			}
			loss := graph.MulScalar(graph.ReduceAllSum(graph.Square(graph.Sub(h, in[1]))), 0.5)
			return append([]*graph.Node{h}, graph.Gradient(loss, in[2:]...)...)
		})
		if err != nil {
			t.Fatal(err)
		}
		in := []any{tensors.FromFlatDataAndDimensions(x, examples, 3), tensors.FromFlatDataAndDimensions(y, examples, 2)}
		weights := n.Weights
		for l := 1; l < len(n.Sizes); l++ {
			i, o := n.Sizes[l-1], n.Sizes[l]
			in = append(in, tensors.FromFlatDataAndDimensions(weights[:o], o), tensors.FromFlatDataAndDimensions(weights[o:(i+1)*o], i, o))
			weights = weights[(i+1)*o:]
		}
		out, err := exec.Exec(in...)
		if err != nil {
			t.Fatal(err)
		}
		var slopes []float64
		for k, part := range out {
			numbers, err := tensors.CopyFlatData[float64](part)
			if err != nil {
				t.Fatal(err)
			}
			if k > 0 {
				slopes = append(slopes, numbers...)
				continue
			}
			compare(t, activation+" outputs", outputs, numbers)
		}
		compare(t, activation+" slopes", n.slope, slopes)
		exec.Finalize()
	}
}

func compare(t *testing.T, what string, have, want []float64) {
	t.Helper()
	if len(have) != len(want) {
		t.Fatalf("%s: %d numbers, expected %d", what, len(have), len(want))
	}
	for i, w := range want {
		if math.Abs(have[i]-w) > 1e-12*max(1, math.Abs(w)) {
			t.Fatalf("%s: number %d is %v, expected %v", what, i, have[i], w)
		}
	}
}

func TestAdamByHand(t *testing.T) {
	p := Network{Hidden: []int{1}, Activation: "relu", LearningRate: 0.1, Average: 1}
	n := p.network(1, 1)
	// Gradients 2 and −4 of the first weight. The first step is the whole rate. Then m̂ = (0.9·0.2 − 0.1·4)/(1 − 0.81), v̂ = (0.999·0.004 + 0.001·16)/(1 − 0.999²).
	n.slope[0] = 4
	n.step(&p, 2, 0)
	if math.Abs(n.Weights[0]+0.1) > 1e-9 || n.slope[0] != 0 {
		t.Errorf("weight %v after the first step", n.Weights[0])
	}
	n.slope[0] = -8
	n.step(&p, 2, 0)
	want := -0.1 - 0.1*((0.9*0.2-0.1*4)/0.19)/math.Sqrt((0.999*0.004+0.001*16)/(1-0.999*0.999))
	if math.Abs(n.Weights[0]-want) > 1e-9 {
		t.Errorf("weight %v after the second step, expected %v", n.Weights[0], want)
	}
	if mean := (-0.1*1 + want*2) / 3; math.Abs(n.mean[0]-mean) > 1e-8 {
		t.Errorf("mean %v, expected %v", n.mean[0], mean)
	}
	n.slope[1], n.slope[2] = 30, 40 // as long as 50: cut to a tenth
	n.step(&p, 1, 5)
	if math.Abs(n.first[1]-0.3) > 1e-12 || math.Abs(n.first[2]-0.4) > 1e-12 {
		t.Errorf("moments %v of a gradient that is cut", n.first)
	}
}

// The slopes of PPO's loss are those of differences.
func TestThePolicyGradientIsTheSlopeOfItsLoss(t *testing.T) {
	q := &ppo{params: *newPPO(), actor: (&Network{Hidden: []int{2}, Activation: "tanh"}).network(2, 4)}
	q.params.Entropy = 0.3
	mask := []bool{true, false, true, true}
	h := []float64{0.3, 9, -0.5, 1.1}
	for _, c := range []struct{ old, advantage float64 }{{0.3, 1.5}, {0.3, -1.5}, {0.1, 1.5}, {0.1, -1.5}, {0.9, -1.5}} {
		loss := func(h []float64) float64 {
			p := make([]float64, len(h))
			policies.Softmax(h, mask, p)
			ratio, entropy := p[0]/c.old, 0.0
			for _, x := range p {
				if x > 0 {
					entropy -= x * math.Log(x)
				}
			}
			return -min(ratio*c.advantage, min(1.2, max(0.8, ratio))*c.advantage) - 0.3*entropy
		}
		p := make([]float64, len(h))
		policies.Softmax(h, mask, p)
		q.slopes(p, 0, c.old, c.advantage)
		for a := range h {
			const step = 1e-6
			up, down := append([]float64(nil), h...), append([]float64(nil), h...)
			up[a] += step
			down[a] -= step
			if want := (loss(up) - loss(down)) / (2 * step); math.Abs(q.actor.outputs()[a]-want) > 1e-8 {
				t.Errorf("%+v: slope %d is %v, by differences %v", c, a, q.actor.outputs()[a], want)
			}
		}
	}
}

func BenchmarkNetwork(b *testing.B) {
	p := Network{Hidden: []int{32, 32}, Activation: "relu", LearningRate: 0.001, Average: 3}
	n := p.network(6, 15)
	stream := rng.New(1, 0).Family("network").At()
	n.begin(&stream, 1)
	b.ReportAllocs()
	b.Run("forward", func(b *testing.B) {
		for b.Loop() {
			n.units[0] = 0.5
			n.Forward(n.units)
		}
	})
	b.Run("backward", func(b *testing.B) {
		n.outputs()[3] = 1
		for b.Loop() {
			n.backward()
		}
	})
	b.Run("step", func(b *testing.B) {
		for b.Loop() {
			n.step(&p, 32, 0)
		}
	})
}
