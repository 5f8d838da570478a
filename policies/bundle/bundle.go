// Package bundle writes a policy to a folder of files that check themselves, and loads it. The format is
// docs/formats/bundle.md.
package bundle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/souk-sim/souk/policies"
	"github.com/souk-sim/souk/scenarios/field"
	"github.com/souk-sim/souk/sim/env"
)

// Format is the newest version of the format, and Load reads all from 1 on. Bundles of format 1 compared the edges of cells as
// float64, and are decided by as those of format 2, as float32. Format 3 has limits that those before did not know; Write says 3 only
// of a bundle with such limits, which an older loader must not take for one without.
const Format = 3

// formatOf is the least format that a policy can be written in.
func formatOf(p policies.Frozen) int {
	if slices.ContainsFunc(p.About().Spec.Limits, func(l env.Limit) bool { return l.Floor > 0 || l.Ceiling > 0 || l.Times > 0 }) {
		return 3
	}
	return 2
}

// Manifest says what a bundle is and where it comes from. The first block is the writer's to fill, the second is
// Write's.
type Manifest struct {
	Name           string          `json:"name"` // of the policy, for people
	Souk           string          `json:"souk_version"`
	Scenario       string          `json:"scenario"`
	ScenarioSHA256 string          `json:"scenario_sha256"` // of the canonical resolved scenario
	Agent          string          `json:"agent"`
	Parameters     json.RawMessage `json:"parameters,omitempty"` // of the agent, a JSON object
	Seed           int64           `json:"seed"`
	Episodes       int64           `json:"episodes"` // of training
	Purpose        string          `json:"purpose,omitempty"`
	Market         string          `json:"market,omitempty"` // the training market, in words
	Data           []string        `json:"data,omitempty"`   // the data behind it: name, fingerprint and terms, a sentence each
	Caveats        []string        `json:"caveats,omitempty"`
	Evaluation     []Figure        `json:"evaluation,omitempty"`
	Found          []string        `json:"-"` // what else the evaluation came to, in words: in the card alone

	Format   int    `json:"format"`
	Kind     string `json:"kind"`     // of policy: "table", …
	Revision string `json:"revision"` // SHA-256 of this manifest with an empty revision: it names the contents of all files
	Files    []File `json:"files"`
}

// Figure is one result of an evaluation, with its interval.
type Figure struct {
	Name  string  `json:"name"`
	Unit  string  `json:"unit,omitempty"`
	Value float64 `json:"value"`
	Low   float64 `json:"low"`
	High  float64 `json:"high"`
	Level float64 `json:"level"` // of the interval, 0.95 for 95%
}

// File is a file of a bundle.
type File struct {
	Name   string `json:"name"`
	Bytes  int    `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Bundle is a policy and where it comes from.
type Bundle struct {
	Manifest Manifest
	Policy   policies.Frozen
	Signer   ed25519.PublicKey // whose signature Load found, and found to be good; nil for none
}

const manifestName = "manifest.json"

// Write writes a bundle: it hands each file to write, the manifest last, so that a folder with a manifest is complete. It
// fills in the manifest's second block and the policy's Revision.
func Write(b *Bundle, write func(name string, data []byte) error) error {
	k, err := kindOf(b.Policy)
	if err != nil {
		return err
	}
	m := &b.Manifest
	m.Format, m.Kind, m.Revision, m.Files = formatOf(b.Policy), k.name, "", nil
	if len(m.Parameters) > 0 && !json.Valid(m.Parameters) {
		return field.New("parameters", string(m.Parameters), "JSON")
	}
	policy, numbers, err := k.encode(b.Policy)
	if err != nil {
		return err
	}
	golden, err := indented(goldenVectors(b.Policy))
	if err != nil {
		return err
	}
	contents := map[string][]byte{"card.md": []byte(card(b)), "golden.json": golden, "policy.json": policy, k.numbers: numbers}
	for _, name := range k.files() {
		m.Files = append(m.Files, File{Name: name, Bytes: len(contents[name]), SHA256: hash(contents[name])})
	}
	if m.Revision, err = revision(*m); err != nil {
		return err
	}
	b.Policy.About().Revision = m.Revision
	manifest, err := indented(m)
	if err != nil {
		return err
	}
	for _, name := range k.files() {
		if err := write(name, contents[name]); err != nil {
			return err
		}
	}
	return write(manifestName, manifest)
}

// Load reads a bundle from its folder and checks everything that can be: names, sizes, hashes, the revision, the table,
// the golden vectors and, where there is one, the signature. A *field.Error names the file and what is wrong with it.
func Load(folder fs.FS) (*Bundle, error) {
	raw, err := read(folder, manifestName, maxJSON)
	if err != nil {
		return nil, err
	}
	var m Manifest
	if err := decode(manifestName, raw, &m); err != nil {
		return nil, err
	}
	k, err := m.check(raw)
	if err != nil {
		return nil, err
	}
	contents := make(map[string][]byte)
	for _, f := range m.Files {
		data, err := read(folder, f.Name, f.Bytes)
		if err != nil {
			return nil, err
		}
		if len(data) != f.Bytes {
			return nil, bad(f.Name, "length", fmt.Sprintf("%d bytes", len(data)), fmt.Sprintf("%d", f.Bytes))
		}
		if h := hash(data); h != f.SHA256 {
			return nil, bad(f.Name, "sha256", h, f.SHA256)
		}
		contents[f.Name] = data
	}
	policy, err := k.decode(contents["policy.json"], contents[k.numbers])
	if err != nil {
		return nil, err
	}
	if least := formatOf(policy); least > 2 && m.Format < least {
		return nil, bad(manifestName, "format", m.Format, fmt.Sprintf("%d, because of its limits", least))
	}
	policy.About().Revision = m.Revision
	if err := checkGolden(policy, contents["golden.json"], m.Format); err != nil {
		return nil, err
	}
	who, err := signer(folder, raw)
	if err != nil {
		return nil, err
	}
	return &Bundle{Manifest: m, Policy: policy, Signer: who}, nil
}

// check holds a manifest against itself: format, kind, files and revision.
func (m *Manifest) check(raw []byte) (*kind, error) {
	if m.Format < 1 || m.Format > Format {
		return nil, bad(manifestName, "format", m.Format, fmt.Sprintf("1 to %d, the versions that this souk reads", Format))
	}
	known := kinds()
	at := slices.IndexFunc(known, func(k kind) bool { return k.name == m.Kind })
	if at < 0 {
		var names []string
		for _, k := range known {
			names = append(names, k.name)
		}
		return nil, bad(manifestName, "kind", m.Kind, strings.Join(names, ", "))
	}
	k := &known[at]
	names := k.files()
	if len(m.Files) != len(names) {
		return nil, bad(manifestName, "files", len(m.Files), fmt.Sprintf("%d", len(names)))
	}
	for i, f := range m.Files {
		if f.Name != names[i] {
			return nil, bad(manifestName, fmt.Sprintf("files[%d].name", i), f.Name, names[i])
		}
		if f.Bytes < 0 {
			return nil, bad(manifestName, fmt.Sprintf("files[%d].bytes", i), f.Bytes, "at least 0")
		}
	}
	want, err := revision(*m)
	if err != nil {
		return nil, err
	}
	if m.Revision != want {
		return nil, bad(manifestName, "revision", m.Revision, want+", the hash of the contents")
	}
	if canonical, err := indented(m); err != nil || !bytes.Equal(canonical, raw) {
		return nil, bad(manifestName, "", "other formatting than was written", "the bytes that Write wrote")
	}
	return k, nil
}

func revision(m Manifest) (string, error) {
	m.Revision = ""
	data, err := indented(&m)
	return hash(data), err
}

func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func indented(v any) ([]byte, error) {
	data, err := json.MarshalIndent(v, "", "  ")
	return append(data, '\n'), err
}

// decode is strict: unknown keys and anything after the document are errors.
func decode(name string, data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return bad(name, "", err.Error(), "JSON as in docs/formats/bundle.md")
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return bad(name, "", "more after the document", "its end")
	}
	return nil
}

// maxJSON bounds the manifest.
const maxJSON = 1 << 24

// read reads a file of at most limit bytes, and one more where there is more, so that a wrong length shows.
func read(folder fs.FS, name string, limit int) ([]byte, error) {
	f, err := folder.Open(name)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, bad(name, "", "no such file", "a file of the bundle")
		}
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return data, nil
}

func bad(file, key string, found any, expected string) error {
	return &field.Error{File: file, Key: key, Found: fmt.Sprint(found), Expected: expected}
}
