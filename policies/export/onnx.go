// Package export turns frozen policies into what shops already run: ONNX models, SQL, CSV and Parquet tables. Each decides as the policy
// does; docs/formats/export.md says what goes in and what comes out.
package export

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// ONNX returns a policy as an ONNX model, opset 17. Input: observation, float64 [n, features], NaN where a feature is missing; of a network
// whose offer is drawn also u, float64 [n], uniform in [0, 1). Outputs: action, int64 [n]; price, float64 [n]; promotion, int64 [n], an index into the
// list in the metadata; values, float64 [n, offers]. It decides without exploration, and otherwise as Decide does: the encoder compares in
// float32, limits and values are float64, ties go to the lowest index.
func ONNX(p policies.Frozen, version string) ([]byte, error) {
	frame := p.About()
	m := &model{spec: &frame.Spec}
	m.input("observation", float64s, len(frame.Spec.Features))
	mask := m.mask()
	var action, values string
	switch p := p.(type) {
	case *policies.Table:
		action, values = m.table(p, mask)
	case *policies.Linear:
		action, values = m.linear(p, mask)
	case *policies.Gaussian:
		action, values = m.gaussian(p, mask)
	case *policies.Network:
		action, values = m.network(p, mask)
	default:
		return nil, field.New("policy", fmt.Sprintf("%T", p), "a kind that has an ONNX form: table, linear, gaussian, network")
	}
	promotions, names := m.promotions()
	m.output(action, "action", int64s, 0)
	m.output(m.op("Gather", []string{m.prices(), action}), "price", float64s, 0)
	m.output(m.op("Gather", []string{promotions, action}), "promotion", int64s, 0)
	m.output(values, "values", float64s, len(frame.Spec.Offers))
	spec, err := json.Marshal(&frame.Spec)
	if err != nil {
		return nil, err
	}
	list, err := json.Marshal(names)
	if err != nil {
		return nil, err
	}
	return m.model("souk", version, p.String(), []property{{"souk.revision", frame.Revision}, {"souk.spec", string(spec)}, {"souk.promotions", string(list)}}), nil
}

// model is a graph of a policy with these features and offers.
type model struct {
	graph
	spec *env.Spec
}

// prices are those of the offers.
func (m *model) prices() string {
	var all []float64
	for _, o := range m.spec.Offers {
		all = append(all, o.Price)
	}
	return m.doubles(all, len(all))
}

// promotions are those of the offers, by their place in the list of names, of which the first is none.
func (m *model) promotions() (places string, names []string) {
	names = []string{""}
	var all []int64
	for _, o := range m.spec.Offers {
		at := slices.Index(names, o.Promotion)
		if at < 0 {
			at, names = len(names), append(names, o.Promotion)
		}
		all = append(all, int64(at))
	}
	return m.wholes(all, len(all)), names
}

// column is a feature, [n] or as a column [n, 1].
func (m *model) column(feature int, flat bool) string {
	at := m.wholes([]int64{int64(feature)}, 1)
	x := m.op("Gather", []string{"observation", at}, attribute{"axis", 1})
	if flat {
		return m.op("Squeeze", []string{x, m.axis(1)})
	}
	return x
}

func (m *model) axis(k int64) string { return m.wholes([]int64{k}, 1) }

// zeros is an int64 0 for each row.
func (m *model) zeros() string {
	missing := m.op("Cast", []string{m.op("IsNaN", []string{"observation"})}, attribute{"to", int64(int64s)})
	return m.op("Mul", []string{m.op("ReduceSum", []string{missing, m.axis(1)}, attribute{"keepdims", 0}), m.whole(0)})
}

// mask is which offers the limits allow, bool [n, offers] (env.Spec.Allow).
func (m *model) mask() string {
	n := len(m.spec.Offers)
	// Beyond a floor or a ceiling by more than anything, else not at all; a row for each observation.
	beyond := make([]float64, n)
	for a := range beyond {
		beyond[a] = math.Inf(1)
	}
	for _, a := range bounded(m.spec) {
		beyond[a] = 0
	}
	row := m.op("Cast", []string{m.op("Unsqueeze", []string{m.zeros(), m.axis(1)})}, attribute{"to", int64(float64s)})
	worst := m.op("Add", []string{row, m.doubles(beyond, 1, n)})
	for _, l := range m.spec.Limits {
		if l.Drop <= 0 && l.Rise <= 0 && l.Times <= 0 {
			continue
		}
		x, prices := m.column(l.Index, false), m.prices()
		for _, bound := range []struct {
			by   float64
			over func() string
		}{
			{l.Drop, func() string { return m.op("Sub", []string{m.op("Sub", []string{x, prices}), m.double(l.Drop)}) }},
			{l.Rise, func() string { return m.op("Sub", []string{m.op("Sub", []string{prices, x}), m.double(l.Rise)}) }},
			{l.Times, func() string { return m.op("Sub", []string{m.op("Mul", []string{x, m.double(l.Times)}), prices}) }},
		} {
			if bound.by <= 0 {
				continue
			}
			excess := bound.over()
			// A missing value makes it NaN, which is not greater.
			excess = m.op("Where", []string{m.op("Greater", []string{excess, m.double(env.Slack)}), excess, m.double(0)})
			worst = m.op("Max", []string{worst, excess})
		}
	}
	kept := m.op("Equal", []string{worst, m.double(0)})
	least := m.op("ArgMin", []string{worst}, attribute{"axis", 1}, attribute{"keepdims", 1})
	only := m.op("Equal", []string{least, m.wholes(count(n), 1, n)})
	none := m.op("Not", []string{m.any(kept)}) // runtimes have no Where for booleans
	return m.op("Or", []string{kept, m.op("And", []string{none, only})})
}

// any tells of each row whether one is true, [n, 1].
func (m *model) any(truths string) string {
	counted := m.op("ReduceSum", []string{m.op("Cast", []string{truths}, attribute{"to", int64(int64s)}), m.axis(1)}, attribute{"keepdims", 1})
	return m.op("Greater", []string{counted, m.whole(0)})
}

func count(n int) []int64 {
	all := make([]int64, n)
	for i := range all {
		all[i] = int64(i)
	}
	return all
}

// highest is the first of the highest values among those that count, [n].
func (m *model) highest(values, counts string) string {
	masked := m.op("Where", []string{counts, values, m.double(math.Inf(-1))})
	return m.op("ArgMax", []string{masked}, attribute{"axis", 1}, attribute{"keepdims", 0})
}

// state is the encoder, int64 [n].
func (m *model) state(e *policies.Encoder) string {
	state := m.zeros()
	for _, d := range e.Dimensions {
		x, edges := m.column(d.Index, false), int64(len(d.Edges))
		bin := m.zeros()
		if edges > 0 {
			single := m.op("Cast", []string{x}, attribute{"to", int64(float32s)})
			above := m.op("GreaterOrEqual", []string{single, m.singles(d.Edges, 1, len(d.Edges))})
			bin = m.op("ReduceSum", []string{m.op("Cast", []string{above}, attribute{"to", int64(int64s)}), m.axis(1)}, attribute{"keepdims", 0})
		}
		missing := m.op("Squeeze", []string{m.op("IsNaN", []string{x}), m.axis(1)})
		bin = m.op("Where", []string{missing, m.whole(edges + 1), bin})
		state = m.op("Add", []string{m.op("Mul", []string{state, m.whole(edges + 2)}), bin})
	}
	return state
}

// table looks a row up. Where the limits forbid all that training tried, the allowed offer nearest to the best of the row is made.
func (m *model) table(t *policies.Table, mask string) (action, values string) {
	n, states := len(m.spec.Offers), t.Encoder.States()
	rows, tried, ideals := make([]float64, 0, states*n), make([]bool, 0, states*n), make([]int64, states)
	for s := range states {
		from := t.Source(s) * n
		rows = append(rows, t.Values[from:from+n]...)
		for a := range n {
			tried = append(tried, t.Tried(from+a))
		}
		ideals[s] = int64(t.Greedy(s))
	}
	state := m.state(&t.Encoder)
	values = m.op("Gather", []string{m.doubles(rows, states, n), state})
	counts := m.op("And", []string{mask, m.op("Gather", []string{m.truths(tried, states, n), state})})
	nearness := m.op("Gather", []string{m.doubles(nearness(m.spec), n, n), m.op("Gather", []string{m.wholes(ideals, states), state})})
	some := m.op("Squeeze", []string{m.any(counts), m.axis(1)})
	return m.op("Where", []string{some, m.highest(values, counts), m.highest(nearness, mask)}), values
}

// nearness is, for each offer, how near the others are to it, the nearest highest: policies.Nearest as an order.
func nearness(spec *env.Spec) []float64 {
	n := len(spec.Offers)
	all := make([]float64, n*n)
	for from, o := range spec.Offers {
		order := count(n)
		slices.SortStableFunc(order, func(x, y int64) int {
			other := func(at int64) int {
				if spec.Offers[at].Promotion != o.Promotion {
					return 1
				}
				return 0
			}
			gap := func(at int64) float64 { return math.Abs(spec.Offers[at].Price - o.Price) }
			return cmp.Or(cmp.Compare(other(x), other(y)), cmp.Compare(gap(x), gap(y)))
		})
		for rank, a := range order {
			all[from*n+int(a)] = -float64(rank)
		}
	}
	return all
}
