package persona

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

const schema = "souk.persona/1"

type saved struct {
	Schema string `json:"schema"`
	*Personas
}

// Save writes the personas as readable JSON, without any customer. Load reads it back to the same behaviour, bit for bit.
func (p *Personas) Save() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return json.MarshalIndent(saved{schema, p}, "", " ")
}

// Load reads what Save wrote. An error names what is wrong in the document.
func Load(b []byte) (*Personas, error) {
	s := saved{Personas: &Personas{}}
	if err := field.Document(b, schema, &s); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	s.prepare()
	return s.Personas, nil
}

func finite(values []float64) bool {
	return !slices.ContainsFunc(values, func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) })
}

// check reports the first thing by which shoppers could not be drawn.
func (p *Personas) check() error {
	if err := p.Scale.check(); err != nil {
		return err
	}
	d := len(p.Scale.Names)
	if len(p.Whole) != d {
		return field.New("whole", fmt.Sprintf("%d features", len(p.Whole)), fmt.Sprint(d))
	}
	if len(p.Groups) == 0 {
		return field.New("groups", "none", "one or more")
	}
	share := 0.0
	for i := range p.Groups {
		if err := p.Groups[i].check(fmt.Sprintf("groups[%d]", i), d); err != nil {
			return err
		}
		share += p.Groups[i].Card.Share
	}
	if !(math.Abs(share-1) < 1e-9) {
		return field.New("groups", fmt.Sprintf("shares that sum to %v", share), "1")
	}
	if p.Coupon == nil {
		return nil
	}
	if !slices.Equal(p.Coupon.Names, p.Scale.Names) {
		return field.New("coupon.names", fmt.Sprintf("%q", p.Coupon.Names), fmt.Sprintf("%q", p.Scale.Names))
	}
	return p.Coupon.Check()
}

func (s *Scale) check() error {
	if s == nil || len(s.Names) == 0 {
		return field.New("scale", "no features", "one or more")
	}
	d := len(s.Names)
	if len(s.Log) != d || len(s.Mean) != d || len(s.SD) != d {
		return field.New("scale", fmt.Sprintf("%d log, %d mean, %d sd", len(s.Log), len(s.Mean), len(s.SD)), fmt.Sprintf("%d of each", d))
	}
	if !finite(s.Mean) || !finite(s.SD) || slices.Min(s.SD) < 0 {
		return field.New("scale", fmt.Sprint(s.Mean, s.SD), "finite means, and deviations of 0 or more")
	}
	return nil
}

func (g *Group) check(key string, d int) error {
	switch {
	case !(g.Card.Share > 0 && g.Card.Share <= 1):
		return field.New(key+".card.share", g.Card.Share, "a share above 0, up to 1")
	case len(g.Center) != d || !finite(g.Center):
		return field.New(key+".center", fmt.Sprint(g.Center), fmt.Sprintf("%d finite numbers", d))
	case len(g.Quantiles) != d || len(g.Factor) != d:
		return field.New(key, fmt.Sprintf("%d rows of quantiles and %d of factor", len(g.Quantiles), len(g.Factor)), fmt.Sprintf("%d of each", d))
	}
	for j, q := range g.Quantiles {
		if len(q) == 0 || len(q) != len(g.Quantiles[0]) || len(q) > maximumQuantiles || !finite(q) || !slices.IsSorted(q) {
			return field.New(fmt.Sprintf("%s.quantiles[%d]", key, j), fmt.Sprint(q), fmt.Sprintf("1 to %d rising numbers, as many in each row", maximumQuantiles))
		}
		if f := g.Factor[j]; len(f) != j+1 || !finite(f) {
			return field.New(fmt.Sprintf("%s.factor[%d]", key, j), fmt.Sprint(f), fmt.Sprintf("%d finite numbers", j+1))
		}
	}
	return nil
}
