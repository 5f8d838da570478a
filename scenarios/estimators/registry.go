package estimators

// Kinds are all kinds, by part. A new one is one file and one line here.
func Kinds() []Kind {
	return []Kind{
		{"logit", Choice, "conditional logit of which alternative is chosen (McFadden 1974)",
			"--data choices.csv --choice choice --id hhid --attributes price,disp,feat", func() Estimator { return new(Logit) }},
	}
}
