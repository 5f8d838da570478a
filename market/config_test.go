package market

import (
	"errors"
	"math"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// spoil puts an extreme value into a number that is drawn from all that a configuration holds.
func spoil(t *rapid.T, cfg *Config) {
	var numbers []reflect.Value
	var walk func(v reflect.Value)
	walk = func(v reflect.Value) {
		switch v.Kind() {
		case reflect.Pointer, reflect.Interface:
			if !v.IsNil() && v.Elem().Kind() == reflect.Struct {
				walk(v.Elem())
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if v.Type().Field(i).Name != "CrossSell" && v.Type().Field(i).Name != "Model" {
					walk(v.Field(i))
				}
			}
		case reflect.Slice:
			for i := range v.Len() {
				walk(v.Index(i))
			}
		default:
			if v.CanSet() && (v.CanFloat() || v.CanInt() || v.Kind() == reflect.String) {
				numbers = append(numbers, v)
			}
		}
	}
	walk(reflect.ValueOf(cfg))
	v := rapid.SampledFrom(numbers).Draw(t, "spoilt")
	switch {
	case v.CanFloat():
		v.SetFloat(oneOf(t, "float", math.NaN(), math.Inf(1), math.Inf(-1), -1, 0, 1, 1e-300, 1e300, -1e300, 1e9, 1e6, 500, -500, 0.5, 1e-5))
	case v.CanInt():
		v.SetInt(oneOf[int64](t, "int", math.MaxInt64, math.MinInt64, -1, 0, 1, 2, 31, 33, 1000, 1<<31))
	default:
		v.SetString(oneOf(t, "string", "", "x", "p0", "seller0", "shelf"))
	}
}

// errEnough stops an episode that goes on and on.
var errEnough = errors.New("enough events")

// runSpoilt says what is wrong with a configuration that has an extreme value, or runs it: never a panic, never a number that is none.
func runSpoilt(t *rapid.T) {
	cfg := drawWorld(t)
	for range rapid.IntRange(1, 3).Draw(t, "values") {
		spoil(t, cfg)
	}
	if cfg.Horizon > 1000 {
		return
	}
	m, err := New(cfg, 1)
	if err != nil {
		if e, ok := err.(*field.Error); !ok || e.Key == "" {
			t.Fatalf("an error without a key: %v", err)
		}
		return
	}
	defer func() {
		if r := recover(); r != nil && r != errEnough {
			panic(r)
		}
	}()
	events := 0
	m.watch = func(float64, event) {
		if events++; events > 5000 {
			panic(errEnough)
		}
	}
	var step env.TimeStep
	for turns := 0; m.Next(&step); turns++ {
		if !(math.Abs(step.Reward) <= 1e300) || math.IsNaN(step.Discount) {
			t.Fatalf("reward %g, discount %g", step.Reward, step.Discount)
		}
		if step.Stage == env.Last {
			continue
		}
		k := turns % len(step.Mask)
		for !step.Mask[k] {
			k = (k + 1) % len(step.Mask)
		}
		m.Act(k)
	}
	if a := m.Account(); !(math.Abs(a.Profit) < math.Inf(1)) || !(a.Surplus >= 0 && a.Surplus < math.Inf(1)) || math.IsNaN(a.Satisfaction) || math.IsNaN(a.MeanPrice) {
		t.Fatalf("%+v", a)
	}
}

// Whatever stands in a configuration, it is refused by the key that is wrong, or runs.
func TestAnyConfigurationIsRefusedOrRuns(t *testing.T) { rapid.Check(t, runSpoilt) }

func FuzzConfig(f *testing.F) { f.Fuzz(rapid.MakeFuzz(runSpoilt)) }
