package choice

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/scenarios/field"
)

const schema = "souk.choice/1"

// loadable is an Individual that can be read from its JSON form.
type loadable interface {
	Individual
	// document is the JSON form: the model's name before the fields, to write and to read into.
	document() any
	// prepare checks what was read and derives the rest of the model from it. names are the coefficients of utility.
	prepare(names []string) error
}

// kind lists the models of individual choices by the name that their JSON carries under "model"; nil is none of them.
func kind(name string) loadable {
	switch name {
	case "logit":
		return new(Logit)
	case "nested-logit":
		return new(NestedLogit)
	case "latent-class":
		return new(LatentClass)
	case "mixed-logit":
		return new(MixedLogit)
	}
	return nil
}

// The models without their methods, which encoding/json takes field by field.
type (
	plainLogit  Logit
	plainNested NestedLogit
	plainLatent LatentClass
	plainMixed  MixedLogit
)

func (m *Logit) document() any {
	return &struct {
		Schema string `json:"schema"`
		Model  string `json:"model"`
		*plainLogit
	}{schema, "logit", (*plainLogit)(m)}
}

func (m *NestedLogit) document() any {
	return &struct {
		Schema string `json:"schema"`
		Model  string `json:"model"`
		*plainNested
	}{schema, "nested-logit", (*plainNested)(m)}
}

func (m *LatentClass) document() any {
	return &struct {
		Schema string `json:"schema"`
		Model  string `json:"model"`
		*plainLatent
	}{schema, "latent-class", (*plainLatent)(m)}
}

func (m *MixedLogit) document() any {
	return &struct {
		Schema string `json:"schema"`
		Model  string `json:"model"`
		*plainMixed
	}{schema, "mixed-logit", (*plainMixed)(m)}
}

// MarshalJSON writes the model for LoadIndividual.
func (m Logit) MarshalJSON() ([]byte, error) { return json.Marshal(m.document()) }

// MarshalJSON writes the model for LoadIndividual.
func (m NestedLogit) MarshalJSON() ([]byte, error) { return json.Marshal(m.document()) }

// MarshalJSON writes the model for LoadIndividual.
func (m LatentClass) MarshalJSON() ([]byte, error) { return json.Marshal(m.document()) }

// MarshalJSON writes the model for LoadIndividual.
func (m MixedLogit) MarshalJSON() ([]byte, error) { return json.Marshal(m.document()) }

// LoadIndividual reads a model that encoding/json wrote; it behaves as the written one, bit for bit. A document that is not a
// usable model gives an error that names the key.
func LoadIndividual(data []byte) (Individual, error) {
	var head struct{ Schema, Model string }
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, field.New("choice model", err, "the JSON form of a fitted model")
	}
	m := kind(head.Model)
	switch {
	case head.Schema != schema:
		return nil, field.New("schema", fmt.Sprintf("%q", head.Schema), schema)
	case m == nil:
		return nil, field.New("model", fmt.Sprintf("%q", head.Model), "logit, nested-logit, latent-class or mixed-logit")
	}
	if err := field.Document(data, schema, m.document()); err != nil {
		return nil, err
	}
	names, err := m.Summary().check()
	if err != nil {
		return nil, err
	}
	if err := m.prepare(names); err != nil {
		return nil, err
	}
	return m, nil
}

// check tests what all models have and returns the names of the coefficients of utility.
func (e *Estimates) check() ([]string, error) {
	if len(e.Alternatives) == 0 {
		return nil, field.New("alternatives", "none", "at least one")
	}
	var d design
	if err := d.layOut(e.Alternatives, e.Attributes, e.Outside, e.Utility); err != nil {
		return nil, err
	}
	for _, c := range e.Coefficients {
		if !finite([]float64{c.Estimate, c.SE, c.RobustSE, c.ClusteredSE}) || math.Abs(c.Estimate) > 1e6 {
			return nil, field.New("coefficient "+c.Name, c.Estimate, "finite numbers of sensible size")
		}
	}
	for _, v := range [][][]float64{e.Covariance, e.Robust, e.Clustered} {
		if len(v) != 0 && len(v) != len(e.Coefficients) {
			return nil, field.New("covariance", len(v), fmt.Sprintf("%d rows, one a coefficient", len(e.Coefficients)))
		}
		for _, row := range v {
			if len(row) != len(e.Coefficients) {
				return nil, field.New("covariance", len(row), fmt.Sprintf("%d values in each row", len(e.Coefficients)))
			}
		}
	}
	return d.names, nil
}

// named reports an error where the coefficients are not those of the names.
func (e *Estimates) named(names []string) error {
	var got []string
	for _, c := range e.Coefficients {
		got = append(got, c.Name)
	}
	if !slices.Equal(got, names) {
		return field.New("coefficients", fmt.Sprintf("%q", got), fmt.Sprintf("%q", names))
	}
	return nil
}

func (m *Logit) prepare(names []string) error {
	if s := m.Smoothing; s != nil && !(s.Estimate >= 0 && s.Estimate < 1) {
		return field.New("smoothing", s.Estimate, "a number in [0, 1)")
	}
	return m.named(names)
}

func (m *NestedLogit) prepare(names []string) error {
	if err := m.named(append(names, m.lambdaNames()...)); err != nil {
		return err
	}
	return m.plant()
}

func (m *LatentClass) prepare(names []string) error {
	if len(m.Shares) < 2 {
		return field.New("shares", len(m.Shares), "two or more classes")
	}
	return m.named(classNames(names, len(m.Shares), m.Members))
}

func (m *MixedLogit) prepare(names []string) error {
	if len(m.Random) == 0 || len(m.Random) > len(primes) {
		return field.New("random", len(m.Random), fmt.Sprintf("1 to %d coefficients", len(primes)))
	}
	if m.Nodes < 2 || m.Nodes > 1e6 {
		return field.New("nodes", m.Nodes, "2 to 1000000")
	}
	whole := slices.Clone(names)
	for i, r := range m.Random {
		if !slices.Contains(names, r.Name) || slices.ContainsFunc(m.Random[:i], func(o RandomCoefficient) bool { return o.Name == r.Name }) {
			return field.New("random", r.Name, fmt.Sprintf("one of %q, each once", names))
		}
		if r.Sign != 0 && r.Sign != 1 && r.Sign != -1 {
			return field.New("sign of "+r.Name, r.Sign, "-1, 0 or 1")
		}
		whole = append(whole, "sd_"+r.Name)
	}
	return m.named(whole)
}
