package loyalty

import (
	"encoding/json"
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
)

const schema = "souk.loyalty/1"

// saved is a model in a file; the key of the model in it says which.
type saved struct {
	Schema      string       `json:"schema"`
	BGNBD       *BGNBD       `json:"bg_nbd,omitempty"`
	ParetoNBD   *ParetoNBD   `json:"pareto_nbd,omitempty"`
	GammaGamma  *GammaGamma  `json:"gamma_gamma,omitempty"`
	SpendCopula *SpendCopula `json:"spend_copula,omitempty"`
}

// Save writes a model of purchases, a spend model, or both, as readable JSON; either may be nil. Load reads it back to the
// same behaviour, bit for bit.
func Save(m Model, spend Spending) ([]byte, error) {
	f := saved{Schema: schema}
	switch m := m.(type) {
	case nil:
	case *BGNBD:
		f.BGNBD = m
	case *ParetoNBD:
		f.ParetoNBD = m
	default:
		return nil, fmt.Errorf("loyalty.Save: no file format for a %T", m)
	}
	switch s := spend.(type) {
	case nil:
	case *GammaGamma:
		f.GammaGamma = s
	case *SpendCopula:
		f.SpendCopula = s
	default:
		return nil, fmt.Errorf("loyalty.Save: no file format for a %T", s)
	}
	if err := f.check(); err != nil {
		return nil, err
	}
	return json.MarshalIndent(f, "", "  ")
}

// Load reads what Save wrote. An error names what is wrong in the document.
func Load(b []byte) (m Model, spend Spending, err error) {
	var f saved
	if err := field.Document(b, schema, &f); err != nil {
		return nil, nil, err
	}
	if err := f.check(); err != nil {
		return nil, nil, err
	}
	switch {
	case f.BGNBD != nil:
		m = f.BGNBD
	case f.ParetoNBD != nil:
		m = f.ParetoNBD
	}
	switch {
	case f.GammaGamma != nil:
		spend = f.GammaGamma
	case f.SpendCopula != nil:
		spend = f.SpendCopula
	}
	return m, spend, nil
}

func (f saved) check() error {
	models := 0
	for _, m := range []struct {
		key   string
		given bool
		check func() error
	}{
		{"bg_nbd", f.BGNBD != nil, f.BGNBD.Check}, {"pareto_nbd", f.ParetoNBD != nil, f.ParetoNBD.Check},
		{"gamma_gamma", f.GammaGamma != nil, f.GammaGamma.Check}, {"spend_copula", f.SpendCopula != nil, f.SpendCopula.Check},
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
		return field.New("model", "none", "bg_nbd, pareto_nbd, gamma_gamma or spend_copula")
	case f.BGNBD != nil && f.ParetoNBD != nil:
		return field.New("pareto_nbd", "it beside bg_nbd", "one model of purchases")
	case f.GammaGamma != nil && f.SpendCopula != nil:
		return field.New("spend_copula", "it beside gamma_gamma", "one model of spend")
	}
	return nil
}
