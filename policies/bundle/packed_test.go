package bundle_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/ed25519"
	"testing"
	"testing/fstest"

	"github.com/souk-sim/souk/policies/bundle"
)

func pack(t testing.TB, folder fstest.MapFS) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := bundle.Pack(folder, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func unpack(packed []byte) (*bundle.Bundle, error) {
	folder, err := bundle.Unpack(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return bundle.Load(folder)
}

// key is a key pair of a test.
func key(t testing.TB, seed byte) ed25519.PrivateKey {
	t.Helper()
	return ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
}

func signed(t testing.TB, b *bundle.Bundle, by ed25519.PrivateKey) fstest.MapFS {
	t.Helper()
	folder := write(t, b)
	line, err := bundle.Sign(folder, by)
	if err != nil {
		t.Fatal(err)
	}
	folder["manifest.sig"] = &fstest.MapFile{Data: line}
	return folder
}

func TestAPackedBundleIsTheBundle(t *testing.T) {
	b := example(t, true)
	folder := signed(t, b, key(t, 1))
	packed := pack(t, folder)
	loaded, err := unpack(packed)
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Manifest.Revision != b.Manifest.Revision || !loaded.Signer.Equal(key(t, 1).Public()) {
		t.Errorf("revision %s, signer %x", loaded.Manifest.Revision, loaded.Signer)
	}
	if again := pack(t, folder); !bytes.Equal(packed, again) {
		t.Error("packed twice, two files")
	}
}

func TestASignatureIsOfItsManifestAlone(t *testing.T) {
	one, other := signed(t, example(t, true), key(t, 1)), signed(t, example(t, false), key(t, 1))
	one["manifest.sig"] = other["manifest.sig"]
	if _, err := bundle.Load(one); err == nil {
		t.Error("a signature of another bundle was accepted")
	}
	for _, text := range []string{"", "ed25519 AAAA AAAA\n", "rsa a b\n", "ed25519"} {
		one["manifest.sig"] = &fstest.MapFile{Data: []byte(text)}
		if _, err := bundle.Load(one); err == nil {
			t.Errorf("%q was accepted as a signature", text)
		}
	}
	delete(one, "manifest.sig")
	if b, err := bundle.Load(one); err != nil || b.Signer != nil {
		t.Errorf("without a signature: %v, signer %x", err, b.Signer)
	}
}

func TestArchivesOfOtherThingsAreRefused(t *testing.T) {
	archive := func(headers ...tar.Header) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		w := tar.NewWriter(z)
		for _, h := range headers {
			if err := w.WriteHeader(&h); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		z.Close()
		return b.Bytes()
	}
	for name, data := range map[string][]byte{
		"nothing": {}, "words": []byte("a bundle"), "empty": archive(),
		"a path":   archive(tar.Header{Name: "../manifest.json"}),
		"twice":    archive(tar.Header{Name: "manifest.json"}, tar.Header{Name: "manifest.json"}),
		"a folder": archive(tar.Header{Name: "manifest.json", Typeflag: tar.TypeDir}),
		"a link":   archive(tar.Header{Name: "manifest.json", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}),
		"promises": archive(tar.Header{Name: "table.bin", Size: 1 << 40}),
	} {
		if _, err := unpack(data); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

func FuzzUnpack(f *testing.F) {
	f.Add(pack(f, write(f, example(f, true))))
	f.Fuzz(func(_ *testing.T, data []byte) {
		if b, err := unpack(data); err == nil {
			b.Policy.Decide(make([]float64, len(b.Policy.About().Spec.Features)), 0.5)
		}
	})
}
