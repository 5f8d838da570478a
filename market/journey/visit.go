package journey

import "github.com/souk-sim/souk/sim/rng"

// Visit appends to states, which may be nil, those of one new visit: of the mixture where there is one, else of the funnel;
// and where there is a Length beside a funnel, of as many clicks as that says (fewer where nothing follows). The journey must
// have passed Check and have one of the two; without either no state is appended.
func (j *Journey) Visit(states []int, stream *rng.Stream) []int {
	if j.Mixture != nil {
		return j.Mixture.Visit(states, stream)
	}
	if j.Funnel == nil {
		return states
	}
	state, at := 0, FunnelPosition(0)
	if j.Length == nil {
		for state, at = j.Funnel.Next(at, stream.Float64()); state != Leave; state, at = j.Funnel.Next(at, stream.Float64()) {
			states = append(states, state)
		}
		return states
	}
	for range j.Length.Draw(stream.Open()) {
		if state, at = j.Funnel.Continue(at, stream.Float64()); state == Leave {
			break
		}
		states = append(states, state)
	}
	return states
}
