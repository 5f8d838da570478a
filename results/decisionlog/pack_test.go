package decisionlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
)

// service are lines as a pricing service leaves them: two policies that see different things, customers and prices that are posted, a challenger in the shadow, a stop,
// and outcomes of every kind.
func service(t testing.TB, n int) []byte {
	draw := rand.New(rand.NewPCG(5, 6))
	var all []any
	for i := range n {
		r := asked(fmt.Sprint("d", i), fmt.Sprint("customer ", i%7), float64(i)+0.25)
		r.Policy, r.Customer, r.Product, r.Revision = []string{"tuna/champion", "salmon/challenger"}[i%2], r.Unit, []string{"tuna", "salmon"}[i%2], "abc"
		if i%2 == 1 {
			r.Features, r.Observation, r.Allowed, r.Customer = []string{"stock", "x"}, []float64{math.NaN(), float64(i)}, []bool{true, false, true}, ""
			r.Shadow = decisionlog.Shadow{Policy: "salmon/next", Revision: "é\"", Action: 2, Offer: decisionlog.Offer{Price: 3, Promotion: "3 for 2"}}
		}
		r.Explore = []float64{0.25, 0, math.NaN()}[i%3]
		if i%11 == 10 {
			r.Fallback, r.Action, r.Offer.Price = true, -1, 9
		}
		all = append(all, r)
		o := decisionlog.Outcome{ID: fmt.Sprint("d", i-draw.IntN(4)), Time: float64(i) + 0.5, Reward: draw.NormFloat64(), Visitors: math.NaN(), Last: i%5 == 4}
		if o.Products = []string{"tuna", "salmon"}[:i%3]; i%3 > 0 {
			o.Units, o.Prices = []float64{float64(i), 2}[:i%3], []float64{math.NaN(), 1.5}[:i%3]
			o.Visitors = float64(draw.IntN(90))
		} else if i%2 == 0 {
			o.Units = []float64{} // nothing was sold
		}
		all = append(all, o)
	}
	return journalled(t, all...)
}

// told is what a log tells, line by line, whatever its file.
func told(log *decisionlog.Log) (lines []string) {
	seen, features := make([]float64, len(log.Features)), make([]int, len(log.Features))
	for k := range features {
		features[k] = k
	}
	for i := range log.Decisions {
		d := &log.Decisions[i]
		log.Observe(d, features, seen)
		product := ""
		if d.Product >= 0 {
			product = log.Products[d.Product]
		}
		line := fmt.Sprint(log.Units[d.Unit], d.Step, d.Time, log.Policies[d.Policy], log.Offers[d.Action], log.Masks[d.Mask], d.Propensity, d.Reward, d.Visitors, d.Explore, d.Last, d.Single, d.Counted, product)
		for k, x := range seen {
			if !math.IsNaN(x) { // a table cannot tell what was missing from what was no feature
				line += fmt.Sprint(" ", log.Features[k], x)
			}
		}
		for _, s := range log.Sales(d) {
			if s.Units != 0 || !math.IsNaN(s.Price) { // nothing sold of a product may be told or not
				line += fmt.Sprint(" ", s.Units, log.Products[s.Product], s.Price)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// A segment that has become a table tells what its lines told, to the last bit, and the lines are gone.
func TestASegmentAsATableTellsTheSame(t *testing.T) {
	folder := t.TempDir()
	segment := filepath.Join(folder, "decisions-000001.jsonl")
	write(t, segment, service(t, 500))
	write(t, filepath.Join(folder, "decisions-000002.jsonl"), journalled(t, asked("late", "customer 3", 1e4), decisionlog.Outcome{ID: "d499", Time: 2e4, Reward: 1e6, Visitors: 2}))
	write(t, filepath.Join(folder, "notes.txt"), []byte("of no concern"))
	for _, o := range []decisionlog.Options{{Policy: "tuna"}, {Policy: "salmon/challenger", Window: 19_900}, {Policy: "salmon", Patience: 50}} {
		before, digest, err := decisionlog.Open(folder, o)
		if err != nil {
			t.Fatal(err)
		}
		to, err := decisionlog.Pack(segment)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(segment); !errors.Is(err, fs.ErrNotExist) || to != filepath.Join(folder, "decisions-000001.parquet") {
			t.Fatalf("%s beside the lines: %v", to, err)
		}
		after, packed, err := decisionlog.Open(folder, o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(told(before), told(after)) || before.Joined != after.Joined || !slices.Equal(before.Warnings, after.Warnings) || digest == packed {
			t.Errorf("%+v: the table tells %+v %q, the lines %+v %q", o, after.Joined, after.Warnings, before.Joined, before.Warnings)
		}
		lines := service(t, 500)
		write(t, segment, lines) // both: as when the process ends between the table's name and the lines' end
		if both, again, err := decisionlog.Open(folder, o); err != nil || again != packed || !slices.Equal(told(both), told(after)) {
			t.Errorf("both: %v", err)
		}
		if err := os.Remove(to); err != nil {
			t.Fatal(err)
		}
		t.Logf("%d bytes of lines, %v", len(lines), before.Warnings)
	}
}

func write(t testing.TB, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// What a table cannot tell in full is not made one.
func TestASegmentThatIsNotWholeStaysAsItIs(t *testing.T) {
	whole := service(t, 20)
	for name, text := range map[string][]byte{
		"torn":        whole[:len(whole)-7],
		"damaged":     bytes.Replace(whole, []byte(`"time":3.25`), []byte(`"time":3.75`), 1),
		"unknown key": []byte(line[:len(line)-1] + `,"weather":"fine"}` + "\n"),
		"no JSON":     []byte("x\n"),
		"key twice":   []byte(line[:len(line)-1] + `,"step":0}` + "\n"),
		"feature":     []byte(strings.Replace(line, `"x":1`, `"a,b":1`, 1) + "\n"),
		"too wide":    wide(t),
		"wrong type":  []byte(strings.Replace(line, `0.5`, `"0.5"`, 1) + "\n"),
	} {
		folder := t.TempDir()
		segment := filepath.Join(folder, "decisions-000001.jsonl")
		write(t, segment, text)
		_, err := decisionlog.Pack(segment)
		if bad, ok := errors.AsType[*field.Error](err); !ok || bad.File != segment {
			t.Errorf("%s: %v", name, err)
		}
		now, err := os.ReadFile(segment)
		if names, _ := os.ReadDir(folder); err != nil || !bytes.Equal(now, text) || len(names) != 1 {
			t.Errorf("%s: the segment has changed, or something stands beside it: %v", name, names)
		}
	}
}

// wide are outcomes that name more products than a table has columns for.
func wide(t testing.TB) []byte {
	var all []any
	for i := range 300 {
		all = append(all, decisionlog.Outcome{ID: "a", Products: []string{fmt.Sprint("tea ", i)}, Units: []float64{1}, Prices: []float64{2}})
	}
	return journalled(t, all...)
}

// A table of other lines is not replaced: whoever put it there would lose them.
func TestATableOfOtherLinesStays(t *testing.T) {
	folder := t.TempDir()
	segment := filepath.Join(folder, "decisions-000001.jsonl")
	write(t, segment, service(t, 5))
	to, err := decisionlog.Pack(segment)
	if err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	other := service(t, 6)
	write(t, segment, other)
	_, err = decisionlog.Pack(segment)
	after, _ := os.ReadFile(to)
	lines, _ := os.ReadFile(segment)
	if bad, ok := errors.AsType[*field.Error](err); !ok || bad.File != to || !bytes.Equal(before, after) || !bytes.Equal(lines, other) {
		t.Errorf("replaced: %v", err)
	}
	write(t, segment, service(t, 5)) // as when the process ends between the table's name and the lines' end
	if _, err := decisionlog.Pack(segment); err != nil {
		t.Error(err)
	}
}

// A journal's segments become tables beside the writing, and whoever reads meanwhile finds every line that was safe when he began.
func TestAJournalThatPacksCanBeReadAtAnyTime(t *testing.T) {
	folder := t.TempDir()
	j, err := decisionlog.OpenJournal(folder, decisionlog.JournalOptions{Sync: decisionlog.SyncNever, Segment: 16 << 10, Pack: true, Failed: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	const n = 2000
	safe := make(chan int, n)
	var group sync.WaitGroup
	group.Go(func() {
		for i := range n {
			if err := j.Append(journalled(t, asked(fmt.Sprint(i), "", float64(i)))); err != nil {
				t.Error(err)
			}
			safe <- i + 1
		}
		close(safe)
	})
	for count := range safe {
		if count%100 != 0 {
			continue
		}
		log, _, err := decisionlog.Open(folder, decisionlog.Options{Pending: true})
		if err != nil || len(log.Decisions) < count {
			t.Fatalf("%d lines were safe: %v", count, err)
		}
	}
	group.Wait()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	names, _ := filepath.Glob(filepath.Join(folder, "*"))
	tables, _ := filepath.Glob(filepath.Join(folder, "*.parquet"))
	log, _, err := decisionlog.Open(folder, decisionlog.Options{Pending: true})
	if err != nil || len(log.Decisions) != n || len(tables) < 5 || len(tables) != len(names)-1 {
		t.Errorf("%d decisions in %d tables of %d files: %v", len(log.Decisions), len(tables), len(names), err)
	}
}

// What an earlier opening left as lines becomes tables at the next; a torn segment, an empty one and one that another journal writes to stay as they are.
func TestWhatWasLeftIsPackedAtTheNextStart(t *testing.T) {
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	whole := service(t, 40)
	write(t, in("decisions-000001.jsonl"), whole)
	write(t, in("decisions-000002.jsonl"), whole[:len(whole)-7])
	write(t, in("decisions-000003.jsonl"), nil)
	write(t, in("decisions-000004.jsonl"), journalled(t, asked("alone", "", 1e6)))
	other, err := decisionlog.OpenJournal(folder, decisionlog.JournalOptions{Sync: decisionlog.SyncNever})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if err := other.Append(journalled(t, asked("theirs", "", 2e6))); err != nil {
		t.Fatal(err)
	}
	var complaints []string
	j, err := decisionlog.OpenJournal(folder, decisionlog.JournalOptions{Sync: decisionlog.SyncNever, Pack: true, Failed: func(err error) { complaints = append(complaints, err.Error()) }})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append(journalled(t, asked("ours", "", 3e6))); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(in("decisions-000004.parquet")); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	var names []string
	entries, err := os.ReadDir(folder)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := []string{"decisions-000001.parquet", "decisions-000002.jsonl", "decisions-000003.jsonl", "decisions-000004.parquet", "decisions-000005.jsonl", "decisions-000006.jsonl"}
	if torn, _ := os.ReadFile(in("decisions-000002.jsonl")); err != nil || !slices.Equal(names, want) || !bytes.Equal(torn, whole[:len(whole)-7]) {
		t.Errorf("%v, %v", names, err)
	}
	if len(complaints) != 1 || !strings.Contains(complaints[0], "decisions-000002.jsonl:80: ") {
		t.Errorf("%q", complaints)
	}
}

// FuzzPack: a segment becomes a table that tells the same, or stays as it is.
func FuzzPack(f *testing.F) {
	f.Add(service(f, 12))
	f.Add([]byte(line + "\n" + `{"version":1,"outcome":"a","time":1,"reward":2,"units":{"tuna":1},"prices":{"tuna":2.5},"last":true}` + "\n")) // without sums, which few changes survive
	f.Fuzz(func(t *testing.T, text []byte) {
		folder := t.TempDir()
		segment := filepath.Join(folder, "decisions-000001.jsonl")
		write(t, segment, text)
		before, _, unread := decisionlog.Open(folder, decisionlog.Options{Pending: true})
		if _, err := decisionlog.Pack(segment); err != nil {
			if now, err := os.ReadFile(segment); err != nil || !bytes.Equal(now, text) {
				t.Fatal("changed")
			}
			return
		}
		after, _, err := decisionlog.Open(folder, decisionlog.Options{Pending: true})
		if unread != nil {
			return // of what is no log the table is none either, or is read more kindly: of keys that are not used
		}
		if err != nil || !reflect.DeepEqual(told(before), told(after)) {
			t.Fatalf("%v\n%v\n%v", err, told(before), told(after))
		}
	})
}

// A segment of 64 MiB has some 180,000 lines of visits.
func BenchmarkPack(b *testing.B) {
	for name, text := range map[string][]byte{"small": service(b, 20_000), "full": visits(b, 180_000)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			segment := filepath.Join(b.TempDir(), "decisions-000001.jsonl")
			for b.Loop() {
				b.StopTimer()
				write(b, segment, text)
				b.StartTimer()
				to, err := decisionlog.Pack(segment)
				if err = errors.Join(err, os.Remove(to)); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(text)))
			b.ReportMetric(float64(b.N*bytes.Count(text, []byte("\n")))/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
