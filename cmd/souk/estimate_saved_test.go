package main

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/affinity"
	"github.com/souk-sim/souk/market/basket"
	"github.com/souk-sim/souk/market/choice"
	"github.com/souk-sim/souk/market/journey"
	"github.com/souk-sim/souk/market/loyalty"
	"github.com/souk-sim/souk/market/persona"
	"github.com/souk-sim/souk/scenarios"
	"github.com/souk-sim/souk/scenarios/estimators"
)

// reloaded reads a saved model in its room, and saves it again.
func reloaded(kind estimators.Kind, text []byte) ([]byte, error) {
	switch {
	case kind.Name == "quantity":
		q, err := choice.LoadQuantity(text)
		if err != nil {
			return nil, err
		}
		return q.Save()
	case kind.Name == "intention":
		m, err := persona.LoadIntention(text)
		if err != nil {
			return nil, err
		}
		return m.Save()
	case kind.Part == estimators.Choice:
		m, err := choice.LoadIndividual(text)
		if err != nil {
			return nil, err
		}
		return json.Marshal(m)
	case kind.Part == estimators.Persona:
		p, err := persona.Load(text)
		if err != nil {
			return nil, err
		}
		return p.Save()
	case kind.Part == estimators.Basket:
		c, err := basket.Load(text)
		if err != nil {
			return nil, err
		}
		return c.Save()
	case kind.Part == estimators.Affinity:
		m, items, err := affinity.LoadNamed(text)
		if err != nil {
			return nil, err
		}
		return affinity.SaveNamed(m, items)
	case kind.Part == estimators.Loyalty:
		m, spend, err := loyalty.Load(text)
		if err != nil {
			return nil, err
		}
		return loyalty.Save(m, spend)
	}
	j, err := journey.Load(text)
	if err != nil {
		return nil, err
	}
	return journey.Save(j)
}

// TestWhatEveryKindSavesLoadsAgain in its room, to a model that is saved as the same document; one of another schema is refused by that name.
func TestWhatEveryKindSavesLoadsAgain(t *testing.T) {
	plantedFolder(t)
	for _, kind := range estimators.Kinds() {
		if !kind.Saves() {
			continue
		}
		for _, c := range plantedCases[kind.Name] {
			args := append([]string{"estimate", kind.Name, "--data", c.log + ".csv", "--model", "model.json"}, c.args...)
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code != 0 {
				t.Fatalf("%q: exit %d: %s", args, code, stderr.String())
			}
			text, err := os.ReadFile("model.json")
			if err != nil {
				t.Fatal(err)
			}
			again, err := reloaded(kind, text)
			if err != nil {
				t.Errorf("%q: %v", args, err)
				continue
			}
			if !bytes.Equal(compact(t, text), compact(t, again)) {
				t.Errorf("%q: saved again it is\n%.400s, not\n%.400s", args, again, text)
			}
			other := bytes.Replace(text, []byte(`"souk.`), []byte(`"soap.`), 1)
			if _, err := reloaded(kind, other); err == nil || !strings.HasPrefix(err.Error(), "schema: ") {
				t.Errorf("%q: of another schema: %v", args, err)
			}
		}
	}
}

// TestAFitLeavesTheOptionsAsTheyAre in every kind.
func TestAFitLeavesTheOptionsAsTheyAre(t *testing.T) {
	plantedFolder(t)
	for _, kind := range estimators.Kinds() {
		for _, c := range plantedCases[kind.Name] {
			options := func() estimators.Estimator {
				e, given := kind.New(), map[string]any{}
				for i, arg := range c.args {
					name, isFlag := strings.CutPrefix(arg, "--")
					name = strings.ReplaceAll(name, "-", "_")
					switch {
					case !isFlag:
					case i+1 == len(c.args) || strings.HasPrefix(c.args[i+1], "--"):
						given[name] = true
					default:
						given[name] = scenarios.Text(e, name, c.args[i+1])
					}
				}
				if err := scenarios.Fill(e, given); err != nil {
					t.Fatalf("%s %q: %v", kind.Name, c.args, err)
				}
				return e
			}
			data, err := openFile(c.log + ".csv")
			if err != nil {
				t.Fatal(err)
			}
			fitted := options()
			if _, err := fitted.Fit(t.Context(), estimators.Job{Data: data, Open: openFile, Workers: 2}); err != nil {
				t.Fatalf("%s %q: %v", kind.Name, c.args, err)
			}
			if before := options(); !reflect.DeepEqual(fitted, before) {
				t.Errorf("%s %q: the fit changed %+v to %+v", kind.Name, c.args, before, fitted)
			}
		}
	}
}

// TestAShareThatHoldsNothingOutIsRefused by every kind that holds customers out.
func TestAShareThatHoldsNothingOutIsRefused(t *testing.T) {
	plantedFolder(t)
	for kind, c := range map[string]plantedCase{
		"logit": plantedCases["logit"][0], "quantity": plantedCases["quantity"][0], "kmeans": plantedCases["kmeans"][0], "mixture": plantedCases["mixture"][1],
		"coupon": plantedCases["coupon"][0], "intention": plantedCases["intention"][1], "baskets": plantedCases["baskets"][0], "funnel": plantedCases["funnel"][0],
		"clicks": plantedCases["clicks"][0],
	} {
		for _, share := range []string{"0.00001", "0.99999"} {
			args := append([]string{"estimate", kind, "--data", c.log + ".csv", "--held-out", share}, c.args...)
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), args, strings.NewReader(""), &stdout, &stderr); code != 2 || !strings.Contains(stderr.String(), "--held-out: found ") {
				t.Errorf("%q: exit %d: %s", args, code, stderr.String())
			}
		}
	}
}

func compact(t *testing.T, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, text); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
