package workflow

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

func counted(n int, read *atomic.Int64, end error) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			read.Add(1)
			if !yield(i, nil) {
				return
			}
		}
		if end != nil {
			yield(0, end)
		}
	}
}

func TestResultsComeInTheOrderOfTheItemsOnAnyNumberOfWorkers(t *testing.T) {
	for _, workers := range []int{1, 2, 7} {
		var read atomic.Int64
		var got []int
		err := inOrder(t.Context(), workers, counted(300, &read, nil), func(i int) int {
			time.Sleep(time.Duration(rand.IntN(50)) * time.Microsecond)
			return i * i
		}, func(r int) error {
			if ahead := int(read.Load()) - len(got); ahead > 10*workers+2 {
				t.Fatalf("%d workers: %d items read ahead", workers, ahead)
			}
			got = append(got, r)
			return nil
		})
		if err != nil || len(got) != 300 || !slices.IsSorted(got) {
			t.Errorf("%d workers: %v, %d results", workers, err, len(got))
		}
	}
}

func TestTheFirstErrorEndsTheWork(t *testing.T) {
	var read atomic.Int64
	bad := errors.New("bad")
	same := func(i int) int { return i }
	if err := inOrder(t.Context(), 3, counted(10, &read, bad), same, func(int) error { return nil }); err != bad {
		t.Errorf("of the items: %v", err)
	}
	if err := inOrder(t.Context(), 3, counted(1000, &read, nil), same, func(int) error { return bad }); err != bad {
		t.Errorf("of emit: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	if err := inOrder(ctx, 3, counted(1000, &read, nil), same, func(int) error {
		if n++; n == 20 {
			cancel()
		}
		return nil
	}); !errors.Is(err, context.Canceled) || n > 21 {
		t.Errorf("cancelled after 20: %v after %d", err, n)
	}
}

func TestWorkThatDoesNotWatchTheContextIsLetGo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	forever := make(chan struct{})
	defer close(forever)
	_, err := interruptible(ctx, func() (int, error) {
		cancel()
		<-forever
		return 0, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestWhatWasCutShortIsNoResult(t *testing.T) {
	for range 50 { // either of two channels may be looked at first
		ctx, cancel := context.WithCancel(t.Context())
		var read atomic.Int64
		err := inOrder(ctx, 1, counted(10, &read, nil), func(i int) bool {
			if i == 3 {
				cancel()
			}
			return ctx.Err() == nil
		}, func(whole bool) error {
			if !whole {
				t.Fatal("what was cut short is handed on")
			}
			return nil
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
}
