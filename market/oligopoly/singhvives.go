package oligopoly

import (
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
)

// SinghVives is the demand of a representative consumer of quadratic utility (Singh & Vives 1984, "Price and quantity competition in a differentiated duopoly",
// RAND Journal of Economics 15(4); Häckner 2000 for n firms). Its inverse is
//
//	p_i = a_i − b·q_i − d·Σ_{j≠i} q_j
//
// so that for two firms q_i = (b(a_i − p_i) − d(a_j − p_j))/(b² − d²). A firm's quality is a_i.
type SinghVives struct {
	Slope        float64 `toml:"slope" default:"1" range:"[0.000000001,1000000000]" doc:"b, by how many $ a unit of its own lowers a product's price"`
	Substitution float64 `toml:"substitution" range:"[-1000000000,1000000000]" doc:"d, by how many $ a rival's unit does: from 0, independent products, to slope, the same; below 0: complements"`
	Compete      string  `toml:"compete" default:"'prices'" oneof:"prices,quantities" doc:"what firms choose"`
}

func (o *SinghVives) system(firms []Firm) (System, error) {
	for _, err := range []error{bounded("slope", o.Slope, 1e-9, mostMoney), bounded("substitution", o.Substitution, -mostMoney, mostMoney)} {
		if err != nil {
			return nil, err
		}
	}
	if o.Compete != "prices" && o.Compete != "quantities" {
		return nil, field.New("demand.compete", fmt.Sprintf("%q", o.Compete), "prices or quantities")
	}
	d := &quadratic{gamma: o.Substitution, byQuantities: o.Compete == "quantities"}
	for _, f := range firms {
		d.alpha, d.beta = append(d.alpha, f.Quality), append(d.beta, o.Slope)
	}
	return d, d.definite("substitution", o.Substitution)
}
