package train

import (
	"context"
	"sync"
)

// inOrder does pieces of work 0 to n − 1, up to workers at once, and hands what comes of them to each in order, one after the other. The first error, of work or of
// each, ends it and cancels the rest; so does the context, whose cause is then the error.
func inOrder[T any](ctx context.Context, n, workers int, work func(ctx context.Context, i int) (T, error), each func(i int, result T) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	type job struct {
		i      int
		result T
		err    error
		done   chan struct{}
	}
	workers = max(1, min(workers, n))
	jobs, queue := make(chan *job), make(chan *job, 4*workers) // results wait for those before them, but not many
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for j := range jobs {
				j.result, j.err = work(ctx, j.i)
				close(j.done)
			}
		})
	}
	group.Go(func() {
		defer close(queue)
		defer close(jobs)
		for i := 0; i < n && ctx.Err() == nil; i++ {
			j := &job{i: i, done: make(chan struct{})}
			queue <- j
			jobs <- j
		}
	})
	var failed error
	told := 0
	for j := range queue {
		told++
		<-j.done
		if failed == nil && j.err == nil {
			j.err = each(j.i, j.result)
		}
		if failed == nil && j.err != nil {
			failed = j.err
			stop(failed)
		}
	}
	group.Wait()
	if failed == nil && told < n {
		failed = context.Cause(ctx)
	}
	return failed
}
