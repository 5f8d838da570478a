package optimum

import (
	"math"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/gonum/mat"
)

func agrees(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance) {
		t.Errorf("%s = %.9g, want %.9g ± %g", what, got, want, tolerance)
	}
}

// outcomes turns a row of probabilities into outcomes, zeros left out.
func outcomes(probability ...float64) (out []Outcome) {
	for s, p := range probability {
		if p > 0 {
			out = append(out, Outcome{int32(s), p})
		}
	}
	return out
}

// taxicab is Howard's (1960, Dynamic Programming and Markov Processes, chapter 4): three towns; cruise, go to the stand, or (not in town B)
// wait for a radio call.
func taxicab() *MDP {
	m := &MDP{States: 3, Actions: 3}
	earn := func(p, r [3]float64) { m.Append(p[0]*r[0]+p[1]*r[1]+p[2]*r[2], outcomes(p[:]...)...) }
	earn([3]float64{1. / 2, 1. / 4, 1. / 4}, [3]float64{10, 4, 8})
	earn([3]float64{1. / 16, 3. / 4, 3. / 16}, [3]float64{8, 2, 4})
	earn([3]float64{1. / 4, 1. / 8, 5. / 8}, [3]float64{4, 6, 4})
	earn([3]float64{1. / 2, 0, 1. / 2}, [3]float64{14, 0, 18})
	earn([3]float64{1. / 16, 7. / 8, 1. / 16}, [3]float64{8, 16, 8})
	m.Append(math.Inf(-1), Outcome{1, 1})
	earn([3]float64{1. / 4, 1. / 4, 1. / 2}, [3]float64{10, 2, 8})
	earn([3]float64{1. / 8, 3. / 4, 1. / 8}, [3]float64{6, 4, 2})
	earn([3]float64{3. / 4, 1. / 16, 3. / 16}, [3]float64{4, 0, 8})
	return m
}

// Howard 1960: gain 13.34 with relative values −1.18, 12.66, 0 (chapter 4); at β = 0.9 values 121.65, 135.31, 122.84
// (chapter 7); always the stand.
func TestTaxicabIsSolvedAsHowardSolvedIt(t *testing.T) {
	average, err := taxicab().Average(1e-9, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "gain", average.Gain, 13.34, 0.006)
	agrees(t, "value of A beyond C", average.Values[0]-average.Values[2], -1.18, 0.006)
	agrees(t, "value of B beyond C", average.Values[1]-average.Values[2], 12.66, 0.006)
	discounted, err := taxicab().Discounted(0.9, 1e-9, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for s, want := range []float64{121.65, 135.31, 122.84} {
		agrees(t, "discounted value", discounted.Values[s], want, 0.006)
	}
	for s := range 3 {
		if average.Actions[s] != 1 || discounted.Actions[s] != 1 {
			t.Errorf("town %d: actions %d and %d, want the stand", s, average.Actions[s], discounted.Actions[s])
		}
	}
}

// Howard 1960, chapters 3–4: the toymaker who advertises and does research earns 2 a week, and success is worth 10 more than failure.
func TestToymakerEarnsTwoAWeek(t *testing.T) {
	m := &MDP{States: 2, Actions: 2}
	m.Append(6, outcomes(0.5, 0.5)...)
	m.Append(4, outcomes(0.8, 0.2)...)
	m.Append(-3, outcomes(0.4, 0.6)...)
	m.Append(-5, outcomes(0.7, 0.3)...)
	s, err := m.Average(1e-10, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "gain", s.Gain, 2, 1e-9)
	agrees(t, "relative value", s.Values[0]-s.Values[1], 10, 1e-8)
}

// Puterman 1994, example 6.2.1 (the two states of figure 3.1.1): v(s1) = −8.571, v(s2) = −20 at λ = 0.95.
func TestPutermansTwoStates(t *testing.T) {
	m := &MDP{States: 2, Actions: 2}
	m.Append(5, outcomes(0.5, 0.5)...)
	m.Append(10, outcomes(0, 1)...)
	m.Append(-1, outcomes(0, 1)...)
	m.Append(math.Inf(-1), Outcome{0, 1})
	s, err := m.Discounted(0.95, 1e-9, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "v(s1)", s.Values[0], -4.5/0.525, 1e-8)
	agrees(t, "v(s2)", s.Values[1], -20, 1e-8)
}

func TestAPeriodicProcessConverges(t *testing.T) {
	m := &MDP{States: 3, Actions: 1} // 0 → 1 → 2 → 0, paid once a round
	m.Append(0, Outcome{1, 1})
	m.Append(0, Outcome{2, 1})
	m.Append(6, Outcome{0, 1})
	s, err := m.Average(1e-9, 1000)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "gain", s.Gain, 2, 1e-9)
}

// random is a dense process of random rewards and chances.
func random(seed uint64, states, actions int) *MDP {
	s := rng.New(seed, 0).Family("mdp").At()
	m := &MDP{States: states, Actions: actions}
	p := make([]float64, states)
	for range states * actions {
		total := 0.0
		for i := range p {
			p[i] = s.Exponential()
			total += p[i]
		}
		for i := range p {
			p[i] /= total
		}
		m.Append(s.Normal(), outcomes(p...)...)
	}
	return m
}

// TestBestOfAllPolicies compares value iteration with the best of all 81 stationary policies, each solved exactly as linear equations.
func TestBestOfAllPolicies(t *testing.T) {
	const states, actions, discount = 4, 3, 0.9
	for seed := range uint64(5) {
		m := random(seed, states, actions)
		best, gain := math.Inf(-1), math.Inf(-1)
		for policy := range 81 {
			a, b := mat.NewDense(states, states, nil), mat.NewVecDense(states, nil)
			chain := make([][]float64, states)
			reward := make([]float64, states)
			for s, code := 0, policy; s < states; s, code = s+1, code/actions {
				row := s*actions + code%actions
				chain[s] = make([]float64, states)
				for i := range states {
					o := m.outcomes[row*states+i]
					chain[s][i] = o.Probability
					a.Set(s, i, -discount*o.Probability)
				}
				a.Set(s, s, a.At(s, s)+1)
				reward[s] = m.Rewards[row]
				b.SetVec(s, reward[s])
			}
			var v mat.VecDense
			if err := v.SolveVec(a, b); err != nil {
				t.Fatal(err)
			}
			best = max(best, v.AtVec(0))
			g := 0.0
			for s, p := range stationary(chain) {
				g += p * reward[s]
			}
			gain = max(gain, g)
		}
		d, err := m.Discounted(discount, 1e-9, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "discounted value", d.Values[0], best, 1e-8)
		g, err := m.Average(1e-9, 10_000)
		if err != nil {
			t.Fatal(err)
		}
		agrees(t, "gain", g.Gain, gain, 1e-8)
	}
}

func TestFiniteHorizonTendsToTheDiscountlessAverage(t *testing.T) {
	const steps = 2000
	values, actions, err := taxicab().FiniteHorizon(steps, nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := taxicab().Average(1e-9, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	agrees(t, "value of another step", values[0][0]-values[1][0], s.Gain, 1e-8)
	if last := actions[steps-1]; last[0] != 0 || last[1] != 0 || last[2] != 0 {
		t.Errorf("with one step to go the best immediate reward is cruising (8, 16, 7); got %v", last)
	}
}

func TestMalformedProcessesAreRefused(t *testing.T) {
	for name, spoil := range map[string]func(m *MDP){
		"a row too few":       func(m *MDP) { m.Actions = 4 },
		"an unknown state":    func(m *MDP) { m.outcomes[0].Next = 3 },
		"half a probability":  func(m *MDP) { m.outcomes[0].Probability /= 2 },
		"a negative chance":   func(m *MDP) { m.outcomes[0].Probability = -1 },
		"a reward of NaN":     func(m *MDP) { m.Rewards[4] = math.NaN() },
		"no action in a town": func(m *MDP) { m.Rewards[3], m.Rewards[4] = math.Inf(-1), math.Inf(-1) },
	} {
		m := taxicab()
		spoil(m)
		if _, err := m.Average(1e-9, 100); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
	if _, err := taxicab().Discounted(1, 1e-9, 100); err == nil {
		t.Error("a discount of 1 was taken")
	}
	if _, err := taxicab().Discounted(0.9, 1e-9, 3); err == nil {
		t.Error("three sweeps were enough")
	}
	m := &MDP{States: 2, Actions: 1} // two worlds apart: no common gain
	m.Append(1, Outcome{0, 1})
	m.Append(2, Outcome{1, 1})
	if _, err := m.Average(1e-9, 1000); err == nil {
		t.Error("a multichain process got one gain")
	}
}
