package stock

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/rng"
	"gonum.org/v1/gonum/stat/distuv"
)

// twoLevelsOf is a config in which most keys may be anything.
func twoLevelsOf(change func(*Config)) Config {
	c := Config{Policy: "s-S", ReorderPoint: 5, OrderUpTo: 20}
	change(&c)
	return c
}

func TestABadConfigIsAnErrorThatNamesItsKey(t *testing.T) {
	for _, c := range []struct {
		key    string
		change func(*Config)
	}{
		{"policy", func(c *Config) { c.Policy = "EOQ" }},
		{"policy", func(c *Config) { c.Policy = "" }},
		{"initial_units", func(c *Config) { *c = Config{Policy: "none"} }},
		{"initial_units", func(c *Config) { c.Initial, c.Capacity = new(int64(31)), 30 }},
		{"initial_units", func(c *Config) { c.Initial = new(int64(-1)) }},
		{"order_up_to", func(c *Config) { c.OrderUpTo = 5 }},
		{"order_up_to", func(c *Config) { *c = Config{Policy: "base-stock"} }},
		{"order_quantity", func(c *Config) { *c = Config{Policy: "r-Q", ReorderPoint: 3} }},
		{"order_quantity", func(c *Config) { c.OrderQuantity = 3 }},
		{"reorder_point", func(c *Config) { *c = Config{Policy: "base-stock", OrderUpTo: 4, ReorderPoint: 1} }},
		{"smoothing", func(c *Config) { c.Smoothing = 0.1 }},
		{"censored", func(c *Config) { c.Censored = true }},
		{"review_days", func(c *Config) { *c = Config{Policy: "forecast", UnitsPerDay: 3} }},
		{"review_days", func(c *Config) { c.ReviewDays = math.NaN() }},
		{"issuing", func(c *Config) { c.Issuing = "random" }},
		{"lead_time.law", func(c *Config) { c.LeadTime.Law = "normal" }},
		{"lead_time.cv", func(c *Config) { c.LeadTime = LeadTime{"fixed", 2, 0.5} }},
		{"lead_time.cv", func(c *Config) { c.LeadTime = LeadTime{"exponential", 2, 0.5} }},
		{"lead_time.cv", func(c *Config) { c.LeadTime = LeadTime{"uniform", 2, 0.6} }},
		{"lead_time.cv", func(c *Config) { c.LeadTime = LeadTime{"gamma", 2, 0} }},
		{"most_order", func(c *Config) { c.MostOrder, c.OrderMultiple = 11, 12 }},
		{"most_order", func(c *Config) { c.MostOrder, c.OrderMultiple, c.LeastOrder = 19, 10, 15 }},
		{"capacity", func(c *Config) { c.Capacity, c.LeastOrder = 10, 11 }},
		{"lost_sale_cost", func(c *Config) { c.LostSaleCost = 0.00005 }},
	} {
		_, err := New(twoLevelsOf(c.change), 0)
		if bad, ok := errors.AsType[*field.Error](err); !ok || bad.Key != c.key {
			t.Errorf("%v, want an error about %s", err, c.key)
		}
	}
	if _, err := New(twoLevelsOf(func(*Config) {}), -1); err == nil {
		t.Error("a unit cost below 0 is taken")
	}
}

func TestWhatATagsRangeExcludesIsRefused(t *testing.T) {
	var walk func(prefix string, index []int, of reflect.Type)
	walk = func(prefix string, index []int, of reflect.Type) {
		for f := range of.Fields() {
			key, at := prefix+f.Tag.Get("toml"), append(index[:len(index):len(index)], f.Index...)
			if f.Type.Kind() == reflect.Struct {
				walk(key+".", at, f.Type)
				continue
			}
			var low, high float64
			if _, err := fmt.Sscanf(f.Tag.Get("range"), "[%g,%g]", &low, &high); err != nil {
				if kind := f.Type.Kind(); kind != reflect.String && kind != reflect.Bool {
					t.Errorf("%s has no range", key)
				}
				continue
			}
			for _, x := range []float64{low - 1, high + 1} {
				cfg := twoLevelsOf(func(*Config) {})
				switch v := reflect.ValueOf(&cfg).Elem().FieldByIndex(at); v.Kind() {
				case reflect.Float64:
					v.SetFloat(x)
				case reflect.Int64:
					v.SetInt(int64(x))
				case reflect.Pointer:
					v.Set(reflect.ValueOf(new(int64(x))))
				}
				_, err := New(cfg, 0)
				if bad, ok := errors.AsType[*field.Error](err); !ok || bad.Key != key {
					t.Errorf("%s = %v: %v", key, x, err)
				}
			}
		}
	}
	walk("", nil, reflect.TypeFor[Config]())
}

func TestThePoliciesAreThoseOfTheTag(t *testing.T) {
	f, _ := reflect.TypeFor[Config]().FieldByName("Policy")
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	if got := strings.Join(names, ","); got != f.Tag.Get("oneof") {
		t.Errorf("policies %s, the tag's %s", got, f.Tag.Get("oneof"))
	}
}

// Kolmogorov and Smirnov's statistic of n draws is above 1.95/√n in 0.1% of samples; seven are drawn.
func TestLeadTimesHaveTheirDistributions(t *testing.T) {
	const n = 20000
	for _, c := range []struct {
		law LeadTime
		cdf func(float64) float64
	}{
		{LeadTime{"uniform", 3, 0.5}, distuv.Uniform{Min: 3 - 1.5*math.Sqrt(3), Max: 3 + 1.5*math.Sqrt(3)}.CDF},
		{LeadTime{"uniform", 3, 0.1}, distuv.Uniform{Min: 3 - 0.3*math.Sqrt(3), Max: 3 + 0.3*math.Sqrt(3)}.CDF},
		{LeadTime{"exponential", 3, 0}, distuv.Exponential{Rate: 1.0 / 3}.CDF},
		{LeadTime{"gamma", 3, 0.2}, distuv.Gamma{Alpha: 25, Beta: 25.0 / 3}.CDF},
		{LeadTime{"gamma", 3, 2}, distuv.Gamma{Alpha: 0.25, Beta: 0.25 / 3}.CDF},
		{LeadTime{"lognormal", 3, 0.4}, distuv.LogNormal{Mu: math.Log(3) - math.Log(1.16)/2, Sigma: math.Sqrt(math.Log(1.16))}.CDF},
		{LeadTime{"lognormal", 3, 3}, distuv.LogNormal{Mu: math.Log(3) - math.Log(10)/2, Sigma: math.Sqrt(math.Log(10))}.CDF},
	} {
		k, err := New(twoLevelsOf(func(cfg *Config) { cfg.LeadTime = c.law }), 0)
		if err != nil {
			t.Fatal(err)
		}
		family := rng.New(1, 0).Family("lead times")
		days := make([]float64, n)
		for i := range days {
			days[i] = k.LeadDays(family.At(7, uint64(i)))
		}
		if d := smirnov(days, c.cdf); d > 1.95/math.Sqrt(n) {
			t.Errorf("%v: the distribution is off by %.4f", c.law, d)
		}
	}
}
