package portable

import (
	"math"
	"testing"

	"gonum.org/v1/gonum/mathext"
)

func TestGammaQuantileAgreesWithTheIncompleteGamma(t *testing.T) {
	for _, shape := range []float64{0.05, 0.24, 0.5, 0.79, 1, 2.4, 10, 137, 5000, 9e4} {
		for _, u := range []float64{1e-12, 1e-5, 0.01, 0.3, 0.5, 0.51, 0.9, 0.999, 1 - 1e-9} {
			x := GammaQuantile(shape, u)
			got := mathext.GammaIncReg(shape, x)
			if u > 0.5 {
				got, u = mathext.GammaIncRegComp(shape, x), 1-u
			}
			if x > 1e-300 && math.Abs(got/u-1) > 1e-9 {
				t.Errorf("shape %v: the distribution at the %v-quantile is off by %.2g", shape, u, got/u-1)
			}
		}
	}
	// Beyond 1e5 it is Wilson and Hilferty's.
	for _, u := range []float64{1e-9, 0.001, 0.5, 0.99, 1 - 1e-8} {
		if below, above := GammaQuantile(1e5, u), GammaQuantile(math.Nextafter(1e5, 2e5), u); math.Abs(below/above-1) > 1e-7 {
			t.Errorf("the two forms part at %v: %v and %v", u, below, above)
		}
	}
}
