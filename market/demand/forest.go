package demand

import (
	"math"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Forest is the equation of Regression and a random forest on what it leaves (regression-enhanced random forest: Zhang,
// Nettleton & Zhu 2019). A forest alone cannot leave the range it has seen, neither upwards with a trend nor with a new
// price; the line can, and the forest adds thresholds and interactions. It counts by Share, the factor by which its
// out-of-bag predictions fit best (stacking: Breiman 1996), which is zero where there is nothing to add.
type Forest struct {
	Period  int    `json:"-"` // periods a season, read by Fit, as are Seed and Workers
	Seed    uint64 `json:"-"`
	Workers int    `json:"-"` // that grow trees; 0 means one
	equation
	Trees *stats.Forest `json:"forest,omitempty"` // none where the share is zero
	Share float64       `json:"share"`            // 0 to 1
	tracker
}

// Fit estimates the equation and grows the forest (see Model). It needs what Regression needs.
func (m *Forest) Fit(s Series) error {
	d, df, err := m.equation.fit(&m.tracker, s, m.Period)
	if err != nil {
		return err
	}
	left := d.residuals(&m.equation)
	trees, oob, err := stats.FitForest(d.rows, left, stats.ForestOptions{Workers: m.Workers, Streams: rng.New(m.Seed, 0).Family("demand/forest")})
	if err != nil {
		return err
	}
	m.Trees, m.Share = trees, share(left, oob)
	if m.Share == 0 {
		m.Trees = nil
	}
	m.finish(m, m.Share == 0, s.Start, d.z, d.xs, d.from, df)
	// The forest has seen the values that it was grown on: the spread is that of the out-of-bag errors.
	sum := 0.0
	for i, e := range left {
		e -= m.Share * oob[i]
		sum += e * e
	}
	m.Sigma = math.Sqrt(sum / float64(len(left)-df))
	return nil
}

// share is the least-squares factor of the predictions, from 0 to 1. A row that every tree has seen (among 100 none, but for
// an accident of 10^-20) has no prediction of its own, and 0 stands for it.
func share(y, predictions []float64) float64 {
	both, square := 0.0, 0.0
	for i, p := range predictions {
		if math.IsNaN(p) {
			predictions[i], p = 0, 0
		}
		both += p * y[i]
		square += p * p
	}
	if square == 0 {
		return 0
	}
	return max(0, min(1, both/square))
}

func (m *Forest) mean(state []float64, t int, x []float64) float64 {
	var buffer [maxFeatures]float64
	row := buffer[:len(m.Coefficients)]
	m.Features.row(row, state, t, x)
	y := m.predict(row)
	if m.Trees != nil {
		y += float64(m.Share * m.Trees.Predict(row))
	}
	return y
}

func (m *Forest) take(state []float64, t int, x []float64, mean, z float64) {
	m.Features.push(state, x, z)
}

func (m *Forest) restore() error {
	if err := m.check(&m.tracker, 0); err != nil {
		return err
	}
	if !(m.Share >= 0 && m.Share <= 1) || (m.Share > 0) != (m.Trees != nil) {
		return field.New("share", m.Share, "0 without a forest, above 0 and at most 1 with one")
	}
	if m.Trees != nil {
		if err := m.Trees.Check(m.Features.count()); err != nil {
			return err
		}
	}
	m.step, m.linear = m, m.Trees == nil
	return nil
}
