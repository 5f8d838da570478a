package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/sim/env"
)

// bundled writes a policy of two features that offers so in the states of the first, whatever the second; Training saw the first three cells of the stock.
func bundled(t *testing.T, folder string, offers ...int) string {
	t.Helper()
	spec := &env.Spec{Features: []env.Feature{{Name: "stock", Max: 4}, {Name: "rival", Max: 1}}, Offers: []env.Offer{{Price: 1}, {Price: 1.5}, {Price: 2}},
		Limits: []env.Limit{{Floor: 0.5, Ceiling: 1.8}}}
	e := policies.Encoder{Dimensions: []policies.Dimension{policies.Uniform("stock", 0, 0, 4, 4), {Feature: "rival", Index: 1, Edges: []float64{0.5}}}}
	values, visits := make([]float64, e.States()*3), make([]uint32, e.States()*3)
	for s := range e.States() {
		if k := s / 3; k < len(offers) {
			values[s*3+offers[k]] = 1
			if k < 3 {
				visits[s*3], visits[s*3+1] = 3, 1
			}
		}
	}
	table, err := policies.NewTable(spec, e, values, visits, 0)
	if err != nil {
		t.Fatal(err)
	}
	return bundledAs(t, folder, table)
}

func bundledAs(t *testing.T, folder string, table *policies.Table) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), folder)
	if err := os.Mkdir(path, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := bundle.Write(&bundle.Bundle{Policy: table, Manifest: bundle.Manifest{Name: folder}}, func(name string, data []byte) error {
		return os.WriteFile(filepath.Join(path, name), data, 0o666)
	}); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTwoPoliciesAreComparedAsTextAndPicture(t *testing.T) {
	one, other := bundled(t, "one", 0, 0, 1, 1), bundled(t, "other", 0, 1, 1, 0)
	plot := filepath.Join(t.TempDir(), "diff.svg")
	code, stdout, stderr := call(t, "policy", "diff", one, other, "--plot", plot)
	for _, part := range []string{"of 8 states in which everything is known differ, 33.3% of what training saw. Prices are 0.17 apart on average; the second charges 0.17 more on average", "MEANS ALONG STOCK", "+0.5", "stock in [1, 2), rival below 0.5"} {
		if code != exitDone || !strings.Contains(stdout, part) {
			t.Errorf("exit %d, no %q in\n%s%s", code, part, stdout, stderr)
		}
	}
	if svg, err := os.ReadFile(plot); err != nil || !strings.Contains(string(svg), "other, ") {
		t.Errorf("the picture: %v", err)
	}
	_, stdout, _ = call(t, "policy", "diff", one, other, "--json")
	var d struct{ Share float64 }
	if err := json.Unmarshal([]byte(stdout), &d); err != nil || d.Share < 0.33 || d.Share > 0.34 {
		t.Errorf("%v, %v", d.Share, err)
	}
	if code, stdout, _ = call(t, "policy", "diff", one, one); code != exitDone || !strings.HasPrefix(stdout, "No difference") {
		t.Errorf("exit %d: %s", code, stdout)
	}
	if code, _, stderr = call(t, "policy", "diff", one, other, "--plot", "diff.gif"); code != exitUsage || !strings.Contains(stderr, ".svg or .png") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestGuardrailsAreToldByEveryCommandOnAPolicy(t *testing.T) {
	b := bundled(t, "one", 2, 2, 2, 2)
	for _, args := range [][]string{{"inspect", b}, {"verify", b}, {"explain", b, "--observation", "stock=2.5", "--observation", "rival=0"}} {
		code, stdout, stderr := call(t, append([]string{"policy"}, args...)...)
		if code != exitDone || !strings.Contains(stdout, "at least 0.5") || !strings.Contains(stdout, "at most 1.8") {
			t.Errorf("%v: exit %d\n%s%s", args, code, stdout, stderr)
		}
	}
}
