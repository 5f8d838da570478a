package choice

import (
	"fmt"
	"math"
	"strings"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/mat"
)

// Logit is McFadden's (1974) conditional logit: person i takes alternative j of the set before them with probability
//
//	P_ij = exp(V_ij) / Σ_l exp(V_il),  V_ij = constant_j + x_ij·b
//
// All people have the same tastes.
type Logit struct {
	Estimates
	Smoothing *Parameter `json:"smoothing,omitempty"` // of the attribute "loyalty"; by FitLoyalty
}

// FitLogit estimates a conditional logit by maximum likelihood, Newton's method. It refuses attributes that others and the
// constants explain within the choice sets, and names them; where attributes or constants separate the choices, it warns.
func FitLogit(s *Situations, u Utility) (*Logit, error) {
	d, err := newDesign(s, u)
	if err != nil {
		return nil, err
	}
	m := &Logit{Estimates: newEstimates(s, u, d)}
	theta, up, err := d.fitLogit()
	if err != nil {
		return nil, err
	}
	m.finish(d.names, theta, up, d.scores(theta), d.panel)
	m.warnOfSeparation(d.names, up, d.ranges())
	return m, nil
}

func (d *design) fitLogit() ([]float64, *ascent, error) {
	if err := d.checkRank(); err != nil {
		return nil, nil, err
	}
	theta := make([]float64, len(d.names))
	return theta, maximise(newPooling(d).evaluate, theta, 100), nil
}

// pooling evaluates the likelihood of one taste for all.
type pooling struct {
	*design
	p, logs, room []float64
}

func newPooling(d *design) *pooling {
	return &pooling{d, make([]float64, len(d.alternative)), make([]float64, len(d.chosen)), make([]float64, 2*d.attributes)}
}

func (l *pooling) evaluate(theta, gradient, information []float64) float64 {
	clear(gradient)
	clear(information)
	value := l.probabilities(theta, 0, len(l.chosen), l.p, l.logs)
	l.derivatives(l.p, 0, len(l.chosen), 1, gradient, information, l.room)
	return value
}

// scores has each situation's gradient at theta, n×k.
func (d *design) scores(theta []float64) *mat.Dense {
	l := newPooling(d)
	d.probabilities(theta, 0, len(d.chosen), l.p, l.logs)
	out := mat.NewDense(len(d.chosen), len(d.names), nil)
	for i := range d.chosen {
		d.derivatives(l.p, i, i+1, 1, out.RawRowView(i), nil, l.room)
	}
	return out
}

// checkRank refuses a coefficient whose regressor the ones before it explain within the choice sets, and names them all.
func (d *design) checkRank() error {
	l, k := newPooling(d), len(d.names)
	factor := stats.NewCholesky(k)
	l.evaluate(make([]float64, k), make([]float64, k), factor.L)
	j := factor.Factor()
	if j < 0 {
		return nil
	}
	var with []string
	for m, b := range factor.Explains(j) {
		if math.Abs(b) > 1e-6 {
			with = append(with, d.names[m])
		}
	}
	if with == nil {
		return field.New(d.names[j], "no variation within any choice set", "something that differs between alternatives people could choose from")
	}
	return field.New(d.names[j], fmt.Sprintf("a sum of multiples of %s within every choice set", strings.Join(with, ", ")), "a regressor that varies on its own (collinear ones must go)")
}

// Draws is 0: all people are alike.
func (m *Logit) Draws() int { return 0 }

// Concomitants are none.
func (m *Logit) Concomitants() []string { return nil }

func (m *Logit) structure() *tree { return nil }

func (m *Logit) crowd([]float64) ([]float64, [][]float64) {
	return []float64{1}, [][]float64{m.estimates()}
}

func (m *Logit) become(tastes, _, _ []float64) { m.fill(tastes) }
