package monopoly

import (
	"math"

	"github.com/souk-sim/souk/scenarios/field"
)

// law is the law of a period's demand N before stock limits it, of Panjer's kind: P(N=k+1)/P(N=k) = (a − b·k)/(k+1). Poisson(m) has a = m, b = 0; binomial(n, q)
// has b the odds q/(1−q) and a = n·b. Probabilities are told from the mode on, down and up, so that nothing underflows and a draw takes of the order of √m steps.
type law struct {
	mean float64
	a, b float64
	top  float64 // P(N = mode)
	upTo float64 // P(N ≤ mode)
	mode int
}

const negligible = 1e-18 // of the probability at the mode

// poissonLaw is that of a mean of at least 0.
func poissonLaw(mean float64) law {
	l := law{mean: mean, a: mean, mode: int(mean)}
	l.scale()
	return l
}

// binomialLaw is that of n customers who buy with probability q in [0, 1].
func binomialLaw(n int, q float64) law {
	if q == 1 {
		return law{mean: float64(n), mode: n, top: 1, upTo: 1}
	}
	odds := q / (1 - q)
	l := law{mean: float64(n) * q, a: float64(n) * odds, b: odds, mode: min(n, int(float64(n+1)*q))}
	l.scale()
	return l
}

// scale computes the probabilities at the mode.
func (l *law) scale() {
	below, above := 0.0, 0.0
	for k, w := l.mode, 1.0; k > 0; {
		if w = l.down(w, k); w < negligible {
			break
		}
		k--
		below += w
	}
	for k, w := l.mode, 1.0; ; {
		if w = l.up(w, k); w < negligible {
			break
		}
		k++
		above += w
	}
	l.top = 1 / (below + 1 + above)
	l.upTo = (below + 1) * l.top
}

// up is P(N=k+1) from p = P(N=k), down P(N=k−1).
func (l *law) up(p float64, k int) float64 {
	return p * max(0, l.a-float64(l.b*float64(k))) / float64(k+1)
}

func (l *law) down(p float64, k int) float64 {
	if rest := l.a - float64(l.b*float64(k-1)); rest > 0 {
		return p * float64(k) / rest
	}
	return 0
}

// draw is the quantile at u in [0, 1), or n where that is less.
func (l *law) draw(u float64, n int) int {
	k, p, upTo := l.mode, l.top, l.upTo
	if u < upTo {
		for k > 0 {
			if upTo -= p; u >= upTo {
				break
			}
			if p = l.down(p, k); p < negligible*l.top {
				break
			}
			k--
		}
		return min(k, n)
	}
	for k < n && u >= upTo {
		if p = l.up(p, k); p < negligible*l.top {
			break
		}
		k++
		upTo += p
	}
	return min(k, n)
}

// sold appends P(min(N, n) = k) for k = from, from+1, … to an empty buffer: what is negligible is left out at both ends, and the rest sums to 1.
func (l *law) sold(n int, buffer []float64) (from int, probabilities []float64) {
	k, p := l.mode, l.top
	for k > 0 {
		q := l.down(p, k)
		if q < negligible*l.top {
			break
		}
		p = q
		k--
	}
	if from = k; from >= n {
		return n, append(buffer, 1)
	}
	total := 0.0
	for ; k < n && p >= negligible*l.top; k++ {
		buffer = append(buffer, p)
		total += p
		p = l.up(p, k)
	}
	if k == n {
		return from, append(buffer, max(0, 1-total))
	}
	for i := range buffer {
		buffer[i] /= total
	}
	return from, buffer
}

// law of a period's sales when the felt price is such, at a multiplier of the season.
func (cfg *Config) law(felt, season float64) (law, error) {
	length := cfg.length()
	buys := cfg.Demand.Options.Buys(felt) * season
	mean := cfg.Customers * length * buys
	if !(mean <= mostMean) {
		return law{}, field.New("demand", mean, "at most 1e7 units a period")
	}
	switch cfg.Sales {
	case "poisson":
		return poissonLaw(mean), nil
	case "expected":
		return law{mean: mean}, nil
	}
	n := math.Round(cfg.Customers * length)
	if n < 1 || math.Abs(n-cfg.Customers*length) > 1e-9*n {
		return law{}, field.New("customers", cfg.Customers*length, "a whole number a period, where sales are binomial")
	}
	if !(buys <= 1) {
		return law{}, field.New("demand", buys, "a probability, season included, where sales are binomial")
	}
	return binomialLaw(int(n), buys), nil
}
