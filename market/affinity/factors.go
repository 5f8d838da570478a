package affinity

import (
	"github.com/souk-sim/souk/scenarios/field"
)

// Factors predict the rating of user u for item i as μ + b_u + b_i + p_u·q_i (Koren, Bell & Volinsky 2009, equation 4). Baselines have
// rank 0. Who is unknown has no bias and no factors: an unknown user gets what the average one would.
type Factors struct {
	Rank     int       `json:"rank"`
	Mean     float64   `json:"mean"`      // μ
	UserBias []float64 `json:"user_bias"` // b_u
	ItemBias []float64 `json:"item_bias"` // b_i
	User     []float64 `json:"user"`      // p_u, Rank numbers a user
	Item     []float64 `json:"item"`      // q_i, Rank numbers an item
}

// Size is the number of users and items.
func (m *Factors) Size() (users, items int) { return len(m.UserBias), len(m.ItemBias) }

// Predict is the expected rating, not clipped to the scale.
func (m *Factors) Predict(user, item int) float64 {
	v := m.Mean
	userKnown, itemKnown := user >= 0 && user < len(m.UserBias), item >= 0 && item < len(m.ItemBias)
	if userKnown {
		v += m.UserBias[user]
	}
	if itemKnown {
		v += m.ItemBias[item]
	}
	if userKnown && itemKnown {
		v += dot(vector(m.User, int32(user), m.Rank), vector(m.Item, int32(item), m.Rank))
	}
	return v
}

// Score is the expected rating of every item.
func (m *Factors) Score(user int, scores []float64) {
	base := m.Mean
	if user < 0 || user >= len(m.UserBias) {
		for i, b := range m.ItemBias {
			scores[i] = base + b
		}
		return
	}
	base += m.UserBias[user]
	p := vector(m.User, int32(user), m.Rank)
	for i, b := range m.ItemBias {
		scores[i] = base + b + dot(p, vector(m.Item, int32(i), m.Rank))
	}
}

func (m *Factors) check() error {
	users, items := m.Size()
	if m.Rank < 0 || m.Rank > 1<<20 {
		return field.New("rank", m.Rank, "0 or more")
	}
	for _, c := range []struct {
		key    string
		values []float64
		n      int
	}{{"mean", []float64{m.Mean}, 1}, {"user_bias", m.UserBias, max(users, 1)}, {"item_bias", m.ItemBias, max(items, 1)},
		{"user", m.User, users * m.Rank}, {"item", m.Item, items * m.Rank}} {
		if err := numbers(c.key, c.values, c.n); err != nil {
			return err
		}
	}
	return nil
}

// residuals are the ratings less what the model predicts by mean and biases.
func (m *Factors) residuals(x *matrix) *matrix {
	e := &matrix{x.start, x.col, make([]float64, len(x.val))}
	for u := range x.rows() {
		for n := x.start[u]; n < x.start[u+1]; n++ {
			e.val[n] = x.val[n] - m.Mean - m.UserBias[u] - m.ItemBias[x.col[n]]
		}
	}
	return e
}
