package workflow

// TestedMarket is what an experiment in a simulated market knows beyond its log: the true effect.
type TestedMarket struct{}

func (m *TestedMarket) text(*page) {}
