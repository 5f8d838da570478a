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
		{"expected-sarsa", "on-policy, by the mean over what it may do next (van Seijen et al. 2009)", func() Params { return &ExpectedSARSA{defaults()} }},
		{"double-q-learning", "off-policy: two tables judge each other's best offers (van Hasselt 2010)", func() Params { return newDoubleQ() }},
		{"sarsa-lambda", "on-policy with eligibility traces (Rummery & Niranjan 1994; true online: van Seijen et al. 2016)", func() Params { return &SARSALambda{defaults(), Traces{0.5, "replacing"}} }},
		{"q-lambda", "off-policy with eligibility traces, cut where it explores (Watkins 1989)", func() Params { return &QLambda{defaults(), Traces{0.5, "replacing"}} }},
		{"n-step-sarsa", "on-policy, by the rewards of several turns (Sutton & Barto 2018)", func() Params { return &NStep{defaults(), 2, 1} }},
		{"tree-backup", "on-policy, by several turns and the law of each (Precup, Sutton & Singh 2000)", func() Params { return &NStep{defaults(), 2, 0} }},
		{"monte-carlo", "on-policy: means of whole episodes' returns (Sutton & Barto 2018)", func() Params { return &MonteCarlo{defaults(), "first", 10000} }},
		{"r-learning", "off-policy: the highest average reward of a turn, without discount (Schwartz 1993)", func() Params { return &RLearning{defaults(), "differential", 0.1} }},
		{"dyna-q", "off-policy, with updates from a model between the turns (Sutton 1990)", func() Params { return &DynaQ{defaults(), 10} }},
		{"prioritised-sweeping", "off-policy: updates from a model where they matter most (Moore & Atkeson 1993)", func() Params { return newPrioritisedSweeping() }},
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
		{"semi-gradient-q", "q-learning with values linear in tiles or Fourier terms (Sutton & Barto 2018, §9.5)", func() Params { return &SemiGradientQ{defaultSemiGradient()} }},
		{"semi-gradient-sarsa", "sarsa with values linear in tiles or Fourier terms (Sutton & Barto 2018, §10.1)", func() Params { return &SemiGradientSARSA{defaultSemiGradient()} }},
		{"actor-critic", "a normal price on a continuous scale, and its critic (Sutton & Barto 2018, §13.5, 13.7)", func() Params { return newActorCritic() }},
		{"dqn", "q-learning with a neural network, replay and a target network (Mnih et al. 2015)", func() Params { return newDQN() }},
		{"ppo", "a neural network's policy, improved in small steps (Schulman et al. 2017)", func() Params { return newPPO() }},
	}
}
