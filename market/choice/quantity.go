package choice

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Quantity is how many units a shopper takes who takes any: a count truncated at zero with log mean
// Intercept + Deal·d before truncation, where d in [0, 1] is how far the product is on deal. Dispersion 0 is a
// Poisson; α > 0 a negative binomial with variance μ + αμ² before truncation (NB2).
type Quantity struct {
	Intercept  float64 `json:"intercept"`
	Deal       float64 `json:"deal"`
	Dispersion float64 `json:"dispersion"`
	Provenance string  `json:"provenance,omitempty"` // which data and fit the numbers come from
}

type savedQuantity struct {
	Schema string `json:"schema"`
	Model  string `json:"model"`
	*Quantity
}

// Save writes the law as JSON. LoadQuantity reads it back to the same behaviour, bit for bit.
func (q Quantity) Save() ([]byte, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	return json.Marshal(savedQuantity{schema, "quantity", &q})
}

// LoadQuantity reads what Save wrote. An error names what is wrong in the document.
func LoadQuantity(b []byte) (Quantity, error) {
	s := savedQuantity{Quantity: new(Quantity)}
	if err := field.Document(b, schema, &s); err != nil {
		return Quantity{}, err
	}
	if s.Model != "quantity" {
		return Quantity{}, field.New("model", fmt.Sprintf("%q", s.Model), "quantity")
	}
	return *s.Quantity, s.check()
}

// law is a Quantity at one deal, worked out for quick drawing.
type law struct {
	mu, zero float64 // mean and probability of zero, before truncation
	mean     float64 // given a purchase
	ratio    float64 // αμ/(1+αμ); 0 for a Poisson
	shape    float64 // 1/α
}

func (q Quantity) at(deal float64) law {
	l := law{mu: portable.Exp(q.Intercept + float64(q.Deal*deal))}
	if q.Dispersion == 0 {
		l.zero = portable.Exp(-l.mu)
	} else {
		spread := 1 + float64(q.Dispersion*l.mu)
		l.zero = portable.Exp(-portable.Log(spread) / q.Dispersion)
		l.ratio, l.shape = float64(q.Dispersion*l.mu)/spread, 1/q.Dispersion
	}
	l.mean = l.mu / (1 - l.zero)
	return l
}

// Mean returns E[quantity | purchase, deal] = μ/(1-P(0)).
func (q Quantity) Mean(deal float64) float64 { return q.at(deal).mean }

// Variance returns Var[quantity | purchase, deal].
func (q Quantity) Variance(deal float64) float64 {
	l := q.at(deal)
	return (l.mu+float64(float64((1+q.Dispersion)*l.mu)*l.mu))/(1-l.zero) - float64(l.mean*l.mean)
}

// maximumQuantity ends the inverse transform: no shopper takes more.
const maximumQuantity = 1000

// Draw returns a quantity of 1 or more by inverse transform of the uniform u in [0, 1).
func (q Quantity) Draw(u, deal float64) int { return q.at(deal).draw(u) }

// draw adds up probabilities by P(k)/P(k-1) = (k-1+1/α)/k · αμ/(1+αμ), which for a Poisson is μ/k.
func (l law) draw(u float64) int {
	target := float64(u * (1 - l.zero))
	p, cumulative := l.zero, 0.0
	for k := 1; k < maximumQuantity; k++ {
		if l.ratio == 0 {
			p = float64(p*l.mu) / float64(k)
		} else {
			p = float64(p*l.ratio) * (float64(k-1) + l.shape) / float64(k)
		}
		if cumulative += p; target < cumulative || p < 1e-18 && float64(k) > l.mu {
			return k
		}
	}
	return maximumQuantity
}

// check says which parameters make no distribution.
func (q Quantity) check() error {
	if !q.valid() {
		return field.New("quantity", fmt.Sprintf("intercept %v, deal %v, dispersion %v", q.Intercept, q.Deal, q.Dispersion),
			"an intercept and a deal between -10 and 10, and a dispersion from 0 to a million")
	}
	return nil
}

// valid reports whether the parameters make a distribution.
func (q Quantity) valid() bool {
	return !math.IsNaN(q.Intercept+q.Deal+q.Dispersion) && math.Abs(q.Intercept) < 10 && math.Abs(q.Deal) < 10 && q.Dispersion >= 0 && q.Dispersion < 1e6
}
