package agents

// Kind is a kind of learner as a scenario names it.
type Kind struct {
	Name string
	Doc  string        // one line, for help texts
	New  func() Params // its parameters, at their defaults
}

// Kinds are all learners, by name. A new learner is one file and one line here.
func Kinds() []Kind {
	return []Kind{
		{"q-learning", "off-policy: learns the greedy policy's values (Watkins 1989)", func() Params { return &QLearning{defaults()} }},
		{"sarsa", "on-policy: learns the values of what it does, exploration included (Rummery & Niranjan 1994)", func() Params { return &SARSA{defaults()} }},
		{"epsilon-greedy", "bandit: the best mean reward so far, but for exploration (Sutton & Barto 2018)", func() Params { return newEpsilonGreedy() }},
		{"ucb1", "bandit: the highest upper confidence bound (Auer, Cesa-Bianchi & Fischer 2002)", func() Params { return newUCB1() }},
		{"thompson-beta", "bandit: demand drawn from Beta or Gamma posteriors of each offer (Chapelle & Li 2011)", func() Params { return newThompsonBeta() }},
		{"thompson-gaussian", "bandit: mean rewards drawn from normal or Student posteriors (Honda & Takemura 2014)", func() Params { return newThompsonGaussian() }},
		{"thompson-logistic", "bandit: a logistic demand curve drawn from its posterior (Chapelle & Li 2011)", func() Params { return newThompsonLogistic() }},
		{"linucb", "contextual bandit: rewards linear in the observation, by offer (Li et al. 2010)", func() Params { return newLinUCB() }},
		{"estimate-then-optimise", "fits a demand curve and makes the offer best by it, with forced probes (Broder & Rusmevichientong 2012: MLE-GREEDY)",
			func() Params { return newEstimateThenOptimise() }},
		{"mle-cycle", "fits a demand curve to probes that come in ever longer cycles (Broder & Rusmevichientong 2012: MLE-CYCLE)", func() Params { return newMLECycle() }},
		{"controlled-variance", "fits a demand curve and keeps off the mean of its prices (den Boer & Zwart 2014)", func() Params { return newControlledVariance() }},
		{"thompson-inventory", "thompson-beta under a stock and a deadline (Ferreira, Simchi-Levi & Wang 2018)", func() Params { return newThompsonInventory() }},
	}
}
