package journey

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/stat/distuv"
)

// histogram of lengths: count[k] sessions have k clicks.
type histogram struct {
	count  []float64
	n, sum float64
}

func newHistogram(lengths []int) (histogram, error) {
	longest := 0
	for i, k := range lengths {
		if k < 1 || k > maximumLength {
			return histogram{}, field.New(fmt.Sprintf("lengths[%d]", i), k, "a number of clicks from 1 to 2^20")
		}
		longest = max(longest, k)
	}
	h := histogram{count: make([]float64, longest+1), n: float64(len(lengths))}
	for _, k := range lengths {
		h.count[k]++
		h.sum += float64(k)
	}
	switch {
	case len(lengths) < 2:
		return h, field.New("lengths", fmt.Sprintf("%d sessions", len(lengths)), "at least two")
	case longest == 1:
		return h, field.New("lengths", "one click in every session", "at least one longer session")
	}
	return h, nil
}

// FitLength estimates a law by maximum likelihood. Sessions without an end should be left out.
func FitLength(law string, lengths []int) (*Length, error) {
	kind, err := findLaw(lengthLaws, law)
	if err != nil {
		return nil, err
	}
	h, err := newHistogram(lengths)
	if err != nil {
		return nil, err
	}
	values, se, p := h.fit(law)
	l := &Length{Law: law, Parameters: kind.with(values, se), Estimates: p.estimates(len(lengths), kind.parameters)}
	if len(lengths) < 30 {
		l.Estimates.warn("%d sessions: the law is hardly told", len(lengths))
	}
	return l, l.Check()
}

// fit gives the parameters, their standard errors (nil where the information is singular) and the peak.
func (h histogram) fit(law string) (values, se []float64, p *peak) {
	mean := h.sum / h.n
	switch law {
	case Geometric:
		q := 1 / mean
		p = &peak{theta: []float64{q}, converged: true, onWall: make([]bool, 1),
			value: h.n*math.Log(q) + (h.sum-h.n)*math.Log1p(-q), se: []float64{q * math.Sqrt((1-q)/h.n)}}
		return p.theta, p.se, p
	case LogSeries:
		p = maximise(h.logSeries, []float64{math.Log(mean)}, box{[]float64{-30}, []float64{20}})
		theta := 1 / (1 + math.Exp(-p.theta[0]))
		return []float64{theta}, scaled(p.se, theta*(1-theta)), p
	case DiscreteLogNormal:
		f := logScale{standard: normal, low: 0.5, high: math.Inf(1)}
		for k, c := range h.count {
			if c > 0 {
				f.spans = append(f.spans, span{float64(k) - 0.5, float64(k) + 0.5, c})
			}
		}
		p = f.fit()
		s := math.Exp(p.theta[1])
		return []float64{p.theta[0], s}, scaled(p.se, 1, s), p
	}
	f, start := h.shiftedNB, mean-1
	if law == ZeroTruncatedNB {
		f, start = h.zeroTruncatedNB, mean
	}
	walls := box{[]float64{math.Log(leastSize), math.Log(start) - 14}, []float64{math.Log(mostSize), math.Log(start) + 5}}
	for _, size := range []float64{0.5, 5} {
		if other := maximise(f, []float64{math.Log(size), math.Log(start)}, walls); p == nil || other.value > p.value {
			p = other
		}
	}
	size, mu := math.Exp(p.theta[0]), math.Exp(p.theta[1])
	return []float64{size, mu}, scaled(p.se, size, mu), p
}

func scaled(se []float64, by ...float64) []float64 {
	if se == nil {
		return nil
	}
	out := make([]float64, len(se))
	for i, v := range se {
		out[i] = v * by[i]
	}
	return out
}

// logSeries by the logit of theta.
func (h histogram) logSeries(x, gradient []float64) float64 {
	theta, rest := 1/(1+math.Exp(-x[0])), 1/(1+math.Exp(x[0])) // rest = 1 - theta
	norm := math.Log1p(math.Exp(x[0]))                         // -ln(1-theta)
	total := h.sum*math.Log(theta) - h.n*math.Log(norm)
	for k := 2; k < len(h.count); k++ {
		total -= h.count[k] * math.Log(float64(k))
	}
	gradient[0] = h.sum*rest - h.n*theta/norm
	return total
}

// negativeBinomial of counts k - shift by ln size and ln mu: ln[Γ(r+k)/(Γ(r)k!)] as a running sum, so that it holds for any r.
func (h histogram) negativeBinomial(shift int, x, gradient []float64) float64 {
	r, mu := math.Exp(x[0]), math.Exp(x[1])
	none := math.Log1p(mu / r) // -ln P(0)/r
	total, byR, byMu := 0.0, 0.0, 0.0
	rising, first := 0.0, 0.0 // ln of the product of (r+j)/(r+mu)/(j+1), and Σ 1/(r+j), over j < k
	for i := shift; i < len(h.count); i++ {
		k, c := float64(i-shift), h.count[i]
		if k > 0 {
			j := k - 1
			rising += math.Log1p((j-mu)/(r+mu)) - math.Log(k)
			first += 1 / (r + j)
		}
		if c == 0 {
			continue
		}
		total += c * (rising + k*x[1] - r*none)
		byR += c * (first - none + (mu-k)/(r+mu))
		byMu += c * (k/mu - (r+k)/(r+mu))
	}
	gradient[0], gradient[1] = byR*r, byMu*mu
	return total
}

func (h histogram) shiftedNB(x, gradient []float64) float64 {
	return h.negativeBinomial(1, x, gradient)
}

func (h histogram) zeroTruncatedNB(x, gradient []float64) float64 {
	total := h.negativeBinomial(0, x, gradient)
	r, mu := math.Exp(x[0]), math.Exp(x[1])
	none := math.Log1p(mu / r)
	some := -math.Expm1(-r * none) // 1 - P(0)
	odds := math.Exp(-r*none) / some
	gradient[0] += h.n * odds * r * (mu/(r+mu) - none)
	gradient[1] -= h.n * odds * r * mu / (r + mu)
	return total - h.n*math.Log(some)
}

// LengthRow is the sessions of From to To clicks; the last row's To is 0, for any more.
type LengthRow struct {
	From     int     `json:"from"`
	To       int     `json:"to"`
	Observed int     `json:"observed"`
	Expected float64 `json:"expected"`
}

// LengthFit is how many sessions of each length there were and would be under the law, with Pearson's χ². Lengths expected
// fewer than five times are pooled. The p-value takes off a degree of freedom for each parameter, and is nearly right where
// those were fitted on the same sessions; it is nil where no degree is left.
type LengthFit struct {
	Rows      []LengthRow `json:"rows"`
	ChiSquare float64     `json:"chi_square"`
	Degrees   int         `json:"degrees_of_freedom"`
	PValue    *float64    `json:"p_value"`
}

// Against holds the law against sessions.
func (l *Length) Against(lengths []int) (LengthFit, error) {
	h, err := newHistogram(lengths)
	if err != nil {
		return LengthFit{}, err
	}
	var f LengthFit
	rest, row := h.n, LengthRow{From: 1}
	for k := 1; k < len(h.count) && rest > 5; k++ {
		p := h.n * math.Exp(l.LogProbability(k))
		row.Observed += int(h.count[k])
		row.Expected += p
		rest -= p
		if row.Expected >= 5 && rest >= 5 {
			row.To = k
			f.Rows = append(f.Rows, row)
			row = LengthRow{From: k + 1}
		}
	}
	row.Expected, row.Observed = h.n, int(h.n)
	for _, r := range f.Rows {
		row.Expected -= r.Expected
		row.Observed -= r.Observed
	}
	f.Rows = append(f.Rows, row)
	for _, r := range f.Rows {
		d := float64(r.Observed) - r.Expected
		f.ChiSquare += d * d / r.Expected
	}
	if f.Degrees = len(f.Rows) - 1 - len(l.Parameters); f.Degrees > 0 {
		p := distuv.ChiSquared{K: float64(f.Degrees)}.Survival(f.ChiSquare)
		f.PValue = &p
	}
	return f, nil
}
