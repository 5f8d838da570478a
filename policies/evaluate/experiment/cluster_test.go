package experiment

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// unlike are experiments of clusters whose sizes are log-normal with σ = 1 (the largest of 160 has a tenth of all), that come one after the other and whose means do not depend on the arm.
func unlike(stream *rng.Stream, clusters int) *Rows {
	r := &Rows{Arms: []string{"A", "B"}, Units: clusters, Clustered: true, Metrics: []Metric{{Name: "spend"}}}
	m := &r.Metrics[0]
	for u := range clusters {
		size := math.Exp(stream.Normal())
		r.Unit, r.Arm, r.Time = append(r.Unit, int32(u)), append(r.Arm, int32(stream.Intn(2))), append(r.Time, float64(u))
		m.Numerator, m.Denominator = append(m.Numerator, size*(5+stream.Normal())), append(m.Denominator, size)
	}
	return r
}

// TestClustersOfUnlikeSizes raise no more false alarms than promised: the anytime test, looked at after every cluster, in fewer than 5 of 100 experiments (in 2 or 3; 4 standard errors are below 5),
// and the novelty check and the fixed test in 5, give or take four standard errors.
func TestClustersOfUnlikeSizes(t *testing.T) {
	n := many(800)
	peeking, fixed, novelty := 0.0, 0.0, 0.0
	family := rng.New(8, 0).Family("unlike")
	for i := range n {
		stream := family.At(uint64(i))
		r, err := Analyse(unlike(&stream, 160), Options{Stopping: Anytime, Planned: 160, Imbalanced: true})
		if err != nil {
			t.Fatal(err)
		}
		if r.Anytime[0].Stopped > 0 {
			peeking++
		}
		if r.Metrics[0].Effects[0].P < 0.05 {
			fixed++
		}
		if r.Novelty[0].P < 0.05 {
			novelty++
		}
	}
	if share := peeking / float64(n); share > 0.05 {
		t.Errorf("peeking: %.4f of %d", share, n)
	} else {
		t.Logf("peeking: %.4f of %d", share, n)
	}
	within(t, "the fixed test", fixed/float64(n), 0.05, n)
	within(t, "novelty", novelty/float64(n), 0.05, n)
}
