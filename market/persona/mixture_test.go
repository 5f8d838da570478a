package persona

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// twoNormals draws rows of two features: 70% around (0, 0) with the covariance (1 .8; .8 1), 30% around (3, -3) with (0.25 0; 0 4).
func twoNormals(n int, stream rng.Stream) (x []float64, group []int) {
	for range n {
		a, b := stream.Normal(), stream.Normal()
		if stream.Float64() < 0.7 {
			x, group = append(x, a, 0.8*a+0.6*b), append(group, 0)
		} else {
			x, group = append(x, 3+0.5*a, -3+2*b), append(group, 1)
		}
	}
	return x, group
}

// With 4,000 rows the standard errors, were the groups known, are 0.0072 for the weight, 0.03 deviations for means and 4% for
// variances: bounds of five of them or more on 10 figures give fewer than one false alarm in 10^5 samples.
func TestMixturesRecoverPlantedNormals(t *testing.T) {
	x, group := twoNormals(4000, rng.New(1, 0).Family("planted").At())
	m, err := FitMixture(x, 2, MixtureOptions{K: 2, Restarts: 3, Streams: rng.New(1, 0).Family("mixture")})
	if err != nil || !m.Converged || len(m.Warnings) > 0 {
		t.Fatalf("%+v, %v", m, err)
	}
	near := func(what string, got, want, bound float64) {
		if math.Abs(got-want) > bound {
			t.Errorf("%s is %.4f, planted %v", what, got, want)
		}
	}
	near("the weight", m.Weights[0], 0.7, 0.05)
	for g, c := range []struct{ mean, variance [2]float64 }{{[2]float64{0, 0}, [2]float64{1, 1}}, {[2]float64{3, -3}, [2]float64{0.25, 4}}} {
		for j := range 2 {
			near("a mean", m.Means[g][j], c.mean[j], 0.15*math.Sqrt(c.variance[j]))
			near("a variance", m.Covariances[g][j][j], c.variance[j], 0.25*c.variance[j])
		}
	}
	near("the covariance of the first", m.Covariances[0][0][1], 0.8, 0.15)
	wrong := 0
	for i, g := range m.Labels {
		if g != group[i] {
			wrong++
		}
	}
	if wrong > 200 {
		t.Errorf("%d of 4000 rows in the other group", wrong)
	}
	diagonal, err := FitMixture(x, 2, MixtureOptions{K: 2, Diagonal: true, Restarts: 3, Streams: rng.New(1, 0).Family("mixture")})
	if err != nil || diagonal.BIC < m.BIC || diagonal.Covariances[0][0][1] != 0 {
		t.Errorf("independent features are preferred: BIC %v and %v (%v)", diagonal.BIC, m.BIC, err)
	}
	three, err := FitMixture(x, 2, MixtureOptions{K: 3, Restarts: 3, Streams: rng.New(1, 0).Family("mixture")})
	if err != nil || three.BIC < m.BIC {
		t.Errorf("three groups are preferred to the two planted: BIC %v and %v (%v)", three.BIC, m.BIC, err)
	}
}

// One normal has its likelihood in closed form: the mean, the population's covariance.
func TestOneGroupIsTheNormalItself(t *testing.T) {
	x := []float64{1, 2, 4, 9}
	m, err := FitMixture(x, 1, MixtureOptions{K: 1})
	if err != nil {
		t.Fatal(err)
	}
	variance := 9.5
	loglik := -2*math.Log(2*math.Pi*variance) - 38/(2*variance)
	if m.Means[0][0] != 4 || math.Abs(m.Covariances[0][0][0]-variance) > 1e-12 || math.Abs(m.LogLik-loglik) > 1e-12 ||
		math.Abs(m.BIC-(2*math.Log(4)-2*loglik)) > 1e-12 {
		t.Errorf("%+v, want the variance %v and log-likelihood %v", m, variance, loglik)
	}
}

func TestMixturesLoadToTheSameBehaviourOnAnyNumberOfWorkers(t *testing.T) {
	x, _ := twoNormals(300, rng.New(2, 0).Family("planted").At())
	o := MixtureOptions{K: 3, Streams: rng.New(1, 0).Family("mixture")}
	m, err := FitMixture(x, 2, o)
	if err != nil {
		t.Fatal(err)
	}
	o.Workers = 5
	if again, _ := FitMixture(x, 2, o); !reflect.DeepEqual(again, m) {
		t.Error("workers matter")
	}
	b, err := m.Save()
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := LoadMixture(b)
	if err != nil {
		t.Fatal(err)
	}
	p, q := make([]float64, 3), make([]float64, 3)
	for i := 0; i < len(x); i += 2 {
		if m.Posterior(x[i:i+2], p) != loaded.Posterior(x[i:i+2], q) || !reflect.DeepEqual(p, q) {
			t.Fatal("a loaded mixture is another one")
		}
	}
	if n := testing.AllocsPerRun(100, func() { m.Posterior(x[:2], p) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestMixturesOfLittle(t *testing.T) {
	if m, err := FitMixture([]float64{3, 3, 3}, 1, MixtureOptions{K: 1}); err != nil || m.Means[0][0] != 3 {
		t.Errorf("identical rows: %+v, %v", m, err)
	}
	for _, c := range []struct {
		x []float64
		k int
	}{{nil, 1}, {[]float64{3, 3}, 2}, {[]float64{math.NaN()}, 1}} {
		if _, err := FitMixture(c.x, 1, MixtureOptions{K: c.k}); err == nil {
			t.Errorf("%v in %d groups", c.x, c.k)
		}
	}
	m, err := FitMixture([]float64{0, 0, 0, 5, 5, 9}, 1, MixtureOptions{K: 3})
	if err != nil || len(m.Warnings) == 0 || !finite(m.Means[2]) {
		t.Errorf("a group of one row raises no warning: %+v, %v", m, err)
	}
}

func FuzzLoadMixture(f *testing.F) {
	f.Add([]byte(`{"schema":"souk.persona.mixture/1","weights":[1],"means":[[0,1]],"covariances":[[[1,0],[0,1]]],"diagonal":false}`))
	f.Add([]byte(`{"schema":"souk.persona.mixture/1","weights":[1],"means":[[0]],"covariances":[[[0]]]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := LoadMixture(raw)
		if err != nil {
			return
		}
		m.Posterior(make([]float64, len(m.Means[0])), make([]float64, len(m.Weights)))
	})
}

func BenchmarkMixture(b *testing.B) {
	x, _ := twoNormals(5000, rng.New(2, 0).Family("planted").At())
	b.ReportAllocs()
	steps := 0
	for b.Loop() {
		m, err := FitMixture(x, 2, MixtureOptions{K: 2, Restarts: 1, Streams: rng.New(1, 0).Family("mixture")})
		if err != nil {
			b.Fatal(err)
		}
		steps += m.Iterations
	}
	b.ReportMetric(5000*float64(steps)/b.Elapsed().Seconds(), "rows·steps/s")
}

// Purchases are counted: without a floor a group closes in on each of the first counts, and the log-likelihood has no end.
func TestMixturesDoNotCloseInOnTheStepsOfACount(t *testing.T) {
	stream := rng.New(3, 0).Family("counts").At()
	var x []float64
	for range 3000 {
		count := 1.0
		for stream.Float64() < 0.5 {
			count++
		}
		x = append(x, math.Log(1+count), stream.Normal())
	}
	streams := rng.New(1, 0).Family("mixture")
	m, err := FitMixture(x, 2, MixtureOptions{K: 3, Restarts: 3, Streams: streams, Names: []string{"frequency", "money"}})
	if err != nil {
		t.Fatal(err)
	}
	half := (math.Log(3) - math.Log(2)) / 2
	for g, c := range m.Covariances {
		if m.Weights[g] > 0.01 && (c[0][0] < 0.25*half*half || c[1][1] < 0.5) {
			t.Errorf("group %d has closed in: %v", g, c)
		}
	}
	if len(m.Warnings) != 1 || !strings.HasPrefix(m.Warnings[0], "frequency takes few values") {
		t.Errorf("%q", m.Warnings)
	}
	for _, diagonal := range []bool{false, true} { // rows alike, and a feature that another determines
		m, err := FitMixture([]float64{0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5.0001, 6, 6, 7, 7}, 2, MixtureOptions{K: 2, Diagonal: diagonal, Streams: streams})
		if err != nil || !m.prepare() || !finite([]float64{m.LogLik}) {
			t.Errorf("%+v, %v", m, err)
		}
	}
}

// The log-likelihood that the floor bounds still climbs, by definition of a constrained maximum at every step.
func TestEMClimbsAtTheFloor(t *testing.T) {
	p, err := newPoints([]float64{1, 0, 1, 1, 1, 2, 2, 2.1, 2, 3, 3, 3.2, 3, 5, 4, 4, 5, 5.5, 9, 8}, 2, 2)
	if err != nil {
		t.Fatal(err)
	}
	e := newEM(p, 2, newSpreadFloor(p, nil), false)
	for i := range p.weight {
		e.share[2*i+min(1, i/3)] = 1
	}
	before := math.Inf(-1)
	for range 50 {
		e.maximise()
		e.m.prepare()
		if e.expect(); e.m.LogLik < before-1e-9 {
			t.Fatalf("%v after %v", e.m.LogLik, before)
		}
		before = e.m.LogLik
	}
}
