package persona

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"github.com/souk-sim/souk/results/stats"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/portable"
	"gonum.org/v1/gonum/mat"
)

// Input is one thing that is known of a session: a number, or one of some words.
type Input struct {
	Name  string   `json:"name"`
	Words []string `json:"words,omitempty"` // none: a number. Each word but the first is a feature of its own, 1 or 0
	Log   bool     `json:"log,omitempty"`   // of a number, sign(x)·ln(1+|x|) is the feature
}

// Intention is the probability that a session ends in a purchase, by what is known of it (Sakar, Polat, Katircioglu & Kastro 2019): a
// penalised logistic regression or a random forest. Exactly one of them is there.
type Intention struct {
	Inputs   []Input         `json:"inputs"`
	Logistic *stats.Logistic `json:"logistic,omitempty"` // of the features
	Forest   *stats.Forest   `json:"forest,omitempty"`
}

// IntentionOptions say how an Intention is fitted.
type IntentionOptions struct {
	Path   stats.PathOptions
	Folds  stats.FoldOptions
	Forest stats.ForestOptions
}

// FitIntention fits both models to n sessions: values (n × inputs, row by row) are numbers, or the places of words in Words; bought has 1
// where a session ended in a purchase, else 0. The logistic regression is of the penalty of least deviance in cross-validation. oob are the
// forest's probabilities by trees that did not see the session, NaN where all did.
func FitIntention(inputs []Input, values, bought []float64, o IntentionOptions) (logistic, forest *Intention, path *stats.Validated, oob []float64, err error) {
	logistic, forest = &Intention{Inputs: inputs}, &Intention{Inputs: inputs}
	d, n := len(logistic.Features()), len(bought)
	if d == 0 || len(values) != n*len(inputs) {
		return nil, nil, nil, nil, field.New("values", fmt.Sprintf("%d", len(values)), fmt.Sprintf("%d, one for each input of each session, of which there are some", n*len(inputs)))
	}
	x, rows := make([]float64, n*d), make([][]float64, n)
	for i := range n {
		rows[i] = x[i*d : (i+1)*d]
		logistic.Encode(values[i*len(inputs):(i+1)*len(inputs)], rows[i])
	}
	if path, err = stats.CrossValidateLogistic(bought, mat.NewDense(n, d, x), logistic.Features(), o.Path, o.Folds); err != nil {
		return nil, nil, nil, nil, err
	}
	logistic.Logistic = path.Models[path.Best]
	forest.Forest, oob, err = stats.FitForest(rows, bought, o.Forest)
	return logistic, forest, path, oob, err
}

// Features are the names of what the inputs make.
func (m *Intention) Features() (names []string) {
	for _, n := range m.Inputs {
		if len(n.Words) == 0 {
			names = append(names, n.Name)
		}
		for _, w := range n.Words[min(1, len(n.Words)):] {
			names = append(names, n.Name+"="+w)
		}
	}
	return names
}

// Encode makes features x, as long as Features, of the inputs' values: numbers, or places of words, where a place that no word has means
// one never seen and counts as the first. It does not allocate.
func (m *Intention) Encode(values, x []float64) {
	at := 0
	for j := range m.Inputs {
		n := &m.Inputs[j]
		if len(n.Words) == 0 {
			x[at] = values[j]
			if n.Log {
				x[at] = math.Copysign(portable.Log(1+math.Abs(x[at])), x[at])
			}
			at++
			continue
		}
		for w := 1; w < len(n.Words); w++ {
			x[at] = 0
			if values[j] == float64(w) {
				x[at] = 1
			}
			at++
		}
	}
}

// Probability is that of a purchase at the features x, as Encode makes them. It does not allocate.
func (m *Intention) Probability(x []float64) float64 {
	if m.Logistic != nil {
		return m.Logistic.Probability(x)
	}
	return m.Forest.Predict(x)
}

// LogLik is the log-likelihood of sessions: values (n × inputs) and bought (n) as FitIntention takes them. It is that of the penalised
// coefficients, and so no more than the greatest; what happened though its probability is 0 counts as 1e-300.
func (m *Intention) LogLik(values, bought []float64) (sum float64) {
	x, d := make([]float64, len(m.Features())), len(m.Inputs)
	for i, y := range bought {
		m.Encode(values[i*d:(i+1)*d], x)
		p := m.Probability(x)
		sum += portable.Log(max(float64(y*p)+float64((1-y)*(1-p)), 1e-300))
	}
	return sum
}

const intentionSchema = "souk.intention/1"

type savedIntention struct {
	Schema string `json:"schema"`
	*Intention
}

// Save writes the model as JSON. LoadIntention reads it back to the same behaviour, bit for bit.
func (m *Intention) Save() ([]byte, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	return json.Marshal(savedIntention{intentionSchema, m})
}

// LoadIntention reads what Save wrote. An error names what is wrong in the document.
func LoadIntention(b []byte) (*Intention, error) {
	s := savedIntention{Intention: &Intention{}}
	if err := field.Document(b, intentionSchema, &s); err != nil {
		return nil, err
	}
	return s.Intention, s.check()
}

// check reports the first thing by which there would be no probability.
func (m *Intention) check() error {
	for i, n := range m.Inputs {
		if len(n.Words) == 1 || n.Log && n.Words != nil || len(n.Words) != len(slices.Compact(slices.Sorted(slices.Values(n.Words)))) {
			return field.New(fmt.Sprintf("inputs[%d]", i), fmt.Sprintf("%d words", len(n.Words)), "a number, or two different words or more")
		}
	}
	names := m.Features()
	switch {
	case len(names) == 0:
		return field.New("inputs", "none", "one or more")
	case (m.Logistic == nil) == (m.Forest == nil):
		return field.New("model", "both or none", "a logistic regression or a forest")
	case m.Forest != nil:
		return m.Forest.Check(len(names))
	case !slices.Equal(m.Logistic.Names, names):
		return field.New("logistic.names", fmt.Sprintf("%q", m.Logistic.Names), fmt.Sprintf("%q", names))
	}
	return m.Logistic.Check()
}
