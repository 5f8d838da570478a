package scenarios

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/souk-sim/souk/agents"
	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/data"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

//go:embed *.toml papers/*.toml
var bundled embed.FS

// Source is a scenario's text and where it came from.
type Source struct {
	Name string // for messages: the path, or the bundled file's name
	Text string
	dir  string // of relative data paths
}

// Bundled lists the names of the scenarios in the binary, but for those of Papers.
func Bundled() []string { return inside(".") }

// Papers lists the names of the scenarios in the binary that reproduce publications.
func Papers() []string { return inside("papers") }

func inside(folder string) (names []string) {
	entries, _ := fs.ReadDir(bundled, folder) // an embedded folder is always there
	for _, e := range entries {
		if name, is := strings.CutSuffix(e.Name(), ".toml"); is {
			names = append(names, name)
		}
	}
	return names
}

// Open finds a scenario: a path when the argument holds a / or ends in .toml, else a bundled name.
func Open(scenario string) (Source, error) {
	if !strings.Contains(scenario, "/") && !strings.HasSuffix(scenario, ".toml") {
		for _, folder := range []string{"", "papers/"} {
			if text, err := bundled.ReadFile(folder + scenario + ".toml"); err == nil {
				return Source{Name: scenario + ".toml", Text: string(text), dir: "."}, nil
			}
		}
		if file := scenario + ".toml"; isFile(file) {
			return Source{}, field.New("SCENARIO", strconv.Quote(scenario), "a path or a bundled name: ./"+file+" exists: give the path")
		}
		return Source{}, field.New("SCENARIO", strconv.Quote(scenario), "a path or a bundled name: "+Suggest(scenario, slices.Concat(Bundled(), Papers())))
	}
	file, err := os.Open(scenario)
	if err != nil {
		return Source{}, unreadable(scenario, err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, largest+1))
	if err != nil {
		return Source{}, unreadable(scenario, err)
	}
	return Source{Name: scenario, Text: string(text), dir: filepath.Dir(scenario)}, nil
}

func isFile(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.Mode().IsRegular()
}

// Fault says that a value does not go with the data: file and line are those of the key, given part by part, elements of arrays by their index.
func (s *Scenario) Fault(found, expected string, keys ...string) *field.Error {
	d := &document{file: s.document.file, root: s.document.root, at: s.document.at, set: s.document.set}
	d.bad(path(strings.Join(keys, "\x1f")), found, expected)
	return d.errs[0]
}

func unreadable(file string, err error) *field.Error {
	found := err.Error()
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		found = p.Err.Error()
	}
	if errors.Is(err, fs.ErrNotExist) {
		found = "no such file"
	}
	return &field.Error{File: file, Found: found, Expected: "a file that can be read"}
}

// Load opens, parses and checks a scenario with its overrides (key=value, in order).
func Load(scenario string, overrides ...string) (*Scenario, error) {
	source, err := Open(scenario)
	if err != nil {
		return nil, err
	}
	return Parse(source, overrides...)
}

// Parse checks a scenario's text, overrides applied, and writes in every default. Its variants are checked too. The error is a *field.Error.
func Parse(source Source, overrides ...string) (*Scenario, error) {
	s, err := parseWith(source, nil, overrides, nil)
	if err != nil {
		return nil, err
	}
	if s.Sweep != nil {
		if err := s.tried(); err != nil {
			return nil, err
		}
	}
	if s.Loop != nil {
		if err := s.drifts(); err != nil {
			return nil, err
		}
	}
	for _, quick := range []bool{false, true} {
		for i := -1; i < len(s.Variants); i++ {
			name := ""
			if i >= 0 {
				name = s.Variants[i].Name
			}
			if !quick && i < 0 || quick && len(s.Quick.Set) == 0 && (i < 0 || len(s.Variants[i].Quick) == 0) {
				continue // as before
			}
			if _, err := s.Variant(name, quick); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

// parseWith checks a scenario's text with settings and overrides applied in that order.
func parseWith(source Source, before []settled, overrides []string, after []settled) (*Scenario, error) {
	d, err := parse(source.Name, source.Text)
	if err != nil {
		return nil, err
	}
	if err := d.apply(before); err != nil {
		return nil, err
	}
	for _, o := range overrides {
		if err := d.override(o); err != nil {
			return nil, err
		}
	}
	if err := d.apply(after); err != nil {
		return nil, err
	}
	d.world = worldOf(d.root)
	s := &Scenario{source: source, overrides: overrides, document: d}
	d.table("", d.root, reflect.ValueOf(s).Elem())
	if err := d.first(); err != nil {
		return nil, err
	}
	d.check(s)
	if err := d.first(); err != nil {
		return nil, err
	}
	if err := d.digest(s); err != nil {
		return nil, err
	}
	return s, nil
}

// digest ties the scenario to the content of its data.
func (d *document) digest(s *Scenario) error {
	if s.World() == WeeklyCategory {
		d.sum(path("data").then("panel"), path("data").then("sha256"), s.Panel, &s.Data.SHA256)
	}
	if m := s.Traffic.Demand; m != nil {
		open := func() (string, fs.File, error) { return s.OpenSeries(m) }
		d.sum(path("traffic").then("demand").then("data"), path("traffic").then("demand").then("sha256"), open, &m.SHA256)
	}
	for i := range s.Agents {
		if a := &s.Agents[i]; a.Start != "" {
			at := path("agents").then(strconv.Itoa(i))
			if !Begins(a.Params) {
				d.bad(at.then("start"), "it beside a learner that begins with no given table", "a tabular learner, such as q-learning, or no start")
				continue
			}
			open := func() (string, fs.File, error) { return s.Open(a.Start + "/manifest.json") }
			d.sum(at.then("start"), at.then("start_sha256"), open, &a.StartSHA256)
		}
	}
	for _, m := range s.Shoppers.Models() {
		if !m.ByHand() {
			d.sum(m.at("data"), m.at("sha256"), func() (string, fs.File, error) { return s.OpenModel(m) }, &m.SHA256)
		}
	}
	return d.first()
}

// Begins tells whether a learner can begin with a table of values: it takes a small one and freezes it. One that cannot be made of so small a
// task is looked at when it trains.
func Begins(params agents.Params) bool {
	spec := &env.Spec{Offers: []env.Offer{{Price: 1}, {Price: 2}}}
	values := []float64{1, 2}
	agent, err := params.New(agents.Task{Spec: spec, Values: values, Visits: []uint32{1, 1}})
	if bad, ok := errors.AsType[*field.Error](err); err != nil {
		return !ok || bad.Key != "values"
	}
	policy, err := agent.Policy()
	table, ok := policy.(*policies.Table)
	return err == nil && ok && slices.Equal(table.Values, values)
}

// sum fills in the digest of a file, or holds the one that is given against it.
func (d *document) sum(at, digestAt path, open func() (string, fs.File, error), digest *string) {
	full, file, err := open()
	if err != nil {
		e, _ := errors.AsType[*field.Error](err)
		found := strings.TrimLeft(e.Key+" "+e.Found+" "+e.File, " ")
		if e.Line > 0 { // of a decision log
			found += ":" + strconv.Itoa(e.Line)
		}
		d.bad(at, found, e.Expected)
		return
	}
	defer file.Close()
	hash := sha256.New()
	if _, err := io.Copy(hash, file); err != nil {
		e := unreadable(full, err)
		d.bad(at, e.Found+" "+e.File, e.Expected)
		return
	}
	sum := hex.EncodeToString(hash.Sum(nil))
	if *digest != "" && *digest != sum {
		d.bad(digestAt, "a file with "+sum, "one with "+*digest)
		return
	}
	*digest = sum
}

// Panel opens the market's data file; name is for messages. The caller closes it.
func (s *Scenario) Panel() (name string, file fs.File, err error) { return s.Open(s.Data.Panel) }

// Open opens a data file that the scenario names: a path relative to it, or bundled:NAME. full is for messages. The caller closes it.
func (s *Scenario) Open(name string) (full string, file fs.File, err error) {
	if inside, found := strings.CutPrefix(name, "bundled:"); found {
		file, err = data.Files().Open(inside)
	} else {
		if name = filepath.FromSlash(name); !filepath.IsAbs(name) {
			name = filepath.Join(s.source.dir, name)
		}
		file, err = os.Open(name)
	}
	if err != nil {
		return name, nil, unreadable(name, err)
	}
	return name, file, nil
}
