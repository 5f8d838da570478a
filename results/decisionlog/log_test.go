package decisionlog_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/souk-sim/souk/results/decisionlog"
	"github.com/souk-sim/souk/scenarios/field"
)

// some makes a log of units of up to five decisions.
func some(units int) (all []decisionlog.Record) {
	draw := rand.New(rand.NewPCG(1, 2))
	for u := range units {
		n := 1 + draw.IntN(5)
		for step := range n {
			all = append(all, decisionlog.Record{ID: fmt.Sprint(u, "-", step), Time: float64(step), Policy: "q \"learning\"", Revision: "ab", Unit: fmt.Sprint("ünit ", u), Step: int64(step), Last: step == n-1,
				Features: []string{"week", "price", "a\tb"}, Observation: []float64{float64(step), draw.NormFloat64(), math.NaN()}, Action: 1 + draw.IntN(2), Allowed: []bool{false, true, true},
				Propensity: draw.Float64(), Explore: math.NaN(), Reward: draw.NormFloat64() * 1e9, Discount: 0.95})
			r := &all[len(all)-1]
			r.Offer = decisionlog.Offer{Price: float64(r.Action) / 3, Promotion: []string{"", "10% off"}[r.Action-1]}
		}
	}
	return all
}

func text(t testing.TB, records []decisionlog.Record) []byte {
	t.Helper()
	var b bytes.Buffer
	w := decisionlog.NewWriter(&b)
	for i := range records {
		if err := w.Write(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What was written is read, whatever the order of the lines.
func TestALogIsReadAsItWasWritten(t *testing.T) {
	testRoundTrip(t, some(50), func(lines []decisionlog.Record) (*decisionlog.Log, error) {
		return decisionlog.Read(bytes.NewReader(text(t, lines)), "log")
	})
}

// A Parquet table is read as the lines are.
func TestAParquetLogIsReadAsItWasWritten(t *testing.T) {
	testRoundTrip(t, some(50), func(lines []decisionlog.Record) (*decisionlog.Log, error) {
		file := table(t, lines)
		if !bytes.Equal(file, table(t, lines)) {
			t.Error("two files of the same records differ")
		}
		return decisionlog.ReadParquet(bytes.NewReader(file), int64(len(file)), "log")
	})
}

func table(t testing.TB, records []decisionlog.Record) []byte {
	t.Helper()
	var b bytes.Buffer
	w := decisionlog.NewParquetWriter(&b, "abc")
	for i := range records {
		if err := w.Write(&records[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What is wrong with a row is told as what is wrong with a line.
func TestABadRowIsToldWithItsNumberAndKey(t *testing.T) {
	for key, change := range map[string]func(r *decisionlog.Record){
		"propensity": func(r *decisionlog.Record) { r.Propensity = 1.5 },
		"reward":     func(r *decisionlog.Record) { r.Reward = math.NaN() },
		"action":     func(r *decisionlog.Record) { r.Action = 0 },
		"step":       func(r *decisionlog.Record) { r.Step = -1 },
		"discount":   func(r *decisionlog.Record) { r.Discount = 2 },
	} {
		records := some(5)
		change(&records[3])
		file := table(t, records)
		_, err := decisionlog.ReadParquet(bytes.NewReader(file), int64(len(file)), "log")
		if bad, ok := errors.AsType[*field.Error](err); !ok || bad.File != "log" || bad.Line != 4 || bad.Key != key {
			t.Errorf("%s: %v", key, err)
		}
	}
	file := table(t, some(5))
	for _, n := range []int{0, 7, len(file) / 2, len(file) - 1} {
		if _, err := decisionlog.ReadParquet(bytes.NewReader(file), int64(n), "log"); err == nil {
			t.Errorf("reads %d bytes of %d", n, len(file))
		}
	}
	empty := table(t, nil)
	if _, err := decisionlog.ReadParquet(bytes.NewReader(empty), int64(len(empty)), "log"); err == nil {
		t.Error("reads a log without decisions")
	}
}

func testRoundTrip(t *testing.T, records []decisionlog.Record, read func([]decisionlog.Record) (*decisionlog.Log, error)) {
	t.Helper()
	shuffled := slices.Clone(records)
	rand.New(rand.NewPCG(3, 4)).Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	for _, lines := range [][]decisionlog.Record{records, shuffled} {
		log, err := read(lines)
		if err != nil {
			t.Fatal(err)
		}
		if len(log.Decisions) != len(records) {
			t.Fatalf("%d decisions of %d", len(log.Decisions), len(records))
		}
		of := map[string]*decisionlog.Record{}
		for i := range records {
			of[records[i].Unit+fmt.Sprint(records[i].Step)] = &records[i]
		}
		features := []int{log.Feature("week"), log.Feature("price"), log.Feature("a\tb"), log.Feature("none")}
		seen := make([]float64, 4)
		for i := range log.Decisions {
			d := &log.Decisions[i]
			r := of[log.Units[d.Unit]+fmt.Sprint(d.Step)]
			log.Observe(d, features, seen)
			if d.Propensity != r.Propensity || d.Reward != r.Reward || d.Discount != r.Discount || d.Time != r.Time || d.Last != r.Last || int(d.Action) != r.Action ||
				log.Offers[d.Action] != r.Offer || !slices.Equal(log.Masks[d.Mask], r.Allowed) || log.Policies[d.Policy] != (decisionlog.Author{Policy: r.Policy, Revision: r.Revision}) {
				t.Fatalf("read %+v, written %+v", d, r)
			}
			if seen[0] != r.Observation[0] || seen[1] != r.Observation[1] || !math.IsNaN(seen[2]) || !math.IsNaN(seen[3]) {
				t.Fatalf("observed %v, written %v", seen, r.Observation)
			}
		}
		if log.Seen[0] || !log.Seen[1] || !log.Seen[2] {
			t.Fatalf("offers seen: %v", log.Seen)
		}
	}
}

const line = `{"version":1,"unit":"a","step":0,"last":true,"observation":{"x":1},"action":0,"price":2,"propensity":0.5,"reward":3}`

// Keys that are not known, and those that need not be there, change nothing.
func TestAReaderIsStrictOnlyAboutWhatItUses(t *testing.T) {
	for _, text := range []string{line, line + "\n", " " + strings.Replace(line, `"action"`, `"new":{"a":[1,"x",null,true,{}]},"action"`, 1) + "\r\n\n",
		`{"reward":3,"propensity":5e-1,"price":2.0,"action":0,"observation":{"x":1,"y":null},"version":1,"promotion":null,"allowed":null}`} {
		log, err := decisionlog.Read(strings.NewReader(text), "log")
		if err != nil || len(log.Decisions) != 1 || log.Decisions[0].Propensity != 0.5 || !log.Decisions[0].Last {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestABadLineIsToldWithItsNumberAndKey(t *testing.T) {
	with := func(old, new string) string { return strings.Replace(line, old, new, 1) }
	for _, c := range []struct{ text, key string }{
		{with(`"version":1`, `"version":2`), "version"},
		{with(`"version":1,`, ``), "version"},
		{with(`,"propensity":0.5`, ``), "propensity"},
		{with(`0.5`, `null`), "propensity"},
		{with(`0.5`, `0`), "propensity"},
		{with(`0.5`, `1.5`), "propensity"},
		{with(`0.5`, `"0.5"`), "propensity"},
		{with(`0.5`, `0.5,"explore":1.5`), "explore"},
		{with(`0.5`, `0.5,"explore":-0.1`), "explore"},
		{with(`0.5`, `0.5,"explore":"0.1"`), "explore"},
		{with(`0.5`, `NaN`), "propensity"},
		{with(`"reward":3`, `"reward":null`), "reward"},
		{with(`"reward":3`, `"reward":1e999`), "reward"},
		{with(`"reward":3`, `"reward":03`), "reward"},
		{with(`"action":0`, `"action":-1`), "action"},
		{with(`"action":0`, `"action":0.5`), "action"},
		{with(`"action":0`, `"action":1000000000`), "action"},
		{with(`"action":0`, `"action":0,"allowed":[1,2]`), "action"},
		{with(`"action":0`, `"action":0,"allowed":[]`), "allowed"},
		{with(`"action":0`, `"action":0,"allowed":0`), "allowed"},
		{with(`"x":1`, `"x":"1"`), "observation.x"},
		{with(`"x":1`, `"x":1,"x":2`), "observation.x"},
		{with(`{"x":1}`, `[1]`), "observation"},
		{with(`"last":true`, `"last":1`), "last"},
		{with(`"step":0`, `"step":-1`), "step"},
		{with(`"step":0`, `"step":0,"step":0`), "step"},
		{with(`"reward":3`, `"reward":3,"discount":1.5`), "discount"},
		{line + "x", ""},
		{`[` + line + `]`, ""},
		{`"text"`, ""},
		{strings.Replace(line, `,"action"`, `,"deep":`+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+`,"action"`, 1), "deep"},
		{strings.ReplaceAll(with(`"price":2`, `"price":7`), `"a"`, `"b"`), "price"}, // action 0 was another offer in the first line
	} {
		text := strings.Replace(line, `"a"`, `"first"`, 1) + "\n" + c.text + "\n"
		_, err := decisionlog.Read(strings.NewReader(text), "log")
		bad, ok := errors.AsType[*field.Error](err)
		if !ok || bad.File != "log" || bad.Line != 2 && c.key != "" || bad.Key != c.key {
			t.Errorf("%s: %v", c.text, err)
		}
	}
	for key, text := range map[string]string{
		"step": line + "\n" + line,
		"last": line + "\n" + with(`"step":0`, `"step":1`),
		"time": with(`"last":true`, `"last":false,"time":5`) + "\n" + with(`"step":0`, `"step":1,"time":4`),
		"":     "\n\n",
	} {
		_, err := decisionlog.Read(strings.NewReader(text), "log")
		if bad, ok := errors.AsType[*field.Error](err); !ok || bad.Key != key {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A crash may cut the last line, and only that one.
func TestALastLineThatIsCutOffIsLeftOut(t *testing.T) {
	whole := text(t, some(2))
	lines := bytes.SplitAfter(whole, []byte("\n"))
	end := len(whole) - len(lines[len(lines)-2])
	for cut := end + 1; cut < len(whole)-2; cut++ {
		log, err := decisionlog.Read(bytes.NewReader(whole[:cut]), "log")
		if err != nil || len(log.Warnings) != 1 || len(log.Decisions) != len(some(2))-1 {
			t.Fatalf("cut at %d of %d: %v", cut, len(whole), err)
		}
	}
	inside := bytes.Replace(whole, []byte(`,"crc":`), nil, 1)
	if _, err := decisionlog.Read(bytes.NewReader(inside), "log"); err == nil {
		t.Error("a line that was cut in the middle of the log is accepted")
	}
}

// A changed byte of a line is found by its checksum, or as no JSON.
func TestADamagedLineIsRefused(t *testing.T) {
	records := some(2)
	whole := text(t, records[:1])
	rest := text(t, records[len(records)-1:]) // of another unit
	if _, err := decisionlog.Read(bytes.NewReader(slices.Concat(whole, rest)), "log"); err != nil {
		t.Fatal(err)
	}
	for at := range len(whole) - 1 {
		damaged := slices.Concat(whole, rest)
		damaged[at] ^= 1
		if _, err := decisionlog.Read(bytes.NewReader(damaged), "log"); err == nil {
			t.Errorf("byte %d (%q): accepted", at, whole[at])
		}
	}
}

// FuzzRead: whatever a file holds, it is read or refused with an error that names the file; what is read is sound.
func FuzzRead(f *testing.F) {
	f.Add(text(f, some(3)))
	f.Add([]byte(line))
	f.Add([]byte(line + "\n{\"version\":1,"))
	f.Add([]byte(`{"version":1,"id":"a","product":"tuna","customer":"c","observation":{"x":1},"action":0,"price":2,"propensity":0.5}` + "\n" +
		`{"version":1,"outcome":"a","time":1,"reward":2,"visitors":3,"units":{"tuna":1},"prices":{"tuna":2.5,"salmon":3},"last":true}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		log, err := decisionlog.Read(bytes.NewReader(text), "log")
		if err != nil {
			if bad, ok := errors.AsType[*field.Error](err); !ok || bad.File != "log" {
				t.Fatalf("error without its file: %v", err)
			}
			return
		}
		seen := make([]float64, len(log.Features))
		all := make([]int, len(log.Features))
		for k := range all {
			all[k] = k
		}
		for i := range log.Decisions {
			d := &log.Decisions[i]
			log.Observe(d, all, seen)
			if !(d.Propensity > 0 && d.Propensity <= 1) || math.IsNaN(d.Reward) && log.Joined.Outcomes == 0 || math.IsInf(d.Reward, 0) || !log.Masks[d.Mask][d.Action] || !log.Seen[d.Action] {
				t.Fatalf("unsound: %+v", d)
			}
		}
	})
}

func BenchmarkRead(b *testing.B) {
	records := some(20_000)
	for i := range records {
		r := &records[i]
		r.Policy, r.Unit, r.Features = "q-learning", strings.TrimPrefix(r.Unit, "ü"), []string{"week", "price", "stock"} // none of them escaped, as in a log of ours
	}
	whole := text(b, records)
	b.SetBytes(int64(len(whole)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decisionlog.Read(bytes.NewReader(whole), "log"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(len(records))/b.Elapsed().Seconds(), "decisions/s")
}

// visits are n lines as a service leaves them: a decision for each visit of a customer, and what came of every second.
func visits(b *testing.B, n int) (lines []byte) {
	draw := rand.New(rand.NewPCG(7, 8))
	r := decisionlog.Record{Policy: "tuna/champion", Revision: "73ef84f4ea44938d17ace230dfc6e1dad28a5831210ee8db937183301deecea6", Step: -1, Features: []string{"reference_price", "price:star-kist", "stock", "hour"},
		Observation: make([]float64, 4), Reward: math.NaN(), Discount: 1, Product: "chicken-of-the-sea"}
	for i := range n * 2 / 3 {
		var err error
		r.ID, r.Time, r.Action, r.Propensity = fmt.Sprintf("a8c0b1d2e3f4a5b6-%x", i), 1.7e9+float64(i)/250, draw.IntN(12), 0.954
		r.Unit = fmt.Sprintf("%024x", draw.IntN(n))
		r.Customer, r.Offer.Price = r.Unit, 0.79+float64(r.Action)/100
		r.Observation[0], r.Observation[1], r.Observation[2], r.Observation[3] = float64(draw.IntN(200))/100, 0.97, float64(draw.IntN(500)), float64(i%24)
		if lines, err = decisionlog.Append(lines, &r); err != nil {
			b.Fatal(err)
		}
		if i%2 == 1 {
			continue
		}
		o := decisionlog.Outcome{ID: r.ID, Time: r.Time + 60, Reward: float64(draw.IntN(90)) / 100, Visitors: math.NaN(), Products: []string{r.Product}, Units: []float64{float64(draw.IntN(2))}}
		if lines, err = decisionlog.AppendOutcome(lines, &o); err != nil {
			b.Fatal(err)
		}
	}
	return lines
}

// A folder of a million lines.
func BenchmarkOpen(b *testing.B) {
	const n = 1_000_000
	folder := b.TempDir()
	lines := visits(b, n)
	write(b, filepath.Join(folder, "decisions-000001.jsonl"), lines)
	count := bytes.Count(lines, []byte("\n"))
	b.SetBytes(int64(len(lines)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := decisionlog.Open(folder, decisionlog.Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(count)/b.Elapsed().Seconds(), "lines/s")
}

func FuzzReadParquet(f *testing.F) {
	f.Add(table(f, some(3)))
	f.Fuzz(func(t *testing.T, file []byte) {
		log, err := decisionlog.ReadParquet(bytes.NewReader(file), int64(len(file)), "log")
		if err != nil {
			if bad, ok := errors.AsType[*field.Error](err); !ok || bad.File != "log" {
				t.Fatalf("error without its file: %v", err)
			}
			return
		}
		for i := range log.Decisions {
			if d := &log.Decisions[i]; !(d.Propensity > 0 && d.Propensity <= 1) || math.IsNaN(d.Reward) && log.Joined.Outcomes == 0 || !log.Masks[d.Mask][d.Action] {
				t.Fatalf("unsound: %+v", d)
			}
		}
	})
}
