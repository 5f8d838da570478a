package decisionlog

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func journal(t testing.TB, o JournalOptions) (*Journal, string) {
	t.Helper()
	folder := t.TempDir()
	j, err := OpenJournal(folder, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { j.Close() })
	return j, folder
}

// lines are all of a folder's segments, in order.
func lines(t testing.TB, folder string) (all []string) {
	t.Helper()
	names, _ := filepath.Glob(filepath.Join(folder, "decisions-*.jsonl"))
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, strings.SplitAfter(string(text), "\n")...)
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

func TestEveryLineOfManyWritersIsThereOnceAndWhole(t *testing.T) {
	for _, policy := range []Sync{SyncAlways, SyncInterval, SyncNever} {
		j, folder := journal(t, JournalOptions{Sync: policy, Interval: time.Millisecond, Segment: 4 << 10})
		const writers, each = 8, 200
		var group sync.WaitGroup
		for w := range writers {
			group.Go(func() {
				for i := range each {
					if err := j.Append(fmt.Appendf(nil, "writer %d line %d %s\n", w, i, strings.Repeat("x", i%60))); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if got := lines(t, folder); len(got) != writers*each { // before Close: Append has returned
			t.Errorf("%s: %d lines of %d", policy, len(got), writers*each)
		}
		j.Close()
		all := lines(t, folder)
		slices.Sort(all)
		if all = slices.Compact(all); len(all) != writers*each {
			t.Errorf("%s: %d different lines of %d", policy, len(all), writers*each)
		}
		if names, _ := filepath.Glob(filepath.Join(folder, "*")); len(names) < 5 {
			t.Errorf("%s: %d segments", policy, len(names))
		}
		if err := j.Append([]byte("late\n")); err == nil {
			t.Error("a line was taken after the end")
		}
	}
}

func TestASegmentThatACrashToreStaysAsItIs(t *testing.T) {
	folder := t.TempDir()
	torn := filepath.Join(folder, "decisions-000007.jsonl")
	if err := os.WriteFile(torn, []byte("whole\nhal"), 0o600); err != nil {
		t.Fatal(err)
	}
	j, err := OpenJournal(folder, JournalOptions{Sync: SyncAlways})
	if err != nil {
		t.Fatal(err)
	}
	if err := j.Append([]byte("next\n")); err != nil {
		t.Fatal(err)
	}
	j.Close()
	if text, _ := os.ReadFile(torn); string(text) != "whole\nhal" {
		t.Errorf("%q", text)
	}
	if text, err := os.ReadFile(filepath.Join(folder, "decisions-000008.jsonl")); string(text) != "next\n" {
		t.Errorf("%q, %v", text, err)
	}
}

// A folder that goes away, or a disk that fills, is told to whoever appends, and what was appended before stays whole.
func TestWhatCannotBeWrittenIsToldAndDoesNoHarm(t *testing.T) {
	j, folder := journal(t, JournalOptions{Sync: SyncAlways, Segment: 1})
	if err := j.Append([]byte("first\n")); err != nil {
		t.Fatal(err)
	}
	moved := folder + "-moved"
	if err := os.Rename(folder, moved); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for range 3 {
		if j.Append([]byte("lost\n")) != nil { // each finishes a segment, and the next cannot be begun
			failed++
		}
	}
	if failed == 0 {
		t.Error("nobody was told that the folder is gone")
	}
	if err := os.Rename(moved, folder); err != nil {
		t.Fatal(err)
	}
	if err := j.Append([]byte("back\n")); err != nil {
		t.Fatal(err)
	}
	if all := lines(t, folder); all[0] != "first\n" || all[len(all)-1] != "back\n" {
		t.Errorf("%q", all)
	}
}

func TestRotateFinishesASegmentThatHasLines(t *testing.T) {
	j, folder := journal(t, JournalOptions{Sync: SyncNever})
	for range 2 { // the second has nothing to finish
		if err := j.Rotate(); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Append([]byte("one\n")); err != nil {
		t.Fatal(err)
	}
	if err := j.Rotate(); err != nil {
		t.Fatal(err)
	}
	if err := j.Append([]byte("two\n")); err != nil {
		t.Fatal(err)
	}
	if names, _ := filepath.Glob(filepath.Join(folder, "*")); len(names) != 2 {
		t.Errorf("segments %v", names)
	}
}

func BenchmarkJournalAppend(b *testing.B) {
	line := append(bytes.Repeat([]byte("x"), 300), '\n')
	for name, o := range map[string]JournalOptions{"interval": {Sync: SyncInterval}, "interval, within 5s": {Sync: SyncInterval, Limit: 5 * time.Second}, "always": {Sync: SyncAlways}} {
		b.Run(name, func(b *testing.B) {
			j, _ := journal(b, o)
			b.ReportAllocs()
			b.SetParallelism(32)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := j.Append(line); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}

// A folder may be called as a pattern is: what stands in it is numbered on from all the same, and what became a table is not begun again.
func TestSegmentsAreNumberedOnWhateverTheFolderIsCalled(t *testing.T) {
	for _, name := range []string{"logs[prod]", "a*b", "[", "plain"} {
		folder := filepath.Join(t.TempDir(), name)
		if err := os.Mkdir(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		for k := range 2 {
			j, err := OpenJournal(folder, JournalOptions{Sync: SyncNever, Pack: true, Failed: func(err error) { t.Error(err) }})
			if err != nil {
				t.Fatal(err)
			}
			for i := range 3 {
				r := Record{ID: fmt.Sprint(k, "-", i), Time: float64(3*k + i), Unit: "tea", Step: -1, Features: []string{"x"}, Observation: []float64{1}, Offer: Offer{Price: 2}, Propensity: 0.5, Reward: math.NaN(), Discount: 1}
				line, err := Append(nil, &r)
				if err = errors.Join(err, j.Append(line)); err != nil {
					t.Fatal(err)
				}
			}
			if err := errors.Join(j.Rotate(), j.Close()); err != nil {
				t.Fatal(err)
			}
		}
		l, _, err := Open(folder, Options{Pending: true})
		if err != nil || len(l.Decisions) != 6 {
			t.Errorf("%s: %d decisions of 6, %v", name, len(l.Decisions), err)
		}
	}
}
