package demand

import (
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
)

// LSTM is the equation of Regression and a small recurrent network (long short-term memory: Hochreiter & Schmidhuber 1997)
// that reads the features of the last eight periods and adds what the line leaves, as the autoregressive highway of
// LSTNet does (Lai et al. 2018). It is trained by gomlx on one core until the end of the series no longer profits; where it
// never does, the line remains. The network runs in plain Go afterwards.
type LSTM struct {
	Period int    `json:"-"` // periods a season, read by Fit
	Seed   uint64 `json:"-"` // of the first weights, read by Fit
	equation
	Network *network `json:"network,omitempty"` // none where it adds nothing
	tracker
}

const (
	lstmUnits  = 8
	lstmWindow = 8 // periods
)

// network maps a window of rows to a number. The gates are in ONNX's order: input, output, forget, cell.
type network struct {
	Center    []float64 `json:"center"` // of the features, and their Spread; the network sees them standardised
	Spread    []float64 `json:"spread"`
	Scale     float64   `json:"scale"`     // of the number
	Input     []float64 `json:"input"`     // 4 × units × features
	Recurrent []float64 `json:"recurrent"` // 4 × units × units
	Bias      []float64 `json:"bias"`      // 4 × units
	Output    []float64 `json:"output"`    // units
}

// Fit estimates the equation and trains the network (see Model). It needs what Regression needs.
func (m *LSTM) Fit(s Series) error {
	d, df, err := m.equation.fit(&m.tracker, s, m.Period)
	if err != nil {
		return err
	}
	left := d.residuals(&m.equation)
	m.Network = newNetwork(d.rows)
	m.State = append(m.State, make([]float64, (lstmWindow-1)*len(m.Coefficients))...)
	used, err := m.Network.train(m.windows(d, s.Start), left, m.Seed)
	if err != nil {
		return fmt.Errorf("LSTM: %w", err)
	}
	if !used {
		m.Network = nil
		m.State = m.State[:m.Features.stateLen()]
	}
	m.finish(m, !used, s.Start, d.z, d.xs, d.from, df)
	if used {
		// The network has seen the values that it was trained on, and was stopped by the tail: what it saved on either flatters it. The
		// spread stays the line's.
		m.Sigma = math.Sqrt(dot(left, left) / float64(len(left)-df))
	}
	return nil
}

// windows are the standardised rows up to each row of the table, the last one its own.
func (m *LSTM) windows(d *table, start int) [][]float64 {
	k := len(m.Coefficients)
	var all [][]float64
	state := append([]float64(nil), m.State...)
	last := m.State[m.Features.reach()-1]
	for t := d.from; t < len(d.z); t++ {
		if !math.IsNaN(d.z[t]) {
			window := append(make([]float64, 0, lstmWindow*k), state[m.Features.stateLen():]...)
			window = window[:lstmWindow*k]
			m.Features.row(window[(lstmWindow-1)*k:], state, start+t, d.xs[t])
			m.Network.standardise(window[(lstmWindow-1)*k:])
			all = append(all, window)
			last = d.z[t]
		}
		m.take(state, start+t, d.xs[t], last, last)
	}
	return all
}

func (m *LSTM) mean(state []float64, t int, x []float64) float64 {
	var buffer [maxFeatures]float64
	row := buffer[:len(m.Coefficients)]
	m.Features.row(row, state, t, x)
	y := m.predict(row)
	if m.Network != nil {
		m.Network.standardise(row)
		y += float64(m.Network.Scale * m.Network.run(state[m.Features.stateLen():], row))
	}
	return y
}

// The state is that of the features, then the standardised rows of the window but the last one, oldest first.
func (m *LSTM) take(state []float64, t int, x []float64, mean, z float64) {
	if m.Network != nil {
		var buffer [maxFeatures]float64
		row := buffer[:len(m.Coefficients)]
		m.Features.row(row, state, t, x)
		m.Network.standardise(row)
		past := state[m.Features.stateLen():]
		copy(past, past[len(row):])
		copy(past[len(past)-len(row):], row)
	}
	m.Features.push(state, x, z)
}

func (m *LSTM) restore() error {
	more := 0
	if m.Network != nil {
		more = (lstmWindow - 1) * len(m.Coefficients)
	}
	if err := m.check(&m.tracker, more); err != nil {
		return err
	}
	if m.Network != nil {
		if err := m.Network.check(len(m.Coefficients)); err != nil {
			return err
		}
	}
	m.step, m.linear = m, m.Network == nil
	return nil
}

func (n *network) check(features int) error {
	for _, part := range []struct {
		name   string
		values []float64
		want   int
	}{
		{"center", n.Center, features}, {"spread", n.Spread, features}, {"input", n.Input, 4 * lstmUnits * features},
		{"recurrent", n.Recurrent, 4 * lstmUnits * lstmUnits}, {"bias", n.Bias, 4 * lstmUnits}, {"output", n.Output, lstmUnits},
	} {
		if len(part.values) != part.want {
			return field.New("network."+part.name, fmt.Sprintf("%d values", len(part.values)), fmt.Sprint(part.want))
		}
	}
	for _, v := range n.Spread {
		if !(v > 0) {
			return field.New("network.spread", v, "a positive number")
		}
	}
	return nil
}

// newNetwork standardises as the rows need it: center and spread, 1 for a constant column.
func newNetwork(rows [][]float64) *network {
	k := len(rows[0])
	n := &network{Center: make([]float64, k), Spread: make([]float64, k)}
	g := newGram(k)
	ones := make([]float64, len(rows))
	for i := range ones {
		ones[i] = 1
	}
	g.fill(rows, ones, ones)
	copy(n.Center, g.mean)
	for j, s := range g.spread {
		if n.Spread[j] = s; s == 0 {
			n.Spread[j] = 1
		}
	}
	return n
}

func (n *network) standardise(row []float64) {
	for j := range row {
		row[j] = (row[j] - n.Center[j]) / n.Spread[j]
	}
}

// run reads the past rows and the last one: c ← σ(f)c + σ(i)tanh(g), h ← σ(o)tanh(c), and gives h'output.
func (n *network) run(past, last []float64) float64 {
	var hidden, cell [lstmUnits]float64
	var gates [4 * lstmUnits]float64
	k := len(last)
	for at := 0; at <= len(past); at += k {
		row := last
		if at < len(past) {
			row = past[at : at+k]
		}
		for g := range gates {
			sum := n.Bias[g]
			for j, w := range n.Input[g*k : (g+1)*k] {
				sum += float64(w * row[j])
			}
			for j, w := range n.Recurrent[g*lstmUnits : (g+1)*lstmUnits] {
				sum += float64(w * hidden[j])
			}
			gates[g] = sum
		}
		for u := range hidden {
			in, out, forget, next := gates[u], gates[lstmUnits+u], gates[2*lstmUnits+u], gates[3*lstmUnits+u]
			cell[u] = float64(sigmoid(forget)*cell[u]) + float64(sigmoid(in)*tanh(next))
			hidden[u] = float64(sigmoid(out) * tanh(cell[u]))
		}
	}
	sum := 0.0
	for u, h := range hidden {
		sum += float64(n.Output[u] * h)
	}
	return sum
}

func sigmoid(x float64) float64 { return 1 / (1 + portable.Exp(-x)) }

func tanh(x float64) float64 { return 2*sigmoid(2*x) - 1 }
