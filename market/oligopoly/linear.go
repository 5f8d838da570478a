package oligopoly

import (
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
)

// Linear is demand for differentiated products that is linear in all prices,
//
//	q_i = a_i − b·p_i + d·Σ_{j≠i} p_j
//
// as long as all sell. It is that of a consumer of quadratic utility (see SinghVives), who decides what is left of it when one of them is priced out of the
// market: that one's price then counts as the one at which it sells its last unit, not as what it posts. A firm's quality is a_i.
type Linear struct {
	Slope float64 `toml:"slope" default:"1" range:"[0.000000001,1000000000]" doc:"b, units that $1 on the own price costs"`
	Cross float64 `toml:"cross" range:"[-1000000000,1000000000]" doc:"d, units that $1 on a rival's price brings; below 0: complements"`
}

func (o *Linear) system(firms []Firm) (System, error) {
	for _, err := range []error{bounded("slope", o.Slope, 1e-9, mostMoney), bounded("cross", o.Cross, -mostMoney, mostMoney)} {
		if err != nil {
			return nil, err
		}
	}
	// q = a − M·p with M = own·I − d·11ᵀ, own = b + d; its inverse is (I + (d/rest)·11ᵀ)/own with rest = own − n·d.
	n := float64(len(firms))
	own := o.Slope + o.Cross
	rest := own - float64(n*o.Cross)
	if own <= 0 || rest <= 0 {
		return nil, field.New("demand.cross", o.Cross, fmt.Sprintf("more than −slope and less than slope/(n−1), for n = %d firms and a slope of %g", len(firms), o.Slope))
	}
	d := &quadratic{gamma: o.Cross / (own * rest)}
	sum := 0.0
	for _, f := range firms {
		sum += f.Quality
	}
	for _, f := range firms {
		d.alpha = append(d.alpha, (f.Quality+o.Cross*sum/rest)/own)
		d.beta = append(d.beta, (1+o.Cross/rest)/own)
	}
	return d, nil
}
