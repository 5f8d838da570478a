package parquet

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results"
)

// memory is a set of files that counts how many are open.
type memory struct {
	files     map[string][]byte
	open, top int
}

type memoryFile struct {
	*bytes.Reader
	m *memory
}

func (f memoryFile) Close() error { f.m.open--; return nil }

func (m *memory) Open(name string) (Source, error) {
	data, ok := m.files[name]
	if !ok {
		return nil, fmt.Errorf("%s: no such file", name)
	}
	m.open++
	m.top = max(m.top, m.open)
	return memoryFile{bytes.NewReader(data), m}, nil
}

// add cuts rows into files and returns the lane of their names.
func (m *memory) add(t *testing.T, lane string, rows []results.Step, perFile int) []string {
	var names []string
	for part := range slices.Chunk(rows, perFile) {
		name := fmt.Sprintf("%s-%d", lane, len(names))
		m.files[name] = encode(t, part, len(part))
		names = append(names, name)
	}
	return names
}

// collect is a Sink that keeps everything.
type collect struct{ rows []results.Step }

func (c *collect) Write(rows []results.Step) error { c.rows = append(c.rows, rows...); return nil }
func (c *collect) Close() error                    { return nil }

func TestMergeSortsBySeedAgentEpisodeStep(t *testing.T) {
	m := &memory{files: map[string][]byte{}}
	var lanes [][]string
	var want []results.Step
	for seed := range int64(5) {
		for _, agent := range []string{"sarsa", "q-learning"} {
			rows := steps(agent, seed, 700)
			want = append(want, rows...)
			lanes = append(lanes, m.add(t, fmt.Sprint(agent, seed), rows, 300))
		}
	}
	lanes = append(lanes, nil, m.add(t, "empty", steps("x", 1, 1)[:0], 1))
	slices.Reverse(lanes)
	slices.SortFunc(want, func(a, b results.Step) int { return a.Key.Compare(b.Key) })
	var got collect
	if err := Merge(&got, lanes, m.Open); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.rows, want) {
		t.Errorf("%d rows merged, out of order or wrong", len(got.rows))
	}
	if m.open != 0 || m.top > 2 {
		t.Errorf("%d files left open; lanes one after the other had %d open at once", m.open, m.top)
	}
}

func TestMergeInterleavesAndKeepsLaneOrderOfEqualKeys(t *testing.T) {
	m := &memory{files: map[string][]byte{}}
	all := steps("sarsa", 1, 600)
	var odd, even []results.Step
	for i, r := range all {
		if i%2 == 0 {
			even = append(even, r)
		} else {
			odd = append(odd, r)
		}
	}
	twin := slices.Clone(even[:1])
	twin[0].Week = 99
	var got collect
	err := Merge(&got, [][]string{m.add(t, "odd", odd, 100), m.add(t, "even", even, 100), m.add(t, "twin", twin, 1)}, m.Open)
	if err != nil {
		t.Fatal(err)
	}
	if want := slices.Insert(slices.Clone(all), 1, twin[0]); !reflect.DeepEqual(got.rows, want) {
		t.Error("two lanes that interleave come out wrong")
	}
	if m.open != 0 {
		t.Errorf("%d files left open", m.open)
	}
}

func TestMergeRefusesALaneOutOfOrder(t *testing.T) {
	m := &memory{files: map[string][]byte{}}
	rows := steps("sarsa", 1, 100)
	lane := m.add(t, "lane", rows, 50)
	slices.Reverse(lane)
	err := Merge(&collect{}, [][]string{lane}, m.Open)
	if err == nil || !strings.Contains(err.Error(), "expected rows in order") {
		t.Errorf("got %v", err)
	}
	if m.open != 0 {
		t.Errorf("%d files left open", m.open)
	}
	if err := Merge(&collect{}, [][]string{{"missing"}}, m.Open); err == nil {
		t.Error("a missing file was not missed")
	}
}

func BenchmarkMerge(b *testing.B) {
	m := &memory{files: map[string][]byte{}}
	const rows = 20_000
	var lanes [][]string
	for seed := range int64(4) {
		name := fmt.Sprint(seed)
		m.files[name] = encode(b, steps("sarsa", seed, rows), rows)
		lanes = append(lanes, []string{name})
	}
	b.ReportAllocs()
	for b.Loop() {
		w := NewWriter[results.Step](io.Discard, hash)
		if err := Merge(w, lanes, m.Open); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(lanes)*rows)/b.Elapsed().Seconds(), "rows/s")
}
