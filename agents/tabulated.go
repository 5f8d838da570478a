package agents

// Tabulated is what tabular learners also offer: their table, to those who ask whether a strategy has settled or who play several learners in one loop.
// States are those of Task.Encoder.
type Tabulated interface {
	Agent
	// Greedy is the greedy offer of each state where none is masked, borrowed, and how often one of them has changed.
	Greedy() (offers []int32, changes uint64)
	// Entries are the value of each offer and how often it was updated, [state*offers+offer]; borrowed.
	Entries() (values []float64, updates []uint32)
	// Adopt is called when Entries were written to, and takes the table as if it had learned it.
	Adopt()
}

// Scheduled is a learner whose exploration follows a course by itself, whatever the state. ok is false where it does not, as by visits of the state.
type Scheduled interface {
	// Course is that of ε.
	Course() (e Exploration, ok bool)
}

// Course implements Scheduled: of ε-greedy exploration, but for that by visits.
func (p *Tabular) Course() (Exploration, bool) {
	return p.Exploration, !p.Exploration.boltzmann() && p.Exploration.Kind != "visits"
}

// Greedy implements Tabulated.
func (t *table) Greedy() (offers []int32, changes uint64) { return t.best, t.turns }

// Entries implements Tabulated.
func (t *table) Entries() (values []float64, updates []uint32) { return t.values, t.visits }

// Adopt implements Tabulated.
func (t *table) Adopt() {
	t.clock = 0
	for s := range t.best {
		t.best[s] = int32(highest(t.row(s)))
	}
	for _, n := range t.visits {
		t.clock += float64(n)
	}
	if t.clock > 0 {
		t.rate = t.rates.at(1)
	}
}
