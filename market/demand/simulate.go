package demand

import (
	"math"

	"github.com/souk-sim/souk/sim/rng"
)

// pathSimulator draws paths by the difference equation over its non-zero lags. What the history contributes to the first
// periods is base, plus a normal times each direction of spread where the history is uncertain (missing values near its
// end): as many draws a path as directions and periods.
type pathSimulator struct {
	transform        Transform
	arTerms, maTerms []term
	sigma            float64
	mu, base         []float64   // regression, h; state, dim
	spread           [][]float64 // each dim, times σ
	pad              int
	level, noise     []float64 // pad zeros, then the path: lags reach back without a branch
	start            []float64
}

func (m *ARIMA) simulator(h int, future []Regressor) (*pathSimulator, error) {
	if err := m.fitted(); err != nil {
		return nil, err
	}
	if err := checkHorizon(h); err != nil {
		return nil, err
	}
	mu, err := m.regression(h, future)
	if err != nil {
		return nil, err
	}
	f := &m.filter
	s := &pathSimulator{transform: m.Transform, arTerms: f.process.arTerms, maTerms: f.process.maTerms, sigma: math.Sqrt(m.Sigma2),
		mu: mu, base: append([]float64(nil), f.mean...), pad: len(f.mean)}
	s.level, s.noise = make([]float64, s.pad+h), make([]float64, s.pad+h)
	s.start = make([]float64, s.pad)
	if !f.uncertainty.known {
		s.spread = f.uncertainty.directions(s.sigma)
	}
	return s, nil
}

// directions factors S = Σ v·v' by the Cholesky method with diagonal pivots, which stops at the numerical rank, and
// scales each v.
func (u *uncertainty) directions(scale float64) [][]float64 {
	n := u.dim
	s := append([]float64(nil), u.s...)
	for i := range n {
		for j := range i {
			s[i*n+j] = s[j*n+i]
		}
	}
	var out [][]float64
	for range n {
		pivot := 0
		for i := range n {
			if s[i*n+i] > s[pivot*n+pivot] {
				pivot = i
			}
		}
		largest := s[pivot*n+pivot]
		if largest <= knownBelow {
			break
		}
		v := make([]float64, n)
		root := math.Sqrt(largest)
		for i := range v {
			v[i] = s[i*n+pivot] / root
		}
		for i := range n {
			for j := range n {
				s[i*n+j] -= float64(v[i] * v[j])
			}
		}
		s[pivot*n+pivot] = 0
		for i := range v {
			v[i] *= scale
		}
		out = append(out, v)
	}
	return out
}

// Path draws one path (see Simulator).
func (s *pathSimulator) Path(stream *rng.Stream, path []float64) {
	copy(s.start, s.base)
	for _, v := range s.spread {
		z := stream.Normal()
		for i := range v {
			s.start[i] += float64(z * v[i])
		}
	}
	noise := s.noise[:s.pad+len(path)]
	for i := s.pad; i < len(noise); i++ {
		noise[i] = float64(s.sigma * stream.Normal())
	}
	s.recur(s.start, len(path))
	level := s.level[s.pad:]
	for i, mu := range s.mu[:len(path)] {
		path[i] = level[i] + mu
	}
	if s.transform != (Transform{}) {
		for i, v := range path {
			path[i] = s.transform.back(v)
		}
	}
}

// recur solves the difference equation for n periods from a companion state and s.noise, into s.level.
func (s *pathSimulator) recur(start []float64, n int) {
	for i := s.pad; i < s.pad+n; i++ {
		y := s.noise[i]
		if i-s.pad < len(start) {
			y += start[i-s.pad]
		}
		for _, t := range s.arTerms {
			y += float64(t.coef * s.level[i-t.lag])
		}
		for _, t := range s.maTerms {
			y += float64(t.coef * s.noise[i-t.lag])
		}
		s.level[i] = y
	}
}

// respond gives the levels that follow from a state without noise, or from given noise; valid until the next call.
func (s *pathSimulator) respond(start, noise []float64) []float64 {
	clear(s.noise)
	copy(s.noise[s.pad:], noise)
	s.recur(start, len(s.level)-s.pad)
	return s.level[s.pad:]
}
