package bundle_test

import (
	"bytes"
	"crypto/ed25519"
	"testing"
	"testing/fstest"

	"github.com/souk-sim/souk/policies/bundle"
)

// Whatever stands in manifest.sig: a bundle has the signer whose signature it is, or is refused.
func FuzzSignature(f *testing.F) {
	who := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	folder := write(f, example(f, true))
	line, err := bundle.Sign(folder, who)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(line)
	f.Add(bytes.TrimSpace(line))
	f.Add([]byte("ed25519  \n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		signed := fstest.MapFS{"manifest.sig": &fstest.MapFile{Data: text}}
		for name, file := range folder {
			signed[name] = file
		}
		b, err := bundle.Load(signed)
		if bytes.Equal(text, line) && err != nil || err == nil && !b.Signer.Equal(who.Public()) {
			t.Errorf("%q: %v", text, err)
		}
	})
}
