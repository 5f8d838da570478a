package souk_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// parses are the names of functions that read what others wrote.
var parses = regexp.MustCompile(`^(Load|Read|Decode|Parse|Unmarshal|Restore|Unpack)`)

// TestEveryParserHasAFuzzTest (docs/design.md §7): each exported function that takes bytes, a reader or a folder, by a name that says it reads them, is reached by a
// fuzz test of its room. Reached is by name: a function by one that mentions it, a method by one that mentions its type. Where a parser is missed, give it a fuzz test;
// .ci/fuzz finds all there are.
func TestEveryParserHasAFuzzTest(t *testing.T) {
	rooms := map[string]map[string][]string{} // of each room, which names each function mentions; a fuzz test is mentioned by ""
	type named struct{ room, of, name string }
	var parsers []named
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && path != "." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, ".go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		room := filepath.ToSlash(filepath.Dir(path))
		if rooms[room] == nil {
			rooms[room] = map[string][]string{}
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			name, test := f.Name.Name, strings.HasSuffix(path, "_test.go")
			if test && strings.HasPrefix(name, "Fuzz") {
				rooms[room][""] = append(rooms[room][""], name)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if id, ok := n.(*ast.Ident); ok {
					rooms[room][name] = append(rooms[room][name], id.Name)
				}
				return true
			})
			if !test && parses.MatchString(name) && reads(f) {
				parsers = append(parsers, named{room, receiver(f), name})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(parsers) < 40 {
		t.Errorf("only %d parsers are found: does this test still know one?", len(parsers))
	}
	for _, p := range parsers {
		reached := reach(rooms[p.room])
		if p.of == "" && !reached[p.name] || p.of != "" && !reached[p.of] {
			t.Errorf("%s: %s reads what others wrote, and no fuzz test of its room reaches it", p.room, strings.TrimPrefix(p.of+"."+p.name, "."))
		}
	}
}

// reach lists the names that fuzz tests mention, and those that what they mention does.
func reach(mentions map[string][]string) map[string]bool {
	reached, next := map[string]bool{}, []string{""}
	for len(next) > 0 {
		name := next[0]
		next = next[1:]
		for _, other := range mentions[name] {
			if !reached[other] {
				reached[other] = true
				next = append(next, other)
			}
		}
	}
	return reached
}

// reads says whether a function takes bytes, a reader or a folder, or, by the name of Parse, text. What implements io.Reader only hands on.
func reads(f *ast.FuncDecl) bool {
	for _, p := range f.Type.Params.List {
		switch x := p.Type.(type) {
		case *ast.ArrayType:
			if of, ok := x.Elt.(*ast.Ident); ok && of.Name == "byte" && f.Name.Name != "Read" {
				return true
			}
		case *ast.SelectorExpr:
			if x.Sel.Name == "Reader" || x.Sel.Name == "ReaderAt" || x.Sel.Name == "FS" {
				return true
			}
		case *ast.Ident:
			if x.Name == "string" && strings.HasPrefix(f.Name.Name, "Parse") {
				return true
			}
		}
	}
	return false
}

// receiver is the type of a method; "" of a function.
func receiver(f *ast.FuncDecl) string {
	name := ""
	if f.Recv != nil {
		ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok && name == "" {
				name = id.Name
			}
			return true
		})
	}
	return name
}
