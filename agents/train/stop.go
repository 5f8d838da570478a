package train

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
)

// Stop is when training may end before its last episode, by rules that are stated beforehand; the first that holds ends it, and none does where all
// are 0. Exploration goes by the share of the planned episodes all the same.
type Stop struct {
	// Window is a number of episodes. After each such window its mean reward a turn is set against that of the best window before, and training
	// ends where it is not better by Gain, a share of that one's size. Windows in which the learner warms up do not count.
	Window int     `toml:"window" json:"window,omitempty" range:"[1,1000000000]" doc:"episodes over which rewards are averaged: training ends after the first such window that is not better by gain than the best one before"`
	Gain   float64 `toml:"gain,omitzero" json:"gain,omitempty" range:"[0,1000]" doc:"of window: share by which it must be better"`
	// Unchanged is for how many episodes no greedy offer of the policy in any state may have changed, for training to end. It is looked at ten
	// times in such a span.
	Unchanged int `toml:"unchanged" json:"unchanged,omitempty" range:"[1,1000000000]" doc:"episodes after which training ends where the greedy offer of every state was the same in all of them, looked at ten times"`
}

// State is how far a job is from being stopped.
type State struct {
	Sum    float64 `json:",omitempty"` // of the rewards a turn of the running window
	Played int     `json:",omitempty"` // its episodes
	Best   float64 `json:",omitempty"` // mean of the windows before
	Known  bool    `json:",omitempty"` // whether there was one
	Offers uint64  `json:",omitempty"` // hash of the greedy offers
	Since  int     `json:",omitempty"` // episode from which they are so
	Reason string  `json:",omitempty"` // why training has ended; "" where it has not
}

// stopping holds a job against its rules.
type stopping struct {
	State
	rule  Stop
	seats []*seat
}

func (s *stopping) begin(rule Stop, seats []*seat) error {
	s.rule, s.seats = rule, seats
	switch {
	case rule.Window < 0 || rule.Unchanged < 0:
		return field.New("stop", fmt.Sprintf("window %d, unchanged %d", rule.Window, rule.Unchanged), "numbers of episodes")
	case !(rule.Gain >= 0) || math.IsInf(rule.Gain, 0):
		return field.New("stop.gain", rule.Gain, "at least 0")
	}
	if rule.Unchanged > 0 {
		_, err := s.greedy()
		return err
	}
	return nil
}

// look takes in an episode, the number-th, and its reward a turn.
func (s *stopping) look(number int, reward float64) {
	if s.seats[0].agent.WarmingUp() {
		s.Since = number
		return
	}
	if s.rule.Window > 0 {
		s.Sum += reward
		if s.Played++; s.Played == s.rule.Window {
			s.window(s.Sum / float64(s.Played))
			s.Sum, s.Played = 0, 0
		}
	}
	if n := s.rule.Unchanged; n > 0 && number%max(1, n/10) == 0 {
		offers, err := s.greedy()
		if err != nil || offers != s.Offers { // a policy that cannot be frozen now ends training with that error when it is asked for
			s.Offers, s.Since = offers, number
		} else if number-s.Since >= n {
			s.Reason = fmt.Sprintf("no greedy offer changed in %d episodes", number-s.Since)
		}
	}
}

func (s *stopping) window(mean float64) {
	if s.Known && mean <= s.Best+float64(s.rule.Gain*math.Abs(s.Best)) {
		s.Reason = fmt.Sprintf("%d episodes earned %.6g a turn, the best before them %.6g", s.rule.Window, mean, s.Best)
	}
	if !s.Known || mean > s.Best {
		s.Best, s.Known = mean, true
	}
}

// greedy is a hash of all learners' greedy offers, state by state.
func (s *stopping) greedy() (uint64, error) {
	hash := fnv.New64a()
	var word [4]byte
	for _, seat := range s.seats {
		policy, err := seat.agent.Policy()
		if err != nil {
			return 0, err
		}
		table, ok := policy.(*policies.Table)
		if !ok {
			return 0, field.New("stop.unchanged", fmt.Sprintf("a policy that is no table (%s)", seat.Name), "learners whose policies are tables, or another rule")
		}
		for state := range table.Encoder.States() {
			binary.LittleEndian.PutUint32(word[:], uint32(table.Greedy(state)))
			hash.Write(word[:])
		}
	}
	return hash.Sum64(), nil
}
