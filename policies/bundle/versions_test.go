package bundle_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/souk-sim/souk/policies/bundle"
)

// testdata/format1 and packed1 were written by souk 0.3.0 before edges were compared as float32, packed2 right after, packed3 with limits of
// all kinds. A bundle that was written once must load
// for ever, whatever is added to the format: its golden vectors then say that it decides as it did. These files are never written anew.
func TestBundlesOfAllFormatsLoad(t *testing.T) {
	hold := func(name string, folder fs.FS, format int) {
		b, err := bundle.Load(folder)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		if b.Manifest.Format != format {
			t.Errorf("%s: format %d", name, b.Manifest.Format)
		}
		if _, err := bundle.Prove(b.Policy); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	hold("format1", os.DirFS("testdata/format1"), 1)
	packed, err := filepath.Glob("testdata/packed*/*.tar.gz")
	if err != nil || len(packed) != 11 {
		t.Fatalf("%d packed bundles, %v", len(packed), err)
	}
	for _, path := range packed {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		folder, err := bundle.Unpack(bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		format := filepath.Base(filepath.Dir(path))
		hold(path, folder, int(format[len(format)-1]-'0'))
	}
}

// An older loader must not take a bundle with limits that it does not know for one without: such are of format 3, and no others, whose bytes stay.
func TestOnlyBundlesWithNewLimitsAreOfTheNewFormat(t *testing.T) {
	old, guarded := example(t, true), kinds(t)[0]
	write(t, old)
	folder := write(t, guarded)
	if old.Manifest.Format != 2 || guarded.Manifest.Format != bundle.Format {
		t.Errorf("formats %d and %d", old.Manifest.Format, guarded.Manifest.Format)
	}
	forged := bytes.Replace(folder["manifest.json"].Data, []byte(`"format": 3`), []byte(`"format": 2`), 1)
	folder["manifest.json"] = &fstest.MapFile{Data: forged}
	bundle.Rehash(folder)
	if _, err := bundle.Load(folder); err == nil || !strings.Contains(err.Error(), "because of its limits") {
		t.Errorf("a floor in format 2: %v", err)
	}
}
