package agents

// trail is the latest turns of an episode, the oldest first, from which returns over several turns are made.
type trail struct {
	sigma          float64
	longest        int
	steps          []step // at most longest
	over           bool   // the episode was cut short behind them
	next           ahead  // of the offer chosen last
	states, offers int
}

// step is a turn.
type step struct {
	state, action    int
	reward, discount float64 // what followed it
	ahead
	g float64 // its return, once measured
}

// ahead is what a turn looked like from the one before: Q(s, a), Σ π·Q(s, ·) and π(a|s) when a was chosen.
type ahead struct{ value, expected, chance float64 }

func newTrail(longest int, sigma float64, t *table) trail {
	return trail{sigma: sigma, longest: longest, states: len(t.best), offers: t.offers}
}

// look notes the offer just chosen.
func (r *trail) look(t *table, s *State, action int, exploration float64) ahead {
	r.next = ahead{value: t.value(s, action)}
	if r.sigma < 1 {
		law := t.law(s, exploration)
		r.next.expected, r.next.chance = t.expected(s, law), law[action]
	}
	return r.next
}

func (r *trail) add(x *Transition) {
	r.steps = append(r.steps, step{state: x.State.Index, action: x.Action, reward: x.Reward, discount: x.Discount, ahead: r.next})
	if x.Terminal {
		r.steps[len(r.steps)-1].discount = 0
	}
	r.over = x.Last && !x.Terminal
}

// measure finds the return of every turn, given what follows the last.
func (r *trail) measure(next ahead) {
	g := next.value
	for k := len(r.steps) - 1; k >= 0; k-- {
		s := &r.steps[k]
		follows := g
		if r.sigma < 1 {
			law := next.expected + float64(next.chance*(g-next.value))
			follows = float64(r.sigma*g) + float64((1-r.sigma)*law)
		}
		g = s.reward + float64(s.discount*follows)
		s.g, next = g, s.ahead
	}
}

// drop forgets the oldest turn.
func (r *trail) drop() {
	r.steps = append(r.steps[:0], r.steps[1:]...)
}

// full is whether it is as long as it may be.
func (r *trail) full() bool { return len(r.steps) == r.longest }

func (r *trail) clear() { r.steps, r.over = r.steps[:0], false }

func (r *trail) archive(a *archive) {
	n := len(r.steps)
	if a.index(&n, r.longest+1); a.err != nil {
		return
	}
	flag := 0
	if r.over {
		flag = 1
	}
	a.index(&flag, 2)
	r.over = flag == 1
	r.next.archive(a)
	if a.loading {
		r.steps = r.steps[:0]
	}
	for i := 0; i < n && a.err == nil; i++ {
		if a.loading {
			r.steps = append(r.steps, step{})
		}
		s := &r.steps[i]
		a.index(&s.state, r.states)
		a.index(&s.action, r.offers)
		a.float(&s.reward)
		a.float(&s.discount)
		s.ahead.archive(a)
	}
}

func (h *ahead) archive(a *archive) {
	a.float(&h.value)
	a.float(&h.expected)
	a.float(&h.chance)
}
