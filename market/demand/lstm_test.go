package demand

import (
	"math"
	"testing"

	"github.com/gomlx/gomlx/backends/simplego"
	"github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"
	"github.com/souk-sim/souk/sim/rng"
)

// The plain Go network and gomlx's give the same numbers: 1e-12 is a thousand roundings.
func TestTheNetworkRunsAsInGomlx(t *testing.T) {
	stream := rng.New(1, 0).Family("lstm").At(0)
	const features = 5
	var windows [][]float64
	for range 20 {
		w := make([]float64, lstmWindow*features)
		for i := range w {
			w[i] = 2 * stream.Normal()
		}
		windows = append(windows, w)
	}
	n := &network{Center: make([]float64, features)}
	n.start(3)
	for _, w := range n.parts() {
		for i := range w {
			w[i] += stream.Normal() / 2
		}
	}
	backend, err := simplego.New("ops_sequential,dotgeneral_small")
	if err != nil {
		t.Fatal(err)
	}
	exec, err := graph.NewExec(backend, func(in []*graph.Node) *graph.Node { return lstmGraph(in[0], in[1:]) })
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Exec(append([]any{batch(windows, features)}, n.tensors()...)...)
	if err != nil {
		t.Fatal(err)
	}
	want, err := tensors.CopyFlatData[float64](out[0])
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range windows {
		got := n.run(w[:len(w)-features], w[len(w)-features:])
		if math.Abs(got-want[i]) > 1e-12 {
			t.Errorf("window %d: %v, gomlx has %v", i, got, want[i])
		}
	}
	// And gomlx's gradient is the slope of the plain Go loss.
	y := make([]float64, len(windows))
	g, err := newGradient(windows, y, features)
	if err != nil {
		t.Fatal(err)
	}
	parts, err := g.at(n)
	if err != nil {
		t.Fatal(err)
	}
	for p, w := range n.parts() {
		const step = 1e-5
		old := w[1]
		w[1] = old + step
		up := n.loss(windows, y)
		w[1] = old - step
		slope := (up - n.loss(windows, y)) / (2 * step)
		w[1] = old
		if math.Abs(slope-parts[p][1]) > 1e-7 {
			t.Errorf("part %d: slope %v, gradient %v", p, slope, parts[p][1])
		}
	}
}
