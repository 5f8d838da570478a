package bundle_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/souk-sim/souk/policies/bundle"
)

// testdata/format1 and packed1 were written by souk 0.3.0 before edges were compared as float32, packed2 right after. A bundle that was written once must load
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
	if err != nil || len(packed) != 7 {
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
		format := 2
		if strings.Contains(path, "packed1") {
			format = 1
		}
		hold(path, folder, format)
	}
}
