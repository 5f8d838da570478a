package monopoly

// Problem is a small pricing problem with a name.
type Problem struct {
	Name, Doc string
	Config    Config
}

// Problems are six that dynamic programming solves in a moment, for learners to be held against: in each the best price hangs on the state, and what is done now
// changes what can be earned later.
func Problems() []Problem {
	ptr := func(x float64) *float64 { return &x }
	even := func(from, to float64, rungs int) Ladder { return Ladder{From: &from, To: &to, Rungs: rungs} }
	return []Problem{
		{"deadline", "5 units and a deadline, customers at random: Gallego & van Ryzin (1994) with m = 10, reviewed 10 times",
			Config{Demand: Demand{"exponential", &Exponential{Intercept: 1, Scale: 1}}, Customers: 27.18281828459045, Horizon: 1, Sales: "poisson",
				Prices: even(1, 3, 11), Reviews: 10, Stock: 5, Criterion: "episodic", Discount: 1}},
		{"season", "8 units over 8 periods of which the last three are the season; each customer buys one or none, and what waits for the season costs rent",
			Config{Demand: Demand{"linear", &Linear{Intercept: 0.5, Slope: 0.05}}, Customers: 8, Sales: "binomial",
				Prices: even(3, 9, 13), Reviews: 8, Stock: 8, Holding: 0.3, Season: []float64{0.5, 0.5, 0.6, 0.8, 1, 1.6, 1.8, 1.6}, Criterion: "episodic", Discount: 1}},
		{"markdown", "12 units of a fashion that fades, prices may only fall, and what is left brings little",
			Config{Demand: Demand{"elasticity", &Elasticity{Intercept: 60, Elasticity: 2}}, Customers: 1, Sales: "poisson",
				Prices: even(3, 8, 6), Reviews: 6, Stock: 12, Salvage: 1, Season: []float64{1.5, 1.2, 1, 0.8, 0.6, 0.5}, Markdown: true, Criterion: "episodic", Discount: 1}},
		{"reference", "shoppers remember prices and love a deal more than they hate its end",
			Config{Demand: Demand{"linear", &Linear{Intercept: 1, Slope: 0.1}}, Customers: 50, Sales: "poisson",
				Prices: even(3, 8, 6), Reviews: 50, Cost: 1, Reference: &Reference{Memory: 0.6, Gain: 0.9, Loss: 0.3, Points: 11}, Criterion: "discounted", Discount: 0.9}},
		{"rival", "a rival's regular and deal prices by a Markov chain, and a cost of changing one's own",
			Config{Demand: Demand{"logit", &Logit{Quality: 5, Scale: 0.6}}, Customers: 40, Sales: "poisson",
				Prices: even(2.5, 5.5, 7), Reviews: 100, Cost: 2, PriceChange: 3, Rival: &Rival{Prices: []float64{5, 4, 3}, Effect: 1,
					Transitions: [][]float64{{0.8, 0.15, 0.05}, {0.3, 0.6, 0.1}, {0.5, 0, 0.5}}}, Criterion: "average", Discount: 0.98}},
		{"canned-tuna", "canned tuna in small: a reference price, a rival's deals, and no price more than 30 cents below what shoppers remember",
			Config{Demand: Demand{"logit", &Logit{Quality: -0.51807, Scale: 0.45455}}, Customers: 1000, Sales: "poisson",
				Prices: even(0.54, 0.97, 13), Reviews: 52, Cost: 0.45,
				Reference: &Reference{Memory: 0.5, Gain: 2.90909, Loss: 0.45455, Points: 13, Start: ptr(0.9), Drop: 0.3},
				Rival:     &Rival{Prices: []float64{0.75, 0.6}, Effect: 0.3715, Transitions: [][]float64{{0.8, 0.2}, {0.6, 0.4}}}, Criterion: "discounted", Discount: 0.95}},
	}
}
