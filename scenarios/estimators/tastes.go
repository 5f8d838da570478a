package estimators

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/scenarios/field"
)

// Tastes are the parameters of a conditional or mixed logit, where a scenario has no logs to fit one to.
type Tastes struct {
	Alternatives []string           `toml:"alternatives" required:"true" doc:"what people choose from"`
	Coefficients map[string]float64 `toml:"coefficients" required:"true" doc:"of attributes, and asc_NAME of alternatives; an alternative without one has 0"`
	SD           map[string]float64 `toml:"sd" doc:"mixed: standard deviations over households of the coefficients that differ; of log-normal ones, those of the logarithm"`
	Provenance   string             `toml:"provenance" required:"true" doc:"where the numbers come from"`
}

// estimates gives the coefficients the order of a fit: constants by alternative, then attributes by name.
func (p *Tastes) estimates(base string, outside bool) (choice.Estimates, error) {
	e := choice.Estimates{Alternatives: p.Alternatives, Outside: outside, Converged: true, Warnings: []string{"given by hand: " + p.Provenance}}
	constants := 0
	for _, name := range slices.Sorted(maps.Keys(p.Coefficients)) {
		if v := p.Coefficients[name]; math.IsNaN(v) || math.IsInf(v, 0) {
			return e, field.New("parameters.coefficients."+name, v, "a finite number")
		}
		alternative, constant := strings.CutPrefix(name, "asc_")
		if !constant {
			e.Attributes = append(e.Attributes, name)
			continue
		}
		constants++
		if !slices.Contains(p.Alternatives, alternative) {
			return e, field.New("parameters.coefficients."+name, alternative, fmt.Sprintf("one of the alternatives %q", p.Alternatives))
		}
	}
	e.Utility = choice.Utility{Base: base, NoConstants: constants == 0}
	if base == "" && !outside {
		for _, a := range p.Alternatives {
			if _, given := p.Coefficients["asc_"+a]; !given {
				e.Utility.Base = a
				break
			}
		}
	}
	if _, given := p.Coefficients["asc_"+e.Utility.Base]; given || constants == len(p.Alternatives) && !outside {
		return e, field.New("parameters.coefficients", "a constant of every alternative", "none of the one that the others are held against")
	}
	if constants > 0 {
		for _, a := range p.Alternatives {
			if a != e.Utility.Base {
				e.Coefficients = append(e.Coefficients, choice.Parameter{Name: "asc_" + a, Estimate: p.Coefficients["asc_"+a]})
			}
		}
	}
	for _, a := range e.Attributes {
		e.Coefficients = append(e.Coefficients, choice.Parameter{Name: a, Estimate: p.Coefficients[a]})
	}
	return e, nil
}

// logit is a conditional logit of the parameters.
func (p *Tastes) logit(base string, outside bool) (json.Marshaler, error) {
	if len(p.SD) > 0 {
		return nil, field.New("parameters.sd", "standard deviations", "model = \"mixed\", where tastes differ")
	}
	e, err := p.estimates(base, outside)
	if err != nil {
		return nil, err
	}
	return checked(&choice.Logit{Estimates: e})
}

// mixed is a mixed logit of the parameters; those of logNormal are exp of a normal with the sign and median that Coefficients give.
func (p *Tastes) mixed(base string, outside bool, logNormal []string, nodes int) (json.Marshaler, error) {
	e, err := p.estimates(base, outside)
	if err != nil {
		return nil, err
	}
	m := &choice.MixedLogit{Estimates: e, Nodes: nodes}
	if nodes == 0 {
		m.Nodes = 500
	}
	for _, name := range slices.Sorted(maps.Keys(p.SD)) {
		if sd := p.SD[name]; !(sd >= 0 && sd < 100) {
			return nil, field.New("parameters.sd."+name, sd, "a number from 0 to 100")
		}
		if err := m.Spread(name, p.SD[name], slices.Contains(logNormal, name)); err != nil {
			return nil, err
		}
	}
	return checked(m)
}

// checked is a model as it loads from its JSON form.
func checked(m json.Marshaler) (json.Marshaler, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	loaded, err := choice.LoadIndividual(text)
	if bad, ok := err.(*field.Error); ok {
		return nil, field.New("parameters", bad.Key+" "+bad.Found, bad.Expected)
	}
	if err != nil {
		return nil, err
	}
	return loaded.(json.Marshaler), nil
}

func list(names []string) string { return strings.Join(names, ", ") }
