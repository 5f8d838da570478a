package journey

import (
	"errors"
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Mixture is visits of several kinds, each a chain of its own: a visit is of one kind to its end (the mixture of Markov chains
// of Poulsen 1990, Int. J. Research in Marketing 7, 5; Cadez et al. 2003, Data Mining and Knowledge Discovery 7, 399).
// Unlike one chain it knows visits that stay and visits that wander, short ones and long ones. Kinds come by falling share.
type Mixture struct {
	Shares    []float64         `json:"shares"`
	Kinds     []*Funnel         `json:"kinds"` // of the same states and order
	Estimates *MixtureEstimates `json:"estimates,omitempty"`

	cumulative []float64
}

// MixtureOptions say how a mixture is fitted.
type MixtureOptions struct {
	Kinds int // 1 or more
	Order int // of each kind's chain: 0, 1 or 2
	// Smoothing is that of FunnelOptions, of each kind's chain. With 0 a kind may shut out what it has not seen.
	Smoothing float64
	Starts    int // 0 is 10
	Seed      uint64
}

// MixtureEstimates is how a mixture was fitted by EM: N is visits. Starts is how many random starts were tried, each for some
// sweeps; the best of them was climbed to the end.
type MixtureEstimates struct {
	Estimates
	Starts int `json:"starts"`
}

const (
	mixtureStarts      = 10
	mixtureFirstSweeps = 30
	mixtureSweeps      = 2000
	// mixtureTolerance ends EM: the rise of the log-likelihood in one sweep, per visit.
	mixtureTolerance = 1e-7
)

// Visit appends to states, which may be nil, those of one new visit.
func (m *Mixture) Visit(states []int, stream *rng.Stream) []int {
	f, at, state := m.Kinds[invert(m.cumulative, stream.Float64())], FunnelPosition(0), 0
	for state, at = f.Next(at, stream.Float64()); state != Leave; state, at = f.Next(at, stream.Float64()) {
		states = append(states, state)
	}
	return states
}

// Check says what is wrong with a mixture given by hand or read from a file, and readies a right one for use.
func (m *Mixture) Check() error {
	if len(m.Kinds) == 0 {
		return field.New("kinds", 0, "at least one")
	}
	if err := checkProbabilities("shares", m.Shares, len(m.Kinds)); err != nil {
		return err
	}
	for i, f := range m.Kinds {
		key := fmt.Sprintf("kinds[%d]", i)
		if f == nil {
			return field.New(key, "nothing", "a funnel")
		}
		if err := f.Check(); err != nil {
			var bad *field.Error
			if errors.As(err, &bad) {
				bad.Key = key + "." + bad.Key
			}
			return err
		}
		if like := m.Kinds[0]; f.Order != like.Order || fmt.Sprintf("%q", f.States) != fmt.Sprintf("%q", like.States) {
			return field.New(key, fmt.Sprintf("order %d over %q", f.Order, f.States), fmt.Sprintf("order %d over %q, as the first", like.Order, like.States))
		}
	}
	m.cumulative = append([]float64{}, m.Shares...)
	cumulate(m.cumulative)
	return nil
}

// LogLikelihood of a visit, -Inf for one that cannot be. One that is open is not taken to have left.
func (m *Mixture) LogLikelihood(states []int, open bool) (float64, error) {
	logs := make([]float64, len(m.Kinds))
	for k, f := range m.Kinds {
		l, err := f.LogLikelihood(states, open)
		if err != nil {
			return math.NaN(), err
		}
		logs[k] = math.Log(m.Shares[k]) + l
	}
	return logSum(logs), nil
}

// logSum is log Σ exp.
func logSum(logs []float64) float64 {
	top := math.Inf(-1)
	for _, l := range logs {
		top = max(top, l)
	}
	if math.IsInf(top, -1) {
		return top
	}
	sum := 0.0
	for _, l := range logs {
		sum += math.Exp(l - top)
	}
	return top + math.Log(sum)
}
