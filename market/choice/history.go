package choice

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
)

// What a household has lived through enters its utility as attributes that these methods build, n×J, for With. Each value
// comes from earlier situations of the same household only. A choice of Outside leaves them as they were.

// LastChoice is 1 at the alternative that the household chose last, 0 elsewhere and in its first situation.
func (s *Situations) LastChoice() []float64 {
	nJ := len(s.Alternatives)
	out, last := make([]float64, s.Len()*nJ), map[int]int{}
	for i, c := range s.Chosen {
		h := s.household(i)
		if j, ok := last[h]; ok {
			out[i*nJ+j] = 1
		}
		if c != Outside {
			last[h] = c
		}
	}
	return out
}

// NextLoyalty moves a household's loyalties (J) by a choice, in place: l' = smoothing·l + (1-smoothing)·1{chosen} (Guadagni &
// Little 1983, Marketing Science 2). They begin at 1/J.
func NextLoyalty(smoothing float64, loyalty []float64, chosen int) {
	if chosen == Outside {
		return
	}
	for j := range loyalty {
		loyalty[j] = float64(smoothing * loyalty[j])
	}
	loyalty[chosen] += 1 - smoothing
}

// Loyalty is the loyalty of NextLoyalty before each choice.
func (s *Situations) Loyalty(smoothing float64) []float64 {
	out, _ := s.loyalty(smoothing)
	return out
}

// PastShares is the share of each alternative among the household's earlier choices and one more, of nothing: n_j/(n+1). Other
// than Loyalty it never forgets and moves most at first, so that it also tells who the household is where its recorded choices
// begin in the middle of its life (the initial conditions of Heckman 1981).
func (s *Situations) PastShares() []float64 {
	nJ := len(s.Alternatives)
	out, counts := make([]float64, s.Len()*nJ), map[int][]float64{}
	for i, c := range s.Chosen {
		h := s.household(i)
		if counts[h] == nil {
			counts[h] = make([]float64, nJ)
		}
		n := 1.0
		for _, v := range counts[h] {
			n += v
		}
		for j, v := range counts[h] {
			out[i*nJ+j] = v / n
		}
		if c != Outside {
			counts[h][c]++
		}
	}
	return out
}

// loyalty also gives the derivative by smoothing: l̇' = l + smoothing·l̇ - 1{chosen}.
func (s *Situations) loyalty(smoothing float64) (level, slope []float64) {
	nJ, n := len(s.Alternatives), s.Len()
	level, slope = make([]float64, n*nJ), make([]float64, n*nJ)
	now, rate := map[int][]float64{}, map[int][]float64{}
	for i, c := range s.Chosen {
		h := s.household(i)
		if now[h] == nil {
			now[h], rate[h] = make([]float64, nJ), make([]float64, nJ)
			for j := range nJ {
				now[h][j] = 1 / float64(nJ)
			}
		}
		copy(level[i*nJ:], now[h])
		copy(slope[i*nJ:], rate[h])
		if c != Outside {
			for j := range nJ {
				rate[h][j] = now[h][j] + float64(smoothing*rate[h][j])
			}
			rate[h][c]--
		}
		NextLoyalty(smoothing, now[h], c)
	}
	return level, slope
}

// GainLoss compares prices with what the household remembers: gain max(r-p, 0) and loss max(p-r, 0). The reference r begins at
// the first price that the household met and follows r' = memory·r + (1-memory)·p over its situations in which the
// alternative was there (Kalyanaram & Winer 1995, Marketing Science 14). Coefficients that differ show loss aversion.
func (s *Situations) GainLoss(price string, memory float64) (gain, loss []float64, err error) {
	a := slices.Index(s.Attributes, price)
	if a < 0 {
		return nil, nil, field.New("price", price, fmt.Sprintf("one of the attributes %q", s.Attributes))
	}
	if !(memory >= 0 && memory < 1) {
		return nil, nil, field.New("memory", memory, "a number in [0, 1)")
	}
	nJ, nA := len(s.Alternatives), len(s.Attributes)
	gain, loss = make([]float64, s.Len()*nJ), make([]float64, s.Len()*nJ)
	reference := map[int][]float64{}
	for i := range s.Chosen {
		h := s.household(i)
		if reference[h] == nil {
			reference[h] = make([]float64, nJ)
			for j := range nJ {
				reference[h][j] = math.NaN()
			}
		}
		for j := range nJ {
			if !s.available(i, j) {
				continue
			}
			p, r := s.X[(i*nJ+j)*nA+a], &reference[h][j]
			if math.IsNaN(*r) {
				*r = p
			}
			gain[i*nJ+j], loss[i*nJ+j] = max(*r-p, 0), max(p-*r, 0)
			*r = nextReference(memory, *r, p)
		}
	}
	return gain, loss, nil
}

// loyaltyName is the attribute that FitLoyalty adds.
const loyaltyName = "loyalty"

// FitLoyalty estimates a conditional logit with an attribute "loyalty" whose smoothing is estimated too, by maximum
// likelihood over both: golden-section search of the profile about the best of a grid, for it may have two tops, then the standard errors of all with loyalty's derivative as
// one more regressor (Fader, Lattin & Little 1992, Marketing Science 11). AIC and BIC count
// smoothing, and the model's covariances allow for its estimation.
func FitLoyalty(s *Situations, u Utility) (*Logit, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var d *design
	var theta []float64
	value := func(at float64) (float64, error) {
		with, err := s.With(loyaltyName, s.Loyalty(at))
		if err != nil {
			return 0, err
		}
		if d, err = newDesign(with, u); err != nil {
			return 0, err
		}
		if theta == nil {
			theta = make([]float64, len(d.names))
		}
		if at > 0 { // at 0 loyalty is the last choice, which may be an attribute too
			if err := d.checkRank(); err != nil {
				return 0, err
			}
		}
		return maximise(newPooling(d).evaluate, theta, 100).value, nil
	}
	at, err := highest(value, 0, 0.995, 1e-6)
	if err != nil {
		return nil, err
	}
	level, slope := s.loyalty(at)
	with, err := s.With(loyaltyName, level)
	if err != nil {
		return nil, err
	}
	m, err := FitLogit(with, u)
	if err != nil {
		return nil, err
	}
	m.Smoothing = &Parameter{Name: "smoothing", Estimate: at}
	m.AIC, m.BIC, m.BICPanel = m.AIC+2, m.BIC+math.Log(float64(m.N)), m.BICPanel+math.Log(float64(m.Households))
	if at < 1e-3 || at > 0.994 {
		m.warn("smoothing %.3f is at the edge of [0, 1): no standard errors for it; the shares of all past choices (past_shares) may tell more", at)
		return m, nil
	}
	return m, m.jointLoyalty(with, slope)
}

// jointLoyalty replaces covariances by those of a fit in which smoothing is free too.
func (m *Logit) jointLoyalty(with *Situations, slope []float64) error {
	b := m.Coefficients[len(m.Coefficients)-1].Estimate // loyalty is the last attribute
	for i := range slope {
		slope[i] *= b
	}
	both, err := with.With("smoothing", slope)
	if err != nil {
		return err
	}
	d, err := newDesign(both, m.Utility)
	if err != nil {
		return err
	}
	k := len(d.names)
	theta, l, factor := append(m.estimates(), 0), newPooling(d), stats.NewCholesky(k)
	l.evaluate(theta, make([]float64, k), factor.L)
	if j := factor.Factor(); j >= 0 {
		m.warn("no standard error of smoothing: the data say nothing of it")
		return nil
	}
	joint := m.Estimates
	joint.Coefficients, joint.Warnings = nil, nil
	for i, name := range d.names {
		joint.Coefficients = append(joint.Coefficients, Parameter{Name: name, Estimate: theta[i]})
	}
	joint.covariances(factor.Inverse(), d.scores(theta), d.panel)
	last := joint.Coefficients[k-1]
	m.Smoothing.SE, m.Smoothing.RobustSE, m.Smoothing.ClusteredSE = last.SE, last.RobustSE, last.ClusteredSE
	part := func(v [][]float64) [][]float64 {
		for i := range v {
			v[i] = v[i][:k-1]
		}
		return v[:max(0, min(len(v), k-1))]
	}
	m.Covariance, m.Robust, m.Clustered = part(joint.Covariance), part(joint.Robust), part(joint.Clustered)
	for i := range m.Coefficients {
		m.Coefficients[i].SE, m.Coefficients[i].RobustSE, m.Coefficients[i].ClusteredSE = joint.Coefficients[i].SE, joint.Coefficients[i].RobustSE, joint.Coefficients[i].ClusteredSE
	}
	return nil
}

// highest maximises f on [lo, hi] to a tolerance: by golden section between the neighbours of the best of 11 points.
func highest(f func(float64) (float64, error), lo, hi, tolerance float64) (float64, error) {
	const parts = 10
	best, top := 0, math.Inf(-1)
	width := (hi - lo) / parts
	for i := range parts + 1 {
		v, err := f(lo + float64(i)*width)
		if err != nil {
			return 0, err
		}
		if v > top {
			best, top = i, v
		}
	}
	return goldenSection(f, lo+float64(max(best-1, 0))*width, lo+float64(min(best+1, parts))*width, tolerance)
}

// goldenSection maximises f on [lo, hi] to a tolerance, f having one top.
func goldenSection(f func(float64) (float64, error), lo, hi, tolerance float64) (float64, error) {
	ratio := (math.Sqrt(5) - 1) / 2
	a, b := hi-ratio*(hi-lo), lo+ratio*(hi-lo)
	fa, err := f(a)
	if err != nil {
		return 0, err
	}
	fb, err := f(b)
	for err == nil && hi-lo > tolerance {
		if fa >= fb {
			hi, b, fb = b, a, fa
			a = hi - ratio*(hi-lo)
			fa, err = f(a)
		} else {
			lo, a, fa = a, b, fb
			b = lo + ratio*(hi-lo)
			fb, err = f(b)
		}
	}
	return (lo + hi) / 2, err
}
