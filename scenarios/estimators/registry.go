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
		{"bgnbd", Loyalty, "BG/NBD model of when customers come back (Fader, Hardie & Lee 2005)",
			"--data purchases.csv --until 1997-09-30", func() Estimator { return new(BGNBD) }},
		{"pareto-nbd", Loyalty, "Pareto/NBD model of when customers come back (Schmittlein, Morrison & Colombo 1987)",
			"--data purchases.csv --until 1997-09-30", func() Estimator { return new(ParetoNBD) }},
		{"gamma-gamma", Loyalty, "Gamma–Gamma model of what a purchase is worth (Fader & Hardie 2013)",
			"--data purchases.csv --until 1997-09-30", func() Estimator { return new(GammaGamma) }},
		{"lifetime-value", Loyalty, "lifetime value of customers: when they come back, what they spend, and a discount",
			"--data purchases.csv --horizon 52 --discount 0.1 --customers values.csv", func() Estimator { return new(LifetimeValue) }},
		{"funnel", Journey, "funnel of a visit, as a Markov chain of order 0, 1 or 2",
			"--data clicks.csv --order 1", func() Estimator { return new(Funnel) }},
		{"lengths", Journey, "clicks of a session: zero-truncated negative binomial and its rivals",
			"--data clicks.csv", func() Estimator { return new(Lengths) }},
		{"dwell", Journey, "time on a page: log-normal or Weibull",
			"--data clicks.csv --gap 30m", func() Estimator { return new(Dwell) }},
		{"clicks", Journey, "how far down a list people look and what they click: position-based and cascade models, by EM",
			"--data shown.csv --list list --position position --item item --clicked clicked", func() Estimator { return new(Clicks) }},
		{"arrivals", Journey, "when people come, by weekday and hour: Poisson–gamma",
			"--data clicks.csv", func() Estimator { return new(Arrivals) }},
		{"patterns", Journey, "frequent sequences of states by PrefixSpan (Pei et al. 2004)",
			"--data clicks.csv --support 0.05 --max-gap 3 --max-length 4", func() Estimator { return new(Patterns) }},
	}
}
