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
	}
}
