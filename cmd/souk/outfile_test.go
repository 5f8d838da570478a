package main

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// unlinkable ends a test that can make no link: where the system grants links to some users alone the test is passed over, as a machine that makes them
// has the fact; anywhere else it is a failure.
func unlinkable(t *testing.T, err error) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skipf("this user may make no links, so that nothing can be replaced through one: %v", err)
	}
	t.Fatal(err)
}

// TestNothingThatIsReadIsReplaced: what a run writes replaces neither its data, nor anything that is no regular file, and is refused before the
// work is done.
func TestNothingThatIsReadIsReplaced(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	log := "customer,time,amount\n1,2023-01-01,5\n1,2023-02-01,6\n2,2023-01-03,5\n2,2023-01-20,7\n2,2023-03-03,6\n3,2023-01-09,4\n4,2023-01-10,4\n4,2023-02-14,9\n"
	put := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	put(in("data.csv"), log)
	put(in("old.json"), "{}")
	for _, link := range [][2]string{{"data.csv", "todata"}, {"old.json", "toold"}, {"absent", "tonothing"}, {"data.csv", "m.json.partial"}} {
		if err := os.Symlink(in(link[0]), in(link[1])); err != nil {
			unlinkable(t, err)
		}
	}
	if err := os.Link(in("data.csv"), in("twin.csv")); err != nil {
		unlinkable(t, err)
	}
	put(in("key"), "0123456789abcdef")
	for _, c := range []struct{ flag, path, found string }{
		{"--model", in("data.csv"), "a file that is read here"},
		{"--model", in("todata"), "a file that is read here"},
		{"--model", in("twin.csv"), "a file that is read here"},
		{"--model", in("m.json"), "a file that is read here"}, // on its way
		{"--model", in("tonothing"), "a link to nothing"},
		{"--model", dir, "a folder"},
		{"--model", in("no/such/m.json"), "its folder: no such file"},
		{"--model", in("old.json/m.json"), "not a directory"},
		{"--model", "/dev/null", "no regular file"},
		{"--customers", in("todata"), "a file that is read here"},
		{"--customers", dir, "a folder"},
		{"--customers", "/dev/null", "no regular file"},
	} {
		code, stdout, stderr := call(t, "estimate", "bgnbd", "--data", in("data.csv"), c.flag, c.path)
		complains(t, code, exitInvalid, stdout, stderr, c.flag, c.found)
	}
	code, stdout, stderr := call(t, "estimate", "bgnbd", "--data", in("data.csv"), "--model", in("both"), "--customers", in("both"))
	complains(t, code, exitUsage, stdout, stderr, "--customers", "--model")
	code, stdout, stderr = call(t, "estimate", "bgnbd", "--data", in("data.csv"), "--key-file", in("key"), "--customers", in("key"))
	complains(t, code, exitInvalid, stdout, stderr, "--customers", "a file that is read here")
	if text, err := os.ReadFile(in("data.csv")); err != nil || string(text) != log {
		t.Errorf("the data are now %q, %v", text, err)
	}
	if _, err := os.Stat(in("no")); err == nil {
		t.Error("a folder was made that nobody asked for")
	}

	if code, _, stderr := call(t, "estimate", "bgnbd", "--data", in("data.csv"), "--model", in("toold")); code != exitDone {
		t.Fatal(stderr)
	}
	link, err := os.Lstat(in("toold"))
	if err != nil || link.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v, %v", link, err)
	}
	if text, err := os.ReadFile(in("old.json")); err != nil || len(text) < 10 {
		t.Errorf("behind the link is %q, %v", text, err)
	}
}

// TestBadCommandsAreToldBeforeTheirFlags: a flag of a command that does not exist is not what is wrong.
func TestBadCommandsAreToldBeforeTheirFlags(t *testing.T) {
	code, stdout, stderr := call(t, "estimate", "lgit", "--data", "x.csv")
	complains(t, code, exitUsage, stdout, stderr, `"lgit"`, `"logit"`)
	code, stdout, stderr = call(t, "estimate", "logit", "--data", t.TempDir(), "--choice", "c")
	complains(t, code, exitInvalid, stdout, stderr, "a folder")
}

// TestModelsOfAScenarioDoNotReplaceItsData: nor its scenario, by links in the folder of models.
func TestModelsOfAScenarioDoNotReplaceItsData(t *testing.T) {
	t.Chdir(t.TempDir())
	if code, _, stderr := call(t, "scenario", "new", "mine", "--from", "margarine"); code != exitDone {
		t.Fatal(stderr)
	}
	if err := os.Mkdir("models", 0o777); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile("mine.toml")
	if err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := call(t, "fit", "./mine.toml", "--models", "models", "-q"); code != exitDone {
		t.Fatal(stderr)
	}
	files, err := os.ReadDir("models")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	first := filepath.Join("models", files[0].Name())
	if err := os.Remove(first); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../mine.toml", first); err != nil {
		unlinkable(t, err)
	}
	code, stdout, stderr := call(t, "fit", "./mine.toml", "--models", "models", "-q")
	complains(t, code, exitInvalid, stdout, stderr, "--models", "a file that is read here")
	if after, err := os.ReadFile("mine.toml"); err != nil || string(after) != string(before) {
		t.Errorf("the scenario is now %.100q, %v", after, err)
	}
}
