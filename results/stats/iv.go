package stats

import (
	"fmt"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/mat"
)

// Instrumented is a two-stage least squares fit with what tells whether its instruments are strong. The three statistics are
// classical (homoskedastic, uncorrelated errors) and count every row and instrument: of equations stacked with columns that are
// zero in each other's rows they overstate both, so ask them of each equation alone.
type Instrumented struct {
	*Regression
	// FirstStageF has, for each endogenous regressor, the F statistic of the excluded instruments in its first stage
	// (classical errors).
	FirstStageF []float64
	// ConditionalF is the same given the other endogenous regressors (Sanderson & Windmeijer 2016, J. Econometrics
	// 190, eq. 12); equal to FirstStageF when there is only one.
	ConditionalF []float64
	// CraggDonald is the smallest eigenvalue of the matrix analogue of the first-stage F (Cragg & Donald 1993,
	// Econometric Theory 9; Stock & Yogo 2005): instruments are weak when even one direction is.
	CraggDonald float64
}

// TwoStageLeastSquares fits y (n) on exogenous (n×k1) and endogenous (n×k2) regressors with excluded instruments
// (n×l, l ≥ k2). names are those of the exogenous, then the endogenous, then the instruments; the coefficients come
// in the order exogenous, endogenous. Residuals and σ are those of the structural equation with divisor n-k1-k2, as
// in AER::ivreg.
func TwoStageLeastSquares(y []float64, exogenous, endogenous, instruments *mat.Dense, names []string) (*Instrumented, error) {
	n, k1 := exogenous.Dims()
	n2, k2 := endogenous.Dims()
	n3, l := instruments.Dims()
	switch {
	case n2 != n || n3 != n:
		return nil, field.New("rows", fmt.Sprint(n, n2, n3), "the same number in regressors and instruments")
	case l < k2:
		return nil, field.New("instruments", l, fmt.Sprintf("at least the %d endogenous regressors", k2))
	case len(names) != k1+k2+l:
		return nil, field.New("names", len(names), fmt.Sprint(k1+k2+l))
	case n <= k1+l:
		return nil, field.New("rows", n, fmt.Sprintf("more than the %d exogenous regressors and instruments", k1+l))
	}
	structural := beside(exogenous, endogenous)
	if err := checkRegressors(y, structural, names[:k1+k2]); err != nil {
		return nil, err
	}
	z := beside(exogenous, instruments)
	zNames := append(append([]string(nil), names[:k1]...), names[k1+k2:]...)
	if err := checkRegressors(y, z, zNames); err != nil {
		return nil, err
	}
	_, first, err := inverseGram(z, zNames)
	if err != nil {
		return nil, err
	}
	fitted := project(first, z, endogenous)
	second := beside(exogenous, fitted)
	r, err := OLS(y, second, names[:k1+k2])
	if err != nil {
		return nil, fmt.Errorf("second stage: %w", err)
	}
	r.finish(y, structural)
	iv := &Instrumented{Regression: r}
	return iv, iv.strength(exogenous, endogenous, fitted, n-k1-l, l)
}

// strength computes the first-stage statistics. With the exogenous regressors partialled out, explained is X'P_zX and
// unexplained X'M_zX; everything follows from these two k2×k2 matrices.
func (iv *Instrumented) strength(exogenous, endogenous, fitted *mat.Dense, freedom, l int) error {
	var qr mat.QR
	qr.Factorize(exogenous)
	var partial, within, rest mat.Dense
	partial.Sub(fitted, project(&qr, exogenous, fitted))
	within.Mul(partial.T(), &partial)
	rest.Sub(endogenous, fitted)
	var unexplained mat.Dense
	unexplained.Mul(rest.T(), &rest)
	_, k2 := endogenous.Dims()
	var root mat.Cholesky
	if !root.Factorize(symmetric(&unexplained)) {
		return field.New("endogenous regressors", "an exact function of the instruments", "some variation of their own")
	}
	iv.FirstStageF = make([]float64, k2)
	iv.ConditionalF = make([]float64, k2)
	for j := range k2 {
		iv.FirstStageF[j] = within.At(j, j) / float64(l) / (unexplained.At(j, j) / float64(freedom))
		// Two-stage least squares of x_j on the other endogenous regressors, then the F of the instruments in its
		// residual, whose l instruments have k2-1 fewer degrees of freedom.
		d := conditionalDirection(&within, j)
		var wd, ud mat.VecDense
		wd.MulVec(&within, d)
		ud.MulVec(&unexplained, d)
		iv.ConditionalF[j] = mat.Dot(d, &wd) / float64(l-k2+1) / (mat.Dot(d, &ud) / float64(freedom))
	}
	// Eigenvalues of U^-1/2 W U^-1/2 = eigenvalues of L^-1 W L^-T with U = LL'.
	var lower mat.TriDense
	root.LTo(&lower)
	var half, full mat.Dense
	if err := half.Solve(&lower, &within); err != nil {
		return fmt.Errorf("Cragg–Donald: %w", err)
	}
	if err := full.Solve(&lower, half.T()); err != nil {
		return fmt.Errorf("Cragg–Donald: %w", err)
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(symmetric(&full), false) {
		return fmt.Errorf("Cragg–Donald: eigenvalues did not converge")
	}
	iv.CraggDonald = eigen.Values(nil)[0] * float64(freedom) / float64(l)
	return nil
}

// conditionalDirection returns d with d_j = 1 and the rest minus the two-stage least squares coefficients of x_j on
// the other endogenous regressors, from W = X'P_zX.
func conditionalDirection(within *mat.Dense, j int) *mat.VecDense {
	k, _ := within.Dims()
	d := mat.NewVecDense(k, nil)
	d.SetVec(j, 1)
	if k == 1 {
		return d
	}
	others := make([]int, 0, k-1)
	for i := range k {
		if i != j {
			others = append(others, i)
		}
	}
	a := mat.NewDense(k-1, k-1, nil)
	b := mat.NewVecDense(k-1, nil)
	for r, i := range others {
		b.SetVec(r, within.At(i, j))
		for c, m := range others {
			a.Set(r, c, within.At(i, m))
		}
	}
	var coef mat.VecDense
	if err := coef.SolveVec(a, b); err != nil {
		return d // singular: the other regressors have no variation of their own, so nothing can be partialled out
	}
	for r, i := range others {
		d.SetVec(i, -coef.AtVec(r))
	}
	return d
}

// project returns the least-squares fit of each column of y on z, whose factors are given.
func project(qr *mat.QR, z, y *mat.Dense) *mat.Dense {
	var b, fit mat.Dense
	// The rank of z was judged when it was factorised.
	_ = qr.SolveTo(&b, false, y)
	fit.Mul(z, &b)
	return &fit
}

func beside(a, b *mat.Dense) *mat.Dense {
	var out mat.Dense
	out.Augment(a, b)
	return &out
}

func symmetric(m *mat.Dense) *mat.SymDense {
	n, _ := m.Dims()
	s := mat.NewSymDense(n, nil)
	for i := range n {
		for j := i; j < n; j++ {
			s.SetSym(i, j, (m.At(i, j)+m.At(j, i))/2)
		}
	}
	return s
}
