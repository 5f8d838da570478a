package workflow

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"github.com/souk-sim/souk/results/rundir"
	"github.com/souk-sim/souk/scenarios"
)

// kindFiles tell what made a run, by a file that no other kind has.
var kindFiles = []struct{ kind, file string }{
	{"bench", "bench.json"}, {"abtest", "abtest.json"}, {"ope", "ope.json"}, {"optimize", "optimize.json"}, {"sweep", "sweep.json"},
	{"train", "summary.json"}, {"study", "measures.json"}, {"forecast", "forecasts.parquet"}, {"rounds", "rounds.json"}, {"loop", "loop.json"},
}

// RunKinds are the kinds of runs that RunKind tells.
func RunKinds() (all []string) {
	for _, k := range kindFiles {
		all = append(all, k.kind)
	}
	return all
}

// RunKind is what made a run: "train", "study" (a game or a problem) and so on; "" where its files do not tell, as those of an incomplete one.
func RunKind(m *rundir.Manifest) string {
	if m == nil {
		return ""
	}
	for _, k := range kindFiles {
		if slices.ContainsFunc(m.Files, func(e rundir.Entry) bool { return e.Name == k.file }) {
			return k.kind
		}
	}
	return ""
}

// RunFigure is one of a run's main figures: what a policy earns, a measure.
type RunFigure struct {
	Name  string   `json:"name"`
	Unit  string   `json:"unit,omitempty"`
	Value float64  `json:"value"`
	Low   *float64 `json:"low,omitempty"` // of its interval; nil where it has none
	High  *float64 `json:"high,omitempty"`
}

// Asked is a scenario as a run of the kind has it: with what its command fills in though nobody set it.
func Asked(kind string, s *scenarios.Scenario) *scenarios.Scenario {
	if kind == "optimize" {
		s = s.Optimized()
	}
	if (kind == "optimize" || kind == "bench") && s.World() != scenarios.PricingProblem {
		withTop(s)
	}
	return s
}

// Figures are a run's main figures, in its own order: those of its comparison, its benchmark, its experiment, its loop or its study. Other kinds have none.
func (f *RunFiles) Figures() (all []RunFigure, err error) {
	type estimate struct{ Value, Low, High *float64 }
	add := func(name, unit string, e estimate) {
		if e.Value != nil {
			all = append(all, RunFigure{Name: name, Unit: unit, Value: *e.Value, Low: e.Low, High: e.High})
		}
	}
	var training struct {
		Comparison struct {
			Rows []struct {
				Name   string
				Profit estimate
			}
		}
	}
	if _, err := f.json("summary.json", &training); err != nil {
		return nil, err
	}
	if _, err := f.json("optimize.json", &training); err != nil { // of the same shape
		return nil, err
	}
	for _, row := range training.Comparison.Rows {
		add(row.Name, "$", row.Profit)
	}
	var loop struct{ Bench struct{ Gain estimate } }
	if _, err := f.json("loop.json", &loop); err != nil {
		return nil, err
	}
	add("candidate − champion", "$", loop.Bench.Gain)
	var rounds struct {
		Gained estimate `json:"refitted_over_frozen"`
		Kept   estimate
	}
	if _, err := f.json("rounds.json", &rounds); err != nil {
		return nil, err
	}
	add("kept of knowing the truth", "", rounds.Kept)
	add("refitted − frozen", "$", rounds.Gained)
	var offPolicy OffPolicyReport
	if _, err := f.json("ope.json", &offPolicy); err != nil {
		return nil, err
	}
	if offPolicy.Result != nil {
		if best := offPolicy.best(); best != nil {
			e := best.Estimate
			add(offPolicy.Policy+", by "+best.Name, "", estimate{&e.Value, &e.Low, &e.High})
		}
	}
	var bench struct {
		Scenarios []struct {
			Scenario, Unit string
			Policies       []struct {
				Name string `json:"name"`
				Mean estimate
			}
		}
	}
	if _, err := f.json("bench.json", &bench); err != nil {
		return nil, err
	}
	for _, s := range bench.Scenarios {
		for _, row := range s.Policies {
			name := row.Name
			if len(bench.Scenarios) > 1 {
				name = s.Scenario + ": " + name
			}
			add(name, s.Unit, row.Mean)
		}
	}
	var tested Tested
	if _, err := f.json("abtest.json", &tested); err != nil {
		return nil, err
	}
	if tested.Report != nil {
		for _, m := range tested.Report.Metrics {
			for _, e := range m.Effects {
				add(m.Name+", "+e.Arm+" − "+tested.Report.Arms[0].Name, "", estimate{&e.Difference.Value, &e.Difference.Low, &e.Difference.High})
			}
		}
	}
	var study struct{ Measures []Measure }
	if _, err := f.json("measures.json", &study); err != nil {
		return nil, err
	}
	for _, m := range study.Measures {
		low, high := m.interval()
		add(m.Name, m.Unit, estimate{&m.Value, &low, &high})
	}
	return all, nil
}

// Setting is a key of a scenario as it stands in several runs; nil where a run's scenario lacks it.
type Setting struct {
	Key    string `json:"key"`
	Values []any  `json:"values"` // by run
}

// Differences are the keys that runs' scenarios do not have alike, sorted.
func Differences(runs []*RunFiles) (all []Setting, err error) {
	flat := make([]map[string]any, len(runs))
	keys := map[string]bool{}
	for i, f := range runs {
		text, err := f.Read("scenario.toml")
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		var tree map[string]any
		if _, err := toml.Decode(string(text), &tree); err != nil {
			return nil, fmt.Errorf("%s/%s: scenario.toml: %w", f.Name, f.ID, err)
		}
		flat[i] = map[string]any{}
		leaves(flat[i], "", tree)
		for key := range flat[i] {
			keys[key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		s := Setting{Key: key}
		alike := true
		for i := range flat {
			s.Values = append(s.Values, flat[i][key])
			alike = alike && reflect.DeepEqual(flat[i][key], flat[0][key])
		}
		if !alike {
			all = append(all, s)
		}
	}
	return all, nil
}

// leaves puts the leaves of a scenario under their dotted keys; tables of an array go by their names, as --set has them, or by their numbers.
func leaves(into map[string]any, prefix string, value any) {
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			leaves(into, strings.TrimPrefix(prefix+"."+key, "."), v[key])
		}
	case []map[string]any:
		for i, element := range v {
			name, ok := element["name"].(string)
			if !ok {
				name = fmt.Sprint(i)
			}
			leaves(into, prefix+"."+name, element)
		}
	default:
		into[prefix] = v
	}
}
