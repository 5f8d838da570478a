package journey

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"gonum.org/v1/gonum/mat"
)

// Leave is what Funnel.Next gives when the visit ends.
const Leave = -1

// maximumRows bounds a funnel: 2,500 states at order 1, 49 at order 2. Its expectations solve as many equations.
const maximumRows = 2500

// Funnel is a visit as a Markov chain: the next state, or leaving, depends on the last Order states (0, 1 or 2; fewer where
// the visit has not had as many). The first state has its own distribution at every order, so that each order is a special
// case of the next, and no visit is empty.
type Funnel struct {
	States    []string         `json:"states"`
	Order     int              `json:"order"`
	Smoothing float64          `json:"smoothing,omitempty"` // see FunnelOptions
	Start     []float64        `json:"start"`               // probability of each state to be the first
	Rows      []FunnelRow      `json:"rows"`
	Estimates *FunnelEstimates `json:"estimates,omitempty"` // nil where the probabilities were given by hand

	cumulative []float64 // of Start and a 0, then of each row: by S+1
}

// FunnelRow is what follows a history: at order 0 the empty one, at order 1 each state in turn, at order 2 each state as
// the first of the visit, then each pair of states (the latter of them the last, and fastest).
type FunnelRow struct {
	After  []string  `json:"after"`
	Next   []float64 `json:"next"`             // probability of each state, then of leaving
	Clicks int       `json:"clicks,omitempty"` // on which the row was estimated
}

// FunnelPosition is where in a visit a shopper is: all that the chain remembers. Its zero value is before the first click.
type FunnelPosition int

// rows is how many histories a chain has.
func (f *Funnel) rows() int {
	s := len(f.States)
	return [3]int{1, s, s + s*s}[f.Order]
}

// move is the position after a click on a state.
func (f *Funnel) move(p FunnelPosition, state int) FunnelPosition {
	s := len(f.States)
	switch {
	case f.Order == 0:
		return 1
	case f.Order == 1 || p == 0:
		return FunnelPosition(1 + state)
	}
	return FunnelPosition(1 + s + f.last(int(p-1))*s + state)
}

// last is the last state of a row's history, 0 for the empty one.
func (f *Funnel) last(row int) int {
	s := len(f.States)
	switch {
	case f.Order == 0:
		return 0
	case row < s:
		return row
	}
	return (row - s) % s
}

// Next gives the state that follows, or Leave, and the position after it, by one uniform u of [0, 1). It does not allocate.
func (f *Funnel) Next(p FunnelPosition, u float64) (int, FunnelPosition) {
	n := len(f.States) + 1
	state := invert(f.cumulative[int(p)*n:int(p+1)*n], u)
	if state == n-1 {
		return Leave, p
	}
	return state, f.move(p, state)
}

// Continue is Next for a visit whose length is drawn elsewhere: the state that follows given that one does. It is Leave only
// after a history on which nothing follows.
func (f *Funnel) Continue(p FunnelPosition, u float64) (int, FunnelPosition) {
	n := len(f.States)
	states := f.cumulative[int(p)*(n+1) : int(p)*(n+1)+n]
	goesOn := states[n-1]
	if goesOn == 0 {
		return Leave, p
	}
	state := invert(states, min(float64(u*goesOn), math.Nextafter(goesOn, 0)))
	return state, f.move(p, state)
}

// history is the labels of a row.
func (f *Funnel) history(row int) []string {
	s := len(f.States)
	switch {
	case f.Order == 0:
		return []string{}
	case row < s:
		return []string{f.States[row]}
	}
	return []string{f.States[(row-s)/s], f.States[(row-s)%s]}
}

// Check says what is wrong with a funnel given by hand or read from a file, and readies a right one for use.
func (f *Funnel) Check() error {
	if err := f.checkShape(); err != nil {
		return err
	}
	s := len(f.States)
	if len(f.Rows) != f.rows() {
		return field.New("rows", len(f.Rows), fmt.Sprintf("the %d histories of order %d over %d states", f.rows(), f.Order, s))
	}
	if err := checkProbabilities("start", f.Start, s); err != nil {
		return err
	}
	for i, r := range f.Rows {
		key := fmt.Sprintf("rows[%d]", i)
		if want := f.history(i); fmt.Sprintf("%q", r.After) != fmt.Sprintf("%q", want) {
			return field.New(key+".after", fmt.Sprintf("%q", r.After), fmt.Sprintf("%q", want))
		}
		if r.Clicks < 0 {
			return field.New(key+".clicks", r.Clicks, "a count")
		}
		if err := checkProbabilities(key+".next", r.Next, s+1); err != nil {
			return err
		}
	}
	if err := f.checkEnd(); err != nil {
		return err
	}
	f.cumulative = append(append(make([]float64, 0, (len(f.Rows)+1)*(s+1)), f.Start...), 0)
	for _, r := range f.Rows {
		f.cumulative = append(f.cumulative, r.Next...)
	}
	for i := 0; i < len(f.cumulative); i += s + 1 {
		cumulate(f.cumulative[i : i+s+1])
	}
	return nil
}

func (f *Funnel) checkShape() error {
	if f.Order < 0 || f.Order > 2 {
		return field.New("order", f.Order, "0, 1 or 2")
	}
	if !(f.Smoothing >= 0) || math.IsInf(f.Smoothing, 1) {
		return field.New("smoothing", f.Smoothing, "a number of clicks, 0 or more")
	}
	s := len(f.States)
	if s == 0 || s > maximumRows || f.rows() > maximumRows {
		return field.New("states", s, fmt.Sprintf("at least one, and at most %d histories", maximumRows))
	}
	seen := make(map[string]bool, s)
	for i, label := range f.States {
		if label == "" || seen[label] {
			return field.New(fmt.Sprintf("states[%d]", i), fmt.Sprintf("%q", label), "a label of its own")
		}
		seen[label] = true
	}
	return nil
}

// checkEnd reports a history from which the visit never ends.
func (f *Funnel) checkEnd() error {
	s := len(f.States)
	ends := make([]bool, len(f.Rows))
	var ending []int // rows whose predecessors have not been looked at
	for i, r := range f.Rows {
		if ends[i] = r.Next[s] > 0; ends[i] {
			ending = append(ending, i)
		}
	}
	for len(ending) > 0 {
		row := ending[len(ending)-1]
		ending = ending[:len(ending)-1]
		x := f.last(row)
		for i, r := range f.Rows {
			if !ends[i] && r.Next[x] > 0 && f.move(FunnelPosition(1+i), x) == FunnelPosition(1+row) {
				ends[i] = true
				ending = append(ending, i)
			}
		}
	}
	for i, e := range ends {
		if !e {
			return field.New(fmt.Sprintf("rows[%d].next", i), fmt.Sprintf("after %q no way to leave", f.history(i)), "a visit that ends: smoothing gives one")
		}
	}
	return nil
}

// LogLikelihood of a visit, -Inf for one that cannot be. One that is open is not taken to have left. It refuses states that
// the funnel does not have.
func (f *Funnel) LogLikelihood(states []int, open bool) (float64, error) {
	if err := checkPath(states, len(f.States), -1); err != nil {
		return math.NaN(), err
	}
	sum, at := math.Log(f.Start[states[0]]), f.move(0, states[0])
	for _, x := range states[1:] {
		sum += math.Log(f.Rows[at-1].Next[x])
		at = f.move(at, x)
	}
	if !open {
		sum += math.Log(f.Rows[at-1].Next[len(f.States)])
	}
	return sum, nil
}

// Visits is the expected number of clicks on each state in a visit, whose sum is the visit's expected length, and the probability of each state
// to be the last. With P the transitions among histories and s the distribution after the first click, they come of x = (I - P')⁻¹ s (Kemeny &
// Snell 1960, ch. 3).
func (f *Funnel) Visits() (clicks, last []float64, err error) {
	n, s := len(f.Rows), len(f.States)
	a, b := mat.NewDense(n, n, nil), mat.NewVecDense(n, nil)
	add := func(i, j int, v float64) { a.Set(i, j, a.At(i, j)+v) }
	for i, r := range f.Rows {
		add(i, i, 1)
		for x, p := range r.Next[:s] {
			add(int(f.move(FunnelPosition(1+i), x))-1, i, -p)
		}
	}
	for x, p := range f.Start {
		to := int(f.move(0, x)) - 1
		b.SetVec(to, b.AtVec(to)+p)
	}
	if err := solve(a, b); err != nil {
		return nil, nil, err
	}
	clicks, last = append([]float64{}, f.Start...), make([]float64, s)
	for i, r := range f.Rows {
		for x, p := range r.Next[:s] {
			clicks[x] += b.AtVec(i) * p
		}
		last[f.last(i)] += b.AtVec(i) * r.Next[s]
	}
	if f.Order == 0 { // leaving is as likely after any
		for x, n := range clicks {
			last[x] = n * f.Rows[0].Next[s]
		}
	}
	return clicks, last, nil
}

// Reach is the probability that a visit comes to the state before it ends: of the last step of a funnel, the conversion.
func (f *Funnel) Reach(state int) (float64, error) {
	n, s := len(f.Rows), len(f.States)
	if state < 0 || state >= s {
		return 0, field.New("state", state, fmt.Sprintf("one of 0 to %d", s-1))
	}
	a, b := mat.NewDense(n, n, nil), mat.NewVecDense(n, nil)
	for i, r := range f.Rows {
		a.Set(i, i, a.At(i, i)+1)
		for x, p := range r.Next[:s] {
			if x == state {
				b.SetVec(i, p)
				continue
			}
			to := int(f.move(FunnelPosition(1+i), x)) - 1
			a.Set(i, to, a.At(i, to)-p)
		}
	}
	if err := solve(a, b); err != nil {
		return 0, err
	}
	reach := f.Start[state]
	for x, p := range f.Start {
		if x != state {
			reach += p * b.AtVec(int(f.move(0, x))-1)
		}
	}
	return min(reach, 1), nil
}

// solve replaces b by a⁻¹b.
func solve(a *mat.Dense, b *mat.VecDense) error {
	var lu mat.LU
	lu.Factorize(a)
	if !(lu.Cond() < 1e14) {
		return field.New("rows", "visits that hardly ever end", "a leaving probability that can be told from 0")
	}
	return lu.SolveVecTo(b, false, b)
}
