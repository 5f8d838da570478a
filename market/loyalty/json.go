package loyalty

import (
	"encoding/json"
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
)

const schema = "souk.loyalty/1"

// saved is a model in a file; the key of the model in it says which.
type saved struct {
	Schema     string      `json:"schema"`
	BGNBD      *BGNBD      `json:"bg_nbd,omitempty"`
	ParetoNBD  *ParetoNBD  `json:"pareto_nbd,omitempty"`
	GammaGamma *GammaGamma `json:"gamma_gamma,omitempty"`
}

// Save writes a model of purchases, a spend model, or both, as readable JSON; either may be nil. Load reads it back to the
// same behaviour, bit for bit.
func Save(m Model, spend *GammaGamma) ([]byte, error) {
	f := saved{Schema: schema, GammaGamma: spend}
	switch m := m.(type) {
	case nil:
	case *BGNBD:
		f.BGNBD = m
	case *ParetoNBD:
		f.ParetoNBD = m
	default:
		return nil, fmt.Errorf("loyalty.Save: no file format for a %T", m)
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	return json.MarshalIndent(f, "", "  ")
}

// Load reads what Save wrote. An error names what is wrong in the document.
func Load(b []byte) (Model, *GammaGamma, error) {
	var f saved
	if err := field.Document(b, schema, &f); err != nil {
		return nil, nil, err
	}
	if err := f.check(); err != nil {
		return nil, nil, err
	}
	switch {
	case f.BGNBD != nil:
		return f.BGNBD, f.GammaGamma, nil
	case f.ParetoNBD != nil:
		return f.ParetoNBD, f.GammaGamma, nil
	}
	return nil, f.GammaGamma, nil
}

func (f saved) check() error {
	models := 0
	for _, m := range []struct {
		key   string
		given bool
		check func() error
	}{
		{"bg_nbd", f.BGNBD != nil, f.BGNBD.Check}, {"pareto_nbd", f.ParetoNBD != nil, f.ParetoNBD.Check},
		{"gamma_gamma", f.GammaGamma != nil, f.GammaGamma.Check},
	} {
		if !m.given {
			continue
		}
		models++
		if err := m.check(); err != nil {
			bad := err.(*field.Error)
			bad.Key = m.key + "." + bad.Key
			return bad
		}
	}
	switch {
	case models == 0:
		return field.New("model", "none", "bg_nbd, pareto_nbd or gamma_gamma")
	case f.BGNBD != nil && f.ParetoNBD != nil:
		return field.New("pareto_nbd", "it beside bg_nbd", "one model of purchases")
	}
	return nil
}
