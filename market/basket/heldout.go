package basket

import "math"

// Guessing is how well a missing item is guessed from the rest of its basket.
type Guessing struct {
	Guesses    int     `json:"guesses"`
	LogScore   float64 `json:"log_score"`        // mean logarithm of the item's probability
	Popularity float64 `json:"popularity_score"` // that of the items' shares alone
	Hits       float64 `json:"hit_rate"`         // share of items that were the likeliest
	Popular    float64 `json:"popularity_hits"`  // by the shares alone
	Unseen     int     `json:"items_never_seen"` // not guessed
}

// Guess takes each item out of each basket of two or more in turn and asks for its probability as the next item. Baskets that
// had no part in the fit tell whether the rules are worth having: they are where LogScore is above Popularity.
func (c *CrossSell) Guess(baskets [][]int) Guessing {
	var g Guessing
	bare := *c
	bare.Rules, bare.byItem = nil, make([][]int32, len(c.Items))
	cart, popular := c.Cart(), bare.Cart()
	for _, basket := range baskets {
		for out, item := range basket {
			cart.Clear()
			popular.Clear()
			for i, other := range basket {
				if i != out && other != item {
					cart.Add(other)
					popular.Add(other)
				}
			}
			at := c.place(item)
			if at < 0 {
				g.Unseen++
				continue
			}
			if cart.size == 0 {
				continue
			}
			g.Guesses++
			score, hit := cart.guess(at)
			g.LogScore, g.Hits = g.LogScore+score, g.Hits+hit
			score, hit = popular.guess(at)
			g.Popularity, g.Popular = g.Popularity+score, g.Popular+hit
		}
	}
	n := math.Max(1, float64(g.Guesses))
	g.LogScore, g.Hits, g.Popularity, g.Popular = g.LogScore/n, g.Hits/n, g.Popularity/n, g.Popular/n
	return g
}

// guess is the log probability of the item at a place, and 1 where none is likelier.
func (t *Cart) guess(at int) (score, hit float64) {
	for _, w := range t.weight {
		if w > t.weight[at] {
			return math.Log(t.weight[at] / t.total()), 0
		}
	}
	return math.Log(t.weight[at] / t.total()), 1
}
