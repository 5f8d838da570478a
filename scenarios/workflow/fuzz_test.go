package workflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/souk-sim/souk/market"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

func FuzzGate(f *testing.F) {
	f.Add("q-learning > best-fixed")
	f.Add("a <= b >= c")
	f.Fuzz(func(t *testing.T, text string) {
		if g, ok := gateOf(text); ok && (g.a == "" || g.b == "" || g.a == g.b) {
			t.Errorf("%q is %+v", text, g)
		}
	})
}

// FuzzPolicyName: the names of policies that commands take.
func FuzzPolicyName(f *testing.F) {
	for _, name := range []string{"fixed:1.5", "fixed:1.5/display", "explore(fixed:2,0.1)", "explore(explore(random,1),0)", "cost-plus", "fixed:", "explore(,)"} {
		f.Add(name)
	}
	spec := &env.Spec{Features: []env.Feature{{Name: "stock"}}, Offers: []env.Offer{{Price: 1.5}, {Price: 1.5, Promotion: "display"}, {Price: 2}}}
	f.Fuzz(func(t *testing.T, name string) {
		inner, epsilon, err := unwrap(name)
		if err != nil {
			return
		}
		if !(epsilon >= 0 && epsilon <= 1) {
			t.Fatalf("%q explores with %v", name, epsilon)
		}
		p, known, err := ruleOf(nil, inner, spec)
		if err == nil && known {
			if a := p.Decide([]float64{1}, 0.5).Action; a < 0 || a >= len(spec.Offers) {
				t.Errorf("%q makes offer %d", name, a)
			}
		}
	})
}

func FuzzPublishedSessions(f *testing.F) {
	f.Add([]byte("session,converged,episodes_to_convergence,cycle_length\n1,1,20,2\n2,0,,\n"))
	f.Add([]byte("session\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rows, err := PublishedSessions("f.csv", bytes.NewReader(text))
		if bad, ok := errors.AsType[*field.Error](err); err != nil && (!ok || bad.File != "f.csv") {
			t.Fatalf("%v does not name its file", err)
		}
		for _, row := range rows {
			if len(row) != 4 {
				t.Fatalf("a row of %d", len(row))
			}
		}
	})
}

func FuzzTraced(f *testing.F) {
	for _, subject := range []string{"shopper/7", "shopper/2-7", "seller/a", "product/a1", "shopper/-1-2", "product/"} {
		f.Add(subject)
	}
	cfg := &market.Config{Products: []market.Product{{Name: "a1"}}, Sellers: []market.Seller{{Name: "a", Products: []string{"a1"}}}}
	f.Fuzz(func(t *testing.T, subject string) {
		trace, err := newTrace(cfg, subject)
		if bad, ok := errors.AsType[*field.Error](err); err != nil && (!ok || bad.Key != "--trace") || err == nil && trace.Subject != subject {
			t.Errorf("%q: %+v, %v", subject, trace, err)
		}
	})
}

func FuzzIDs(f *testing.F) {
	f.Add(`"a,b",c`, 2)
	f.Add(`"a`, 3)
	f.Fuzz(func(t *testing.T, id string, n int) {
		n = max(1, min(n, 9))
		if parts := idParts(id, n); len(parts) != n {
			t.Errorf("%q in %d parts is %q", id, n, parts)
		}
	})
}

// FuzzMeasures: what a run's files hold of numbers that may be missing.
func FuzzMeasures(f *testing.F) {
	f.Add([]byte(`{"name":"value@2","value":null,"standard_error":0.5}`))
	f.Add([]byte(`[1,null,3]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var m Measure
		if m.UnmarshalJSON(text) == nil {
			if _, err := json.Marshal(m); err != nil {
				t.Errorf("%s is %+v: %v", text, m, err)
			}
		}
		var c curve
		if json.Unmarshal(text, &c) == nil {
			if _, err := json.Marshal(c); err != nil {
				t.Errorf("%s is %v: %v", text, c, err)
			}
		}
	})
}
