package demand

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
)

// Combination forecasts the weighted mean of several models' forecasts, with weights inverse to their errors in back-tests
// within the series (Bates & Granger 1969; for absolute errors Stock & Watson 2004), and equal ones where it is too short.
// Its distribution is the mixture of theirs with the same weights, the linear pool (Stone 1961): the mean is that of the
// point forecasts, every simulated path is a path of one member, and what the members disagree about widens the intervals,
// which are taken from 1,000 simulated paths.
type Combination struct {
	// Members are the models' names among Kinds; none stands for damped-ets, theta and auto-arima.
	Members []string
	Options Options   // of all members
	Weights []float64 // of the members, with sum 1
	// Warnings are those of a fit: a member that could not be fitted is left out and named here.
	Warnings []string
	pool     []weighted
}

// weighted is a fitted member.
type weighted struct {
	Model
	weight float64
}

// The back-tests forecast one season, at least 6 periods, from up to 2 origins; a model sees at least so many periods.
const (
	backtestOrigins  = 2
	backtestLeast    = 6
	backtestTraining = 12
)

// Fit fits all members to s and weighs them (see Model).
func (m *Combination) Fit(s Series) error {
	m.pool, m.Warnings, m.Weights = nil, nil, nil
	if len(m.Members) == 0 {
		m.Members = []string{"damped-ets", "theta", "auto-arima"}
	}
	var pool []weighted
	var failed error
	total, weights := 0.0, m.backtest(s)
	for i, name := range m.Members {
		member, err := New(name, m.Options)
		if err != nil {
			return err
		}
		if err := member.Fit(s); err != nil {
			failed, weights[i] = err, 0
			m.Warnings = append(m.Warnings, fmt.Sprintf("%s is left out: %v", name, err))
			continue
		}
		total += weights[i]
		pool = append(pool, weighted{member, weights[i]})
	}
	if !(total > 0) {
		return failed
	}
	for i := range weights {
		weights[i] /= total
	}
	for i := range pool {
		pool[i].weight /= total
	}
	m.pool, m.Weights = pool, weights
	return nil
}

// backtest gives the weights before they are scaled: 1 over the sum of absolute errors from all origins, which counts at least
// a thousandth of the worst. A member that an origin leaves without forecasts is as bad as the worst.
func (m *Combination) backtest(s Series) []float64 {
	n, h := len(s.Values), max(backtestLeast, m.Options.Period)
	errors := make([]float64, len(m.Members))
	for k := 1; k <= backtestOrigins && n-k*h >= max(backtestTraining, 3*m.Options.Period); k++ {
		for i, name := range m.Members {
			errors[i] += pastError(name, m.Options, s, n-k*h, h)
		}
	}
	worst := 0.0
	for _, e := range errors {
		if !math.IsInf(e, 1) {
			worst = max(worst, e)
		}
	}
	weights := make([]float64, len(m.Members))
	for i, e := range errors {
		weights[i] = 1
		if worst > 0 {
			weights[i] = 1 / min(max(e, 1e-3*worst), worst)
		}
	}
	return weights
}

// pastError is the sum of absolute errors of h forecasts from the origin after n values; +Inf where there are none.
func pastError(name string, o Options, s Series, n, h int) float64 {
	m, err := New(name, o)
	if err != nil {
		return math.Inf(1)
	}
	past := Series{Start: s.Start, Values: s.Values[:n], Regressors: s.Regressors}
	if err := m.Fit(past); err != nil {
		return math.Inf(1)
	}
	future := make([]Regressor, len(s.Regressors))
	for j, x := range s.Regressors {
		future[j] = Regressor{x.Name, x.Values[n:]}
	}
	f, err := m.Forecast(h, 0.5, future)
	if err != nil {
		return math.Inf(1)
	}
	sum := 0.0
	for i, v := range f.Median {
		if e := math.Abs(s.Values[n+i] - v); !math.IsNaN(e) {
			sum += e
		}
	}
	return sum
}

func (m *Combination) fitted() error {
	if m.pool == nil {
		return field.New("model", "one that is not fitted", "a fitted or loaded model")
	}
	return nil
}

// Next is the number of the first period after the history.
func (m *Combination) Next() int {
	if m.pool == nil {
		return 0
	}
	return m.pool[0].Next()
}

// Forecast predicts h periods (see Model). Mean and Median are the weighted means of the members'.
func (m *Combination) Forecast(h int, coverage float64, future []Regressor) (*Forecast, error) {
	if err := m.fitted(); err != nil {
		return nil, err
	}
	f, err := Simulated(m, h, coverage, forecastPaths, future, rng.New(0, 0).Family("demand/combination"))
	if err != nil {
		return nil, err
	}
	clear(f.Mean)
	clear(f.Median)
	clear(f.TransformedMean)
	squares := make([]float64, h)
	for _, member := range m.pool {
		g, err := member.Forecast(h, coverage, future)
		if err != nil {
			return nil, err
		}
		w := member.weight
		for t := range h {
			f.Mean[t] += float64(w * g.Mean[t])
			f.Median[t] += float64(w * g.Median[t])
			f.TransformedMean[t] += float64(w * g.TransformedMean[t])
			squares[t] += float64(w * (float64(g.TransformedMean[t]*g.TransformedMean[t]) + float64(g.TransformedSE[t]*g.TransformedSE[t])))
		}
	}
	for t, mean := range f.TransformedMean {
		f.TransformedSE[t] = math.Sqrt(max(0, squares[t]-float64(mean*mean)))
	}
	return f, nil
}

// Update takes the observation of the next period into the history of every member, or, where one refuses it, of none (see
// Model). The weights stay.
func (m *Combination) Update(y float64, x []float64) error {
	if err := m.refuses(y, x); err != nil {
		return err
	}
	for _, member := range m.pool {
		if err := member.Update(y, x); err != nil {
			return err
		}
	}
	return nil
}

func (m *Combination) refuses(y float64, x []float64) error {
	if err := m.fitted(); err != nil {
		return err
	}
	for _, member := range m.pool {
		if r, ok := member.Model.(interface {
			refuses(float64, []float64) error
		}); ok {
			if err := r.refuses(y, x); err != nil {
				return err
			}
		}
	}
	return nil
}

// Simulator prepares paths of up to h periods (see Model): each is that of one member, drawn with the weights.
func (m *Combination) Simulator(h int, future []Regressor) (Simulator, error) {
	if err := m.fitted(); err != nil {
		return nil, err
	}
	s := &combinationPath{family: rng.New(0, 0).Family("demand/combination/member")}
	sum := 0.0
	for _, member := range m.pool {
		sim, err := member.Simulator(h, future)
		if err != nil {
			return nil, err
		}
		sum += member.weight
		s.members, s.upTo = append(s.members, sim), append(s.upTo, sum)
	}
	return s, nil
}

type combinationPath struct {
	members []Simulator
	upTo    []float64 // sums of the weights
	family  rng.Family
	own     rng.Stream
}

// Path takes two draws: one chooses the member, the other gives it a stream of its own, as members take different numbers.
func (s *combinationPath) Path(stream *rng.Stream, path []float64) {
	u, i := stream.Open(), 0
	for i < len(s.members)-1 && u > s.upTo[i] {
		i++
	}
	s.own = s.family.At(stream.Uint64())
	s.members[i].Path(&s.own, path)
}

type combinationJSON struct {
	Members   []string          `json:"members"`
	Period    int               `json:"period"`
	Transform Transform         `json:"transform"`
	Seed      uint64            `json:"seed"`
	Weights   []float64         `json:"weights"`
	Warnings  []string          `json:"warnings,omitempty"`
	Models    []json.RawMessage `json:"models"` // of the members with a weight, as Save writes them
}

// MarshalJSON writes the members' models after their weights.
func (m Combination) MarshalJSON() ([]byte, error) {
	doc := combinationJSON{Members: m.Members, Period: m.Options.Period, Transform: m.Options.Transform, Seed: m.Options.Seed,
		Weights: m.Weights, Warnings: m.Warnings}
	for _, member := range m.pool {
		b, err := Save(member.Model)
		if err != nil {
			return nil, err
		}
		doc.Models = append(doc.Models, b)
	}
	return json.Marshal(doc)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (m *Combination) UnmarshalJSON(b []byte) error {
	var doc combinationJSON
	if err := strict(b, &doc); err != nil {
		return err
	}
	*m = Combination{Members: doc.Members, Options: Options{Period: doc.Period, Transform: doc.Transform, Seed: doc.Seed},
		Weights: doc.Weights, Warnings: doc.Warnings}
	if len(m.Weights) != len(m.Members) {
		return field.New("weights", fmt.Sprintf("%d weights", len(m.Weights)), fmt.Sprintf("%d, one a member", len(m.Members)))
	}
	sum := 0.0
	for i, w := range m.Weights {
		sum += w
		if !(w >= 0 && w <= 1) {
			return field.New("weight of "+m.Members[i], w, "a number from 0 to 1")
		}
		if w == 0 {
			continue
		}
		if len(m.pool) == len(doc.Models) {
			return field.New("models", fmt.Sprintf("%d models", len(doc.Models)), "one for each weight above 0")
		}
		member, err := Load(doc.Models[len(m.pool)])
		if err != nil {
			return fmt.Errorf("%s: %w", m.Members[i], err)
		}
		if len(m.pool) > 0 && member.Next() != m.pool[0].Next() {
			return field.New("next", member.Next(), fmt.Sprintf("%d, as of the first member", m.pool[0].Next()))
		}
		m.pool = append(m.pool, weighted{member, w})
	}
	if math.Abs(sum-1) > 1e-9 {
		return field.New("weights", m.Weights, "numbers with sum 1")
	}
	if len(m.pool) != len(doc.Models) {
		return field.New("models", fmt.Sprintf("%d models", len(doc.Models)), "one for each weight above 0")
	}
	return nil
}
