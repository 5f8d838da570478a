package souk_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/souk-sim/souk"

// anywhere may be imported by every room.
var anywhere = []string{module, module + "/scenarios/field", module + "/sim/portable"}

// modules gives the import paths behind the short names of the table in docs/design.md §2.
var modules = map[string]string{
	"golang.org/x/exp/rand": "golang.org/x/exp/rand", "protowire": "google.golang.org/protobuf/encoding/protowire",
	"parquet-go": "github.com/parquet-go/parquet-go", "prometheus": "github.com/prometheus/client_golang", "gonum": "gonum.org/v1/gonum",
	"gonum/plot": "gonum.org/v1/plot", "gomlx": "github.com/gomlx/gomlx", "BurntSushi/toml": "github.com/BurntSushi/toml",
	"cobra": "github.com/spf13/cobra", "pflag": "github.com/spf13/pflag",
}

// groups are the words by which the table names several rooms at once.
var groups = map[string][]string{
	"the behaviour rooms": {"market/demand", "market/choice", "market/persona", "market/basket", "market/affinity", "market/journey", "market/loyalty"},
}

// TestRoomsImportOnlyWhatTheDesignAllows reads the table of docs/design.md §2 and holds every package against it, so
// that the page and the code cannot part.
func TestRoomsImportOnlyWhatTheDesignAllows(t *testing.T) {
	allowed := rooms(t)
	for _, p := range packages(t) {
		room := strings.TrimPrefix(p.ImportPath, module+"/")
		if p.ImportPath == module {
			continue
		}
		may, known := allowed[room]
		if !known {
			t.Errorf("package %s is no room of docs/design.md §2", room)
			continue
		}
		for _, imported := range p.Imports {
			first, _, _ := strings.Cut(imported, "/")
			if !strings.Contains(first, ".") || may["*"] {
				continue
			}
			if !permitted(may, imported) {
				t.Errorf("%s imports %s, which its row of docs/design.md §2 does not name", room, imported)
			}
		}
	}
}

func permitted(may map[string]bool, imported string) bool {
	for _, path := range anywhere {
		if imported == path {
			return true
		}
	}
	if strings.HasPrefix(imported, module+"/") {
		return may[imported] // a room is exactly itself
	}
	for path := range may {
		if imported == path || strings.HasPrefix(imported, path+"/") {
			return true
		}
	}
	return false
}

var (
	row   = regexp.MustCompile("(?m)^\\| (`[^|]*`) \\|.*\\| ([^|]*) \\|$")
	quote = regexp.MustCompile("`([^`]*)`")
	aside = regexp.MustCompile(`\([^)]*\)`)
)

// rooms parses the table: room → what it may import. "all above" becomes "*", for the assembling rooms that may import anything.
func rooms(t *testing.T) map[string]map[string]bool {
	page, err := os.ReadFile("docs/design.md")
	if err != nil {
		t.Fatal(err)
	}
	table := make(map[string]map[string]bool)
	for _, m := range row.FindAllStringSubmatch(string(page), -1) {
		may := make(map[string]bool)
		for word := range strings.FieldsFuncSeq(aside.ReplaceAllString(m[2], ""), func(r rune) bool { return r == ',' || r == ';' }) {
			word = strings.TrimSpace(word)
			switch {
			case word == "–":
			case word == "all above":
				may["*"] = true
			case modules[word] != "":
				may[modules[word]] = true
			case groups[word] != nil:
				for _, g := range groups[word] {
					may[module+"/"+g] = true
				}
			default:
				may[module+"/"+word] = true
			}
		}
		for _, r := range quote.FindAllStringSubmatch(m[1], -1) {
			table[r[1]] = may
		}
	}
	if len(table) < 20 {
		t.Fatalf("found only %d rooms in docs/design.md: has the table changed its form?", len(table))
	}
	table["sim/env/envtest"] = map[string]bool{module + "/sim/env": true, module + "/sim/rng": true}
	return table
}

type pkg struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []pkg {
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []pkg
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
