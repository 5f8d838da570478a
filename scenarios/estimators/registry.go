package estimators

// panelExample reads a panel of households' choices.
const panelExample = "--data scenarios/data/margarine.parquet --id household --attributes price"

// Kinds are all kinds, by part. A new one is one file and one line here.
func Kinds() []Kind {
	return []Kind{
		{"logit", Choice, "conditional logit of which alternative is chosen (McFadden 1974)",
			panelExample + " --last-choice", func() Estimator { return new(Logit) }},
		{"nested", Choice, "nested logit: alternatives of a nest are closer rivals (Williams 1977; McFadden 1978)",
			panelExample + " \\\n    --nests 'stick:parkay_stick,house_stick,generic_stick;tub:parkay_tub,house_tub'", func() Estimator { return new(Nested) }},
		{"mixed", Choice, "mixed logit for panels: tastes differ between households (Revelt & Train 1998)",
			panelExample + " --normal price", func() Estimator { return new(Mixed) }},
		{"latent-class", Choice, "latent-class logit for panels: each household is of one of a few classes (Kamakura & Russell 1989)",
			panelExample + " --classes 1,2 --starts 10", func() Estimator { return new(LatentClass) }},
		{"quantity", Choice, "how many units a buyer takes: zero-truncated Poisson or negative binomial (Cameron & Trivedi 2013, §4.3)",
			"--data purchases.csv --count quantity --deal on_deal", func() Estimator { return new(Quantity) }},
		{"kmeans", Persona, "groups of customers by k-means, with a card for each",
			"--data purchases.csv --features recency,frequency,money --k 5", func() Estimator { return new(KMeans) }},
		{"mixture", Persona, "groups of customers by a mixture of normal distributions",
			"--data purchases.csv --features recency,frequency,money --k 2,3,4,5", func() Estimator { return new(Mixture) }},
		{"coupon", Persona, "who reacts to a coupon: penalised logistic regression on what customers bought before",
			"--data purchases.csv --columns discount=coupon --from 2017-10-01 --held-out 0.3", func() Estimator { return new(Coupon) }},
		{"intention", Persona, "which sessions end in a purchase: penalised logistic regression, and a random forest",
			"--data sessions.csv --outcome Revenue --categories Browser,Region", func() Estimator { return new(Intention) }},
		{"baskets", Basket, "what is bought together: association rules by FP-growth, with their significance",
			"--data baskets.txt --support 0.001 --confidence 0.5 --items items.csv", func() Estimator { return new(Baskets) }},
		{"affinity", Affinity, "who likes what: a recommender, judged on ratings held out",
			"--data ratings.csv --method als --rank 10 --held-out 0.2", func() Estimator { return new(Recommender) }},
	}
}
