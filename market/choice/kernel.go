package choice

import (
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Utility says what people are taken to like, linear in its coefficients: every attribute of the situations and a constant
// of each alternative, asc_NAME, but Base's. Empty Base is the outside option or, where there is none, the first alternative.
type Utility struct {
	Base        string `json:"base,omitempty"`
	NoConstants bool   `json:"no_constants,omitempty"`
}

// design is Situations as the likelihood wants them: the situations of a household together, households in the order in
// which they first appear, a row for each alternative that could be had; the outside option is one more alternative of zeros.
// Coefficients are the constants, then the attributes.
type design struct {
	names       []string // k, of the coefficients
	constant    []int    // by alternative: its coefficient, or -1
	constants   int      // how many
	attributes  int
	situation   []int     // n: index into Situations
	start       []int     // n+1: first row of each situation
	alternative []int     // of each row
	own         []int     // of each row: its alternative's constant, or -1
	x           []float64 // rows × attributes
	chosen      []int     // n: row
	panel       []int     // first situation of each household, and the end
}

func newDesign(s *Situations, u Utility) (*design, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	d := &design{attributes: len(s.Attributes)}
	if err := d.layOut(s.Alternatives, s.Attributes, s.Outside, u); err != nil {
		return nil, err
	}
	d.group(s)
	nJ := len(s.Alternatives)
	zeros := make([]float64, d.attributes)
	n, wide := s.Len(), len(d.constant)
	d.start, d.chosen = make([]int, 0, n+1), make([]int, 0, n)
	d.alternative, d.x = make([]int, 0, n*wide), make([]float64, 0, n*wide*d.attributes)
	for _, i := range d.situation {
		d.start = append(d.start, len(d.alternative))
		for j := range nJ {
			if s.available(i, j) {
				if s.Chosen[i] == j {
					d.chosen = append(d.chosen, len(d.alternative))
				}
				d.alternative = append(d.alternative, j)
				d.x = append(d.x, s.X[(i*nJ+j)*d.attributes:(i*nJ+j+1)*d.attributes]...)
			}
		}
		if s.Outside {
			if s.Chosen[i] == Outside {
				d.chosen = append(d.chosen, len(d.alternative))
			}
			d.alternative = append(d.alternative, nJ)
			d.x = append(d.x, zeros...)
		}
	}
	d.start = append(d.start, len(d.alternative))
	d.own = d.constantsOfRows()
	return d, nil
}

func (d *design) constantsOfRows() []int {
	out := make([]int, len(d.alternative))
	for r, j := range d.alternative {
		out[r] = d.constant[j]
	}
	return out
}

// layOut names the coefficients and gives each alternative its constant.
func (d *design) layOut(alternatives, attributes []string, outside bool, u Utility) error {
	base := slices.Index(alternatives, u.Base)
	switch {
	case u.Base != "" && base < 0:
		return field.New("base", u.Base, fmt.Sprintf("one of the alternatives %q", alternatives))
	case u.Base == "" && !outside:
		base = 0
	}
	for j, name := range alternatives {
		d.constant = append(d.constant, -1)
		if j != base && !u.NoConstants {
			d.constant[j] = len(d.names)
			d.names = append(d.names, "asc_"+name)
		}
	}
	if outside {
		d.constant = append(d.constant, -1)
	}
	d.constants = len(d.names)
	for _, a := range attributes {
		if slices.Contains(d.names[:d.constants], a) {
			return field.New("attributes", a, "names that are not the constants' (asc_NAME)")
		}
	}
	d.names = append(d.names, attributes...)
	if len(d.names) == 0 {
		return field.New("attributes", "none, and no constants", "at least one thing that people could like")
	}
	return nil
}

// group puts the situations in the order of their households.
func (d *design) group(s *Situations) {
	rank, count := map[int]int{}, []int{}
	for i := range s.Chosen {
		h := s.household(i)
		if _, seen := rank[h]; !seen {
			rank[h] = len(count)
			count = append(count, 0)
		}
		count[rank[h]]++
	}
	d.panel = make([]int, 1, len(count)+1)
	for h, c := range count {
		d.panel = append(d.panel, d.panel[h]+c)
	}
	d.situation = make([]int, s.Len())
	next := append([]int(nil), d.panel...)
	for i := range s.Chosen {
		h := rank[s.household(i)]
		d.situation[next[h]] = i
		next[h]++
	}
}

func (d *design) households() int { return len(d.panel) - 1 }

// row returns the attributes of a row.
func (d *design) row(r int) []float64 { return d.x[r*d.attributes : (r+1)*d.attributes] }

// probabilities fills p, by row, with the logit probabilities of the situations from up to to at coefficients beta, logs
// with the logarithm of the chosen one's, by situation, and returns the sum of these.
func (d *design) probabilities(beta []float64, from, to int, p, logs []float64) float64 {
	constants, b := beta[:d.constants], beta[d.constants:]
	own, x, a, total := d.own, d.x, d.attributes, 0.0 // locals: the compiler reloads fields after each store
	for i := from; i < to; i++ {
		lo, hi := d.start[i], d.start[i+1]
		highest := math.Inf(-1)
		set := p[lo:hi]
		for r := range set {
			v := 0.0
			if c := own[lo+r]; c >= 0 {
				v = constants[c]
			}
			for m, x := range x[(lo+r)*a : (lo+r)*a+a] {
				v += float64(x * b[m])
			}
			set[r] = v
			highest = max(highest, v)
		}
		of := p[d.chosen[i]] - highest
		sum := 0.0
		for r, v := range set {
			set[r] = portable.Exp(v - highest)
			sum += set[r]
		}
		for r := range set {
			set[r] /= sum
		}
		logs[i] = of - portable.Log(sum)
		total += logs[i]
	}
	return total
}

// derivatives adds to score (k) the gradient of the log-likelihood of the situations from up to to with probabilities p,
//
//	Σ_i x_ic - Σ_j P_ij x_ij
//
// and to the lower triangle of information (k×k) its negative Hessian times weight, Σ_i Σ_j P_ij (x_ij - x̄_i)(x_ij - x̄_i)'
// (McFadden 1974, eq. 18–19). information may be nil. room holds twice the attributes. Constants are
// never multiplied out.
func (d *design) derivatives(p []float64, from, to int, weight float64, score, information, room []float64) {
	a, first, k := d.attributes, d.constants, len(d.names)
	own, x := d.own, d.x // locals: the compiler reloads fields after each store
	mean, deviation := room[:a], room[a:2*a]
	for i := from; i < to; i++ {
		lo, hi := d.start[i], d.start[i+1]
		clear(mean)
		for r := lo; r < hi; r++ {
			pr := p[r]
			for m, v := range x[r*a : r*a+a] {
				mean[m] += float64(pr * v)
			}
			if c := own[r]; c >= 0 {
				score[c] -= pr
			}
		}
		chosen := d.chosen[i]
		if c := own[chosen]; c >= 0 {
			score[c]++
		}
		for m, v := range x[chosen*a : chosen*a+a] {
			score[first+m] += v - mean[m]
		}
		if information == nil {
			continue
		}
		for r := lo; r < hi; r++ {
			w := float64(weight * p[r])
			for m, v := range x[r*a : r*a+a] {
				deviation[m] = v - mean[m]
			}
			for m, v := range deviation {
				line, wv := information[(first+m)*k+first:], float64(w*v)
				for l, u := range deviation[:m+1] {
					line[l] += float64(wv * u)
				}
			}
			c := own[r]
			if c < 0 {
				continue
			}
			for m, v := range deviation {
				information[(first+m)*k+c] += float64(w * v)
			}
			line := information[c*k : c*k+c+1]
			line[c] += w
			before := own[lo : r+1]
			for q, e := range before { // alternatives stand in order, so their constants do
				if e >= 0 {
					line[e] -= float64(w * p[lo+q])
				}
			}
		}
	}
}
