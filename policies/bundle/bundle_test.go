package bundle_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

func example(t testing.TB, visits bool) *bundle.Bundle {
	spec := &env.Spec{
		Features: []env.Feature{{Name: "reference_price", Unit: "USD"}, {Name: "week"}, {Name: "rival_on_deal"}},
		Offers:   []env.Offer{{Price: 0.54}, {Price: 0.69, Promotion: "display"}, {Price: 0.97}},
		Limits:   []env.Limit{{Feature: "reference_price", Drop: 0.3}},
	}
	e := policies.Encoder{Dimensions: []policies.Dimension{
		policies.Uniform("reference_price", 0, 0.54, 0.97, 5), {Feature: "rival_on_deal", Index: 2, Edges: []float64{0.5}}}}
	values, counts := make([]float64, e.States()*3), make([]uint32, e.States()*3)
	for i := range values {
		values[i], counts[i] = math.Sin(float64(i)), uint32(i%4)
	}
	if !visits {
		counts = nil
	}
	table, err := policies.NewTable(spec, e, values, counts, 0.05)
	if err != nil {
		t.Fatal(err)
	}
	return &bundle.Bundle{Policy: table, Manifest: bundle.Manifest{
		Name: "example", Souk: "0.1.0", Scenario: "canned-tuna", ScenarioSHA256: strings.Repeat("ab", 32), Agent: "sarsa",
		Parameters: json.RawMessage(`{"warmup":3,"learning_rate":{"kind":"visits"}}`), Seed: -3, Episodes: 400,
		Evaluation: []bundle.Figure{{Name: "weekly profit", Unit: "USD", Value: 10.5, Low: 10, High: 11, Level: 0.95}},
		Caveats:    []string{"Trained without stock-outs & <strikes>."},
	}}
}

func write(t testing.TB, b *bundle.Bundle) fstest.MapFS {
	t.Helper()
	folder := fstest.MapFS{}
	if err := bundle.Write(b, func(name string, data []byte) error {
		folder[name] = &fstest.MapFile{Data: data}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestALoadedPolicyDecidesAsTheOneWritten(t *testing.T) {
	for _, visits := range []bool{true, false} {
		b := example(t, visits)
		loaded, err := bundle.Load(write(t, b))
		if err != nil {
			t.Fatal(err)
		}
		if loaded.Manifest.Revision == "" || loaded.Manifest.Seed != -3 || loaded.Manifest.Caveats[0] != b.Manifest.Caveats[0] {
			t.Errorf("manifest %+v", loaded.Manifest)
		}
		draw := rand.New(rand.NewPCG(7, 7))
		for range 2000 {
			o := []float64{0.4 + 0.7*draw.Float64(), math.NaN(), math.Round(draw.Float64())}
			u := draw.Float64()
			if x, y := b.Policy.Decide(o, u), loaded.Policy.Decide(o, u); x != y || x.Revision != b.Manifest.Revision {
				t.Fatalf("at %v, %v: %+v and %+v", o, u, x, y)
			}
		}
	}
}

func TestTheSamePolicyIsTheSameBytesAndAnotherIsAnotherRevision(t *testing.T) {
	x, y := example(t, true), example(t, true)
	first, second := write(t, x), write(t, y)
	for name, f := range first {
		if !bytes.Equal(f.Data, second[name].Data) {
			t.Errorf("%s differs", name)
		}
	}
	write(t, x) // again, now that it has a revision
	if x.Manifest.Revision != y.Manifest.Revision {
		t.Error("written twice, the revision changed")
	}
	y.Policy.(*policies.Table).Values[5] += 1e-9
	write(t, y)
	if x.Manifest.Revision == y.Manifest.Revision {
		t.Error("another value, the same revision")
	}
}

func TestADamagedBundleIsRefusedWithTheNameOfTheFile(t *testing.T) {
	for name, f := range write(t, example(t, true)) {
		for what, data := range map[string][]byte{"truncated": f.Data[:len(f.Data)/2], "empty": {}, "longer": append(bytes.Clone(f.Data), '\n'), "missing": nil} {
			folder := write(t, example(t, true))
			if folder[name] = (&fstest.MapFile{Data: data}); data == nil {
				delete(folder, name)
			}
			_, err := bundle.Load(folder)
			var bad *field.Error
			if !errors.As(err, &bad) || bad.File != name {
				t.Errorf("%s %s: %v", name, what, err)
			}
		}
	}
}

// Whoever forges hashes too still has to agree with the golden vectors and the checks of a table.
func TestAConsistentForgeryMustStillBeAPolicy(t *testing.T) {
	b := example(t, true)
	folder := write(t, b)
	for name, forge := range map[string]struct {
		file     string
		old, new string
	}{
		"limit":   {"policy.json", `"drop": 0.3`, `"drop": 0.1`},
		"edge":    {"policy.json", "0.626", "0.9"},
		"epsilon": {"policy.json", `"epsilon": 0.05`, `"epsilon": 5`},
		"golden":  {"golden.json", `"state": `, `"state": 1`},
		"unknown": {"policy.json", `"epsilon"`, `"sigma"`},
		"states":  {"table.bin", "SOUKTAB1\x12", "SOUKTAB1\x13"},
	} {
		if !strings.Contains(string(folder[forge.file].Data), forge.old) {
			t.Fatalf("%s: no %q in %s", name, forge.old, forge.file)
		}
		forged := fstest.MapFS{}
		for n, f := range folder {
			forged[n] = f
		}
		forged[forge.file] = &fstest.MapFile{Data: []byte(strings.Replace(string(folder[forge.file].Data), forge.old, forge.new, 1))}
		bundle.Rehash(forged)
		if _, err := bundle.Load(forged); err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), "sha256") || strings.Contains(err.Error(), "revision") {
			t.Errorf("%s: the forgery was not consistent: %v", name, err)
		}
	}
	bundle.Rehash(folder)
	if _, err := bundle.Load(folder); err != nil {
		t.Errorf("rehashing alone spoils a bundle: %v", err)
	}
}

func TestTheManifestIsWrittenLastAndAFailedWriteIsReported(t *testing.T) {
	var order []string
	full := errors.New("no space left on device")
	for fail := range 6 {
		order = nil
		err := bundle.Write(example(t, true), func(name string, _ []byte) error {
			order = append(order, name)
			if len(order) == fail {
				return full
			}
			return nil
		})
		if fail > 0 && !errors.Is(err, full) {
			t.Errorf("write %d failed, but: %v", fail, err)
		}
		if fail == 0 && (err != nil || order[len(order)-1] != "manifest.json") {
			t.Errorf("%v, %v", order, err)
		}
	}
}

func TestTheCardSaysWhatMattersBeforeUse(t *testing.T) {
	b := example(t, true)
	b.Manifest.Found = []string{"it earned more than the best fixed price"}
	card := string(write(t, b)["card.md"].Data)
	for _, part := range []string{"# example", "reference_price, in 5 bins", "- at most 0.3 below reference_price\n", "What is not known limits nothing", "None: what it learned in was made by hand", "sarsa, seed -3, 400 episodes",
		"| weekly profit | 10.5 USD | 10 to 11 (95%) |\n\n- it earned more than", "## When not to use it\n\n- Where the market is not the one above", "\n- Trained without stock-outs"} {
		if !strings.Contains(card, part) {
			t.Errorf("no %q in\n%s", part, card)
		}
	}
	b.Manifest.Agent, b.Manifest.Seed, b.Manifest.Episodes = "calendar", 0, 0
	if card = string(write(t, b)["card.md"].Data); !strings.Contains(card, "Not trained: calendar; scenario") || strings.Contains(card, "seed") {
		t.Errorf("a plan's:\n%s", card)
	}
}

func FuzzLoad(f *testing.F) {
	folder := write(f, example(f, true))
	f.Add(folder["manifest.json"].Data, folder["policy.json"].Data, folder["table.bin"].Data, folder["golden.json"].Data, false)
	f.Add([]byte("{}"), []byte("{}"), []byte("SOUKTAB1"), []byte("[]"), true)
	f.Fuzz(func(t *testing.T, manifest, policy, table, golden []byte, rehash bool) {
		fuzzed := fstest.MapFS{"card.md": folder["card.md"]}
		for name, data := range map[string][]byte{"manifest.json": manifest, "policy.json": policy, "table.bin": table, "golden.json": golden} {
			fuzzed[name] = &fstest.MapFile{Data: data}
		}
		if rehash { // so that the fuzzer gets past the hashes
			fuzzed["manifest.json"] = folder["manifest.json"]
			bundle.Rehash(fuzzed)
		}
		b, err := bundle.Load(fuzzed)
		if err != nil {
			return
		}
		if err := bundle.Write(b, func(string, []byte) error { return nil }); err != nil {
			t.Errorf("loaded, but cannot be written: %v", err)
		}
		b.Policy.Decide(make([]float64, len(b.Policy.About().Spec.Features)), 0.5)
	})
}
