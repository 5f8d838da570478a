package workflow

import (
	"context"
	"iter"
	"sync"
)

// inOrder works on items on several goroutines and hands the results to emit, on the caller's, in the order of the items, whoever was
// done first. It looks at most a few items a worker ahead, so that memory does not grow with their number. The first error of items or
// emit, or the context's, ends it; no goroutine outlives it.
func inOrder[T, R any](ctx context.Context, workers int, items iter.Seq2[T, error], work func(T) R, emit func(R) error) error {
	type job struct {
		item   T
		err    error // of the items, which end with it
		result chan R
	}
	const ahead = 8 // of each worker
	ctx, cancel := context.WithCancel(ctx)
	order, queue := make(chan job, ahead*workers), make(chan job)
	var wait sync.WaitGroup
	defer wait.Wait() // after cancel
	defer cancel()
	wait.Go(func() {
		defer close(order)
		defer close(queue)
		for item, err := range items {
			j := job{item, err, make(chan R, 1)}
			for _, to := range []chan job{order, queue} {
				select {
				case to <- j:
				case <-ctx.Done():
					return
				}
				if err != nil {
					return
				}
			}
		}
	})
	for range workers {
		wait.Go(func() {
			for j := range queue {
				j.result <- work(j.item)
			}
		})
	}
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case j, more := <-order:
			if !more {
				return ctx.Err()
			}
			if j.err != nil {
				return j.err
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case r := <-j.result:
				if err := ctx.Err(); err != nil { // what was cut short is no result
					return err
				}
				if err := emit(r); err != nil {
					return err
				}
			}
		}
	}
}
