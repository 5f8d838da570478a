package persona

import (
	"math"
	"slices"

	"github.com/souk-sim/souk/sim/portable"
)

// Scale makes features comparable: z = (g(x) - Mean)/SD, where g is the identity, or sign(x)·ln(1+|x|) for amounts that
// spread over orders of magnitude. A feature that does not vary has the SD 0 and z = 0.
type Scale struct {
	Names []string  `json:"names"`
	Log   []bool    `json:"log"`
	Mean  []float64 `json:"mean"`
	SD    []float64 `json:"sd"` // of the population
}

// logged are the features that NewScale takes on the logarithmic scale.
var logged = []string{"recency", "frequency", "money", "basket_size"}

// NewScale gives the scale on which the customers' features have the mean 0 and the standard deviation 1; recency, frequency, money and
// basket_size on the logarithmic scale.
func NewScale(f *Features) *Scale {
	return NewScaleOf(f, func(name string) bool { return slices.Contains(logged, name) })
}

// NewScaleOf is NewScale with the features that log says on the logarithmic scale.
func NewScaleOf(f *Features, log func(name string) bool) *Scale {
	d, n := len(f.Names), f.Rows()
	s := &Scale{Names: slices.Clone(f.Names), Log: make([]bool, d), Mean: make([]float64, d), SD: make([]float64, d)}
	for j, name := range f.Names {
		s.Log[j] = log(name)
		first, constant := f.X[j], true
		for i := range n {
			s.Mean[j] += s.transform(j, f.X[i*d+j])
			constant = constant && f.X[i*d+j] == first
		}
		s.Mean[j] /= float64(n)
		if constant {
			continue
		}
		for i := range n {
			v := s.transform(j, f.X[i*d+j]) - s.Mean[j]
			s.SD[j] += v * v
		}
		s.SD[j] = math.Sqrt(s.SD[j] / float64(n))
	}
	return s
}

// Undo puts what is on the scale, z, back into x, in the features' own units; they may be the same.
func (s *Scale) Undo(z, x []float64) {
	for j, v := range z {
		v = v*s.SD[j] + s.Mean[j]
		if s.Log[j] {
			v = math.Copysign(portable.Exp(math.Abs(v))-1, v)
		}
		x[j] = v
	}
}

func (s *Scale) transform(j int, x float64) float64 {
	if !s.Log[j] {
		return x
	}
	return math.Copysign(portable.Log(1+math.Abs(x)), x)
}

// Apply puts the scaled features of one customer, x, into z; they may be the same.
func (s *Scale) Apply(x, z []float64) {
	for j, v := range x {
		z[j] = s.one(j, v)
	}
}

// one scales feature j.
func (s *Scale) one(j int, x float64) float64 {
	if s.SD[j] == 0 {
		return 0
	}
	return (s.transform(j, x) - s.Mean[j]) / s.SD[j]
}

// Table is the whole table scaled, row by row.
func (s *Scale) Table(f *Features) []float64 {
	z := make([]float64, len(f.X))
	d := len(f.Names)
	for i := 0; i < len(z); i += d {
		s.Apply(f.X[i:i+d], z[i:i+d])
	}
	return z
}
