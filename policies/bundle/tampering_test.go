package bundle_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/souk-sim/souk/policies/bundle"
	"github.com/souk-sim/souk/sim/env"
)

// kinds are a bundle of each kind, with every kind of limit.
func kinds(t testing.TB) []*bundle.Bundle {
	all := append([]*bundle.Bundle{example(t, true)}, computed(t)...)
	for _, b := range all {
		spec := &b.Policy.About().Spec
		spec.Limits = append(spec.Limits, env.Limit{Floor: 0.5, Ceiling: 1}, env.Limit{Feature: "week", Index: 1, Times: 1.1})
	}
	return all
}

// changed is data with a single byte changed: mostly to another, sometimes by one bit, left out, or put in.
func changed(draw *rand.Rand, data []byte) []byte {
	at := draw.IntN(len(data))
	switch draw.IntN(10) {
	case 0:
		return slices.Delete(bytes.Clone(data), at, at+1)
	case 1:
		return slices.Insert(bytes.Clone(data), at, byte(draw.IntN(256)))
	case 2, 3:
		data = bytes.Clone(data)
		data[at] ^= 1 << draw.IntN(8)
		return data
	}
	data = bytes.Clone(data)
	data[at] ^= byte(1 + draw.IntN(255))
	return data
}

// file draws one of a folder's files, the more often the longer it is, so that each byte is as likely as any other.
func file(draw *rand.Rand, folder fstest.MapFS) string {
	names, all := slices.Sorted(maps.Keys(folder)), 0
	for _, name := range names {
		all += len(folder[name].Data)
	}
	at := draw.IntN(all)
	for _, name := range names {
		if at -= len(folder[name].Data); at < 0 {
			return name
		}
	}
	return ""
}

func gunzipped(t testing.TB, packed []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func gzipped(data []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.NoCompression) // of a level that there is, and into memory: neither fails
	w.Write(data)
	w.Close()
	return b.Bytes()
}

// A single changed byte makes a bundle be refused, or it is one that nobody reads, such as gzip's time or what tar fills up with: then the revision, the
// signer and every decision are as they were. Of each kind of policy 1,000 changes at each depth: of a file of the folder, of the packed file, of the archive
// within, which gzip's checksum then covers, and by a forger who makes all hashes anew but has not the key.
func TestNoChangedByteChangesADecision(t *testing.T) {
	const changes = 1000
	for _, b := range kinds(t) {
		t.Run(b.Policy.String(), func(t *testing.T) {
			t.Parallel()
			folder := signed(t, b, key(t, 1))
			packed := pack(t, folder)
			archive := gunzipped(t, packed)
			draw := rand.New(rand.NewPCG(3, 3))
			one := func(forge bool) (*bundle.Bundle, error) {
				name := file(draw, folder)
				for forge && (name == "manifest.sig" || name == "manifest.json") { // of which no hash is to be made
					name = file(draw, folder)
				}
				other := maps.Clone(folder)
				other[name] = &fstest.MapFile{Data: changed(draw, folder[name].Data)}
				if forge {
					bundle.Rehash(other)
				}
				return bundle.Load(other)
			}
			for _, c := range []struct {
				depth    string
				harmless int // at most
				tamper   func() (*bundle.Bundle, error)
			}{
				{"folder", 0, func() (*bundle.Bundle, error) { return one(false) }},
				{"packed", changes / 20, func() (*bundle.Bundle, error) { return unpack(changed(draw, packed)) }},
				{"archive", changes / 20, func() (*bundle.Bundle, error) { return unpack(gzipped(changed(draw, archive))) }},
				{"forged", 0, func() (*bundle.Bundle, error) { return one(true) }},
			} {
				harmless := 0
				for range changes {
					loaded, err := c.tamper()
					if err != nil {
						continue
					}
					harmless++
					if loaded.Manifest.Revision != b.Manifest.Revision || !loaded.Signer.Equal(key(t, 1).Public()) {
						t.Fatalf("%s: revision %s, signer %x", c.depth, loaded.Manifest.Revision, loaded.Signer)
					}
					for range 50 {
						o := []float64{0.4 + 0.7*draw.Float64(), draw.Float64(), math.Round(draw.Float64())}
						if x, y := b.Policy.Decide(o, 0.5), loaded.Policy.Decide(o, 0.5); x != y {
							t.Fatalf("%s: a changed byte was accepted, and the decision at %v changed from %+v to %+v", c.depth, o, x, y)
						}
					}
				}
				if harmless > c.harmless {
					t.Errorf("%s: %d of %d changed bytes were not noticed", c.depth, harmless, changes)
				}
				t.Logf("%s: %d refused, %d harmless", c.depth, changes-harmless, harmless)
			}
		})
	}
}

// Where nobody signed, what is changed is refused all the same; whoever makes the hashes anew is stopped by the golden vectors at most.
func TestNoChangedByteOfAnUnsignedBundleIsAccepted(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 1))
	for _, b := range kinds(t) {
		folder := write(t, b)
		for range 1000 {
			name := file(draw, folder)
			other := maps.Clone(folder)
			other[name] = &fstest.MapFile{Data: changed(draw, folder[name].Data)}
			if _, err := bundle.Load(other); err == nil {
				t.Fatalf("%s: %s: a changed byte was accepted", b.Policy, name)
			}
		}
	}
}
