package choice

import (
	"math"

	"github.com/souk-sim/souk/sim/portable"
	"github.com/souk-sim/souk/sim/rng"
)

// primes are the bases of the Halton sequence, one a dimension.
var primes = [...]int{2, 3, 5, 7, 11, 13, 17, 19, 23, 29}

// halton is a scrambled Halton sequence: the digits of each dimension are permuted at random, position by position (Owen
// 2017, A randomized Halton algorithm in R). Each point is uniform, and the points stay even together.
type halton struct {
	permutation [][][]int // by dimension and position of the digit
}

func newHalton(dimensions int, streams rng.Family) *halton {
	h := &halton{}
	for d, base := range primes[:dimensions] {
		stream := streams.At(uint64(d))
		digits := int(math.Ceil(53 * math.Ln2 / math.Log(float64(base))))
		var by [][]int
		for range digits {
			p := make([]int, base)
			for i := range p { // inside-out shuffle
				at := stream.Intn(i + 1)
				p[i], p[at] = p[at], i
			}
			by = append(by, p)
		}
		h.permutation = append(h.permutation, by)
	}
	return h
}

// normals fills z with the standard normals of point i.
func (h *halton) normals(i int, z []float64) {
	for d := range z {
		base := primes[d]
		left, u, unit := i, 0.0, 1.0
		for _, p := range h.permutation[d] {
			unit /= float64(base)
			u += float64(unit * float64(p[left%base]))
			left /= base
		}
		u = min(max(u, 0x1p-53), 1-0x1p-53)
		z[d] = portable.NormalQuantile(u)
	}
}

// trapezoid returns nodes on [-8, 8] and weights that integrate over a standard normal. For smooth integrands its error falls
// faster than any power of the spacing (Trefethen & Weideman 2014, SIAM Review 56), and unlike Gauss–Hermite's
// nodes, it stays so where a household's choices tell its taste sharply.
func trapezoid(nodes int) (z, weight []float64) {
	const reach = 8.0
	total := 0.0
	for i := range nodes {
		x := reach * (2*float64(i)/float64(nodes-1) - 1)
		z, weight = append(z, x), append(weight, portable.Exp(-float64(x*x)/2))
		total += weight[i]
	}
	for i := range weight {
		weight[i] /= total
	}
	return z, weight
}
