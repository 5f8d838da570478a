package scenarios

// Optimize is what souk optimize plans for the learning seller, or for the seller of a pricing problem: one offer for each period of an episode, within limits.
type Optimize struct {
	Promotions *int               `toml:"promotions" range:"[0,10000]" doc:"periods with a promoted offer, at most; left out: any number"`
	Apart      int                `toml:"apart" default:"0" range:"[0,1000]" doc:"periods without a promoted offer between two with one, at least"`
	Depth      float64            `toml:"depth" default:"0.05" range:"[0,1]" doc:"an offer is promoted if it has a promotion, or a price more than this share below the regular one"`
	Budget     *float64           `toml:"budget" range:"[0,1000000000000]" doc:"$ that may be given away in an episode: units times what they cost less than regularly; left out: any"`
	Stock      map[string]float64 `toml:"stock" doc:"units of a product that there are to sell in an episode, by its name; of a product that is never ordered again left out: what there is at first"`
	Paths      int                `toml:"paths" default:"100" range:"[1,100000]" doc:"episodes over whose traffic and rivals expectations are taken"`
	Points     int                `toml:"points" default:"61" range:"[2,2000]" doc:"grid points of the reference price, where shoppers remember one"`
}

// UsualOptimize is the [optimize] of a scenario without one.
func UsualOptimize() Optimize { return Optimize{Depth: 0.05, Paths: 100, Points: 61} }

// Optimized is the scenario with its own [optimize], or the usual one, and nothing that optimising does not ask for: no sweep, no bench and no experiment.
func (s *Scenario) Optimized() *Scenario {
	c := *s
	c.Sweep, c.Bench, c.ABTest = nil, nil, nil
	if c.Optimize == nil {
		usual := UsualOptimize()
		c.Optimize = &usual
	}
	return &c
}
