package choice

// Reach returns the probabilities of taking what stands before Outside in the shelf's order, and what stands after it: only
// shoppers whose uniform lies below the first or above 1 - the second take anything.
func (s *Shelf) Reach() (before, after float64) {
	total := s.cumulative[len(s.cumulative)-1]
	for i, j := range s.order {
		if j == Outside {
			if i > 0 {
				before = s.cumulative[i-1] / total
			}
			return before, (total - s.cumulative[i]) / total
		}
	}
	return 1, 0
}

// Odds returns how much likelier a shopper is to take brand j than to take nothing: e^δ.
func (s *Shelf) Odds(j int) float64 { return s.weight[j] }

// Base returns the utility that the week alone gives brand j: intercept, trend, season and Lent.
func (s *Shelf) Base(j int) float64 { return s.base[j] }

// Response returns the utility that brand j's price and display add to Base, given the reference price.
func (m *ShareLogit) Response(j int, price, display, reference float64) float64 {
	v := float64(m.price[j]*price) + float64(m.display[j]*display)
	if d := reference - price; d > 0 {
		return v + float64(m.gain[j]*d)
	}
	return v + float64(m.loss[j]*(price-reference))
}

// MeanQuantity returns the expected number of units that a buyer of brand j takes at its present display.
func (s *Shelf) MeanQuantity(j int) float64 { return s.quantity[j].mean }
