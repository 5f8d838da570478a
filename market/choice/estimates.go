package choice

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Parameter is one estimate with three standard errors: from the inverse of the observed information, from the sandwich of
// the scores of what the likelihood takes as independent (situations; households in a panel model), and from the sandwich
// of the scores of households, without small-sample factors. One that could not be had is 0.
type Parameter struct {
	Name        string  `json:"name"`
	Estimate    float64 `json:"estimate"`
	SE          float64 `json:"se"`
	RobustSE    float64 `json:"robust_se"`
	ClusteredSE float64 `json:"clustered_se,omitempty"`
}

// Estimates is what every model of individual choices reports of its fit.
type Estimates struct {
	Alternatives   []string    `json:"alternatives"`
	Attributes     []string    `json:"attributes"`
	Outside        bool        `json:"outside"`
	Utility        Utility     `json:"utility"`
	Coefficients   []Parameter `json:"coefficients"`
	Covariance     [][]float64 `json:"covariance,omitempty"` // of the coefficients, inverse information
	Robust         [][]float64 `json:"robust_covariance,omitempty"`
	Clustered      [][]float64 `json:"clustered_covariance,omitempty"`
	LogLik         float64     `json:"loglik"`
	NullLogLik     float64     `json:"null_loglik"`           // all alternatives of a choice set alike
	SharesLogLik   float64     `json:"shares_loglik"`         // constants only
	McFadden       float64     `json:"mcfadden_r2"`           // 1 - LogLik/NullLogLik
	McFaddenShares float64     `json:"mcfadden_r2_vs_shares"` // 1 - LogLik/SharesLogLik
	AIC            float64     `json:"aic"`
	BIC            float64     `json:"bic"`            // by the number of situations
	BICPanel       float64     `json:"bic_households"` // by the number of households
	N              int         `json:"n"`              // situations
	Households     int         `json:"households"`
	Iterations     int         `json:"iterations"`
	Converged      bool        `json:"converged"`
	Warnings       []string    `json:"warnings"`
}

func newEstimates(s *Situations, u Utility, d *design) Estimates {
	e := Estimates{Alternatives: s.Alternatives, Attributes: s.Attributes, Outside: s.Outside, Utility: u, N: s.Len(), Households: d.households(), Warnings: []string{}}
	for i := range s.Len() {
		e.NullLogLik -= math.Log(float64(d.start[i+1] - d.start[i]))
	}
	e.SharesLogLik = sharesLogLik(d)
	return e
}

// sharesLogLik is the log-likelihood of constants alone. A constant of an alternative that nobody chose runs to -∞ and leaves
// the others where they are.
func sharesLogLik(d *design) float64 {
	n, times := len(d.chosen), make([]float64, len(d.constant))
	for _, r := range d.chosen {
		times[d.alternative[r]]++
	}
	if len(d.alternative) == n*len(d.constant) { // all sets are whole: probabilities are shares
		value := 0.0
		for _, c := range times {
			if c > 0 {
				value += c * math.Log(c/float64(n))
			}
		}
		return value
	}
	seen := make([]bool, len(times))
	for _, j := range d.alternative {
		seen[j] = true
	}
	only := *d
	only.attributes, only.x, only.names = 0, nil, nil
	only.constant = make([]int, len(times))
	base := slices.IndexFunc(times, func(c float64) bool { return c > 0 })
	for j := range only.constant {
		only.constant[j] = -1
		if seen[j] && j != base {
			only.constant[j] = len(only.names)
			only.names = append(only.names, "")
		}
	}
	only.constants, only.own = len(only.names), only.constantsOfRows()
	return maximise(newPooling(&only).evaluate, make([]float64, len(only.names)), 60).value
}

// finish fills what follows from a climb that ended at theta. scores has a row of k for each independent piece of the
// likelihood, in the order of the design; panel says where each household's rows begin.
func (e *Estimates) finish(names []string, theta []float64, up *ascent, scores *mat.Dense, panel []int) {
	k := len(theta)
	e.LogLik, e.Iterations, e.Converged = up.value, up.iterations, up.converged
	e.McFadden = 1 - e.LogLik/e.NullLogLik
	if e.SharesLogLik < 0 {
		e.McFaddenShares = 1 - e.LogLik/e.SharesLogLik
	}
	e.AIC = -2*e.LogLik + 2*float64(k)
	e.BIC = -2*e.LogLik + float64(k)*math.Log(float64(e.N))
	e.BICPanel = -2*e.LogLik + float64(k)*math.Log(float64(e.Households))
	for i, name := range names {
		e.Coefficients = append(e.Coefficients, Parameter{Name: name, Estimate: theta[i]})
	}
	if up.singular >= 0 {
		e.warn("no standard errors: the data say nothing of %s beyond what they say of the other coefficients", names[up.singular])
		return
	}
	if e.Households == 1 {
		e.warn("one household: no clustered standard errors")
	}
	e.covariances(up.inverse.Inverse(), scores, panel)
}

// covariances fills covariances and standard errors of the coefficients.
func (e *Estimates) covariances(bread *mat.SymDense, scores *mat.Dense, panel []int) {
	e.Covariance = rows(bread)
	e.Robust = rows(stats.Sandwich(bread, scores))
	if e.Households > 1 {
		households := mat.NewDense(e.Households, len(e.Coefficients), nil)
		for h := range e.Households {
			sum := households.RawRowView(h)
			for i := panel[h]; i < panel[h+1]; i++ {
				for m, v := range scores.RawRowView(i) {
					sum[m] += v
				}
			}
		}
		e.Clustered = rows(stats.Sandwich(bread, households))
	}
	for i := range e.Coefficients {
		p := &e.Coefficients[i]
		p.SE, p.RobustSE, p.ClusteredSE = root(e.Covariance, i), root(e.Robust, i), root(e.Clustered, i)
	}
}

func (e *Estimates) warn(format string, a ...any) {
	e.Warnings = append(e.Warnings, fmt.Sprintf(format, a...))
}

// warnOfOneChoice is for models of tastes that differ between people.
func (e *Estimates) warnOfOneChoice(d *design) {
	if d.households() == d.panel[d.households()] {
		e.warn("every household chose once: tastes that differ between people are told from chance by the form of the model only")
	}
}

// warnOfSeparation names the coefficients that still moved utilities freely when the likelihood no longer did: choices
// that they separate perfectly, so that the likelihood rises for ever (Albert & Anderson 1984, Biometrika 71). A step to a
// proper maximum is far shorter. ranges says how far each coefficient's regressor reaches.
func (e *Estimates) warnOfSeparation(names []string, up *ascent, ranges []float64) {
	e.warnOf(separated(names, up, ranges))
}

// warnOf tells which coefficients separate, or else that the climb did not converge.
func (e *Estimates) warnOf(separated []string) {
	switch {
	case separated != nil:
		e.Converged = false
		e.warn("separated: the likelihood rises for ever in the coefficients of %s", strings.Join(separated, ", "))
	case !e.Converged:
		e.warn("not converged after %d iterations", e.Iterations)
	}
}

// separated names the coefficients that the last step still moved freely.
func separated(names []string, up *ascent, ranges []float64) (which []string) {
	const free = 0.01 // of utility
	for m, v := range up.step {
		if math.Abs(v)*ranges[m] > free {
			which = append(which, names[m])
		}
	}
	return which
}

// ranges gives for each coefficient how far its regressor lies from that of what was chosen at most.
func (d *design) ranges() []float64 {
	out := make([]float64, len(d.names))
	for m := range d.constants {
		out[m] = 1
	}
	for i, c := range d.chosen {
		of := d.row(c)
		for r := d.start[i]; r < d.start[i+1]; r++ {
			for m, x := range d.row(r) {
				out[d.constants+m] = max(out[d.constants+m], math.Abs(x-of[m]))
			}
		}
	}
	return out
}

// WillingnessToPay returns -b/b_price for every coefficient b of utility but the price's, in the price's unit: what one
// unit more is worth. Standard errors are by the delta method. A latent-class model takes the class's price, such as "class1:price".
func (e *Estimates) WillingnessToPay(price string) ([]Parameter, error) {
	at := -1
	for i, c := range e.Coefficients {
		if c.Name == price {
			at = i
		}
	}
	if at < 0 || e.Coefficients[at].Estimate == 0 {
		return nil, field.New("price", price, "a coefficient that is not 0")
	}
	class := price[:strings.LastIndex(price, ":")+1]
	b := e.Coefficients[at].Estimate
	var out []Parameter
	for i, c := range e.Coefficients {
		if name, same := strings.CutPrefix(c.Name, class); i == at || !same || !e.ofUtility(name) {
			continue
		}
		p := Parameter{Name: c.Name, Estimate: -c.Estimate / b}
		// the gradient of -b_i/b is -1/b at i and b_i/b² at the price
		di, dp := -1/b, c.Estimate/(b*b)
		se := func(v [][]float64) float64 {
			if v == nil {
				return 0
			}
			return math.Sqrt(di*di*v[i][i] + 2*di*dp*v[i][at] + dp*dp*v[at][at])
		}
		p.SE, p.RobustSE, p.ClusteredSE = se(e.Covariance), se(e.Robust), se(e.Clustered)
		out = append(out, p)
	}
	return out, nil
}

// ofUtility reports whether a coefficient multiplies an attribute or is a constant.
func (e *Estimates) ofUtility(name string) bool {
	for _, a := range e.Attributes {
		if a == name {
			return true
		}
	}
	for _, a := range e.Alternatives {
		if "asc_"+a == name {
			return true
		}
	}
	return false
}

// LikelihoodRatio tests a model against one that it holds as a special case, both fitted to the same choices.
type LikelihoodRatio struct {
	Statistic float64 `json:"statistic"` // 2(LogLik - restricted LogLik)
	Degrees   int     `json:"degrees"`
	P         float64 `json:"p"`   // by chi-square, which does not hold for the number of classes or a variance of 0
	BIC       float64 `json:"bic"` // the full model's less the restricted one's: below 0 speaks for the full one
}

// LikelihoodRatio tests the restricted model in favour of e.
func (e *Estimates) LikelihoodRatio(restricted *Estimates) (LikelihoodRatio, error) {
	t := LikelihoodRatio{2 * (e.LogLik - restricted.LogLik), len(e.Coefficients) - len(restricted.Coefficients), 0, e.BIC - restricted.BIC}
	if e.N != restricted.N || t.Degrees < 1 {
		return t, field.New("restricted model", fmt.Sprintf("%d situations and %d coefficients", restricted.N, len(restricted.Coefficients)),
			fmt.Sprintf("the same %d situations and fewer than %d coefficients", e.N, len(e.Coefficients)))
	}
	t.P = distuv.ChiSquared{K: float64(t.Degrees)}.Survival(max(t.Statistic, 0))
	return t, nil
}

func rows(m mat.Symmetric) [][]float64 {
	out := table(m.SymmetricDim(), m.SymmetricDim())
	for i := range out {
		for j := range out {
			out[i][j] = m.At(i, j)
		}
	}
	return out
}

func root(covariance [][]float64, i int) float64 {
	if covariance == nil || !(covariance[i][i] >= 0) || math.IsInf(covariance[i][i], 0) {
		return 0
	}
	return math.Sqrt(covariance[i][i])
}

// Summary returns the estimates themselves.
func (e *Estimates) Summary() *Estimates { return e }

// estimates lists the coefficients' values.
func (e *Estimates) estimates() []float64 {
	out := make([]float64, len(e.Coefficients))
	e.fill(out)
	return out
}

// fill copies the first values of the coefficients.
func (e *Estimates) fill(dst []float64) {
	for i := range dst {
		dst[i] = e.Coefficients[i].Estimate
	}
}
