package affinity

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"

	"github.com/souk-sim/souk/scenarios/field"
)

const schema = "souk.affinity/1"

type saved struct {
	Schema string          `json:"schema"`
	Items  []string        `json:"items,omitempty"`
	Kind   string          `json:"kind"`
	Model  json.RawMessage `json:"model"`
}

// model is what a file can hold: JSON in its exported fields.
type model interface {
	Recommender
	// check reports the first thing by which items could not be scored, and readies a right model for use.
	check() error
}

// kinds are the models that a file can hold, by name.
func kinds() map[string]model {
	return map[string]model{"random": new(Random), "popularity": new(Popularity), "factors": new(Factors), "neighbours": new(Neighbours), "item-cosine": new(ItemCosine), "implicit": new(Implicit),
		"neural": new(Neural), "neural-implicit": new(NeuralImplicit)}
}

// Save writes a model of this package as JSON. Load reads it back to the same behaviour, bit for bit. Users in it are numbers.
func Save(m Recommender) ([]byte, error) { return SaveNamed(m, nil) }

// SaveNamed is Save with the items' names, by number, beside the model; LoadNamed reads them too.
func SaveNamed(m Recommender, items []string) ([]byte, error) {
	for kind, like := range kinds() {
		if reflect.TypeOf(like) != reflect.TypeOf(m) {
			continue
		}
		if err := m.(model).check(); err != nil {
			return nil, err
		}
		b, err := json.Marshal(m)
		if err != nil {
			return nil, fmt.Errorf("affinity model: %w", err)
		}
		return json.Marshal(saved{schema, items, kind, b})
	}
	return nil, field.New("kind", fmt.Sprintf("%T", m), "a model of this package")
}

// Load reads what Save wrote. An error names what is wrong in the document.
func Load(b []byte) (Recommender, error) {
	m, _, err := LoadNamed(b)
	return m, err
}

// LoadNamed reads what Save or SaveNamed wrote; items is nil where the document does not name them.
func LoadNamed(b []byte) (m Recommender, items []string, err error) {
	var s saved
	if err := field.Document(b, schema, &s); err != nil {
		return nil, nil, err
	}
	if m, err = s.load(); err != nil {
		return nil, nil, err
	}
	if _, n := m.Size(); s.Items != nil && len(s.Items) != n {
		return nil, nil, field.New("items", fmt.Sprintf("%d names", len(s.Items)), fmt.Sprint(n))
	}
	return m, s.Items, nil
}

func (s *saved) load() (Recommender, error) {
	m := kinds()[s.Kind]
	if m == nil {
		return nil, field.New("kind", fmt.Sprintf("%q", s.Kind), "a kind of model")
	}
	if err := field.Document(s.Model, "", m); err != nil {
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return m, nil
}

func size(key string, n int) error {
	if n < 1 || n > 1<<31-1 {
		return field.New(key, n, "1 or more, in 32 bits")
	}
	return nil
}

func (m *Random) check() error {
	if err := size("users", m.Users); err != nil {
		return err
	}
	return size("items", m.Items)
}

func (m *Popularity) check() error {
	if err := size("users", m.Users); err != nil {
		return err
	}
	return numbers("counts", m.Counts, max(1, len(m.Counts)))
}

// numbers says whether a column has n finite numbers.
func numbers(key string, values []float64, n int) error {
	if len(values) != n {
		return field.New(key, fmt.Sprintf("%d numbers", len(values)), fmt.Sprint(n))
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return field.New(fmt.Sprintf("%s[%d]", key, i), v, "a finite number")
		}
	}
	return nil
}
