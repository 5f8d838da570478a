package choice

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"gonum.org/v1/gonum/mat"
)

// Displays gives each brand's display as its fitted conditional mean: a fractional logit (Papke & Wooldridge 1996,
// J. Applied Econometrics 11) of the display share,
//
//	E[d | r, p] = Λ(Intercept + Gain·max(r-p, 0) + Loss·max(p-r, 0) + Price·p),
//
// so that a price cut brings the display that such a cut brought in the data. Form says which of the terms are in; for
// canned tuna it is the price alone, because displays last through a deal while the reference price forgets.
type Displays struct {
	Form      string    `json:"form"` // of displayForms
	Intercept []float64 `json:"intercept"`
	Gain      []float64 `json:"gain"`
	Loss      []float64 `json:"loss"`
	Price     []float64 `json:"price"`
}

// The forms that compete on the validation weeks.
const (
	displayByDeal  = "reference price less price"
	displayByPrice = "price"
	displayByBoth  = "both"
)

func (d Displays) check(brands int) error {
	for _, v := range [][]float64{d.Intercept, d.Gain, d.Loss, d.Price} {
		if len(v) != brands || !finite(v) {
			return field.New("displays", fmt.Sprint(v), fmt.Sprintf("%d finite numbers, one a brand", brands))
		}
	}
	return nil
}

// Display returns brand j's expected display in [0, 1] at a price, given its reference price.
func (m *ShareLogit) Display(j int, reference, price float64) float64 {
	d := m.Displays
	v := d.Intercept[j] + float64(d.Price[j]*price)
	if cut := reference - price; cut > 0 {
		v += float64(d.Gain[j] * cut)
	} else {
		v -= float64(d.Loss[j] * cut)
	}
	return 1 / (1 + portable.Exp(-v))
}

// fitDisplays chooses the form by the validation weeks' squared errors of fits to the training weeks, and refits it on
// both. As in choose, forms within one standard error of the best are tied and the one with the fewest terms wins.
func (s *sample) fitDisplays(memory float64) (Displays, Selection, error) {
	forms := []string{displayByPrice, displayByDeal, displayByBoth} // by number of terms
	evaluations := make([]evaluation, len(forms))
	best := 0
	for i, form := range forms {
		d, err := s.displaysBy(form, memory, s.split.Train)
		if err != nil {
			return d, Selection{}, err
		}
		evaluations[i] = s.evaluateDisplays(d, memory)
		if evaluations[i].sse < evaluations[best].sse {
			best = i
		}
	}
	out := Selection{Question: "display given"}
	for i, e := range evaluations {
		behind, se := s.meanDifference(evaluations[best], e)
		tied := behind <= se
		if tied && out.Chosen == "" {
			out.Chosen = forms[i]
		}
		out.Options = append(out.Options, Option{Value: forms[i], Score: e.score(), Behind: behind, BehindSE: se, RMSE: e.rmse(), Tied: tied})
	}
	d, err := s.displaysBy(out.Chosen, memory, s.fitWeeks())
	return d, out, err
}

// displaysBy fits one form on a range of weeks by Newton's method.
func (s *sample) displaysBy(form string, memory float64, weeks Range) (Displays, error) {
	n := len(s.Brands)
	d := Displays{form, make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)}
	gain, loss := s.gainLoss(s.Price, memory)
	for j, brand := range s.Brands {
		var x [][]float64
		var y []float64
		for t, w := range s.Weeks {
			if !weeks.holds(w) || math.IsNaN(s.Display[t][j]+s.Price[t][j]) {
				continue
			}
			y = append(y, s.Display[t][j])
			switch form {
			case displayByDeal:
				x = append(x, []float64{1, gain[t][j], loss[t][j]})
			case displayByPrice:
				x = append(x, []float64{1, s.Price[t][j]})
			default:
				x = append(x, []float64{1, gain[t][j], loss[t][j], s.Price[t][j]})
			}
		}
		b, err := fractionalLogit(y, x)
		if err != nil {
			return d, fmt.Errorf("display of %s: %w", brand, err)
		}
		d.Intercept[j] = b[0]
		switch form {
		case displayByDeal:
			d.Gain[j], d.Loss[j] = b[1], b[2]
		case displayByPrice:
			d.Price[j] = b[1]
		default:
			d.Gain[j], d.Loss[j], d.Price[j] = b[1], b[2], b[3]
		}
	}
	return d, nil
}

// evaluateDisplays scores a fit on the validation weeks by minus its squared errors.
func (s *sample) evaluateDisplays(d Displays, memory float64) evaluation {
	m := &ShareLogit{Displays: d}
	reference := s.references(s.Price, memory)
	out := evaluation{weekly: make([]float64, len(s.Weeks))}
	for t, w := range s.Weeks {
		for j := range s.Brands {
			if e := s.Display[t][j] - m.Display(j, reference[t][j], s.Price[t][j]); s.split.Validation.holds(w) && !math.IsNaN(e) {
				out.weekly[t] -= e * e
				out.sse += e * e
				out.cells++
			}
		}
	}
	return out
}

// displayRidge keeps a fit finite where price separates displayed from undisplayed weeks: a normal prior of standard
// deviation 100 on each slope (per unit of money).
const displayRidge = 1e-4

// fractionalLogit maximises the Bernoulli quasi-likelihood, with the ridge, by Newton's method with halving steps.
func fractionalLogit(y []float64, x [][]float64) ([]float64, error) {
	k := len(x[0])
	b := make([]float64, k)
	value := func(b []float64) float64 {
		total := 0.0
		for i, row := range x {
			v := dot(row, b)
			total += y[i]*v - math.Max(v, 0) - math.Log1p(portable.Exp(-math.Abs(v)))
		}
		for _, v := range b[1:] {
			total -= displayRidge / 2 * v * v
		}
		return total
	}
	for range 100 {
		hessian, gradient := mat.NewSymDense(k, nil), mat.NewVecDense(k, nil)
		for c := 1; c < k; c++ {
			hessian.SetSym(c, c, displayRidge)
			gradient.SetVec(c, -displayRidge*b[c])
		}
		for i, row := range x {
			mu := 1 / (1 + portable.Exp(-dot(row, b)))
			r := mat.NewVecDense(k, row)
			hessian.SymRankOne(hessian, mu*(1-mu), r)
			gradient.AddScaledVec(gradient, y[i]-mu, r)
		}
		var root mat.Cholesky
		if !root.Factorize(hessian) {
			return nil, field.New("display", "no variation", "a display and a price that vary")
		}
		step := mat.NewVecDense(k, nil)
		if err := root.SolveVecTo(step, gradient); err != nil {
			return nil, err
		}
		// Twice what the step can still gain; below rounding, no step gains anything.
		if mat.Dot(step, gradient) < 1e-13*float64(len(y)) || !climb(b, step.RawVector().Data, value) {
			return b, nil
		}
	}
	return nil, field.New("display", "no convergence", "a display whose mean is inside (0, 1)")
}

// climb moves b along step, halved until value rises, and reports whether it did.
func climb(b, step []float64, value func([]float64) float64) bool {
	start := append([]float64(nil), b...)
	at := value(start)
	for scale := 1.0; scale > 1e-10; scale /= 2 {
		for i := range b {
			b[i] = start[i] + scale*step[i]
		}
		if value(b) > at {
			return true
		}
	}
	copy(b, start)
	return false
}

func dot(a, b []float64) float64 {
	total := 0.0
	for i, v := range a {
		total += v * b[i]
	}
	return total
}
