package train

import (
	"fmt"
	"slices"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// sameTask tells what keeps the values of a table from being a learner's to begin with: they stand for states and offers, so both must be the same.
func sameTask(start *policies.Table, task *agents.Task) error {
	was, is := start.Encoder.Dimensions, task.Encoder.Dimensions
	for k := range max(len(was), len(is)) {
		switch {
		case k >= len(was):
			return differs("state", "nothing of "+is[k].Feature, "it, as here")
		case k >= len(is):
			return differs("state", was[k].Feature, "a state without it, as here")
		case was[k].Feature != is[k].Feature:
			return differs("state", was[k].Feature, is[k].Feature+", as here")
		case !slices.Equal(was[k].Edges, is[k].Edges):
			return differs("state."+is[k].Feature, fmt.Sprintf("%d cells%s", len(was[k].Edges)+1, ends(was[k].Edges)), fmt.Sprintf("%d%s, as here", len(is[k].Edges)+1, ends(is[k].Edges)))
		}
	}
	if n := len(task.Spec.Offers); len(start.Spec.Offers) != n {
		return differs("offers", len(start.Spec.Offers), fmt.Sprintf("%d, as here", n))
	}
	for a, o := range task.Spec.Offers {
		if start.Spec.Offers[a] != o {
			return differs("offers", "offer "+told(start.Spec.Offers[a]), told(o)+", as here")
		}
	}
	return nil
}

func differs(key string, found any, expected string) error {
	return field.New("start."+key, found, expected)
}

func ends(edges []float64) string {
	if len(edges) == 0 {
		return ""
	}
	return fmt.Sprintf(" with borders from %g to %g", edges[0], edges[len(edges)-1])
}

func told(o env.Offer) string {
	if o.Promotion == "" {
		return fmt.Sprintf("%g", o.Price)
	}
	return fmt.Sprintf("%g with %s", o.Price, o.Promotion)
}

// tried is as how many updates each value counts: as many as the table's training made, so that a learning rate by visits goes on from there, or one
// where every value is meant.
func tried(start *policies.Table) []uint32 {
	if start.Visits != nil {
		return start.Visits
	}
	return slices.Repeat([]uint32{1}, len(start.Values))
}

// began tells whether a learner took the values that it was to begin with.
func (s *seat) began() error {
	if s.Start == nil {
		return nil
	}
	policy, err := s.agent.Policy()
	if err != nil {
		return err
	}
	if table, ok := policy.(*policies.Table); !ok || !slices.Equal(table.Values, s.Start.Values) {
		return field.New("start", "values for a learner that does not begin with given ones", "a learner with one table of values")
	}
	return nil
}
