// Package shared finds, for tests alone, the data sets and the results of other software that may stand beside a checkout.
package shared

import (
	"os"
	"path/filepath"
	"testing"
)

// Path is that of a file below the folder shared beside the repository. Where it is absent the test is skipped, saying so.
func Path(t testing.TB, parts ...string) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		if filepath.Dir(dir) == dir {
			t.Fatal("no go.mod above the package")
		}
		dir = filepath.Dir(dir)
	}
	path := filepath.Join(append([]string{filepath.Dir(dir), "shared"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("%s is not on this machine: what it is compared with is left out", path)
	}
	return path
}
