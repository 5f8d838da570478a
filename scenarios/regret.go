package scenarios

import (
	"slices"
	"strconv"
)

// Regret has learners live once each and earn while they learn, as bandits are judged, in place of the training.
//
// Where the problem has a stock, each of Times is a season of its own, of so many periods and of a stock in the same proportion to them, and regret is what
// the deterministic linear programme of that season would earn (market/optimum.FluidMonopoly) less what was earned. Without a stock one life is watched
// at all of Times, and regret is what the best price of the ladder is expected to earn less what the prices posted are.
type Regret struct {
	Runs  int   `toml:"runs" default:"100" range:"[2,1000000]" doc:"lives of each learner"`
	Rungs []int `toml:"rungs" range:"[2,10000]" doc:"one for each of times: each is then a life of its own on a ladder of so many rungs, held against the best price of the problem's own ladder; for bandits, whose ladders are to be the finer the longer they live"`
	Times []int `toml:"times" required:"true" range:"[1,1000000000]" doc:"periods after which regret is read, ascending, two at least; its exponent is fitted over all of them"`
}

// regret checks what [regret] says.
func (d *document) regret(s *Scenario) {
	if s.Regret == nil {
		return
	}
	at := path("regret").then("times")
	if times := s.Regret.Times; len(times) < 2 || !slices.IsSorted(times) || len(slices.Compact(slices.Clone(times))) < len(times) {
		d.bad(at, strconv.Itoa(len(times))+" times", "two or more, ascending")
	}
	if n := len(s.Regret.Rungs); n > 0 && n != len(s.Regret.Times) {
		d.bad(path("regret").then("rungs"), strconv.Itoa(n)+" ladders", strconv.Itoa(len(s.Regret.Times))+", one for each of times")
	}
	if n := len(s.Regret.Rungs); n > 0 && (s.Problem.Stock > 0 || s.Problem.Prices.From == nil) {
		d.bad(path("regret").then("rungs"), strconv.Itoa(n)+" ladders", "none, where there is a stock, or prices are listed one by one")
	}
	if len(s.Agents) == 0 {
		d.bad(path("agents"), nothing, "the learners whose regret is measured")
	}
}
