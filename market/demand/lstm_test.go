package demand

import (
	"io"
	"math"
	"os"
	"runtime"
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
		up := sum(n.losses(windows, y))
		w[1] = old - step
		slope := (up - sum(n.losses(windows, y))) / (2 * step * float64(len(y)))
		w[1] = old
		if math.Abs(slope-parts[p][1]) > 1e-7 {
			t.Errorf("part %d: slope %v, gradient %v", p, slope, parts[p][1])
		}
	}
}

// parabola is the logistic map with a little noise: what comes next is a matter of the last value, but no line tells it.
func parabola(n int) Series {
	stream := rng.New(7, 0).Family("parabola").At(0)
	s := Series{Values: make([]float64, n)}
	v := 0.3
	for i := range n {
		v = min(max(3.9*v*(1-v)+0.01*stream.Normal(), 0.01), 0.99)
		s.Values[i] = v
	}
	return s
}

// The network learns what the line cannot, is the same whatever the machine does beside it, writes nothing, and comes
// back from its file.
func TestAnLSTMLearnsAParabola(t *testing.T) {
	s := parabola(220)
	s.Values = s.Values[:120]
	line := &Regression{}
	if err := line.Fit(s); err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout = w
	defer func() { os.Stdout = stdout }()
	var models []*LSTM
	for _, procs := range []int{1, 7} {
		before := runtime.GOMAXPROCS(procs)
		m := &LSTM{Seed: 1}
		err := m.Fit(s)
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		models = append(models, m)
	}
	os.Stdout = stdout
	w.Close()
	if printed, _ := io.ReadAll(r); len(printed) > 0 {
		t.Errorf("training printed %q", printed)
	}
	m := models[0]
	if m.Network == nil {
		t.Fatal("no network")
	}
	f := checkForecast(t, m, 5, nil)
	sameForecast(t, "with seven processors", models[1], f, nil)
	b, err := Save(m)
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(b)
	if err != nil {
		t.Fatal(err)
	}
	sameForecast(t, "loaded", loaded, f, nil)
	samePaths(t, m, loaded, nil)

	errors := map[Model]float64{m: 0, line: 0}
	for _, y := range parabola(220).Values[120:] {
		for _, model := range []Model{m, line} {
			f, err := median(model, nil)
			if err != nil {
				t.Fatal(err)
			}
			errors[model] += math.Abs(f-y) / 100
			if err := model.Update(y, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	t.Logf("mean absolute error %.3f, of the line %.3f; sigma %.3f", errors[m], errors[line], m.Sigma)
	if errors[m] > errors[line]/2 {
		t.Errorf("mean absolute error %.3f, of the line %.3f", errors[m], errors[line])
	}
}

// A window after a first value that is missing begins with the series' own level, not with zero.
func TestAnLSTMsWindowsCarryValuesOverGaps(t *testing.T) {
	s := Series{Values: make([]float64, 40)}
	for i := range s.Values {
		s.Values[i] = 1000 + float64(i%7)
	}
	s.Values[4] = math.NaN() // the first period with a row
	m := &LSTM{}
	d, _, err := m.equation.fit(&m.tracker, s, 1)
	if err != nil {
		t.Fatal(err)
	}
	k := len(m.Coefficients)
	m.Network = &network{Center: make([]float64, k), Spread: make([]float64, k)}
	for j := range k {
		m.Network.Spread[j] = 1
	}
	m.State = append(m.State, make([]float64, (lstmWindow-1)*k)...)
	last := m.windows(d, 0)[0]
	for j, v := range last[(lstmWindow-1)*k:] {
		if v != d.rows[0][j] {
			t.Errorf("feature %d is %v, in the table %v", j, v, d.rows[0][j])
		}
	}
}

func BenchmarkLSTMPath(b *testing.B) {
	m := &LSTM{Seed: 1}
	if err := m.Fit(parabola(120)); err != nil {
		b.Fatal(err)
	}
	if m.Network == nil {
		b.Fatal("no network")
	}
	const h = 52
	s, err := m.Simulator(h, nil)
	if err != nil {
		b.Fatal(err)
	}
	stream := rng.New(1, 0).Family("bench").At(0)
	path := make([]float64, h)
	b.ReportAllocs()
	for b.Loop() {
		s.Path(&stream, path)
	}
	b.ReportMetric(float64(h*b.N)/b.Elapsed().Seconds(), "periods/s")
}
