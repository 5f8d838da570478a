// Command export writes policies of every kind and with every kind of limit as bundles and ONNX models, tables as SQL and Parquet too, and beside each the observations on which
// whoever loads it is to decide alike: 10,000 at random, and all on and beside the edges of its cells and its limits. With a URL it asks the service there, which serves the
// bundles by their names, and holds its answers against the same files.
//
//	export FOLDER [NAME=BUNDLE…]
//	export FOLDER http://ADDRESS
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/policies/export"
	"github.com/souk-sim/souk/sim/env"
)

const random = 10000

// file is what a loader is held against.
type file struct {
	Features     []string     `json:"features"`
	Observations [][]*float64 `json:"observations"` // null is missing
	U            []float64    `json:"u"`
	Actions      []int        `json:"actions"`
	Prices       []float64    `json:"prices"`
	Promotions   []string     `json:"promotions"`
	Odds         [][]float64  `json:"odds"` // of each offer
}

func main() {
	folder := os.Args[1]
	if len(os.Args) > 2 && strings.HasPrefix(os.Args[2], "http:") {
		ask(folder, os.Args[2])
		return
	}
	all := examples(rand.New(rand.NewPCG(1, 1)))
	for _, arg := range os.Args[2:] {
		name, path, _ := strings.Cut(arg, "=")
		b, err := bundle.Load(os.DirFS(path))
		check(err)
		all[name] = b.Policy
	}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		p := all[name]
		model, err := export.ONNX(p, "test")
		check(err)
		check(os.WriteFile(filepath.Join(folder, name+".onnx"), model, 0o644))
		if _, table := p.(*policies.Table); table {
			write(filepath.Join(folder, name+".sql"), p, export.SQL)
			write(filepath.Join(folder, name+".parquet"), p, export.Parquet)
		}
		text, err := json.Marshal(decide(p, rand.New(rand.NewPCG(2, 2))))
		check(err)
		check(os.WriteFile(filepath.Join(folder, name+".json"), text, 0o644))
		deposit(filepath.Join(folder, "bundles", name), p)
		fmt.Println(name, p)
	}
}

func write(path string, p policies.Frozen, as func(policies.Frozen, io.Writer) error) {
	f, err := os.Create(path)
	check(err)
	check(as(p, f))
	check(f.Close())
}

func deposit(folder string, p policies.Frozen) {
	check(os.MkdirAll(folder, 0o755))
	b := &bundle.Bundle{Policy: p, Manifest: bundle.Manifest{Name: filepath.Base(folder), Scenario: "test"}}
	check(bundle.Write(b, func(name string, data []byte) error { return os.WriteFile(filepath.Join(folder, name), data, 0o644) }))
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

// examples are policies of all kinds over one market, with numbers drawn at random.
func examples(draw *rand.Rand) map[string]policies.Frozen {
	features := []env.Feature{{Name: "reference_price", Min: 0.5, Max: 1.5}, {Name: "stock", Min: 0, Max: 40}, {Name: "rival_deal", Min: 0, Max: 1}, {Name: "unused"}, {Name: "cost", Min: 0.3, Max: 0.9}}
	var offers []env.Offer
	for k := range 12 {
		o := env.Offer{Price: math.Round(100*(0.54+0.07*float64(k/2))) / 100}
		if k%2 == 1 {
			o.Promotion = []string{"display", "coupon"}[k/2%2]
		}
		offers = append(offers, o)
	}
	free := &env.Spec{Features: features, Offers: offers}
	limited := &env.Spec{Features: features, Offers: offers, Limits: []env.Limit{
		{Feature: "reference_price", Index: 0, Drop: 0.15, Rise: 0.12}, {Feature: "stock", Index: 1, Rise: 0.3}}}
	guarded := &env.Spec{Features: features, Offers: offers, Limits: []env.Limit{{Feature: "reference_price", Index: 0, Drop: 0.15},
		{Floor: 0.6, Ceiling: 0.82}, {Feature: "cost", Index: 4, Times: 1.3}}}
	encoder := policies.Encoder{Dimensions: []policies.Dimension{policies.Uniform("reference_price", 0, 0.54, 0.97, 7),
		policies.Uniform("stock", 1, 0, 40, 10), {Feature: "rival_deal", Index: 2, Edges: []float64{0.5}}}}
	normal := func(n int) []float64 {
		all := make([]float64, n)
		for i := range all {
			all[i] = draw.NormFloat64()
		}
		return all
	}
	inputs := policies.Inputs(free, &encoder)
	all := map[string]policies.Frozen{}
	add := func(name string, p policies.Frozen, err error) {
		check(err)
		all[name] = p
	}
	for i, spec := range []*env.Spec{free, limited, guarded} {
		name := []string{"free", "limited", "guarded"}[i]
		size := encoder.States() * len(offers)
		visits := make([]uint32, size)
		for i := range visits {
			if draw.IntN(3) == 0 && i/len(offers)%5 > 0 {
				visits[i] = uint32(draw.IntN(4))
			}
		}
		t, err := policies.NewTable(spec, encoder, normal(size), visits, 0)
		add("table-"+name, t, err)
		ties := make([]float64, size)
		for i := range ties {
			ties[i] = float64(draw.IntN(3))
		}
		solved, err := policies.NewTable(spec, encoder, ties, nil, 0)
		add("ties-"+name, solved, err)
		one, err := policies.NewTable(spec, policies.Encoder{}, normal(len(offers)), nil, 0)
		add("one-state-"+name, one, err)
		for _, basis := range []policies.Basis{{Kind: "tiles", Inputs: inputs, Tilings: 8, Tiles: 4}, {Kind: "fourier", Inputs: inputs, Order: 3, Coupled: 2}} {
			check(basis.Prepare())
			l, err := policies.NewLinear(spec, encoder, basis, normal(basis.Size()*len(offers)))
			add("linear-"+basis.Kind+"-"+name, l, err)
			g, err := policies.NewGaussian(spec, encoder, basis, normal(basis.Size()*2))
			add("gaussian-"+basis.Kind+"-"+name, g, err)
		}
		for _, choice := range []string{"highest", "likeliest", "drawn"} {
			activation := map[bool]string{true: "tanh", false: "relu"}[choice == "likeliest"]
			p := policies.Perceptron{Sizes: []int{2 * len(inputs), 32, 16, len(offers)}, Activation: activation}
			p.Weights = normal(p.Count())
			n, err := policies.NewNetwork(spec, encoder, inputs, p, choice)
			add("network-"+choice+"-"+name, n, err)
		}
	}
	return all
}

// decide draws observations and has the policy decide.
func decide(p policies.Frozen, draw *rand.Rand) *file {
	frame := p.About()
	f := &file{}
	for _, x := range frame.Spec.Features {
		f.Features = append(f.Features, x.Name)
	}
	add := func(seen []float64) {
		row := make([]*float64, len(seen))
		for i, x := range seen {
			if !math.IsNaN(x) {
				row[i] = &x
			}
		}
		u := draw.Float64()
		d := p.Decide(seen, u)
		f.Observations, f.U = append(f.Observations, row), append(f.U, u)
		f.Actions, f.Prices, f.Promotions = append(f.Actions, d.Action), append(f.Prices, d.Price), append(f.Promotions, d.Promotion)
		odds := make([]float64, len(frame.Spec.Offers))
		policies.Odds(p, seen, odds)
		f.Odds = append(f.Odds, odds)
	}
	anywhere := func() []float64 {
		seen := make([]float64, len(frame.Spec.Features))
		for i, x := range frame.Spec.Features {
			wide := x.Max - x.Min
			if seen[i] = x.Min - wide/4 + 1.5*wide*draw.Float64(); draw.IntN(20) == 0 {
				seen[i] = math.NaN()
			}
		}
		return seen
	}
	for range random {
		add(anywhere())
	}
	at := func(feature int, x float64) {
		for _, beside := range []float64{x, math.Nextafter(x, math.Inf(1)), math.Nextafter(x, math.Inf(-1)), float64(float32(x)),
			float64(math.Nextafter32(float32(x), float32(math.Inf(1)))), float64(math.Nextafter32(float32(x), float32(math.Inf(-1))))} {
			seen := anywhere()
			seen[feature] = beside
			add(seen)
		}
	}
	for _, d := range frame.Encoder.Dimensions {
		for _, x := range d.Edges {
			at(d.Index, x)
		}
	}
	for _, l := range frame.Spec.Limits {
		if l.Feature == "" {
			continue
		}
		for _, o := range frame.Spec.Offers {
			at(l.Index, o.Price+l.Drop)
			at(l.Index, o.Price-l.Rise)
			if l.Times > 0 {
				at(l.Index, o.Price/l.Times)
			}
		}
	}
	return f
}
