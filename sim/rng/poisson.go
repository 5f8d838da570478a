package rng

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/sim/portable"
)

// Poisson returns a Poisson number by inverse transform from exactly one draw u: the least k with u < F(k). It grows
// with u, and for a given u with the mean, so simulations that differ only in a rate stay on common random numbers
// (Law 2015, §11.2.3). A mean that is negative, above 10^12 or not a number is a bug of the caller and panics.
//
// Up to a mean of 100, F is summed from k = 0 (Devroye 1986, §X.3.3). Above, the sum starts 10 standard deviations
// below the mean, leaving out a probability below e^-50, and ends 10 above it, where less than e^-37 is left (Chernoff's
// bounds); it starts with a weight of 1, and u is compared with the share of the total, so no special function is
// needed. That takes about 30·√mean terms. F is right to about 1e-14.
func (s *Stream) Poisson(mean float64) int {
	if !(mean >= 0 && mean <= 1e12) {
		panic(fmt.Sprintf("rng: Poisson mean %v is not in [0, 1e12]", mean))
	}
	u := s.Open()
	if mean <= 100 {
		return poissonFromZero(mean, u)
	}
	return poissonAroundMean(mean, u)
}

func poissonFromZero(mean, u float64) int {
	k := 0
	p := portable.Exp(-mean)
	for cumulative := p; u >= cumulative; {
		k++
		p *= mean / float64(k)
		if cumulative+p == cumulative { // u is nearer to 1 than the sum can come
			break
		}
		cumulative += p
	}
	return k
}

func poissonAroundMean(mean, u float64) int {
	reach := 10 * math.Sqrt(mean)
	from, to := math.Floor(mean-reach), math.Floor(mean+reach)
	weight, total := 1.0, 1.0
	for k := from + 1; k <= to; k++ {
		weight *= mean / k
		total += weight
	}
	target := u * total
	k, cumulative := from, 1.0
	weight = 1
	for target >= cumulative && k < to {
		k++
		weight *= mean / k
		cumulative += weight
	}
	return int(k)
}
