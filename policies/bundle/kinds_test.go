package bundle_test

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/scenarios/field"
)

// computed are bundles of each kind that computes, in the place of the example's table.
func computed(t testing.TB) []*bundle.Bundle {
	frame := example(t, true).Policy.About()
	inputs := policies.Inputs(&frame.Spec, &frame.Encoder)
	tiles := policies.Basis{Kind: "tiles", Inputs: inputs, Tilings: 4, Tiles: 3}
	fourier := policies.Basis{Kind: "fourier", Inputs: inputs, Order: 2, Coupled: 2}
	weights := func(n int) []float64 {
		w := make([]float64, n)
		for i := range w {
			w[i] = math.Sin(float64(i))
		}
		return w
	}
	linear, err := policies.NewLinear(&frame.Spec, frame.Encoder, tiles, weights(4*5*3*3))
	gaussian, err2 := policies.NewGaussian(&frame.Spec, frame.Encoder, fourier, weights(11*2))
	p := policies.Perceptron{Sizes: []int{4, 6, 3}, Activation: "tanh"}
	p.Weights = weights(p.Count())
	network, err3 := policies.NewNetwork(&frame.Spec, frame.Encoder, inputs, p, "drawn")
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	var all []*bundle.Bundle
	for _, p := range []policies.Frozen{linear, gaussian, network} {
		b := example(t, true)
		b.Policy = p
		all = append(all, b)
	}
	return all
}

func TestEveryKindOfPolicyComesBackAsItWas(t *testing.T) {
	for i, b := range computed(t) {
		folder := write(t, b)
		loaded, err := bundle.Load(folder)
		if err != nil {
			t.Fatal(err)
		}
		if want := []string{"linear", "gaussian", "network"}[i]; loaded.Manifest.Kind != want {
			t.Errorf("kind %q, expected %q", loaded.Manifest.Kind, want)
		}
		draw := rand.New(rand.NewPCG(7, 7))
		for range 2000 {
			o := []float64{0.4 + 0.7*draw.Float64(), math.NaN(), math.Round(draw.Float64())}
			u := draw.Float64()
			if x, y := b.Policy.Decide(o, u), loaded.Policy.Decide(o, u); x != y || x.Revision != b.Manifest.Revision {
				t.Fatalf("at %v, %v: %+v and %+v", o, u, x, y)
			}
		}
		for name, data := range write(t, loaded) {
			if !bytes.Equal(data.Data, folder[name].Data) {
				t.Errorf("%s: %s is written otherwise once it was read", b.Policy, name)
			}
		}
	}
}

func TestAConsistentForgeryOfAFunctionMustStillBeOne(t *testing.T) {
	all := computed(t)
	for name, forge := range map[string]struct {
		bundle         int
		file, old, new string
	}{
		"tiles":      {0, "policy.json", `"tiles": 3`, `"tiles": 4`},
		"basis":      {0, "policy.json", `"kind": "tiles"`, `"kind": "wavelets"`},
		"range":      {0, "policy.json", `"high": 0.97`, `"high": 0.1`},
		"order":      {1, "policy.json", `"order": 2`, `"order": 2000000`},
		"sizes":      {2, "policy.json", "    6,", "    60000000,"},
		"activation": {2, "policy.json", "tanh", "relu"},
		"limit":      {2, "policy.json", `"drop": 0.3`, `"drop": -1`},
		"count":      {2, "weights.bin", "SOUKWTS1\x33", "SOUKWTS1\x34"},
		"magic":      {2, "weights.bin", "SOUKWTS1", "SOUKTAB1"},
	} {
		folder := write(t, all[forge.bundle])
		if !strings.Contains(string(folder[forge.file].Data), forge.old) {
			t.Fatalf("%s: no %q in %s", name, forge.old, folder[forge.file].Data)
		}
		folder[forge.file] = &fstest.MapFile{Data: []byte(strings.Replace(string(folder[forge.file].Data), forge.old, forge.new, 1))}
		bundle.Rehash(folder)
		_, err := bundle.Load(folder)
		if bad, ok := errors.AsType[*field.Error](err); !ok || bad.Key == "sha256" || bad.Key == "revision" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzLoadComputed(f *testing.F) {
	var folders []fstest.MapFS
	for i, b := range computed(f) {
		folder := write(f, b)
		folders = append(folders, folder)
		f.Add(uint(i), folder["policy.json"].Data, folder["weights.bin"].Data)
	}
	f.Fuzz(func(t *testing.T, kind uint, policy, weights []byte) {
		folder := fstest.MapFS{}
		for name, file := range folders[kind%uint(len(folders))] {
			folder[name] = file
		}
		folder["policy.json"], folder["weights.bin"] = &fstest.MapFile{Data: policy}, &fstest.MapFile{Data: weights}
		bundle.Rehash(folder)
		b, err := bundle.Load(folder)
		if err != nil {
			return
		}
		if err := bundle.Write(b, func(string, []byte) error { return nil }); err != nil {
			t.Errorf("loaded, but cannot be written: %v", err)
		}
		b.Policy.Explain(make([]float64, len(b.Policy.About().Spec.Features)))
	})
}
