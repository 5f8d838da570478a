package experiment

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/souk-sim/souk/scenarios/field"
)

// spending spends 2(1 − Φ(z/√t)) on either side, Φ(z) = 1 − α/4 (Lan & DeMets 1983; gsDesign's sfLDOF): next to
// nothing early, as the boundary of O'Brien & Fleming (1979) does, but for looks at any times.
func spending(t, alpha float64) float64 {
	normal := distuv.UnitNormal
	return 4 * normal.CDF(normal.Quantile(alpha/4)/math.Sqrt(t))
}

// spendingBoundary gives the normal deviates beyond which the test stops at each look, at shares of the information that
// rise to at most 1, so that under no effect the test has stopped by look k with probability spending(t_k, α). The
// distribution of the path of scores is computed by numerical integration (Armitage, McPherson & Rowe 1969; Jennison &
// Turnbull 2000, chapter 19).
func spendingBoundary(shares []float64, alpha float64) ([]float64, error) {
	if err := checkLooks(shares, alpha); err != nil {
		return nil, err
	}
	p := path{}
	bounds := make([]float64, len(shares))
	spent := 0.0
	for k, t := range shares {
		target := spending(t, alpha)
		if k == len(shares)-1 && t == 1 {
			target = alpha
		}
		low, high := 0.0, 40.0
		for range 50 { // to 4e-14
			middle := (low + high) / 2
			if p.beyond(t, middle) > target-spent {
				low = middle
			} else {
				high = middle
			}
		}
		bounds[k] = (low + high) / 2
		spent = target
		p = p.after(t, bounds[k])
	}
	return bounds, nil
}

func checkLooks(shares []float64, alpha float64) error {
	if !(alpha > 0 && alpha < 1) {
		return field.New("alpha", alpha, "a probability above 0 and below 1")
	}
	if len(shares) == 0 || len(shares) > 1000 {
		return field.New("looks", len(shares), "from 1 to 1000")
	}
	before := 0.0
	for k, t := range shares {
		if !(t > before && t <= 1) {
			return field.New(fmt.Sprintf("look %d", k+1), t, "a share of the information above that of the look before, and at most 1")
		}
		before = t
	}
	return nil
}

// path is the density of the score process B(t) = Z√t of a test that has not stopped, at points of a grid; without points it stands at 0.
type path struct {
	t      float64
	at     []float64
	weight []float64 // density times the width that a point stands for (Simpson's rule)
}

// beyond is the probability that the path goes on to share t and is outside ±bound there, as a deviate.
func (p *path) beyond(t, bound float64) float64 {
	edge, sd := bound*math.Sqrt(t), math.Sqrt(t-p.t)
	outside := func(at float64) float64 {
		return 0.5 * (math.Erfc((edge-at)/sd/math.Sqrt2) + math.Erfc((edge+at)/sd/math.Sqrt2))
	}
	if p.at == nil {
		return outside(0)
	}
	sum := 0.0
	for i, at := range p.at {
		sum += p.weight[i] * outside(at)
	}
	return sum
}

// gridPoints of Simpson's rule: boundaries agree with integration by other means to 1e-6 (see the tests).
const gridPoints = 161

// after is the path at share t, had it not stopped there.
func (p *path) after(t, bound float64) path {
	edge, sd := bound*math.Sqrt(t), math.Sqrt(t-p.t)
	low, high := -edge, edge
	reach := 10 * math.Sqrt(t) // beyond it there is nothing to integrate
	low, high = max(low, -reach), min(high, reach)
	next := path{t: t, at: make([]float64, gridPoints), weight: make([]float64, gridPoints)}
	h := (high - low) / (gridPoints - 1)
	for j := range next.at {
		x := low + float64(j)*h
		density := 0.0
		step := func(from float64) float64 {
			z := (x - from) / sd
			return math.Exp(-z*z/2) / (sd * math.Sqrt(2*math.Pi))
		}
		if p.at == nil {
			density = step(0)
		}
		for i, at := range p.at {
			density += p.weight[i] * step(at)
		}
		simpson := 4.0
		if j == 0 || j == gridPoints-1 {
			simpson = 1
		} else if j%2 == 0 {
			simpson = 2
		}
		next.at[j], next.weight[j] = x, density*simpson*h/3
	}
	return next
}
