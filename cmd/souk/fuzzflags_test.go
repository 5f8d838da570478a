package main

import (
	"encoding/pem"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/workflow"
	"github.com/souk-sim/souk/sim/env"
)

// FuzzObservation: what souk policy decide takes for numbers of an observation are such.
func FuzzObservation(f *testing.F) {
	f.Add("stock=3,price=0.5")
	f.Add("stock=Inf")
	f.Add("=,stock")
	frame := &policies.Frame{Spec: env.Spec{Features: []env.Feature{{Name: "stock"}, {Name: "price"}}}}
	f.Fuzz(func(t *testing.T, text string) {
		pairs := strings.Split(text, ",")
		seen, err := observation(frame, pairs)
		if err != nil {
			return
		}
		for i, x := range seen {
			if math.IsInf(x, 0) || math.IsNaN(x) && strings.Contains(text, frame.Spec.Features[i].Name) {
				t.Errorf("%q is read as %v", pairs, seen)
			}
		}
	})
}

// FuzzFlags: flags that hold more than one value.
func FuzzFlags(f *testing.F) {
	f.Add("ar1=0.5")
	f.Add("0.9,0.1")
	f.Add("1,0,1")
	f.Add("box-cox=0.3")
	f.Fuzz(func(t *testing.T, text string) {
		r := &workflow.ARIMARequest{Order: &[3]int{}}
		if err := fixed(r, strings.Split(text, ";")); err == nil {
			for name, x := range r.Fixed {
				if math.IsNaN(x) || math.IsInf(x, 0) {
					t.Errorf("%q fixes %s at %v", text, name, x)
				}
			}
		}
		if shares, err := parts(text); err == nil {
			for _, x := range shares {
				if !(x > 0) {
					t.Errorf("%q is shares of %v", text, shares)
				}
			}
		}
		_, _ = triple("--order", text)
		_, _, _ = (&seriesFlags{transform: text}).scale()
	})
}

// FuzzKeys: a file of a key is one of ed25519, or refused.
func FuzzKeys(f *testing.F) {
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n"))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "key.pem")
		for _, file := range [][]byte{text, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: text})} {
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
			if key, err := publicKey(path, "--key"); err == nil && len(key) != 32 {
				t.Errorf("a public key of %d bytes", len(key))
			}
			if key, err := privateKey(path); err == nil && len(key) != 64 {
				t.Errorf("a private key of %d bytes", len(key))
			}
		}
	})
}
