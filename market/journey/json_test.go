package journey

import (
	"bytes"
	"encoding/binary"
	"hash/fnv"
	"math"
	"strings"
	"testing"

	"github.com/souk-sim/souk/sim/rng"
)

// everything is a file with all models, by hand; kinds vary.
func everything(t testing.TB, variant int) Journey {
	return []Journey{
		{Funnel: shop(t), Length: newLength(t, ZeroTruncatedNB, 0.30000000000000004, 4.2), Dwell: newDwell(t, LogNormal, 1800, 3.2, 1.1), Examination: cascade(), Arrivals: market(t, 7.3)},
		{Funnel: second(t), Length: newLength(t, DiscreteLogNormal, 1.3, 1.1), Dwell: newDwell(t, Weibull, 0, 0.8, 40), Examination: positions()},
		{Arrivals: market(t, 0), Length: newLength(t, LogSeries, 0.9)},
		{Mixture: kinds(t)},
	}[variant]
}

// behaviour is everything that a shopper can be told by the models, from one stream.
func behaviour(j Journey) (trace []float64) {
	stream := rng.New(5, 0).Family("journey/behaviour").At()
	at := FunnelPosition(0)
	for range 500 {
		u := stream.Open()
		if j.Funnel != nil {
			var state int
			if state, at = j.Funnel.Next(at, u); state == Leave {
				at = 0
			}
			trace = append(trace, float64(state))
		}
		if j.Mixture != nil {
			for _, state := range j.Visit(nil, &stream) {
				trace = append(trace, float64(state))
			}
		}
		if j.Length != nil {
			trace = append(trace, float64(j.Length.Draw(u)))
		}
		if j.Dwell != nil {
			trace = append(trace, j.Dwell.Draw(u))
		}
		if x := j.Examination; x != nil {
			for r := range 3 {
				trace = append(trace, truth(x.Looks(r, true, false, u)), truth(x.Looks(r, true, true, u)), truth(x.Clicks(r%len(x.Attractiveness), u)))
			}
		}
		if j.Arrivals != nil {
			for w := range 7 {
				trace = append(trace, float64(j.Arrivals.Number(w, u)), j.Arrivals.Time(w, u))
			}
		}
	}
	return trace
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func TestModelsLoadToTheSameBehaviour(t *testing.T) {
	for variant := range 4 {
		j := everything(t, variant)
		b, err := Save(j)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(b)
		if err != nil {
			t.Fatal(err)
		}
		want, got := behaviour(j), behaviour(loaded)
		for i := range want {
			if math.Float64bits(want[i]) != math.Float64bits(got[i]) {
				t.Fatalf("variant %d: %v becomes %v", variant, want[i], got[i])
			}
		}
		if again, err := Save(loaded); err != nil || !bytes.Equal(again, b) {
			t.Errorf("saved again it differs (%v)", err)
		}
	}
	f, err := FitFunnel(steps, walk(shop(t), 500, 1), nil, FunnelOptions{Order: 2, Smoothing: 1})
	if err != nil {
		t.Fatal(err)
	}
	b, err := Save(Journey{Funnel: f})
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := Load(b)
	if err != nil || loaded.Funnel.Estimates.LogLikelihood != f.Estimates.LogLikelihood || loaded.Funnel.Estimates.Unseen != f.Estimates.Unseen {
		t.Errorf("estimates are lost: %+v (%v)", loaded.Funnel, err)
	}
}

func TestFilesThatCannotBeAreRefusedByName(t *testing.T) {
	first, err := Save(everything(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	whole := string(first)
	for _, c := range []struct{ says, from, to string }{
		{"schema: found \"souk.journey/9\"", "souk.journey/1", "souk.journey/9"},
		{"unknown field", `"order"`, `"ordre"`},
		{"funnel.order: found 7", `"order": 1`, `"order": 7`},
		{"funnel.rows: found 5", `"order": 1`, `"order": 2`},
		{"funnel.start: found probabilities that add up to", "0.6", "0.5"},
		{"length.law", "zero-truncated-negative-binomial", "zipf"},
		{"length.size: found -0.3", "0.30000000000000004", "-0.3"},
		{"length.parameters[0].name", `"name": "size"`, `"name": "shape"`},
		{"dwell.sigma: found -1.1", "1.1", "-1.1"},
		{"dwell.limit_seconds: found -1800", "1800", "-1800"},
		{"examination.model", `"cascade"`, `"casscade"`},
		{"examination.onward: found 1.8", `"onward": 0.8`, `"onward": 1.8`},
		{"arrivals.size: found -7.3", "7.3", "-7.3"},
		{"more after the object", whole, whole + "{}"},
		{"none", whole, `{"schema": "souk.journey/1"}`},
		{"EOF", whole, ""},
	} {
		if !strings.Contains(whole, c.from) {
			t.Fatalf("%q is not in the file", c.from)
		}
		if _, err := Load([]byte(strings.Replace(whole, c.from, c.to, 1))); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v, want %q", err, c.says)
		}
	}
	if _, err := Save(Journey{}); err == nil {
		t.Error("nothing is saved")
	}
}

// Whatever loads can be saved, loads again to the same behaviour, and draws what can be.
func FuzzLoad(f *testing.F) {
	for variant := range 4 {
		b, err := Save(everything(f, variant))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		j, err := Load(b)
		if err != nil {
			return
		}
		again, err := Save(j)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(again)
		if err != nil {
			t.Fatal(err)
		}
		want, got := behaviour(j), behaviour(loaded)
		for i := range want {
			if math.Float64bits(want[i]) != math.Float64bits(got[i]) || math.IsNaN(want[i]) {
				t.Fatalf("%v becomes %v", want[i], got[i])
			}
		}
	})
}

// Shoppers are the same on every machine: `GODEBUG=cpu.fma=off go test` gives this number too.
func TestShoppersAreTheSameToTheLastBit(t *testing.T) {
	h := fnv.New64a()
	for variant := range 4 {
		for _, v := range behaviour(everything(t, variant)) {
			binary.Write(h, binary.LittleEndian, v)
		}
	}
	if got := h.Sum64(); got != 0xe1b819d0b8534d4e {
		t.Errorf("the trace's hash is %#x", got)
	}
}
