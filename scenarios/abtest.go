package scenarios

// ABTest is a randomised experiment in an open market, in which the learning seller tries several policies at once; flags of souk abtest stand in the place of
// keys. Methods and designs are told in docs/experiments.md.
type ABTest struct {
	Design   string    `toml:"design" default:"'shopper'" oneof:"shopper,cluster,product,switchback" doc:"what is dealt to the arms: each shopper, regions of shoppers, the seller's products, or slots of time"`
	Policies []string  `toml:"policies" doc:"the arms, the control first: rules, as souk simulate takes them, and folders of bundles"`
	Shares   []float64 `toml:"shares" doc:"of the arms, on any scale; left out: equal"`
	Metrics  []string  `toml:"metrics" doc:"of profit, revenue, units and conversion; the first decides; left out: all that the design has"`
	Start    float64   `toml:"start" default:"0" range:"[0,100000]" doc:"days before it begins, on the control; what units came to then takes off what it explains (CUPED)"`
	Clusters int       `toml:"clusters" default:"40" range:"[2,1000]" doc:"by cluster: regions of equally many shoppers"`
	Spread   float64   `toml:"spread" default:"0.0" range:"[0,50]" doc:"by cluster: standard deviation between regions of what all products appeal, in utility"`
	SlotDays float64   `toml:"slot_days" default:"1.0" range:"[0.001,100000]" doc:"switchback: length of a slot, days"`
	Washout  float64   `toml:"washout_days,omitzero" default:"0.0" range:"[0,100000]" doc:"switchback: the first days of each slot, which are left out: the arm before still works in them"`
	Paths    int       `toml:"paths" default:"20" range:"[1,10000]" doc:"markets in which it is repeated, and all arms' policies are played by all, for the true effect; the first is the experiment"`
	Stopping string    `toml:"stopping" default:"'fixed'" oneof:"fixed,anytime,group" doc:"what decides: once at the end, however often one looks, or a few planned looks"`
	Looks    int       `toml:"looks" default:"5" range:"[1,100]" doc:"planned looks of the group test"`
}

// Experimented is the scenario with this experiment in the place of its own.
func (s *Scenario) Experimented(t ABTest) *Scenario {
	c := *s
	c.ABTest = &t
	return &c
}

// UsualABTest is the experiment of a scenario without one, but for its policies.
func UsualABTest() ABTest {
	return ABTest{Design: "shopper", Clusters: 40, SlotDays: 1, Paths: 20, Stopping: "fixed", Looks: 5}
}
