package choice

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/mat"
)

// ShareLogit is a logit of brand choice with an outside option, fitted to shares (Berry 1994, RAND Journal 25): shopper
// i's utility of brand j in week t is δ_jt + ε with
//
//	δ_jt = log s_jt - log s_0t = (what Spec lists) + ξ_jt
//
// and that of taking nothing is ε alone. ξ is the brand-week's own shock, an AR(1). Money is in the data's unit.
// Exported fields are the readable form that JSON carries; make one by Fit or Load, which derive the rest from them.
type ShareLogit struct {
	Brands       []string      `json:"brands"`
	FirstDay     string        `json:"first_day"` // of week 1, as 2006-01-02
	Spec         Spec          `json:"spec"`
	Estimator    string        `json:"estimator"` // LeastSquares or TwoStage, whichever drives the market
	Coefficients []Coefficient `json:"coefficients"`
	Covariance   [][]float64   `json:"covariance"` // of the coefficients, Driscoll–Kraay
	Quantity     Quantity      `json:"quantity"`
	Shocks       Shocks        `json:"shocks"`
	Displays     Displays      `json:"displays"`
	Diagnostics  *Diagnostics  `json:"diagnostics,omitempty"`

	calendar calendar
	// By brand: what Coefficients say.
	intercept, price, display, trend, sin, cos, lent, gain, loss, depth []float64
	// Square roots of the shocks' covariances.
	stationary, innovation [][]float64
}

// The two estimators.
const (
	LeastSquares = "least squares"
	TwoStage     = "two-stage least squares"
)

// Coefficient is one estimate. Brand is empty for a coefficient that several brands share.
type Coefficient struct {
	Term     string  `json:"term"`
	Brand    string  `json:"brand,omitempty"`
	Estimate float64 `json:"estimate"`
	SE       float64 `json:"se"` // Driscoll–Kraay
	T        float64 `json:"t"`
}

// Load reads a model that was written by encoding/json; it behaves as the written one, bit for bit.
func Load(data []byte) (*ShareLogit, error) {
	m := new(ShareLogit)
	if err := json.Unmarshal(data, m); err != nil {
		return nil, field.New("share logit", err, "the JSON form of a fitted share logit")
	}
	if err := m.prepare(); err != nil {
		return nil, err
	}
	return m, nil
}

// prepare checks the exported fields and derives the rest from them.
func (m *ShareLogit) prepare() error {
	n := len(m.Brands)
	if n == 0 {
		return field.New("brands", "none", "at least one")
	}
	first, err := time.Parse(time.DateOnly, m.FirstDay)
	if err != nil {
		return field.New("first_day", m.FirstDay, "the date on which week 1 begins, like 1989-09-14")
	}
	m.calendar = calendar{first}
	if err := m.Spec.check(n); err != nil {
		return err
	}
	if !m.Quantity.valid() {
		return field.New("quantity", fmt.Sprintf("%+v", m.Quantity), "finite parameters and a dispersion of 0 or more")
	}
	if err := m.Displays.check(n); err != nil {
		return err
	}
	if len(m.Covariance) != len(m.Coefficients) {
		return field.New("covariance", len(m.Covariance), fmt.Sprintf("%d rows, one a coefficient", len(m.Coefficients)))
	}
	for _, r := range m.Covariance {
		if len(r) != len(m.Coefficients) || !finite(r) {
			return field.New("covariance", r, fmt.Sprintf("%d finite values in each row", len(m.Coefficients)))
		}
	}
	if err := m.spread(); err != nil {
		return err
	}
	m.stationary, m.innovation, err = m.Shocks.roots(n)
	return err
}

// spread turns the list of coefficients into one value for each brand and term.
func (m *ShareLogit) spread() error {
	index := map[string]int{}
	for j, b := range m.Brands {
		if _, twice := index[b]; twice || b == "" {
			return field.New("brands", b, "names that differ and are not empty")
		}
		index[b] = j
	}
	byTerm := map[string]*[]float64{"intercept": &m.intercept, "price": &m.price, "display": &m.display, "trend": &m.trend,
		"sin": &m.sin, "cos": &m.cos, "lent": &m.lent, "gain": &m.gain, "loss": &m.loss, "depth": &m.depth}
	for _, into := range byTerm {
		*into = make([]float64, len(m.Brands))
	}
	for _, c := range m.Coefficients {
		into, known := byTerm[c.Term]
		if !known {
			return field.New("coefficients", c.Term, "a term of the share logit")
		}
		if !finite([]float64{c.Estimate}) {
			return field.New(c.Term, c.Estimate, "a finite number")
		}
		only, named := index[c.Brand]
		if c.Brand != "" && !named {
			return field.New(c.Term, c.Brand, "one of the brands")
		}
		for j := range m.Brands {
			remembered := (c.Term != "gain" && c.Term != "loss" && c.Term != "depth") || m.Spec.Remembers[j]
			if c.Brand == "" && remembered || named && only == j {
				(*into)[j] += c.Estimate
			}
		}
	}
	return nil
}

// NextReference returns the reference price after a week at price p: m·r + (1-m)·p.
func (m *ShareLogit) NextReference(r, p float64) float64 { return nextReference(m.Spec.Memory, r, p) }

// DepthResponse returns the utility that a price so much below the regular price ($, see Spec) adds to Response: 0 where the
// model has no such term.
func (m *ShareLogit) DepthResponse(j int, depth float64) float64 {
	return float64(m.depth[j] * math.Max(depth, 0))
}

// Redraw returns the model with coefficients drawn from their estimated normal distribution: estimate + L·z with L the
// Cholesky root of their covariance and z as many standard normals as there are coefficients. Shocks, displays and
// quantity stay.
func (m *ShareLogit) Redraw(z []float64) (*ShareLogit, error) {
	k := len(m.Coefficients)
	if len(z) != k {
		return nil, field.New("normals", len(z), fmt.Sprintf("%d, one a coefficient", k))
	}
	root, err := choleskyRoot(m.Covariance)
	if err != nil {
		return nil, fmt.Errorf("covariance of the coefficients: %w", err)
	}
	out := *m
	out.Diagnostics = nil
	out.Coefficients = append([]Coefficient(nil), m.Coefficients...)
	for i := range k {
		for c := 0; c <= i; c++ {
			out.Coefficients[i].Estimate += float64(root[i][c] * z[c])
		}
	}
	return &out, out.prepare()
}

// choleskyRoot returns the lower triangle L with LL' = a positive definite matrix. A matrix that is singular up to
// rounding (Driscoll–Kraay covariances of few weeks) gets the smallest ridge that makes it factorise.
func choleskyRoot(a [][]float64) ([][]float64, error) {
	n := len(a)
	s := mat.NewSymDense(n, nil)
	for ridge := 0.0; ridge < 1e-6; ridge = math.Max(1e-14, ridge*10) {
		for i := range n {
			for j := i; j < n; j++ {
				s.SetSym(i, j, a[i][j])
			}
			s.SetSym(i, i, a[i][i]*(1+ridge))
		}
		var c mat.Cholesky
		if !c.Factorize(s) {
			continue
		}
		var l mat.TriDense
		c.LTo(&l)
		out := table(n, n)
		for i := range n {
			for j := 0; j <= i; j++ {
				out[i][j] = l.At(i, j)
			}
		}
		return out, nil
	}
	return nil, field.New("matrix", "not positive definite", "a covariance matrix")
}

func finite(v []float64) bool {
	for _, x := range v {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}
