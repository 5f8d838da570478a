package choice

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"gonum.org/v1/gonum/mat"
)

// Nest is a group of alternatives that are closer rivals of each other than of the rest.
type Nest struct {
	Name         string   `json:"name"`
	Alternatives []string `json:"alternatives"`
}

// NestedLogit is the two-level nested logit (see tree in tree.go for the formula). Each nest of more than one alternative has
// a coefficient lambda_NAME: 1 is a conditional logit, towards 0 its alternatives are the same to people. Alternatives that
// no nest names, and the outside option, stand alone.
type NestedLogit struct {
	Estimates
	Nests []Nest `json:"nests"`
	// Starts is from how many values of lambda the likelihood was climbed, Reached how many ended at the best.
	Starts  int `json:"starts"`
	Reached int `json:"reached"`

	nests *tree
}

// nestedStarts are the lambdas that climbs start from, all nests alike.
var nestedStarts = [...]float64{1, 0.7, 0.45, 0.25, 1.5, 2.5}

const leastLambda = 0.02

// FitNested estimates a nested logit by full-information maximum likelihood with an analytic gradient, from the conditional
// logit's coefficients and several lambdas. It warns where a lambda lies outside (0, 1]: no distribution of random
// utilities makes such choices over all prices (Daly & Zachary 1978; Börsch-Supan 1990 says where they may do locally).
func FitNested(s *Situations, u Utility, nests []Nest) (*NestedLogit, error) {
	d, err := newDesign(s, u)
	if err != nil {
		return nil, err
	}
	m := &NestedLogit{Estimates: newEstimates(s, u, d), Nests: nests, Starts: len(nestedStarts)}
	if err := m.plant(); err != nil {
		return nil, err
	}
	plain, logit, err := d.fitLogit()
	if err != nil {
		return nil, err
	}
	l := newNesting(d, m.nests)
	k := len(d.names)
	names := append(slices.Clone(d.names), m.lambdaNames()...)
	unit := d.ranges()
	for range names[k:] {
		unit = append(unit, 1)
	}
	var best *ascent
	var theta []float64
	var values []float64
	for _, lambda := range nestedStarts {
		at := append(slices.Clone(plain), make([]float64, len(names)-k)...)
		for g := k; g < len(at); g++ {
			at[g] = lambda
		}
		first := maximise(l.outerProducts, at, 30)
		up := maximise(differences(l.evaluate, unit), at, 50)
		up.iterations += first.iterations
		values = append(values, up.value)
		if best == nil || up.value > best.value {
			best, theta = up, at
		}
	}
	for _, v := range values {
		if v > best.value-1e-4 {
			m.Reached++
		}
	}
	scores := mat.NewDense(len(d.chosen), len(names), nil)
	for i := range d.chosen {
		l.situation(theta, i, scores.RawRowView(i))
	}
	m.finish(names, theta, best, scores, d.panel)
	// What separates the choices for a conditional logit does so here: P_c rises in V_c and falls in every other V for lambdas up to 1.
	m.warnOf(separated(d.names, logit, d.ranges()))
	for _, c := range m.Coefficients[k:] {
		if c.Estimate > 1 {
			m.warn("%s is %.3f (s.e. %.3f), outside the random-utility region (0, 1]: probabilities may rise with a rival's utility", c.Name, c.Estimate, c.SE)
		}
	}
	return m, m.plant()
}

// plant checks the nests and makes the tree, with the lambdas of the coefficients where there are any.
func (m *NestedLogit) plant() error {
	nest := make([]int, len(m.Alternatives))
	var lambda []float64
	for j := range nest {
		nest[j] = -1
	}
	names := map[string]bool{}
	for _, n := range m.Nests {
		if len(n.Alternatives) == 0 || names[n.Name] || n.Name == "" {
			return field.New("nests", fmt.Sprintf("%q of %d alternatives", n.Name, len(n.Alternatives)), "nests with names that differ, each of at least one alternative")
		}
		names[n.Name] = true
		for _, a := range n.Alternatives {
			j := slices.Index(m.Alternatives, a)
			if j >= 0 && nest[j] >= 0 {
				return field.New("nest "+n.Name, a+", in two nests or twice in one", "each alternative in one nest, once")
			}
			if j < 0 {
				return field.New("nest "+n.Name, a, fmt.Sprintf("alternatives of %q", m.Alternatives))
			}
			nest[j] = len(lambda)
		}
		lambda = append(lambda, 1)
	}
	for j := range nest {
		if nest[j] < 0 {
			nest[j] = len(lambda)
			lambda = append(lambda, 1)
		}
	}
	if m.Outside {
		nest, lambda = append(nest, len(lambda)), append(lambda, 1)
	}
	m.nests = newTree(nest, lambda)
	free := m.lambdaNames()
	if len(free) == 0 {
		return field.New("nests", fmt.Sprint(m.Nests), "a nest of at least two alternatives")
	}
	if m.Coefficients == nil { // not fitted yet
		return nil
	}
	at := len(m.Coefficients) - len(free)
	for g, n := range m.Nests {
		if len(n.Alternatives) > 1 {
			c := m.Coefficients[at]
			if !(c.Estimate >= leastLambda) {
				return field.New(c.Name, c.Estimate, "0.02 or more")
			}
			lambda[g] = c.Estimate
			at++
		}
	}
	return nil
}

// lambdaNames lists the coefficients of nests of more than one alternative.
func (m *NestedLogit) lambdaNames() []string {
	var out []string
	for _, n := range m.Nests {
		if len(n.Alternatives) > 1 {
			out = append(out, "lambda_"+n.Name)
		}
	}
	return out
}

// nesting evaluates the likelihood of a nested logit.
type nesting struct {
	*design
	nest  []int     // of each alternative
	free  []int     // of each nest: its coefficient, or -1 where lambda is 1
	v     []float64 // by alternative
	score []float64
	// By nest: lambda, the inclusive value, its derivative by lambda, and the probability.
	lambda, inclusive, slope, p []float64
}

func newNesting(d *design, t *tree) *nesting {
	n := len(t.lambda)
	l := &nesting{design: d, nest: t.nest, free: make([]int, n), v: make([]float64, len(t.nest)), lambda: make([]float64, n),
		inclusive: make([]float64, n), slope: make([]float64, n), p: make([]float64, n)}
	size := make([]int, n)
	for _, g := range t.nest {
		size[g]++
	}
	k := len(d.names)
	for g := range l.free {
		l.free[g], l.lambda[g] = -1, 1
		if size[g] > 1 {
			l.free[g] = k
			k++
		}
	}
	l.score = make([]float64, k)
	return l
}

// evaluate returns the log-likelihood at theta and fills its gradient.
func (l *nesting) evaluate(theta, gradient []float64) float64 {
	clear(gradient)
	if slices.Min(theta[len(l.names):]) < leastLambda {
		return math.Inf(-1)
	}
	total := 0.0
	for i := range l.chosen {
		total += l.situation(theta, i, gradient)
	}
	return total
}

// outerProducts is the likelihood with the scores' outer products for information (Berndt, Hall, Hall & Hausman 1974).
func (l *nesting) outerProducts(theta, gradient, information []float64) float64 {
	clear(gradient)
	clear(information)
	if slices.Min(theta[len(l.names):]) < leastLambda {
		return math.Inf(-1)
	}
	total, k := 0.0, len(theta)
	for i := range l.chosen {
		clear(l.score)
		total += l.situation(theta, i, l.score)
		for a, v := range l.score {
			gradient[a] += v
			for b, w := range l.score[:a+1] {
				information[a*k+b] += v * w
			}
		}
	}
	return total
}

// situation adds one situation's gradient to score and returns its log-likelihood. With P(r|g) the probability within the
// nest, c the chosen alternative and g its nest,
//
//	∂log P_c/∂V_r = 1{r=c}/λ_g + 1{r in g}(λ_g-1)/λ_g P(r|g) - P_r
//	∂log P_c/∂λ_h = 1{h=g}(-V_c/λ_g² - I_g' + I_g + λ_g I_g') - P_h (I_h + λ_h I_h'),  I_h' = -Σ_{r in h} P(r|h) V_r/λ_h²
func (l *nesting) situation(theta []float64, i int, score []float64) float64 {
	lo, hi := l.start[i], l.start[i+1]
	top, sum := l.weighNests(theta, lo, hi)
	c := l.alternative[l.chosen[i]]
	g := l.nest[c]
	for h, f := range l.free {
		if f < 0 || l.p[h] == 0 {
			continue
		}
		rate := l.inclusive[h] + l.lambda[h]*l.slope[h]
		if h == g {
			score[f] += rate - l.slope[h] - l.v[c]/(l.lambda[h]*l.lambda[h])
		}
		score[f] -= l.p[h] / sum * rate
	}
	for r := lo; r < hi; r++ {
		j := l.alternative[r]
		h := l.nest[j]
		within := portable.Exp(l.v[j]/l.lambda[h] - l.inclusive[h])
		e := -l.p[h] / sum * within
		if h == g {
			e += (l.lambda[h] - 1) / l.lambda[h] * within
		}
		if j == c {
			e += 1 / l.lambda[h]
		}
		if at := l.constant[j]; at >= 0 {
			score[at] += e
		}
		for m, x := range l.row(r) {
			score[l.constants+m] += e * x
		}
	}
	return l.v[c]/l.lambda[g] - l.inclusive[g] + l.lambda[g]*l.inclusive[g] - top - portable.Log(sum)
}

// weighNests fills utilities, inclusive values with their derivatives and the nests' weights, which are
// exp(λI - top) and add up to sum.
func (l *nesting) weighNests(theta []float64, lo, hi int) (top, sum float64) {
	for g, f := range l.free {
		if f >= 0 {
			l.lambda[g] = theta[f]
		}
		l.inclusive[g], l.slope[g], l.p[g] = math.Inf(-1), 0, 0
	}
	for r := lo; r < hi; r++ {
		j := l.alternative[r]
		v := 0.0
		if c := l.constant[j]; c >= 0 {
			v = theta[c]
		}
		for m, x := range l.row(r) {
			v += x * theta[l.constants+m]
		}
		l.v[j] = v
		g := l.nest[j]
		l.inclusive[g] = max(l.inclusive[g], v/l.lambda[g]) // the highest, for now
	}
	for r := lo; r < hi; r++ {
		j := l.alternative[r]
		g := l.nest[j]
		e := portable.Exp(l.v[j]/l.lambda[g] - l.inclusive[g])
		l.p[g] += e
		l.slope[g] -= e * l.v[j]
	}
	top = math.Inf(-1)
	for g, e := range l.p {
		if e > 0 {
			l.inclusive[g] += portable.Log(e)
			l.slope[g] /= e * l.lambda[g] * l.lambda[g]
			top = max(top, l.lambda[g]*l.inclusive[g])
		}
	}
	for g, e := range l.p {
		if e > 0 {
			l.p[g] = portable.Exp(l.lambda[g]*l.inclusive[g] - top)
			sum += l.p[g]
		}
	}
	return top, sum
}

// differences makes a likelihood of one that has a gradient only: its negative Hessian by central differences, over steps
// that move utilities alike by the reach of each coefficient.
func differences(f func(theta, gradient []float64) float64, reach []float64) likelihood {
	k := len(reach)
	up, down, at := make([]float64, k), make([]float64, k), make([]float64, k)
	return func(theta, gradient, information []float64) float64 {
		value := f(theta, gradient)
		if math.IsInf(value, -1) {
			return value
		}
		copy(at, theta)
		for i := range at {
			h := 1e-5 / reach[i]
			at[i] = theta[i] + h
			f(at, up)
			at[i] = theta[i] - h
			f(at, down)
			at[i] = theta[i]
			for j := range k { // the mean of both triangles, in the lower
				if d := (down[j] - up[j]) / (4 * h); i == j {
					information[i*k+i] = 2 * d
				} else if j < i {
					information[i*k+j] += d
				} else {
					information[j*k+i] = d
				}
			}
		}
		return value
	}
}

// Draws is 0: all people are alike.
func (m *NestedLogit) Draws() int { return 0 }

// Concomitants are none.
func (m *NestedLogit) Concomitants() []string { return nil }

func (m *NestedLogit) structure() *tree { return m.nests }

func (m *NestedLogit) crowd([]float64) ([]float64, [][]float64) {
	e := m.estimates()
	return []float64{1}, [][]float64{e[:len(e)-len(m.lambdaNames())]}
}

func (m *NestedLogit) become(tastes, _, _ []float64) { m.fill(tastes) }
