package choice

import (
	"math"
	"slices"
	"testing"
)

// At the price at which it turns a steeper model sells what it sold, and a change of price has by times the utility.
func TestASteeperModelTurnsAtAPrice(t *testing.T) {
	m := truth(t)
	at := []float64{0.7, 0.9, 1.2}
	steep, err := m.Steeper(1.25, at)
	if err != nil {
		t.Fatal(err)
	}
	for j := range at {
		rise := func(m *ShareLogit) float64 {
			return m.Response(j, at[j]+0.1, 0, at[j]) - m.Response(j, at[j], 0, at[j])
		}
		if got, want := rise(steep), 1.25*rise(m); math.Abs(got-want) > 1e-12 {
			t.Errorf("brand %d: 10 cents more change utility by %g, want %g", j, got, want)
		}
		b, s := m.intercept[j]+m.Response(j, at[j], 0, at[j]), steep.intercept[j]+steep.Response(j, at[j], 0, at[j])
		if math.Abs(b-s) > 1e-12 {
			t.Errorf("brand %d: utility %g at its price, before %g", j, s, b)
		}
	}
	if _, err := m.Steeper(1.25, at[:2]); err == nil {
		t.Error("two prices for three brands were taken")
	}
}

// A brand that joins sells what the one sells that it is like, and takes from all others in proportion.
func TestABrandThatJoinsIsLikeAnother(t *testing.T) {
	m := truth(t)
	joined, err := m.Joined("new", 1)
	if err != nil {
		t.Fatal(err)
	}
	at := []float64{0.7, 0.9, 1.2}
	before, after := make([]float64, 3), make([]float64, 4)
	stand := func(m *ShareLogit, at, into []float64) {
		shelf, err := m.NewShelf(nil)
		if err != nil {
			t.Fatal(err)
		}
		for j, p := range at {
			shelf.Set(j, p, m.Display(j, p, p), p, 0)
		}
		shelf.Probabilities(into)
	}
	stand(m, at, before)
	stand(joined, append(slices.Clone(at), at[1]), after)
	if math.Abs(after[3]-after[1]) > 1e-12 {
		t.Errorf("it sells %g where the one it is like sells %g", after[3], after[1])
	}
	for j := range at {
		if got, want := after[j]/before[j], after[0]/before[0]; math.Abs(got-want) > 1e-12 || got >= 1 {
			t.Errorf("brand %d keeps %g of its share, brand 0 %g", j, got, want)
		}
	}
	z := make([]float64, len(joined.Coefficients))
	if _, err := joined.Redraw(z); err != nil {
		t.Errorf("its coefficients cannot be drawn again: %v", err)
	}
	xi, again := make([]float64, 3), make([]float64, 4)
	m.StartShocks(xi, []float64{1, -1, 0.5})
	joined.StartShocks(again, []float64{1, -1, 0.5, 2})
	if !slices.Equal(xi, again[:3]) {
		t.Errorf("shocks of the others are %v, before %v", again[:3], xi)
	}
	if _, err := m.Joined("a", 0); err == nil {
		t.Error("a second brand of one name was taken")
	}
}
