//go:build linux

package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/souk-sim/souk/policies/bundle"
)

// A wrong flag is told by its name, with what was expected, before anything is served.
func TestServesFlagsAreHeldAgainstEachOther(t *testing.T) {
	folder := t.TempDir()
	packed, short := filepath.Join(folder, "tea.tar.gz"), filepath.Join(folder, "short")
	pack(t, packed, 0)
	if err := os.WriteFile(short, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flags string
		key   string
	}{
		{"--listen 0.0.0.0:0", "--listen"}, {"--listen :0", "--listen"}, {"--listen example.org:0", "--listen"}, {"--keys " + short, "--keys"}, {"--keys /nowhere", "--keys"},
		{"--salt " + short, "--salt"}, {"--salt /nowhere", "--salt"}, {"--tls-cert c.pem", "--tls-cert"}, {"--trust " + short, "--trust"}, {"--log /nowhere", "--log"},
		{"--log " + folder + " --sync often", "sync"}, {"--state /nowhere", "--state"}, {"--explore-unasked 0.1", "--explore-unasked"}, {"--explore 2", "explore"}, {"--fallback x", "--fallback"},
		{"--fallback -1", "--fallback"}, {"--fallback coffee=1", "--fallback"}, {"--challenger coffee=" + packed, "--challenger"}, {"--challenger " + packed, "--challenger"}, {"--fallback 1000", "fallback"}, {"--share 0.1", "--share"}, {"--shadow", "--share"}, {"--watch -1s", "--watch"}, {"--sync sometimes", "--sync"}, {"--sync always", "without --log"},
	} {
		var out, told bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		args := append([]string{"serve", "tea=" + packed, "--listen", "127.0.0.1:0"}, strings.Fields(c.flags)...)
		if code := run(ctx, args, strings.NewReader(""), &out, &told); code != exitUsage && code != exitInvalid || !strings.Contains(told.String(), c.key) || !strings.Contains(told.String(), "expected") {
			t.Errorf("%s: exit %d: %s", c.flags, code, told.String())
		}
		cancel()
	}
}

// A policy that was stopped is stopped after its service was killed, and started again it is so after the next one.
func TestAStopOutlivesTheService(t *testing.T) {
	folder := t.TempDir()
	packed := filepath.Join(folder, "tea.tar.gz")
	pack(t, packed, 0)
	flags := []string{"--state", folder, "--fallback", "1.77"}
	for _, c := range []struct {
		say   string
		price float64
	}{{"", 1}, {"stop", 1.77}, {"", 1.77}, {"start", 1}, {"", 1}} {
		s := start(t, packed, flags...)
		if c.say != "" {
			if code, text := s.post("/v1/policies/tea/"+c.say, ""); code != 200 {
				t.Fatalf("%d %s", code, text)
			}
		}
		if c.say == "" && c.price == 1.77 {
			s.says(t, "tea is stopped ("+filepath.Join(folder, "tea.stopped")+"): its fallback price 1.77 answers")
		}
		if a, code := s.decide(0); code != 200 || a.Price != c.price {
			t.Errorf("after %q: %d %+v, want %v", c.say, code, a, c.price)
		}
		if err := s.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-s.ended
	}
}

// Where a key is trusted a new bundle is loaded when it is there and signed, and one that is not signed leaves the old one.
func TestOnlyBundlesOfATrustedKeyAreLoaded(t *testing.T) {
	folder := t.TempDir()
	packed, plain, trusted := filepath.Join(folder, "tea.tar.gz"), filepath.Join(folder, "plain.tar.gz"), filepath.Join(folder, "shop.pub")
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	replace(t, trusted, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	pack(t, plain, 2)
	var out, told bytes.Buffer
	if code := run(t.Context(), []string{"serve", "tea=" + plain, "--listen", "127.0.0.1:0", "--trust", trusted}, strings.NewReader(""), &out, &told); code != exitInvalid || !strings.Contains(told.String(), "signature") {
		t.Errorf("exit %d: %s", code, told.String())
	}
	packSigned(t, packed, 0, private)
	s := start(t, packed, "--trust", trusted, "--watch", "20ms")
	if a, code := s.decide(0); code != 200 || a.Price != 1 {
		t.Errorf("%d %+v", code, a)
	}
	packSigned(t, packed, 1, private)
	s.says(t, "tea loaded anew")
	pack(t, packed, 2)
	s.says(t, "stays as it was")
	if a, code := s.decide(0); code != 200 || a.Price != 1.2 {
		t.Errorf("%d %+v", code, a)
	}
}

// packSigned writes a bundle of teaPrices under a signature.
func packSigned(t testing.TB, path string, shift int, key ed25519.PrivateKey) {
	t.Helper()
	unsigned := path + ".unsigned"
	pack(t, unsigned, shift)
	folder, err := opened(unsigned)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := bundle.Sign(folder, key)
	if err != nil {
		t.Fatal(err)
	}
	b, err := bundle.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"manifest.sig": {Data: signature}}
	if err := bundle.Write(b, func(name string, data []byte) error { files[name] = &fstest.MapFile{Data: data}; return nil }); err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	if err := bundle.Pack(files, &packed); err != nil {
		t.Fatal(err)
	}
	replace(t, path, packed.Bytes())
}
