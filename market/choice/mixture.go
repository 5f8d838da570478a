package choice

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/sim/portable"
	"gonum.org/v1/gonum/mat"
)

// mixture evaluates the likelihood of classes. Coefficients are classes × k of utility, then (classes-1) × traits of
// membership, the constant among the traits.
type mixture struct {
	*design
	classes, k, traits int
	z                  *mat.Dense  // households × traits
	p                  [][]float64 // by class: probabilities by row
	logs, room         []float64
	prior, posterior   *mat.Dense // households × classes
	factor, members    stats.Cholesky
	step, score        []float64  // k
	reach              []float64  // k, see ranges
	traitReach         []float64  // of membership: the largest size of each trait
	spread             []float64  // k: standard deviation of each regressor within choice sets, all alternatives alike
	gradient           []float64  // of membership
	whole              *mat.Dense // classes × size: one household's scores of all coefficients, by class
	one                []float64  // size: their mean over the posterior
}

func newMixture(d *design, classes int, z *mat.Dense) *mixture {
	l := &mixture{design: d, classes: classes, k: len(d.names), z: z, logs: make([]float64, len(d.chosen)), room: make([]float64, 2*d.attributes)}
	_, l.traits = z.Dims()
	l.reach = d.ranges()
	for m := range (classes - 1) * l.traits {
		column := mat.Col(nil, m%l.traits, z)
		l.traitReach = append(l.traitReach, max(slices.Max(column), -slices.Min(column)))
	}
	information := make([]float64, l.k*l.k)
	newPooling(d).evaluate(make([]float64, l.k), make([]float64, l.k), information)
	for j := range l.k {
		l.spread = append(l.spread, math.Sqrt(information[j*l.k+j]/float64(len(d.chosen))))
	}
	for range classes {
		l.p = append(l.p, make([]float64, len(d.alternative)))
	}
	l.prior, l.posterior = mat.NewDense(d.households(), classes, nil), mat.NewDense(d.households(), classes, nil)
	l.factor, l.members = stats.NewCholesky(l.k), stats.NewCholesky((classes-1)*l.traits)
	l.step, l.score, l.gradient = make([]float64, l.k), make([]float64, l.k), make([]float64, l.members.K)
	l.whole, l.one = mat.NewDense(classes, l.size(), nil), make([]float64, l.size())
	return l
}

func (l *mixture) size() int { return l.classes*l.k + (l.classes-1)*l.traits }

func (l *mixture) class(theta []float64, c int) []float64 { return theta[c*l.k : (c+1)*l.k] }

// membership returns the coefficients of classes 2 and on.
func (l *mixture) membership(theta []float64) []float64 { return theta[l.classes*l.k:] }

// classNames lists the coefficients of classes whose utilities have those of the names.
func classNames(names []string, classes int, traits []string) []string {
	var out []string
	for c := range classes {
		for _, name := range names {
			out = append(out, fmt.Sprintf("class%d:%s", c+1, name))
		}
	}
	for c := 1; c < classes; c++ {
		out = append(out, fmt.Sprintf("class%d:membership", c+1))
		for _, name := range traits {
			out = append(out, fmt.Sprintf("class%d:%s", c+1, name))
		}
	}
	return out
}

// expect fills priors, probabilities and posteriors at theta and returns the log-likelihood.
func (l *mixture) expect(theta []float64) float64 {
	for c := range l.classes {
		l.probabilities(l.class(theta, c), 0, len(l.chosen), l.p[c], l.logs)
		for h := range l.households() {
			sum := 0.0
			for _, v := range l.logs[l.panel[h]:l.panel[h+1]] {
				sum += v
			}
			l.posterior.Set(h, c, sum)
		}
	}
	total, g := 0.0, l.membership(theta)
	for h := range l.households() {
		prior, post, z := l.prior.RawRowView(h), l.posterior.RawRowView(h), l.z.RawRowView(h)
		prior[0] = 0
		for c := 1; c < l.classes; c++ {
			prior[c] = dot(g[(c-1)*l.traits:c*l.traits], z)
		}
		softmax(prior)
		for c := range post {
			post[c] += portable.Log(prior[c])
		}
		total += softmax(post)
	}
	return total
}

// softmax replaces v by exp(v)/Σexp(v), in place, and returns log Σexp(v).
func softmax(v []float64) float64 {
	highest, sum := slices.Max(v), 0.0
	for i, x := range v {
		v[i] = portable.Exp(x - highest)
		sum += v[i]
	}
	for i := range v {
		v[i] /= sum
	}
	return highest + portable.Log(sum)
}

// shares is the mean prior of each class.
func (l *mixture) shares() []float64 {
	out := make([]float64, l.classes)
	for h := range l.households() {
		for c, v := range l.prior.RawRowView(h) {
			out[c] += v / float64(l.households())
		}
	}
	return out
}

// negligible is the posterior below which a household says nothing of a class, small what a sweep passes over: sweeps
// only look for a hill, Newton's method finds its top.
const negligible, small = 1e-10, 1e-3

// sweep is one step of expectation–maximisation, in place. It returns the log-likelihood before the step.
func (l *mixture) sweep(theta []float64) float64 {
	value := l.expect(theta)
	for c := range l.classes {
		clear(l.factor.L)
		clear(l.step)
		for h := range l.households() {
			w := l.posterior.At(h, c)
			if w < small {
				continue
			}
			clear(l.score)
			l.derivatives(l.p[c], l.panel[h], l.panel[h+1], w, l.score, l.factor.L, l.room)
			for j, v := range l.score {
				l.step[j] += w * v
			}
		}
		l.climb(&l.factor, l.step, l.class(theta, c), l.reach)
	}
	clear(l.members.L)
	clear(l.gradient)
	for h := range l.households() {
		z, prior, post := l.z.RawRowView(h), l.prior.RawRowView(h), l.posterior.RawRowView(h)
		l.addMembership(prior, z, l.members.L, l.members.K, 0)
		for c := 1; c < l.classes; c++ {
			for t, v := range z {
				l.gradient[(c-1)*l.traits+t] += (post[c] - prior[c]) * v
			}
		}
	}
	l.climb(&l.members, l.gradient, l.membership(theta), l.traitReach)
	return value
}

// climb takes a Newton step, shortened so that utilities move by no more than a logit's curvature stands for: the factor
// log(1+R)/R of a function whose third derivative is at most R times the second (Bach 2010, Electronic Journal of
// Statistics 4), R the largest change of a utility difference. A factor that is singular leaves x as it is.
func (l *mixture) climb(factor *stats.Cholesky, step, x, reach []float64) {
	if factor.Factor() >= 0 {
		return
	}
	factor.Solve(step)
	change := 0.0
	for j, v := range step {
		change += math.Abs(v) * reach[j]
	}
	scale := 1.0
	if change > 1e-6 {
		scale = math.Log1p(change) / change
	}
	for j, v := range step {
		x[j] += scale * v
	}
}

// addMembership adds one household's information on membership to the lower triangle of a wide matrix, from offset on.
func (l *mixture) addMembership(prior, z, information []float64, wide, offset int) {
	for c := 1; c < l.classes; c++ {
		for d := 1; d <= c; d++ {
			w := -prior[c] * prior[d]
			if c == d {
				w += prior[c]
			}
			for t, a := range z {
				row := information[(offset+(c-1)*l.traits+t)*wide+offset+(d-1)*l.traits:]
				for u, b := range z {
					row[u] += w * a * b
				}
			}
		}
	}
}

// evaluate is the likelihood. With posteriors r_c, scores s_c and informations J_c of a household given its class, the
// gradient is g = Σ r_c s_c and the negative Hessian Σ r_c (J_c - s_c s_c') + g g' (Louis 1982, JRSS B 44).
func (l *mixture) evaluate(theta, gradient, information []float64) float64 {
	value, size, offset := l.expect(theta), l.size(), l.classes*l.k
	clear(gradient)
	clear(information)
	for c := range l.classes {
		clear(l.factor.L)
		for h := range l.households() {
			if w := l.posterior.At(h, c); w >= negligible {
				clear(l.score)
				l.derivatives(l.p[c], l.panel[h], l.panel[h+1], w, l.score, l.factor.L, l.room)
			}
		}
		for i := range l.k {
			copy(information[(c*l.k+i)*size+c*l.k:], l.factor.L[i*l.k:i*l.k+i+1])
		}
	}
	for h := range l.households() {
		l.household(h)
		prior, z := l.prior.RawRowView(h), l.z.RawRowView(h)
		l.addMembership(prior, z, information, size, offset)
		for i, v := range l.one {
			gradient[i] += v
			for j, w := range l.one[:i+1] {
				information[i*size+j] += v * w
			}
		}
		for c, r := range l.posterior.RawRowView(h) {
			if r < negligible {
				continue
			}
			s := l.whole.RawRowView(c)
			outer := func(from, to int) {
				for i := from; i < to; i++ {
					rv := r * s[i]
					for j := c * l.k; j < min((c+1)*l.k, i+1); j++ {
						information[i*size+j] -= rv * s[j]
					}
					for j := offset; j <= i; j++ {
						information[i*size+j] -= rv * s[j]
					}
				}
			}
			outer(c*l.k, (c+1)*l.k)
			outer(offset, size)
		}
	}
	return value
}

// household fills whole with the scores of household h by class, and one with their mean over the posterior.
func (l *mixture) household(h int) {
	offset := l.classes * l.k
	clear(l.one)
	prior, z := l.prior.RawRowView(h), l.z.RawRowView(h)
	for c, r := range l.posterior.RawRowView(h) {
		if r < negligible {
			continue
		}
		s := l.whole.RawRowView(c)
		clear(s)
		l.derivatives(l.p[c], l.panel[h], l.panel[h+1], 0, l.class(s, c), nil, l.room)
		for d := 1; d < l.classes; d++ {
			w := -prior[d]
			if c == d {
				w++
			}
			for t, v := range z {
				s[offset+(d-1)*l.traits+t] = w * v
			}
		}
		for i, v := range s {
			l.one[i] += r * v
		}
	}
}

// scores has each household's gradient at theta.
func (l *mixture) scores(theta []float64) *mat.Dense {
	l.expect(theta)
	out := mat.NewDense(l.households(), l.size(), nil)
	for h := range l.households() {
		l.household(h)
		out.SetRow(h, l.one)
	}
	return out
}

// bySize returns theta with the classes in the order of their shares, the largest first.
func (l *mixture) bySize(theta []float64) []float64 {
	l.expect(theta)
	shares, order := l.shares(), make([]int, l.classes)
	for c := range order {
		order[c] = c
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(shares[b], shares[a])
	})
	out, g := make([]float64, l.size()), l.membership(theta)
	of := func(c, t int) float64 {
		if c == 0 {
			return 0
		}
		return g[(c-1)*l.traits+t]
	}
	for to, from := range order {
		copy(l.class(out, to), l.class(theta, from))
		if to > 0 {
			for t := range l.traits {
				l.membership(out)[(to-1)*l.traits+t] = of(from, t) - of(order[0], t)
			}
		}
	}
	return out
}
