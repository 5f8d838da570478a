package market

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/souk-sim/souk/scenarios/field"
)

// checkTables holds the tables of a configuration against what the tags of their fields say, so that one who builds a Config by hand is told what one who writes a
// scenario is told.
func (cfg *Config) checkTables() error {
	for _, table := range []struct {
		key   string
		value any
	}{{"traffic", cfg.Traffic}, {"channels", cfg.Channels}, {"personas", cfg.Personas}, {"products", cfg.Products}, {"reference", cfg.Reference}, {"visit", cfg.Visit},
		{"loyalty", cfg.Loyalty}} {
		if err := checkTags(table.key, reflect.ValueOf(table.value)); err != nil {
			return err
		}
	}
	return nil
}

// checkTags holds numbers against their ranges, the ends included, and words against their choices. A table or a word that is left out is nothing wrong.
func checkTags(key string, v reflect.Value) error {
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			e := v.Index(i)
			name := fmt.Sprint(i)
			if e.Kind() == reflect.Struct {
				if f := e.FieldByName("Name"); f.IsValid() && f.String() != "" {
					name = f.String()
				}
			}
			if err := checkTags(key+"."+name, e); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("toml"), ",")
			if name == "" || v.Field(i).Kind() == reflect.Struct && v.Field(i).IsZero() {
				continue
			}
			if err := checkTag(key+"."+name, f.Tag, v.Field(i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkTag(key string, tag reflect.StructTag, v reflect.Value) error {
	var low, high, x float64
	interval := tag.Get("range")
	if words := tag.Get("oneof"); words != "" && v.Kind() == reflect.String && v.String() != "" && !strings.Contains(","+words+",", ","+v.String()+",") {
		return field.New(key, v.String(), "one of "+strings.ReplaceAll(words, ",", ", "))
	}
	if interval == "" {
		return checkTags(key, v)
	}
	switch {
	case v.CanFloat():
		x = v.Float()
	case v.CanInt():
		x = float64(v.Int())
	default:
		return nil
	}
	if n, _ := fmt.Sscanf(interval[1:], "%g,%g", &low, &high); n == 2 && !(low <= x && x <= high) {
		return field.New(key, x, fmt.Sprintf("a number from %g to %g", low, high))
	}
	return nil
}
