package estimators

import "github.com/souk-sim/souk/market/loyalty"

// ComesBack is an Estimator of when customers come back.
type ComesBack interface {
	ByHand
	// InDays is a model that it made, with days for its unit of time.
	InDays(loyalty.Model) loyalty.Model
}

var _, _ ComesBack = (*BGNBD)(nil), (*ParetoNBD)(nil)

// InDays implements ComesBack.
func (b *BGNBD) InDays(m loyalty.Model) loyalty.Model {
	if in, ok := m.(*loyalty.BGNBD); ok {
		return &loyalty.BGNBD{R: in.R, Alpha: in.Alpha * b.unitDays(), A: in.A, B: in.B}
	}
	return m
}

// InDays implements ComesBack.
func (p *ParetoNBD) InDays(m loyalty.Model) loyalty.Model {
	if in, ok := m.(*loyalty.ParetoNBD); ok {
		return &loyalty.ParetoNBD{R: in.R, Alpha: in.Alpha * p.unitDays(), S: in.S, Beta: in.Beta * p.unitDays()}
	}
	return m
}
