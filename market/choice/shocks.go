package choice

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// Shocks is the process of ξ: ξ_j' = φ_j ξ_j + innovation_j, innovations normal and correlated across brands.
type Shocks struct {
	Phi         []float64   `json:"phi"`
	Sigma       []float64   `json:"sigma"`       // standard deviation of ξ itself, log units
	Correlation [][]float64 `json:"correlation"` // of the innovations
}

// roots checks the process and returns Cholesky roots of its stationary and innovation covariances. With independent
// φ the innovation of brand j has standard deviation q_j = σ_j sqrt(1-φ_j²), and ξ covariance q_i q_j ρ_ij/(1-φ_i φ_j).
func (s Shocks) roots(n int) (stationary, innovation [][]float64, err error) {
	if len(s.Phi) != n || len(s.Sigma) != n || len(s.Correlation) != n {
		return nil, nil, field.New("shocks", fmt.Sprint(len(s.Phi), len(s.Sigma), len(s.Correlation)), fmt.Sprintf("%d of each, one a brand", n))
	}
	a, b := table(n, n), table(n, n)
	for i := range n {
		if !(math.Abs(s.Phi[i]) < 1) || !(s.Sigma[i] > 0) || len(s.Correlation[i]) != n || !finite(s.Correlation[i]) || math.IsInf(s.Sigma[i], 0) {
			return nil, nil, field.New("shocks", fmt.Sprintf("phi %g, sigma %g, correlation %v", s.Phi[i], s.Sigma[i], s.Correlation[i]), "|phi| < 1, sigma > 0 and a correlation with each brand")
		}
	}
	for i := range n {
		for j := range n {
			qi, qj := s.innovation(i), s.innovation(j)
			b[i][j] = qi * qj * s.Correlation[i][j]
			a[i][j] = b[i][j] / (1 - float64(s.Phi[i]*s.Phi[j]))
		}
	}
	if innovation, err = choleskyRoot(b); err != nil {
		return nil, nil, fmt.Errorf("shocks: %w", err)
	}
	if stationary, err = choleskyRoot(a); err != nil {
		return nil, nil, fmt.Errorf("shocks: %w", err)
	}
	return stationary, innovation, nil
}

// innovation returns the standard deviation of brand j's innovation.
func (s Shocks) innovation(j int) float64 {
	return s.Sigma[j] * math.Sqrt(1-float64(s.Phi[j]*s.Phi[j]))
}

// StartShocks fills xi with a draw from the stationary distribution made of one standard normal a brand.
func (m *ShareLogit) StartShocks(xi, z []float64) { lower(xi, m.stationary, z, nil) }

// NextShocks replaces xi by next week's, made of one standard normal a brand.
func (m *ShareLogit) NextShocks(xi, z []float64) { lower(xi, m.innovation, z, m.Shocks.Phi) }

// lower computes xi = phi·xi + L·z.
func lower(xi []float64, l [][]float64, z, phi []float64) {
	for i := range xi {
		v := 0.0
		if phi != nil {
			v = float64(phi[i] * xi[i])
		}
		for c := 0; c <= i; c++ {
			v += float64(l[i][c] * z[c])
		}
		xi[i] = v
	}
}

// Lattice is a fixed set of equally likely shocks that stands for their stationary distribution: expectations over ξ
// become sums over its points. It is a rank-1 lattice (Korobov) with its mirror image, put through the normal quantile
// and the shocks' root.
type Lattice struct {
	factors [][]float64 // points × brands: e^ξ
}

// korobov is a generator of good rank-1 lattices of 1021 points in up to ten dimensions (L'Ecuyer & Lemieux 2000, Management Science 46, Table 1).
const (
	latticePoints = 1021
	korobov       = 76
)

// Lattice returns the model's lattice, 2042 points. Its error in expected units is below 2e-3 of them for shocks of
// the size found in store data (a test measures it for three brands; for the seven tunas it is 3e-4 to 1.5e-3).
func (m *ShareLogit) Lattice() *Lattice {
	n := len(m.Brands)
	out := &Lattice{factors: table(2*latticePoints, n)}
	z, xi := make([]float64, n), make([]float64, n)
	for i := range latticePoints {
		g := 1
		for j := range n {
			u := math.Mod(float64(i)*float64(g)/latticePoints+0.5/latticePoints, 1)
			z[j] = portable.NormalQuantile(u)
			g = g * korobov % latticePoints
		}
		lower(xi, m.stationary, z, nil)
		for j, v := range xi {
			out.factors[2*i][j] = portable.Exp(v)
			out.factors[2*i+1][j] = portable.Exp(-v)
		}
	}
	return out
}
