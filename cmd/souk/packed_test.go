package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAPackedBundleIsTakenWhereItsFolderIs(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := os.WriteFile(in("stall.toml"), []byte(stall), 0o644); err != nil {
		t.Fatal(err)
	}
	do := func(args ...string) string {
		t.Helper()
		code, stdout, stderr := call(t, args...)
		if code != exitDone {
			t.Fatalf("%v: exit code %d, %s", args, code, stderr)
		}
		return stdout
	}
	do("train", in("stall.toml"), "-q", "--out", in("runs"))
	folders, err := filepath.Glob(in("runs/stall/*/policy"))
	if err != nil || len(folders) != 1 {
		t.Fatal(folders, err)
	}
	packed := in("tea.tar.gz")
	do("policy", "pack", folders[0], packed)
	do("simulate", in("stall.toml"), "--policy", packed, "--explore", "0.5", "--decisions", in("log.jsonl"), "--paths", "40", "-q")
	for _, args := range [][]string{
		{"simulate", in("stall.toml"), "-q", "--policy"},
		{"ope", "--log", in("log.jsonl"), "--single", "-q", "--out", in("runs"), "--policy"},
		{"bench", in("stall.toml"), "-q", "--out", in("runs"), "--agents", "none", "--runs", "2", "--policy"},
		{"policy", "inspect"},
	} {
		of := func(bundle string) string {
			var kept []string // all but the command that makes the page again, which names the file
			for line := range strings.Lines(do(append(args, bundle)...)) {
				if !strings.Contains(line, "files  ") && !strings.Contains(line, "tea.tar.gz") && !strings.Contains(line, "/policy") {
					kept = append(kept, line)
				}
			}
			return strings.Join(kept, "")
		}
		if one, other := of(folders[0]), of(packed); one != other {
			t.Errorf("%v: packed or not, the answer differs:\n%s\n%s", args, one, other)
		}
	}
	if code, _, stderr := call(t, "policy", "pack", folders[0], in("tea.zip")); code != exitUsage || !strings.Contains(stderr, ".tar.gz") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}

func TestTheWrongKeyOfAPairIsNamed(t *testing.T) {
	b := bundled(t, "one", 0)
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	file := func(name, kind string, der []byte, err error) string {
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	key := file("shop.key", "PRIVATE KEY", der, err)
	der, err = x509.MarshalPKIXPublicKey(public)
	pub := file("shop.pub", "PUBLIC KEY", der, err)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"sign", b}, exitUsage, "--key: found nothing, expected a private"},
		{[]string{"sign", b, "--key", pub}, exitUsage, "a public key, expected the private key"},
		{[]string{"sign", b, "--key", key}, exitDone, ""},
		{[]string{"verify", b, "--key", key}, exitUsage, "a private key, expected the public key"},
		{[]string{"verify", b, "--key", pub}, exitDone, ""},
	} {
		if code, _, stderr := call(t, append([]string{"policy"}, c.args...)...); code != c.code || !strings.Contains(stderr, c.says) {
			t.Errorf("%v: exit code %d, %s", c.args, code, stderr)
		}
	}
}

func TestAMarkupThatNoOfferKeepsIsRefused(t *testing.T) {
	file := filepath.Join(t.TempDir(), "stall.toml")
	if err := os.WriteFile(file, []byte(stall), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := call(t, "simulate", file, "-q", "--set", "sellers.us.limit={markup=5}")
	if code != exitInvalid || !strings.Contains(stderr, "on a cost of $2 it asks for $12 or more") {
		t.Errorf("exit code %d, %s", code, stderr)
	}
}
