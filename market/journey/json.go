package journey

import (
	"encoding/json"
	"errors"

	"github.com/souk-sim/souk/scenarios/field"
)

const schema = "souk.journey/1"

// Journey is the models of one shop's visits in a file; those that are nil are not in it.
type Journey struct {
	Funnel      *Funnel      `json:"funnel,omitempty"`
	Mixture     *Mixture     `json:"mixture,omitempty"`
	Length      *Length      `json:"length,omitempty"`
	Dwell       *Dwell       `json:"dwell,omitempty"`
	Examination *Examination `json:"examination,omitempty"`
	Arrivals    *Arrivals    `json:"arrivals,omitempty"`
}

type saved struct {
	Schema string `json:"schema"`
	Journey
}

// Save writes the models as readable JSON. Load reads them back to the same behaviour, bit for bit.
func Save(j Journey) ([]byte, error) {
	if err := j.Check(); err != nil {
		return nil, err
	}
	return json.MarshalIndent(saved{schema, j}, "", "  ")
}

// Load reads what Save wrote. An error names what is wrong in the document.
func Load(b []byte) (Journey, error) {
	var f saved
	if err := field.Document(b, schema, &f); err != nil {
		return Journey{}, err
	}
	if err := f.Check(); err != nil {
		return Journey{}, err
	}
	return f.Journey, nil
}

// Check says what is wrong with models given by hand, under the keys of the file, and readies right ones for use.
func (j Journey) Check() error {
	models := 0
	for _, m := range []struct {
		key   string
		given bool
		check func() error
	}{
		{"funnel", j.Funnel != nil, j.Funnel.Check}, {"mixture", j.Mixture != nil, j.Mixture.Check}, {"length", j.Length != nil, j.Length.Check}, {"dwell", j.Dwell != nil, j.Dwell.Check},
		{"examination", j.Examination != nil, j.Examination.Check}, {"arrivals", j.Arrivals != nil, j.Arrivals.Check},
	} {
		if !m.given {
			continue
		}
		models++
		if err := m.check(); err != nil {
			var bad *field.Error
			if errors.As(err, &bad) {
				bad.Key = m.key + "." + bad.Key
			}
			return err
		}
	}
	if models == 0 {
		return field.New("model", "none", "funnel, mixture, length, dwell, examination or arrivals")
	}
	return nil
}
