package choice

import (
	"fmt"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Individual is a fitted model of individual choices: Logit, NestedLogit, LatentClass or MixedLogit. Its people differ in
// tastes, if they differ at all, by so many uniforms.
type Individual interface {
	// Draws is how many uniforms in (0, 1) make a person.
	Draws() int
	// Concomitants names the traits on which a person's tastes depend; none but in a latent-class model that has them.
	Concomitants() []string
	// Summary is what the fit reports.
	Summary() *Estimates

	// structure is nil where no alternatives are closer rivals than others.
	structure() *tree
	// crowd is the people of given traits: weights that add up to 1, and k tastes of each.
	crowd(traits []float64) (weights []float64, tastes [][]float64)
	// become fills tastes (k) with those of the person whom the uniforms make.
	become(tastes, u, traits []float64)
}

// Shopper is one person before a set of alternatives. Its methods do not allocate.
type Shopper struct {
	model   Individual
	design  design // of one situation: where the coefficients stand
	tree    *tree
	tastes  []float64
	weight  []float64 // by alternative, the outside option last
	present []bool
	whole   []bool // all present
	choices int    // without the outside option
	total   float64
}

// NewShopper returns a person of the model's average class or tastes (all uniforms 1/2, traits 0) who sees nothing yet.
func NewShopper(m Individual) (*Shopper, error) {
	e := m.Summary()
	s := &Shopper{model: m, tree: m.structure(), choices: len(e.Alternatives)}
	s.design.attributes = len(e.Attributes)
	if err := s.design.layOut(e.Alternatives, e.Attributes, e.Outside, e.Utility); err != nil {
		return nil, err
	}
	if t := s.tree; t != nil {
		s.tree = newTree(t.nest, t.lambda) // room of its own
	}
	n := len(s.design.constant)
	s.tastes, s.weight, s.present, s.whole = make([]float64, len(s.design.names)), make([]float64, n), make([]bool, n), all(n)
	u := make([]float64, m.Draws())
	for i := range u {
		u[i] = 0.5
	}
	s.Become(u, make([]float64, len(m.Concomitants())))
	return s, nil
}

// Become makes the shopper the person whom Draws uniforms in (0, 1) and the traits, in the order of Concomitants, make.
func (s *Shopper) Become(u, traits []float64) { s.model.become(s.tastes, u, traits) }

// See puts the shopper before alternatives with attributes x (J×A); available is nil when all J are there. The outside
// option, where the model has one, always is.
func (s *Shopper) See(x []float64, available []bool) {
	d := &s.design
	b := s.tastes[d.constants:]
	copy(s.present, s.whole)
	copy(s.present, available)
	for j, c := range d.constant {
		v := 0.0
		if c >= 0 {
			v = s.tastes[c]
		}
		if j < s.choices {
			for m, a := range x[j*d.attributes : (j+1)*d.attributes] {
				v += float64(a * b[m])
			}
		}
		s.weight[j] = v
	}
	s.tree.weigh(s.weight, s.present)
	s.total = 0
	for _, w := range s.weight {
		s.total += w
	}
}

// Choose returns what the shopper takes with the uniform u in [0, 1): an alternative's index, or Outside. Outside is also
// what it gives where nothing could be had.
func (s *Shopper) Choose(u float64) int {
	target, sum, last := float64(u*s.total), 0.0, Outside
	for j, w := range s.weight {
		if w == 0 {
			continue
		}
		if sum += w; j < s.choices {
			last = j
		} else {
			last = Outside
		}
		if target < sum {
			return last
		}
	}
	return last // u·total rounded up to the total
}

// Probabilities fills dst (J) and returns the probability of taking nothing.
func (s *Shopper) Probabilities(dst []float64) (outside float64) {
	if s.total == 0 {
		clear(dst)
		return 1
	}
	for j := range s.choices {
		dst[j] = s.weight[j] / s.total
	}
	if len(s.weight) > s.choices {
		outside = s.weight[s.choices] / s.total
	}
	return outside
}

// population sees sets of alternatives through the eyes of all people of a model at once.
type population struct {
	*Shopper
	weights []float64
	crowd   [][]float64
	traits  []int // of the situations, in the order of the model's
	given   []float64
	s       *Situations
}

func newPopulation(m Individual, s *Situations) (*population, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	e := m.Summary()
	if !slices.Equal(s.Alternatives, e.Alternatives) || !slices.Equal(s.Attributes, e.Attributes) || s.Outside != e.Outside {
		return nil, field.New("situations", fmt.Sprintf("alternatives %q, attributes %q, outside option %v", s.Alternatives, s.Attributes, s.Outside),
			fmt.Sprintf("those of the fit: %q, %q, %v", e.Alternatives, e.Attributes, e.Outside))
	}
	shopper, err := NewShopper(m)
	if err != nil {
		return nil, err
	}
	p := &population{Shopper: shopper, s: s, given: make([]float64, len(m.Concomitants()))}
	for _, name := range m.Concomitants() {
		at := slices.Index(s.Traits, name)
		if at < 0 {
			return nil, field.New("traits", fmt.Sprintf("%q", s.Traits), "among them "+name+", on which the classes depend")
		}
		p.traits = append(p.traits, at)
	}
	p.weights, p.crowd = m.crowd(p.given)
	return p, nil
}

// meet takes the people of the traits in situation i.
func (p *population) meet(i int) {
	if len(p.traits) == 0 {
		return // they are always the same
	}
	for t, at := range p.traits {
		p.given[t] = p.s.Trait[i*len(p.s.Traits)+at]
	}
	p.weights, p.crowd = p.model.crowd(p.given)
}

// see puts person c before situation i.
func (p *population) see(c, i int) {
	copy(p.tastes, p.crowd[c])
	n := p.choices
	var available []bool
	if p.s.Available != nil {
		available = p.s.Available[i*n : (i+1)*n]
	}
	p.See(p.s.X[i*n*p.design.attributes:(i+1)*n*p.design.attributes], available)
}

// Probabilities returns for each situation the population's probabilities of its J alternatives, n×J; what is left to 1 is
// that of taking nothing.
func Probabilities(m Individual, s *Situations) ([][]float64, error) {
	p, err := newPopulation(m, s)
	if err != nil {
		return nil, err
	}
	out, one := table(s.Len(), p.choices), make([]float64, p.choices)
	for i := range out {
		p.meet(i)
		for c, w := range p.weights {
			p.see(c, i)
			p.Shopper.Probabilities(one)
			for j, v := range one {
				out[i][j] += float64(w * v)
			}
		}
	}
	return out, nil
}

// AttributeElasticities returns J×J: by how many per cent the share of j among all choices, Σ_i P_ij, grows for one per cent
// more of the attribute (a price) of l in every situation,
//
//	Σ_i x_il ∂P_ij/∂x_il / Σ_i P_ij
//
// the probability-weighted mean of the situations' elasticities (Train 2009, §3.6). Of an attribute that is itself a logarithm
// take the coefficient's own derivative instead.
func AttributeElasticities(m Individual, s *Situations, attribute string) ([][]float64, error) {
	p, err := newPopulation(m, s)
	if err != nil {
		return nil, err
	}
	a := slices.Index(s.Attributes, attribute)
	if a < 0 {
		return nil, field.New("attribute", attribute, fmt.Sprintf("one of %q", s.Attributes))
	}
	nJ, nA := p.choices, len(s.Attributes)
	out, shares := table(nJ, nJ), make([]float64, nJ)
	slopes := make([]float64, len(p.weight))
	for i := range s.Len() {
		p.meet(i)
		for c, w := range p.weights {
			p.see(c, i)
			b := p.tastes[p.design.constants+a]
			for j := range p.weight {
				p.weight[j] /= p.total
			}
			for l := range nJ {
				shares[l] += float64(w * p.weight[l])
				if !p.present[l] {
					continue
				}
				p.tree.slopes(p.weight, l, slopes)
				change := float64(float64(w*b) * s.X[(i*nJ+l)*nA+a])
				for j := range nJ {
					out[j][l] += float64(change * slopes[j])
				}
			}
		}
	}
	for j, row := range out {
		for l := range row {
			row[l] /= shares[j]
		}
	}
	return out, nil
}

// Score is how well a model foretells choices that it was not fitted to.
type Score struct {
	N       int     `json:"n"`
	LogLik  float64 `json:"loglik"`
	HitRate float64 `json:"hit_rate"` // share of situations whose most probable alternative was chosen
}

// Evaluate scores a model on situations that its fit never saw, one step ahead: what a household chose before tells who it
// is, first in past (earlier situations, or nil), then in s itself. Without a past the log-likelihood is that of new
// households, each one's choices held together by its tastes.
func Evaluate(m Individual, s, past *Situations) (Score, error) {
	p, err := newPopulation(m, s)
	if err != nil {
		return Score{}, err
	}
	known := map[int][]float64{}
	if past != nil {
		before, err := newPopulation(m, past)
		if err != nil {
			return Score{}, err
		}
		for _, i := range before.byHousehold() {
			before.learn(known, i)
		}
	}
	out := Score{N: s.Len()}
	hits, one, mean := 0, make([]float64, p.choices), make([]float64, p.choices+1)
	for _, i := range p.byHousehold() {
		w := p.belief(known, i)
		clear(mean)
		for c := range p.weights {
			p.see(c, i)
			mean[p.choices] += float64(w[c] * p.Shopper.Probabilities(one))
			for j, v := range one {
				mean[j] += float64(w[c] * v)
			}
		}
		best := 0
		for j, v := range mean {
			if v > mean[best] {
				best = j
			}
		}
		if best == s.Chosen[i] || best == p.choices && s.Chosen[i] == Outside {
			hits++
		}
		out.LogLik += p.learn(known, i)
	}
	out.HitRate = float64(hits) / float64(out.N)
	return out, nil
}

// byHousehold orders the situations by household, within one as they stand.
func (p *population) byHousehold() []int {
	var d design
	d.group(p.s)
	return d.situation
}

// belief is what is known of who situation i's household is.
func (p *population) belief(known map[int][]float64, i int) []float64 {
	h := p.s.household(i)
	if known[h] == nil {
		p.meet(i)
		known[h] = slices.Clone(p.weights)
	}
	return known[h]
}

// learn updates the belief by the choice in situation i and returns the choice's log-probability under the old one.
func (p *population) learn(known map[int][]float64, i int) float64 {
	w, total := p.belief(known, i), 0.0
	for c := range w {
		p.see(c, i)
		chosen := p.s.Chosen[i]
		if chosen == Outside {
			chosen = p.choices
		}
		w[c] *= p.weight[chosen] / p.total
		total += w[c]
	}
	for c := range w {
		w[c] /= total
	}
	if total == 0 { // nobody of the model would have done this: it says nothing of who the household is
		copy(w, p.weights)
	}
	return portable.Log(total)
}
