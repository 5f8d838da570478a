package main

import (
	"slices"
	"strings"
	"testing"
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
	if !strings.Contains(page, "columns: choice koos, household klant;\nattributes: price;\nconstants against a\n") {
		t.Error(page)
	}
	if e := estimateChoice(t, "logit", append(args, "--base", "b")...); e.Base != "b" {
		t.Errorf("base %q", e.Base)
	}
}
