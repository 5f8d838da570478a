package rundir

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAReplacedFileIsInTheManifest replaces a file of a complete run and adds one: what Verify reads is as the manifest says.
func TestAReplacedFileIsInTheManifest(t *testing.T) {
	s := Store{Root: t.TempDir()}
	run, err := s.Open("shop", []byte("name = \"shop\"\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.txt", "c.txt"} {
		if err := run.WriteFile(name, []byte("before")); err != nil {
			t.Fatal(err)
		}
	}
	if err := run.Finish(Build{}); err != nil {
		t.Fatal(err)
	}
	f, err := s.Finished("shop", run.ID)
	if err != nil {
		t.Fatal(err)
	}
	after := func(w io.Writer) error { _, err := io.WriteString(w, "after it"); return err }
	for _, name := range []string{"a.txt", "b.txt", "z.txt"} {
		if err := f.Replace(name, after, "the test"); err != nil {
			t.Fatal(err)
		}
		if text, err := f.ReadFile(name); err != nil || string(text) != "after it" {
			t.Errorf("%s holds %q, %v", name, text, err)
		}
	}
	m, err := s.Verify("shop", run.ID)
	if err != nil {
		t.Fatal(err)
	}
	var names string
	for _, e := range m.Files {
		names += e.Name + " "
	}
	if names != "a.txt b.txt c.txt scenario.toml z.txt " {
		t.Errorf("the manifest lists %s", names)
	}
	for _, bad := range []string{"../x", "manifest.json"} {
		if f.Replace(bad, after, "") == nil {
			t.Errorf("%s could be replaced", bad)
		}
	}
	if err := os.WriteFile(filepath.Join(f.Dir, "c.txt"), []byte("beforf"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ReadFile("c.txt"); err == nil || !strings.Contains(err.Error(), "as manifest.json says") {
		t.Errorf("a file that was changed behind the run's back is read: %v", err)
	}
	if _, err := s.Finished("shop", "nothing"); err == nil {
		t.Error("a run that is not there could be opened")
	}
}
