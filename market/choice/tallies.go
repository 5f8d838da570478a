package choice

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"gonum.org/v1/gonum/mat"
)

// Tallies are choices that were counted and not written down one by one, as a shop counts them: n offers, each put before so many people, who took one of J
// alternatives, that A attributes describe, or nothing. Of some alternatives nobody may tell how many took them: those of other sellers.
type Tallies struct {
	Alternatives []string  // J, names that differ
	Attributes   []string  // A, names that differ
	X            []float64 // n×J×A, offer by offer
	Taken        []float64 // n×J, people who took each; what stands at an alternative that is held is never read
	Faced        []float64 // n, people who saw the offer: at least as many as took something
	Weight       []float64 // n, how much each offer counts; nil: 1
	Start        []float64 // J+A, coefficients to begin with, constants first: where things are held there may be two tops; nil: as many take things as did, whatever the attributes
	// Held are constants (J) of alternatives of which nobody tells how many took them: who takes one is among those who take none of the others, and its
	// constant is not estimated. NaN at all others; nil: nothing is held.
	Held []float64
}

// FitTallies estimates a conditional logit with an outside option of utility 0 by maximum likelihood, Fisher's scoring, the likelihood of an offer of weight w being
//
//	w·(Σ_j n_j V_j + n_0 log Σ_{l∈R} exp(V_l) − n log Σ_l exp(V_l))
//
// with j over the alternatives that are told apart, n_j people who took them, n of all, and R the rest, n_0 people: those held and the outside option (McFadden
// 1974; grouped outcomes as in Train 2009, §3.7). Every alternative has a constant, asc_NAME; one that is held has the value given and no error. Standard errors
// are by the inverse of the expected information, and robust ones by the sandwich over offers, which holds where more differs between offers than chance explains. N counts people
// by weight, Households offers.
func FitTallies(t *Tallies) (*Logit, error) {
	if err := t.check(); err != nil {
		return nil, err
	}
	l := newTallied(t)
	theta := l.start()
	up := l.climb(theta, 100)
	free := Estimates{Warnings: []string{}, N: int(math.Round(l.people)), Households: len(t.Faced), NullLogLik: l.null, SharesLogLik: l.shares}
	names := make([]string, len(l.at))
	for i, c := range l.at {
		names[i] = l.names[c]
	}
	panel := make([]int, len(t.Faced)+1)
	for i := range panel {
		panel[i] = i
	}
	free.finish(names, theta, up, l.scores(theta), panel)
	free.warnOfSeparation(names, up, l.ranges())
	l.uncentre(&free)
	return l.whole(free), nil
}

// check reports the first thing that makes the tallies impossible.
func (t *Tallies) check() error {
	n, j, a := len(t.Faced), len(t.Alternatives), len(t.Attributes)
	switch {
	case n == 0 || j == 0:
		return field.New("tallies", fmt.Sprintf("%d offers of %d alternatives", n, j), "at least one of one")
	case len(t.X) != n*j*a || len(t.Taken) != n*j || t.Weight != nil && len(t.Weight) != n || t.Held != nil && len(t.Held) != j || t.Start != nil && len(t.Start) != j+a:
		return field.New("tallies", fmt.Sprintf("%d attributes, %d counts, %d weights, %d held", len(t.X), len(t.Taken), len(t.Weight), len(t.Held)), fmt.Sprintf("those of %d offers of %d alternatives", n, j))
	case !finite(t.X):
		return field.New("attributes", "a number that is not finite", "finite numbers")
	}
	told := false
	for k := range j {
		told = told || !t.held(k)
	}
	if !told {
		return field.New("held", "all alternatives", "one at least whose takers are counted")
	}
	people := 0.0
	for i, all := range t.Faced {
		took := 0.0
		for k := range j {
			if c := t.Taken[i*j+k]; !t.held(k) {
				if !(c >= 0) {
					return field.New(fmt.Sprintf("takers of %s in offer %d", t.Alternatives[k], i+1), c, "0 or more")
				}
				took += c
			}
		}
		if w := t.weight(i); !(w >= 0) || math.IsInf(w, 0) {
			return field.New(fmt.Sprintf("weight of offer %d", i+1), w, "a finite number, 0 or more")
		}
		if !(all >= took*(1-1e-9)) || math.IsInf(all, 0) {
			return field.New(fmt.Sprintf("people before offer %d", i+1), all, fmt.Sprintf("%g who took something, or more", took))
		}
		people += all * t.weight(i)
	}
	if people == 0 {
		return field.New("tallies", "nobody", "somebody who saw an offer")
	}
	return nil
}

func (t *Tallies) held(j int) bool { return t.Held != nil && !math.IsNaN(t.Held[j]) }

func (t *Tallies) weight(i int) float64 {
	if t.Weight == nil {
		return 1
	}
	return t.Weight[i]
}

// tallied evaluates the likelihood of tallies. Coefficients are the constants of the alternatives that are not held, then the attributes. Attributes of the
// alternatives that are not held count from their means, so that constants and coefficients hang together little: where nearly all offers are alike, the climb is
// else along a narrow ridge.
type tallied struct {
	*Tallies
	names        []string  // of all coefficients, those held too
	at           []int     // of each free coefficient: its place among all
	own          []int     // by alternative: its free constant, or -1
	constants    int       // that are free
	centre       []float64 // J×A
	people       float64
	none         float64 // of the people, who took nothing that is told
	null, shares float64 // log-likelihoods: all alternatives alike; constants alone
	odds         []float64
	mean, rest   []float64
	room         []float64 // the attributes of an alternative, from their means
}

func newTallied(t *Tallies) *tallied {
	j := len(t.Alternatives)
	l := &tallied{Tallies: t, odds: make([]float64, j+1), room: make([]float64, len(t.Attributes))}
	took, none := make([]float64, j), 0.0
	for k, name := range t.Alternatives {
		l.names, l.own = append(l.names, "asc_"+name), append(l.own, -1)
		if !t.held(k) {
			l.own[k] = len(l.at)
			l.at = append(l.at, k)
		}
	}
	l.constants = len(l.at)
	for m, name := range t.Attributes {
		l.names, l.at = append(l.names, name), append(l.at, j+m)
	}
	for i, all := range t.Faced {
		w := t.weight(i)
		for k := range j {
			if !t.held(k) {
				took[k] += w * t.Taken[i*j+k]
				all -= t.Taken[i*j+k]
			}
		}
		none += w * max(all, 0)
	}
	l.people, l.none = none, none
	l.centred()
	for k := range j {
		l.people += took[k]
	}
	total := math.Log(float64(j + 1))
	for _, n := range took {
		if n > 0 {
			l.null -= n * total
			l.shares += n * math.Log(n/l.people)
		}
	}
	if none > 0 {
		l.null += none * (math.Log(float64(j+1-l.constants)) - total)
		l.shares += none * math.Log(none/l.people)
	}
	l.mean, l.rest = make([]float64, len(l.at)), make([]float64, len(l.at))
	return l
}

// centred finds the means of the attributes over people.
func (l *tallied) centred() {
	j, a := len(l.Alternatives), len(l.Attributes)
	l.centre = make([]float64, j*a)
	for i, people := range l.Faced {
		for c, x := range l.X[i*j*a : (i+1)*j*a] {
			if l.own[c/a] >= 0 {
				l.centre[c] += float64(l.weight(i) * people / l.people * x)
			}
		}
	}
}

// start is where the climb begins: attributes mean nothing, and constants are the log odds of what was taken.
func (l *tallied) start() []float64 {
	theta, rest := make([]float64, len(l.at)), 1.0
	if l.Start != nil {
		for i, c := range l.at {
			theta[i] = l.Start[c]
		}
		l.recentre(theta)
		return theta
	}
	took := make([]float64, len(l.Alternatives))
	for c := range took {
		if l.own[c] < 0 {
			rest += portable.Exp(l.Held[c])
			continue
		}
		for i := range l.Faced {
			took[c] += float64(l.weight(i) * l.Taken[i*len(took)+c])
		}
	}
	for c, n := range took {
		if l.own[c] >= 0 {
			theta[l.own[c]] = portable.Log((n + 0.5) / (l.none + 0.5) * rest)
		}
	}
	return theta
}

// recentre has constants count from the attributes' means.
func (l *tallied) recentre(theta []float64) {
	for c, own := range l.own {
		for m := range l.Attributes {
			if own >= 0 {
				theta[own] += float64(l.centre[c*len(l.Attributes)+m] * theta[l.constants+m])
			}
		}
	}
}

// climb is Fisher's scoring from theta, in place: a step that leads down is halved.
func (l *tallied) climb(theta []float64, limit int) *ascent {
	k := len(theta)
	up := &ascent{gradient: make([]float64, k), inverse: stats.NewCholesky(k), step: make([]float64, k), singular: -1}
	information, trial := make([]float64, k*k), make([]float64, k)
	up.value = l.evaluate(theta, up.gradient, information)
	for ; up.iterations < limit && !up.converged; up.iterations++ {
		copy(up.inverse.L, information)
		if up.singular = up.inverse.Factor(); up.singular >= 0 {
			return up
		}
		copy(up.step, up.gradient)
		up.inverse.Solve(up.step)
		up.converged = dot(up.step, up.gradient) < enoughPromise
		value := math.Inf(-1)
		for halvings := 0; halvings < 40 && !(value >= up.value); halvings++ {
			for i, v := range up.step {
				trial[i] = theta[i] + v
			}
			if value = l.evaluate(trial, up.gradient, information); !(value >= up.value) {
				for i := range up.step {
					up.step[i] /= 2
				}
			}
		}
		if !(value >= up.value) { // as high as rounding lets it
			up.value = l.evaluate(theta, up.gradient, information)
			break
		}
		up.value = value
		copy(theta, trial)
	}
	copy(up.inverse.L, information)
	up.singular = up.inverse.Factor()
	up.converged = up.converged && up.singular < 0
	return up
}

// uncentre has constants stand for attributes of 0 again, in estimates and covariances: c = c' − Σ_m b_m·mean_m.
func (l *tallied) uncentre(e *Estimates) {
	k, a := len(l.at), len(l.Attributes)
	turn := mat.NewDense(k, k, nil)
	for m := range k {
		turn.Set(m, m, 1)
	}
	for c, own := range l.own {
		for m := range a {
			if own >= 0 {
				turn.Set(own, l.constants+m, -l.centre[c*a+m])
			}
		}
	}
	theta := mat.NewVecDense(k, nil)
	for i := range e.Coefficients {
		theta.SetVec(i, e.Coefficients[i].Estimate)
	}
	theta.MulVec(turn, theta)
	for _, v := range []*[][]float64{&e.Covariance, &e.Robust, &e.Clustered} {
		if *v == nil {
			continue
		}
		s := mat.NewDense(k, k, nil)
		for i := range k {
			s.SetRow(i, (*v)[i])
		}
		s.Product(turn, s, turn.T())
		for i := range k {
			mat.Row((*v)[i], i, s)
		}
	}
	for i := range e.Coefficients {
		p := &e.Coefficients[i]
		p.Estimate, p.SE, p.RobustSE, p.ClusteredSE = theta.AtVec(i), root(e.Covariance, i), root(e.Robust, i), root(e.Clustered, i)
	}
}

// evaluate implements likelihood.
func (l *tallied) evaluate(theta, gradient, information []float64) float64 {
	clear(gradient)
	clear(information)
	value := 0.0
	for i := range l.Faced {
		value += l.offer(i, theta, gradient, information)
	}
	return value
}

// offer adds what an offer adds to the gradient and, where it is not nil, to the lower triangle of the expected information, and returns its log-likelihood. What is
// observed is not positive definite everywhere where something is held; what is expected is.
func (l *tallied) offer(i int, theta, gradient, information []float64) float64 {
	w, people := l.weight(i), l.Faced[i]
	if w == 0 {
		return 0
	}
	j, a, k := len(l.Alternatives), len(l.Attributes), len(l.at)
	highest := 0.0
	for c := range j {
		v := 0.0
		if l.own[c] >= 0 {
			v = theta[l.own[c]]
		} else {
			v = l.Held[c]
		}
		for m, x := range l.X[(i*j+c)*a : (i*j+c+1)*a] {
			v += float64((x - l.centre[c*a+m]) * theta[l.constants+m])
		}
		l.odds[c] = v
		highest = max(highest, v)
	}
	l.odds[j] = 0
	value, none := 0.0, people
	for c := range j {
		if l.own[c] >= 0 {
			took := l.Taken[i*j+c]
			value += float64(took * l.odds[c])
			none -= took
			gradient[l.own[c]] += float64(w * took)
			for m, x := range l.X[(i*j+c)*a : (i*j+c+1)*a] {
				gradient[l.constants+m] += float64(w * took * (x - l.centre[c*a+m]))
			}
		}
	}
	none = max(none, 0)
	all, rest := 0.0, 0.0
	for c := range l.odds {
		l.odds[c] = portable.Exp(l.odds[c] - highest)
		all += l.odds[c]
		if c == j || l.own[c] < 0 {
			rest += l.odds[c]
		}
	}
	likely := people * rest / all // of whom none is expected to take what is told
	value += float64(none*(portable.Log(rest)+highest)) - float64(people*(portable.Log(all)+highest))
	clear(l.mean)
	clear(l.rest)
	for c := range j {
		p, among := l.odds[c]/all, 0.0
		if l.own[c] < 0 {
			among = l.odds[c] / rest
		}
		x := l.room
		for m, v := range l.X[(i*j+c)*a : (i*j+c+1)*a] {
			x[m] = v - l.centre[c*a+m]
		}
		if l.own[c] >= 0 {
			l.mean[l.own[c]] += p
		}
		for m, v := range x {
			l.mean[l.constants+m] += float64(p * v)
			l.rest[l.constants+m] += float64(among * v)
		}
		if information != nil {
			l.square(information, c, x, w*(float64(people*p)-float64(likely*among)))
		}
	}
	for m := range k {
		gradient[m] += float64(w * (float64(none*l.rest[m]) - float64(people*l.mean[m])))
		if information != nil {
			for o := range m + 1 {
				information[m*k+o] -= float64(w * (float64(people*l.mean[m]*l.mean[o]) - float64(likely*l.rest[m]*l.rest[o])))
			}
		}
	}
	return w * value
}

// square adds a multiple of the outer product of an alternative's regressors.
func (l *tallied) square(information []float64, c int, x []float64, by float64) {
	k := len(l.at)
	if own := l.own[c]; own >= 0 {
		information[own*k+own] += by
		for m, v := range x {
			information[(l.constants+m)*k+own] += float64(by * v)
		}
	}
	for m, v := range x {
		for o := range m + 1 {
			information[(l.constants+m)*k+l.constants+o] += float64(by * v * x[o])
		}
	}
}

// scores has each offer's gradient at theta, n×k.
func (l *tallied) scores(theta []float64) *mat.Dense {
	out := mat.NewDense(len(l.Faced), len(l.at), nil)
	for i := range l.Faced {
		l.offer(i, theta, out.RawRowView(i), nil)
	}
	return out
}

// ranges gives for each coefficient how far its regressor reaches.
func (l *tallied) ranges() []float64 {
	out := make([]float64, len(l.at))
	for m := range l.constants {
		out[m] = 1
	}
	for i, x := range l.X {
		m := l.constants + i%len(l.Attributes)
		out[m] = max(out[m], math.Abs(x-l.centre[i%len(l.centre)]))
	}
	return out
}

// whole puts what is held beside what was estimated.
func (l *tallied) whole(free Estimates) *Logit {
	m := &Logit{Estimates: free}
	m.Alternatives, m.Attributes, m.Outside = l.Alternatives, l.Attributes, true
	m.Coefficients = make([]Parameter, len(l.names))
	for c, name := range l.names {
		m.Coefficients[c].Name = name
		if c < len(l.Alternatives) && l.held(c) {
			m.Coefficients[c].Estimate = l.Held[c]
		}
	}
	for i, c := range l.at {
		m.Coefficients[c] = free.Coefficients[i]
	}
	grown := func(v [][]float64) [][]float64 {
		if v == nil {
			return nil
		}
		out := table(len(l.names), len(l.names))
		for i, c := range l.at {
			for o, d := range l.at {
				out[c][d] = v[i][o]
			}
		}
		return out
	}
	m.Covariance, m.Robust, m.Clustered = grown(free.Covariance), grown(free.Robust), grown(free.Clustered)
	return m
}

// LogLikelihood is that of tallies under a logit of the same alternatives and attributes, weights included: how well it foretells them.
func (t *Tallies) LogLikelihood(m *Logit) (float64, error) {
	if err := t.check(); err != nil {
		return 0, err
	}
	l := newTallied(t)
	if err := m.named(l.names); err != nil {
		return 0, err
	}
	theta := make([]float64, len(l.at))
	for i, c := range l.at {
		theta[i] = m.Coefficients[c].Estimate
	}
	l.recentre(theta)
	value, gradient := 0.0, make([]float64, len(theta))
	for i := range t.Faced {
		value += l.offer(i, theta, gradient, nil)
	}
	return value, nil
}

// Shares returns n×J, the probabilities with which the model has people take each alternative of each offer.
func (t *Tallies) Shares(m *Logit) ([][]float64, error) {
	s := &Situations{Alternatives: t.Alternatives, Attributes: t.Attributes, X: t.X, Chosen: make([]int, len(t.Faced)), Outside: true}
	return Probabilities(m, s)
}
