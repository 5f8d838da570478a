package choice

import "github.com/souk-sim/souk/scenarios/field"

// Elasticities are price elasticities of expected units per customer at a point where reference prices equal prices:
// [j][k] is brand j's per cent for one per cent of brand k's price. Cut and Rise are of the same week, for a small fall and
// a small rise (they differ by gain, loss and depth); Long is when reference and regular price have followed. Displays stay as they are.
type Elasticities struct {
	Cut  [][]float64 `json:"cut"`
	Rise [][]float64 `json:"rise"`
	Long [][]float64 `json:"long"`
}

// Elasticities evaluates them at given prices and displays in a week, ξ = 0. In a logit the elasticity of s_j to p_k is
// u_k p_k (1{j=k} - s_k) with u_k the slope of k's utility in its price.
func (m *ShareLogit) Elasticities(price, display []float64, week int) (Elasticities, error) {
	n := len(m.Brands)
	out := Elasticities{table(n, n), table(n, n), table(n, n)}
	if len(price) != n || len(display) != n {
		return out, field.New("prices and displays", []int{len(price), len(display)}, "one a brand")
	}
	shelf, err := m.NewShelf(nil)
	if err != nil {
		return out, err
	}
	shelf.SetWeek(week)
	for j := range n {
		shelf.Set(j, price[j], display[j], price[j], 0)
	}
	share := make([]float64, n)
	shelf.Probabilities(share)
	for k := range n {
		for j := range n {
			own := -share[k]
			if j == k {
				own = 1 - share[k]
			}
			out.Long[j][k] = m.price[k] * price[k] * own
			out.Cut[j][k] = (m.price[k] - m.gain[k] - m.depth[k]) * price[k] * own
			out.Rise[j][k] = (m.price[k] + m.loss[k]) * price[k] * own
		}
	}
	return out, nil
}
