package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/market/choice"
)

// TestSignsThatTheoryDoesNotExpectAreSaid on the real panels: the reference price of yogurt, and a
// normal law of the price that reaches above 0; a log-normal law and a plain logit get no such word.
func TestSignsThatTheoryDoesNotExpectAreSaid(t *testing.T) {
	for _, c := range []struct {
		kind, dataset string
		flags, says   []string // says none: no word about signs
	}{
		{"logit", "choice/yogurt.csv", []string{"--reference", "price"}, []string{"gain has -", "loss has 0.", "the reverse of what a reference price"}},
		{"logit", "choice/yogurt.csv", nil, nil},
		{"mixed", "choice/yogurt.csv", []string{"--log-normal", "price"}, nil},
		{"mixed", "choice/catsup.csv", []string{"--normal", "price"}, []string{"price is above 0 for", "a log-normal law has one sign"}},
	} {
		e := estimateChoice(t, c.kind, append(choicePanel(t, c.dataset), c.flags...)...)
		said := strings.Join(e.Warnings, "; ")
		for _, words := range c.says {
			if !strings.Contains(said, words) {
				t.Errorf("%s %v: no %q in %q", c.kind, c.flags, words, said)
			}
		}
		if c.says == nil && (strings.Contains(said, "above 0") || strings.Contains(said, "theory")) {
			t.Errorf("%s %v: %q", c.kind, c.flags, said)
		}
	}
}

// TestAPageSaysWhatWasTaken: columns, attributes and the base, which JSON has too.
func TestAPageSaysWhatWasTaken(t *testing.T) {
	data := written(t, "klant,price.a,price.b,koos\n1,1,2,a\n1,2,1,b\n2,2,1.5,a\n2,2,3,b\n3,1,2,a\n3,2,1,a\n")
	args := []string{"--data", data, "--id", "klant", "--choice", "koos"}
	_, page, _ := call(t, slices.Concat([]string{"estimate", "logit", "--quiet"}, args)...)
	if !strings.Contains(strings.Join(strings.Fields(page), " "), "columns: choice koos, household klant; attributes: price; constants against a ") {
		t.Error(page)
	}
	if e := estimateChoice(t, "logit", append(args, "--base", "b")...); e.Base != "b" {
		t.Errorf("base %q", e.Base)
	}
}

// TestQuantitiesAreFittedFromACountColumn against the fit of market/choice that the scenario's figures come from.
func TestQuantitiesAreFittedFromACountColumn(t *testing.T) {
	text := "who,units,deal\n"
	for i := range 400 { // quantities of a Poisson law truncated at 0, by inverse transform of a lattice
		law := choice.Quantity{Intercept: 0.5, Deal: 0.4}
		deal := float64(i % 2)
		text += fmt.Sprintf("%d,%d,%g\n", i/4, law.Draw((float64(i*181%400)+0.5)/400, deal), deal)
	}
	path, model := written(t, text), filepath.Join(t.TempDir(), "model.json")
	e := estimateChoice(t, "quantity", "--data", path, "--count", "units", "--deal", "deal", "--id", "who", "--family", "poisson", "--model", model)
	a, _, _ := e.coefficient("intercept")
	b, se, clustered := e.coefficient("deal")
	if math.Abs(a-0.5) > 0.05 || math.Abs(b-0.4) > 0.05 || !(se > 0 && clustered > 0) || e.Customers != 100 || e.N != 400 {
		t.Errorf("%.4f + %.4f (%.4f) deal, %d customers, %d rows", a, b, se, e.Customers, e.N)
	}
	raw, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	if q, err := choice.LoadQuantity(raw); err != nil || q.Deal != b || q.Intercept != a {
		t.Errorf("%+v, %v", q, err)
	}
}
