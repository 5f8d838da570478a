package scenarios

import (
	"reflect"
	"slices"
	"strings"
)

// World is what a scenario describes: which of its tables and keys there are.
type World string

// The worlds. Each is told by the table that no scenario of it can do without.
const (
	ShoppersAlone  World = ""         // [shoppers] and no market
	WeeklyCategory World = "category" // [data]: a chain's weekly panel (package market/category)
	OpenMarket     World = "market"   // [[products]]: many sellers, shoppers one by one (package market)
	RepeatedGame   World = "game"     // [game]: several learners in a game in closed form (package market/oligopoly)
	PricingProblem World = "problem"  // [problem]: one seller in closed form, solved exactly (package market/monopoly)
)

// words say what a scenario of the world is of.
func (w World) words() string {
	switch w {
	case WeeklyCategory:
		return "a chain's weekly category, told by [data]"
	case OpenMarket:
		return "the open market, told by [[products]]"
	case RepeatedGame:
		return "a repeated game, told by [game]"
	case PricingProblem:
		return "a pricing problem, told by [problem]"
	}
	return "shoppers alone"
}

// worldOf tells the world of a document by the tables that it has. Where the one that decides is missing, because it is forgotten or misspelt, the
// others tell.
func worldOf(root map[string]any) World {
	has := func(world string) bool {
		t := reflect.TypeFor[Scenario]()
		return slices.ContainsFunc(reflect.VisibleFields(t), func(f reflect.StructField) bool {
			_, given := root[key(f)]
			return given && f.Tag.Get("world") == world
		})
	}
	switch {
	case root["game"] != nil:
		return RepeatedGame
	case root["problem"] != nil:
		return PricingProblem
	case root["products"] != nil:
		return OpenMarket
	case root["data"] != nil, has(string(WeeklyCategory)):
		return WeeklyCategory
	case has(string(OpenMarket)):
		return OpenMarket
	case has(string(RepeatedGame)):
		return RepeatedGame
	case has("category,market"), has("category,market,problem"), root["shoppers"] == nil:
		return WeeklyCategory
	}
	return ShoppersAlone
}

// World is the one that the scenario is of.
func (s *Scenario) World() World { return s.document.world }

// in tells whether a world has a field.
func (w World) in(f reflect.StructField) bool {
	worlds := f.Tag.Get("world")
	return worlds == "" || slices.Contains(strings.Split(worlds, ","), string(w))
}

// fields returns the struct fields that are keys in a world, embedded structs taken apart, with the tags that hold there.
func fields(t reflect.Type, w World) []reflect.StructField {
	var all []reflect.StructField
	for _, f := range reflect.VisibleFields(t) {
		if k := key(f); k != "" && k != "-" && w.in(f) {
			all = append(all, w.resolve(f))
		}
	}
	return all
}

// resolve puts the tags of a world in the place of those that hold elsewhere.
func (w World) resolve(f reflect.StructField) reflect.StructField {
	for _, name := range []string{"default", "oneof", "range"} {
		if value, own := f.Tag.Lookup(name + "-" + string(w)); own {
			f.Tag = reflect.StructTag(name+`:"`+value+`" `) + f.Tag
		}
	}
	return f
}

// foreign complains of keys that a struct has in another world alone, and adds them to the known ones.
func (d *document) foreign(p path, table map[string]any, t reflect.Type, known map[string]bool) {
	for _, f := range reflect.VisibleFields(t) {
		k := key(f)
		if _, given := table[k]; given && !known[k] && k != "" && k != "-" {
			known[k] = true
			first, _, _ := strings.Cut(f.Tag.Get("world"), ",")
			d.bad(p.then(k), "a key of "+World(first).words(), "none: this scenario is of "+d.world.words())
		}
	}
}
