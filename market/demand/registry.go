package demand

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// Options are what all models share.
type Options struct {
	Period    int // periods a season; 0 and 1 mean none
	Transform Transform
	Seed      uint64 // of models that learn at random
	Workers   int    // that a fit may keep busy, 0 meaning one; the result does not depend on it
}

// Kind is a model that can be chosen by name.
type Kind struct {
	Name, Summary string
	New           func(Options) Model
}

// Kinds lists the models. A new one is a file and a line here.
func Kinds() []Kind {
	return []Kind{
		{"naive", "the last value", func(o Options) Model {
			return &Naive{tracker: tracker{Transform: o.Transform}}
		}},
		{"seasonal-naive", "the value of the same season last time", func(o Options) Model {
			return &Naive{Period: o.Period, tracker: tracker{Transform: o.Transform}}
		}},
		{"drift", "the last value and the mean change", func(o Options) Model {
			return &Naive{Drift: true, tracker: tracker{Transform: o.Transform}}
		}},
		{"naive2", "the last value of the seasonally adjusted series, the M competitions' benchmark", func(o Options) Model {
			return &Naive2{smoothed{Period: o.Period, tracker: tracker{Transform: o.Transform}}}
		}},
		{"ets", "exponential smoothing, the form by AICc", func(o Options) Model {
			return &ETS{Period: o.Period, tracker: tracker{Transform: o.Transform}}
		}},
		{"damped-ets", "exponential smoothing, any trend damped", func(o Options) Model {
			return &ETS{Period: o.Period, Damped: true, tracker: tracker{Transform: o.Transform}}
		}},
		{"theta", "simple exponential smoothing with half the trend, seasonally adjusted", func(o Options) Model {
			return &Theta{smoothed{Period: o.Period, tracker: tracker{Transform: o.Transform}}}
		}},
		{"regression", "linear in lags, season and regressors, by a robust ridge", func(o Options) Model {
			return &Regression{Period: o.Period, tracker: tracker{Transform: o.Transform}}
		}},
		{"forest", "regression, and a random forest on what it leaves", func(o Options) Model {
			return &Forest{Period: o.Period, Seed: o.Seed, Workers: o.Workers, tracker: tracker{Transform: o.Transform}}
		}},
		{"lstm", "regression, and a small recurrent network on what it leaves", func(o Options) Model {
			return &LSTM{Period: o.Period, Seed: o.Seed, tracker: tracker{Transform: o.Transform}}
		}},
		{"auto-arima", "ARIMA, the order by unit-root tests and AICc", func(o Options) Model {
			return &Auto{ARIMA: ARIMA{Period: o.Period, Transform: o.Transform}, Workers: o.Workers}
		}},
		{"combination", "damped-ets, theta and auto-arima, weighted by their errors in back-tests", func(o Options) Model {
			return &Combination{Options: o}
		}},
		{"poisson", "autoregression of counts, Poisson; takes no transform", func(o Options) Model {
			return &Counts{Period: o.Period}
		}},
		{"negative-binomial", "autoregression of overdispersed counts; takes no transform", func(o Options) Model {
			return &Counts{Period: o.Period, NegativeBinomial: true}
		}},
	}
}

// New gives an unfitted model by its name among Kinds.
func New(name string, o Options) (Model, error) {
	var names []string
	for _, k := range Kinds() {
		if k.Name == name {
			return k.New(o), nil
		}
		names = append(names, k.Name)
	}
	return nil, field.New("model", fmt.Sprintf("%q", name), "one of "+strings.Join(names, ", "))
}

// saved is a fitted model in a file: its kind, and the model as it writes itself.
type saved struct {
	Schema string          `json:"schema"`
	Kind   string          `json:"kind"` // the Go type's name
	Model  json.RawMessage `json:"model"`
}

const savedSchema = "souk.demand/1"

// kindOf is the name of a model's type in files.
func kindOf(m Model) string { return strings.ToLower(reflect.TypeOf(m).Elem().Name()) }

// blank gives an empty model of a type by its name in files, or nil: one of the kinds, or what stands behind or around them.
func blank(kind string) Model {
	models := []Model{new(ARIMA), new(Conformal)}
	for _, k := range Kinds() {
		models = append(models, k.New(Options{}))
	}
	for _, m := range models {
		if kindOf(m) == kind {
			return reflect.New(reflect.TypeOf(m).Elem()).Interface().(Model)
		}
	}
	return nil
}

// Save writes a fitted model as readable JSON. Load reads it back to the same forecasts, bit for bit.
func Save(m Model) ([]byte, error) {
	if m == nil {
		return nil, field.New("model", "none", "a fitted model")
	}
	kind := kindOf(m)
	if blank(kind) == nil {
		return nil, field.New("model", kind, "a model of this package")
	}
	if f, ok := m.(interface{ fitted() error }); ok && f.fitted() != nil {
		return nil, f.fitted()
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("demand.Save: %w", err)
	}
	return json.Marshal(saved{savedSchema, kind, b})
}

// Load reads what Save wrote. An error names what is wrong in the document.
func Load(b []byte) (Model, error) {
	var f saved
	if err := strict(b, &f); err != nil {
		return nil, fmt.Errorf("demand model: %w", err)
	}
	if f.Schema != savedSchema {
		return nil, field.New("schema", fmt.Sprintf("%q", f.Schema), savedSchema)
	}
	m := blank(f.Kind)
	if m == nil {
		return nil, field.New("kind", fmt.Sprintf("%q", f.Kind), "a demand model's kind")
	}
	if err := strict(f.Model, m); err != nil {
		return nil, fmt.Errorf("%s model: %w", f.Kind, err)
	}
	if r, ok := m.(tracked); ok {
		return m, r.restore()
	}
	return m, nil
}

func strict(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
