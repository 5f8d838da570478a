package estimators

// Kinds are all kinds, by part. A new one is one file and one line here.
func Kinds() []Kind {
	return []Kind{
		{"logit", Choice, "conditional logit of which alternative is chosen (McFadden 1974)",
			"--data choices.csv --choice choice --id hhid --attributes price,disp,feat", func() Estimator { return new(Logit) }},
		{"kmeans", Persona, "groups of customers by k-means, with a card for each",
			"--data purchases.csv --features recency,frequency,money --k 5", func() Estimator { return new(KMeans) }},
		{"mixture", Persona, "groups of customers by a mixture of normal distributions",
			"--data purchases.csv --features recency,frequency,money --k 2,3,4,5", func() Estimator { return new(Mixture) }},
		{"coupon", Persona, "who reacts to a coupon: penalised logistic regression on what customers bought before",
			"--data purchases.csv --columns discount=coupon --from 2017-10-01 --held-out 0.3", func() Estimator { return new(Coupon) }},
	}
}
