package market

import (
	"testing"
)

// The log keeps the order, loses nothing at the end of a batch, and costs no allocation in steady state.
func TestJournalHandsOverEveryRecordInOrder(t *testing.T) {
	const n = 3*journalBatch + 17
	var j journal
	next := int32(0)
	j.Record(func(records []Record) {
		for _, r := range records {
			if r.Number != next {
				t.Fatalf("record %d where %d was to come", r.Number, next)
			}
			next++
		}
	})
	for i := range int32(n) {
		j.add(Record{Kind: ShopperArrives, Number: i})
	}
	if j.Record(nil); next != n || j.on {
		t.Errorf("%d records of %d, on: %v", next, n, j.on)
	}
	j.Record(func([]Record) {})
	if allocs := testing.AllocsPerRun(10*journalBatch, func() { j.add(Record{}) }); allocs != 0 {
		t.Errorf("%g allocations a record", allocs)
	}
}

// Every kind has a name of its own.
func TestKindsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for k := range Kind(len(recordKinds)) {
		if name := k.String(); name == "" || seen[name] {
			t.Errorf("kind %d is called %q", k, name)
		}
		seen[k.String()] = true
	}
	if len(seen) != int(PeriodCloses)+1 {
		t.Errorf("%d names for %d kinds", len(seen), PeriodCloses+1)
	}
}

func BenchmarkJournal(b *testing.B) {
	b.ReportAllocs()
	var j journal
	j.Record(func([]Record) {})
	for i := range b.N {
		j.add(Record{Kind: ShopperViews, Number: int32(i), Price: 14900})
	}
}
