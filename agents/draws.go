package agents

import (
	"math"

	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// gamma draws from Gamma(shape, 1), shape > 0, by rejection (Marsaglia & Tsang 2000, ACM Transactions on Mathematical Software 26(3)); below
// shape 1 from shape + 1, as they say.
func gamma(shape float64, stream *rng.Stream) float64 {
	if shape < 1 {
		u := stream.Open()
		return gamma(shape+1, stream) * portable.Exp(portable.Log(u)/shape)
	}
	d := shape - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x, u := stream.Normal(), stream.Open()
		v := 1 + float64(c*x)
		if v <= 0 {
			continue
		}
		v = float64(v * float64(v*v))
		if portable.Log(u) < float64(float64(x*x)/2)+float64(d*(1-v+portable.Log(v))) {
			return d * v
		}
	}
}

// beta draws from Beta(a, b) as a ratio of gammas.
func beta(a, b float64, stream *rng.Stream) float64 {
	x, y := gamma(a, stream), gamma(b, stream)
	if x == 0 && y == 0 {
		return a / (a + b) // both underflow only where a and b are almost 0
	}
	return x / (x + y)
}

// student draws from Student's t.
func student(degrees float64, stream *rng.Stream) float64 {
	return stream.Normal() / math.Sqrt(gamma(degrees/2, stream)*2/degrees)
}
