package agents

import (
	"fmt"
	"slices"
)

// model is what was seen of the world, in counts: the maximum-likelihood law of what follows each (s, a) (Moore & Atkeson 1993, §2).
// It grows when something new is seen, by doubling, and then never more than the world has states for an entry.
type model struct {
	t      *table
	edges  []edge
	tried  []int32   // entries seen, in the order of their first time
	counts []float64 // [state*offers+action]: how often it was seen
	reward []float64 // likewise: sum of what it earned
	out    []int32   // likewise: the first edge that leads from it; 1 + its index, 0 for none
	in     []int32   // [state]: the first that leads there, likewise
	allows []bool    // [state*offers+action]: whether the mask allowed it when the state was last seen
}

// edge is one state that followed an entry.
type edge struct {
	entry, next int32
	out, in     int32   // the next edge of the entry, and that to the state; 1 + index, 0 for none
	discount    float64 // sum over the times it was seen
}

func newModel(t *table) model {
	n := len(t.values)
	return model{
		t: t, tried: make([]int32, 0, n), counts: make([]float64, n), reward: make([]float64, n), out: make([]int32, n),
		in: make([]int32, len(t.best)), allows: make([]bool, n),
	}
}

// see takes in a transition. Nothing follows the end of the world, so that this has no edge.
func (m *model) see(x *Transition) (entry int32) {
	i := x.State.Index*m.t.offers + x.Action
	if m.counts[i] == 0 {
		m.tried = append(m.tried, int32(i))
	}
	m.counts[i]++
	m.reward[i] += x.Reward
	copy(m.allows[x.State.Index*m.t.offers:][:m.t.offers], x.State.Mask)
	if x.Terminal {
		return int32(i)
	}
	copy(m.allows[x.Next.Index*m.t.offers:][:m.t.offers], x.Next.Mask)
	at := m.out[i]
	for at > 0 && int(m.edges[at-1].next) != x.Next.Index {
		at = m.edges[at-1].out
	}
	if at == 0 {
		at = m.link(edge{entry: int32(i), next: int32(x.Next.Index)})
	}
	m.edges[at-1].discount += x.Discount
	return int32(i)
}

// link adds an edge to the lists of its entry and of its state.
func (m *model) link(e edge) (at int32) {
	e.out, e.in = m.out[e.entry], m.in[e.next]
	m.edges = append(m.edges, e)
	at = int32(len(m.edges))
	m.out[e.entry], m.in[e.next] = at, at
	return at
}

// best is the highest value of a state, of the offers that were allowed there.
func (m *model) best(state int32) float64 {
	row := int(state) * m.t.offers
	if best := row + int(m.t.best[state]); m.allows[best] {
		return m.t.values[best]
	}
	return m.t.values[row+highestAllowed(m.t.row(int(state)), m.allows[row:])]
}

// expected is what an entry is worth by the model: E[r + γ·max_a' Q(s', a')].
func (m *model) expected(entry int32) float64 {
	worth := m.reward[entry]
	for at := m.out[entry]; at > 0; {
		e := &m.edges[at-1]
		worth += float64(e.discount * m.best(e.next))
		at = e.out
	}
	return worth / m.counts[entry]
}

// backup moves an entry towards what the model says, by the step size of its latest real update. It gives by how much the best value of its state
// changed.
func (m *model) backup(entry int32) (change float64) {
	state, action := int(entry)/m.t.offers, int(entry)%m.t.offers
	worth, before := m.expected(entry), m.best(int32(state))
	now := m.t.values[entry]
	m.t.set(state, action, now+float64(m.t.stepSize(state, action)*(worth-now)))
	m.t.clock++
	return m.best(int32(state)) - before
}

func (m *model) archive(a *archive) {
	n := len(m.edges)
	if a.index(&n, len(m.counts)*len(m.in)+1); a.err != nil {
		return
	}
	if a.loading {
		m.edges = m.edges[:0]
		clear(m.out)
		clear(m.in)
	}
	for i := range n {
		var e edge
		if !a.loading {
			e = m.edges[i]
		}
		entry, next := int(e.entry), int(e.next)
		a.index(&entry, len(m.counts))
		a.index(&next, len(m.in))
		a.float(&e.discount)
		if a.err != nil {
			return
		}
		if a.loading {
			m.link(edge{entry: int32(entry), next: int32(next), discount: e.discount})
		}
	}
	a.indices(&m.tried, len(m.counts), len(m.counts))
	a.floats(m.counts)
	a.floats(m.reward)
	for i := range m.allows {
		allowed := 0
		if m.allows[i] {
			allowed = 1
		}
		a.index(&allowed, 2)
		m.allows[i] = allowed == 1
	}
	if a.loading && a.err == nil {
		a.err = m.check()
	}
}

// check holds what a checkpoint says was tried against its counts.
func (m *model) check() error {
	seen := 0
	for _, n := range m.counts {
		if n != 0 {
			seen++
		}
	}
	if seen != len(m.tried) || slices.ContainsFunc(m.tried, func(entry int32) bool { return m.counts[entry] == 0 }) {
		return fmt.Errorf("checkpoint has %d entries that were tried, and counts of %d", len(m.tried), seen)
	}
	return counted(m.counts)
}
