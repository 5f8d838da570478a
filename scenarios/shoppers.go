package scenarios

import (
	"cmp"
	"errors"
	"reflect"
	"slices"
	"strings"

	"github.com/souk-sim/souk/scenarios/estimators"
	"github.com/souk-sim/souk/scenarios/field"
)

// Shoppers are the parts of which synthetic shoppers are made. A part is a table, [shoppers.choice], or where it has several models an array of
// tables, [[shoppers.journey]].
type Shoppers struct {
	Choice   []Model `toml:"choice" shorthand:"true" doc:"which product they take"`
	Persona  []Model `toml:"persona" shorthand:"true" doc:"which groups of them there are, and who reacts to what"`
	Basket   []Model `toml:"basket" shorthand:"true" doc:"what they buy together"`
	Affinity []Model `toml:"affinity" shorthand:"true" doc:"who likes what"`
	Journey  []Model `toml:"journey" shorthand:"true" doc:"how a visit unfolds"`
	Loyalty  []Model `toml:"loyalty" shorthand:"true" doc:"when they come back, and what they spend"`
}

// Model is one model of a part: its options are those of its kind. It is fitted to data, or given by hand.
type Model struct {
	Name   string `toml:"name" doc:"unique in its part; left out: the model"`
	Model  string `toml:"model" required:"true" doc:"a kind of souk estimate that belongs to the part"`
	Data   string `toml:"data" doc:"CSV or Parquet file to fit it to: a path relative to the scenario, or bundled:NAME; of choices the folder of a decision log too; left out: the parameters are given by hand"`
	SHA256 string `toml:"sha256" doc:"digest of the data; filled in when the scenario is resolved, checked when given"`
	Decided
	HeldOut *float64 `toml:"held_out" range:"[0,1)" doc:"share of the customers, or of the end of time, that the fit does not see and is judged on; left out: that of the kind, else 0.2"`

	Part      string               // of the shoppers
	Estimator estimators.Estimator // decoded from the rest of its table

	keys []string // where it stands
}

const usualHeldOut = 0.2 // of kinds that have no share of their own

// ByHand tells whether the parameters are given and nothing is fitted.
func (m *Model) ByHand() bool { return m.Data == "" }

// Options writes the options that differ from what they are by default, as TOML on one line.
func (m *Model) Options() string {
	fresh := kindOf(m.Part, m.Model).New()
	d := &document{}
	d.table("", map[string]any{}, reflect.ValueOf(fresh).Elem())
	given, usual := reflect.ValueOf(m.Estimator).Elem(), reflect.ValueOf(fresh).Elem()
	var parts []string
	for _, f := range fields(given.Type(), ShoppersAlone) {
		if v := given.FieldByIndex(f.Index); !absent(f, v) && !reflect.DeepEqual(v.Interface(), usual.FieldByIndex(f.Index).Interface()) {
			parts = append(parts, key(f)+" = "+inline(v, ShoppersAlone))
		}
	}
	return strings.Join(parts, ", ")
}

// Models lists all models, part by part in the order of the schema.
func (s *Shoppers) Models() (all []*Model) {
	v := reflect.ValueOf(s).Elem()
	for _, f := range fields(v.Type(), ShoppersAlone) {
		models := v.FieldByIndex(f.Index).Addr().Interface().(*[]Model)
		for i := range *models {
			all = append(all, &(*models)[i])
		}
	}
	return all
}

// kindOf finds a kind of a part; its New is nil where there is none.
func kindOf(part, name string) estimators.Kind {
	for _, k := range estimators.Kinds() {
		if k.Part == part && k.Name == name {
			return k
		}
	}
	return estimators.Kind{}
}

func (m *Model) choose(d *document, p path, _ map[string]any) {
	m.keys = p.keys()
	m.Part = m.keys[1]
	if m.Model == "" {
		return
	}
	if kind := kindOf(m.Part, m.Model); kind.New != nil {
		m.Name, m.Estimator = cmp.Or(m.Name, m.Model), kind.New()
		return
	}
	var names []string
	for _, k := range estimators.Kinds() {
		switch {
		case k.Part == m.Part:
			names = append(names, k.Name)
		case k.Name == m.Model:
			d.bad(p.then("model"), show(m.Model), "a model of "+m.Part+"; this one goes under shoppers."+k.Part)
			return
		}
	}
	d.bad(p.then("model"), show(m.Model), Suggest(m.Model, names))
}

func (m *Model) options() any {
	if m.Estimator == nil {
		return nil
	}
	return m.Estimator
}

// fits holds that a model has either data or parameters.
func (m *Model) fits(d *document, p path) {
	hand, can := m.Estimator.(estimators.ByHand)
	if !can {
		if m.ByHand() {
			d.bad(p.then("data"), nothing, "a file: "+m.Model+" cannot be given by hand")
		}
		m.usual()
		return
	}
	given, err := hand.Given()
	switch {
	case err != nil:
		d.wrong(p, err)
	case given != nil && !m.ByHand():
		d.bad(p.then("data"), show(m.Data)+" beside parameters", "data to fit, or the parameters by hand: one of both")
	case given == nil && m.ByHand():
		d.bad(p.then("data"), nothing, "data to fit, or the parameters by hand")
	case m.ByHand() && m.HeldOut != nil:
		d.bad(p.then("held_out"), number64(*m.HeldOut)+" beside parameters", "none: nothing is fitted")
	case m.ByHand() && m.SHA256 != "":
		d.bad(p.then("sha256"), "it beside parameters", "none: no data are read")
	}
	m.usual()
}

func (m *Model) usual() {
	if !m.ByHand() && m.HeldOut == nil {
		share := cmp.Or(kindOf(m.Part, m.Model).HeldOut, usualHeldOut)
		m.HeldOut = &share
	}
}

// shoppers checks the names of the models, which become those of files.
func (d *document) shoppers(s *Shoppers) {
	seen := map[string]map[string]bool{}
	for _, m := range s.Models() {
		at := path(strings.Join(m.keys, "\x1f")).then("name")
		d.name(at, m.Name)
		if seen[m.Part] == nil {
			seen[m.Part] = map[string]bool{}
		}
		d.once(at, seen[m.Part], m.Name)
	}
	if d.world == ShoppersAlone && len(s.Models()) == 0 {
		d.bad("shoppers", "no part", "at least one of "+strings.Join(keysOf(reflect.TypeFor[Shoppers]()), ", "))
	}
}

func keysOf(t reflect.Type) (keys []string) {
	for _, f := range fields(t, ShoppersAlone) {
		keys = append(keys, key(f))
	}
	return keys
}

// shoppersSchema lists the keys of the shoppers: those of all models once, and the options of each kind under shoppers.PART[KIND].
func shoppersSchema() (keys []Key) {
	for _, part := range describe("shoppers", reflect.ValueOf(Shoppers{}), ShoppersAlone) {
		if !strings.Contains(part.Key, "[]") {
			part.Type = "table or tables"
			keys = append(keys, part)
		}
	}
	keys = append(keys, describe("shoppers.*", reflect.ValueOf(Model{}), ShoppersAlone)...)
	for _, part := range keysOf(reflect.TypeFor[Shoppers]()) {
		for _, k := range estimators.Kinds() {
			if k.Part == part {
				keys = append(keys, describe("shoppers."+part+"["+k.Name+"]", reflect.ValueOf(k.New()).Elem(), ShoppersAlone)...)
			}
		}
	}
	return keys
}

// Needs says that a scenario of shoppers alone, or of a world without shoppers, has no market to do something in; nil where there is one.
func (s *Scenario) Needs(what string) error {
	switch s.World() {
	case WeeklyCategory, OpenMarket:
		return nil
	case ShoppersAlone:
	default:
		return s.Fault(s.World().words(), "a market with shoppers to "+what+" in: [data] or [[products]]; souk train and souk reproduce take this one", string(s.World()))
	}
	return s.Fault("shoppers alone", "a market to "+what+" in, beside them: [data], [[sellers]] and the rest, as in canned-tuna; souk fit takes shoppers alone", "shoppers")
}

// at is where a model's key stands.
func (m *Model) at(key string) path {
	return path(strings.Join(append(slices.Clone(m.keys), key), "\x1f"))
}

// File names the file that a fitted model is written to.
func (m *Model) File() string { return m.Part + "-" + m.Name + ".json" }

// canonical writes each model as a table, of an array where its part has several.
func (s *Shoppers) canonical(b *strings.Builder) {
	of := map[string]int{}
	for _, m := range s.Models() {
		of[m.Part]++
	}
	for _, m := range s.Models() {
		header := "[shoppers." + m.Part + "]"
		if of[m.Part] > 1 {
			header = "[" + header + "]"
		}
		b.WriteString("\n" + header + "\n")
		body(b, reflect.ValueOf(m).Elem(), ShoppersAlone)
	}
}

// ModelFault says that an option of a model does not go with the data: it gets the file and line of the option's key. Errors about the
// data stay as they are.
func (s *Scenario) ModelFault(m *Model, err error) error {
	bad, ok := errors.AsType[*field.Error](err)
	if !ok || bad.File != "" {
		return err
	}
	keys := slices.Clone(m.keys)
	if bad.Key != "" {
		keys = append(keys, strings.Split(bad.Key, ".")...)
	}
	return s.Fault(bad.Found, bad.Expected, keys...)
}
