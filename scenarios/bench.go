package scenarios

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// Bench is what souk bench compares; flags of the command stand in the place of keys.
type Bench struct {
	Runs        int      `toml:"runs" default:"10" range:"[2,10000]" doc:"independent runs: each has a training seed of its own and customers of its own, the same for all policies; evaluate.paths is dealt out over them"`
	Agents      []string `toml:"agents" doc:"which of [[agents]] are trained; left out: all; []: none"`
	Policies    []string `toml:"policies" doc:"rules, as souk simulate takes them, and folders of bundles that take part beside evaluate.against"`
	Require     []string `toml:"require" doc:"gates, such as \"q-learning > best-fixed\": the first earns more than the second, significantly after Holm's correction"`
	Robust      []string `toml:"robust,omitzero" doc:"other markets that policies are tested in, which nothing is fitted to: elasticity±PERCENT, demand-shock±PERCENT, new-rival, posterior"`
	Specialists bool     `toml:"specialists,omitzero" doc:"agents are trained in each of these markets too: as many trainings more as there are markets"`
}

// Benched is the scenario with this bench in the place of its own, and no sweep; its training seeds are the runs. The error is a *field.Error.
func (s *Scenario) Benched(b Bench) (*Scenario, error) {
	c := *s
	c.Bench, c.Sweep, c.Train.Seeds = &b, nil, b.Runs
	for i, name := range b.Robust {
		if _, err := ParsePerturbation(name); err != nil {
			bad, _ := errors.AsType[*field.Error](err)
			return nil, s.Fault(bad.Found, bad.Expected, "bench", "robust")
		}
		if slices.Contains(b.Robust[:i], name) {
			return nil, s.Fault(strconv.Quote(name)+" again", "each market once", "bench", "robust")
		}
	}
	for i, name := range b.Agents {
		if s.agent(name) == nil || slices.Contains(b.Agents[:i], name) {
			var names []string
			for k := range s.Agents {
				names = append(names, s.Agents[k].Name)
			}
			return nil, s.Fault(strconv.Quote(name), "each of [[agents]] at most once: "+strings.Join(names, ", "), "bench", "agents")
		}
	}
	return &c, nil
}

// Pupils are the agents that a bench trains.
func (s *Scenario) Pupils() (all []Agent) {
	for i := range s.Agents {
		if s.Bench == nil || s.Bench.Agents == nil || slices.Contains(s.Bench.Agents, s.Agents[i].Name) {
			all = append(all, s.Agents[i])
		}
	}
	return all
}

// UsualRuns are those of a bench where nobody says.
const UsualRuns = 10
