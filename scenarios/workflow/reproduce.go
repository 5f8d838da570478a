package workflow

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/souk-sim/souk/scenarios"
)

// Reproduction is what became of a publication's results.
type Reproduction struct {
	Paper      string    `json:"paper"` // name of the scenario
	Citation   string    `json:"citation"`
	Deviations []string  `json:"deviations"`
	Quick      bool      `json:"quick"`
	Rows       []Row     `json:"rows"`
	Variants   []Results `json:"variants"` // all that was measured

	scenario *scenarios.Scenario
}

// Results are the measures of a variant.
type Results struct {
	Variant  string    `json:"variant"` // empty: the scenario itself
	Measures []Measure `json:"measures"`
}

// Row is a published value beside the measured one.
type Row struct {
	Variant   string  `json:"variant"`
	Measure   string  `json:"measure"`
	Unit      string  `json:"unit,omitempty"`
	Published float64 `json:"published"`
	Error     float64 `json:"published_standard_error,omitempty"`
	Measured  float64 `json:"measured"`
	StdError  float64 `json:"standard_error"` // as of Measure
	N         int     `json:"n,omitempty"`
	Bound     string  `json:"bound"`
	Allowed   float64 `json:"allowed"` // tolerance and three standard errors of the difference, by Student's t for small n
	Inside    *bool   `json:"inside"`  // nil: one value, whose standard error is not known, says nothing
	Kind      string  `json:"kind"`    // result, theorem or claim
	Source    string  `json:"source"`
}

// MarshalJSON writes null for what is not known.
func (r Row) MarshalJSON() ([]byte, error) {
	type plain Row
	return json.Marshal(struct {
		plain
		Measured orNull `json:"measured"`
		StdError orNull `json:"standard_error"`
	}{plain(r), orNull(r.Measured), orNull(r.StdError)})
}

// Outside counts the rows that fell outside.
func (r *Reproduction) Outside() (n int) {
	for i := range r.Rows {
		if in := r.Rows[i].Inside; in != nil && !*in {
			n++
		}
	}
	return n
}

// Reproduce measures what a scenario and its variants describe, with quick in the smaller sample, and holds it against what was published: a value is inside
// that differs from the published one by at most its tolerance and three standard errors of the difference, as many more for small samples as Student's t has. watch is told of progress by one goroutine at a
// time: the variant, and how far it is. Errors are of type *field.Error, or the context's.
func Reproduce(ctx context.Context, s *scenarios.Scenario, quick bool, workers int, watch func(variant string, done, total int)) (*Reproduction, error) {
	st, err := studyOf(s)
	if err != nil {
		return nil, err
	}
	for i := range s.Published {
		if expected, ok := measurable(st.kinds(), s.Published[i].Measure); !ok {
			return nil, s.Fault(strconv.Quote(s.Published[i].Measure), "a measure: "+expected, "published", strconv.Itoa(i), "measure")
		}
	}
	if err := drawable(s, st.kinds()); err != nil {
		return nil, err
	}
	r := &Reproduction{Paper: s.Name, Citation: s.Paper.Citation, Deviations: s.Paper.Deviations, Quick: quick, scenario: s}
	for _, name := range r.variants() {
		v, err := s.Variant(name, quick)
		if err != nil {
			return nil, err
		}
		result, err := st.measure(ctx, v, workers, func(done, total int) {
			if watch != nil {
				watch(name, done, total)
			}
		})
		if err != nil {
			return nil, err
		}
		r.Variants = append(r.Variants, Results{name, result.measures})
	}
	return r, r.judge()
}

// drawable complains of paper.figures that are no measures.
func drawable(s *scenarios.Scenario, kinds []MeasureKind) error {
	kinds = append(slices.Clone(kinds), MeasureKind{Name: "learning"})
	for i, name := range s.Paper.Figures {
		of := name
		if strings.HasSuffix(name, "@") {
			of += "1"
		}
		if expected, ok := measurable(kinds, of); !ok {
			return s.Fault(strconv.Quote(name), "a measure, or what of it precedes its number, ending in @: "+expected, "paper", "figures", strconv.Itoa(i))
		}
	}
	return nil
}

// variants are those to be measured.
func (r *Reproduction) variants() []string {
	names := []string{""}
	for _, v := range r.scenario.Variants {
		if !(r.Quick && v.Full) {
			names = append(names, v.Name)
		}
	}
	return names
}

// judge fills the rows.
func (r *Reproduction) judge() error {
	for i, p := range r.scenario.Published {
		at := slices.IndexFunc(r.Variants, func(v Results) bool { return v.Variant == p.Variant })
		if at < 0 {
			continue // not in the smaller sample
		}
		all := r.Variants[at].Measures
		k := slices.IndexFunc(all, func(m Measure) bool { return m.Name == p.Measure })
		if k < 0 {
			return r.scenario.Fault(strconv.Quote(p.Measure), "a measure of this variant: its firms, and the periods that are watched", "published", strconv.Itoa(i), "measure")
		}
		r.Rows = append(r.Rows, row(&p, &all[k]))
	}
	return nil
}

func row(p *scenarios.Published, m *Measure) Row {
	r := Row{Variant: p.Variant, Measure: p.Measure, Unit: m.Unit, Published: p.Value, Error: p.Error, Measured: m.Value, StdError: m.Error, N: m.N,
		Bound: p.Bound, Kind: cmp.Or(p.Kind, "result"), Source: p.Source}
	r.Allowed = p.Tolerance + math.Hypot(3*p.Error, threeSigma(m.N)*m.doubt())
	if m.N == 1 {
		return r
	}
	inside := math.Abs(m.Value-p.Value) <= r.Allowed
	switch p.Bound {
	case "at-least":
		inside = m.Value >= p.Value-r.Allowed
	case "at-most":
		inside = m.Value <= p.Value+r.Allowed
	}
	r.Inside = &inside
	return r
}

// threeSigma is how many standard errors, estimated from n values, a mean stays within as surely as a normal one does within three of the true ones:
// by Student's t, 3.2 for 50 values and 4.5 for 8.
func threeSigma(n int) float64 {
	if n < 2 {
		return 3
	}
	return distuv.StudentsT{Sigma: 1, Nu: float64(n - 1)}.Quantile(0.5 * math.Erfc(-3/math.Sqrt2))
}
