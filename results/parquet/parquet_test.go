package parquet

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
	"github.com/souk-sim/souk"
	"github.com/souk-sim/souk/results"
	"github.com/souk-sim/souk/scenarios/field"
)

var (
	_ results.Sink[results.Step]    = (*Writer[results.Step])(nil)
	_ results.Sink[results.Episode] = (*Writer[results.Episode])(nil)
)

const hash = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

// steps are n rows of one agent and seed, every fifth without a reference price.
func steps(agent string, seed int64, n int) []results.Step {
	rows := make([]results.Step, n)
	for i := range rows {
		r := &rows[i]
		r.Key = results.Key{RunID: "0123456789ab", Scenario: "test", Agent: agent, Seed: seed, Episode: int64(i / 52), Step: int64(i % 52)}
		r.Week, r.Action, r.Price = int64(i%52+1), int64(i%13), 0.54+0.035*float64(i%13)
		r.Exploring = i%7 == 0
		r.Reward, r.Profit = float64(i%101)/7, float64(i%97)/3
		if i%5 != 0 {
			r.ReferencePrice = new(0.7 + float64(i%10)/100)
		}
	}
	return rows
}

func encode[R results.Row](t testing.TB, rows []R, batch int) []byte {
	t.Helper()
	var b bytes.Buffer
	w := NewWriter[R](&b, hash)
	for part := range slices.Chunk(rows, batch) {
		if err := w.Write(part); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRowsComeBackAsTheyWereWritten(t *testing.T) {
	rows := steps("sarsa", 3, 1000)
	data := encode(t, rows, 77)
	r, err := NewReader[results.Step](bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if r.Len() != 1000 || r.ScenarioHash() != hash {
		t.Errorf("the footer says %d rows of scenario %q", r.Len(), r.ScenarioHash())
	}
	back, err := readAll[results.Step](bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(rows, back) {
		t.Error("the rows read are not the rows written")
	}
}

func TestBytesDependOnRowsAlone(t *testing.T) {
	rows := steps("q-learning", 1, 150_000)
	one := encode(t, rows, len(rows))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, procs := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(procs)
		if !bytes.Equal(one, encode(t, rows, 1+procs*1000)) {
			t.Errorf("with GOMAXPROCS %d and other batches the bytes differ", procs)
		}
	}
}

func TestFilesAreZstdInBoundedRowGroupsWithStatistics(t *testing.T) {
	data := encode(t, steps("q-learning", 1, rowGroup+10), 5000)
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Metadata().CreatedBy != "souk version "+souk.Version {
		t.Errorf("created by %q", f.Metadata().CreatedBy)
	}
	if v, _ := f.Lookup(schemaKey); v != fmt.Sprint(SchemaVersion) {
		t.Errorf("schema version %q in the footer", v)
	}
	if groups := f.Metadata().RowGroups; len(groups) != 2 || groups[0].NumRows != rowGroup {
		t.Errorf("%d row groups, the first of %d rows", len(groups), groups[0].NumRows)
	}
	for _, c := range f.Metadata().RowGroups[0].Columns {
		if name := c.MetaData.PathInSchema[0]; c.MetaData.Codec != format.Zstd || name != strings.ToLower(name) {
			t.Errorf("column %s has codec %v", name, c.MetaData.Codec)
		}
	}
	reference, _ := f.Schema().Lookup("reference_price")
	nulls := f.Metadata().RowGroups[0].Columns[reference.ColumnIndex].MetaData.Statistics.NullCount
	if want := int64((rowGroup + 4) / 5); nulls != want {
		t.Errorf("reference_price has %d NULLs, want %d", nulls, want)
	}
}

func TestZeroIsNotNull(t *testing.T) {
	rows := steps("sarsa", 1, 3)
	rows[1].ReferencePrice, rows[2].ReferencePrice = new(0.0), nil
	data := encode(t, rows, 3)
	back, err := readAll[results.Step](bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if back[1].ReferencePrice == nil || *back[1].ReferencePrice != 0 || back[2].ReferencePrice != nil {
		t.Errorf("0 and NULL came back as %v and %v", back[1].ReferencePrice, back[2].ReferencePrice)
	}
}

func TestRowsBelongToTheCallerAfterWrite(t *testing.T) {
	rows := steps("sarsa", 1, 10)
	price := 0.5
	rows[0].ReferencePrice = &price
	var b bytes.Buffer
	w := NewWriter[results.Step](&b, hash)
	if err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	price, rows[0].Week = 9, 9
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	back, err := readAll[results.Step](bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil || *back[0].ReferencePrice != 0.5 || back[0].Week != 1 {
		t.Errorf("what the caller changed after Write came into the file: %v, %v", *back[0].ReferencePrice, err)
	}
}

func TestNumbersThatAreNotFiniteAreRefused(t *testing.T) {
	cases := map[string]func(*results.Step){
		"price":           func(r *results.Step) { r.Price = math.NaN() },
		"holding_cost":    func(r *results.Step) { r.HoldingCost = math.Inf(1) },
		"reference_price": func(r *results.Step) { r.ReferencePrice = new(math.NaN()) },
	}
	for column, spoil := range cases {
		w := NewWriter[results.Step](io.Discard, hash)
		rows := steps("sarsa", 1, 10)
		if err := w.Write(rows[:5]); err != nil {
			t.Fatal(err)
		}
		spoil(&rows[7])
		var bad *field.Error
		if err := w.Write(rows[5:]); !errors.As(err, &bad) || bad.Key != column || !strings.Contains(bad.Found, "in row 8") {
			t.Errorf("%s: %v", column, err)
		}
	}
}

func TestDamagedFilesAreRefused(t *testing.T) {
	good := encode(t, steps("sarsa", 1, 500), 500)
	episodes := encode(t, []results.Episode{{}}, 1)
	late := bytes.Replace(good, []byte(schemaKey), []byte("souk.schemb"), 1)
	cases := []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "a complete Parquet file"},
		{"cut in the middle", good[:len(good)/2], "a complete Parquet file"},
		{"without its last byte", good[:len(good)-1], "a complete Parquet file"},
		{"text", []byte("week,price\n1,0.97\n2,0.89\n"), "a complete Parquet file"},
		{"another table", episodes, "week: found no such column, expected a required INT64 column"},
		{"a foreign footer", late, ""},
	}
	for _, c := range cases {
		name := filepath.Join(t.TempDir(), "steps.parquet")
		if err := os.WriteFile(name, c.data, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := ReadFile[results.Step](name)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func FuzzReader(f *testing.F) {
	good := encode(f, steps("sarsa", 1, 40), 40)
	f.Add(good)
	f.Add(good[:len(good)/2])
	f.Fuzz(func(t *testing.T, data []byte) {
		_, _ = readAll[results.Step](bytes.NewReader(data), int64(len(data)))
	})
}

func BenchmarkWriter(b *testing.B) {
	rows := steps("q-learning", 1, 52)
	w := NewWriter[results.Step](io.Discard, hash)
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Write(rows); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N*len(rows))/b.Elapsed().Seconds(), "rows/s")
}
