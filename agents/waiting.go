package agents

// waiting is a transition whose update waits for the Act that follows it.
type waiting struct {
	on               bool
	last             bool // and with that Act the episode is over, cut short
	state, action    int
	reward, discount float64
}

func (w *waiting) put(x *Transition) {
	*w = waiting{on: true, last: x.Last, state: x.State.Index, action: x.Action, reward: x.Reward, discount: x.Discount}
}

// take says whether there is one, and from then on there is none.
func (w *waiting) take() bool {
	on := w.on
	w.on = false
	return on
}

// kept is a waiting transition in a checkpoint.
type kept struct {
	*waiting
	states, offers int
}

func (t *table) wait(w *waiting) part { return kept{w, len(t.best), t.offers} }

func (k kept) archive(a *archive) {
	flags := 0
	if k.on {
		flags |= 1
	}
	if k.last {
		flags |= 2
	}
	a.index(&flags, 4)
	k.on, k.last = flags&1 != 0, flags&2 != 0
	a.index(&k.state, k.states)
	a.index(&k.action, k.offers)
	a.float(&k.reward)
	a.float(&k.discount)
}
