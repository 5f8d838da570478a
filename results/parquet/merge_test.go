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

// lanesOf cuts rows into files of so many rows; the lanes are of agents a, b and c, of which the second is short.
func lanesOf[R results.Row](t testing.TB, m *memory, make func(agent string, n int) []R, cuts ...int) (lanes [][]string) {
	for k, n := range []int{SegmentRows + 5000, 700, 2 * SegmentRows} {
		rows := make(string(rune('a'+k)), n)
		var lane []string
		for at, c := 0, 0; at < n; c++ {
			end := min(at+cuts[c%len(cuts)], n, at-at%SegmentRows+SegmentRows)
			lane = append(lane, fmt.Sprintf("%d-%d", k, at))
			m.files[lane[len(lane)-1]] = encode(t, rows[at:end], 1000)
			at = end
		}
		lanes = append(lanes, lane)
	}
	return lanes
}

func merged[R results.Row](t testing.TB, m *memory, lanes [][]string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter[R](&b, hash)
	if err := Merge(w, lanes, m.Open); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func sameMerged[R results.Row](t *testing.T, make func(agent string, n int) []R) {
	m := &memory{files: map[string][]byte{}}
	whole := merged[R](t, m, lanesOf(t, m, make, SegmentRows))
	cut := merged[R](t, m, lanesOf(t, m, make, 20_001, 4099))
	if !bytes.Equal(whole, cut) {
		t.Error("files that are copied whole and files that are not give different bytes")
	}
	var want []R
	for k, n := range []int{SegmentRows + 5000, 700, 2 * SegmentRows} {
		want = append(want, make(string(rune('a'+k)), n)...)
	}
	got, err := readAll[R](bytes.NewReader(whole), int64(len(whole)))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%d rows merged, wrong", len(got))
	}
}

func TestMergedBytesDoNotDependOnWhatIsCopiedWhole(t *testing.T) {
	sameMerged(t, func(agent string, n int) []results.Step { return steps(agent, 1, n) })
	sameMerged(t, func(agent string, n int) []results.Event { // columns of NULLs alone, and dictionaries
		rows := make([]results.Event, n)
		for i := range rows {
			rows[i] = results.Event{Key: results.Key{Agent: agent, Step: int64(i / 10)}, Number: int64(i), Time: float64(i) / 7, Kind: fmt.Sprint("kind-", i%9)}
			if i%3 == 0 && i > SegmentRows {
				rows[i].Product, rows[i].Price = fmt.Sprint(i%100), new(float64(i%13))
			}
		}
		return rows
	})
}

func TestMergeCopiesNoFileThatOthersCutInto(t *testing.T) {
	m := &memory{files: map[string][]byte{}}
	rows := steps("a", 1, 2*SegmentRows)
	var got collect
	lanes := [][]string{m.add(t, "all", rows, SegmentRows), m.add(t, "one", rows[SegmentRows+1:SegmentRows+2], 1)}
	whole := merged[results.Step](t, m, lanes)
	if err := Merge(&got, lanes, m.Open); err != nil {
		t.Fatal(err)
	}
	back, err := readAll[results.Step](bytes.NewReader(whole), int64(len(whole)))
	if err != nil || !reflect.DeepEqual(back, got.rows) {
		t.Errorf("%d rows merged, wrong or out of order: %v", len(back), err)
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
