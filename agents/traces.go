package agents

import "github.com/souk-sim/souk/scenarios/field"

// Traces are the parameters of eligibility traces (Sutton & Barto 2018, ch. 12): λ says how far back an error is carried.
type Traces struct {
	Lambda float64 `toml:"lambda" json:"lambda" doc:"λ, 0 to 1: how far back an error is carried; 0 is the one-step learner"`
	// Trace is what becomes of the trace e of an entry as it is visited: accumulating e + 1, replacing 1.
	Trace string `toml:"trace" json:"trace" doc:"what a visit does to the trace e of an entry: accumulating e+1, replacing 1; dutch (1-α)e+1, of sarsa-lambda alone"`
}

func (p *Traces) validate() error {
	switch {
	case !(p.Lambda >= 0 && p.Lambda <= 1):
		return field.New("lambda", p.Lambda, "0 to 1")
	case p.Trace != "accumulating" && p.Trace != "replacing" && p.Trace != "dutch":
		return field.New("trace", p.Trace, "accumulating, replacing or dutch")
	}
	return nil
}

// negligible is the trace below which an entry is forgotten, which bounds the work of a step where γλ < 1. Where it is 1 no step touches more than the
// entries of the episode.
const negligible = 1e-6

// traces are the eligibilities of a table's entries.
type traces struct {
	params   Traces
	offers   int
	e        []float64 // [state*offers+action]
	eligible []int32   // the entries of which e is not 0, in the order in which they became so
}

func newTraces(params Traces, t *table) traces {
	return traces{params: params, offers: t.offers, e: make([]float64, len(t.values)), eligible: make([]int32, 0, len(t.values))}
}

// visit makes an entry eligible that was just counted by the table's visit.
func (z *traces) visit(t *table, state, action int) {
	i := state*z.offers + action
	if z.e[i] == 0 {
		z.eligible = append(z.eligible, int32(i))
	}
	switch z.params.Trace {
	case "accumulating":
		z.e[i]++
	case "replacing":
		z.e[i] = 1
	case "dutch":
		z.e[i] = float64((1-t.rate)*z.e[i]) + 1
	}
}

// learn moves every eligible entry by an error, each by its own step size, as one update of the table.
func (z *traces) learn(t *table, err float64) {
	for _, i := range z.eligible {
		state, action := int(i)/z.offers, int(i)%z.offers
		t.set(state, action, t.values[i]+float64(t.stepSize(state, action)*float64(err*z.e[i])))
	}
	t.clock++
}

// fade multiplies every trace by γλ.
func (z *traces) fade(discount float64) {
	by := float64(discount * z.params.Lambda)
	kept := z.eligible[:0]
	for _, i := range z.eligible {
		if z.e[i] *= by; z.e[i] < negligible {
			z.e[i] = 0
		} else {
			kept = append(kept, i)
		}
	}
	z.eligible = kept
}

func (z *traces) clear() {
	for _, i := range z.eligible {
		z.e[i] = 0
	}
	z.eligible = z.eligible[:0]
}

func (z *traces) archive(a *archive) {
	a.floats(z.e)
	a.indices(&z.eligible, len(z.e), len(z.e))
}
