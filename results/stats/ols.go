package stats

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/mat"
)

// Regression is a fitted linear equation y = Xβ + e, by least squares (OLS) or two-stage least squares
// (TwoStageLeastSquares). Covariances of β come from its methods, which take what they assume about e.
type Regression struct {
	Names     []string  // of the k coefficients
	Coef      []float64 // k
	Residuals []float64 // n, from the regressors themselves (not from their first-stage fit)
	Sigma     float64   // residual standard error, sqrt(RSS/(n-k))
	R2        float64   // 1 - RSS/TSS about the mean; may be negative under two-stage least squares

	// x holds the regressors, or their first-stage fit: the rows that multiply the residuals in the scores.
	x *mat.Dense
	// bread is (x'x)^-1.
	bread *mat.SymDense
}

// OLS fits y (n) on the columns of x (n×k) by least squares, QR by Householder reflections. A constant is a column
// like any other. It refuses fewer rows than columns, values that are not finite, and a column that the others
// explain (rank below k to 1e-9 of the column's length), which it names.
func OLS(y []float64, x *mat.Dense, names []string) (*Regression, error) {
	if err := checkRegressors(y, x, names); err != nil {
		return nil, err
	}
	bread, qr, err := inverseGram(x, names)
	if err != nil {
		return nil, err
	}
	n, k := x.Dims()
	var b mat.VecDense
	if err := qr.SolveVecTo(&b, false, mat.NewVecDense(n, append([]float64(nil), y...))); err != nil {
		return nil, fmt.Errorf("least squares: %w", err)
	}
	r := &Regression{Names: names, Coef: b.RawVector().Data[:k], x: x, bread: bread}
	r.finish(y, x)
	return r, nil
}

// finish computes what both estimators share: residuals from the true regressors, σ and R².
func (r *Regression) finish(y []float64, x *mat.Dense) {
	n, k := x.Dims()
	r.Residuals = make([]float64, n)
	mean := 0.0
	for _, v := range y {
		mean += v
	}
	mean /= float64(n)
	rss, tss := 0.0, 0.0
	for i, v := range y {
		fit := 0.0
		for j, xij := range x.RawRowView(i) {
			fit += xij * r.Coef[j]
		}
		r.Residuals[i] = v - fit
		rss += r.Residuals[i] * r.Residuals[i]
		tss += (v - mean) * (v - mean)
	}
	r.Sigma = math.Sqrt(rss / float64(n-k))
	r.R2 = 1 - rss/tss
}

// StandardErrors returns the square roots of a covariance's diagonal.
func StandardErrors(cov mat.Symmetric) []float64 {
	se := make([]float64, cov.SymmetricDim())
	for i := range se {
		se[i] = math.Sqrt(cov.At(i, i))
	}
	return se
}

func checkRegressors(y []float64, x *mat.Dense, names []string) error {
	n, k := x.Dims()
	switch {
	case len(y) != n:
		return field.New("rows", len(y), fmt.Sprintf("%d, one response for each row of regressors", n))
	case len(names) != k:
		return field.New("names", len(names), fmt.Sprintf("%d, one for each regressor", k))
	case n <= k:
		return field.New("rows", n, fmt.Sprintf("more than the %d coefficients", k))
	}
	for i := range n {
		if math.IsNaN(y[i]) || math.IsInf(y[i], 0) {
			return field.New(fmt.Sprintf("response in row %d", i), y[i], "a finite number")
		}
		for j, v := range x.RawRowView(i) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return field.New(fmt.Sprintf("%s in row %d", names[j], i), v, "a finite number")
			}
		}
	}
	return nil
}

// inverseGram returns (x'x)^-1 = R^-1 R^-T and the factors it came from. Collinearity is judged column by column:
// R[j][j] is the length of what the earlier columns leave of column j.
func inverseGram(x *mat.Dense, names []string) (*mat.SymDense, *mat.QR, error) {
	n, k := x.Dims()
	var qr mat.QR
	qr.Factorize(x)
	var r mat.Dense
	qr.RTo(&r)
	for j := range k {
		length := 0.0
		for i := range n {
			length += x.At(i, j) * x.At(i, j)
		}
		if math.Abs(r.At(j, j)) <= 1e-9*math.Sqrt(length) {
			return nil, nil, field.New(names[j], "no variation that the regressors before it leave", "a regressor that varies on its own")
		}
	}
	upper := mat.NewTriDense(k, mat.Upper, nil)
	for i := range k {
		for j := i; j < k; j++ {
			upper.SetTri(i, j, r.At(i, j))
		}
	}
	var inv mat.TriDense
	// A condition warning is no failure here: rank was judged above.
	_ = inv.InverseTri(upper)
	bread := mat.NewSymDense(k, nil)
	bread.SymOuterK(1, &inv)
	return bread, &qr, nil
}
